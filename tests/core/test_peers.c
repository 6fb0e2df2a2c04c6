// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <gsl/gsl_cdf.h>
#include <stdlib.h>
#include <string.h>

#include "mesh/peers.h"

static uint32_t peers_at(const struct mesh_scope *scope, uint32_t node, uint64_t tick,
                         uint32_t *peers)
{
    return mesh_peers_select(42, MESH_DRAW_TICK_PEERS, mesh_occasion_of_tick(0, tick), scope, node,
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

// ---- Biased selections ----

// Three groups of 1,000, near, farther and farthest from the first.
enum { GROUP = 1000, GROUPS = 3 };

static const uint32_t starts[] = {0, GROUP, 2 * GROUP, 3 * GROUP};
static const uint32_t distances[] = {1, 5, 9, 5, 1, 5, 9, 5, 1};

static struct mesh_scope three_groups(enum mesh_selection selection, uint32_t bias_percent)
{
    return (struct mesh_scope){
        .count = GROUPS * GROUP,
        .fanout = 1,
        .selection = selection,
        .bias_percent = bias_percent,
        .group_starts = starts,
        .group_count = GROUPS,
        .group_distance = distances,
    };
}

// That of 20,000 first peers of node 7 the shares of the groups are these: chi-square.
static void expect_shares(const struct mesh_scope *scope, const double *shares, const char *what)
{
    enum { TICKS = 20000 };
    uint32_t counts[GROUPS] = {0};
    double statistic = 0;
    uint32_t cells = 0;
    for (uint64_t tick = 0; tick < TICKS; tick++) {
        uint32_t peer;
        cr_assert_eq(peers_at(scope, 7, tick, &peer), 1);
        counts[peer / GROUP]++;
    }
    for (uint32_t i = 0; i < GROUPS; i++) {
        double expected = shares[i] * TICKS;
        if (expected == 0) {
            cr_expect_eq(counts[i], 0, "%s: group %u picked %u times", what, i, counts[i]);
        } else {
            statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
            cells++;
        }
    }
    cr_expect(cells == 1 || gsl_cdf_chisq_Q(statistic, cells - 1) > 1e-6,
              "%s: %u %u %u, expected %.0f %.0f %.0f", what, counts[0], counts[1], counts[2],
              shares[0] * TICKS, shares[1] * TICKS, shares[2] * TICKS);
}

// What an attempt proposes with these chances, given that it is not the node itself: that is one of
// a thousand in the first group.
static void given_another(double *shares)
{
    double self = shares[0] / GROUP;
    for (uint32_t i = 0; i < GROUPS; i++) {
        shares[i] = (shares[i] - (i == 0 ? self : 0)) / (1 - self);
    }
}

static void expect_biased(enum mesh_selection selection, uint32_t bias_percent, const double *near,
                          const char *what)
{
    struct mesh_scope scope = three_groups(selection, bias_percent);
    double shares[GROUPS];
    double bias = selection == MESH_LATENCY_AWARE ? 1 : bias_percent / 100.0;
    for (uint32_t i = 0; i < GROUPS; i++) {
        shares[i] = bias * near[i] + (1 - bias) / GROUPS;
    }
    given_another(shares);
    expect_shares(&scope, shares, what);
}

Test(peers, of_local_bias_are_of_the_own_group_in_the_share_that_was_asked_for)
{
    static const double own[] = {1, 0, 0};
    expect_biased(MESH_LOCAL_BIAS, 100, own, "100 %");
    expect_biased(MESH_LOCAL_BIAS, 80, own, "80 %");
    expect_biased(MESH_LOCAL_BIAS, 30, own, "30 %");
    expect_biased(MESH_LOCAL_BIAS, 0, own, "0 %");
}

// The nearest of three at random: all three in the farthest third with 1/27, none in the nearest
// third with 8/27.
static const double nearest_of_three[] = {19 / 27.0, 7 / 27.0, 1 / 27.0};

Test(peers, that_are_latency_aware_are_the_nearest_of_three)
{
    expect_biased(MESH_LATENCY_AWARE, 0, nearest_of_three, "latency-aware");
    // From the middle group both others are equally far: the earlier of the three wins.
    struct mesh_scope scope = three_groups(MESH_LATENCY_AWARE, 0);
    uint32_t counts[GROUPS] = {0};
    for (uint64_t tick = 0; tick < 20000; tick++) {
        uint32_t peer;
        peers_at(&scope, GROUP + 7, tick, &peer);
        counts[peer / GROUP]++;
    }
    double side = 20000 * 4 / 27.0;  // half of 8/27 each; standard deviation 50
    cr_expect(abs((int)counts[0] - (int)side) < 250 && abs((int)counts[2] - (int)side) < 250,
              "%u and %u, expected %.0f each", counts[0], counts[2], side);
}

// Word by word as mesh/peers.h says: 1 to 3 are the candidates, the earliest wins among equals.
Test(peers, that_are_latency_aware_are_the_candidates_of_the_drawing)
{
    struct mesh_scope scope = three_groups(MESH_LATENCY_AWARE, 0);
    for (uint64_t tick = 0; tick < 2000; tick++) {
        struct mesh_random random =
            mesh_draw(42, MESH_DRAW_TICK_PEERS, 0, 7, mesh_occasion_of_tick(0, tick));
        uint32_t best = 0;
        for (uint32_t word = 3; word >= 1; word--) {
            uint32_t candidate = mesh_below(random.word[word], GROUPS * GROUP);
            bool nearer = distances[candidate / GROUP] <= distances[best / GROUP];
            best = word == 3 || nearer ? candidate : best;
        }
        uint32_t peer;
        peers_at(&scope, 7, tick, &peer);
        cr_assert(best == 7 || peer == best, "tick %lu: %u, by the words %u", tick, peer, best);
    }
}

Test(peers, that_are_hybrid_are_the_nearest_of_three_or_anyone)
{
    expect_biased(MESH_HYBRID, 100, nearest_of_three, "100 %");
    expect_biased(MESH_HYBRID, 80, nearest_of_three, "80 %");
    expect_biased(MESH_HYBRID, 0, nearest_of_three, "0 %");
}

Test(peers, without_distances_all_other_groups_are_equally_far)
{
    static const double own_or_not[] = {19 / 27.0, 4 / 27.0, 4 / 27.0};
    struct mesh_scope scope = three_groups(MESH_LATENCY_AWARE, 0);
    double shares[GROUPS] = {own_or_not[0], own_or_not[1], own_or_not[2]};
    scope.group_distance = NULL;
    given_another(shares);
    expect_shares(&scope, shares, "no distances");
}

// Within a group nobody is preferred: chi-square over the own group's members but the node itself.
Test(peers, of_a_group_are_uniform)
{
    static const enum mesh_selection selections[] = {MESH_LOCAL_BIAS, MESH_LATENCY_AWARE,
                                                     MESH_HYBRID};
    static const uint32_t few[] = {0, 20, 30};
    for (size_t i = 0; i < 3; i++) {
        struct mesh_scope scope = {.count = 30,
                                   .fanout = 1,
                                   .selection = selections[i],
                                   .bias_percent = 80,
                                   .group_starts = few,
                                   .group_count = 2};
        uint32_t counts[30] = {0};
        uint32_t own = 0;
        for (uint64_t tick = 0; tick < 20000; tick++) {
            uint32_t peer;
            peers_at(&scope, 4, tick, &peer);
            counts[peer]++;
            own += peer < 20;
        }
        double mean = own / 19.0;
        double statistic = 0;
        for (uint32_t peer = 0; peer < 20; peer++) {
            statistic += peer == 4 ? 0 : (counts[peer] - mean) * (counts[peer] - mean) / mean;
        }
        cr_expect_eq(counts[4], 0);
        cr_expect(gsl_cdf_chisq_Q(statistic, 18) > 1e-6, "selection %u: %.1f", selections[i],
                  statistic);
    }
}

// Also where a group is too small for the fanout, down to a group of one, and up to everyone.
Test(peers, that_are_biased_are_distinct_members_and_never_the_node_itself)
{
    static const uint32_t groups[] = {0, 1, 4, 60, 61, 64};
    for (enum mesh_selection selection = MESH_LOCAL_BIAS; selection <= MESH_HYBRID; selection++) {
        for (uint32_t fanout = 1; fanout <= 70; fanout += 3) {
            for (uint32_t bias = 0; bias <= 100; bias += 50) {
                struct mesh_scope scope = {.first = 7,
                                           .count = 64,
                                           .fanout = fanout,
                                           .selection = selection,
                                           .bias_percent = bias,
                                           .group_starts = groups,
                                           .group_count = 5};
                for (uint32_t node = 7; node < 7 + 64; node += 9) {
                    expect_valid(&scope, node, fanout);
                }
            }
        }
    }
}

Test(peers, of_a_smaller_fanout_are_the_first_of_a_larger_one_also_when_biased)
{
    for (enum mesh_selection selection = MESH_LOCAL_BIAS; selection <= MESH_HYBRID; selection++) {
        struct mesh_scope scope = three_groups(selection, 80);
        for (uint64_t tick = 0; tick < 20; tick++) {
            uint32_t many[100];
            uint32_t few[100];
            scope.fanout = 100;
            peers_at(&scope, 11, tick, many);
            for (uint32_t fanout = 1; fanout < 100; fanout += 7) {
                scope.fanout = fanout;
                cr_assert_eq(peers_at(&scope, 11, tick, few), fanout);
                cr_assert_eq(memcmp(few, many, fanout * sizeof *few), 0, "tick %lu, fanout %u",
                             tick, fanout);
            }
        }
    }
}

Test(peers, that_are_biased_stand_in_a_list_where_a_contiguous_block_has_them)
{
    static const uint32_t groups[] = {0, 10, 50};
    uint32_t members[50];
    for (uint32_t i = 0; i < 50; i++) {
        members[i] = 3 + i * i;
    }
    struct mesh_scope listed = {.members = members,
                                .count = 50,
                                .fanout = 12,
                                .selection = MESH_HYBRID,
                                .bias_percent = 80,
                                .group_starts = groups,
                                .group_count = 2};
    struct mesh_scope block = listed;
    block.members = NULL;
    for (uint32_t position = 0; position < 50; position++) {
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

// Where nobody is nearer than another, every selection is the uniform one, draw by draw.
Test(peers, of_one_group_are_uniform_whatever_the_selection)
{
    for (uint64_t tick = 0; tick < 100; tick++) {
        uint32_t uniform[10];
        uint32_t biased[10];
        struct mesh_scope scope = {.count = GROUP, .fanout = 10};
        peers_at(&scope, 11, tick, uniform);
        scope.bias_percent = 80;
        for (enum mesh_selection selection = MESH_LOCAL_BIAS; selection <= MESH_HYBRID;
             selection++) {
            scope.selection = selection;
            scope.group_starts = NULL;
            peers_at(&scope, 11, tick, biased);
            cr_assert_eq(memcmp(uniform, biased, sizeof uniform), 0, "no groups");
            scope.group_starts = starts;
            scope.group_count = 1;
            peers_at(&scope, 11, tick, biased);
            cr_assert_eq(memcmp(uniform, biased, sizeof uniform), 0, "one group");
        }
    }
}
