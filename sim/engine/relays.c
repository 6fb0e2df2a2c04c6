// SPDX-License-Identifier: GPL-3.0-or-later
#include "relays.h"

#include <assert.h>
#include <string.h>

#include "allocate.h"
#include "mesh/schedule.h"
#include "state.h"

static const struct mesh_scope *link_of(const struct sim_engine *engine, uint32_t link)
{
    return &engine->config.mesh->scopes[engine->config.relaying.link_first + link];
}

// Position of `node` among a link's members, or where it would be.
static uint32_t position_of(const struct mesh_scope *scope, uint32_t node)
{
    uint32_t low = 0;
    uint32_t high = scope->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (scope->members[middle] < node) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_member(const struct mesh_scope *scope, uint32_t node)
{
    uint32_t position = position_of(scope, node);
    return position < scope->count && scope->members[position] == node;
}

// ---- Lifecycle ----

void sim_relays_create(struct sim_engine *engine)
{
    struct sim_relays *relays = &engine->relays;
    relays->by_verdict = engine->faults.any && engine->config.relaying.reconsidered != NULL;
    if (!engine->faults.any || (engine->config.relaying.silence_ns == 0 && !relays->by_verdict)) {
        return;
    }
    relays->link_count =
        (uint32_t)engine->config.relaying.link_end - engine->config.relaying.link_first;
    relays->starts = sim_memory_zeroed((relays->link_count + 1) * sizeof *relays->starts);
    for (uint32_t link = 0; link < relays->link_count; link++) {
        relays->starts[link + 1] = relays->starts[link] + link_of(engine, link)->count;
    }
    relays->heard_ns =
        sim_memory_zeroed(relays->starts[relays->link_count] * sizeof *relays->heard_ns);
}

void sim_relays_finish(struct sim_engine *engine)
{
    sim_memory_free(engine->relays.starts);
    sim_memory_free(engine->relays.heard_ns);
    sim_memory_free(engine->relays.changes);
}

// ---- Hearing ----

void sim_relays_heard(struct sim_engine *engine, const struct mesh_event *event)
{
    struct sim_relays *relays = &engine->relays;
    uint32_t link = event->scope - engine->config.relaying.link_first;
    const struct mesh_scope *scope = link_of(engine, link);
    uint32_t position = position_of(scope, event->message->source);
    if (event->node == scope->callees[0] && position < scope->count &&
        scope->members[position] == event->message->source) {
        relays->heard_ns[relays->starts[link] + position] = event->time_ns;
    }
}

bool sim_relays_refuse(const struct sim_engine *engine, uint16_t scope, uint32_t node)
{
    if (!engine->relays.replaced || scope < engine->config.relaying.link_first ||
        scope >= engine->config.relaying.link_end) {
        return false;
    }
    const struct mesh_scope *link = &engine->config.mesh->scopes[scope];
    return node != link->callees[0] && !is_member(link, node);
}

// ---- Taking over ----

static void swap_members(struct sim_engine *engine, uint32_t link, uint32_t from, uint32_t to,
                         uint64_t now_ns)
{
    struct sim_relays *relays = &engine->relays;
    const struct mesh_scope *scope = link_of(engine, link);
    uint32_t *members = engine->config.relaying.members[link];
    uint64_t *heard_ns = relays->heard_ns + relays->starts[link];
    uint32_t place = position_of(scope, from);
    assert(members == scope->members && members[place] == from);
    for (; place + 1 < scope->count && members[place + 1] < to; place++) {
        members[place] = members[place + 1];
        heard_ns[place] = heard_ns[place + 1];
    }
    for (; place > 0 && members[place - 1] > to; place--) {
        members[place] = members[place - 1];
        heard_ns[place] = heard_ns[place - 1];
    }
    members[place] = to;
    heard_ns[place] = now_ns;
}

static void move_heap_timer(struct sim_engine *engine, uint32_t from,
                            const struct sim_heap_event *to)
{
    struct sim_heap *heap = &engine->workers[0]->heap;
    struct sim_heap kept = {0};
    for (uint32_t i = 0; i < heap->count; i++) {
        const struct sim_heap_event *event = &heap->events[i];
        if (event->received || event->target != from || event->reference != to->reference) {
            sim_heap_push(&kept, event);
        }
    }
    sim_heap_finish(heap);
    *heap = kept;
    sim_heap_push(heap, to);
}

static uint32_t local_of(const struct sim_engine *engine, uint32_t node)
{
    return node - sim_states_of(engine, node)->node_first;
}

static void move_timer(struct sim_engine *engine, uint16_t scope, uint32_t from, uint32_t to,
                       uint64_t now_ns)
{
    uint64_t at_ns = mesh_schedule_first_ns(engine->config.mesh, scope, to, now_ns);
    if (engine->config.queue == SIM_QUEUE_HEAP) {
        uint32_t reference = SIM_REFERENCE_TICK + scope;
        move_heap_timer(
            engine, from,
            &(struct sim_heap_event){
                .time_ns = at_ns, .target = to, .source = reference, .reference = reference});
        return;
    }
    sim_timers_remove(sim_engine_timers(engine, from, scope), local_of(engine, from));
    sim_timers_insert(sim_engine_timers(engine, to, scope), at_ns, local_of(engine, to));
}

static void note_change(struct sim_relays *relays, const struct sim_transition *change)
{
    if (relays->change_count == relays->change_capacity) {
        relays->change_capacity = relays->change_capacity == 0 ? 16 : 2 * relays->change_capacity;
        relays->changes =
            sim_memory_resize(relays->changes, relays->change_capacity * sizeof *relays->changes);
    }
    relays->changes[relays->change_count++] = *change;
}

static void take_over(struct sim_engine *engine, uint32_t link, uint32_t from, uint32_t to,
                      uint64_t now_ns)
{
    uint16_t scope = (uint16_t)(engine->config.relaying.link_first + link);
    swap_members(engine, link, from, to, now_ns);
    sim_roles_hand_over(engine, scope, from, to);
    sim_tiers_hand_over(engine, from, to);
    move_timer(engine, scope, from, to, now_ns);
    engine->relays.replaced = true;
    note_change(&engine->relays,
                &(struct sim_transition){
                    .time_ns = now_ns, .node = to, .other = from, .kind = SIM_TRANSITION_RELAY});
}

// ---- A window ends ----

// Whoever is back may be a relay again; an aggregator that is back has forgotten who was silent.
static void welcome(struct sim_engine *engine, uint32_t node, uint64_t now_ns)
{
    struct sim_relays *relays = &engine->relays;
    const struct sim_relaying *relaying = &engine->config.relaying;
    uint32_t link;
    for (link = 0; link < relays->link_count; link++) {
        if (link_of(engine, link)->callees[0] != node) {
            continue;
        }
        for (uint32_t i = relays->starts[link]; i < relays->starts[link + 1]; i++) {
            relays->heard_ns[i] = now_ns;
        }
        return;
    }
    uint32_t from = relaying->returned(relaying->context, engine, node, &link);
    if (from != MESH_NODE_NONE) {
        take_over(engine, link, from, node, now_ns);
    }
}

// What the members of edges think of each other has changed in the window before.
static void heed_verdicts(struct sim_engine *engine, uint64_t now_ns)
{
    const struct sim_relaying *relaying = &engine->config.relaying;
    for (uint32_t i = 0; i < engine->swims.turned_count; i++) {
        uint32_t link;
        uint32_t from;
        uint32_t to;
        if (relaying->reconsidered(relaying->context, engine, engine->swims.turned[i], &link, &from,
                                   &to)) {
            take_over(engine, link, from, to, now_ns);
        }
    }
    engine->swims.turned_count = 0;
}

// The relay of the link that has been silent for too long, the first of them.
static uint32_t silent_relay(const struct sim_engine *engine, uint32_t link, uint64_t now_ns)
{
    const struct sim_relays *relays = &engine->relays;
    for (uint32_t i = relays->starts[link]; i < relays->starts[link + 1]; i++) {
        if (now_ns - relays->heard_ns[i] > engine->config.relaying.silence_ns) {
            return i - relays->starts[link];
        }
    }
    return MESH_NODE_NONE;
}

static void replace_silent(struct sim_engine *engine, uint32_t link, uint64_t now_ns)
{
    const struct sim_relaying *relaying = &engine->config.relaying;
    const struct mesh_scope *scope = link_of(engine, link);
    uint32_t aggregator = scope->callees[0];
    if (sim_engine_is_down(engine, aggregator) || sim_engine_is_paused(engine, aggregator)) {
        return;
    }
    uint32_t position = silent_relay(engine, link, now_ns);
    while (position != MESH_NODE_NONE) {
        uint32_t relay = scope->members[position];
        uint32_t to = relaying->successor(relaying->context, engine, link, relay);
        if (to == MESH_NODE_NONE) {  // nobody is left: it is given as long again
            engine->relays.heard_ns[engine->relays.starts[link] + position] = now_ns;
        } else {
            take_over(engine, link, relay, to, now_ns);
        }
        position = silent_relay(engine, link, now_ns);
    }
}

void sim_relays_end_window(struct sim_engine *engine)
{
    const struct sim_faults *faults = &engine->faults;
    uint64_t now_ns = (engine->window + 1) * engine->window_ns;
    if (engine->relays.link_count == 0) {
        return;
    }
    if (engine->relays.by_verdict) {
        heed_verdicts(engine, now_ns);
        return;
    }
    for (uint32_t i = 0; i < faults->transition_count; i++) {
        const struct sim_transition *transition = &faults->transitions[i];
        bool back =
            transition->kind == SIM_TRANSITION_UP || transition->kind == SIM_TRANSITION_RESUMED;
        if (back && !sim_engine_is_down(engine, transition->node)) {
            welcome(engine, transition->node, now_ns);
        }
    }
    for (uint32_t link = 0; link < engine->relays.link_count; link++) {
        replace_silent(engine, link, now_ns);
    }
}
