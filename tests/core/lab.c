// SPDX-License-Identifier: GPL-3.0-or-later
#include "lab.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "mesh/release.h"
#include "mesh/wire.h"

void lab_hash(void *context, const void *bytes, size_t count, uint64_t out[2])
{
    (void)context;
    XXH128_hash_t value = XXH3_128bits(bytes, count);
    out[0] = value.low64;
    out[1] = value.high64;
}

static void *must(void *memory)
{
    cr_assert_not_null(memory, "out of memory");
    return memory;
}

void *lab_memory(struct lab *lab, size_t bytes)
{
    lab->memory = must(realloc(lab->memory, (lab->memory_count + 1) * sizeof *lab->memory));
    return lab->memory[lab->memory_count++] = must(calloc(1, bytes));
}

// ---- Lifecycle ----

static void init_table(struct lab *lab, struct mesh_table *table, uint32_t words)
{
    uint32_t capacity = 64 * words;
    uint32_t index_capacity = 128;
    while (index_capacity < 2 * capacity) {
        index_capacity *= 2;
    }
    mesh_table_init(table, lab_memory(lab, capacity * sizeof(struct mesh_update)), capacity,
                    lab_memory(lab, index_capacity * sizeof(uint32_t)), index_capacity,
                    lab_memory(lab, (size_t)capacity * MESH_SIGNATURE_BYTES));
    mesh_table_permit_release(table, lab->released[table - lab->tables], LAB_NODES_MAX);
}

void lab_init(struct lab *lab, struct lab_settings settings)
{
    uint32_t nodes = settings.nodes == 0 ? 2 : settings.nodes;
    uint32_t words = settings.words == 0 ? 1 : settings.words;
    cr_assert(nodes <= LAB_NODES_MAX);
    *lab = (struct lab){.step_ns = LAB_MS, .own_tables = settings.own_tables};
    lab->scope = (struct mesh_scope){
        .count = nodes,
        .fanout = settings.fanout == 0 ? nodes - 1 : settings.fanout,
        .update_limit = settings.update_limit == 0 ? 100 : settings.update_limit,
        .interval_ns = 100 * LAB_MS,
        .mode = settings.mode,
        .schedule = settings.schedule,
        .rumor = settings.rumor,
    };
    lab->scope.rumor.k += lab->scope.rumor.k == 0;
    lab->config = (struct mesh_config){
        .seed = settings.seed,
        .scopes = &lab->scope,
        .scope_count = 1,
        .signature_bytes = settings.signature_bytes,
        .hash = lab_hash,
    };
    uint32_t planes = mesh_planes(&lab->config);
    size_t stride = mesh_replica_bytes(words, planes, 0);
    lab->all = (struct mesh_states){
        .replicas = lab_memory(lab, nodes * stride),
        .stride = stride,
        .node_count = nodes,
        .words = words,
        .planes = planes,
        .table = &lab->tables[0],
    };
    for (uint32_t node = 0; node < nodes; node++) {
        lab->states[node] = lab->all;
        lab->states[node].replicas = (char *)lab->all.replicas + node * stride;
        lab->states[node].node_first = node;
        lab->states[node].node_count = 1;
        lab->states[node].table = &lab->tables[lab->own_tables ? node : 0];
        if (lab->own_tables || node == 0) {
            init_table(lab, &lab->tables[node], words);
        }
    }
    lab_tell(lab, "%s", "");
}

void lab_finish(struct lab *lab)
{
    for (size_t i = 0; i < lab->memory_count; i++) {
        free(lab->memory[i]);
    }
    free(lab->memory);
    free(lab->flights);
    free(lab->story);
    *lab = (struct lab){0};
}

// ---- One step ----

static size_t message_bytes(const struct mesh_message *message)
{
    return sizeof *message +
           (size_t)mesh_message_sets(message->kind) * message->words * sizeof message->lanes[0];
}

static void take_off(struct lab *lab, struct lab_flight flight)
{
    if (lab->flight_count == lab->flight_capacity) {
        lab->flight_capacity = 2 * lab->flight_capacity + 16;
        lab->flights = must(realloc(lab->flights, lab->flight_capacity * sizeof *lab->flights));
    }
    lab->flights[lab->flight_count++] = flight;
}

// A copy of the message for all its targets, and its bytes where tables are not shared.
static void carry(struct lab *lab, uint32_t source, const struct mesh_record *record,
                  const uint32_t *targets)
{
    const struct mesh_message *message = record->send.message;
    struct lab_flight flight = {.message = lab_memory(lab, message_bytes(message))};
    memcpy(flight.message, message, message_bytes(message));
    if (lab->own_tables) {
        uint8_t *bytes = lab_memory(lab, message->wire_bytes);
        size_t count = mesh_wire_encode(&lab->config, lab->states[source].table, message, bytes,
                                        message->wire_bytes);
        cr_assert_eq(count, message->wire_bytes, "encoded in %zu bytes, said to be %u\n%s", count,
                     message->wire_bytes, lab->story);
        flight.bytes = bytes;
    }
    for (uint32_t i = 0; i < record->send.target_count; i++) {
        flight.target = targets[record->send.target_first + i];
        take_off(lab, flight);
    }
}

static void step(struct lab *lab, struct mesh_event event)
{
    const struct mesh_states *states = &lab->states[event.node];
    struct mesh_bound bound = mesh_output_bound(&lab->config, states->words);
    struct mesh_output output = {
        .records = must(malloc(bound.records * sizeof(struct mesh_record))),
        .record_capacity = bound.records,
        .targets = must(malloc(bound.targets * sizeof(uint32_t))),
        .target_capacity = bound.targets,
        .news = must(malloc(bound.news * sizeof(struct mesh_news))),
        .news_capacity = bound.news,
        .messages = must(malloc(bound.message_words * sizeof(uint64_t))),
        .message_word_capacity = bound.message_words,
    };
    uint64_t *have_before = must(malloc(states->words * sizeof *have_before));
    for (uint32_t word = 0; word < states->words; word++) {
        have_before[word] = lab_plane(lab, event.node, word, MESH_HAVE);
    }
    event.time_ns = lab->now_ns + lab->ahead_ns[event.node];
    uint32_t consumed = mesh_step(&lab->config, states, &event, 1, &output);
    cr_assert_eq(consumed, 1, "the least legal output must do for one event\n%s", lab->story);
    cr_assert(output.record_count <= bound.records && output.target_count <= bound.targets &&
              output.news_count <= bound.news && output.message_words <= bound.message_words);
    lab_tell_step(lab, &event, &output);
    states->table->adopts = lab->own_tables && lab_replica(lab, event.node)->joining;
    lab_check_step(lab, &event, &output, have_before);
    for (uint32_t i = 0; i < output.record_count; i++) {
        if (output.records[i].kind == MESH_RECORD_SEND) {
            carry(lab, event.node, &output.records[i], output.targets);
        }
    }
    free(have_before);
    free(output.records);
    free(output.targets);
    free(output.news);
    free(output.messages);
}

// ---- Events ----

static void write_now(struct lab *lab, uint32_t node, struct mesh_write write,
                      struct lab_write *remembered)
{
    lab->now_ns += lab->step_ns;
    remembered->dot = (struct mesh_dot){node, lab_replica(lab, node)->sequence + 1};
    remembered->time_ns = lab->now_ns + lab->ahead_ns[node];
    remembered->type = (enum mesh_update_type)write.type;
    remembered->key = write.key;
    lab->write_count++;
    write.lane = mesh_table_reserve(lab->states[node].table, remembered->dot);
    cr_assert_neq(write.lane, MESH_LANE_NONE, "the test writes more than the table holds");
    step(lab, (struct mesh_event){.node = node, .kind = MESH_EVENT_WRITE, .write = &write});
}

void lab_increment(struct lab *lab, uint32_t node, uint32_t key, uint64_t amount)
{
    cr_assert(lab->write_count < LAB_WRITES_MAX);
    struct lab_write *remembered = &lab->writes[lab->write_count];
    *remembered = (struct lab_write){.amount = amount};
    write_now(lab, node,
              (struct mesh_write){.type = MESH_G_INCREMENT, .key = key, .amount = amount},
              remembered);
}

void lab_set(struct lab *lab, uint32_t node, uint32_t key, const uint8_t value[8])
{
    cr_assert(lab->write_count < LAB_WRITES_MAX);
    struct lab_write *remembered = &lab->writes[lab->write_count];
    *remembered = (struct lab_write){0};
    memcpy(remembered->value, value, sizeof remembered->value);
    struct mesh_write write = {
        .type = MESH_LWW_SET, .key = key, .value = remembered->value, .value_bytes = 8};
    write_now(lab, node, write, remembered);
}

void lab_tick(struct lab *lab, uint32_t node)
{
    lab->now_ns += lab->step_ns;
    step(lab,
         (struct mesh_event){.node = node, .kind = MESH_EVENT_TICK, .tick = lab->ticks[node]++});
}

static struct lab_flight land(struct lab *lab, uint32_t index)
{
    cr_assert(index < lab->flight_count, "no message %u is in flight\n%s", index, lab->story);
    struct lab_flight flight = lab->flights[index];
    lab->flight_count--;
    memmove(&lab->flights[index], &lab->flights[index + 1],
            (lab->flight_count - index) * sizeof flight);
    return flight;
}

void lab_hear(struct lab *lab, uint32_t node, const struct mesh_message *message)
{
    lab->now_ns += lab->step_ns;
    step(lab, (struct mesh_event){.node = node, .kind = MESH_EVENT_RECEIVE, .message = message});
}

void lab_deliver(struct lab *lab, uint32_t index, bool again)
{
    struct lab_flight flight = again ? lab->flights[index] : land(lab, index);
    struct mesh_message *message = flight.message;
    if (lab->own_tables) {
        uint16_t words = (uint16_t)lab->all.words;
        message = lab_memory(lab, sizeof *message + 2u * words * sizeof message->lanes[0]);
        enum mesh_reject reject =
            mesh_wire_decode(&lab->config, lab->states[flight.target].table, flight.bytes,
                             flight.message->wire_bytes, words, message);
        cr_assert_eq(reject, 0, "refused with reason %d\n%s", reject, lab->story);
    }
    lab_hear(lab, flight.target, message);
}

void lab_lose(struct lab *lab, uint32_t index)
{
    land(lab, index);
}

void lab_settle(struct lab *lab)
{
    while (lab->flight_count > 0) {
        lab_deliver(lab, 0, false);
    }
}

void lab_lose_all(struct lab *lab)
{
    lab->flight_count = 0;
}

// ---- Joining ----

void lab_join(struct lab *lab, uint32_t node, uint32_t peer)
{
    if (lab->own_tables) {
        init_table(lab, &lab->tables[node], lab->all.words);
        lab->tables[node].adopts = true;
        for (uint32_t i = lab->flight_count; i-- > 0;) {
            if (lab->flights[i].message->source == node) {
                land(lab, i);
            }
        }
    }
    lab->now_ns += lab->step_ns;
    step(lab, (struct mesh_event){.node = node, .kind = MESH_EVENT_JOIN, .peer = peer});
}

// ---- Releasing ----

#define WORDS_MAX (LAB_WRITES_MAX / 64)

static void note_released(void *context, const struct mesh_update *update)
{
    struct lab *lab = context;
    lab->released_count++;
    lab->released_hash[0] += update->hash[0];
    lab->released_hash[1] += update->hash[1];
    lab->base[update->key] += update->amount;
}

// The lanes of one table that nothing speaks of: all replicas', or those of a node with its own.
static void settled_in(const struct lab *lab, uint32_t table, uint64_t settled[WORDS_MAX])
{
    memset(settled, 0xff, WORDS_MAX * sizeof *settled);
    mesh_release_settled(&lab->config, lab->own_tables ? &lab->states[table] : &lab->all, 0,
                         lab->all.words, settled);
    for (uint32_t i = 0; i < lab->flight_count; i++) {
        const struct mesh_message *message = lab->flights[i].message;
        if (!lab->own_tables || message->source == table) {
            mesh_release_under_way(message, 0, lab->all.words, settled);
        }
    }
}

static void release_in(struct lab *lab, uint32_t table, uint64_t lanes[WORDS_MAX])
{
    mesh_release_lanes(&lab->tables[table], lanes, lab->all.words,
                       table == 0 ? note_released : NULL, lab);
    mesh_release_forget(lab->own_tables ? &lab->states[table] : &lab->all, 0, lab->all.words,
                        lanes);
    for (uint32_t i = 0; i < lab->flight_count; i++) {
        struct mesh_message *message = lab->flights[i].message;
        if (!lab->own_tables || message->source == table) {
            mesh_release_forget_in(message, 0, lab->all.words, lanes);
        }
    }
    lab->tables[table].base = (const uint8_t *)lab->base;
    lab->tables[table].base_bytes = lab->released_count % sizeof lab->base;
}

// Tables of different nodes have different lanes for a dot: chosen are dots.
uint32_t lab_release(struct lab *lab, struct dice *dice)
{
    uint64_t settled[LAB_NODES_MAX][WORDS_MAX];
    uint64_t chosen[LAB_NODES_MAX][WORDS_MAX] = {{0}};
    uint32_t tables = lab->own_tables ? lab->scope.count : 1;
    uint32_t before = lab->released_count;
    for (uint32_t table = 0; table < tables; table++) {
        settled_in(lab, table, settled[table]);
    }
    for (uint32_t i = 0; i < lab->write_count; i++) {
        uint32_t lanes[LAB_NODES_MAX];
        bool everywhere = dice_chance(dice, 80);
        for (uint32_t table = 0; table < tables; table++) {
            uint32_t lane = mesh_table_find(&lab->tables[table], lab->writes[i].dot, NULL);
            lanes[table] = lane;
            everywhere = everywhere && lane != MESH_LANE_NONE &&
                         (settled[table][lane / 64] >> lane % 64 & 1) != 0;
        }
        for (uint32_t table = 0; everywhere && table < tables; table++) {
            chosen[table][lanes[table] / 64] |= UINT64_C(1) << lanes[table] % 64;
        }
    }
    for (uint32_t table = 0; table < tables; table++) {
        release_in(lab, table, chosen[table]);
    }
    if (lab->released_count > before) {
        lab_tell(lab, "%u are released\n", lab->released_count - before);
    }
    return lab->released_count - before;
}

// ---- What the replicas know ----

const struct mesh_replica *lab_replica(const struct lab *lab, uint32_t node)
{
    return mesh_replica_of(&lab->states[node], node);
}

uint64_t lab_plane(const struct lab *lab, uint32_t node, uint32_t word, enum mesh_plane which)
{
    return lab_replica(lab, node)->planes[lab->all.words * which + word];
}

bool lab_holds(const struct lab *lab, uint32_t node, struct mesh_dot dot)
{
    if (dot.sequence <= mesh_table_released(lab->states[node].table, dot.origin)) {
        return !lab_replica(lab, node)->joining;
    }
    uint32_t lane = mesh_table_find(lab->states[node].table, dot, NULL);
    return lane != MESH_LANE_NONE &&
           (lab_plane(lab, node, lane / 64, MESH_HAVE) >> lane % 64 & 1) != 0;
}

uint32_t lab_held_count(const struct lab *lab, uint32_t node)
{
    uint32_t count = lab_replica(lab, node)->joining ? 0 : lab->released_count;
    for (uint32_t word = 0; word < lab->all.words; word++) {
        count += (uint32_t)__builtin_popcountll(lab_plane(lab, node, word, MESH_HAVE));
    }
    return count;
}
