// SPDX-License-Identifier: GPL-3.0-or-later
// Liars in the engine (private to this folder; liar.h says what they do).
//
//     stride begins   forgeries that fall due, and second values of what equivocators will write,
//                     get lanes; they are in the list of lies
//     a liar's event  is stepped by itself, its core being an honest one; then each message that it
//                     sends is copied, rewritten, and posted: to all its targets, to some, later
//     a receipt       what the guard rejects is noted: whom it blames, whether it ignores him now
//
//     write_of_lane   0 .. a write | totals | SIM_LIE + the lie's place in the list
//
// A lie that has a lane is in the table like any other update; only its liars' messages name it,
// and whoever believes them. Where nobody lies nothing of this runs.

#ifndef SIM_ENGINE_LIARS_H
#define SIM_ENGINE_LIARS_H

#include "engine.h"

#define SIM_FORGED_SEQUENCE (UINT32_C(1) << 31)  // no honest origin gets so far

struct sim_worker;
struct sim_block;

// The first tick of a node that replays: what it says for ever.
struct sim_first_tick {
    uint64_t hash[2];
    uint64_t occasion;
    uint16_t scope;
    bool known;
};

struct sim_liars {
    bool any;                 // somebody lies
    bool guarded;             // the core has a guard, so there are rejects to note
    const uint32_t *entries;  // [nodes] bit i: the node is one of config.lying.liars[i]
    struct sim_lie *lies;     // [lie_count]
    uint32_t lie_count;
    uint32_t lie_capacity;
    uint32_t *forged;          // [liars] the lie that an entry tells just now, 1 +; 0: none yet
    uint64_t *forged_next_ns;  // [liars] when the next is due; SIM_FAULT_NEVER
    uint32_t *lie_first;       // [nodes] an equivocator's last lie, 1 +; each names the one before
    struct sim_first_tick *ticks;   // [nodes] of who replays
    uint64_t *lied_ns;              // [nodes] its first lie; SIM_FAULT_NEVER
    struct mesh_guard_peer *peers;  // [nodes][guard->peers]
    size_t peer_bytes;
    struct sim_liar_count *counts;  // [liars] scratch: sums over the workers
};

// What a worker notes.
struct sim_lying_notes {
    struct sim_liar_count *counts;  // [liars]
    uint64_t *caught_ns;  // [nodes] when somebody honest first ignored it; SIM_FAULT_NEVER
    uint64_t rejects[2][MESH_REJECT_COUNT];  // [1]: whose fault it was lies
    uint64_t ignored[2];  // pairs of an honest node and one that it came to ignore
    uint64_t *scratch;    // a message being rewritten
    size_t scratch_words;
    uint32_t *references;  // [records] of the messages of the liar's event
    uint32_t reference_capacity;
    uint32_t *targets;  // of floods
    uint64_t *delays_ns;
    uint32_t target_capacity;
    bool lying;  // the event being carried out is a liar's
};

void sim_liars_create(struct sim_engine *engine);
void sim_liars_finish(struct sim_engine *engine);

// Points the blocks at what their nodes remember of peers.
void sim_liars_attach(struct sim_engine *engine);

// Lanes that lies may ever need, and those that the stride that begins needs besides its writes,
// [write_first, write_end) of the engine's.
uint32_t sim_liars_lanes_max(const struct sim_engine *engine);
uint32_t sim_liars_lanes_wanted(const struct sim_engine *engine, uint32_t write_first,
                                uint32_t write_end);

// Makes the forgeries of the stride that begins.
void sim_liars_forge(struct sim_engine *engine);

// A write has got its lane: if its writer equivocates, so has its second value now.
void sim_liars_reserve(struct sim_engine *engine, const struct sim_write *write);

// Where the step has to end that begins with event `first` of the batch: a liar's event stands
// alone. Notes whether it is one.
uint32_t sim_liars_apart(struct sim_worker *worker, uint32_t first, uint32_t end);

// After the step of a liar's event, before any of its records is carried out.
void sim_liars_look(struct sim_worker *worker);

// Sends what the record of the liar's event says, or what becomes of it. Returns whether anything
// was sent.
bool sim_liars_send(struct sim_worker *worker, const struct mesh_event *event,
                    const struct mesh_record *record, uint32_t generation);

// A lie gets a lane, and its place in the list; the caller says what it is.
struct sim_lie *sim_lies_add(struct sim_engine *engine, const struct sim_lie *lie);

// Makes `update` say what another does; then perhaps something else, still of what its type
// permits; and then its hash and size follow from what it says.
void sim_lies_copy(const struct mesh_update *said, struct mesh_update *update);
void sim_lies_alter(struct sim_lie *lie, struct mesh_update *update);
void sim_lies_seal(const struct sim_engine *engine, struct mesh_update *update);

// A liar's write has been made.
void sim_liars_write(struct sim_worker *worker, const struct mesh_event *event,
                     const struct mesh_record *record);

// The guard has rejected something.
void sim_liars_reject(struct sim_worker *worker, const struct mesh_event *event,
                      const struct mesh_record *record);

// Whether one of the part's nodes lies.
bool sim_liars_among(const struct sim_engine *engine, uint32_t node_first, uint32_t node_end);

#endif
