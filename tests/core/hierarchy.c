// SPDX-License-Identifier: GPL-3.0-or-later
#include "hierarchy.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "mesh/release.h"
#include "mesh/wire.h"

#define RECORDS 4096

static void *must(void *memory)
{
    cr_assert_not_null(memory, "out of memory");
    return memory;
}

void *hierarchy_memory(struct hierarchy *hierarchy, size_t bytes)
{
    size_t count = hierarchy->memory_count++;
    hierarchy->memory = must(realloc(hierarchy->memory, (count + 1) * sizeof *hierarchy->memory));
    return hierarchy->memory[count] = must(calloc(1, bytes + 1));
}

uint32_t hierarchy_aggregator(const struct hierarchy *hierarchy, uint32_t index)
{
    return hierarchy->agents + index;
}

uint32_t hierarchy_coordinator(const struct hierarchy *hierarchy, uint32_t index)
{
    return hierarchy->agents + hierarchy->aggregators + index;
}

// ---- Layout ----

static uint32_t *node_range(struct hierarchy *hierarchy, uint32_t first, uint32_t count)
{
    uint32_t *nodes = hierarchy_memory(hierarchy, count * sizeof *nodes);
    for (uint32_t i = 0; i < count; i++) {
        nodes[i] = first + i;
    }
    return nodes;
}

static void init_scopes(struct hierarchy *hierarchy)
{
    const struct hierarchy_settings *settings = &hierarchy->settings;
    uint32_t count = hierarchy->edges + 2 + hierarchy->aggregators;
    hierarchy->scopes = hierarchy_memory(hierarchy, count * sizeof *hierarchy->scopes);
    hierarchy->local_tables = hierarchy_memory(hierarchy, count * sizeof(struct mesh_table *));
    for (uint32_t i = 0; i < count; i++) {
        hierarchy->scopes[i] = (struct mesh_scope){
            .fanout = 2,
            .update_limit = settings->update_limit,
            .interval_ns = 100 * LAB_MS,
            .mode = i < hierarchy->edges ? settings->mode : MESH_PUSH_PULL,
            .schedule = settings->schedule,
        };
    }
    for (uint32_t i = 0; i < hierarchy->edges; i++) {
        hierarchy->scopes[i].first = i * settings->agents_per_edge;
        hierarchy->scopes[i].count = settings->agents_per_edge;
    }
    struct mesh_scope *aggregators = &hierarchy->scopes[hierarchy->edges];
    aggregators->first = hierarchy->agents;
    aggregators->count = hierarchy->aggregators;
    aggregators->callee_count = settings->coordinators;
    aggregators->callees =
        node_range(hierarchy, hierarchy_coordinator(hierarchy, 0), settings->coordinators);
    struct mesh_scope *coordinators = aggregators + 1;
    coordinators->first = hierarchy_coordinator(hierarchy, 0);
    coordinators->count = settings->coordinators;
    for (uint32_t i = 0; i < hierarchy->aggregators; i++) {
        struct mesh_scope *link = &coordinators[1 + i];
        uint32_t relays = settings->edges_per_aggregator * settings->relays_per_edge;
        uint32_t *members = hierarchy_memory(hierarchy, relays * sizeof *members);
        for (uint32_t j = 0; j < relays; j++) {
            uint32_t edge = i * settings->edges_per_aggregator + j / settings->relays_per_edge;
            members[j] = edge * settings->agents_per_edge + j % settings->relays_per_edge;
        }
        link->members = members;
        link->count = relays;
        link->callees = node_range(hierarchy, hierarchy_aggregator(hierarchy, i), 1);
        link->callee_count = 1;
    }
    hierarchy->config = (struct mesh_config){
        .seed = settings->seed,
        .scopes = hierarchy->scopes,
        .scope_count = count,
        .tiers = &hierarchy->tiers,
        .hash = lab_hash,
    };
}

static void init_table(struct hierarchy *hierarchy, struct mesh_table *table, uint32_t words,
                       uint32_t origins)
{
    uint32_t lanes = 64 * words;
    uint32_t index_capacity = 128;
    while (index_capacity < 2 * lanes) {
        index_capacity *= 2;
    }
    mesh_table_init(table, hierarchy_memory(hierarchy, lanes * sizeof(struct mesh_update)), lanes,
                    hierarchy_memory(hierarchy, index_capacity * sizeof(uint32_t)), index_capacity,
                    NULL);
    mesh_table_permit_release(table, hierarchy_memory(hierarchy, origins * sizeof(uint32_t)),
                              origins);
}

static void init_tables(struct hierarchy *hierarchy)
{
    const struct hierarchy_settings *settings = &hierarchy->settings;
    init_table(hierarchy, &hierarchy->table, settings->shared_words, hierarchy->nodes);
    hierarchy->table.locals = hierarchy->local_tables;
    hierarchy->table.local_words = settings->local_words;
    hierarchy->locals = hierarchy_memory(hierarchy, hierarchy->edges * sizeof(struct mesh_table));
    for (uint32_t i = 0; i < hierarchy->edges; i++) {
        struct mesh_table *local = &hierarchy->locals[i];
        init_table(hierarchy, local, settings->local_words, settings->agents_per_edge);
        local->origin_first = MESH_NODE_MAX + i * settings->agents_per_edge;
        size_t agents = settings->agents_per_edge;
        mesh_table_keep_last(local,
                             hierarchy_memory(hierarchy, agents * sizeof(struct mesh_update)),
                             hierarchy_memory(hierarchy, agents * MESH_REPORT_BYTES_MAX),
                             MESH_REPORT_BYTES_MAX, NULL);
        if (settings->seed % 2 == 0) {
            size_t words = (size_t)MESH_SIZE_PLANES * settings->local_words;
            mesh_table_weigh(local, hierarchy_memory(hierarchy, words * sizeof(uint64_t)));
        }
        hierarchy->local_tables[i] = local;
    }
}

static void reserve_total(struct hierarchy *hierarchy, struct mesh_tier *tier)
{
    const struct mesh_replica *replica = mesh_replica_of(&hierarchy->states, tier->node);
    tier->lane =
        mesh_table_reserve(&hierarchy->table, (struct mesh_dot){tier->node, replica->sequence + 1});
    cr_assert_neq(tier->lane, MESH_LANE_NONE, "too few lanes for so many totals");
    tier->value = hierarchy_memory(hierarchy, MESH_TOTAL_BYTES_MAX);
}

static void add_tier(struct hierarchy *hierarchy, struct mesh_tier tier)
{
    struct mesh_tier *at = &hierarchy->states.tiers[hierarchy->states.tier_count++];
    uint32_t edges = tier.edge_end - tier.edge_first;
    *at = tier;
    at->rows.rows = hierarchy_memory(hierarchy, edges * sizeof(struct mesh_row));
    at->rows.capacity = edges;
    at->ages = hierarchy_memory(hierarchy, edges);
    at->lane = MESH_LANE_NONE;
    if (tier.level == MESH_RELAY) {
        uint32_t agents = hierarchy->settings.agents_per_edge;
        mesh_reports_init(&at->reports,
                          hierarchy_memory(hierarchy, agents * sizeof(struct mesh_report_entry)),
                          agents);
    }
}

static void add_relay(struct hierarchy *hierarchy, uint32_t agent)
{
    const struct hierarchy_settings *settings = &hierarchy->settings;
    uint32_t edge = agent / settings->agents_per_edge;
    uint32_t link = hierarchy->edges + 2 + edge / settings->edges_per_aggregator;
    add_tier(hierarchy, (struct mesh_tier){.node = agent,
                                           .scope = (uint16_t)link,
                                           .level = MESH_RELAY,
                                           .edge_first = edge,
                                           .edge_end = edge + 1});
    *mesh_role_at(&hierarchy->states, hierarchy->states.role_count++) =
        (struct mesh_role){.node = agent, .scope = (uint16_t)link, .home = (uint16_t)edge};
    hierarchy->has_role[agent / 64] |= UINT64_C(1) << agent % 64;
}

static void init_records(struct hierarchy *hierarchy)
{
    const struct hierarchy_settings *settings = &hierarchy->settings;
    uint32_t relays = hierarchy->edges * settings->relays_per_edge;
    struct mesh_states *states = &hierarchy->states;
    states->roles = hierarchy_memory(hierarchy, relays * mesh_role_bytes(hierarchy->words));
    states->tiers = hierarchy_memory(hierarchy, hierarchy->nodes * sizeof(struct mesh_tier));
    hierarchy->has_role =
        hierarchy_memory(hierarchy, (hierarchy->nodes / 64 + 1) * sizeof(uint64_t));
    states->has_role = hierarchy->has_role;
    for (uint32_t agent = 0; agent < hierarchy->agents; agent++) {
        hierarchy->home[agent] = (uint16_t)(agent / settings->agents_per_edge);
        if (agent % settings->agents_per_edge < settings->relays_per_edge) {
            add_relay(hierarchy, agent);
        }
    }
    for (uint32_t node = hierarchy->agents; node < hierarchy->nodes; node++) {
        bool above = node >= hierarchy_coordinator(hierarchy, 0);
        uint32_t first = (node - hierarchy->agents) * settings->edges_per_aggregator;
        uint16_t scope = (uint16_t)(hierarchy->edges + above);
        hierarchy->home[node] = scope;
        add_tier(hierarchy,
                 (struct mesh_tier){
                     .node = node,
                     .scope = scope,
                     .level = above ? MESH_COORDINATOR : MESH_AGGREGATOR,
                     .edge_first = above ? 0 : first,
                     .edge_end = above ? hierarchy->edges : first + settings->edges_per_aggregator,
                 });
    }
}

static void init_output(struct hierarchy *hierarchy)
{
    struct mesh_bound bound = mesh_output_bound(&hierarchy->config, hierarchy->words);
    cr_assert(bound.records <= RECORDS);
    hierarchy->output = (struct mesh_output){
        .records = hierarchy_memory(hierarchy, bound.records * sizeof(struct mesh_record)),
        .record_capacity = bound.records,
        .targets = hierarchy_memory(hierarchy, bound.targets * sizeof(uint32_t)),
        .target_capacity = bound.targets,
        .news = hierarchy_memory(hierarchy, bound.news * sizeof(struct mesh_news)),
        .news_capacity = bound.news,
        .messages = hierarchy_memory(hierarchy, bound.message_words * sizeof(uint64_t)),
        .message_word_capacity = bound.message_words,
    };
}

void hierarchy_init(struct hierarchy *hierarchy, struct hierarchy_settings settings)
{
    *hierarchy = (struct hierarchy){.settings = settings};
    hierarchy->aggregators = settings.regions * settings.aggregators_per_region;
    hierarchy->edges = hierarchy->aggregators * settings.edges_per_aggregator;
    hierarchy->agents = hierarchy->edges * settings.agents_per_edge;
    hierarchy->nodes = hierarchy->agents + hierarchy->aggregators + settings.coordinators;
    hierarchy->words = settings.local_words + settings.shared_words;
    hierarchy->tiers = (struct mesh_tiers){
        {settings.edges_per_aggregator, settings.aggregators_per_region}, hierarchy->edges};
    init_scopes(hierarchy);
    init_tables(hierarchy);
    uint32_t planes = mesh_planes(&hierarchy->config);
    size_t stride = mesh_replica_bytes(hierarchy->words, planes, settings.local_words);
    hierarchy->states = (struct mesh_states){
        .replicas = hierarchy_memory(hierarchy, hierarchy->nodes * stride),
        .stride = stride,
        .node_count = hierarchy->nodes,
        .words = hierarchy->words,
        .planes = planes,
        .table = &hierarchy->table,
    };
    size_t agents = hierarchy->agents;
    hierarchy->home = hierarchy_memory(hierarchy, hierarchy->nodes * sizeof(uint16_t));
    hierarchy->ticks = hierarchy_memory(hierarchy, hierarchy->nodes * sizeof(uint64_t));
    hierarchy->report_count = hierarchy_memory(hierarchy, agents * sizeof(uint32_t));
    hierarchy->said = hierarchy_memory(hierarchy, agents * sizeof(struct mesh_report));
    size_t pairs = agents * settings.agents_per_edge;
    hierarchy->told_count = hierarchy_memory(hierarchy, pairs * sizeof(uint32_t));
    hierarchy->told = hierarchy_memory(hierarchy, pairs * sizeof(struct mesh_report));
    init_records(hierarchy);
    init_output(hierarchy);
}

void hierarchy_finish(struct hierarchy *hierarchy)
{
    for (size_t i = 0; i < hierarchy->memory_count; i++) {
        free(hierarchy->memory[i]);
    }
    for (uint32_t i = 0; i < hierarchy->flight_count; i++) {
        free((void *)hierarchy->flights[i].message);
    }
    free(hierarchy->memory);
    free(hierarchy->flights);
    free(hierarchy->rows);
    *hierarchy = (struct hierarchy){.nodes = 0};
}

// ---- What every step is checked for ----

static void add_report(struct mesh_sums *sums, const struct mesh_report *report)
{
    sums->executions += report->executions;
    sums->active_tasks += report->active_tasks;
    sums->completion += (mesh_uint128)report->executions * report->completion_ppb;
    sums->latency += (mesh_uint128)report->executions * report->latency_us;
}

static bool sums_equal(const struct mesh_sums *a, const struct mesh_sums *b)
{
    return a->executions == b->executions && a->active_tasks == b->active_tasks &&
           a->completion == b->completion && a->latency == b->latency;
}

// The node learns a report of its edge.
static void note_told(struct hierarchy *hierarchy, uint32_t node, const struct mesh_update *update)
{
    uint32_t per_edge = hierarchy->settings.agents_per_edge;
    uint32_t agent = update->dot.origin - MESH_NODE_MAX;
    cr_assert_eq(agent / per_edge, node / per_edge, "a report of another edge");
    size_t at = (size_t)node * per_edge + agent % per_edge;
    if (update->dot.sequence > hierarchy->told_count[at]) {
        hierarchy->told_count[at] = update->dot.sequence;
        cr_assert(mesh_report_decode(update, &hierarchy->told[at]));
    }
}

static void note_delivered(struct hierarchy *hierarchy, uint32_t node,
                           const struct mesh_record *record)
{
    const struct mesh_news *news = &hierarchy->output.news[record->deliver.news_first];
    const struct mesh_table *local = hierarchy->local_tables[hierarchy->home[node]];
    for (uint32_t i = 0; i < record->deliver.news_count; i++) {
        bool is_local = news[i].word < hierarchy->settings.local_words;
        for (uint64_t left = is_local ? news[i].lanes : 0; left != 0; left &= left - 1) {
            uint32_t lane = 64 * news[i].word + (uint32_t)__builtin_ctzll(left);
            note_told(hierarchy, node, &local->updates[lane]);
        }
    }
}

static void note_made(struct hierarchy *hierarchy, uint32_t relay, const struct mesh_record *record)
{
    if (hierarchy->row_count == hierarchy->row_capacity) {
        hierarchy->row_capacity = 2 * hierarchy->row_capacity + 64;
        hierarchy->rows =
            must(realloc(hierarchy->rows, hierarchy->row_capacity * sizeof *hierarchy->rows));
    }
    uint32_t per_edge = hierarchy->settings.agents_per_edge;
    struct hierarchy_row *row = &hierarchy->rows[hierarchy->row_count++];
    *row = (struct hierarchy_row){
        .clock = record->row.clock, .edge = record->row.edge, .relay = relay};
    cr_assert_eq(record->row.edge, relay / per_edge);
    for (size_t at = (size_t)relay * per_edge; at < (relay + (size_t)1) * per_edge; at++) {
        if (hierarchy->told_count[at] > 0) {
            add_report(&row->sums, &hierarchy->told[at]);
            row->reports++;
        }
    }
}

static void check_row(const struct hierarchy *hierarchy, uint32_t node,
                      const struct mesh_record *record)
{
    const struct mesh_tier *tier = mesh_tiers_of(&hierarchy->states, node);
    const struct mesh_row *row = mesh_summary_row(&tier->rows, record->row.edge);
    cr_assert(row->clock == record->row.clock && row->relay == record->row.relay);
    for (uint32_t i = hierarchy->row_count; i-- > 0;) {
        const struct hierarchy_row *made = &hierarchy->rows[i];
        if (made->edge == row->edge && made->relay == row->relay && made->clock == row->clock) {
            cr_assert(made->reports == row->reports && sums_equal(&made->sums, &row->sums),
                      "node %u has a row of edge %u that is not the sum of what relay %u held",
                      node, row->edge, row->relay);
            return;
        }
    }
    cr_assert_fail("node %u has a row that nobody made", node);
}

static void check_message(const struct hierarchy *hierarchy, const struct mesh_message *message,
                          uint32_t target)
{
    static uint8_t bytes[1 << 17];
    size_t size =
        mesh_wire_encode(&hierarchy->config, &hierarchy->table, message, bytes, sizeof bytes);
    cr_assert_eq(size, message->wire_bytes, "kind %u: %zu bytes, said to be %u", message->kind,
                 size, message->wire_bytes);
    bool above = target >= hierarchy->agents && target > message->source;
    bool beside = message->scope == hierarchy->edges + 1;
    if (mesh_message_has_rows(message->kind)) {
        bool names = message->kind == MESH_MESSAGE_ROWS_HELD;
        cr_assert(beside || (names ? !above : above), "node %u sends kind %u to %u",
                  message->source, message->kind, target);
        return;
    }
    // The second set of a snapshot is a clock.
    uint32_t sets = message->scope < hierarchy->edges        ? 0
                    : message->kind == MESH_MESSAGE_SNAPSHOT ? 1
                                                             : mesh_message_sets(message->kind);
    for (uint32_t set = 0; set < sets; set++) {
        for (uint32_t word = 0; word < hierarchy->settings.local_words; word++) {
            struct mesh_lanes lanes = mesh_message_set(message, set);
            cr_assert_eq(mesh_lanes_at(&lanes, word), 0, "a report leaves the edge of node %u",
                         message->source);
        }
    }
}

static void carry(struct hierarchy *hierarchy, const struct mesh_record *record)
{
    const struct mesh_message *message = record->send.message;
    size_t bytes = sizeof *message + (size_t)mesh_message_sets(message->kind) * message->words *
                                         sizeof message->lanes[0];
    for (uint32_t i = 0; i < record->send.target_count; i++) {
        if (hierarchy->flight_count == hierarchy->flight_capacity) {
            hierarchy->flight_capacity = 2 * hierarchy->flight_capacity + 64;
            hierarchy->flights = must(realloc(hierarchy->flights, hierarchy->flight_capacity *
                                                                      sizeof *hierarchy->flights));
        }
        uint32_t target = hierarchy->output.targets[record->send.target_first + i];
        check_message(hierarchy, message, target);
        struct mesh_message *copy = must(malloc(bytes));
        memcpy(copy, message, bytes);
        hierarchy->flights[hierarchy->flight_count++] = (struct hierarchy_flight){target, copy};
        hierarchy->sent[message->kind]++;
    }
}

static void carry_out(struct hierarchy *hierarchy, uint32_t node, const struct mesh_record *record)
{
    switch ((enum mesh_record_kind)record->kind) {
    case MESH_RECORD_SEND: carry(hierarchy, record); break;
    case MESH_RECORD_DELIVER: note_delivered(hierarchy, node, record); break;
    case MESH_RECORD_REJECT:
        hierarchy->rejects++;
        hierarchy->last_reject = record->reject.reason;
        break;
    case MESH_RECORD_ROW:
        if (record->row.relay == node) {
            note_made(hierarchy, node, record);
        }
        check_row(hierarchy, node, record);
        break;
    case MESH_RECORD_TIMER:
    case MESH_RECORD_PERSIST: break;
    default: cr_assert_fail("a record of kind %u", record->kind);
    }
}

// A snapshot also brings the newest released reports.
static void note_last(struct hierarchy *hierarchy, uint32_t node)
{
    const struct mesh_table *local = hierarchy->local_tables[hierarchy->home[node]];
    for (uint32_t i = 0; local != NULL && i < local->origin_count; i++) {
        if (local->last[i].dot.sequence != 0) {
            note_told(hierarchy, node, &local->last[i]);
        }
    }
}

static void step(struct hierarchy *hierarchy, struct mesh_event event)
{
    struct mesh_output *output = &hierarchy->output;
    const struct mesh_replica *replica = mesh_replica_of(&hierarchy->states, event.node);
    bool joining = replica->joining;
    hierarchy->now_ns += LAB_MS;
    event.time_ns = hierarchy->now_ns;
    struct mesh_tier *tier = mesh_tiers_of(&hierarchy->states, event.node);
    if (tier != NULL && tier->level == MESH_COORDINATOR && tier->lane == MESH_LANE_NONE) {
        reserve_total(hierarchy, tier);
    }
    cr_assert_eq(mesh_step(&hierarchy->config, &hierarchy->states, &event, 1, output), 1);
    if (joining && !replica->joining) {
        note_last(hierarchy, event.node);
    }
    for (uint32_t i = 0; i < output->record_count; i++) {
        carry_out(hierarchy, event.node, &output->records[i]);
    }
    output->record_count = 0;
    output->target_count = 0;
    output->news_count = 0;
    output->message_words = 0;
}

// ---- Events ----

void hierarchy_report(struct hierarchy *hierarchy, uint32_t agent, struct mesh_report report)
{
    uint32_t edge = agent / hierarchy->settings.agents_per_edge;
    uint8_t *value = hierarchy_memory(hierarchy, MESH_REPORT_BYTES_MAX);
    struct mesh_write write = {
        .value = value,
        .key = edge,
        .lane = mesh_table_reserve(
            &hierarchy->locals[edge],
            (struct mesh_dot){MESH_NODE_MAX + agent, ++hierarchy->report_count[agent]}),
        .value_bytes = (uint16_t)mesh_report_encode(&report, value),
        .type = MESH_REPORT,
    };
    cr_assert_neq(write.lane, MESH_LANE_NONE, "too few lanes for so many reports");
    hierarchy->said[agent] = report;
    step(hierarchy,
         (struct mesh_event){
             .node = agent, .scope = (uint16_t)edge, .kind = MESH_EVENT_WRITE, .write = &write});
}

void hierarchy_write(struct hierarchy *hierarchy, uint32_t node, uint64_t amount)
{
    const struct mesh_replica *replica = mesh_replica_of(&hierarchy->states, node);
    struct mesh_write write = {
        .amount = amount,
        .lane =
            mesh_table_reserve(&hierarchy->table, (struct mesh_dot){node, replica->sequence + 1}),
        .type = MESH_G_INCREMENT,
    };
    cr_assert_neq(write.lane, MESH_LANE_NONE);
    step(hierarchy, (struct mesh_event){.node = node,
                                        .scope = hierarchy->home[node],
                                        .kind = MESH_EVENT_WRITE,
                                        .write = &write});
}

void hierarchy_tick(struct hierarchy *hierarchy, uint32_t node, uint32_t scope)
{
    step(hierarchy, (struct mesh_event){.node = node,
                                        .scope = (uint16_t)scope,
                                        .kind = MESH_EVENT_TICK,
                                        .tick = ++hierarchy->ticks[node]});
}

void hierarchy_tick_all_scopes(struct hierarchy *hierarchy, uint32_t node)
{
    const struct mesh_tier *tier = mesh_tiers_of(&hierarchy->states, node);
    hierarchy_tick(hierarchy, node, hierarchy->home[node]);
    if (tier != NULL && tier->level == MESH_RELAY) {
        hierarchy_tick(hierarchy, node, tier->scope);
    }
}

void hierarchy_join(struct hierarchy *hierarchy, uint32_t node, uint32_t peer)
{
    uint32_t per_edge = hierarchy->settings.agents_per_edge;
    for (uint32_t i = 0; node < hierarchy->agents && i < per_edge; i++) {
        hierarchy->told_count[(size_t)node * per_edge + i] = 0;
    }
    step(hierarchy,
         (struct mesh_event){
             .node = node, .scope = hierarchy->home[node], .kind = MESH_EVENT_JOIN, .peer = peer});
}

void hierarchy_hear(struct hierarchy *hierarchy, uint32_t node, const struct mesh_message *message)
{
    step(hierarchy, (struct mesh_event){.node = node,
                                        .scope = message->scope,
                                        .kind = MESH_EVENT_RECEIVE,
                                        .message = message});
}

static struct hierarchy_flight land(struct hierarchy *hierarchy, uint32_t index)
{
    struct hierarchy_flight flight = hierarchy->flights[index];
    hierarchy->flight_count--;
    memmove(&hierarchy->flights[index], &hierarchy->flights[index + 1],
            (hierarchy->flight_count - index) * sizeof flight);
    return flight;
}

void hierarchy_deliver(struct hierarchy *hierarchy, uint32_t index, bool again)
{
    struct hierarchy_flight flight = again ? hierarchy->flights[index] : land(hierarchy, index);
    hierarchy_hear(hierarchy, flight.target, flight.message);
    if (!again) {
        free((void *)flight.message);
    }
}

void hierarchy_lose(struct hierarchy *hierarchy, uint32_t index)
{
    free((void *)land(hierarchy, index).message);
}

// In the order of sending, without moving the list at each message.
static void deliver_all(struct hierarchy *hierarchy)
{
    uint32_t next = 0;
    for (; next < hierarchy->flight_count; next++) {
        struct hierarchy_flight flight = hierarchy->flights[next];
        hierarchy_hear(hierarchy, flight.target, flight.message);
        free((void *)flight.message);
    }
    hierarchy->flight_count = 0;
}

void hierarchy_settle(struct hierarchy *hierarchy, uint32_t rounds)
{
    deliver_all(hierarchy);
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t node = 0; node < hierarchy->nodes; node++) {
            hierarchy_tick_all_scopes(hierarchy, node);
        }
        deliver_all(hierarchy);
    }
}

// ---- Releasing ----

#define WORDS_MAX 16

// The settled lanes of one section: of an edge, or of what is shared (edge == edges).
static void settled_in(const struct hierarchy *hierarchy, uint32_t edge, uint64_t *settled)
{
    struct mesh_states states = hierarchy->states;
    bool local = edge < hierarchy->edges;
    uint32_t local_words = hierarchy->settings.local_words;
    if (local) {
        states.node_first = edge * hierarchy->settings.agents_per_edge;
        states.node_count = hierarchy->settings.agents_per_edge;
        states.replicas = mesh_replica_of(&hierarchy->states, states.node_first);
        states.role_count = 0;  // roles keep no books of reports
    }
    uint32_t first = local ? 0 : local_words;
    uint32_t end = local ? local_words : hierarchy->words;
    memset(settled + first, 0xff, (end - first) * sizeof *settled);
    mesh_release_settled(&hierarchy->config, &states, first, end, settled);
    for (uint32_t i = 0; i < hierarchy->flight_count; i++) {
        const struct mesh_message *message = hierarchy->flights[i].message;
        if (!local || message->scope == edge) {
            mesh_release_under_way(message, first, end, settled);
        }
    }
}

void hierarchy_release(struct hierarchy *hierarchy)
{
    uint64_t settled[WORDS_MAX];
    uint32_t local_words = hierarchy->settings.local_words;
    cr_assert(hierarchy->words <= WORDS_MAX);
    for (uint32_t edge = 0; edge <= hierarchy->edges; edge++) {
        bool local = edge < hierarchy->edges;
        uint32_t first = local ? 0 : local_words;
        uint32_t end = local ? local_words : hierarchy->words;
        settled_in(hierarchy, edge, settled);
        hierarchy->released +=
            local ? mesh_release_lanes(&hierarchy->locals[edge], settled, local_words, NULL, NULL)
                  : mesh_release_lanes(&hierarchy->table, settled + local_words,
                                       hierarchy->words - local_words, NULL, NULL);
        struct mesh_states states = hierarchy->states;
        if (local) {
            states.node_first = edge * hierarchy->settings.agents_per_edge;
            states.node_count = hierarchy->settings.agents_per_edge;
            states.replicas = mesh_replica_of(&hierarchy->states, states.node_first);
        }
        mesh_release_forget(&states, first, end, settled);
        for (uint32_t i = 0; i < hierarchy->flight_count; i++) {
            struct mesh_message *message = (struct mesh_message *)hierarchy->flights[i].message;
            if (!local || message->scope == edge) {
                mesh_release_forget_in(message, first, end, settled);
            }
        }
    }
}

// ---- What nodes know ----

struct mesh_total hierarchy_truth(const struct hierarchy *hierarchy)
{
    const struct hierarchy_settings *settings = &hierarchy->settings;
    struct mesh_total total = {.reports = 0};
    uint8_t *seen = must(calloc(1, hierarchy->edges + (size_t)2 * hierarchy->aggregators));
    uint8_t *aggregators = seen + hierarchy->edges;
    uint8_t *regions = aggregators + hierarchy->aggregators;
    for (uint32_t agent = 0; agent < hierarchy->agents; agent++) {
        if (hierarchy->report_count[agent] > 0) {
            uint32_t edge = agent / settings->agents_per_edge;
            uint32_t aggregator = edge / settings->edges_per_aggregator;
            add_report(&total.sums, &hierarchy->said[agent]);
            total.reports++;
            seen[edge] = 1;
            aggregators[aggregator] = 1;
            regions[aggregator / settings->aggregators_per_region] = 1;
        }
    }
    for (uint32_t i = 0; i < hierarchy->edges; i++) {
        total.edges += seen[i];
    }
    for (uint32_t i = 0; i < hierarchy->aggregators; i++) {
        total.aggregators += aggregators[i];
        total.regions += regions[i];
    }
    free(seen);
    return total;
}

struct mesh_total hierarchy_total_of(const struct hierarchy *hierarchy, uint32_t node)
{
    const struct mesh_tier *tier = mesh_tiers_of(&hierarchy->states, node);
    return mesh_summary_total(&tier->rows, &hierarchy->tiers.hierarchy, 0, hierarchy->edges);
}

bool hierarchy_totals_equal(const struct mesh_total *a, const struct mesh_total *b)
{
    return sums_equal(&a->sums, &b->sums) && a->reports == b->reports && a->regions == b->regions &&
           a->aggregators == b->aggregators && a->edges == b->edges;
}

void hierarchy_expect_total(const struct hierarchy *hierarchy, const struct mesh_total *total)
{
    const struct mesh_states *states = &hierarchy->states;
    uint32_t first = hierarchy->settings.local_words;
    for (uint32_t i = 0; i < hierarchy->settings.coordinators; i++) {
        struct mesh_total own = hierarchy_total_of(hierarchy, hierarchy_coordinator(hierarchy, i));
        cr_assert(hierarchy_totals_equal(&own, total),
                  "seed %lu: coordinator %u adds up %lu reports of %u edges, not %lu of %u",
                  hierarchy->settings.seed, i, own.reports, own.edges, total->reports,
                  total->edges);
    }
    for (uint32_t node = 0; node < hierarchy->nodes; node++) {
        const struct mesh_replica *replica = mesh_replica_of(states, node);
        struct mesh_total heard;
        cr_assert(mesh_total_fold(&hierarchy->table, &replica->planes[first], states->words - first,
                                  MESH_TOTAL_KEY, &heard),
                  "seed %lu: node %u heard no total", hierarchy->settings.seed, node);
        cr_assert(hierarchy_totals_equal(&heard, total),
                  "seed %lu: node %u heard of %lu reports, not of %lu", hierarchy->settings.seed,
                  node, heard.reports, total->reports);
    }
}

static void add_held(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                     uint64_t hash[2])
{
    hash[0] += table->released_hash[0];
    hash[1] += table->released_hash[1];
    for (uint32_t lane = 0; lane < 64 * words; lane++) {
        if ((have[lane / 64] >> lane % 64 & 1) != 0) {
            hash[0] += table->updates[lane].hash[0];
            hash[1] += table->updates[lane].hash[1];
        }
    }
}

void hierarchy_hash(const struct hierarchy *hierarchy, uint32_t node, bool all, uint64_t hash[2])
{
    const struct mesh_states *states = &hierarchy->states;
    const struct mesh_replica *replica = mesh_replica_of(states, node);
    uint32_t first = hierarchy->settings.local_words;
    hash[0] = 0;
    hash[1] = 0;
    add_held(&hierarchy->table, &replica->planes[first], states->words - first, hash);
    if (all && node < hierarchy->agents) {
        add_held(hierarchy->local_tables[hierarchy->home[node]], replica->planes, first, hash);
    }
}
