// SPDX-License-Identifier: GPL-3.0-or-later
// Reading expectations; judging them is in outcome.c.
#include "expectation.h"

#include <stdio.h>
#include <string.h>

#include "decimal.h"

// Doubles hold integers of 15 digits and powers of ten up to 22 exactly, so that one multiplication
// or division gives the nearest double (Clinger, "How to read floating point numbers accurately",
// PLDI 1990).
#define DIGITS_MAX 15
#define POWER_MAX 22

struct cursor {
    const char *text;
    const char *at;
    const struct sim_origin *origin;  // of the text; NULL: it stands in no file
    struct sim_error *error;
};

static const char *const comparison_signs[SIM_COMPARISON_COUNT] = {
    [SIM_LESS] = "<",           [SIM_LESS_EQUAL] = "<=", [SIM_GREATER] = ">",
    [SIM_GREATER_EQUAL] = ">=", [SIM_EQUAL] = "==",      [SIM_NOT_EQUAL] = "!=",
};

static void place_error(const struct cursor *cursor, const char *at)
{
    static const struct sim_origin nowhere = {"", 1, 1};
    const struct sim_origin *origin = cursor->origin == NULL ? &nowhere : cursor->origin;
    // What stands before an error is a name, a number or a sign: characters of one byte.
    uint32_t column = origin->column + (uint32_t)(at - cursor->text);
    sim_error_at(cursor->error, origin->file, origin->line, column, cursor->text);
}

#define FAIL_AT(cursor, place, ...)                                   \
    (sim_error_set((cursor)->error, SIM_ERROR_SCENARIO, __VA_ARGS__), \
     place_error((cursor), (place)), false)

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_name(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           byte == '.' || is_digit(byte);
}

static void skip_blanks(struct cursor *cursor)
{
    while (*cursor->at == ' ' || *cursor->at == '\t') {
        cursor->at++;
    }
}

static bool take(struct cursor *cursor, char byte)
{
    skip_blanks(cursor);
    if (*cursor->at != byte) {
        return false;
    }
    cursor->at++;
    return true;
}

// A word's first byte and length; 0 where none stands.
static const char *take_name(struct cursor *cursor, size_t *length)
{
    skip_blanks(cursor);
    const char *name = cursor->at;
    while (is_name(*cursor->at)) {
        cursor->at++;
    }
    *length = (size_t)(cursor->at - name);
    return name;
}

static bool parse_comparison(struct cursor *cursor, enum sim_comparison *comparison)
{
    skip_blanks(cursor);
    size_t longest = 0;
    for (enum sim_comparison sign = 0; sign < SIM_COMPARISON_COUNT; sign++) {
        size_t length = strlen(comparison_signs[sign]);
        if (length > longest && strncmp(cursor->at, comparison_signs[sign], length) == 0) {
            longest = length;
            *comparison = sign;
        }
    }
    if (longest == 0) {
        return FAIL_AT(cursor, cursor->at, "a comparison goes here: < <= > >= == or !=");
    }
    cursor->at += longest;
    return true;
}

// The power of ten after an 'e'; a power out of bounds stays out of bounds.
static bool parse_exponent(struct cursor *cursor, int *power)
{
    bool negative = *cursor->at == '-';
    if (*cursor->at == '-' || *cursor->at == '+') {
        cursor->at++;
    }
    if (!is_digit(*cursor->at)) {
        return FAIL_AT(cursor, cursor->at, "the digits of an exponent go here");
    }
    int value = 0;
    for (; is_digit(*cursor->at); cursor->at++) {
        value = value > 1000 ? value : value * 10 + (*cursor->at - '0');
    }
    *power += negative ? -value : value;
    return true;
}

static bool parse_number(struct cursor *cursor, double *number)
{
    skip_blanks(cursor);
    const char *start = cursor->at;
    uint64_t digits = 0;
    int significant = 0;
    int power = 0;
    bool decimals = false;
    if (!is_digit(*start)) {
        return FAIL_AT(cursor, start, "a number goes here, such as 1000, 0.5 or 5e6");
    }
    for (; is_digit(*cursor->at) || (*cursor->at == '.' && !decimals); cursor->at++) {
        if (*cursor->at == '.') {
            decimals = true;
            continue;
        }
        significant += significant > 0 || *cursor->at != '0';
        if (significant <= DIGITS_MAX) {
            digits = digits * 10 + (uint64_t)(*cursor->at - '0');
        }
        power -= decimals;
    }
    if (*cursor->at == 'e' || *cursor->at == 'E') {
        cursor->at++;
        if (!parse_exponent(cursor, &power)) {
            return false;
        }
    }
    if (significant > DIGITS_MAX || power > POWER_MAX || power < -POWER_MAX) {
        return FAIL_AT(cursor, start,
                       "a number of at most %d digits and a power of ten from -%d to %d",
                       DIGITS_MAX, POWER_MAX, POWER_MAX);
    }
    double scale = 1;
    for (int i = 0; i < (power < 0 ? -power : power); i++) {
        scale *= 10;
    }
    *number = power < 0 ? (double)digits / scale : (double)digits * scale;
    return true;
}

static bool parse_metric(struct cursor *cursor, enum sim_metric_id *metric)
{
    size_t length = 0;
    const char *name = take_name(cursor, &length);
    if (length == 0) {
        return FAIL_AT(cursor, name, "the name of a metric goes here, such as convergence_ms");
    }
    *metric = sim_metric_find(name, (uint32_t)length);
    if (*metric < SIM_METRIC_COUNT) {
        return true;
    }
    char copy[64];
    snprintf(copy, sizeof copy, "%.*s", (int)(length < sizeof copy ? length : sizeof copy - 1),
             name);
    const char *nearest = sim_metric_nearest(copy);
    if (nearest != NULL) {
        return FAIL_AT(cursor, name, "unknown metric \"%s\"; did you mean %s?", copy, nearest);
    }
    char known[1024] = "";
    for (enum sim_metric_id id = 0; id < SIM_METRIC_COUNT; id++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", id == 0 ? "" : ", ",
                 sim_metrics[id].name);
    }
    return FAIL_AT(cursor, name, "unknown metric \"%s\"; there are %s", copy, known);
}

static bool parse_percentile(struct cursor *cursor, const char *name, size_t length,
                             struct sim_term *term)
{
    int64_t share = 0;  // in 10^-7 %, which are parts per billion
    struct sim_error error = {0};
    if (!sim_decimal_parse(name + 1, length - 1, 7, &share, &error)) {
        return FAIL_AT(cursor, name, "%.*s is no percentile: %s", (int)length, name, error.text);
    }
    if (share > (int64_t)SIM_ONE_PPB) {
        return FAIL_AT(cursor, name, "%.*s is no percentile: they go from p0 to p100", (int)length,
                       name);
    }
    term->aggregate = SIM_PERCENTILE;
    term->percentile_ppb = (uint32_t)share;
    return true;
}

static bool parse_aggregate(struct cursor *cursor, const char *name, size_t length,
                            struct sim_term *term)
{
    static const struct {
        const char *name;
        enum sim_aggregate aggregate;
        uint32_t percentile_ppb;
    } known[] = {
        {"mean", SIM_MEAN, 0},      {"sd", SIM_SD, 0},
        {"min", SIM_PERCENTILE, 0}, {"max", SIM_PERCENTILE, SIM_ONE_PPB},
        {"share", SIM_SHARE, 0},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strlen(known[i].name) == length && memcmp(known[i].name, name, length) == 0) {
            term->aggregate = known[i].aggregate;
            term->percentile_ppb = known[i].percentile_ppb;
            return true;
        }
    }
    if (length > 1 && name[0] == 'p' && is_digit(name[1])) {
        return parse_percentile(cursor, name, length, term);
    }
    return FAIL_AT(cursor, name,
                   "unknown aggregate \"%.*s\"; there are mean, sd, min, max, share and "
                   "percentiles such as p99",
                   (int)(length < 40 ? length : 40), name);
}

static bool parse_term(struct cursor *cursor, struct sim_term *term)
{
    *term = (struct sim_term){.aggregate = SIM_EACH};
    skip_blanks(cursor);
    const char *start = cursor->at;
    size_t length = 0;
    const char *name = take_name(cursor, &length);
    if (length == 0 || !take(cursor, '(')) {
        cursor->at = start;
        if (!parse_metric(cursor, &term->metric)) {
            return false;
        }
        const char *metric = sim_metrics[term->metric].name;
        return !sim_metric_has_many(term->metric) ||
               FAIL_AT(cursor, start,
                       "%s has a value per %.6s: say which, as in p99(%s) or share(%s < 100)",
                       metric, sim_metric_samples(term->metric), metric, metric);
    }
    if (!parse_aggregate(cursor, name, length, term) || !parse_metric(cursor, &term->metric)) {
        return false;
    }
    if (term->aggregate == SIM_SHARE &&
        (!parse_comparison(cursor, &term->inner) || !parse_number(cursor, &term->inner_bound))) {
        return false;
    }
    return take(cursor, ')') || FAIL_AT(cursor, cursor->at, "a closing parenthesis goes here");
}

static bool parse_end(struct cursor *cursor)
{
    skip_blanks(cursor);
    return *cursor->at == '\0' || FAIL_AT(cursor, cursor->at, "nothing more goes here");
}

bool sim_term_parse(const char *text, struct sim_term *term, struct sim_error *error)
{
    struct cursor cursor = {text, text, NULL, error};
    return parse_term(&cursor, term) && parse_end(&cursor);
}

bool sim_expectation_parse(const struct sim_expectation *expectation,
                           struct sim_predicate *predicate, struct sim_error *error)
{
    struct cursor cursor = {expectation->text, expectation->text, &expectation->origin, error};
    if (!parse_term(&cursor, &predicate->term) ||
        !parse_comparison(&cursor, &predicate->comparison)) {
        return false;
    }
    skip_blanks(&cursor);
    const char *bound = cursor.at;
    if (!parse_number(&cursor, &predicate->bound) || !parse_end(&cursor)) {
        return false;
    }
    return predicate->term.aggregate != SIM_SHARE || predicate->bound <= 1 ||
           FAIL_AT(&cursor, bound, "a share goes from 0 to 1");
}

// A metric of a part that the mesh does not have would never be measured.
static bool check_metric(const struct sim_scenario *scenario,
                         const struct sim_expectation *expectation,
                         const struct sim_predicate *predicate, struct sim_error *error)
{
    const struct sim_metric *metric = &sim_metrics[predicate->term.metric];
    if (sim_metric_applies(predicate->term.metric, scenario)) {
        return true;
    }
    struct cursor cursor = {expectation->text, expectation->text, &expectation->origin, error};
    const char *lacks = sim_metric_lacks(predicate->term.metric, scenario);
    const char *at = strstr(expectation->text, metric->name);
    if (sim_metric_is_of_faults(predicate->term.metric)) {
        return FAIL_AT(&cursor, at, "%s: nothing goes wrong in this scenario; list faults",
                       metric->name);
    }
    if (metric->of_reports) {
        bool tiers = scenario->topology == SIM_HIERARCHICAL;
        return FAIL_AT(&cursor, at, "%s: this %s has %s%s", metric->name,
                       sim_topology_name(scenario->topology), lacks,
                       tiers ? "; workload.report_every_ms makes its agents report" : "");
    }
    return FAIL_AT(&cursor, at, "%s: this %s has %s; convergence%s is about all agents",
                   metric->name, sim_topology_name(scenario->topology), lacks,
                   strrchr(metric->name, '_'));
}

// Only updates know when they were written.
static bool check_phase(const struct sim_expectation *expectation,
                        const struct sim_predicate *predicate, struct sim_error *error)
{
    const struct sim_metric *metric = &sim_metrics[predicate->term.metric];
    struct cursor cursor = {expectation->text, expectation->text, &expectation->origin, error};
    return expectation->phase == NULL || metric->of_update != NULL ||
           FAIL_AT(&cursor, strstr(expectation->text, metric->name),
                   "%s: a phase has what updates have, such as convergence_ms; expect this of the "
                   "run",
                   metric->name);
}

bool sim_expectations_check(const struct sim_scenario *scenario, struct sim_error *error)
{
    for (uint32_t i = 0; i < scenario->expectation_count; i++) {
        struct sim_predicate predicate;
        if (!sim_expectation_parse(&scenario->expectations[i], &predicate, error) ||
            !check_metric(scenario, &scenario->expectations[i], &predicate, error) ||
            !check_phase(&scenario->expectations[i], &predicate, error)) {
            return false;
        }
    }
    return true;
}
