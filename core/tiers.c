// SPDX-License-Identifier: Apache-2.0
// Rows up, totals down (mesh/tiers.h has the exchange drawn).
#include "mesh/tiers.h"

#include <assert.h>
#include <string.h>

#include "lww.h"
#include "mesh/clock.h"
#include "outgoing.h"
#include "rows.h"

#define AGES ((1u << MESH_RECENT_PLANES) - 1)

// ---- Records ----

struct mesh_tier *mesh_tiers_of(const struct mesh_states *states, uint32_t node)
{
    uint32_t low = 0;
    uint32_t high = states->tier_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (states->tiers[middle].node < node) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < states->tier_count && states->tiers[low].node == node;
    return found ? &states->tiers[low] : NULL;
}

static struct mesh_tier *tier_of(const struct stepping *stepping)
{
    return mesh_tiers_of(stepping->states, stepping->event->node);
}

void mesh_tiers_bound(const struct mesh_config *config, size_t message_words,
                      struct mesh_bound *bound)
{
    // A tick may also write a total, which is forwarded, and send rows; a receipt takes over rows.
    uint32_t edges = config->tiers->edge_count;
    bound->records += 3 + (edges < MESH_ROWS_MAX ? edges : MESH_ROWS_MAX);
    bound->targets *= 3;
    bound->message_words += message_words + sizeof(struct mesh_message) / sizeof(uint64_t) +
                            mesh_rows_words_max(config);
}

void mesh_tiers_fold(const struct mesh_states *states, struct mesh_tier *tier, uint16_t home)
{
    const struct mesh_table *local = mesh_table_local(states->table, home);
    const struct mesh_replica *replica = mesh_replica_of(states, tier->node);
    assert(tier->level == MESH_RELAY && local != NULL);
    bool room = mesh_reports_fold(local, replica->planes, states->table->local_words,
                                  tier->edge_first, &tier->reports);
    for (uint32_t i = 0; local->last != NULL && i < local->origin_count; i++) {
        const struct mesh_update *last = &local->last[i];
        if (last->dot.sequence != 0 && last->key == tier->edge_first) {
            room = room && mesh_reports_apply(&tier->reports, last);
        }
    }
    assert(room);
    tier->reported = tier->reports.count > 0;
}

void mesh_tiers_renew(struct stepping *stepping)
{
    struct mesh_tier *tier = tier_of(stepping);
    if (tier == NULL) {
        return;
    }
    if (stepping->replica->joining) {
        tier->rows.count = 0;
        memset(tier->ages, 0, tier->edge_end - tier->edge_first);
        mesh_reports_init(&tier->reports, tier->reports.entries, tier->reports.capacity);
        tier->reported = false;
        tier->changed = false;
    } else if (tier->level == MESH_RELAY && stepping->local != NULL) {
        mesh_tiers_fold(stepping->states, tier, stepping->scope);
    }
}

// ---- Rows in, rows made ----

void mesh_tiers_learn(struct stepping *stepping, uint32_t word, uint64_t fresh)
{
    struct mesh_tier *tier = tier_of(stepping);
    if (tier == NULL || tier->level != MESH_RELAY) {
        return;
    }
    for (; fresh != 0; fresh &= fresh - 1) {
        const struct mesh_update *update = mesh_stepping_row(stepping, word, fresh);
        if (update->key == tier->edge_first) {
            bool room = mesh_reports_apply(&tier->reports, update);
            assert(room);
            tier->reported = true;
        }
    }
}

// Takes over the row if it is better than what is held.
static void take_over(struct stepping *stepping, struct mesh_tier *tier, const struct mesh_row *row)
{
    const struct mesh_row *held = mesh_summary_row(&tier->rows, row->edge);
    if (held != NULL && !mesh_row_precedes(held, row)) {
        return;
    }
    bool room = mesh_summary_write(&tier->rows, row);
    assert(room);
    tier->ages[row->edge - tier->edge_first] |= 1;
    tier->changed = true;
    struct mesh_replica *replica = stepping->replica;
    replica->clock = row->clock > replica->clock ? row->clock : replica->clock;
    struct mesh_record *record = mesh_stepping_record(stepping, MESH_RECORD_ROW);
    record->row.clock = row->clock;
    record->row.edge = row->edge;
    record->row.relay = row->relay;
}

static void make_row(struct stepping *stepping, struct mesh_tier *tier)
{
    struct mesh_replica *replica = stepping->replica;
    if (!tier->reported) {
        return;
    }
    tier->reported = false;
    replica->clock = mesh_clock_next(replica->clock, stepping->event->time_ns);
    struct mesh_row row =
        mesh_reports_row(&tier->reports, tier->edge_first, stepping->event->node, replica->clock);
    mesh_rows_seal(stepping->config, &row);
    take_over(stepping, tier, &row);
}

// ---- Totals ----

static bool is_known(const struct stepping *stepping, const uint8_t *value, uint32_t value_bytes)
{
    const struct mesh_states *states = stepping->states;
    uint32_t first = states->table->local_words;
    const uint64_t *have = &stepping->replica->planes[first];
    struct mesh_lww last;
    if (!mesh_lww_fold_type(states->table, have, states->words - first, MESH_TOTAL, MESH_TOTAL_KEY,
                            &last) ||
        last.value_bytes != value_bytes) {
        return false;
    }
    for (uint32_t i = 0; i < value_bytes; i++) {
        if (last.value[i] != value[i]) {
            return false;
        }
    }
    return true;
}

static void write_total(struct stepping *stepping, const struct mesh_scope *scope,
                        struct mesh_tier *tier)
{
    if (!tier->changed || tier->lane == MESH_LANE_NONE) {
        return;
    }
    const struct mesh_tiers *tiers = stepping->config->tiers;
    struct mesh_total total =
        mesh_summary_total(&tier->rows, &tiers->hierarchy, 0, tiers->edge_count);
    uint32_t value_bytes = mesh_total_encode(&total, tier->value);
    tier->changed = false;
    if (is_known(stepping, tier->value, value_bytes)) {
        return;
    }
    struct mesh_write write = {
        .value = tier->value,
        .key = MESH_TOTAL_KEY,
        .lane = tier->lane,
        .value_bytes = (uint16_t)value_bytes,
        .type = MESH_TOTAL,
    };
    tier->lane = MESH_LANE_NONE;
    mesh_gossip_put(stepping, scope, &write);
}

// ---- Ticks ----

void mesh_tiers_before_tick(struct stepping *stepping, const struct mesh_scope *scope)
{
    struct mesh_tier *tier = tier_of(stepping);
    if (tier == NULL || tier->scope != stepping->scope) {
        return;
    }
    if (tier->level == MESH_RELAY) {
        make_row(stepping, tier);
    } else if (tier->level == MESH_COORDINATOR) {
        write_total(stepping, scope, tier);
    }
}

static uint32_t rows_limit(const struct mesh_scope *scope)
{
    return scope->update_limit < MESH_ROWS_MAX ? scope->update_limit : MESH_ROWS_MAX;
}

// Of the rows in [edge_first, edge_end): of one its name, of several the sum of their hashes.
static void digest(const struct mesh_tier *tier, uint32_t edge_first, uint32_t edge_end,
                   uint64_t sum[2])
{
    sum[0] = 0;
    sum[1] = 0;
    for (uint32_t i = 0; i < tier->rows.count; i++) {
        const struct mesh_row *row = &tier->rows.rows[i];
        if (row->edge - edge_first < edge_end - edge_first) {
            bool one = edge_end - edge_first == 1;
            sum[0] += one ? row->clock : row->hash[0];
            sum[1] += one ? (uint64_t)row->reports << 32 | row->relay : row->hash[1];
        }
    }
}

// Rows of the age, from another one on in each tick, as many as there is room for.
static void add_aged(const struct mesh_tier *tier, uint32_t age, uint64_t turn, uint32_t limit,
                     struct mesh_message *message)
{
    uint32_t count = tier->rows.count;
    uint32_t start = (uint32_t)(turn % count * limit % count);
    for (uint32_t i = 0; i < count && message->update_count < limit; i++) {
        const struct mesh_row *row = &tier->rows.rows[(start + i) % count];
        uint32_t ages = tier->ages[row->edge - tier->edge_first];
        if ((ages & AGES & -ages) == 1u << age) {
            mesh_rows_add(message, row);
        }
    }
}

// A message with room for all rows that there can be, at most `limit`; what is left over is given
// back when it is sent.
static struct mesh_message *begin_rows(struct stepping *stepping, const struct mesh_tier *tier,
                                       enum mesh_message_kind kind, uint64_t occasion,
                                       uint32_t limit)
{
    uint32_t most = tier->rows.count < limit ? tier->rows.count : limit;
    const struct mesh_event *event = stepping->event;
    uint32_t initiator = event->kind == MESH_EVENT_TICK ? event->node : event->message->initiator;
    return mesh_outgoing_begin_words(stepping, kind, initiator, occasion,
                                     1 + most * (uint32_t)MESH_ROW_WORDS);
}

static void trim(struct stepping *stepping, struct mesh_message *message)
{
    uint32_t used = 1 + message->update_count * (uint32_t)MESH_ROW_WORDS;
    stepping->output->message_words -= message->words - used;
    message->words = (uint16_t)used;
}

void mesh_tiers_after_tick(struct stepping *stepping, const struct mesh_scope *scope)
{
    struct mesh_tier *tier = tier_of(stepping);
    if (tier == NULL || tier->scope != stepping->scope || tier->rows.count == 0) {
        return;
    }
    const struct mesh_event *event = stepping->event;
    uint32_t limit = rows_limit(scope);
    struct mesh_message *message = begin_rows(
        stepping, tier, MESH_MESSAGE_ROWS, mesh_occasion_of_tick(event->scope, event->tick), limit);
    mesh_rows_set_range(message, tier->edge_first, tier->edge_end);
    digest(tier, tier->edge_first, tier->edge_end, message->hash);
    for (uint32_t age = 0; age < MESH_RECENT_PLANES; age++) {
        add_aged(tier, age, event->tick, limit, message);
    }
    trim(stepping, message);
    mesh_outgoing_to_peers(stepping, scope, message, MESH_DRAW_TICK_PEERS);
    for (uint32_t i = 0; i < tier->edge_end - tier->edge_first; i++) {
        tier->ages[i] = (uint8_t)(tier->ages[i] << 1 & AGES);
    }
}

// ---- Receipts ----

// Whether the sender of `heard` may have a row that is better than what is held now.
static bool may_have_better(const struct mesh_tier *tier, const struct mesh_message *heard,
                            uint32_t edge_first, uint32_t edge_end)
{
    uint64_t own[2];
    digest(tier, edge_first, edge_end, own);
    if (edge_end - edge_first > 1) {
        return own[0] != heard->hash[0] || own[1] != heard->hash[1];
    }
    struct mesh_row_name theirs = {heard->hash[0], (uint32_t)(heard->hash[1] >> 32),
                                   (uint32_t)heard->hash[1], edge_first, 0};
    struct mesh_row_name ours = {own[0], (uint32_t)(own[1] >> 32), (uint32_t)own[1], edge_first, 0};
    return mesh_row_name_precedes(&ours, &theirs);
}

// 2: the names of what is held. Of more edges than a message can name, another part each time.
static void answer_rows(struct stepping *stepping, const struct mesh_tier *tier,
                        uint32_t edge_first, uint32_t edge_end)
{
    const struct mesh_message *heard = stepping->event->message;
    uint32_t parts = (edge_end - edge_first - 1) / MESH_NAMES_MAX + 1;
    edge_first += (uint32_t)(heard->occasion % parts) * MESH_NAMES_MAX;
    if (edge_end - edge_first > MESH_NAMES_MAX) {
        edge_end = edge_first + MESH_NAMES_MAX;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < tier->rows.count; i++) {
        count += tier->rows.rows[i].edge - edge_first < edge_end - edge_first;
    }
    struct mesh_message *message = mesh_outgoing_begin_words(
        stepping, MESH_MESSAGE_ROWS_HELD, heard->initiator, heard->occasion, 1 + 3 * count);
    mesh_rows_set_range(message, edge_first, edge_end);
    for (uint32_t i = 0; i < tier->rows.count; i++) {
        if (tier->rows.rows[i].edge - edge_first < edge_end - edge_first) {
            struct mesh_row_name name = mesh_row_name(&tier->rows.rows[i]);
            mesh_rows_add_name(message, &name);
        }
    }
    mesh_outgoing_reply(stepping, message);
}

static void receive_rows(struct stepping *stepping, struct mesh_tier *tier)
{
    const struct mesh_message *heard = stepping->event->message;
    uint32_t edge_first;
    uint32_t edge_end;
    mesh_rows_range(heard, &edge_first, &edge_end);
    for (uint32_t i = 0; i < heard->update_count; i++) {
        struct mesh_row row = mesh_rows_row(heard, i);
        take_over(stepping, tier, &row);
    }
    if (heard->kind == MESH_MESSAGE_ROWS && !stepping->replica->joining &&
        may_have_better(tier, heard, edge_first, edge_end)) {
        answer_rows(stepping, tier, edge_first, edge_end);
    }
}

// 3: the rows that are better than those named. Both sides are sorted by edge.
static void receive_held(struct stepping *stepping, const struct mesh_scope *scope,
                         struct mesh_tier *tier)
{
    const struct mesh_message *heard = stepping->event->message;
    uint32_t edge_first;
    uint32_t edge_end;
    mesh_rows_range(heard, &edge_first, &edge_end);
    uint32_t limit = rows_limit(scope);
    struct mesh_message *message =
        begin_rows(stepping, tier, MESH_MESSAGE_ROWS_REST, heard->occasion, limit);
    mesh_rows_set_range(message, tier->edge_first, tier->edge_end);
    uint32_t named = 0;
    for (uint32_t i = 0; i < tier->rows.count && message->update_count < limit; i++) {
        const struct mesh_row *row = &tier->rows.rows[i];
        while (named < heard->update_count && mesh_rows_name(heard, named).edge < row->edge) {
            named++;
        }
        struct mesh_row_name theirs = {.edge = row->edge};
        if (named < heard->update_count && mesh_rows_name(heard, named).edge == row->edge) {
            theirs = mesh_rows_name(heard, named);
        }
        struct mesh_row_name ours = mesh_row_name(row);
        if (row->edge - edge_first < edge_end - edge_first &&
            mesh_row_name_precedes(&theirs, &ours)) {
            mesh_rows_add(message, row);
        }
    }
    if (message->update_count == 0) {
        mesh_outgoing_drop(stepping, message);
        return;
    }
    trim(stepping, message);
    mesh_outgoing_reply(stepping, message);
}

// Rows come from below or beside, names from above or beside. A callee hears its callers, who are
// below; the callers of a scope hear answers only; coordinators call each other.
void mesh_tiers_receive(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *heard = stepping->event->message;
    struct mesh_tier *tier = tier_of(stepping);
    bool member = tier != NULL && tier->scope == stepping->scope;
    bool answer = heard->kind == MESH_MESSAGE_ROWS_HELD;
    if (tier == NULL || (answer ? !member : member && scope->callees != NULL)) {
        mesh_stepping_reject(stepping, MESH_REJECT_KIND);
        return;
    }
    uint32_t edge_first;
    uint32_t edge_end;
    mesh_rows_range(heard, &edge_first, &edge_end);
    if (edge_first < tier->edge_first || edge_end > tier->edge_end || edge_first >= edge_end) {
        mesh_stepping_reject(stepping, MESH_REJECT_EDGE);
    } else if (!answer) {
        receive_rows(stepping, tier);
    } else if (!stepping->replica->joining) {
        receive_held(stepping, scope, tier);
    }
}
