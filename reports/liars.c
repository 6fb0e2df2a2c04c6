// SPDX-License-Identifier: GPL-3.0-or-later
#include "liars.h"

#include <stdlib.h>
#include <string.h>

// Stores of earlier versions know of nobody who lies.
static bool knows_liars(const struct report_store *store)
{
    bool known = false;
    sqlite3_stmt *row = report_store_prepare(
        store, "SELECT 1 FROM sqlite_schema WHERE name = 'liars' AND ?1 IS NOT NULL", 0);
    while (report_store_next(store, row)) {
        known = true;
    }
    return known;
}

// Whether the run has one kind of liars, and which. Before version 6 nobody noted who is unseen.
static bool read_behaviour(const struct report_store *store, struct report_lying *lying)
{
    bool one = false;
    const char *query = store->version < 6
                            ? "SELECT behaviour, nodes, count(*), sum(lies), NULL FROM liars"
                              " WHERE run_id = ?1 AND repetition ="
                              " (SELECT min(repetition) FROM liars WHERE run_id = ?1)"
                            : "SELECT behaviour, nodes, count(*), sum(lies), unseen FROM liars"
                              " WHERE run_id = ?1 AND repetition ="
                              " (SELECT min(repetition) FROM liars WHERE run_id = ?1)";
    sqlite3_stmt *row = report_store_prepare(store, query, lying->run->run_id);
    while (report_store_next(store, row)) {
        report_store_text(row, 0, lying->behaviour);
        int64_t agents = lying->run->agents > 0 ? lying->run->agents : 1;
        lying->permille = (sqlite3_column_int64(row, 1) * 1000 + agents / 2) / agents;
        one = sqlite3_column_int(row, 2) == 1;
        lying->idle = sqlite3_column_int64(row, 1) > 0 && sqlite3_column_int64(row, 3) == 0;
        if (sqlite3_column_type(row, 4) == SQLITE_TEXT) {
            report_store_text(row, 4, lying->unseen);
        }
    }
    return one;
}

static void read_expectations(const struct report_store *store, struct report_lying *lying,
                              struct report_table *table)
{
    sqlite3_stmt *row = report_store_prepare(
        store, "SELECT outcome = 'pass', text FROM expectations WHERE run_id = ?1 ORDER BY ordinal",
        lying->run->run_id);
    while (report_store_next(store, row)) {
        if (lying->judged == REPORT_JUDGED_MAX) {
            continue;
        }
        if (lying->judged == table->expectation_count) {
            report_store_text(row, 1, table->expectations[table->expectation_count++]);
        }
        lying->failed |= (uint32_t)(sqlite3_column_int(row, 0) == 0) << lying->judged++;
    }
}

// What is expected is the scenario's, so others have tables of their own.
static struct report_table *table_of(struct report_lyings *lyings, const struct report_run *run)
{
    for (size_t i = 0; i < lyings->count; i++) {
        const struct report_run *first = lyings->tables[i].cells[0].run;
        if (report_same_mesh(first, run) && strcmp(first->scenario, run->scenario) == 0) {
            return &lyings->tables[i];
        }
    }
    lyings->tables = report_resize(lyings->tables, (lyings->count + 1) * sizeof *lyings->tables);
    lyings->tables[lyings->count] = (struct report_table){0};
    return &lyings->tables[lyings->count++];
}

bool report_lyings_read(const struct report_store *store, struct report_lyings *lyings)
{
    *lyings = (struct report_lyings){0};
    bool known = knows_liars(store);
    for (size_t i = 0; i < store->run_count && known; i++) {
        struct report_lying lying = {.run = &store->runs[i]};
        if (!read_behaviour(store, &lying)) {
            continue;
        }
        struct report_table *table = table_of(lyings, lying.run);
        read_expectations(store, &lying, table);
        lying.p95 = report_store_percentile(store, lying.run->run_id, "convergence", "p95");
        table->cells = report_resize(table->cells, (table->count + 1) * sizeof *table->cells);
        table->cells[table->count++] = lying;
    }
    return store->error->code == REPORT_OK;
}

void report_lyings_finish(struct report_lyings *lyings)
{
    for (size_t i = 0; i < lyings->count; i++) {
        free(lyings->tables[i].cells);
    }
    free(lyings->tables);
}
