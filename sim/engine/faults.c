// SPDX-License-Identifier: GPL-3.0-or-later
#include "faults.h"

#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "allocate.h"
#include "firings.h"
#include "mesh/release.h"
#include "order.h"
#include "state.h"

// ---- Lifecycle ----

static void find_homes(struct sim_engine *engine)
{
    const struct mesh_config *mesh = engine->config.mesh;
    struct sim_condition *conditions = engine->faults.conditions;
    for (uint32_t scope = mesh->scope_count; scope-- > 0;) {  // the first that it is in remains
        for (uint32_t i = 0; i < mesh->scopes[scope].count; i++) {
            conditions[sim_scope_member(&mesh->scopes[scope], i)].home = (uint16_t)scope;
        }
    }
}

void sim_faults_create(struct sim_engine *engine)
{
    struct sim_faults *faults = &engine->faults;
    const struct sim_faulting *faulting = &engine->config.faulting;
    if (faulting->count == 0) {
        return;
    }
    uint32_t nodes = engine->config.node_count;
    faults->any = true;
    faults->pending_least_ns = SIM_FAULT_NEVER;
    faults->conditions = sim_memory_zeroed(nodes * sizeof *faults->conditions);
    faults->touched = sim_memory_zeroed(nodes);
    faults->selected = sim_memory_zeroed(nodes * sizeof *faults->selected);
    faults->counts = sim_memory_zeroed(faulting->count * sizeof *faults->counts);
    faults->scaled = sim_memory_zeroed(faulting->count * sizeof *faults->scaled);
    sim_timeline_init(&faults->timeline, faulting->faults, faulting->count, faulting->seed);
    find_homes(engine);
}

void sim_faults_finish(struct sim_engine *engine)
{
    struct sim_faults *faults = &engine->faults;
    sim_timeline_finish(&faults->timeline);
    sim_rules_finish(&faults->rules);
    sim_memory_free(faults->conditions);
    sim_memory_free(faults->touched);
    sim_memory_free(faults->pending);
    sim_memory_free(faults->actions);
    sim_memory_free(faults->transitions);
    sim_memory_free(faults->joining);
    sim_memory_free(faults->selected);
    for (uint32_t i = 0; i < faults->timeline.count; i++) {
        sim_memory_free(faults->scaled[i]);
    }
    sim_memory_free(faults->scaled);
    sim_memory_free(faults->counts);
}

// ---- How a node is at an instant ----

static void apply(struct sim_condition *condition, const struct sim_action *action)
{
    bool open = action->until_ns == SIM_FAULT_NEVER;
    switch ((enum sim_action_kind)action->kind) {
    case SIM_ACTION_DOWN:
        condition->leaves = action->leaves && (condition->down == 0 || condition->leaves);
        condition->down++;
        condition->open += open;
        condition->lost |= action->disk_lost;
        break;
    case SIM_ACTION_UP: condition->down--; break;
    case SIM_ACTION_RESTART:
        condition->lost |= action->disk_lost && condition->down > 0;
        condition->down -= condition->open;
        condition->open = 0;
        break;
    case SIM_ACTION_PAUSE:
        condition->paused++;
        if (action->until_ns > condition->resume_ns) {
            condition->resume_ns = action->until_ns;
        }
        break;
    case SIM_ACTION_RESUME: condition->paused--; break;
    case SIM_ACTION_SKEW: condition->skew_ns += action->skew_ns; break;
    case SIM_ACTION_UNSKEW: condition->skew_ns -= action->skew_ns; break;
    case SIM_ACTION_DRAIN: condition->drained++; break;
    case SIM_ACTION_UNDRAIN: condition->drained--; break;
    }
    condition->resume_ns = condition->paused == 0 ? 0 : condition->resume_ns;
}

// The first of the window's actions of a node.
static uint32_t first_action(const struct sim_faults *faults, uint32_t node)
{
    uint32_t low = 0;
    uint32_t high = faults->action_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (faults->actions[middle].node < node) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct sim_condition condition_at(const struct sim_faults *faults, uint32_t node,
                                         uint64_t time_ns)
{
    struct sim_condition condition = faults->conditions[node];
    for (uint32_t i = first_action(faults, node);
         i < faults->action_count && faults->actions[i].node == node &&
         faults->actions[i].time_ns <= time_ns;
         i++) {
        apply(&condition, &faults->actions[i]);
    }
    return condition;
}

static bool is_usual(const struct sim_condition *condition)
{
    return condition->down == 0 && condition->paused == 0 && condition->drained == 0 &&
           condition->skew_ns == 0;
}

bool sim_faults_silence(const struct sim_engine *engine, uint64_t time_ns, uint32_t node)
{
    const struct sim_faults *faults = &engine->faults;
    if (!faults->busy || !faults->touched[node]) {
        return false;
    }
    struct sim_condition condition = condition_at(faults, node, time_ns);
    return condition.down > 0 || condition.paused > 0 || condition.drained > 0;
}

uint64_t sim_faults_resume_ns(const struct sim_engine *engine, uint64_t time_ns, uint32_t node)
{
    const struct sim_faults *faults = &engine->faults;
    if (!faults->busy || !faults->touched[node]) {
        return time_ns;
    }
    struct sim_condition condition = condition_at(faults, node, time_ns);
    return condition.paused > 0 && condition.resume_ns > time_ns ? condition.resume_ns : time_ns;
}

// ---- A window begins ----

static int by_node_and_time(const void *left, const void *right)
{
    const struct sim_action *a = left;
    const struct sim_action *b = right;
    if (a->node != b->node) {
        return a->node < b->node ? -1 : 1;
    }
    if (a->time_ns != b->time_ns) {
        return a->time_ns < b->time_ns ? -1 : 1;
    }
    if (a->entry != b->entry) {
        return a->entry < b->entry ? -1 : 1;
    }
    return a->kind < b->kind ? -1 : a->kind > b->kind;
}

// Moves the actions before `end_ns` from those to come to those of this window.
static void take_due(struct sim_faults *faults, uint64_t end_ns)
{
    uint32_t kept = 0;
    uint64_t least_ns = SIM_FAULT_NEVER;
    if (faults->pending_least_ns >= end_ns) {
        return;
    }
    for (uint32_t i = 0; i < faults->pending_count; i++) {
        const struct sim_action *action = &faults->pending[i];
        if (action->time_ns >= end_ns) {
            least_ns = action->time_ns < least_ns ? action->time_ns : least_ns;
            faults->pending[kept++] = *action;
            continue;
        }
        if (faults->action_count == faults->action_capacity) {
            faults->action_capacity =
                faults->action_capacity == 0 ? 64 : 2 * faults->action_capacity;
            faults->actions = sim_memory_resize(faults->actions,
                                                faults->action_capacity * sizeof *faults->actions);
        }
        faults->actions[faults->action_count++] = *action;
        faults->touched[action->node] = 1;
        faults->skewing |= action->kind == SIM_ACTION_SKEW;
    }
    faults->pending_count = kept;
    faults->pending_least_ns = least_ns;
    qsort(faults->actions, faults->action_count, sizeof *faults->actions, by_node_and_time);
}

static void add_transition(struct sim_faults *faults, const struct sim_transition *transition)
{
    if (faults->transition_count == faults->transition_capacity) {
        faults->transition_capacity =
            faults->transition_capacity == 0 ? 64 : 2 * faults->transition_capacity;
        faults->transitions = sim_memory_resize(
            faults->transitions, faults->transition_capacity * sizeof *faults->transitions);
    }
    faults->transitions[faults->transition_count++] = *transition;
}

// What is different after the actions of one instant.
static void add_differences(struct sim_faults *faults, const struct sim_action *action,
                            const struct sim_condition *before, const struct sim_condition *after)
{
    struct sim_transition transition = {.time_ns = action->time_ns, .node = action->node};
    if ((before->down > 0) != (after->down > 0)) {
        transition.kind = after->down > 0 ? SIM_TRANSITION_DOWN : SIM_TRANSITION_UP;
        transition.disk_lost = after->lost;
        transition.leaves = after->down > 0 && after->leaves && before->paused == 0;
        add_transition(faults, &transition);
        transition.leaves = false;
    }
    if ((before->paused > 0) != (after->paused > 0)) {
        transition.kind = after->paused > 0 ? SIM_TRANSITION_PAUSED : SIM_TRANSITION_RESUMED;
        transition.starves = action->starves;
        transition.disk_lost = false;
        add_transition(faults, &transition);
    }
    if (before->drained == 0 && after->drained > 0) {
        transition.kind = SIM_TRANSITION_LEAVING;
        transition.disk_lost = false;
        add_transition(faults, &transition);
    }
}

// Goes through the window's actions, node by node and instant by instant.
static void find_transitions(struct sim_faults *faults)
{
    for (uint32_t i = 0; i < faults->action_count;) {
        const struct sim_action *first = &faults->actions[i];
        struct sim_condition condition = faults->conditions[first->node];
        while (i < faults->action_count && faults->actions[i].node == first->node) {
            const struct sim_action *action = &faults->actions[i];
            struct sim_condition before = condition;
            for (; i < faults->action_count && faults->actions[i].node == action->node &&
                   faults->actions[i].time_ns == action->time_ns;
                 i++) {
                apply(&condition, &faults->actions[i]);
            }
            add_differences(faults, action, &before, &condition);
            condition.lost &= condition.down > 0;
        }
    }
}

// Once per checkpoint: messages that wait for longer than the rings reach.
static bool waiting_fits(struct sim_engine *engine)
{
    uint64_t start_ns = engine->window * engine->window_ns;
    uint64_t bytes = engine->replica_bytes + engine->swims.view_bytes;
    uint64_t count = 0;
    if (engine->config.memory_bytes == 0 || start_ns % SIM_CHECKPOINT_NS >= engine->window_ns) {
        return true;
    }
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        const struct sim_ring *ring = &engine->workers[i]->ring;
        count += ring->far_count;
        for (uint32_t j = 0; j < ring->far_count; j++) {
            bytes += sim_message_words(ring->far[j].message) * sizeof(uint64_t) + sizeof *ring->far;
        }
    }
    return bytes <= engine->config.memory_bytes ||
           sim_error_set(
               &engine->failure, SIM_ERROR_INTERNAL,
               "at %" PRIu64 " ms %" PRIu64 " messages wait for the end of a pause, which "
               "with the replicas needs %" PRIu64 " KiB of %" PRIu64,
               start_ns / 1000000, count, (bytes >> 10) + 1, engine->config.memory_bytes >> 10);
}

bool sim_faults_begin_window(struct sim_engine *engine)
{
    struct sim_faults *faults = &engine->faults;
    uint64_t start_ns = engine->window * engine->window_ns;
    if (!faults->any) {
        return true;
    }
    faults->skewing = faults->skewed > 0;
    sim_rules_expire(&faults->rules, start_ns);
    sim_firings_take(engine, start_ns + engine->window_ns);
    take_due(faults, start_ns + engine->window_ns);
    find_transitions(faults);
    faults->busy = faults->affected > 0 || faults->action_count > 0;
    return waiting_fits(engine);
}

// ---- Joining ----

void sim_faults_push_joins(struct sim_engine *engine,
                           void (*push)(struct sim_engine *engine, uint64_t time_ns, uint32_t node,
                                        uint32_t reference))
{
    const struct sim_faults *faults = &engine->faults;
    for (uint32_t i = 0; i < faults->transition_count; i++) {
        const struct sim_transition *transition = &faults->transitions[i];
        if (transition->kind == SIM_TRANSITION_UP && transition->disk_lost) {
            push(engine, transition->time_ns, transition->node, SIM_REFERENCE_JOIN);
        }
    }
}

// Any that the node would talk to at a tick.
static uint32_t draw_peer(const struct sim_engine *engine, const struct mesh_scope *scope,
                          uint32_t node, uint64_t time_ns)
{
    uint32_t word =
        mesh_draw(engine->config.faulting.seed, SIM_DRAW_JOIN, 0, node, time_ns).word[0];
    if (scope->mode == MESH_DELTA) {
        uint32_t position = node - scope->first;
        uint32_t first = scope->delta.starts[position];
        return scope->delta
            .neighbours[first + mesh_below(word, scope->delta.starts[position + 1] - first)];
    }
    if (scope->callees != NULL) {
        return scope->callees[mesh_below(word, scope->callee_count)];
    }
    uint32_t peer = sim_scope_member(scope, mesh_below(word, scope->count - 1));
    return peer < node ? peer : sim_scope_member(scope, mesh_below(word, scope->count - 1) + 1);
}

void sim_faults_join(struct sim_engine *engine, struct mesh_event *event)
{
    struct sim_condition *condition = &engine->faults.conditions[event->node];
    condition->joining = true;
    condition->joined_ns = 0;
    event->kind = MESH_EVENT_JOIN;
    event->scope = condition->home;
    event->peer =
        draw_peer(engine, &engine->config.mesh->scopes[event->scope], event->node, event->time_ns);
}

void sim_faults_heard(struct sim_engine *engine, const struct mesh_event *event)
{
    struct sim_condition *condition = &engine->faults.conditions[event->node];
    if (condition->joining && condition->joined_ns == 0 &&
        !sim_engine_replica(engine, event->node)->joining) {
        condition->joined_ns = event->time_ns;
    }
}

// ---- What a window's events find ----

static uint64_t counted(const struct sim_engine *engine, const struct mesh_message *message)
{
    return message->sent_ns >= engine->config.warmup_ns;
}

// Enters the copy again, for the end of the pause.
static void put_off(struct sim_worker *worker, const struct mesh_message *message,
                    const struct sim_far_event *copy)
{
    const struct sim_engine *engine = worker->engine;
    assert(message != NULL);
    uint64_t now_ns = engine->window * engine->window_ns;
    bool heap = engine->config.queue == SIM_QUEUE_HEAP;
    uint64_t window = copy->arrival_ns / engine->window_ns;
    bool far = heap ? copy->arrival_ns - now_ns > engine->reach_ns
                    : window - engine->window >= worker->ring.slot_count;
    if (far) {
        sim_ring_push_far(&worker->ring, copy->arrival_ns, copy->target, copy->pair, message);
        return;
    }
    uint32_t reference = sim_messages_copy(&worker->messages, &worker->output, message);
    if (heap) {
        sim_heap_push(&worker->heap,
                      &(struct sim_heap_event){
                          .time_ns = copy->arrival_ns,
                          .target = copy->target,
                          .source = message->source,
                          .sequence = message->sequence,
                          .reference = (uint32_t)copy->pair << SIM_REFERENCE_BITS | reference,
                          .received = 1,
                      });
        return;
    }
    sim_push(worker, copy->arrival_ns, copy->target, copy->pair, reference);
}

// Drops a message that finds nobody, or not whom it was meant for.
static bool is_dropped(struct sim_worker *worker, const struct mesh_message *message,
                       enum sim_pair_class pair, uint32_t node, bool down)
{
    const struct sim_engine *engine = worker->engine;
    struct sim_counters *counters = &worker->counters[message->kind][pair];
    if (down) {
        counters->dead += counted(engine, message);
        return true;
    }
    if (sim_relays_refuse(engine, message->scope, node)) {
        counters->refused += counted(engine, message);
        return true;
    }
    return false;
}

enum fate { HANDLED, DROPPED, WAITS };

static enum fate fate_of(struct sim_worker *worker, uint64_t time_ns, uint32_t node,
                         const struct mesh_message *message, enum sim_pair_class pair,
                         uint32_t reference, uint64_t *resume_ns)
{
    const struct sim_faults *faults = &worker->engine->faults;
    struct sim_condition condition = {0};
    if (faults->touched[node]) {
        condition = condition_at(faults, node, time_ns);
    }
    *resume_ns = condition.resume_ns;
    if (message == NULL) {
        bool tick = reference >= SIM_REFERENCE_TICK;
        return tick && (condition.down > 0 || condition.paused > 0) ? DROPPED : HANDLED;
    }
    if (condition.down == 0 && condition.paused > 0) {
        return WAITS;
    }
    return is_dropped(worker, message, pair, node, condition.down > 0) ? DROPPED : HANDLED;
}

// Messages whose pause ends within this window only move in it.
static uint32_t sift(struct sim_worker *worker, const struct mesh_states *states, uint32_t count,
                     bool *moved)
{
    const struct sim_engine *engine = worker->engine;
    uint64_t start_ns = engine->window * engine->window_ns;
    uint32_t kept = 0;
    *moved = false;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t key = worker->keys[i];
        uint32_t node = states->node_first + sim_event_local(key);
        uint32_t reference = sim_event_reference(key);
        const struct mesh_message *message =
            reference >= SIM_REFERENCE_FREE ? sim_messages_at(&worker->messages, reference) : NULL;
        enum sim_pair_class pair = sim_event_pair(key);
        uint64_t resume_ns;
        switch (fate_of(worker, start_ns + sim_event_offset_ns(key), node, message, pair, reference,
                        &resume_ns)) {
        case HANDLED: worker->keys[kept++] = key; break;
        case DROPPED: break;
        case WAITS:
            if (resume_ns - start_ns < engine->window_ns) {
                worker->keys[kept++] =
                    sim_event_pack(resume_ns - start_ns, sim_event_local(key), pair, reference);
                *moved = true;
            } else {
                put_off(worker, message, &(struct sim_far_event){resume_ns, node, pair, NULL});
            }
        }
    }
    return kept;
}

uint32_t sim_faults_admit(struct sim_worker *worker, const struct mesh_states *states,
                          uint32_t count)
{
    const struct sim_engine *engine = worker->engine;
    bool moved = engine->faults.busy || engine->relays.replaced;
    while (moved) {
        count = sift(worker, states, count, &moved);
        if (moved) {
            sim_order_events(&worker->keys, &worker->keys_scratch, count, engine->window_bits,
                             &worker->messages);
        }
    }
    return count;
}

bool sim_faults_admit_one(struct sim_engine *engine, const struct sim_heap_event *event)
{
    struct sim_worker *worker = engine->workers[0];
    if (!engine->faults.busy && !engine->relays.replaced) {
        return true;
    }
    uint32_t reference = event->reference & ((1u << SIM_REFERENCE_BITS) - 1);
    const struct mesh_message *message =
        event->received ? sim_messages_at(&worker->messages, reference) : NULL;
    enum sim_pair_class pair = (enum sim_pair_class)(event->reference >> SIM_REFERENCE_BITS);
    uint64_t resume_ns;
    enum fate fate =
        fate_of(worker, event->time_ns, event->target, message, pair, reference, &resume_ns);
    if (fate == WAITS) {
        put_off(worker, message, &(struct sim_far_event){resume_ns, event->target, pair, NULL});
    }
    return fate == HANDLED;
}

bool sim_faults_admit_served(struct sim_worker *worker, const struct mesh_message *message,
                             enum sim_pair_class pair, uint64_t time_ns, uint32_t node,
                             uint64_t *resume_ns)
{
    const struct sim_engine *engine = worker->engine;
    *resume_ns = 0;
    if (!engine->faults.busy && !engine->relays.replaced) {
        return true;
    }
    uint64_t until_ns;
    enum fate fate = fate_of(worker, time_ns, node, message, pair, SIM_REFERENCE_FREE, &until_ns);
    *resume_ns = fate == WAITS ? until_ns : 0;
    return fate == HANDLED;
}

// ---- Clocks ----

// No clock is before 0.
static uint64_t shown_ns(uint64_t time_ns, int64_t skew_ns)
{
    return skew_ns < 0 && time_ns < (uint64_t)-skew_ns ? 0 : time_ns + (uint64_t)skew_ns;
}

bool sim_faults_skew(struct sim_worker *worker, uint32_t first, uint32_t end)
{
    const struct sim_faults *faults = &worker->engine->faults;
    bool skewed = false;
    for (uint32_t i = first; i < end; i++) {
        struct mesh_event *event = &worker->batch[i];
        worker->times_ns[i] = event->time_ns;
        if (faults->touched[event->node]) {
            int64_t skew_ns = condition_at(faults, event->node, event->time_ns).skew_ns;
            event->time_ns = shown_ns(event->time_ns, skew_ns);
            skewed |= skew_ns != 0;
        }
        worker->shown_ns[i] = event->time_ns;
    }
    return skewed;
}

void sim_faults_set_right(struct sim_worker *worker, uint32_t first, uint32_t end)
{
    const struct mesh_output *output = &worker->output;
    for (uint32_t i = first; i < end; i++) {
        worker->batch[i].time_ns = worker->times_ns[i];
    }
    for (uint32_t i = 0; i < output->record_count; i++) {
        const struct mesh_record *record = &output->records[i];
        if (record->kind == MESH_RECORD_SEND) {
            uint32_t reference = sim_messages_reference(&worker->messages, record->send.message);
            sim_messages_under_way(&worker->messages, reference)->sent_ns =
                worker->times_ns[first + record->event];
        } else if (record->kind == MESH_RECORD_RAFT_TIMER) {
            struct mesh_record *timer = &worker->output.records[i];
            timer->raft_timer.at_ns +=
                worker->times_ns[first + record->event] - worker->shown_ns[first + record->event];
        } else if (record->kind == MESH_RECORD_SWIM_TIMER) {
            struct mesh_record *timer = &worker->output.records[i];
            timer->swim_timer.at_ns +=
                worker->times_ns[first + record->event] - worker->shown_ns[first + record->event];
        }
    }
}

// ---- A window ends ----

// Who came back without a disk waits for a snapshot, unless it did already.
static void begin_joining(struct sim_faults *faults, uint32_t node)
{
    if (faults->conditions[node].listed) {
        return;
    }
    faults->conditions[node].listed = true;
    if (faults->joining_count == faults->joining_capacity) {
        faults->joining_capacity = 2 * faults->joining_capacity + 64;
        faults->joining =
            sim_memory_resize(faults->joining, faults->joining_capacity * sizeof *faults->joining);
    }
    faults->joining[faults->joining_count++] = node;
}

static void end_joining(struct sim_faults *faults)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < faults->joining_count; i++) {
        uint32_t node = faults->joining[i];
        struct sim_condition *condition = &faults->conditions[node];
        if (condition->joined_ns == 0) {
            faults->joining[kept++] = node;
            continue;
        }
        add_transition(faults, &(struct sim_transition){.time_ns = condition->joined_ns,
                                                        .node = node,
                                                        .kind = SIM_TRANSITION_JOINED});
        condition->joining = false;
        condition->listed = false;
        condition->joined_ns = 0;
    }
    faults->joining_count = kept;
}

static void take_effect(struct sim_engine *engine)
{
    struct sim_faults *faults = &engine->faults;
    for (uint32_t i = 0; i < faults->action_count; i++) {
        const struct sim_action *action = &faults->actions[i];
        struct sim_condition *condition = &faults->conditions[action->node];
        bool usual = is_usual(condition);
        bool right = condition->skew_ns == 0;
        // Up for an instant, a node has its disk again or a new one.
        bool later =
            i > 0 && action[-1].node == action->node && action[-1].time_ns != action->time_ns;
        condition->lost &= !later || condition->down > 0;
        apply(condition, action);
        faults->affected += usual;
        faults->affected -= is_usual(condition);
        faults->skewed += right;
        faults->skewed -= condition->skew_ns == 0;
    }
    for (uint32_t i = 0; i < faults->action_count; i++) {
        uint32_t node = faults->actions[i].node;
        struct sim_condition *condition = &faults->conditions[node];
        condition->lost &= condition->down > 0;
        faults->touched[node] = !is_usual(condition);
    }
    faults->action_count = 0;
}

static int by_time_and_node(const void *left, const void *right)
{
    const struct sim_transition *a = left;
    const struct sim_transition *b = right;
    if (a->time_ns != b->time_ns) {
        return a->time_ns < b->time_ns ? -1 : 1;
    }
    if (a->node != b->node) {
        return a->node < b->node ? -1 : 1;
    }
    return a->kind < b->kind ? -1 : a->kind > b->kind;
}

// They enter the fingerprint as changes of state do (carry.c).
static void add_ingredients(struct sim_engine *engine)
{
    const struct sim_faults *faults = &engine->faults;
    for (uint32_t i = 0; i < faults->transition_count; i++) {
        const struct sim_transition *transition = &faults->transitions[i];
        uint64_t entry[3] = {
            htole64(transition->time_ns),
            htole64((uint64_t)transition->node << 32 | transition->other),
            htole64((uint64_t)transition->kind << 1 | transition->disk_lost),
        };
        engine->workers[0]->ingredients += XXH3_64bits(entry, sizeof entry);
    }
}

void sim_faults_end_window(struct sim_engine *engine)
{
    struct sim_faults *faults = &engine->faults;
    const struct sim_observer *observer = &engine->config.observer;
    uint64_t end_ns = (engine->window + 1) * engine->window_ns;
    if (!faults->any) {
        return;
    }
    for (uint32_t i = 0; i < faults->transition_count; i++) {
        const struct sim_transition *transition = &faults->transitions[i];
        if (transition->kind == SIM_TRANSITION_UP && transition->disk_lost) {
            begin_joining(faults, transition->node);
        } else if (transition->kind == SIM_TRANSITION_DOWN && engine->account.cold) {
            sim_connections_drop(&engine->account.connections, transition->node, end_ns);
        }
    }
    end_joining(faults);
    take_effect(engine);
    if (faults->transition_count > 0) {
        qsort(faults->transitions, faults->transition_count, sizeof *faults->transitions,
              by_time_and_node);
    }
    sim_relays_end_window(engine);
    for (uint32_t i = 0; i < engine->relays.change_count; i++) {
        add_transition(faults, &engine->relays.changes[i]);
    }
    engine->relays.change_count = 0;
    if (faults->transition_count > 0) {
        add_ingredients(engine);
        if (observer->transitions != NULL) {
            observer->transitions(observer->context, faults->transitions, faults->transition_count);
        }
    }
    faults->transition_count = 0;
}

// ---- Who is gone ----

static bool is_gone(const struct sim_faults *faults, uint32_t node, bool restarts)
{
    const struct sim_condition *condition = &faults->conditions[node];
    return condition->down > 0 && (condition->lost || (condition->open > 0 && !restarts));
}

// The nodes of a block, a run of those that are not gone at a time.
static void settle_nodes(const struct sim_engine *engine, const struct mesh_states *states,
                         bool restarts, uint32_t word_first, uint32_t word_end, uint64_t *settled)
{
    struct mesh_states part = *states;
    uint32_t end = states->node_first + states->node_count;
    part.role_count = 0;
    for (uint32_t node = states->node_first; node < end;) {
        if (is_gone(&engine->faults, node, restarts)) {
            node++;
            continue;
        }
        part.node_first = node;
        part.replicas = mesh_replica_of(states, node);
        while (node < end && !is_gone(&engine->faults, node, restarts)) {
            node++;
        }
        part.node_count = node - part.node_first;
        mesh_release_settled(engine->config.mesh, &part, word_first, word_end, settled);
    }
}

static void settle_roles(const struct sim_engine *engine, const struct mesh_states *states,
                         bool restarts, uint32_t word_first, uint32_t word_end, uint64_t *settled)
{
    struct mesh_states part = *states;
    part.node_count = 0;
    for (uint32_t i = 0; i < states->role_count;) {
        part.roles = mesh_role_at(states, i);
        part.role_count = 0;
        while (i < states->role_count &&
               !is_gone(&engine->faults, mesh_role_at(states, i)->node, restarts)) {
            part.role_count++;
            i++;
        }
        i += part.role_count == 0;
        mesh_release_settled(engine->config.mesh, &part, word_first, word_end, settled);
    }
}

void sim_faults_settled(const struct sim_engine *engine, const struct mesh_states *states,
                        uint32_t word_first, uint32_t word_end, uint64_t *settled)
{
    const struct sim_faults *faults = &engine->faults;
    if (faults->affected == 0) {
        mesh_release_settled(engine->config.mesh, states, word_first, word_end, settled);
        return;
    }
    bool restarts = sim_timeline_has(&faults->timeline, SIM_FAULT_RESTART);
    settle_nodes(engine, states, restarts, word_first, word_end, settled);
    settle_roles(engine, states, restarts, word_first, word_end, settled);
}
