// SPDX-License-Identifier: GPL-3.0-or-later
// `meshsim replay`: a recorded run again, its checkpoints compared, watched nodes told.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "decimal.h"
#include "interrupt.h"
#include "stored.h"
#include "retrace.h"
#include "telling.h"
#include "text.h"
#include "verbs.h"
#include "version.h"

#define MS_PLACES 6  // a ms has so many decimals in ns

struct wish {
    struct sim_texts arguments;  // the run; behind it, where nodes are watched, more of those
    struct sim_texts watched;
    const char *store_path;
    const char *repetition;
    const char *from;
    const char *until;
    const char *threads;
    bool json;
    bool quiet;
};

static bool read_ms(const char *option, const char *text, uint64_t *ns, struct sim_error *error)
{
    int64_t value = 0;
    struct sim_error reason = {0};
    if (text == NULL) {
        return true;
    }
    if (!sim_decimal_parse(text, strlen(text), MS_PLACES, &value, &reason) || value < 0) {
        return sim_error_set(error, SIM_ERROR_USAGE,
                             "%s: expected milliseconds of simulated time, found \"%.80s\"%s%s",
                             option, text, reason.code == SIM_OK ? "" : ": ", reason.text);
    }
    *ns = (uint64_t)value;
    return true;
}

static bool read_times(const struct wish *wish, struct sim_telling *telling,
                       struct sim_retrace *retrace, struct sim_error *error)
{
    uint64_t until_ns = 0;
    if (!read_ms("--from-ms", wish->from, &telling->from_ns, error) ||
        !read_ms("--until-ms", wish->until, &until_ns, error)) {
        return false;
    }
    if (wish->until != NULL) {
        if (until_ns == 0 || until_ns < telling->from_ns) {
            return sim_error_set(error, SIM_ERROR_USAGE, "--until-ms must lie after %s",
                                 until_ns == 0 ? "0" : "--from-ms");
        }
        telling->until_ns = until_ns;
        retrace->until_ns = until_ns;
    }
    return true;
}

// The argument behind the run belong to --watch: "replay 3 --watch 0 1 2".
static bool sort_arguments(struct wish *wish, struct sim_error *error)
{
    if (wish->arguments.count == 0) {
        return sim_error_set(error, SIM_ERROR_USAGE,
                             "name a run: its number, \"latest\" or the "
                             "path of an exported run");
    }
    for (uint32_t i = 1; i < wish->arguments.count; i++) {
        if (wish->watched.count == 0) {
            return sim_error_set(error, SIM_ERROR_USAGE, "unexpected argument \"%.80s\"",
                                 wish->arguments.items[i]);
        }
        sim_texts_add(&wish->watched, wish->arguments.items[i]);
    }
    return true;
}

static void put_end(struct sim_json *json, const struct sim_retrace *retrace,
                    const struct sim_result *result)
{
    const struct sim_divergence *divergence = &retrace->divergence;
    char text[512] = "";
    sim_json_open(json, NULL, '{');
    sim_json_text(json, "kind", "replay");
    sim_json_count(json, "repetition", result->repetition);
    sim_json_count(json, "simulated_ns", result->simulated_ns);
    sim_json_count(json, "events", result->events);
    sim_json_count(json, "checkpoints", retrace->compared);
    sim_json_text(json, "outcome", divergence->found ? "diverged" : "same");
    if (divergence->found) {
        sim_divergence_append(divergence, text, sizeof text);
    }
    sim_json_text(json, "first_difference", divergence->found ? text : NULL);
    sim_json_close(json, '}');
    sim_json_end_line(json);
}

static void say_end(const struct wish *wish, const struct sim_stored *stored,
                    const struct sim_retrace *retrace, const struct sim_result *result)
{
    if (!wish->quiet) {
        fprintf(stderr,
                "Replayed: %s, repetition %" PRIu32 ", up to %s ms: %" PRIu32
                " checkpoint%s as recorded\n",
                stored->recording.origin, result->repetition,
                sim_word_exact_ms(result->simulated_ns).text, retrace->compared,
                retrace->compared == 1 ? "" : "s");
    }
}

static bool conclude(const struct wish *wish, const struct sim_stored *stored,
                     const struct sim_retrace *retrace, const struct sim_result *result,
                     struct sim_error *error)
{
    struct sim_json json = {.output = stdout};
    bool same_version = strcmp(stored->recording.engine_version, sim_engine_version) == 0;
    if (retrace->options.interrupted != NULL && *retrace->options.interrupted) {
        return sim_error_set(error, SIM_ERROR_INTERRUPTED, "interrupted at %s ms",
                             sim_word_exact_ms(result->simulated_ns).text);
    }
    if (wish->json) {
        put_end(&json, retrace, result);
    }
    if (!retrace->divergence.found) {
        say_end(wish, stored, retrace, result);
        return true;
    }
    char text[512] = "";
    sim_divergence_append(&retrace->divergence, text, sizeof text);
    return same_version ? sim_error_set(error, SIM_ERROR_DIVERGENCE, "%s diverged: %s",
                                        stored->recording.origin, text)
                        : sim_error_set(error, SIM_ERROR_INCONCLUSIVE,
                                        "%s was made by engine %s and this is %s: it went another "
                                        "way from %s",
                                        stored->recording.origin, stored->recording.engine_version,
                                        sim_engine_version, text);
}

static bool follow(const struct wish *wish, struct sim_stored *stored, struct sim_telling *telling,
                   struct sim_retrace *retrace, uint32_t repetition, struct sim_error *error)
{
    struct sim_result result;
    struct sim_progress progress;
    bool watching = telling->watched_count > 0;
    struct sim_json json = {.output = stdout};
    const struct sim_watcher watcher = sim_telling_watcher(telling);
    telling->repetition = repetition;
    telling->output = stdout;
    telling->json = wish->json ? &json : NULL;
    retrace->watcher = watching ? &watcher : NULL;
    sim_progress_init(&progress, &stored->batch,
                      wish->quiet || (watching && isatty(STDOUT_FILENO)));
    retrace->options.progress = sim_progress_draw;
    retrace->options.progress_context = &progress;
    retrace->options.interrupted = sim_interrupt_watch();
    sim_progress_begin(&progress, 0, repetition);
    bool ran = sim_retrace_run(retrace, repetition, &result, error);
    sim_progress_clear(&progress);
    sim_telling_end(telling);
    ran = ran && conclude(wish, stored, retrace, &result, error);
    sim_result_finish(&result);
    return ran;
}

static bool replay(struct wish *wish, struct sim_error *error)
{
    struct sim_stored stored = {0};
    struct sim_telling telling = {0};
    uint32_t repetition = 0;
    bool fine = sort_arguments(wish, error) &&
                sim_stored_open(&stored, wish->arguments.items[0], wish->store_path, error);
    struct sim_retrace retrace = {.scenario = stored.scenario, .recording = &stored.recording};
    fine =
        fine &&
        (wish->repetition == NULL ||
         sim_option_number("--repetition", wish->repetition, 0,
                           stored.recording.repetition_count - 1, &repetition, error)) &&
        (wish->threads == NULL || sim_option_number("--threads", wish->threads, 1, SIM_THREADS_MAX,
                                                    &retrace.options.threads, error)) &&
        sim_telling_init(&telling, stored.scenario, &wish->watched, error) &&
        read_times(wish, &telling, &retrace, error) &&
        follow(wish, &stored, &telling, &retrace, repetition, error);
    sim_telling_finish(&telling);
    sim_stored_finish(&stored);
    return fine;
}

int sim_verb_replay(const char *program, int argc, char **argv)
{
    struct wish wish = {.store_path = SIM_STORE_PATH};
    const struct sim_option options[] = {
        {.name = "--watch",
         .argument = "NODE...",
         .list = &wish.watched,
         .meaning = "tell what these nodes heard, from whom and when: 7, 0-9,15 or all"},
        {.name = "--from-ms",
         .argument = "T",
         .value = &wish.from,
         .meaning = "tell from this simulated time on (0)"},
        {.name = "--until-ms",
         .argument = "T",
         .value = &wish.until,
         .meaning = "stop at this simulated time (the run's end)"},
        {.name = "--repetition",
         .argument = "R",
         .value = &wish.repetition,
         .meaning = "which of the run's repetitions, from 0 (0)"},
        {.name = "--threads",
         .argument = "N",
         .value = &wish.threads,
         .meaning = "how many threads share the run, as with run"},
        {.name = "--db",
         .argument = "FILE",
         .value = &wish.store_path,
         .meaning = "the store to read (meshsim.db)"},
        {.name = "--json",
         .flag = &wish.json,
         .meaning = "JSON Lines: an object per thing heard, one at the end"},
        {.name = "--quiet",
         .flag = &wish.quiet,
         .meaning = "no progress and no narration on stderr"},
    };
    const struct sim_usage usage = {
        .verb = "replay",
        .arguments = "RUN",
        .summary =
            "Runs a repetition of a stored run again, from what is stored with it, and compares\n"
            "every checkpoint on the way: exit 4 at the first that differs. RUN is its number, "
            "\"latest\",\nor the path of an exported run.",
        .example = "meshsim replay latest --watch 0-3 --until-ms 250",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    struct sim_error error = {0};
    bool help = false;
    if (sim_options_parse(&usage, argc, argv, &wish.arguments, &help, &error)) {
        if (help) {
            sim_usage_print(&usage, stdout);
        } else {
            replay(&wish, &error);
        }
    }
    sim_texts_finish(&wish.arguments);
    sim_texts_finish(&wish.watched);
    return sim_verb_fail(program, "replay", &error);
}
