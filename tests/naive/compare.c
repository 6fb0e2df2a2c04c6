// SPDX-License-Identifier: GPL-3.0-or-later
#include "compare.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SURPRISE 5.0  // standard errors; chance alone exceeds it about once in 80,000 rows

enum statistic {
    STATISTIC_QUANTILE,         // argument: percent
    STATISTIC_REGION_QUANTILE,  // likewise, of the writer's region
    STATISTIC_EDGE_QUANTILE,    // likewise, of its edge
    STATISTIC_MESSAGES,         // argument: kind, or ALL_KINDS; per simulated second
    STATISTIC_UPDATES_SENT,     // likewise
    STATISTIC_PAIR_MESSAGES,    // argument: pair; likewise
};

#define ALL_KINDS (-1)
#define ROWS_MAX (6 + 2 * NAIVE_KIND_COUNT + NAIVE_PAIR_COUNT)

struct row {
    char name[32];
    enum statistic statistic;
    int argument;
    double tolerance_percent;  // INFINITY: only the standard error decides
    double error_percent_max;  // INFINITY: any
};

struct figure {
    double value;
    double error;
};

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static const double *times_of(const struct naive_result *run, enum statistic statistic)
{
    return statistic == STATISTIC_REGION_QUANTILE ? run->region_ms
           : statistic == STATISTIC_EDGE_QUANTILE ? run->edge_ms
                                                  : run->theta_ms;
}

static double quantile_ms(const struct naive_result *runs, int run_count, int updates,
                          enum statistic statistic, int percent)
{
    int count = run_count * updates;
    double *times_ms = malloc((size_t)count * sizeof *times_ms);
    assert(times_ms);
    for (int i = 0; i < count; i++) {
        times_ms[i] = times_of(&runs[i / updates], statistic)[i % updates];
    }
    qsort(times_ms, (size_t)count, sizeof *times_ms, compare_doubles);
    double quantile = times_ms[(count * percent + 99) / 100 - 1];
    free(times_ms);
    return quantile;
}

double compare_quantile_ms(const struct naive_result *runs, int run_count, int updates, int percent)
{
    return quantile_ms(runs, run_count, updates, STATISTIC_QUANTILE, percent);
}

static double per_second(const struct naive_result *runs, int run_count, enum statistic statistic,
                         int wanted)
{
    double sum = 0;
    double simulated_ms = 0;
    for (int run = 0; run < run_count; run++) {
        if (statistic == STATISTIC_PAIR_MESSAGES) {
            sum += (double)runs[run].pair_messages[wanted];
        }
        for (int kind = 0; kind < NAIVE_KIND_COUNT; kind++) {
            if (statistic != STATISTIC_PAIR_MESSAGES && (wanted == ALL_KINDS || wanted == kind)) {
                sum += (double)(statistic == STATISTIC_MESSAGES ? runs[run].messages[kind]
                                                                : runs[run].updates_sent[kind]);
            }
        }
        simulated_ms += runs[run].end_ms;
    }
    return 1000 * sum / simulated_ms;
}

static double value_of(const struct row *row, const struct naive_result *runs, int run_count,
                       int updates)
{
    switch (row->statistic) {
    case STATISTIC_MESSAGES:
    case STATISTIC_UPDATES_SENT:
    case STATISTIC_PAIR_MESSAGES: return per_second(runs, run_count, row->statistic, row->argument);
    default: return quantile_ms(runs, run_count, updates, row->statistic, row->argument);
    }
}

static struct figure figure_of(const struct row *row, const struct naive_result *runs,
                               int run_count, int updates)
{
    int batch_runs = run_count / COMPARE_BATCHES;
    double batch[COMPARE_BATCHES];
    double mean = 0;
    for (int i = 0; i < COMPARE_BATCHES; i++) {
        batch[i] = value_of(row, &runs[i * batch_runs], batch_runs, updates);
        mean += batch[i] / COMPARE_BATCHES;
    }
    double variance = 0;
    for (int i = 0; i < COMPARE_BATCHES; i++) {
        variance += (batch[i] - mean) * (batch[i] - mean) / (COMPARE_BATCHES - 1);
    }
    return (struct figure){.value = value_of(row, runs, run_count, updates),
                           .error = sqrt(variance / COMPARE_BATCHES)};
}

// Returns whether the row agrees. A figure that is not finite agrees with nothing.
static bool compare_row(const struct row *row, struct compare_side a, struct compare_side b,
                        int run_count, int updates)
{
    struct figure left = figure_of(row, a.runs, run_count, updates);
    struct figure right = figure_of(row, b.runs, run_count, updates);
    double difference = right.value - left.value;
    double error = hypot(left.error, right.error);
    double percent = left.value > 0 ? 100 / left.value : 0;
    double rounding = 1e-9 * fabs(left.value);
    bool agrees = fabs(difference) <= SURPRISE * error + rounding &&
                  fabs(difference) * percent <= row->tolerance_percent &&
                  error * percent <= row->error_percent_max;
    if (left.value != 0 || right.value != 0) {
        fprintf(stderr, "  %-26s %12.3f %12.3f %+9.3f %9.3f  %s\n", row->name, left.value,
                right.value, difference * percent, error * percent, agrees ? "" : "DISAGREES");
    }
    return agrees;
}

// Fills `rows` and returns how many there are.
static int fill_rows(struct row *rows, struct compare_limits limits)
{
    double median = limits.median_percent;
    double error = limits.error_percent;
    const struct row always[] = {
        {"p50 ms", STATISTIC_QUANTILE, 50, median, error},
        {"p95 ms", STATISTIC_QUANTILE, 95, 2 * median, INFINITY},
        {"p50 ms, region", STATISTIC_REGION_QUANTILE, 50, median, error},
        {"p50 ms, edge", STATISTIC_EDGE_QUANTILE, 50, median, error},
        {"messages/s", STATISTIC_MESSAGES, ALL_KINDS, 1, INFINITY},
        {"updates sent/s", STATISTIC_UPDATES_SENT, ALL_KINDS, 1, INFINITY},
    };
    int count = sizeof always / sizeof *always;
    memcpy(rows, always, sizeof always);
    for (int kind = 0; kind < NAIVE_KIND_COUNT; kind++) {
        const char *name = naive_kind_name((enum naive_kind)kind);
        struct row messages = {"", STATISTIC_MESSAGES, kind, INFINITY, INFINITY};
        struct row updates_sent = {"", STATISTIC_UPDATES_SENT, kind, INFINITY, INFINITY};
        snprintf(messages.name, sizeof messages.name, "  %s/s", name);
        snprintf(updates_sent.name, sizeof updates_sent.name, "  updates in %s", name);
        rows[count++] = messages;
        rows[count++] = updates_sent;
    }
    for (int pair = 0; pair < NAIVE_PAIR_COUNT; pair++) {
        struct row messages = {"", STATISTIC_PAIR_MESSAGES, pair, INFINITY, INFINITY};
        snprintf(messages.name, sizeof messages.name, "  %s/s",
                 naive_pair_name((enum naive_pair)pair));
        rows[count++] = messages;
    }
    return count;
}

int compare_runs(const char *title, struct compare_side a, struct compare_side b, int run_count,
                 int updates, struct compare_limits limits)
{
    assert(run_count > 0 && run_count % COMPARE_BATCHES == 0);
    struct row rows[ROWS_MAX];
    int row_count = fill_rows(rows, limits);

    fprintf(stderr, "%s, %d runs of %d updates\n  %-26s %12s %12s %9s %9s\n", title, run_count,
            updates, "", a.name, b.name, "diff %", "s.e. %");
    int disagreements = 0;
    for (int i = 0; i < row_count; i++) {
        disagreements += !compare_row(&rows[i], a, b, run_count, updates);
    }
    return disagreements;
}
