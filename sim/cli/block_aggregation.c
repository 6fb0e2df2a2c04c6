// SPDX-License-Identifier: GPL-3.0-or-later
#include <math.h>

#include "blocks.h"
#include "grid.h"

// Totals of a repetition each; where repetitions differ, their mean.
static struct sim_word count_of(const struct sim_summary *summary, enum sim_metric_id metric)
{
    double mean = summary->statistics[metric].mean;
    return isnan(mean) ? sim_word_number(mean) : sim_word_count((uint64_t)llround(mean));
}

static struct sim_word number_of(const struct sim_summary *summary, enum sim_metric_id metric)
{
    return sim_word_number(summary->statistics[metric].mean);
}

// The levels of the document's State Aggregation Example, as it has them.
static void print_totals(const struct sim_page *page, const struct sim_summary *summary)
{
    static const struct {
        const char *name;
        enum sim_metric_id executions, tasks, completion, latency;
    } levels[] = {
        {"edge 1", SIM_EDGE_EXECUTIONS, SIM_EDGE_TASKS, SIM_EDGE_COMPLETION, SIM_EDGE_LATENCY},
        {"aggregator 1", SIM_AGGREGATOR_EXECUTIONS, SIM_AGGREGATOR_TASKS, SIM_AGGREGATOR_COMPLETION,
         SIM_AGGREGATOR_LATENCY},
        {"coordinator 1", SIM_GLOBAL_EXECUTIONS, SIM_GLOBAL_TASKS, SIM_GLOBAL_COMPLETION,
         SIM_GLOBAL_LATENCY},
    };
    char text[512] = "added up at the end:";
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        sim_words_append(
            text, sizeof text,
            "%s %s %s executions, %s active tasks, completion rate %s, average "
            "latency %s ms",
            i == 0 ? "" : ";", levels[i].name, count_of(summary, levels[i].executions).text,
            count_of(summary, levels[i].tasks).text, number_of(summary, levels[i].completion).text,
            number_of(summary, levels[i].latency).text);
    }
    sim_words_append(
        text, sizeof text, ", over %s regions, %s aggregators, %s edges, %s agents",
        count_of(summary, SIM_GLOBAL_REGIONS).text, count_of(summary, SIM_GLOBAL_AGGREGATORS).text,
        count_of(summary, SIM_GLOBAL_EDGES).text, count_of(summary, SIM_GLOBAL_AGENTS).text);
    fputs("  ", page->output);
    sim_page_paragraph(page, 2, 4, text);
}

void sim_block_aggregation(const struct sim_page *page, const struct sim_summary *summary)
{
    if (summary->statistics[SIM_GLOBAL_AGENTS].count > 0) {
        print_totals(page, summary);
    }
}
