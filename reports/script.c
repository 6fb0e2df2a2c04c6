// SPDX-License-Identifier: GPL-3.0-or-later
#include "script.h"

#include <inttypes.h>
#include <string.h>

#define NS_PER_MS 1e6
#define PPB_PER_PERCENT 1e7
#define AXIS_SECONDS_FROM_MS 10000.0  // longer axes are in seconds
#define FLAT_SHARE 0.999              // of what a line reaches in the end: the rest of it is tail
#define FAR_FACTOR 2.5                // a target this much later than the lines would flatten them
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
#define END_HEIGHT 4

// Characters of a text of the user's or the document's, so that it finds room.
#define NAME_LIMIT 56
#define CLAIM_LIMIT 24
#define SECTION_LIMIT 80

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
    double end_ms;   // of the time axis
    double unit_ms;  // 1 or 1000
    const char *unit;
    const struct report_target *targets[REPORT_LINES_MAX * REPORT_TARGETS_MAX];  // each time once
    uint32_t target_count;
    bool marked;      // some line has a percentile to mark
    uint32_t height;  // pixels
};

enum place { BEYOND, AT_THE_END, INSIDE };

// ---- Texts ----

// Length of the UTF-8 sequence at `text`, 0 when it is not one (RFC 3629, without the subtleties of
// surrogates, which do no harm here).
static size_t sequence_length(const unsigned char *text)
{
    size_t length = text[0] < 0x80                      ? 1
                    : text[0] >= 0xC2 && text[0] < 0xE0 ? 2
                    : text[0] >= 0xE0 && text[0] < 0xF0 ? 3
                    : text[0] >= 0xF0 && text[0] < 0xF5 ? 4
                                                        : 0;
    for (size_t index = 1; index < length; index++) {
        if ((text[index] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return length;
}

// Between single quotes gnuplot expands nothing, and a quote is written twice. Control bytes become
// blanks and bytes that are not UTF-8 question marks, since both would break an SVG file. After
// `limit` characters the text is cut short.
static void put_text(FILE *output, const char *text, uint32_t limit)
{
    const unsigned char *next = (const unsigned char *)text;
    for (uint32_t count = 0; *next != '\0'; count++) {
        if (count == limit) {
            fputs("…", output);
            return;
        }
        size_t length = sequence_length(next);
        if (length == 0) {
            fputc('?', output);
            length = 1;
        } else if (*next < ' ' || *next == 0x7F) {
            fputc(' ', output);
        } else if (*next == '\'') {
            fputs("''", output);
        } else {
            fwrite(next, 1, length, output);
        }
        next += length;
    }
}

// 1000000 as 1,000,000.
static void put_count(FILE *output, int64_t count)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRId64, count);
    for (int index = 0; index < length; index++) {
        if (index > 0 && (length - index) % 3 == 0) {
            fputc(',', output);
        }
        fputc(digits[index], output);
    }
}

// As people read times: 9.2, 15, 1215.
static void put_ms(FILE *output, int64_t ns)
{
    double ms = (double)ns / NS_PER_MS;
    fprintf(output, ms < 10 ? "%.1f ms" : "%.0f ms", ms);
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
            return (double)line->points[index].ns / NS_PER_MS;
        }
    }
    return (double)line->points[line->point_count - 1].ns / NS_PER_MS;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double p95_ms(const struct report_line *line)
{
    return is_marked(&line->p95) ? (double)line->p95.ns / NS_PER_MS : 0;
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
    return (double)target->ns / NS_PER_MS;
}

// The axis ends where all lines have become flat, or at a target not too far behind that.
static void choose_axis(struct frame *frame, const struct report_picture *picture)
{
    for (uint32_t index = 0; index < picture->line_count; index++) {
        frame->end_ms = larger(frame->end_ms, settled_ms(&picture->lines[index]));
        frame->end_ms = larger(frame->end_ms, p95_ms(&picture->lines[index]));
    }
    double far_ms = FAR_FACTOR * frame->end_ms;
    for (uint32_t index = 0; index < frame->target_count; index++) {
        double ms = target_ms(frame->targets[index]);
        if (ms <= far_ms) {
            frame->end_ms = larger(frame->end_ms, ms);
        }
    }
    frame->end_ms *= 1.06;
    bool seconds = frame->end_ms >= AXIS_SECONDS_FROM_MS;
    frame->unit_ms = seconds ? 1000 : 1;
    frame->unit = seconds ? "s" : "ms";
}

// Where the line of a target stands: its label goes to the right of it, or to the left where the
// picture ends. A target beyond the axis has a label with an arrow and no line.
static enum place place_of(const struct frame *frame, const struct report_target *target)
{
    double ms = target_ms(target);
    return ms > frame->end_ms ? BEYOND : ms > 0.85 * frame->end_ms ? AT_THE_END : INSIDE;
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

static struct frame frame_of(const struct report_picture *picture)
{
    struct frame frame = {0};
    for (uint32_t index = 0; index < picture->line_count; index++) {
        const struct report_line *line = &picture->lines[index];
        frame.marked |= is_marked(&line->p50) || is_marked(&line->p95);
        for (uint32_t target = 0; target < line->target_count; target++) {
            add_target(&frame, &line->targets[target]);
        }
    }
    uint32_t legend_rows = picture->line_count + (frame.marked ? 2 : 0) + frame.target_count;
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

static bool same_in_all(const struct report_picture *picture, size_t offset)
{
    const char *first = (const char *)&picture->lines[0] + offset;
    for (uint32_t index = 1; index < picture->line_count; index++) {
        if (strcmp(first, (const char *)&picture->lines[index] + offset) != 0) {
            return false;
        }
    }
    return true;
}

// Whether another line of the picture has the same mode, so that the mode alone does not name it.
static bool mode_repeats(const struct report_picture *picture, uint32_t line)
{
    for (uint32_t index = 0; index < picture->line_count; index++) {
        if (index != line && strcmp(picture->lines[index].mode, picture->lines[line].mode) == 0) {
            return true;
        }
    }
    return false;
}

// ---- Commands ----

static void put_title(FILE *output, const struct report_picture *picture, const struct frame *frame)
{
    bool interrupted = false;
    for (uint32_t index = 0; index < picture->line_count; index++) {
        interrupted |= picture->lines[index].interrupted;
    }
    fputs("set label 'Convergence of ", output);
    put_text(output, picture->topology, NAME_LIMIT);
    fputs(", ", output);
    put_count(output, picture->agents);
    fprintf(output, " agents%s' at graph 0.5, screen %.5f center font ',16'\n",
            interrupted ? ": INTERRUPTED, not judged" : "", screen(frame, 22));
}

static void put_subtitle(FILE *output, const struct report_picture *picture,
                         const struct frame *frame)
{
    const struct report_line *first = &picture->lines[0];
    bool seeds_differ = false;
    bool repeats_differ = false;
    for (uint32_t index = 1; index < picture->line_count; index++) {
        seeds_differ |= picture->lines[index].seed != first->seed;
        repeats_differ |= picture->lines[index].repeat != first->repeat;
    }
    fputs("set label '", output);
    if (same_in_all(picture, offsetof(struct report_line, scenario))) {
        fputs("scenario \"", output);
        put_text(output, first->scenario, NAME_LIMIT);
        fputs("\", ", output);
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

static void put_axes(FILE *output, const struct frame *frame)
{
    double top = TITLE_HEIGHT + TARGET_HEIGHT * frame->target_count;
    fprintf(output,
            "set encoding utf8\n"
            "set margins screen 0.1, screen 0.9, screen %.5f, screen %.5f\n"
            "set border 3 linecolor rgb '#444444'\n"
            "set tics nomirror out\n"
            "set grid linetype 1 linecolor rgb '#e4e4e4' linewidth 0.6\n"
            "set xrange [0:%.9g]\n"
            "set yrange [0:%d]\n"
            "set ytics 0, 20, 100\n"
            "set xlabel 'time since the write [%s]'\n"
            "set ylabel 'agents that hold the update [%%]'\n"
            "set key at screen 0.09, screen %.5f left top Left reverse samplen 3 spacing 1.25\n",
            screen(frame, top + AXES_HEIGHT), screen(frame, top), frame->end_ms / frame->unit_ms,
            Y_END, frame->unit, screen(frame, top + AXES_HEIGHT + TICS_HEIGHT));
}

// Theta of every line, each value once.
static void put_thetas(FILE *output, const struct report_picture *picture)
{
    for (uint32_t index = 0; index < picture->line_count; index++) {
        int64_t ppb = picture->lines[index].theta_ppb;
        bool drawn = false;
        for (uint32_t earlier = 0; earlier < index; earlier++) {
            drawn |= picture->lines[earlier].theta_ppb == ppb;
        }
        if (drawn) {
            continue;
        }
        double percent = (double)ppb / PPB_PER_PERCENT;
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
                "front " TARGET_STYLE "\n",
                at, at, label);
    }
    fputs("set label 'target ", output);
    put_text(output, target->claim, CLAIM_LIMIT);
    if (place == BEYOND) {
        fputs(" (", output);
        put_ms(output, target->ns);
        fputs(") →", output);
    }
    fprintf(output, "' at first %.9g, screen %.5f %s offset %.1f, 0\n", place == BEYOND ? end : at,
            label, place == INSIDE ? "left" : "right", place == INSIDE ? 0.6 : -0.6);
}

static void put_points(FILE *output, const struct report_line *line, uint32_t index,
                       const struct frame *frame)
{
    double unit_ns = frame->unit_ms * NS_PER_MS;
    const struct report_point *last = &line->points[line->point_count - 1];
    fprintf(output, "$line%u << END\n", index);
    for (size_t point = 0; point < line->point_count; point++) {
        fprintf(output, "%.9g %.9g\n", (double)line->points[point].ns / unit_ns,
                100 * line->points[point].share);
    }
    // The share stays as it is after the last point.
    if ((double)last->ns / NS_PER_MS < frame->end_ms) {
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
        put_ms(output, value->ns);
    }
}

// Which run a line is: its mode, and what else tells it from others of the same mode.
static void put_name(FILE *output, const struct report_picture *picture, uint32_t index)
{
    const struct report_line *line = &picture->lines[index];
    put_text(output, line->mode, NAME_LIMIT);
    if (mode_repeats(picture, index)) {
        bool scenarios_differ = !same_in_all(picture, offsetof(struct report_line, scenario));
        const char *other = scenarios_differ || line->cell[0] == '\0' ? line->scenario : line->cell;
        fputs(" (", output);
        put_text(output, other, NAME_LIMIT);
        fprintf(output, ", run %" PRId64 ")", line->run_id);
    }
}

// What the legend says of a line: its name, its percentiles, what became of the claims.
static void put_legend(FILE *output, const struct report_picture *picture, uint32_t index)
{
    const struct report_line *line = &picture->lines[index];
    put_name(output, picture, index);
    if (line->interrupted) {
        fprintf(output, ": interrupted, %" PRId64 " of %" PRId64 " repetitions finished",
                line->finished, line->repeat);
    }
    if (line->p50.known) {
        put_percentile(output, ": p50", &line->p50);
    }
    if (line->p95.known) {
        put_percentile(output, line->p50.known ? ", p95" : ": p95", &line->p95);
    }
    for (uint32_t target = 0; target < line->target_count; target++) {
        fputs(target == 0 ? "; claim " : ", ", output);
        put_text(output, line->targets[target].claim, CLAIM_LIMIT);
        fputc(' ', output);
        put_text(output, line->targets[target].verdict, CLAIM_LIMIT);
    }
}

static void put_mark(FILE *output, const struct report_line *line, const char *colour,
                     const struct report_percentile *value, int point_type,
                     const struct frame *frame)
{
    if (is_marked(value)) {
        fprintf(output,
                ", \\\n  '+' using (%.9g):(%.9g) every ::0::0 with points pointtype %d "
                "pointsize 1.0 linewidth 1.6 linecolor rgb '%s' notitle",
                (double)value->ns / NS_PER_MS / frame->unit_ms,
                (double)line->theta_ppb / PPB_PER_PERCENT, point_type, colour);
    }
}

static void put_plot(FILE *output, const struct report_picture *picture, const struct frame *frame)
{
    fputs("plot ", output);
    for (uint32_t index = 0; index < picture->line_count; index++) {
        fprintf(output,
                "%s$line%u using 1:2 with lines linewidth 2.4 linecolor rgb '%s' "
                "dashtype %s title '",
                index == 0 ? "" : ", \\\n  ", index, styles[index].colour, styles[index].dash);
        put_legend(output, picture, index);
        fputc('\'', output);
    }
    for (uint32_t index = 0; index < picture->line_count; index++) {
        const struct report_line *line = &picture->lines[index];
        put_mark(output, line, styles[index].colour, &line->p50, POINT_OPEN, frame);
        put_mark(output, line, styles[index].colour, &line->p95, POINT_FILLED, frame);
    }
    if (frame->marked) {
        fprintf(output,
                ", \\\n  NaN with points pointtype %d linecolor rgb '#444444' title "
                "'p50 of the time until θ of the agents hold an update'"
                ", \\\n  NaN with points pointtype %d linecolor rgb '#444444' title "
                "'p95 of that time'",
                POINT_OPEN, POINT_FILLED);
    }
    for (uint32_t index = 0; index < frame->target_count; index++) {
        fputs(", \\\n  NaN with lines " TARGET_STYLE " title 'target ", output);
        put_text(output, frame->targets[index]->claim, CLAIM_LIMIT);
        fputs(": ", output);
        put_text(output, frame->targets[index]->section, SECTION_LIMIT);
        fputc('\'', output);
    }
    fputc('\n', output);
}

uint32_t report_script_height(const struct report_picture *picture)
{
    return frame_of(picture).height;
}

void report_script_write(FILE *output, const struct report_picture *picture)
{
    struct frame frame = frame_of(picture);
    put_axes(output, &frame);
    put_title(output, picture, &frame);
    put_subtitle(output, picture, &frame);
    put_thetas(output, picture);
    for (uint32_t index = 0; index < frame.target_count; index++) {
        put_target(output, &frame, index);
    }
    for (uint32_t index = 0; index < picture->line_count; index++) {
        put_points(output, &picture->lines[index], index, &frame);
    }
    put_plot(output, picture, &frame);
}
