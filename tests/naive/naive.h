// SPDX-License-Identifier: GPL-3.0-or-later
// The independent judge: a second simulator of the same protocol, written from the rules alone.
//
//      binary heap of (time, event)          a node is a few plain arrays
//     +---+---+---+---+---+---+---+          holds      [ 1 0 1 1 0 ]   does it hold update u?
//     |tick   |message|write  |...|  --->    learnt_in  [ 4 - 5 2 - ]   in which tick of each of
//     +---+---+---+---+---+---+---+          (per timer)                its timers it learnt u
//
// It shares no line with core/ or sim/: its own generator, its own queue, times in floating-point
// milliseconds, a set of updates as an array of bool, the set itself where the protocol sends a
// hash of it. Slow and obvious on purpose: where the two disagree, one reads this one first.
//
// The rules. A node ticks at phase + 0, 1, 2 ... intervals, its phase uniform in [0, interval). A
// message is lost with probability `loss`; else it arrives after a latency uniform in [min, max)
// of its pair of nodes, and with probability `duplication` once more after a latency of its own.
// Handling takes no time. Update u is written at first_write + u * every by an agent drawn
// uniformly. A node's *recent* updates are those it learnt in the tick interval under way or in the
// two before, so that each is recent at exactly its next three ticks. Peers are `fanout` distinct
// others, uniform, or all others where there are no more.
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
//
// Of one mesh all agents are peers of each other. The other shapes consist of small meshes, joined
// by nodes that call farther ones, always push-pull whatever the mode of the small meshes:
//
//     leaders     a region is a mesh; so many of its agents, the bridges, also tick every
//                 leaders.interval towards `leaders.fanout` bridges of other regions
//     hierarchy   an edge is a mesh; its relays also tick every aggregator_ms towards the edge's
//                 aggregator; an aggregator, every aggregator_ms, towards `addressed` coordinators;
//                 a coordinator, every global_ms, towards `addressed` other coordinators
//
// A node has one set and a tick counter per timer, so that what is recent for its region may be old
// for the other bridges. A bridge answers a bridge by the counter of its bridge timer; aggregator
// and coordinator answer everybody by the one they have. What a bridge or a relay hears from afar
// it forwards, in mode eager, in its own mesh.

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

enum naive_shape { NAIVE_ONE_MESH, NAIVE_LEADERS, NAIVE_HIERARCHY };

// Two nodes, by the nearest place that they share; between tiers it does not matter where they are.
enum naive_pair {
    NAIVE_SAME_HOST,
    NAIVE_SAME_ZONE,
    NAIVE_SAME_REGION,
    NAIVE_INTER_REGION,
    NAIVE_EDGE_AGGREGATOR,
    NAIVE_AGGREGATOR_COORDINATOR,
    NAIVE_PAIR_COUNT
};

// One way; minimum = maximum: constant.
struct naive_latency {
    double min_ms;
    double max_ms;
};

// Agents are dealt to regions, and those of a region to its zones, as evenly as possible, in order,
// the earlier ones first; every agents_per_host of a zone share a host. In a hierarchy a region is
// one zone and its agents are dealt to its edges, which have hosts of their own, as every
// aggregator and coordinator has. Coordinators are dealt to the regions, too.
struct naive_places {
    int regions;          // 0: one, as of the others
    int zones;            // per region
    int agents_per_host;  // 0: all
};

struct naive_leaders {
    int candidates;  // bridge i of n agents of a region is agent i * n / candidates
    int bridges;     // per region, 1 .. candidates
    int fanout;
    double interval_ms;
};

struct naive_hierarchy {
    int aggregators;  // per region
    int edges;        // per aggregator
    int relays;       // per edge, drawn uniformly
    int coordinators;
    int addressed;
    double aggregator_ms;
    double global_ms;
};

struct naive_config {
    uint64_t seed;
    enum naive_shape shape;
    enum naive_mode mode;  // of the one mesh, of the regions, of the edges
    struct naive_places places;
    struct naive_leaders leaders;      // NAIVE_LEADERS
    struct naive_hierarchy hierarchy;  // NAIVE_HIERARCHY
    int agents;                        // >= 2
    int fanout;                        // >= 1
    int updates;                       // 1 .. NAIVE_UPDATES_MAX
    int theta_percent;   // an update has converged when this share of the agents holds it
    double interval_ms;  // > 0
    struct naive_latency latency[NAIVE_PAIR_COUNT];
    double loss;         // 0 .. 1
    double duplication;  // 0 .. 1
    double first_write_ms;
    double every_ms;
    double duration_ms;  // 0: until every update is held by all, at most NAIVE_END_MS

    // For tests with known answers; the agreement with the engine leaves them zero.
    bool synchronous;      // every phase is 0
    double deaf_until_ms;  // whatever is sent before is lost
};

// Times since the write; INFINITY: not within the run.
struct naive_result {
    double theta_ms[NAIVE_UPDATES_MAX];
    double all_ms[NAIVE_UPDATES_MAX];
    double region_ms[NAIVE_UPDATES_MAX];       // theta of the writer's region; 0: there is only one
    double edge_ms[NAIVE_UPDATES_MAX];         // theta of its edge; 0: there are none
    int held[NAIVE_UPDATES_MAX];               // agents that hold it at the end
    uint64_t messages[NAIVE_KIND_COUNT];       // sent, duplicates not counted
    uint64_t updates_sent[NAIVE_KIND_COUNT];   // copies of updates in them
    uint64_t pair_messages[NAIVE_PAIR_COUNT];  // the same messages by who sent them to whom
    double end_ms;
};

// The same latency for all pairs.
void naive_set_latency(struct naive_config *config, double min_ms, double max_ms);

void naive_run(const struct naive_config *config, struct naive_result *result);

const char *naive_mode_name(enum naive_mode mode);
const char *naive_kind_name(enum naive_kind kind);
const char *naive_pair_name(enum naive_pair pair);

#endif
