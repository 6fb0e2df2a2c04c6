// SPDX-License-Identifier: GPL-3.0-or-later
#include "lint_faults.h"

#include <inttypes.h>

#include "decimal.h"
#include "targets.h"
#include "timeline.h"

#define MS_PLACES 6

// Firings of an entry, until the run ends at the latest.
struct firings {
    uint32_t count;
    uint64_t last_ns;
};

static struct firings firings_of(const struct sim_scenario *scenario, uint32_t entry)
{
    struct sim_timeline timeline;
    struct sim_firing firing;
    struct firings firings = {0};
    sim_timeline_init(&timeline, scenario->faults, scenario->fault_count, scenario->fault_seed);
    while (sim_timeline_next(&timeline, sim_scenario_end_ns(scenario), &firing)) {
        if (firing.entry == entry) {
            firings.count++;
            firings.last_ns = firing.time_ns;
        }
    }
    sim_timeline_finish(&timeline);
    return firings;
}

// "hits 10 of 100 nodes", or the sizes of a partition's sides.
static void print_hits(struct sim_targets *targets, const struct sim_fault *fault, FILE *output)
{
    uint32_t nodes = targets->world->places.nodes;
    if (fault->group_count > 0) {
        for (uint32_t i = 0; i < fault->group_count; i++) {
            fprintf(output, "%s%" PRIu32, i == 0 ? "sides of " : " | ",
                    sim_targets_count(targets, &fault->groups[i]));
        }
        fprintf(output, " of %" PRIu32 " nodes", nodes);
    } else if (fault->verb == SIM_FAULT_CHURN) {
        fprintf(output, "one at a time, of %" PRIu32 " nodes",
                sim_targets_count(targets, &fault->of));
    } else if (fault->by_place && !fault->of.named) {
        fprintf(output, "hits all %" PRIu32 " nodes", nodes);
    } else {
        fprintf(output, "hits %" PRIu32 " of %" PRIu32 " nodes",
                sim_targets_count(targets, &fault->of), nodes);
    }
}

static void print_entry(const struct sim_scenario *scenario, struct sim_targets *targets,
                        uint32_t entry, FILE *output)
{
    const struct sim_origin *origin = &scenario->fault_origins[entry];
    struct firings firings = firings_of(scenario, entry);
    char last[SIM_DECIMAL_TEXT_BYTES];
    sim_decimal_format((int64_t)firings.last_ns, MS_PLACES, last);
    fprintf(output, "  %2" PRIu32 "  %s:%" PRIu32 "  %s\n        ", entry + 1, origin->file,
            origin->line, scenario->faults[entry].text);
    if (firings.count == 0) {
        fprintf(output, "never fires before the run ends\n");
        return;
    }
    if (firings.count == 1) {
        fprintf(output, "fires once; ");
    } else {
        fprintf(output, "fires %" PRIu32 " times, the last at %s ms; ", firings.count, last);
    }
    print_hits(targets, &scenario->faults[entry], output);
    fprintf(output, "\n        in flight: %s\n", sim_fault_in_flight(scenario->faults[entry].verb));
}

void sim_lint_faults(const struct sim_scenario *scenario, FILE *output)
{
    struct sim_world world;
    struct sim_targets targets;
    if (scenario->fault_count == 0) {
        return;
    }
    sim_world_init(&world, scenario, scenario->seed);
    sim_targets_init(&targets, scenario, &world);
    fprintf(output, "\nfaults, drawn by fault_seed %" PRIu64 "\n", scenario->fault_seed);
    for (uint32_t i = 0; i < scenario->fault_count; i++) {
        print_entry(scenario, &targets, i, output);
    }
    sim_targets_finish(&targets);
    sim_world_finish(&world);
}
