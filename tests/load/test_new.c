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
    static const struct {
        const char *topology;
        uint32_t regions;
        uint32_t sizes[4][2];
    } files[] = {
        {"flat_mesh", 1, {{2, 1}, {2, 2}, {1000, 3}, {100000, 64}}},
        {"single_region_mesh", 1, {{2, 1}, {10, 1}, {1000, 3}, {100000, 64}}},
        {"multi_region_mesh", 3, {{3, 1}, {6, 2}, {1000, 3}, {100000, 64}}},
        {"multi_region_leaders", 3, {{15, 1}, {15, 5}, {1000, 3}, {100000, 64}}},
        {"hierarchical", 5, {{1250, 1}, {100000, 1}, {500000, 1}, {1500, 1}}},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        for (size_t j = 0; j < 4; j++) {
            const uint32_t *size = files[i].sizes[j];
            must_write(files[i].topology, size[0], size[1]);
            struct outcome outcome = load("new.yaml");
            cr_assert(outcome.fine, "%s of %u: %u:%u: %s", files[i].topology, size[0],
                      outcome.error.line, outcome.error.column, outcome.error.text);
            const struct sim_scenario *s = outcome.scenarios;
            cr_assert_eq(s->agents, size[0]);
            cr_assert_eq(s->region_count, files[i].regions);
            cr_assert_eq(s->regions[files[i].regions - 1].zone_count, size[1]);
            cr_assert_str_eq(sim_topology_name(s->topology), files[i].topology);
            sim_scenarios_destroy(outcome.scenarios, outcome.count);
            char *text = lint_text("new.yaml", NULL);
            cr_assert_null(strstr(text, "without effect"), "%s", text);
            cr_assert_null(strstr(text, "scaled"), "%s", text);
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

// Topologies 3 and 4, "Configuration".
Test(new, file_of_several_scopes_starts_from_the_documents_settings)
{
    must_write("multi_region_leaders", 100000, 1);
    struct outcome outcome = load("new.yaml");
    cr_assert(outcome.fine);
    const struct sim_scenario *s = outcome.scenarios;
    cr_assert_eq(s->gossip.fanout, 20);
    cr_assert_eq(s->gossip.interval_ns, 100000000);
    cr_assert_eq(s->leaders.fanout, 3);
    cr_assert_eq(s->leaders.interval_ns, 500000000);
    cr_assert_eq(s->leaders.candidates, 5);
    cr_assert_eq(s->regions[2].leader_count, 3);
    cr_assert_str_eq(s->regions[2].name, "ap-southeast-1");
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
    must_write("hierarchical", 1000000, 1);
    outcome = load("new.yaml");
    struct outcome document = load(SOURCE_ROOT "/topologies/hierarchical.yaml");
    cr_assert(outcome.fine && document.fine);
    s = outcome.scenarios;
    const struct sim_scenario *d = document.scenarios;
    cr_assert_eq(s->region_count, 10);
    cr_assert_eq(s->gossip.fanout, d->gossip.fanout);
    cr_assert_eq(s->gossip.interval_ns, d->gossip.interval_ns);
    cr_assert_eq(s->hierarchy.coordinators, d->hierarchy.coordinators);
    cr_assert_eq(s->hierarchy.aggregators_per_region, d->hierarchy.aggregators_per_region);
    cr_assert_eq(s->hierarchy.edges_per_aggregator, d->hierarchy.edges_per_aggregator);
    cr_assert_eq(s->hierarchy.relays, d->hierarchy.relays);
    cr_assert_eq(s->hierarchy.coordinators_addressed, d->hierarchy.coordinators_addressed);
    cr_assert_eq(s->hierarchy.aggregator_interval_ns, d->hierarchy.aggregator_interval_ns);
    cr_assert_eq(s->hierarchy.global_interval_ns, d->hierarchy.global_interval_ns);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
    sim_scenarios_destroy(document.scenarios, document.count);
}

Test(new, refuses_what_it_cannot_write)
{
    must_refuse("ring", 10, 1,
                "ring is not known: expected flat_mesh, single_region_mesh, multi_region_mesh, "
                "multi_region_leaders or hierarchical");
    must_refuse("flat_mesh", 1, 1, "agents: expected 2 to 10000000, found 1");
    must_refuse("flat_mesh", 10000001, 1, "agents: expected 2 to 10000000");
    must_refuse("flat_mesh", 10, 0,
                "zones: expected 1 to 10 for 10 agents of a flat_mesh, found 0");
    must_refuse("flat_mesh", 10, 11, "zones: expected 1 to 10");
    must_refuse("flat_mesh", 1000, 65, "zones: expected 1 to 64");
    must_refuse("multi_region_mesh", 2, 1, "agents: expected 3 to 10000000");
    must_refuse("multi_region_mesh", 11, 4, "zones: expected 1 to 3");
    must_refuse("multi_region_leaders", 14, 1, "agents: expected 15 to 10000000");
    must_refuse("hierarchical", 1249, 1, "agents: expected 1250 to 10000000");
    must_refuse("hierarchical", 100000, 2, "zones: expected 1 to 1");
    must_refuse("hierarchical", 123456, 1,
                "agents: 123456 cannot be dealt evenly to the 250 edges of 5 regions; 123250 or "
                "123500 can");
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
