// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workshop.h"

TestSuite(new, .init = workshop_open, .fini = workshop_close, .timeout = 30);

static void must_write(const char *topology, uint32_t agents, uint32_t zones)
{
    struct sim_error error = {0};
    FILE *file = fopen("new.yaml", "w");
    cr_assert_not_null(file);
    cr_assert(sim_new_topology(topology, agents, zones, file, &error), "%s", error.text);
    cr_assert_eq(fclose(file), 0);
}

static void must_refuse(const char *topology, uint32_t agents, uint32_t zones, const char *words)
{
    struct sim_error error = {0};
    char *text = NULL;
    size_t length = 0;
    FILE *output = open_memstream(&text, &length);
    cr_assert_not(sim_new_topology(topology, agents, zones, output, &error));
    fclose(output);
    cr_assert_eq(error.code, SIM_ERROR_USAGE);
    cr_assert_not_null(strstr(error.text, words), "%s", error.text);
    cr_assert_eq(length, 0);
    free(text);
}

Test(new, file_loads_as_it_stands_and_lint_finds_nothing_without_effect)
{
    static const char *const topologies[] = {"flat_mesh", "single_region_mesh"};
    static const uint32_t sizes[][2] = {{2, 1}, {2, 2}, {10, 1}, {1000, 3}, {100000, 64}};
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++) {
            must_write(topologies[i], sizes[j][0], sizes[j][1]);
            struct outcome outcome = load("new.yaml");
            cr_assert(outcome.fine, "%u:%u: %s", outcome.error.line, outcome.error.column,
                      outcome.error.text);
            cr_assert_eq(outcome.scenarios->agents, sizes[j][0]);
            cr_assert_eq(outcome.scenarios->regions[0].zone_count, sizes[j][1]);
            cr_assert_str_eq(sim_topology_name(outcome.scenarios->topology), topologies[i]);
            sim_scenarios_destroy(outcome.scenarios, outcome.count);
            char *text = lint_text("new.yaml", NULL);
            cr_assert_null(strstr(text, "without effect"), "%s", text);
            free(text);
        }
    }
}

// What the document's own files say (Topologies 1 and 2, "Configuration").
Test(new, file_starts_from_the_documents_settings)
{
    must_write("single_region_mesh", 500, 3);
    struct outcome outcome = load("new.yaml");
    cr_assert(outcome.fine);
    cr_assert_eq(outcome.scenarios->gossip.fanout, 10);
    cr_assert_eq(outcome.scenarios->gossip.interval_ns, 100000000);
    cr_assert_eq(outcome.scenarios->gossip.threshold_ppb, 990000000);
    cr_assert_eq(outcome.scenarios->network.transport, SIM_QUIC);
    cr_assert_eq(outcome.scenarios->network.signature_bytes, 64);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
    must_write("flat_mesh", 50, 1);
    outcome = load("new.yaml");
    cr_assert(outcome.fine);
    cr_assert_eq(outcome.scenarios->gossip.fanout, 5);
    cr_assert_eq(outcome.scenarios->gossip.threshold_ppb, 950000000);
    cr_assert_eq(outcome.scenarios->network.transport, SIM_TCP);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(new, refuses_what_it_cannot_write)
{
    must_refuse("ring", 10, 1, "ring is not known: expected flat_mesh or single_region_mesh");
    must_refuse("hierarchical", 1000000, 1, "hierarchical does not run in this version");
    must_refuse("flat_mesh", 1, 1, "agents: expected 2 to 10000000, found 1");
    must_refuse("flat_mesh", 10000001, 1, "agents: expected 2 to 10000000");
    must_refuse("flat_mesh", 10, 0, "zones: expected 1 to 10 for 10 agents, found 0");
    must_refuse("flat_mesh", 10, 11, "zones: expected 1 to 10");
    must_refuse("flat_mesh", 1000, 65, "zones: expected 1 to 64");
}

Test(new, says_when_it_cannot_write)
{
    struct sim_error error = {0};
    FILE *full = fopen("/dev/full", "w");
    cr_assert_not_null(full);
    cr_assert_not(sim_new_topology("flat_mesh", 10, 1, full, &error));
    cr_assert_eq(error.code, SIM_ERROR_IO);
    fclose(full);
}
