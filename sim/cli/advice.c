// SPDX-License-Identifier: GPL-3.0-or-later
#include "advice.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "allocate.h"
#include "text.h"

static void append_only(const bool *flags, uint32_t count, char *command)
{
    const char *separator = " --only ";
    for (uint32_t first = 0; first < count; first++) {
        uint32_t end = first;
        while (end < count && flags[end]) {
            end++;
        }
        if (end == first) {
            continue;
        }
        sim_words_append(command, SIM_COMMAND_BYTES, "%s%" PRIu32, separator, first + 1);
        if (end > first + 1) {
            sim_words_append(command, SIM_COMMAND_BYTES, "%s%" PRIu32, end > first + 2 ? "-" : ",",
                             end);
        }
        separator = ",";
        first = end - 1;
    }
}

void sim_advice_cell(const struct sim_request *request, const struct sim_batch *batch,
                     const struct sim_batch_cell *cell, char command[SIM_COMMAND_BYTES])
{
    bool several_modes = false;
    for (uint32_t i = 0; i < batch->cell_count; i++) {
        const struct sim_batch_cell *other = &batch->cells[i];
        several_modes |=
            other->row == cell->row && other->scenario->gossip.mode != cell->scenario->gossip.mode;
    }
    sim_request_command(request, &cell->file->path, NULL, command);
    if (cell->file->row_count > 1) {
        sim_words_append(command, SIM_COMMAND_BYTES, " --only %" PRIu32, cell->scenario->row);
    }
    if (several_modes) {
        sim_words_append(command, SIM_COMMAND_BYTES, " --set gossip.mode=%s",
                         sim_mode_name(cell->scenario->gossip.mode));
    }
}

void sim_advice_repetition(const struct sim_request *request, const struct sim_batch *batch,
                           const struct sim_batch_cell *cell, uint32_t repetition,
                           char command[SIM_COMMAND_BYTES])
{
    struct sim_request alone = *request;
    alone.repeat = "1";
    alone.seed = repetition == 0 ? request->seed : NULL;
    sim_advice_cell(&alone, batch, cell, command);
    if (repetition > 0) {
        sim_words_append(command, SIM_COMMAND_BYTES, " --set seed=%" PRIu64,
                         cell->scenario->seed + repetition);
    }
    if (repetition > 0 && cell->scenario->fault_count > 0) {
        sim_words_append(command, SIM_COMMAND_BYTES, " --set fault_seed=%" PRIu64,
                         cell->scenario->fault_seed + repetition);
    }
}

// Repetitions that may decide: enough for an interval, or four times as many for half its width.
static uint32_t deciding_repeat(const struct sim_finding *finding)
{
    uint64_t runs = finding->summary.run_count;
    uint64_t samples = finding->primary->samples;
    uint64_t repeat = samples > 0 && samples < SIM_P95_SAMPLES_MIN
                          ? (SIM_P95_SAMPLES_MIN * runs + samples - 1) / samples
                          : 4 * runs;
    return repeat < SIM_REPEAT_MAX ? (uint32_t)repeat : SIM_REPEAT_MAX;
}

// Flags the rows whose main verdict is of that kind and tells how many there are.
static uint32_t flag_rows(const struct sim_rows *rows, enum sim_verdict_kind kind, bool *flags)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct sim_verdict *primary = rows->items[i].main->primary;
        bool is = primary != NULL && primary->kind == kind;
        flags[rows->items[i].number - 1] = is;
        count += is;
    }
    return count;
}

static void advise_more(const struct sim_conclusion *conclusion, const struct sim_rows *rows,
                        const bool *flags, struct sim_advice *advice)
{
    char number[16];
    uint32_t repeat = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        uint32_t needed =
            flags[rows->items[i].number - 1] ? deciding_repeat(rows->items[i].main) : 0;
        repeat = needed > repeat ? needed : repeat;
    }
    snprintf(number, sizeof number, "%" PRIu32, repeat);
    sim_request_command(conclusion->request, NULL, number, advice->command);
    if (conclusion->batch->row_count > 1) {
        append_only(flags, rows->number_max, advice->command);
    }
    advice->purpose = "may decide what is inconclusive";
}

void sim_advice_rest(const struct sim_conclusion *conclusion, const bool *rows,
                     char command[SIM_COMMAND_BYTES])
{
    sim_request_command(conclusion->request, NULL, NULL, command);
    if (conclusion->batch->row_count > 1) {
        append_only(rows, conclusion->batch->row_count, command);
    }
}

static void begin_command(const struct sim_request *request, const char *verb, char *command)
{
    command[0] = '\0';
    sim_words_append_argument(command, SIM_COMMAND_BYTES, request->program);
    memmove(command, command + 1, strlen(command));  // without the blank before the first word
    sim_words_append(command, SIM_COMMAND_BYTES, " %s", verb);
}

static void append_store(const struct sim_request *request, char *command)
{
    if (strcmp(request->store_path, SIM_STORE_PATH) != 0) {
        sim_words_append(command, SIM_COMMAND_BYTES, " --db");
        sim_words_append_argument(command, SIM_COMMAND_BYTES, request->store_path);
    }
}

void sim_advice_replay(const struct sim_conclusion *conclusion, int64_t run_id,
                       struct sim_advice *advice)
{
    begin_command(conclusion->request, "replay", advice->command);
    sim_words_append(advice->command, SIM_COMMAND_BYTES, " %" PRId64, run_id);
    append_store(conclusion->request, advice->command);
    sim_words_append(advice->command, SIM_COMMAND_BYTES, " --watch 0");
    advice->purpose = "tells what agent 0 heard, from whom and when";
}

void sim_advice_next(const struct sim_conclusion *conclusion, const struct sim_rows *rows,
                     struct sim_advice *advice)
{
    *advice = (struct sim_advice){0};
    bool *flags = sim_memory_zeroed(rows->number_max * sizeof *flags);
    if (flag_rows(rows, SIM_INCONCLUSIVE, flags) > 0) {
        advise_more(conclusion, rows, flags, advice);
    } else if (flag_rows(rows, SIM_FAIL, flags) > 0 && !rows->beside[MESH_EAGER] &&
               rows->items[0].main->cell->scenario->gossip.mode != MESH_EAGER) {
        sim_request_command(conclusion->request, NULL, NULL, advice->command);
        sim_words_append(advice->command, SIM_COMMAND_BYTES, " --set gossip.mode=eager");
        if (conclusion->batch->row_count > 1) {
            append_only(flags, rows->number_max, advice->command);
        }
        advice->purpose = "forwards an update on its first receipt";
    } else {
        begin_command(conclusion->request, "report", advice->command);
        append_store(conclusion->request, advice->command);
        advice->purpose = "makes a page with pictures of verdicts, spread and traffic";
    }
    sim_memory_free(flags);
}
