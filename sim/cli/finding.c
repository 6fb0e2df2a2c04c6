// SPDX-License-Identifier: GPL-3.0-or-later
#include "finding.h"

#include "allocate.h"

void sim_finding_init(struct sim_finding *finding, const struct sim_batch_cell *cell,
                      const struct sim_claims *claims, const struct sim_result *results,
                      uint32_t count)
{
    const struct sim_scenario *scenario = cell->scenario;
    *finding = (struct sim_finding){.cell = cell, .shares = sim_shares_of(results, count)};
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
    sim_summary_release(&finding->summary);
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
    for (uint32_t i = 0; i < finding->cell->scenario->expectation_count && !finding->interrupted;
         i++) {
        count += finding->expectations[i].outcome != SIM_OUTCOME_PASS;
    }
    return count;
}
