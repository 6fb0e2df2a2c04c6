// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>
#include <string.h>

#include "text.h"
#include "traffic.h"

// Pixels of the picture.
#define WIDTH 1000
#define TITLE_HEIGHT 66
#define HEADING_HEIGHT 28
#define BAR_HEIGHT 30  // with the gap to the next
#define BAR_THICKNESS 20
#define TICS_HEIGHT 88
#define LEGEND_ROW_HEIGHT 24
#define LEGEND_COLUMN_WIDTH 190
#define LEGEND_COLUMNS 4
#define LEGEND_START 185
#define SWATCH_WIDTH 22
#define SWATCH_HEIGHT 13

#define AXIS_START 0.19
#define AXIS_START_LONG_NAMES 0.32
#define AXIS_END 0.87

#define NAME_LIMIT 56
#define MODE_LIMIT 12
#define SETTINGS_LIMIT 24
#define FLOW_NAME_LIMIT 24
#define NAMES_MAX 48

// Colours by name, so that a kind has the same one in every picture; in the order of the bars.
struct shade {
    const char *name;
    const char *colour;
};
static const struct shade class_shades[] = {
    {"same_host", "#B8DDD3"},
    {"same_zone", "#5AB4A0"},
    {"same_region", "#01665E"},
    {"edge_aggregator", "#DFC27D"},
    {"inter_region", "#BF5B17"},
    {"aggregator_coordinator", "#7A3B00"},
    {NULL, NULL},
};
static const struct shade kind_shades[] = {
    {"open", "#0072B2"},  {"answer", "#8FC7EA"}, {"vector", "#333F7F"},   {"fill", "#9FD18E"},
    {"rest", "#CC79A7"},  {"eager", "#F1A340"},  {"push", "#542788"},     {"delta", "#B2ABD2"},
    {"rumor", "#882255"}, {"ask", "#E7A8C6"},    {"feedback", "#5A5A00"}, {NULL, NULL},
};
static const char *const other_colours[] = {"#444444", "#CCCCCC", "#777777", "#E4E4E4"};

// One of the two halves of the picture: the names that occur in any bar, in the order of drawing.
struct half {
    const char *heading;
    const struct shade *shades;
    const struct report_flows *flows[REPORT_BARS_MAX];
    const char *names[NAMES_MAX];
    uint32_t name_count;
};

struct layout {
    const struct report_traffic *traffic;
    struct half halves[2];
    bool modes_repeat;   // the mode alone does not name a run
    bool same_scenario;  // the scenario does not either
    double most;         // bytes of the longest bar
    double unit;         // bytes
    const char *unit_name;
    double height;  // pixels
};

static bool is_listed(const struct half *half, const char *name)
{
    for (uint32_t index = 0; index < half->name_count; index++) {
        if (strcmp(half->names[index], name) == 0) {
            return true;
        }
    }
    return false;
}

static void list_name(struct half *half, const char *name)
{
    if (half->name_count < NAMES_MAX && !is_listed(half, name)) {
        half->names[half->name_count++] = name;
    }
}

// Known names first, in the order of their colours, then the others.
static void list_names(struct half *half, uint32_t bar_count)
{
    for (const struct shade *shade = half->shades; shade->name != NULL; shade++) {
        for (uint32_t bar = 0; bar < bar_count; bar++) {
            for (uint32_t flow = 0; flow < half->flows[bar]->count; flow++) {
                if (strcmp(half->flows[bar]->items[flow].name, shade->name) == 0) {
                    list_name(half, shade->name);
                }
            }
        }
    }
    for (uint32_t bar = 0; bar < bar_count; bar++) {
        for (uint32_t flow = 0; flow < half->flows[bar]->count; flow++) {
            list_name(half, half->flows[bar]->items[flow].name);
        }
    }
}

static const char *colour_of(const struct half *half, uint32_t name)
{
    uint32_t known = 0;
    for (const struct shade *shade = half->shades; shade->name != NULL; shade++) {
        if (strcmp(shade->name, half->names[name]) == 0) {
            return shade->colour;
        }
        known += is_listed(half, shade->name);
    }
    return other_colours[(name - known) % (sizeof other_colours / sizeof other_colours[0])];
}

static double total_of(const struct report_flows *flows)
{
    double total = 0;
    for (uint32_t index = 0; index < flows->count; index++) {
        total += flows->items[index].bytes + flows->items[index].transport_bytes;
    }
    return total;
}

static uint32_t legend_rows(const struct half *half)
{
    return (half->name_count + LEGEND_COLUMNS - 1) / LEGEND_COLUMNS;
}

static void choose_unit(struct layout *layout)
{
    static const char *const names[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    size_t index = 0;
    layout->unit = 1;
    while (layout->most >= 2000 * layout->unit && index + 1 < sizeof names / sizeof names[0]) {
        layout->unit *= 1000;
        index++;
    }
    layout->unit_name = names[index];
}

static void lay_out(const struct report_traffic *traffic, struct layout *layout)
{
    *layout = (struct layout){
        .traffic = traffic,
        .same_scenario = true,
        .halves = {{.heading = "by distance", .shades = class_shades},
                   {.heading = "by kind of message", .shades = kind_shades}},
    };
    for (uint32_t bar = 0; bar < traffic->bar_count; bar++) {
        layout->halves[0].flows[bar] = &traffic->bars[bar].classes;
        layout->halves[1].flows[bar] = &traffic->bars[bar].kinds;
        for (uint32_t other = 0; other < bar; other++) {
            layout->modes_repeat |=
                strcmp(traffic->bars[other].run->mode, traffic->bars[bar].run->mode) == 0;
        }
        layout->same_scenario &=
            strcmp(traffic->bars[bar].run->scenario, traffic->bars[0].run->scenario) == 0;
        double total = total_of(&traffic->bars[bar].classes);
        layout->most = total > layout->most ? total : layout->most;
    }
    layout->most = layout->most > 0 ? layout->most : 1;
    choose_unit(layout);
    layout->height = TITLE_HEIGHT + TICS_HEIGHT + LEGEND_ROW_HEIGHT + 8;  // a line on the transport
    for (uint32_t half = 0; half < 2; half++) {
        list_names(&layout->halves[half], traffic->bar_count);
        layout->height += HEADING_HEIGHT + BAR_HEIGHT * traffic->bar_count +
                          LEGEND_ROW_HEIGHT * legend_rows(&layout->halves[half]);
    }
}

static double half_height(const struct layout *layout)
{
    return HEADING_HEIGHT + BAR_HEIGHT * layout->traffic->bar_count;
}

static double screen(const struct layout *layout, double pixels)
{
    return 1 - pixels / layout->height;
}

// ---- Commands ----

static void put_title(FILE *output, const struct layout *layout)
{
    const struct report_run *run = layout->traffic->bars[0].run;
    bool interrupted = false;
    for (uint32_t bar = 0; bar < layout->traffic->bar_count; bar++) {
        interrupted |= layout->traffic->bars[bar].run->interrupted;
    }
    fputs("set label 'Traffic of ", output);
    report_put_text(output, run->topology, NAME_LIMIT);
    fputs(", ", output);
    report_put_count(output, run->agents);
    fprintf(output, " agents%s' at screen 0.5, screen %.5f center font ',16'\nset label '",
            interrupted ? ": INTERRUPTED in part" : "", screen(layout, 22));
    if (layout->same_scenario) {
        fputs("scenario \"", output);
        report_put_text(output, run->scenario, NAME_LIMIT);
        fputs("\", ", output);
    }
    fprintf(output,
            "all nodes together, mean of the repetitions' at screen 0.5, screen %.5f center "
            "textcolor rgb '#444444'\n",
            screen(layout, 46));
}

static void put_axes(FILE *output, const struct layout *layout)
{
    double bottom = TITLE_HEIGHT + 2 * half_height(layout);
    fprintf(output,
            "set encoding utf8\n"
            "set margins screen %.3f, screen %.3f, screen %.5f, screen %.5f\n"
            "set border 3 linecolor rgb '#444444'\n"
            "set tics nomirror out\n"
            "set grid xtics linetype 1 linecolor rgb '#dddddd' linewidth 0.6\n"
            "set xrange [0:%.9g]\n"
            "set yrange [%.9g:0]\n"
            "unset ytics\n"
            "unset key\n"
            "set xlabel 'sent in a repetition [%s]'\n",
            layout->modes_repeat ? AXIS_START_LONG_NAMES : AXIS_START, AXIS_END,
            screen(layout, bottom), screen(layout, TITLE_HEIGHT), layout->most / layout->unit,
            2 * half_height(layout), layout->unit_name);
}

static void put_box(FILE *output, double from, double to, double middle, const char *colour,
                    bool hatched)
{
    if (to > from) {
        fprintf(output,
                "set object rectangle from first %.9g, first %.9g to first %.9g, first %.9g front "
                "fillcolor rgb '%s' fillstyle %s border linecolor rgb '%s' linewidth 0.6\n",
                from, middle - 0.5 * BAR_THICKNESS, to, middle + 0.5 * BAR_THICKNESS, colour,
                hatched ? "pattern 4" : "solid", hatched ? colour : "#ffffff");
    }
}

static void put_bar_name(FILE *output, const struct layout *layout, uint32_t bar, double middle)
{
    const struct report_run *run = layout->traffic->bars[bar].run;
    fputs("set label '", output);
    report_put_text(output, run->mode, MODE_LIMIT);
    if (layout->modes_repeat && run->cell[0] != '\0') {
        fputs(", ", output);
        report_put_settings(output, run->cell, SETTINGS_LIMIT);
    } else if (layout->modes_repeat && !layout->same_scenario) {
        fputs(", ", output);
        report_put_text(output, run->scenario, SETTINGS_LIMIT);
    } else if (layout->modes_repeat) {
        fprintf(output, ", run %" PRId64, run->run_id);
    }
    fprintf(output, "' at graph 0, first %.9g right offset -0.8, 0 font ',12'\n", middle);
}

static void put_bar(FILE *output, const struct layout *layout, const struct half *half,
                    uint32_t bar, double middle)
{
    double at = 0;
    for (uint32_t name = 0; name < half->name_count; name++) {
        for (uint32_t index = 0; index < half->flows[bar]->count; index++) {
            const struct report_flow *flow = &half->flows[bar]->items[index];
            if (strcmp(flow->name, half->names[name]) != 0) {
                continue;
            }
            double encoded_end = at + flow->bytes / layout->unit;
            double end = encoded_end + flow->transport_bytes / layout->unit;
            put_box(output, at, encoded_end, middle, colour_of(half, name), false);
            put_box(output, encoded_end, end, middle, colour_of(half, name), true);
            at = end;
        }
    }
    put_bar_name(output, layout, bar, middle);
    fputs("set label '", output);
    report_put_bytes(output, total_of(half->flows[bar]));
    fprintf(output, "' at first %.9g, first %.9g left offset 0.8, 0 font ',12'\n", at, middle);
}

static void put_half(FILE *output, const struct layout *layout, uint32_t index)
{
    const struct half *half = &layout->halves[index];
    double top = index * half_height(layout);
    fprintf(output,
            "set label '%s' at graph 0, first %.9g left offset 0.8, 0 front font ',12' textcolor "
            "rgb '#444444'\n",
            half->heading, top + 0.5 * HEADING_HEIGHT);
    for (uint32_t bar = 0; bar < layout->traffic->bar_count; bar++) {
        put_bar(output, layout, half, bar, top + HEADING_HEIGHT + BAR_HEIGHT * (bar + 0.42));
    }
}

// ---- The legend ----

static void put_swatch(FILE *output, const struct layout *layout, double x, double y,
                       const char *colour, bool hatched)
{
    fprintf(output,
            "set object rectangle from screen %.5f, screen %.5f to screen %.5f, screen %.5f front "
            "fillcolor rgb '%s' fillstyle %s border linecolor rgb '%s' linewidth 0.6\n",
            x / WIDTH, screen(layout, y + 0.5 * SWATCH_HEIGHT), (x + SWATCH_WIDTH) / WIDTH,
            screen(layout, y - 0.5 * SWATCH_HEIGHT), colour, hatched ? "pattern 4" : "solid",
            colour);
}

static void put_legend(FILE *output, const struct layout *layout)
{
    double y = TITLE_HEIGHT + 2 * half_height(layout) + TICS_HEIGHT;
    for (uint32_t index = 0; index < 2; index++) {
        const struct half *half = &layout->halves[index];
        fprintf(output,
                "set label '%s' at screen 0.175, screen %.5f right font ',11' textcolor rgb "
                "'#444444'\n",
                half->heading, screen(layout, y));
        for (uint32_t name = 0; name < half->name_count; name++) {
            double x = LEGEND_START + LEGEND_COLUMN_WIDTH * (name % LEGEND_COLUMNS);
            uint32_t above = name / LEGEND_COLUMNS;
            double row = y + LEGEND_ROW_HEIGHT * above;
            put_swatch(output, layout, x, row, colour_of(half, name), false);
            fputs("set label '", output);
            report_put_text(output, half->names[name], FLOW_NAME_LIMIT);
            fprintf(output, "' at screen %.5f, screen %.5f left font ',11'\n",
                    (x + SWATCH_WIDTH + 7) / WIDTH, screen(layout, row));
        }
        y += LEGEND_ROW_HEIGHT * legend_rows(half);
    }
    put_swatch(output, layout, LEGEND_START, y, "#444444", true);
    fprintf(output,
            "set label 'hatched: what the transport adds' at screen %.5f, screen %.5f left "
            "font ',11'\n",
            (LEGEND_START + SWATCH_WIDTH + 7.0) / WIDTH, screen(layout, y));
}

uint32_t report_traffic_height(const struct report_traffic *traffic)
{
    struct layout layout;
    lay_out(traffic, &layout);
    return (uint32_t)layout.height;
}

void report_traffic_script(FILE *output, const struct report_traffic *traffic)
{
    struct layout layout;
    lay_out(traffic, &layout);
    put_axes(output, &layout);
    put_title(output, &layout);
    put_half(output, &layout, 0);
    put_half(output, &layout, 1);
    put_legend(output, &layout);
    fputs("plot NaN\n", output);
}
