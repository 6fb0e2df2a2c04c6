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
