// SPDX-License-Identifier: Apache-2.0
#include "mesh/wire.h"

#include <assert.h>
#include <string.h>

#include "cursor.h"
#include "mesh/guard.h"
#include "mesh/map.h"
#include "mesh/set.h"
#include "mesh/summary.h"
#include "rafting.h"
#include "rows.h"
#include "swimming.h"
#include "vector.h"

// ---- Sizes ----

// A signed number as an unsigned one that is small when the number is near 0: 0 -1 1 -2 2 ...
static uint64_t zigzag(int64_t change)
{
    return (uint64_t)change << 1 ^ (change < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t number)
{
    return (int64_t)(number >> 1 ^ ((number & 1) != 0 ? UINT64_MAX : 0));
}

// What travels of an amount.
static uint64_t number_of(const struct mesh_update *update)
{
    return update->type == MESH_PN_ADD ? zigzag(update->change) : update->amount;
}

uint32_t mesh_wire_update_bytes(const struct mesh_update *update, uint32_t signature_bytes)
{
    uint32_t bytes = varint_bytes(update->dot.origin) + varint_bytes(update->dot.sequence) + 8 + 1 +
                     varint_bytes(update->key) + signature_bytes;
    if (mesh_update_has_value(update->type)) {
        return bytes + varint_bytes(update->value_bytes) + update->value_bytes;
    }
    return bytes + varint_bytes(number_of(update));
}

static bool has_hash(uint8_t kind)
{
    return kind == MESH_MESSAGE_OPEN || kind == MESH_MESSAGE_ANSWER ||
           kind == MESH_MESSAGE_SNAPSHOT || kind == MESH_MESSAGE_ROWS;
}

static bool has_vector(uint8_t kind)
{
    return kind == MESH_MESSAGE_VECTOR || kind == MESH_MESSAGE_FILL ||
           kind == MESH_MESSAGE_FEEDBACK;
}

// FEEDBACK names updates without carrying them: a vector takes the place of the updates.
static bool names_only(uint8_t kind)
{
    return kind == MESH_MESSAGE_FEEDBACK;
}

static bool carries_none(uint8_t kind)
{
    return kind == MESH_MESSAGE_FEEDBACK || kind == MESH_MESSAGE_VECTOR;
}

static uint32_t vector_bytes(const struct mesh_table *shared, const struct mesh_message *message,
                             struct mesh_lanes set, bool whole)
{
    struct section sections[2];
    uint32_t count = mesh_vector_sections(shared, message, set, sections);
    struct vector_size size = {0, 0};
    for (uint32_t i = 0; i < count; i++) {
        mesh_vector_measure(&sections[i], whole, &size);
    }
    return mesh_vector_bytes(&size);
}

// Bytes and number of the released entries of a snapshot; an entry leaves out the first sequence,
// which is 1.
static uint32_t released_entry_bytes(const struct mesh_table *table)
{
    return table->released_bytes - table->released_origins + table->last_bytes;
}

// What a snapshot says beside its hash and its updates: a clock, what is released, the base, and of
// what stays at home the sum that is released.
static uint32_t snapshot_bytes(const struct mesh_table *table, const struct mesh_table *local)
{
    uint32_t entries = table->released_origins;
    uint32_t bytes = 8 + released_entry_bytes(table);
    if (local != NULL) {
        entries += local->released_origins;
        bytes += released_entry_bytes(local) + MESH_WIRE_HASH_BYTES;
    }
    return bytes + varint_bytes(entries) + varint_bytes(table->base_bytes) + table->base_bytes;
}

// What the updates of a section take, row by row; counts them.
static uint32_t rows_bytes(const struct section *section, uint32_t *count)
{
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < section->set.words; i++) {
        const struct mesh_update *updates =
            &section->table->updates[(size_t)64 * (section->set.word_first + i)];
        for (uint64_t left = section->set.lanes[i]; left != 0; left &= left - 1) {
            bytes += updates[__builtin_ctzll(left)].wire_bytes;
            (*count)++;
        }
    }
    return bytes;
}

// The same for `count` updates by the planes of the table, in which they differ from the first: up
// where the first has no such bit, down where it has.
static uint32_t planes_bytes(const struct section *section, uint32_t count)
{
    const struct mesh_table *table = section->table;
    const struct mesh_lanes *set = &section->set;
    const struct mesh_lanes_code *code = mesh_lanes_code();
    const uint64_t *planes = table->sizes + set->word_first;
    uint32_t plane_words = table->lane_capacity / 64;
    uint32_t up = table->size_varies & ~table->size_first;
    uint32_t down = table->size_varies & table->size_first;
    uint64_t bytes = (uint64_t)count * table->size_first;
    bytes += up == 0 ? 0 : code->sum(set->lanes, set->words, planes, plane_words, up);
    bytes -= down == 0 ? 0 : code->sum(set->lanes, set->words, planes, plane_words, down);
    return (uint32_t)bytes;
}

uint32_t mesh_wire_updates_bytes(const struct mesh_table *table, const struct mesh_message *message)
{
    const struct mesh_table *local = mesh_table_local(table, message->scope);
    if (local != NULL && local->sizes != NULL && local->size_varies == 0 &&
        message->word_first + message->words <= table->local_words) {
        return message->update_count * local->size_first;
    }
    struct section sections[2];
    uint32_t count = mesh_vector_sections(table, message, mesh_message_updates(message), sections);
    uint32_t counted = 0;
    uint32_t bytes = rows_bytes(&sections[0], &counted);
    if (count > 1) {
        bytes += sections[1].table->sizes == NULL
                     ? rows_bytes(&sections[1], &counted)
                     : planes_bytes(&sections[1], message->update_count - counted);
    }
    return bytes;
}

uint32_t mesh_wire_bytes(const struct mesh_table *table, const struct mesh_message *message,
                         const struct vector_size *vector, uint32_t *update_bytes)
{
    *update_bytes = 0;
    uint32_t bytes = MESH_WIRE_HEADER_BYTES + varint_bytes(message->update_count);
    bytes += has_hash(message->kind) ? MESH_WIRE_HASH_BYTES : 0;
    if (names_only(message->kind)) {
        return bytes + vector_bytes(table, message, mesh_message_set(message, 0), false) +
               vector_bytes(table, message, mesh_message_set(message, 1), false);
    }
    if (mesh_message_has_rows(message->kind)) {
        return bytes + mesh_rows_bytes(message);
    }
    if (mesh_message_is_raft(message->kind)) {
        return bytes + mesh_raft_wire_bytes(message);
    }
    if (mesh_message_is_swim(message->kind)) {
        return bytes + mesh_swim_wire_bytes(message);
    }
    *update_bytes = message->update_count == 0 ? 0 : mesh_wire_updates_bytes(table, message);
    bytes += *update_bytes;
    if (has_vector(message->kind)) {
        bytes += vector != NULL ? mesh_vector_bytes(vector)
                                : vector_bytes(table, message, mesh_message_vector(message), true);
    }
    const struct mesh_table *local = mesh_table_local(table, message->scope);
    return bytes + (message->kind == MESH_MESSAGE_SNAPSHOT ? snapshot_bytes(table, local) : 0);
}

uint32_t mesh_wire_message_bytes(const struct mesh_table *table, const struct mesh_message *message)
{
    uint32_t update_bytes;
    return mesh_wire_bytes(table, message, NULL, &update_bytes);
}

// ---- Encoding ----

// What an update says, behind its dot.
static void put_said(struct writer *writer, const struct mesh_config *config,
                     const struct mesh_update *update, const uint8_t *signature)
{
    static const uint8_t unsigned_yet[MESH_SIGNATURE_BYTES];
    put(writer, update->clock, 8);
    put(writer, update->type, 1);
    put_varint(writer, update->key);
    if (mesh_update_has_value(update->type)) {
        put_varint(writer, update->value_bytes);
        put_bytes(writer, update->value, update->value_bytes);
    } else {
        put_varint(writer, number_of(update));
    }
    put_bytes(writer, signature == NULL ? unsigned_yet : signature, config->signature_bytes);
}

static const uint8_t *signature_at(const uint8_t *signatures, size_t index)
{
    return signatures == NULL ? NULL : signatures + index * MESH_SIGNATURE_BYTES;
}

static void put_update(struct writer *writer, const struct mesh_config *config,
                       const struct mesh_table *table, uint32_t lane)
{
    const struct mesh_update *update = &table->updates[lane];
    put_varint(writer, update->dot.origin);
    put_varint(writer, update->dot.sequence);
    put_said(writer, config, update, signature_at(table->signatures, lane));
}

// The runs of a set that are entries of their own.
static uint32_t put_runs(struct writer *writer, const struct section *section, bool whole)
{
    const struct mesh_table *table = section->table;
    uint32_t entries = 0;
    uint32_t first = section->set.word_first;
    for (uint32_t lane = 64 * first; lane < 64 * (first + section->set.words); lane++) {
        struct run run;
        if (section_holds(section, lane) && mesh_vector_released_before(table, lane, whole) == 0 &&
            mesh_vector_run_at(section, lane, &run)) {
            entries++;
            if (writer != NULL) {
                put_varint(writer, run.first.origin);
                put_varint(writer, run.first.sequence);
                put_varint(writer, run.length);
            }
        }
    }
    return entries;
}

// The released writes of each origin, and what of the set follows them.
static void put_released(struct writer *writer, const struct section *section)
{
    const struct mesh_table *table = section->table;
    for (uint32_t i = 0; table->released_origins > 0 && i < table->origin_count; i++) {
        uint32_t origin = table->origin_first + i;
        struct run run = {{origin, 1}, table->released[i]};
        if (run.length == 0) {
            continue;
        }
        struct mesh_dot next = {origin, run.length + 1};
        for (uint32_t lane = mesh_table_find(table, next, NULL); section_holds(section, lane);
             lane = table->updates[lane].next_lane) {
            run.length++;
        }
        put_varint(writer, origin);
        put_varint(writer, 1);
        put_varint(writer, run.length);
    }
}

static void put_vector(struct writer *writer, const struct mesh_table *shared,
                       const struct mesh_message *message, struct mesh_lanes set, bool whole)
{
    struct section sections[2];
    uint32_t count = mesh_vector_sections(shared, message, set, sections);
    uint32_t entries = 0;
    for (uint32_t i = 0; i < count; i++) {
        entries +=
            (whole ? sections[i].table->released_origins : 0) + put_runs(NULL, &sections[i], whole);
    }
    put_varint(writer, entries);
    for (uint32_t i = 0; i < count; i++) {
        if (whole) {
            put_released(writer, &sections[i]);
        }
        put_runs(writer, &sections[i], whole);
    }
}

static void put_updates(struct writer *writer, const struct mesh_config *config,
                        const struct section *section)
{
    uint32_t first = section->set.word_first;
    for (uint32_t lane = 64 * first; lane < 64 * (first + section->set.words); lane++) {
        if (section_holds(section, lane)) {
            put_update(writer, config, section->table, lane);
        }
    }
}

// Of what stays at home with the newest of each origin.
static void put_released_counts(struct writer *writer, const struct mesh_config *config,
                                const struct mesh_table *table, bool local)
{
    for (uint32_t i = 0; table->released_origins > 0 && i < table->origin_count; i++) {
        if (table->released[i] == 0) {
            continue;
        }
        put_varint(writer, table->origin_first + i);
        put_varint(writer, table->released[i]);
        if (local) {
            assert(table->last != NULL && table->last[i].dot.sequence == table->released[i]);
            put_said(writer, config, &table->last[i], signature_at(table->last_signatures, i));
        }
    }
}

static void put_snapshot(struct writer *writer, const struct mesh_config *config,
                         const struct mesh_table *table, const struct mesh_table *local)
{
    assert(table->base != NULL || table->base_bytes == 0);
    put_varint(writer, table->released_origins + (local == NULL ? 0 : local->released_origins));
    put_released_counts(writer, config, table, false);
    if (local != NULL) {
        put_released_counts(writer, config, local, true);
        put(writer, local->released_hash[0], 8);
        put(writer, local->released_hash[1], 8);
    }
    put_varint(writer, table->base_bytes);
    put_bytes(writer, table->base, table->base_bytes);
}

// What stands behind the count.
static void put_content(struct writer *writer, const struct mesh_config *config,
                        const struct mesh_table *table, const struct mesh_message *message)
{
    if (names_only(message->kind)) {
        put_vector(writer, table, message, mesh_message_set(message, 0), false);
        put_vector(writer, table, message, mesh_message_set(message, 1), false);
        return;
    }
    if (mesh_message_has_rows(message->kind)) {
        mesh_rows_put(writer, config, message);
        return;
    }
    if (mesh_message_is_raft(message->kind)) {
        mesh_raft_wire_put(writer, message);
        return;
    }
    if (mesh_message_is_swim(message->kind)) {
        mesh_swim_wire_put(writer, message);
        return;
    }
    struct section sections[2];
    uint32_t count = mesh_vector_sections(table, message, mesh_message_updates(message), sections);
    for (uint32_t i = 0; i < count; i++) {
        put_updates(writer, config, &sections[i]);
    }
    if (has_vector(message->kind)) {
        put_vector(writer, table, message, mesh_message_vector(message), true);
    }
    if (message->kind == MESH_MESSAGE_SNAPSHOT) {
        put_snapshot(writer, config, table, mesh_table_local(table, message->scope));
    }
}

size_t mesh_wire_encode(const struct mesh_config *config, const struct mesh_table *table,
                        const struct mesh_message *message, uint8_t *bytes, size_t capacity)
{
    struct writer writer = {bytes, capacity, 0};
    put(&writer, message->kind, 1);
    put(&writer, 0, 1);
    put(&writer, message->scope, 2);
    put(&writer, message->source, 4);
    put(&writer, message->initiator, 4);
    put(&writer, message->occasion, 8);
    if (has_hash(message->kind)) {
        put(&writer, message->hash[0], 8);
        put(&writer, message->hash[1], 8);
    }
    if (message->kind == MESH_MESSAGE_SNAPSHOT) {
        put(&writer, message->lanes[message->words], 8);
    }
    put_varint(&writer, message->update_count);
    put_content(&writer, config, table, message);
    return writer.count <= capacity ? writer.count : 0;
}

// ---- Decoding ----

bool mesh_wire_update_is_valid(const struct mesh_update *update)
{
    struct mesh_report report;
    struct mesh_row row;
    struct mesh_total total;
    switch ((enum mesh_update_type)update->type) {
    case MESH_LWW_SET: return true;
    case MESH_G_INCREMENT:
    case MESH_PN_ADD: return update->amount != 0;
    case MESH_SET_ADD:
    case MESH_SET_REMOVE: return mesh_set_update_is_valid(update);
    case MESH_MAP_PUT:
    case MESH_MAP_REMOVE: return mesh_map_update_is_valid(update);
    case MESH_REPORT: return mesh_report_decode(update, &report);
    case MESH_ROW: return mesh_row_decode(update, &row);
    case MESH_TOTAL: return mesh_total_decode(update, &total);
    }
    return false;
}

// Reads what an update with this dot says into `update` and its signature; the row's hash is
// computed, never believed.
static void take_said(struct reader *reader, const struct mesh_config *config, struct mesh_dot dot,
                      struct mesh_update *update, const uint8_t **signature)
{
    *update = (struct mesh_update){.dot = dot};
    update->clock = take(reader, 8);
    update->type = (uint8_t)take(reader, 1);
    update->key = (uint32_t)take_varint(reader, UINT32_MAX);
    if (mesh_update_has_value(update->type)) {
        update->value_bytes = (uint16_t)take_varint(reader, MESH_VALUE_BYTES_MAX);
        update->value = take_bytes(reader, update->value_bytes);
    } else {
        uint64_t number = take_varint(reader, UINT64_MAX);
        if (update->type == MESH_PN_ADD) {
            update->change = unzigzag(number);
        } else {
            update->amount = number;
        }
    }
    *signature = take_bytes(reader, config->signature_bytes);
    if (!reader->failed) {
        reader->failed = update->dot.sequence == 0 || !mesh_wire_update_is_valid(update);
    }
    if (!reader->failed) {
        mesh_update_hash(config, update);
        update->wire_bytes = mesh_wire_update_bytes(update, config->signature_bytes);
    }
}

static void take_update(struct reader *reader, const struct mesh_config *config,
                        struct mesh_update *update, const uint8_t **signature)
{
    struct mesh_dot dot;
    dot.origin = (uint32_t)take_varint(reader, 2 * MESH_NODE_MAX - 1);
    dot.sequence = (uint32_t)take_varint(reader, UINT32_MAX);
    take_said(reader, config, dot, update, signature);
}

// The table that a dot belongs to in a message of this scope, or NULL.
static struct mesh_table *table_of(struct mesh_table *shared, uint32_t scope, uint32_t origin)
{
    if (origin < MESH_NODE_MAX) {
        return shared;
    }
    struct mesh_table *local = mesh_table_local(shared, scope);
    bool permitted = local != NULL && (local->released == NULL ||
                                       origin - local->origin_first < local->origin_count);
    return permitted ? local : NULL;
}

// Where sections are kept apart, reports stay at home, and nothing else does.
static bool is_in_place(const struct mesh_table *shared, const struct mesh_update *update)
{
    return shared->locals == NULL ||
           (update->type == MESH_REPORT) == (update->dot.origin >= MESH_NODE_MAX);
}

// The lane of a decoded update, entered if it is new; MESH_LANE_NONE when there is no room.
static uint32_t enter(struct mesh_table *table, const struct mesh_update *update,
                      const uint8_t *signature, uint32_t signature_bytes, uint32_t lane_end)
{
    uint32_t lane = mesh_table_find(table, update->dot, update->hash);
    if (lane != MESH_LANE_NONE) {
        return lane < lane_end ? lane : MESH_LANE_NONE;
    }
    lane = mesh_table_next_lane(table);
    if (lane == MESH_LANE_NONE || lane >= lane_end) {
        return MESH_LANE_NONE;
    }
    mesh_table_reserve(table, update->dot);
    struct mesh_update *row = &table->updates[lane];
    struct mesh_update links = *row;
    *row = *update;
    row->previous_lane = links.previous_lane;
    row->next_lane = links.next_lane;
    row->again = links.again;
    row->contested = links.contested;
    mesh_table_enter_size(table, lane);
    if (table->signatures != NULL && signature_bytes > 0) {
        memcpy(table->signatures + (size_t)lane * MESH_SIGNATURE_BYTES, signature, signature_bytes);
    }
    return lane;
}

// An update that is known and has given back its lane; another value of its dot looks the same.
static bool is_released(const struct mesh_table *table, const struct mesh_update *update)
{
    return update->dot.sequence <= mesh_table_released(table, update->dot.origin) &&
           mesh_table_find(table, update->dot, update->hash) == MESH_LANE_NONE;
}

// Signatures are checked on first receipt: what stands in the table has been.
static bool is_genuine(const struct mesh_config *config, const struct mesh_table *table,
                       const struct mesh_update *update, const uint8_t *signature)
{
    const struct mesh_guard *guard = config->guard;
    return guard == NULL || guard->verify == NULL ||
           mesh_table_find(table, update->dot, update->hash) != MESH_LANE_NONE ||
           guard->verify(guard->verify_context, update, signature);
}

static enum mesh_reject take_updates(struct reader *reader, const struct mesh_config *config,
                                     struct mesh_table *shared, struct mesh_message *message)
{
    uint32_t released = 0;
    for (uint32_t i = 0; i < message->update_count; i++) {
        struct mesh_update update;
        const uint8_t *signature;
        take_update(reader, config, &update, &signature);
        struct mesh_table *table = table_of(shared, message->scope, update.dot.origin);
        if (reader->failed || table == NULL || !is_in_place(shared, &update)) {
            return MESH_REJECT_FORMAT;
        }
        if (is_released(table, &update)) {
            released++;
            continue;
        }
        if (!is_genuine(config, table, &update, signature)) {
            return MESH_REJECT_SIGNATURE;
        }
        uint32_t word_first = table == shared ? shared->local_words : 0;
        uint32_t word_end = table == shared ? message->words : shared->local_words;
        uint32_t lane = enter(table, &update, signature, config->signature_bytes,
                              64u * (word_end - word_first));
        if (lane == MESH_LANE_NONE) {
            return MESH_REJECT_FULL;
        }
        lane += 64u * word_first;
        if ((message->lanes[lane / 64] >> lane % 64 & 1) != 0) {
            return MESH_REJECT_FORMAT;  // the same update twice
        }
        message->lanes[lane / 64] |= UINT64_C(1) << lane % 64;
    }
    message->update_count = (uint16_t)(message->update_count - released);
    return 0;
}

// How many of a run's dots are released: they are known, and have no lane.
static uint32_t released_of(const struct mesh_table *table, const struct run *run)
{
    uint32_t released = mesh_table_released(table, run->first.origin);
    if (released < run->first.sequence) {
        return 0;
    }
    uint32_t most = released - run->first.sequence + 1;
    return most < run->length ? most : run->length;
}

// Marks in `vector` the lanes that an entry covers; the dots it names beyond this table are only
// noted. The table is scanned, so the work is bounded by its size whatever `length` claims.
static void mark_run(const struct mesh_table *table, const struct run *run, uint64_t *vector,
                     uint32_t words, struct mesh_message *message)
{
    uint32_t known = released_of(table, run);
    uint32_t released = mesh_table_released(table, run->first.origin);
    for (uint32_t lane = 0; lane < table->lane_count && lane < 64 * words; lane++) {
        const struct mesh_update *update = &table->updates[lane];
        if (update->dot.origin == run->first.origin && (update->hash[0] | update->hash[1]) != 0 &&
            update->dot.sequence - run->first.sequence < run->length) {
            vector[lane / 64] |= UINT64_C(1) << lane % 64;
            known += update->again == 0 && update->dot.sequence > released;
        }
    }
    message->beyond |= known < run->length;
}

static enum mesh_reject take_vector(struct reader *reader, struct mesh_table *shared,
                                    uint64_t *vector, struct mesh_message *message)
{
    uint64_t entries = take_varint(reader, UINT32_MAX);
    for (uint64_t i = 0; i < entries && !reader->failed; i++) {
        struct run run;
        run.first.origin = (uint32_t)take_varint(reader, 2 * MESH_NODE_MAX - 1);
        run.first.sequence = (uint32_t)take_varint(reader, UINT32_MAX);
        run.length = (uint32_t)take_varint(reader, UINT32_MAX);
        const struct mesh_table *table = table_of(shared, message->scope, run.first.origin);
        if (reader->failed || run.first.sequence == 0 || run.length == 0 || table == NULL ||
            run.length - 1 > UINT32_MAX - run.first.sequence) {
            return MESH_REJECT_FORMAT;
        }
        if (table == shared) {
            mark_run(table, &run, vector + shared->local_words,
                     message->words - shared->local_words, message);
        } else {
            mark_run(table, &run, vector, shared->local_words, message);
        }
    }
    return reader->failed ? MESH_REJECT_FORMAT : 0;
}

// The released writes in a snapshot, by ascending origin, of those that stay at home with the
// newest of each; taken over when `adopt` says so.
static enum mesh_reject take_released(struct reader *reader, const struct mesh_config *config,
                                      struct mesh_table *shared, struct mesh_message *message,
                                      bool adopt)
{
    uint64_t entries = take_varint(reader, UINT32_MAX);
    uint64_t origin_least = 0;
    for (uint64_t i = 0; i < entries && !reader->failed; i++) {
        uint32_t origin = (uint32_t)take_varint(reader, 2 * MESH_NODE_MAX - 1);
        uint32_t count = (uint32_t)take_varint(reader, UINT32_MAX);
        struct mesh_table *table = table_of(shared, message->scope, origin);
        if (reader->failed || count == 0 || origin < origin_least || table == NULL) {
            return MESH_REJECT_FORMAT;
        }
        origin_least = (uint64_t)origin + 1;
        struct mesh_update last;
        const uint8_t *signature = NULL;
        if (table != shared) {
            take_said(reader, config, (struct mesh_dot){origin, count}, &last, &signature);
            if (reader->failed || !is_in_place(shared, &last)) {
                return MESH_REJECT_FORMAT;
            }
        }
        if (shared->adopts &&
            (table->released == NULL || origin - table->origin_first >= table->origin_count)) {
            return MESH_REJECT_FULL;
        }
        if (adopt && mesh_table_released(table, origin) < count) {
            mesh_table_adopt(table, origin, count);
            if (table != shared) {
                mesh_table_keep(table, &last, signature);
            }
        }
        message->beyond |= mesh_table_released(table, origin) < count;
    }
    return 0;
}

// What stands behind a snapshot's updates. Nothing of it is taken over unless all of it is sound.
static enum mesh_reject take_snapshot(struct reader *reader, const struct mesh_config *config,
                                      struct mesh_table *table, struct mesh_message *message)
{
    struct reader again = *reader;
    struct mesh_table *local = mesh_table_local(table, message->scope);
    enum mesh_reject reject = take_released(reader, config, table, message, false);
    uint64_t local_hash[2] = {0, 0};
    if (local != NULL) {
        local_hash[0] = take(reader, 8);
        local_hash[1] = take(reader, 8);
    }
    uint32_t base_bytes = (uint32_t)take_varint(reader, UINT32_MAX);
    const uint8_t *base = take_bytes(reader, base_bytes);
    if (reject != 0 || reader->failed || reader->left != 0) {
        return reject != 0 ? reject : MESH_REJECT_FORMAT;
    }
    if (table->adopts) {
        message->beyond = 0;
        take_released(&again, config, table, message, true);
        if (local != NULL) {
            memcpy(local->released_hash, local_hash, sizeof local_hash);
        }
        table->base = base;
        table->base_bytes = base_bytes;
    }
    return 0;
}

// What stands behind the count.
static enum mesh_reject take_content(struct reader *reader, const struct mesh_config *config,
                                     struct mesh_table *table, struct mesh_message *message)
{
    if (mesh_message_has_rows(message->kind)) {
        return mesh_rows_take(reader, config, message);
    }
    if (mesh_message_is_raft(message->kind)) {
        return mesh_raft_wire_take(reader, config, message);
    }
    if (mesh_message_is_swim(message->kind)) {
        return mesh_swim_wire_take(reader, config, message);
    }
    if (carries_none(message->kind) && message->update_count > 0) {
        return MESH_REJECT_FORMAT;
    }
    enum mesh_reject reject = take_updates(reader, config, table, message);
    if (reject == 0 && names_only(message->kind)) {
        reject = take_vector(reader, table, message->lanes, message);
    }
    if (reject == 0 && has_vector(message->kind)) {
        uint64_t *last =
            message->lanes + (size_t)(mesh_message_sets(message->kind) - 1) * message->words;
        reject = take_vector(reader, table, last, message);
    }
    if (reject == 0 && message->kind == MESH_MESSAGE_SNAPSHOT) {
        reject = take_snapshot(reader, config, table, message);
    }
    return reject;
}

enum mesh_reject mesh_wire_decode(const struct mesh_config *config, struct mesh_table *table,
                                  const uint8_t *bytes, size_t count, uint16_t words,
                                  struct mesh_message *message)
{
    struct reader reader = {bytes, count, false};
    memset(message, 0, sizeof *message + 2 * (size_t)words * sizeof message->lanes[0]);
    message->words = words;
    uint32_t kind = (uint32_t)take(&reader, 1);
    reader.failed |= take(&reader, 1) != 0;
    message->scope = (uint16_t)take(&reader, 2);
    message->source = (uint32_t)take(&reader, 4);
    uint32_t initiator = (uint32_t)take(&reader, 4);
    message->occasion = take(&reader, 8);
    if (kind == 0 || kind >= MESH_MESSAGE_KIND_COUNT) {
        return reader.failed ? MESH_REJECT_FORMAT : MESH_REJECT_KIND;
    }
    message->kind = kind & 0x3f;
    message->initiator = initiator & (MESH_NODE_MAX - 1);
    if (has_hash(message->kind)) {
        message->hash[0] = take(&reader, 8);
        message->hash[1] = take(&reader, 8);
    }
    if (message->kind == MESH_MESSAGE_SNAPSHOT) {
        message->lanes[words] = take(&reader, 8);
    }
    message->update_count = (uint16_t)take_varint(&reader, UINT16_MAX);
    if (reader.failed || message->source >= MESH_NODE_MAX || initiator >= MESH_NODE_MAX) {
        return MESH_REJECT_FORMAT;
    }
    if (message->scope >= config->scope_count) {
        return MESH_REJECT_SCOPE;
    }
    enum mesh_reject reject = take_content(&reader, config, table, message);
    if (reject == 0 && reader.left != 0) {
        reject = MESH_REJECT_FORMAT;
    }
    message->wire_bytes = (uint32_t)count;
    return reject;
}
