// SPDX-License-Identifier: Apache-2.0
// Rows and totals; the reports that they are made of are in reports.c.
#include "mesh/summary.h"

#include <assert.h>
#include <string.h>

#include "cursor.h"
#include "held.h"
#include "lww.h"
#include "mesh/step.h"
#include "sums.h"

// ---- Sums ----

// sum / executions, which is below 2^32: bit by bit, since the target may have no 128-bit division.
static uint32_t average(mesh_uint128 sum, mesh_uint128 executions)
{
    uint64_t quotient = 0;
    for (uint32_t bit = 32; executions > 0 && bit-- > 0;) {
        uint64_t larger = quotient | UINT64_C(1) << bit;
        quotient = larger * executions <= sum ? larger : quotient;
    }
    return (uint32_t)quotient;
}

uint32_t mesh_sums_completion_ppb(const struct mesh_sums *sums)
{
    return average(sums->completion, sums->executions);
}

uint32_t mesh_sums_latency_us(const struct mesh_sums *sums)
{
    return average(sums->latency, sums->executions);
}

static void put_sums(struct writer *writer, const struct mesh_sums *sums)
{
    put_varint_wide(writer, sums->executions);
    put_varint_wide(writer, sums->active_tasks);
    put_varint_wide(writer, sums->completion);
    put_varint_wide(writer, sums->latency);
}

// What `reports` reports can add up to. reports < 2^56.
static void take_sums(struct reader *reader, uint64_t reports, struct mesh_sums *sums)
{
    mesh_uint128 count_max = (mesh_uint128)reports * MESH_REPORT_COUNT_MAX;
    sums->executions = take_varint_wide(reader, count_max);
    sums->active_tasks = take_varint_wide(reader, count_max);
    sums->completion = take_varint_wide(reader, sums->executions * MESH_REPORT_RATE_MAX);
    sums->latency = take_varint_wide(reader, sums->executions * UINT32_MAX);
}

// ---- Rows ----

bool mesh_row_precedes(const struct mesh_row *a, const struct mesh_row *b)
{
    if (a->reports != b->reports) {
        return a->reports < b->reports;
    }
    if (a->clock != b->clock) {
        return a->clock < b->clock;
    }
    if (a->relay != b->relay) {
        return a->relay < b->relay;
    }
    if (a->hash[0] != b->hash[0]) {
        return a->hash[0] < b->hash[0];
    }
    return a->hash[1] < b->hash[1];
}

// The first row of `edge` or of one after it.
static uint32_t row_index(const struct mesh_summary *state, uint32_t edge)
{
    uint32_t low = 0;
    uint32_t high = state->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (state->rows[middle].edge < edge) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct mesh_row *mesh_summary_row(const struct mesh_summary *state, uint32_t edge)
{
    uint32_t index = row_index(state, edge);
    return index < state->count && state->rows[index].edge == edge ? &state->rows[index] : NULL;
}

bool mesh_summary_write(struct mesh_summary *state, const struct mesh_row *row)
{
    uint32_t index = row_index(state, row->edge);
    struct mesh_row *at = &state->rows[index];
    if (index < state->count && at->edge == row->edge) {
        if (mesh_row_precedes(at, row)) {
            *at = *row;
        }
        return true;
    }
    if (state->count == state->capacity) {
        return false;
    }
    memmove(at + 1, at, (state->count - index) * sizeof *at);
    *at = *row;
    state->count++;
    return true;
}

bool mesh_summary_apply(struct mesh_summary *state, const struct mesh_update *update)
{
    struct mesh_row row;
    bool valid = mesh_row_decode(update, &row);
    assert(valid);
    return mesh_summary_write(state, &row);
}

bool mesh_summary_merge(struct mesh_summary *state, const struct mesh_summary *other)
{
    for (uint32_t i = 0; i < other->count; i++) {
        if (!mesh_summary_write(state, &other->rows[i])) {
            return false;
        }
    }
    return true;
}

bool mesh_summary_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                       struct mesh_summary *state)
{
    struct held held = held_by(table, have, words);
    state->count = 0;
    for (const struct mesh_update *update; (update = held_next(&held)) != NULL;) {
        if (update->type == MESH_ROW && !mesh_summary_apply(state, update)) {
            return false;
        }
    }
    return true;
}

uint32_t mesh_row_encode(const struct mesh_row *row, uint8_t *value)
{
    struct writer writer = {value, MESH_ROW_BYTES_MAX, 0};
    put_varint(&writer, row->reports);
    put_sums(&writer, &row->sums);
    assert(writer.count <= writer.capacity);
    return (uint32_t)writer.count;
}

bool mesh_row_decode(const struct mesh_update *update, struct mesh_row *row)
{
    assert(update->type == MESH_ROW);
    struct reader reader = {update->value, update->value_bytes, false};
    *row = (struct mesh_row){
        .clock = update->clock,
        .hash = {update->hash[0], update->hash[1]},
        .reports = (uint32_t)take_varint(&reader, MESH_NODE_MAX),
        .relay = update->dot.origin,
        .edge = update->key,
    };
    take_sums(&reader, row->reports, &row->sums);
    return !reader.failed && reader.left == 0 && row->reports > 0;
}

// ---- Totals ----

struct mesh_total mesh_summary_total(const struct mesh_summary *state,
                                     const struct mesh_hierarchy *hierarchy, uint32_t edge_start,
                                     uint32_t edge_end)
{
    struct mesh_total total = {.reports = 0};
    uint32_t last_aggregator = UINT32_MAX;  // no edge that is asked for belongs to it
    uint32_t last_region = UINT32_MAX;
    for (uint32_t i = row_index(state, edge_start); i < state->count; i++) {
        const struct mesh_row *row = &state->rows[i];
        if (row->edge >= edge_end) {
            break;
        }
        uint32_t aggregator = row->edge / hierarchy->edges_per_aggregator;
        uint32_t region = aggregator / hierarchy->aggregators_per_region;
        mesh_sums_add(&total.sums, &row->sums);
        total.reports += row->reports;
        total.regions += region != last_region;
        total.aggregators += aggregator != last_aggregator;
        total.edges++;
        last_aggregator = aggregator;
        last_region = region;
    }
    return total;
}

uint32_t mesh_total_encode(const struct mesh_total *total, uint8_t *value)
{
    struct writer writer = {value, MESH_TOTAL_BYTES_MAX, 0};
    put_varint(&writer, total->regions);
    put_varint(&writer, total->aggregators);
    put_varint(&writer, total->edges);
    put_varint(&writer, total->reports);
    put_sums(&writer, &total->sums);
    assert(writer.count <= writer.capacity);
    return (uint32_t)writer.count;
}

// From the top down, every count bounds the next one from one side or the other.
bool mesh_total_decode(const struct mesh_update *update, struct mesh_total *total)
{
    assert(update->type == MESH_TOTAL);
    struct reader reader = {update->value, update->value_bytes, false};
    *total = (struct mesh_total){.regions = (uint32_t)take_varint(&reader, UINT32_MAX)};
    total->aggregators = (uint32_t)take_varint(&reader, UINT32_MAX);
    total->edges = (uint32_t)take_varint(&reader, UINT32_MAX);
    total->reports = take_varint(&reader, (uint64_t)total->edges * MESH_NODE_MAX);
    take_sums(&reader, total->reports, &total->sums);
    return !reader.failed && reader.left == 0 && total->regions > 0 &&
           total->regions <= total->aggregators && total->aggregators <= total->edges &&
           total->edges <= total->reports;
}

bool mesh_total_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                     uint32_t key, struct mesh_total *total)
{
    struct mesh_lww last;
    if (!mesh_lww_fold_type(table, have, words, MESH_TOTAL, key, &last)) {
        return false;
    }
    struct mesh_update update = {
        .type = MESH_TOTAL, .value = last.value, .value_bytes = (uint16_t)last.value_bytes};
    bool valid = mesh_total_decode(&update, total);
    assert(valid);
    return true;
}
