// SPDX-License-Identifier: GPL-3.0-or-later
// What one repetition of a scenario measured, as integers: what sim/run fills, sim/measure judges
// and sim/store keeps.
//
//   engine --changes, counters--> recorder --> struct sim_result --> statistics, verdicts, store
//
// Times of an update are counted from its write. SIM_TIME_NEVER means "not within the run": it
// counts as +infinity in every percentile and is null in JSON.

#ifndef SIM_RESULTS_H
#define SIM_RESULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "fault.h"
#include "host.h"
#include "liar.h"
#include "mesh/step.h"
#include "mesh/summary.h"
#include "network.h"

#define SIM_TIME_NEVER UINT64_MAX
#define SIM_CURVE_POINTS 200
#define SIM_REGION_NONE UINT32_MAX

// Whose ticks an update waits for: those of the innermost scope (the mesh, a region, an edge); of
// the links that lead out of it (bridges; relays and aggregators); of the coordinators.
enum sim_tick { SIM_TICK_GOSSIP, SIM_TICK_LINK, SIM_TICK_GLOBAL, SIM_TICK_COUNT };

// How far an update has come: in the writer's edge, in its region, everywhere.
enum sim_reach { SIM_REACH_EDGE, SIM_REACH_REGION, SIM_REACH_ALL, SIM_REACH_COUNT };

// Where the time to theta of one update went, along the causal path of the receipt that reached it:
// writer -> ... -> the node whose receipt made it ceil(theta * m). The parts add up to theta_ns.
struct sim_path {
    uint64_t tick_ns[SIM_TICK_COUNT];  // waiting for ticks
    uint64_t network_ns;               // in flight
    uint32_t hops;
    uint32_t node;  // the last one; MESH_NODE_NONE: theta was never reached, or no path was kept
};

// The part of an update's cohort that is near its writer. A mesh without edges (or with one region)
// has no such part: cohort 0.
struct sim_near {
    uint32_t cohort;
    uint32_t gone;
    uint32_t held;
    uint64_t theta_ns;  // until ceil(theta * (cohort - gone)) of them hold it
};

struct sim_update_result {
    struct mesh_dot dot;                  // origin: the writer
    uint64_t written_ns;                  // simulated time of the write
    bool measured;                        // false: written before the end of the warm-up
    uint32_t cohort;                      // honest agents live at the write, writer included
    uint32_t gone;                        // of them, who went down before all others held it
    uint32_t held;                        // of the m that are left, how many hold it at the end
    uint64_t theta_ns;                    // until ceil(theta * m) of those then left hold it
    uint64_t calm_theta_ns;               // in the same run without faults; SIM_TIME_NEVER: never,
                                          // or there was none (run/calm.h)
    uint64_t half_ns;                     // until half do
    uint64_t p99_ns;                      // until 99 % do
    uint64_t all_ns;                      // until all do
    uint64_t last_receipt_ns;             // last first receipt; 0 when only the writer holds it
    struct sim_near near[SIM_REACH_ALL];  // of the writer's edge, of its region
    struct sim_path path;
};

// How far a report of an agent has come: theta of its edge's agents hold it; its aggregator has had
// a row that covers it; theta of the coordinators have.
enum sim_report_reach {
    SIM_REPORT_EDGE,
    SIM_REPORT_AGGREGATOR,
    SIM_REPORT_GLOBAL,
    SIM_REPORT_REACH_COUNT
};

// How long a report took that far (run/reporting.h).
struct sim_report_result {
    uint64_t written_ns;
    uint64_t edge_ns;          // until ceil(theta * agents) of the edge's agents hold it
    uint64_t aggregator_ns;    // until its aggregator has had a row that covers it
    uint64_t coordinators_ns;  // until ceil(theta * coordinators) of them have had one
    uint32_t agent;
    uint32_t number;  // of the agent's reports, from 1
};

// Sums over all messages of one kind between nodes of one pair class, after the warm-up.
// sent + duplicated = delivered + lost + dropped + corrupted + cut + dead + refused + in flight at
// the end. Kind SIM_TRAFFIC_ROTATION has no messages: it is handshakes that none waited for.
#define SIM_TRAFFIC_ROTATION 0

struct sim_traffic {
    uint64_t messages;         // sent
    uint64_t bytes;            // encoded, sent
    uint64_t saved_bytes;      // of them, by compression
    uint64_t transport_bytes;  // what the transport adds to them
    uint64_t digest_bytes;     // of `bytes`, what an exchange carries beside updates
    uint64_t updates;          // copies of updates carried, if written after it
    uint64_t duplicated;
    uint64_t lost;
    uint64_t dropped;    // at a full queue
    uint64_t corrupted;  // thrown away by the receiver
    uint64_t altered;    // arrived broken, without anybody having noticed so far
    uint64_t cut;        // by a partition
    uint64_t dead;       // at a node that was down
    uint64_t refused;    // by a node that was no longer the relay they were meant for
    uint64_t delivered;
    uint64_t idle;             // delivered, without an update and not answered
    uint64_t idle_bytes;       // of these, encoded
    uint64_t handshakes;       // made for them
    uint64_t resumed;          // of these, by a ticket
    uint64_t handshake_bytes;  // in both directions
};

// What the hosts of a tier used, in the units of enum sim_resource. A peak is that of the host and
// the second with most; of memory and connections every host counts with its own peak.
struct sim_tier_use {
    uint32_t hosts;                     // 0: there are none of this tier
    uint64_t mean[SIM_RESOURCE_COUNT];  // over hosts, and over time
    uint64_t peak[SIM_RESOURCE_COUNT];
    uint64_t limit[SIM_RESOURCE_COUNT];  // of one host; 0: none is known
};

// What a curve follows: updates to the agents, or reports upwards.
enum sim_curve_kind { SIM_CURVE_UPDATES, SIM_CURVE_REPORTS };

// Share of the measured (update, cohort member) pairs in which the member holds the update, or of
// the reports that have come so far, as a function of the time since the write.
struct sim_curve {
    uint64_t step_ns;                 // point i is at (i + 1) * step_ns since the write
    uint64_t pairs;                   // what `held` counts up to
    uint64_t held[SIM_CURVE_POINTS];  // cumulative; those after the last point are left out
    uint32_t point_count;
    enum sim_curve_kind kind;
    enum sim_reach reach;  // EDGE, REGION: among those near the writer; ALL: see `region`
    uint32_t region;       // ALL: among this region's agents, or SIM_REGION_NONE: all
    enum sim_report_reach report_reach;  // REPORTS
};

// A rolling fingerprint as it stood at a simulated time, with the number of events handled so far.
struct sim_checkpoint {
    uint64_t time_ns;
    uint64_t fingerprint;
    uint64_t events;
};

// What came of an entry of the fault timeline.
struct sim_fault_result {
    const char *text;   // the scenario's; NULL in results read back from a store
    uint64_t first_ns;  // of its firings; SIM_TIME_NEVER: it never fired
    uint64_t last_ns;
    uint64_t nodes;  // hit, over all firings; 0: it fired at nobody, or never
    uint32_t firings;
    enum sim_fault_verb verb;
};

// What messages waited for the processors of hosts; nothing where hosts have as many as they need.
struct sim_processors {
    uint64_t messages;
    uint64_t service_ns;  // that they took
    uint64_t wait_ns;     // until a processor was free, all together
    uint64_t wait_ns_max;
};

// What came of an entry of the liars.
struct sim_liar_result {
    const char *text;    // the scenario's; NULL in results read back from a store
    const char *unseen;  // why the guard cannot detect it; NULL: it can, or read back from a store
    uint64_t first_ns;   // of its lies; SIM_TIME_NEVER: there were none
    uint64_t last_ns;
    uint64_t lies;   // messages rewritten, withheld, delayed or sent besides
    uint32_t nodes;  // that lie
    uint32_t lying;  // of them, those that came to do so
    enum sim_behaviour behaviour;
};

// A node lied: how long until somebody honest ignored it.
struct sim_detection {
    uint64_t lied_ns;   // first
    uint64_t after_ns;  // SIM_TIME_NEVER: nobody did
    uint32_t node;
};

// Honest agents believed a lie: from the first that did until none does (run/deceits.h).
struct sim_deceit {
    uint64_t told_ns;   // the lie
    uint64_t first_ns;  // when it was first believed
    uint64_t after_ns;  // since then; SIM_TIME_NEVER: some still do at the end
    uint32_t origin;    // the dot
    uint32_t sequence;
    uint32_t entry;  // of the liars
    uint32_t held;   // agents that ever believed it
};

// An agent came back: how long until it held all that had been written before.
struct sim_rejoin {
    uint64_t up_ns;
    uint64_t after_ns;  // SIM_TIME_NEVER: not within the run, or it went down again first
    uint32_t node;
    bool disk_lost;
};

// A region lost the leader that could commit, by a crash, a pause, a partition or another term, and
// the next one was another, or the same by another election (run/leading.h).
struct sim_election {
    uint64_t lost_ns;
    uint64_t won_ns;    // when the first had won an election: since lost_ns
    uint64_t after_ns;  // until one had committed an entry of its own term; likewise, or
                        // SIM_TIME_NEVER: not within the run; so may won_ns be
    uint64_t term;      // of the new leader; 0: there is none
    uint64_t terms;     // begun until the first had won; or in vain
    uint32_t region;
    uint32_t leader;  // the new one, or MESH_NODE_NONE
    bool first;       // the run began with it under way: no election is measured
};

// An active bridge crashed or was paused: until another candidate took its place, and heard from
// another region. One that is back before it is replaced is no failover.
struct sim_failover {
    uint64_t lost_ns;
    uint64_t after_ns;     // SIM_TIME_NEVER: not within the run
    uint64_t exchange_ns;  // likewise, since lost_ns
    uint32_t region;
    uint32_t bridge;
    uint32_t successor;  // or MESH_NODE_NONE
};

// A region's group of Raft over the run.
struct sim_region_leading {
    uint64_t unavailable_ns;  // nobody could commit anything (run/leading.h)
    uint64_t terms;           // begun
    uint64_t transfers;       // elections won by whom the leader before had asked to stand
    uint64_t member_changes;  // committed
    uint64_t snapshots;       // that servers took over from leaders
    uint64_t reads;           // answered, each of them found linearizable (check/groups.h)
};

// SWIM's members, one of which went down: until another held it for unreachable, and until all who
// were up did; SIM_TIME_NEVER: they did not, within the run or, if that was cut short, before it
// was back.
struct sim_discovery {
    uint64_t down_ns;
    uint64_t first_ns;
    uint64_t all_ns;
    uint32_t node;
    bool cut_short;
};

// One came back: until it had a view and nobody held it for unreachable.
struct sim_readmission {
    uint64_t up_ns;
    uint64_t after_ns;  // SIM_TIME_NEVER: not within the run, or it went down again first
    uint32_t node;
};

// One said that it goes: until all who were up held it for gone.
struct sim_farewell {
    uint64_t left_ns;
    uint64_t after_ns;  // SIM_TIME_NEVER: not within the run, or before it came back
    uint32_t node;
    bool missed;  // somebody found it silent before he heard
};

// A partition left one without a majority: until it knew.
struct sim_separation {
    uint64_t from_ns;
    uint64_t after_ns;  // SIM_TIME_NEVER: not before it had one again
    uint32_t node;
};

// Nobody was cut off any more: until nobody who was up was held for unreachable, or read-only.
struct sim_reunion {
    uint64_t healed_ns;
    uint64_t after_ns;  // SIM_TIME_NEVER: not within the run, or not before the next cut
};

// What SWIM found, held against what was so (run/roll.h). Not kept in a store one by one.
struct sim_membership {
    struct sim_discovery *discoveries;     // [discovery_count] by time
    struct sim_readmission *readmissions;  // [readmission_count] by time
    struct sim_farewell *farewells;        // [farewell_count] by time
    struct sim_separation *separations;    // [separation_count] by (time, node)
    struct sim_reunion *reunions;          // [reunion_count] by time
    uint64_t *read_only;                   // [node_count] how long each was
    uint32_t discovery_count;
    uint32_t readmission_count;
    uint32_t farewell_count;
    uint32_t separation_count;
    uint32_t reunion_count;
    uint32_t node_count;  // 0: there is no SWIM
    uint32_t refused_writes;
    uint64_t probes;  // of members who could have answered
    uint64_t false_probes;
    uint64_t false_suspicions;
    uint64_t false_deaths;
    uint64_t flaps;
    uint64_t node_ns;        // up, over all members
    uint64_t calm_ns;        // when the last fault that has an end was over; 0: none was
    uint64_t sure_after_ns;  // from then until the last doubt about who was up had gone
};

// A relay was replaced.
struct sim_takeover {
    uint64_t time_ns;
    uint32_t edge;
    uint32_t from;
    uint32_t to;
};

// Why agents lack updates at the end; of several reasons the first that applies.
enum sim_gap_cause {
    SIM_GAP_JOINING,  // they wait for a snapshot; subject 1: nobody who has one to give is up
    SIM_GAP_PAUSED,
    SIM_GAP_LOST,          // all that held it are down, or lost it with their disks
    SIM_GAP_AGGREGATOR,    // an aggregator is down between them and all that hold it
    SIM_GAP_COORDINATORS,  // all coordinators are
    SIM_GAP_RELAYS,        // all agents of an edge that could relay are
    SIM_GAP_BRIDGES,       // all active bridges of a region are
    SIM_GAP_PARTITION,     // a partition is
    SIM_GAP_MODE,          // the gossip mode repairs nothing
    SIM_GAP_UNFINISHED,    // nothing: the run ended first
    SIM_GAP_DOWN,          // they are down themselves, and do not count as lagging
    SIM_GAP_CAUSE_COUNT
};

// Agents whose numbers follow one another.
struct sim_gap {
    enum sim_gap_cause cause;
    uint32_t subject;  // of AGGREGATOR its node, of RELAYS the edge, of BRIDGES the region, of
                       // PARTITION the fault's number from 1, 0 where a link loses all; else 0
    uint32_t nodes;    // how many agents
    uint32_t first;    // the first of them
};

struct sim_result {
    uint64_t seed;        // this repetition's: scenario.seed + repetition
    uint32_t repetition;  // from 0
    uint32_t agents;
    uint64_t fingerprint;
    uint64_t simulated_ns;
    uint64_t interval_ns[SIM_REACH_COUNT];  // the slowest on the way: rounds = ns / interval_ns
    struct sim_update_result *updates;      // [update_count], by (written_ns, origin, sequence)
    uint32_t update_count;
    uint32_t unwritten;  // writes that did not happen: agents down, paused or without a majority
    struct sim_fault_result *faults;  // [fault_count], as in the scenario
    struct sim_processors processors;
    struct sim_liar_result *liars;  // [liar_count], as in the scenario
    uint32_t fault_count;
    uint32_t liar_count;
    struct sim_detection *detections;  // [detection_count] by node: of those that came to lie
    struct sim_deceit *deceits;        // [deceit_count] in the order in which they were told
    uint32_t detection_count;
    uint32_t deceit_count;
    uint32_t honest;           // agents, where somebody lies
    uint32_t deceived;         // of them, those that ever believed a lie
    uint32_t wrongly_ignored;  // nodes that never lied and were ignored by somebody honest
    bool invalid;      // a gossip validity violation: somebody honest held what nobody wrote
    bool interrupted;  // the run stopped before its end: nothing of it may be judged
    uint64_t rejects[2][MESH_REJECT_COUNT];  // by honest nodes; [1]: of what liars sent or signed
    uint64_t calm_ns;                // when the last fault that has an end was over; 0: none was
    struct sim_rejoin *rejoins;      // [rejoin_count], by (up_ns, node)
    struct sim_takeover *takeovers;  // [takeover_count], in order of time
    uint32_t rejoin_count;
    uint32_t takeover_count;
    struct sim_election *elections;  // [election_count], by the time at which they ended
    struct sim_failover *failovers;  // [failover_count], by (lost_ns, bridge)
    uint32_t election_count;
    uint32_t failover_count;
    struct sim_region_leading *leading;  // [leading_count] by region; of leaders only
    struct sim_gap *gaps;                // [gap_count] by (cause, subject, first)
    struct sim_report_result *reports;   // [report_count], by (agent, number)
    uint32_t leading_count;
    uint32_t gap_count;
    uint32_t report_count;
    uint32_t lagging;  // agents that are up and lack an update
    struct sim_membership membership;
    // What the first edge, the first aggregator and the first coordinator add up to at the end, by
    // the rows that the latter two hold; reports 0: nothing.
    struct mesh_total edge_total;
    struct mesh_total aggregator_total;
    struct mesh_total total;
    struct sim_traffic traffic[MESH_MESSAGE_KIND_COUNT][SIM_PAIR_CLASS_COUNT];
    uint64_t in_flight[MESH_MESSAGE_KIND_COUNT];  // copies under way at the end
    struct sim_tier_use tiers[SIM_TIER_COUNT];
    struct sim_compression compression;  // what messages were compressed by
    struct sim_curve *curves;  // [curve_count]: the whole mesh first, then by reach, by region
    struct sim_checkpoint *checkpoints;  // [checkpoint_count], in order of time
    uint32_t curve_count;
    uint32_t checkpoint_count;
    // The median of the class's distribution; 0 when it delivered nothing.
    uint64_t latency_p50_ns[SIM_PAIR_CLASS_COUNT];
    uint64_t latency_max_ns[SIM_PAIR_CLASS_COUNT];
    uint64_t events;  // ticks, writes and receipts handled
    // Facts about this machine, kept apart in the store and never part of a fingerprint:
    uint64_t wall_ns;
    uint64_t peak_rss_bytes;
    uint32_t threads;  // asked for; 0: as many as the machine had
};

// Waiting for ticks, all tiers together.
static inline uint64_t sim_path_tick_ns(const struct sim_path *path)
{
    uint64_t sum_ns = 0;
    for (uint32_t i = 0; i < SIM_TICK_COUNT; i++) {
        sum_ns += path->tick_ns[i];
    }
    return sum_ns;
}

// A curve with a step of its own, and nothing in it. `since_ns` after the write another pair holds;
// steps are doubled as far as that takes. Closing makes the counts cumulative.
#define SIM_CURVE_STEP_NS_MIN 10000u
void sim_curve_enter(struct sim_curve *curve, uint64_t since_ns);
void sim_curve_close(struct sim_curve *curve);

void sim_result_finish(struct sim_result *result);  // frees the arrays

#endif
