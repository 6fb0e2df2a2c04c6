// SPDX-License-Identifier: GPL-3.0-or-later
#include "batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "allocate.h"
#include "expectation.h"
#include "results.h"

// ---- Loading ----

static bool load_export(struct sim_batch_file *file, const struct sim_overrides *overrides,
                        struct sim_error *error)
{
    if (overrides->set_count > 0 || overrides->agents != NULL || overrides->seed != NULL ||
        overrides->repeat != NULL) {
        return sim_error_set(error, SIM_ERROR_USAGE,
                             "%s is an exported run, which runs as it was: --set, --agents, --seed "
                             "and --repeat do not go with it; the scenario is in it as a text",
                             file->path);
    }
    file->recording = sim_memory_zeroed(sizeof *file->recording);
    if (!sim_recording_import(file->path, file->recording, error) ||
        !sim_recording_load(file->recording, &file->scenarios, error)) {
        return false;
    }
    file->count = 1;
    file->scenarios[0].row = 1;
    return true;
}

static bool load_file(struct sim_batch *batch, const char *path,
                      const struct sim_overrides *overrides, struct sim_error *error)
{
    struct sim_batch_file *file = &batch->files[batch->file_count];
    *file = (struct sim_batch_file){.path = path, .row_first = batch->row_count + 1};
    batch->file_count++;
    if (sim_recording_is_export(path)
            ? !load_export(file, overrides, error)
            : !sim_load_scenario(path, overrides, &file->scenarios, &file->count, error)) {
        return false;
    }
    for (uint32_t i = 0; i < file->count; i++) {
        if (!sim_expectations_check(&file->scenarios[i], error)) {
            return false;
        }
        if (file->scenarios[i].row > file->row_count) {
            file->row_count = file->scenarios[i].row;
        }
    }
    batch->row_count += file->row_count;
    return true;
}

// Keeps the worse of the errors; false: it is the same for every file.
static bool note_wrong(struct sim_error *error, struct sim_error *wrong)
{
    if (error->code != SIM_OK && error->code != SIM_ERROR_USAGE) {
        sim_error_print(error);
    }
    wrong->code = wrong->code > error->code ? wrong->code : error->code;
    *error = *wrong;
    return wrong->code != SIM_ERROR_USAGE;
}

// Which files those of the request stand for.
static bool find_named(struct sim_batch *batch, const struct sim_request *request,
                       struct sim_error *error)
{
    uint32_t count = 0;
    batch->named = sim_memory_zeroed(request->files.count * sizeof *batch->named);
    for (; batch->named_count < request->files.count; batch->named_count++) {
        const char *path = request->files.items[batch->named_count];
        struct sim_batch_named *named = &batch->named[batch->named_count];
        struct sim_error wrong = {0};
        if (!sim_recording_is_export(path) &&
            !sim_load_batch(path, &named->files, &named->count, &wrong)) {
            note_wrong(error, &wrong);
        }
        count += named->count == 0 ? 1 : named->count;
    }
    batch->files = sim_memory_zeroed(count * sizeof *batch->files);
    return error->code == SIM_OK;
}

static bool load_files(struct sim_batch *batch, const struct sim_request *request,
                       struct sim_error *error)
{
    struct sim_overrides overrides = sim_request_overrides(request);
    if (!find_named(batch, request, error)) {
        return false;
    }
    for (uint32_t i = 0; i < request->files.count; i++) {
        const struct sim_batch_named *named = &batch->named[i];
        for (uint32_t j = 0; j < named->count || j == 0; j++) {
            const char *path = named->count == 0 ? request->files.items[i] : named->files[j];
            struct sim_error wrong = {0};
            if (!load_file(batch, path, &overrides, &wrong) && !note_wrong(error, &wrong)) {
                return false;
            }
        }
    }
    return error->code == SIM_OK;
}

// ---- Which rows ----

// A number of "1-3,6", up to `end`.
static bool read_row(const struct sim_batch *batch, const char *text, const char *end,
                     uint32_t *row, struct sim_error *error)
{
    char number[16];
    snprintf(number, sizeof number, "%.*s", (int)(end - text < 15 ? end - text : 15), text);
    return sim_option_number("--only", number, 1, batch->row_count, row, error);
}

static bool want_rows(struct sim_batch *batch, const char *list, struct sim_error *error)
{
    for (;;) {
        uint32_t first = 0;
        uint32_t last = 0;
        const char *end = list + strcspn(list, ",");
        const char *dash = memchr(list, '-', (size_t)(end - list));
        if (!read_row(batch, list, dash == NULL ? end : dash, &first, error) ||
            !read_row(batch, dash == NULL ? list : dash + 1, end, &last, error)) {
            return false;
        }
        for (uint32_t row = first; row <= last; row++) {
            batch->row_wanted[row - 1] = true;
        }
        if (first > last) {
            return sim_error_set(error, SIM_ERROR_USAGE,
                                 "--only: %" PRIu32 "-%" PRIu32 " goes downwards", first, last);
        }
        if (*end == '\0') {
            return true;
        }
        list = end + 1;
    }
}

static bool choose_rows(struct sim_batch *batch, const struct sim_request *request,
                        struct sim_error *error)
{
    batch->row_wanted = sim_memory_zeroed(batch->row_count * sizeof *batch->row_wanted);
    for (uint32_t i = 0; i < request->only.count; i++) {
        if (!want_rows(batch, request->only.items[i], error)) {
            return false;
        }
    }
    if (request->only.count == 0) {
        memset(batch->row_wanted, true, batch->row_count * sizeof *batch->row_wanted);
    }
    return true;
}

// ---- What the store keeps of them ----

uint32_t sim_batch_sources(const struct sim_batch_cell *cell, const struct sim_request *request,
                           struct sim_store_source **sources)
{
    const struct sim_recording *recording = cell->file->recording;
    if (recording != NULL) {
        *sources = sim_memory_zeroed(recording->source_count * sizeof **sources);
        memcpy(*sources, recording->sources, recording->source_count * sizeof **sources);
        return recording->source_count;
    }
    const struct sim_store_source flags[] = {
        {"option", "--agents", request->agents},
        {"option", "--seed", request->seed},
        {"option", "--repeat", request->repeat},
    };
    uint32_t count = 0;
    uint32_t data_count = cell->scenario->data_file_count;
    struct sim_store_source *list =
        sim_memory_zeroed((request->sets.count + data_count + 5) * sizeof *list);
    const struct sim_scenario *scenario = cell->scenario;
    list[count++] =
        (struct sim_store_source){"topology", scenario->topology_path, scenario->topology_text};
    if (strcmp(scenario->topology_path, scenario->path) != 0) {
        list[count++] = (struct sim_store_source){"scenario", scenario->path, scenario->text};
    }
    for (uint32_t i = 0; i < data_count; i++) {
        const struct sim_data_file *file = &scenario->data_files[i];
        list[count++] = (struct sim_store_source){"data", file->path, file->text};
    }
    for (uint32_t i = 0; i < request->sets.count; i++) {
        list[count++] = (struct sim_store_source){"option", "--set", request->sets.items[i]};
    }
    for (uint32_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (flags[i].text != NULL) {
            list[count++] = flags[i];
        }
    }
    *sources = list;
    return count;
}

// ---- The whole ----

static void list_cells(struct sim_batch *batch)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < batch->file_count; i++) {
        most += batch->files[i].count;
    }
    batch->cells = sim_memory_zeroed(most * sizeof *batch->cells);
    for (uint32_t i = 0; i < batch->file_count; i++) {
        const struct sim_batch_file *file = &batch->files[i];
        for (uint32_t cell = 0; cell < file->count; cell++) {
            uint32_t row = file->row_first + file->scenarios[cell].row - 1;
            if (batch->row_wanted[row - 1]) {
                batch->cells[batch->cell_count++] = (struct sim_batch_cell){
                    .scenario = &file->scenarios[cell], .file = file, .row = row};
            }
        }
    }
}

// The results of a cell stay in memory until the cell is judged and stored.
static bool fits(const struct sim_scenario *scenario, struct sim_error *error)
{
    // Of all agents and of the writer's edge; of its region and of each, where there are several.
    uint64_t curves = scenario->region_count > 1 ? 3 + (uint64_t)scenario->region_count : 2;
    uint64_t bytes =
        (uint64_t)scenario->repeat *
        (sizeof(struct sim_result) + scenario->workload.updates * sizeof(struct sim_update_result) +
         curves * sizeof(struct sim_curve));
    uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    return bytes < machine / 2 || sim_error_set(error, SIM_ERROR_INTERNAL,
                                                "the results of %" PRIu32 " repetitions of %" PRIu32
                                                " updates need %.1f GB; this machine has %.1f GB",
                                                scenario->repeat, scenario->workload.updates,
                                                1e-9 * (double)bytes, 1e-9 * (double)machine);
}

bool sim_batch_init(struct sim_batch *batch, const struct sim_request *request,
                    struct sim_error *error)
{
    *batch = (struct sim_batch){0};
    if (!load_files(batch, request, error) || !choose_rows(batch, request, error)) {
        return false;
    }
    list_cells(batch);
    for (uint32_t i = 0; i < batch->cell_count; i++) {
        if (!fits(batch->cells[i].scenario, error)) {
            return false;
        }
    }
    return true;
}

void sim_batch_finish(struct sim_batch *batch)
{
    for (uint32_t i = 0; i < batch->file_count; i++) {
        sim_scenarios_destroy(batch->files[i].scenarios, batch->files[i].count);
        if (batch->files[i].recording != NULL) {
            sim_recording_finish(batch->files[i].recording);
            sim_memory_free(batch->files[i].recording);
        }
    }
    for (uint32_t i = 0; i < batch->named_count; i++) {
        sim_batch_files_destroy(batch->named[i].files, batch->named[i].count);
    }
    sim_memory_free(batch->named);
    sim_memory_free(batch->files);
    sim_memory_free(batch->cells);
    sim_memory_free(batch->row_wanted);
}
