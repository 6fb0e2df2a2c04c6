// SPDX-License-Identifier: GPL-3.0-or-later
// The independent judge: a second simulator of the same protocol, written from the rules alone.
//
//      binary heap of (time, event)          a node is two plain arrays
//     +---+---+---+---+---+---+---+          holds      [ 1 0 1 1 0 ]   does it hold update u?
//     |tick   |message|write  |...|  --->    learnt_in  [ 4 - 5 2 - ]   after how many of its ticks
//     +---+---+---+---+---+---+---+                                     did it learn update u?
//
// It shares no line with core/ or sim/: its own generator, its own queue, times in floating-point
// milliseconds, a set of updates as an array of bool, the set itself where the protocol sends a
// hash of it. Slow and obvious on purpose: where the two disagree, one reads this one first.
//
// The rules. n nodes, one mesh. A node ticks at phase + 0, 1, 2 ... intervals, its phase uniform in
// [0, interval). A message is lost with probability `loss`; else it arrives after a latency uniform
// in [min, max), and with probability `duplication` once more after a latency of its own. Handling
// takes no time. Update u is written at first_write + u * every by a node drawn uniformly. A node's
// *recent* updates are those it learnt in the tick interval under way or in the two before, so that
// each is recent at exactly its next three ticks. Peers are `fanout` distinct others, uniform, or
// all others where there are no more.
//
//     push       tick: PUSH, all that the node holds, to each peer; nothing comes back
//     push-pull  tick: an exchange with each peer
//                   initiator  --OPEN:   its set, recent updates------------------------->  peer
//                              <-ANSWER: its set, recent updates that OPEN lacked---------
//                              --VECTOR: its set----------------------------------------->
//                              <-FILL:   its set, updates that VECTOR lacked--------------
//                              --REST:   updates that FILL lacked------------------------>
//                each one only where the receiver's set, after merging, differs from the set that
//                came with the message before it (REST: where it holds what that set lacks)
//     eager      push-pull, and on learning anything: EAGER, just that, to fresh peers at once

#ifndef NAIVE_H
#define NAIVE_H

#include <stdbool.h>
#include <stdint.h>

#define NAIVE_UPDATES_MAX 16
#define NAIVE_END_MS 20000.0  // a run without a duration ends here at the latest

enum naive_mode { NAIVE_PUSH, NAIVE_PUSH_PULL, NAIVE_EAGER };

enum naive_kind {
    NAIVE_SEND_PUSH,
    NAIVE_SEND_OPEN,
    NAIVE_SEND_ANSWER,
    NAIVE_SEND_VECTOR,
    NAIVE_SEND_FILL,
    NAIVE_SEND_REST,
    NAIVE_SEND_EAGER,
    NAIVE_KIND_COUNT
};

struct naive_config {
    uint64_t seed;
    enum naive_mode mode;
    int agents;             // >= 2
    int fanout;             // >= 1
    int updates;            // 1 .. NAIVE_UPDATES_MAX
    int theta_percent;      // an update has converged when this share of the nodes holds it
    double interval_ms;     // > 0
    double latency_min_ms;  // one way; minimum = maximum: constant
    double latency_max_ms;
    double loss;         // 0 .. 1
    double duplication;  // 0 .. 1
    double first_write_ms;
    double every_ms;
    double duration_ms;  // 0: until every update is held by all, at most NAIVE_END_MS

    // For tests with known answers; the agreement with the engine leaves them zero.
    bool synchronous;      // every phase is 0
    double deaf_until_ms;  // whatever is sent before is lost
};

struct naive_result {
    double theta_ms[NAIVE_UPDATES_MAX];  // since the write; INFINITY: not within the run
    double all_ms[NAIVE_UPDATES_MAX];
    int held[NAIVE_UPDATES_MAX];              // nodes that hold it at the end
    uint64_t messages[NAIVE_KIND_COUNT];      // sent, duplicates not counted
    uint64_t updates_sent[NAIVE_KIND_COUNT];  // copies of updates in them
    double end_ms;
};

void naive_run(const struct naive_config *config, struct naive_result *result);

const char *naive_mode_name(enum naive_mode mode);
const char *naive_kind_name(enum naive_kind kind);

#endif
