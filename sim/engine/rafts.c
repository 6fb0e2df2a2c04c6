// SPDX-License-Identifier: GPL-3.0-or-later
#include "rafts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "state.h"

enum { DRAW_DISK = MESH_DRAW_DRIVER + 126 };
enum { DRAW_LATENCY, DRAW_TORN, DRAW_LENGTH };  // blocks of it

// ---- Lifecycle ----

struct placed {
    uint32_t node;
    uint16_t group;
};

static int by_node(const void *left, const void *right)
{
    const struct placed *a = left;
    const struct placed *b = right;
    return a->node < b->node ? -1 : a->node > b->node;
}

static struct placed *placed_servers(const struct mesh_config *mesh, uint32_t *count)
{
    *count = 0;
    for (uint32_t i = 0; i < mesh->raft_count; i++) {
        *count += mesh->raft[i].roster_count;
    }
    struct placed *placed = sim_memory_zeroed(*count * sizeof *placed);
    uint32_t put = 0;
    for (uint32_t i = 0; i < mesh->raft_count; i++) {
        for (uint32_t j = 0; j < mesh->raft[i].roster_count; j++) {
            placed[put++] = (struct placed){mesh->raft[i].roster[j], (uint16_t)i};
        }
    }
    qsort(placed, *count, sizeof *placed, by_node);
    return placed;
}

// Words of a server: its log, its disk, what is being written, and its snapshots' data.
static size_t words_of(const struct mesh_config *mesh)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < mesh->raft_count; i++) {
        uint32_t words = mesh_raft_entry_words(&mesh->raft[i]);
        most = words > most ? words : most;
    }
    return (size_t)3 * SIM_RAFT_LOG * most + 4;
}

static uint64_t length_draw(const struct sim_engine *engine, uint32_t node)
{
    struct mesh_random random =
        mesh_draw(engine->config.network->seed, DRAW_DISK, DRAW_LENGTH, node, 0);
    return (uint64_t)random.word[0] << 32 | random.word[1];
}

// How many servers of the group have drawn less: each number from 0 on, once.
static uint32_t dealt_length(const struct sim_engine *engine, const struct mesh_raft_group *group,
                             uint32_t node)
{
    uint64_t own = length_draw(engine, node);
    uint32_t less = 0;
    for (uint32_t i = 0; i < group->roster_count; i++) {
        uint64_t other = length_draw(engine, group->roster[i]);
        less += other < own || (other == own && group->roster[i] < node);
    }
    return less;
}

static void equip(struct sim_engine *engine, uint32_t index, const struct placed *placed)
{
    const struct mesh_config *mesh = engine->config.mesh;
    struct sim_rafts *rafts = &engine->rafts;
    struct sim_raft_server *server = &rafts->servers[index];
    size_t words = words_of(mesh);
    uint64_t *memory = rafts->memory + index * words;
    size_t log_words = (words - 4) / 3;
    uint32_t callable = mesh->raft_count + 1 + rafts->count;
    rafts->records[index] = (struct mesh_raft){
        .node = placed->node,
        .group = placed->group,
        .log = memory,
        .log_capacity = SIM_RAFT_LOG,
        .snapshot.data = (uint8_t *)(memory + 3 * log_words),
        .incoming.data = (uint8_t *)(memory + 3 * log_words + 1),
        .known = rafts->known + (size_t)index * mesh->raft_count,
        .callable = rafts->callable + (size_t)index * callable,
    };
    *server = (struct sim_raft_server){
        .raft = &rafts->records[index],
        .group = &mesh->raft[placed->group],
        .timer_ns = UINT64_MAX,
        .compact_ns = UINT64_MAX,
        .put_ns = UINT64_MAX,
        .read_ns = UINT64_MAX,
        .disk = {.entries = memory + log_words,
                 .snapshot.data = (uint8_t *)(memory + 3 * log_words + 2)},
        .write = {.entries = memory + 2 * log_words,
                  .done_ns = UINT64_MAX,
                  .snapshot.data = (uint8_t *)(memory + 3 * log_words + 3)},
    };
    assert(server->group->snapshot_bytes <= sizeof(uint64_t));
    sim_raft_disk_format(server, engine->config.rafting.elected);
    if (engine->config.rafting.logs_differ && !engine->config.rafting.elected) {
        sim_raft_disk_fill(server, dealt_length(engine, server->group, placed->node));
    }
    for (uint32_t i = 0; i < mesh->raft_count && engine->config.rafting.elected; i++) {
        uint32_t bridges = mesh->raft[i].bridge_count;
        server->raft->known[i].places = bridges == 0 ? 0 : UINT32_MAX >> (32 - bridges);
    }
}

void sim_rafts_create(struct sim_engine *engine)
{
    const struct mesh_config *mesh = engine->config.mesh;
    struct sim_rafts *rafts = &engine->rafts;
    if (mesh->raft_count == 0) {
        return;
    }
    struct placed *placed = placed_servers(mesh, &rafts->count);
    size_t callable = (size_t)rafts->count * (mesh->raft_count + 1 + rafts->count);
    rafts->records = sim_memory_zeroed(rafts->count * sizeof *rafts->records);
    rafts->servers = sim_memory_zeroed(rafts->count * sizeof *rafts->servers);
    rafts->memory = sim_memory_zeroed(rafts->count * words_of(mesh) * sizeof *rafts->memory);
    rafts->known =
        sim_memory_zeroed((size_t)rafts->count * mesh->raft_count * sizeof *rafts->known);
    rafts->callable = sim_memory_zeroed(callable * sizeof *rafts->callable);
    for (uint32_t i = 0; i < rafts->count; i++) {
        struct mesh_states *states = sim_states_of(engine, placed[i].node);
        equip(engine, i, &placed[i]);
        if (states->raft_count++ == 0) {
            states->rafts = &rafts->records[i];
        }
    }
    sim_memory_free(placed);
}

void sim_rafts_finish(struct sim_engine *engine)
{
    struct sim_rafts *rafts = &engine->rafts;
    for (uint32_t i = 0; i < rafts->value_count; i++) {
        sim_memory_free(rafts->values[i]);
    }
    sim_memory_free(rafts->values);
    sim_memory_free(rafts->records);
    sim_memory_free(rafts->servers);
    sim_memory_free(rafts->memory);
    sim_memory_free(rafts->known);
    sim_memory_free(rafts->callable);
    sim_memory_free(rafts->notes);
}

// ---- Whose it is ----

static struct sim_raft_server *servers_of(const struct sim_engine *engine,
                                          const struct sim_block *block)
{
    return engine->rafts.servers + (block->states.rafts - engine->rafts.records);
}

struct sim_raft_server *sim_rafts_server(const struct sim_engine *engine,
                                         const struct sim_block *block, uint32_t node)
{
    const struct mesh_states *states = &block->states;
    uint32_t local = node - states->node_first;
    if (states->has_role != NULL && (states->has_role[local / 64] >> local % 64 & 1) == 0) {
        return NULL;
    }
    const struct mesh_raft *raft = mesh_raft_of(states, node);
    return raft == NULL ? NULL : &engine->rafts.servers[raft - engine->rafts.records];
}

// The heap looks at the server then.
static void remind(struct sim_worker *worker, const struct sim_raft_server *server,
                   uint64_t time_ns, uint32_t generation)
{
    if (worker->engine->config.queue == SIM_QUEUE_HEAP) {
        sim_heap_push(&worker->heap, &(struct sim_heap_event){
                                         .time_ns = time_ns,
                                         .generation = generation,
                                         .target = server->raft->node,
                                         .source = SIM_REFERENCE_RAFT,
                                         .reference = SIM_REFERENCE_RAFT,
                                     });
    }
}

// ---- Records ----

static uint64_t disk_ns(const struct sim_engine *engine, const struct sim_raft_server *server,
                        uint32_t number)
{
    const struct sim_link *disk = &engine->config.rafting.disk;
    struct mesh_random random =
        mesh_draw(engine->config.network->seed, DRAW_DISK, DRAW_LATENCY, server->raft->node,
                  (uint64_t)server->life << 32 | number);
    return sim_link_latency_ns(disk, random.word[0], random.word[1]);
}

void sim_rafts_carry(struct sim_worker *worker, const struct mesh_event *event,
                     const struct mesh_record *record, uint32_t generation)
{
    const struct sim_engine *engine = worker->engine;
    const struct sim_block *block = &engine->blocks[sim_block_of(engine, event->node)];
    struct sim_raft_server *server = sim_rafts_server(engine, block, event->node);
    uint64_t due_ns = record->raft_timer.at_ns;
    if (record->kind == MESH_RECORD_RAFT_READ) {
        sim_raft_note(worker, server,
                      &(struct sim_raft_note){.time_ns = event->time_ns,
                                              .kind = SIM_RAFT_ANSWERED,
                                              .term = server->raft->term,
                                              .index = record->raft_read.number,
                                              .content = record->raft_read.index,
                                              .other = server->raft->applied});
        return;
    }
    if (record->kind == MESH_RECORD_RAFT_TIMER) {
        due_ns = due_ns < event->time_ns ? event->time_ns : due_ns;
        server->timer_ns = due_ns;
        server->timer = record->raft_timer.number;
    } else {
        due_ns = event->time_ns + disk_ns(engine, server, record->raft_persist.number);
        sim_raft_disk_write(server, record, due_ns);
    }
    remind(worker, server, due_ns, due_ns == event->time_ns ? generation : 0);
}

// ---- Own events ----

enum due { NOTHING, REGISTER, TRANSITION, COMPACTION, STORED, TIMER, READ };

static void consider(enum due *due, uint64_t *due_ns, enum due other, uint64_t other_ns)
{
    if (other_ns < *due_ns) {
        *due = other;
        *due_ns = other_ns;
    }
}

// What falls due first.
static enum due next_due(const struct sim_engine *engine, const struct sim_raft_server *server,
                         uint64_t *due_ns)
{
    enum due due = NOTHING;
    *due_ns = UINT64_MAX;
    consider(&due, due_ns, REGISTER, server->put_ns);
    if (server->transition_next < server->transition_end) {
        consider(&due, due_ns, TRANSITION,
                 engine->faults.transitions[server->transition_next].time_ns);
    }
    consider(&due, due_ns, COMPACTION, server->compact_ns);
    consider(&due, due_ns, STORED, server->write.done_ns);
    consider(&due, due_ns, TIMER, server->timer_ns);
    consider(&due, due_ns, READ, server->read_ns);
    return due;
}

struct own {
    struct sim_worker *worker;
    struct sim_block *block;
    struct sim_raft_server *server;
    uint64_t time_ns;
    uint32_t generation;
};

static void step(const struct own *own, struct mesh_event event)
{
    event.time_ns = own->time_ns;
    event.node = own->server->raft->node;
    event.scope = own->server->group->scope;
    sim_step_own(own->worker, own->block, &event, own->generation);
}

static void start(const struct own *own, bool impatient)
{
    struct sim_raft_server *server = own->server;
    struct mesh_raft_start given = sim_raft_disk_restore(server);
    given.life = ++server->life;
    given.impatient = impatient;
    server->up = true;
    sim_raft_note_start(own->worker, server, own->time_ns);
    step(own, (struct mesh_event){.kind = MESH_EVENT_RAFT_START, .raft_start = &given});
}

static void crash(const struct own *own)
{
    const struct sim_engine *engine = own->worker->engine;
    struct sim_raft_server *server = own->server;
    struct mesh_random random =
        mesh_draw(engine->config.network->seed, DRAW_DISK, DRAW_TORN, server->raft->node,
                  (uint64_t)server->life << 32 | server->write.number);
    sim_raft_disk_crash(server, mesh_below(random.word[0], 3 + server->write.count));
    sim_raft_note_crash(own->worker, server, own->time_ns);
    server->timer_ns = UINT64_MAX;
    server->compact_ns = UINT64_MAX;
    server->up = false;
}

// The voter that lacks least of the log, of several the first; MESH_NODE_NONE: there is no other.
static uint32_t successor_of(const struct sim_raft_server *server)
{
    const struct mesh_raft *raft = server->raft;
    uint32_t best = MESH_RAFT_MEMBERS_MAX;
    uint32_t others = raft->members.voters & ~(UINT32_C(1) << raft->self);
    for (uint32_t left = others; left != 0; left &= left - 1) {
        uint32_t place = (uint32_t)__builtin_ctz(left);
        bool better = best == MESH_RAFT_MEMBERS_MAX ||
                      raft->progress[place].match > raft->progress[best].match;
        best = better ? place : best;
    }
    return best == MESH_RAFT_MEMBERS_MAX ? MESH_NODE_NONE : server->group->roster[best];
}

static void hand_over(const struct own *own)
{
    const struct sim_raft_server *server = own->server;
    if (server->up && server->raft->role == MESH_RAFT_LEADER) {
        uint32_t successor = successor_of(server);
        if (successor != MESH_NODE_NONE) {
            step(own, (struct mesh_event){.kind = MESH_EVENT_RAFT_TRANSFER, .peer = successor});
        }
    }
}

static void pass(const struct own *own)
{
    const struct sim_engine *engine = own->worker->engine;
    struct sim_raft_server *server = own->server;
    const struct sim_transition *transition =
        &engine->faults.transitions[server->transition_next++];
    if (transition->kind == SIM_TRANSITION_DOWN && server->up) {
        crash(own);
    } else if (transition->kind == SIM_TRANSITION_UP && !server->up && !server->failed) {
        if (transition->disk_lost) {
            sim_raft_disk_lose(server);
            memset(server->raft->known, 0,
                   engine->config.mesh->raft_count * sizeof *server->raft->known);
        }
        start(own, false);
    } else if (transition->kind == SIM_TRANSITION_LEAVING) {
        hand_over(own);
    }
}

static void compact(const struct own *own)
{
    struct sim_raft_server *server = own->server;
    const struct mesh_raft *raft = server->raft;
    const uint8_t nothing[8] = {0};
    const struct mesh_raft_compact made = {
        .index = raft->applied < raft->stored ? raft->applied : raft->stored,
        .data = nothing,
        .bytes = sizeof nothing,
    };
    server->compact_ns = UINT64_MAX;
    step(own, (struct mesh_event){.kind = MESH_EVENT_RAFT_COMPACT, .compact = &made});
    sim_raft_disk_compacted(server);
}

// A client asks, whoever leads; of a server that is down nothing is to be had.
static void ask(const struct own *own)
{
    struct sim_raft_server *server = own->server;
    server->read_ns += own->worker->engine->config.rafting.read_every_ns;
    remind(own->worker, server, server->read_ns, 0);
    if (server->up) {
        uint64_t number = ++server->reads;
        sim_raft_note(own->worker, server,
                      &(struct sim_raft_note){.time_ns = own->time_ns,
                                              .kind = SIM_RAFT_ASKED,
                                              .term = server->raft->term,
                                              .index = number});
        step(own, (struct mesh_event){.kind = MESH_EVENT_RAFT_READ, .number = number});
    }
}

static void happen(const struct own *own, enum due due)
{
    struct sim_raft_server *server = own->server;
    uint64_t number;
    switch (due) {
    case REGISTER:
        server->put_ns = UINT64_MAX;
        step(own, (struct mesh_event){.kind = MESH_EVENT_WRITE, .write = &server->put});
        break;
    case TRANSITION: pass(own); break;
    case COMPACTION: compact(own); break;
    case STORED:
        number = server->write.number;
        sim_raft_disk_done(server);
        step(own, (struct mesh_event){.kind = MESH_EVENT_RAFT_STORED, .number = number});
        break;
    case TIMER:
        server->timer_ns = UINT64_MAX;
        step(own, (struct mesh_event){.kind = MESH_EVENT_RAFT_TIMER, .number = server->timer});
        break;
    case READ: ask(own); break;
    case NOTHING: break;
    }
}

// Puts off what falls due during a pause; returns whether it was.
static bool put_off(struct sim_worker *worker, struct sim_raft_server *server, enum due due,
                    uint64_t due_ns)
{
    uint64_t resume_ns = sim_faults_resume_ns(worker->engine, due_ns, server->raft->node);
    if ((due != STORED && due != TIMER && due != READ) || resume_ns == due_ns) {
        return false;
    }
    *(due == STORED  ? &server->write.done_ns
      : due == TIMER ? &server->timer_ns
                     : &server->read_ns) = resume_ns;
    remind(worker, server, resume_ns, 0);
    return true;
}

void sim_rafts_run(struct sim_worker *worker, struct sim_block *block,
                   struct sim_raft_server *server, uint64_t until_ns, uint32_t generation)
{
    struct own own = {worker, block, server, 0, generation};
    for (;;) {
        enum due due = next_due(worker->engine, server, &own.time_ns);
        if (due == NOTHING || own.time_ns > until_ns) {
            return;
        }
        if (!put_off(worker, server, due, own.time_ns)) {
            // A leader goes by what it thinks of the others then.
            sim_swims_catch_up(worker, block, server->raft->node, own.time_ns, generation);
            happen(&own, due);
        }
    }
}

void sim_rafts_run_block(struct sim_worker *worker, struct sim_block *block, uint64_t until_ns)
{
    for (uint32_t i = 0; i < block->states.raft_count; i++) {
        sim_rafts_run(worker, block, servers_of(worker->engine, block) + i, until_ns, 0);
    }
}

void sim_rafts_start(struct sim_engine *engine)
{
    for (uint32_t i = 0; i < engine->rafts.count; i++) {
        struct sim_raft_server *server = &engine->rafts.servers[i];
        struct own own = {
            .worker = engine->workers[0],
            .block = &engine->blocks[sim_block_of(engine, server->raft->node)],
            .server = server,
        };
        const struct mesh_raft_group *group = server->group;
        uint32_t taking_part = group->roster_count - engine->config.rafting.failed;
        bool first = server->raft->node == group->roster[0];
        server->failed = taking_part == 0 || server->raft->node > group->roster[taking_part - 1];
        if (server->failed) {
            continue;
        }
        if (engine->config.rafting.read_every_ns > 0) {
            server->read_ns = engine->config.rafting.read_every_ns;
            remind(own.worker, server, server->read_ns, 0);
        }
        start(&own, first && engine->config.rafting.elected);
    }
}

// ---- Registers ----

// A leader that has applied something else than what its group's register says.
static bool wants_register(const struct sim_engine *engine, const struct sim_raft_server *server)
{
    const struct mesh_raft *raft = server->raft;
    return server->up && raft->role == MESH_RAFT_LEADER && raft->commit >= raft->term_start &&
           raft->bridges != raft->known[raft->group].places &&
           !sim_engine_is_down(engine, raft->node) && !sim_engine_is_paused(engine, raft->node);
}

uint32_t sim_rafts_registers_wanted(const struct sim_engine *engine)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < engine->rafts.count; i++) {
        count += wants_register(engine, &engine->rafts.servers[i]);
    }
    return count;
}

static void reserve_register(struct sim_engine *engine, struct sim_raft_server *server)
{
    struct sim_rafts *rafts = &engine->rafts;
    uint32_t node = server->raft->node;
    uint32_t index = engine->config.write_count + rafts->value_count++;
    uint8_t *value = sim_memory_zeroed(MESH_BRIDGES_BYTES);
    mesh_bridges_write(server->raft->bridges, value);
    rafts->values = sim_memory_resize(rafts->values, rafts->value_count * sizeof *rafts->values);
    rafts->values[rafts->value_count - 1] = value;
    engine->writes = sim_memory_resize(engine->writes, (index + 1) * sizeof *engine->writes);
    server->put_ns = engine->window * engine->window_ns;
    server->put = (struct mesh_write){
        .value = value,
        .key = MESH_BRIDGES_KEY + server->raft->group,
        .lane =
            mesh_table_reserve(&engine->table, (struct mesh_dot){node, ++engine->sequences[node]}),
        .value_bytes = MESH_BRIDGES_BYTES,
        .type = MESH_LWW_SET,
    };
    engine->writes[index] = (struct sim_write){.time_ns = server->put_ns,
                                               .node = node,
                                               .scope = server->group->scope,
                                               .write = server->put};
    engine->write_of_lane[server->put.lane] = index;
    remind(engine->workers[0], server, server->put_ns, 0);
}

// The window's transitions, which stand node by node.
static void share_transitions(struct sim_engine *engine)
{
    const struct sim_faults *faults = &engine->faults;
    for (uint32_t i = 0; i < faults->transition_count; i++) {
        const struct sim_transition *transition = &faults->transitions[i];
        const struct sim_block *block = &engine->blocks[sim_block_of(engine, transition->node)];
        struct sim_raft_server *server =
            block->states.raft_count > 0 ? sim_rafts_server(engine, block, transition->node) : NULL;
        if (server != NULL) {
            bool first = server->transition_end != i || i == 0;
            server->transition_next = first ? i : server->transition_next;
            server->transition_end = i + 1;
            remind(engine->workers[0], server, transition->time_ns, 0);
        }
    }
}

void sim_rafts_begin_window(struct sim_engine *engine)
{
    for (uint32_t i = 0; i < engine->rafts.count; i++) {
        struct sim_raft_server *server = &engine->rafts.servers[i];
        server->transition_next = 0;
        server->transition_end = 0;
        if (wants_register(engine, server)) {
            reserve_register(engine, server);
        }
    }
    if (engine->rafts.count > 0) {
        share_transitions(engine);
    }
}

bool sim_rafts_write(const struct sim_engine *engine, uint32_t block_index)
{
    const struct sim_block *block = &engine->blocks[block_index];
    for (uint32_t i = 0; i < block->states.raft_count; i++) {
        if (servers_of(engine, block)[i].put_ns != UINT64_MAX) {
            return true;
        }
    }
    return false;
}
