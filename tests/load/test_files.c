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

Test(files, of_later_topologies_are_refused_at_the_topology_line)
{
    static const char *const files[] = {TOPOLOGY("multi-region-leaders"), TOPOLOGY("hierarchical")};
    for (size_t i = 0; i < 2; i++) {
        must_have_failed(load(files[i]), SIM_ERROR_SCENARIO, files[i], 1, 11,
                         "does not run in this version");
    }
}

// The document: "10 regions x 5 aggregators x 10 edges x 2k agents = 1,000,000 agents".
Test(files, the_hierarchy_of_the_document_adds_up)
{
    char *text = lint_text(TOPOLOGY("hierarchical"), NULL);
    cr_assert_not_null(strstr(text,
                              "10 regions x 5 aggregators x 10 edges x 2000 agents = 1000000, "
                              "which is agent_count's upper end"));
    cr_assert_null(strstr(text, "contradiction"), "%s", text);
    free(text);
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
        struct outcome outcome = load(path);
        cr_assert(outcome.fine, "%s:%u:%u: %s", outcome.error.file, outcome.error.line,
                  outcome.error.column, outcome.error.text);
        sim_scenarios_destroy(outcome.scenarios, outcome.count);
        count++;
    }
    closedir(folder);
    cr_assert_geq(count, 8, "one for each topology and mode, one with loss, the matrix");
}

// The Topology Selection Matrix, its first two rows at both ends, periodic and eager.
Test(files, the_selection_matrix_has_a_row_for_each_size)
{
    static const struct {
        enum sim_topology topology;
        uint32_t agents;
        uint32_t fanout;
    } rows[] = {
        {SIM_FLAT_MESH, 10, 5},
        {SIM_FLAT_MESH, 100, 5},
        {SIM_SINGLE_REGION_MESH, 100, 10},
        {SIM_SINGLE_REGION_MESH, 1000, 10},
    };
    struct outcome outcome = load(SOURCE_ROOT "/scenarios/selection-matrix.yaml");
    cr_assert_eq(outcome.count, 8);
    for (uint32_t i = 0; i < 8; i++) {
        const struct sim_scenario *cell = &outcome.scenarios[i];
        cr_assert_eq(cell->row, i / 2 + 1);
        cr_assert_eq(cell->topology, rows[i / 2].topology);
        cr_assert_eq(cell->agents, rows[i / 2].agents);
        cr_assert_eq(cell->gossip.fanout, rows[i / 2].fanout);
        cr_assert_eq(cell->gossip.mode, i % 2 == 0 ? MESH_PUSH_PULL : MESH_EAGER);
        cr_assert_eq(cell->repeat, 20);
    }
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}
