// SPDX-License-Identifier: GPL-3.0-or-later
#include "stored.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog.h"

#define DIGITS_MAX 18

static bool is_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= DIGITS_MAX && text[digits] == '\0';
}

static bool is_in_store(const char *run)
{
    return is_number(run) || strcmp(run, "latest") == 0;
}

bool sim_stored_number(struct sim_store *store, const char *text, int64_t *run_id,
                       struct sim_error *error)
{
    if (strcmp(text, "latest") == 0) {
        return sim_catalog_newest(store, run_id, error);
    }
    *run_id = is_number(text) ? strtoll(text, NULL, 10) : 0;
    return *run_id > 0 ||
           sim_error_set(error, SIM_ERROR_USAGE,
                         "\"%.80s\" is no run of the store: expected a number or \"latest\"", text);
}

static bool read_recording(struct sim_stored *stored, const char *run, const char *store_path,
                           struct sim_error *error)
{
    if (!is_in_store(run)) {
        return access(run, F_OK) == 0
                   ? sim_recording_import(run, &stored->recording, error)
                   : sim_error_set(error, SIM_ERROR_USAGE,
                                   "\"%.200s\" is no run: expected its number, \"latest\" or the "
                                   "path of an exported run",
                                   run);
    }
    return sim_store_open_to_read(store_path, &stored->store, error) &&
           sim_stored_number(stored->store, run, &stored->run_id, error) &&
           sim_recording_read(stored->store, stored->run_id, &stored->recording, error);
}

bool sim_stored_open(struct sim_stored *stored, const char *run, const char *store_path,
                     struct sim_error *error)
{
    *stored = (struct sim_stored){0};
    if (!read_recording(stored, run, store_path, error) ||
        !sim_recording_load(&stored->recording, &stored->scenario, error)) {
        return false;
    }
    stored->row_wanted[0] = true;
    stored->file = (struct sim_batch_file){
        .path = stored->scenario->path,
        .recording = &stored->recording,
        .scenarios = stored->scenario,
        .count = 1,
        .row_first = 1,
        .row_count = 1,
    };
    stored->cell = (struct sim_batch_cell){
        .scenario = stored->scenario, .file = &stored->file, .row = stored->scenario->row};
    stored->batch = (struct sim_batch){
        .files = &stored->file,
        .file_count = 1,
        .cells = &stored->cell,
        .cell_count = 1,
        .row_count = 1,
        .row_wanted = stored->row_wanted,
    };
    return true;
}

void sim_stored_finish(struct sim_stored *stored)
{
    sim_scenarios_destroy(stored->scenario, stored->scenario == NULL ? 0 : 1);
    sim_recording_finish(&stored->recording);
    sim_store_close(stored->store);
}
