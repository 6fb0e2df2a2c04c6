// SPDX-License-Identifier: GPL-3.0-or-later
// What tells elements apart. That sets and maps say what their writers saw is in
// tests/run/test_values.c, on whole runs.
#include <criterion/criterion.h>
#include <string.h>

#include "content.h"

Test(content, the_least_size_tells_all_elements_apart)
{
    static const struct {
        uint32_t elements;
        uint32_t bytes;
    } cases[] = {{1, 0}, {2, 1}, {256, 1}, {257, 2}, {65536, 2}, {65537, 3}, {1000000, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_eq(sim_content_bytes_min(cases[i].elements), cases[i].bytes, "%u elements",
                     cases[i].elements);
    }
}

enum { ELEMENTS = 257, UPDATES = 6000 };

// Added by nodes that hold nothing: the value is a count of 0 and the element.
Test(content, elements_of_the_least_size_are_all_there_and_drawn_evenly)
{
    static const struct sim_workload workload = {
        .updates = UPDATES,
        .crdt = SIM_OR_SET,
        .value_bytes = 2,
        .keys = 1,
        .elements = ELEMENTS,
        .remove_percent = 50,
    };
    static uint64_t replica[4 + UPDATES / 64 + 1];
    struct mesh_table table = {0};
    struct mesh_states states = {.replicas = replica,
                                 .stride = sizeof replica,
                                 .node_count = 1,
                                 .words = UPDATES / 64 + 1,
                                 .planes = 1,
                                 .table = &table};
    struct sim_content content;
    uint32_t counts[1 << 16] = {0};
    uint32_t distinct = 0;
    sim_content_init(&content, &workload, 5);
    for (uint32_t update = 0; update < UPDATES; update++) {
        struct mesh_write write = {.lane = update};
        sim_content_plan(&content, update, &write);
        sim_content_compose(&content, update, &states, NULL, 0, &write);
        cr_assert_eq(write.type, MESH_SET_ADD, "there is nothing to remove");
        cr_assert(write.value_bytes == 3 && write.value[0] == 0);
        counts[write.value[1] | write.value[2] << 8]++;
    }
    double chi = 0;
    for (uint32_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        double off = counts[i] - (double)UPDATES / ELEMENTS;
        distinct += counts[i] > 0;
        chi += counts[i] > 0 ? off * off / ((double)UPDATES / ELEMENTS) : 0;
    }
    cr_expect_eq(distinct, ELEMENTS);
    // Mean 256, standard deviation 23.
    cr_expect(chi < 256 + 6 * 23, "chi-square %g", chi);
    sim_content_finish(&content);
}
