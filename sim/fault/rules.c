// SPDX-License-Identifier: GPL-3.0-or-later
#include "rules.h"

#include <stdlib.h>

#include "allocate.h"

void sim_rules_finish(struct sim_rules *rules)
{
    for (uint32_t i = 0; i < rules->count; i++) {
        sim_memory_free(rules->items[i].sides);
    }
    sim_memory_free(rules->items);
}

void sim_rules_add(struct sim_rules *rules, const struct sim_rule *rule)
{
    if (rules->count == rules->capacity) {
        rules->capacity = rules->capacity == 0 ? 16 : 2 * rules->capacity;
        rules->items = sim_memory_resize(rules->items, rules->capacity * sizeof *rules->items);
    }
    rules->items[rules->count++] = *rule;
}

bool sim_rule_concerns(const struct sim_rule *rule, uint32_t node)
{
    return rule->kind == SIM_RULE_CLOG ? rule->node == node
                                       : rule->sides == NULL || rule->sides[node] != 0;
}

void sim_rules_expire(struct sim_rules *rules, uint64_t time_ns)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < rules->count; i++) {
        if (rules->items[i].until_ns > time_ns) {
            rules->items[kept++] = rules->items[i];
        } else {
            sim_memory_free(rules->items[i].sides);
        }
    }
    rules->count = kept;
}

static bool cuts(const struct sim_rule *rule, uint32_t source, uint32_t target)
{
    uint32_t from = rule->sides[source];
    uint32_t to = rule->sides[target];
    if (from == 0 || to == 0 || from == to) {
        return false;
    }
    return rule->direction == SIM_BOTH_WAYS || (rule->direction == SIM_OUTWARD) == (from == 1);
}

static void consider(uint64_t time_ns, uint64_t after_ns, uint64_t *next_ns)
{
    if (time_ns > after_ns && time_ns < *next_ns) {
        *next_ns = time_ns;
    }
}

uint64_t sim_rules_next_cut_ns(const struct sim_rules *rules, uint64_t after_ns)
{
    uint64_t next_ns = SIM_FAULT_NEVER;
    for (uint32_t i = 0; i < rules->count; i++) {
        if (rules->items[i].kind == SIM_RULE_CUT) {
            consider(rules->items[i].from_ns, after_ns, &next_ns);
            consider(rules->items[i].until_ns, after_ns, &next_ns);
        }
    }
    return next_ns;
}

struct divided {
    uint64_t key;  // class and side
    uint32_t node;
};

static int by_key(const void *left, const void *right)
{
    const struct divided *a = left;
    const struct divided *b = right;
    return a->key != b->key ? (a->key < b->key ? -1 : 1)
                            : (a->node > b->node) - (a->node < b->node);
}

static uint32_t divide(const struct sim_rule *rule, struct divided *divided, uint32_t nodes,
                       uint32_t *classes)
{
    uint32_t count = 0;
    for (uint32_t node = 0; node < nodes; node++) {
        divided[node] = (struct divided){(uint64_t)classes[node] << 32 | rule->sides[node], node};
    }
    qsort(divided, nodes, sizeof *divided, by_key);
    for (uint32_t i = 0; i < nodes; i++) {
        count += i == 0 || divided[i].key != divided[i - 1].key;
        classes[divided[i].node] = count - 1;
    }
    return count;
}

static bool holds(const struct sim_rule *rule, uint64_t time_ns)
{
    return rule->from_ns <= time_ns && time_ns < rule->until_ns;
}

uint32_t sim_rules_divide(const struct sim_rules *rules, uint64_t time_ns, uint32_t nodes,
                          uint32_t *classes, uint32_t class_count)
{
    struct divided *divided = sim_memory_zeroed(nodes * sizeof *divided);
    for (uint32_t i = 0; i < rules->count; i++) {
        const struct sim_rule *rule = &rules->items[i];
        bool divides = rule->kind == SIM_RULE_CUT || rule->kind == SIM_RULE_LINK;
        if (divides && rule->sides != NULL && holds(rule, time_ns)) {
            class_count = divide(rule, divided, nodes, classes);
        }
    }
    sim_memory_free(divided);
    return class_count;
}

bool sim_rules_link(const struct sim_rules *rules, uint64_t time_ns)
{
    for (uint32_t i = 0; i < rules->count; i++) {
        if (rules->items[i].kind == SIM_RULE_LINK && holds(&rules->items[i], time_ns)) {
            return true;
        }
    }
    return false;
}

uint32_t sim_rules_cutter(const struct sim_rules *rules, uint32_t source, uint32_t target,
                          uint64_t sent_ns)
{
    for (uint32_t i = 0; i < rules->count; i++) {
        const struct sim_rule *rule = &rules->items[i];
        if (rule->kind == SIM_RULE_CUT && sent_ns >= rule->from_ns && sent_ns < rule->until_ns &&
            cuts(rule, source, target)) {
            return rule->entry;
        }
    }
    return SIM_FAULTS_MAX;
}

bool sim_rules_cut(const struct sim_rules *rules, uint32_t source, uint32_t target,
                   uint64_t sent_ns, uint64_t *delay_ns)
{
    uint64_t clogged_ns = 0;
    *delay_ns = 0;
    for (uint32_t i = 0; i < rules->count; i++) {
        const struct sim_rule *rule = &rules->items[i];
        if (sent_ns < rule->from_ns || sent_ns >= rule->until_ns) {
            continue;
        }
        uint64_t left_ns = rule->until_ns - sent_ns;
        switch (rule->kind) {
        case SIM_RULE_CUT:
            if (cuts(rule, source, target)) {
                return true;
            }
            break;
        case SIM_RULE_SLOW: *delay_ns += rule->sides[target] != 0 ? rule->delay_ns : 0; break;
        case SIM_RULE_CLOG:
            if ((rule->node == source || rule->node == target) && left_ns > clogged_ns) {
                clogged_ns = left_ns;
            }
            break;
        case SIM_RULE_LINK: break;
        }
    }
    *delay_ns += clogged_ns;
    return false;
}

// ---- Links ----

static bool is_on(const struct sim_rule *rule, uint32_t source, uint32_t target)
{
    if (rule->sides == NULL) {
        return true;
    }
    uint32_t from = rule->sides[source];
    uint32_t to = rule->sides[target];
    bool outward = from == 1 && (!rule->faces || to == 2);
    bool inward = to == 1 && (!rule->faces || from == 2);
    return (outward && rule->direction != SIM_INWARD) || (inward && rule->direction != SIM_OUTWARD);
}

static void add_change(struct sim_link_change *sum, const struct sim_link_change *change)
{
    uint32_t given = change->given;
    sum->given |= given;
    if ((given >> SIM_LINK_LOSS & 1) != 0) {
        sum->loss_ppb = change->loss_ppb;
    }
    if ((given >> SIM_LINK_DUPLICATE & 1) != 0) {
        sum->duplicate_ppb = change->duplicate_ppb;
    }
    if ((given >> SIM_LINK_CORRUPT & 1) != 0) {
        sum->corrupt_ppb = change->corrupt_ppb;
    }
    if ((given >> SIM_LINK_LATENCY & 1) != 0) {
        sum->latency_ns_min = change->latency_ns_min;
        sum->latency_ns_max = change->latency_ns_max;
    }
    if ((given >> SIM_LINK_SCALE & 1) != 0) {
        sum->scale_ppb = change->scale_ppb;
    }
    if ((given >> SIM_LINK_RATE & 1) != 0) {
        sum->rate_bits_per_s = change->rate_bits_per_s;
    }
}

bool sim_rules_change(const struct sim_rules *rules, uint32_t source, uint32_t target,
                      uint32_t pair, uint64_t time_ns, struct sim_link_change *change)
{
    *change = (struct sim_link_change){0};
    for (uint32_t i = 0; i < rules->count; i++) {
        const struct sim_rule *rule = &rules->items[i];
        if (rule->kind == SIM_RULE_LINK && time_ns >= rule->from_ns && time_ns < rule->until_ns &&
            (rule->pairs >> pair & 1) != 0 && is_on(rule, source, target)) {
            add_change(change, &rule->link);
        }
    }
    return change->given != 0;
}
