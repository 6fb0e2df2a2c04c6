// SPDX-License-Identifier: GPL-3.0-or-later
// `meshsim verify`: a recorded run again in a fresh process, everything compared.
//
//     recording --> fresh process --> every repetition, checkpoints compared on the way
//                   (fresh.h)             |
//                                         +--> stored in memory --> digest of the results, compared
//
//     same             0   checkpoints and results are the recorded ones
//     diverged         4   the same engine version gave something else: the first checkpoint that
//                          differs, or else the first table and row of the results
//     other version    0   another engine version gives the same nevertheless
//                      2   or does not, which proves nothing
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "allocate.h"
#include "fresh.h"
#include "interrupt.h"
#include "json.h"
#include "keep.h"
#include "retrace.h"
#include "stored.h"
#include "text.h"
#include "verbs.h"
#include "version.h"

#define BLOCK_NODES_MIN 16u
#define BLOCK_NODES_MAX 1000u
#define OTHER_LANES (4 * SIM_LANES_START)
#define OTHER_LANES_AGENTS_MAX 250000u  // with more, wider replicas might not fit

struct wish {
    struct sim_texts runs;
    const char *store_path;
    const char *queue;
    const char *threads;
    bool execute_all;
    bool json;
    bool quiet;
};

struct verifying {
    const struct wish *wish;
    struct sim_stored stored;
    struct sim_retrace retrace;
    struct sim_progress progress;
    struct sim_result *results;  // [count]
    uint32_t count;
    uint64_t digest;
    char place[512];  // where the results differ from those recorded
    bool same_version;
};

// One more than ran it, so that blocks are dealt to threads differently.
static uint32_t other_threads(const struct sim_recording *recording)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t ran = recording->threads > 0 ? recording->threads
                   : processors > 0       ? (uint32_t)processors
                                          : 1;
    return ran < SIM_THREADS_MAX ? ran + 1 : SIM_THREADS_MAX - 1;
}

// Blocks of other nodes, several even of a small mesh.
static uint32_t other_blocks(const struct sim_scenario *scenario)
{
    uint32_t nodes = scenario->agents / 5;
    return nodes < BLOCK_NODES_MIN   ? BLOCK_NODES_MIN
           : nodes > BLOCK_NODES_MAX ? BLOCK_NODES_MAX
                                     : nodes;
}

// Whether somebody may join by a snapshot.
static bool has_joins(const struct sim_scenario *scenario)
{
    bool joins = false;
    for (uint32_t i = 0; i < scenario->fault_count; i++) {
        joins |= sim_fault_empties(&scenario->faults[i]);
    }
    return joins;
}

// More lanes to begin with: replicas lie elsewhere, and no result may tell, unless messages are cut
// or snapshots are sent (engine.h). How many updates liars make up is not known beforehand.
static uint32_t other_lanes(const struct sim_scenario *scenario)
{
    bool cut = scenario->workload.updates > scenario->network.batch_size ||
               scenario->workload.report_every_ns > 0 || scenario->liar_count > 0;
    return cut || has_joins(scenario) || scenario->agents > OTHER_LANES_AGENTS_MAX ? 0
                                                                                   : OTHER_LANES;
}

static bool read_options(const struct wish *wish, struct sim_run_options *options,
                         struct sim_error *error)
{
    bool heap = wish->queue != NULL && strcmp(wish->queue, "heap") == 0;
    options->queue = heap ? SIM_QUEUE_HEAP : SIM_QUEUE_WINDOWS;
    options->executes_all = wish->execute_all;
    if (wish->threads != NULL && !sim_option_number("--threads", wish->threads, 1, SIM_THREADS_MAX,
                                                    &options->threads, error)) {
        return false;
    }
    if (wish->threads != NULL && heap) {
        return sim_error_set(error, SIM_ERROR_USAGE, "--threads is of no use with --queue heap");
    }
    return wish->queue == NULL || heap || strcmp(wish->queue, "windows") == 0 ||
           sim_error_set(error, SIM_ERROR_USAGE,
                         "--queue: expected windows or heap, found \"%.80s\"", wish->queue);
}

static bool run_all(struct verifying *verifying, struct sim_error *error)
{
    const struct sim_recording *recording = &verifying->stored.recording;
    struct sim_progress *progress = &verifying->progress;
    struct sim_retrace *retrace = &verifying->retrace;
    retrace->options.progress = sim_progress_draw;
    retrace->options.progress_context = progress;
    retrace->options.interrupted = sim_interrupt_watch();
    sim_progress_init(progress, &verifying->stored.batch, verifying->wish->quiet);
    verifying->results =
        sim_memory_zeroed(recording->repetition_count * sizeof *verifying->results);
    bool ran = true;
    while (ran && verifying->count < recording->repetition_count && !retrace->divergence.found) {
        sim_progress_begin(progress, 0, verifying->count);
        struct sim_result *result = &verifying->results[verifying->count];
        ran = sim_retrace_run(retrace, verifying->count++, result, error);
        sim_progress_end(progress, result);
        if (ran && *retrace->options.interrupted) {
            ran = sim_error_set(error, SIM_ERROR_INTERRUPTED,
                                "interrupted; %" PRIu32 " checkpoints were as recorded until then",
                                retrace->compared);
        }
    }
    sim_progress_clear(progress);
    return ran;
}

// Of an exported run there are no rows, and the table alone is known.
static bool find_table(struct verifying *verifying, struct sim_store *store, int64_t run_id,
                       struct sim_error *error)
{
    const struct sim_recording *recording = &verifying->stored.recording;
    struct sim_table_digest now[SIM_RESULT_TABLES];
    if (!sim_store_table_digests(store, run_id, now, error)) {
        return false;
    }
    for (uint32_t i = 0; i < recording->table_digest_count; i++) {
        const struct sim_table_digest *then = &recording->table_digests[i];
        uint32_t at = 0;
        while (at < SIM_RESULT_TABLES && strcmp(now[at].table, then->table) != 0) {
            at++;
        }
        if (at == SIM_RESULT_TABLES || now[at].digest != then->digest) {
            sim_words_append(verifying->place, sizeof verifying->place,
                             "table %s; the store that it was exported from has the rows",
                             then->table);
            return true;
        }
    }
    return true;
}

static bool find_place(struct verifying *verifying, struct sim_store *store, int64_t run_id,
                       struct sim_error *error)
{
    const struct sim_stored *stored = &verifying->stored;
    if (verifying->digest == stored->recording.digest) {
        return true;
    }
    return stored->store == NULL
               ? find_table(verifying, store, run_id, error)
               : sim_store_differ(stored->store, stored->run_id, store, run_id, verifying->place,
                                  sizeof verifying->place, error);
}

// Judges and stores the results as `run` does, in memory.
static bool digest_results(struct verifying *verifying, struct sim_error *error)
{
    const struct sim_recording *recording = &verifying->stored.recording;
    struct sim_claims claims = {0};
    struct sim_store *store = NULL;
    struct sim_finding finding = {0};
    bool fine = sim_claims_init(&claims, error) && sim_store_open(":memory:", &store, error);
    if (fine) {
        sim_finding_init(&finding, &verifying->stored.cell, &claims, verifying->results,
                         verifying->count);
        fine = sim_keep_finding(store, recording->sources, recording->source_count,
                                verifying->results, verifying->count, &finding, error) &&
               sim_store_digest(store, finding.run_id, &verifying->digest, error) &&
               find_place(verifying, store, finding.run_id, error);
        sim_finding_finish(&finding);
    }
    sim_store_close(store);
    sim_claims_finish(&claims);
    return fine;
}

static bool is_same(const struct verifying *verifying)
{
    return !verifying->retrace.divergence.found &&
           verifying->digest == verifying->stored.recording.digest;
}

static void append_difference(const struct verifying *verifying, char *text, size_t capacity)
{
    if (verifying->retrace.divergence.found) {
        sim_words_append(text, capacity, "first difference: ");
        sim_divergence_append(&verifying->retrace.divergence, text, capacity);
    } else {
        sim_words_append(text, capacity,
                         "all %" PRIu32 " checkpoints are equal, but the results are not: digest "
                         "%016" PRIx64 ", recorded %016" PRIx64 "; first difference: %s",
                         verifying->retrace.compared, verifying->digest,
                         verifying->stored.recording.digest, verifying->place);
    }
}

static void put_line(const struct verifying *verifying, const char *outcome)
{
    const struct sim_recording *recording = &verifying->stored.recording;
    struct sim_json json = {.output = stdout};
    char digest[17];
    char text[1024] = "";
    snprintf(digest, sizeof digest, "%016" PRIx64, recording->digest);
    if (!is_same(verifying)) {
        append_difference(verifying, text, sizeof text);
    }
    sim_json_open(&json, NULL, '{');
    sim_json_text(&json, "kind", "verify");
    sim_json_text(&json, "run", recording->origin);
    sim_json_text(&json, "outcome", outcome);
    sim_json_text(&json, "engine", sim_engine_version);
    sim_json_text(&json, "recorded_engine", recording->engine_version);
    sim_json_count(&json, "threads", verifying->retrace.options.threads);
    sim_json_count(&json, "repetitions", recording->repetition_count);
    sim_json_count(&json, "checkpoints", verifying->retrace.compared);
    sim_json_text(&json, "recorded_digest", digest);
    sim_json_text(&json, "first_difference", text[0] == '\0' ? NULL : text);
    sim_json_close(&json, '}');
    sim_json_end_line(&json);
}

// Says what came of it, on stdout; returns the exit code.
static int conclude(const struct verifying *verifying)
{
    const struct sim_recording *recording = &verifying->stored.recording;
    bool same = is_same(verifying);
    char text[1536] = "";
    const char *outcome = !verifying->same_version ? "other_version" : same ? "same" : "diverged";
    if (verifying->wish->json) {
        put_line(verifying, outcome);
    } else {
        struct sim_page page = sim_page_of(stdout);
        sim_words_append(text, sizeof text, "%s: %s",
                         !verifying->same_version ? "other version"
                         : same                   ? "same"
                                                  : "DIVERGED",
                         recording->origin);
        if (!verifying->same_version) {
            sim_words_append(text, sizeof text, " was made by engine %s, this is %s;",
                             recording->engine_version, sim_engine_version);
        }
        if (same) {
            sim_words_append(text, sizeof text,
                             "%s %" PRIu32 " repetition%s, %" PRIu32
                             " checkpoints and the results are %s, digest %016" PRIx64,
                             verifying->same_version ? "," : "", recording->repetition_count,
                             recording->repetition_count == 1 ? "" : "s",
                             verifying->retrace.compared,
                             verifying->same_version ? "as recorded" : "the same nevertheless",
                             verifying->digest);
        } else {
            sim_words_append(text, sizeof text, "%s ",
                             verifying->same_version ? "," : " what it gives is no divergence:");
            append_difference(verifying, text, sizeof text);
        }
        sim_page_paragraph(&page, 0, 0, text);
    }
    return same ? SIM_OK : verifying->same_version ? SIM_ERROR_DIVERGENCE : SIM_ERROR_INCONCLUSIVE;
}

static int verify(const struct wish *wish, struct sim_error *error)
{
    struct verifying verifying = {.wish = wish};
    struct sim_run_options options = {0};
    bool fine = read_options(wish, &options, error) &&
                sim_stored_open(&verifying.stored, wish->runs.items[0], wish->store_path, error);
    int code = SIM_OK;
    if (fine) {
        const struct sim_recording *recording = &verifying.stored.recording;
        verifying.same_version = strcmp(recording->engine_version, sim_engine_version) == 0;
        if (options.queue == SIM_QUEUE_HEAP) {
            options.threads = 1;
        } else if (options.threads == 0) {
            options.threads = other_threads(recording);
        }
        options.deals = true;
        options.block_nodes = other_blocks(verifying.stored.scenario);
        options.lanes_start = other_lanes(verifying.stored.scenario);
        verifying.retrace = (struct sim_retrace){
            .scenario = verifying.stored.scenario, .recording = recording, .options = options};
        fine = run_all(&verifying, error) &&
               (verifying.retrace.divergence.found || digest_results(&verifying, error));
        code = fine ? conclude(&verifying) : SIM_OK;
    }
    for (uint32_t i = 0; i < verifying.count; i++) {
        sim_result_finish(&verifying.results[i]);
    }
    sim_memory_free(verifying.results);
    sim_stored_finish(&verifying.stored);
    return code;
}

int sim_verb_verify(const char *program, int argc, char **argv)
{
    struct wish wish = {.store_path = SIM_STORE_PATH};
    const struct sim_option options[] = {
        {.name = "--threads",
         .argument = "N",
         .value = &wish.threads,
         .meaning = "how many threads share the run (one more than those that ran it)"},
        {.name = "--queue",
         .argument = "NAME",
         .value = &wish.queue,
         .meaning = "windows, or heap: the engine's plain queue, slower and simpler (windows)"},
        {.name = "--execute-all",
         .flag = &wish.execute_all,
         .meaning = "executes also what was only accounted; slower"},
        {.name = "--db",
         .argument = "FILE",
         .value = &wish.store_path,
         .meaning = "the store to read (meshsim.db)"},
        {.name = "--json", .flag = &wish.json, .meaning = "one JSON object instead of a sentence"},
        {.name = "--quiet", .flag = &wish.quiet, .meaning = "no progress on stderr"},
    };
    const struct sim_usage usage = {
        .verb = "verify",
        .arguments = "RUN",
        .summary =
            "Runs a stored or exported run again, in a fresh process with another layout of "
            "memory and\nanother number of threads, and compares every checkpoint and the results. "
            "RUN is its number,\n\"latest\", or the path of an exported run. Says \"same\", "
            "\"DIVERGED\" (exit 4) with the first\ndiffering checkpoint, or \"other version\", "
            "where a difference is no fault (exit 2).",
        .example = "meshsim verify run.yaml",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    struct sim_error error = {0};
    bool help = false;
    int code = SIM_OK;
    if (sim_options_parse(&usage, argc, argv, &wish.runs, &help, &error)) {
        if (help) {
            sim_usage_print(&usage, stdout);
        } else if (wish.runs.count != 1) {
            sim_error_set(&error, SIM_ERROR_USAGE,
                          "name one run: its number, \"latest\" or the path of an exported run");
        } else if (sim_fresh_process(program, argc, argv, &error)) {
            code = verify(&wish, &error);
        }
    }
    sim_texts_finish(&wish.runs);
    return error.code == SIM_OK ? sim_verb_end("verify", code)
                                : sim_verb_fail(program, "verify", &error);
}
