// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

#include "handle.h"

// Every table of results with its rows in key order. The order of the list is part of the digest.
const struct sim_result_table sim_result_tables[SIM_RESULT_TABLES] = {
    {"repetitions", "SELECT * FROM repetitions WHERE run_id = ?1 ORDER BY repetition"},
    {"updates", "SELECT * FROM updates WHERE run_id = ?1 ORDER BY repetition, origin, sequence"},
    {"traffic",
     "SELECT * FROM traffic WHERE run_id = ?1 ORDER BY repetition, message_kind, pair_class"},
    {"in_flight", "SELECT * FROM in_flight WHERE run_id = ?1 ORDER BY repetition, message_kind"},
    {"compressions",
     "SELECT * FROM compressions WHERE run_id = ?1 ORDER BY repetition, payload, bytes_from"},
    {"hosts", "SELECT * FROM hosts WHERE run_id = ?1 ORDER BY repetition, tier, resource"},
    {"latencies", "SELECT * FROM latencies WHERE run_id = ?1 ORDER BY repetition, pair_class"},
    {"curves", "SELECT * FROM curves WHERE run_id = ?1 ORDER BY repetition, scope_class, after_ns"},
    {"faults", "SELECT * FROM faults WHERE run_id = ?1 ORDER BY repetition, ordinal"},
    {"rejoins", "SELECT * FROM rejoins WHERE run_id = ?1 ORDER BY repetition, ordinal"},
    {"takeovers", "SELECT * FROM takeovers WHERE run_id = ?1 ORDER BY repetition, ordinal"},
    {"gaps",
     "SELECT * FROM gaps WHERE run_id = ?1 ORDER BY repetition, cause, subject, first_node"},
    {"elections", "SELECT * FROM elections WHERE run_id = ?1 ORDER BY repetition, ordinal"},
    {"failovers", "SELECT * FROM failovers WHERE run_id = ?1 ORDER BY repetition, ordinal"},
    {"raft_groups", "SELECT * FROM raft_groups WHERE run_id = ?1 ORDER BY repetition, region"},
    {"liars", "SELECT * FROM liars WHERE run_id = ?1 ORDER BY repetition, ordinal"},
    {"detections", "SELECT * FROM detections WHERE run_id = ?1 ORDER BY repetition, node"},
    {"deceits", "SELECT * FROM deceits WHERE run_id = ?1 ORDER BY repetition, ordinal"},
    {"rejects", "SELECT * FROM rejects WHERE run_id = ?1 ORDER BY repetition, reason, of_liars"},
    {"processors", "SELECT * FROM processors WHERE run_id = ?1 ORDER BY repetition"},
    {"trust", "SELECT * FROM trust WHERE run_id = ?1 ORDER BY repetition"},
    {"checkpoints", "SELECT * FROM checkpoints WHERE run_id = ?1 ORDER BY repetition, ordinal"},
    {"metrics", "SELECT * FROM metrics WHERE run_id = ?1 ORDER BY metric, statistic"},
    {"verdicts", "SELECT * FROM verdicts WHERE run_id = ?1 ORDER BY ordinal"},
    {"expectations", "SELECT * FROM expectations WHERE run_id = ?1 ORDER BY ordinal"},
};

// A tag and 8 bytes, little endian on every platform; text is followed by its bytes.
static void digest_value(XXH3_state_t *state, char tag, uint64_t value)
{
    unsigned char bytes[9] = {(unsigned char)tag};
    for (int byte = 0; byte < 8; byte++) {
        bytes[byte + 1] = (unsigned char)(value >> (8 * byte));
    }
    XXH3_64bits_update(state, bytes, sizeof bytes);
}

static void digest_text(XXH3_state_t *state, const char *text, size_t count)
{
    digest_value(state, 't', count);
    XXH3_64bits_update(state, text, count);
}

static void digest_row(XXH3_state_t *state, sqlite3_stmt *row)
{
    digest_value(state, 'r', (uint64_t)sqlite3_column_count(row) - 1);
    for (int column = 1; column < sqlite3_column_count(row); column++) {  // column 0 is run_id
        switch (sqlite3_column_type(row, column)) {
        case SQLITE_INTEGER:
            digest_value(state, 'i', (uint64_t)sqlite3_column_int64(row, column));
            break;
        case SQLITE_TEXT:
            digest_text(state, (const char *)sqlite3_column_text(row, column),
                        (size_t)sqlite3_column_bytes(row, column));
            break;
        default:  // tables are STRICT and hold integers and texts only
            digest_value(state, 'n', 0);
            break;
        }
    }
}

// Digests the rows that a query finds for the run, and counts them.
static bool digest_query(const struct sim_store *store, const char *query, int64_t run_id,
                         XXH3_state_t *state, uint64_t *rows, struct sim_error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->database, query, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        sqlite3_bind_int64(statement, 1, run_id);
        while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
            digest_row(state, statement);
            (*rows)++;
        }
    }
    if (code != SQLITE_DONE) {
        sim_store_failed(store, "read", "", error);
    }
    sqlite3_finalize(statement);
    return code == SQLITE_DONE;
}

// A run that was interrupted early may have no results, so it is looked up in the table of runs.
bool sim_store_has_run(const struct sim_store *store, int64_t run_id, struct sim_error *error)
{
    sqlite3_stmt *statement = NULL;
    const char *query = "SELECT run_id FROM runs WHERE run_id = ?1";
    int code = sqlite3_prepare_v2(store->database, query, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        sqlite3_bind_int64(statement, 1, run_id);
        code = sqlite3_step(statement);
    }
    if (code == SQLITE_DONE) {
        sim_error_set(error, SIM_ERROR_USAGE, "%s has no run %" PRId64, store->path, run_id);
    } else if (code != SQLITE_ROW) {
        sim_store_failed(store, "read", "", error);
    }
    sqlite3_finalize(statement);
    return code == SQLITE_ROW;
}

static bool digest_table(const struct sim_store *store, const struct sim_result_table *table,
                         int64_t run_id, XXH3_state_t *state, struct sim_error *error)
{
    uint64_t rows = 0;
    digest_text(state, table->name, strlen(table->name));
    bool read = digest_query(store, table->query, run_id, state, &rows, error);
    digest_value(state, 'e', rows);
    return read;
}

bool sim_store_digest(struct sim_store *store, int64_t run_id, uint64_t *digest,
                      struct sim_error *error)
{
    XXH3_state_t *state = XXH3_createState();
    if (state == NULL) {
        return sim_error_set(error, SIM_ERROR_INTERNAL, "out of memory");
    }
    XXH3_64bits_reset(state);
    bool read = sim_store_has_run(store, run_id, error);
    for (uint32_t i = 0; read && i < SIM_RESULT_TABLES; i++) {
        read = digest_table(store, &sim_result_tables[i], run_id, state, error);
    }
    *digest = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return read;
}

bool sim_store_table_digests(struct sim_store *store, int64_t run_id,
                             struct sim_table_digest digests[SIM_RESULT_TABLES],
                             struct sim_error *error)
{
    XXH3_state_t *state = XXH3_createState();
    if (state == NULL) {
        return sim_error_set(error, SIM_ERROR_INTERNAL, "out of memory");
    }
    bool read = sim_store_has_run(store, run_id, error);
    for (uint32_t i = 0; read && i < SIM_RESULT_TABLES; i++) {
        XXH3_64bits_reset(state);
        read = digest_table(store, &sim_result_tables[i], run_id, state, error);
        digests[i] = (struct sim_table_digest){sim_result_tables[i].name,
                                               (uint64_t)XXH3_64bits_digest(state)};
    }
    XXH3_freeState(state);
    return read;
}
