// SPDX-License-Identifier: GPL-3.0-or-later
#include "lab.h"

#include <stdlib.h>
#include <string.h>

#include "disk.h"
#include "mesh/wire.h"
#include "network.h"
#include "properties.h"
#include "story.h"

#define SLOW_FACTOR 20

// ---- Events in their order ----

static bool precedes(const struct lab_event *a, const struct lab_event *b)
{
    return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->number < b->number;
}

void lab_push(struct lab *lab, struct lab_event event)
{
    if (lab->heap_count == lab->heap_capacity) {
        lab->heap_capacity = lab->heap_capacity == 0 ? 64 : 2 * lab->heap_capacity;
        lab->heap = realloc(lab->heap, lab->heap_capacity * sizeof *lab->heap);
    }
    lab_must(lab->heap != NULL, "memory");
    event.number = lab->event_count++;
    uint32_t place = lab->heap_count++;
    for (; place > 0 && precedes(&event, &lab->heap[(place - 1) / 2]); place = (place - 1) / 2) {
        lab->heap[place] = lab->heap[(place - 1) / 2];
    }
    lab->heap[place] = event;
}

static struct lab_event pop(struct lab *lab)
{
    lab_must(lab->heap != NULL, "something happens");
    struct lab_event first = lab->heap[0];
    struct lab_event last = lab->heap[--lab->heap_count];
    uint32_t place = 0;
    for (uint32_t child = 1; child < lab->heap_count; child = 2 * place + 1) {
        if (child + 1 < lab->heap_count && precedes(&lab->heap[child + 1], &lab->heap[child])) {
            child++;
        }
        if (!precedes(&lab->heap[child], &last)) {
            break;
        }
        lab->heap[place] = lab->heap[child];
        place = child;
    }
    lab->heap[place] = last;
    return first;
}

void lab_at(struct lab *lab, uint64_t time_ns, lab_call *call, uint32_t argument)
{
    lab_push(lab, (struct lab_event){
                      .time_ns = time_ns, .kind = LAB_CALL, .call = call, .server = argument});
}

// ---- Beginning and end ----

static void set_defaults(struct lab_settings *settings)
{
    settings->heartbeat_ns = settings->heartbeat_ns == 0 ? 20 * LAB_MS : settings->heartbeat_ns;
    if (settings->election_ns_max == 0) {
        settings->election_ns_min = 100 * LAB_MS;
        settings->election_ns_max = 200 * LAB_MS;
    }
    settings->append_entries = settings->append_entries == 0 ? 4 : settings->append_entries;
    settings->log_capacity = settings->log_capacity == 0 ? 64 : settings->log_capacity;
}

static void describe(struct lab *lab)
{
    const struct lab_settings *settings = &lab->settings;
    lab->group = (struct mesh_raft_group){
        .scope = 0,
        .pre_vote = settings->pre_vote,
        .check_quorum = settings->check_quorum,
        .promote = settings->promote,
        .roster = lab->roster,
        .roster_count = lab->count,
        .append_entries = settings->append_entries,
        .window_entries = 16,
        .entry_bytes = 8,
        .snapshot_bytes = LAB_SNAPSHOT_BYTES,
        .chunk_bytes = 24,
        .heartbeat_ns = settings->heartbeat_ns,
        .election_ns_min = settings->election_ns_min,
        .election_ns_max = settings->election_ns_max,
        .bridge_count = settings->bridge_count,
        .bridge_timeout_ns = 2 * settings->election_ns_max,
    };
    lab->scope = (struct mesh_scope){.count = lab->count,
                                     .fanout = 1,
                                     .update_limit = 1,
                                     .interval_ns = LAB_MS,
                                     .mode = MESH_PUSH_PULL};
    lab->config = (struct mesh_config){.seed = settings->seed,
                                       .scopes = &lab->scope,
                                       .scope_count = 1,
                                       .raft = &lab->group,
                                       .raft_count = 1};
    mesh_table_init(&lab->table, lab->updates, 64, NULL, 0, NULL);
    lab->states = (struct mesh_states){.replicas = lab->replicas,
                                       .stride = sizeof lab->replicas[0],
                                       .node_count = lab->count,
                                       .words = 1,
                                       .planes = mesh_planes(&lab->config),
                                       .table = &lab->table,
                                       .raft_count = lab->count,
                                       .rafts = lab->rafts};
}

void *lab_zeroed(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    lab_must(memory != NULL, "memory");
    return memory;
}

static void make_output(struct lab *lab)
{
    struct mesh_bound bound = mesh_output_bound(&lab->config, 1);
    lab->output = (struct mesh_output){
        .records = lab_zeroed(bound.records, sizeof *lab->output.records),
        .record_capacity = bound.records,
        .targets = lab_zeroed(bound.targets, sizeof *lab->output.targets),
        .target_capacity = bound.targets,
        .news = lab_zeroed(bound.news, sizeof *lab->output.news),
        .news_capacity = bound.news,
        .messages = lab_zeroed(bound.message_words, sizeof *lab->output.messages),
        .message_word_capacity = bound.message_words,
    };
}

static void make_server(struct lab *lab, uint32_t server)
{
    size_t words = (size_t)lab->settings.log_capacity * mesh_raft_entry_words(&lab->group);
    lab->rafts[server] = (struct mesh_raft){
        .node = server,
        .log = lab_zeroed(words, sizeof(uint64_t)),
        .log_capacity = lab->settings.log_capacity,
        .snapshot.data = lab_zeroed(LAB_SNAPSHOT_BYTES, 1),
        .incoming.data = lab_zeroed(LAB_SNAPSHOT_BYTES, 1),
    };
    disk_init(lab, server);
}

void lab_init(struct lab *lab, const struct lab_settings *settings)
{
    memset(lab, 0, sizeof *lab);
    lab->settings = *settings;
    set_defaults(&lab->settings);
    lab->count = settings->servers + settings->spares;
    lab->dice.state = settings->seed;
    lab->latency_factor = 1;
    for (uint32_t i = 0; i < lab->count; i++) {
        lab->roster[i] = i;
    }
    describe(lab);
    make_output(lab);
    for (uint32_t i = 0; i < lab->count; i++) {
        make_server(lab, i);
    }
    lab->properties = properties_create(lab->count);
}

void lab_finish(struct lab *lab)
{
    while (lab->heap_count > 0) {
        free(pop(lab).message);
    }
    free(lab->heap);
    for (uint32_t i = 0; i < lab->count; i++) {
        free(lab->rafts[i].log);
        free(lab->rafts[i].snapshot.data);
        free(lab->rafts[i].incoming.data);
        disk_finish(lab, i);
    }
    free(lab->output.records);
    free(lab->output.targets);
    free(lab->output.news);
    free(lab->output.messages);
    properties_destroy(lab->properties);
}

// ---- The state machine: a chain over the commands in their order ----

static uint64_t mix(uint64_t value)
{
    struct dice dice = {value};
    return dice_roll(&dice);
}

static void apply(struct lab *lab, uint32_t server, uint64_t index)
{
    struct lab_server *state = &lab->servers[server];
    const struct mesh_raft_entry *entry =
        mesh_raft_entry_at(&lab->group, &lab->rafts[server], index);
    lab_must(index == state->applied + 1, "entries are applied in their order");
    state->applied = index;
    lab->changed += entry->kind == MESH_RAFT_MEMBERS;
    if (entry->kind == MESH_RAFT_COMMAND) {
        state->digest = mix(state->digest ^ entry->data[0]);
    }
}

// A snapshot: index, digest, and bytes that follow from them, so that it takes several chunks.
static void save_state(const struct lab_server *state, uint8_t data[LAB_SNAPSHOT_BYTES])
{
    memcpy(data, &state->applied, 8);
    memcpy(data + 8, &state->digest, 8);
    struct dice dice = {state->applied ^ state->digest};
    for (uint32_t i = 16; i < LAB_SNAPSHOT_BYTES; i++) {
        data[i] = (uint8_t)dice_roll(&dice);
    }
}

void lab_load_state(struct lab *lab, uint32_t server)
{
    struct lab_server *state = &lab->servers[server];
    const struct mesh_raft_snapshot *snapshot = &lab->rafts[server].snapshot;
    state->applied = 0;
    state->digest = 0;
    if (snapshot->index > 0) {
        uint8_t expected[LAB_SNAPSHOT_BYTES];
        memcpy(&state->applied, snapshot->data, 8);
        memcpy(&state->digest, snapshot->data + 8, 8);
        save_state(state, expected);
        lab_must(snapshot->bytes == LAB_SNAPSHOT_BYTES && state->applied == snapshot->index &&
                     memcmp(expected, snapshot->data, sizeof expected) == 0,
                 "a snapshot arrives as it was sent");
    }
}

static void compact_in_time(struct lab *lab, uint32_t server)
{
    struct lab_server *state = &lab->servers[server];
    const struct mesh_raft *raft = &lab->rafts[server];
    uint64_t behind = state->applied - raft->snapshot.index;
    bool tight = raft->last - raft->snapshot.index >= raft->log_capacity / 2;
    if (lab->settings.compact_every == 0 || behind == 0 || state->applied > raft->stored ||
        (behind < lab->settings.compact_every && !tight)) {
        return;
    }
    uint8_t data[LAB_SNAPSHOT_BYTES];
    save_state(state, data);
    struct mesh_raft_compact compact = {state->applied, data, LAB_SNAPSHOT_BYTES};
    lab_step(lab, server,
             (struct mesh_event){.kind = MESH_EVENT_RAFT_COMPACT, .compact = &compact});
    disk_compact(lab, server);
}

// ---- Carrying out records ----

static void answer(struct lab *lab, uint32_t server, const struct mesh_record *record)
{
    struct lab_read *read = &lab->reads[record->raft_read.number];
    properties_answer(lab->properties, lab, server, read->floor, record->raft_read.index,
                      lab->servers[server].applied);
    read->open = false;
    lab->answered++;
}

static void carry_out(struct lab *lab, uint32_t server, const struct mesh_record *record)
{
    switch ((enum mesh_record_kind)record->kind) {
    case MESH_RECORD_SEND: network_send(lab, record); break;
    case MESH_RECORD_RAFT_PERSIST: disk_write(lab, server, record); break;
    case MESH_RECORD_RAFT_RESTORE:
        lab_load_state(lab, server);
        lab->restored++;
        break;
    case MESH_RECORD_RAFT_COMMIT:
        for (uint64_t i = 0; i < record->raft_commit.count; i++) {
            apply(lab, server, record->raft_commit.index_first + i);
        }
        break;
    case MESH_RECORD_RAFT_READ: answer(lab, server, record); break;
    case MESH_RECORD_RAFT_TIMER:
        lab_push(lab, (struct lab_event){.time_ns = record->raft_timer.at_ns,
                                         .kind = LAB_TIMER,
                                         .server = server,
                                         .life = lab->servers[server].life,
                                         .id = record->raft_timer.number});
        break;
    case MESH_RECORD_REJECT: lab->rejects++; break;
    case MESH_RECORD_RAFT_ROLE:
        if (record->raft_role.role == MESH_RAFT_LEADER && lab->settings.on_leader != NULL) {
            lab->settings.on_leader(lab, server);
        }
        break;
    default: break;
    }
}

void lab_step(struct lab *lab, uint32_t server, struct mesh_event event)
{
    struct mesh_output *output = &lab->output;
    event.time_ns = lab->now_ns;
    event.node = server;
    output->record_count = 0;
    output->target_count = 0;
    output->message_words = 0;
    uint32_t done = mesh_step(&lab->config, &lab->states, &event, 1, output);
    lab_must(done == 1, "an event fits the smallest output");
    if (lab->story != NULL) {
        story_step(lab->story, lab, &event);
    }
    properties_look(lab->properties, lab, server);
    if (properties_broken(lab->properties) != NULL) {
        lab->done = true;
        return;
    }
    for (uint32_t i = 0; i < output->record_count; i++) {
        carry_out(lab, server, &output->records[i]);
    }
    if (event.kind != MESH_EVENT_RAFT_COMPACT) {
        compact_in_time(lab, server);
    }
}

// ---- Running ----

static void happen(struct lab *lab, struct lab_event *event)
{
    struct lab_server *server = &lab->servers[event->server];
    bool alive = server->up && server->life == event->life;
    switch (event->kind) {
    case LAB_CALL: event->call(lab, event->server); break;
    case LAB_MESSAGE: network_arrive(lab, event); break;
    case LAB_TIMER:
        if (alive) {
            lab_step(lab, event->server,
                     (struct mesh_event){.kind = MESH_EVENT_RAFT_TIMER, .number = event->id});
        }
        break;
    case LAB_DISK:
        if (alive) {
            disk_finish_write(lab, event->server);
            lab_step(lab, event->server,
                     (struct mesh_event){.kind = MESH_EVENT_RAFT_STORED, .number = event->id});
        }
        break;
    }
}

void lab_run(struct lab *lab, uint64_t until_ns)
{
    while (!lab->done && lab->heap_count > 0 && lab->heap[0].time_ns < until_ns) {
        struct lab_event event = pop(lab);
        uint64_t paused_until_ns = lab->servers[event.server].paused_until_ns;
        if (event.kind != LAB_CALL && paused_until_ns > event.time_ns) {
            event.time_ns = paused_until_ns;
            lab_push(lab, event);
            continue;
        }
        lab->now_ns = event.time_ns;
        happen(lab, &event);
        free(event.message);
    }
    if (!lab->done) {
        lab->now_ns = until_ns;
    }
}

uint64_t lab_disk_ns(struct lab *lab, uint32_t server)
{
    const struct lab_settings *settings = &lab->settings;
    uint64_t range_ns = settings->disk_ns_max - settings->disk_ns_min;
    uint64_t time_ns =
        settings->disk_ns_min + (range_ns == 0 ? 0 : dice_roll(&lab->dice) % range_ns);
    return lab->now_ns < lab->servers[server].slow_until_ns ? SLOW_FACTOR * time_ns : time_ns;
}

// ---- What may be done to a server ----

void lab_start(struct lab *lab, uint32_t server)
{
    struct lab_server *state = &lab->servers[server];
    lab_must(!state->up, "only a server that is down starts");
    struct mesh_raft_start start = disk_restore(lab, server);
    state->up = true;
    start.life = ++state->life;
    lab_load_state(lab, server);
    properties_forget(lab->properties, server);
    lab_step(lab, server, (struct mesh_event){.kind = MESH_EVENT_RAFT_START, .raft_start = &start});
}

void lab_crash(struct lab *lab, uint32_t server)
{
    if (lab->servers[server].up) {
        lab->servers[server].up = false;
        disk_crash(lab, server);
        if (lab->story != NULL) {
            story_tell(lab->story, lab, "%c  crashes", 'A' + (int)server);
        }
    }
}

void lab_propose(struct lab *lab, uint32_t server)
{
    uint64_t value = ++lab->commands;
    struct mesh_raft_command command = {(const uint8_t *)&value, sizeof value};
    lab_step(lab, server,
             (struct mesh_event){.kind = MESH_EVENT_RAFT_PROPOSE, .command = &command});
}

void lab_read(struct lab *lab, uint32_t server)
{
    if (lab->read_count < LAB_READS_MAX) {
        uint32_t number = lab->read_count++;
        lab->reads[number] =
            (struct lab_read){.floor = properties_committed(lab->properties), .open = true};
        lab_step(lab, server, (struct mesh_event){.kind = MESH_EVENT_RAFT_READ, .number = number});
    }
}

void lab_change(struct lab *lab, uint32_t server, uint32_t node, enum mesh_raft_change_kind kind)
{
    lab_step(lab, server,
             (struct mesh_event){.kind = MESH_EVENT_RAFT_CHANGE, .change = {node, kind}});
}

void lab_transfer(struct lab *lab, uint32_t server, uint32_t node)
{
    lab_step(lab, server, (struct mesh_event){.kind = MESH_EVENT_RAFT_TRANSFER, .peer = node});
}

void lab_heal(struct lab *lab)
{
    memset(lab->cut, 0, sizeof lab->cut);
    lab->latency_factor = 1;
    for (uint32_t i = 0; i < lab->count; i++) {
        lab->servers[i].paused_until_ns = 0;
        lab->servers[i].slow_until_ns = 0;
    }
}

// ---- What may be seen ----

uint32_t lab_leader(const struct lab *lab)
{
    uint32_t leader = MESH_NODE_NONE;
    for (uint32_t i = 0; i < lab->count; i++) {
        bool leads = lab->servers[i].up && lab->rafts[i].role == MESH_RAFT_LEADER;
        if (leads && (leader == MESH_NODE_NONE || lab->rafts[i].term > lab->rafts[leader].term)) {
            leader = i;
        }
    }
    return leader;
}

uint32_t lab_somebody(struct lab *lab)
{
    uint32_t first = dice_below(&lab->dice, lab->count);
    uint32_t somebody = MESH_NODE_NONE;
    for (uint32_t i = 0; i < lab->count; i++) {
        uint32_t server = (first + i) % lab->count;
        if (lab->servers[server].up && lab->servers[server].paused_until_ns <= lab->now_ns) {
            if (lab->rafts[server].role == MESH_RAFT_LEADER) {
                return server;
            }
            somebody = server;
        }
    }
    return somebody;
}
