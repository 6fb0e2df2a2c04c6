// SPDX-License-Identifier: GPL-3.0-or-later
#include "recording.h"

#include <inttypes.h>
#include <string.h>

#include "query.h"

// ---- From the store ----

static bool lacks(const struct sim_recording *recording, const char *what, struct sim_error *error)
{
    return sim_error_set(error, SIM_ERROR_IO, "%s lacks %s: it cannot be run again",
                         recording->origin, what);
}

static bool read_run(struct sim_store *store, int64_t run_id, struct sim_recording *recording,
                     struct sim_error *error)
{
    struct sim_arena *arena = recording->memory;
    struct sim_query query =
        sim_query_of(store,
                     "SELECT engine_version, scenario, cell, topology, matrix_row, agents, seed,"
                     " repeat, status = 'complete', fingerprint, (SELECT max(threads)"
                     " FROM host_facts AS h WHERE h.run_id = r.run_id)"
                     " FROM runs AS r WHERE run_id = ?1",
                     run_id, error);
    if (sim_query_next(&query)) {
        recording->engine_version = sim_query_copy(&query, 0, arena);
        recording->scenario = sim_query_copy(&query, 1, arena);
        recording->cell = sim_query_copy(&query, 2, arena);
        recording->topology = sim_query_copy(&query, 3, arena);
        recording->row = (uint32_t)sim_query_count(&query, 4);
        recording->agents = (uint32_t)sim_query_count(&query, 5);
        recording->seed = sim_query_count(&query, 6);
        recording->repeat = (uint32_t)sim_query_count(&query, 7);
        recording->complete = sim_query_count(&query, 8) != 0;
        recording->fingerprint = sim_query_count(&query, 9);
        uint64_t threads = sim_query_count(&query, 10);
        recording->threads = threads == SIM_TIME_NEVER ? 0 : (uint32_t)threads;
    }
    return sim_query_finish(&query);
}

static uint32_t count_rows(const struct sim_store *store, const char *text, int64_t run_id,
                           struct sim_error *error)
{
    struct sim_query query = sim_query_of(store, text, run_id, error);
    uint32_t count = sim_query_next(&query) ? (uint32_t)sim_query_count(&query, 0) : 0;
    sim_query_finish(&query);
    return count;
}

static bool read_sources(struct sim_store *store, int64_t run_id, struct sim_recording *recording,
                         struct sim_error *error)
{
    struct sim_arena *arena = recording->memory;
    uint32_t most =
        count_rows(store, "SELECT count(*) FROM sources WHERE run_id = ?1", run_id, error);
    struct sim_store_source *sources = sim_arena_array(arena, most + 1, sizeof *sources);
    struct sim_query query = sim_query_of(
        store, "SELECT kind, name, text FROM sources WHERE run_id = ?1 ORDER BY ordinal", run_id,
        error);
    while (recording->source_count < most && sim_query_next(&query)) {
        sources[recording->source_count++] = (struct sim_store_source){
            sim_query_copy(&query, 0, arena),
            sim_query_copy(&query, 1, arena),
            sim_query_copy(&query, 2, arena),
        };
    }
    recording->sources = sources;
    return sim_query_finish(&query);
}

// All repetitions share the figures (world.c).
static bool read_compression(struct sim_store *store, int64_t run_id,
                             struct sim_recording *recording, struct sim_error *error)
{
    struct sim_compression *compression = &recording->compression;
    struct sim_query query =
        sim_query_of(store,
                     "SELECT payload, bytes_from, encoded_bytes, compressed_bytes FROM compressions"
                     " WHERE run_id = ?1 AND repetition = (SELECT min(repetition) FROM compressions"
                     " WHERE run_id = ?1)",
                     run_id, error);
    while (sim_query_next(&query)) {
        bool updates = strcmp(sim_query_text(&query, 0), "updates") == 0;
        uint64_t from = sim_query_count(&query, 1);
        if (from == 0 || from >> SIM_SIZE_CLASSES != 0) {
            query.failed = !lacks(recording, "sound figures of compression", error);
            break;
        }
        compression->measured = true;
        compression->classes[updates ? SIM_PAYLOAD_UPDATES : SIM_PAYLOAD_DOTS]
                            [63 - __builtin_clzll(from)] = (struct sim_compressed){
            (uint32_t)sim_query_count(&query, 2), (uint32_t)sim_query_count(&query, 3)};
    }
    return sim_query_finish(&query);
}

static bool read_checkpoints(struct sim_store *store, int64_t run_id,
                             struct sim_recording *recording,
                             struct sim_recorded_repetition *repetitions, struct sim_error *error)
{
    struct sim_arena *arena = recording->memory;
    uint32_t most =
        count_rows(store, "SELECT count(*) FROM checkpoints WHERE run_id = ?1", run_id, error);
    struct sim_checkpoint *checkpoints = sim_arena_array(arena, most + 1, sizeof *checkpoints);
    struct sim_query query = sim_query_of(
        store,
        "SELECT repetition, time_ns, fingerprint, events FROM checkpoints WHERE run_id = ?1"
        " ORDER BY repetition, ordinal",
        run_id, error);
    uint32_t at = 0;
    for (uint32_t i = 0; i < most && sim_query_next(&query); i++) {
        while (at + 1 < recording->repetition_count &&
               repetitions[at].repetition != sim_query_count(&query, 0)) {
            at++;
        }
        checkpoints[i] = (struct sim_checkpoint){
            sim_query_count(&query, 1), sim_query_count(&query, 2), sim_query_count(&query, 3)};
        if (recording->repetition_count > 0) {
            if (repetitions[at].checkpoint_count++ == 0) {
                repetitions[at].checkpoints = &checkpoints[i];
            }
        }
    }
    return sim_query_finish(&query);
}

static bool read_repetitions(struct sim_store *store, int64_t run_id,
                             struct sim_recording *recording, struct sim_error *error)
{
    struct sim_arena *arena = recording->memory;
    uint32_t most =
        count_rows(store, "SELECT count(*) FROM repetitions WHERE run_id = ?1", run_id, error);
    struct sim_recorded_repetition *list = sim_arena_array(arena, most + 1, sizeof *list);
    struct sim_query query = sim_query_of(
        store,
        "SELECT repetition, seed, interrupted, fingerprint, simulated_ns, events FROM repetitions"
        " WHERE run_id = ?1 ORDER BY repetition",
        run_id, error);
    while (recording->repetition_count < most && sim_query_next(&query)) {
        list[recording->repetition_count++] = (struct sim_recorded_repetition){
            .repetition = (uint32_t)sim_query_count(&query, 0),
            .seed = sim_query_count(&query, 1),
            .interrupted = sim_query_count(&query, 2) != 0,
            .fingerprint = sim_query_count(&query, 3),
            .simulated_ns = sim_query_count(&query, 4),
            .events = sim_query_count(&query, 5),
        };
    }
    recording->repetitions = list;
    return sim_query_finish(&query) && read_checkpoints(store, run_id, recording, list, error);
}

static bool read_digests(struct sim_store *store, int64_t run_id, struct sim_recording *recording,
                         struct sim_error *error)
{
    struct sim_table_digest *digests =
        sim_arena_array(recording->memory, SIM_RESULT_TABLES, sizeof *digests);
    recording->table_digests = digests;
    recording->table_digest_count = SIM_RESULT_TABLES;
    return sim_store_digest(store, run_id, &recording->digest, error) &&
           sim_store_table_digests(store, run_id, digests, error);
}

// ---- Whether all is there ----

const struct sim_store_source *sim_recording_file(const struct sim_recording *recording)
{
    const struct sim_store_source *file = NULL;
    for (uint32_t i = 0; i < recording->source_count; i++) {
        const struct sim_store_source *source = &recording->sources[i];
        bool scenario = strcmp(source->kind, "scenario") == 0;
        if (scenario || (file == NULL && strcmp(source->kind, "topology") == 0)) {
            file = source;
        }
    }
    return file;
}

static bool check_whole(const struct sim_recording *recording, struct sim_error *error)
{
    const struct sim_store_source *file = sim_recording_file(recording);
    if (file == NULL || file->text[0] == '\0') {
        return lacks(recording, "the text of its scenario", error);
    }
    if (recording->repetition_count == 0) {
        return lacks(recording, "its repetitions", error);
    }
    for (uint32_t i = 0; i < recording->repetition_count; i++) {
        const struct sim_recorded_repetition *repetition = &recording->repetitions[i];
        if (repetition->repetition != i || repetition->seed != recording->seed + i) {
            return lacks(recording, "a repetition between others", error);
        }
        if (repetition->checkpoint_count == 0) {
            return lacks(recording, "the checkpoints of a repetition", error);
        }
    }
    return !recording->complete || recording->repetition_count == recording->repeat ||
           lacks(recording, "repetitions, and claims to be complete", error);
}

bool sim_recording_read(struct sim_store *store, int64_t run_id, struct sim_recording *recording,
                        struct sim_error *error)
{
    struct sim_arena *arena = sim_arena_create();
    *recording = (struct sim_recording){.memory = arena};
    recording->origin = sim_arena_format(arena, "run %" PRId64 " of %s", run_id, store->path);
    return sim_store_has_run(store, run_id, error) && read_run(store, run_id, recording, error) &&
           read_sources(store, run_id, recording, error) &&
           sim_store_read_tables(store, run_id, &recording->tables, &recording->table_count,
                                 error) &&
           read_compression(store, run_id, recording, error) &&
           read_repetitions(store, run_id, recording, error) && check_whole(recording, error) &&
           read_digests(store, run_id, recording, error);
}

void sim_recording_finish(struct sim_recording *recording)
{
    sim_store_free_tables(recording->tables, recording->table_count);
    if (recording->memory != NULL) {
        sim_arena_destroy(recording->memory);
    }
    *recording = (struct sim_recording){0};
}

// ---- Into a scenario ----

// Fills in the option that a source is.
static void apply(const struct sim_store_source *source, const char **sets,
                  struct sim_overrides *overrides)
{
    const struct {
        const char *name;
        const char **value;
    } flags[] = {
        {"--agents", &overrides->agents},
        {"--seed", &overrides->seed},
        {"--repeat", &overrides->repeat},
    };
    if (strcmp(source->name, "--set") == 0) {
        sets[overrides->set_count++] = source->text;
    }
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (strcmp(source->name, flags[i].name) == 0) {
            *flags[i].value = source->text;
        }
    }
}

bool sim_recording_load(struct sim_recording *recording, struct sim_scenario **scenario,
                        struct sim_error *error)
{
    struct sim_arena *arena = recording->memory;
    struct sim_data_file *files = sim_arena_array(arena, recording->source_count, sizeof *files);
    const char **sets = sim_arena_array(arena, recording->source_count, sizeof *sets);
    struct sim_overrides overrides = {.sets = sets, .recorded = &recording->recorded};
    uint32_t file_count = 0;
    uint32_t cells;
    for (uint32_t i = 0; i < recording->source_count; i++) {
        const struct sim_store_source *source = &recording->sources[i];
        if (strcmp(source->kind, "option") == 0) {
            apply(source, sets, &overrides);
        } else {
            files[file_count++] = (struct sim_data_file){source->name, source->text};
        }
    }
    recording->recorded = (struct sim_recorded){
        .files = files,
        .file_count = file_count,
        .tables = recording->tables,
        .table_count = recording->table_count,
        .compression = recording->compression.measured ? &recording->compression : NULL,
        .cell = recording->cell,
    };
    if (!sim_load_scenario(sim_recording_file(recording)->name, &overrides, scenario, &cells,
                           error)) {
        return false;
    }
    (*scenario)->row = recording->row;
    return true;
}
