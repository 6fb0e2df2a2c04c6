// SPDX-License-Identifier: GPL-3.0-or-later
// A merged tree read into struct sim_scenario, and what must hold between its settings.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "content.h"
#include "decimal.h"
#include "loading.h"

#define MS_PLACES 6
#define BRIDGES_DEFAULT 3  // the document's leader_count

_Static_assert(sizeof(enum mesh_mode) == 4 && sizeof(enum mesh_schedule) == 4 &&
                   sizeof(enum sim_transport) == 4 && sizeof(enum sim_writers) == 4 &&
                   sizeof(enum sim_crdt) == 4 && sizeof(enum mesh_selection) == 4 &&
                   sizeof(enum sim_graph) == 4 && sizeof(enum sim_profile) == 4 &&
                   sizeof(enum sim_compressor) == 4,
               "SIM_LANDS_U32 writes enums");

// ---- Values to fields ----

struct binding {
    const struct sim_cell *cell;
    struct sim_scenario *scenario;
};

static void topologies_of(const struct sim_key *key, char text[SIM_EXPECTED_BYTES])
{
    size_t length = 0;
    for (int i = 0; i < SIM_TOPOLOGY_COUNT; i++) {
        if ((key->topologies & SIM_FOR(i)) != 0) {
            length +=
                (size_t)snprintf(text + length, SIM_EXPECTED_BYTES - length, "%s%s",
                                 length == 0 ? "" : ", ", sim_topology_name((enum sim_topology)i));
        }
    }
}

static void land(const struct sim_key *key, const struct sim_node *node,
                 const struct sim_value *value, struct sim_scenario *scenario)
{
    char *field = (char *)scenario + key->offset;
    uint32_t small = (uint32_t)value->low;
    uint64_t large = (uint64_t)value->low;
    bool flag = value->low != 0;
    switch (key->lands) {
    case SIM_LANDS_U32: memcpy(field, &small, sizeof small); break;
    case SIM_LANDS_U64: memcpy(field, &large, sizeof large); break;
    case SIM_LANDS_BOOL: memcpy(field, &flag, sizeof flag); break;
    case SIM_LANDS_LATENCY:  // latencies.c
    case SIM_LANDS_NOWHERE:
    case SIM_LANDS_BY_NAME: return;
    }
    if (key->origin != 0) {
        struct sim_origin origin = sim_node_origin(node);
        memcpy((char *)scenario + key->origin, &origin, sizeof origin);
    }
}

static bool visit(void *context, const struct sim_key *key, const char *shown,
                  const struct sim_node *key_node, const struct sim_node *node,
                  struct sim_error *error)
{
    const struct binding *binding = context;
    struct sim_value value;
    if ((key->topologies & SIM_FOR(binding->cell->topology)) == 0) {
        char text[SIM_EXPECTED_BYTES];
        topologies_of(key, text);
        return sim_node_fail(key_node == NULL ? node : key_node, error,
                             "%s belongs to %s; this is a %s", shown, text,
                             sim_topology_name(binding->cell->topology));
    }
    if (key->lands != SIM_LANDS_NOWHERE && key->lands != SIM_LANDS_BY_NAME) {
        if (!sim_key_read(key, shown, node, &value, error)) {
            return false;
        }
        land(key, node, &value, binding->scenario);
    }
    return true;
}

static bool check_required(const struct sim_cell *cell, struct sim_error *error)
{
    for (uint32_t i = 0; i < sim_key_count; i++) {
        const struct sim_key *key = &sim_keys[i];
        if (key->required && (key->topologies & SIM_FOR(cell->topology)) != 0 &&
            sim_node_find(cell->merged, key->path) == NULL) {
            return sim_node_fail(cell->topology_at, error, "%s is missing, which a %s needs: %s",
                                 key->path, sim_topology_name(cell->topology), key->effect);
        }
    }
    return true;
}

// ---- Regions and agents ----

static bool text_is_new(const struct sim_node *list, uint32_t end, const char *key,
                        const struct sim_node *node, const char *shown, struct sim_error *error)
{
    for (uint32_t i = 0; i < end; i++) {
        const struct sim_node *other = list->entries[i].value;
        other = key == NULL ? other : sim_node_get(other, key);
        if (strcmp(other->text, node->text) == 0) {
            char found[SIM_DESCRIPTION_BYTES];
            sim_node_describe(node, found);
            return sim_node_fail(node, error,
                                 "%s: the name %s stands twice, first in line %" PRIu32, shown,
                                 found, other->line);
        }
    }
    return true;
}

static bool bind_zones(struct sim_arena *arena, const struct sim_node *zones,
                       struct sim_region *region, struct sim_error *error)
{
    if (zones == NULL) {
        region->zone_count = 1;
        region->zones = &region->name;
        return true;
    }
    region->zone_count = zones->count;
    region->zones = sim_arena_array(arena, zones->count, sizeof *region->zones);
    for (uint32_t i = 0; i < zones->count; i++) {
        region->zones[i] = zones->entries[i].value->text;
        if (!text_is_new(zones, i, NULL, zones->entries[i].value, "zones", error)) {
            return false;
        }
    }
    return true;
}

static int64_t upper_end(const struct sim_node *node, const char *path, struct sim_error *error)
{
    struct sim_value value;
    return sim_key_read(sim_key_find(path), path, node, &value, error) ? value.high : -1;
}

static uint32_t bridges_of(const struct sim_node *region, enum sim_topology topology,
                           struct sim_error *error)
{
    const struct sim_node *bridges = sim_node_get(region, "leader_count");
    if (topology != SIM_MULTI_REGION_LEADERS) {
        return 0;
    }
    return bridges == NULL ? BRIDGES_DEFAULT
                           : (uint32_t)upper_end(bridges, "regions[].leader_count", error);
}

// Reads the list; `agents` of each region is its weight until they are scaled, 0 when the file
// gives none.
static bool bind_regions(struct sim_arena *arena, const struct sim_node *list,
                         struct sim_scenario *scenario, struct sim_error *error)
{
    scenario->region_count = list->count;
    scenario->regions = sim_arena_array(arena, list->count, sizeof *scenario->regions);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct sim_node *item = list->entries[i].value;
        struct sim_region *region = &scenario->regions[i];
        const struct sim_node *name = sim_node_get(item, "name");
        const struct sim_node *location = sim_node_get(item, "location");
        const struct sim_node *agents = sim_node_get(item, "agents");
        const struct sim_node *first = sim_node_get(list->entries[0].value, "agents");
        if (name == NULL) {
            return sim_node_fail(item, error, "regions[%" PRIu32 "].name is missing", i);
        }
        if ((agents == NULL) != (first == NULL)) {
            return sim_node_fail(item, error,
                                 "regions[%" PRIu32 "].agents: either every region "
                                 "says how many agents it has, or none does",
                                 i);
        }
        region->name = name->text;
        region->location = location == NULL ? NULL : location->text;
        region->agents =
            agents == NULL ? 0 : (uint32_t)upper_end(agents, "regions[].agents", error);
        region->leader_count = bridges_of(item, scenario->topology, error);
        if (!text_is_new(list, i, "name", name, "regions", error) ||
            !bind_zones(arena, sim_node_get(item, "zones"), region, error)) {
            return false;
        }
    }
    return true;
}

static void one_region(struct sim_arena *arena, struct sim_scenario *scenario)
{
    struct sim_region *region = sim_arena_take(arena, sizeof *region);
    *region = (struct sim_region){.name = "local", .zones = &region->name, .zone_count = 1};
    scenario->regions = region;
    scenario->region_count = 1;
}

// How many agents there are in all: what was asked for, else the declared upper end, else what the
// regions add up to.
static bool bind_agents(const struct sim_cell *cell, struct sim_scenario *scenario,
                        struct sim_error *error)
{
    const struct sim_node *agents = sim_node_get(cell->merged, "agents");
    const struct sim_node *declared = sim_node_get(cell->merged, "agent_count");
    uint64_t sum = 0;
    for (uint32_t i = 0; i < scenario->region_count; i++) {
        sum += scenario->regions[i].agents;
    }
    const struct sim_node *node = agents != NULL ? agents : declared;
    if (node != NULL) {
        scenario->agents =
            (uint32_t)upper_end(node, agents != NULL ? "agents" : "agent_count", error);
        scenario->agents_origin = sim_node_origin(node);
        return true;
    }
    if (sum == 0) {
        return sim_node_fail(cell->topology_at, error,
                             "how many agents? give agent_count or agents");
    }
    const struct sim_node *list = sim_node_get(cell->merged, "regions");
    if (sum < 2 || sum > SIM_AGENTS_MAX) {
        return sim_node_fail(list, error,
                             "the regions add up to %" PRIu64 " agents; expected 2 to %u", sum,
                             SIM_AGENTS_MAX);
    }
    scenario->agents = (uint32_t)sum;
    scenario->agents_origin = sim_node_origin(sim_node_get(list->entries[0].value, "agents"));
    return true;
}

// Shares the agents among the regions in proportion to their weights: whole parts first, what is
// left over to the largest remainders, the earlier region first (Hamilton's method).
static void share_agents(struct sim_arena *arena, struct sim_scenario *scenario)
{
    uint32_t count = scenario->region_count;
    uint64_t *rests = sim_arena_array(arena, count, sizeof *rests);
    uint64_t weights = 0;
    for (uint32_t i = 0; i < count; i++) {
        weights += scenario->regions[i].agents;
    }
    uint32_t left = scenario->agents;
    for (uint32_t i = 0; i < count; i++) {
        struct sim_region *region = &scenario->regions[i];
        uint64_t weight = weights == 0 ? 1 : region->agents;
        uint64_t share = scenario->agents * weight;
        region->agents = (uint32_t)(share / (weights == 0 ? count : weights));
        rests[i] = share % (weights == 0 ? count : weights) + 1;  // 0: has got its share
        left -= region->agents;
    }
    for (; left > 0; left--) {
        uint32_t largest = 0;
        for (uint32_t i = 1; i < count; i++) {
            largest = rests[i] > rests[largest] ? i : largest;
        }
        scenario->regions[largest].agents++;
        rests[largest] = 0;
    }
}

// Agents of which the region with the least weight gets at least `least`.
static uint64_t agents_for(const struct sim_scenario *scenario, uint32_t least)
{
    uint64_t weights = 0;
    uint64_t smallest = UINT64_MAX;
    for (uint32_t i = 0; i < scenario->region_count; i++) {
        uint64_t weight = scenario->regions[i].agents;
        weight = weight == 0 ? 1 : weight;
        weights += weight;
        smallest = weight < smallest ? weight : smallest;
    }
    return (least * weights + smallest - 1) / smallest;
}

static bool check_region_count(const struct sim_cell *cell, const struct sim_scenario *scenario,
                               struct sim_error *error)
{
    const struct sim_node *list = sim_node_get(cell->merged, "regions");
    bool one = cell->topology == SIM_FLAT_MESH || cell->topology == SIM_SINGLE_REGION_MESH;
    if (one && scenario->region_count > 1) {
        return sim_node_fail(list->entries[1].value, error, "a %s has one region, not %" PRIu32,
                             sim_topology_name(cell->topology), scenario->region_count);
    }
    if (!one && scenario->region_count < 2) {
        return sim_node_fail(list == NULL ? cell->topology_at : list, error,
                             "a %s has two regions or more: list them under regions, or take "
                             "single_region_mesh",
                             sim_topology_name(cell->topology));
    }
    return true;
}

static bool bind_places(struct sim_arena *arena, const struct sim_cell *cell,
                        struct sim_scenario *scenario, struct sim_error *error)
{
    if (cell->topology == SIM_HIERARCHICAL) {
        return sim_bind_hierarchy(arena, cell, scenario, error);
    }
    const struct sim_node *list = sim_node_get(cell->merged, "regions");
    if (list == NULL) {
        one_region(arena, scenario);
    } else if (!bind_regions(arena, list, scenario, error)) {
        return false;
    }
    if (!check_region_count(cell, scenario, error) || !bind_agents(cell, scenario, error)) {
        return false;
    }
    uint64_t enough = agents_for(scenario, scenario->leaders.candidates);
    share_agents(arena, scenario);
    return cell->topology != SIM_MULTI_REGION_LEADERS ||
           sim_check_leaders(cell, scenario, enough, error);
}

// ---- What must hold between settings ----

// The first of these settings that somebody wrote: it is the one to blame.
static const struct sim_node *first_written(const struct sim_cell *cell, const char *const *paths)
{
    for (; *paths != NULL; paths++) {
        const struct sim_node *node = sim_node_find(cell->merged, *paths);
        if (node != NULL && sim_node_origin(node).line != 0) {
            return node;
        }
    }
    return cell->topology_at;
}

static bool check_times(const struct sim_cell *cell, const struct sim_scenario *scenario,
                        struct sim_error *error)
{
    static const char *const writes[] = {"workload.every_ms", "workload.first_write_ms",
                                         "workload.updates", "duration_ms", NULL};
    static const char *const warmup[] = {"workload.warmup_ms", NULL};
    const struct sim_workload *workload = &scenario->workload;
    uint64_t end = sim_scenario_end_ns(scenario);
    uint64_t gaps = workload->updates - 1;
    char last_text[SIM_DECIMAL_TEXT_BYTES];
    char end_text[SIM_DECIMAL_TEXT_BYTES];
    bool beyond = gaps != 0 && workload->every_ns > (uint64_t)SIM_DURATION_NS_MAX / gaps;
    uint64_t last = beyond ? 0 : workload->first_write_ns + gaps * workload->every_ns;
    sim_decimal_format((int64_t)last, MS_PLACES, last_text);
    sim_decimal_format((int64_t)end, MS_PLACES, end_text);
    if (beyond || last >= end) {
        return sim_node_fail(first_written(cell, writes), error,
                             "the last of %" PRIu32
                             " updates would be written at %s ms, but the run "
                             "ends at %s ms%s",
                             workload->updates, beyond ? "over 86400000" : last_text, end_text,
                             scenario->duration_ns == 0 ? ": give duration_ms" : "");
    }
    if (workload->warmup_ns > last) {
        return sim_node_fail(first_written(cell, warmup), error,
                             "no update is written after the "
                             "warm-up: the last one comes at %s ms",
                             last_text);
    }
    return true;
}

// A value has to tell the elements of a set apart, and to leave room for the dots or the name.
static bool check_content(const struct sim_cell *cell, const struct sim_scenario *scenario,
                          struct sim_error *error)
{
    static const char *const sizes[] = {"workload.value_bytes", "workload.elements",
                                        "workload.crdt", NULL};
    const struct sim_workload *workload = &scenario->workload;
    uint32_t least = workload->crdt == SIM_OR_SET ? sim_content_bytes_min(workload->elements) : 0;
    if (!sim_content_is_composed(workload->crdt) ||
        (workload->value_bytes >= least && workload->value_bytes <= SIM_CONTENT_BYTES_MAX)) {
        return true;
    }
    return sim_node_fail(first_written(cell, sizes), error,
                         "workload.value_bytes of %s with %" PRIu32 " elements: %" PRIu32
                         "; expected %" PRIu32 " to %d",
                         workload->crdt == SIM_OR_SET ? "an or-set" : "an lww-map",
                         workload->elements, workload->value_bytes, least, SIM_CONTENT_BYTES_MAX);
}

// Those of a list, behind what there is.
static void add_expectations(struct sim_arena *arena, const struct sim_node *list,
                             const struct sim_phase *phase, struct sim_scenario *scenario)
{
    uint32_t before = scenario->expectation_count;
    uint32_t count = before + (list == NULL ? 0 : list->count);
    struct sim_expectation *all = sim_arena_array(arena, count, sizeof *all);
    for (uint32_t i = 0; i < before; i++) {
        all[i] = scenario->expectations[i];
    }
    for (uint32_t i = before; i < count; i++) {
        const struct sim_node *node = list->entries[i - before].value;
        all[i] = (struct sim_expectation){
            .text = node->text, .origin = sim_node_origin(node), .phase = phase};
    }
    scenario->expectations = all;
    scenario->expectation_count = count;
}

static void bind_expectations(struct sim_arena *arena, const struct sim_cell *cell,
                              struct sim_scenario *scenario)
{
    const struct sim_node *phases = sim_node_get(cell->merged, "phases");
    add_expectations(arena, sim_node_get(cell->merged, "expect"), NULL, scenario);
    for (uint32_t i = 0; i < scenario->phase_count; i++) {
        add_expectations(arena, sim_node_get(phases->entries[i].value, "expect"),
                         &scenario->phases[i], scenario);
    }
}

// A tier's own type, else that of the agents' hosts.
static bool bind_instances(const struct sim_cell *cell, struct sim_scenario *scenario,
                           struct sim_error *error)
{
    static const char *const paths[SIM_TIER_COUNT] = {
        [SIM_TIER_AGENT] = "placement.instance_type",
        [SIM_TIER_AGGREGATOR] = "placement.aggregator_instance_type",
        [SIM_TIER_COORDINATOR] = "placement.coordinator_instance_type",
    };
    for (uint32_t tier = 0; tier < SIM_TIER_COUNT; tier++) {
        const struct sim_node *node = sim_node_find(cell->merged, paths[tier]);
        if (node == NULL) {
            scenario->instances[tier] = scenario->instances[SIM_TIER_AGENT];
        } else if (!sim_instance_find(cell->instances, paths[tier], node,
                                      &scenario->instances[tier], error)) {
            return false;
        }
    }
    return true;
}

// A host whose processors messages wait for is handled by one thread.
static bool check_cores(const struct sim_cell *cell, const struct sim_scenario *scenario,
                        struct sim_error *error)
{
    const struct sim_network_settings *network = &scenario->network;
    if (network->cores_per_host == 0 || network->agents_per_host <= SIM_HOST_AGENTS_SERVED_MAX ||
        scenario->agents <= SIM_HOST_AGENTS_SERVED_MAX) {
        return true;
    }
    return sim_node_fail(sim_node_find(cell->merged, "placement.cores_per_host"), error,
                         "placement.cores_per_host: %" PRIu32 " agents share a host "
                         "(placement.agents_per_host); for processors that are waited for at most "
                         "%u may",
                         network->agents_per_host, SIM_HOST_AGENTS_SERVED_MAX);
}

// "scenarios/flat-mesh-eager.yaml" is called flat-mesh-eager unless it names itself.
static const char *base_name(struct sim_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(name, '.');
    return sim_arena_copy(arena, name,
                          dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name));
}

bool sim_bind(struct sim_arena *arena, const struct sim_cell *cell, const char *path,
              struct sim_scenario *scenario, struct sim_error *error)
{
    struct binding binding = {cell, scenario};
    const struct sim_visitor visitor = {visit, &binding};
    *scenario = (struct sim_scenario){
        .path = path,
        .topology = cell->topology,
        .topology_path = cell->topology_path,
        .topology_text = cell->topology_text,
        .cell = cell->text,
        .row = 1,
    };
    const struct sim_node *name = sim_node_get(cell->merged, "scenario");
    scenario->name = name == NULL ? base_name(arena, path) : name->text;
    if (!sim_walk(&visitor, cell->merged, error) || !check_required(cell, error) ||
        !sim_check_tiers(cell, scenario, error) || !bind_places(arena, cell, scenario, error) ||
        !check_times(cell, scenario, error) || !check_content(cell, scenario, error) ||
        !sim_bind_reports(arena, cell, scenario, error) || !sim_bind_swim(cell, scenario, error) ||
        !sim_bind_latencies(cell, scenario, error) || !sim_bind_disk(cell, scenario, error) ||
        !sim_bind_migration(arena, cell, scenario, error) ||
        !sim_bind_phases(arena, cell, scenario, error) ||
        !sim_bind_faults(arena, cell, scenario, error) ||
        !sim_bind_liars(arena, cell, scenario, error) ||
        !sim_bind_region_pairs(cell, scenario, error) || !sim_bind_channel(cell, scenario, error) ||
        !bind_instances(cell, scenario, error) || !check_cores(cell, scenario, error)) {
        return false;
    }
    bind_expectations(arena, cell, scenario);
    sim_warn_swim(arena, cell, scenario);
    return true;
}
