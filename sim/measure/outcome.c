// SPDX-License-Identifier: GPL-3.0-or-later
// Judging expectations; reading them is in expectation.c.
#include "expectation.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "allocate.h"
#include "words.h"

bool sim_compare(double left, enum sim_comparison comparison, double right)
{
    switch (comparison) {
    case SIM_LESS: return left < right;
    case SIM_LESS_EQUAL: return left <= right;
    case SIM_GREATER: return left > right;
    case SIM_GREATER_EQUAL: return left >= right;
    case SIM_EQUAL: return left == right;
    case SIM_NOT_EQUAL:
        return left < right || left > right;  // NaN differs from nothing: it is no value
    case SIM_COMPARISON_COUNT: break;
    }
    assert(false);
    return false;
}

static double shown(const struct sim_summary *summary, enum sim_metric_id metric, uint64_t sample)
{
    return sample == SIM_TIME_NEVER ? INFINITY : (double)sample / sim_metric_scale(metric, summary);
}

void sim_summary_tally(const struct sim_summary *summary, enum sim_metric_id metric,
                       enum sim_comparison comparison, double bound, struct sim_tally *tallies)
{
    const struct sim_samples *samples = &summary->samples[metric];
    for (uint32_t run = 0; run < summary->run_count; run++) {
        tallies[run] = (struct sim_tally){0};
    }
    for (uint64_t i = 0; i < samples->count; i++) {
        struct sim_tally *tally = &tallies[samples->items[i].run];
        tally->satisfied +=
            sim_compare(shown(summary, metric, samples->items[i].value), comparison, bound);
        tally->count++;
    }
}

static double measure_share(const struct sim_term *term, const struct sim_summary *summary)
{
    struct sim_tally *tallies = sim_memory_zeroed(summary->run_count * sizeof *tallies);
    sim_summary_tally(summary, term->metric, term->inner, term->inner_bound, tallies);
    uint64_t satisfied = 0;
    for (uint32_t run = 0; run < summary->run_count; run++) {
        satisfied += tallies[run].satisfied;
    }
    sim_memory_free(tallies);
    return (double)satisfied / (double)summary->samples[term->metric].count;
}

double sim_term_measure(const struct sim_term *term, const struct sim_summary *summary)
{
    const struct sim_samples *samples = &summary->samples[term->metric];
    if (samples->count == 0) {
        return NAN;
    }
    switch (term->aggregate) {
    case SIM_PERCENTILE:
        return shown(summary, term->metric, sim_quantile(samples, term->percentile_ppb));
    case SIM_MEAN:
    case SIM_EACH: return summary->statistics[term->metric].mean;
    case SIM_SD: return summary->statistics[term->metric].sd;
    case SIM_SHARE: return measure_share(term, summary);
    }
    assert(false);
    return NAN;
}

// Of a bare metric: how many repetitions fail, and the value that decides, which is the first in
// order of size that fails, from the end where failures lie.
static uint64_t count_failures(const struct sim_predicate *predicate,
                               const struct sim_summary *summary, double *deciding)
{
    const struct sim_samples *samples = &summary->samples[predicate->term.metric];
    bool upper = predicate->comparison == SIM_LESS || predicate->comparison == SIM_LESS_EQUAL;
    uint64_t last = samples->count - 1;
    *deciding = shown(summary, predicate->term.metric, samples->items[upper ? last : 0].value);
    uint64_t failures = 0;
    for (uint64_t i = 0; i < samples->count; i++) {
        double value = shown(summary, predicate->term.metric, samples->items[i].value);
        if (!sim_compare(value, predicate->comparison, predicate->bound)) {
            failures++;
            *deciding = upper || failures == 1 ? value : *deciding;
        }
    }
    return failures;
}

static void explain(struct sim_expectation_verdict *verdict, const struct sim_summary *summary,
                    uint64_t failures)
{
    const struct sim_term *term = &verdict->predicate.term;
    const struct sim_metric *metric = &sim_metrics[term->metric];
    const struct sim_samples *samples = &summary->samples[term->metric];
    const char *samples_are = sim_metric_samples(term->metric);
    uintmax_t never = sim_samples_never(samples);
    char *why = verdict->why;
    if (samples->count == 0) {
        sim_words_append(why, SIM_REASON_BYTES, "%s",
                         summary->run_count == 0 ? "no repetition ran to its end"
                                                 : "no repetition measured it");
    } else if (isnan(verdict->measured) && never == 0) {
        sim_words_append(why, SIM_REASON_BYTES, "one of the %s has no deviation", samples_are);
    } else if (isnan(verdict->measured)) {
        sim_words_append(why, SIM_REASON_BYTES, "%ju of %ju %s never got there, so there is no %s",
                         never, (uintmax_t)samples->count, samples_are,
                         term->aggregate == SIM_SD ? "deviation" : "mean");
    } else if (term->aggregate == SIM_EACH) {
        sim_words_append(why, SIM_REASON_BYTES, "%s %s in %ju of %ju repetitions",
                         sim_word_number(verdict->measured).text, metric->unit, (uintmax_t)failures,
                         (uintmax_t)samples->count);
    } else if (term->aggregate == SIM_SHARE) {
        sim_words_append(why, SIM_REASON_BYTES, "%s of %ju %s",
                         sim_word_percent(verdict->measured).text, (uintmax_t)samples->count,
                         samples_are);
    } else if (isinf(verdict->measured)) {
        sim_words_append(why, SIM_REASON_BYTES, "%ju of %ju %s never got there", never,
                         (uintmax_t)samples->count, samples_are);
    } else {
        sim_words_append(why, SIM_REASON_BYTES, "%s %s over %ju %s",
                         sim_word_number(verdict->measured).text, metric->unit,
                         (uintmax_t)samples->count, samples_are);
    }
}

static void set_stored(struct sim_expectation_verdict *verdict, const struct sim_summary *summary)
{
    const struct sim_term *term = &verdict->predicate.term;
    bool share = term->aggregate == SIM_SHARE;
    double scale = share ? SIM_ONE_PPB : sim_metric_scale(term->metric, summary);
    verdict->stored =
        isfinite(verdict->measured) ? (uint64_t)llround(verdict->measured * scale) : SIM_TIME_NEVER;
    verdict->stored_unit = share ? "ppb" : sim_metrics[term->metric].stored_unit;
}

static enum sim_outcome outcome_of(const struct sim_predicate *predicate,
                                   const struct sim_summary *summary, double *measured,
                                   uint64_t *failures)
{
    *failures = 0;
    *measured = sim_term_measure(&predicate->term, summary);
    if (summary->samples[predicate->term.metric].count == 0) {
        return SIM_OUTCOME_UNMEASURED;
    }
    if (predicate->term.aggregate == SIM_EACH) {
        *failures = count_failures(predicate, summary, measured);
        return *failures == 0 ? SIM_OUTCOME_PASS : SIM_OUTCOME_FAIL;
    }
    return sim_compare(*measured, predicate->comparison, predicate->bound) ? SIM_OUTCOME_PASS
                                                                           : SIM_OUTCOME_FAIL;
}

bool sim_predicate_holds(const struct sim_predicate *predicate, const struct sim_summary *summary)
{
    double measured = 0;
    uint64_t failures = 0;
    return outcome_of(predicate, summary, &measured, &failures) == SIM_OUTCOME_PASS;
}

static void judge(struct sim_expectation_verdict *verdict, const struct sim_summary *summary)
{
    uint64_t failures = 0;
    verdict->outcome = outcome_of(&verdict->predicate, summary, &verdict->measured, &failures);
    set_stored(verdict, summary);
    if (verdict->outcome != SIM_OUTCOME_PASS) {
        explain(verdict, summary, failures);
    }
}

static const struct sim_summary *summary_of(const struct sim_scenario *scenario,
                                            const struct sim_expectation *expectation,
                                            const struct sim_summary *summary)
{
    return expectation->phase == NULL
               ? summary
               : summary->phases.items[expectation->phase - scenario->phases].alone;
}

void sim_expectation_text(const struct sim_expectation *expectation, char *text, size_t size)
{
    if (expectation->phase == NULL) {
        snprintf(text, size, "%s", expectation->text);
    } else {
        snprintf(text, size, "%s in \"%s\"", expectation->text, expectation->phase->name);
    }
}

void sim_expectations_judge(const struct sim_scenario *scenario, const struct sim_summary *summary,
                            struct sim_expectation_verdict *verdicts)
{
    for (uint32_t i = 0; i < scenario->expectation_count; i++) {
        verdicts[i] = (struct sim_expectation_verdict){.expectation = &scenario->expectations[i]};
        // It parsed before the run; what does not parse now has been changed in between.
        bool parsed =
            sim_expectation_parse(&scenario->expectations[i], &verdicts[i].predicate, NULL);
        assert(parsed);
        judge(&verdicts[i], summary_of(scenario, &scenario->expectations[i], summary));
    }
}

const char *sim_outcome_name(enum sim_outcome outcome)
{
    static const char *const names[] = {
        [SIM_OUTCOME_PASS] = "pass",
        [SIM_OUTCOME_FAIL] = "fail",
        [SIM_OUTCOME_UNMEASURED] = "unmeasured",
    };
    return names[outcome];
}
