// SPDX-License-Identifier: GPL-3.0-or-later
// Raft servers in the engine (private to this folder); mesh/raft.h says what a driver owes them.
//
//     window          |    m1      m2          m3    |        messages of a server, in their order
//     its own events  |  T     S  S       U          |  next  T timer, S stored, U up again
//     handled         |  T m1  S  m2 S ... U   m3    |        each before the first message behind
//
// A server's own events are few and beget each other: a message begins a write of the disk, which
// may be done before the next message, and that sets a timer. So they are in no queue. A server
// knows when each of its kinds falls due next, and they are handled when another event of the node
// is about to be, or when its window ends. They concern the node alone, so the order among nodes
// does not matter; the heap, which keeps that order too, is told when to look.
//
//     disk    a write under way ----latency----> durable, STORED
//                     \--crash--> some beginning of it: nothing, or term and vote, or also the
//                                 snapshot with the cut of the log, or also some of the entries
//
// Timers of which a later one was set never fire. Paused, a server handles what fell due when the
// pause ends. A crash takes what was not on the disk; back without its disk a server has forgotten.
//
// A leader whose register (mesh/bridges.h) says something else than what it applied writes a new
// one when the next window begins, as if its user did.

#ifndef SIM_RAFTS_H
#define SIM_RAFTS_H

#include "engine.h"
#include "mesh/bridges.h"

#define SIM_RAFT_LOG 64u  // entries of a ring; half of them are kept at most

struct sim_worker;
struct sim_block;

// What is or will be durable.
struct sim_raft_disk {
    uint64_t term;
    uint64_t last;
    struct mesh_raft_snapshot snapshot;
    uint64_t *entries;  // [SIM_RAFT_LOG] a ring like the core's
    uint32_t vote;
    bool forgot;
};

struct sim_raft_write {
    uint64_t done_ns;  // UINT64_MAX: none is under way
    uint64_t term;
    uint64_t index_first;
    struct mesh_raft_snapshot snapshot;
    uint64_t *entries;  // [count]
    uint32_t vote;
    uint32_t number;
    uint32_t count;
    bool forgot;
    bool snapshot_too;
};

// As the notes have told of a server so far (raft_notes.c).
struct sim_raft_told {
    uint64_t term;
    uint64_t commit;
    uint64_t first;  // entries [first, last] are known
    uint64_t last;
    uint64_t terms[SIM_RAFT_LOG];  // of the entry at an index modulo the size
    uint64_t contents[SIM_RAFT_LOG];
    uint32_t leader;
    uint32_t number;  // notes so far
    uint8_t role;
    bool bridge;
    bool exchanged;  // as a bridge
};

struct sim_raft_server {
    struct mesh_raft *raft;
    const struct mesh_raft_group *group;
    uint64_t timer_ns;  // when the timer set last fires; UINT64_MAX: none is set
    uint64_t timer;
    uint64_t compact_ns;  // a snapshot is due since then; UINT64_MAX: none is
    uint64_t read_ns;     // the next read; UINT64_MAX: none ever
    uint64_t reads;       // asked so far
    uint64_t put_ns;      // a register is to be written then; UINT64_MAX: none
    struct mesh_write put;
    uint32_t transition_next;  // of the window's, up to `transition_end`
    uint32_t transition_end;
    uint32_t life;
    bool up;
    bool failed;  // it never starts
    struct sim_raft_disk disk;
    struct sim_raft_write write;
    struct sim_raft_told told;
};

struct sim_rafts {
    struct mesh_raft *records;        // [count] by node
    struct sim_raft_server *servers;  // [count] likewise
    uint32_t count;                   // 0: there are none, and the rest is empty
    uint64_t *memory;                 // of logs and disks
    struct mesh_bridges_known *known;
    uint32_t *callable;
    uint8_t **values;  // [value_count] of registers written
    uint32_t value_count;
    struct sim_raft_note *notes;  // scratch
    uint32_t note_capacity;
};

// Records before the replicas are used; the servers start when all else has.
void sim_rafts_create(struct sim_engine *engine);
void sim_rafts_start(struct sim_engine *engine);
void sim_rafts_finish(struct sim_engine *engine);

// Registers that are to be written in the window that begins, and taking their lanes; the window's
// transitions are known.
uint32_t sim_rafts_registers_wanted(const struct sim_engine *engine);
void sim_rafts_begin_window(struct sim_engine *engine);

// Whether a register is written in a block in this window: its users wake the part.
bool sim_rafts_write(const struct sim_engine *engine, uint32_t block_index);

// The server of a node of the block, or NULL.
struct sim_raft_server *sim_rafts_server(const struct sim_engine *engine,
                                         const struct sim_block *block, uint32_t node);

// Handles the own events of a server up to `until_ns`; of all servers of a block.
void sim_rafts_run(struct sim_worker *worker, struct sim_block *block,
                   struct sim_raft_server *server, uint64_t until_ns, uint32_t generation);
void sim_rafts_run_block(struct sim_worker *worker, struct sim_block *block, uint64_t until_ns);

// A step's record that concerns the server's timer, its disk or a read.
void sim_rafts_carry(struct sim_worker *worker, const struct mesh_event *event,
                     const struct mesh_record *record, uint32_t generation);

// After each event of a server: what is to be told of it, and whether its log is to be cut.
void sim_rafts_look(struct sim_worker *worker, const struct sim_block *block,
                    const struct mesh_event *event);

// Hands the notes of the window to the observer.
void sim_rafts_end_window(struct sim_engine *engine);

// ---- raft_disks.c ----

// What a server begins with: nothing, or what an election left behind.
void sim_raft_disk_format(struct sim_raft_server *server, bool elected);

// So many entries of term 1, in which nobody has been elected yet.
void sim_raft_disk_fill(struct sim_raft_server *server, uint32_t entries);
void sim_raft_disk_lose(struct sim_raft_server *server);
void sim_raft_disk_write(struct sim_raft_server *server, const struct mesh_record *record,
                         uint64_t done_ns);

// The write under way is done; by a crash, only its first `parts` are.
void sim_raft_disk_done(struct sim_raft_server *server);
void sim_raft_disk_crash(struct sim_raft_server *server, uint32_t parts);

// The driver's own snapshot, which the record holds, is on the disk.
void sim_raft_disk_compacted(struct sim_raft_server *server);

// Puts what is on the disk back into the record.
struct mesh_raft_start sim_raft_disk_restore(struct sim_raft_server *server);

// ---- raft_notes.c ----

void sim_raft_note(struct sim_worker *worker, struct sim_raft_server *server,
                   const struct sim_raft_note *note);

// The server has begun a new life: nothing of the old one is taken for known.
void sim_raft_note_start(struct sim_worker *worker, struct sim_raft_server *server,
                         uint64_t time_ns);
void sim_raft_note_crash(struct sim_worker *worker, struct sim_raft_server *server,
                         uint64_t time_ns);

#endif
