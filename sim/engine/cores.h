// SPDX-License-Identifier: GPL-3.0-or-later
// Hosts with so many processors and no more: what arrives waits for one (private to this folder).
//
//     arrives --> waits, first come, first served --> a processor --> served --> the core's event
//                                                     |  its time: receiving it, checking the
//                                                     |  signatures of what is new in it, by the
//                                                     |  costs of net/host.h
//                                                     +--> starved host: so many times as long as
//                                                          its share is small
//
//     block      a host's nodes lie in one block, and the block keeps what waits for them, so that
//                one thread alone handles a host, in the order of arrival (time, target, source)
//     window     what is served within it is handled between the block's other events; what is not
//                has a copy of its own, and is under way until then (flights.c)
//
// What is new in a message is judged when a processor takes it up: of what its target has heard
// since it arrived nothing is checked again, nor of a sender whom the target ignores. A tick or a
// write takes place at its time, however busy its host is; what it signs is done in turn. At one
// instant and node what was served comes before all else. Where hosts have as many processors as
// they need (cores_per_host: 0) nothing of this runs.

#ifndef SIM_ENGINE_CORES_H
#define SIM_ENGINE_CORES_H

#include "engine.h"

struct sim_worker;
struct sim_block;

// A message that waits, or that a processor is busy with; or something to be signed.
struct sim_served {
    uint64_t finish_ns;            // or, while it waits, when it arrived
    struct mesh_message *message;  // NULL: there is something to be signed
    uint32_t target;
    uint32_t source;
    uint32_t sequence;  // of the source's messages
    uint8_t pair;
    bool owned;  // the message has memory of its own: so between windows
    bool done;   // its processor is free again: its node pauses
};

// A heap by (finish_ns, target, source, sequence).
struct sim_served_list {
    struct sim_served *items;  // [count]
    uint32_t count;
    uint32_t capacity;
};

// A host that has a share of its processors.
struct sim_slowed {
    uint64_t from_ns;
    uint64_t until_ns;
    uint32_t share_ppb;
};

struct sim_cores_host {
    struct sim_slowed slowed;
    uint32_t node_first;         // of those that live there
    uint32_t busy;               // processors
    struct sim_served *waiting;  // [capacity] a ring: [first, first + count)
    uint32_t first;
    uint32_t count;
    uint32_t capacity;  // a power of two
};

struct sim_cores {
    uint32_t per_host;             // 0: as many as it takes, and the rest is empty
    struct sim_cores_host *hosts;  // [host_count]
    uint32_t host_count;
};

void sim_cores_create(struct sim_engine *engine);
void sim_cores_finish(struct sim_engine *engine);

// Where a block ends that begins at `first` and is to hold `most` nodes: not within a host.
uint32_t sim_cores_cut(const struct sim_engine *engine, uint32_t first, uint32_t most,
                       uint32_t end);

// A fault leaves the node's host this share from then until then.
void sim_cores_slow(struct sim_engine *engine, uint32_t node, const struct sim_slowed *slowed);

// A message arrives; it stays readable until `lasts_ns`.
void sim_cores_take(struct sim_worker *worker, struct sim_block *block, uint64_t time_ns,
                    uint32_t node, enum sim_pair_class pair, struct mesh_message *message,
                    uint64_t lasts_ns);

// The node signs something.
void sim_cores_sign(struct sim_worker *worker, struct sim_block *block, uint64_t time_ns,
                    uint32_t node);

// Handles what is served before `end_ns` and before an event of `node` at `time_ns`; returns
// whether there was anything. The heap's are all in one list.
bool sim_cores_run(struct sim_worker *worker, struct sim_block *block, uint64_t end_ns,
                   uint64_t time_ns, uint32_t node);

// Where something in the heap's list is served before the event of *node at *time_ns: makes them
// the time and node of that.
void sim_cores_before(const struct sim_engine *engine, uint64_t *time_ns, uint32_t *node);

// Goes through what has memory of its own and a target in blocks [block_first, block_end): all
// that waits between windows. `visit` returns where the message is from now on.
void sim_cores_visit(const struct sim_engine *engine, uint32_t block_first, uint32_t block_end,
                     struct mesh_message *(*visit)(void *context, struct mesh_message *message),
                     void *context);

#endif
