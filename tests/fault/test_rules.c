// SPDX-License-Identifier: GPL-3.0-or-later
#include "rules.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define NODES 6

// Sides as digits: "112200" puts nodes 0 and 1 on side 1, 2 and 3 on side 2.
static struct sim_rule rule_of(enum sim_rule_kind kind, uint64_t from_ns, uint64_t until_ns,
                               const char *sides)
{
    struct sim_rule rule = {.kind = kind, .from_ns = from_ns, .until_ns = until_ns};
    rule.sides = calloc(NODES, sizeof *rule.sides);  // the rules free it
    cr_assert_not_null(rule.sides);
    for (uint32_t node = 0; node < NODES; node++) {
        rule.sides[node] = (uint32_t)(sides[node] - '0');
    }
    return rule;
}

static bool cut(const struct sim_rules *rules, uint32_t source, uint32_t target, uint64_t sent_ns)
{
    uint64_t delay_ns;
    return sim_rules_cut(rules, source, target, sent_ns, &delay_ns);
}

static uint64_t delay(const struct sim_rules *rules, uint32_t source, uint32_t target,
                      uint64_t sent_ns)
{
    uint64_t delay_ns;
    cr_expect(!sim_rules_cut(rules, source, target, sent_ns, &delay_ns));
    return delay_ns;
}

Test(rules, a_partition_cuts_between_its_sides_while_it_lasts)
{
    struct sim_rules rules = {0};
    struct sim_rule rule = rule_of(SIM_RULE_CUT, 10, 20, "112300");
    sim_rules_add(&rules, &rule);
    cr_expect(cut(&rules, 0, 2, 10) && cut(&rules, 2, 1, 19), "between sides, both ways");
    cr_expect(cut(&rules, 2, 3, 15), "sides 2 and 3");
    cr_expect(!cut(&rules, 0, 1, 15), "within a side");
    cr_expect(!cut(&rules, 0, 4, 15) && !cut(&rules, 5, 2, 15), "with who is on no side");
    cr_expect(!cut(&rules, 0, 2, 9) && !cut(&rules, 0, 2, 20), "before it, and at its end");
    sim_rules_finish(&rules);
}

Test(rules, one_way_partitions_cut_what_their_first_side_sends_or_hears)
{
    struct sim_rules rules = {0};
    struct sim_rule out = rule_of(SIM_RULE_CUT, 0, 10, "112222");
    struct sim_rule in = rule_of(SIM_RULE_CUT, 10, 20, "112222");
    out.direction = SIM_OUTWARD;
    in.direction = SIM_INWARD;
    sim_rules_add(&rules, &out);
    sim_rules_add(&rules, &in);
    cr_expect(cut(&rules, 0, 5, 5) && !cut(&rules, 5, 0, 5));
    cr_expect(!cut(&rules, 0, 5, 15) && cut(&rules, 5, 0, 15));
    sim_rules_finish(&rules);
}

Test(rules, delays_of_slow_targets_add_up)
{
    struct sim_rules rules = {0};
    struct sim_rule slow = rule_of(SIM_RULE_SLOW, 0, 100, "010000");
    struct sim_rule slower = rule_of(SIM_RULE_SLOW, 50, SIM_FAULT_NEVER, "011000");
    slow.delay_ns = 7;
    slower.delay_ns = 30;
    sim_rules_add(&rules, &slow);
    sim_rules_add(&rules, &slower);
    cr_expect_eq(delay(&rules, 1, 0, 60), 0, "what a slow node sends is not late by this");
    cr_expect_eq(delay(&rules, 0, 1, 49), 7);
    cr_expect_eq(delay(&rules, 0, 1, 60), 37);
    cr_expect_eq(delay(&rules, 0, 1, 100), 30);
    cr_expect_eq(delay(&rules, 0, 2, 60), 30);
    sim_rules_finish(&rules);
}

Test(rules, what_a_clogged_node_sends_or_should_hear_waits_until_it_is_let_go)
{
    struct sim_rules rules = {0};
    sim_rules_add(&rules, &(struct sim_rule){
                              .kind = SIM_RULE_CLOG, .from_ns = 10, .until_ns = 50, .node = 3});
    sim_rules_add(&rules, &(struct sim_rule){
                              .kind = SIM_RULE_CLOG, .from_ns = 10, .until_ns = 40, .node = 4});
    cr_expect_eq(delay(&rules, 3, 0, 10), 40);
    cr_expect_eq(delay(&rules, 0, 4, 15), 25);
    cr_expect_eq(delay(&rules, 4, 3, 30), 20, "both must be let go");
    cr_expect_eq(delay(&rules, 0, 1, 30), 0);
    cr_expect_eq(delay(&rules, 0, 3, 50), 0);
    sim_rules_finish(&rules);
}

Test(rules, those_that_are_over_are_dropped)
{
    struct sim_rules rules = {0};
    struct sim_rule first = rule_of(SIM_RULE_CUT, 0, 10, "120000");
    struct sim_rule second = rule_of(SIM_RULE_CUT, 5, 30, "012000");
    sim_rules_add(&rules, &first);
    sim_rules_add(&rules, &second);
    sim_rules_expire(&rules, 9);
    cr_expect_eq(rules.count, 2);
    sim_rules_expire(&rules, 10);
    cr_assert_eq(rules.count, 1);
    cr_expect(!cut(&rules, 0, 1, 12) && cut(&rules, 1, 2, 12));
    sim_rules_finish(&rules);
}

#define CLASS 2

static uint32_t loss(const struct sim_rules *rules, uint32_t source, uint32_t target,
                     uint64_t time_ns)
{
    struct sim_link_change change;
    bool changed = sim_rules_change(rules, source, target, CLASS, time_ns, &change);
    cr_expect_eq(changed, change.given != 0);
    return (change.given >> SIM_LINK_LOSS & 1) != 0 ? change.loss_ppb : 0;
}

Test(rules, links_of_one_side_or_between_two_or_of_all_are_changed)
{
    struct sim_rules rules = {0};
    struct sim_rule all = rule_of(SIM_RULE_LINK, 0, 10, "000000");
    struct sim_rule out = rule_of(SIM_RULE_LINK, 10, 20, "110000");
    struct sim_rule between = rule_of(SIM_RULE_LINK, 20, 30, "112200");
    free(all.sides);
    all.sides = NULL;
    out.direction = SIM_OUTWARD;
    between.faces = true;
    all.pairs = out.pairs = between.pairs = 1u << CLASS;
    all.link = out.link = between.link =
        (struct sim_link_change){.given = 1u << SIM_LINK_LOSS, .loss_ppb = 7};
    sim_rules_add(&rules, &all);
    sim_rules_add(&rules, &out);
    sim_rules_add(&rules, &between);
    cr_expect(loss(&rules, 4, 5, 9) == 7 && loss(&rules, 0, 1, 9) == 7);
    cr_expect(loss(&rules, 0, 5, 10) == 7 && loss(&rules, 0, 1, 10) == 7, "to anybody");
    cr_expect(loss(&rules, 5, 0, 10) == 0 && loss(&rules, 4, 5, 10) == 0);
    cr_expect(loss(&rules, 0, 2, 29) == 7 && loss(&rules, 3, 1, 29) == 7, "both ways");
    cr_expect(loss(&rules, 0, 1, 29) == 0 && loss(&rules, 2, 3, 29) == 0, "within a side");
    cr_expect(loss(&rules, 0, 4, 29) == 0 && loss(&rules, 0, 2, 30) == 0);
    struct sim_link_change change;
    cr_expect(!sim_rules_change(&rules, 4, 5, CLASS + 1, 9, &change), "of another class");
    sim_rules_finish(&rules);
}

Test(rules, of_several_that_change_a_link_the_last_to_begin_decides_setting_by_setting)
{
    struct sim_rules rules = {0};
    const struct sim_link_change first = {
        .given = 1u << SIM_LINK_LOSS | 1u << SIM_LINK_RATE, .loss_ppb = 1, .rate_bits_per_s = 2};
    const struct sim_link_change second = {.given = 1u << SIM_LINK_LOSS, .loss_ppb = 3};
    for (uint32_t i = 0; i < 2; i++) {
        struct sim_rule rule = rule_of(SIM_RULE_LINK, 10 * i, 30, "111111");
        rule.pairs = UINT32_MAX;
        rule.link = i == 0 ? first : second;
        sim_rules_add(&rules, &rule);
    }
    struct sim_link_change change;
    cr_expect(sim_rules_change(&rules, 0, 1, CLASS, 5, &change) && change.loss_ppb == 1);
    cr_expect(sim_rules_change(&rules, 0, 1, CLASS, 15, &change));
    cr_expect(change.loss_ppb == 3 && change.rate_bits_per_s == 2);
    sim_rules_finish(&rules);
}

// Each pair of nodes is in one class exactly if no cut that holds then tells one from the other.
Test(rules, nodes_are_divided_by_the_cuts_that_hold_just_then)
{
    struct sim_rules rules = {0};
    struct sim_rule one = rule_of(SIM_RULE_CUT, 0, 20, "112200");
    struct sim_rule two = rule_of(SIM_RULE_CUT, 10, 30, "121212");
    struct sim_rule slow = rule_of(SIM_RULE_SLOW, 0, 30, "100000");
    static const char *const kinds_at[] = {"112233", "123456", "121212", "111111"};
    sim_rules_add(&rules, &one);
    sim_rules_add(&rules, &two);
    sim_rules_add(&rules, &slow);
    for (uint64_t i = 0; i < 4; i++) {
        uint32_t classes[NODES] = {0};
        uint32_t count = sim_rules_divide(&rules, 5 + 10 * i, NODES, classes, 1);
        uint32_t most = 0;
        for (uint32_t a = 0; a < NODES; a++) {
            most = classes[a] + 1 > most ? classes[a] + 1 : most;
            for (uint32_t b = 0; b < NODES; b++) {
                cr_expect_eq(classes[a] == classes[b], kinds_at[i][a] == kinds_at[i][b],
                             "at %lu: %u and %u", 5 + 10 * i, a, b);
            }
        }
        cr_expect_eq(count, most);
    }
    sim_rules_finish(&rules);
}
