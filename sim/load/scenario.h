// SPDX-License-Identifier: GPL-3.0-or-later
// What the user asked for, decoded: the one struct between the YAML files and the rest of the
// program.
//
//   topology file --+
//   scenario file --+--> sim_load_scenario --> struct sim_scenario --> sim/run builds the mesh
//   --set, flags  --+         (later wins)
//
// Everything is an integer in the unit its name says: decimals in the files are parsed exactly,
// never through floating point. Strings point into memory that the scenario owns until
// sim_scenario_destroy. A value keeps where it was written (struct sim_origin), so that a verdict
// can name the binding line and lint can say which file decided.

#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "compression.h"
#include "error.h"
#include "fault.h"
#include "liar.h"
#include "mesh/raft.h"
#include "mesh/step.h"
#include "network.h"

#define SIM_AGENTS_MAX 10000000u  // below MESH_NODE_MAX, which aggregators share
#define SIM_SCOPES_MAX 8000u      // regions or edges, aggregators and what joins them
#define SIM_UPDATES_MAX 1000000u
#define SIM_REPEAT_MAX 1000000u
#define SIM_DURATION_NS_MAX (INT64_C(86400) * 1000000000)  // a day
#define SIM_OPEN_END_NS (INT64_C(20) * 1000000000)  // the most a run without duration_ms takes

// The order is the document's. Names in files are the lower-case ones without the prefix.
enum sim_topology {
    SIM_FLAT_MESH,
    SIM_SINGLE_REGION_MESH,
    SIM_MULTI_REGION_MESH,
    SIM_MULTI_REGION_LEADERS,
    SIM_HIERARCHICAL,
    SIM_TOPOLOGY_COUNT
};

enum sim_crdt { SIM_LWW_REGISTER, SIM_G_COUNTER, SIM_PN_COUNTER, SIM_OR_SET, SIM_LWW_MAP };
enum sim_writers { SIM_WRITERS_RANDOM, SIM_WRITERS_FIRST };

// Where a value was written. line 0: nowhere, the default stands.
struct sim_origin {
    const char *file;  // "--set" and "--agents" for options
    uint32_t line;
    uint32_t column;
};

struct sim_region {
    const char *name;
    const char *location;  // NULL: not said
    const char **zones;    // [zone_count]; zone_count >= 1 (a region without zones is one zone)
    uint32_t zone_count;
    uint32_t agents;        // after scaling to sim_scenario.agents: they add up to it
    uint32_t leader_count;  // multi_region_leaders: active bridges, 1 .. seeds_per_region
};

// The graph along which mode delta propagates. Tree: agent i is the parent of `degree` next ones.
// Ring: every agent is joined with `degree` agents on either side.
enum sim_graph { SIM_TREE, SIM_RING };

struct sim_delta_settings {
    enum sim_graph graph;
    uint32_t degree;  // 1 .. 7
    bool avoid_back_propagation;
    bool remove_redundancy;
};

struct sim_gossip {
    enum mesh_mode mode;
    enum mesh_schedule schedule;
    struct mesh_rumor rumor;          // mode rumor
    struct sim_delta_settings delta;  // mode delta
    enum mesh_selection selection;
    bool eager_links;        // mode eager: links between tiers and regions forward as well
    uint32_t bias_percent;   // local-bias and hybrid, 0 .. 100
    uint32_t fanout;         // in the innermost scope, 1 .. MESH_FANOUT_MAX
    uint64_t interval_ns;    // of the innermost scope, > 0
    uint32_t threshold_ppb;  // theta, parts per billion, 1 .. 1e9 (0.99 -> 990000000)
};

// How the groups of Raft begin: with bridges that everybody knows and an election under way, or
// with nothing.
enum sim_leaders_start { SIM_LEADERS_ELECTED, SIM_LEADERS_FRESH };

// The logs with which fresh groups begin: empty, or each candidate's with another number of entries
// that nobody has committed: 0, 1, 2 ... dealt by chance.
enum sim_leaders_logs { SIM_LOGS_EQUAL, SIM_LOGS_DIFFERENT };

// multi_region_leaders: the `candidates` of each region form a group of Raft, which agrees on
// leader_count of them as its bridges.
struct sim_leaders {
    uint32_t candidates;   // of each region (bootstrap.seeds_per_region), 1 .. 32
    uint32_t fanout;       // bridges of other regions that a bridge addresses
    uint64_t interval_ns;  // between a bridge's ticks towards them
    uint64_t heartbeat_ns;
    uint64_t failover_ns;      // a bridge silent for so long is replaced
    uint64_t election_ns_min;  // a follower's patience is uniform between these two
    uint64_t election_ns_max;
    uint64_t read_every_ns;                      // 0: nobody reads
    struct sim_latency disk;                     // what a write of a candidate's disk takes
    const struct sim_quantiles *disk_quantiles;  // of other distributions than uniform, or NULL
    uint32_t failed;  // candidates of each region that take no part, the last ones; < candidates
    enum sim_leaders_start start;
    enum sim_leaders_logs logs;
    bool pre_vote;
    bool check_quorum;
};

// SWIM in the mesh, in each region or in each edge (mesh/swim.h, whose group this becomes).
struct sim_swim_settings {
    bool runs;  // membership: swim
    bool lifeguard;
    bool read_only;  // who has no majority refuses writes
    bool synchronised;
    bool random;
    uint32_t proxies;
    uint32_t gossip;
    uint32_t news;
    uint32_t retransmit;
    uint32_t confirmations;
    uint32_t seeds;  // members that a joiner asks; 0: those that the mesh has anyway
    uint64_t period_ns;
    uint64_t timeout_ns;
    uint64_t gossip_ns;  // once read 1 .. period_ns
    uint64_t suspicion_ns;
    uint64_t suspicion_ns_max;  // once read >= suspicion_ns
    uint64_t sync_ns;
};

// hierarchical: regions x aggregators x edges; the agents are dealt to the edges, in order, as
// evenly as possible, the earlier edges first. gossip.fanout and gossip.interval_ns are an edge's.
struct sim_hierarchy {
    uint32_t coordinators;
    uint32_t aggregators_per_region;
    uint32_t edges_per_aggregator;
    uint32_t relays;                  // agents of an edge that talk to its aggregator
    uint32_t coordinators_addressed;  // by an aggregator or a coordinator, at a tick
    uint64_t aggregator_interval_ns;  // between ticks of relays, and of aggregators, upwards
    uint64_t global_interval_ns;      // between a coordinator's ticks
    uint64_t relay_silence_ns;        // after which a relay is replaced, where there are faults
};

// What agents report, the names being those of the document's State Aggregation Example.
enum sim_report_figure {
    SIM_REPORT_EXECUTIONS,  // in millionths
    SIM_REPORT_TASKS,       // in millionths
    SIM_REPORT_COMPLETION,  // ppb
    SIM_REPORT_LATENCY,     // us
    SIM_REPORT_FIGURE_COUNT
};

// From `low` to `high`, both included, all even chances.
struct sim_report_value {
    uint64_t low;
    uint64_t high;
};

// What is said in some places: in edges that lie in all three spans, which count from 0 through the
// whole mesh.
struct sim_report_rule {
    struct sim_span regions;
    struct sim_span aggregators;
    struct sim_span edges;
    uint32_t given;  // bit 1 << figure
    struct sim_report_value values[SIM_REPORT_FIGURE_COUNT];
};

// hierarchical: the last rule that gives a figure for an edge decides. (run/report_content.h)
struct sim_report_settings {
    const struct sim_report_rule *rules;  // [rule_count], the first gives all figures everywhere
    uint32_t rule_count;
    bool per_edge;  // sums are an edge's, dealt to its agents; else an agent's
    bool growing;   // report n tells n times what one executes
};

struct sim_workload {
    uint32_t updates;  // 1 .. SIM_UPDATES_MAX
    uint64_t first_write_ns;
    uint64_t every_ns;  // between one write and the next; 0: all at once
    enum sim_writers writers;
    enum sim_crdt crdt;
    uint32_t value_bytes;       // of what is written or added, 0 .. 65535 (content.h)
    uint32_t keys;              // update u writes key u mod keys; >= 1
    uint32_t elements;          // of a set, names of a map: 1 .. SIM_UPDATES_MAX
    uint32_t remove_percent;    // of updates that remove or subtract, 0 .. 100
    uint64_t warmup_ns;         // traffic before it is not counted, earlier updates not judged
    uint64_t report_every_ns;   // hierarchical: between reports of an agent; 0: nobody reports
    uint64_t report_settle_ns;  // reports written so late before the end are not judged
    struct sim_report_settings reports;
};

// From one mesh to another (run/places.h, scopes.h): both are there from the start, as nodes of one
// run; `faults` says when who of them comes and goes. Gateways, agents of the old mesh, exchange
// what they hold with seeds of the new one. Who writes moves over.
struct sim_migration {
    const struct sim_scenario *from;  // the old mesh; of it count places, gossip and latencies
    uint32_t gateways;
    uint64_t interval_ns;   // between a gateway's ticks towards the seeds
    uint64_t move_at_ns;    // until then old agents write; SIM_FAULT_NEVER
    uint64_t move_over_ns;  // so long the share of the new ones grows, then they are all
};

// From `at_ns` on, until the next begins: results are told apart by it.
struct sim_phase {
    const char *name;
    uint64_t at_ns;
};

// What one host offers its agents (topologies/instances.yaml).
struct sim_instance {
    const char *name;
    uint32_t vcpus;
    uint64_t memory_bytes;
    uint64_t bits_per_s;     // in each direction
    uint64_t packets_per_s;  // 0: no figure is known
};

// An expectation as written; measure parses and judges it.
struct sim_expectation {
    const char *text;
    struct sim_origin origin;
    const struct sim_phase *phase;  // NULL: of the whole run; else of what is written in it alone
};

// When peers' messages are checked: where somebody lies, always, or never.
enum sim_guard_when { SIM_GUARD_AUTO, SIM_GUARD_ON, SIM_GUARD_OFF };

struct sim_guard_settings {  // mesh/guard.h
    enum sim_guard_when when;
    uint32_t rate;  // messages per second and peer; 0: any number
    uint32_t threshold_ppb;
    uint64_t bound_ns;
    uint64_t recovery_ns;
    uint32_t peers;
};

#define SIM_WARNINGS_MAX 4u

enum sim_profile { SIM_PROFILE_DOCUMENT, SIM_PROFILE_CLOUD };

struct sim_scenario {
    const char *name;           // "scenario:" of the file, else the file's base name without suffix
    const char *path;           // the file the user named
    const char *topology_path;  // the file the topology came from; = path for a bare topology
    const char *text;           // of the file at `path`, as it was read
    const char *topology_text;  // of that at `topology_path`
    enum sim_topology topology;
    uint32_t agents;             // 2 .. SIM_AGENTS_MAX
    uint64_t seed;               // of repetition 0; repetition r runs with seed + r
    uint64_t duration_ns;        // 0: until every update is held by all, at most 20 s
    uint32_t repeat;             // >= 1
    uint32_t memory_mib;         // what the run may take; 0: four fifths of the machine's memory
    struct sim_region *regions;  // [region_count], in file order
    uint32_t region_count;
    struct sim_gossip gossip;
    struct sim_leaders leaders;      // multi_region_leaders
    struct sim_hierarchy hierarchy;  // hierarchical
    struct sim_swim_settings swim;
    enum sim_profile profile;  // where latencies come from that nobody gave
    bool global_accelerator;
    uint32_t accelerator_ppb;     // what it leaves of a delay between two regions
    uint32_t regions_jitter_ppb;  // of a pair of regions: standard deviation / mean
    struct sim_network_settings network;
    struct sim_instance instances[SIM_TIER_COUNT];  // of the hosts of each tier
    struct sim_workload workload;
    const struct sim_migration *migration;  // NULL: none
    const struct sim_phase *phases;         // [phase_count], ascending
    uint32_t phase_count;
    uint64_t fault_seed;                     // of repetition 0, as with seed
    const struct sim_fault *faults;          // [fault_count]
    const struct sim_origin *fault_origins;  // [fault_count]
    uint32_t fault_count;
    struct sim_guard_settings guard;
    uint64_t liar_seed;            // of repetition 0, as with seed
    const struct sim_liar *liars;  // [liar_count]
    uint32_t liar_count;
    const struct sim_table *tables;  // [table_count]
    const struct sim_data_file *data_files;
    const struct sim_compression *compression;  // NULL: to be measured before the first event
    struct sim_expectation *expectations;
    uint32_t table_count;
    uint32_t data_file_count;
    uint32_t expectation_count;
    uint32_t row;  // 1-based row of the verdict table: cells that differ only in gossip.mode share
                   // a row
    // Where the settings that verdicts name were decided.
    struct sim_origin interval_origin, fanout_origin, threshold_origin, mode_origin, agents_origin;
    struct sim_origin link_interval_origin;    // leaders.interval_ns, aggregator_interval_ns
    struct sim_origin global_interval_origin;  // hierarchy.global_interval_ns
    const char *warnings[SIM_WARNINGS_MAX];    // [warning_count] FILE:LINE:COLUMN: what is odd
    uint32_t warning_count;
    const char *cell;  // of a sweep, "agents=10 gossip.mode=eager"; "" without one
    void *memory;      // of a load's first cell: everything that the pointers of all its
                       // cells point to; NULL in the others
};

// A table that latencies are sampled from, kept with the run.
struct sim_table {
    const char *used_for;  // a pair class, "regions" or "disk"
    const struct sim_quantiles *quantiles;
};

// A file of measurements that the settings name.
struct sim_data_file {
    const char *path;
    const char *text;
};

// What a run was made of, kept with it: instead of the disk and of figures that another machine or
// library might work out otherwise. Whatever is asked for and not here is an error.
struct sim_recorded {
    const struct sim_data_file *files;  // [file_count] by the paths they were read under
    uint32_t file_count;
    const struct sim_table *tables;  // [table_count]
    uint32_t table_count;
    const struct sim_compression *compression;  // NULL: messages were not compressed
    const char *cell;                           // of the sweep, the only one to load; "" without
};

// What an exported run begins with (store/recording.h), which is no scenario.
#define SIM_EXPORT_HEAD "meshsim_run: "

// What the command line adds. Lists are in the order given; later wins.
struct sim_overrides {
    const char *agents;  // texts as typed; NULL: not given
    const char *seed;
    const char *repeat;
    const char *const *sets;  // "KEY=VALUE"
    uint32_t set_count;
    const struct sim_recorded *recorded;  // NULL: from files; used until sim_scenarios_destroy
};

// Loads one scenario or bare topology file and expands its sweep: on success `*scenarios` is an
// array of `*count` >= 1 cells that the caller destroys with sim_scenarios_destroy. On failure both
// are left empty and `error` says file, line and column (code SIM_ERROR_SCENARIO; SIM_ERROR_IO when
// a file cannot be read; SIM_ERROR_USAGE when --agents, --seed or --repeat is not a number in
// range, or --set not KEY=VALUE). Relative paths in the file are relative to the file, those of
// --set to the working directory.
bool sim_load_scenario(const char *path, const struct sim_overrides *overrides,
                       struct sim_scenario **scenarios, uint32_t *count, struct sim_error *error);

void sim_scenarios_destroy(struct sim_scenario *scenarios, uint32_t count);

// A file that has only `scenarios`, a list of files to be run: their paths, as `run` takes them.
// Any other file: none. Destroy `*files` in either case, also after an error.
bool sim_load_batch(const char *path, char ***files, uint32_t *count, struct sim_error *error);
void sim_batch_files_destroy(char **files, uint32_t count);

// `meshsim lint`: every key of the file with its value, where it stands and its effect, or why it
// is recorded without effect; then the latencies per pair class, one way and round trip.
bool sim_lint(const char *path, const struct sim_overrides *overrides, FILE *output,
              struct sim_error *error);

// `meshsim lint --sizes`: what the messages of the scenario's mode cost in bytes, part by part, as
// encoded and with what the transport adds. Of a sweep the first cell. Only what this version runs.
bool sim_lint_sizes(const char *path, const struct sim_overrides *overrides, FILE *output,
                    struct sim_error *error);

// `meshsim new`: a commented topology file for `agents` agents over `zones` zones per region. Fails
// with SIM_ERROR_USAGE when the topology is not known, a number is out of range, or the agents
// cannot be dealt evenly to the edges of a hierarchy; with SIM_ERROR_IO when `output` cannot be
// written.
bool sim_new_topology(const char *topology, uint32_t agents, uint32_t zones, FILE *output,
                      struct sim_error *error);

// Simulated time at which a run ends at the latest.
uint64_t sim_scenario_end_ns(const struct sim_scenario *scenario);

// When every agent has written a report that is judged: until then a run without duration_ms goes
// on. 0 where nobody reports.
uint64_t sim_reports_judged_ns(const struct sim_scenario *scenario);

// The names used in files, tables and the store; never NULL for a value of the enum.
// Whether messages arrive altered: the network breaks some, and nothing on their way notices.
bool sim_scenario_alters(const struct sim_scenario *scenario);

const char *sim_topology_name(enum sim_topology topology);
const char *sim_mode_name(enum mesh_mode mode);
const char *sim_schedule_name(enum mesh_schedule schedule);
const char *sim_message_name(uint32_t kind);  // enum mesh_message_kind; 0: "rotation"
const char *sim_selection_name(enum mesh_selection selection);

// Whether a scope's agents live in several regions or, within one, in several zones, so that biased
// peer selections know nearer groups from farther ones. Otherwise every selection is uniform.
bool sim_scenario_has_groups(const struct sim_scenario *scenario);

#endif
