// SPDX-License-Identifier: GPL-3.0-or-later
// Watches the engine's changes and keeps what a result needs. It only observes.
//
//     change (time, node, lanes, message)
//        |--> held[update] + 1 --> reached theta, half, 99 %, all?  -> times
//        |--> the same among the agents of the writer's edge and of its region
//        |--> curves: time since the write, in 200 steps that widen when a receipt lies beyond them
//        +--> receipt[update][node]: who told it, when that was sent, the tick that caused it
//                                          |
//     at theta: the path back to the writer, split into waiting for ticks and network
//
// Aggregators and coordinators are on the paths; what is counted are agents.
//
// Agents that go down leave the cohorts they are in, which may complete an update, and those that
// come back are measured apart (cohorts.h). Of several receipts of a node, which lost its disk in
// between, the first is on the paths.
//
// Agents that lie are in no cohort, and what is written at them is nobody's loss: such updates are
// not in the result.
//
// A message of an exchange was caused by the initiator's tick: what an answer brought waited for
// that tick if the answerer knew it before, and otherwise met a question already under way.

#ifndef SIM_RECORDER_H
#define SIM_RECORDER_H

#include "cohorts.h"
#include "engine.h"
#include "results.h"
#include "world.h"

#define SIM_TRACKED_UPDATES 64u  // causal paths are kept for the first so many

struct sim_receipt {
    uint64_t received_ns;
    uint32_t source;         // MESH_NODE_NONE: written here
    uint32_t flight_ns;      // from sent to received; what exceeds UINT32_MAX counts as waiting
    uint32_t since_tick_ns;  // from the causing tick to sent; 0: sent by it, or forwarded at once
    uint32_t tick;           // enum sim_tick: whose tick that was
};

// The agents [first, end) that are near an update's writer; empty: its mesh has no such part.
struct sim_vicinity {
    uint32_t first;
    uint32_t end;
};

struct sim_recorder {
    struct sim_result *result;
    const struct sim_world *world;
    struct sim_receipt *receipts;  // [tracked][nodes]
    uint32_t tracked;
    struct sim_vicinity (*near)[SIM_REACH_ALL];  // [updates] edge, region
    uint32_t region_curve_first;  // result->curves: of region 0; 0: regions have none
    uint32_t threshold_ppb;
    uint32_t update_count;
    uint32_t open;            // updates that not all hold yet
    bool stop_when_held;      // no duration_ms was given
    uint32_t *honest_before;  // [agents + 1] honest agents before this one
    bool faults;              // nodes come and go:
    struct sim_cohorts cohorts;
    uint8_t *closed;                     // [updates] 1: not open any more
    struct sim_transition *transitions;  // [transition_count] still to be told, in order of time
    uint32_t transition_count;
    uint32_t transition_next;
    uint32_t transition_capacity;
    uint64_t now_ns;  // of the transition being told
    uint32_t takeover_capacity;
    uint32_t checkpoint_capacity;
};

void sim_recorder_init(struct sim_recorder *recorder, const struct sim_scenario *scenario,
                       const struct sim_world *world, struct sim_result *result);
void sim_recorder_finish(struct sim_recorder *recorder);

// The engine's observer calls (engine.h); `context` is the recorder.
void sim_recorder_changes(void *context, const struct mesh_table *table,
                          const uint32_t *write_of_lane, const struct sim_change *changes,
                          uint32_t count);
void sim_recorder_transitions(void *context, const struct sim_transition *transitions,
                              uint32_t count);
void sim_recorder_silenced(void *context, uint32_t write);

// After each window.
void sim_recorder_window(struct sim_recorder *recorder);

// Whether everybody who is up holds all there is to hold.
bool sim_recorder_is_done(const struct sim_recorder *recorder);

void sim_recorder_checkpoint(void *context, uint64_t time_ns, uint64_t fingerprint,
                             uint64_t events);

#endif
