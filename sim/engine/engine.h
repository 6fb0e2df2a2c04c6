// SPDX-License-Identifier: GPL-3.0-or-later
// The event engine: simulated time passes, the core steps, the network carries.
//
//      time -->   | window w      | window w+1    |  ...  each as long as the least latency (at
//                 |               |               |       most 2^20 ns), so nothing sent in a
//     block 0     | o oo  o   o   |  oo    o      |       window arrives in it
//     block 1     |  o o    oo  o |     o    oo   |
//     block 2     | oo   o  o     | o  o     o    |       o = an event of a node of that block
//
//   one window, one block:  ticks of the phase table ---+
//                           writes of the workload -----+--> sort --> mesh_step --> records
//                           messages of the bucket -----+             64 at a time      |
//                                                                                       v
//        bucket [slot of arrival][block of target] <-- latency, loss, class <-- SEND, per target
//        changes of the window, in the total order --> fingerprint, observer <-- DELIVER
//
// Total order of events: (time, generation, target, source, sequence); a node's own events (writes,
// then ticks) come before its messages. Generation counts causes within one instant and is 0
// wherever latencies are positive. Within a window no event can cause another one, so only the
// order per target matters, and blocks may be handled in any order or at once: threads take one
// block after another until none is left. What leaves a window (changes) is put back into the total
// order. Windows depend on the network alone, so nothing depends on the number of threads.
//
// SIM_QUEUE_HEAP is a plain binary heap of 32-byte events, one step per event, instead of windows
// and batches. It is what runs when the least latency is below 1 us (windows would have next to no
// length), it is the yardstick of the benchmark, and since all else is shared it checks the
// windows: same fingerprint.

// Lanes. A run may write far more updates than are ever on their way at once. The table begins
// small; when a window's writes need more lanes than are free, those are given back of which
// nothing and nobody can speak any more (mesh/release.h), and when that leaves too few it grows, up
// to the declared memory. This shows nowhere: counters, changes and fingerprint are those of a run
// in which every update has a lane of its own, but for two things: where update_limit cuts a
// message, lanes decide which updates go first, and a snapshot carries what was given back as a
// base, whose size is not that of the updates. The policy looks at simulated state alone, at window
// starts.

#ifndef SIM_ENGINE_H
#define SIM_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "fault.h"
#include "host.h"
#include "liar.h"
#include "mesh/guard.h"
#include "mesh/tiers.h"
#include "network.h"
#include "rules.h"

#define SIM_WINDOW_NS_MAX (1u << 20)
#define SIM_STRIDE_WINDOWS_MAX 16u  // strides.c
#define SIM_WINDOW_NS_MIN 1000u     // with a smaller least latency the heap runs
#define SIM_LANES_START 64u
#define SIM_LOCAL_LANES_MAX (1u << 21)  // of an edge: words of 64 are numbered by 16 bits
#define SIM_REPORT_NS_MIN (2u * SIM_WINDOW_NS_MAX)  // one report of an agent per window at most
#define SIM_THREADS_MAX 64u
#define SIM_FINGERPRINT_VERSION 2u    // changes with what enters a fingerprint, or how
#define SIM_CHECKPOINT_NS 100000000u  // checkpoints stand at the first window end from there on

struct sim_engine;

enum sim_queue { SIM_QUEUE_WINDOWS, SIM_QUEUE_HEAP };

// A write of the workload.
struct sim_write {
    uint64_t time_ns;
    uint32_t node;
    uint16_t scope;
    struct mesh_write write;  // its lane is filled in by the engine
};

// Says at the very moment of a write what it writes, where that depends on what its node holds.
struct sim_author {
    void *context;
    // NULL: writes say what stands in the list. Otherwise called before the step of each write,
    // when the replica of `node` has all that came before. Key and lane are set; type and value are
    // to be filled in. write_of_lane: as for observers. Rows that the replica does not hold may not
    // be read. Calls for nodes of different blocks may come from different threads.
    void (*compose)(void *context, const struct mesh_states *states, const uint32_t *write_of_lane,
                    uint32_t node, struct mesh_write *write);
};

// Reports of the agents of a hierarchy, each with a period and a phase of its own. mesh->tiers is
// set then, and the scopes are in this order: edges, aggregators, coordinators, links
// (run/scopes.h).
struct sim_reporting {
    void *context;
    uint64_t every_ns;             // 0: nobody reports; at least SIM_REPORT_NS_MIN
    uint64_t until_ns;             // the run's end: how many totals there may be
    uint32_t local_lanes;          // of each edge, to begin with
    uint32_t local_lanes_max;      // and at most: as there can be use for, or SIM_LOCAL_LANES_MAX
    uint32_t agents_per_edge_max;  // of the largest edge
    uint64_t (*first_ns)(void *context, uint32_t agent);  // below every_ns
    // The report that `agent` writes as its `number`th, from 1: the same whenever it is asked.
    struct mesh_report (*compose)(void *context, uint32_t agent, uint32_t number);
};

// Updates that became known to a node: a write, or the first receipt.
struct sim_change {
    uint64_t time_ns;
    const struct mesh_message
        *message;    // that brought them, readable during the call; NULL: a write
    uint64_t lanes;  // of the table's lanes 64 * word .. 64 * word + 63
    uint32_t word;
    uint32_t node;
};

enum sim_transition_kind {
    SIM_TRANSITION_DOWN,    // it handles nothing from this instant on
    SIM_TRANSITION_UP,      // it does again
    SIM_TRANSITION_JOINED,  // back without its disk, it has a peer's snapshot now
    SIM_TRANSITION_PAUSED,
    SIM_TRANSITION_RESUMED,
    SIM_TRANSITION_RELAY,    // it became a relay, in place of `other`
    SIM_TRANSITION_LEAVING,  // it will go down soon: what it leads it is to hand over
    SIM_TRANSITION_COUNT
};

// A node is from now on as it was not before. Instants come before all else that happens in them.
struct sim_transition {
    uint64_t time_ns;
    uint32_t node;
    uint32_t other;  // RELAY
    enum sim_transition_kind kind;
    bool disk_lost;  // DOWN, UP
    bool starves;    // PAUSED, RESUMED: for want of a processor
    bool leaves;     // DOWN: in order, and able to say so
};

// What came of an entry of the fault timeline.
struct sim_fault_count {
    uint64_t first_ns;  // of its firings
    uint64_t last_ns;
    uint64_t nodes;  // hit, over all firings
    uint32_t firings;
    uint32_t empty;  // of them, those that hit nobody
};

// Faults, and who knows whom their selections name.
struct sim_faulting {
    void *context;
    const struct sim_fault *faults;  // [count]
    uint32_t count;                  // 0: nothing goes wrong, and the rest is not looked at
    uint64_t seed;
    // Writes the nodes that a selection names just now, all of them whatever its share, ascending;
    // `nodes` has room for all nodes. Returns how many.
    uint32_t (*select)(void *context, const struct sim_selection *selection, uint32_t *nodes);
    // The place of this kind that a node is in; UINT32_MAX: none.
    uint32_t (*place_of)(void *context, enum sim_place_kind place, uint32_t node);
};

// Who lies.
struct sim_lying {
    const struct sim_liar *liars;  // [count]
    uint32_t count;                // 0: nobody, and the rest is not looked at
    const uint32_t *entries;       // [nodes] bit i: the node is one of liars[i]
    uint64_t seed;
    uint64_t until_ns;  // the run's end: how many forgeries there may be
};

// In place of a write's index: place in the list of lies + this.
#define SIM_LIE (UINT32_C(1) << 31)

// In place of an entry: it came about on the way (altering.h).
#define SIM_LIE_OF_NETWORK UINT32_MAX

// An update that nobody wrote, or the second value of one that somebody did.
struct sim_lie {
    uint64_t time_ns;
    struct mesh_dot dot;
    uint32_t lane;
    uint32_t entry;   // of the liars; SIM_LIE_OF_NETWORK: none of theirs
    uint32_t liar;    // of an equivocation; MESH_NODE_NONE: all of the entry tell it
    uint32_t write;   // of an equivocation: that of the first value
    uint32_t before;  // 1 + the liar's lie before; 0: none
    uint8_t *value;   // owned; or NULL
};

// Who takes over from relays of a hierarchy that fall silent, or are found to be gone.
struct sim_relaying {
    void *context;
    uint64_t silence_ns;       // an aggregator replaces a relay after so much silence; 0: never
    uint16_t link_first;       // scopes [link_first, link_end) are links, each with one callee, its
    uint16_t link_end;         // aggregator
    uint32_t *const *members;  // [links] of each, the memory that its scope's members are in
    // Who takes over from a relay of the link that has been silent; MESH_NODE_NONE: nobody can.
    uint32_t (*successor)(void *context, const struct sim_engine *engine, uint32_t link,
                          uint32_t relay);
    // A node is back. If it was replaced, and is to be a relay again: returns the relay whose place
    // it takes, and its link; else MESH_NODE_NONE.
    uint32_t (*returned)(void *context, const struct sim_engine *engine, uint32_t node,
                         uint32_t *link);
    // Not NULL where edges find out by SWIM who of them is there; silence counts for nothing then.
    // A node has come to think otherwise of who is gone. If it is to be a relay by what it thinks
    // now and is none, or the reverse: which relay of which link gives way to whom; else false.
    bool (*reconsidered)(void *context, const struct sim_engine *engine, uint32_t node,
                         uint32_t *link, uint32_t *from, uint32_t *to);
};

// What happened to the summary of a hierarchy: a report became known to an agent, or a row to a
// relay, which made it, or to a node above.
struct sim_note {
    uint64_t time_ns;
    uint64_t content;  // of a report the hash, of a row the clock
    uint32_t node;
    uint32_t author;  // of the report; of the row the relay
    uint32_t number;  // of the report, from 1; of the row the edge
    bool row;
};

// What a Raft server did (mesh/raft.h).
enum sim_raft_note_kind {
    SIM_RAFT_STARTED,    // in `term`, up to entry `index`; content 1: it has lost its disk
    SIM_RAFT_CRASHED,    // in `term`
    SIM_RAFT_ROLE,       // content: enum mesh_raft_role; other: the leader, as far as known
    SIM_RAFT_CUT,        // its log ends at `index` now
    SIM_RAFT_ENTRY,      // it has this one at `index`; other: the term of the one before
    SIM_RAFT_COMMITTED,  // it applies this one; other: the server's own term
    SIM_RAFT_RESTORED,   // a snapshot up to `index`, whose term it names; other: the own term
    SIM_RAFT_BRIDGE,     // content 1: it is an active bridge from now on, 0: no longer; other: all
    SIM_RAFT_EXCHANGED,  // a bridge's first message from another group
    SIM_RAFT_ASKED,      // read number `index` came
    SIM_RAFT_ANSWERED,   // read number `index`, as of entry `content`; other: what it has applied
    SIM_RAFT_NOTE_COUNT
};

struct sim_raft_note {
    uint64_t time_ns;
    uint64_t term;  // the server's; of ENTRY, COMMITTED and RESTORED the entry's
    uint64_t index;
    uint64_t content;  // of an entry: a hash of what it says
    uint64_t other;
    uint32_t node;
    uint32_t number;  // of the server's notes
    uint16_t group;
    uint32_t voters;     // places of the members that vote, as the server has it
    uint8_t kind;        // enum sim_raft_note_kind
    uint8_t entry_kind;  // enum mesh_raft_kind
    bool led;            // CUT, ENTRY: before and after the server was the leader of its term
    bool overwrites;     // ENTRY: it had another one there
    bool handed_over;    // ROLE: it leads because the last leader wanted it so
    bool fetched;        // RESTORED: the snapshot came from the leader
};

// What a node that takes part in SWIM found (mesh/swim.h), or what became of it.
enum sim_swim_note_kind {
    SIM_SWIM_STARTED,  // it has a record of nothing; own: it joins, and knows nobody yet
    SIM_SWIM_JOINED,
    SIM_SWIM_STOPPED,  // it went down, own: in order; its view is gone: notes of MEMBER came
                       // before, back to ALIVE
    SIM_SWIM_MEMBER,   // what it thinks of `subject`
    SIM_SWIM_PROBE,    // of `subject` has ended; own: it answered
    SIM_SWIM_QUORUM,   // own: it has no majority from now on; else it has one again
};

struct sim_swim_note {
    uint64_t time_ns;
    uint32_t node;
    uint32_t number;  // of the node's notes
    uint32_t subject;
    uint32_t incarnation;
    uint8_t kind;   // enum sim_swim_note_kind
    uint8_t state;  // MEMBER: enum mesh_swim_state, now and before
    uint8_t was;
    bool own;  // MEMBER: its own finding, or forgotten; else it was told
};

// How the groups of mesh->raft begin, and their disks.
struct sim_rafting {
    bool elected;      // the first of each roster are its bridges and everybody knows; the first
                       // server stands for election at once. Else: all begin with nothing
    bool logs_differ;  // not elected: the servers of a group begin with 0, 1, 2 ... entries of
                       // term 1, dealt by chance
    uint32_t failed;   // the last so many of each roster are members and never start
    uint64_t read_every_ns;  // so often each server is asked for a read; 0: never
    struct sim_link disk;    // how long a write takes (network.h); all zero: no time
};

// An agent learns reports of its edge: its own, or by a receipt.
struct sim_heard {
    uint64_t time_ns;
    uint32_t node;
    uint32_t edge;
    const struct mesh_table *reports;  // of the edge
    const struct mesh_news *news;      // [news_count] lanes of that table
    uint32_t news_count;
    bool wrote;  // its own, which nobody else holds yet
};

// Sums over messages of one kind and pair class; sent + duplicated = delivered + lost + dropped +
// corrupted + cut + dead + refused + in flight. What travels is bytes - saved_bytes +
// transport_bytes + handshake_bytes.
struct sim_counters {
    uint64_t messages;
    uint64_t bytes;        // as encoded
    uint64_t saved_bytes;  // of them, by compression
    uint64_t transport_bytes;
    uint64_t digest_bytes;  // of `bytes`: hashes and vectors of an exchange, with what frames them
    uint64_t updates;       // copies, sent, of updates written after the warm-up
    uint64_t duplicated;
    uint64_t lost;
    uint64_t dropped;    // at a full queue
    uint64_t corrupted;  // thrown away by the receiver
    uint64_t altered;    // of those that arrive, broken without anybody having noticed so far
    uint64_t cut;        // by a partition
    uint64_t dead;       // at a node that was down
    uint64_t refused;    // by a node that is no longer the relay they were meant for
    uint64_t delivered;
    uint64_t idle;             // received without an update and not answered: nothing was new
    uint64_t idle_bytes;       // of these, as encoded
    uint64_t handshakes;       // that they waited for
    uint64_t resumed;          // of these, by a ticket
    uint64_t handshake_bytes;  // in both directions
};

#define SIM_ROTATION 0  // in place of a kind: what no message caused, handshakes on rotation

// What a host has done, and the most it did in any second; a short run is one second. The peak of
// MEMORY is left to the caller. The most connections are those at a second's end.
struct sim_host_use {
    struct sim_host_work work;
    uint64_t peak[SIM_RESOURCE_COUNT];
};

// What messages waited for the processors of their targets' hosts (cores.h).
struct sim_waiting {
    uint64_t messages;    // that arrived
    uint64_t service_ns;  // the processors' time that they took
    uint64_t wait_ns;     // until one was free, all together
    uint64_t wait_ns_max;
};

// Observers only observe. Calls come at window ends, in the order of time.
struct sim_observer {
    void *context;
    // Changes in the total order; write_of_lane: the index of the write in each lane at this time,
    // from write_count on for the coordinators' totals, from SIM_LIE on for lies.
    // May be NULL, like the others.
    void (*changes)(void *context, const struct mesh_table *table, const uint32_t *write_of_lane,
                    const struct sim_change *changes, uint32_t count);
    // What became of nodes, by (time, node), before the changes of the same window.
    void (*transitions)(void *context, const struct sim_transition *transitions, uint32_t count);
    // A fault that acts between nodes fires; readable during the call, as the window begins.
    void (*ruled)(void *context, const struct sim_rule *rule);
    // The write does not happen: its node is down or paused. When the window begins.
    void (*silenced)(void *context, uint32_t write);
    // Notes, in the order of (time, node, event). Rows that a node made or took over contain what
    // the relay had been told in the notes before that of the row being made.
    void (*notes)(void *context, const struct sim_note *notes, uint32_t count);
    // The write does not happen: its node has no majority. When the window begins.
    void (*refused)(void *context, uint32_t write);
    // What SWIM found in a window, by (time, node, number).
    void (*swims)(void *context, const struct sim_swim_note *notes, uint32_t count);
    // What Raft servers did in a window, by (time, node, number).
    void (*rafts)(void *context, const struct sim_raft_note *notes, uint32_t count);
    // Of edges that no block cuts, instead of such notes: what an agent hears, and the row that a
    // relay makes. Each of them in the order of (time, node) within an edge, and a row after all
    // that its relay heard before; for different edges at the same time, from the threads of the
    // engine. NULL: notes.
    void (*heard)(void *context, const struct sim_heard *heard);
    void (*made)(void *context, const struct sim_note *row);
    // An update that all hold for good gives back its lane: whoever folds values out of lanes adds
    // it to his base now (mesh/release.h).
    void (*released)(void *context, const struct mesh_update *update);
    // Every SIM_CHECKPOINT_NS and at the end.
    void (*checkpoint)(void *context, uint64_t time_ns, uint64_t fingerprint, uint64_t events);
    // After every window; true stops the run here.
    bool (*window)(void *context, uint64_t time_ns, uint64_t events);
    // Every message as it is sent, to `copies` targets. Unlike the others in no particular order:
    // block by block within a window.
    void (*sent)(void *context, const struct mesh_table *table, const struct mesh_message *message,
                 uint32_t copies);
};

struct sim_engine_config {
    const struct mesh_config *mesh;  // nodes are those of its scopes; used until destroy
    const struct sim_network *network;
    uint32_t node_count;             // 2 .. MESH_NODE_MAX
    const struct sim_write *writes;  // [write_count], sorted by (time_ns, node)
    uint32_t write_count;
    uint64_t warmup_ns;  // messages sent and updates written before are not counted
    struct sim_author author;
    struct sim_reporting reporting;
    struct sim_faulting faulting;
    struct sim_lying lying;
    struct sim_relaying relaying;
    struct sim_rafting rafting;
    uint32_t (*base_bytes)(void *context);  // of what released updates were folded into, as a
    void *base_context;                     // snapshot carries it; NULL: nobody ever joins
    struct sim_observer observer;
    enum sim_queue queue;
    uint64_t memory_bytes;  // replicas, table and timers may take so much; 0: no limit
    uint32_t lanes_start;   // lanes to begin with; 0: SIM_LANES_START
    uint32_t threads;       // at most SIM_THREADS_MAX; 0: as many as the machine has, if that pays
    uint32_t block_nodes;   // in a block at most; 0: as many as the cache holds
    bool executes_all;      // nothing is accounted without being executed (quiet.h)
    bool deals;             // all threads take part in every window that follows one with events,
                            // and get blocks by turns: slower, and each thread has its share
                            // however they are timed
    bool hosts;             // keep account of what hosts do
};

// Bytes of memory for the replicas, tables and timers of a run in which so many updates are under
// way at once. Messages in flight come on top.
uint64_t sim_engine_memory_bytes(uint32_t node_count, uint32_t update_count, enum mesh_mode mode);

// What a member of SWIM needs to list so many of a roster.
uint64_t sim_engine_view_bytes(uint32_t roster, uint32_t listed);

// Makes an engine at time 0. False with SIM_ERROR_INTERNAL when node_count is out of range.
bool sim_engine_create(const struct sim_engine_config *config, struct sim_engine **engine,
                       struct sim_error *error);
void sim_engine_destroy(struct sim_engine *engine);

// Runs until `until_ns`, until the observer stops it or until memory_bytes do not hold what is
// under way, then makes the last checkpoint; to be called once. The window in which `until_ns`
// falls is run whole. Returns the simulated time reached.
uint64_t sim_engine_run(struct sim_engine *engine, uint64_t until_ns);

// NULL, or why the run stopped where memory_bytes ended: SIM_ERROR_INTERNAL, with the figures, the
// update that has been under way longest and who lacks it.
const struct sim_error *sim_engine_failure(const struct sim_engine *engine);

uint64_t sim_engine_fingerprint(const struct sim_engine *engine);
uint64_t sim_engine_events(const struct sim_engine *engine);
const struct mesh_table *sim_engine_table(const struct sim_engine *engine);
uint32_t sim_engine_write_of_lane(const struct sim_engine *engine, uint32_t lane);
const struct mesh_replica *sim_engine_replica(const struct sim_engine *engine, uint32_t node);
const struct sim_counters *sim_engine_counters(const struct sim_engine *engine,
                                               enum mesh_message_kind kind,
                                               enum sim_pair_class pair);

// The latency of a class's messages, without the wait for a handshake: of its distribution, since
// neither loss nor duplication looks at it; where places or channels decide, as counted
// (latencies.h).
struct sim_engine_latency {
    uint64_t median_ns;
    uint64_t max_ns;
};

struct sim_engine_latency sim_engine_latency(const struct sim_engine *engine,
                                             enum sim_pair_class pair);

// With config.hosts, after the run; of the `*counted_ns` after the warm-up.
const struct sim_host_use *sim_engine_host(const struct sim_engine *engine, uint32_t host,
                                           uint64_t *counted_ns);

// Of the whole run so far; nothing where hosts have as many processors as they need.
struct sim_waiting sim_engine_waiting(const struct sim_engine *engine);

// Whether the node is down as the window begins or, after a window, as the next one does.
bool sim_engine_is_down(const struct sim_engine *engine, uint32_t node);
bool sim_engine_is_paused(const struct sim_engine *engine, uint32_t node);

// Whether no fault is still to fire and none that has an end is under way.
bool sim_engine_is_calm(const struct sim_engine *engine);

// What came of the faults so far, [config.faulting.count].
const struct sim_fault_count *sim_engine_fault_counts(const struct sim_engine *engine);

// What came of the liars so far, [config.lying.count].
const struct sim_liar_count *sim_engine_liar_counts(const struct sim_engine *engine);

// The lies that have lanes, [*count], in the order in which they were told.
const struct sim_lie *sim_engine_lies(const struct sim_engine *engine, uint32_t *count);

// When a node first lied, and when somebody honest first ignored it; SIM_FAULT_NEVER.
uint64_t sim_engine_lied_ns(const struct sim_engine *engine, uint32_t node);
uint64_t sim_engine_caught_ns(const struct sim_engine *engine, uint32_t node);

// How often honest nodes rejected something for this reason, and how often they came to ignore
// somebody: who lies (true), or who does not.
uint64_t sim_engine_rejects(const struct sim_engine *engine, enum mesh_reject reason, bool lies);
uint64_t sim_engine_ignored(const struct sim_engine *engine, bool lies);

// Whether messages from one node to another that are sent at `time_ns`, in the last window or at
// its end, are cut; and when that, between any two nodes, may next be otherwise than at `after_ns`,
// as far as faults have fired; SIM_FAULT_NEVER.
uint64_t sim_engine_next_cut_ns(const struct sim_engine *engine, uint64_t after_ns);
bool sim_engine_cuts(const struct sim_engine *engine, uint32_t source, uint32_t target,
                     uint64_t time_ns);

// Classes of nodes that are cut off from the same others then: two nodes of one class reach, and
// are reached by, the same others. Fills classes[nodes]; returns how many there are.
uint32_t sim_engine_cut_classes(const struct sim_engine *engine, uint64_t time_ns,
                                uint32_t *classes);

// The number from 1 of the entry that does, 0: none does by itself.
uint32_t sim_engine_cutter(const struct sim_engine *engine, uint32_t source, uint32_t target,
                           uint64_t time_ns);

// What the node keeps for the summary, or NULL.
const struct mesh_tier *sim_engine_tier(const struct sim_engine *engine, uint32_t node);

// What the node is in its group of Raft, or NULL; of who is down, as it was.
const struct mesh_raft *sim_engine_raft(const struct sim_engine *engine, uint32_t node);

// What the node thinks of its scope's members, or NULL; of who is down, nothing.
const struct mesh_swim *sim_engine_swim(const struct sim_engine *engine, uint32_t node);

// Copies still under way, by counting the queues: the last term of the conservation law.
void sim_engine_in_flight(const struct sim_engine *engine,
                          uint64_t counts[MESH_MESSAGE_KIND_COUNT]);

#endif
