// SPDX-License-Identifier: GPL-3.0-or-later
#include "run.h"

#include <assert.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "allocate.h"
#include "base.h"
#include "calm.h"
#include "checks.h"
#include "connections.h"
#include "deceits.h"
#include "gaps.h"
#include "groups.h"
#include "hosts.h"
#include "leading.h"
#include "recorder.h"
#include "report_outcome.h"
#include "reporting.h"
#include "roll.h"
#include "targets.h"
#include "validity.h"
#include "views.h"
#include "world.h"

#define PROGRESS_NS UINT64_C(200000000)  // wall time between two calls

struct watch {
    struct sim_recorder recorder;
    struct sim_reports reports;
    struct sim_base base;
    struct sim_engine *engine;
    struct sim_group_checks *checks;  // NULL: no groups
    struct sim_leading *leading;      // likewise
    struct sim_roll *roll;            // NULL: no SWIM
    struct sim_validity *validity;    // NULL: nobody lies, and nothing is altered
    struct sim_deceits *deceits;      // NULL: nobody lies
    bool faults;
    bool reporting;
    const struct sim_run_options *options;
    uint64_t end_ns;
    uint64_t reported_ns;       // a run with an open end goes on till then for the reports
    uint64_t progress_next_ns;  // wall
    uint64_t window_ns;         // end of the last window
    uint32_t windows;
    bool interrupted;
};

static uint64_t wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void observe_changes(void *context, const struct mesh_table *table,
                            const uint32_t *write_of_lane, const struct sim_change *changes,
                            uint32_t count)
{
    struct watch *watch = context;
    const struct sim_watcher *watcher = watch->options->watcher;
    sim_recorder_changes(&watch->recorder, table, write_of_lane, changes, count);
    if (watch->validity != NULL) {
        sim_validity_look(watch->validity, table, changes, count);
    }
    if (watch->deceits != NULL) {
        sim_deceits_look(watch->deceits, watch->engine, table, write_of_lane, changes, count);
    }
    if (watcher != NULL && watcher->changes != NULL) {
        watcher->changes(watcher->context, watch->recorder.world, table, write_of_lane, changes,
                         count);
    }
}

static void observe_transitions(void *context, const struct sim_transition *transitions,
                                uint32_t count)
{
    struct watch *watch = context;
    sim_recorder_transitions(&watch->recorder, transitions, count);
    if (watch->reporting) {
        sim_reports_transitions(&watch->reports, watch->engine, transitions, count);
    }
    if (watch->leading != NULL) {
        sim_leading_transitions(watch->leading, transitions, count);
    }
    if (watch->roll != NULL) {
        sim_roll_transitions(watch->roll, transitions, count);
    }
    if (watch->options->watcher != NULL && watch->options->watcher->transitions != NULL) {
        watch->options->watcher->transitions(watch->options->watcher->context, transitions, count);
    }
}

static void observe_ruled(void *context, const struct sim_rule *rule)
{
    const struct sim_watcher *watcher = ((struct watch *)context)->options->watcher;
    if (watcher != NULL && watcher->ruled != NULL) {
        watcher->ruled(watcher->context, rule);
    }
}

static void observe_rafts(void *context, const struct sim_raft_note *notes, uint32_t count)
{
    struct watch *watch = context;
    sim_leading_notes(watch->leading, notes, count);
    sim_group_checks_look(watch->checks, notes, count);
}

static void observe_swims(void *context, const struct sim_swim_note *notes, uint32_t count)
{
    const struct watch *watch = context;
    sim_roll_notes(watch->roll, watch->engine, notes, count);
}

static void observe_released(void *context, const struct mesh_update *update)
{
    struct watch *watch = context;
    sim_base_fold(&watch->base, update);
}

static uint32_t base_bytes(void *context)
{
    const struct watch *watch = context;
    return watch->base.bytes;
}

static void observe_silenced(void *context, uint32_t write)
{
    struct watch *watch = context;
    sim_recorder_silenced(&watch->recorder, write);
}

static void observe_refused(void *context, uint32_t write)
{
    struct watch *watch = context;
    sim_recorder_silenced(&watch->recorder, write);
    watch->recorder.result->membership.refused_writes++;
}

static void observe_notes(void *context, const struct sim_note *notes, uint32_t count)
{
    struct watch *watch = context;
    const struct sim_watcher *watcher = watch->options->watcher;
    sim_reports_notes(&watch->reports, notes, count);
    if (watcher != NULL && watcher->notes != NULL) {
        watcher->notes(watcher->context, notes, count);
    }
}

static void observe_heard(void *context, const struct sim_heard *heard)
{
    sim_reports_heard(&((struct watch *)context)->reports, heard);
}

static void observe_made(void *context, const struct sim_note *row)
{
    sim_reports_made(&((struct watch *)context)->reports, row);
}

// Whether reports are followed as they are heard. A watcher wants to be told of each in its order.
static bool listens(const struct watch *watch)
{
    const struct sim_watcher *watcher = watch->options->watcher;
    return watch->reporting && sim_reports_can_listen(&watch->reports) &&
           (watcher == NULL || watcher->notes == NULL);
}

static void observe_checkpoint(void *context, uint64_t time_ns, uint64_t fingerprint,
                               uint64_t events)
{
    struct watch *watch = context;
    const struct sim_watcher *watcher = watch->options->watcher;
    const struct sim_checkpoint checkpoint = {time_ns, fingerprint, events};
    sim_recorder_checkpoint(&watch->recorder, time_ns, fingerprint, events);
    if (watcher != NULL && watcher->checkpoint != NULL) {
        // A window's own stands before the call for that window.
        watcher->checkpoint(watcher->context, &checkpoint, time_ns == watch->window_ns);
    }
}

// Progress and interruption read the wall clock; what they decide is never part of a result.
static bool observe_window(void *context, uint64_t time_ns, uint64_t events)
{
    struct watch *watch = context;
    const struct sim_run_options *options = watch->options;
    const struct sim_watcher *watcher = options->watcher;
    watch->window_ns = time_ns;
    if (watcher != NULL && watcher->window != NULL && watcher->window(watcher->context, time_ns)) {
        watch->interrupted = true;
        return true;
    }
    if (options->interrupted != NULL && *options->interrupted) {
        watch->interrupted = true;
        return true;
    }
    if (options->progress != NULL && ++watch->windows % 64 == 0 &&
        wall_ns() >= watch->progress_next_ns) {
        options->progress(options->progress_context, time_ns, watch->end_ns, events);
        watch->progress_next_ns = wall_ns() + PROGRESS_NS;
    }
    sim_recorder_window(&watch->recorder);
    if (watch->roll != NULL && watch->faults) {
        sim_roll_window(watch->roll, watch->engine, time_ns);
    }
    if (watch->leading != NULL) {
        sim_leading_window(watch->leading, time_ns);
    }
    if (watch->checks != NULL && sim_group_checks_broken(watch->checks) != NULL) {
        return true;
    }
    if (watch->reporting && watch->faults) {
        sim_reports_window(&watch->reports, watch->engine);
    }
    return watch->recorder.stop_when_held && sim_recorder_is_done(&watch->recorder) &&
           time_ns >= watch->reported_ns && (!watch->faults || sim_engine_is_calm(watch->engine));
}

// The limit may depend on the machine, since it decides nothing but whether the run goes on.
static uint64_t memory_limit(const struct sim_scenario *scenario)
{
    uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    return scenario->memory_mib > 0 ? (uint64_t)scenario->memory_mib << 20 : machine / 5 * 4;
}

// Updates that are surely under way at once: all where none ever settles, where values are composed
// from the table or where all are written at once, else what the table begins with.
static uint32_t updates_at_once(const struct sim_scenario *scenario)
{
    const struct sim_workload *workload = &scenario->workload;
    bool all = scenario->gossip.mode == MESH_PUSH || workload->every_ns == 0 ||
               sim_content_is_composed(workload->crdt);
    return all || workload->updates < SIM_LANES_START ? workload->updates : SIM_LANES_START;
}

// What is there from start to end beside the engine's replicas and table.
static uint64_t bytes_beside_engine(const struct sim_scenario *scenario)
{
    uint32_t nodes = sim_places_nodes(scenario);
    uint32_t updates = scenario->workload.updates;
    uint64_t tracked = updates < SIM_TRACKED_UPDATES ? updates : SIM_TRACKED_UPDATES;
    uint64_t per_update =
        2 * sizeof(struct sim_write) + sizeof(struct sim_update_result) + sizeof(uint8_t *) +
        SIM_REACH_ALL * sizeof(struct sim_vicinity) +
        (sim_content_has_value(scenario->workload.crdt) ? scenario->workload.value_bytes : 0);
    uint64_t peers = 0;
    return updates * per_update + tracked * nodes * sizeof(struct sim_receipt) +
           sim_hosts_pair_bytes(scenario, &peers) +
           (sim_reports_wanted(scenario) ? sim_reports_bytes(scenario) : 0) +
           (scenario->fault_count > 0
                ? sim_cohorts_bytes(scenario->agents, updates_at_once(scenario))
                : 0);
}

static uint64_t bytes_in_engine(const struct sim_scenario *scenario)
{
    uint32_t lanes = sim_reports_wanted(scenario) ? sim_reports_lanes(scenario) : 0;
    return sim_engine_memory_bytes(sim_places_nodes(scenario), updates_at_once(scenario) + lanes,
                                   scenario->gossip.mode);
}

static uint64_t longest_latency_ns(const struct sim_scenario *scenario, bool near)
{
    uint64_t latency_ns = 0;
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        uint64_t maximum_ns = scenario->network.latency[pair].maximum_ns;
        bool far = pair == SIM_INTER_REGION || pair >= SIM_EDGE_AGGREGATOR;
        latency_ns = maximum_ns > latency_ns && !(near && far) ? maximum_ns : latency_ns;
    }
    return latency_ns;
}

// What ticks send lies in memory for the longest latency of all, in as many windows as are a power
// of two, a quarter more for answers; each copy takes 8 bytes besides until it arrives, which most
// do within the region, and answers as much again.
static uint64_t bytes_under_way(const struct sim_scenario *scenario)
{
    uint64_t message = sizeof(struct mesh_message) + 8 * (uint64_t)(updates_at_once(scenario) / 64);
    uint64_t copies = 8 * (uint64_t)scenario->gossip.fanout;
    uint64_t windows = 4;
    while (windows < longest_latency_ns(scenario, false) / SIM_WINDOW_NS_MAX + 3) {
        windows *= 2;
    }
    double kept = (double)(windows * SIM_WINDOW_NS_MAX);
    double near = (double)longest_latency_ns(scenario, true);
    double ticks = (double)scenario->agents / (double)(scenario->gossip.interval_ns + 1);
    return (uint64_t)((1.25 * (double)message * kept + 2 * (double)copies * near) * ticks);
}

// Of them, what surely is: refused when it does not fit.
static uint64_t bytes_surely_under_way(const struct sim_scenario *scenario)
{
    return sim_reports_wanted(scenario) ? sim_reports_under_way_bytes(scenario) : 0;
}

struct sim_run_needs sim_run_needs(const struct sim_scenario *scenario)
{
    return (struct sim_run_needs){
        .fixed_bytes =
            bytes_in_engine(scenario) + bytes_beside_engine(scenario) + sim_views_bytes(scenario),
        .under_way_bytes = bytes_under_way(scenario) + bytes_surely_under_way(scenario),
    };
}

static bool fits(const struct sim_scenario *scenario, struct sim_error *error)
{
    uint64_t peers = 0;
    uint64_t pair_bytes = sim_hosts_pair_bytes(scenario, &peers);
    if (pair_bytes > SIM_PAIR_BYTES_MAX) {
        return sim_error_set(error, SIM_ERROR_INTERNAL,
                             "cold connections of %u agents to up to %llu peers each need %.1f GB "
                             "to be remembered; the budget is %.1f GB: connections.start: warm, a "
                             "shorter duration_ms or fewer agents fit",
                             scenario->agents, (unsigned long long)peers, 1e-9 * (double)pair_bytes,
                             1e-9 * (double)SIM_PAIR_BYTES_MAX);
    }
    uint64_t under_way = bytes_surely_under_way(scenario);
    uint64_t bytes = sim_run_needs(scenario).fixed_bytes + under_way;
    uint64_t limit = memory_limit(scenario);
    if (bytes > limit) {
        return sim_error_set(
            error, SIM_ERROR_INTERNAL, "%u agents and %u updates need %.0f MiB %s; %s %.0f MiB",
            scenario->agents, scenario->workload.updates, (double)bytes / 1048576,
            under_way > 0                           ? "with the reports under way"
            : sim_views_bytes(scenario) > bytes / 2 ? "with what SWIM's members remember of others"
                                                    : "before the first message",
            scenario->memory_mib > 0 ? "memory_mib allows"
                                     : "four fifths of this machine's memory are",
            (double)limit / 1048576);
    }
    return true;
}

static void copy_counters(const struct sim_engine *engine, struct sim_result *result)
{
    for (uint32_t kind = 0; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            const struct sim_counters *counters = sim_engine_counters(
                engine, (enum mesh_message_kind)kind, (enum sim_pair_class)pair);
            result->traffic[kind][pair] = (struct sim_traffic){
                .messages = counters->messages,
                .bytes = counters->bytes,
                .saved_bytes = counters->saved_bytes,
                .transport_bytes = counters->transport_bytes,
                .digest_bytes = counters->digest_bytes,
                .updates = counters->updates,
                .duplicated = counters->duplicated,
                .lost = counters->lost,
                .dropped = counters->dropped,
                .corrupted = counters->corrupted,
                .altered = counters->altered,
                .cut = counters->cut,
                .dead = counters->dead,
                .refused = counters->refused,
                .delivered = counters->delivered,
                .idle = counters->idle,
                .idle_bytes = counters->idle_bytes,
                .handshakes = counters->handshakes,
                .resumed = counters->resumed,
                .handshake_bytes = counters->handshake_bytes,
            };
            if (counters->delivered > 0) {
                struct sim_engine_latency latency =
                    sim_engine_latency(engine, (enum sim_pair_class)pair);
                result->latency_p50_ns[pair] = latency.median_ns;
                result->latency_max_ns[pair] = latency.max_ns;
            }
        }
    }
}

// Writes that were still to come when a run was cut short, or whose agents were not there, are no
// updates of it. What is written has a sequence.
static void forget_unwritten(struct sim_result *result)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < result->update_count; i++) {
        if (result->updates[i].dot.sequence > 0) {
            result->updates[kept++] = result->updates[i];
        }
    }
    result->update_count = kept;
}

// Entries that never fired, or at nobody, are in the result, too.
static void copy_faults(const struct sim_engine *engine, const struct sim_scenario *scenario,
                        struct sim_result *result)
{
    const struct sim_fault_count *counts = sim_engine_fault_counts(engine);
    result->fault_count = scenario->fault_count;
    result->faults = sim_memory_zeroed(scenario->fault_count * sizeof *result->faults);
    for (uint32_t i = 0; i < scenario->fault_count; i++) {
        bool fired = counts[i].firings > 0;
        result->faults[i] = (struct sim_fault_result){
            .text = scenario->faults[i].text,
            .first_ns = fired ? counts[i].first_ns : SIM_TIME_NEVER,
            .last_ns = fired ? counts[i].last_ns : SIM_TIME_NEVER,
            .nodes = counts[i].nodes,
            .firings = counts[i].firings,
            .verb = scenario->faults[i].verb,
        };
    }
}

// The slowest interval on the way through an edge, through a region, everywhere. Regions of bridges
// are crossed by gossip alone, those of a hierarchy by relays as well.
static void set_intervals(const struct sim_world *world, struct sim_result *result)
{
    const struct sim_scopes *scopes = &world->scopes;
    for (uint32_t i = 0; i < scopes->count; i++) {
        bool edge = scopes->ticks[i] == SIM_TICK_GOSSIP;
        bool region = edge || (world->places.edges.count > 0 && scopes->ticks[i] == SIM_TICK_LINK);
        for (uint32_t reach = 0; reach < SIM_REACH_COUNT; reach++) {
            bool crossed = reach == SIM_REACH_EDGE     ? edge
                           : reach == SIM_REACH_REGION ? region
                                                       : true;
            if (crossed && scopes->items[i].interval_ns > result->interval_ns[reach]) {
                result->interval_ns[reach] = scopes->items[i].interval_ns;
            }
        }
    }
}

// The groups' settings: the old mesh's if it is that which has leaders.
static const struct sim_leaders *leaders_of(const struct sim_scenario *scenario)
{
    bool old = scenario->migration != NULL && scenario->topology != SIM_MULTI_REGION_LEADERS;
    return old ? &scenario->migration->from->leaders : &scenario->leaders;
}

// Those of a new mesh begin with nothing, like all of it.
static bool begins_elected(const struct sim_scenario *scenario)
{
    bool fresh = scenario->migration != NULL && scenario->topology == SIM_MULTI_REGION_LEADERS;
    return !fresh && leaders_of(scenario)->start == SIM_LEADERS_ELECTED;
}

static struct sim_rafting rafting_of(const struct sim_scenario *scenario)
{
    const struct sim_leaders *leaders = leaders_of(scenario);
    return (struct sim_rafting){
        .elected = begins_elected(scenario),
        .logs_differ = leaders->logs == SIM_LOGS_DIFFERENT,
        .failed = leaders->failed,
        .read_every_ns = leaders->read_every_ns,
        .disk = {.minimum_ns = leaders->disk.minimum_ns,
                 .span_ns = leaders->disk.maximum_ns - leaders->disk.minimum_ns,
                 .quantiles = leaders->disk_quantiles,
                 .scale = UINT64_C(1) << 32},
    };
}

// A property of Raft that is broken is a run that failed: with the story of how it came about.
static bool holds(const struct watch *watch, const struct sim_scenario *scenario,
                  struct sim_error *error)
{
    const char *property = watch->checks != NULL ? sim_group_checks_broken(watch->checks) : NULL;
    if (property == NULL) {
        return true;
    }
    if (watch->options->story != NULL) {
        sim_group_checks_tell(watch->checks, watch->options->story);
    }
    return sim_error_set(error, SIM_ERROR_EXPECTATION, "%s: %s is broken: %s", scenario->name,
                         property, sim_group_checks_how(watch->checks));
}

static void copy_processors(const struct sim_engine *engine, struct sim_result *result)
{
    const struct sim_waiting waiting = sim_engine_waiting(engine);
    result->processors = (struct sim_processors){
        .messages = waiting.messages,
        .service_ns = waiting.service_ns,
        .wait_ns = waiting.wait_ns,
        .wait_ns_max = waiting.wait_ns_max,
    };
}

static void copy_rejects(const struct sim_engine *engine, struct sim_result *result)
{
    for (uint32_t reason = 1; reason < MESH_REJECT_COUNT; reason++) {
        for (uint32_t lies = 0; lies < 2; lies++) {
            result->rejects[lies][reason] =
                sim_engine_rejects(engine, (enum mesh_reject)reason, lies != 0);
        }
    }
}

// So is one in which somebody honest held what nobody wrote; but it was run to its end.
static bool is_valid(const struct watch *watch, const struct sim_scenario *scenario,
                     struct sim_result *result, struct sim_error *error)
{
    if (watch->validity == NULL || !sim_validity_broken(watch->validity)) {
        return true;
    }
    result->invalid = true;
    if (watch->options->story != NULL) {
        sim_validity_tell(watch->validity, watch->options->story);
    }
    return sim_error_set(error, SIM_ERROR_EXPECTATION, "%s: gossip validity is broken: %s",
                         scenario->name, sim_validity_how(watch->validity));
}

// What is watched of this world, for the result.
static void begin_watch(struct watch *watch, const struct sim_scenario *scenario,
                        const struct sim_world *world, struct sim_result *result)
{
    sim_recorder_init(&watch->recorder, scenario, world, result);
    set_intervals(world, result);
    watch->faults = scenario->fault_count > 0;
    if (world->liars != NULL || sim_scenario_alters(scenario)) {
        watch->validity = sim_validity_create(world->liars);
    }
    if (world->liars != NULL) {
        watch->deceits = sim_deceits_create(scenario, world, result);
    }
    if (world->mesh.raft_count > 0) {
        watch->checks = sim_group_checks_create(world->mesh.raft, world->mesh.raft_count);
        watch->leading = sim_leading_create(&world->mesh, begins_elected(scenario), result);
    }
    watch->roll = sim_roll_create(&world->mesh, world->places.nodes, result);
    watch->reporting = sim_reports_wanted(scenario);
    if (watch->reporting) {
        sim_reports_init(&watch->reports, scenario, world, result->seed, result);
    }
}

static struct sim_observer observer_of(struct watch *watch)
{
    return (struct sim_observer){
        .context = watch,
        .transitions = observe_transitions,
        .ruled = observe_ruled,
        .rafts = watch->checks != NULL ? observe_rafts : NULL,
        .silenced = observe_silenced,
        .refused = observe_refused,
        .swims = watch->roll != NULL ? observe_swims : NULL,
        .released = watch->faults ? observe_released : NULL,
        .changes = observe_changes,
        .notes = observe_notes,
        .heard = listens(watch) ? observe_heard : NULL,
        .made = listens(watch) ? observe_made : NULL,
        .checkpoint = observe_checkpoint,
        .window = observe_window,
    };
}

static void end_watch(struct watch *watch, struct sim_result *result)
{
    sim_roll_finish(watch->roll, result->simulated_ns);
    sim_deceits_destroy(watch->deceits);
    sim_validity_destroy(watch->validity);
    sim_leading_finish(watch->leading, result->simulated_ns);
    sim_group_checks_destroy(watch->checks);
    sim_recorder_finish(&watch->recorder);
    sim_base_finish(&watch->base);
    if (watch->reporting) {
        sim_reports_finish(&watch->reports);
    }
}

// What the engine ends with.
static void take_results(struct watch *watch, struct sim_engine *engine,
                         const struct sim_scenario *scenario, const struct sim_world *world,
                         struct sim_result *result)
{
    copy_counters(engine, result);
    sim_hosts_measure(engine, scenario, world, result);
    result->compression = world->network.compression;
    if (watch->faults) {
        copy_faults(engine, scenario, result);
        sim_gaps_find(engine, scenario, world, &watch->recorder.cohorts, result);
    }
    if (watch->deceits != NULL) {
        sim_deceits_close(watch->deceits, engine);
    }
    copy_rejects(engine, result);
    copy_processors(engine, result);
    forget_unwritten(result);
    if (watch->reporting) {
        sim_reports_close(&watch->reports, engine);
        sim_report_curves(scenario, result);
        sim_report_totals(world, engine, result);
    }
    for (uint32_t i = 0; i < result->curve_count; i++) {
        sim_curve_close(&result->curves[i]);
    }
    sim_engine_in_flight(engine, result->in_flight);
}

static struct sim_engine_config config_of(const struct sim_scenario *scenario, uint32_t repetition,
                                          const struct sim_run_options *options,
                                          const struct sim_world *world,
                                          struct sim_targets *targets, struct watch *watch)
{
    return (struct sim_engine_config){
        .mesh = &world->mesh,
        .network = &world->network,
        .node_count = world->places.nodes,
        .writes = world->writes,
        .write_count = scenario->workload.updates,
        .warmup_ns = scenario->workload.warmup_ns,
        .author = world->author,
        .reporting =
            watch->reporting ? sim_reports_source(&watch->reports) : (struct sim_reporting){0},
        .faulting = sim_targets_faulting(targets, repetition),
        .lying = {.liars = scenario->liars,
                  .count = scenario->liar_count,
                  .entries = world->liars,
                  .seed = scenario->liar_seed + repetition,
                  .until_ns = sim_scenario_end_ns(scenario)},
        .relaying = sim_targets_relaying(targets),
        .rafting = rafting_of(scenario),
        .base_bytes = watch->faults ? base_bytes : NULL,
        .base_context = watch,
        .observer = observer_of(watch),
        .queue = options->queue,
        .threads = options->threads,
        .block_nodes = options->block_nodes,
        .lanes_start = options->lanes_start,
        .executes_all = options->executes_all,
        .deals = options->deals,
        .hosts = true,
        .memory_bytes = memory_limit(scenario) - bytes_beside_engine(scenario) -
                        bytes_surely_under_way(scenario),
    };
}

bool sim_run(const struct sim_scenario *scenario, uint32_t repetition,
             const struct sim_run_options *options, struct sim_result *result,
             struct sim_error *error)
{
    uint64_t start_ns = wall_ns();
    *result = (struct sim_result){
        .seed = scenario->seed + repetition,
        .repetition = repetition,
        .agents = scenario->agents,
        .threads = options->threads,
    };
    if (!fits(scenario, error)) {
        return false;
    }
    struct sim_world world;
    sim_world_init(&world, scenario, result->seed);
    struct watch watch = {
        .options = options,
        .end_ns = sim_scenario_end_ns(scenario),
        .reported_ns = sim_reports_judged_ns(scenario),
    };
    if (options->until_ns > 0 && options->until_ns < watch.end_ns) {
        watch.end_ns = options->until_ns;
    }
    struct sim_targets targets;
    sim_targets_init(&targets, scenario, &world);
    world.liars = sim_targets_liars(&targets, repetition);
    begin_watch(&watch, scenario, &world, result);
    const struct sim_engine_config config =
        config_of(scenario, repetition, options, &world, &targets, &watch);
    struct sim_engine *engine = NULL;
    bool ran = sim_engine_create(&config, &engine, error);
    watch.engine = engine;
    targets.engine = engine;
    sim_leading_watch(watch.leading, engine);
    if (ran) {
        result->simulated_ns = sim_engine_run(engine, watch.end_ns);
        result->fingerprint = sim_engine_fingerprint(engine);
        result->events = sim_engine_events(engine);
        result->interrupted = watch.interrupted ||
                              (options->until_ns > 0 && result->simulated_ns >= options->until_ns);
        take_results(&watch, engine, scenario, &world, result);
        const struct sim_error *failure = sim_engine_failure(engine);
        ran = failure == NULL ||
              sim_error_set(error, failure->code, "%s (memory_mib)", failure->text);
        ran = ran && sim_check_conservation(engine, error) && holds(&watch, scenario, error) &&
              is_valid(&watch, scenario, result, error);
    }
    end_watch(&watch, result);
    sim_engine_destroy(engine);
    sim_targets_finish(&targets);
    sim_world_finish(&world);
    if (ran && !result->interrupted && sim_calm_wanted(scenario)) {
        ran = sim_calm_run(scenario, repetition, options, result, error);
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    result->peak_rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
    result->wall_ns = wall_ns() - start_ns;
    return ran;
}
