// SPDX-License-Identifier: GPL-3.0-or-later
// The program against the judge: same scenarios, separate code, separate randomness.
//
//                 push        push-pull       eager
//     100 agents  no loss     5 % loss        2 % twice      what `agreement` covers: every mode,
//     300 agents  5 % loss    2 % twice       no loss        mesh and fault meets every other once
//    1000 agents  2 % twice   no loss         5 % loss       (a Latin square)
//
// `agreement-full` (MESHSIM_AGREEMENT=full): all 27 cells, four times the runs. In every cell 16
// updates are under way together, so that digests differ in many ways at once, and the run lasts
// 700 ms, so that messages are counted over the same time on both sides.

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "naive.h"
#include "program.h"

#define UPDATES 16

struct mesh {
    const char *name;
    const char *topology;
    int agents;
    int fanout;
    int theta_percent;
    int zones;
    double latency_min_ms;
    double latency_max_ms;
};

enum { MESH_FLAT, MESH_REGION_300, MESH_REGION_1000 };

// What the customer's files say, read by eye.
static const struct mesh meshes[] = {
    [MESH_FLAT] = {"flat mesh, 100 agents", "flat-mesh.yaml", 100, 5, 95, 1, 0.1, 1},
    [MESH_REGION_300] = {"single region, 300 agents", "single-region.yaml", 300, 10, 99, 3, 1, 10},
    [MESH_REGION_1000] = {"single region, 1000 agents", "single-region.yaml", 1000, 10, 99, 3, 1,
                          10},
};

static const struct {
    const char *name;
    double loss;
    double duplication;
} faults[] = {{"no loss", 0, 0}, {"5 % loss", 0.05, 0}, {"2 % twice", 0, 0.02}};

// Runs that bring the standard error of the difference of medians to about 0.4 % of them.
static const int sampled_runs[][3] = {
    [NAIVE_PUSH] = {800, 480, 360},
    [NAIVE_PUSH_PULL] = {600, 320, 240},
    [NAIVE_EAGER] = {200, 80, 60},
};

static struct naive_config config_of(enum naive_mode mode, int mesh, int fault)
{
    struct naive_config config = {
        .seed = 1000000,
        .mode = mode,
        .agents = meshes[mesh].agents,
        .fanout = meshes[mesh].fanout,
        .updates = UPDATES,
        .theta_percent = meshes[mesh].theta_percent,
        .interval_ms = 100,
        .places = {.zones = meshes[mesh].zones, .agents_per_host = 250},
        .loss = faults[fault].loss,
        .duplication = faults[fault].duplication,
        .first_write_ms = 50,
        .every_ms = 23,
        .duration_ms = 700,
    };
    naive_set_latency(&config, meshes[mesh].latency_min_ms, meshes[mesh].latency_max_ms);
    return config;
}

static struct naive_result *allocate_runs(int run_count)
{
    struct naive_result *runs = calloc((size_t)run_count, sizeof *runs);
    cr_assert(runs);
    return runs;
}

static struct naive_result *naive_runs(struct naive_config config, int run_count)
{
    struct naive_result *runs = allocate_runs(run_count);
    for (int run = 0; run < run_count; run++) {
        naive_run(&config, &runs[run]);
        config.seed++;
    }
    return runs;
}

// The printed figures are those of the stored rows that the comparison rests on.
static void expect_printed(const struct program_figures *figures, const struct naive_result *runs,
                           int run_count, int agents)
{
    double messages = 0;
    double updates_sent = 0;
    for (int run = 0; run < run_count; run++) {
        for (int kind = 0; kind < NAIVE_KIND_COUNT; kind++) {
            messages += (double)runs[run].messages[kind] / run_count;
            updates_sent += (double)runs[run].updates_sent[kind] / run_count;
        }
    }
    const struct {
        const char *name;
        double printed;
        double stored;
    } figure[] = {
        {"p50", figures->p50_ms, compare_quantile_ms(runs, run_count, UPDATES, 50)},
        {"p95", figures->p95_ms, compare_quantile_ms(runs, run_count, UPDATES, 95)},
        {"messages", figures->messages_mean, messages},
        {"updates sent", figures->updates_sent_per_node_mean, updates_sent / UPDATES / agents},
    };
    for (int i = 0; i < 4; i++) {
        cr_expect_float_eq(figure[i].printed, figure[i].stored, 0.001 * figure[i].stored,
                           "%s: %f printed, %f by the rows of the store", figure[i].name,
                           figure[i].printed, figure[i].stored);
    }
}

static void expect_agreement(enum naive_mode mode, int mesh, int fault, int run_count,
                             double error_percent_max)
{
    char title[100];
    snprintf(title, sizeof title, "%s, %s, %s", naive_mode_name(mode), meshes[mesh].name,
             faults[fault].name);
    struct naive_config config = config_of(mode, mesh, fault);
    struct naive_result *judge = naive_runs(config, run_count);
    struct naive_result *engine = allocate_runs(run_count);
    struct program_figures figures;
    program_run(meshes[mesh].topology, &config, run_count, engine, &figures);

    int disagreements = compare_runs(title, (struct compare_side){"naive", judge},
                                     (struct compare_side){"meshsim", engine}, run_count, UPDATES,
                                     (struct compare_limits){2, error_percent_max});
    cr_expect_eq(disagreements, 0, "%s: %d rows of the table above disagree", title, disagreements);
    expect_printed(&figures, engine, run_count, config.agents);
    free(judge);
    free(engine);
}

static void expect_agreement_on(enum naive_mode mode, int mesh)
{
    const char *extent = getenv("MESHSIM_AGREEMENT");
    if (extent && strcmp(extent, "full") == 0) {
        for (int fault = 0; fault < 3; fault++) {
            expect_agreement(mode, mesh, fault, 4 * sampled_runs[mode][mesh], 0.4);
        }
    } else {
        expect_agreement(mode, mesh, ((int)mode + mesh) % 3, sampled_runs[mode][mesh], 0.6);
    }
}

Test(agreement, push_on_the_flat_mesh)
{
    expect_agreement_on(NAIVE_PUSH, MESH_FLAT);
}

Test(agreement, push_on_300_agents_of_a_region)
{
    expect_agreement_on(NAIVE_PUSH, MESH_REGION_300);
}

Test(agreement, push_on_1000_agents_of_a_region)
{
    expect_agreement_on(NAIVE_PUSH, MESH_REGION_1000);
}

Test(agreement, push_pull_on_the_flat_mesh)
{
    expect_agreement_on(NAIVE_PUSH_PULL, MESH_FLAT);
}

Test(agreement, push_pull_on_300_agents_of_a_region)
{
    expect_agreement_on(NAIVE_PUSH_PULL, MESH_REGION_300);
}

Test(agreement, push_pull_on_1000_agents_of_a_region)
{
    expect_agreement_on(NAIVE_PUSH_PULL, MESH_REGION_1000);
}

Test(agreement, eager_on_the_flat_mesh)
{
    expect_agreement_on(NAIVE_EAGER, MESH_FLAT);
}

Test(agreement, eager_on_300_agents_of_a_region)
{
    expect_agreement_on(NAIVE_EAGER, MESH_REGION_300);
}

Test(agreement, eager_on_1000_agents_of_a_region)
{
    expect_agreement_on(NAIVE_EAGER, MESH_REGION_1000);
}
