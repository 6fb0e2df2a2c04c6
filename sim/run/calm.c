// SPDX-License-Identifier: GPL-3.0-or-later
#include "calm.h"

#include <string.h>

#include "allocate.h"
#include "lying.h"
#include "summary.h"

bool sim_calm_wanted(const struct sim_scenario *scenario)
{
    return sim_metric_applies(SIM_EXTRA_CONVERGENCE_MS, scenario) || sim_shift_wanted(scenario);
}

static bool precedes(const struct sim_update_result *a, const struct sim_update_result *b)
{
    return a->written_ns < b->written_ns ||
           (a->written_ns == b->written_ns && a->dot.origin < b->dot.origin);
}

// Both are in the order of writes; of several by one node at one instant each has its turn.
static void match(struct sim_result *result, const struct sim_result *calm)
{
    uint32_t other = 0;
    for (uint32_t i = 0; i < result->update_count; i++) {
        struct sim_update_result *update = &result->updates[i];
        while (other < calm->update_count && precedes(&calm->updates[other], update)) {
            other++;
        }
        if (other < calm->update_count && !precedes(update, &calm->updates[other])) {
            update->calm_theta_ns = calm->updates[other++].theta_ns;
        }
    }
}

// Who lies still does not count among the honest, but tells no lie any more.
static struct sim_liar *reformed(const struct sim_scenario *scenario)
{
    struct sim_liar *liars = sim_memory_zeroed(scenario->liar_count * sizeof *liars);
    for (uint32_t i = 0; i < scenario->liar_count; i++) {
        liars[i] = scenario->liars[i];
        liars[i].at_ns = SIM_FAULT_NEVER;
    }
    return liars;
}

bool sim_calm_run(const struct sim_scenario *scenario, uint32_t repetition,
                  const struct sim_run_options *options, struct sim_result *result,
                  struct sim_error *error)
{
    struct sim_scenario calm = *scenario;
    struct sim_result twin;
    const struct sim_run_options quietly = {
        .queue = options->queue,
        .threads = options->threads,
        .block_nodes = options->block_nodes,
        .lanes_start = options->lanes_start,
        .executes_all = options->executes_all,
        .deals = options->deals,
        .story = options->story,
        .interrupted = options->interrupted,
    };
    calm.fault_count = 0;
    calm.expectation_count = 0;  // nothing is compared with it in turn
    struct sim_liar *liars = reformed(scenario);
    calm.liars = liars;
    bool ran = sim_run(&calm, repetition, &quietly, &twin, error);
    result->interrupted |= twin.interrupted;
    match(result, &twin);
    sim_result_finish(&twin);
    sim_memory_free(liars);
    return ran;
}
