// SPDX-License-Identifier: GPL-3.0-or-later
#include "conclusion.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "advice.h"
#include "allocate.h"
#include "blocks.h"

// ---- The exit code ----

static int judged_code(const struct sim_conclusion *conclusion)
{
    bool strict = conclusion->request->strict_claims;
    if (conclusion->expectation_failures > 0 || (strict && conclusion->claim_failures > 0)) {
        return SIM_ERROR_EXPECTATION;
    }
    return strict && conclusion->claim_doubts > 0 ? SIM_ERROR_INCONCLUSIVE : SIM_OK;
}

void sim_conclusion_decide(struct sim_conclusion *conclusion)
{
    bool all = conclusion->finding_count == conclusion->batch->cell_count;
    for (uint32_t i = 0; i < conclusion->finding_count; i++) {
        const struct sim_finding *finding = &conclusion->findings[i];
        all &= !finding->interrupted;
        conclusion->expectation_failures += sim_finding_failures(finding);
        for (uint32_t verdict = 0; verdict < finding->verdict_count; verdict++) {
            conclusion->claim_failures += finding->verdicts[verdict].kind == SIM_FAIL;
            conclusion->claim_doubts += finding->verdicts[verdict].kind == SIM_INCONCLUSIVE;
        }
    }
    conclusion->interrupted = !all && conclusion->error->code == SIM_OK;
    conclusion->exit_code = conclusion->error->code != SIM_OK ? (int)conclusion->error->code
                            : conclusion->interrupted         ? (int)SIM_ERROR_INTERRUPTED
                                                              : judged_code(conclusion);
}

// ---- On the page ----

static void print_expectations(const struct sim_conclusion *conclusion, const struct sim_page *page)
{
    for (uint32_t i = 0; i < conclusion->finding_count; i++) {
        const struct sim_finding *finding = &conclusion->findings[i];
        uint32_t count = finding->interrupted ? 0 : finding->cell->scenario->expectation_count;
        for (uint32_t e = 0; e < count; e++) {
            const struct sim_expectation_verdict *verdict = &finding->expectations[e];
            if (verdict->outcome == SIM_OUTCOME_PASS) {
                continue;
            }
            char text[2048] = "";
            char command[SIM_COMMAND_BYTES];
            char expected[SIM_EXPECTATION_BYTES];
            sim_expectation_text(verdict->expectation, expected, sizeof expected);
            sim_words_append(text, sizeof text, "expected %s%s, measured: %s (row %" PRIu32 ", %s)",
                             expected, sim_place_of(&verdict->expectation->origin).text,
                             verdict->why, finding->cell->row,
                             sim_mode_name(finding->cell->scenario->gossip.mode));
            fputc('\n', page->output);
            sim_page_left(page, 0, "FAILED ", SIM_RED);
            sim_page_paragraph(page, 7, 7, text);
            sim_advice_cell(conclusion->request, conclusion->batch, finding->cell, command);
            fprintf(page->output, "       Reproduce: %s\n", command);
        }
    }
}

static void append_misses(const struct sim_rows *rows, uint32_t mode, char *text, size_t capacity)
{
    uint32_t misses = 0;
    uint32_t doubts = 0;
    uint32_t claims = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct sim_finding *finding =
            mode == SIM_MODE_COUNT ? rows->items[i].main : rows->items[i].beside[mode];
        if (finding != NULL && finding->primary != NULL) {
            claims++;
            misses += finding->primary->kind == SIM_FAIL;
            doubts += finding->primary->kind == SIM_INCONCLUSIVE;
        }
    }
    if (claims == 0 && mode == SIM_MODE_COUNT) {
        sim_words_append(text, capacity, "The document claims nothing of such a mesh");
    } else if (claims > 0 && mode != SIM_MODE_COUNT) {
        sim_words_append(text, capacity, ", %" PRIu32 " with %s", misses,
                         sim_mode_name((enum mesh_mode)mode));
    } else if (claims > 0) {
        sim_words_append(text, capacity, "%" PRIu32 " row%s the document's claim", misses,
                         misses == 1 ? " misses" : "s miss");
    }
    if (doubts > 0) {
        sim_words_append(text, capacity, " (%" PRIu32 " inconclusive)", doubts);
    }
}

static void print_counts(const struct sim_conclusion *conclusion, const struct sim_page *page,
                         const struct sim_rows *rows)
{
    char text[512] = "";
    append_misses(rows, SIM_MODE_COUNT, text, sizeof text);
    for (uint32_t mode = 0; mode < SIM_MODE_COUNT; mode++) {
        if (rows->beside[mode]) {
            append_misses(rows, mode, text, sizeof text);
        }
    }
    if (conclusion->expectation_failures == 0) {
        sim_words_append(text, sizeof text, "; no expectation failed.");
    } else {
        sim_words_append(text, sizeof text, "; %" PRIu32 " expectation%s failed.",
                         conclusion->expectation_failures,
                         conclusion->expectation_failures == 1 ? "" : "s");
    }
    if (conclusion->request->strict_claims) {
        sim_words_append(text, sizeof text,
                         " Of all claims %" PRIu32 " failed, %" PRIu32 " inconclusive.",
                         conclusion->claim_failures, conclusion->claim_doubts);
    }
    sim_words_append(text, sizeof text, " Took %s, exit %d.",
                     sim_word_duration(conclusion->wall_ns).text, conclusion->exit_code);
    fputc('\n', page->output);
    sim_page_paragraph(page, 0, 0, text);
}

void sim_conclusion_print_page(const struct sim_conclusion *conclusion, const struct sim_rows *rows)
{
    struct sim_page page = sim_page_of(stdout);
    sim_block_table(&page, rows);
    if (rows->count == 1) {
        sim_block_metrics(&page, &rows->items[0]);
    } else {
        sim_block_fault_rows(&page, rows);
        sim_block_shares(&page, rows);
        sim_block_membership_rows(&page, rows);
    }
    sim_block_reasons(&page, rows);
    sim_block_claims(&page, rows, conclusion->claims);
    sim_block_assumptions(&page, rows);
    print_expectations(conclusion, &page);
    print_counts(conclusion, &page, rows);
    fflush(stdout);
}

// ---- On stderr ----

// The first and the last run that were stored; 0: none was.
static void find_stored(const struct sim_conclusion *conclusion, int64_t *first, int64_t *last)
{
    *first = 0;
    *last = 0;
    for (uint32_t i = 0; i < conclusion->finding_count; i++) {
        int64_t run_id = conclusion->findings[i].run_id;
        *first = *first == 0 ? run_id : *first;
        *last = run_id > 0 ? run_id : *last;
    }
}

static void say_stored(const struct sim_conclusion *conclusion)
{
    int64_t first;
    int64_t last;
    find_stored(conclusion, &first, &last);
    if (last == 0) {
        return;
    }
    if (first == last) {
        fprintf(stderr, "Stored: run %" PRId64 " in %s\n", first, conclusion->request->store_path);
    } else {
        fprintf(stderr, "Stored: runs %" PRId64 "-%" PRId64 " in %s\n", first, last,
                conclusion->request->store_path);
    }
}

static void say_next(const struct sim_conclusion *conclusion, const struct sim_rows *rows)
{
    int64_t first;
    int64_t last;
    struct sim_advice advice;
    const char *head = "Next: ";
    find_stored(conclusion, &first, &last);
    if (conclusion->expectation_failures == 0) {
        sim_advice_next(conclusion, rows, &advice);
        fprintf(stderr, "%s%s  %s\n", head, advice.command, advice.purpose);
        head = "      ";
    }
    if (last > 0) {
        sim_advice_replay(conclusion, last, &advice);
        fprintf(stderr, "%s%s  %s\n", head, advice.command, advice.purpose);
    }
}

static void say_interrupted(const struct sim_conclusion *conclusion)
{
    const struct sim_batch *batch = conclusion->batch;
    bool *missing = sim_memory_zeroed(batch->row_count * sizeof *missing);
    uint32_t complete = 0;
    for (uint32_t i = 0; i < batch->cell_count; i++) {
        bool done = i < conclusion->finding_count && !conclusion->findings[i].interrupted;
        complete += done;
        missing[batch->cells[i].row - 1] |= !done;
    }
    fprintf(stderr, "Interrupted: %" PRIu32 " of %" PRIu32 " cells complete and stored\n", complete,
            batch->cell_count);
    for (uint32_t i = 0; i < conclusion->finding_count; i++) {
        const struct sim_finding *finding = &conclusion->findings[i];
        const struct sim_scenario *scenario = finding->cell->scenario;
        if (finding->interrupted && finding->run_id > 0) {
            fprintf(stderr,
                    "  row %" PRIu32 ", %s: %" PRIu32 " of %" PRIu32
                    " repetitions, stored as run %" PRId64 " and marked interrupted%s\n",
                    finding->cell->row, sim_mode_name(scenario->gossip.mode),
                    finding->summary.run_count, scenario->repeat, finding->run_id,
                    scenario->expectation_count > 0 ? "; what is expected of it is not judged"
                                                    : "");
        }
    }
    char command[SIM_COMMAND_BYTES];
    sim_advice_rest(conclusion, missing, command);
    fprintf(stderr, "Next: %s  runs what is missing\n", command);
    sim_memory_free(missing);
}

void sim_conclusion_print(const struct sim_conclusion *conclusion)
{
    const struct sim_request *request = conclusion->request;
    struct sim_rows rows;
    sim_rows_init(&rows, conclusion->findings, conclusion->finding_count);
    if (!request->json && rows.count > 0) {
        sim_conclusion_print_page(conclusion, &rows);
    } else if (request->json && !request->quiet) {
        struct sim_page page = sim_page_of(stderr);
        print_expectations(conclusion, &page);
    }
    if (!request->quiet) {
        say_stored(conclusion);
    }
    if (conclusion->error->code != SIM_OK) {
        sim_error_print(conclusion->error);
    } else if (conclusion->interrupted) {
        say_interrupted(conclusion);
    } else if (!request->quiet && !request->json) {
        say_next(conclusion, &rows);
    }
    sim_rows_finish(&rows);
}
