// SPDX-License-Identifier: GPL-3.0-or-later
#include "choices.h"

const struct sim_choice sim_choices_of_mode[] = {
    {.name = "push", .value = MESH_PUSH},
    {.name = "pull", .value = MESH_PULL},
    {.name = "push-pull", .value = MESH_PUSH_PULL},
    {.name = "eager", .value = MESH_EAGER},
    {.name = "rumor", .value = MESH_RUMOR},
    {.name = "delta", .value = MESH_DELTA},
    {0},
};
const struct sim_choice sim_choices_of_schedule[] = {
    {.name = "phased", .value = MESH_PHASED},
    {.name = "synchronous", .value = MESH_SYNCHRONOUS},
    {.name = "poisson", .value = MESH_POISSON},
    {0},
};
const struct sim_choice sim_choices_of_peers[] = {
    {.name = "uniform", .value = MESH_UNIFORM},
    {.name = "local-bias", .value = MESH_LOCAL_BIAS},
    {.name = "latency-aware", .value = MESH_LATENCY_AWARE},
    {.name = "hybrid", .value = MESH_HYBRID},
    {0},
};
const struct sim_choice sim_choices_of_direction[] = {
    {.name = "push", .value = false},
    {.name = "pull", .value = true},
    {0},
};
const struct sim_choice sim_choices_of_graph[] = {
    {.name = "tree", .value = SIM_TREE},
    {.name = "ring", .value = SIM_RING},
    {0},
};
const struct sim_choice sim_choices_of_stop[] = {
    {.name = "counter", .value = false},
    {.name = "coin", .value = true},
    {0},
};
const struct sim_choice sim_choices_of_transport[] = {
    {.name = "TCP", .value = SIM_TCP},
    {.name = "QUIC", .value = SIM_QUIC},
    {.name = "UDP", .value = SIM_UDP},
    {0},
};
const struct sim_choice sim_choices_of_writers[] = {
    {.name = "random", .value = SIM_WRITERS_RANDOM},
    {.name = "first", .value = SIM_WRITERS_FIRST},
    {0},
};
const struct sim_choice sim_choices_of_crdt[] = {
    {.name = "lww-register", .value = SIM_LWW_REGISTER},
    {.name = "g-counter", .value = SIM_G_COUNTER},
    {.name = "pn-counter", .value = SIM_PN_COUNTER},
    {.name = "or-set", .value = SIM_OR_SET},
    {.name = "lww-map", .value = SIM_LWW_MAP},
    {0},
};
const struct sim_choice sim_choices_of_signature[] = {
    {.name = "none", .value = 0},
    {.name = "ed25519", .value = MESH_SIGNATURE_BYTES},
    {0},
};
const struct sim_choice sim_choices_of_membership[] = {
    {.name = "roster", .value = false},
    {.name = "swim", .value = true},
    {0},
};
const struct sim_choice sim_choices_of_periods[] = {
    {.name = "phased", .value = false},
    {.name = "synchronised", .value = true},
    {0},
};
const struct sim_choice sim_choices_of_order[] = {
    {.name = "shuffled", .value = false},
    {.name = "random", .value = true},
    {0},
};
const struct sim_choice sim_choices_of_election[] = {{.name = "raft"}, {0}};
const struct sim_choice sim_choices_of_leaders_start[] = {
    {.name = "elected", .value = SIM_LEADERS_ELECTED},
    {.name = "fresh", .value = SIM_LEADERS_FRESH},
    {0},
};
const struct sim_choice sim_choices_of_leaders_logs[] = {
    {.name = "equal", .value = SIM_LOGS_EQUAL},
    {.name = "different", .value = SIM_LOGS_DIFFERENT},
    {0},
};
const struct sim_choice sim_choices_of_compression[] = {
    {.name = "none", .value = SIM_COMPRESS_NONE},
    {.name = "zstd", .value = SIM_COMPRESS_ZSTD},
    {0},
};
const struct sim_choice sim_choices_of_start[] = {
    {.name = "warm", .value = false},
    {.name = "cold", .value = true},
    {0},
};
const struct sim_choice sim_choices_of_profile[] = {
    {.name = "document", .value = SIM_PROFILE_DOCUMENT},
    {.name = "cloud", .value = SIM_PROFILE_CLOUD},
    {0},
};
const struct sim_choice sim_choices_of_loss_model[] = {
    {.name = "random", .value = false},
    {.name = "gilbert-elliott", .value = true},
    {0},
};
const struct sim_choice sim_choices_of_ordering[] = {
    {.name = "none", .value = false},
    {.name = "fifo", .value = true},
    {0},
};
const struct sim_choice sim_choices_of_checksums[] = {
    {.name = "on", .value = false},
    {.name = "off", .value = true},
    {0},
};
const struct sim_choice sim_choices_of_report[] = {
    {.name = "agent", .value = false},
    {.name = "edge", .value = true},
    {0},
};
const struct sim_choice sim_choices_of_cipher[] = {
    {.name = "AES-128-GCM"}, {.name = "AES-256-GCM"}, {.name = "ChaCha20-Poly1305"}, {0}};
const struct sim_choice sim_choices_of_fault[] = {
    {.name = "crash", .value = SIM_FAULT_CRASH},
    {.name = "restart", .value = SIM_FAULT_RESTART},
    {.name = "pause", .value = SIM_FAULT_PAUSE},
    {.name = "partition", .value = SIM_FAULT_PARTITION},
    {.name = "outage", .value = SIM_FAULT_OUTAGE},
    {.name = "rolling-restart", .value = SIM_FAULT_ROLLING_RESTART},
    {.name = "churn", .value = SIM_FAULT_CHURN},
    {.name = "mass-join", .value = SIM_FAULT_MASS_JOIN},
    {.name = "slow", .value = SIM_FAULT_SLOW},
    {.name = "skew", .value = SIM_FAULT_SKEW},
    {.name = "swizzle", .value = SIM_FAULT_SWIZZLE},
    {.name = "link", .value = SIM_FAULT_LINK},
    {.name = "auto-scaling", .value = SIM_FAULT_AUTO_SCALING},
    {.name = "spot-reclaim", .value = SIM_FAULT_SPOT_RECLAIM},
    {.name = "starve", .value = SIM_FAULT_STARVE},
    {0},
};
const struct sim_choice sim_choices_of_mesh[] = {
    {.name = "new", .value = SIM_MESH_NEW},
    {.name = "old", .value = SIM_MESH_OLD},
    {0},
};
const struct sim_choice sim_choices_of_pair[] = {
    {.name = "same_host", .value = SIM_SAME_HOST},
    {.name = "same_zone", .value = SIM_SAME_ZONE},
    {.name = "same_region", .value = SIM_SAME_REGION},
    {.name = "inter_region", .value = SIM_INTER_REGION},
    {.name = "edge_aggregator", .value = SIM_EDGE_AGGREGATOR},
    {.name = "aggregator_coordinator", .value = SIM_AGGREGATOR_COORDINATOR},
    {0},
};
const struct sim_choice sim_choices_of_role[] = {
    {.name = "all", .value = (1u << SIM_ROLE_COUNT) - 1},
    {.name = "agents", .value = 1u << SIM_ROLE_AGENT},
    {.name = "relays", .value = 1u << SIM_ROLE_RELAY},
    {.name = "bridges", .value = 1u << SIM_ROLE_BRIDGE},
    {.name = "leaders", .value = 1u << SIM_ROLE_LEADER},
    {.name = "aggregators", .value = 1u << SIM_ROLE_AGGREGATOR},
    {.name = "coordinators", .value = 1u << SIM_ROLE_COORDINATOR},
    {.name = "seeds", .value = 1u << SIM_ROLE_SEED},
    {.name = "gateways", .value = 1u << SIM_ROLE_GATEWAY},
    {0},
};
const struct sim_choice sim_choices_of_disk[] = {
    {.name = "kept", .value = false},
    {.name = "lost", .value = true},
    {0},
};
const struct sim_choice sim_choices_of_between[] = {
    {.name = "hosts", .value = SIM_PLACE_HOST},     {.name = "zones", .value = SIM_PLACE_ZONE},
    {.name = "regions", .value = SIM_PLACE_REGION}, {.name = "edges", .value = SIM_PLACE_EDGE},
    {.name = "meshes", .value = SIM_PLACE_MESH},    {0},
};
const struct sim_choice sim_choices_of_cut[] = {
    {.name = "both", .value = SIM_BOTH_WAYS},
    {.name = "out", .value = SIM_OUTWARD},
    {.name = "in", .value = SIM_INWARD},
    {0},
};
const struct sim_choice sim_choices_of_behaviour[] = {
    {.name = "silent", .value = SIM_SILENT},
    {.name = "delaying", .value = SIM_DELAYING},
    {.name = "forging", .value = SIM_FORGING},
    {.name = "inflating", .value = SIM_INFLATING},
    {.name = "equivocating", .value = SIM_EQUIVOCATING},
    {.name = "replaying", .value = SIM_REPLAYING},
    {.name = "flooding", .value = SIM_FLOODING},
    {.name = "lying-digests", .value = SIM_LYING_DIGESTS},
    {.name = "corrupting", .value = SIM_CORRUPTING},
    {.name = "eclipsing", .value = SIM_ECLIPSING},
    {0},
};
const struct sim_choice sim_choices_of_guard[] = {
    {.name = "auto", .value = SIM_GUARD_AUTO},
    {.name = "on", .value = SIM_GUARD_ON},
    {.name = "off", .value = SIM_GUARD_OFF},
    {0},
};
