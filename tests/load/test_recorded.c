// SPDX-License-Identifier: GPL-3.0-or-later
// A scenario loaded from what was recorded with a run: nothing is read from the disk, nothing is
// worked out anew, and what is not there is said.
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "workshop.h"

TestSuite(recorded, .init = workshop_open, .fini = workshop_close);

#define LATENCY "network: {latency: {same_host_ms: {distribution: empirical, file: rtt.csv}}}\n"
#define CSV "rtt_ms\n1\n2\n4\n"

static struct outcome load_recorded(const char *path, const struct sim_recorded *recorded)
{
    const struct sim_overrides overrides = {.recorded = recorded};
    struct outcome outcome = {0};
    outcome.fine =
        sim_load_scenario(path, &overrides, &outcome.scenarios, &outcome.count, &outcome.error);
    return outcome;
}

Test(recorded, texts_are_kept_as_they_were_read)
{
    write_text("mesh.yaml", MESH);
    write_text("mine.yaml", "topology: mesh.yaml\nseed: 7\n");
    struct outcome outcome = load("mine.yaml");
    cr_assert(outcome.fine);
    write_text("mesh.yaml", "changed since");
    cr_expect_str_eq(outcome.scenarios[0].text, "topology: mesh.yaml\nseed: 7\n");
    cr_expect_str_eq(outcome.scenarios[0].topology_text, MESH);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
    outcome = must_load(MESH);
    cr_expect_str_eq(outcome.scenarios[0].text, MESH);
    cr_expect_str_eq(outcome.scenarios[0].topology_text, MESH);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(recorded, the_recorded_texts_count_and_not_those_on_the_disk)
{
    const struct sim_data_file files[] = {{"gone/mine.yaml", "topology: ../mesh.yaml\nseed: 7\n"},
                                          {"mesh.yaml", MESH}};
    const struct sim_recorded recorded = {.files = files, .file_count = 2, .cell = ""};
    write_text("mesh.yaml", "topology: [\n");
    struct outcome outcome = load_recorded("gone/mine.yaml", &recorded);
    cr_assert(outcome.fine, "%s", outcome.error.text);
    cr_expect_eq(outcome.scenarios[0].seed, 7);
    cr_expect_str_eq(outcome.scenarios[0].topology_path, "mesh.yaml");
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(recorded, only_the_cell_that_ran_is_loaded)
{
    // The other cell's topology is not recorded.
    const struct sim_data_file files[] = {
        {"mine.yaml", "sweep: {agents: [20, 30], topology: [mesh.yaml, other.yaml]}\n"},
        {"mesh.yaml", MESH},
    };
    struct sim_recorded recorded = {
        .files = files, .file_count = 2, .cell = "agents=30 topology=mesh.yaml"};
    struct outcome outcome = load_recorded("mine.yaml", &recorded);
    cr_assert(outcome.fine, "%s", outcome.error.text);
    cr_expect_eq(outcome.count, 1);
    cr_expect_eq(outcome.scenarios[0].agents, 30);
    cr_expect_str_eq(outcome.scenarios[0].cell, recorded.cell);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
    recorded.cell = "agents=40 topology=mesh.yaml";
    outcome = load_recorded("mine.yaml", &recorded);
    cr_expect(!outcome.fine && outcome.error.code == SIM_ERROR_SCENARIO);
    cr_expect(strstr(outcome.error.text, "has no cell \"agents=40 topology=mesh.yaml\"") != NULL);
}

Test(recorded, a_file_that_is_not_recorded_is_missing_though_it_is_on_the_disk)
{
    const struct sim_data_file files[] = {{"mine.yaml", "topology: mesh.yaml\n"}};
    const struct sim_recorded recorded = {.files = files, .file_count = 1, .cell = ""};
    write_text("mesh.yaml", MESH);
    must_have_failed(load_recorded("mine.yaml", &recorded), SIM_ERROR_IO, "mine.yaml", 1, 11,
                     "lacks the file mesh.yaml");
}

Test(recorded, a_table_that_is_not_recorded_is_not_computed)
{
    static const struct sim_quantiles quantiles;
    const struct sim_table table = {"same_host", &quantiles};
    const struct sim_data_file files[] = {{"x.yaml", MESH LATENCY}, {"rtt.csv", CSV}};
    struct sim_recorded recorded = {.files = files, .file_count = 2, .cell = ""};
    struct outcome outcome = load_recorded("x.yaml", &recorded);
    cr_expect(!outcome.fine);
    cr_expect(strstr(outcome.error.text, "lacks the table of latencies") != NULL, "%s",
              outcome.error.text);
    recorded.tables = &table;
    recorded.table_count = 1;
    outcome = load_recorded("x.yaml", &recorded);
    cr_assert(outcome.fine, "%s", outcome.error.text);
    cr_expect(outcome.scenarios[0].network.quantiles[SIM_SAME_HOST] == &quantiles);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(recorded, what_messages_shrink_to_goes_with_compression_and_only_with_it)
{
    static const struct sim_compression compression = {.measured = true};
    struct sim_data_file file = {"x.yaml", MESH "network: {compression: zstd}\n"};
    struct sim_recorded recorded = {.files = &file, .file_count = 1, .cell = ""};
    struct outcome outcome = load_recorded("x.yaml", &recorded);
    cr_expect(!outcome.fine && outcome.error.code == SIM_ERROR_IO);
    recorded.compression = &compression;
    outcome = load_recorded("x.yaml", &recorded);
    cr_assert(outcome.fine, "%s", outcome.error.text);
    cr_expect(outcome.scenarios[0].compression == &compression);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
    file.text = MESH;
    outcome = load_recorded("x.yaml", &recorded);
    cr_expect(!outcome.fine && outcome.error.code == SIM_ERROR_IO);
}

Test(recorded, an_exported_run_is_no_scenario)
{
    must_fail("meshsim_run: 1\n", SIM_ERROR_SCENARIO, 1, 1, "an exported run, not a scenario");
}
