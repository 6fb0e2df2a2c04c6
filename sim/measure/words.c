// SPDX-License-Identifier: GPL-3.0-or-later
#include "words.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "leading.h"
#include "lying.h"
#include "membership.h"
#include "summary.h"

// Zeros after a point say nothing.
static void trim_zeros(char *text)
{
    if (strchr(text, '.') != NULL) {
        size_t length = strlen(text);
        while (text[length - 1] == '0') {
            text[--length] = '\0';
        }
        if (text[length - 1] == '.') {
            text[length - 1] = '\0';
        }
    }
}

struct sim_word sim_word_number(double value)
{
    struct sim_word word;
    if (isnan(value)) {
        snprintf(word.text, sizeof word.text, "nothing");
    } else if (isinf(value)) {
        snprintf(word.text, sizeof word.text, "never");
    } else {
        double size = fabs(value);
        int decimals = size >= 100 || size == floor(size) ? 0 : size >= 1 ? 1 : size >= 0.1 ? 2 : 4;
        snprintf(word.text, sizeof word.text, "%.*f", decimals, value);
        trim_zeros(word.text);
    }
    return word;
}

struct sim_word sim_word_percent(double share)
{
    struct sim_word word;
    double percent = share * 100;
    if (share > 0 && share < 0.001) {
        snprintf(word.text, sizeof word.text, "under 0.1 %%");
    } else if (percent >= 10 && percent <= 90) {
        snprintf(word.text, sizeof word.text, "%.0f %%", percent);
    } else {
        // The summand undoes what 0.088 * 100 * 10 falls short of 88.
        snprintf(word.text, sizeof word.text, "%.1f", floor(percent * 10 + 1e-6) / 10);
        trim_zeros(word.text);
        sim_words_append(word.text, sizeof word.text, " %%");
    }
    return word;
}

struct sim_place sim_place_of(const struct sim_origin *origin)
{
    struct sim_place place;
    if (origin->file == NULL || origin->line == 0) {
        snprintf(place.text, sizeof place.text, " (the default)");
    } else if (strncmp(origin->file, "--", 2) == 0) {
        snprintf(place.text, sizeof place.text, " (%.100s)", origin->file);
    } else {
        snprintf(place.text, sizeof place.text, " (%.120s:%u)", origin->file, origin->line);
    }
    return place;
}

void sim_words_append(char *text, size_t capacity, const char *format, ...)
{
    size_t length = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + length, capacity - length, format, arguments);
    va_end(arguments);
}

// ---- Metrics ----

// Who counts samples says what they are.
static const struct {
    uint32_t (*count)(const struct sim_result *result);
    const char *samples;
} counted[] = {
    {sim_election_count, "losses of leaders"},
    {sim_failover_count, "losses of bridges"},
    {sim_unavailable_count, "regions"},
    {sim_detection_count, "liars"},
    {sim_deceit_count, "lies"},
    {sim_discovery_count, "crashes"},
    {sim_readmission_count, "returns"},
    {sim_farewell_count, "members who left"},
    {sim_separation_count, "members cut off"},
    {sim_reunion_count, "partitions"},
    {sim_read_only_count, "members without a majority"},
};

const char *sim_metric_samples(enum sim_metric_id metric)
{
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++) {
        if (sim_metrics[metric].each_count == counted[i].count) {
            return counted[i].samples;
        }
    }
    return !sim_metric_has_many(metric)            ? "repetitions"
           : sim_metrics[metric].of_update != NULL ? "updates"
           : sim_metrics[metric].of_rejoin != NULL ? "returns"
                                                   : "reports";
}
