// SPDX-License-Identifier: GPL-3.0-or-later
// `meshsim list`: what the store holds; with --prune, making it smaller.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "catalog.h"
#include "grid.h"
#include "json.h"
#include "options.h"
#include "text.h"
#include "verbs.h"

#define BYTES_PER_MB 1000000
#define NUMBER_MAX 1000000

struct wish {
    const char *store_path;
    const char *keep;
    const char *keep_days;
    const char *max_mb;
    bool prune;
    bool yes;
    bool json;
    bool quiet;
};

// ---- The list ----

static struct sim_word size_of(uint64_t bytes)
{
    struct sim_word word;
    bool mega = bytes >= BYTES_PER_MB;
    snprintf(word.text, sizeof word.text, "%.1f %s", (double)bytes / (mega ? BYTES_PER_MB : 1000),
             mega ? "MB" : "kB");
    return word;
}

static void append_count(uint64_t count, const char *name, char *text, size_t capacity)
{
    if (count > 0) {
        sim_words_append(text, capacity, "%s%" PRIu64 " %s", text[0] == '\0' ? "" : ", ", count,
                         name);
    }
}

// "2 pass, 1 FAIL; expect 1/3 FAIL"; expectations of a run that was interrupted are not judged.
static void append_verdicts(const struct sim_catalog_run *run, char *text, size_t capacity)
{
    append_count(run->claims_passed, "pass", text, capacity);
    append_count(run->claims_failed, "FAIL", text, capacity);
    append_count(run->claims_inconclusive, "inconcl.", text, capacity);
    if (run->expectations > 0 && strcmp(run->status, "complete") == 0) {
        uint64_t failed = run->expectations_failed;
        sim_words_append(text, capacity, "%sexpect %" PRIu64 "/%" PRIu64 " %s",
                         text[0] == '\0' ? "" : "; ", failed > 0 ? failed : run->expectations,
                         run->expectations, failed > 0 ? "FAIL" : "pass");
    }
}

static void put_row(struct sim_grid *grid, const struct sim_catalog_run *run)
{
    char verdicts[128] = "";
    bool whole = strcmp(run->status, "complete") == 0;
    append_verdicts(run, verdicts, sizeof verdicts);
    sim_grid_row(grid);
    if (run->run_id > 0) {
        sim_grid_put(grid, 0, SIM_PLAIN, "%" PRId64, run->run_id);
    } else {
        sim_grid_put(grid, 0, SIM_PLAIN, "-");
    }
    sim_grid_put(grid, 1, SIM_PLAIN, "%.10s %.5s", run->when,
                 strlen(run->when) > 11 ? run->when + 11 : "");
    sim_grid_put(grid, 2, SIM_PLAIN, "%.60s%s%.60s", run->scenario, run->cell[0] == '\0' ? "" : " ",
                 run->cell);
    sim_grid_put(grid, 3, SIM_PLAIN, "%s", sim_word_count(run->agents).text);
    sim_grid_put(grid, 4, SIM_PLAIN, "%s", run->mode);
    sim_grid_put(grid, 5, SIM_PLAIN, "%" PRIu64, run->seed);
    sim_grid_put(grid, 6, SIM_PLAIN, "%" PRIu64 "/%" PRIu64, run->repetitions, run->repeat);
    sim_grid_put(grid, 7, whole ? SIM_PLAIN : SIM_YELLOW, "%s", run->status);
    sim_grid_put(grid, 8, run->claims_failed + run->expectations_failed > 0 ? SIM_RED : SIM_PLAIN,
                 "%s", verdicts);
    if (run->run_id > 0) {
        sim_grid_put(grid, 9, SIM_PLAIN, "%s", size_of(run->bytes).text);
    }
}

static void print_list(const struct wish *wish, const struct sim_catalog *catalog)
{
    static const struct {
        const char *title;
        bool left;
    } columns[] = {
        {"run", false},           {"stored (UTC)", true}, {"scenario", true}, {"agents", false},
        {"mode", true},           {"seed", false},        {"done", false},    {"status", true},
        {"claims, expect", true}, {"size", false},
    };
    struct sim_page page = sim_page_of(stdout);
    struct sim_grid grid = {0};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        sim_grid_column(&grid, columns[i].left, "%s", columns[i].title);
    }
    for (uint32_t i = 0; i < catalog->count; i++) {
        put_row(&grid, &catalog->runs[i]);
    }
    if (catalog->count > 0) {
        sim_grid_print(&grid, &page);
    }
    sim_grid_finish(&grid);
    if (!wish->quiet) {
        fflush(stdout);
        fprintf(stderr, "%" PRIu32 " run%s, %s in %s\n", catalog->count,
                catalog->count == 1 ? "" : "s", size_of(catalog->file_bytes).text,
                wish->store_path);
    }
}

static void put_line(const struct sim_catalog_run *run)
{
    struct sim_json json = {.output = stdout};
    sim_json_open(&json, NULL, '{');
    sim_json_text(&json, "kind", "stored_run");
    if (run->run_id > 0) {
        sim_json_count(&json, "run", (uint64_t)run->run_id);
        sim_json_count(&json, "command", (uint64_t)run->command_id);
    } else {
        sim_json_text(&json, "run", NULL);
        sim_json_text(&json, "command", NULL);
    }
    sim_json_text(&json, "status", run->status);
    sim_json_text(&json, "when", run->when);
    sim_json_text(&json, "engine", run->engine_version[0] == '\0' ? NULL : run->engine_version);
    sim_json_text(&json, "scenario", run->scenario);
    sim_json_text(&json, "cell", run->cell);
    sim_json_text(&json, "topology", run->topology);
    sim_json_text(&json, "mode", run->mode);
    sim_json_count(&json, "agents", run->agents);
    sim_json_count(&json, "seed", run->seed);
    sim_json_count(&json, "repeat", run->repeat);
    sim_json_count(&json, "repetitions", run->repetitions);
    sim_json_count(&json, "claims_passed", run->claims_passed);
    sim_json_count(&json, "claims_failed", run->claims_failed);
    sim_json_count(&json, "claims_inconclusive", run->claims_inconclusive);
    sim_json_count(&json, "expectations", run->expectations);
    sim_json_count(&json, "expectations_failed", run->expectations_failed);
    sim_json_count(&json, "bytes", run->bytes);
    sim_json_close(&json, '}');
    sim_json_end_line(&json);
}

static bool list(const struct wish *wish, struct sim_error *error)
{
    struct sim_store *store = NULL;
    struct sim_catalog catalog = {0};
    bool fine = sim_store_open_to_read(wish->store_path, &store, error) &&
                sim_catalog_read(store, &catalog, error);
    if (fine && !wish->json) {
        print_list(wish, &catalog);
    }
    for (uint32_t i = 0; fine && wish->json && i < catalog.count; i++) {
        put_line(&catalog.runs[i]);
    }
    sim_catalog_finish(&catalog);
    sim_store_close(store);
    return fine;
}

// ---- Pruning ----

static bool read_bounds(const struct wish *wish, struct sim_prune *prune, struct sim_error *error)
{
    uint32_t megabytes = 0;
    prune->dry = !wish->yes;
    if (wish->keep == NULL && wish->keep_days == NULL && wish->max_mb == NULL) {
        return sim_error_set(error, SIM_ERROR_USAGE,
                             "--prune needs a bound: --keep RUNS, --keep-days DAYS or --max-mb MB");
    }
    if ((wish->keep != NULL &&
         !sim_option_number("--keep", wish->keep, 1, NUMBER_MAX, &prune->keep, error)) ||
        (wish->keep_days != NULL && !sim_option_number("--keep-days", wish->keep_days, 1,
                                                       NUMBER_MAX, &prune->keep_days, error)) ||
        (wish->max_mb != NULL &&
         !sim_option_number("--max-mb", wish->max_mb, 1, NUMBER_MAX, &megabytes, error))) {
        return false;
    }
    prune->most_bytes = (uint64_t)megabytes * BYTES_PER_MB;
    return true;
}

// "1-4, 6" of ascending numbers.
static void append_runs(const struct sim_pruned *pruned, char *text, size_t capacity)
{
    for (uint32_t i = 0; i < pruned->run_count;) {
        uint32_t end = i + 1;
        while (end < pruned->run_count && pruned->run_ids[end] == pruned->run_ids[end - 1] + 1) {
            end++;
        }
        sim_words_append(text, capacity, "%s%" PRId64, i == 0 ? "" : ", ", pruned->run_ids[i]);
        if (end > i + 1) {
            sim_words_append(text, capacity, "-%" PRId64, pruned->run_ids[end - 1]);
        }
        i = end;
    }
}

static void print_pruned(const struct wish *wish, const struct sim_prune *prune,
                         const struct sim_pruned *pruned)
{
    char text[4096] = "";
    sim_words_append(text, sizeof text, prune->dry ? "would remove " : "removed ");
    if (pruned->run_count == 0) {
        sim_words_append(text, sizeof text, "no runs");
    } else {
        sim_words_append(text, sizeof text, pruned->run_count == 1 ? "run " : "runs ");
        append_runs(pruned, text, sizeof text);
    }
    if (pruned->killed_count > 0) {
        sim_words_append(text, sizeof text, " and the note%s of %" PRIu32 " killed run%s",
                         pruned->killed_count == 1 ? "" : "s", pruned->killed_count,
                         pruned->killed_count == 1 ? "" : "s");
    }
    sim_words_append(text, sizeof text, ": %s, %s before", size_of(pruned->bytes_after).text,
                     size_of(pruned->bytes_before).text);
    if (pruned->kept_count > 0) {
        sim_words_append(text, sizeof text, "; %" PRIu32 " stay, since something refers to them",
                         pruned->kept_count);
    }
    if (prune->most_bytes > 0 && pruned->bytes_after > prune->most_bytes) {
        sim_words_append(text, sizeof text, "; the newest stay, though they are over the bound");
    }
    struct sim_page page = sim_page_of(stdout);
    sim_page_paragraph(&page, 0, 0, text);
    if (prune->dry && !wish->quiet) {
        fflush(stdout);
        fprintf(stderr, "Nothing was removed; with --yes it is\n");
    }
}

static void put_pruned(const struct sim_prune *prune, const struct sim_pruned *pruned)
{
    struct sim_json json = {.output = stdout};
    sim_json_open(&json, NULL, '{');
    sim_json_text(&json, "kind", "prune");
    sim_json_boolean(&json, "removed", !prune->dry);
    sim_json_open(&json, "runs", '[');
    for (uint32_t i = 0; i < pruned->run_count; i++) {
        sim_json_count(&json, NULL, (uint64_t)pruned->run_ids[i]);
    }
    sim_json_close(&json, ']');
    sim_json_count(&json, "kept_since_referred_to", pruned->kept_count);
    sim_json_count(&json, "killed", pruned->killed_count);
    sim_json_count(&json, "bytes_before", pruned->bytes_before);
    sim_json_count(&json, "bytes_after", pruned->bytes_after);
    sim_json_close(&json, '}');
    sim_json_end_line(&json);
}

static bool prune(const struct wish *wish, struct sim_error *error)
{
    struct sim_prune bounds = {0};
    struct sim_pruned pruned = {0};
    struct sim_store *store = NULL;
    // Looked at first: pruning makes no store where there is none.
    bool fine = read_bounds(wish, &bounds, error) &&
                sim_store_open_to_read(wish->store_path, &store, error);
    sim_store_close(store);
    store = NULL;
    fine = fine && sim_store_open(wish->store_path, &store, error) &&
           sim_catalog_prune(store, &bounds, &pruned, error);
    if (fine && wish->json) {
        put_pruned(&bounds, &pruned);
    } else if (fine) {
        print_pruned(wish, &bounds, &pruned);
    }
    sim_pruned_finish(&pruned);
    sim_store_close(store);
    return fine;
}

static bool check(const struct wish *wish, struct sim_error *error)
{
    bool bound = wish->keep != NULL || wish->keep_days != NULL || wish->max_mb != NULL;
    return wish->prune || (!bound && !wish->yes) ||
           sim_error_set(error, SIM_ERROR_USAGE, "%s goes with --prune",
                         wish->keep != NULL        ? "--keep"
                         : wish->keep_days != NULL ? "--keep-days"
                         : wish->max_mb != NULL    ? "--max-mb"
                                                   : "--yes");
}

int sim_verb_list(const char *program, int argc, char **argv)
{
    struct wish wish = {.store_path = SIM_STORE_PATH};
    const struct sim_option options[] = {
        {.name = "--prune",
         .flag = &wish.prune,
         .meaning = "remove runs that a bound below does not allow, oldest first; runs\n"
                    "of one command go together, the newest command stays. Only tells\n"
                    "what it would do, unless --yes is given"},
        {.name = "--keep",
         .argument = "RUNS",
         .value = &wish.keep,
         .meaning = "with --prune: keep so many runs, or a few more of one command"},
        {.name = "--keep-days",
         .argument = "DAYS",
         .value = &wish.keep_days,
         .meaning = "with --prune: remove what was stored earlier"},
        {.name = "--max-mb",
         .argument = "MB",
         .value = &wish.max_mb,
         .meaning = "with --prune: until the file has at most so many megabytes"},
        {.name = "--yes", .flag = &wish.yes, .meaning = "with --prune: do it"},
        {.name = "--db",
         .argument = "FILE",
         .value = &wish.store_path,
         .meaning = "the store (meshsim.db)"},
        {.name = "--json", .flag = &wish.json, .meaning = "JSON Lines, an object per run"},
        {.name = "--quiet", .flag = &wish.quiet, .meaning = "no narration on stderr"},
    };
    const struct sim_usage usage = {
        .verb = "list",
        .summary = "Lists the runs of a store, and those under way or killed; or prunes it. Space "
                   "is given back\nto the disk.",
        .example = "meshsim list --prune --keep 100 --keep-days 90 --yes",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    struct sim_error error = {0};
    struct sim_texts none = {0};
    bool help = false;
    if (sim_options_parse(&usage, argc, argv, &none, &help, &error)) {
        if (help) {
            sim_usage_print(&usage, stdout);
        } else if (check(&wish, &error)) {
            (wish.prune ? prune : list)(&wish, &error);
        }
    }
    return sim_verb_fail(program, "list", &error);
}
