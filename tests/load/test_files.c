// SPDX-License-Identifier: GPL-3.0-or-later
// The files of topologies/ and scenarios/ themselves.
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workshop.h"

#define TOPOLOGY(name) SOURCE_ROOT "/topologies/" name ".yaml"

TestSuite(files, .timeout = 60);

// SHA-256 of the four configurations between their fences in the customer's document (Mesh Network
// Deployment Topologies, 1.0.0, 2025-11-18), reckoned from the document by Python's hashlib.
Test(files, of_the_customer_stand_byte_for_byte_as_in_the_document)
{
    static const struct {
        const char *path;
        const char *hash;
    } files[] = {
        {TOPOLOGY("flat-mesh"), "e0300a5a90c1b955fe88c7da85cc01669b8a5d694b9bc19f395ff080f51121ff"},
        {TOPOLOGY("single-region"),
         "fcc972f9950fc214b5f1d32cac0565a518520097c7c5f9ea9440e6cb0caba4cd"},
        {TOPOLOGY("multi-region-leaders"),
         "25d49a5c53b5c2f0c01e81efaf90a28142db7ec46deff1eddf2a1653b8dc42bc"},
        {TOPOLOGY("hierarchical"),
         "114d3f2fe119a589b1c25dd5b2bc941088ff12d68f80fe7a5a2389804ad0f1db"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char command[1024];
        char hash[65] = "";
        snprintf(command, sizeof command, "sha256sum < '%s'", files[i].path);
        FILE *sum = popen(command, "r");
        cr_assert_not_null(sum);
        cr_assert_eq(fread(hash, 1, 64, sum), 64);
        pclose(sum);
        cr_assert_str_eq(hash, files[i].hash, "%s differs from the document", files[i].path);
    }
}

// By hand from the document, Topology 1.
Test(files, the_flat_mesh_loads_as_written)
{
    struct outcome outcome = load(TOPOLOGY("flat-mesh"));
    cr_assert(outcome.fine, "%s", outcome.error.text);
    const struct sim_scenario *s = outcome.scenarios;
    cr_assert_str_eq(s->name, "flat-mesh");
    cr_assert_eq(s->topology, SIM_FLAT_MESH);
    cr_assert_eq(s->agents, 100);
    cr_assert_str_eq(s->regions[0].name, "local");
    cr_assert_str_eq(s->regions[0].location, "localhost");
    cr_assert_eq(s->gossip.fanout, 5);
    cr_assert_eq(s->gossip.interval_ns, 100000000);
    cr_assert_eq(s->gossip.threshold_ppb, 950000000);
    cr_assert_eq(s->network.transport, SIM_TCP);
    cr_assert_not(s->network.tls);
    cr_assert_eq(s->interval_origin.line, 10);
    cr_assert_eq(s->interval_origin.column, 16);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

// By hand from the document, Topology 2.
Test(files, the_single_region_loads_as_written)
{
    struct outcome outcome = load(TOPOLOGY("single-region"));
    cr_assert(outcome.fine, "%s", outcome.error.text);
    const struct sim_scenario *s = outcome.scenarios;
    cr_assert_eq(s->topology, SIM_SINGLE_REGION_MESH);
    cr_assert_eq(s->agents, 1000);
    cr_assert_eq(s->region_count, 1);
    cr_assert_str_eq(s->regions[0].name, "us-east-1");
    cr_assert_eq(s->regions[0].zone_count, 3);
    cr_assert_str_eq(s->regions[0].zones[2], "us-east-1c");
    cr_assert_eq(s->gossip.fanout, 10);
    cr_assert_eq(s->gossip.threshold_ppb, 990000000);
    cr_assert_eq(s->network.transport, SIM_QUIC);
    cr_assert_eq(s->network.signature_bytes, 64);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

// By hand from the document, Topology 3.
Test(files, the_regions_with_leaders_load_as_written)
{
    struct outcome outcome = load(TOPOLOGY("multi-region-leaders"));
    cr_assert(outcome.fine, "%s", outcome.error.text);
    const struct sim_scenario *s = outcome.scenarios;
    static const char *const names[] = {"us-east-1", "eu-west-1", "ap-southeast-1"};
    static const uint32_t agents[] = {30000, 30000, 40000};
    cr_assert_eq(s->topology, SIM_MULTI_REGION_LEADERS);
    cr_assert_eq(s->agents, 100000);
    cr_assert_eq(s->region_count, 3);
    for (int i = 0; i < 3; i++) {
        cr_assert_str_eq(s->regions[i].name, names[i]);
        cr_assert_eq(s->regions[i].agents, agents[i]);
        cr_assert_eq(s->regions[i].leader_count, 3);
    }
    cr_assert_eq(s->gossip.fanout, 20);
    cr_assert_eq(s->gossip.interval_ns, 100000000);
    cr_assert_eq(s->leaders.fanout, 3);
    cr_assert_eq(s->leaders.interval_ns, 500000000);
    cr_assert_eq(s->leaders.candidates, 5);
    cr_assert_eq(s->fanout_origin.line, 21);
    cr_assert_eq(s->link_interval_origin.line, 26);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

// By hand from the document, Topology 4.
Test(files, the_hierarchy_loads_as_written)
{
    struct outcome outcome = load(TOPOLOGY("hierarchical"));
    cr_assert(outcome.fine, "%s", outcome.error.text);
    const struct sim_scenario *s = outcome.scenarios;
    cr_assert_eq(s->agents, 1000000);
    cr_assert_eq(s->region_count, 10);
    cr_assert_eq(s->regions[9].agents, 100000);
    cr_assert_eq(s->gossip.fanout, 10);
    cr_assert_eq(s->gossip.interval_ns, 100000000);
    cr_assert_eq(s->hierarchy.coordinators, 10);
    cr_assert_eq(s->hierarchy.aggregators_per_region, 5);
    cr_assert_eq(s->hierarchy.edges_per_aggregator, 10);
    cr_assert_eq(s->hierarchy.relays, 5);
    cr_assert_eq(s->hierarchy.coordinators_addressed, 3);
    cr_assert_eq(s->hierarchy.aggregator_interval_ns, 500000000);
    cr_assert_eq(s->hierarchy.global_interval_ns, 1000000000);
    cr_assert_eq(s->link_interval_origin.line, 26);
    cr_assert_eq(s->global_interval_origin.line, 27);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

// The third row of the selection matrix: 1k-10k agents, fanout 10-20, 2-3 regions.
Test(files, the_mesh_over_regions_keeps_to_its_row)
{
    struct outcome outcome = load(TOPOLOGY("multi-region"));
    cr_assert(outcome.fine, "%s", outcome.error.text);
    const struct sim_scenario *s = outcome.scenarios;
    cr_assert_eq(s->topology, SIM_MULTI_REGION_MESH);
    cr_assert_eq(s->agents, 10000);
    cr_assert_eq(s->region_count, 3);
    cr_assert_eq(s->regions[2].zone_count, 3);
    cr_assert_eq(s->gossip.fanout, 10);
    cr_assert_eq(s->gossip.selection, MESH_LOCAL_BIAS);
    cr_assert_eq(s->gossip.threshold_ppb, 990000000);
    cr_assert_eq(s->network.transport, SIM_QUIC);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

// The key in a line of the file, without what stands before and after it; NULL where there is none.
static const char *key_in(char *line)
{
    char *colon = strstr(line, ":");
    line += strspn(line, " -");
    if (colon == NULL || colon <= line || *line == '#') {
        return NULL;
    }
    *colon = '\0';
    return line;
}

// Nothing is accepted and ignored: every key written in the four files has a line in what lint says
// with its effect or the reason why it has none; a key that only holds others stands in their
// names.
Test(files, of_the_customer_have_every_key_explained)
{
    static const char *const files[] = {TOPOLOGY("flat-mesh"), TOPOLOGY("single-region"),
                                        TOPOLOGY("multi-region-leaders"), TOPOLOGY("hierarchical")};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *text = lint_text(files[i], NULL);
        char line[256];
        FILE *file = fopen(files[i], "r");
        cr_assert_not_null(file);
        for (int number = 1; fgets(line, sizeof line, file) != NULL; number++) {
            char place[512];
            snprintf(place, sizeof place, "%s:%d ", files[i], number);
            bool holds_others = strpbrk(line, ":") != NULL && strchr(line, ':')[1] == '\n';
            const char *key = key_in(line);
            cr_assert(key == NULL || strstr(text, key) != NULL, "%s%s", place, key);
            cr_assert(key == NULL || holds_others || strstr(text, place) != NULL,
                      "lint says nothing of %s%s", place, key);
        }
        fclose(file);
        free(text);
    }
}

// The document: "10 regions x 5 aggregators x 10 edges x 2k agents = 1,000,000 agents".
Test(files, the_hierarchy_of_the_document_adds_up)
{
    char *text = lint_text(TOPOLOGY("hierarchical"), NULL);
    cr_assert_not_null(strstr(text,
                              "10 regions x 5 aggregators x 10 edges x 2,000 agents = 1,000,000; "
                              "plus 50 aggregators and 10 coordinators\n"));
    cr_assert_null(strstr(text, "scaled"), "%s", text);
    free(text);
}

// A file that names others, which are scenarios of their own.
static void expect_names(const char *path)
{
    char **files;
    uint32_t count;
    struct sim_error error = {0};
    cr_assert(sim_load_batch(path, &files, &count, &error), "%s", error.text);
    cr_expect_geq(count, 2);
    for (uint32_t i = 0; i < count; i++) {
        cr_expect(strncmp(files[i], SOURCE_ROOT "/scenarios/", strlen(SOURCE_ROOT "/scenarios/")) ==
                      0,
                  "%s", files[i]);
    }
    sim_batch_files_destroy(files, count);
}

static bool names_others(const char *path)
{
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    char line[256];
    bool names = false;
    while (!names && fgets(line, sizeof line, file) != NULL) {
        names = strncmp(line, "scenarios:", strlen("scenarios:")) == 0;
    }
    fclose(file);
    return names;
}

Test(files, of_scenarios_load)
{
    DIR *folder = opendir(SOURCE_ROOT "/scenarios");
    cr_assert_not_null(folder);
    int count = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || strcmp(dot, ".yaml") != 0) {
            continue;
        }
        char path[1024];
        snprintf(path, sizeof path, SOURCE_ROOT "/scenarios/%s", entry->d_name);
        if (names_others(path)) {
            expect_names(path);
            continue;
        }
        struct outcome outcome = load(path);
        cr_assert(outcome.fine, "%s:%u:%u: %s", outcome.error.file, outcome.error.line,
                  outcome.error.column, outcome.error.text);
        sim_scenarios_destroy(outcome.scenarios, outcome.count);
        count++;
    }
    closedir(folder);
    cr_assert_geq(count, 8, "one for each topology and mode, one with loss, the matrices");
}

// The Topology Selection Matrix: the least agents, the lowest fanout; the most agents, the highest;
// periodic and eager; several regions with both profiles; without the last end of the last row.
Test(files, the_selection_matrix_has_both_ends_of_every_row)
{
    static const struct {
        enum sim_topology topology;
        uint32_t agents;
        uint32_t fanout;
        enum sim_profile profile;
    } rows[] = {
        {SIM_FLAT_MESH, 10, 5, SIM_PROFILE_DOCUMENT},
        {SIM_FLAT_MESH, 100, 5, SIM_PROFILE_DOCUMENT},
        {SIM_SINGLE_REGION_MESH, 100, 10, SIM_PROFILE_DOCUMENT},
        {SIM_SINGLE_REGION_MESH, 1000, 10, SIM_PROFILE_DOCUMENT},
        {SIM_MULTI_REGION_MESH, 1000, 10, SIM_PROFILE_DOCUMENT},
        {SIM_MULTI_REGION_MESH, 1000, 10, SIM_PROFILE_CLOUD},
        {SIM_MULTI_REGION_MESH, 10000, 20, SIM_PROFILE_DOCUMENT},
        {SIM_MULTI_REGION_MESH, 10000, 20, SIM_PROFILE_CLOUD},
        {SIM_MULTI_REGION_LEADERS, 10000, 20, SIM_PROFILE_DOCUMENT},
        {SIM_MULTI_REGION_LEADERS, 10000, 20, SIM_PROFILE_CLOUD},
        {SIM_MULTI_REGION_LEADERS, 100000, 50, SIM_PROFILE_DOCUMENT},
        {SIM_MULTI_REGION_LEADERS, 100000, 50, SIM_PROFILE_CLOUD},
        {SIM_HIERARCHICAL, 100000, 50, SIM_PROFILE_DOCUMENT},
        {SIM_HIERARCHICAL, 1000000, 100, SIM_PROFILE_DOCUMENT},
    };
    struct outcome outcome = load(SOURCE_ROOT "/scenarios/selection-matrix.yaml");
    cr_assert_eq(outcome.count, 28);
    for (uint32_t i = 0; i < 28; i++) {
        const struct sim_scenario *cell = &outcome.scenarios[i];
        cr_assert_eq(cell->row, i / 2 + 1);
        cr_assert_eq(cell->topology, rows[i / 2].topology);
        cr_assert_eq(cell->agents, rows[i / 2].agents);
        cr_assert_eq(cell->gossip.fanout, rows[i / 2].fanout);
        cr_assert_eq(cell->gossip.mode, i % 2 == 0 ? MESH_PUSH_PULL : MESH_EAGER);
        cr_assert_eq(cell->workload.updates, 60);
        cr_assert_eq(cell->repeat, 1);
        cr_assert_eq(cell->profile, rows[i / 2].profile);
    }
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

// Its columns with the topologies' own fanouts, and as many updates as show a share: the logarithm
// of 0.025 over that of 0.999, 0.995 and 0.99 is 3687.03, 735.9 and 367.04.
Test(files, the_comparison_matrix_writes_as_many_updates_as_its_shares_need)
{
    static const struct {
        enum sim_topology topology;
        uint32_t agents;
        uint32_t fanout;
        uint32_t updates_min;
    } rows[] = {
        {SIM_FLAT_MESH, 100, 5, 59},
        {SIM_SINGLE_REGION_MESH, 1000, 10, 3688},
        {SIM_MULTI_REGION_MESH, 10000, 10, 736},
        {SIM_MULTI_REGION_MESH, 10000, 10, 736},
        {SIM_MULTI_REGION_LEADERS, 100000, 20, 736},
        {SIM_MULTI_REGION_LEADERS, 100000, 20, 736},
        {SIM_HIERARCHICAL, 100000, 10, 368},
    };
    struct outcome outcome = load(SOURCE_ROOT "/scenarios/comparison-matrix.yaml");
    cr_assert_eq(outcome.count, 14);
    for (uint32_t i = 0; i < 14; i++) {
        const struct sim_scenario *cell = &outcome.scenarios[i];
        cr_assert_eq(cell->row, i / 2 + 1);
        cr_assert_eq(cell->topology, rows[i / 2].topology);
        cr_assert_eq(cell->agents, rows[i / 2].agents);
        cr_assert_eq(cell->gossip.fanout, rows[i / 2].fanout);
        cr_assert_geq(cell->workload.updates * cell->repeat, rows[i / 2].updates_min);
        cr_assert_eq(cell->gossip.mode, i % 2 == 0 ? MESH_PUSH_PULL : MESH_EAGER);
    }
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}
