// SPDX-License-Identifier: GPL-3.0-or-later
// Tables of latencies: kept by the hash of their bytes, read back for a run that is repeated.
#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

#include "allocate.h"
#include "handle.h"

_Static_assert(SIM_STORE_TABLE_BYTES == 59416, "as schema.sql says");

uint64_t sim_store_pack_table(const struct sim_quantiles *quantiles,
                              unsigned char bytes[SIM_STORE_TABLE_BYTES])
{
    uint64_t values[SIM_STORE_TABLE_BYTES / sizeof(uint64_t)];
    memcpy(values, quantiles, sizeof values);
    for (size_t i = 0; i < SIM_STORE_TABLE_BYTES; i++) {
        bytes[i] = (unsigned char)(values[i / 8] >> (8 * (i % 8)));
    }
    return XXH3_64bits(bytes, SIM_STORE_TABLE_BYTES);
}

void sim_store_unpack_table(const unsigned char *bytes, struct sim_quantiles *quantiles)
{
    uint64_t values[SIM_STORE_TABLE_BYTES / sizeof(uint64_t)] = {0};
    for (size_t i = 0; i < SIM_STORE_TABLE_BYTES; i++) {
        values[i / 8] |= (uint64_t)bytes[i] << (8 * (i % 8));
    }
    memcpy(quantiles, values, sizeof values);
}

void sim_store_free_tables(struct sim_table *tables, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        sim_memory_free((void *)tables[i].quantiles);
        sim_memory_free((void *)tables[i].used_for);
    }
    sim_memory_free(tables);
}

static bool read_table(const struct sim_store *store, sqlite3_stmt *row, struct sim_table *table,
                       struct sim_error *error)
{
    const char *used_for = (const char *)sqlite3_column_text(row, 0);
    uint64_t hash = (uint64_t)sqlite3_column_int64(row, 1);
    const unsigned char *bytes = sqlite3_column_blob(row, 2);
    size_t count = (size_t)sqlite3_column_bytes(row, 2);
    if (count != SIM_STORE_TABLE_BYTES || XXH3_64bits(bytes, count) != hash) {
        return sim_error_set(error, SIM_ERROR_IO,
                             "the table of latencies %016" PRIx64 " in %s is damaged", hash,
                             store->path);
    }
    struct sim_quantiles *quantiles = sim_memory_zeroed(sizeof *quantiles);
    char *name = sim_memory_zeroed(strlen(used_for) + 1);
    memcpy(name, used_for, strlen(used_for) + 1);
    sim_store_unpack_table(bytes, quantiles);
    *table = (struct sim_table){name, quantiles};
    return true;
}

bool sim_store_read_tables(struct sim_store *store, int64_t run_id, struct sim_table **tables,
                           uint32_t *count, struct sim_error *error)
{
    *tables = NULL;
    *count = 0;
    if (!sim_store_has_run(store, run_id, error)) {
        return false;
    }
    sqlite3_stmt *row = NULL;
    int code = sqlite3_prepare_v2(store->database,
                                  "SELECT used_for, hash, points FROM run_tables"
                                  " JOIN latency_tables USING (hash)"
                                  " WHERE run_id = ?1 ORDER BY used_for",
                                  -1, &row, NULL);
    bool fine = code == SQLITE_OK && sqlite3_bind_int64(row, 1, run_id) == SQLITE_OK;
    if (!fine) {
        sim_store_failed(store, "read", "", error);
    }
    while (fine && (code = sqlite3_step(row)) == SQLITE_ROW) {
        *tables = sim_memory_resize(*tables, (*count + 1) * sizeof **tables);
        fine = read_table(store, row, &(*tables)[*count], error);
        *count += fine;
    }
    if (fine && code != SQLITE_DONE) {
        fine = sim_store_failed(store, "read", "", error);
    }
    sqlite3_finalize(row);
    if (!fine) {
        sim_store_free_tables(*tables, *count);
        *tables = NULL;
        *count = 0;
    }
    return fine;
}
