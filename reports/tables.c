// SPDX-License-Identifier: GPL-3.0-or-later
#include "tables.h"

#include <inttypes.h>
#include <string.h>

#include "text.h"

// ---- Cells ----

static void begin_table(FILE *output, const char *caption, const char *headings)
{
    fprintf(output,
            "<div class=\"wide\"><table><caption>%s</caption>\n<thead><tr>%s</tr></thead>\n"
            "<tbody>\n",
            caption, headings);
}

static void end_table(FILE *output)
{
    fputs("</tbody></table></div>\n", output);
}

static void put_words(FILE *output, const char *text)
{
    fputs("<td>", output);
    report_put_html(output, text);
    fputs("</td>", output);
}

static void put_number(FILE *output, int64_t count)
{
    fputs("<td class=\"n\">", output);
    report_put_count(output, count);
    fputs("</td>", output);
}

static void put_mean(FILE *output, double mean)
{
    fputs("<td class=\"n\">", output);
    report_put_figure(output, mean);
    fputs("</td>", output);
}

static void put_time(FILE *output, int64_t ns)
{
    fputs("<td class=\"n\">", output);
    report_put_ms(output, ns);
    fputs("</td>", output);
}

static void put_share(FILE *output, double share)
{
    fprintf(output, "<td class=\"n\">%.6g %%</td>", 100 * share);
}

static void put_percentile(FILE *output, const struct report_percentile *percentile)
{
    if (percentile->known && !percentile->never) {
        put_time(output, percentile->ns);
    } else {
        fprintf(output, "<td class=\"n\">%s</td>", percentile->known ? "never" : "–");
    }
}

// A stored figure; NULL is `otherwise`.
static void put_figure(FILE *output, sqlite3_stmt *row, int column, const char *unit,
                       const char *otherwise)
{
    if (sqlite3_column_type(row, column) == SQLITE_NULL) {
        fputs(otherwise, output);
    } else {
        report_put_value(output, unit, sqlite3_column_int64(row, column));
    }
}

static void put_verdict(FILE *output, const char *verdict)
{
    const char *class = strcmp(verdict, "PASS") == 0 || strcmp(verdict, "pass") == 0   ? "pass"
                        : strcmp(verdict, "FAIL") == 0 || strcmp(verdict, "fail") == 0 ? "fail"
                        : strcmp(verdict, "INCONCLUSIVE") == 0                         ? "open"
                                                                                       : "none";
    fprintf(output, "<td class=\"%s\">", class);
    report_put_html(output, verdict);
    fputs("</td>", output);
}

// Row of the verdict table, mode: how a run is called in all tables.
static void put_run(FILE *output, const struct report_run *run)
{
    fputs("<tr>", output);
    put_number(output, run->matrix_row);
    put_words(output, run->mode);
}

#define RUN_HEADINGS "<th class=\"n\">row</th><th>mode</th>"

// ---- Verdicts ----

static void put_entry(FILE *output, const struct report_entry *entry, bool with_scenario)
{
    const struct report_run *run = entry->run;
    put_run(output, run);
    put_number(output, run->agents);
    put_words(output, run->topology);
    put_number(output, run->fanout);
    put_percentile(output, &entry->p50);
    put_percentile(output, &entry->p95);
    fputs("<td class=\"n\">", output);
    if (entry->has_interval) {
        report_put_ms(output, entry->low_ns);
        fputs(" – ", output);
        if (entry->open_ended) {
            fputs("never", output);
        } else {
            report_put_ms(output, entry->high_ns);
        }
    } else {
        fputs("–", output);
    }
    fputs("</td>", output);
    put_words(output, entry->claimed ? entry->target.claim : "–");
    put_verdict(output, run->interrupted ? "interrupted"
                        : entry->claimed ? entry->target.verdict
                                         : "–");
    fputs("<td class=\"n\">", output);
    if (entry->waiting_known) {
        fprintf(output, "%.0f %%", 100 * entry->waiting);
    } else {
        fputs("–", output);
    }
    fputs("</td>", output);
    if (with_scenario) {
        put_words(output, run->scenario);
    }
    put_words(output, run->cell);
    fputs("</tr>\n", output);
}

#define VERDICT_HEADINGS                                                              \
    RUN_HEADINGS "<th class=\"n\">agents</th><th>topology</th><th class=\"n\">k</th>" \
                 "<th class=\"n\">p50</th><th class=\"n\">p95</th>"                   \
                 "<th class=\"n\">95 % interval of p95</th><th>target</th>"           \
                 "<th>verdict</th><th class=\"n\">waiting</th>"

void report_table_verdicts(FILE *output, const struct report_matrix *matrix)
{
    bool with_scenario = false;  // one name in every row tells nothing
    for (size_t index = 1; index < matrix->count; index++) {
        with_scenario |=
            strcmp(matrix->entries[index].run->scenario, matrix->entries[0].run->scenario) != 0;
    }
    begin_table(output,
                "Time until θ of the agents hold an update, against the Topology Selection Matrix",
                with_scenario ? VERDICT_HEADINGS "<th>scenario</th><th>with</th>"
                              : VERDICT_HEADINGS "<th>with</th>");
    for (size_t index = 0; index < matrix->count; index++) {
        put_entry(output, &matrix->entries[index], with_scenario);
    }
    end_table(output);
}

// ---- Claims and expectations ----

static const char claims_query[] =
    "SELECT claim, section, metric, statistic, unit, target_low, target_high, measured, low, high,"
    " samples, verdict, why FROM verdicts WHERE run_id = ?1"
    " ORDER BY verdict = 'UNMEASURED', ordinal";

enum {
    CLAIM,
    CLAIM_SECTION,
    CLAIM_METRIC,
    CLAIM_STATISTIC,
    CLAIM_UNIT,
    CLAIM_TARGET_LOW,
    CLAIM_TARGET_HIGH,
    CLAIM_MEASURED,
    CLAIM_LOW,
    CLAIM_HIGH,
    CLAIM_SAMPLES,
    CLAIM_VERDICT,
    CLAIM_WHY
};

static void put_target(FILE *output, sqlite3_stmt *row, const char *unit)
{
    bool low = sqlite3_column_type(row, CLAIM_TARGET_LOW) != SQLITE_NULL;
    bool high = sqlite3_column_type(row, CLAIM_TARGET_HIGH) != SQLITE_NULL;
    bool one =
        low && high &&
        sqlite3_column_int64(row, CLAIM_TARGET_LOW) == sqlite3_column_int64(row, CLAIM_TARGET_HIGH);
    fputs("<td class=\"n\">", output);
    if (low && !one) {
        fputs(high ? "" : "from ", output);
        put_figure(output, row, CLAIM_TARGET_LOW, unit, "");
        fputs(high ? " – " : "", output);
    } else if (high && !one) {
        fputs("to ", output);
    }
    put_figure(output, row, CLAIM_TARGET_HIGH, unit, low ? "" : "–");
    fputs("</td>", output);
}

static void put_claim(FILE *output, const struct report_run *run, sqlite3_stmt *row)
{
    const char *unit = report_store_peek(row, CLAIM_UNIT);
    const char *verdict = report_store_peek(row, CLAIM_VERDICT);
    bool measured = strcmp(verdict, "UNMEASURED") != 0;
    put_run(output, run);
    fputs("<td>“", output);
    report_put_html(output, report_store_peek(row, CLAIM));
    fputs("”<br><small>", output);
    report_put_html(output, report_store_peek(row, CLAIM_SECTION));
    fputs("</small></td><td>", output);
    report_put_html(output, report_store_peek(row, CLAIM_METRIC));
    fputc(' ', output);
    report_put_html(output, report_store_peek(row, CLAIM_STATISTIC));
    fputs("</td>", output);
    put_target(output, row, unit);
    fputs("<td class=\"n\">", output);
    put_figure(output, row, CLAIM_MEASURED, unit, measured ? "never" : "–");
    if (sqlite3_column_type(row, CLAIM_LOW) != SQLITE_NULL) {
        fputs("<br><small>", output);
        put_figure(output, row, CLAIM_LOW, unit, "");
        fputs(" – ", output);
        put_figure(output, row, CLAIM_HIGH, unit, "never");
        fputs("</small>", output);
    }
    fputs("</td>", output);
    put_number(output, sqlite3_column_int64(row, CLAIM_SAMPLES));
    put_verdict(output, verdict);
    put_words(output, report_store_peek(row, CLAIM_WHY));
    fputs("</tr>\n", output);
}

void report_table_claims(FILE *output, const struct report_store *store)
{
    bool begun = false;
    for (size_t index = 0; index < store->run_count; index++) {
        sqlite3_stmt *row = report_store_prepare(store, claims_query, store->runs[index].run_id);
        while (report_store_next(store, row)) {
            if (!begun) {
                begin_table(output, "All claims of the document on these meshes",
                            RUN_HEADINGS
                            "<th>claim</th><th>judged</th><th class=\"n\">target</th>"
                            "<th class=\"n\">measured, 95 % interval</th>"
                            "<th class=\"n\">samples</th><th>verdict</th><th>why</th>");
                begun = true;
            }
            put_claim(output, &store->runs[index], row);
        }
    }
    if (begun) {
        end_table(output);
    }
}

void report_table_expectations(FILE *output, const struct report_store *store)
{
    bool begun = false;
    for (size_t index = 0; index < store->run_count; index++) {
        sqlite3_stmt *row = report_store_prepare(
            store,
            "SELECT text, unit, measured, outcome, why FROM expectations WHERE run_id = ?1"
            " ORDER BY ordinal",
            store->runs[index].run_id);
        while (report_store_next(store, row)) {
            if (!begun) {
                begin_table(output, "Expectations of the scenario",
                            RUN_HEADINGS "<th>expectation</th><th class=\"n\">measured</th>"
                                         "<th>outcome</th><th>why</th>");
                begun = true;
            }
            put_run(output, &store->runs[index]);
            put_words(output, report_store_peek(row, 0));
            fputs("<td class=\"n\">", output);
            put_figure(output, row, 2, report_store_peek(row, 1),
                       strcmp(report_store_peek(row, 3), "unmeasured") == 0 ? "–" : "never");
            fputs("</td>", output);
            put_verdict(output, report_store_peek(row, 3));
            put_words(output, report_store_peek(row, 4));
            fputs("</tr>\n", output);
        }
    }
    if (begun) {
        end_table(output);
    }
}

// ---- Metrics and traffic ----

// One row per metric; `n` has a unit of its own, and counts the samples.
static const char metrics_query[] =
    "SELECT metric, max(CASE WHEN statistic <> 'n' THEN unit END),"
    " max(CASE WHEN statistic = 'n' THEN value END),"
    " max(CASE WHEN statistic = 'min' THEN value END),"
    " max(CASE WHEN statistic = 'p50' THEN value END),"
    " max(CASE WHEN statistic = 'p95' THEN value END),"
    " max(CASE WHEN statistic = 'p99' THEN value END),"
    " max(CASE WHEN statistic = 'max' THEN value END)"
    " FROM metrics WHERE run_id = ?1 GROUP BY metric ORDER BY metric";

enum { METRIC, METRIC_UNIT, METRIC_N, METRIC_FIRST, METRIC_END = METRIC_FIRST + 5 };

static void put_metric(FILE *output, const struct report_run *run, sqlite3_stmt *row)
{
    bool sampled = sqlite3_column_int64(row, METRIC_N) > 0;
    put_run(output, run);
    put_words(output, report_store_peek(row, METRIC));
    put_number(output, sqlite3_column_int64(row, METRIC_N));
    for (int column = METRIC_FIRST; column < METRIC_END; column++) {
        fputs("<td class=\"n\">", output);
        put_figure(output, row, column, report_store_peek(row, METRIC_UNIT),
                   sampled ? "never" : "–");
        fputs("</td>", output);
    }
    fputs("</tr>\n", output);
}

void report_table_metrics(FILE *output, const struct report_store *store)
{
    bool begun = false;
    for (size_t index = 0; index < store->run_count; index++) {
        sqlite3_stmt *row = report_store_prepare(store, metrics_query, store->runs[index].run_id);
        while (report_store_next(store, row)) {
            if (!begun) {
                begin_table(output,
                            "Metrics: order statistics over the measured updates, or over "
                            "the repetitions",
                            RUN_HEADINGS "<th>metric</th><th class=\"n\">samples</th>"
                                         "<th class=\"n\">min</th><th class=\"n\">p50</th>"
                                         "<th class=\"n\">p95</th><th class=\"n\">p99</th>"
                                         "<th class=\"n\">max</th>");
                begun = true;
            }
            put_metric(output, &store->runs[index], row);
        }
    }
    if (begun) {
        end_table(output);
    }
}

static const char traffic_query[] =
    "WITH " REPORT_SHOWN_REPETITIONS
    " SELECT pair_class, message_kind, sum(messages), sum(bytes), sum(transport_bytes), sum(lost),"
    " (SELECT count(*) FROM shown) FROM traffic JOIN shown USING (repetition) WHERE run_id = ?1"
    " GROUP BY pair_class, message_kind ORDER BY pair_class, message_kind";

void report_table_traffic(FILE *output, const struct report_store *store)
{
    bool begun = false;
    for (size_t index = 0; index < store->run_count; index++) {
        sqlite3_stmt *row = report_store_prepare(store, traffic_query, store->runs[index].run_id);
        while (report_store_next(store, row)) {
            if (!begun) {
                begin_table(output, "Sent in a repetition, mean",
                            RUN_HEADINGS "<th>distance</th><th>message</th>"
                                         "<th class=\"n\">messages</th><th class=\"n\">encoded</th>"
                                         "<th class=\"n\">transport</th><th class=\"n\">lost</th>");
                begun = true;
            }
            double repetitions = sqlite3_column_double(row, 6);
            put_run(output, &store->runs[index]);
            put_words(output, report_store_peek(row, 0));
            put_words(output, report_store_peek(row, 1));
            put_mean(output, sqlite3_column_double(row, 2) / repetitions);
            for (int column = 3; column < 5; column++) {
                fputs("<td class=\"n\">", output);
                report_put_bytes(output, sqlite3_column_double(row, column) / repetitions);
                fputs("</td>", output);
            }
            put_mean(output, sqlite3_column_double(row, 5) / repetitions);
            fputs("</tr>\n", output);
        }
    }
    if (begun) {
        end_table(output);
    }
}

// ---- What was assumed ----

static void put_settings(FILE *output, const struct report_run *run)
{
    put_run(output, run);
    put_number(output, run->run_id);
    put_words(output, run->scenario);
    put_words(output, run->topology);
    put_number(output, run->agents);
    put_words(output, run->schedule);
    put_number(output, run->fanout);
    put_time(output, run->interval_ns);
    put_share(output, (double)run->theta_ppb / 1e9);
    put_share(output, (double)run->loss_ppb / 1e9);
    put_share(output, (double)run->duplicate_ppb / 1e9);
    if (run->duration_ns == 0) {
        put_words(output, "when all hold every update");
    } else {
        fputs("<td>after ", output);
        report_put_ms(output, run->duration_ns);
        fputs("</td>", output);
    }
    fprintf(output,
            "<td class=\"n\">%" PRIu64 "</td><td class=\"n\">%" PRId64 " of %" PRId64 "</td>",
            run->seed, run->finished, run->repeat);
    put_words(output, run->engine);
    fputs("</tr>\n", output);
}

void report_table_settings(FILE *output, const struct report_store *store)
{
    begin_table(output, "Settings of the runs",
                RUN_HEADINGS "<th class=\"n\">run</th><th>scenario</th><th>topology</th>"
                             "<th class=\"n\">agents</th><th>ticks</th><th class=\"n\">fanout</th>"
                             "<th class=\"n\">interval</th><th class=\"n\">θ</th>"
                             "<th class=\"n\">loss</th><th class=\"n\">duplicates</th>"
                             "<th>ends</th><th class=\"n\">seed</th>"
                             "<th class=\"n\">repetitions</th><th>meshsim</th>");
    for (size_t index = 0; index < store->run_count; index++) {
        put_settings(output, &store->runs[index]);
    }
    end_table(output);
}

void report_table_latencies(FILE *output, const struct report_store *store)
{
    bool begun = false;
    for (size_t index = 0; index < store->run_count; index++) {
        sqlite3_stmt *row = report_store_prepare(
            store,
            "SELECT pair_class, avg(p50_ns), max(max_ns) FROM latencies WHERE run_id = ?1"
            " GROUP BY pair_class ORDER BY 2, 1",
            store->runs[index].run_id);
        while (report_store_next(store, row)) {
            if (!begun) {
                begin_table(output, "One-way delay of delivered messages",
                            RUN_HEADINGS "<th>distance</th><th class=\"n\">median</th>"
                                         "<th class=\"n\">longest</th>");
                begun = true;
            }
            put_run(output, &store->runs[index]);
            put_words(output, report_store_peek(row, 0));
            put_time(output, sqlite3_column_int64(row, 1));
            put_time(output, sqlite3_column_int64(row, 2));
            fputs("</tr>\n", output);
        }
    }
    if (begun) {
        end_table(output);
    }
}

// What several runs share stands once.
static const char sources_query[] =
    "WITH " REPORT_TABLE_ROWS " SELECT kind, name, text, group_concat(DISTINCT table_row)"
    " FROM sources JOIN runs USING (run_id) JOIN table_rows USING (run_id) WHERE run_id = ?1 OR "
    "command_id = ?2"
    " GROUP BY kind, name, text ORDER BY kind <> 'option', min(run_id), min(ordinal)";

void report_table_sources(FILE *output, const struct report_store *store)
{
    const struct report_run *first = &store->runs[0];
    sqlite3_stmt *row = report_store_prepare(store, sources_query, first->run_id);
    sqlite3_bind_int64(row, 2, store->run_count > 1 ? first->command_id : -1);
    while (report_store_next(store, row)) {
        if (strcmp(report_store_peek(row, 0), "option") == 0) {
            fputs("<p>Option <code>", output);
            report_put_html(output, report_store_peek(row, 1));
            fputc(' ', output);
            report_put_html(output, report_store_peek(row, 2));
            fputs("</code></p>\n", output);
            continue;
        }
        fputs("<details><summary>", output);
        report_put_html(output, report_store_peek(row, 0));
        fputs(" file <code>", output);
        report_put_html(output, report_store_peek(row, 1));
        fputs("</code>, rows ", output);
        report_put_html(output, report_store_peek(row, 3));
        fputs("</summary><pre>", output);
        report_put_html(output, report_store_peek(row, 2));
        fputs("</pre></details>\n", output);
    }
}
