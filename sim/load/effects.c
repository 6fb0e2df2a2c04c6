// SPDX-License-Identifier: GPL-3.0-or-later
// What has no effect because of what stands beside it.
#include <string.h>

#include "content.h"
#include "loading.h"
#include "transport.h"

// An edge fills hosts of its own, an aggregator or a coordinator has one to itself; coordinators
// are dealt to the regions in turn and talk to each other.
static bool occurs_in_hierarchy(const struct sim_scenario *scenario, enum sim_pair_class pair)
{
    uint64_t edges = sim_edge_count(scenario);
    uint64_t fullest_edge = (scenario->agents + edges - 1) / edges;
    uint32_t coordinators = scenario->hierarchy.coordinators;
    switch (pair) {
    case SIM_SAME_HOST: return scenario->network.agents_per_host > 1;
    case SIM_SAME_ZONE:
        return fullest_edge > scenario->network.agents_per_host ||
               coordinators > scenario->region_count;
    case SIM_SAME_REGION: return false;  // a region is one zone
    case SIM_INTER_REGION: return coordinators > 1 && scenario->region_count > 1;
    default: return true;
    }
}

// Hosts are filled one after the other within a zone, zones share a region's agents evenly.
bool sim_pair_occurs(const struct sim_scenario *scenario, enum sim_pair_class pair)
{
    if (scenario->topology == SIM_HIERARCHICAL) {
        return occurs_in_hierarchy(scenario, pair);
    }
    uint32_t per_host = scenario->network.agents_per_host;
    for (uint32_t i = 0; i < scenario->region_count; i++) {
        const struct sim_region *region = &scenario->regions[i];
        uint32_t fullest_zone = (region->agents + region->zone_count - 1) / region->zone_count;
        if ((pair == SIM_SAME_HOST && per_host > 1 && fullest_zone > 1) ||
            (pair == SIM_SAME_ZONE && fullest_zone > per_host) ||
            (pair == SIM_SAME_REGION && region->zone_count > 1 && region->agents > 1)) {
            return true;
        }
    }
    return pair == SIM_INTER_REGION && scenario->region_count > 1;
}

// The groups of a scope are regions if it spans several, else zones. Regions with leaders are
// scopes of their own; an edge lives in one zone.
bool sim_scenario_has_groups(const struct sim_scenario *scenario)
{
    bool by_region = scenario->region_count > 1 && scenario->topology != SIM_MULTI_REGION_LEADERS;
    uint32_t groups = 0;
    uint32_t most = 0;
    for (uint32_t i = 0; i < scenario->region_count; i++) {
        const struct sim_region *region = &scenario->regions[i];
        uint32_t zones = region->zone_count < region->agents ? region->zone_count : region->agents;
        groups += region->agents > 0;
        most = zones > most ? zones : most;
    }
    return scenario->topology != SIM_HIERARCHICAL && (by_region ? groups : most) > 1;
}

static const char *gossip_without_effect(const char *path, const struct sim_scenario *scenario)
{
    static const char *const of_rumor[] = {"gossip.direction", "gossip.stop", "gossip.feedback",
                                           "gossip.stop_k"};
    const struct sim_gossip *gossip = &scenario->gossip;
    for (size_t i = 0; i < sizeof of_rumor / sizeof *of_rumor; i++) {
        if (strcmp(path, of_rumor[i]) == 0 && gossip->mode != MESH_RUMOR) {
            return "only mode rumor loses interest in updates";
        }
    }
    if (strcmp(path, "gossip.eager_links") == 0 && gossip->mode != MESH_EAGER) {
        return "only mode eager forwards anything at once";
    }
    static const char *const of_delta[] = {"gossip.graph", "gossip.degree",
                                           "gossip.avoid_back_propagation",
                                           "gossip.remove_redundancy"};
    for (size_t i = 0; i < sizeof of_delta / sizeof *of_delta; i++) {
        if (strcmp(path, of_delta[i]) == 0 && gossip->mode != MESH_DELTA) {
            return "only mode delta travels along a graph";
        }
    }
    static const char *const of_peers[] = {"gossip.fanout", "gossip.peers", "gossip.bias_percent"};
    for (size_t i = 0; i < sizeof of_peers / sizeof *of_peers; i++) {
        if (strcmp(path, of_peers[i]) == 0 && gossip->mode == MESH_DELTA) {
            return "mode delta tells the neighbours in its graph, all of them";
        }
    }
    bool biased = gossip->selection == MESH_LOCAL_BIAS || gossip->selection == MESH_HYBRID;
    bool bias = strcmp(path, "gossip.bias_percent") == 0;
    if (bias && !biased) {
        return "only peers local-bias and hybrid leave some picks to chance";
    }
    bool peers = strcmp(path, "gossip.peers") == 0 && gossip->selection != MESH_UNIFORM;
    if (!(bias || peers) || sim_scenario_has_groups(scenario)) {
        return NULL;
    }
    return scenario->topology == SIM_HIERARCHICAL
               ? "all agents of an edge live in one zone: nobody is nearer than another"
           : scenario->topology == SIM_MULTI_REGION_LEADERS
               ? "all agents of a region live in one zone: nobody is nearer than another"
               : "all agents live in one zone: nobody is nearer than another";
}

static const char *workload_without_effect(const char *path, const struct sim_workload *workload)
{
    enum sim_crdt crdt = workload->crdt;
    bool of_reports = strcmp(path, "workload.report_settle_ms") == 0 ||
                      strncmp(path, "workload.reports", strlen("workload.reports")) == 0;
    if (of_reports && workload->report_every_ns == 0) {
        return "without report_every_ms nobody reports";
    }
    if (strcmp(path, "workload.value_bytes") == 0 && !sim_content_has_value(crdt)) {
        return "a counter's update carries an amount, not a value";
    }
    if (strcmp(path, "workload.elements") == 0 && !sim_content_is_composed(crdt)) {
        return "only an or-set has elements, and an lww-map names";
    }
    if (strcmp(path, "workload.remove_percent") == 0 &&
        (crdt == SIM_LWW_REGISTER || crdt == SIM_G_COUNTER)) {
        return "nothing is taken from a register or a g-counter";
    }
    return NULL;
}

static const char *accelerator_without_effect(const char *path, const struct sim_scenario *scenario)
{
    bool flag = strcmp(path, "network.global_accelerator") == 0;
    bool percent = strcmp(path, "network.global_accelerator_latency_percent") == 0;
    if ((flag || percent) && scenario->region_count == 1) {
        return "there is one region";
    }
    if (percent && !scenario->global_accelerator) {
        return "there is no global_accelerator";
    }
    return flag && scenario->global_accelerator && scenario->accelerator_ppb == SIM_PPB
               ? "between regions of one provider traffic is on its backbone already, so the delay "
                 "stays what the latencies say, unless global_accelerator_latency_percent says "
                 "what you measured"
               : NULL;
}

static bool some_link_gets(const struct sim_scenario *scenario, enum sim_link_part part)
{
    bool gets = false;
    for (uint32_t i = 0; i < scenario->fault_count; i++) {
        gets |= (scenario->faults[i].link.given >> part & 1) != 0;
    }
    return gets;
}

static bool breaks_some(const struct sim_scenario *scenario)
{
    return scenario->network.channel.corrupt_ppb > 0 || some_link_gets(scenario, SIM_LINK_CORRUPT);
}

bool sim_scenario_alters(const struct sim_scenario *scenario)
{
    const struct sim_network_settings *network = &scenario->network;
    return network->channel.unchecked && breaks_some(scenario) &&
           !sim_transport_encrypts(network->transport, network->tls);
}

static const char *checksums_without_effect(const struct sim_scenario *scenario)
{
    const struct sim_network_settings *network = &scenario->network;
    return sim_transport_encrypts(network->transport, network->tls)
               ? "what is encrypted is authenticated, and thrown away where it is broken"
           : !breaks_some(scenario) ? "no message arrives broken (network.corrupt_percent)"
                                    : NULL;
}

// Settings of bursts, of the queue and of pairs of regions that nothing asks for.
static const char *network_without_effect(const char *path, const struct sim_cell *cell,
                                          const struct sim_scenario *scenario)
{
    const struct sim_channel_settings *channel = &scenario->network.channel;
    static const char *const of_bursts[] = {
        "network.loss_burst_messages", "network.loss_enter_percent", "network.loss_leave_percent",
        "network.loss_good_percent", "network.loss_bad_percent"};
    bool burst = sim_node_find(cell->merged, "network.loss_burst_messages") != NULL;
    for (size_t i = 0; i < sizeof of_bursts / sizeof *of_bursts; i++) {
        if (strcmp(path, of_bursts[i]) == 0 && !channel->bursts) {
            return "only loss_model gilbert-elliott loses in bursts";
        }
        if (i > 0 && strcmp(path, of_bursts[i]) == 0 && burst) {
            return "loss_percent and loss_burst_messages decide";
        }
    }
    if (strcmp(path, "network.loss_percent") == 0 && channel->bursts && !burst) {
        return "loss_enter_percent and its like decide how many are lost";
    }
    if (strcmp(path, "network.checksums") == 0) {
        return checksums_without_effect(scenario);
    }
    if ((strcmp(path, "network.queue_packets") == 0 || strcmp(path, "network.queue_bytes") == 0) &&
        channel->rate_bits_per_s == 0 && !some_link_gets(scenario, SIM_LINK_RATE)) {
        return "without rate_mbit nothing waits";
    }
    const char *reason = accelerator_without_effect(path, scenario);
    if (reason != NULL) {
        return reason;
    }
    if (strcmp(path, "network.latency.regions") == 0 && scenario->region_count == 1) {
        return "there is one region";
    }
    if (strcmp(path, "network.latency.regions_jitter_percent") == 0 &&
        scenario->network.regions.region_count == 0) {
        return "no latency comes by pair of regions";
    }
    return strncmp(path, "network.latency.inter_region", 28) == 0 &&
                   scenario->network.regions.region_count != 0
               ? "latencies come by pair of regions"
               : NULL;
}

uint64_t sim_scenario_end_ns(const struct sim_scenario *scenario)
{
    return scenario->duration_ns != 0 ? scenario->duration_ns : (uint64_t)SIM_OPEN_END_NS;
}

// Certificates are new at the start: none changes in a run that ends within the first period.
static bool rotates(const struct sim_scenario *scenario, uint32_t hours)
{
    return hours > 0 && sim_scenario_end_ns(scenario) > hours * SIM_HOUR_NS;
}

static const char *connections_without_effect(const char *path, const struct sim_scenario *scenario)
{
    const struct sim_network_settings *network = &scenario->network;
    const struct sim_connection_settings *connections = &network->connections;
    bool certificates = sim_transport_encrypts(network->transport, network->tls);
    if (strncmp(path, "network.connections.", strlen("network.connections.")) == 0) {
        if (!sim_transport_connects(network->transport)) {
            return "bare datagrams need no connection";
        }
        bool start = strcmp(path, "network.connections.start") == 0;
        return start || connections->cold
                   ? NULL
                   : "connections are warm: all exist from the start, and none is closed";
    }
    bool certs = strcmp(path, "network.cert_rotation_hours") == 0;
    bool keys = strcmp(path, "security.key_rotation_hours") == 0;
    bool mutual = strcmp(path, "security.mtls") == 0;
    if ((certs || keys || mutual) && !certificates) {
        return "nothing is encrypted, so nobody shows a certificate";
    }
    if (keys && !connections->mutual) {
        return "only agents that show certificates to each other, with mtls, change them with "
               "their keys";
    }
    if ((certs && !rotates(scenario, connections->cert_rotation_hours)) ||
        (keys && !rotates(scenario, connections->key_rotation_hours))) {
        return "new at the start, none falls due before this run ends";
    }
    bool shakes = connections->cold || rotates(scenario, connections->cert_rotation_hours) ||
                  rotates(scenario, connections->key_rotation_hours);
    return mutual && !shakes ? "connections are warm and nothing rotates in this run: no handshake "
                               "is made"
                             : NULL;
}

static const char *guard_without_effect(const char *path, const struct sim_scenario *scenario)
{
    static const char *const of_guard[] = {
        "security.rate_limit_per_peer", "security.byzantine_threshold", "security.clock_bound_ms",
        "security.recovery_ms", "security.remembered_peers"};
    const struct sim_guard_settings *guard = &scenario->guard;
    if (strcmp(path, "byzantine_seed") == 0 && scenario->liar_count == 0) {
        return "nobody lies in this scenario";
    }
    for (size_t i = 0; i < sizeof of_guard / sizeof *of_guard; i++) {
        if (strcmp(path, of_guard[i]) != 0) {
            continue;
        }
        return guard->when == SIM_GUARD_OFF ? "security.guard is off"
               : guard->when == SIM_GUARD_AUTO && scenario->liar_count == 0 &&
                       !sim_scenario_alters(scenario)
                   ? "nobody lies in this scenario (byzantine); security.guard: on checks peers "
                     "all the same"
                   : NULL;
    }
    return NULL;
}

const char *sim_key_without_effect(const struct sim_key *key, const struct sim_cell *cell,
                                   const struct sim_scenario *scenario)
{
    bool counted = sim_node_get(cell->merged, "agents") != NULL;
    if (key->recorded != NULL) {
        return key->recorded;
    }
    if (scenario->fault_count == 0 && (strcmp(key->path, "fault_seed") == 0 ||
                                       strcmp(key->path, "hierarchy.relay_timeout_ms") == 0)) {
        return "nothing goes wrong in this scenario";
    }
    if (strcmp(key->path, "hierarchy.relay_timeout_ms") == 0 && scenario->swim.runs) {
        return "with membership: swim the agents of an edge find out who is gone";
    }
    if (strcmp(key->path, "leaders.logs") == 0 && scenario->leaders.start == SIM_LEADERS_ELECTED &&
        scenario->leaders.logs == SIM_LOGS_DIFFERENT) {
        return "with start: elected all logs hold what the first leader has committed";
    }
    if (strncmp(key->path, "swim.", strlen("swim.")) == 0) {
        return sim_swim_without_effect(key->path, &scenario->swim);
    }
    if (strncmp(key->path, "bootstrap.seeds[]", strlen("bootstrap.seeds[]")) == 0 &&
        (!scenario->swim.runs || scenario->topology == SIM_MULTI_REGION_LEADERS)) {
        return scenario->swim.runs ? "the candidates of a region are its seeds"
                                   : "agents know each other from the start";
    }
    if (strcmp(key->path, "agent_count") == 0 && counted) {
        return "it declares a range; agents decides";
    }
    if (strcmp(key->path, "regions[].agents") == 0 && scenario->region_count == 1 &&
        (counted || sim_node_get(cell->merged, "agent_count") != NULL)) {
        return "the only region holds all agents";
    }
    if (strcmp(key->path, "network.tls") == 0 && scenario->network.transport == SIM_QUIC) {
        return "QUIC always encrypts";
    }
    if (strcmp(key->path, "network.tls") == 0 && scenario->network.transport == SIM_UDP) {
        return "UDP stands for bare datagrams";
    }
    if (strncmp(key->path, "workload.", strlen("workload.")) == 0) {
        return workload_without_effect(key->path, &scenario->workload);
    }
    if (strncmp(key->path, "gossip.", strlen("gossip.")) == 0) {
        return gossip_without_effect(key->path, scenario);
    }
    const char *reason = guard_without_effect(key->path, scenario);
    if (reason != NULL) {
        return reason;
    }
    reason = connections_without_effect(key->path, scenario);
    if (reason == NULL && strncmp(key->path, "network.", strlen("network.")) == 0) {
        reason = network_without_effect(key->path, cell, scenario);
    }
    if (reason != NULL) {
        return reason;
    }
    for (int pair = 0; key->lands == SIM_LANDS_LATENCY && pair < SIM_PAIR_CLASS_COUNT; pair++) {
        if (key->offset == offsetof(struct sim_scenario, network.latency) +
                               (size_t)pair * sizeof(struct sim_latency) &&
            !sim_pair_occurs(scenario, (enum sim_pair_class)pair)) {
            return "there is no such pair of agents here";
        }
    }
    return NULL;
}
