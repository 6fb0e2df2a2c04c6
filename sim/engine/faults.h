// SPDX-License-Identifier: GPL-3.0-or-later
// Faults in the engine (private to this folder; fault.h says what they mean).
//
//     window begins   firings that fall due --> nodes that they hit --> actions, rules
//                     actions of this window, by (node, time); writes of who is not there are left
//                     out; JOIN events of nodes that come back without a disk
//     window runs     every event of a node that is touched asks how the node is at that instant:
//                     what it was as the window began, and the actions since. Nothing is changed
//     window ends     actions take effect, transitions --> fingerprint, observer; connections of
//                     who crashed are gone; silent relays are replaced (relays.h)
//
// So blocks read what the window's beginning decided and write nothing they share. A fault of an
// instant comes before all other events of its node at that instant.
//
// What arrives at a paused node is put off to the end of the pause, as a copy where that lies
// beyond this window, and is counted as under way until then (flights.c).

#ifndef SIM_ENGINE_FAULTS_H
#define SIM_ENGINE_FAULTS_H

#include "engine.h"
#include "heap.h"
#include "rules.h"
#include "timeline.h"

struct sim_worker;

// A node as it is at some instant.
struct sim_condition {
    uint64_t resume_ns;  // when the last of its pauses ends
    uint64_t joined_ns;  // in this window; 0: not in it
    int64_t skew_ns;
    uint32_t down;  // crashes that hold it down
    uint32_t open;  // of them, those that have no end of their own
    uint32_t paused;
    uint32_t drained;  // by so many notices
    uint16_t home;
    bool lost;     // down, and its disk is gone
    bool leaves;   // down, and what took it down let it say so
    bool joining;  // it asked for a snapshot and has none yet
    bool listed;   // among those that wait for one
};

// Nodes of an auto-scaled set.
enum sim_scaled { SIM_UNSCALED, SIM_SCALED_IN, SIM_SCALED_OUT };

struct sim_faults {
    bool any;   // faults are configured; if not, the rest is empty
    bool busy;  // some node is down or paused in this window, or has a wrong clock
    struct sim_timeline timeline;
    struct sim_rules rules;
    struct sim_condition *conditions;  // [nodes] as the window began
    uint8_t *touched;                  // [nodes] 1: not as usual, or with actions in this window
    uint32_t skewed;                   // nodes that have a wrong clock as the window begins
    bool skewing;                      // some clock is wrong in this window
    uint32_t affected;                 // nodes that are not as usual as the window begins
    struct sim_action *pending;        // of later windows, in any order
    uint32_t pending_count;
    uint32_t pending_capacity;
    uint64_t pending_least_ns;
    struct sim_action *actions;  // [action_count] of this window, by (node, time)
    uint32_t action_count;
    uint32_t action_capacity;
    struct sim_transition *transitions;  // [transition_count] of this window, by (time, node)
    uint32_t transition_count;
    uint32_t transition_capacity;
    uint32_t *joining;  // [joining_count] nodes that wait for a snapshot
    uint32_t joining_count;
    uint32_t joining_capacity;
    uint32_t *selected;  // [nodes] scratch
    uint8_t **scaled;  // [faults] of those that scale: a byte per node, enum sim_scaled; else NULL
    struct sim_fault_count *counts;  // [faults]
};

void sim_faults_create(struct sim_engine *engine);
void sim_faults_finish(struct sim_engine *engine);

// Before lanes are reserved for the window's writes. False: what waits for paused nodes exceeds the
// memory; engine->failure says so.
bool sim_faults_begin_window(struct sim_engine *engine);

// Puts the window's JOIN events into the queue, by `push` of the queue in use.
void sim_faults_push_joins(struct sim_engine *engine,
                           void (*push)(struct sim_engine *engine, uint64_t time_ns, uint32_t node,
                                        uint32_t reference));

// Whether the node's user finds nobody at this instant of the window.
bool sim_faults_silence(const struct sim_engine *engine, uint64_t time_ns, uint32_t node);

// When the node handles what falls due at this instant of the window: then, or when its pause ends.
uint64_t sim_faults_resume_ns(const struct sim_engine *engine, uint64_t time_ns, uint32_t node);

// Of the worker's `count` sorted keys of a block keeps those that its nodes handle; returns how
// many.
uint32_t sim_faults_admit(struct sim_worker *worker, const struct mesh_states *states,
                          uint32_t count);

// The same of one event of the heap.
bool sim_faults_admit_one(struct sim_engine *engine, const struct sim_heap_event *event);

// The same of a message that is served at `time_ns`. False: it found nobody, or, where *resume_ns
// is not 0, its node pauses until then.
bool sim_faults_admit_served(struct sim_worker *worker, const struct mesh_message *message,
                             enum sim_pair_class pair, uint64_t time_ns, uint32_t node,
                             uint64_t *resume_ns);

// Fills in a JOIN event.
void sim_faults_join(struct sim_engine *engine, struct mesh_event *event);

// A SNAPSHOT was handled: perhaps its node has joined.
void sim_faults_heard(struct sim_engine *engine, const struct mesh_event *event);

// Whether what is sent just then is cut; if not, how much later it arrives.
static inline bool sim_faults_cut(const struct sim_faults *faults,
                                  const struct mesh_message *message, uint32_t target,
                                  uint64_t *delay_ns)
{
    return sim_rules_cut(&faults->rules, message->source, target, message->sent_ns, delay_ns);
}

// Gives the events [first, end) of the batch the times that their nodes' clocks show, which is all
// the core knows of time. Returns whether any is wrong; if so, the times are to be set right after
// the step, those of the messages that it sent included.
bool sim_faults_skew(struct sim_worker *worker, uint32_t first, uint32_t end);
void sim_faults_set_right(struct sim_worker *worker, uint32_t first, uint32_t end);

void sim_faults_end_window(struct sim_engine *engine);

// mesh_release_settled without the nodes that are gone: down, and never back with what they held.
void sim_faults_settled(const struct sim_engine *engine, const struct mesh_states *states,
                        uint32_t word_first, uint32_t word_end, uint64_t *settled);

#endif
