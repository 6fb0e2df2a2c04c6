// SPDX-License-Identifier: GPL-3.0-or-later
// Faults as users describe them, and what they come to.
//
//     struct sim_fault    "crash 10 % of region eu-west-1 at 1 s until 3 s, every 10 s"
//        | timeline.h     when it fires: 1 s, 11 s, 21 s, ...
//        v
//     a firing + nodes    drawn by sim_fault_pick among those that the selection names just then
//        | sim_fault_act
//        v
//     struct sim_action   what happens to one node, when          -> the engine, per node
//     struct sim_rule     what happens between nodes (rules.h)    -> the engine, per message
//
// What each verb means for a node, and for messages in flight:
//
//   crash             It handles nothing, writes nothing, ticks never; what arrives is dropped and
//                     counted (dead). What it sent before still arrives. Its connections are gone.
//                     Back with its disk it goes on with all that it held, at the phases it had;
//                     without, it starts from a peer's snapshot.
//   restart           Ends crashes that have no end of their own.
//   pause             It handles nothing for a while; what arrives waits and is handled at the end
//                     of the pause. Its ticks fall out, and its users write nothing.
//   partition         What is sent from one side to the other is dropped and counted (cut). What is
//                     in flight when it begins, or waits for its connection, arrives. Of groups
//                     the first that names a node has it.
//   outage            A crash of all that lives in a place, whatever its role.
//   rolling-restart   Crashes of one batch after the other.
//   churn             Departures as a Poisson process, each of a node that is up; they stay away
//                     for exponential times, so that arrivals come as a Poisson process, too.
//   mass-join         The nodes are absent from the start and join within a span: by a peer's
//                     snapshot or, with their (empty) disks kept, by the gossip of their mode.
//   auto-scaling      Of the nodes `start` are there from the start. At each firing a target falls
//                     due; so many join or leave, a batch at a time. Who joins has no disk.
//   spot-reclaim      The provider takes hosts back, with all that lives there: a notice, then a
//                     crash for good, or until replacements are there, which have no disks.
//   starve            A host has a share of its processors left, given to it in slices, as a quota
//                     or a neighbour's theft gives it: its nodes are paused for most of each slice,
//                     and run at a time of it that is drawn.
//   slow              What is sent to the node arrives later.
//   skew              The node's clock is wrong: ahead or, if negative, behind.
//   swizzle           What the nodes send and what is sent to them is held back, from one node more
//                     at each gap on, and let go node by node in another order (FoundationDB's
//                     "swizzle clogging").
//   link              What is sent over some links while it lasts finds other loss, latency, rate,
//                     duplication or corruption than the network says: by the instant at which a
//                     message sets out, which is when its connection is there. What is under way
//                     when it begins or ends stays what it was, and what waits for a rate keeps it.
//
// Who is given notice, by auto-scaling, a reclaim or a restart, is drained: its users go elsewhere,
// so that it writes nothing, while it gossips on until it leaves; what it has not told by then is
// lost. If it leads a group of Raft it asks another to.
//
// Who is scaled in, restarted in its turn, or reclaimed after a notice goes in order: as a member
// of SWIM it says so with its last breath, and is taken for gone and not for dead. Who crashes, is
// taken with its place, or departs by churn does not.
//
// Faults overlap freely: a node is down as long as one crash holds it down, paused as long as one
// pause does; delays and skews add up. A crash drops what waits for the end of a pause. Of several
// that change a link the last to begin decides, setting by setting.
//
// Draws are keyed by (fault seed, purpose, node or number, entry and firing): another entry,
// another node or another workload changes none of them.

#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "mesh/random.h"

#define SIM_FAULT_NEVER UINT64_MAX
#define SIM_FAULT_UNTOLD (UINT64_MAX - 1)  // it has an end, and nobody knows yet when
#define SIM_FAULT_ACTIONS_MAX 4u           // of one firing at one node
#define SIM_FAULT_TARGETS_MAX 10000u
#define SIM_FAULTS_MAX 1000u

enum sim_fault_verb {
    SIM_FAULT_CRASH,
    SIM_FAULT_RESTART,
    SIM_FAULT_PAUSE,
    SIM_FAULT_PARTITION,
    SIM_FAULT_OUTAGE,
    SIM_FAULT_ROLLING_RESTART,
    SIM_FAULT_CHURN,
    SIM_FAULT_MASS_JOIN,
    SIM_FAULT_SLOW,
    SIM_FAULT_SKEW,
    SIM_FAULT_SWIZZLE,
    SIM_FAULT_LINK,
    SIM_FAULT_AUTO_SCALING,
    SIM_FAULT_SPOT_RECLAIM,
    SIM_FAULT_STARVE,
    SIM_FAULT_VERB_COUNT
};

// What a node is just then. Every node has the role of its tier; relays, bridges and leaders of
// Raft are agents.
enum sim_role {
    SIM_ROLE_AGENT,
    SIM_ROLE_RELAY,
    SIM_ROLE_BRIDGE,
    SIM_ROLE_LEADER,
    SIM_ROLE_AGGREGATOR,
    SIM_ROLE_COORDINATOR,
    SIM_ROLE_SEED,     // of a migration: whom gateways call in the new mesh
    SIM_ROLE_GATEWAY,  // and who calls them, in the old one
    SIM_ROLE_COUNT
};

enum sim_place_kind {
    SIM_PLACE_NODE,
    SIM_PLACE_HOST,
    SIM_PLACE_ZONE,
    SIM_PLACE_REGION,
    SIM_PLACE_EDGE,
    SIM_PLACE_MESH
};
#define SIM_PLACE_COUNT 6

// Meshes of a migration; there is one, the new, where nothing migrates.
enum { SIM_MESH_NEW, SIM_MESH_OLD };

// Numbers first .. end - 1.
struct sim_span {
    uint32_t first;
    uint32_t end;
};

// Nodes by where they are and what they are: those in any of the places (none: everywhere) that
// have any of the roles (none: in places all, else agents); of these a share or a number, drawn.
struct sim_selection {
    const struct sim_span *places[SIM_PLACE_COUNT];  // by their numbers in the world
    uint32_t place_counts[SIM_PLACE_COUNT];
    uint32_t roles;      // bits 1 << enum sim_role; 0: none named
    uint32_t without;    // who has any of these is not meant
    uint32_t share_ppb;  // 0: no share, or all
    uint32_t number;     // 0: no number, or all
    bool nobody;         // 0 percent
    bool named;          // the user wrote it
};

enum sim_direction { SIM_BOTH_WAYS, SIM_OUTWARD, SIM_INWARD };

enum sim_link_part {
    SIM_LINK_LOSS,
    SIM_LINK_DUPLICATE,
    SIM_LINK_CORRUPT,
    SIM_LINK_LATENCY,
    SIM_LINK_SCALE,
    SIM_LINK_RATE,
    SIM_LINK_PART_COUNT
};

// What holds for a link instead of what the network says, as far as it is given.
struct sim_link_change {
    uint32_t given;  // bits 1 << enum sim_link_part
    uint32_t loss_ppb;
    uint32_t duplicate_ppb;
    uint32_t corrupt_ppb;
    uint64_t latency_ns_min;  // uniform between these two
    uint64_t latency_ns_max;
    uint64_t scale_ppb;        // of any latency, given or the network's; 1e9: as it is
    uint64_t rate_bits_per_s;  // between two hosts
};

struct sim_fault {
    enum sim_fault_verb verb;
    uint64_t at_ns;
    uint64_t until_ns;  // SIM_FAULT_NEVER: it has no end; later firings end as much later
    uint64_t every_ns;  // 0: it fires once
    uint32_t times;     // it fires at most; 0: any number of times
    uint64_t end_ns;    // it does not fire from then on; SIM_FAULT_NEVER
    struct sim_selection of;
    struct sim_selection from;           // partition, link: the other side; not named: all others,
                                         // of links all
    const struct sim_selection *groups;  // [group_count] partition: sides, instead of the two
    uint32_t group_count;
    enum sim_place_kind between;  // partition: every place of this kind is a side, with `by_place`
    bool by_place;
    enum sim_direction direction;  // partition, link: of what is cut or changed, from `of`
    uint32_t pairs;                // link: bits 1 << class of the pair (network.h); 0: all
    struct sim_link_change link;
    bool disk_lost;
    uint64_t delay_ns;   // slow
    int64_t skew_ns;     // skew
    uint64_t down_ns;    // rolling-restart: of each; churn: the mean; spot-reclaim: until replaced;
                         // 0: they stay away
    uint64_t gap_ns;     // between two batches, departures (the mean), nodes clogged or let go
    uint32_t batch;      // rolling-restart, auto-scaling: nodes at once
    uint64_t notice_ns;  // auto-scaling, spot-reclaim, rolling-restart: from being told to leaving
    uint32_t start;      // auto-scaling: nodes that are there from the start
    const uint32_t *targets;  // [target_count] auto-scaling: of firings 1, 2, ..., in turn
    uint32_t target_count;
    uint32_t cpu_ppb;   // starve: the share that is left
    uint64_t slice_ns;  // starve: of which it is a share each time
    uint64_t over_ns;   // mass-join: the span in which they join
    const char *text;   // for people
};

enum sim_action_kind {
    SIM_ACTION_DOWN,
    SIM_ACTION_UP,       // one of the crashes that hold it down ends
    SIM_ACTION_RESTART,  // all of them that have no end of their own do
    SIM_ACTION_PAUSE,
    SIM_ACTION_RESUME,
    SIM_ACTION_SKEW,
    SIM_ACTION_UNSKEW,
    SIM_ACTION_DRAIN,
    SIM_ACTION_UNDRAIN,
};

struct sim_action {
    uint64_t time_ns;
    uint64_t until_ns;  // of DOWN and PAUSE; SIM_FAULT_NEVER, SIM_FAULT_UNTOLD
    int64_t skew_ns;    // of SKEW and UNSKEW
    uint32_t node;
    uint32_t entry;
    uint8_t kind;    // enum sim_action_kind
    bool disk_lost;  // of DOWN, and of RESTART: whatever the crash left
    bool starves;    // of PAUSE and RESUME: for want of a processor
    bool leaves;     // of DOWN: by its own doing, so that it can say that it goes
};

// Purposes of draws, by the seed of the faults.
enum {
    SIM_DRAW_PICK = MESH_DRAW_DRIVER + 122,
    SIM_DRAW_CHURN,
    SIM_DRAW_JOIN,
    SIM_DRAW_SWIZZLE,
    SIM_DRAW_SLICE,
};

// One firing of an entry.
struct sim_firing {
    uint64_t time_ns;
    uint32_t entry;
    uint32_t number;  // of the entry's, from 0
};

// Of `count` nodes, ascending, keeps `wanted`, still ascending: those with the least draws.
uint32_t sim_fault_pick(uint64_t seed, const struct sim_firing *firing, uint32_t *nodes,
                        uint32_t count, uint32_t wanted);

// How many of `count` nodes a selection wants.
uint32_t sim_selection_wanted(const struct sim_selection *selection, uint32_t count);

// What a firing does to the nodes [count], at most SIM_FAULT_ACTIONS_MAX actions each, in any order
// of time; `actions` has room for them. Returns how many. Of churn the one node that departs is
// given; verbs that act between nodes, and auto-scaling, do nothing here.
uint32_t sim_fault_act(const struct sim_fault *fault, uint64_t seed,
                       const struct sim_firing *firing, const uint32_t *nodes, uint32_t count,
                       struct sim_action *actions);

// A node of an auto-scaled set is told to leave, or is to join, as number `place` of a firing: its
// actions; returns how many.
uint32_t sim_fault_leave(const struct sim_fault *fault, const struct sim_firing *firing,
                         uint32_t node, uint32_t place, struct sim_action *actions);
uint32_t sim_fault_enter(const struct sim_fault *fault, const struct sim_firing *firing,
                         uint32_t node, uint32_t place, struct sim_action *actions);

// Whether nodes may come back by it without a disk, and then join by a snapshot.
bool sim_fault_empties(const struct sim_fault *fault);

// Which of `count` departs by a firing of churn, at the `attempt`th try.
uint32_t sim_fault_departs(uint64_t seed, const struct sim_firing *firing, uint32_t attempt,
                           uint32_t count);

const char *sim_fault_verb_name(enum sim_fault_verb verb);

// What becomes of messages in flight, in a few words.
const char *sim_fault_in_flight(enum sim_fault_verb verb);
const char *sim_role_name(enum sim_role role);          // "agents", ...
const char *sim_place_name(enum sim_place_kind place);  // "nodes", ...

#endif
