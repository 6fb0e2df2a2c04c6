// SPDX-License-Identifier: GPL-3.0-or-later
#include "catalog.h"

#include <inttypes.h>
#include <stddef.h>

#include "allocate.h"
#include "query.h"

static struct sim_catalog_run *next_run(struct sim_catalog *catalog)
{
    uint32_t count = catalog->count++;
    if ((count & (count - 1)) == 0) {  // room for 1, 2, 4, 8 ...
        catalog->runs = sim_memory_resize(catalog->runs, (count == 0 ? 1 : 2 * (size_t)count) *
                                                             sizeof *catalog->runs);
    }
    catalog->runs[count] = (struct sim_catalog_run){0};
    return &catalog->runs[count];
}

static bool read_stored(struct sim_store *store, struct sim_catalog *catalog,
                        struct sim_error *error)
{
    struct sim_arena *arena = catalog->memory;
    struct sim_query query = sim_query_of(
        store,
        "SELECT run_id, command_id,"
        " (SELECT min(stored_at) FROM host_facts AS h WHERE h.run_id = r.run_id),"
        " status, engine_version, scenario, cell, topology, mode, agents, seed, repeat,"
        " (SELECT count(*) FROM repetitions AS p WHERE p.run_id = r.run_id AND NOT interrupted),"
        " (SELECT count(*) FROM verdicts AS v WHERE v.run_id = r.run_id AND verdict = 'PASS'),"
        " (SELECT count(*) FROM verdicts AS v WHERE v.run_id = r.run_id AND verdict = 'FAIL'),"
        " (SELECT count(*) FROM verdicts AS v WHERE v.run_id = r.run_id AND"
        "  verdict = 'INCONCLUSIVE'),"
        " (SELECT count(*) FROM expectations AS e WHERE e.run_id = r.run_id),"
        " (SELECT count(*) FROM expectations AS e WHERE e.run_id = r.run_id AND"
        "  outcome <> 'pass'),"
        " (SELECT sum(stored_bytes) FROM host_facts AS h WHERE h.run_id = r.run_id)"
        " FROM runs AS r ORDER BY run_id",
        0, error);
    while (sim_query_next(&query)) {
        *next_run(catalog) = (struct sim_catalog_run){
            .run_id = (int64_t)sim_query_count(&query, 0),
            .command_id = (int64_t)sim_query_count(&query, 1),
            .when = sim_query_copy(&query, 2, arena),
            .status = sim_query_copy(&query, 3, arena),
            .engine_version = sim_query_copy(&query, 4, arena),
            .scenario = sim_query_copy(&query, 5, arena),
            .cell = sim_query_copy(&query, 6, arena),
            .topology = sim_query_copy(&query, 7, arena),
            .mode = sim_query_copy(&query, 8, arena),
            .agents = sim_query_count(&query, 9),
            .seed = sim_query_count(&query, 10),
            .repeat = sim_query_count(&query, 11),
            .repetitions = sim_query_count(&query, 12),
            .claims_passed = sim_query_count(&query, 13),
            .claims_failed = sim_query_count(&query, 14),
            .claims_inconclusive = sim_query_count(&query, 15),
            .expectations = sim_query_count(&query, 16),
            .expectations_failed = sim_query_count(&query, 17),
            .bytes = sim_query_count(&query, 18),
        };
    }
    return sim_query_finish(&query);
}

static bool read_begun(struct sim_store *store, struct sim_catalog *catalog,
                       struct sim_error *error)
{
    struct sim_arena *arena = catalog->memory;
    struct sim_query query = sim_query_of(
        store,
        "SELECT begun_at, host, process, process_at, scenario, cell, topology, mode, agents, seed,"
        " repeat FROM begun ORDER BY begun_id",
        0, error);
    while (sim_query_next(&query)) {
        *next_run(catalog) = (struct sim_catalog_run){
            .when = sim_query_copy(&query, 0, arena),
            .status =
                sim_store_is_killed(sim_query_text(&query, 1), (int64_t)sim_query_count(&query, 2),
                                    sim_query_count(&query, 3))
                    ? "killed"
                    : "running",
            .engine_version = "",
            .scenario = sim_query_copy(&query, 4, arena),
            .cell = sim_query_copy(&query, 5, arena),
            .topology = sim_query_copy(&query, 6, arena),
            .mode = sim_query_copy(&query, 7, arena),
            .agents = sim_query_count(&query, 8),
            .seed = sim_query_count(&query, 9),
            .repeat = sim_query_count(&query, 10),
        };
    }
    return sim_query_finish(&query);
}

static bool read_size(struct sim_store *store, struct sim_catalog *catalog, struct sim_error *error)
{
    struct sim_query query = sim_query_of(
        store, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", 0, error);
    catalog->file_bytes = sim_query_next(&query) ? sim_query_count(&query, 0) : 0;
    return sim_query_finish(&query);
}

bool sim_catalog_read(struct sim_store *store, struct sim_catalog *catalog, struct sim_error *error)
{
    *catalog = (struct sim_catalog){.memory = sim_arena_create()};
    return read_stored(store, catalog, error) && read_begun(store, catalog, error) &&
           read_size(store, catalog, error);
}

void sim_catalog_finish(struct sim_catalog *catalog)
{
    sim_memory_free(catalog->runs);
    if (catalog->memory != NULL) {
        sim_arena_destroy(catalog->memory);
    }
    *catalog = (struct sim_catalog){0};
}

bool sim_catalog_newest(struct sim_store *store, int64_t *run_id, struct sim_error *error)
{
    struct sim_query query = sim_query_of(store, "SELECT max(run_id) FROM runs", 0, error);
    uint64_t newest = sim_query_next(&query) ? sim_query_count(&query, 0) : SIM_TIME_NEVER;
    *run_id = (int64_t)newest;
    return sim_query_finish(&query) &&
           (newest != SIM_TIME_NEVER ||
            sim_error_set(error, SIM_ERROR_USAGE, "%s has no runs", store->path));
}
