// SPDX-License-Identifier: GPL-3.0-or-later
// Messages of a hierarchy as bytes: rows, names, and updates and vectors of two tables.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "hierarchy.h"
#include "lab.h"
#include "mesh/wire.h"

#define BYTES_MAX (1 << 16)

static uint8_t bytes[BYTES_MAX];

enum { EDGES = 8, AGENTS = 4, LOCAL_WORDS = 1, WORDS = 3, MESSAGE_WORDS = 512 };

// Somebody in edge 0, or beyond the edges, with tables of his own.
struct receiver {
    struct mesh_config config;
    struct mesh_scope scopes[EDGES];
    struct mesh_tiers tiers;
    struct mesh_update updates[64 * (WORDS - LOCAL_WORDS)];
    struct mesh_update local_updates[64 * LOCAL_WORDS];
    uint32_t released[64];
    uint32_t local_released[AGENTS];
    struct mesh_table table;
    struct mesh_table local;
    struct mesh_table *locals[EDGES];
    uint64_t memory[(sizeof(struct mesh_message) / sizeof(uint64_t)) + MESSAGE_WORDS];
};

static struct mesh_message *heard_by(struct receiver *receiver)
{
    return (struct mesh_message *)receiver->memory;
}

static void receiver_init(struct receiver *receiver, uint32_t signature_bytes)
{
    memset(receiver, 0, sizeof *receiver);
    receiver->tiers = (struct mesh_tiers){{2, 2}, EDGES};
    receiver->config = (struct mesh_config){.scopes = receiver->scopes,
                                            .scope_count = EDGES,
                                            .tiers = &receiver->tiers,
                                            .signature_bytes = signature_bytes,
                                            .hash = lab_hash};
    mesh_table_init(&receiver->table, receiver->updates, 64 * (WORDS - LOCAL_WORDS), NULL, 0, NULL);
    mesh_table_init(&receiver->local, receiver->local_updates, 64 * LOCAL_WORDS, NULL, 0, NULL);
    mesh_table_permit_release(&receiver->table, receiver->released, 64);
    mesh_table_permit_release(&receiver->local, receiver->local_released, AGENTS);
    receiver->local.origin_first = MESH_NODE_MAX;
    receiver->locals[0] = &receiver->local;
    receiver->table.locals = receiver->locals;
    receiver->table.local_words = LOCAL_WORDS;
    cr_assert(mesh_rows_words_max(&receiver->config) <= MESSAGE_WORDS);
}

static enum mesh_reject decode(struct receiver *receiver, size_t count)
{
    return mesh_wire_decode(&receiver->config, &receiver->table, bytes, count, WORDS,
                            heard_by(receiver));
}

static void expect_encoded(const uint8_t *expected, size_t count, size_t written)
{
    cr_assert_eq(written, count, "%zu bytes, by hand %zu", written, count);
    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(bytes[i], expected[i], "byte %zu: %02x, by hand %02x", i, bytes[i],
                     expected[i]);
    }
}

// ---- By hand ----

static const uint8_t rows_by_hand[] = {
    14, 0, 1, 0, 3, 0,    0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0,  // ROWS
    1,  2, 3, 4, 5, 6,    7, 8, 9, 0, 0, 0, 0, 0, 0, 0,              // the digest
    1,  2, 2,                                                        // one row of edges 2 and 3:
    3,  7, 8, 7, 6, 5,    4, 3, 2, 1,                                // edge 3, relay 7, clock
    6,  2, 3, 1, 6, 0x84, 1,  // 2 reports: 3 executions, 1 task, sums 6 and 132
};

static const uint8_t held_by_hand[] = {
    15, 0, 1,    0, 3, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0,  // HELD
    2,  1, 4,                                                        // two of edges 1 to 4:
    1,  2, 9,    1, 0, 0, 0, 0, 0, 0, 0,     // edge 1: 2 reports, relay 9, clock 1
    4,  1, 0x80, 1, 2, 0, 0, 0, 0, 0, 0, 0,  // edge 4: 1 report, relay 128, clock 2
};

Test(tiers_wire, rows_are_as_written_by_hand)
{
    static struct receiver receiver;
    receiver_init(&receiver, 0);
    memcpy(bytes, rows_by_hand, sizeof rows_by_hand);
    cr_assert_eq(decode(&receiver, sizeof rows_by_hand), 0);
    const struct mesh_message *heard = heard_by(&receiver);
    uint32_t first;
    uint32_t end;
    mesh_rows_range(heard, &first, &end);
    struct mesh_row row = mesh_rows_row(heard, 0);
    cr_expect(heard->kind == MESH_MESSAGE_ROWS && heard->update_count == 1 && first == 2 &&
              end == 4);
    cr_expect(heard->hash[0] == 0x0807060504030201 && heard->hash[1] == 9);
    cr_expect(row.edge == 3 && row.relay == 7 && row.clock == 0x0102030405060708);
    cr_expect(row.reports == 2 && row.sums.executions == 3 && row.sums.active_tasks == 1 &&
              row.sums.completion == 6 && row.sums.latency == 132);
    memset(bytes, 0, sizeof bytes);
    cr_expect_eq(mesh_wire_message_bytes(&receiver.table, heard), sizeof rows_by_hand);
    expect_encoded(
        rows_by_hand, sizeof rows_by_hand,
        mesh_wire_encode(&receiver.config, &receiver.table, heard, bytes, sizeof rows_by_hand));
}

Test(tiers_wire, names_are_as_written_by_hand)
{
    static struct receiver receiver;
    receiver_init(&receiver, 0);
    memcpy(bytes, held_by_hand, sizeof held_by_hand);
    cr_assert_eq(decode(&receiver, sizeof held_by_hand), 0);
    const struct mesh_message *heard = heard_by(&receiver);
    struct mesh_row_name one = mesh_rows_name(heard, 0);
    struct mesh_row_name two = mesh_rows_name(heard, 1);
    cr_expect(one.edge == 1 && one.reports == 2 && one.relay == 9 && one.clock == 1);
    cr_expect(two.edge == 4 && two.reports == 1 && two.relay == 128 && two.clock == 2);
    memset(bytes, 0, sizeof bytes);
    cr_expect_eq(mesh_wire_message_bytes(&receiver.table, heard), sizeof held_by_hand);
    expect_encoded(
        held_by_hand, sizeof held_by_hand,
        mesh_wire_encode(&receiver.config, &receiver.table, heard, bytes, sizeof held_by_hand));
}

// ---- Lies ----

struct lie {
    const char *what;
    size_t at;
    uint8_t value;
};

static void expect_lies(const uint8_t *honest, size_t count, const struct lie *lies,
                        size_t lie_count)
{
    static struct receiver receiver;
    for (size_t i = 0; i < lie_count; i++) {
        receiver_init(&receiver, 0);
        memcpy(bytes, honest, count);
        bytes[lies[i].at] = lies[i].value;
        enum mesh_reject reject = decode(&receiver, count);
        cr_expect_eq(reject, MESH_REJECT_FORMAT, "%s: %d", lies[i].what, reject);
    }
    for (size_t less = 0; less < count; less++) {
        receiver_init(&receiver, 0);
        memcpy(bytes, honest, count);
        cr_expect_eq(decode(&receiver, less), MESH_REJECT_FORMAT, "%zu of %zu bytes", less, count);
    }
    bytes[count] = 0;
    cr_expect_eq(decode(&receiver, count + 1), MESH_REJECT_FORMAT, "a byte more");
}

Test(tiers_wire, rows_and_names_that_cannot_be_are_refused)
{
    static const struct lie rows[] = {
        {"an edge that there is not", 37, 8},
        {"edges that there are not", 38, 7},
        {"no edges", 38, 0},
        {"more rows than edges", 36, 3},
        {"a row before the range", 39, 1},
        {"a row behind the range", 39, 4},
        {"a row of no report", 50, 0},
        {"a value longer than rows are", 49, 53},
        {"a value that ends early", 49, 5},
        {"completed without being executed", 51, 0},
    };
    expect_lies(rows_by_hand, sizeof rows_by_hand, rows, sizeof rows / sizeof *rows);
    static const struct lie names[] = {
        {"more names than edges", 20, 5},   {"names that do not ascend", 34, 1},
        {"a name before the range", 23, 0}, {"a name behind the range", 34, 5},
        {"a name of no report", 24, 0},
    };
    expect_lies(held_by_hand, sizeof held_by_hand, names, sizeof names / sizeof *names);
}

Test(tiers_wire, rows_mean_nothing_where_there_are_no_tiers)
{
    static struct receiver receiver;
    receiver_init(&receiver, 0);
    receiver.config.tiers = NULL;
    memcpy(bytes, rows_by_hand, sizeof rows_by_hand);
    cr_expect_eq(decode(&receiver, sizeof rows_by_hand), MESH_REJECT_KIND);
}

// A push of one update: by a dot of the shared table, or with a third byte in the origin local.
static size_t push_of(uint32_t origin, uint16_t scope, enum mesh_update_type type)
{
    size_t count = 0;
    memset(bytes, 0, 64);
    bytes[count] = MESH_MESSAGE_PUSH;
    bytes[2] = (uint8_t)scope;
    bytes[4] = 3;
    bytes[8] = 3;
    count = 20;
    bytes[count++] = 1;
    for (; origin >= 0x80; origin >>= 7) {
        bytes[count++] = (uint8_t)(origin | 0x80);
    }
    bytes[count++] = (uint8_t)origin;
    bytes[count++] = 1;  // sequence
    count += 8;          // clock
    bytes[count++] = (uint8_t)type;
    bytes[count++] = 0;  // key
    if (type == MESH_REPORT) {
        bytes[count++] = 4;
        count += 4;  // nothing executed
    } else {
        bytes[count++] = 5;
    }
    return count;
}

Test(tiers_wire, a_report_is_taken_in_its_edge_from_its_agents_alone)
{
    static const struct {
        const char *what;
        uint32_t origin;
        uint16_t scope;
        enum mesh_update_type type;
        enum mesh_reject expected;
    } cases[] = {
        {"a report at home", MESH_NODE_MAX + 3, 0, MESH_REPORT, 0},
        {"another update, shared", 3, 0, MESH_G_INCREMENT, 0},
        {"a report of a stranger", MESH_NODE_MAX + 4, 0, MESH_REPORT, MESH_REJECT_FORMAT},
        {"a report elsewhere", MESH_NODE_MAX + 3, 1, MESH_REPORT, MESH_REJECT_FORMAT},
        {"a report by a shared dot", 3, 0, MESH_REPORT, MESH_REJECT_FORMAT},
        {"another update that stays at home", MESH_NODE_MAX + 3, 0, MESH_G_INCREMENT,
         MESH_REJECT_FORMAT},
        {"an origin that there is not", 2 * MESH_NODE_MAX, 0, MESH_REPORT, MESH_REJECT_FORMAT},
    };
    static struct receiver receiver;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        receiver_init(&receiver, 0);
        size_t count = push_of(cases[i].origin, cases[i].scope, cases[i].type);
        enum mesh_reject reject = decode(&receiver, count);
        cr_expect_eq(reject, cases[i].expected, "%s: %d", cases[i].what, reject);
        bool local = reject == 0 && cases[i].type == MESH_REPORT;
        cr_expect_eq(receiver.local.lane_count, local, "%s", cases[i].what);
        cr_expect(reject != 0 || heard_by(&receiver)->lanes[local ? 0 : LOCAL_WORDS] == 1);
    }
}

// ---- Whatever a hierarchy sends ----

static bool held(const struct mesh_table *shared, const struct mesh_message *message, uint32_t set,
                 struct mesh_dot dot)
{
    bool is_local = dot.origin >= MESH_NODE_MAX;
    const struct mesh_table *table = is_local ? shared->locals[message->scope] : shared;
    uint32_t lane = mesh_table_find(table, dot, NULL);
    uint32_t word = lane / 64 + (is_local ? 0 : shared->local_words);
    struct mesh_lanes lanes = mesh_message_set(message, set);
    return lane != MESH_LANE_NONE && (mesh_lanes_at(&lanes, word) >> lane % 64 & 1) != 0;
}

static void expect_same_dots(const struct hierarchy *hierarchy, const struct receiver *receiver,
                             const struct mesh_message *sent, const struct mesh_message *heard,
                             const struct mesh_table *table)
{
    uint32_t last = mesh_message_sets(sent->kind) - 1;
    for (uint32_t lane = 0; lane < table->lane_count; lane++) {
        struct mesh_dot dot = table->updates[lane].dot;
        if (dot.sequence == 0) {
            continue;  // released
        }
        bool known =
            mesh_table_find(dot.origin >= MESH_NODE_MAX ? &receiver->local : &receiver->table, dot,
                            NULL) != MESH_LANE_NONE;
        // What a vector names and the receiver does not know is in no set of his.
        if (known || mesh_message_updates(sent).words > 0) {
            cr_assert_eq(held(&receiver->table, heard, 0, dot),
                         held(&hierarchy->table, sent, 0, dot));
        }
        if (known && last > 0) {
            cr_assert_eq(held(&receiver->table, heard, last, dot),
                         held(&hierarchy->table, sent, last, dot));
        }
    }
}

static void expect_round_trip(const struct hierarchy *hierarchy, struct receiver *receiver,
                              const struct mesh_message *sent)
{
    size_t count = mesh_wire_encode(&hierarchy->config, &hierarchy->table, sent, bytes, BYTES_MAX);
    cr_assert_eq(decode(receiver, count), 0, "kind %u of scope %u", sent->kind, sent->scope);
    const struct mesh_message *heard = heard_by(receiver);
    cr_assert(heard->kind == sent->kind && heard->update_count == sent->update_count &&
              memcmp(heard->hash, sent->hash, sizeof sent->hash) == 0 &&
              heard->wire_bytes == sent->wire_bytes);
    if (mesh_message_has_rows(sent->kind)) {
        cr_assert(heard->words == sent->words);
        cr_assert_eq(heard->lanes[0], sent->lanes[0]);
        static uint8_t again[BYTES_MAX];
        cr_assert_eq(mesh_wire_encode(&receiver->config, &receiver->table, heard, again, count),
                     count);
        cr_assert(memcmp(again, bytes, count) == 0);
        return;
    }
    expect_same_dots(hierarchy, receiver, sent, heard, &hierarchy->table);
    if (sent->scope == 0) {
        expect_same_dots(hierarchy, receiver, sent, heard, &hierarchy->locals[0]);
    }
}

// Runs a hierarchy; `look` sees every message of edge 0 and above the edges before it arrives.
static void run_hierarchy(uint64_t seed, void (*look)(struct hierarchy *hierarchy,
                                                      const struct mesh_message *message))
{
    struct hierarchy hierarchy;
    struct dice dice = {seed};
    hierarchy_init(&hierarchy, (struct hierarchy_settings){.regions = 2,
                                                           .aggregators_per_region = 2,
                                                           .edges_per_aggregator = 2,
                                                           .agents_per_edge = AGENTS,
                                                           .relays_per_edge = 2,
                                                           .coordinators = 2,
                                                           .update_limit = 100,
                                                           .shared_words = WORDS - LOCAL_WORDS,
                                                           .local_words = LOCAL_WORDS,
                                                           .mode = MESH_PUSH_PULL,
                                                           .seed = seed});
    cr_assert_eq(hierarchy.edges, EDGES);
    for (uint32_t i = 0; i < 300; i++) {
        if (dice_chance(&dice, 6)) {
            hierarchy_report(&hierarchy, dice_below(&dice, hierarchy.agents),
                             (struct mesh_report){.executions = dice_below(&dice, 1000)});
        }
        hierarchy_tick_all_scopes(&hierarchy, dice_below(&dice, hierarchy.nodes));
        while (hierarchy.flight_count > 4) {
            const struct mesh_message *message = hierarchy.flights[0].message;
            if (message->scope == 0 || message->scope >= EDGES) {
                look(&hierarchy, message);
            }
            bool told = message->update_count > 0 && (message->kind == MESH_MESSAGE_OPEN ||
                                                      message->kind == MESH_MESSAGE_ANSWER ||
                                                      message->kind == MESH_MESSAGE_ROWS);
            if (told && dice_chance(&dice, 90)) {  // so that only digests can repair it
                hierarchy_lose(&hierarchy, 0);
            } else {
                hierarchy_deliver(&hierarchy, 0, false);
            }
        }
        if (i % 100 == 99) {
            hierarchy_settle(&hierarchy, 5);
            hierarchy_release(&hierarchy);
        }
    }
    hierarchy_finish(&hierarchy);
}

static uint64_t looked_at[MESH_MESSAGE_KIND_COUNT];
static struct receiver receivers[2];

// A receiver in edge 0, and one above.
static void look_at_round_trip(struct hierarchy *hierarchy, const struct mesh_message *message)
{
    struct receiver *receiver = &receivers[message->scope == 0 ? 0 : 1];
    // The tables of the receivers begin anew with each message, but for what is released.
    receiver_init(receiver, 0);
    receiver->config.scope_count = hierarchy->config.scope_count;
    struct mesh_table *locals[64] = {&receiver->local};
    receiver->table.locals = locals;
    cr_assert(hierarchy->config.scope_count <= 64);
    for (uint32_t i = 0; i < hierarchy->nodes; i++) {
        uint32_t released = mesh_table_released(&hierarchy->table, i);
        if (released > 0) {
            mesh_table_adopt(&receiver->table, i, released);
        }
    }
    for (uint32_t i = 0; i < AGENTS; i++) {
        uint32_t released = mesh_table_released(&hierarchy->locals[0], MESH_NODE_MAX + i);
        if (released > 0) {
            mesh_table_adopt(&receiver->local, MESH_NODE_MAX + i, released);
        }
    }
    expect_round_trip(hierarchy, receiver, message);
    looked_at[message->kind]++;
}

Test(tiers_wire, whatever_a_hierarchy_sends_arrives_as_it_was_sent)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        run_hierarchy(seed, look_at_round_trip);
    }
    static const uint8_t kinds[] = {
        MESH_MESSAGE_OPEN, MESH_MESSAGE_ANSWER, MESH_MESSAGE_VECTOR,    MESH_MESSAGE_FILL,
        MESH_MESSAGE_REST, MESH_MESSAGE_ROWS,   MESH_MESSAGE_ROWS_HELD, MESH_MESSAGE_ROWS_REST};
    for (size_t i = 0; i < sizeof kinds; i++) {
        cr_expect_gt(looked_at[kinds[i]], 20, "kind %u: %lu", kinds[i], looked_at[kinds[i]]);
    }
}

static struct dice mutations = {1};
static uint64_t accepted;
static uint64_t refused;

// Bytes changed anywhere: refused, or what was understood can be said again.
static void look_at_mutations(struct hierarchy *hierarchy, const struct mesh_message *message)
{
    static struct receiver receiver;
    for (uint32_t i = 0; i < 10; i++) {
        size_t count =
            mesh_wire_encode(&hierarchy->config, &hierarchy->table, message, bytes, BYTES_MAX);
        for (uint32_t j = 0; j <= i % 3; j++) {
            size_t at = dice_chance(&mutations, 50) && count > 20
                            ? 20 + dice_below(&mutations, (uint32_t)count - 20)
                            : dice_below(&mutations, (uint32_t)count);
            bytes[at] = dice_chance(&mutations, 50)
                            ? (uint8_t)(bytes[at] ^ 1u << dice_below(&mutations, 8))
                            : (uint8_t)dice_roll(&mutations);
        }
        receiver_init(&receiver, 0);
        enum mesh_reject reject = decode(&receiver, count);
        refused += reject != 0;
        accepted += reject == 0;
        const struct mesh_message *heard = heard_by(&receiver);
        if (reject == 0 && mesh_message_has_rows(heard->kind)) {
            static uint8_t again[BYTES_MAX];
            cr_assert_eq(mesh_wire_encode(&receiver.config, &receiver.table, heard, again, count),
                         count);
            cr_assert(memcmp(again, bytes, count) == 0, "one message, two encodings");
        }
    }
}

Test(tiers_wire, changed_bytes_are_refused_or_mean_what_they_say)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        run_hierarchy(seed, look_at_mutations);
    }
    cr_expect(accepted > 1000 && refused > 1000, "%lu accepted, %lu refused", accepted, refused);
}

Test(tiers_wire, signatures_of_rows_are_counted)
{
    static struct receiver receiver;
    static uint8_t value[MESH_ROW_BYTES_MAX];
    receiver_init(&receiver, 0);
    memcpy(bytes, rows_by_hand, sizeof rows_by_hand);
    cr_assert_eq(decode(&receiver, sizeof rows_by_hand), 0);
    receiver_init(&receiver, MESH_SIGNATURE_BYTES);
    cr_expect_eq(decode(&receiver, sizeof rows_by_hand), MESH_REJECT_FORMAT, "it is not signed");
    memset(bytes + sizeof rows_by_hand, 0, MESH_SIGNATURE_BYTES);
    cr_assert_eq(decode(&receiver, sizeof rows_by_hand + MESH_SIGNATURE_BYTES), 0);
    cr_expect_eq(mesh_wire_message_bytes(&receiver.table, heard_by(&receiver)),
                 sizeof rows_by_hand + MESH_SIGNATURE_BYTES);
    struct mesh_row row = mesh_rows_row(heard_by(&receiver), 0);
    cr_expect_eq(mesh_row_encode(&row, value), 6);
}
