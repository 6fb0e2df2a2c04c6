// SPDX-License-Identifier: GPL-3.0-or-later
// What there is to tell of Raft servers, for those who look on: found after each event by comparing
// the core's record with what was told of it before, so that nobody's word is taken for it.
#include <assert.h>
#include <stdlib.h>
#include <xxhash.h>

#include "allocate.h"
#include "state.h"

void sim_raft_note(struct sim_worker *worker, struct sim_raft_server *server,
                   const struct sim_raft_note *note)
{
    if (worker->engine->config.observer.rafts == NULL) {
        return;
    }
    if (worker->raft_note_count == worker->raft_note_capacity) {
        worker->raft_note_capacity = 2 * worker->raft_note_capacity + 64;
        worker->raft_notes = sim_memory_resize(worker->raft_notes, worker->raft_note_capacity *
                                                                       sizeof *worker->raft_notes);
    }
    struct sim_raft_note *made = &worker->raft_notes[worker->raft_note_count++];
    *made = *note;
    made->node = server->raft->node;
    made->group = server->raft->group;
    made->number = server->told.number++;
    made->voters = server->raft->members.voters;
}

static void forget(struct sim_raft_told *told)
{
    told->term = 0;
    told->commit = 0;
    told->first = 1;
    told->last = 0;
    told->leader = MESH_NODE_NONE;
    told->role = MESH_RAFT_FOLLOWER;
    told->bridge = false;
    told->exchanged = false;
}

void sim_raft_note_start(struct sim_worker *worker, struct sim_raft_server *server,
                         uint64_t time_ns)
{
    forget(&server->told);
    sim_raft_note(worker, server,
                  &(struct sim_raft_note){.time_ns = time_ns,
                                          .kind = SIM_RAFT_STARTED,
                                          .term = server->disk.term,
                                          .index = server->disk.last,
                                          .content = server->disk.forgot});
}

void sim_raft_note_crash(struct sim_worker *worker, struct sim_raft_server *server,
                         uint64_t time_ns)
{
    sim_raft_note(worker, server,
                  &(struct sim_raft_note){
                      .time_ns = time_ns, .kind = SIM_RAFT_CRASHED, .term = server->told.term});
}

// ---- Looking ----

static uint64_t content_of(const struct mesh_raft_entry *entry)
{
    uint64_t data = XXH3_64bits(entry->data, (entry->bytes + 7) / 8 * sizeof(uint64_t));
    uint64_t said[3] = {entry->kind, entry->bytes, data};
    return XXH3_64bits(said, sizeof said);
}

static void look_at_log(struct sim_worker *worker, struct sim_raft_server *server, uint64_t time_ns)
{
    const struct mesh_raft *raft = server->raft;
    struct sim_raft_told *told = &server->told;
    uint64_t previous_term = raft->snapshot.term;
    bool led = told->role == MESH_RAFT_LEADER && raft->role == MESH_RAFT_LEADER &&
               told->term == raft->term;
    if (raft->last < told->last) {
        sim_raft_note(worker, server,
                      &(struct sim_raft_note){.time_ns = time_ns,
                                              .kind = SIM_RAFT_CUT,
                                              .term = raft->term,
                                              .index = raft->last,
                                              .led = led});
    }
    for (uint64_t index = raft->snapshot.index + 1; index <= raft->last; index++) {
        const struct mesh_raft_entry *entry = mesh_raft_entry_at(server->group, raft, index);
        uint64_t content = content_of(entry);
        uint64_t *term_told = &told->terms[index % SIM_RAFT_LOG];
        uint64_t *content_told = &told->contents[index % SIM_RAFT_LOG];
        bool known = index >= told->first && index <= told->last;
        if (!known || *term_told != entry->term || *content_told != content) {
            *term_told = entry->term;
            *content_told = content;
            sim_raft_note(worker, server,
                          &(struct sim_raft_note){.time_ns = time_ns,
                                                  .kind = SIM_RAFT_ENTRY,
                                                  .term = entry->term,
                                                  .index = index,
                                                  .content = content,
                                                  .other = previous_term,
                                                  .entry_kind = (uint8_t)entry->kind,
                                                  .led = led,
                                                  .overwrites = known});
        }
        previous_term = entry->term;
    }
    told->first = raft->snapshot.index + 1;
    told->last = raft->last;
}

static void look_at_commit(struct sim_worker *worker, struct sim_raft_server *server,
                           const struct mesh_event *event)
{
    uint64_t time_ns = event->time_ns;
    const struct mesh_raft *raft = server->raft;
    struct sim_raft_told *told = &server->told;
    if (raft->snapshot.index > told->commit) {
        told->commit = raft->snapshot.index;
        sim_raft_note(worker, server,
                      &(struct sim_raft_note){.time_ns = time_ns,
                                              .kind = SIM_RAFT_RESTORED,
                                              .term = raft->snapshot.term,
                                              .index = raft->snapshot.index,
                                              .other = raft->term,
                                              .fetched = event->kind == MESH_EVENT_RECEIVE});
    }
    while (told->commit < raft->commit) {
        uint64_t index = ++told->commit;
        const struct mesh_raft_entry *entry = mesh_raft_entry_at(server->group, raft, index);
        sim_raft_note(worker, server,
                      &(struct sim_raft_note){.time_ns = time_ns,
                                              .kind = SIM_RAFT_COMMITTED,
                                              .term = entry->term,
                                              .index = index,
                                              .content = content_of(entry),
                                              .other = raft->term,
                                              .entry_kind = (uint8_t)entry->kind});
    }
}

static void look_at_role(struct sim_worker *worker, struct sim_raft_server *server,
                         uint64_t time_ns)
{
    const struct mesh_raft *raft = server->raft;
    struct sim_raft_told *told = &server->told;
    if (raft->role != told->role || raft->term != told->term || raft->leader != told->leader) {
        told->role = raft->role;
        told->term = raft->term;
        told->leader = raft->leader;
        sim_raft_note(worker, server,
                      &(struct sim_raft_note){.time_ns = time_ns,
                                              .kind = SIM_RAFT_ROLE,
                                              .term = raft->term,
                                              .index = raft->last,
                                              .content = raft->role,
                                              .other = raft->leader,
                                              .handed_over = raft->role == MESH_RAFT_LEADER &&
                                                             raft->handover});
    }
}

static void look_at_bridge(struct sim_worker *worker, struct sim_raft_server *server,
                           const struct mesh_event *event)
{
    struct sim_raft_told *told = &server->told;
    bool bridge = mesh_bridges_has(server->raft);
    if (bridge != told->bridge) {
        told->bridge = bridge;
        told->exchanged = false;
        sim_raft_note(worker, server,
                      &(struct sim_raft_note){.time_ns = event->time_ns,
                                              .kind = SIM_RAFT_BRIDGE,
                                              .term = server->raft->term,
                                              .content = bridge,
                                              .other = server->raft->bridges});
        return;
    }
    bool link = event->kind == MESH_EVENT_RECEIVE &&
                event->scope == worker->engine->config.mesh->bridge_scope;
    if (bridge && link && !told->exchanged) {
        told->exchanged = true;
        sim_raft_note(
            worker, server,
            &(struct sim_raft_note){.time_ns = event->time_ns, .kind = SIM_RAFT_EXCHANGED});
    }
}

// A log that is half full is cut, as soon as there is something to cut.
static void look_at_ring(struct sim_raft_server *server, uint64_t time_ns)
{
    const struct mesh_raft *raft = server->raft;
    uint64_t index = raft->applied < raft->stored ? raft->applied : raft->stored;
    bool full = raft->last - raft->snapshot.index >= SIM_RAFT_LOG / 2;
    if (full && index > raft->snapshot.index && server->compact_ns == UINT64_MAX) {
        server->compact_ns = time_ns;
    }
}

void sim_rafts_look(struct sim_worker *worker, const struct sim_block *block,
                    const struct mesh_event *event)
{
    struct sim_raft_server *server = sim_rafts_server(worker->engine, block, event->node);
    if (server == NULL) {
        return;
    }
    look_at_log(worker, server, event->time_ns);
    look_at_role(worker, server, event->time_ns);
    look_at_commit(worker, server, event);
    look_at_bridge(worker, server, event);
    look_at_ring(server, event->time_ns);
}

// ---- A window ends ----

static int by_time_and_node(const void *left, const void *right)
{
    const struct sim_raft_note *a = left;
    const struct sim_raft_note *b = right;
    if (a->time_ns != b->time_ns) {
        return a->time_ns < b->time_ns ? -1 : 1;
    }
    if (a->node != b->node) {
        return a->node < b->node ? -1 : 1;
    }
    return a->number < b->number ? -1 : a->number > b->number;
}

void sim_rafts_end_window(struct sim_engine *engine)
{
    struct sim_rafts *rafts = &engine->rafts;
    const struct sim_observer *observer = &engine->config.observer;
    uint32_t count = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct sim_worker *worker = engine->workers[i];
        if (count + worker->raft_note_count > rafts->note_capacity) {
            rafts->note_capacity = 2 * (count + worker->raft_note_count);
            rafts->notes =
                sim_memory_resize(rafts->notes, rafts->note_capacity * sizeof *rafts->notes);
        }
        for (uint32_t j = 0; j < worker->raft_note_count; j++) {
            rafts->notes[count++] = worker->raft_notes[j];
        }
        worker->raft_note_count = 0;
    }
    if (count > 0) {
        qsort(rafts->notes, count, sizeof *rafts->notes, by_time_and_node);
        observer->rafts(observer->context, rafts->notes, count);
    }
}
