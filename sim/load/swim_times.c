// SPDX-License-Identifier: GPL-3.0-or-later
// Whether who is there can answer a probe in time, by the latencies of its scope. If not the run
// goes on, since that may be what somebody wants to see, but it says so.
//
//     | PING -> ... -> ACK |                           a round trip: at most timeout_ms
//     |<---- timeout ----->| PING_REQUEST -> PING -> ACK -> ACK |      and two more: the period
#include <inttypes.h>

#include "decimal.h"
#include "loading.h"

#define MS_PLACES 6
#define RARE 1000u  // of a latency without an end, one in so many is longer than what counts here

static uint64_t longest_ns(const struct sim_link *link)
{
    uint64_t draw = UINT64_MAX / RARE * (RARE - 1);
    return link->quantiles == NULL
               ? link->minimum_ns + link->span_ns
               : sim_link_latency_ns(link, (uint32_t)(draw >> 32), (uint32_t)draw);
}

// Between any two regions of a mesh.
static uint64_t longest_between_regions_ns(const struct sim_network_settings *network)
{
    uint64_t most_ns = 0;
    for (uint32_t from = 0; from < network->regions.region_count; from++) {
        for (uint32_t to = 0; to < network->regions.region_count; to++) {
            struct sim_link link = sim_link_of_regions(network, from, to);
            uint64_t one_way_ns = from == to ? 0 : longest_ns(&link);
            most_ns = one_way_ns > most_ns ? one_way_ns : most_ns;
        }
    }
    return most_ns;
}

// One way between two members of a scope, and which pair that is.
static uint64_t longest_in_scope_ns(const struct sim_scenario *scenario, enum sim_pair_class *which)
{
    const struct sim_network_settings *network = &scenario->network;
    bool one_scope =
        scenario->topology != SIM_MULTI_REGION_LEADERS && scenario->topology != SIM_HIERARCHICAL;
    uint64_t most_ns = 0;
    for (int i = SIM_SAME_HOST; i <= (one_scope ? SIM_INTER_REGION : SIM_SAME_REGION); i++) {
        enum sim_pair_class pair = (enum sim_pair_class)i;
        struct sim_link link = sim_link_of_class(network, pair);
        uint64_t one_way_ns = pair == SIM_INTER_REGION && network->regions.region_count > 0
                                  ? longest_between_regions_ns(network)
                                  : longest_ns(&link);
        if (sim_pair_occurs(scenario, pair) && one_way_ns > most_ns) {
            most_ns = one_way_ns;
            *which = pair;
        }
    }
    return most_ns;
}

static const char *ms_text(uint64_t time_ns, char text[SIM_DECIMAL_TEXT_BYTES])
{
    sim_decimal_format((int64_t)time_ns, MS_PLACES, text);
    return text;
}

static void warn(struct sim_arena *arena, const struct sim_cell *cell,
                 struct sim_scenario *scenario, const char *path, const char *words)
{
    const struct sim_node *node = sim_node_find(cell->merged, path);
    bool said = node != NULL && node->source->kind != SIM_SOURCE_DEFAULT;
    node = said ? node : sim_node_find(cell->merged, "membership");
    struct sim_origin origin = sim_node_origin(node == NULL ? cell->topology_at : node);
    scenario->warnings[scenario->warning_count++] =
        origin.line == 0 ? sim_arena_format(arena, "%s: %s", origin.file, words)
                         : sim_arena_format(arena, "%s:%" PRIu32 ":%" PRIu32 ": %s", origin.file,
                                            origin.line, origin.column, words);
}

void sim_warn_swim(struct sim_arena *arena, const struct sim_cell *cell,
                   struct sim_scenario *scenario)
{
    const struct sim_swim_settings *swim = &scenario->swim;
    char trip[SIM_DECIMAL_TEXT_BYTES];
    char one_way[SIM_DECIMAL_TEXT_BYTES];
    char have[SIM_DECIMAL_TEXT_BYTES];
    enum sim_pair_class pair = SIM_SAME_HOST;
    if (!swim->runs) {
        return;
    }
    uint64_t one_way_ns = longest_in_scope_ns(scenario, &pair);
    ms_text(2 * one_way_ns, trip);
    ms_text(one_way_ns, one_way);
    if (swim->timeout_ns < 2 * one_way_ns) {
        warn(arena, cell, scenario, "swim.timeout_ms",
             sim_arena_format(arena,
                              "swim.timeout_ms is %s, but a round trip may take %s ms (%s, %s ms "
                              "each way): others are asked to ping who has answered in time",
                              ms_text(swim->timeout_ns, have), trip, sim_pair_class_name(pair),
                              one_way));
    }
    if (swim->period_ns < 2 * one_way_ns) {
        warn(arena, cell, scenario, "swim.period_ms",
             sim_arena_format(arena,
                              "swim.period_ms is %s, shorter than a round trip may be, %s ms (%s, "
                              "%s ms each way): who is there is suspected",
                              ms_text(swim->period_ns, have), trip, sim_pair_class_name(pair),
                              one_way));
    }
}
