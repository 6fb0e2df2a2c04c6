// SPDX-License-Identifier: GPL-3.0-or-later
// How many lanes there are, and which are free (engine.h, "Lanes").
//
//     a window's writes need more than are free
//        |
//        +--> sweep     settled everywhere and in all messages under way? -> given back
//        +--> grow      still too few, or less than a quarter is left: twice the words
//        +--> failure   memory_bytes do not hold them: the run ends here
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "allocate.h"
#include "mesh/release.h"
#include "state.h"

#define OUTPUT_EVENTS SIM_AHEAD_EVENTS  // the output holds what these can cause at most
#define NAMED_MAX 5u                    // agents that a failure names
#define TOTALS_MORE 64u                 // of each coordinator, than twice its ticks
#define TOTALS_MAX (1u << 18)           // of all coordinators, that have lanes at once
#define REGISTERS_UNDER_WAY 16u         // of each group, at most

// ---- Sizes ----

static uint32_t words_for(uint32_t update_count)
{
    return update_count == 0 ? 1 : (update_count + 63) / 64;
}

static uint32_t index_for(uint32_t words)
{
    uint32_t capacity = 128;
    while (capacity < 128 * words) {
        capacity *= 2;
    }
    return capacity;
}

static uint64_t bytes_for(uint32_t node_count, uint32_t local_words, uint32_t words,
                          uint32_t planes, bool writes)
{
    words += local_words;
    uint64_t per_node = mesh_replica_bytes(words, planes, local_words) + sizeof(struct sim_timer) +
                        (writes ? 2 * sizeof(uint32_t) : 0);
    uint64_t per_lane = sizeof(struct mesh_update) + sizeof(uint32_t);
    return node_count * per_node + UINT64_C(64) * words * per_lane +
           (uint64_t)index_for(words) * sizeof(uint32_t);
}

uint64_t sim_engine_memory_bytes(uint32_t node_count, uint32_t update_count, enum mesh_mode mode)
{
    return bytes_for(node_count, 0, words_for(update_count), mesh_mode_planes(mode),
                     update_count > 0);
}

// The most words, up to `wanted`, that fit beside `besides_bytes`; at least `least`.
static uint32_t words_that_fit(const struct sim_engine *engine, uint32_t least, uint32_t wanted,
                               uint64_t besides_bytes)
{
    const struct sim_engine_config *config = &engine->config;
    uint32_t planes = mesh_planes(config->mesh);
    while (wanted > least && config->memory_bytes > 0 &&
           bytes_for(config->node_count, engine->local_words, wanted, planes, true) +
                   besides_bytes >
               config->memory_bytes) {
        wanted--;
    }
    return wanted;
}

// Totals that coordinators may write: one at a tick, whose gaps may be random. All of them keep
// their lanes where nothing settles, in mode push or while a node is down.
static uint32_t totals_max(const struct sim_engine *engine)
{
    const struct sim_tiers *tiers = &engine->tiers;
    if (tiers->coordinator_count == 0) {
        return 0;
    }
    uint64_t interval_ns = engine->config.mesh->scopes[tiers->coordinators->scope].interval_ns;
    uint64_t each = 2 * (engine->config.reporting.until_ns / interval_ns) + TOTALS_MORE;
    return each < TOTALS_MAX / tiers->coordinator_count ? (uint32_t)each * tiers->coordinator_count
                                                        : TOTALS_MAX;
}

// More lanes than there are updates are of no use; coordinators write totals besides, leaders
// registers.
static uint32_t words_max(const struct sim_engine *engine)
{
    uint32_t registers = engine->config.mesh->raft_count * REGISTERS_UNDER_WAY;
    return words_for(engine->config.write_count + totals_max(engine) + registers +
                     sim_liars_lanes_max(engine) + sim_altering_lanes_max(engine));
}

uint32_t sim_lanes_words_max(const struct sim_engine *engine)
{
    return words_that_fit(engine, engine->words, words_max(engine), 0);
}

// ---- Memory ----

static void point_blocks(struct sim_engine *engine, size_t stride)
{
    for (uint32_t i = 0; i < engine->block_count; i++) {
        struct mesh_states *states = &engine->blocks[i].states;
        states->replicas = (char *)engine->replicas + states->node_first * stride;
        states->stride = stride;
        states->words = sim_replica_words(engine);
    }
}

static void create_blocks(struct sim_engine *engine)
{
    uint32_t planes = mesh_planes(engine->config.mesh);
    size_t stride = mesh_replica_bytes(sim_replica_words(engine), planes, engine->local_words);
    engine->replica_bytes = engine->config.node_count * stride;
    engine->replicas = sim_memory_pages(engine->replica_bytes);
    sim_blocks_create(engine, stride);
    for (uint32_t i = 0; i < engine->block_count; i++) {
        engine->blocks[i].states.planes = planes;
        engine->blocks[i].states.table = &engine->table;
    }
    point_blocks(engine, stride);
}

static void size_outputs(struct sim_engine *engine)
{
    struct mesh_bound bound = mesh_output_bound(engine->config.mesh, sim_replica_words(engine));
    engine->message_words = bound.message_words;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct mesh_output *output = &engine->workers[i]->output;
        output->bound = bound;
        output->record_capacity = OUTPUT_EVENTS * bound.records;
        output->records =
            sim_memory_resize(output->records, output->record_capacity * sizeof *output->records);
        output->target_capacity = OUTPUT_EVENTS * bound.targets;
        output->targets =
            sim_memory_resize(output->targets, output->target_capacity * sizeof *output->targets);
        output->news_capacity = OUTPUT_EVENTS * bound.news;
        output->news =
            sim_memory_resize(output->news, output->news_capacity * sizeof *output->news);
    }
}

void sim_lanes_size_pieces(struct sim_engine *engine)
{
    if (!engine->recycles) {
        return;
    }
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct sim_worker *worker = engine->workers[i];
        sim_messages_forget_pieces(&worker->messages);
        worker->scratch_words = SIM_AHEAD_EVENTS * engine->message_words;
        worker->scratch =
            sim_memory_resize(worker->scratch, worker->scratch_words * sizeof *worker->scratch);
    }
    sim_messages_size_pieces(&engine->workers[0]->messages, sim_replica_words(engine));
}

static void size_scratch(struct sim_engine *engine)
{
    engine->settled =
        sim_memory_resize(engine->settled, sim_replica_words(engine) * sizeof *engine->settled);
    engine->write_of_lane = sim_memory_resize(
        engine->write_of_lane, (size_t)64 * engine->words * sizeof *engine->write_of_lane);
}

// Whether this mesh ever stops telling an update (mesh/release.h).
static bool may_settle(const struct mesh_config *mesh)
{
    for (uint32_t i = 0; i < mesh->scope_count; i++) {
        if (mesh->scopes[i].mode == MESH_PUSH) {
            return false;
        }
    }
    return true;
}

void sim_lanes_create(struct sim_engine *engine)
{
    const struct sim_engine_config *config = &engine->config;
    uint32_t all = words_max(engine);
    uint32_t start = config->lanes_start == 0 ? SIM_LANES_START : config->lanes_start;
    // Who composes writes from what replicas hold reads it from the table: it keeps everything.
    bool releases = (config->write_count > 0 || engine->local_words > 0) &&
                    may_settle(config->mesh) && config->author.compose == NULL;
    uint32_t words = words_for(releases ? start
                                        : config->write_count + sim_liars_lanes_max(engine) +
                                              sim_altering_lanes_max(engine));
    engine->words = words < all ? words : all;
    uint32_t lanes = 64 * engine->words;
    uint32_t index_capacity = index_for(engine->words);
    mesh_table_init(&engine->table, sim_memory_pages(lanes * sizeof(struct mesh_update)), lanes,
                    sim_memory_zeroed(index_capacity * sizeof(uint32_t)), index_capacity, NULL);
    if (releases) {
        mesh_table_permit_release(&engine->table,
                                  sim_memory_zeroed(config->node_count * sizeof(uint32_t)),
                                  config->node_count);
    }
    create_blocks(engine);
    size_outputs(engine);
    size_scratch(engine);
}

void sim_lanes_finish(struct sim_engine *engine)
{
    sim_blocks_finish(engine);
    sim_memory_free_pages(engine->replicas, engine->replica_bytes);
    sim_memory_free_pages(engine->table.updates,
                          engine->table.lane_capacity * sizeof *engine->table.updates);
    sim_memory_free(engine->table.index);
    sim_memory_free(engine->table.released);
    sim_memory_free(engine->settled);
    sim_memory_free(engine->write_of_lane);
}

// ---- Giving back ----

static void look_at(void *context, struct mesh_message *message)
{
    struct sim_engine *engine = context;
    mesh_release_under_way(message, engine->local_words, sim_replica_words(engine),
                           engine->settled);
}

static void forget_in(void *context, struct mesh_message *message)
{
    const struct sim_engine *engine = context;
    mesh_release_forget_in(message, engine->local_words, sim_replica_words(engine),
                           engine->settled);
}

// What a snapshot carries of what was released.
void sim_lanes_note_base(struct sim_engine *engine)
{
    if (engine->config.base_bytes != NULL) {
        engine->table.base_bytes = engine->config.base_bytes(engine->config.base_context);
    }
}

static void sweep(struct sim_engine *engine)
{
    uint32_t first = engine->local_words;
    uint32_t end = sim_replica_words(engine);
    memset(engine->settled + first, 0xff, engine->words * sizeof *engine->settled);
    for (uint32_t i = 0; i < engine->block_count; i++) {
        sim_faults_settled(engine, &engine->blocks[i].states, first, end, engine->settled);
    }
    sim_flights_visit(engine, 0, engine->block_count, look_at, engine);
    if (mesh_release_lanes(&engine->table, engine->settled + first, engine->words,
                           engine->config.observer.released,
                           engine->config.observer.context) == 0) {
        return;
    }
    for (uint32_t i = 0; i < engine->block_count; i++) {
        mesh_release_forget(&engine->blocks[i].states, first, end, engine->settled);
    }
    sim_flights_visit(engine, 0, engine->block_count, forget_in, engine);
    sim_lanes_note_base(engine);
}

// ---- Growing ----

static void widen_replicas(struct sim_engine *engine, struct mesh_width width)
{
    uint32_t planes = mesh_planes(engine->config.mesh);
    size_t old_stride = mesh_replica_bytes(sim_replica_words(engine), planes, engine->local_words);
    size_t stride = mesh_replica_bytes(width.words, planes, width.local_words);
    size_t bytes = engine->config.node_count * stride;
    char *replicas = sim_memory_pages(bytes);
    for (size_t node = 0; node < engine->config.node_count; node++) {
        mesh_replica_widen((const void *)((const char *)engine->replicas + node * old_stride),
                           sim_width(engine), planes, (void *)(replicas + node * stride), width);
    }
    sim_memory_free_pages(engine->replicas, engine->replica_bytes);
    engine->replicas = replicas;
    engine->replica_bytes = bytes;
    engine->local_words = width.local_words;
    engine->words = width.words - width.local_words;
    point_blocks(engine, stride);
}

static void grow(struct sim_engine *engine, uint32_t words)
{
    struct mesh_update *updates = engine->table.updates;
    uint32_t *index = engine->table.index;
    uint32_t lanes = engine->table.lane_capacity;
    uint32_t index_capacity = index_for(words);
    mesh_table_move(&engine->table, sim_memory_pages((size_t)64 * words * sizeof *updates),
                    64 * words, sim_memory_zeroed(index_capacity * sizeof *index), index_capacity,
                    NULL);
    sim_memory_free_pages(updates, lanes * sizeof *updates);
    sim_memory_free(index);
    struct mesh_width width = {engine->local_words, engine->local_words + words};
    sim_roles_widen(engine, width);
    if (engine->recycles) {
        sim_flights_widen(engine, engine->local_words);
    }
    widen_replicas(engine, width);
    size_outputs(engine);
    sim_lanes_size_pieces(engine);
    size_scratch(engine);
}

bool sim_lanes_widen_local(struct sim_engine *engine, uint32_t words, uint64_t table_bytes)
{
    struct mesh_width width = {words, words + engine->words};
    uint64_t bytes = bytes_for(engine->config.node_count, words, engine->words,
                               mesh_planes(engine->config.mesh), true) +
                     engine->replica_bytes + engine->swims.view_bytes + table_bytes;
    if (engine->config.memory_bytes > 0 && bytes > engine->config.memory_bytes) {
        return false;
    }
    sim_flights_widen(engine, words);
    sim_roles_widen(engine, width);
    widen_replicas(engine, width);
    engine->table.local_words = words;
    size_outputs(engine);
    sim_lanes_size_pieces(engine);
    size_scratch(engine);
    return true;
}

// The words that would do, were there memory without end: twice as many as long as that is short.
static uint32_t words_wanted(const struct sim_engine *engine, uint32_t count)
{
    uint32_t room = mesh_table_room(&engine->table);
    uint32_t all = words_max(engine);
    uint32_t lanes = 64 * engine->words;
    uint32_t words = engine->words;
    if (room < count || 4 * (room - count) < lanes) {
        words *= 2;
    }
    while (room + 64 * (words - engine->words) < count) {
        words *= 2;
    }
    return words < all ? words : all;
}

// ---- Failing ----

// The live update whose write is the earliest.
static uint32_t oldest_lane(const struct sim_engine *engine)
{
    uint32_t oldest = MESH_LANE_NONE;
    for (uint32_t lane = 0; lane < engine->table.lane_count; lane++) {
        bool live =
            engine->table.updates[lane].dot.sequence != 0 && engine->write_of_lane[lane] < SIM_LIE;
        if (live && (oldest == MESH_LANE_NONE ||
                     engine->write_of_lane[lane] < engine->write_of_lane[oldest])) {
            oldest = lane;
        }
    }
    return oldest;
}

// "which 7 agents lack: 5, 19, 23, 40, 77 and 2 more"
static void name_holdouts(const struct sim_engine *engine, uint32_t lane, char *text, size_t size)
{
    uint32_t lacking = 0;
    char names[80] = "";
    size_t length = 0;
    for (uint32_t node = 0; node < engine->config.node_count; node++) {
        const struct mesh_replica *replica = sim_engine_replica(engine, node);
        uint64_t have = replica->planes[engine->local_words + lane / 64];
        if ((have >> lane % 64 & 1) == 0 && lacking++ < NAMED_MAX) {
            length += (size_t)snprintf(names + length, sizeof names - length, "%s%" PRIu32,
                                       lacking == 1 ? "" : ", ", node);
        }
    }
    if (lacking == 0) {
        snprintf(text, size, "which all hold and %s",
                 engine->table.released == NULL ? "mode push tells for ever" : "some still tell");
    } else if (lacking <= NAMED_MAX) {
        snprintf(text, size, "which %" PRIu32 " agents lack: %s", lacking, names);
    } else {
        snprintf(text, size, "which %" PRIu32 " agents lack: %s and %" PRIu32 " more", lacking,
                 names, lacking - NAMED_MAX);
    }
}

// needed_bytes 0: no memory would do, since the table cannot become any wider.
static void fail(struct sim_engine *engine, uint32_t count, uint64_t needed_bytes)
{
    char holdouts[200];
    char need[80] = "for which no more lanes can be made";
    uint32_t lane = oldest_lane(engine);
    uint32_t taken = engine->table.lane_capacity - mesh_table_room(&engine->table);
    uint64_t now_us = engine->window * engine->window_ns / 1000;
    if (needed_bytes > 0) {
        snprintf(need, sizeof need, "which needs %" PRIu64 " KiB where %" PRIu64 " are left",
                 (needed_bytes >> 10) + 1, engine->config.memory_bytes >> 10);
    }
    sim_error_set(&engine->failure, SIM_ERROR_INTERNAL,
                  "at %" PRIu64 ".%03" PRIu64 " ms %" PRIu32 " updates are under way and %" PRIu32
                  " more are written, %s",
                  now_us / 1000, now_us % 1000, taken, count, need);
    if (lane != MESH_LANE_NONE) {
        const struct sim_write *write = &engine->writes[engine->write_of_lane[lane]];
        size_t length = strlen(engine->failure.text);
        name_holdouts(engine, lane, holdouts, sizeof holdouts);
        snprintf(engine->failure.text + length, sizeof engine->failure.text - length,
                 "; the oldest is update %" PRIu32 " of agent %" PRIu32 ", written at %" PRIu64
                 ".%03" PRIu64 " ms, %s",
                 engine->table.updates[lane].dot.sequence, write->node, write->time_ns / 1000000,
                 write->time_ns / 1000 % 1000, holdouts);
    }
}

bool sim_lanes_provide(struct sim_engine *engine, uint32_t count)
{
    if (mesh_table_room(&engine->table) >= count) {
        return true;
    }
    if (engine->table.released != NULL) {
        sweep(engine);
    }
    // As wide as simulated state asks for, or not at all: a table that took what happens to fit
    // would cut messages elsewhere on another machine. Old and new replicas are there at once while
    // they are copied.
    uint32_t wanted = words_wanted(engine, count);
    bool enough =
        mesh_table_room(&engine->table) + 64 * (uint64_t)(wanted - engine->words) >= count;
    uint64_t besides_bytes = engine->replica_bytes + engine->swims.view_bytes;
    if (enough && words_that_fit(engine, engine->words, wanted, besides_bytes) == wanted) {
        if (wanted > engine->words) {
            grow(engine, wanted);
        }
        return true;
    }
    uint64_t bytes = bytes_for(engine->config.node_count, engine->local_words, wanted,
                               mesh_planes(engine->config.mesh), true);
    fail(engine, count, enough ? bytes + besides_bytes : 0);
    return false;
}
