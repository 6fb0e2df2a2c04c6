// SPDX-License-Identifier: GPL-3.0-or-later
// From firings of the timeline to actions and rules (faults.h).
#include <assert.h>
#include <stdlib.h>

#include "allocate.h"
#include "firings.h"
#include "state.h"

#define ATTEMPTS 64u  // to find a node that is up, for a departure

static uint32_t *selected_of(struct sim_engine *engine)
{
    return engine->faults.selected;
}

uint32_t sim_firings_select(struct sim_engine *engine, const struct sim_selection *selection)
{
    const struct sim_faulting *faulting = &engine->config.faulting;
    return faulting->select(faulting->context, selection, selected_of(engine));
}

// The nodes of a selection, drawn if it has a share or a number; in the scratch.
static uint32_t select_nodes(struct sim_engine *engine, const struct sim_selection *selection,
                             const struct sim_firing *firing)
{
    uint32_t count = sim_firings_select(engine, selection);
    return sim_fault_pick(engine->config.faulting.seed, firing, selected_of(engine), count,
                          sim_selection_wanted(selection, count));
}

static void count_firing(struct sim_engine *engine, const struct sim_firing *firing, uint32_t nodes)
{
    struct sim_fault_count *count = &engine->faults.counts[firing->entry];
    count->first_ns = count->firings == 0 ? firing->time_ns : count->first_ns;
    count->last_ns = firing->time_ns;
    count->firings++;
    count->empty += nodes == 0;
    count->nodes += nodes;
}

// ---- What happens to nodes ----

struct sim_action *sim_firings_room(struct sim_faults *faults, uint32_t count)
{
    uint32_t needed = faults->pending_count + SIM_FAULT_ACTIONS_MAX * count;
    if (needed > faults->pending_capacity) {
        faults->pending_capacity = 2 * needed;
        faults->pending =
            sim_memory_resize(faults->pending, faults->pending_capacity * sizeof *faults->pending);
    }
    return faults->pending + faults->pending_count;
}

void sim_firings_made(struct sim_faults *faults, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct sim_action *action = &faults->pending[faults->pending_count++];
        if (action->time_ns < faults->pending_least_ns) {
            faults->pending_least_ns = action->time_ns;
        }
    }
}

static void add_actions(struct sim_engine *engine, const struct sim_firing *firing, uint32_t count)
{
    const struct sim_faulting *faulting = &engine->config.faulting;
    struct sim_action *made = sim_firings_room(&engine->faults, count);
    sim_firings_made(&engine->faults,
                     sim_fault_act(&faulting->faults[firing->entry], faulting->seed, firing,
                                   selected_of(engine), count, made));
}

static bool is_going_down(const struct sim_faults *faults, uint32_t first_pending, uint32_t node)
{
    bool going = faults->conditions[node].down > 0;
    for (uint32_t i = first_pending; i < faults->pending_count && !going; i++) {
        going = faults->pending[i].node == node && faults->pending[i].kind == SIM_ACTION_DOWN;
    }
    return going;
}

// One node that is up as the window begins; of a share always the same nodes come and go.
static uint32_t select_departure(struct sim_engine *engine, const struct sim_fault *fault,
                                 const struct sim_firing *firing, uint32_t first_pending)
{
    const struct sim_firing first = {firing->time_ns, firing->entry, 0};
    uint32_t *nodes = selected_of(engine);
    uint32_t count = select_nodes(engine, &fault->of, &first);
    for (uint32_t attempt = 0; attempt < ATTEMPTS && count > 0; attempt++) {
        uint32_t node =
            nodes[sim_fault_departs(engine->config.faulting.seed, firing, attempt, count)];
        if (!is_going_down(&engine->faults, first_pending, node)) {
            nodes[0] = node;
            return 1;
        }
    }
    return 0;
}

// ---- What happens between nodes ----

static void hold_rule(struct sim_engine *engine, const struct sim_rule *rule)
{
    const struct sim_observer *observer = &engine->config.observer;
    sim_rules_add(&engine->faults.rules, rule);
    if (observer->ruled != NULL) {
        observer->ruled(observer->context, rule);
    }
}

static uint32_t put_on_side(struct sim_engine *engine, const struct sim_selection *selection,
                            const struct sim_firing *firing, uint32_t side, uint32_t *sides)
{
    uint32_t count = select_nodes(engine, selection, firing);
    uint32_t put = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t *at = &sides[selected_of(engine)[i]];
        put += *at == 0;
        *at = *at == 0 ? side : *at;
    }
    return put;
}

// Every place a side of its own.
static uint32_t divide_by_place(struct sim_engine *engine, const struct sim_fault *fault,
                                const struct sim_firing *firing, uint32_t *sides)
{
    const struct sim_faulting *faulting = &engine->config.faulting;
    uint32_t count = engine->config.node_count;
    uint32_t *nodes = selected_of(engine);
    if (fault->of.named) {
        count = select_nodes(engine, &fault->of, firing);
    } else {
        for (uint32_t node = 0; node < count; node++) {
            nodes[node] = node;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        // Nodes that are in no such place, aggregators where edges are islands, share a side.
        uint32_t place = faulting->place_of(faulting->context, fault->between, nodes[i]);
        sides[nodes[i]] = place == UINT32_MAX ? UINT32_MAX : place + 1;
    }
    return count;
}

static uint32_t divide(struct sim_engine *engine, const struct sim_fault *fault,
                       const struct sim_firing *firing, uint32_t *sides)
{
    if (fault->by_place) {
        return divide_by_place(engine, fault, firing, sides);
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < fault->group_count; i++) {
        count += put_on_side(engine, &fault->groups[i], firing, 1 + i, sides);
    }
    if (fault->group_count > 0) {
        return count;
    }
    count = put_on_side(engine, &fault->of, firing, 1, sides);
    if (count > 0 && fault->from.named) {
        put_on_side(engine, &fault->from, firing, 2, sides);
        return count;
    }
    for (uint32_t node = 0; node < engine->config.node_count; node++) {
        sides[node] = sides[node] == 0 ? 2 : sides[node];
    }
    return count;
}

// Nobody named: the links of all.
static uint32_t choose_links(struct sim_engine *engine, const struct sim_fault *fault,
                             const struct sim_firing *firing, struct sim_rule *rule)
{
    uint32_t nodes = engine->config.node_count;
    rule->pairs = fault->pairs == 0 ? UINT32_MAX : fault->pairs;
    rule->link = fault->link;
    rule->faces = fault->from.named;
    if (!fault->of.named) {
        return nodes;
    }
    rule->sides = sim_memory_zeroed(nodes * sizeof *rule->sides);
    uint32_t count = put_on_side(engine, &fault->of, firing, 1, rule->sides);
    return count == 0 || !rule->faces
               ? count
               : count + put_on_side(engine, &fault->from, firing, 2, rule->sides);
}

static uint32_t choose_sides(struct sim_engine *engine, const struct sim_fault *fault,
                             const struct sim_firing *firing, struct sim_rule *rule)
{
    rule->sides = sim_memory_zeroed(engine->config.node_count * sizeof *rule->sides);
    return rule->kind == SIM_RULE_SLOW ? put_on_side(engine, &fault->of, firing, 1, rule->sides)
                                       : divide(engine, fault, firing, rule->sides);
}

static uint32_t add_rule(struct sim_engine *engine, const struct sim_fault *fault,
                         const struct sim_firing *firing)
{
    bool link = fault->verb == SIM_FAULT_LINK;
    uint64_t lasts_ns = fault->until_ns - fault->at_ns;
    struct sim_rule rule = {
        .entry = firing->entry,
        .kind = link                            ? SIM_RULE_LINK
                : fault->verb == SIM_FAULT_SLOW ? SIM_RULE_SLOW
                                                : SIM_RULE_CUT,
        .from_ns = firing->time_ns,
        .until_ns =
            fault->until_ns == SIM_FAULT_NEVER ? SIM_FAULT_NEVER : firing->time_ns + lasts_ns,
        .delay_ns = fault->delay_ns,
        .direction = fault->direction,
    };
    uint32_t count = link ? choose_links(engine, fault, firing, &rule)
                          : choose_sides(engine, fault, firing, &rule);
    hold_rule(engine, &rule);
    return count;
}

struct clogged {
    uint64_t draw;
    uint32_t node;
};

static int by_draw(const void *left, const void *right)
{
    const struct clogged *a = left;
    const struct clogged *b = right;
    if (a->draw != b->draw) {
        return a->draw < b->draw ? -1 : 1;
    }
    return a->node < b->node ? -1 : a->node > b->node;
}

// The nodes in an order that is drawn for clogging (word 0) or letting go (word 2).
static void shuffle(struct sim_engine *engine, const struct sim_firing *firing, uint32_t word,
                    struct clogged *clogged, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct mesh_random random =
            mesh_draw(engine->config.faulting.seed, SIM_DRAW_SWIZZLE, 0, clogged[i].node,
                      (uint64_t)firing->entry << 32 | firing->number);
        clogged[i].draw = (uint64_t)random.word[word] << 32 | random.word[word + 1];
    }
    qsort(clogged, count, sizeof *clogged, by_draw);
}

// All are clogged, one per gap, and then all are let go, one per gap.
static uint32_t clog_nodes(struct sim_engine *engine, const struct sim_fault *fault,
                           const struct sim_firing *firing)
{
    uint32_t count = select_nodes(engine, &fault->of, firing);
    struct clogged *clogged = sim_memory_zeroed(count * sizeof *clogged);
    uint64_t *from_ns = sim_memory_zeroed(engine->config.node_count * sizeof *from_ns);
    for (uint32_t i = 0; i < count; i++) {
        clogged[i].node = selected_of(engine)[i];
    }
    shuffle(engine, firing, 0, clogged, count);
    for (uint32_t i = 0; i < count; i++) {
        from_ns[clogged[i].node] = firing->time_ns + i * fault->gap_ns;
    }
    shuffle(engine, firing, 2, clogged, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t node = clogged[i].node;
        hold_rule(engine, &(struct sim_rule){
                              .entry = firing->entry,
                              .kind = SIM_RULE_CLOG,
                              .from_ns = from_ns[node],
                              .until_ns = firing->time_ns + (uint64_t)(count + i) * fault->gap_ns,
                              .node = node,
                          });
    }
    sim_memory_free(from_ns);
    sim_memory_free(clogged);
    return count;
}

// ---- All ----

void sim_firings_take(struct sim_engine *engine, uint64_t end_ns)
{
    struct sim_faults *faults = &engine->faults;
    uint32_t first_pending = faults->pending_count;
    struct sim_firing firing;
    while (sim_timeline_next(&faults->timeline, end_ns, &firing)) {
        const struct sim_fault *fault = &engine->config.faulting.faults[firing.entry];
        uint32_t count;
        switch (fault->verb) {
        case SIM_FAULT_PARTITION:
        case SIM_FAULT_SLOW:
        case SIM_FAULT_LINK: count = add_rule(engine, fault, &firing); break;
        case SIM_FAULT_SWIZZLE: count = clog_nodes(engine, fault, &firing); break;
        case SIM_FAULT_CHURN:
            count = select_departure(engine, fault, &firing, first_pending);
            add_actions(engine, &firing, count);
            break;
        case SIM_FAULT_AUTO_SCALING: count = sim_scale(engine, &firing); break;
        case SIM_FAULT_STARVE: count = sim_starve(engine, &firing); break;
        case SIM_FAULT_SPOT_RECLAIM:
            count = sim_select_hosts(engine, &firing);
            add_actions(engine, &firing, count);
            break;
        default:
            count = select_nodes(engine, &fault->of, &firing);
            add_actions(engine, &firing, count);
        }
        count_firing(engine, &firing, count);
    }
}
