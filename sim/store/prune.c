// SPDX-License-Identifier: GPL-3.0-or-later
// Taking runs away, oldest command first (catalog.h).
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "allocate.h"
#include "catalog.h"
#include "query.h"

// Tables with rows of a run, those that refer to others first; then the runs themselves.
static const char *const tables[] = {
    "host_facts",   "trust",       "processors", "rejects",   "deceits",      "detections",
    "liars",        "checkpoints", "curves",     "latencies", "elections",    "failovers",
    "raft_groups",  "gaps",        "takeovers",  "rejoins",   "faults",       "hosts",
    "compressions", "in_flight",   "traffic",    "updates",   "expectations", "verdicts",
    "metrics",      "repetitions", "run_tables", "sources",   "runs",
};

// A command on the list.
struct command {
    int64_t command_id;
    uint32_t runs;
    bool old;
};

struct pruning {
    struct sim_store *store;
    const struct sim_prune *prune;
    struct sim_pruned *pruned;
    struct sim_error *error;
    struct command *commands;  // [count], oldest first
    uint32_t count;
};

static bool execute(const struct pruning *pruning, const char *command)
{
    return sqlite3_exec(pruning->store->database, command, NULL, NULL, NULL) == SQLITE_OK ||
           sim_store_failed(pruning->store, "prune", "; nothing was removed", pruning->error);
}

static bool list_commands(struct pruning *pruning)
{
    struct sim_query query = sim_query_of(
        pruning->store,
        "SELECT command_id, count(DISTINCT run_id),"
        " max(stored_at) < strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-' || ?1 || ' days')"
        " FROM runs LEFT JOIN host_facts USING (run_id) GROUP BY command_id ORDER BY max(run_id)",
        pruning->prune->keep_days, pruning->error);
    while (sim_query_next(&query)) {
        pruning->commands =
            sim_memory_resize(pruning->commands, (pruning->count + 1) * sizeof *pruning->commands);
        pruning->commands[pruning->count++] = (struct command){
            .command_id = (int64_t)sim_query_count(&query, 0),
            .runs = (uint32_t)sim_query_count(&query, 1),
            .old = pruning->prune->keep_days > 0 && sim_query_count(&query, 2) == 1,
        };
    }
    return sim_query_finish(&query);
}

static void remember_runs(struct pruning *pruning, int64_t command_id)
{
    struct sim_pruned *pruned = pruning->pruned;
    struct sim_query query =
        sim_query_of(pruning->store, "SELECT run_id FROM runs WHERE command_id = ?1 ORDER BY 1",
                     command_id, pruning->error);
    while (sim_query_next(&query)) {
        pruned->run_ids =
            sim_memory_resize(pruned->run_ids, (pruned->run_count + 1) * sizeof *pruned->run_ids);
        pruned->run_ids[pruned->run_count++] = (int64_t)sim_query_count(&query, 0);
    }
    sim_query_finish(&query);
}

// Deletes what belongs to the runs of a command. False when that failed; `*referred` when because
// rows of another table refer to them.
static bool delete_rows(const struct pruning *pruning, int64_t command_id, bool *referred)
{
    sqlite3 *database = pruning->store->database;
    bool fine = true;
    for (size_t i = 0; fine && i < sizeof tables / sizeof *tables; i++) {
        char command[160];
        snprintf(command, sizeof command,
                 "DELETE FROM %s WHERE run_id IN (SELECT run_id FROM runs WHERE command_id = "
                 "%" PRId64 ")",
                 tables[i], command_id);
        fine = sqlite3_exec(database, command, NULL, NULL, NULL) == SQLITE_OK;
    }
    *referred = !fine && sqlite3_errcode(database) == SQLITE_CONSTRAINT;
    return fine;
}

static bool remove_command(struct pruning *pruning, const struct command *command)
{
    struct sim_pruned *pruned = pruning->pruned;
    uint32_t before = pruned->run_count;
    bool referred = false;
    remember_runs(pruning, command->command_id);
    if (!execute(pruning, "SAVEPOINT command")) {
        return false;
    }
    if (delete_rows(pruning, command->command_id, &referred)) {
        return execute(pruning, "RELEASE command");
    }
    if (!referred) {
        return sim_store_failed(pruning->store, "prune", "; nothing was removed", pruning->error);
    }
    pruned->kept_count += pruned->run_count - before;
    pruned->run_count = before;
    return execute(pruning, "ROLLBACK TO command; RELEASE command");
}

static bool used_bytes(const struct pruning *pruning, uint64_t *bytes)
{
    struct sim_query query =
        sim_query_of(pruning->store,
                     "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count,"
                     " pragma_freelist_count, pragma_page_size",
                     0, pruning->error);
    *bytes = sim_query_next(&query) ? sim_query_count(&query, 0) : 0;
    return sim_query_finish(&query);
}

static bool file_bytes(const struct pruning *pruning, uint64_t *bytes)
{
    struct sim_query query = sim_query_of(
        pruning->store, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", 0,
        pruning->error);
    *bytes = sim_query_next(&query) ? sim_query_count(&query, 0) : 0;
    return sim_query_finish(&query);
}

// Removes commands from the oldest on, as long as a bound asks for it.
static bool remove_commands(struct pruning *pruning)
{
    const struct sim_prune *prune = pruning->prune;
    uint64_t left = 0;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < pruning->count; i++) {
        left += pruning->commands[i].runs;
    }
    for (uint32_t i = 0; i + 1 < pruning->count; i++) {
        const struct command *command = &pruning->commands[i];
        if (!used_bytes(pruning, &bytes)) {
            return false;
        }
        bool too_many = prune->keep > 0 && left - command->runs >= prune->keep;
        bool too_large = prune->most_bytes > 0 && bytes > prune->most_bytes;
        if ((too_many || too_large || command->old) && !remove_command(pruning, command)) {
            return false;
        }
        left -= command->runs;
    }
    return true;
}

// Notes of runs whose process is gone; what still runs keeps its own.
static bool remove_killed(struct pruning *pruning)
{
    struct sim_query query = sim_query_of(
        pruning->store, "SELECT begun_id, host, process, process_at FROM begun", 0, pruning->error);
    bool fine = true;
    while (fine && sim_query_next(&query)) {
        char command[80];
        snprintf(command, sizeof command, "DELETE FROM begun WHERE begun_id = %" PRIu64,
                 sim_query_count(&query, 0));
        if (sim_store_is_killed(sim_query_text(&query, 1), (int64_t)sim_query_count(&query, 2),
                                sim_query_count(&query, 3))) {
            fine = execute(pruning, command);
            pruning->pruned->killed_count++;
        }
    }
    return sim_query_finish(&query) && fine;
}

bool sim_catalog_prune(struct sim_store *store, const struct sim_prune *prune,
                       struct sim_pruned *pruned, struct sim_error *error)
{
    struct pruning pruning = {.store = store, .prune = prune, .pruned = pruned, .error = error};
    *pruned = (struct sim_pruned){0};
    bool fine = file_bytes(&pruning, &pruned->bytes_before) &&
                execute(&pruning, "BEGIN IMMEDIATE") && list_commands(&pruning) &&
                remove_commands(&pruning) &&
                execute(&pruning, "DELETE FROM latency_tables WHERE hash NOT IN"
                                  " (SELECT hash FROM run_tables)") &&
                remove_killed(&pruning) && used_bytes(&pruning, &pruned->bytes_after);
    sim_memory_free(pruning.commands);
    fine = fine && execute(&pruning, prune->dry ? "ROLLBACK" : "COMMIT");
    if (!fine && !sqlite3_get_autocommit(store->database)) {
        sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
    }
    if (!fine || prune->dry) {
        return fine;
    }
    if (sqlite3_exec(store->database, "VACUUM", NULL, NULL, NULL) != SQLITE_OK) {
        return sim_store_failed(store, "give back the space of",
                                "; the runs are removed, and prune again gives it back", error);
    }
    return file_bytes(&pruning, &pruned->bytes_after);
}

void sim_pruned_finish(struct sim_pruned *pruned)
{
    sim_memory_free(pruned->run_ids);
    *pruned = (struct sim_pruned){0};
}
