// SPDX-License-Identifier: GPL-3.0-or-later
#include "network.h"

#include <assert.h>

#include "allocate.h"
#include "transport.h"

const char *sim_pair_class_name(enum sim_pair_class pair)
{
    static const char *const names[] = {
        "same_host",    "same_zone",       "same_region",
        "inter_region", "edge_aggregator", "aggregator_coordinator",
    };
    assert(pair < SIM_PAIR_CLASS_COUNT);
    return names[pair];
}

// A probability in parts per billion as a bound on a 32-bit draw.
static uint64_t draw_below(uint32_t ppb)
{
    assert(ppb <= SIM_PPB);
    return ((uint64_t)ppb << 32) / SIM_PPB;
}

static struct sim_link link_of(const struct sim_network_settings *settings,
                               enum sim_pair_class pair)
{
    const struct sim_latency *latency = &settings->latency[pair];
    assert(latency->minimum_ns <= latency->maximum_ns && latency->maximum_ns >> 40 == 0);
    bool constant = latency->distribution == SIM_CONSTANT;
    return (struct sim_link){
        .minimum_ns = latency->minimum_ns,
        .span_ns = constant ? 0 : latency->maximum_ns - latency->minimum_ns,
        .loss_below = draw_below(settings->loss_ppb),
        .duplicate_below = draw_below(settings->duplicate_ppb),
    };
}

// Which classes occur between the nodes there are.
static void classes_in_use(const uint32_t *host_of, uint32_t node_count,
                           const struct sim_host *hosts, uint32_t host_count, bool *in_use)
{
    bool *lived_in = sim_memory_zeroed(host_count * sizeof *lived_in);
    for (uint32_t node = 0; node < node_count; node++) {
        in_use[SIM_SAME_HOST] |= lived_in[host_of[node]];
        lived_in[host_of[node]] = true;
    }
    sim_memory_free(lived_in);
    // Hosts are numbered zone by zone, region by region: every class that occurs between two of
    // them at all occurs between some host and the one before it.
    for (uint32_t host = 1; host < host_count; host++) {
        in_use[sim_network_pair_of_hosts(&hosts[host - 1], &hosts[host])] = true;
    }
}

void sim_network_init(struct sim_network *network, const struct sim_network_settings *settings,
                      uint64_t seed, const uint32_t *host_of, uint32_t node_count,
                      const struct sim_host *hosts)
{
    uint32_t host_count = 0;
    for (uint32_t node = 0; node < node_count; node++) {
        host_count = host_of[node] >= host_count ? host_of[node] + 1 : host_count;
    }
    *network = (struct sim_network){
        .seed = seed,
        .host_of = host_of,
        .hosts = hosts,
        .one_host = host_count == 1,
        .duplicates = settings->duplicate_ppb > 0,
        .packet_per_update = !settings->batching,
        .signature_bytes = settings->signature_bytes,
        .connections = settings->connections,
        .latency_ns_min = UINT64_MAX,
    };
    bool in_use[SIM_PAIR_CLASS_COUNT] = {false};
    classes_in_use(host_of, node_count, hosts, host_count, in_use);
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        network->links[pair] = link_of(settings, (enum sim_pair_class)pair);
        uint64_t minimum = network->links[pair].minimum_ns;
        uint64_t maximum = minimum + network->links[pair].span_ns;
        if (in_use[pair] && minimum < network->latency_ns_min) {
            network->latency_ns_min = minimum;
        }
        if (in_use[pair] && maximum > network->latency_ns_max) {
            network->latency_ns_max = maximum;
        }
    }
    sim_transport_init(network, settings);
}
