// SPDX-License-Identifier: Apache-2.0
// The reports of an edge and the row that a relay makes of them.
#include <assert.h>
#include <string.h>

#include "cursor.h"
#include "held.h"
#include "mesh/step.h"
#include "mesh/summary.h"
#include "sums.h"

void mesh_reports_init(struct mesh_reports *state, struct mesh_report_entry *entries,
                       uint32_t capacity)
{
    *state = (struct mesh_reports){.entries = entries, .capacity = capacity};
}

static bool precedes(const struct mesh_report_entry *a, const struct mesh_report_entry *b)
{
    if (a->clock != b->clock) {
        return a->clock < b->clock;
    }
    if (a->hash[0] != b->hash[0]) {
        return a->hash[0] < b->hash[0];
    }
    return a->hash[1] < b->hash[1];
}

// Where `origin` stands or belongs.
static uint32_t entry_index(const struct mesh_reports *state, uint32_t origin)
{
    uint32_t low = 0;
    uint32_t high = state->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (state->entries[middle].origin < origin) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool mesh_reports_write(struct mesh_reports *state, const struct mesh_report_entry *entry)
{
    uint32_t index = entry_index(state, entry->origin);
    struct mesh_report_entry *at = &state->entries[index];
    struct mesh_sums more = mesh_sums_of(&entry->report);
    if (index < state->count && at->origin == entry->origin) {
        if (precedes(at, entry)) {
            struct mesh_sums less = mesh_sums_of(&at->report);
            mesh_sums_subtract(&state->sums, &less);
            mesh_sums_add(&state->sums, &more);
            *at = *entry;
        }
        return true;
    }
    if (state->count == state->capacity) {
        return false;
    }
    memmove(at + 1, at, (state->count - index) * sizeof *at);
    *at = *entry;
    state->count++;
    mesh_sums_add(&state->sums, &more);
    return true;
}

bool mesh_reports_apply(struct mesh_reports *state, const struct mesh_update *update)
{
    struct mesh_report_entry entry = {
        .clock = update->clock,
        .hash = {update->hash[0], update->hash[1]},
        .origin = update->dot.origin,
    };
    bool valid = mesh_report_decode(update, &entry.report);
    assert(valid);
    return mesh_reports_write(state, &entry);
}

bool mesh_reports_merge(struct mesh_reports *state, const struct mesh_reports *other)
{
    for (uint32_t i = 0; i < other->count; i++) {
        if (!mesh_reports_write(state, &other->entries[i])) {
            return false;
        }
    }
    return true;
}

bool mesh_reports_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                       uint32_t edge, struct mesh_reports *state)
{
    struct held held = held_by(table, have, words);
    mesh_reports_init(state, state->entries, state->capacity);
    for (const struct mesh_update *update; (update = held_next(&held)) != NULL;) {
        if (update->type == MESH_REPORT && update->key == edge &&
            !mesh_reports_apply(state, update)) {
            return false;
        }
    }
    return true;
}

struct mesh_row mesh_reports_row(const struct mesh_reports *reports, uint32_t edge, uint32_t relay,
                                 uint64_t clock)
{
    assert(reports->count >= 1 && reports->count <= MESH_NODE_MAX);
    return (struct mesh_row){
        .sums = reports->sums,
        .clock = clock,
        .reports = reports->count,
        .relay = relay,
        .edge = edge,
    };
}

// ---- The value of an update ----

uint32_t mesh_report_encode(const struct mesh_report *report, uint8_t *value)
{
    struct writer writer = {value, MESH_REPORT_BYTES_MAX, 0};
    put_varint(&writer, report->executions);
    put_varint(&writer, report->active_tasks);
    put_varint(&writer, report->completion_ppb);
    put_varint(&writer, report->latency_us);
    assert(writer.count <= writer.capacity);
    return (uint32_t)writer.count;
}

bool mesh_report_decode(const struct mesh_update *update, struct mesh_report *report)
{
    assert(update->type == MESH_REPORT);
    struct reader reader = {update->value, update->value_bytes, false};
    report->executions = take_varint(&reader, MESH_REPORT_COUNT_MAX);
    report->active_tasks = take_varint(&reader, MESH_REPORT_COUNT_MAX);
    report->completion_ppb = (uint32_t)take_varint(&reader, MESH_REPORT_RATE_MAX);
    report->latency_us = (uint32_t)take_varint(&reader, UINT32_MAX);
    return !reader.failed && reader.left == 0;
}
