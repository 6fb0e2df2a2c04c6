// SPDX-License-Identifier: GPL-3.0-or-later
// One repetition of a scenario: builds the mesh, runs the engine, records what is measured.
//
//     struct sim_scenario --> world    hosts, zones, regions; scopes; the list of writes
//                         --> engine   ... changes, checkpoints ...
//                         <-- recorder time to theta, causal paths, curve --> struct sim_result
//
// A repetition r runs with seed + r and knows nothing of the others. Results depend on the scenario
// and the seed alone; wall time and memory are reported beside them.

#ifndef SIM_RUN_H
#define SIM_RUN_H

#include <signal.h>
#include <stdio.h>

#include "engine.h"
#include "error.h"
#include "results.h"
#include "scenario.h"

struct sim_world;

// Looks on while a run is executed. It only observes, but may end the run. Calls come in the order
// of time; each of them may be NULL.
struct sim_watcher {
    void *context;
    // As the engine has them (engine.h); a window's changes before its notes.
    void (*changes)(void *context, const struct sim_world *world, const struct mesh_table *table,
                    const uint32_t *write_of_lane, const struct sim_change *changes,
                    uint32_t count);
    void (*notes)(void *context, const struct sim_note *notes, uint32_t count);
    // What faults do to nodes, before the changes of its window, and between them, when they fire.
    void (*transitions)(void *context, const struct sim_transition *transitions, uint32_t count);
    void (*ruled)(void *context, const struct sim_rule *rule);
    // `last`: that of the run's end, which may come at the time of the one before, and in its
    // place.
    void (*checkpoint)(void *context, const struct sim_checkpoint *checkpoint, bool last);
    // After the checkpoint of a window's end, if it has one; true: enough.
    bool (*window)(void *context, uint64_t time_ns);
};

struct sim_run_options {
    enum sim_queue queue;  // SIM_QUEUE_WINDOWS but for comparisons
    uint32_t threads;      // 0: as many as the machine has, where that pays; results do not differ
    uint32_t block_nodes;  // of the engine (engine.h); 0: its own. Shows nowhere
    uint32_t lanes_start;  // likewise, unless batch_size cuts a message or a node joins (engine.h)
    bool executes_all;     // also what would be accounted (engine.h); results do not differ
    bool deals;            // every thread gets its share of every window (engine.h); likewise
    uint64_t until_ns;     // cut here, and marked as interrupted; 0: to its end
    const struct sim_watcher *watcher;  // NULL: nobody
    FILE *story;  // where what led to a broken property is told; NULL: nowhere
    const volatile sig_atomic_t
        *interrupted;  // NULL, or becomes non-zero: stop and mark the result
    // Called a few times per second of wall time at most; NULL: silence.
    void (*progress)(void *context, uint64_t simulated_ns, uint64_t end_ns, uint64_t events);
    void *progress_context;
};

// Memory that a run takes, known before it starts.
struct sim_run_needs {
    uint64_t fixed_bytes;      // replicas, tables, timers, results, what SWIM will remember
                               // (views.h): refused when they do not fit
    uint64_t under_way_bytes;  // of messages, roughly
};

struct sim_run_needs sim_run_needs(const struct sim_scenario *scenario);

// Fills `result` (the caller finishes it with sim_result_finish). False with SIM_ERROR_INTERNAL
// when the run does not fit the declared memory (memory_mib), with the figure: before it starts, or
// in its course, with the update that has been under way longest and who lacks it.
bool sim_run(const struct sim_scenario *scenario, uint32_t repetition,
             const struct sim_run_options *options, struct sim_result *result,
             struct sim_error *error);

#endif
