// SPDX-License-Identifier: GPL-3.0-or-later
#include "finding.h"

#include "allocate.h"

// The same for every claim; a cell of which no claim speaks has it, too.
static double tick_share(const struct sim_result *results, uint32_t count)
{
    double ticks = 0;
    double network = 0;
    for (uint32_t r = 0; r < count; r++) {
        for (uint32_t i = 0; !results[r].interrupted && i < results[r].update_count; i++) {
            const struct sim_update_result *update = &results[r].updates[i];
            if (sim_update_counts(update) && update->path.node != MESH_NODE_NONE) {
                ticks += (double)sim_path_tick_ns(&update->path);
                network += (double)update->path.network_ns;
            }
        }
    }
    return ticks / (ticks + network);
}

void sim_finding_init(struct sim_finding *finding, const struct sim_batch_cell *cell,
                      const struct sim_claims *claims, const struct sim_result *results,
                      uint32_t count)
{
    const struct sim_scenario *scenario = cell->scenario;
    *finding = (struct sim_finding){.cell = cell, .tick_share = tick_share(results, count)};
    sim_summary_init(&finding->summary, scenario, results, count);
    finding->interrupted = finding->summary.run_count < scenario->repeat;
    finding->verdicts = sim_memory_zeroed(claims->count * sizeof *finding->verdicts);
    finding->verdict_count =
        sim_claims_judge(claims, scenario, results, count, &finding->summary, finding->verdicts);
    for (uint32_t i = 0; i < finding->verdict_count; i++) {
        if (finding->verdicts[i].claim->primary) {
            finding->primary = &finding->verdicts[i];
        }
    }
    finding->expectations =
        sim_memory_zeroed(scenario->expectation_count * sizeof *finding->expectations);
    sim_expectations_judge(scenario, &finding->summary, finding->expectations);
}

void sim_finding_release(struct sim_finding *finding)
{
    sim_summary_finish(&finding->summary);
}

void sim_finding_finish(struct sim_finding *finding)
{
    sim_summary_finish(&finding->summary);
    sim_memory_free(finding->verdicts);
    sim_memory_free(finding->expectations);
}

uint32_t sim_finding_failures(const struct sim_finding *finding)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < finding->cell->scenario->expectation_count; i++) {
        count += finding->expectations[i].outcome != SIM_OUTCOME_PASS;
    }
    return count;
}
