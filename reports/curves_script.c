// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>
#include <string.h>

#include "curves.h"
#include "text.h"

#define AXIS_SECONDS_FROM_MS 10000.0  // longer axes are in seconds
#define FLAT_SHARE 0.999              // of what a line reaches in the end: the rest of it is tail
#define FAR_FACTOR 2.5                // a target this much later than the lines would flatten them
#define LOG_FACTOR 20                 // lines further apart than this have a logarithmic axis
#define LOG_FAR_FACTOR 20             // FAR_FACTOR there
#define LOG_END_FACTOR 1.25           // how far that axis goes on behind the last line
#define LOG_START_SHARE 0.05          // it begins before a line has come this far on its way
#define Y_END 104                     // percent: a line at 100 stays clear of the edge

#define TARGET_STYLE "linewidth 1.4 linecolor rgb '#000000' dashtype '-'"
#define POINT_OPEN 6  // gnuplot's numbers of circles
#define POINT_FILLED 7

// Pixels of the picture's height.
#define TITLE_HEIGHT 66
#define TARGET_HEIGHT 21
#define AXES_HEIGHT 370
#define TICS_HEIGHT 80
#define LEGEND_HEIGHT 26
#define END_HEIGHT 10

// Columns of the legend, as shares of the width.
#define SAMPLE_START 0.1
#define SAMPLE_END 0.142
#define WORDS_START 0.155

// Characters of a text of the user's or the document's, so that it finds room.
#define NAME_LIMIT 56
#define CELL_LIMIT 40
#define CLAIM_LIMIT 24
#define CLAIM_SHORT_LIMIT 18  // where several stand in a row
#define CLAIMS_PER_ROW 3
#define CLAIMS_LENGTH_MAX 50  // of those behind a name, in bytes
#define SECTION_LIMIT 56

// Okabe and Ito's colours, which most colour-blind people can tell apart; dashes help the others
// and those who print in black and white.
static const struct {
    const char *colour;
    const char *dash;
} styles[REPORT_LINES_MAX] = {
    {"#0072B2", "1"}, {"#D55E00", "'-'"}, {"#009E73", "'_.'"}, {"#CC79A7", "'.'"},
    {"#E69F00", "1"}, {"#56B4E9", "'-'"}, {"#000000", "'_.'"}, {"#8C6D1F", "'.'"},
};

// What is drawn besides the lines, and how much room it takes.
struct frame {
    double start_ms;  // of the time axis
    double end_ms;
    bool logarithmic;
    double unit_ms;  // 1 or 1000
    const char *unit;
    const struct report_target *targets[REPORT_LINES_MAX * REPORT_TARGETS_MAX];  // each time once
    uint32_t target_count;
    bool marked;      // some line has a percentile to mark
    uint32_t height;  // pixels
};

enum place { BEYOND, AT_THE_END, INSIDE };

// Whether a line is the share of times up to one, on which its percentiles lie.
static bool is_of_times(const struct report_picture *picture)
{
    return picture->of_reports || picture->of_leaders;
}

// ---- What is shown, and where ----

static bool is_marked(const struct report_percentile *percentile)
{
    return percentile->known && !percentile->never;
}

static double settled_ms(const struct report_line *line)
{
    double reached = line->points[line->point_count - 1].share;
    for (size_t index = 0; index < line->point_count; index++) {
        if (line->points[index].share >= FLAT_SHARE * reached) {
            return (double)line->points[index].ns / REPORT_NS_PER_MS;
        }
    }
    return (double)line->points[line->point_count - 1].ns / REPORT_NS_PER_MS;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double p95_ms(const struct report_line *line)
{
    return is_marked(&line->p95) ? (double)line->p95.ns / REPORT_NS_PER_MS : 0;
}

static void add_target(struct frame *frame, const struct report_target *target)
{
    for (uint32_t index = 0; index < frame->target_count; index++) {
        if (frame->targets[index]->ns == target->ns) {
            return;
        }
    }
    frame->targets[frame->target_count++] = target;
}

static double target_ms(const struct report_target *target)
{
    return (double)target->ns / REPORT_NS_PER_MS;
}

// When a line has come as far as matters at the left end of a logarithmic axis.
static double begun_ms(const struct report_line *line)
{
    double first = line->points[0].share;
    double last = line->points[line->point_count - 1].share;
    size_t index = 0;
    while (index + 1 < line->point_count &&
           (line->points[index].ns == 0 ||
            line->points[index].share < first + LOG_START_SHARE * (last - first))) {
        index++;
    }
    return (double)line->points[index].ns / REPORT_NS_PER_MS;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

// The axis ends where all lines have become flat, or at a target not too far behind that. It is
// logarithmic where one line is flat long before another is.
static void choose_axis(struct frame *frame, const struct report_picture *picture)
{
    double first_flat_ms = settled_ms(&picture->lines[0]);
    double begin_ms = begun_ms(&picture->lines[0]);
    for (uint32_t index = 0; index < picture->line_count; index++) {
        const struct report_line *line = &picture->lines[index];
        first_flat_ms = smaller(first_flat_ms, settled_ms(line));
        begin_ms = smaller(begin_ms, begun_ms(line));
        frame->end_ms = larger(frame->end_ms, settled_ms(line));
        frame->end_ms = larger(frame->end_ms, p95_ms(line));
    }
    frame->logarithmic = frame->end_ms > LOG_FACTOR * first_flat_ms;
    double far_ms = (frame->logarithmic ? LOG_FAR_FACTOR : FAR_FACTOR) * frame->end_ms;
    for (uint32_t index = 0; index < frame->target_count; index++) {
        double ms = target_ms(frame->targets[index]);
        if (ms <= far_ms) {
            frame->end_ms = larger(frame->end_ms, ms);
            begin_ms = smaller(begin_ms, ms);
        }
    }
    frame->end_ms *= frame->logarithmic ? LOG_END_FACTOR : 1.06;
    frame->start_ms = frame->logarithmic ? report_round_down(begin_ms / 1.5) : 0;
    bool seconds = !frame->logarithmic && frame->end_ms >= AXIS_SECONDS_FROM_MS;
    frame->unit_ms = seconds ? 1000 : 1;
    frame->unit = seconds ? "s" : "ms";
}

// Where the line of a target stands: its label goes to the right of it, or to the left where the
// picture ends. A target beyond the axis has a label with an arrow and no line.
static enum place place_of(const struct frame *frame, const struct report_target *target)
{
    double ms = target_ms(target);
    double near_end_ms = (frame->logarithmic ? 0.25 : 0.85) * frame->end_ms;
    return ms > frame->end_ms ? BEYOND : ms > near_end_ms ? AT_THE_END : INSIDE;
}

static bool stands_above(const struct frame *frame, const struct report_target *a,
                         const struct report_target *b)
{
    enum place place = place_of(frame, a);
    if (place != place_of(frame, b)) {
        return place < place_of(frame, b);
    }
    return place == INSIDE ? a->ns < b->ns : a->ns > b->ns;
}

// From the top down, so that a line on the way to its label crosses no other label.
static void sort_targets(struct frame *frame)
{
    for (uint32_t index = 1; index < frame->target_count; index++) {
        const struct report_target *target = frame->targets[index];
        uint32_t row = index;
        for (; row > 0 && stands_above(frame, target, frame->targets[row - 1]); row--) {
            frame->targets[row] = frame->targets[row - 1];
        }
        frame->targets[row] = target;
    }
}

static bool same_scenario(const struct report_picture *picture)
{
    for (uint32_t index = 1; index < picture->line_count; index++) {
        if (strcmp(picture->lines[0].run->scenario, picture->lines[index].run->scenario) != 0) {
            return false;
        }
    }
    return true;
}

// Whether another line of the picture has the same mode, so that the mode alone does not name it.
static bool mode_repeats(const struct report_picture *picture, uint32_t line)
{
    const char *mode = picture->lines[line].run->mode;
    for (uint32_t index = 0; index < picture->line_count; index++) {
        if (index != line && strcmp(picture->lines[index].run->mode, mode) == 0) {
            return true;
        }
    }
    return false;
}

// Rows of the legend for the claims of a line: none where they find room behind its name.
static uint32_t claim_rows_of(const struct report_picture *picture, uint32_t index)
{
    const struct report_line *line = &picture->lines[index];
    bool short_name = picture->by_tier || !mode_repeats(picture, index);
    size_t length = 0;
    for (uint32_t target = 0; target < line->target_count; target++) {
        length += strlen(line->targets[target].claim) + strlen(line->targets[target].verdict) + 3;
    }
    return short_name && length <= CLAIMS_LENGTH_MAX && line->target_count <= CLAIMS_PER_ROW
               ? 0
               : (line->target_count + CLAIMS_PER_ROW - 1) / CLAIMS_PER_ROW;
}

static struct frame frame_of(const struct report_picture *picture)
{
    struct frame frame = {0};
    uint32_t claim_rows = 0;
    for (uint32_t index = 0; index < picture->line_count; index++) {
        const struct report_line *line = &picture->lines[index];
        claim_rows += claim_rows_of(picture, index);
        frame.marked |= is_marked(&line->p50) || is_marked(&line->p95);
        for (uint32_t target = 0; target < line->target_count; target++) {
            add_target(&frame, &line->targets[target]);
        }
    }
    uint32_t legend_rows =
        claim_rows + picture->line_count + (frame.marked ? 2 : 0) + frame.target_count;
    frame.height = TITLE_HEIGHT + TARGET_HEIGHT * frame.target_count + AXES_HEIGHT + TICS_HEIGHT +
                   LEGEND_HEIGHT * legend_rows + END_HEIGHT;
    choose_axis(&frame, picture);
    sort_targets(&frame);
    return frame;
}

// Position of a row of pixels from the top, in gnuplot's screen coordinates.
static double screen(const struct frame *frame, double pixels)
{
    return 1 - pixels / frame->height;
}

// ---- Commands ----

static void put_title(FILE *output, const struct report_picture *picture, const struct frame *frame)
{
    const struct report_run *run = picture->lines[0].run;
    bool interrupted = false;
    for (uint32_t index = 0; index < picture->line_count; index++) {
        interrupted |= picture->lines[index].run->interrupted;
    }
    fprintf(output, "set label '%s of ",
            picture->of_reports   ? "Reports"
            : picture->of_leaders ? "Elections and failovers"
            : picture->by_tier    ? "Tiers and regions"
                                  : "Convergence");
    report_put_text(output, run->topology, NAME_LIMIT);
    fputs(", ", output);
    report_put_count(output, run->agents);
    fputs(" agents", output);
    if (picture->by_tier) {
        fputs(", ", output);
        report_put_text(output, run->mode, NAME_LIMIT);
    }
    fprintf(output, "%s' at graph 0.5, screen %.5f center font ',16'\n",
            !interrupted       ? ""
            : picture->by_tier ? ": INTERRUPTED"
                               : ": INTERRUPTED, not judged",
            screen(frame, 22));
}

static void put_subtitle(FILE *output, const struct report_picture *picture,
                         const struct frame *frame)
{
    const struct report_run *first = picture->lines[0].run;
    bool seeds_differ = false;
    bool repeats_differ = false;
    for (uint32_t index = 1; index < picture->line_count; index++) {
        seeds_differ |= picture->lines[index].run->seed != first->seed;
        repeats_differ |= picture->lines[index].run->repeat != first->repeat;
    }
    fputs("set label '", output);
    if (same_scenario(picture)) {
        fputs("scenario \"", output);
        report_put_text(output, first->scenario, NAME_LIMIT);
        fputs("\", ", output);
    }
    if (picture->by_tier) {
        fprintf(output, "run %" PRId64 ", ", first->run_id);
    }
    if (seeds_differ) {
        fputs("several seeds", output);
    } else {
        fprintf(output, "seed %" PRIu64, first->seed);
    }
    if (!repeats_differ) {
        fprintf(output, ", %" PRId64 " repetition%s", first->repeat, first->repeat == 1 ? "" : "s");
    }
    fprintf(output, "' at graph 0.5, screen %.5f center textcolor rgb '#444444'\n",
            screen(frame, 46));
}

static void put_axes(FILE *output, const struct report_picture *picture, const struct frame *frame)
{
    double top = TITLE_HEIGHT + TARGET_HEIGHT * frame->target_count;
    fprintf(output,
            "set encoding utf8\n"
            "set style textbox opaque fillcolor rgb '#ffffff' noborder margins 0.4, 0.2\n"
            "set margins screen 0.1, screen 0.9, screen %.5f, screen %.5f\n"
            "set border 3 linecolor rgb '#444444'\n"
            "set tics nomirror out\n"
            "set grid linetype 1 linecolor rgb '#e4e4e4' linewidth 0.6\n"
            "set yrange [0:%d]\n"
            "set ytics 0, 20, 100\n"
            "set xlabel 'time since the %s [%s]%s'\n"
            "set ylabel '%s [%%]'\n"
            "unset key\n",
            screen(frame, top + AXES_HEIGHT), screen(frame, top), Y_END,
            picture->of_leaders ? "loss" : "write", frame->unit,
            frame->logarithmic ? ", logarithmic" : "",
            picture->of_reports   ? "reports that have come so far"
            : picture->of_leaders ? "losses that are over"
                                  : "agents that hold the update");
    if (frame->logarithmic) {
        report_put_log_axis(output, frame->start_ms, frame->end_ms);
    } else {
        fprintf(output, "set xrange [0:%.9g]\n", frame->end_ms / frame->unit_ms);
    }
}

// Theta of every line, each value once.
static void put_thetas(FILE *output, const struct report_picture *picture)
{
    for (uint32_t index = 0; index < picture->line_count; index++) {
        int64_t ppb = picture->lines[index].run->theta_ppb;
        bool drawn = false;
        for (uint32_t earlier = 0; earlier < index; earlier++) {
            drawn |= picture->lines[earlier].run->theta_ppb == ppb;
        }
        if (drawn) {
            continue;
        }
        double percent = (double)ppb / REPORT_PPB_PER_PERCENT;
        fprintf(output,
                "set arrow from graph 0, first %.9g to graph 1, first %.9g nohead back "
                "linecolor rgb '#444444' linewidth 1.3 dashtype '.'\n"
                "set label 'θ = %.6g %%' at graph 1.008, first %.9g left\n",
                percent, percent, percent, percent);
    }
}

// The line of a target reaches up to its label, which stands above the axes where no curve is, in a
// row of its own. The legend says where the target comes from.
static void put_target(FILE *output, const struct frame *frame, uint32_t index)
{
    const struct report_target *target = frame->targets[index];
    double at = target_ms(target) / frame->unit_ms;
    double end = frame->end_ms / frame->unit_ms;
    double label = screen(frame, TITLE_HEIGHT + TARGET_HEIGHT * (index + 0.5));
    enum place place = place_of(frame, target);
    if (place != BEYOND) {
        fprintf(output,
                "set arrow from first %.9g, graph 0 to first %.9g, screen %.5f nohead "
                "back " TARGET_STYLE "\n",
                at, at, label);
    }
    fputs("set label 'target ", output);
    report_put_text(output, target->claim, CLAIM_LIMIT);
    if (place == BEYOND) {
        fputs(" (", output);
        report_put_ms(output, target->ns);
        fputs(") →", output);
    }
    fprintf(output, "' at first %.9g, screen %.5f %s offset %.1f, 0 front boxed\n",
            place == BEYOND ? end : at, label, place == INSIDE ? "left" : "right",
            place == INSIDE ? 0.6 : -0.6);
}

static void put_points(FILE *output, const struct report_line *line, uint32_t index,
                       const struct frame *frame)
{
    const struct report_point *last = &line->points[line->point_count - 1];
    fprintf(output, "$line%u << END\n", index);
    for (size_t point = 0; point < line->point_count; point++) {
        // A logarithmic axis has no 0: what holds at the write holds at its left end.
        double ms = larger((double)line->points[point].ns / REPORT_NS_PER_MS, frame->start_ms);
        fprintf(output, "%.9g %.9g\n", ms / frame->unit_ms, 100 * line->points[point].share);
    }
    // The share stays as it is after the last point.
    if ((double)last->ns / REPORT_NS_PER_MS < frame->end_ms) {
        fprintf(output, "%.9g %.9g\n", frame->end_ms / frame->unit_ms, 100 * last->share);
    }
    fputs("END\n", output);
}

static void put_percentile(FILE *output, const char *name, const struct report_percentile *value)
{
    fputs(name, output);
    if (value->never) {
        fputs(" never", output);
    } else {
        fputc(' ', output);
        report_put_ms(output, value->ns);
    }
}

// Which run a line is: its mode, and what else tells it from others of the same mode.
static void put_run_name(FILE *output, const struct report_picture *picture, uint32_t index)
{
    const struct report_run *run = picture->lines[index].run;
    report_put_text(output, run->mode, NAME_LIMIT);
    if (mode_repeats(picture, index)) {
        fputs(" (", output);
        if (!same_scenario(picture) || run->cell[0] == '\0') {
            report_put_text(output, run->scenario, CELL_LIMIT);
        } else {
            report_put_settings(output, run->cell, CELL_LIMIT);
        }
        fprintf(output, ", run %" PRId64 ")", run->run_id);
    }
    if (run->interrupted) {
        fprintf(output, ": interrupted, %" PRId64 " of %" PRId64 " repetitions finished",
                run->finished, run->repeat);
    }
}

static void put_tier_name(FILE *output, const struct report_line *line)
{
    static const char region[] = "region:";
    const char *name = line->scope_class;
    if (strcmp(name, REPORT_OF_REPORTS "edge") == 0) {
        fputs("to θ of the edge''s agents", output);
    } else if (strcmp(name, REPORT_OF_REPORTS "aggregator") == 0) {
        fputs("to the aggregator, in a row that covers it", output);
    } else if (strcmp(name, REPORT_OF_REPORTS "global") == 0) {
        fputs("to θ of the coordinators", output);
    } else if (strcmp(name, REPORT_OF_LEADERS "won") == 0) {
        fputs("lost leader, until another candidate has won an election", output);
    } else if (strcmp(name, REPORT_OF_LEADERS "election") == 0) {
        fputs("lost leader, until the next one has committed an entry", output);
    } else if (strcmp(name, REPORT_OF_LEADERS "failover") == 0) {
        fputs("lost bridge, until its successor knows", output);
    } else if (strcmp(name, REPORT_OF_LEADERS "exchange") == 0) {
        fputs("lost bridge, until its successor has heard from another region", output);
    } else if (strcmp(name, REPORT_WHOLE_MESH) == 0) {
        fputs("everywhere", output);
    } else if (strcmp(name, "edge") == 0 || strcmp(name, "region") == 0) {
        fprintf(output, "in the writer''s %s", name);
    } else if (strncmp(name, region, strlen(region)) == 0) {
        fputs("in region ", output);
        report_put_text(output, name + strlen(region), NAME_LIMIT);
    } else {
        report_put_text(output, name, NAME_LIMIT);
    }
}

static double share_at_the_end(const struct report_line *line)
{
    return 100 * line->points[line->point_count - 1].share;
}

// Where the line, which is a mean over all updates, crosses theta.
static void put_crossing(FILE *output, const struct report_line *line)
{
    for (size_t index = 0; index < line->point_count; index++) {
        if (line->points[index].share * 1e9 >= (double)line->run->theta_ppb) {
            fputs(": θ on average after ", output);
            report_put_ms(output, line->points[index].ns);
            return;
        }
    }
    fprintf(output, ": θ not reached on average, %.4g %% at the end", share_at_the_end(line));
}

// As many claims as find room in a row, from `first` on, and what became of them.
static void put_claims(FILE *output, const struct report_line *line, uint32_t first)
{
    uint32_t end = first + CLAIMS_PER_ROW;
    for (uint32_t target = first; target < line->target_count && target < end; target++) {
        fputs(target == first ? "claim " : ", ", output);
        report_put_text(output, line->targets[target].claim, CLAIM_SHORT_LIMIT);
        fputc(' ', output);
        report_put_text(output, line->targets[target].verdict, CLAIM_SHORT_LIMIT);
    }
}

// What the legend says of a line: its name, its percentiles, what became of the claims.
static void put_line_words(FILE *output, const struct report_picture *picture, uint32_t index)
{
    const struct report_line *line = &picture->lines[index];
    if (picture->by_tier) {
        put_tier_name(output, line);
    } else {
        put_run_name(output, picture, index);
    }
    if (line->p50.known) {
        put_percentile(output, ": p50", &line->p50);
    }
    if (line->p95.known) {
        put_percentile(output, line->p50.known ? ", p95" : ": p95", &line->p95);
    }
    if (picture->by_tier && !line->p50.known && !line->p95.known) {
        if (is_of_times(picture)) {
            fprintf(output, ": %.4g %% at the end", share_at_the_end(line));
        } else {
            put_crossing(output, line);
        }
    }
    if (line->target_count > 0 && claim_rows_of(picture, index) == 0) {
        fputs("; ", output);
        put_claims(output, line, 0);
    }
}

static void put_mark(FILE *output, const char *colour, const struct report_percentile *value,
                     double percent, int point_type, const struct frame *frame)
{
    if (is_marked(value)) {
        fprintf(output,
                ", \\\n  '+' using (%.9g):(%.9g) every ::0::0 with points pointtype %d "
                "pointsize 1.0 linewidth 1.6 linecolor rgb '%s'",
                (double)value->ns / REPORT_NS_PER_MS / frame->unit_ms, percent, point_type, colour);
    }
}

// ---- The legend ----

// gnuplot's own legend grows no taller than the axes, so each row is placed by hand.
static double legend_y(const struct frame *frame, uint32_t row)
{
    double top = TITLE_HEIGHT + TARGET_HEIGHT * frame->target_count + AXES_HEIGHT + TICS_HEIGHT;
    return screen(frame, top + LEGEND_HEIGHT * (row + 0.5));
}

static void put_sample(FILE *output, double y, const char *style)
{
    fprintf(output,
            "set arrow from screen %.3f, screen %.5f to screen %.3f, screen %.5f nohead %s\n",
            SAMPLE_START, y, SAMPLE_END, y, style);
}

static void end_words(FILE *output, double y)
{
    fprintf(output, "' at screen %.3f, screen %.5f left\n", WORDS_START, y);
}

static uint32_t put_line_rows(FILE *output, const struct report_picture *picture, uint32_t index,
                              const struct frame *frame, uint32_t row)
{
    char style[96];
    snprintf(style, sizeof style, "linewidth 2.4 linecolor rgb '%s' dashtype %s",
             styles[index].colour, styles[index].dash);
    double y = legend_y(frame, row);
    put_sample(output, y, style);
    fputs("set label '", output);
    put_line_words(output, picture, index);
    end_words(output, y);
    uint32_t claim_rows = claim_rows_of(picture, index);
    for (uint32_t more = 0; more < claim_rows; more++) {
        fputs("set label '     ", output);
        put_claims(output, &picture->lines[index], more * CLAIMS_PER_ROW);
        end_words(output, legend_y(frame, row + 1 + more));
    }
    return row + 1 + claim_rows;
}

static void put_mark_row(FILE *output, const struct frame *frame, uint32_t row, int point_type,
                         const char *words)
{
    double y = legend_y(frame, row);
    fprintf(output,
            "set label '' at screen %.3f, screen %.5f point pointtype %d pointsize 1.0 linewidth "
            "1.6 linecolor rgb '#444444'\n"
            "set label '%s",
            (SAMPLE_START + SAMPLE_END) / 2, y, point_type, words);
    end_words(output, y);
}

static void put_legend(FILE *output, const struct report_picture *picture,
                       const struct frame *frame)
{
    uint32_t row = 0;
    for (uint32_t index = 0; index < picture->line_count; index++) {
        row = put_line_rows(output, picture, index, frame, row);
    }
    if (frame->marked) {
        put_mark_row(output, frame, row++, POINT_OPEN,
                     picture->of_reports ? "p50 of the time until a report has come so far"
                     : picture->of_leaders
                         ? "p50 of the time until it is over"
                         : "p50 of the time until θ of the agents hold an update");
        put_mark_row(output, frame, row++, POINT_FILLED, "p95 of that time");
    }
    for (uint32_t index = 0; index < frame->target_count; index++, row++) {
        put_sample(output, legend_y(frame, row), TARGET_STYLE);
        fputs("set label 'target ", output);
        report_put_text(output, frame->targets[index]->claim, CLAIM_LIMIT);
        fputs(": ", output);
        report_put_text(output, frame->targets[index]->section, SECTION_LIMIT);
        end_words(output, legend_y(frame, row));
    }
}

static void put_plot(FILE *output, const struct report_picture *picture, const struct frame *frame)
{
    fputs("plot ", output);
    for (uint32_t index = 0; index < picture->line_count; index++) {
        fprintf(output, "%s$line%u using 1:2 with %s linewidth 2.4 linecolor rgb '%s' dashtype %s",
                index == 0 ? "" : ", \\\n  ", index, picture->of_leaders ? "steps" : "lines",
                styles[index].colour, styles[index].dash);
    }
    for (uint32_t index = 0; index < picture->line_count; index++) {
        const struct report_line *line = &picture->lines[index];
        double theta = (double)line->run->theta_ppb / REPORT_PPB_PER_PERCENT;
        put_mark(output, styles[index].colour, &line->p50, is_of_times(picture) ? 50 : theta,
                 POINT_OPEN, frame);
        put_mark(output, styles[index].colour, &line->p95, is_of_times(picture) ? 95 : theta,
                 POINT_FILLED, frame);
    }
    fputc('\n', output);
}

uint32_t report_curves_height(const struct report_picture *picture)
{
    return frame_of(picture).height;
}

void report_curves_script(FILE *output, const struct report_picture *picture)
{
    struct frame frame = frame_of(picture);
    put_axes(output, picture, &frame);
    put_title(output, picture, &frame);
    put_subtitle(output, picture, &frame);
    if (!is_of_times(picture)) {
        put_thetas(output, picture);
    }
    for (uint32_t index = 0; index < frame.target_count; index++) {
        put_target(output, &frame, index);
    }
    for (uint32_t index = 0; index < picture->line_count; index++) {
        put_points(output, &picture->lines[index], index, &frame);
    }
    put_legend(output, picture, &frame);
    put_plot(output, picture, &frame);
}
