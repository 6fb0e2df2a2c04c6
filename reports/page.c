// SPDX-License-Identifier: GPL-3.0-or-later
#include "page.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tables.h"
#include "text.h"

// Black on white, so that it prints as it looks; tables break between rows, pictures nowhere.
static const char head[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>meshsim report</title>\n"
    "<style>\n"
    "body { font: 15px/1.45 system-ui, 'Liberation Sans', sans-serif; color: #1a1a1a;\n"
    "       background: #fff; max-width: 76em; margin: 2em auto; padding: 0 1em; }\n"
    "h1 { font-size: 1.6em; } h2 { margin-top: 2em; border-bottom: 1px solid #ccc; }\n"
    "nav a { margin-right: 1.2em; } a { color: #005a8c; }\n"
    "figure { margin: 1.5em 0; break-inside: avoid; } img { max-width: 100%; height: auto; }\n"
    "figcaption, small, caption { color: #555; font-size: .85em; }\n"
    ".wide { overflow-x: auto; } table { border-collapse: collapse; margin: 1em 0;\n"
    "       font-size: .87em; } caption { text-align: left; padding: .3em 0; }\n"
    "th, td { padding: .22em .6em; border-bottom: 1px solid #ddd; vertical-align: top;\n"
    "         text-align: left; }\n"
    "th { border-bottom: 2px solid #888; } thead { display: table-header-group; }\n"
    "tr { break-inside: avoid; } td:nth-child(2) { white-space: nowrap; }\n"
    ".n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }\n"
    ".pass { color: #00588a; font-weight: 600; } .fail { color: #b03c00; font-weight: 600; }\n"
    ".open { color: #6f5614; font-weight: 600; } .none { color: #666; }\n"
    "pre { background: #f5f5f5; padding: .8em; overflow-x: auto; white-space: pre-wrap; }\n"
    "@media print { body { font-size: 10pt; max-width: none; margin: 0; } nav { display: none; }\n"
    "  .wide { overflow: visible; } table { font-size: 7.5pt; } th, td { padding: 1pt 3pt; }\n"
    "  @page { size: A4 landscape; margin: 12mm; } }\n"
    "</style></head><body>\n";

// ---- Pictures ----

// RFC 4648, section 4.
static void put_base64(FILE *output, FILE *input)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char bytes[3];
    size_t count;
    while ((count = fread(bytes, 1, sizeof bytes, input)) > 0) {
        uint32_t word = (uint32_t)bytes[0] << 16;
        word |= count > 1 ? (uint32_t)bytes[1] << 8 : 0;
        word |= count > 2 ? bytes[2] : 0;
        for (size_t digit = 0; digit < 4; digit++) {
            fputc(digit <= count ? digits[word >> (18 - 6 * digit) & 63] : '=', output);
        }
    }
}

static bool put_picture(FILE *output, const char *directory, const struct report_drawing *drawing,
                        struct report_error *error)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s.%s", directory, drawing->name,
             report_format_suffix(REPORT_SVG));
    FILE *input = fopen(path, "rb");
    if (input == NULL) {
        return report_error_set(error, REPORT_IO, "cannot read %s: %s", path, strerror(errno));
    }
    fprintf(output, "<figure><img width=\"%" PRIu32 "\" height=\"%" PRIu32 "\" alt=\"",
            drawing->script.width, drawing->script.height);
    report_put_html(output, drawing->caption);
    fputs("\" src=\"data:image/svg+xml;base64,", output);
    put_base64(output, input);
    bool read = ferror(input) == 0;
    fclose(input);
    fprintf(output, "\">\n<figcaption>%s.svg, %s.png</figcaption></figure>\n", drawing->name,
            drawing->name);
    return read || report_error_set(error, REPORT_IO, "cannot read %s", path);
}

static bool put_pictures(FILE *output, const char *directory,
                         const struct report_drawings *drawings, enum report_section section,
                         struct report_error *error)
{
    bool put = true;
    for (size_t index = 0; put && index < drawings->count; index++) {
        if (drawings->items[index].section == section) {
            put = put_picture(output, directory, &drawings->items[index], error);
        }
    }
    return put;
}

static bool has_section(const struct report_drawings *drawings, enum report_section section)
{
    for (size_t index = 0; index < drawings->count; index++) {
        if (drawings->items[index].section == section) {
            return true;
        }
    }
    return false;
}

// ---- Words ----

static void put_scenarios(FILE *output, const struct report_store *store)
{
    for (size_t index = 0; index < store->run_count; index++) {
        bool told = false;
        for (size_t earlier = 0; earlier < index; earlier++) {
            told |= strcmp(store->runs[earlier].scenario, store->runs[index].scenario) == 0;
        }
        if (!told) {
            fputs(index == 0 ? "" : ", ", output);
            report_put_html(output, store->runs[index].scenario);
        }
    }
}

static size_t count_verdicts(const struct report_matrix *matrix, const char *verdict)
{
    size_t count = 0;
    for (size_t index = 0; index < matrix->count; index++) {
        const struct report_entry *entry = &matrix->entries[index];
        count += entry->claimed && strcmp(entry->target.verdict, verdict) == 0;
    }
    return count;
}

static void put_opening(FILE *output, const struct report_store *store,
                        const struct report_matrix *matrix)
{
    size_t interrupted = 0;
    for (size_t index = 0; index < store->run_count; index++) {
        interrupted += store->runs[index].interrupted;
    }
    fputs("<h1>meshsim report: ", output);
    put_scenarios(output, store);
    fprintf(output,
            "</h1>\n<p>%zu run%s of command %" PRId64
            ". Against the Topology Selection Matrix: %zu PASS, %zu FAIL, %zu INCONCLUSIVE.</p>\n",
            store->run_count, store->run_count == 1 ? "" : "s", store->runs[0].command_id,
            count_verdicts(matrix, "PASS"), count_verdicts(matrix, "FAIL"),
            count_verdicts(matrix, "INCONCLUSIVE"));
    if (interrupted > 0) {
        fprintf(output,
                "<p><strong>%zu run%s interrupted: shown as far as %s, and not judged.</strong>"
                "</p>\n",
                interrupted, interrupted == 1 ? " was" : "s were",
                interrupted == 1 ? "it came" : "they came");
    }
    fputs("<nav><a href=\"#verdicts\">Verdicts</a><a href=\"#spread\">Spread</a>"
          "<a href=\"#traffic\">Traffic</a><a href=\"#figures\">Figures</a>"
          "<a href=\"#assumed\">What was assumed</a></nav>\n",
          output);
}

static bool put_verdicts(FILE *output, const char *directory, const struct report_matrix *matrix,
                         const struct report_drawings *drawings, struct report_error *error)
{
    fputs("<h2 id=\"verdicts\">Verdicts</h2>\n"
          "<p>Judged is the p95, over all updates of all repetitions, of the time from the write "
          "until θ of the agents hold the update. PASS: the whole 95 % interval lies below the "
          "target; FAIL: above; INCONCLUSIVE: the target lies within it. Waiting is the share of "
          "that time in which the update was not in flight.</p>\n",
          output);
    report_table_verdicts(output, matrix);
    return put_pictures(output, directory, drawings, REPORT_VERDICTS, error);
}

static bool put_spread(FILE *output, const char *directory, const struct report_drawings *drawings,
                       struct report_error *error)
{
    fputs("<h2 id=\"spread\">How updates spread</h2>\n"
          "<p>A line is a mean over all updates; the circles are percentiles over updates, so a "
          "line need not cross θ at p50.</p>\n",
          output);
    if (!put_pictures(output, directory, drawings, REPORT_SPREAD, error)) {
        return false;
    }
    if (has_section(drawings, REPORT_TIERS)) {
        fputs("<h3>By tier and region, reports on their way up, leaders</h3>\n", output);
    }
    return put_pictures(output, directory, drawings, REPORT_TIERS, error);
}

static bool put_traffic(FILE *output, const char *directory, const struct report_store *store,
                        const struct report_drawings *drawings, struct report_error *error)
{
    fputs("<h2 id=\"traffic\">Traffic</h2>\n", output);
    bool put = put_pictures(output, directory, drawings, REPORT_TRAFFIC_SENT, error);
    report_table_traffic(output, store);
    return put;
}

static bool put_page(FILE *output, const char *directory, const struct report_store *store,
                     const struct report_matrix *matrix, const struct report_drawings *drawings)
{
    struct report_error *error = store->error;
    fputs(head, output);
    put_opening(output, store, matrix);
    bool put = put_verdicts(output, directory, matrix, drawings, error) &&
               put_spread(output, directory, drawings, error) &&
               put_traffic(output, directory, store, drawings, error);
    fputs("<h2 id=\"figures\">Figures</h2>\n", output);
    report_table_expectations(output, store);
    report_table_claims(output, store);
    report_table_metrics(output, store);
    fputs("<h2 id=\"assumed\">What was assumed</h2>\n"
          "<p>Times are simulated; the same meshsim, files and options give the same figures on "
          "every machine.</p>\n",
          output);
    report_table_settings(output, store);
    report_table_latencies(output, store);
    report_table_sources(output, store);
    fputs("</body></html>\n", output);
    return put && error->code == REPORT_OK;
}

bool report_page_write(const char *directory, const struct report_store *store,
                       const struct report_matrix *matrix, const struct report_drawings *drawings)
{
    char path[PATH_MAX];
    char part[PATH_MAX + sizeof ".part"];
    snprintf(path, sizeof path, "%s/" REPORT_PAGE_NAME, directory);
    snprintf(part, sizeof part, "%s.part", path);
    FILE *output = fopen(part, "wb");
    if (output == NULL) {
        return report_error_set(store->error, REPORT_IO, "cannot write %s: %s", part,
                                strerror(errno));
    }
    bool written = put_page(output, directory, store, matrix, drawings);
    bool complete = fflush(output) == 0 && ferror(output) == 0;
    complete &= fclose(output) == 0;
    if (written && (!complete || rename(part, path) != 0)) {
        written =
            report_error_set(store->error, REPORT_IO, "cannot write %s: %s", path, strerror(errno));
    }
    if (!written) {
        unlink(part);
    }
    return written;
}
