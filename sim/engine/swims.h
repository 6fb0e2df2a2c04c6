// SPDX-License-Identifier: GPL-3.0-or-later
// SWIM's members in the engine (private to this folder); mesh/swim.h says what a driver owes them.
//
// Timers are a member's own, as those of Raft's servers are (rafts.h): set and moved by what is
// heard within a window, they are in no queue. Before any event of a node what fell due at it until
// then is handled, and when its window ends the rest; the heap is told when to look. They concern
// the node alone, so the order among nodes does not matter.
//
//     due_ns   [ node 0 | node 1 | ... ]   the timer, or a crash or return in this window
//              least of a block            most windows look no further than that
//
// A crash takes the whole view: back again, a node asks the seeds. While it is paused its timers
// wait, and it finds all of them due at once when the pause ends. Views grow as they need, before
// the event that needs it; where memory_bytes do not hold them the run ends with the window.

#ifndef SIM_SWIMS_H
#define SIM_SWIMS_H

#include "engine.h"
#include "mesh/swim.h"

struct sim_worker;
struct sim_block;

struct sim_swim_member {
    uint64_t timer_ns;         // UINT64_MAX: none is set
    void *view;                // its memory
    uint32_t transition_next;  // of the window's, up to `transition_end`
    uint32_t transition_end;
    uint32_t notes;  // so far
    bool up;
};

struct sim_swims {
    struct mesh_swim *records;        // [count] by node
    struct sim_swim_member *members;  // [count] likewise
    uint64_t *due_ns;                 // [count] likewise; UINT64_MAX: nothing
    uint32_t count;                   // of nodes; 0: nobody takes part, and the rest is empty
    uint64_t view_bytes;              // of all views, as the window began
    uint32_t *turned;  // [turned_count] who, in the window before, came to hold somebody for gone,
    uint32_t turned_count;  // or no longer, or has a view now
    uint32_t turned_capacity;
    struct sim_swim_note *notes;  // scratch
    uint32_t note_capacity;
};

// Records before the replicas are used; the members start when all else has.
void sim_swims_create(struct sim_engine *engine);
void sim_swims_start(struct sim_engine *engine);
void sim_swims_finish(struct sim_engine *engine);

// Whether memory_bytes hold the views beside the replicas; if not, engine->failure says so.
bool sim_swims_fit(struct sim_engine *engine);

// The window's transitions are known.
void sim_swims_begin_window(struct sim_engine *engine);

// Whether a node has no majority as the window begins.
bool sim_swims_refuse(const struct sim_engine *engine, uint32_t node);

// Lets the members that events [first, end) of the batch are about handle what fell due before, and
// gives their views room. Returns where the step has to end: before an event of a member that has
// something due, or whose timer an event of the same step may set.
uint32_t sim_swims_serve(struct sim_worker *worker, struct sim_block *block, uint32_t first,
                         uint32_t end, uint32_t generation);
void sim_swims_provide(struct sim_worker *worker, struct sim_block *block,
                       const struct mesh_event *event);

// Handles the own events of a member up to `until_ns`; of all members of a block.
void sim_swims_run(struct sim_worker *worker, struct sim_block *block, uint32_t node,
                   uint64_t until_ns, uint32_t generation);
// The same for a node that may take no part, and has nothing due mostly.
void sim_swims_catch_up(struct sim_worker *worker, struct sim_block *block, uint32_t node,
                        uint64_t until_ns, uint32_t generation);
void sim_swims_run_block(struct sim_worker *worker, struct sim_block *block, uint64_t until_ns);

// A step's record of SWIM.
void sim_swims_carry(struct sim_worker *worker, const struct mesh_event *event,
                     const struct mesh_record *record, uint32_t generation);

// Hands the notes of the window to the observer.
void sim_swims_end_window(struct sim_engine *engine);

#endif
