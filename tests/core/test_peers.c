// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <gsl/gsl_cdf.h>
#include <stdlib.h>
#include <string.h>

#include "mesh/peers.h"

static uint32_t peers_at(const struct mesh_scope *scope, uint32_t node, uint64_t tick,
                         uint32_t *peers)
{
    return mesh_peers_uniform(42, MESH_DRAW_TICK_PEERS, mesh_occasion_of_tick(0, tick), scope, node,
                              peers);
}

// Exactly min(fanout, count - 1) members, none twice, never the node itself.
static void expect_valid(const struct mesh_scope *scope, uint32_t node, uint64_t tick)
{
    static bool drawn[2000];
    memset(drawn, 0, sizeof drawn);
    uint32_t peers[MESH_FANOUT_MAX];
    uint32_t count = peers_at(scope, node, tick, peers);
    uint32_t others = scope->count - 1;
    cr_assert_eq(count, scope->fanout < others ? scope->fanout : others, "%u of %u at fanout %u",
                 count, others, scope->fanout);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert(peers[i] >= scope->first && peers[i] - scope->first < scope->count,
                  "%u is not a member", peers[i]);
        cr_assert_neq(peers[i], node, "node %u talks to itself", node);
        cr_assert_not(drawn[peers[i]], "%u drawn twice among %u of %u", peers[i], count, others);
        drawn[peers[i]] = true;
    }
}

Test(peers, are_distinct_members_other_than_the_node_itself)
{
    static const uint32_t sizes[] = {1, 2, 3, 10, 64, 65, 100, 1500};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (uint32_t fanout = 1; fanout <= MESH_FANOUT_MAX; fanout = 1 + fanout * 5 / 3) {
            struct mesh_scope scope = {.first = 7, .count = sizes[i], .fanout = fanout};
            for (uint64_t tick = 0; tick < 20; tick++) {
                expect_valid(&scope, 7, tick);
                expect_valid(&scope, 7 + sizes[i] / 2, tick);
                expect_valid(&scope, 7 + sizes[i] - 1, tick);
            }
        }
    }
}

// With as many draws as others, distinct means all: the largest fanout, where every swap counts.
Test(peers, are_all_the_others_when_the_fanout_permits)
{
    struct mesh_scope scope = {.count = 1001, .fanout = 1000};
    for (uint64_t tick = 0; tick < 5; tick++) {
        expect_valid(&scope, 500, tick);
    }
    scope.count = 6;
    expect_valid(&scope, 3, 0);
}

Test(peers, of_a_smaller_fanout_are_the_first_of_a_larger_one)
{
    struct mesh_scope scope = {.count = 300, .fanout = 200};
    for (uint64_t tick = 0; tick < 50; tick++) {
        uint32_t many[200];
        scope.fanout = 200;
        peers_at(&scope, 11, tick, many);
        for (uint32_t fanout = 1; fanout < 200; fanout += 7) {
            uint32_t few[200];
            scope.fanout = fanout;
            cr_assert_eq(peers_at(&scope, 11, tick, few), fanout);
            cr_assert_eq(memcmp(few, many, fanout * sizeof *few), 0, "tick %lu, fanout %u", tick,
                         fanout);
        }
    }
}

// The textbook's Fisher and Yates over a whole array of the others.
Test(peers, are_those_of_a_full_shuffle)
{
    struct mesh_scope scope = {.count = 40, .fanout = 39};
    for (uint64_t tick = 0; tick < 200; tick++) {
        uint32_t others[39];
        uint32_t peers[39];
        uint32_t node = (uint32_t)(tick % 40);
        for (uint32_t i = 0; i < 39; i++) {
            others[i] = i < node ? i : i + 1;
        }
        for (uint32_t i = 0; i < 39; i++) {
            struct mesh_random random =
                mesh_draw(42, MESH_DRAW_TICK_PEERS, i / 4, node, mesh_occasion_of_tick(0, tick));
            uint32_t j = i + mesh_below(random.word[i % 4], 39 - i);
            uint32_t taken = others[j];
            others[j] = others[i];
            others[i] = taken;
        }
        peers_at(&scope, node, tick, peers);
        cr_assert_eq(memcmp(peers, others, sizeof peers), 0, "tick %lu", tick);
    }
}

Test(peers, in_a_list_of_members_stand_where_a_contiguous_block_has_them)
{
    uint32_t members[50];
    for (uint32_t i = 0; i < 50; i++) {
        members[i] = 3 + i * i;
    }
    struct mesh_scope listed = {.members = members, .count = 50, .fanout = 12};
    struct mesh_scope block = {.first = 0, .count = 50, .fanout = 12};
    for (uint32_t position = 0; position < 50; position++) {
        // The draws belong to the node's id, so the block is shifted until the ids agree.
        uint32_t node = members[position];
        block.first = node - position;
        uint32_t from_list[12];
        uint32_t from_block[12];
        peers_at(&listed, node, position, from_list);
        peers_at(&block, node, position, from_block);
        for (uint32_t i = 0; i < 12; i++) {
            cr_expect_eq(from_list[i], members[from_block[i] - block.first], "node %u, peer %u: %u",
                         node, i, from_list[i]);
        }
    }
}

// Every pair (node, peer) equally often: chi-square per node over 20,000 ticks. Cells are counts of
// draws without replacement, whose variance is (1 - fanout / others) of independent ones'.
Test(peers, are_uniform_over_many_ticks)
{
    enum { NODES = 30, FANOUT = 5, TICKS = 20000 };
    struct mesh_scope scope = {.count = NODES, .fanout = FANOUT};
    for (uint32_t node = 0; node < NODES; node += 7) {
        uint32_t first[NODES] = {0};
        uint32_t all[NODES] = {0};
        for (uint64_t tick = 0; tick < TICKS; tick++) {
            uint32_t peers[FANOUT];
            peers_at(&scope, node, tick, peers);
            first[peers[0]]++;
            for (uint32_t i = 0; i < FANOUT; i++) {
                all[peers[i]]++;
            }
        }
        double mean = (double)TICKS / (NODES - 1);
        double chi_first = 0;
        double chi_all = 0;
        for (uint32_t peer = 0; peer < NODES; peer++) {
            if (peer != node) {
                double share = (double)FANOUT / (NODES - 1);
                chi_first += (first[peer] - mean) * (first[peer] - mean) / mean;
                chi_all += (all[peer] - FANOUT * mean) * (all[peer] - FANOUT * mean) /
                           (FANOUT * mean * (1 - share)) * (NODES - 2) / (NODES - 1);
            }
        }
        cr_expect(gsl_cdf_chisq_Q(chi_first, NODES - 2) > 1e-6, "first peer of node %u: %.1f", node,
                  chi_first);
        cr_expect(gsl_cdf_chisq_Q(chi_all, NODES - 2) > 1e-6, "peers of node %u: %.1f", node,
                  chi_all);
    }
}

// The raw draw is the same, and floor(w (n + 1) / 2^32) is floor(w n / 2^32) or one more.
Test(peers, move_by_one_place_at_most_when_an_agent_is_added)
{
    struct mesh_scope scope = {.count = 1000, .fanout = 1};
    uint32_t moved = 0;
    for (uint64_t tick = 0; tick < 10000; tick++) {
        uint32_t before;
        uint32_t after;
        scope.count = 1000;
        peers_at(&scope, 0, tick, &before);
        scope.count = 1001;
        peers_at(&scope, 0, tick, &after);
        cr_assert(after == before || after == before + 1, "tick %lu: from %u to %u", tick, before,
                  after);
        moved += after != before;
    }
    // A word moves when w n / 2^32 and w (n + 1) / 2^32 straddle an integer: half of them do.
    cr_expect(moved > 4700 && moved < 5300, "%u of 10,000 moved, 5,000 expected", moved);
}
