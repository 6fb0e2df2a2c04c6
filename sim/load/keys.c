// SPDX-License-Identifier: GPL-3.0-or-later
// The table itself, in the order in which lint and `new` show it.
#include "keys.h"

#include <string.h>

#define FLAT SIM_FOR(SIM_FLAT_MESH)
#define LEADERS SIM_FOR(SIM_MULTI_REGION_LEADERS)
#define HIERARCHY SIM_FOR(SIM_HIERARCHICAL)
#define ONE_MESH (FLAT | SIM_FOR(SIM_SINGLE_REGION_MESH) | SIM_FOR(SIM_MULTI_REGION_MESH))
#define BY_REGION (SIM_FOR_ALL & ~HIERARCHY)

#define TAKES(landing, member) \
    .lands = SIM_LANDS_##landing, .offset = offsetof(struct sim_scenario, member)
#define REMEMBERED_IN(member) .origin = offsetof(struct sim_scenario, member)
#define MS(from, to) .type = SIM_KEY_DECIMAL, .places = 6, .minimum = (from), .maximum = (to)
#define WHOLE(from, to) .type = SIM_KEY_INTEGER, .minimum = (from), .maximum = (to)
#define TEXT(bytes) .type = SIM_KEY_TEXT, .maximum = (bytes)
#define NAMES .type = SIM_KEY_LIST, .minimum = 1, .maximum = 1000
#define SHARE .type = SIM_KEY_DECIMAL, .places = 9, .minimum = 0, .maximum = SIM_PPB
#define PERCENT .type = SIM_KEY_DECIMAL, .places = 7, .minimum = 0, .maximum = SIM_PPB
#define FLAG .type = SIM_KEY_FLAG
#define MAP .type = SIM_KEY_MAP
#define DAY_NS SIM_DURATION_NS_MAX

#define NO_LEADERS "multi_region_leaders does not run in this version"
#define NO_HIERARCHY "hierarchical does not run in this version"
#define NO_BOOTSTRAP "agents know each other from the start; joining through seeds comes later"
#define NO_EXPORT "the simulator measures by itself; what agents export is not modelled yet"
#define NO_ROTATION "handshakes and their bytes come with a later version"
#define NO_GUARD "no agent misbehaves in this version"

static const struct sim_choice modes[] = {
    {.name = "push", .value = MESH_PUSH},
    {.name = "pull", .value = MESH_PULL},
    {.name = "push-pull", .value = MESH_PUSH_PULL},
    {.name = "eager", .value = MESH_EAGER},
    {.name = "rumor", .value = MESH_RUMOR},
    {.name = "delta", .value = MESH_DELTA},
    {0},
};
static const struct sim_choice schedules[] = {
    {.name = "phased", .value = MESH_PHASED},
    {.name = "synchronous", .value = MESH_SYNCHRONOUS},
    {.name = "poisson", .value = MESH_POISSON},
    {0},
};
static const struct sim_choice selections[] = {
    {.name = "uniform", .value = MESH_UNIFORM},
    {.name = "local-bias", .value = MESH_LOCAL_BIAS},
    {.name = "latency-aware", .value = MESH_LATENCY_AWARE},
    {.name = "hybrid", .value = MESH_HYBRID},
    {0},
};
static const struct sim_choice directions[] = {
    {.name = "push", .value = false},
    {.name = "pull", .value = true},
    {0},
};
static const struct sim_choice graphs[] = {
    {.name = "tree", .value = SIM_TREE},
    {.name = "ring", .value = SIM_RING},
    {0},
};
static const struct sim_choice stops[] = {
    {.name = "counter", .value = false},
    {.name = "coin", .value = true},
    {0},
};
static const struct sim_choice transports[] = {
    {.name = "TCP", .value = SIM_TCP},
    {.name = "QUIC", .value = SIM_QUIC},
    {.name = "UDP", .value = SIM_UDP},
    {0},
};
static const struct sim_choice writers[] = {
    {.name = "random", .value = SIM_WRITERS_RANDOM},
    {.name = "first", .value = SIM_WRITERS_FIRST},
    {0},
};
static const struct sim_choice crdts[] = {
    {.name = "lww-register", .value = SIM_LWW_REGISTER},
    {.name = "g-counter", .value = SIM_G_COUNTER},
    {.name = "pn-counter", .value = SIM_PN_COUNTER},
    {.name = "or-set", .value = SIM_OR_SET},
    {.name = "lww-map", .value = SIM_LWW_MAP},
    {0},
};
static const struct sim_choice signatures[] = {
    {.name = "none", .value = 0},
    {.name = "ed25519", .value = MESH_SIGNATURE_BYTES},
    {0},
};
static const struct sim_choice elections[] = {{.name = "raft"}, {0}};
static const struct sim_choice compressions[] = {{.name = "none"}, {.name = "zstd"}, {0}};
static const struct sim_choice ciphers[] = {
    {.name = "AES-128-GCM"}, {.name = "AES-256-GCM"}, {.name = "ChaCha20-Poly1305"}, {0}};

#define LATENCY(name, member, where, far, far_flat)                                         \
    {.path = "network.latency." name "_ms",                                                 \
     .type = SIM_KEY_LATENCY,                                                               \
     .topologies = SIM_FOR_ALL,                                                             \
     TAKES(LATENCY, network.latency[member]),                                               \
     .of_topology = true,                                                                   \
     .rival = "network.latency." name "_rtt_ms",                                            \
     .fallback = far,                                                                       \
     .flat_fallback = far_flat,                                                             \
     .effect = "one-way delay between agents of " where},                                   \
    {                                                                                       \
        .path = "network.latency." name "_rtt_ms", .type = SIM_KEY_LATENCY,                 \
        .topologies = SIM_FOR_ALL, TAKES(LATENCY, network.latency[member]), .halved = true, \
        .rival = "network.latency." name "_ms",                                             \
        .effect = "round trip between agents of " where "; half of it is one way"           \
    }

#define NEAR_MS "{distribution: uniform, min: 1, max: 10}"
#define FAR_MS "{distribution: uniform, min: 50, max: 100}"
#define LOCAL_MS "{distribution: uniform, min: 0.1, max: 1}"

const struct sim_key sim_keys[] = {
    {.path = "scenario",
     TEXT(200),
     .topologies = SIM_FOR_ALL,
     .lands = SIM_LANDS_BY_NAME,
     .effect = "names the runs in tables and in the store"},
    {.path = "topology",
     .type = SIM_KEY_TOPOLOGY,
     .topologies = SIM_FOR_ALL,
     .lands = SIM_LANDS_BY_NAME,
     .of_topology = true,
     .effect = "what gossips with whom"},
    {.path = "agent_count",
     .type = SIM_KEY_RANGE,
     .minimum = 2,
     .maximum = SIM_AGENTS_MAX,
     .topologies = SIM_FOR_ALL,
     .lands = SIM_LANDS_BY_NAME,
     .of_topology = true,
     .effect = "agents; of a range the upper end, unless agents or --agents is given"},
    {.path = "agents",
     WHOLE(2, SIM_AGENTS_MAX),
     .topologies = SIM_FOR_ALL,
     .lands = SIM_LANDS_BY_NAME,
     .effect = "agents that run; the regions share them in proportion"},
    {.path = "seed",
     WHOLE(0, INT64_MAX),
     .topologies = SIM_FOR_ALL,
     TAKES(U64, seed),
     .fallback = "42",
     .effect = "all randomness follows from it; repetition r runs with seed + r"},
    {.path = "repeat",
     WHOLE(1, SIM_REPEAT_MAX),
     .topologies = SIM_FOR_ALL,
     TAKES(U32, repeat),
     .fallback = "1",
     .effect = "runs with a seed each, judged together"},
    {.path = "duration_ms",
     MS(0, DAY_NS),
     .topologies = SIM_FOR_ALL,
     TAKES(U64, duration_ns),
     .fallback = "0",
     .effect = "simulated time; 0 runs until all hold every update, 20 s at most"},
    {.path = "memory_mib",
     WHOLE(0, INT32_MAX),
     .topologies = SIM_FOR_ALL,
     TAKES(U32, memory_mib),
     .fallback = "0",
     .effect = "memory after which a run stops with exit code 70; 0: four fifths of the machine's"},

    {.path = "regions",
     .type = SIM_KEY_LIST,
     .minimum = 1,
     .maximum = SIM_REGIONS_MAX,
     .topologies = BY_REGION,
     .lands = SIM_LANDS_BY_NAME,
     .of_topology = true,
     .effect = "where agents live"},
    {.path = "regions[]", MAP, .topologies = BY_REGION},
    {.path = "regions[].name",
     TEXT(200),
     .topologies = BY_REGION,
     .lands = SIM_LANDS_BY_NAME,
     .effect = "names the region in results"},
    {.path = "regions[].location",
     TEXT(200),
     .topologies = BY_REGION,
     .effect = "says where that is",
     .recorded = "delays and prices come from `network` and the price book, not from a name"},
    {.path = "regions[].zones",
     .type = SIM_KEY_LIST,
     .minimum = 1,
     .maximum = SIM_ZONES_MAX,
     .topologies = BY_REGION,
     .lands = SIM_LANDS_BY_NAME,
     .effect = "zones over which the region's hosts are spread evenly; none: one zone"},
    {.path = "regions[].zones[]",
     TEXT(200),
     .topologies = BY_REGION,
     .lands = SIM_LANDS_BY_NAME,
     .effect = "a zone: pairs within it use same_zone_ms, pairs across use same_region_ms"},
    {.path = "regions[].agents",
     .type = SIM_KEY_RANGE,
     .minimum = 1,
     .maximum = SIM_AGENTS_MAX,
     .topologies = BY_REGION,
     .lands = SIM_LANDS_BY_NAME,
     .effect = "the region's share of all agents; a range counts with its upper end"},
    {.path = "regions[].leader_count",
     WHOLE(1, 1000),
     .topologies = LEADERS,
     .effect = "active bridges of the region",
     .recorded = NO_LEADERS},

    {.path = "gossip", MAP, .topologies = SIM_FOR_ALL, .of_topology = true},
    {.path = "gossip.mode",
     .type = SIM_KEY_CHOICE,
     .choices = modes,
     .topologies = SIM_FOR_ALL,
     TAKES(U32, gossip.mode),
     REMEMBERED_IN(mode_origin),
     .of_topology = true,
     .fallback = "push-pull",
     .effect = "how updates travel"},
    {.path = "gossip.schedule",
     .type = SIM_KEY_CHOICE,
     .choices = schedules,
     .topologies = SIM_FOR_ALL,
     TAKES(U32, gossip.schedule),
     .of_topology = true,
     .fallback = "phased",
     .effect = "when agents tick: at a random phase of their own, all at once, or at random; what "
               "eager forwards waits for no tick"},
    {.path = "gossip.fanout",
     WHOLE(1, MESH_FANOUT_MAX),
     .topologies = ONE_MESH,
     .required = true,
     TAKES(U32, gossip.fanout),
     REMEMBERED_IN(fanout_origin),
     .of_topology = true,
     .effect = "peers addressed at a tick and, when eager, at a first receipt"},
    {.path = "gossip.peers",
     .type = SIM_KEY_CHOICE,
     .choices = selections,
     .topologies = SIM_FOR_ALL,
     TAKES(U32, gossip.selection),
     .of_topology = true,
     .fallback = "uniform",
     .effect = "whom an agent addresses: anyone, or sooner who is near"},
    {.path = "gossip.bias_percent",
     WHOLE(0, 100),
     .topologies = SIM_FOR_ALL,
     TAKES(U32, gossip.bias_percent),
     .fallback = "80",
     .effect = "peers that local-bias and hybrid pick among the near; the others are anyone"},
    {.path = "gossip.direction",
     .type = SIM_KEY_CHOICE,
     .choices = directions,
     .topologies = SIM_FOR_ALL,
     TAKES(BOOL, gossip.rumor.pull),
     .fallback = "push",
     .effect = "mode rumor: hot updates are sent, or asked for"},
    {.path = "gossip.stop",
     .type = SIM_KEY_CHOICE,
     .choices = stops,
     .topologies = SIM_FOR_ALL,
     TAKES(BOOL, gossip.rumor.coin),
     .fallback = "counter",
     .effect = "mode rumor: an update cools down at contact stop_k, or by a coin at each"},
    {.path = "gossip.feedback",
     FLAG,
     .topologies = SIM_FOR_ALL,
     TAKES(BOOL, gossip.rumor.feedback),
     .fallback = "true",
     .effect = "mode rumor: only contacts that knew the update count; false: all do"},
    {.path = "gossip.stop_k",
     WHOLE(1, MESH_RUMOR_K_MAX),
     .topologies = SIM_FOR_ALL,
     TAKES(U32, gossip.rumor.k),
     .fallback = "3",
     .effect = "mode rumor: contacts until an update cools down; with a coin on average"},
    {.path = "gossip.graph",
     .type = SIM_KEY_CHOICE,
     .choices = graphs,
     .topologies = SIM_FOR_ALL,
     TAKES(U32, gossip.delta.graph),
     .fallback = "tree",
     .effect = "mode delta: whom an agent tells, parent and children or those beside it"},
    {.path = "gossip.degree",
     WHOLE(1, (MESH_DEGREE_MAX - 1) / 2),
     .topologies = SIM_FOR_ALL,
     TAKES(U32, gossip.delta.degree),
     .fallback = "2",
     .effect = "mode delta: children of an agent in the tree, neighbours on each side in the ring"},
    {.path = "gossip.avoid_back_propagation",
     FLAG,
     .topologies = SIM_FOR_ALL,
     TAKES(BOOL, gossip.delta.avoid_back_propagation),
     .fallback = "true",
     .effect = "mode delta (BP): nobody is told what it told first"},
    {.path = "gossip.remove_redundancy",
     FLAG,
     .topologies = SIM_FOR_ALL,
     TAKES(BOOL, gossip.delta.remove_redundancy),
     .fallback = "true",
     .effect = "mode delta (RR): only what was new in a delta is told on"},
    {.path = "gossip.interval_ms",
     MS(SIM_INTERVAL_NS_MIN, 3600 * INT64_C(1000000000)),
     .topologies = ONE_MESH,
     .required = true,
     TAKES(U64, gossip.interval_ns),
     REMEMBERED_IN(interval_origin),
     .of_topology = true,
     .effect = "time between an agent's ticks"},
    {.path = "gossip.convergence_threshold",
     .type = SIM_KEY_DECIMAL,
     .places = 9,
     .minimum = 1,
     .maximum = SIM_PPB,
     .topologies = SIM_FOR_ALL,
     TAKES(U32, gossip.threshold_ppb),
     REMEMBERED_IN(threshold_origin),
     .of_topology = true,
     .fallback = "0.99",
     .effect = "share of the agents that hold an update once it has converged"},
    {.path = "gossip.intra_region", MAP, .topologies = LEADERS},
    {.path = "gossip.intra_region.fanout",
     WHOLE(1, MESH_FANOUT_MAX),
     .topologies = LEADERS,
     .effect = "peers of an agent in its region",
     .recorded = NO_LEADERS},
    {.path = "gossip.intra_region.interval_ms",
     MS(SIM_INTERVAL_NS_MIN, 3600 * INT64_C(1000000000)),
     .topologies = LEADERS,
     .effect = "time between an agent's ticks",
     .recorded = NO_LEADERS},
    {.path = "gossip.inter_region", MAP, .topologies = LEADERS},
    {.path = "gossip.inter_region.fanout",
     WHOLE(1, MESH_FANOUT_MAX),
     .topologies = LEADERS,
     .effect = "bridges of other regions that a bridge addresses",
     .recorded = NO_LEADERS},
    {.path = "gossip.inter_region.interval_ms",
     MS(SIM_INTERVAL_NS_MIN, 3600 * INT64_C(1000000000)),
     .topologies = LEADERS,
     .effect = "time between a bridge's ticks",
     .recorded = NO_LEADERS},
    {.path = "gossip.edge_to_edge",
     WHOLE(1, MESH_FANOUT_MAX),
     .topologies = HIERARCHY,
     .effect = "peers of an agent in its edge",
     .recorded = NO_HIERARCHY},
    {.path = "gossip.edge_to_aggregator",
     WHOLE(1, MESH_FANOUT_MAX),
     .topologies = HIERARCHY,
     .effect = "relays of an edge",
     .recorded = NO_HIERARCHY},
    {.path = "gossip.aggregator_to_coordinator",
     WHOLE(1, MESH_FANOUT_MAX),
     .topologies = HIERARCHY,
     .effect = "coordinators that an aggregator addresses",
     .recorded = NO_HIERARCHY},
    {.path = "gossip.intervals", MAP, .topologies = HIERARCHY},
    {.path = "gossip.intervals.edge_ms",
     MS(SIM_INTERVAL_NS_MIN, 3600 * INT64_C(1000000000)),
     .topologies = HIERARCHY,
     .effect = "time between an agent's ticks",
     .recorded = NO_HIERARCHY},
    {.path = "gossip.intervals.aggregator_ms",
     MS(SIM_INTERVAL_NS_MIN, 3600 * INT64_C(1000000000)),
     .topologies = HIERARCHY,
     .effect = "time between exchanges of edges, aggregators and "
               "coordinators",
     .recorded = NO_HIERARCHY},
    {.path = "gossip.intervals.global_ms",
     MS(SIM_INTERVAL_NS_MIN, 3600 * INT64_C(1000000000)),
     .topologies = HIERARCHY,
     .effect = "time between a coordinator's ticks",
     .recorded = NO_HIERARCHY},
    {.path = "gossip.eager_links", FLAG, .topologies = SIM_FOR_ALL, .later = true},

    {.path = "network", MAP, .topologies = SIM_FOR_ALL, .of_topology = true},
    {.path = "network.transport",
     .type = SIM_KEY_CHOICE,
     .choices = transports,
     .topologies = SIM_FOR_ALL,
     TAKES(U32, network.transport),
     .of_topology = true,
     .fallback = "TCP",
     .effect = "bytes that carry a message"},
    {.path = "network.tls",
     FLAG,
     .topologies = SIM_FOR_ALL,
     TAKES(BOOL, network.tls),
     .of_topology = true,
     .fallback = "false",
     .effect = "adds the bytes of TLS to every message"},
    {.path = "network.batching",
     FLAG,
     .topologies = SIM_FOR_ALL,
     TAKES(BOOL, network.batching),
     .of_topology = true,
     .fallback = "true",
     .effect = "updates share packets; false: each has one of its own"},
    {.path = "network.batch_size",
     WHOLE(1, UINT16_MAX),
     .topologies = SIM_FOR_ALL,
     TAKES(U32, network.batch_size),
     .of_topology = true,
     .fallback = "100",
     .effect = "updates in a message, at most"},
    {.path = "network.loss_percent",
     PERCENT,
     .topologies = SIM_FOR_ALL,
     TAKES(U32, network.loss_ppb),
     .of_topology = true,
     .fallback = "0",
     .effect = "messages that are lost, each by a draw of its own"},
    {.path = "network.duplicate_percent",
     PERCENT,
     .topologies = SIM_FOR_ALL,
     TAKES(U32, network.duplicate_ppb),
     .of_topology = true,
     .fallback = "0",
     .effect = "messages that arrive twice"},
    {.path = "network.latency", MAP, .topologies = SIM_FOR_ALL, .of_topology = true},
    LATENCY("same_host", SIM_SAME_HOST, "one host", NEAR_MS, LOCAL_MS),
    LATENCY("same_zone", SIM_SAME_ZONE, "two hosts of one zone", NEAR_MS, LOCAL_MS),
    LATENCY("same_region", SIM_SAME_REGION, "two zones of one region", NEAR_MS, LOCAL_MS),
    LATENCY("inter_region", SIM_INTER_REGION, "two regions", FAR_MS, LOCAL_MS),
    {.path = "network.port",
     WHOLE(1, 65535),
     .topologies = SIM_FOR_ALL,
     .effect = "where agents listen",
     .recorded = "simulated messages need no port"},
    {.path = "network.port_range",
     .type = SIM_KEY_RANGE,
     .minimum = 1,
     .maximum = 65535,
     .topologies = SIM_FOR_ALL,
     .effect = "where agents listen",
     .recorded = "simulated messages need no port"},
    {.path = "network.cert_rotation_hours",
     WHOLE(1, 87600),
     .topologies = SIM_FOR_ALL,
     .effect = "how often certificates change",
     .recorded = NO_ROTATION},
    {.path = "network.global_accelerator",
     FLAG,
     .topologies = SIM_FOR_ALL,
     .effect = "routes regions over the provider's backbone",
     .recorded = "its delay is whatever inter_region_ms says; its price comes with `cost`"},
    {.path = "network.compression",
     .type = SIM_KEY_CHOICE,
     .choices = compressions,
     .topologies = SIM_FOR_ALL,
     .effect = "shrinks batches",
     .recorded = "its ratio is to be measured on real batches, in a later version"},

    {.path = "placement", MAP, .topologies = SIM_FOR_ALL, .of_topology = true},
    {.path = "placement.agents_per_host",
     WHOLE(1, SIM_AGENTS_MAX),
     .topologies = SIM_FOR_ALL,
     TAKES(U32, network.agents_per_host),
     .of_topology = true,
     .fallback = "250",
     .effect = "agents that share a host, and with it same_host_ms"},

    {.path = "security", MAP, .topologies = SIM_FOR_ALL, .of_topology = true},
    {.path = "security.signature_algo",
     .type = SIM_KEY_CHOICE,
     .choices = signatures,
     .topologies = SIM_FOR_ALL,
     TAKES(U32, network.signature_bytes),
     .of_topology = true,
     .fallback = "none",
     .effect = "bytes of signature on every update: 64 with ed25519"},
    {.path = "security.mtls",
     FLAG,
     .topologies = SIM_FOR_ALL,
     .effect = "both ends show certificates",
     .recorded = NO_ROTATION},
    {.path = "security.rate_limit_per_peer",
     WHOLE(1, 1000000000),
     .topologies = SIM_FOR_ALL,
     .effect = "messages per second that a peer may send",
     .recorded = NO_GUARD},
    {.path = "security.byzantine_threshold",
     SHARE,
     .topologies = SIM_FOR_ALL,
     .effect = "reputation below which a peer is ignored",
     .recorded = NO_GUARD},
    {.path = "security.encryption",
     .type = SIM_KEY_CHOICE,
     .choices = ciphers,
     .topologies = SIM_FOR_ALL,
     .effect = "the transport's cipher",
     .recorded = "all of these add the same 16 bytes, which transport and tls already count"},
    {.path = "security.key_rotation_hours",
     WHOLE(1, 87600),
     .topologies = SIM_FOR_ALL,
     .effect = "how often keys change",
     .recorded = NO_ROTATION},

    {.path = "leaders", MAP, .topologies = LEADERS},
    {.path = "leaders.election",
     .type = SIM_KEY_CHOICE,
     .choices = elections,
     .topologies = LEADERS,
     .effect = "how bridges are chosen",
     .recorded = NO_LEADERS},
    {.path = "leaders.heartbeat_ms",
     MS(SIM_INTERVAL_NS_MIN, DAY_NS),
     .topologies = LEADERS,
     .effect = "time between a Raft leader's heartbeats",
     .recorded = NO_LEADERS},
    {.path = "leaders.failover_timeout_ms",
     MS(SIM_INTERVAL_NS_MIN, DAY_NS),
     .topologies = LEADERS,
     .effect = "silence after which a bridge is replaced",
     .recorded = NO_LEADERS},

    {.path = "hierarchy", MAP, .topologies = HIERARCHY},
    {.path = "hierarchy.levels",
     WHOLE(3, 3),
     .topologies = HIERARCHY,
     .effect = "tiers: coordinators, aggregators, edges",
     .recorded = NO_HIERARCHY},
    {.path = "hierarchy.level1_global", MAP, .topologies = HIERARCHY},
    {.path = "hierarchy.level1_global.coordinators",
     WHOLE(1, 1000),
     .topologies = HIERARCHY,
     .effect = "coordinators",
     .recorded = NO_HIERARCHY},
    {.path = "hierarchy.level1_global.regions",
     WHOLE(1, SIM_REGIONS_MAX),
     .topologies = HIERARCHY,
     .effect = "regions",
     .recorded = NO_HIERARCHY},
    {.path = "hierarchy.level2_regional", MAP, .topologies = HIERARCHY},
    {.path = "hierarchy.level2_regional.aggregators_per_region",
     WHOLE(1, 1000),
     .topologies = HIERARCHY,
     .effect = "aggregators of a region",
     .recorded = NO_HIERARCHY},
    {.path = "hierarchy.level2_regional.agents_per_aggregator",
     WHOLE(1, SIM_AGENTS_MAX),
     .topologies = HIERARCHY,
     .effect = "agents below an aggregator",
     .recorded = NO_HIERARCHY},
    {.path = "hierarchy.level3_edge", MAP, .topologies = HIERARCHY},
    {.path = "hierarchy.level3_edge.edge_nodes_per_aggregator",
     WHOLE(1, 100000),
     .topologies = HIERARCHY,
     .effect = "edges of an aggregator",
     .recorded = NO_HIERARCHY},
    {.path = "hierarchy.level3_edge.agents_per_edge",
     WHOLE(1, SIM_AGENTS_MAX),
     .topologies = HIERARCHY,
     .effect = "agents of an edge",
     .recorded = NO_HIERARCHY},

    {.path = "bootstrap", MAP, .topologies = SIM_FOR_ALL},
    {.path = "bootstrap.seeds", NAMES, .topologies = SIM_FOR_ALL},
    {.path = "bootstrap.seeds[]",
     TEXT(300),
     .topologies = SIM_FOR_ALL,
     .effect = "an address to join through",
     .recorded = NO_BOOTSTRAP},
    {.path = "bootstrap.seeds_per_region",
     WHOLE(1, 1000),
     .topologies = LEADERS,
     .effect = "candidates for a region's bridges",
     .recorded = NO_LEADERS},
    {.path = "bootstrap.global_seeds", NAMES, .topologies = LEADERS},
    {.path = "bootstrap.global_seeds[]",
     TEXT(300),
     .topologies = LEADERS,
     .effect = "an address to join through",
     .recorded = NO_BOOTSTRAP},
    {.path = "bootstrap.global_coordinators", NAMES, .topologies = HIERARCHY},
    {.path = "bootstrap.global_coordinators[]",
     TEXT(300),
     .topologies = HIERARCHY,
     .effect = "an address to join through",
     .recorded = NO_BOOTSTRAP},

    {.path = "observability", MAP, .topologies = SIM_FOR_ALL},
    {.path = "observability.otel_endpoint",
     TEXT(300),
     .topologies = SIM_FOR_ALL,
     .effect = "where traces go",
     .recorded = NO_EXPORT},
    {.path = "observability.otel_endpoints", NAMES, .topologies = SIM_FOR_ALL},
    {.path = "observability.otel_endpoints[]",
     .type = SIM_KEY_NAMED_TEXTS,
     .maximum = 300,
     .topologies = SIM_FOR_ALL,
     .effect = "where a region's traces go",
     .recorded = NO_EXPORT},
    {.path = "observability.otel_collector_per_region",
     FLAG,
     .topologies = SIM_FOR_ALL,
     .effect = "one collector for each region",
     .recorded = NO_EXPORT},
    {.path = "observability.aggregation",
     FLAG,
     .topologies = SIM_FOR_ALL,
     .effect = "collectors sum up before they pass on",
     .recorded = NO_EXPORT},
    {.path = "observability.trace_sample_rate",
     SHARE,
     .topologies = SIM_FOR_ALL,
     .effect = "share of messages that are traced",
     .recorded = NO_EXPORT},
    {.path = "observability.metrics_interval_sec",
     WHOLE(1, 86400),
     .topologies = SIM_FOR_ALL,
     .effect = "time between an agent's metrics",
     .recorded = NO_EXPORT},
    {.path = "observability.dashboards", NAMES, .topologies = SIM_FOR_ALL},
    {.path = "observability.dashboards[]",
     TEXT(300),
     .topologies = SIM_FOR_ALL,
     .effect = "a dashboard's name",
     .recorded = NO_EXPORT},

    {.path = "workload", MAP, .topologies = SIM_FOR_ALL},
    {.path = "workload.updates",
     WHOLE(1, SIM_UPDATES_MAX),
     .topologies = SIM_FOR_ALL,
     TAKES(U32, workload.updates),
     .fallback = "60",
     .effect = "updates that users write"},
    {.path = "workload.first_write_ms",
     MS(0, DAY_NS),
     .topologies = SIM_FOR_ALL,
     TAKES(U64, workload.first_write_ns),
     .fallback = "0",
     .effect = "when the first is written"},
    {.path = "workload.every_ms",
     MS(0, DAY_NS),
     .topologies = SIM_FOR_ALL,
     TAKES(U64, workload.every_ns),
     .fallback = "10",
     .effect = "time between one write and the next; 0: all at once"},
    {.path = "workload.writers",
     .type = SIM_KEY_CHOICE,
     .choices = writers,
     .topologies = SIM_FOR_ALL,
     TAKES(U32, workload.writers),
     .fallback = "random",
     .effect = "who writes: an agent drawn for each update, or always the first"},
    {.path = "workload.crdt",
     .type = SIM_KEY_CHOICE,
     .choices = crdts,
     .topologies = SIM_FOR_ALL,
     TAKES(U32, workload.crdt),
     .fallback = "lww-register",
     .effect = "what updates change"},
    {.path = "workload.value_bytes",
     WHOLE(0, MESH_VALUE_BYTES_MAX),
     .topologies = SIM_FOR_ALL,
     TAKES(U32, workload.value_bytes),
     .fallback = "64",
     .effect = "size of what an update writes or adds: a register's value, an element of a set, "
               "what stands under a map's name"},
    {.path = "workload.keys",
     WHOLE(1, SIM_UPDATES_MAX),
     .topologies = SIM_FOR_ALL,
     TAKES(U32, workload.keys),
     .fallback = "1",
     .effect = "update u changes key u modulo this"},
    {.path = "workload.elements",
     WHOLE(1, SIM_UPDATES_MAX),
     .topologies = SIM_FOR_ALL,
     TAKES(U32, workload.elements),
     .fallback = "100",
     .effect = "elements of a set, or names of a map, among which updates choose"},
    {.path = "workload.remove_percent",
     WHOLE(0, 100),
     .topologies = SIM_FOR_ALL,
     TAKES(U32, workload.remove_percent),
     .fallback = "20",
     .effect =
         "updates that remove what their writer sees of a set or map (if it sees nothing they "
         "add), or subtract from a pn-counter"},
    {.path = "workload.warmup_ms",
     MS(0, DAY_NS),
     .topologies = SIM_FOR_ALL,
     TAKES(U64, workload.warmup_ns),
     .fallback = "0",
     .effect = "updates and traffic before it are not judged, nor copies of such updates after it"},
    {.path = "workload.report_every_ms",
     MS(3000000, DAY_NS),
     .topologies = HIERARCHY,
     TAKES(U64, workload.report_every_ns),
     .effect = "time between an agent's reports, which its edge keeps and the tiers add up; needs "
               "duration_ms"},

    {.path = "expect",
     .type = SIM_KEY_LIST,
     .maximum = 1000,
     .topologies = SIM_FOR_ALL,
     .lands = SIM_LANDS_BY_NAME,
     .effect = "what must hold, or the exit code is 1"},
    {.path = "expect[]",
     TEXT(1000),
     .topologies = SIM_FOR_ALL,
     .lands = SIM_LANDS_BY_NAME,
     .effect = "must hold, or the exit code is 1"},
    {.path = "sweep",
     .type = SIM_KEY_SWEEP,
     .topologies = SIM_FOR_ALL,
     .lands = SIM_LANDS_BY_NAME,
     .effect = "runs every combination of the values it lists"},

    {.path = "faults", .type = SIM_KEY_LIST, .topologies = SIM_FOR_ALL, .later = true},
    {.path = "byzantine", .type = SIM_KEY_LIST, .topologies = SIM_FOR_ALL, .later = true},
    {.path = "membership", .type = SIM_KEY_TEXT, .topologies = SIM_FOR_ALL, .later = true},
    {.path = "cost", .type = SIM_KEY_MAP, .topologies = SIM_FOR_ALL, .later = true},
};

const uint32_t sim_key_count = sizeof sim_keys / sizeof *sim_keys;

bool sim_key_is_child(const struct sim_key *key, const struct sim_key *parent)
{
    size_t prefix = parent == NULL ? 0 : strlen(parent->path);
    if (parent != NULL &&
        (strncmp(key->path, parent->path, prefix) != 0 || key->path[prefix] != '.')) {
        return false;
    }
    return strpbrk(key->path + prefix + (parent != NULL), ".[") == NULL;
}

const char *sim_key_name(const struct sim_key *key)
{
    const char *dot = strrchr(key->path, '.');
    return dot == NULL ? key->path : dot + 1;
}

const struct sim_key *sim_key_find(const char *path)
{
    for (uint32_t i = 0; i < sim_key_count; i++) {
        if (strcmp(sim_keys[i].path, path) == 0) {
            return &sim_keys[i];
        }
    }
    return NULL;
}

const struct sim_key *sim_key_child(const struct sim_key *parent, const char *name, size_t length)
{
    for (uint32_t i = 0; i < sim_key_count; i++) {
        const char *known = sim_key_name(&sim_keys[i]);
        if (strncmp(known, name, length) == 0 && known[length] == '\0' &&
            sim_key_is_child(&sim_keys[i], parent)) {
            return &sim_keys[i];
        }
    }
    return NULL;
}

const struct sim_key *sim_key_item(const struct sim_key *list)
{
    size_t length = strlen(list->path);
    for (uint32_t i = 0; i < sim_key_count; i++) {
        if (strncmp(sim_keys[i].path, list->path, length) == 0 &&
            strcmp(sim_keys[i].path + length, "[]") == 0) {
            return &sim_keys[i];
        }
    }
    return NULL;
}

const char *sim_key_fallback(const struct sim_key *key, enum sim_topology topology)
{
    if ((key->topologies & SIM_FOR(topology)) == 0) {
        return NULL;
    }
    return topology == SIM_FLAT_MESH && key->flat_fallback != NULL ? key->flat_fallback
                                                                   : key->fallback;
}
