// SPDX-License-Identifier: GPL-3.0-or-later
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "run.h"
#include "source.h"
#include "text.h"

#define LINE_BYTES 256
#define REDRAW_NS UINT64_C(100000000)
#define PLAIN_NS UINT64_C(10000000000)
#define NS_PER_MS 1000000u
#define NEEDS_MIB 64u  // a run that takes less says nothing of it

static uint64_t wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

// What a repetition costs, in arbitrary units that compare cells: messages go with agents and
// fanout.
static double weight_of(const struct sim_scenario *scenario)
{
    double last_write_ns = (double)scenario->workload.first_write_ns +
                           (double)scenario->workload.every_ns * (scenario->workload.updates - 1);
    double spread_ns = 10 * (double)scenario->gossip.interval_ns;
    double simulated_ns =
        scenario->duration_ns > 0 ? (double)scenario->duration_ns : last_write_ns + spread_ns;
    return scenario->agents * (double)scenario->gossip.fanout * simulated_ns;
}

void sim_progress_init(struct sim_progress *progress, const struct sim_batch *batch, bool quiet)
{
    *progress = (struct sim_progress){
        .batch = batch,
        .quiet = quiet,
        .terminal = isatty(STDERR_FILENO) != 0,
        .start_ns = wall_ns(),
    };
    progress->drawn_ns = progress->start_ns;
    for (uint32_t i = 0; i < batch->cell_count; i++) {
        const struct sim_scenario *scenario = batch->cells[i].scenario;
        progress->weight_total += weight_of(scenario) * scenario->repeat;
    }
}

uint64_t sim_progress_elapsed_ns(const struct sim_progress *progress)
{
    return wall_ns() - progress->start_ns;
}

// Before a large run: the machine may be the wrong one.
static void say_needs(struct sim_progress *progress, const struct sim_scenario *scenario)
{
    struct sim_run_needs needs = sim_run_needs(scenario);
    uint64_t mib = (needs.fixed_bytes + needs.under_way_bytes) >> 20;
    if (!progress->quiet && mib >= NEEDS_MIB) {
        sim_progress_clear(progress);
        fprintf(stderr, "meshsim: %s agents need about %s MiB: %s, and messages under way\n",
                sim_word_count(scenario->agents).text, sim_word_count(mib).text,
                sim_word_count(needs.fixed_bytes >> 20).text);
    }
}

// Once where cells of a sweep share them.
static void say_warnings(struct sim_progress *progress, uint32_t cell)
{
    const struct sim_scenario *scenario = progress->batch->cells[cell].scenario;
    const struct sim_scenario *before =
        cell == 0 ? NULL : progress->batch->cells[cell - 1].scenario;
    for (uint32_t i = 0; i < scenario->warning_count && !progress->quiet; i++) {
        const char *text = scenario->warnings[i];
        if (before == NULL || i >= before->warning_count ||
            strcmp(before->warnings[i], text) != 0) {
            sim_progress_clear(progress);
            fprintf(stderr, "meshsim: warning: %s\n", text);
        }
    }
}

void sim_progress_begin(struct sim_progress *progress, uint32_t cell, uint32_t repetition)
{
    progress->cell = cell;
    progress->repetition = repetition;
    if (repetition == 0) {
        say_warnings(progress, cell);
        say_needs(progress, progress->batch->cells[cell].scenario);
    }
}

void sim_progress_end(struct sim_progress *progress, const struct sim_result *result)
{
    progress->events += result->events;
    progress->weight_done += weight_of(progress->batch->cells[progress->cell].scenario);
}

static void append_rate(const struct sim_progress *progress, uint64_t events, char *line)
{
    uint64_t elapsed_ns = sim_progress_elapsed_ns(progress);
    double rate = 1e9 * (double)(progress->events + events) / (double)(elapsed_ns + 1);
    if (rate >= 1e6) {
        sim_words_append(line, LINE_BYTES, "  %.1f M events/s", rate / 1e6);
    } else {
        sim_words_append(line, LINE_BYTES, "  %.0f k events/s", rate / 1e3);
    }
}

// `share` of the repetition under way is done, as far as that is known.
static void append_left(const struct sim_progress *progress, double share, char *line)
{
    const struct sim_scenario *scenario = progress->batch->cells[progress->cell].scenario;
    double done = progress->weight_done + share * weight_of(scenario);
    double left = progress->weight_total - done;
    double elapsed_ns = (double)sim_progress_elapsed_ns(progress);
    if (done > 0 && left >= 0) {
        uint64_t left_ns = (uint64_t)(elapsed_ns * left / done) + 100000000;  // never "0"
        sim_words_append(line, LINE_BYTES, "  ETA %s", sim_word_duration(left_ns).text);
    }
}

static void write_line(const struct sim_progress *progress, uint64_t simulated_ns, uint64_t end_ns,
                       uint64_t events, char line[LINE_BYTES])
{
    const struct sim_scenario *scenario = progress->batch->cells[progress->cell].scenario;
    bool fixed = scenario->duration_ns > 0;
    line[0] = '\0';
    if (progress->batch->cell_count > 1) {
        sim_words_append(line, LINE_BYTES, "cell %" PRIu32 "/%" PRIu32 "  ", progress->cell + 1,
                         progress->batch->cell_count);
    }
    sim_words_append(line, LINE_BYTES, "run %" PRIu32 "/%" PRIu32 "  %s/%s%s ms",
                     progress->repetition + 1, scenario->repeat,
                     sim_word_count(simulated_ns / NS_PER_MS).text, fixed ? "" : "<",
                     sim_word_count(end_ns / NS_PER_MS).text);
    append_rate(progress, events, line);
    append_left(progress, fixed ? (double)simulated_ns / (double)end_ns : 0, line);
    sim_words_append(line, LINE_BYTES, "  %s %s %s", sim_topology_name(scenario->topology),
                     sim_word_count(scenario->agents).text, sim_mode_name(scenario->gossip.mode));
}

void sim_progress_draw(void *context, uint64_t simulated_ns, uint64_t end_ns, uint64_t events)
{
    struct sim_progress *progress = context;
    uint64_t now_ns = wall_ns();
    if (progress->quiet ||
        now_ns - progress->drawn_ns < (progress->terminal ? REDRAW_NS : PLAIN_NS)) {
        return;
    }
    char line[LINE_BYTES];
    write_line(progress, simulated_ns, end_ns, events, line);
    if (progress->terminal) {
        // The last column stays free: some terminals wrap as soon as it is written.
        uint32_t columns = sim_terminal_columns(STDERR_FILENO);
        size_t cut = sim_text_cut(line, strlen(line), columns > 1 ? columns - 1 : 1);
        fprintf(stderr, "\r\033[K%.*s", (int)cut, line);
        progress->drawn = true;
    } else {
        fprintf(stderr, "meshsim: %s\n", line);
    }
    fflush(stderr);
    progress->drawn_ns = now_ns;
}

void sim_progress_clear(struct sim_progress *progress)
{
    if (progress->drawn) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        progress->drawn = false;
    }
}
