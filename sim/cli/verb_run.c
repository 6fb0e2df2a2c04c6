// SPDX-License-Identifier: GPL-3.0-or-later
// `meshsim run`: load everything, then cell by cell run, judge, store, print.
//
//     request --> batch --> store opened --> cell: repetitions --> finding --> store --> JSON line
//                                              |                                           |
//                                              Ctrl-C: stop, keep what is there            v
//                                                                          all cells --> the table
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "advice.h"
#include "allocate.h"
#include "conclusion.h"
#include "interrupt.h"
#include "keep.h"
#include "lines.h"
#include "progress.h"
#include "run.h"
#include "verbs.h"
#include "words.h"

struct running {
    const struct sim_request *request;
    const struct sim_batch *batch;
    struct sim_claims claims;
    struct sim_store *store;
    struct sim_json json;
    struct sim_progress progress;
    const volatile sig_atomic_t *interrupted;
    struct sim_finding *findings;  // [finding_count], of the cells that have run
    uint32_t finding_count;
};

static bool cannot_print(struct sim_error *error)
{
    return sim_error_set(error, SIM_ERROR_IO, "cannot write to stdout: %s", strerror(errno));
}

// The results of one cell, growing with its repetitions.
struct results {
    struct sim_result *items;  // [count]
    uint32_t count;
    uint32_t capacity;
};

static struct sim_result *next_result(struct results *results)
{
    if (results->count == results->capacity) {
        results->capacity = results->capacity == 0 ? 16 : 2 * results->capacity;
        results->items =
            sim_memory_resize(results->items, results->capacity * sizeof *results->items);
    }
    return &results->items[results->count];
}

// The command that comes to the same broken property, and runs nothing else.
static void print_again(struct running *running, const struct sim_batch_cell *cell,
                        uint32_t repetition)
{
    char command[SIM_COMMAND_BYTES];
    sim_advice_repetition(running->request, running->batch, cell, repetition, command);
    sim_progress_clear(&running->progress);
    fprintf(stderr, "  again: %s\n", command);
}

// Runs a cell's repetitions until they are done, Ctrl-C is pressed or one fails; the last of the
// results may have been cut short.
static void repeat_cell(struct running *running, uint32_t index, struct results *results,
                        struct sim_error *error)
{
    const struct sim_batch_cell *cell = &running->batch->cells[index];
    const struct sim_run_options options = {
        .queue = SIM_QUEUE_WINDOWS,
        .threads = running->request->threads,
        .executes_all = running->request->execute_all,
        .interrupted = running->interrupted,
        .story = stderr,
        .progress = sim_progress_draw,
        .progress_context = &running->progress,
    };
    while (results->count < cell->scenario->repeat && !*running->interrupted) {
        struct sim_result *result = next_result(results);
        sim_progress_begin(&running->progress, index, results->count);
        if (!sim_run(cell->scenario, results->count, &options, result, error)) {
            if (error->code == SIM_ERROR_EXPECTATION) {
                print_again(running, cell, results->count);
            }
            if (result->invalid) {
                results->count++;  // it was run to its end, and says what the lies did
            } else {
                sim_result_finish(result);
            }
            return;
        }
        results->count++;
        sim_progress_end(&running->progress, result);
        if (running->request->json && !result->interrupted &&
            !sim_lines_run(&running->json, cell, result)) {
            cannot_print(error);
            return;
        }
    }
}

// What has run is judged and stored also when something went wrong after it.
static bool run_cell(struct running *running, uint32_t index, struct sim_error *error)
{
    const struct sim_batch_cell *cell = &running->batch->cells[index];
    struct results results = {0};
    if (!sim_store_begin_run(running->store, cell->scenario, error)) {
        return false;
    }
    repeat_cell(running, index, &results, error);
    if (results.count > 0) {
        struct sim_finding *finding = &running->findings[running->finding_count++];
        sim_finding_init(finding, cell, &running->claims, results.items, results.count);
        struct sim_store_source *sources = NULL;
        uint32_t source_count = sim_batch_sources(cell, running->request, &sources);
        sim_keep_finding(running->store, sources, source_count, results.items, results.count,
                         finding, error);
        sim_memory_free(sources);
        if (running->request->json && !sim_lines_scenario(&running->json, finding)) {
            cannot_print(error);
        }
        sim_finding_release(finding);
    }
    for (uint32_t i = 0; i < results.count; i++) {
        sim_result_finish(&results.items[i]);
    }
    sim_memory_free(results.items);
    return error->code == SIM_OK;
}

static void run_cells(struct running *running, struct sim_error *error)
{
    const struct sim_batch *batch = running->batch;
    running->findings = sim_memory_zeroed(batch->cell_count * sizeof *running->findings);
    sim_progress_init(&running->progress, batch, running->request->quiet);
    running->interrupted = sim_interrupt_watch();
    for (uint32_t i = 0; i < batch->cell_count && !*running->interrupted; i++) {
        if (!run_cell(running, i, error)) {
            break;
        }
    }
    sim_progress_clear(&running->progress);
}

static int conclude(const struct running *running, const struct sim_error *error)
{
    struct sim_conclusion conclusion = {
        .request = running->request,
        .batch = running->batch,
        .claims = &running->claims,
        .findings = running->findings,
        .finding_count = running->finding_count,
        .wall_ns = sim_progress_elapsed_ns(&running->progress),
        .error = error,
    };
    sim_conclusion_decide(&conclusion);
    sim_conclusion_print(&conclusion);
    return sim_verb_end("run", conclusion.exit_code);
}

static int run(const struct sim_request *request, struct sim_error *error)
{
    struct sim_batch batch;
    struct running running = {.request = request, .batch = &batch, .json = {.output = stdout}};
    int code = SIM_ERROR_INTERNAL;
    bool ready = sim_batch_init(&batch, request, error) &&
                 sim_claims_init(&running.claims, error) &&
                 sim_store_open(request->store_path, &running.store, error);
    if (ready) {
        run_cells(&running, error);
        code = conclude(&running, error);
    } else {
        sim_error_print(error);
        code = (int)error->code;
    }
    for (uint32_t i = 0; i < running.finding_count; i++) {
        sim_finding_finish(&running.findings[i]);
    }
    sim_memory_free(running.findings);
    sim_store_close(running.store);
    sim_claims_finish(&running.claims);
    sim_batch_finish(&batch);
    return code;
}

int sim_verb_run(const char *program, int argc, char **argv)
{
    struct sim_request request;
    struct sim_error error = {0};
    int code = SIM_ERROR_USAGE;
    if (!sim_request_init(&request, program, argc, argv, &error)) {
        fprintf(stderr, "%s run: %s\n", program, error.text);
    } else if (request.help) {
        sim_request_print_usage(stdout);
        code = sim_verb_end("run", SIM_OK);
    } else {
        code = run(&request, &error);
    }
    sim_request_finish(&request);
    return code;
}

int sim_verb_fail(const char *program, const char *verb, const struct sim_error *error)
{
    fflush(stdout);
    if (error->code == SIM_OK) {
        return sim_verb_end(verb, SIM_OK);
    }
    if (error->line > 0) {
        sim_error_print(error);
    } else {
        fprintf(stderr, "%s %s: %s\n", program, verb, error->text);
    }
    return (int)error->code;
}

int sim_verb_end(const char *verb, int code)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return code;
    }
    fprintf(stderr, "meshsim %s: cannot write to stdout: %s\n", verb,
            errno == 0 ? "not all of it was taken" : strerror(errno));
    return code > (int)SIM_ERROR_IO || code == (int)SIM_ERROR_INTERNAL ? code : (int)SIM_ERROR_IO;
}
