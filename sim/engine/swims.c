// SPDX-License-Identifier: GPL-3.0-or-later
#include "swims.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "allocate.h"
#include "state.h"

#define VIEW_LEAST 16u

// ---- Lifecycle ----

void sim_swims_create(struct sim_engine *engine)
{
    const struct mesh_config *mesh = engine->config.mesh;
    struct sim_swims *swims = &engine->swims;
    if (mesh->swim_count == 0) {
        return;
    }
    swims->count = engine->config.node_count;
    swims->records = sim_memory_zeroed(swims->count * sizeof *swims->records);
    swims->members = sim_memory_zeroed(swims->count * sizeof *swims->members);
    swims->due_ns = sim_memory_zeroed(swims->count * sizeof *swims->due_ns);
    for (uint32_t node = 0; node < swims->count; node++) {
        swims->records[node].node = node;
        swims->records[node].group = MESH_SWIM_NONE;
        swims->members[node].timer_ns = UINT64_MAX;
        swims->due_ns[node] = UINT64_MAX;
    }
    for (uint32_t i = 0; i < mesh->swim_count; i++) {
        const struct mesh_scope *scope = &mesh->scopes[mesh->swim[i].scope];
        for (uint32_t j = 0; j < scope->count; j++) {
            swims->records[sim_scope_member(scope, j)].group = (uint16_t)i;
        }
    }
    for (uint32_t i = 0; i < engine->block_count; i++) {
        struct sim_block *block = &engine->blocks[i];
        block->states.swims = &swims->records[block->states.node_first];
        block->swim_due_ns = UINT64_MAX;
    }
}

void sim_swims_finish(struct sim_engine *engine)
{
    struct sim_swims *swims = &engine->swims;
    for (uint32_t i = 0; i < swims->count; i++) {
        sim_memory_free(swims->members[i].view);
    }
    sim_memory_free(swims->records);
    sim_memory_free(swims->members);
    sim_memory_free(swims->due_ns);
    sim_memory_free(swims->notes);
    sim_memory_free(swims->turned);
}

// ---- Whose it is ----

static const struct mesh_scope *scope_of(const struct sim_engine *engine,
                                         const struct mesh_swim *swim)
{
    const struct mesh_config *mesh = engine->config.mesh;
    return &mesh->scopes[mesh->swim[swim->group].scope];
}

// Half as much again, as often as is needed; a view never needs more than the whole roster.
static uint32_t capacity_for(uint32_t roster, uint32_t wanted)
{
    uint32_t capacity = VIEW_LEAST;
    while (capacity < wanted && capacity < roster) {
        capacity += capacity / 2;
    }
    return capacity < roster ? capacity : roster;
}

uint64_t sim_engine_view_bytes(uint32_t roster, uint32_t listed)
{
    return mesh_swim_bytes(capacity_for(roster, listed));
}

void sim_swims_provide(struct sim_worker *worker, struct sim_block *block,
                       const struct mesh_event *event)
{
    struct sim_engine *engine = worker->engine;
    struct mesh_swim *swim = mesh_swim_of(&block->states, event->node);
    if (swim == NULL || swim->group == MESH_SWIM_NONE) {
        return;
    }
    uint32_t roster = scope_of(engine, swim)->count;
    uint32_t capacity = capacity_for(roster, mesh_swim_wanted(swim, event));
    if (capacity > swim->capacity) {
        struct sim_swim_member *member = &engine->swims.members[event->node];
        uint64_t before_bytes = swim->capacity == 0 ? 0 : mesh_swim_bytes(swim->capacity);
        worker->view_bytes += mesh_swim_bytes(capacity) - before_bytes;
        void *view = sim_memory_zeroed(mesh_swim_bytes(capacity));
        mesh_swim_give(swim, view, capacity);
        sim_memory_free(member->view);
        member->view = view;
    }
}

// The heap looks at the member then.
static void remind(struct sim_worker *worker, uint32_t node, uint64_t time_ns, uint32_t generation)
{
    if (worker->engine->config.queue == SIM_QUEUE_HEAP) {
        sim_heap_push(&worker->heap, &(struct sim_heap_event){
                                         .time_ns = time_ns,
                                         .generation = generation,
                                         .target = node,
                                         .source = SIM_REFERENCE_SWIM,
                                         .reference = SIM_REFERENCE_SWIM,
                                     });
    }
}

static void note_due(struct sim_engine *engine, uint32_t node, uint64_t due_ns)
{
    struct sim_block *block = &engine->blocks[sim_block_of(engine, node)];
    engine->swims.due_ns[node] = due_ns;
    block->swim_due_ns = due_ns < block->swim_due_ns ? due_ns : block->swim_due_ns;
}

static uint64_t transition_due_ns(const struct sim_engine *engine, uint32_t node)
{
    const struct sim_swim_member *member = &engine->swims.members[node];
    return member->transition_next < member->transition_end
               ? engine->faults.transitions[member->transition_next].time_ns
               : UINT64_MAX;
}

// ---- Records and notes ----

static void add_note(struct sim_worker *worker, const struct sim_swim_note *note)
{
    struct sim_engine *engine = worker->engine;
    if (engine->config.observer.swims == NULL && !engine->relays.by_verdict) {
        return;
    }
    if (worker->swim_note_count == worker->swim_note_capacity) {
        worker->swim_note_capacity = 2 * worker->swim_note_capacity + 256;
        worker->swim_notes = sim_memory_resize(worker->swim_notes, worker->swim_note_capacity *
                                                                       sizeof *worker->swim_notes);
    }
    struct sim_swim_note *made = &worker->swim_notes[worker->swim_note_count++];
    *made = *note;
    made->number = engine->swims.members[note->node].notes++;
}

static void note_record(struct sim_worker *worker, const struct mesh_event *event,
                        const struct mesh_record *record)
{
    struct sim_swim_note note = {.time_ns = event->time_ns, .node = event->node};
    switch ((enum mesh_record_kind)record->kind) {
    case MESH_RECORD_SWIM_MEMBER:
        note.kind = SIM_SWIM_MEMBER;
        note.subject = record->swim_member.node;
        note.incarnation = record->swim_member.incarnation;
        note.state = record->swim_member.state;
        note.was = record->swim_member.was;
        note.own = record->swim_member.own;
        break;
    case MESH_RECORD_SWIM_PROBE:
        note.kind = SIM_SWIM_PROBE;
        note.subject = record->swim_probe.node;
        note.own = record->swim_probe.answered;
        break;
    case MESH_RECORD_SWIM_JOINED: note.kind = SIM_SWIM_JOINED; break;
    case MESH_RECORD_SWIM_QUORUM:
        note.kind = SIM_SWIM_QUORUM;
        note.own = record->swim_quorum.lost;
        break;
    default: assert(false);
    }
    add_note(worker, &note);
}

void sim_swims_carry(struct sim_worker *worker, const struct mesh_event *event,
                     const struct mesh_record *record, uint32_t generation)
{
    if (record->kind != MESH_RECORD_SWIM_TIMER) {
        note_record(worker, event, record);
        return;
    }
    uint64_t at_ns = record->swim_timer.at_ns;
    uint64_t due_ns = at_ns < event->time_ns ? event->time_ns : at_ns;
    uint64_t transition_ns = transition_due_ns(worker->engine, event->node);
    worker->engine->swims.members[event->node].timer_ns = due_ns;
    note_due(worker->engine, event->node, due_ns < transition_ns ? due_ns : transition_ns);
    remind(worker, event->node, due_ns, due_ns == event->time_ns ? generation : 0);
}

// ---- Own events ----

struct own {
    struct sim_worker *worker;
    struct sim_block *block;
    uint32_t node;
    uint64_t time_ns;
    uint32_t generation;
};

static void step(const struct own *own, struct mesh_event event)
{
    const struct sim_engine *engine = own->worker->engine;
    const struct mesh_swim *swim = &engine->swims.records[own->node];
    event.time_ns = own->time_ns;
    event.node = own->node;
    event.scope = engine->config.mesh->swim[swim->group].scope;
    sim_step_own(own->worker, own->block, &event, own->generation);
}

static void start(const struct own *own, enum mesh_event_kind kind)
{
    struct sim_swims *swims = &own->worker->engine->swims;
    swims->members[own->node].up = true;
    add_note(own->worker, &(struct sim_swim_note){.time_ns = own->time_ns,
                                                  .node = own->node,
                                                  .kind = SIM_SWIM_STARTED,
                                                  .own = kind == MESH_EVENT_SWIM_JOIN});
    step(own, (struct mesh_event){.kind = kind, .number = swims->records[own->node].life + 1});
}

// Who goes in order says so. What it thought is thought by nobody any more.
static void stop(const struct own *own, bool leaves)
{
    struct sim_swims *swims = &own->worker->engine->swims;
    const struct mesh_swim *swim = &swims->records[own->node];
    leaves &= swim->phase == MESH_SWIM_ACTIVE;
    if (leaves) {
        step(own, (struct mesh_event){.kind = MESH_EVENT_SWIM_LEAVE});
    }
    for (uint32_t i = 0; i < swim->count; i++) {
        const struct mesh_swim_member *member = &swim->members[i];
        if (member->state != MESH_SWIM_ALIVE && member->node != own->node) {
            add_note(own->worker, &(struct sim_swim_note){.time_ns = own->time_ns,
                                                          .node = own->node,
                                                          .subject = member->node,
                                                          .kind = SIM_SWIM_MEMBER,
                                                          .state = MESH_SWIM_ALIVE,
                                                          .was = member->state,
                                                          .own = true});
        }
    }
    add_note(own->worker, &(struct sim_swim_note){.time_ns = own->time_ns,
                                                  .node = own->node,
                                                  .kind = SIM_SWIM_STOPPED,
                                                  .own = leaves});
    swims->members[own->node].timer_ns = UINT64_MAX;
    swims->members[own->node].up = false;
}

static void pass(const struct own *own)
{
    const struct sim_engine *engine = own->worker->engine;
    struct sim_swim_member *member = &engine->swims.members[own->node];
    const struct sim_transition *transition =
        &engine->faults.transitions[member->transition_next++];
    if (transition->kind == SIM_TRANSITION_DOWN && member->up) {
        stop(own, transition->leaves);
    } else if (transition->kind == SIM_TRANSITION_UP && !member->up) {
        start(own, MESH_EVENT_SWIM_JOIN);
    }
}

// The timer, or when the member's pause ends.
static uint64_t timer_due_ns(const struct sim_engine *engine, uint32_t node)
{
    uint64_t timer_ns = engine->swims.members[node].timer_ns;
    return timer_ns == UINT64_MAX ? timer_ns : sim_faults_resume_ns(engine, timer_ns, node);
}

void sim_swims_run(struct sim_worker *worker, struct sim_block *block, uint32_t node,
                   uint64_t until_ns, uint32_t generation)
{
    struct sim_engine *engine = worker->engine;
    struct sim_swim_member *member = &engine->swims.members[node];
    struct own own = {worker, block, node, 0, generation};
    for (;;) {
        uint64_t transition_ns = transition_due_ns(engine, node);
        uint64_t timer_ns = timer_due_ns(engine, node);
        own.time_ns = transition_ns <= timer_ns ? transition_ns : timer_ns;
        if (own.time_ns > until_ns) {
            break;
        }
        if (transition_ns <= timer_ns) {
            pass(&own);
        } else {
            member->timer_ns = UINT64_MAX;
            step(&own, (struct mesh_event){.kind = MESH_EVENT_SWIM_TIMER});
        }
    }
    if (own.time_ns != engine->swims.due_ns[node]) {
        note_due(engine, node, own.time_ns);
        if (own.time_ns != UINT64_MAX) {
            remind(worker, node, own.time_ns, 0);
        }
    }
}

void sim_swims_catch_up(struct sim_worker *worker, struct sim_block *block, uint32_t node,
                        uint64_t until_ns, uint32_t generation)
{
    const struct sim_swims *swims = &worker->engine->swims;
    if (swims->count > 0 && swims->due_ns[node] <= until_ns) {
        sim_swims_run(worker, block, node, until_ns, generation);
    }
}

uint32_t sim_swims_serve(struct sim_worker *worker, struct sim_block *block, uint32_t first,
                         uint32_t end, uint32_t generation)
{
    const struct sim_swims *swims = &worker->engine->swims;
    uint64_t told = 0;  // a bit for some nodes that hear a message of SWIM in this step
    for (uint32_t i = first; i < end && swims->count > 0; i++) {
        const struct mesh_event *event = &worker->batch[i];
        uint64_t bit = UINT64_C(1) << event->node % 64;
        bool due = swims->due_ns[event->node] <= event->time_ns;
        if (i > first && (due || (told & bit) != 0)) {
            return i;
        }
        if (due) {
            sim_swims_run(worker, block, event->node, event->time_ns, generation);
        }
        if (event->kind == MESH_EVENT_RECEIVE && mesh_message_is_swim(event->message->kind)) {
            told |= bit;
            sim_swims_provide(worker, block, event);
        }
    }
    return end;
}

void sim_swims_run_block(struct sim_worker *worker, struct sim_block *block, uint64_t until_ns)
{
    const struct sim_engine *engine = worker->engine;
    const struct mesh_states *states = &block->states;
    if (states->swims == NULL || block->swim_due_ns > until_ns) {
        return;
    }
    const uint64_t *due_ns = engine->swims.due_ns + states->node_first;
    uint64_t least_ns = UINT64_MAX;
    for (uint32_t i = 0; i < states->node_count; i++) {
        if (due_ns[i] <= until_ns) {
            sim_swims_run(worker, block, states->node_first + i, until_ns, 0);
        }
        least_ns = due_ns[i] < least_ns ? due_ns[i] : least_ns;
    }
    block->swim_due_ns = least_ns;
}

void sim_swims_start(struct sim_engine *engine)
{
    for (uint32_t node = 0; node < engine->swims.count; node++) {
        struct own own = {
            .worker = engine->workers[0],
            .block = &engine->blocks[sim_block_of(engine, node)],
            .node = node,
        };
        if (engine->swims.records[node].group != MESH_SWIM_NONE) {
            start(&own, MESH_EVENT_SWIM_START);
        }
    }
}

// ---- Windows ----

// The window's transitions, which stand node by node.
void sim_swims_begin_window(struct sim_engine *engine)
{
    const struct sim_faults *faults = &engine->faults;
    struct sim_swims *swims = &engine->swims;
    for (uint32_t i = 0; i < faults->transition_count && swims->count > 0; i++) {
        const struct sim_transition *transition = &faults->transitions[i];
        uint32_t node = transition->node;
        struct sim_swim_member *member = &swims->members[node];
        if (swims->records[node].group == MESH_SWIM_NONE) {
            continue;
        }
        bool first = i == 0 || transition[-1].node != node;
        member->transition_next = first ? i : member->transition_next;
        member->transition_end = i + 1;
        if (first && transition->time_ns < swims->due_ns[node]) {
            note_due(engine, node, transition->time_ns);
        }
        remind(engine->workers[0], node, transition->time_ns, 0);
    }
}

bool sim_swims_fit(struct sim_engine *engine)
{
    struct sim_swims *swims = &engine->swims;
    uint64_t limit = engine->config.memory_bytes;
    swims->view_bytes = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        swims->view_bytes += engine->workers[i]->view_bytes;
    }
    return limit == 0 || engine->replica_bytes + swims->view_bytes <= limit ||
           sim_error_set(
               &engine->failure, SIM_ERROR_INTERNAL,
               "at %" PRIu64 " ms what SWIM's members think of each other takes %" PRIu64
               " KiB, which is too much beside the replicas' %" PRIu64 ": of %" PRIu64 " are left",
               engine->window * engine->window_ns / 1000000, (swims->view_bytes >> 10) + 1,
               (uint64_t)engine->replica_bytes >> 10, limit >> 10);
}

bool sim_swims_refuse(const struct sim_engine *engine, uint32_t node)
{
    const struct sim_swims *swims = &engine->swims;
    return swims->count > 0 && swims->members[node].up && swims->records[node].read_only;
}

static int by_time_and_node(const void *left, const void *right)
{
    const struct sim_swim_note *a = left;
    const struct sim_swim_note *b = right;
    if (a->time_ns != b->time_ns) {
        return a->time_ns < b->time_ns ? -1 : 1;
    }
    if (a->node != b->node) {
        return a->node < b->node ? -1 : 1;
    }
    return a->number < b->number ? -1 : a->number > b->number;
}

static bool is_gone(uint8_t state)
{
    return state == MESH_SWIM_DEAD || state == MESH_SWIM_LEFT;
}

static void note_turns(struct sim_swims *swims, uint32_t count)
{
    swims->turned_count = 0;
    if (count > swims->turned_capacity) {
        swims->turned_capacity = count;
        swims->turned = sim_memory_resize(swims->turned, count * sizeof *swims->turned);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct sim_swim_note *note = &swims->notes[i];
        bool turns = note->kind == SIM_SWIM_JOINED ||
                     (note->kind == SIM_SWIM_MEMBER && is_gone(note->was) != is_gone(note->state));
        bool again =
            swims->turned_count > 0 && swims->turned[swims->turned_count - 1] == note->node;
        if (turns && !again) {
            swims->turned[swims->turned_count++] = note->node;
        }
    }
}

void sim_swims_end_window(struct sim_engine *engine)
{
    struct sim_swims *swims = &engine->swims;
    const struct sim_observer *observer = &engine->config.observer;
    uint32_t count = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct sim_worker *worker = engine->workers[i];
        if (count + worker->swim_note_count > swims->note_capacity) {
            swims->note_capacity = 2 * (count + worker->swim_note_count);
            swims->notes =
                sim_memory_resize(swims->notes, swims->note_capacity * sizeof *swims->notes);
        }
        for (uint32_t j = 0; j < worker->swim_note_count; j++) {
            swims->notes[count++] = worker->swim_notes[j];
        }
        worker->swim_note_count = 0;
    }
    if (count > 0) {
        qsort(swims->notes, count, sizeof *swims->notes, by_time_and_node);
    }
    if (engine->relays.by_verdict) {
        note_turns(swims, count);
    }
    if (count > 0 && observer->swims != NULL) {
        observer->swims(observer->context, swims->notes, count);
    }
}
