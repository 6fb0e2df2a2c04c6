// SPDX-License-Identifier: GPL-3.0-or-later
// One entry of the list of faults as it is read (private to this folder).
//
//     faults.c         the verb, what it may be told, when, whom --+
//     fault_links.c    what a link becomes ------------------------+--> struct sim_fault
//     fault_targets.c  selections ---------------------------------+
//     fault_words.c    the same in words

#ifndef SIM_FAULT_READING_H
#define SIM_FAULT_READING_H

#include "loading.h"

struct sim_fault_reading {
    struct sim_arena *arena;
    struct sim_scenario *scenario;
    struct sim_fault_world world;
    const struct sim_node *node;  // of the fault
    char shown[32];               // "faults[2]"
    struct sim_error *error;
};

// The value under a key of the fault; false: an error. Nothing there: `given` is false.
bool sim_fault_value(const struct sim_fault_reading *reading, const char *name,
                     struct sim_value *value, bool *given);

// What a link becomes, and which classes of links: of verb link. Notes in the scenario's network
// what it must know of it from the start.
bool sim_fault_read_link(const struct sim_fault_reading *reading, struct sim_fault *fault);

// ": loss 5 %, latency 20-60 ms".
const char *sim_fault_link_text(struct sim_arena *arena, const struct sim_fault *fault);

const char *sim_fault_text(struct sim_arena *arena, const struct sim_scenario *scenario,
                           const struct sim_fault *fault);

#endif
