// SPDX-License-Identifier: GPL-3.0-or-later
// `meshsim show`: the page of stored runs, as `run` printed it, from the store alone.
//
//     store --> results --> finding, summarised again --+
//           --> verdicts, as they were judged ----------+--> the page of `run`
//           --> sources --> scenario, request ----------+
//
// Runs of one command share a page; verdicts and outcomes are those of the store, whatever this
// version would say.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "allocate.h"
#include "catalog.h"
#include "conclusion.h"
#include "keep.h"
#include "lines.h"
#include "stored.h"
#include "stored_results.h"
#include "verbs.h"

struct wish {
    const char *program;
    struct sim_texts runs;
    const char *store_path;
    bool json;
    bool quiet;
};

// A run of the page.
struct shown {
    struct sim_stored stored;
    struct sim_stored_findings findings;
    struct sim_result *results;  // [count]
    uint32_t count;
};

struct page {
    const struct wish *wish;
    struct sim_request request;
    struct sim_batch batch;
    struct sim_claims claims;
    struct shown *shown;           // [count]
    struct sim_finding *findings;  // [found]
    uint32_t count;
    uint32_t found;
};

// ---- As it was judged ----

static const struct sim_store_verdict *stored_verdict(const struct sim_stored_findings *findings,
                                                      const char *claim_id)
{
    for (uint32_t i = 0; i < findings->verdict_count; i++) {
        if (strcmp(findings->verdicts[i].claim_id, claim_id) == 0) {
            return &findings->verdicts[i];
        }
    }
    return NULL;
}

static enum sim_verdict_kind kind_of(const char *name)
{
    enum sim_verdict_kind kind = SIM_PASS;
    while (kind < SIM_UNMEASURED && strcmp(sim_verdict_name(kind), name) != 0) {
        kind++;
    }
    return kind;
}

static void restore_verdict(struct sim_verdict *verdict, const struct sim_store_verdict *stored)
{
    verdict->kind = kind_of(stored->verdict);
    verdict->target_low = stored->target_low;
    verdict->target_high = stored->target_high;
    verdict->samples = stored->samples;
    verdict->has_measured = stored->samples > 0;
    verdict->measured = stored->measured;
    verdict->has_interval = stored->low != SIM_TIME_NEVER;
    verdict->low = stored->low;
    verdict->high = stored->high;
    snprintf(verdict->why, sizeof verdict->why, "%s", stored->why);
}

// Claims that were not judged then are left out; those that this version does not know are counted.
static uint32_t restore_verdicts(struct sim_finding *finding,
                                 const struct sim_stored_findings *findings)
{
    uint32_t kept = 0;
    finding->primary = NULL;
    for (uint32_t i = 0; i < finding->verdict_count; i++) {
        const struct sim_store_verdict *stored =
            stored_verdict(findings, finding->verdicts[i].claim->id);
        if (stored == NULL) {
            continue;
        }
        finding->verdicts[kept] = finding->verdicts[i];
        restore_verdict(&finding->verdicts[kept], stored);
        if (finding->verdicts[kept].claim->primary) {
            finding->primary = &finding->verdicts[kept];
        }
        kept++;
    }
    finding->verdict_count = kept;
    return findings->verdict_count - kept;
}

// What was measured of reports, as far as there was a number. Of the rest the results tell.
static double restored_measure(const struct sim_expectation_verdict *verdict, uint64_t stored,
                               const struct sim_summary *summary)
{
    const struct sim_term *term = &verdict->predicate.term;
    if (!sim_metrics[term->metric].of_reports || stored == SIM_TIME_NEVER) {
        return verdict->measured;
    }
    bool share = term->aggregate == SIM_SHARE;
    return (double)stored / (share ? SIM_ONE_PPB : sim_metric_scale(term->metric, summary));
}

static void restore_expectations(struct sim_finding *finding,
                                 const struct sim_stored_findings *findings)
{
    uint32_t count = finding->cell->scenario->expectation_count;
    for (uint32_t i = 0; i < count && i < findings->expectation_count; i++) {
        struct sim_expectation_verdict *verdict = &finding->expectations[i];
        const struct sim_store_expectation *stored = &findings->expectations[i];
        for (enum sim_outcome outcome = SIM_OUTCOME_PASS; outcome <= SIM_OUTCOME_UNMEASURED;
             outcome++) {
            if (strcmp(sim_outcome_name(outcome), stored->outcome) == 0) {
                verdict->outcome = outcome;
            }
        }
        verdict->measured = restored_measure(verdict, stored->measured, &finding->summary);
        snprintf(verdict->why, sizeof verdict->why, "%s", stored->why);
    }
}

static void find(struct page *page, uint32_t index)
{
    struct shown *shown = &page->shown[index];
    struct sim_finding *finding = &page->findings[page->found++];
    sim_finding_init(finding, &page->batch.cells[index], &page->claims, shown->results,
                     shown->count);
    finding->run_id = shown->stored.run_id;
    sim_keep_restore_metrics(shown->findings.metrics, shown->findings.metric_count, finding);
    uint32_t unknown = restore_verdicts(finding, &shown->findings);
    restore_expectations(finding, &shown->findings);
    if (unknown > 0 && !page->wish->quiet) {
        fprintf(stderr,
                "Run %" PRId64 ": %" PRIu32 " verdicts are on claims that this meshsim "
                "does not know\n",
                finding->run_id, unknown);
    }
}

// ---- As it was asked for ----

static void restore_request(struct page *page)
{
    const struct sim_recording *recording = &page->shown[0].stored.recording;
    page->request = (struct sim_request){
        .program = page->wish->program,
        .store_path = page->wish->store_path,
        .json = page->wish->json,
        .quiet = page->wish->quiet,
    };
    for (uint32_t i = 0; i < recording->source_count; i++) {
        const struct sim_store_source *source = &recording->sources[i];
        if (strcmp(source->name, "--set") == 0) {
            sim_texts_add(&page->request.sets, source->text);
        } else if (strcmp(source->name, "--agents") == 0) {
            page->request.agents = source->text;
        } else if (strcmp(source->name, "--seed") == 0) {
            page->request.seed = source->text;
        } else if (strcmp(source->name, "--repeat") == 0) {
            page->request.repeat = source->text;
        }
    }
}

// How many rows the file had is not stored; a cell of a sweep had others beside it, unless only the
// mode was swept.
static uint32_t rows_beside(const char *cell)
{
    bool mode_alone =
        strncmp(cell, "gossip.mode=", strlen("gossip.mode=")) == 0 && strchr(cell, ' ') == NULL;
    return cell[0] == '\0' || mode_alone ? 1 : 2;
}

// The file and the row of a run: those of one before it where they are the same.
static void place(struct page *page, uint32_t index)
{
    struct sim_batch *batch = &page->batch;
    struct sim_stored *stored = &page->shown[index].stored;
    struct sim_batch_file *file = NULL;
    for (uint32_t i = 0; i < batch->file_count && file == NULL; i++) {
        file = strcmp(batch->files[i].path, stored->file.path) == 0 ? &batch->files[i] : NULL;
    }
    if (file == NULL) {
        file = &batch->files[batch->file_count++];
        *file = stored->file;
        file->row_count = rows_beside(stored->scenario->cell);
    }
    uint32_t row = batch->row_count + 1;
    for (uint32_t i = 0; i < index; i++) {
        if (batch->cells[i].file == file &&
            batch->cells[i].scenario->row == stored->scenario->row) {
            row = batch->cells[i].row;
        }
    }
    batch->row_count = row > batch->row_count ? row : batch->row_count;
    batch->cells[batch->cell_count++] =
        (struct sim_batch_cell){.scenario = stored->scenario, .file = file, .row = row};
}

// ---- The page ----

static bool load(struct page *page, const int64_t *run_ids, struct sim_error *error)
{
    page->batch.files = sim_memory_zeroed(page->count * sizeof *page->batch.files);
    page->batch.cells = sim_memory_zeroed(page->count * sizeof *page->batch.cells);
    page->findings = sim_memory_zeroed(page->count * sizeof *page->findings);
    page->shown = sim_memory_zeroed(page->count * sizeof *page->shown);
    for (uint32_t i = 0; i < page->count; i++) {
        struct shown *shown = &page->shown[i];
        char run[24];
        snprintf(run, sizeof run, "%" PRId64, run_ids[i]);
        if (!sim_stored_open(&shown->stored, run, page->wish->store_path, error) ||
            !sim_store_read_results(shown->stored.store, run_ids[i], &shown->results, &shown->count,
                                    error) ||
            !sim_store_read_findings(shown->stored.store, run_ids[i], &shown->findings, error)) {
            return false;
        }
        place(page, i);
    }
    restore_request(page);
    for (uint32_t i = 0; i < page->count; i++) {
        find(page, i);
    }
    return true;
}

static void print_lines(const struct page *page)
{
    struct sim_json json = {.output = stdout};
    for (uint32_t i = 0; i < page->count; i++) {
        const struct shown *shown = &page->shown[i];
        for (uint32_t r = 0; r < shown->count; r++) {
            if (!shown->results[r].interrupted) {
                sim_lines_run(&json, page->findings[i].cell, &shown->results[r]);
            }
        }
        sim_lines_scenario(&json, &page->findings[i]);
    }
}

static void print_page(const struct page *page)
{
    const struct sim_error none = {0};
    struct sim_rows rows;
    struct sim_conclusion conclusion = {
        .request = &page->request,
        .batch = &page->batch,
        .claims = &page->claims,
        .findings = page->findings,
        .finding_count = page->found,
        .error = &none,
    };
    for (uint32_t i = 0; i < page->count; i++) {
        conclusion.wall_ns += page->shown[i].findings.wall_ns;
    }
    sim_conclusion_decide(&conclusion);
    sim_rows_init(&rows, page->findings, page->found);
    sim_conclusion_print_page(&conclusion, &rows);
    sim_rows_finish(&rows);
    if (!page->wish->quiet) {
        const struct shown *first = &page->shown[0];
        fprintf(stderr, "Stored: %s by engine %s; run %" PRId64, first->findings.stored_at,
                first->stored.recording.engine_version, first->stored.run_id);
        if (page->count > 1) {
            fprintf(stderr, " to %" PRId64, page->shown[page->count - 1].stored.run_id);
        }
        fputc('\n', stderr);
    }
}

static bool show(const struct wish *wish, const int64_t *run_ids, uint32_t count,
                 struct sim_error *error)
{
    struct page page = {.wish = wish, .count = count};
    bool fine = sim_claims_init(&page.claims, error) && load(&page, run_ids, error);
    if (fine && wish->json) {
        print_lines(&page);
    } else if (fine) {
        print_page(&page);
    }
    for (uint32_t i = 0; i < page.found; i++) {
        sim_finding_finish(&page.findings[i]);
    }
    for (uint32_t i = 0; page.shown != NULL && i < page.count; i++) {
        struct shown *shown = &page.shown[i];
        for (uint32_t r = 0; r < shown->count; r++) {
            sim_result_finish(&shown->results[r]);
        }
        sim_memory_free(shown->results);
        sim_stored_findings_finish(&shown->findings);
        sim_stored_finish(&shown->stored);
    }
    sim_memory_free(page.findings);
    sim_memory_free(page.shown);
    sim_memory_free(page.batch.files);
    sim_memory_free(page.batch.cells);
    sim_texts_finish(&page.request.sets);
    sim_claims_finish(&page.claims);
    return fine;
}

// ---- Which runs ----

static int64_t command_of(const struct sim_catalog *catalog, int64_t run_id)
{
    for (uint32_t i = 0; i < catalog->count; i++) {
        if (catalog->runs[i].run_id == run_id) {
            return catalog->runs[i].command_id;
        }
    }
    return 0;
}

// Runs of one command that stand together make a page.
static bool show_pages(const struct wish *wish, const struct sim_catalog *catalog,
                       const int64_t *run_ids, uint32_t count, struct sim_error *error)
{
    for (uint32_t first = 0; first < count;) {
        uint32_t end = first + 1;
        while (end < count && command_of(catalog, run_ids[end]) != 0 &&
               command_of(catalog, run_ids[end]) == command_of(catalog, run_ids[first])) {
            end++;
        }
        if (first > 0 && !wish->json) {
            fputc('\n', stdout);
        }
        if (!show(wish, run_ids + first, end - first, error)) {
            return false;
        }
        first = end;
    }
    return true;
}

// Those named, or all of the newest command.
static bool choose(const struct wish *wish, struct sim_store *store,
                   const struct sim_catalog *catalog, int64_t *run_ids, uint32_t *count,
                   struct sim_error *error)
{
    int64_t newest = 0;
    for (*count = 0; *count < wish->runs.count; ++*count) {
        if (!sim_stored_number(store, wish->runs.items[*count], &run_ids[*count], error)) {
            return false;
        }
    }
    if (*count > 0) {
        return true;
    }
    if (!sim_catalog_newest(store, &newest, error)) {
        return false;
    }
    for (uint32_t i = 0; i < catalog->count; i++) {
        const struct sim_catalog_run *run = &catalog->runs[i];
        if (run->run_id > 0 && run->command_id == command_of(catalog, newest)) {
            run_ids[(*count)++] = run->run_id;
        }
    }
    return true;
}

static bool show_all(const struct wish *wish, struct sim_error *error)
{
    struct sim_store *store = NULL;
    struct sim_catalog catalog = {0};
    int64_t *run_ids = NULL;
    uint32_t count = 0;
    bool fine = sim_store_open_to_read(wish->store_path, &store, error) &&
                sim_catalog_read(store, &catalog, error);
    if (fine) {
        run_ids = sim_memory_zeroed((wish->runs.count + catalog.count + 1) * sizeof *run_ids);
        fine = choose(wish, store, &catalog, run_ids, &count, error) &&
               show_pages(wish, &catalog, run_ids, count, error);
    }
    sim_memory_free(run_ids);
    sim_catalog_finish(&catalog);
    sim_store_close(store);
    return fine;
}

int sim_verb_show(const char *program, int argc, char **argv)
{
    struct wish wish = {.program = program, .store_path = SIM_STORE_PATH};
    const struct sim_option options[] = {
        {.name = "--db",
         .argument = "FILE",
         .value = &wish.store_path,
         .meaning = "the store to read (meshsim.db)"},
        {.name = "--json", .flag = &wish.json, .meaning = "JSON Lines, as run --json prints them"},
        {.name = "--quiet", .flag = &wish.quiet, .meaning = "no narration on stderr"},
    };
    const struct sim_usage usage = {
        .verb = "show",
        .arguments = "[RUN...]",
        .summary = "Prints what stored runs measured, with their verdicts, as run printed it. RUN "
                   "is a number\nor \"latest\"; without one all runs of the last \"meshsim run\". "
                   "Runs of one command share\na page.",
        .example = "meshsim show latest",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    struct sim_error error = {0};
    bool help = false;
    if (sim_options_parse(&usage, argc, argv, &wish.runs, &help, &error)) {
        if (help) {
            sim_usage_print(&usage, stdout);
        } else {
            show_all(&wish, &error);
        }
    }
    sim_texts_finish(&wish.runs);
    return sim_verb_fail(program, "show", &error);
}
