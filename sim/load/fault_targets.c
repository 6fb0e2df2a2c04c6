// SPDX-License-Identifier: GPL-3.0-or-later
// Whom a fault hits, as written: places by number or name, roles, a share or a number of these.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "decimal.h"
#include "loading.h"

struct reading {
    struct sim_arena *arena;
    const struct sim_fault_world *world;
    const char *shown;
    struct sim_error *error;
};

// ---- What there is ----

// Hosts are filled one after the other, zone by zone or edge by edge (run/places.h).
static uint32_t hosts_of(const struct sim_scenario *scenario, uint32_t edges)
{
    uint32_t per_host = scenario->network.agents_per_host;
    uint32_t hosts = 0;
    for (uint32_t i = 0; i < scenario->region_count; i++) {
        const struct sim_region *region = &scenario->regions[i];
        uint32_t parts = edges > 0 ? edges / scenario->region_count : region->zone_count;
        for (uint32_t part = 0; part < parts; part++) {
            uint32_t agents = region->agents / parts + (part < region->agents % parts);
            hosts += (agents + per_host - 1) / per_host;
        }
    }
    return hosts;
}

struct sim_fault_world sim_fault_world_of(const struct sim_scenario *scenario)
{
    struct sim_fault_world world = {.scenario = scenario, .nodes = scenario->agents};
    uint32_t above = 0;
    if (scenario->topology == SIM_HIERARCHICAL) {
        above = scenario->region_count * scenario->hierarchy.aggregators_per_region +
                scenario->hierarchy.coordinators;
        world.edges = (uint32_t)sim_edge_count(scenario);
    }
    world.nodes += above;
    world.hosts = hosts_of(scenario, world.edges) + above;
    if (scenario->migration != NULL) {
        const struct sim_scenario *old = scenario->migration->from;
        world.nodes += old->agents;
        world.hosts += hosts_of(old, 0);
    }
    return world;
}

// ---- Numbers ----

static bool read_numbers(const struct reading *reading, const struct sim_node *list,
                         enum sim_place_kind place, uint32_t most, struct sim_selection *selection)
{
    const char *name = sim_place_name(place);
    struct sim_span *spans = sim_arena_array(reading->arena, list->count, sizeof *spans);
    char path[SIM_KEY_PATH_BYTES];
    snprintf(path, sizeof path, "faults[].of.%s[]", name);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct sim_node *node = list->entries[i].value;
        struct sim_value value;
        char shown[2 * SIM_KEY_PATH_BYTES];
        snprintf(shown, sizeof shown, "%s.%s[%" PRIu32 "]", reading->shown, name, i);
        if (!sim_key_read(sim_key_find(path), shown, node, &value, reading->error)) {
            return false;
        }
        if ((uint64_t)value.high >= most) {
            return sim_node_fail(node, reading->error,
                                 "%s: there are %" PRIu32
                                 " %s, numbered from 0: the last is %" PRIu32,
                                 shown, most, name, most - 1);
        }
        spans[i] = (struct sim_span){(uint32_t)value.low, (uint32_t)value.high + 1};
    }
    selection->places[place] = spans;
    selection->place_counts[place] = list->count;
    return true;
}

// ---- Names ----

// What a name may have meant, the nearest so far.
struct nearest {
    const char *name;
    uint32_t distance;
};

static void consider(struct nearest *nearest, const char *candidate, const char *name)
{
    uint32_t distance = sim_edit_distance(candidate, name);
    if (distance < nearest->distance) {
        *nearest = (struct nearest){candidate, distance};
    }
}

static bool unknown_name(const struct reading *reading, const struct sim_node *node,
                         const char *what, const struct nearest *nearest)
{
    char found[SIM_DESCRIPTION_BYTES];
    sim_node_describe(node, found);
    bool slip = sim_edit_is_slip(nearest->distance, node->text);
    return sim_node_fail(node, reading->error, "%s.%ss: no %s is called %s: %s %.100s%s",
                         reading->shown, what, what, found,
                         slip ? "did you mean" : "the nearest is", nearest->name, slip ? "?" : "");
}

static bool find_region(const struct reading *reading, const struct sim_node *node,
                        struct sim_span *span)
{
    const struct sim_scenario *scenario = reading->world->scenario;
    struct nearest nearest = {NULL, UINT32_MAX};
    for (uint32_t i = 0; i < scenario->region_count; i++) {
        if (strcmp(scenario->regions[i].name, node->text) == 0) {
            *span = (struct sim_span){i, i + 1};
            return true;
        }
        consider(&nearest, scenario->regions[i].name, node->text);
    }
    return unknown_name(reading, node, "region", &nearest);
}

// "1a" where one zone is called so, else "us-east-1/1a".
static bool is_zone(const struct sim_region *region, uint32_t zone, const char *name)
{
    size_t length = strlen(region->name);
    return strcmp(region->zones[zone], name) == 0 ||
           (strncmp(region->name, name, length) == 0 && name[length] == '/' &&
            strcmp(region->zones[zone], name + length + 1) == 0);
}

static bool find_zone(const struct reading *reading, const struct sim_node *node,
                      struct sim_span *span)
{
    const struct sim_scenario *scenario = reading->world->scenario;
    struct nearest nearest = {NULL, UINT32_MAX};
    const char *found = NULL;
    uint32_t number = 0;
    for (uint32_t i = 0; i < scenario->region_count; i++) {
        const struct sim_region *region = &scenario->regions[i];
        for (uint32_t zone = 0; zone < region->zone_count; zone++, number++) {
            consider(&nearest, region->zones[zone], node->text);
            if (!is_zone(region, zone, node->text)) {
                continue;
            }
            if (found != NULL) {
                return sim_node_fail(node, reading->error,
                                     "%s.zones: regions %.60s and %.60s both have a zone of this "
                                     "name: write %.60s/%.60s",
                                     reading->shown, found, region->name, found, node->text);
            }
            found = region->name;
            *span = (struct sim_span){number, number + 1};
        }
    }
    return found != NULL || unknown_name(reading, node, "zone", &nearest);
}

static bool read_names(const struct reading *reading, const struct sim_node *list,
                       enum sim_place_kind place, struct sim_selection *selection)
{
    struct sim_span *spans = sim_arena_array(reading->arena, list->count, sizeof *spans);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct sim_node *node = list->entries[i].value;
        if (!(place == SIM_PLACE_ZONE ? find_zone(reading, node, &spans[i])
                                      : find_region(reading, node, &spans[i]))) {
            return false;
        }
    }
    selection->places[place] = spans;
    selection->place_counts[place] = list->count;
    return true;
}

// ---- Roles ----

static uint32_t roles_of(enum sim_topology topology)
{
    return topology == SIM_HIERARCHICAL ? 1u << SIM_ROLE_AGENT | 1u << SIM_ROLE_RELAY |
                                              1u << SIM_ROLE_AGGREGATOR | 1u << SIM_ROLE_COORDINATOR
           : topology == SIM_MULTI_REGION_LEADERS
               ? 1u << SIM_ROLE_AGENT | 1u << SIM_ROLE_BRIDGE | 1u << SIM_ROLE_LEADER
               : 1u << SIM_ROLE_AGENT;
}

static uint32_t roles_there(const struct sim_scenario *scenario)
{
    uint32_t there = roles_of(scenario->topology);
    if (scenario->migration != NULL) {
        there |= roles_of(scenario->migration->from->topology) | 1u << SIM_ROLE_SEED |
                 1u << SIM_ROLE_GATEWAY;
    }
    return there;
}

// "agents, relays and coordinators".
static const char *list_text(struct sim_arena *arena, uint32_t roles)
{
    const char *text = "";
    for (uint32_t role = 0; role < SIM_ROLE_COUNT; role++) {
        if ((roles >> role & 1) != 0) {
            bool last = roles >> role == 1;
            text = sim_arena_format(arena, "%s%s%s", text,
                                    text[0] == '\0' ? ""
                                    : last          ? " and "
                                                    : ", ",
                                    sim_role_name((enum sim_role)role));
        }
    }
    return text;
}

static bool read_roles(const struct reading *reading, const struct sim_node *list, const char *name,
                       uint32_t *roles)
{
    const struct sim_scenario *scenario = reading->world->scenario;
    uint32_t there = roles_there(scenario);
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        const struct sim_node *node = list->entries[i].value;
        struct sim_value value;
        if (!sim_key_read(sim_key_find("faults[].of.roles[]"), reading->shown, node, &value,
                          reading->error)) {
            return false;
        }
        if (((uint32_t)value.low & there) == 0) {
            return sim_node_fail(node, reading->error, "%s.%s: a %s has no %s; it has %s",
                                 reading->shown, name, sim_topology_name(scenario->topology),
                                 node->text, list_text(reading->arena, there));
        }
        *roles |= (uint32_t)value.low & there;
    }
    return true;
}

static bool read_meshes(const struct reading *reading, const struct sim_node *list,
                        struct sim_selection *selection)
{
    struct sim_span *spans =
        sim_arena_array(reading->arena, list == NULL ? 0 : list->count, sizeof *spans);
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        const struct sim_node *node = list->entries[i].value;
        struct sim_value value;
        if (!sim_key_read(sim_key_find("faults[].of.meshes[]"), reading->shown, node, &value,
                          reading->error)) {
            return false;
        }
        if (reading->world->scenario->migration == NULL) {
            return sim_node_fail(node, reading->error,
                                 "%s.meshes: there is one mesh: only a migration has two",
                                 reading->shown);
        }
        spans[i] = (struct sim_span){(uint32_t)value.low, (uint32_t)value.low + 1};
    }
    selection->places[SIM_PLACE_MESH] = spans;
    selection->place_counts[SIM_PLACE_MESH] = list == NULL ? 0 : list->count;
    return true;
}

// ---- The whole ----

static bool read_amount(const struct reading *reading, const struct sim_node *map,
                        struct sim_selection *selection)
{
    const struct sim_node *percent = sim_node_get(map, "percent");
    const struct sim_node *number = sim_node_get(map, "number");
    struct sim_value value;
    if (percent != NULL && number != NULL) {
        return sim_node_fail(number, reading->error,
                             "%s: percent (line %" PRIu32 ") and number say the same: give one",
                             reading->shown, percent->line);
    }
    if (percent != NULL) {
        if (!sim_key_read(sim_key_find("faults[].of.percent"), reading->shown, percent, &value,
                          reading->error)) {
            return false;
        }
        selection->share_ppb = (uint32_t)value.low;
        selection->nobody = value.low == 0;
        return value.low > 0 || reading->world->perhaps_nobody ||
               sim_node_fail(percent, reading->error, "%s.percent: 0 percent hit nobody",
                             reading->shown);
    }
    if (number == NULL) {
        return true;
    }
    if (!sim_key_read(sim_key_find("faults[].of.number"), reading->shown, number, &value,
                      reading->error)) {
        return false;
    }
    selection->number = (uint32_t)value.low;
    return value.low <= reading->world->nodes ||
           sim_node_fail(number, reading->error, "%s.number: there are %" PRIu32 " nodes",
                         reading->shown, reading->world->nodes);
}

bool sim_bind_selection(struct sim_arena *arena, const struct sim_fault_world *world,
                        const struct sim_node *node, const char *shown,
                        struct sim_selection *selection, struct sim_error *error)
{
    const struct reading reading = {arena, world, shown, error};
    const struct {
        enum sim_place_kind place;
        uint32_t count;  // 0: by name
    } kinds[] = {{SIM_PLACE_NODE, world->nodes},
                 {SIM_PLACE_HOST, world->hosts},
                 {SIM_PLACE_ZONE, 0},
                 {SIM_PLACE_REGION, 0},
                 {SIM_PLACE_EDGE, world->edges}};
    *selection = (struct sim_selection){.named = true};
    if (node->count == 0) {
        return sim_node_fail(node, error,
                             "%s names nobody: give nodes, hosts, zones, regions, edges, roles, "
                             "percent or number",
                             shown);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct sim_node *list = sim_node_get(node, sim_place_name(kinds[i].place));
        if (list != NULL &&
            !(kinds[i].count > 0
                  ? read_numbers(&reading, list, kinds[i].place, kinds[i].count, selection)
                  : read_names(&reading, list, kinds[i].place, selection))) {
            return false;
        }
    }
    return read_meshes(&reading, sim_node_get(node, "meshes"), selection) &&
           read_roles(&reading, sim_node_get(node, "roles"), "roles", &selection->roles) &&
           read_roles(&reading, sim_node_get(node, "without"), "without", &selection->without) &&
           read_amount(&reading, node, selection);
}

// ---- In words ----

static const char *name_of_place(const struct sim_scenario *scenario, enum sim_place_kind place,
                                 uint32_t number, const char **region)
{
    *region = "";
    if (place == SIM_PLACE_REGION) {
        return scenario->regions[number].name;
    }
    uint32_t i = 0;
    for (; number >= scenario->regions[i].zone_count; i++) {
        number -= scenario->regions[i].zone_count;
    }
    *region = scenario->regions[i].name;
    return scenario->regions[i].zones[number];
}

static const char *place_text(struct sim_arena *arena, const struct sim_scenario *scenario,
                              enum sim_place_kind place, const struct sim_span *span)
{
    const char *region;
    if (place == SIM_PLACE_MESH) {
        return span->first == SIM_MESH_OLD ? "old" : "new";
    }
    if (place == SIM_PLACE_ZONE || place == SIM_PLACE_REGION) {
        const char *name = name_of_place(scenario, place, span->first, &region);
        bool whole = region[0] == '\0' || strcmp(region, name) == 0;
        return whole ? name : sim_arena_format(arena, "%s/%s", region, name);
    }
    return span->end - span->first == 1
               ? sim_arena_format(arena, "%" PRIu32, span->first)
               : sim_arena_format(arena, "%" PRIu32 "-%" PRIu32, span->first, span->end - 1);
}

static const char *role_text(struct sim_arena *arena, uint32_t roles, bool in_places)
{
    if (roles == 0) {
        return in_places ? "all" : "agents";
    }
    const char *text = "";
    for (uint32_t role = 0; role < SIM_ROLE_COUNT; role++) {
        if ((roles >> role & 1) != 0) {
            text = sim_arena_format(arena, "%s%s%s", text, text[0] == '\0' ? "" : " and ",
                                    sim_role_name((enum sim_role)role));
        }
    }
    return text;
}

const char *sim_selection_text(struct sim_arena *arena, const struct sim_scenario *scenario,
                               const struct sim_selection *selection)
{
    const char *places = "";
    for (uint32_t place = 0; place < SIM_PLACE_COUNT; place++) {
        for (uint32_t i = 0; i < selection->place_counts[place]; i++) {
            places = sim_arena_format(
                arena, "%s%s%s%s", places,
                i > 0               ? ", "
                : places[0] == '\0' ? " in "
                                    : " and ",
                i > 0 ? ""
                      : sim_arena_format(arena, "%s ", sim_place_name((enum sim_place_kind)place)),
                place_text(arena, scenario, (enum sim_place_kind)place,
                           &selection->places[place][i]));
        }
    }
    const char *roles = role_text(arena, selection->roles, places[0] != '\0');
    if (selection->without != 0) {
        roles = sim_arena_format(arena, "%s without %s", roles,
                                 role_text(arena, selection->without, false));
    }
    if (selection->number > 0) {
        return sim_arena_format(arena, "%" PRIu32 " of %s%s", selection->number, roles, places);
    }
    if (selection->share_ppb > 0 || selection->nobody) {
        char percent[SIM_DECIMAL_TEXT_BYTES];
        sim_decimal_format(selection->share_ppb, 7, percent);
        return sim_arena_format(arena, "%s %% of %s%s", percent, roles, places);
    }
    return sim_arena_format(arena, "%s%s", roles, places);
}
