// SPDX-License-Identifier: GPL-3.0-or-later
// Hierarchies whose agents report, by either queue, with many lanes and with few.
//
//     scopes 0 .. 3  edges of 6 agents   4  aggregators   5  coordinators   6, 7  links
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "fixture.h"
#include "mesh/wire.h"

enum {
    EDGES = 4,
    AGENTS_PER_EDGE = 6,
    AGENTS = EDGES * AGENTS_PER_EDGE,
    AGGREGATORS = 2,
    COORDINATORS = 2,
    NODES = AGENTS + AGGREGATORS + COORDINATORS,
    RELAYS = 2,
    HOSTS = 2 + COORDINATORS,
    SCOPES = EDGES + 2 + AGGREGATORS
};

struct seen {
    uint64_t last_ns;
    uint32_t last_node;
    uint32_t rows_made;
    uint64_t notes;
    uint32_t wrong;
    uint64_t own;
    uint64_t heard;
};

struct tree {
    struct mesh_scope scopes[SCOPES];
    uint32_t members[AGGREGATORS][EDGES / AGGREGATORS * RELAYS];
    uint32_t callees[AGGREGATORS + COORDINATORS];
    struct mesh_tiers tiers;
    struct mesh_config mesh;
    struct sim_network network;
    uint32_t host_of[NODES];
    struct sim_host hosts[HOSTS];
    struct sim_write writes[3];
    uint32_t local_lanes;
    uint32_t local_lanes_max;
    uint32_t block_nodes;
    uint32_t threads;
    uint64_t memory_bytes;
    bool direct;  // what happens in edges is heard as it happens
    struct sim_engine *engine;
    // What was observed.
    uint32_t told[AGENTS][AGENTS];  // the newest report of the second that the first knows
    struct seen seen[EDGES + 1];    // by edge, as it happened; the last: in notes
    uint32_t rows_made;             // all together, and here
    uint64_t notes;
    uint32_t wrong;
    uint64_t own;    // writes, reports, rows and totals, by who made them ...
    uint64_t heard;  // ... and by others
    bool poisons;    // free pieces, after every window
    bool read;       // messages are encoded, and then:
    uint64_t encoded[MESH_MESSAGE_KIND_COUNT];
    uint64_t digests[MESH_MESSAGE_KIND_COUNT];
};

static void hash(void *context, const void *bytes, size_t count, uint64_t out[2])
{
    (void)context;
    XXH128_hash_t value = XXH3_128bits(bytes, count);
    out[0] = value.low64;
    out[1] = value.high64;
}

static uint64_t first_ns(void *context, uint32_t agent)
{
    (void)context;
    return agent * 3 * MS;
}

static struct mesh_report compose(void *context, uint32_t agent, uint32_t number)
{
    (void)context;
    return (struct mesh_report){.executions = UINT64_C(100) * number + agent,
                                .active_tasks = agent,
                                .completion_ppb = 900000000 + agent,
                                .latency_us = 1000 * number};
}

static void init_scopes(struct tree *tree, enum mesh_schedule schedule)
{
    for (uint32_t i = 0; i < SCOPES; i++) {
        tree->scopes[i] = (struct mesh_scope){.fanout = 2,
                                              .update_limit = 1000,
                                              .interval_ns = 20 * MS,
                                              .mode = MESH_PUSH_PULL,
                                              .schedule = schedule,
                                              .count = i < EDGES ? AGENTS_PER_EDGE : 2,
                                              .first = i * AGENTS_PER_EDGE};
    }
    for (uint32_t i = 0; i < AGGREGATORS + COORDINATORS; i++) {
        tree->callees[i] = AGENTS + i;
    }
    tree->scopes[EDGES].callees = tree->callees + AGGREGATORS;
    tree->scopes[EDGES].callee_count = COORDINATORS;
    tree->scopes[EDGES + 1].first = AGENTS + AGGREGATORS;
    for (uint32_t i = 0; i < AGGREGATORS; i++) {
        struct mesh_scope *link = &tree->scopes[EDGES + 2 + i];
        for (uint32_t j = 0; j < EDGES / AGGREGATORS * RELAYS; j++) {
            tree->members[i][j] =
                (i * EDGES / AGGREGATORS + j / RELAYS) * AGENTS_PER_EDGE + j % RELAYS;
        }
        link->members = tree->members[i];
        link->count = EDGES / AGGREGATORS * RELAYS;
        link->callees = tree->callees + i;
        link->callee_count = 1;
    }
}

static void tree_init_on(struct tree *tree, enum mesh_schedule schedule,
                         struct sim_network_settings settings)
{
    memset(tree, 0, sizeof *tree);
    init_scopes(tree, schedule);
    tree->tiers = (struct mesh_tiers){{EDGES / AGGREGATORS, 1}, EDGES};
    tree->mesh = (struct mesh_config){.seed = 5,
                                      .scopes = tree->scopes,
                                      .scope_count = SCOPES,
                                      .tiers = &tree->tiers,
                                      .hash = hash};
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        settings.latency[pair] = (struct sim_latency){.minimum_ns = MS, .maximum_ns = 5 * MS};
    }
    sim_network_init(&tree->network, &settings, 5, tree->host_of, NODES, tree->hosts);
    for (uint32_t i = 0; i < 3; i++) {
        tree->writes[i] = (struct sim_write){
            .time_ns = (i + 1) * 50 * MS,
            .node = 7 * i,
            .scope = (uint16_t)(7 * i / AGENTS_PER_EDGE),
            .write = {.type = MESH_G_INCREMENT, .key = i, .amount = 1},
        };
    }
    tree->local_lanes = 1024;
    tree->local_lanes_max = 4096;
}

static void tree_init(struct tree *tree, enum mesh_schedule schedule, uint32_t loss_percent)
{
    tree_init_on(tree, schedule,
                 (struct sim_network_settings){.loss_ppb = loss_percent * (SIM_PPB / 100),
                                               .duplicate_ppb = SIM_PPB / 20,
                                               .transport = SIM_UDP});
}

// Agents on a host of their own, aggregators on the next, a host for each coordinator. What leaves
// an edge takes many windows, what coordinators tell each other takes some, what agents do takes
// one.
static void tree_init_apart(struct tree *tree, uint32_t loss_percent)
{
    struct sim_network_settings settings = {.loss_ppb = loss_percent * (SIM_PPB / 100),
                                            .transport = SIM_UDP};
    tree_init(tree, MESH_PHASED, 0);
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        settings.latency[pair] = (struct sim_latency){SIM_UNIFORM, 8 * MS, 30 * MS};
    }
    settings.latency[SIM_SAME_HOST] = (struct sim_latency){SIM_CONSTANT, MS, MS};
    settings.latency[SIM_SAME_ZONE] = (struct sim_latency){SIM_UNIFORM, MS, 7 * MS};
    for (uint32_t node = AGENTS; node < NODES; node++) {
        uint32_t coordinator = node - AGENTS - AGGREGATORS;
        tree->host_of[node] = node < AGENTS + AGGREGATORS ? 1 : 2 + coordinator;
        tree->hosts[tree->host_of[node]].tier =
            node < AGENTS + AGGREGATORS ? SIM_TIER_AGGREGATOR : SIM_TIER_COORDINATOR;
    }
    sim_network_init(&tree->network, &settings, 5, tree->host_of, NODES, tree->hosts);
}

// The row of a relay counts the reports that it was told of; what others have, somebody made.
static void observe_row(struct seen *seen, const struct sim_note *note)
{
    if (note->node != note->author) {
        seen->wrong += note->node < AGENTS;
        return;
    }
    seen->rows_made++;
    seen->wrong += note->number != note->node / AGENTS_PER_EDGE;
}

static void observe_note(struct tree *tree, struct seen *seen, const struct sim_note *note)
{
    seen->wrong += note->time_ns < seen->last_ns ||
                   (note->time_ns == seen->last_ns && note->node < seen->last_node);
    seen->last_ns = note->time_ns;
    seen->last_node = note->node;
    seen->own += note->node == note->author;
    seen->heard += note->node != note->author;
    seen->notes++;
    if (note->row) {
        observe_row(seen, note);
        return;
    }
    uint32_t *told = &tree->told[note->node][note->author];
    seen->wrong += note->node / AGENTS_PER_EDGE != note->author / AGENTS_PER_EDGE;
    *told = note->number > *told ? note->number : *told;
}

static void observe_notes(void *context, const struct sim_note *notes, uint32_t count)
{
    struct tree *tree = context;
    for (uint32_t i = 0; i < count; i++) {
        observe_note(tree, &tree->seen[EDGES], &notes[i]);
    }
}

static void observe_heard(void *context, const struct sim_heard *heard)
{
    struct tree *tree = context;
    for (uint32_t i = 0; i < heard->news_count; i++) {
        for (uint64_t left = heard->news[i].lanes; left != 0; left &= left - 1) {
            uint32_t lane = 64 * heard->news[i].word + (uint32_t)__builtin_ctzll(left);
            const struct mesh_update *update = &heard->reports->updates[lane];
            observe_note(tree, &tree->seen[heard->edge],
                         &(struct sim_note){.time_ns = heard->time_ns,
                                            .node = heard->node,
                                            .author = update->dot.origin - MESH_NODE_MAX,
                                            .number = update->dot.sequence});
        }
    }
}

static void observe_made(void *context, const struct sim_note *row)
{
    struct tree *tree = context;
    tree->seen[row->number].wrong += row->node != row->author || !row->row;
    observe_note(tree, &tree->seen[row->number], row);
}

static void add_up(struct tree *tree)
{
    for (uint32_t i = 0; i <= EDGES; i++) {
        tree->rows_made += tree->seen[i].rows_made;
        tree->notes += tree->seen[i].notes;
        tree->wrong += tree->seen[i].wrong;
        tree->own += tree->seen[i].own;
        tree->heard += tree->seen[i].heard;
    }
}

// The message is still there, and carries what it changed.
static bool brought(const struct tree *tree, const struct sim_change *change)
{
    struct mesh_lanes carried = mesh_message_updates(change->message);
    uint32_t word = change->word + tree->engine->local_words;
    return (change->lanes & ~mesh_lanes_at(&carried, word)) == 0;
}

static void observe_changes(void *context, const struct mesh_table *table,
                            const uint32_t *write_of_lane, const struct sim_change *changes,
                            uint32_t count)
{
    struct tree *tree = context;
    (void)table;
    (void)write_of_lane;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t updates = (uint32_t)__builtin_popcountll(changes[i].lanes);
        *(changes[i].message == NULL ? &tree->own : &tree->heard) += updates;
        tree->wrong += changes[i].message != NULL && !brought(tree, &changes[i]);
    }
}

// Overwrites the free pieces of all workers.
static bool poison_pieces(void *context, uint64_t time_ns, uint64_t events)
{
    const struct tree *tree = context;
    (void)time_ns;
    (void)events;
    for (uint32_t i = 0; i < tree->engine->worker_count; i++) {
        const struct sim_messages *messages = &tree->engine->workers[i]->messages;
        for (uint32_t sets = 1; sets <= MESH_SETS_MAX; sets++) {
            uint32_t words = messages->shared->piece_words[sets - 1];
            const struct sim_pieces *pieces = &messages->pieces[sets - 1];
            for (uint32_t piece = 0; piece < pieces->count; piece++) {
                memset(sim_messages_under_way(messages, pieces->free[piece]), 0xA5,
                       words * sizeof(uint64_t));
            }
        }
    }
    return false;
}

static uint64_t update_bytes(const struct mesh_table *table, const struct mesh_message *message)
{
    struct mesh_lanes carried = mesh_message_updates(message);
    uint64_t bytes = 0;
    for (uint32_t lane = 0; lane < 64 * (carried.word_first + carried.words); lane++) {
        uint32_t local = 64 * table->local_words;
        if ((mesh_lanes_at(&carried, lane / 64) >> lane % 64 & 1) != 0) {
            bytes +=
                mesh_wire_update_bytes(lane < local ? &table->locals[message->scope]->updates[lane]
                                                    : &table->updates[lane - local],
                                       MESH_SIGNATURE_BYTES);
        }
    }
    return bytes;
}

// What is left of a message of rows without them.
static uint64_t bytes_without_rows(const struct tree *tree, const struct mesh_table *table,
                                   const struct mesh_message *message)
{
    static uint64_t words[64];
    static uint8_t bytes[4096];
    struct mesh_message *empty = (struct mesh_message *)words;
    memcpy(empty, message, sizeof *message + sizeof *message->lanes);
    empty->update_count = 0;
    return mesh_wire_encode(&tree->mesh, table, empty, bytes, sizeof bytes);
}

static void observe_sent(void *context, const struct mesh_table *table,
                         const struct mesh_message *message, uint32_t copies)
{
    static uint8_t bytes[1u << 16];
    struct tree *tree = context;
    size_t size = mesh_wire_encode(&tree->mesh, table, message, bytes, sizeof bytes);
    uint64_t digest = 0;
    switch ((enum mesh_message_kind)message->kind) {
    case MESH_MESSAGE_OPEN:
    case MESH_MESSAGE_ANSWER:
    case MESH_MESSAGE_VECTOR:
    case MESH_MESSAGE_FILL:
        digest = size - (message->update_count > 0 ? update_bytes(table, message) : 0);
        break;
    case MESH_MESSAGE_ROWS: digest = bytes_without_rows(tree, table, message); break;
    case MESH_MESSAGE_ROWS_HELD: digest = size; break;
    default: break;
    }
    tree->encoded[message->kind] += copies * size;
    tree->digests[message->kind] += copies * digest;
}

// Agents report every 70 ms until the time given.
static void tree_run(struct tree *tree, enum sim_queue queue, uint64_t until_ns)
{
    struct sim_engine_config config = {
        .mesh = &tree->mesh,
        .network = &tree->network,
        .node_count = NODES,
        .writes = tree->writes,
        .write_count = 3,
        .reporting = {.every_ns = 70 * MS,
                      .until_ns = until_ns,
                      .local_lanes = tree->local_lanes,
                      .local_lanes_max = tree->local_lanes_max,
                      .agents_per_edge_max = AGENTS_PER_EDGE,
                      .first_ns = first_ns,
                      .compose = compose},
        .observer = {.context = tree,
                     .changes = observe_changes,
                     .notes = observe_notes,
                     .heard = tree->direct ? observe_heard : NULL,
                     .made = tree->direct ? observe_made : NULL,
                     .window = tree->poisons ? poison_pieces : NULL,
                     .sent = tree->read ? observe_sent : NULL},
        .queue = queue,
        .memory_bytes = tree->memory_bytes,
        .block_nodes = tree->block_nodes,
        .threads = tree->threads,
        .hosts = true,
    };
    struct sim_error error = {0};
    cr_assert(sim_engine_create(&config, &tree->engine, &error), "%s", error.text);
    sim_engine_run(tree->engine, until_ns);
    add_up(tree);
}

static void tree_finish(struct tree *tree)
{
    sim_engine_destroy(tree->engine);
}

// A coordinator's rows are what relays held: per agent no older than what everyone held some time
// ago, and nobody counts twice.
static void expect_coordinators(const struct tree *tree)
{
    for (uint32_t i = 0; i < COORDINATORS; i++) {
        const struct mesh_tier *tier = sim_engine_tier(tree->engine, AGENTS + AGGREGATORS + i);
        struct mesh_total total = mesh_summary_total(&tier->rows, &tree->tiers.hierarchy, 0, EDGES);
        cr_expect_eq(total.reports, AGENTS);
        cr_expect(total.edges == EDGES && total.aggregators == 2 && total.regions == 2);
        cr_expect(total.sums.active_tasks == AGENTS * (AGENTS - 1) / 2, "each agent once");
    }
}

static void expect_same(const struct tree *a, const struct tree *b)
{
    cr_expect_eq(sim_engine_fingerprint(a->engine), sim_engine_fingerprint(b->engine));
    cr_expect_eq(sim_engine_events(a->engine), sim_engine_events(b->engine));
    cr_expect(a->notes == b->notes && a->rows_made == b->rows_made);
    cr_expect(memcmp(a->told, b->told, sizeof a->told) == 0);
    for (uint32_t kind = 1; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            cr_expect(memcmp(sim_engine_counters(a->engine, kind, pair),
                             sim_engine_counters(b->engine, kind, pair),
                             sizeof(struct sim_counters)) == 0,
                      "%s", kind_names[kind]);
        }
    }
}

Test(tiers, both_queues_carry_the_same_reports_rows_and_totals)
{
    static struct tree windows;
    static struct tree heap;
    for (uint32_t i = 0; i < 3; i++) {
        enum mesh_schedule schedule = i == 2 ? MESH_SYNCHRONOUS : MESH_PHASED;
        tree_init(&windows, schedule, 20 * i);
        tree_init(&heap, schedule, 20 * i);
        tree_run(&windows, SIM_QUEUE_WINDOWS, 2000 * MS);
        tree_run(&heap, SIM_QUEUE_HEAP, 2000 * MS);
        expect_same(&windows, &heap);
        cr_expect_eq(windows.wrong, 0, "%u notes are out of order or place", windows.wrong);
        cr_expect_gt(windows.rows_made, 100);
        cr_expect_gt(
            sim_engine_counters(windows.engine, MESH_MESSAGE_ROWS, SIM_SAME_HOST)->delivered, 100);
        expect_coordinators(&windows);
        tree_finish(&windows);
        tree_finish(&heap);
    }
}

// Blocks run eight windows of this before they wait for each other.
Test(tiers, strides_give_the_same_in_all_blocks_and_threads_and_lose_nothing)
{
    static struct tree heap;
    static struct tree windows;
    static const uint32_t block_nodes[] = {0, AGENTS_PER_EDGE, AGENTS_PER_EDGE - 1, 1};
    tree_init_apart(&heap, 5);
    tree_run(&heap, SIM_QUEUE_HEAP, 1000 * MS);
    expect_coordinators(&heap);
    for (uint32_t i = 0; i < 4; i++) {
        tree_init_apart(&windows, 5);
        windows.block_nodes = block_nodes[i];
        windows.threads = 1 + 2 * (i % 2);
        tree_run(&windows, SIM_QUEUE_WINDOWS, 1000 * MS);
        cr_expect_eq(windows.engine->stride_most, 8);
        cr_expect_eq(windows.engine->blocks_run_ahead, i < 2);
        cr_expect_eq(windows.engine->recycles, i < 2);
        expect_same(&heap, &windows);
        cr_expect_eq(windows.wrong, 0);
        tree_finish(&windows);
    }
    tree_finish(&heap);
}

// With so many losses the tables grow, and with them the pieces, while messages lie in them.
Test(tiers, memory_that_is_given_back_at_the_receipt_holds_nothing_that_is_read)
{
    static struct tree heap;
    static struct tree windows;
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t loss_percent = i < 2 ? 5 : 85;
        tree_init_apart(&heap, loss_percent);
        tree_init_apart(&windows, loss_percent);
        windows.local_lanes = loss_percent == 5 ? windows.local_lanes : 64;
        windows.threads = 1 + 2 * (i % 2);
        windows.block_nodes = AGENTS_PER_EDGE;
        windows.poisons = true;
        tree_run(&heap, SIM_QUEUE_HEAP, 2000 * MS);
        tree_run(&windows, SIM_QUEUE_WINDOWS, 2000 * MS);
        cr_expect(windows.engine->recycles);
        cr_expect(loss_percent == 5 || windows.engine->tiers.edges[0].table.lane_capacity > 128);
        expect_same(&heap, &windows);
        cr_expect_eq(windows.wrong, 0);
        tree_finish(&heap);
        tree_finish(&windows);
    }
}

Test(tiers, bytes_counted_are_bytes_encoded_of_reports_and_of_rows)
{
    static struct tree tree;
    tree_init(&tree, MESH_PHASED, 20);
    tree.mesh.signature_bytes = MESH_SIGNATURE_BYTES;
    for (uint32_t i = EDGES; i < SCOPES; i++) {
        tree.scopes[i].update_limit = 1;  // so that rows have to be asked for
    }
    tree.read = true;
    tree_run(&tree, SIM_QUEUE_WINDOWS, 2000 * MS);
    for (uint32_t kind = 1; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        const struct sim_counters *counters =
            sim_engine_counters(tree.engine, (enum mesh_message_kind)kind, SIM_SAME_HOST);
        cr_expect(counters->bytes == tree.encoded[kind], "%s", kind_names[kind]);
        cr_expect(counters->digest_bytes == tree.digests[kind], "%s: %lu, not %lu",
                  kind_names[kind], (unsigned long)counters->digest_bytes,
                  (unsigned long)tree.digests[kind]);
    }
    cr_expect(tree.encoded[MESH_MESSAGE_FILL] > 0 && tree.encoded[MESH_MESSAGE_ROWS] > 0 &&
              tree.encoded[MESH_MESSAGE_ROWS_HELD] > 0 && tree.encoded[MESH_MESSAGE_ROWS_REST] > 0);
    tree_finish(&tree);
}

// All that is signed differs between two runs in nothing but the work of it.
Test(tiers, reports_rows_and_totals_are_signed_once_and_verified_by_all_who_hear_of_them)
{
    static struct tree plain;
    static struct tree signing;
    uint64_t counted_ns;
    struct sim_host_work work = {0};
    tree_init(&plain, MESH_PHASED, 0);
    tree_init(&signing, MESH_PHASED, 0);
    signing.network.signature_bytes = MESH_SIGNATURE_BYTES;
    tree_run(&plain, SIM_QUEUE_WINDOWS, 1000 * MS);
    tree_run(&signing, SIM_QUEUE_WINDOWS, 1000 * MS);
    sim_host_sign(&work, &signing.network, signing.own);
    sim_host_verify(&work, &signing.network, signing.heard);
    cr_expect_gt(signing.own, 24 * 10);
    cr_expect_gt(signing.heard, signing.own);
    cr_expect_eq(sim_engine_host(signing.engine, 0, &counted_ns)->work.cpu_ps -
                     sim_engine_host(plain.engine, 0, &counted_ns)->work.cpu_ps,
                 work.cpu_ps);
    tree_finish(&plain);
    tree_finish(&signing);
}

// 24 agents write 28 reports each in 2 s; the last of each and those under way have lanes.
Test(tiers, few_lanes_show_nowhere)
{
    static struct tree many;
    static struct tree few;
    tree_init(&many, MESH_PHASED, 10);
    tree_init(&few, MESH_PHASED, 10);
    few.local_lanes = 64;
    tree_run(&many, SIM_QUEUE_WINDOWS, 2000 * MS);
    tree_run(&few, SIM_QUEUE_WINDOWS, 2000 * MS);
    expect_same(&many, &few);
    cr_expect_null(sim_engine_failure(few.engine));
    cr_expect_gt(few.engine->tiers.edges[0].numbers[0], 20);
    cr_expect_eq(few.engine->tiers.edges[0].table.lane_capacity, 64);
    expect_coordinators(&few);
    tree_finish(&many);
    tree_finish(&few);
}

// Lost messages keep reports from settling; whether their lanes are there from the start or come as
// the tables grow, with all that is under way, shows nowhere, as no message is cut.
Test(tiers, tables_that_grow_show_nowhere)
{
    static struct tree many;
    static struct tree growing;
    for (uint32_t i = 0; i < 4; i++) {
        enum sim_queue queue = i % 2 == 0 ? SIM_QUEUE_WINDOWS : SIM_QUEUE_HEAP;
        tree_init(&many, MESH_PHASED, 85);
        tree_init(&growing, MESH_PHASED, 85);
        growing.local_lanes = 64;
        growing.direct = i >= 2;
        growing.threads = 3;
        tree_run(&many, queue, 2000 * MS);
        tree_run(&growing, queue, 2000 * MS);
        expect_same(&many, &growing);
        cr_expect_gt(growing.engine->tiers.edges[0].table.lane_capacity, 128);
        cr_expect_eq(growing.engine->tiers.edges[0].table.lane_capacity,
                     growing.engine->tiers.edges[EDGES - 1].table.lane_capacity);
        cr_expect_eq(growing.wrong, 0);
        tree_finish(&many);
        tree_finish(&growing);
    }
}

// Connections are gone when they are wanted again, and what waits for them has not entered its
// channel when the tables grow.
Test(tiers, what_waits_for_its_connection_grows_with_the_tables)
{
    static struct tree many;
    static struct tree growing;
    const struct sim_network_settings settings = {
        .loss_ppb = 70 * (SIM_PPB / 100),
        .channel = {.fifo = true},
        .transport = SIM_TCP,
        .tls = true,
        .connections = {.cold = true, .idle_timeout_ns = MS}};
    for (uint32_t i = 0; i < 2; i++) {
        enum sim_queue queue = i == 0 ? SIM_QUEUE_WINDOWS : SIM_QUEUE_HEAP;
        tree_init_on(&many, MESH_PHASED, settings);
        tree_init_on(&growing, MESH_PHASED, settings);
        growing.local_lanes = 64;
        tree_run(&many, queue, 4000 * MS);
        tree_run(&growing, queue, 4000 * MS);
        expect_same(&many, &growing);
        cr_expect_gt(growing.engine->tiers.edges[0].table.lane_capacity, 128);
        cr_expect_eq(growing.wrong, 0);
        tree_finish(&many);
        tree_finish(&growing);
    }
}

Test(tiers, the_run_ends_where_an_edge_has_no_room_for_its_reports)
{
    static struct tree tree;
    tree_init(&tree, MESH_PHASED, 100);
    tree.local_lanes = 64;
    tree.memory_bytes = 40000;
    tree_run(&tree, SIM_QUEUE_WINDOWS, 2000 * MS);
    const struct sim_error *failure = sim_engine_failure(tree.engine);
    cr_assert_not_null(failure);
    cr_expect_eq(failure->code, SIM_ERROR_INTERNAL);
    cr_expect_not_null(strstr(failure->text, "64 reports under way"), "%s", failure->text);
    tree_finish(&tree);
}

Test(tiers, the_run_ends_where_an_edge_has_as_many_reports_as_can_be)
{
    static struct tree tree;
    tree_init(&tree, MESH_PHASED, 100);
    tree.local_lanes = 64;
    tree.local_lanes_max = 128;
    tree_run(&tree, SIM_QUEUE_WINDOWS, 2000 * MS);
    const struct sim_error *failure = sim_engine_failure(tree.engine);
    cr_assert_not_null(failure);
    cr_expect_not_null(strstr(failure->text, "128 reports under way, and there cannot be more"),
                       "%s", failure->text);
    tree_finish(&tree);
}

// Where a block has an edge to itself, what happens there is told as it happens, and by whichever
// thread; where blocks cut edges, it is put into order first.
Test(tiers, what_happens_in_edges_is_the_same_told_at_once_or_in_notes)
{
    static struct tree noted;
    static struct tree heard;
    static const uint32_t block_nodes[] = {0, AGENTS_PER_EDGE, AGENTS_PER_EDGE - 5, 1};
    tree_init(&noted, MESH_PHASED, 20);
    tree_run(&noted, SIM_QUEUE_WINDOWS, 1000 * MS);
    for (uint32_t i = 0; i < 5; i++) {
        tree_init(&heard, MESH_PHASED, 20);
        heard.direct = true;
        heard.block_nodes = block_nodes[i % 4];
        heard.threads = 1 + 2 * (i % 2);
        tree_run(&heard, i < 4 ? SIM_QUEUE_WINDOWS : SIM_QUEUE_HEAP, 1000 * MS);
        expect_same(&noted, &heard);
        cr_expect(heard.own == noted.own && heard.heard == noted.heard);
        cr_expect_eq(heard.wrong, 0, "blocks of %u: out of order or place", heard.block_nodes);
        bool cut = block_nodes[i % 4] > 0 && block_nodes[i % 4] < AGENTS_PER_EDGE;
        cr_expect_eq(heard.seen[0].notes > 0, !cut, "blocks of %u", heard.block_nodes);
        tree_finish(&heard);
    }
    tree_finish(&noted);
}

// Totals come down to every agent.
Test(tiers, totals_reach_everyone)
{
    static struct tree tree;
    struct mesh_total total;
    tree_init(&tree, MESH_PHASED, 5);
    tree_run(&tree, SIM_QUEUE_WINDOWS, 1000 * MS);
    const struct mesh_table *table = sim_engine_table(tree.engine);
    for (uint32_t node = 0; node < NODES; node++) {
        const struct mesh_replica *replica = sim_engine_replica(tree.engine, node);
        cr_assert(mesh_total_fold(table, &replica->planes[table->local_words],
                                  table->lane_capacity / 64, MESH_TOTAL_KEY, &total),
                  "node %u heard no total", node);
        cr_expect_eq(total.reports, AGENTS, "node %u heard of %lu reports", node, total.reports);
    }
    tree_finish(&tree);
}

// A table that adds up the sizes of its rows is written as a whole with every report, so it must be
// one block's, and with it one thread's.
Test(tiers, an_edge_that_lies_in_several_blocks_adds_up_no_sizes)
{
    static struct tree whole;
    static struct tree cut;
    tree_init(&whole, MESH_PHASED, 10);
    tree_init(&cut, MESH_PHASED, 10);
    cut.block_nodes = AGENTS_PER_EDGE - 1;
    tree_run(&whole, SIM_QUEUE_WINDOWS, 1000 * MS);
    tree_run(&cut, SIM_QUEUE_WINDOWS, 1000 * MS);
    expect_same(&whole, &cut);
    for (uint32_t edge = 0; edge < EDGES; edge++) {
        cr_expect_not_null(whole.engine->tiers.edges[edge].sizes);
        cr_expect_null(cut.engine->tiers.edges[edge].sizes);
    }
    tree_finish(&whole);
    tree_finish(&cut);
}

// Mode push tells every total for ever, and two coordinators make one at most of their ticks.
Test(tiers, totals_that_nobody_gives_back_go_on_finding_lanes)
{
    static struct tree windows;
    static struct tree heap;
    tree_init(&windows, MESH_PHASED, 0);
    tree_init(&heap, MESH_PHASED, 0);
    for (uint32_t i = 0; i < SCOPES; i++) {
        windows.scopes[i].mode = MESH_PUSH;
        heap.scopes[i].mode = MESH_PUSH;
    }
    tree_run(&windows, SIM_QUEUE_WINDOWS, 3000 * MS);
    tree_run(&heap, SIM_QUEUE_HEAP, 3000 * MS);
    cr_expect_null(sim_engine_failure(windows.engine));
    cr_expect_gt(sim_engine_table(windows.engine)->lane_count, 3 + 2 * 64);
    expect_same(&windows, &heap);
    tree_finish(&windows);
    tree_finish(&heap);
}
