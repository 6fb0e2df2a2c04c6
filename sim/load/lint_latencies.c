// SPDX-License-Identifier: GPL-3.0-or-later
// Latencies as lint shows them: where they lie, and what half and 99 % of the messages stay below.
// A round trip is two draws, so its 99th percentile is less than twice that of one way.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decimal.h"
#include "loading.h"

#define MS_PLACES 6
#define PARTS 512u  // one way is looked at in so many parts of equal share; a round trip in pairs
#define ROUND_TRIPS 262144u  // PARTS squared
#define PAIRS_SHOWN 56u

static void print_ms(FILE *output, const char *before, uint64_t latency_ns, const char *after)
{
    char text[SIM_DECIMAL_TEXT_BYTES];
    uint64_t step_ns = latency_ns < 1000000 ? 1000 : latency_ns < 100000000 ? 10000 : 100000;
    sim_decimal_format((int64_t)((latency_ns + step_ns / 2) / step_ns * step_ns), MS_PLACES, text);
    fprintf(output, "%s%s%s", before, text, after);
}

static void print_span(FILE *output, uint64_t low_ns, uint64_t high_ns)
{
    char from[SIM_DECIMAL_TEXT_BYTES];
    char to[SIM_DECIMAL_TEXT_BYTES];
    char text[2 * SIM_DECIMAL_TEXT_BYTES + 2];
    sim_decimal_format((int64_t)low_ns, MS_PLACES, from);
    sim_decimal_format((int64_t)high_ns, MS_PLACES, to);
    snprintf(text, sizeof text, low_ns == high_ns ? "%s" : "%s to %s", from, to);
    fprintf(output, "  %-22s", text);
}

static int ascending(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static uint64_t at_share(const struct sim_link *link, uint64_t numerator, uint64_t denominator)
{
    uint64_t draw = (uint64_t)(((mesh_uint128)numerator << 64) / denominator);
    return sim_link_latency_ns(link, (uint32_t)(draw >> 32), (uint32_t)draw);
}

static void print_link(FILE *output, const char *name, const struct sim_link *link,
                       const char *words)
{
    static uint64_t sums[ROUND_TRIPS];
    uint64_t parts[PARTS];
    for (uint32_t i = 0; i < PARTS; i++) {
        parts[i] = at_share(link, UINT64_C(2) * i + 1, UINT64_C(2) * PARTS);
    }
    for (uint32_t i = 0; i < ROUND_TRIPS; i++) {
        sums[i] = parts[i / PARTS] + parts[i % PARTS];
    }
    qsort(sums, ROUND_TRIPS, sizeof *sums, ascending);
    fprintf(output, "  %-22s", name);
    print_span(output, link->minimum_ns, link->minimum_ns + link->span_ns);
    print_span(output, 2 * link->minimum_ns, 2 * (link->minimum_ns + link->span_ns));
    print_ms(output, "  median ", at_share(link, 1, 2), ", p99 ");
    print_ms(output, "", at_share(link, 99, 100), " one way; ");
    print_ms(output, "", sums[ROUND_TRIPS / 2], ", ");
    print_ms(output, "", sums[ROUND_TRIPS / 100 * 99], " round trip; ");
    fprintf(output, "%s\n", words);
}

static void print_class(const struct sim_scenario *scenario, enum sim_pair_class pair, FILE *output)
{
    const struct sim_network_settings *network = &scenario->network;
    enum sim_distribution distribution = network->latency[pair].distribution;
    char words[64];
    if (network->tiers_by_place[pair]) {
        fprintf(output, "  %-22s  that of the two places\n", sim_pair_class_name(pair));
        return;
    }
    snprintf(words, sizeof words, "%s%s%s", sim_distribution_name(distribution),
             distribution == SIM_CONSTANT ? "" : " each way",
             sim_pair_occurs(scenario, pair) ? "" : "; no such pair here");
    struct sim_link link = sim_link_of_class(network, pair);
    print_link(output, sim_pair_class_name(pair), &link, words);
}

static void print_pairs(const struct sim_scenario *scenario, FILE *output)
{
    uint32_t count = scenario->network.regions.region_count;
    uint32_t shown = 0;
    for (uint32_t from = 0; from < count; from++) {
        for (uint32_t to = 0; to < count; to++) {
            char name[64];
            if (from == to || shown++ >= PAIRS_SHOWN) {
                continue;
            }
            snprintf(name, sizeof name, "%.24s > %.24s", scenario->regions[from].name,
                     scenario->regions[to].name);
            struct sim_link link = sim_link_of_regions(&scenario->network, from, to);
            print_link(output, name, &link, "lognormal each way");
        }
    }
    if (shown > PAIRS_SHOWN) {
        fprintf(output, "  and %" PRIu32 " pairs of regions more\n", shown - PAIRS_SHOWN);
    }
}

void sim_lint_latencies(const struct sim_cell *cell, const struct sim_scenario *scenario,
                        FILE *output)
{
    fprintf(output, "\nlatency, ms\n  %-22s  %-22s  %-22s\n", "", "one way", "round trip");
    for (int i = 0; i < SIM_PAIR_CLASS_COUNT; i++) {
        enum sim_pair_class pair = (enum sim_pair_class)i;
        const struct sim_key *key;
        if (pair == SIM_INTER_REGION && scenario->network.regions.region_count != 0) {
            print_pairs(scenario, output);
        } else if (sim_latency_node(cell, pair, &key) != NULL) {
            print_class(scenario, pair, output);
        }
    }
}
