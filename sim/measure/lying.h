// SPDX-License-Identifier: GPL-3.0-or-later
// What liars did in the repetitions of a scenario, who was caught, and what was believed of it.
//
//     a liar lies          detection_ms           somebody honest ignores it
//        |------------------------------------------------|
//     an honest agent believes the lie     deceit_ms      none does any more
//             |---------------------------------------------------|
//
// A behaviour that never came to lie is said to have been no test of anything.

#ifndef SIM_MEASURE_LYING_H
#define SIM_MEASURE_LYING_H

#include "results.h"
#include "scenario.h"

// An entry of the liars, over the repetitions that ran to their end.
struct sim_liar_pool {
    const char *text;
    const char *unseen;  // sim_liar_unseen
    uint64_t lies;
    uint64_t nodes;
    uint64_t lying;
    uint64_t first_ns;  // SIM_TIME_NEVER
};

struct sim_liar_figures {
    struct sim_liar_pool *entries;  // [entry_count]; 0: nobody lies in this scenario
    uint32_t entry_count;
    uint32_t run_count;
    uint64_t rejects[2][MESH_REJECT_COUNT];  // as in struct sim_result
    uint64_t honest;
    uint64_t deceived;
    uint64_t deceits;
    uint64_t lasting;  // of these, those that did not end
    uint64_t liars;    // that lied
    uint64_t caught;
    uint64_t wrongly_ignored;
    uint32_t invalid;  // repetitions in which somebody honest held what nobody wrote
};

void sim_liar_figures_init(struct sim_liar_figures *figures, const struct sim_scenario *scenario,
                           const struct sim_result *results, uint32_t count);
void sim_liar_figures_finish(struct sim_liar_figures *figures);

const char *sim_reject_name(enum mesh_reject reason);  // "signature", ...

// Why the guard of this scenario cannot tell such a liar from somebody honest; NULL: it can.
const char *sim_liar_unseen(const struct sim_scenario *scenario, const struct sim_liar *liar);

// Whether an expectation asks for the same run without lies (run/calm.h).
bool sim_shift_wanted(const struct sim_scenario *scenario);

// Metrics (summary.h).
bool sim_detection_at(const struct sim_result *result, uint32_t index, uint64_t *sample);
uint32_t sim_detection_count(const struct sim_result *result);
bool sim_deceit_at(const struct sim_result *result, uint32_t index, uint64_t *sample);
uint32_t sim_deceit_count(const struct sim_result *result);
bool sim_deceived_of(const struct sim_scenario *scenario, const struct sim_result *result,
                     uint64_t *sample);
bool sim_lies_of(const struct sim_scenario *scenario, const struct sim_result *result,
                 uint64_t *sample);
bool sim_rejected_of(const struct sim_scenario *scenario, const struct sim_result *result,
                     uint64_t *sample);
bool sim_wrongly_ignored_of(const struct sim_scenario *scenario, const struct sim_result *result,
                            uint64_t *sample);
bool sim_shift_of(const struct sim_scenario *scenario, const struct sim_result *result,
                  uint64_t *sample);
bool sim_undetected_of(const struct sim_scenario *scenario, const struct sim_result *result,
                       uint64_t *sample);

#endif
