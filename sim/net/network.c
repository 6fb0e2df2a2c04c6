// SPDX-License-Identifier: GPL-3.0-or-later
#include "network.h"

#include <assert.h>

#include "allocate.h"
#include "channel.h"
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

uint64_t sim_draw_below(uint32_t ppb)
{
    assert(ppb <= SIM_PPB);
    return ((uint64_t)ppb << 32) / SIM_PPB;
}

static uint64_t scaled(const struct sim_link *link, uint64_t point)
{
    return (uint64_t)((mesh_uint128)point * link->scale >> 32);
}

struct sim_link sim_link_of_class(const struct sim_network_settings *settings,
                                  enum sim_pair_class pair)
{
    const struct sim_latency *latency = &settings->latency[pair];
    assert(latency->minimum_ns <= latency->maximum_ns && latency->maximum_ns >> 40 == 0);
    bool constant = latency->distribution == SIM_CONSTANT;
    return (struct sim_link){
        .minimum_ns = latency->minimum_ns,
        .span_ns = constant ? 0 : latency->maximum_ns - latency->minimum_ns,
        .loss_below = sim_draw_below(settings->loss_ppb),
        .duplicate_below = sim_draw_below(settings->duplicate_ppb),
        .quantiles = settings->quantiles[pair],
        .scale = UINT64_C(1) << 32,
    };
}

struct sim_link sim_link_of_regions(const struct sim_network_settings *settings, uint32_t from,
                                    uint32_t to)
{
    const struct sim_region_settings *regions = &settings->regions;
    struct sim_link link = sim_link_of_class(settings, SIM_INTER_REGION);
    link.quantiles = regions->shape;
    link.scale = regions->mean_ns[(size_t)from * regions->region_count + to];
    link.minimum_ns = scaled(&link, link.quantiles->points[0]);
    link.span_ns = scaled(&link, link.quantiles->points[SIM_QUANTILE_CELLS]) - link.minimum_ns;
    return link;
}

static void link_regions(struct sim_network *network, const struct sim_network_settings *settings)
{
    uint32_t count = settings->regions.region_count;
    network->region_count = count;
    network->region_links =
        sim_memory_zeroed((size_t)count * count * sizeof *network->region_links);
    for (uint32_t from = 0; from < count; from++) {
        for (uint32_t to = 0; to < count; to++) {
            network->region_links[(size_t)from * count + to] =
                sim_link_of_regions(settings, from, to);
        }
    }
    network->by_place |= 1u << SIM_INTER_REGION;
}

const struct sim_link *sim_network_link_by_place(const struct sim_network *network,
                                                 const struct sim_host *from,
                                                 const struct sim_host *to)
{
    if (from->zone == to->zone) {
        return &network->links[SIM_SAME_ZONE];
    }
    if (from->region == to->region) {
        return &network->links[SIM_SAME_REGION];
    }
    return network->region_count == 0
               ? &network->links[SIM_INTER_REGION]
               : &network->region_links[from->region * network->region_count + to->region];
}

// ---- The least and the greatest latency ----

static void cover(struct sim_network *network, const struct sim_link *link)
{
    uint64_t minimum_ns = link->minimum_ns;
    uint64_t maximum_ns = minimum_ns + link->span_ns;
    if (minimum_ns < network->latency_ns_min) {
        network->latency_ns_min = minimum_ns;
    }
    if (maximum_ns > network->latency_ns_max) {
        network->latency_ns_max = maximum_ns;
    }
}

// Hosts are numbered zone by zone, region by region: every class that occurs between two of them at
// all occurs between some host and the one before it.
static void cover_neighbours(struct sim_network *network, uint32_t host_count)
{
    for (uint32_t host = 1; host < host_count; host++) {
        const struct sim_host *a = &network->hosts[host - 1];
        const struct sim_host *b = &network->hosts[host];
        enum sim_pair_class pair = sim_network_pair_of_hosts(a, b);
        cover(network, (network->by_place >> pair & 1) == 0
                           ? &network->links[pair]
                           : sim_network_link_by_place(network, a, b));
    }
}

// Between any two regions with hosts.
static void cover_regions(struct sim_network *network, uint32_t host_count)
{
    bool *lived_in = sim_memory_zeroed(network->region_count * sizeof *lived_in);
    for (uint32_t host = 0; host < host_count; host++) {
        lived_in[network->hosts[host].region] = true;
    }
    for (uint32_t from = 0; from < network->region_count; from++) {
        for (uint32_t to = 0; to < network->region_count; to++) {
            if (from != to && lived_in[from] && lived_in[to]) {
                cover(network, &network->region_links[from * network->region_count + to]);
            }
        }
    }
    sim_memory_free(lived_in);
}

// Tiers are not numbered by place, so that theirs may lie anywhere.
static void cover_tiers(struct sim_network *network, uint32_t host_count)
{
    bool tiers = false;
    for (uint32_t host = 0; host < host_count; host++) {
        tiers |= network->hosts[host].tier != SIM_TIER_AGENT;
    }
    for (uint32_t pair = SIM_SAME_ZONE; tiers && pair <= SIM_INTER_REGION; pair++) {
        if ((network->by_place >> pair & 1) == 0) {
            cover(network, &network->links[pair]);
        }
    }
}

// With what links become on the way: any of them may be hit.
static void cover_changes(struct sim_network *network, const struct sim_change_settings *changes)
{
    if (!changes->any) {
        return;
    }
    uint64_t least_ns = network->latency_ns_min < changes->latency_ns_min ? network->latency_ns_min
                                                                          : changes->latency_ns_min;
    network->latency_ns_min = sim_scaled_ns(least_ns, changes->scale_ppb_min);
}

static void cover_hosts(struct sim_network *network, uint32_t node_count, uint32_t host_count)
{
    bool *lived_in = sim_memory_zeroed(host_count * sizeof *lived_in);
    network->latency_ns_min = UINT64_MAX;
    for (uint32_t node = 0; node < node_count; node++) {
        if (lived_in[network->host_of[node]]) {
            cover(network, &network->links[SIM_SAME_HOST]);
        }
        lived_in[network->host_of[node]] = true;
    }
    sim_memory_free(lived_in);
    cover_neighbours(network, host_count);
    if (network->region_count != 0) {
        cover_regions(network, host_count);
    }
    if ((network->by_place & ~(1u << SIM_INTER_REGION)) != 0) {
        cover_tiers(network, host_count);
    }
}

// ---- The whole ----

static void rule_channels(struct sim_network *network, const struct sim_channel_settings *settings)
{
    uint64_t changes_ppb = (uint64_t)settings->enter_ppb + settings->leave_ppb;
    assert(!settings->bursts || changes_ppb != 0);
    assert(!settings->fifo || settings->reorder_ppb == 0);
    network->has_channels = settings->correlation_ppb != 0 || settings->fifo || settings->bursts ||
                            settings->reorder_ppb != 0 || settings->corrupt_ppb != 0 ||
                            settings->rate_bits_per_s != 0 || network->changes;
    network->channel = (struct sim_channel_rules){
        .fifo = settings->fifo,
        .bursts = settings->bursts,
        .weight = sim_channel_weight(settings->correlation_ppb),
        .queue_packets = settings->queue_packets,
        .queue_bytes = settings->queue_bytes,
        .rate_bits_per_s = settings->rate_bits_per_s,
        .enter_below = sim_draw_below(settings->enter_ppb),
        .leave_below = sim_draw_below(settings->leave_ppb),
        .good_loss_below = sim_draw_below(settings->good_loss_ppb),
        .bad_loss_below = sim_draw_below(settings->bad_loss_ppb),
        .bad_below = changes_ppb == 0 ? 0 : ((uint64_t)settings->enter_ppb << 32) / changes_ppb,
        .reorder_below = sim_draw_below(settings->reorder_ppb),
        .corrupt_below = sim_draw_below(settings->corrupt_ppb),
    };
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
        .changes = settings->changes.any,
        .cores_per_host = settings->cores_per_host,
        .packet_per_update = !settings->batching,
        .signature_bytes = settings->signature_bytes,
        .connections = settings->connections,
    };
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        network->links[pair] = sim_link_of_class(settings, (enum sim_pair_class)pair);
        network->varied |= settings->quantiles[pair] != NULL;
        network->by_place |= (uint32_t)settings->tiers_by_place[pair] << pair;
    }
    if (settings->regions.region_count != 0) {
        link_regions(network, settings);
    }
    network->varied |= network->by_place != 0;
    cover_hosts(network, node_count, host_count);
    cover_changes(network, &settings->changes);
    rule_channels(network, &settings->channel);
    sim_transport_init(network, settings);
    network->alters = network->has_channels && settings->channel.unchecked && !network->encrypted;
}

// Losses are the new mesh's everywhere; which classes occur is not looked at.
void sim_network_add_mesh(struct sim_network *network, const struct sim_network_settings *settings)
{
    network->old_links = sim_memory_zeroed(SIM_PAIR_CLASS_COUNT * sizeof *network->old_links);
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        struct sim_link *link = &network->old_links[pair];
        *link = sim_link_of_class(settings, (enum sim_pair_class)pair);
        link->loss_below = network->links[pair].loss_below;
        link->duplicate_below = network->links[pair].duplicate_below;
        cover(network, &network->links[pair]);
        if (pair <= SIM_INTER_REGION) {
            cover(network, link);
        }
    }
    network->varied = true;
}

void sim_network_finish(struct sim_network *network)
{
    sim_memory_free(network->old_links);
    sim_memory_free(network->region_links);
}
