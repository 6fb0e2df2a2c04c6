// SPDX-License-Identifier: GPL-3.0-or-later
// Regions with bridges and hierarchies against the judge: separate code, separate randomness.
//
//                                push-pull           eager
//     3 regions, 9 bridges        .       .           .    10 % loss
//     2 regions, 8 bridges       no loss  .           .       .
//     12 edges, 4 aggregators     .    10 % loss      .       .
//     6 edges, 2 aggregators      .       .          no loss  .
//
// `tiers-agreement` covers these cells, so that both modes and both losses meet both shapes;
// `tiers-agreement-full` (MESHSIM_AGREEMENT=full) all 16 and those of push, with six times the
// runs. Intervals, latencies, zones and hosts are chosen so that every rule matters: each kind of
// pair has a latency of its own. As in test_agreement.c, 16 updates are under way together.

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "direct.h"
#include "naive.h"

#define UPDATES 16

struct mesh {
    const char *name;
    struct naive_config config;
};

enum { LEADERS_3_X_40, LEADERS_2_X_150, EDGES_12, EDGES_6 };

static const struct mesh meshes[] = {
    [LEADERS_3_X_40] =
        {"3 regions of 40",
         {.shape = NAIVE_LEADERS,
          .agents = 120,
          .fanout = 3,
          .theta_percent = 95,
          .interval_ms = 100,
          .places = {.regions = 3, .zones = 2, .agents_per_host = 9},
          .leaders = {.candidates = 5, .bridges = 3, .fanout = 1, .interval_ms = 500},
          .every_ms = 73,
          .duration_ms = 2400}},
    [LEADERS_2_X_150] =
        {"2 regions of 150",
         {.shape = NAIVE_LEADERS,
          .agents = 300,
          .fanout = 4,
          .theta_percent = 95,
          .interval_ms = 150,
          .places = {.regions = 2, .zones = 1, .agents_per_host = 60},
          .leaders = {.candidates = 7, .bridges = 4, .fanout = 2, .interval_ms = 250},
          .every_ms = 43,
          .duration_ms = 1500}},
    [EDGES_12] = {"12 edges of 20",
                  {.shape = NAIVE_HIERARCHY,
                   .agents = 240,
                   .fanout = 3,
                   .theta_percent = 95,
                   .interval_ms = 100,
                   .places = {.regions = 2, .zones = 1, .agents_per_host = 8},
                   .hierarchy = {.aggregators = 2,
                                 .edges = 3,
                                 .relays = 2,
                                 .coordinators = 3,
                                 .addressed = 2,
                                 .aggregator_ms = 300,
                                 .global_ms = 700},
                   .every_ms = 67,
                   .duration_ms = 2800}},
    [EDGES_6] = {"6 edges of 20 and 21",
                 {.shape = NAIVE_HIERARCHY,
                  .agents = 121,
                  .fanout = 4,
                  .theta_percent = 90,
                  .interval_ms = 120,
                  .places = {.regions = 2, .zones = 1, .agents_per_host = 16},
                  .hierarchy = {.aggregators = 1,
                                .edges = 3,
                                .relays = 1,
                                .coordinators = 5,
                                .addressed = 1,
                                .aggregator_ms = 200,
                                .global_ms = 250},
                  .every_ms = 67,
                  .duration_ms = 3000}},
};

// Runs that bring the standard error of the difference of medians to about 1 % of them, and the
// cell that they are of.
static const struct {
    int runs;
    enum naive_mode mode;
    double loss;
} samples[] = {
    [LEADERS_3_X_40] = {300, NAIVE_EAGER, 0.1},
    [LEADERS_2_X_150] = {100, NAIVE_PUSH_PULL, 0},
    [EDGES_12] = {120, NAIVE_PUSH_PULL, 0.1},
    [EDGES_6] = {240, NAIVE_EAGER, 0},
};

static struct naive_config config_of(int mesh, enum naive_mode mode, double loss)
{
    struct naive_config config = meshes[mesh].config;
    config.seed = 1000000;
    config.mode = mode;
    config.loss = loss;
    config.updates = UPDATES;
    config.first_write_ms = 50;
    config.latency[NAIVE_SAME_HOST] = (struct naive_latency){0.5, 2};
    config.latency[NAIVE_SAME_ZONE] = (struct naive_latency){1, 5};
    config.latency[NAIVE_SAME_REGION] = (struct naive_latency){2, 10};
    config.latency[NAIVE_INTER_REGION] = (struct naive_latency){50, 100};
    config.latency[NAIVE_EDGE_AGGREGATOR] = (struct naive_latency){10, 100};
    config.latency[NAIVE_AGGREGATOR_COORDINATOR] = (struct naive_latency){50, 100};
    return config;
}

static struct naive_result *allocate_runs(int run_count)
{
    struct naive_result *runs = calloc((size_t)run_count, sizeof *runs);
    cr_assert(runs);
    return runs;
}

static void expect_agreement(int mesh, enum naive_mode mode, double loss, int run_count,
                             double error_percent_max)
{
    char title[100];
    snprintf(title, sizeof title, "%s, %s, %g %% loss", meshes[mesh].name, naive_mode_name(mode),
             100 * loss);
    struct naive_config config = config_of(mesh, mode, loss);
    struct naive_result *engine = allocate_runs(run_count);
    direct_run(&config, run_count, engine);
    struct naive_result *judge = allocate_runs(run_count);
    for (int run = 0; run < run_count; run++) {
        naive_run(&config, &judge[run]);
        config.seed++;
    }
    int disagreements = compare_runs(title, (struct compare_side){"naive", judge},
                                     (struct compare_side){"meshsim", engine}, run_count, UPDATES,
                                     (struct compare_limits){3, error_percent_max});
    cr_expect_eq(disagreements, 0, "%s: %d rows of the table above disagree", title, disagreements);
    free(judge);
    free(engine);
}

static void expect_agreement_on(int mesh)
{
    const char *extent = getenv("MESHSIM_AGREEMENT");
    if (extent && strcmp(extent, "full") == 0) {
        for (int mode = NAIVE_PUSH; mode <= NAIVE_EAGER; mode++) {
            expect_agreement(mesh, (enum naive_mode)mode, 0, 6 * samples[mesh].runs, 0.6);
            expect_agreement(mesh, (enum naive_mode)mode, 0.1, 6 * samples[mesh].runs, 0.6);
        }
    } else {
        expect_agreement(mesh, samples[mesh].mode, samples[mesh].loss, samples[mesh].runs, 1.2);
    }
}

Test(tiers_agreement, three_regions_with_bridges)
{
    expect_agreement_on(LEADERS_3_X_40);
}

Test(tiers_agreement, two_regions_with_bridges)
{
    expect_agreement_on(LEADERS_2_X_150);
}

Test(tiers_agreement, twelve_edges_below_four_aggregators)
{
    expect_agreement_on(EDGES_12);
}

Test(tiers_agreement, six_edges_below_two_aggregators)
{
    expect_agreement_on(EDGES_6);
}
