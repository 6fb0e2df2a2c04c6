// SPDX-License-Identifier: GPL-3.0-or-later
// What the parts of the engine share (private to this folder).
//
//     struct sim_engine
//       blocks[]   replicas and timers of neighbouring nodes      blocks.c     who lies in which
//       workers[]  buffers of one thread each: batch, output,     windows.c    window after window
//                  ring, messages, changes, counters              heap_run.c   event after event
//                                                                 carry.c      records -> effects
//                                                                 post.c       messages -> queue
//       table      rows of the updates under way                  lanes.c      given back, grown
//       crossings  channels between hosts                         crossings.c  in order, by channel
//       account    connections, what hosts do                     account.c    who pays
//       faults     how nodes are, what lies between them          faults.c, firings.c
//       relays     when aggregators heard them                    relays.c
//       liars      who lies, and the lies that have lanes         liars.c, lying.c
//       cores      processors that messages wait for              cores.c
//       altering   what the network made of updates               altering.c
//       rafts      servers, their disks, what they did            rafts.c, raft_*.c
//
// While a window runs, a worker writes to itself and to the blocks that it has taken, each block
// being taken by one worker; all else is written between windows, by one thread.

#ifndef SIM_STATE_H
#define SIM_STATE_H

#include "account.h"
#include "altering.h"
#include "cores.h"
#include "crossings.h"
#include "draw.h"
#include "engine.h"
#include "faults.h"
#include "heap.h"
#include "latencies.h"
#include "liars.h"
#include "messages.h"
#include "queue.h"
#include "quiet.h"
#include "rafts.h"
#include "relays.h"
#include "swims.h"
#include "threads.h"
#include "timers.h"

#define SIM_BATCH_EVENTS 32u
#define SIM_AHEAD_EVENTS 64u  // of a batch where blocks run ahead: a bit each

// Own events in place of a message's reference; ticks of scope s are SIM_REFERENCE_TICK + s.
#define SIM_REFERENCE_RAFT 0u  // the heap's: a server looks what has fallen due
#define SIM_REFERENCE_SWIM 1u  // likewise a member of SWIM
#define SIM_REFERENCE_JOIN 2u
#define SIM_REFERENCE_WRITE 3u
#define SIM_REFERENCE_REPORT 4u
#define SIM_REFERENCE_TICK 5u

struct sim_block {
    struct mesh_states states;
    uint32_t near_first;        // nodes from here on ...
    uint32_t near_count;        // ... all live on the block's only host; 0: it has several
    struct sim_timers *timers;  // [timers_count], one per scope its nodes are in
    uint32_t timers_count;
    uint64_t swim_due_ns;           // no member of SWIM has anything due before
    struct sim_served_list served;  // what waits for the hosts' processors
    uint64_t active_ns;  // the last event that changed a node or that said more than a hash
};

// What the messages of a batch that have one target draw on their way, drawn for many at once, in
// the order of their records.
struct sim_single_draws {
    struct sim_draw_counters counters;
    uint32_t words[4][SIM_DRAW_BATCH];
    uint32_t next;  // not taken yet: [next, count)
    uint32_t count;
};

// A batch of a block that runs ahead (ahead.c): events [0, count), each of another node.
struct sim_ahead {
    struct mesh_event events[SIM_AHEAD_EVENTS];              // by kind
    const struct mesh_message *heard[2 * SIM_AHEAD_EVENTS];  // of key i at i % that, NULL: none
    uint32_t asked;                                          // keys whose memory is asked for
    uint8_t places[SIM_AHEAD_EVENTS];                        // of an event among the batch's keys
    uint32_t delivers[SIM_AHEAD_EVENTS];                     // by these places: the record
    uint64_t taken[SIM_BLOCK_NODES / 64];                    // nodes of a batch, a bit each
    uint64_t spoke;                                          // events that sent something, likewise
    uint64_t learnt;                                         // places whose events brought news
    // Of the batch, pieces that answers of so many sets, less one, are written to: where they lie,
    // their references, and the first whose message has not been posted yet.
    uint64_t *answers[MESH_SETS_MAX][SIM_AHEAD_EVENTS];
    uint32_t references[MESH_SETS_MAX][SIM_AHEAD_EVENTS];
    uint32_t answer_count[MESH_SETS_MAX];
    uint32_t posted[MESH_SETS_MAX];
};

struct sim_worker {
    struct sim_engine *engine;
    uint64_t window;  // that it runs
    uint64_t *keys;   // events of one block and window
    uint64_t *keys_scratch;
    uint32_t keys_capacity;
    struct mesh_event batch[SIM_BATCH_EVENTS + 1];          // the last for a server's own event
    const struct mesh_message *heard[2][SIM_BATCH_EVENTS];  // of this batch and of the next
    uint64_t times_ns[SIM_BATCH_EVENTS + 1];                // of the batch, where clocks are wrong
    uint64_t shown_ns[SIM_BATCH_EVENTS + 1];                // what those show
    struct sim_ahead ahead;
    struct mesh_output output;
    struct sim_single_draws single_draws;
    struct sim_ring ring;         // SIM_QUEUE_WINDOWS
    struct sim_emptied *emptied;  // [worker_count] chunks of each worker's ring
    struct sim_heap heap;         // SIM_QUEUE_HEAP
    struct sim_messages messages;
    // While answers lie in pieces the core writes all else to `scratch`, and here is kept where the
    // output's message memory goes on for what is copied out of that.
    struct mesh_output lasting;
    uint64_t *scratch;  // [scratch_words]
    size_t scratch_words;
    struct sim_kept kept;             // copies on their way to their channels
    struct sim_latencies *latencies;  // when places or channels decide; else NULL
    struct sim_host_work *work;       // [host_count] of the current second; NULL: nobody asked
    struct sim_host_inside inside;    // of the batch that runs, where a block has one host
    struct sim_change *changes;
    uint32_t change_count;
    uint32_t change_capacity;
    uint64_t *settled;  // scratch of a sweep
    struct sim_note *notes;
    uint32_t note_count;
    uint32_t note_capacity;
    struct sim_raft_note *raft_notes;
    uint32_t raft_note_count;
    uint32_t raft_note_capacity;
    struct sim_swim_note *swim_notes;
    uint32_t swim_note_count;
    uint32_t swim_note_capacity;
    uint64_t view_bytes;  // by which it made views of SWIM's larger
    struct sim_counters counters[MESH_MESSAGE_KIND_COUNT][SIM_PAIR_CLASS_COUNT];
    uint64_t events;
    uint64_t ingredients;        // of the fingerprint: the sum of a hash per change of state
    uint64_t latencies_from_ns;  // copies sent before are not noted in `latencies`
    struct sim_replay replay;
    struct sim_lying_notes lying;
    struct sim_waiting waiting;
};

// A report of the current window.
struct sim_report {
    uint64_t time_ns;
    uint32_t node;
    struct mesh_write write;
};

// The reports of an edge (edges.c).
struct sim_edge {
    struct mesh_table table;
    uint8_t *values;             // [lanes][MESH_REPORT_BYTES_MAX]
    uint64_t *sizes;             // of the table
    uint32_t *numbers;           // [agents] reports so far
    struct sim_timers timers;    // of its agents, by their place in the edge
    struct sim_report *reports;  // [report_count] of the current window, by (time, node)
    uint32_t report_count;
    uint32_t report_capacity;
    uint32_t block_first;  // its agents lie in blocks [block_first, block_end)
    uint32_t block_end;
    bool alone;  // that is one block
    bool waits;  // for lanes: what falls due in this window has none yet
};

// The summary of a hierarchy: edges, records, totals (tiers.c).
struct sim_tiers {
    uint32_t edge_count;  // 0: nobody reports, and the rest is empty
    struct sim_edge *edges;
    struct mesh_table **local_tables;  // [scope_count]
    _Atomic uint32_t edge_next;        // as the window begins: not taken yet
    _Atomic bool some_wait;            // for lanes
    struct mesh_tier *records;         // [record_count] by node
    uint32_t record_count;
    struct mesh_tier *coordinators;  // the last of them
    uint32_t coordinator_count;
    struct mesh_row *rows;  // memory of the records
    uint8_t *ages;
    struct mesh_report_entry *entries;
    uint8_t **total_values;  // [total_count] of MESH_TOTAL_BYTES_MAX
    uint32_t total_count;
    struct sim_note *notes;  // scratch: those of a window, in order
    uint32_t note_capacity;
};

struct sim_engine {
    struct sim_engine_config config;
    uint64_t window_ns;
    uint32_t window_bits;        // offsets in a window are below 2^window_bits
    uint64_t window_reciprocal;  // ceil(2^64 / window_ns): multiplying by it and dropping
                                 // 64 bits divides times below 2^44 by window_ns
    uint64_t window;             // index of the current one, the first of its stride
    uint64_t window_end;         // of the stride
    uint32_t stride_most;        // windows in a stride
    bool blocks_run_ahead;       // in a stride, without waiting for each other
    bool recycles;               // answers inside an edge lie in pieces (messages.h)
    uint64_t run_first;          // windows that the threads are running: [run_first, run_end)
    uint64_t run_end;
    uint32_t windows_per_slot;  // of the message memory
    uint64_t slot;              // of the message memory: the next to be emptied
    uint64_t pulled_ns;         // SIM_QUEUE_HEAP: before then nothing is on the overflow list
    uint64_t ahead_most;        // windows that something in the rings can be under way
    uint64_t reach_ns;          // SIM_QUEUE_HEAP: for so long a message stays in that memory
    uint32_t block_count;
    bool *is_home;             // [scope_count] its members have no scope before it
    uint16_t *block_of;        // [node_count]; NULL: of node n it is n >> SIM_BLOCK_SHIFT
    uint32_t words;            // of the shared table
    uint32_t local_words;      // of each edge's, in front of them in a replica; 0: there is none
    size_t message_words;      // what one event can send at most (mesh_output_bound)
    struct sim_block *blocks;  // [block_count]
    void *replicas;
    size_t replica_bytes;
    void *roles;  // [role_count] of all blocks, block after block
    uint32_t role_count;
    uint64_t *has_role;  // [block_count][SIM_BLOCK_NODES / 64] a bit each; NULL: nobody has one
    struct mesh_table table;
    uint32_t *write_of_lane;  // [table.lane_capacity]
    uint64_t *settled;        // [words of a replica] scratch of a sweep
    struct sim_tiers tiers;
    struct sim_error failure;    // SIM_OK, or lanes ran out
    struct sim_change *changes;  // scratch: those of a window, in order, and while they are ordered
    struct sim_change *changes_scratch;
    uint32_t change_capacity;
    struct sim_write *writes;  // [config.write_count + tiers.total_count], lanes as reserved
    uint8_t *written;          // [config.write_count] 1: handled
    uint32_t *sequences;       // [node_count] writes reserved so far, NULL without writes
    uint32_t write_first;      // writes of the current window: [write_first, write_end)
    uint32_t write_end;
    uint32_t counted_first;  // the first write after the warm-up
    uint64_t checkpoint_next_ns;
    uint64_t fingerprint;
    struct sim_account account;
    struct sim_faults faults;
    struct sim_relays relays;
    struct sim_liars liars;
    struct sim_altering altering;
    struct sim_cores cores;
    struct sim_rafts rafts;
    struct sim_swims swims;
    struct sim_channels channels;  // when the network has channels
    struct sim_chunks chunks;
    struct sim_worker **workers;  // [worker_count]; the first does what is done between windows
    uint32_t worker_count;
    struct sim_threads *threads;  // one each
    _Atomic uint32_t block_next;  // of the window that runs: not taken yet
    uint64_t events_before;       // handled before the last window
    bool together;                // the last window had events enough for all threads
    struct sim_part *parts;       // [part_count] those that can be quiet
    uint32_t part_count;
    uint64_t quiet_reach_ns;  // a copy arrives sooner after it was sent
    uint64_t settle_ns;       // for all threads: until when they settle
    // Scratch: sums over the workers, as last asked for.
    struct sim_counters (*counters)[SIM_PAIR_CLASS_COUNT];  // [MESH_MESSAGE_KIND_COUNT]
};

// The next of so many pieces of a work for a thread, which has taken `taken` of them: whichever is
// left, or every one whose turn it is. `next` is 0 when the work begins.
static inline uint32_t sim_piece_take(const struct sim_engine *engine, _Atomic uint32_t *next,
                                      uint32_t thread, uint32_t taken)
{
    return engine->config.deals && engine->together
               ? thread + taken * engine->worker_count
               : atomic_fetch_add_explicit(next, 1, memory_order_relaxed);
}

static inline uint32_t sim_block_of(const struct sim_engine *engine, uint32_t node)
{
    return engine->block_of == NULL ? node >> SIM_BLOCK_SHIFT : engine->block_of[node];
}

static inline struct mesh_states *sim_states_of(const struct sim_engine *engine, uint32_t node)
{
    return &engine->blocks[sim_block_of(engine, node)].states;
}

static inline uint64_t sim_stride_end_ns(const struct sim_engine *engine)
{
    return engine->window_end * engine->window_ns;
}

static inline uint32_t sim_scope_member(const struct mesh_scope *scope, uint32_t position)
{
    return scope->members == NULL ? scope->first + position : scope->members[position];
}

static inline struct sim_carriage sim_account_carriage(const struct sim_engine *engine,
                                                       const struct mesh_message *message)
{
    return sim_network_carriage(engine->config.network, &engine->account.shrinking, message);
}

// How far apart a node of this block and another are.
static inline enum sim_pair_class sim_pair_from(const struct sim_engine *engine,
                                                const struct sim_block *block, uint32_t node,
                                                uint32_t other)
{
    return other - block->near_first < block->near_count
               ? SIM_SAME_HOST
               : sim_network_pair(engine->config.network, node, other);
}

// blocks.c Deals the nodes to blocks; what lies in them is made by lanes.c.
void sim_blocks_create(struct sim_engine *engine, size_t replica_bytes);
void sim_blocks_finish(struct sim_engine *engine);

// Peers of each of its ticks.
static inline uint32_t sim_scope_fanout(const struct mesh_scope *scope)
{
    return scope->fanout < scope->count - 1 ? scope->fanout : scope->count - 1;
}

// carry.c Steps the first `count` events of the worker's batch and carries out what they cause.
// `generation` is theirs: what arrives at the same instant gets the next.
void sim_step_batch(struct sim_worker *worker, struct sim_block *block, uint32_t count,
                    uint32_t generation);

// The same of one event, an own one of a server.
void sim_step_own(struct sim_worker *worker, struct sim_block *block,
                  const struct mesh_event *event, uint32_t generation);

// windows.c What an event of the block's own is, by its time, its node and what is in place of a
// reference.
void sim_unpack_own(struct sim_engine *engine, uint32_t reference, struct mesh_event *event);

// ahead.c Handles the events of one window of a block, worker->keys[0 .. count - 1] in the total
// order, where answers lie in pieces.
void sim_ahead_run(struct sim_worker *worker, struct sim_block *block, uint32_t count);

// post.c Counts `messages` like this one, with `copies` over links of one class, as sent.
void sim_count_sent(struct sim_worker *worker, const struct mesh_message *message,
                    enum sim_pair_class pair, uint64_t messages, uint64_t copies);

// A message on its way, to be counted as sent.
struct sim_posting {
    const struct mesh_message *message;
    const uint32_t *targets;    // [count]
    const uint64_t *delays_ns;  // [count] on top of any latency; NULL: none
    uint32_t count;
    uint32_t reference;     // of the message
    uint32_t generation;    // of the event that sends it
    uint32_t update_bytes;  // of its bytes, what its updates take
    uint32_t place_first;   // of the first target among the occasion's, which its draws follow from
};

// post.c
void sim_post(struct sim_worker *worker, const struct sim_posting *posting);

// The same draws as when it was sent, or as if it were: counted as sent if `counted`; what arrives
// goes to sim_quiet_arrive.
void sim_post_again(struct sim_worker *worker, const struct mesh_message *message,
                    const uint32_t *targets, uint32_t count, bool counted);

// lanes.c The table, the replicas in its width, and the output in theirs.
void sim_lanes_create(struct sim_engine *engine);
// Once it is known whether answers go to pieces: how large those are, and where the core writes.
void sim_lanes_size_pieces(struct sim_engine *engine);
void sim_lanes_finish(struct sim_engine *engine);

// Sees to it that `count` lanes are free; false: memory_bytes end here, engine->failure says how.
bool sim_lanes_provide(struct sim_engine *engine, uint32_t count);

void sim_lanes_note_base(struct sim_engine *engine);

// Makes room in replicas, roles and messages under way for `words` of the edges' tables, which take
// `table_bytes` more; false: memory_bytes do not hold them.
bool sim_lanes_widen_local(struct sim_engine *engine, uint32_t words, uint64_t table_bytes);

// The widest that the table can become.
uint32_t sim_lanes_words_max(const struct sim_engine *engine);

// strides.c How long they are; where the one ends that begins with the current window.
void sim_strides_create(struct sim_engine *engine);
uint64_t sim_strides_end(const struct sim_engine *engine, uint64_t until_ns);

// What the rings have to cover: within it most messages arrive, and all that arrive in the stride
// in which they were sent, since the overflow list is looked through between strides.
uint64_t sim_strides_reach_ns(const struct sim_engine *engine);

// roles.c
void sim_roles_create(struct sim_engine *engine);
// Before the engine's words grow.
void sim_roles_widen(struct sim_engine *engine, struct mesh_width width);
// `to` has the role in `scope` that `from` had.
void sim_roles_hand_over(struct sim_engine *engine, uint16_t scope, uint32_t from, uint32_t to);

// tiers.c Tables and records before the replicas are made; pointing the blocks at them after.
void sim_tiers_create(struct sim_engine *engine);
void sim_tiers_attach(struct sim_engine *engine);
void sim_tiers_finish(struct sim_engine *engine);

// Lanes of the shared table that coordinators want for their next totals, and taking them.
uint32_t sim_tiers_totals_wanted(const struct sim_engine *engine);
void sim_tiers_reserve_totals(struct sim_engine *engine);

// `to` becomes a relay in place of `from`, its role included: its record is filled with what it
// holds.
void sim_tiers_hand_over(struct sim_engine *engine, uint32_t from, uint32_t to);

// Tells the observer what an event brought of the reports of its edge, and what a record says of
// rows, or notes it.
void sim_tiers_heard(struct sim_worker *worker, const struct mesh_event *event, uint16_t edge,
                     const struct mesh_news *news, uint32_t count);
void sim_tiers_note_row(struct sim_worker *worker, const struct mesh_event *event,
                        const struct mesh_record *record);

// Hands the notes of the window to the observer.
void sim_tiers_end_window(struct sim_engine *engine);

// edges.c Their tables before the replicas are made; where they lie after.
void sim_edges_create(struct sim_engine *engine);
void sim_edges_attach(struct sim_engine *engine);
void sim_edges_finish(struct sim_engine *engine);
uint32_t sim_edge_of(const struct sim_engine *engine, uint32_t agent);

// Within which most messages arrive: where agents report, those of the edges, all others being few.
uint64_t sim_edges_reach_ns(const struct sim_engine *engine);

// The widest that their tables can become; 0: there are none.
uint32_t sim_edges_words_max(const struct sim_engine *engine);

// The reports of the window that begins; false: memory_bytes end here, engine->failure says how.
bool sim_edges_begin_window(struct sim_engine *engine);

// The report of an own event.
const struct sim_report *sim_edges_take_report(const struct sim_engine *engine, uint64_t time_ns,
                                               uint32_t node);

static inline uint32_t sim_replica_words(const struct sim_engine *engine)
{
    return engine->local_words + engine->words;
}

static inline struct mesh_width sim_width(const struct sim_engine *engine)
{
    return (struct mesh_width){engine->local_words, sim_replica_words(engine)};
}

// flights.c Calls `visit` for every message under way, as often as it has copies on their way to
// blocks [block_first, block_end), or wherever they lie in no block's bucket.
void sim_flights_visit(const struct sim_engine *engine, uint32_t block_first, uint32_t block_end,
                       void (*visit)(void *context, struct mesh_message *message), void *context);

// Gives every message under way the numbers that words have when the edges' tables have
// `local_words`, those that grow and those that lie in pieces a place of their own.
void sim_flights_widen(struct sim_engine *engine, uint32_t local_words);

// post.c Enters the arrival of a copy in the queue, `latency_ns` after it was sent.
struct sim_arrival {
    const struct mesh_message *message;
    uint32_t reference;   // of the message
    uint32_t generation;  // of the sending event
    uint32_t target;
    enum sim_pair_class pair;
    uint64_t delay_ns;  // by faults, on top of any latency
};

void sim_arrive(struct sim_worker *worker, const struct sim_arrival *arrival, uint64_t latency_ns);

// windows.c Puts a copy, or with a reference below SIM_REFERENCE_FREE an own event, into the ring.
void sim_push(struct sim_worker *worker, uint64_t time_ns, uint32_t node, enum sim_pair_class pair,
              uint32_t reference);

// windows.c, heap_run.c: handle all events of the current stride
void sim_windows_run_stride(struct sim_engine *engine);
void sim_heap_run_stride(struct sim_engine *engine);
void sim_heap_push_timers(struct sim_engine *engine);

// engine.c The node's timer in this scope, none of the heap's, whose ticks are events.
struct sim_timers *sim_engine_timers(struct sim_engine *engine, uint32_t node, uint16_t scope);

// The write of an own event: of those at (time, node) the first that was not taken yet.
const struct sim_write *sim_engine_take_write(struct sim_engine *engine, uint64_t time_ns,
                                              uint32_t node);

#endif
