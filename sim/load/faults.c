// SPDX-License-Identifier: GPL-3.0-or-later
// The list of faults, read into struct sim_fault.
//
//     faults:
//       - fault: crash                    one of the verbs
//         at_ms: 1000                     when
//         until_ms: 3000
//         of: {roles: [relays], number: 1}    whom; then what the verb alone knows
//         disk: lost
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "decimal.h"
#include "fault_reading.h"

#define MS_PLACES 6

// What a verb may be told beside `fault` and `at_ms`, and what it must be.
enum part {
    PART_UNTIL,
    PART_EVERY,
    PART_TIMES,
    PART_END,
    PART_DISK,
    PART_OF,
    PART_FROM,
    PART_GROUPS,
    PART_BETWEEN,
    PART_DIRECTION,
    PART_DELAY,
    PART_SKEW,
    PART_DOWN,
    PART_GAP,
    PART_BATCH,
    PART_OVER,
    PART_PAIRS,
    PART_LOSS,
    PART_DUPLICATE,
    PART_CORRUPT,
    PART_LATENCY,
    PART_SCALE,
    PART_RATE,
    PART_START,
    PART_TARGETS,
    PART_NOTICE,
    PART_CPU,
    PART_SLICE,
    PART_COUNT
};

static const char *const part_names[PART_COUNT] = {
    "until_ms",
    "every_ms",
    "times",
    "end_ms",
    "disk",
    "of",
    "from",
    "groups",
    "between",
    "direction",
    "delay_ms",
    "skew_ms",
    "down_ms",
    "gap_ms",
    "batch",
    "over_ms",
    "pairs",
    "loss_percent",
    "duplicate_percent",
    "corrupt_percent",
    "latency_ms",
    "latency_percent",
    "rate_mbit",
    "start",
    "targets",
    "notice_ms",
    "cpu_percent",
    "slice_ms",
};

#define P(part) (1u << PART_##part)
#define LINK_PARTS (P(LOSS) | P(DUPLICATE) | P(CORRUPT) | P(LATENCY) | P(SCALE) | P(RATE))
#define AGAIN (P(EVERY) | P(TIMES) | P(END))

static const struct use {
    uint32_t needed;
    uint32_t allowed;
} uses[SIM_FAULT_VERB_COUNT] = {
    [SIM_FAULT_CRASH] = {P(OF), P(UNTIL) | AGAIN | P(DISK)},
    [SIM_FAULT_RESTART] = {P(OF), AGAIN | P(DISK)},
    [SIM_FAULT_PAUSE] = {P(OF), P(UNTIL) | AGAIN},
    [SIM_FAULT_PARTITION] = {0, P(UNTIL) | AGAIN | P(OF) | P(FROM) | P(GROUPS) | P(BETWEEN) |
                                    P(DIRECTION)},
    [SIM_FAULT_OUTAGE] = {P(OF), P(UNTIL) | AGAIN | P(DISK)},
    [SIM_FAULT_ROLLING_RESTART] = {P(OF) | P(DOWN),
                                   AGAIN | P(DISK) | P(GAP) | P(BATCH) | P(NOTICE)},
    [SIM_FAULT_CHURN] = {P(OF) | P(GAP), P(UNTIL) | P(DISK) | P(DOWN)},
    [SIM_FAULT_MASS_JOIN] = {P(OF), P(OVER) | P(DISK)},
    [SIM_FAULT_AUTO_SCALING] = {P(OF) | P(TARGETS),
                                P(START) | P(GAP) | P(BATCH) | P(NOTICE) | AGAIN},
    [SIM_FAULT_SPOT_RECLAIM] = {P(OF), P(DOWN) | P(NOTICE) | AGAIN},
    [SIM_FAULT_STARVE] = {P(OF) | P(UNTIL) | P(CPU), P(SLICE) | AGAIN},
    [SIM_FAULT_SLOW] = {P(OF) | P(DELAY), P(UNTIL) | AGAIN},
    [SIM_FAULT_SKEW] = {P(OF) | P(SKEW), P(UNTIL) | AGAIN},
    [SIM_FAULT_SWIZZLE] = {P(OF) | P(GAP), AGAIN},
    [SIM_FAULT_LINK] = {0,
                        P(UNTIL) | AGAIN | P(OF) | P(FROM) | P(DIRECTION) | P(PAIRS) | LINK_PARTS},
};

// ---- What is written and what is not ----

static const char *article(const char *noun)
{
    return strchr("aeiou", noun[0]) != NULL ? "an" : "a";
}

static bool check_parts(const struct sim_fault_reading *reading, enum sim_fault_verb verb)
{
    const struct use *use = &uses[verb];
    const char *name = sim_fault_verb_name(verb);
    char list[300] = "fault, at_ms";
    size_t length = strlen(list);
    for (uint32_t part = 0; part < PART_COUNT; part++) {
        if (((use->needed | use->allowed) >> part & 1) != 0) {
            length +=
                (size_t)snprintf(list + length, sizeof list - length, ", %s", part_names[part]);
        }
    }
    for (uint32_t part = 0; part < PART_COUNT; part++) {
        const struct sim_node *value = sim_node_get(reading->node, part_names[part]);
        if (value == NULL && (use->needed >> part & 1) != 0) {
            return sim_node_fail(reading->node, reading->error, "%s.%s is missing: %s %s needs it",
                                 reading->shown, part_names[part], article(name), name);
        }
        if (value != NULL && ((use->needed | use->allowed) >> part & 1) == 0) {
            return sim_node_fail(value, reading->error, "%s: %s %s has no %s; it takes %s",
                                 reading->shown, article(name), name, part_names[part], list);
        }
    }
    return true;
}

bool sim_fault_value(const struct sim_fault_reading *reading, const char *name,
                     struct sim_value *value, bool *given)
{
    const struct sim_node *node = sim_node_get(reading->node, name);
    char path[SIM_KEY_PATH_BYTES];
    char shown[SIM_KEY_PATH_BYTES];
    *given = node != NULL;
    if (node == NULL) {
        return true;
    }
    snprintf(path, sizeof path, "faults[].%s", name);
    snprintf(shown, sizeof shown, "%s.%s", reading->shown, name);
    return sim_key_read(sim_key_find(path), shown, node, value, reading->error);
}

// The number under a key of the fault, or `fallback`.
static bool read(const struct sim_fault_reading *reading, const char *name, int64_t fallback,
                 int64_t *number)
{
    struct sim_value value = {0};
    bool given;
    bool fine = sim_fault_value(reading, name, &value, &given);
    *number = given ? value.low : fallback;
    return fine;
}

static bool read_time(const struct sim_fault_reading *reading, const char *name, uint64_t fallback,
                      uint64_t *time_ns)
{
    int64_t number;
    bool fine = read(reading, name, -1, &number);
    *time_ns = number < 0 ? fallback : (uint64_t)number;
    return fine;
}

// ---- When ----

#define FAIL(reading, name, ...) \
    sim_node_fail(sim_node_get((reading)->node, (name)), (reading)->error, __VA_ARGS__)

static bool check_times(const struct sim_fault_reading *reading, const struct sim_fault *fault)
{
    uint64_t end_ns = sim_scenario_end_ns(reading->scenario);
    char at[SIM_DECIMAL_TEXT_BYTES];
    char end[SIM_DECIMAL_TEXT_BYTES];
    sim_decimal_format((int64_t)fault->at_ns, MS_PLACES, at);
    sim_decimal_format((int64_t)end_ns, MS_PLACES, end);
    if (fault->at_ns >= end_ns) {
        return FAIL(reading, "at_ms", "%s.at_ms: the run ends at %s ms, before this happens%s",
                    reading->shown, end,
                    reading->scenario->duration_ns == 0 ? ": give duration_ms" : "");
    }
    if (fault->until_ns <= fault->at_ns) {
        return FAIL(reading, "until_ms", "%s.until_ms: not after at_ms, %s", reading->shown, at);
    }
    if (fault->every_ns == 0 && (sim_node_get(reading->node, "times") != NULL ||
                                 sim_node_get(reading->node, "end_ms") != NULL)) {
        const char *name = sim_node_get(reading->node, "times") != NULL ? "times" : "end_ms";
        return FAIL(reading, name, "%s.%s needs every_ms: it happens once", reading->shown, name);
    }
    if (fault->end_ns <= fault->at_ns) {
        return FAIL(reading, "end_ms", "%s.end_ms: not after at_ms, %s", reading->shown, at);
    }
    bool from_start = fault->verb == SIM_FAULT_MASS_JOIN || fault->verb == SIM_FAULT_AUTO_SCALING;
    return !from_start || fault->at_ns > 0 ||
           FAIL(reading, "at_ms", "%s.at_ms: who joins at 0 was there from the start",
                reading->shown);
}

static bool read_times(const struct sim_fault_reading *reading, struct sim_fault *fault)
{
    int64_t times;
    if (sim_node_get(reading->node, "at_ms") == NULL) {
        return sim_node_fail(reading->node, reading->error, "%s.at_ms is missing: when it begins",
                             reading->shown);
    }
    if (!read_time(reading, "at_ms", 0, &fault->at_ns) ||
        !read_time(reading, "until_ms", SIM_FAULT_NEVER, &fault->until_ns) ||
        !read_time(reading, "every_ms", 0, &fault->every_ns) ||
        !read_time(reading, "end_ms", SIM_FAULT_NEVER, &fault->end_ns) ||
        !read_time(reading, "down_ms", 0, &fault->down_ns) ||
        !read_time(reading, "gap_ms", fault->verb == SIM_FAULT_ROLLING_RESTART ? fault->down_ns : 0,
                   &fault->gap_ns) ||
        !read_time(reading, "over_ms", 1, &fault->over_ns) ||
        !read_time(reading, "delay_ms", 0, &fault->delay_ns) ||
        !read(reading, "times", 0, &times)) {
        return false;
    }
    fault->times = (uint32_t)times;
    return check_times(reading, fault);
}

// ---- How many ----

// Two minutes are what AWS gives.
#define SLICE_NS UINT64_C(200000000)  // Linux shares out a quota every 100 ms
#define SPOT_NOTICE_NS UINT64_C(120000000000)

static bool read_targets_of_scaling(const struct sim_fault_reading *reading,
                                    struct sim_fault *fault)
{
    const struct sim_node *list = sim_node_get(reading->node, "targets");
    uint32_t *targets =
        sim_arena_array(reading->arena, list == NULL ? 0 : list->count, sizeof *targets);
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        struct sim_value value;
        char shown[SIM_KEY_PATH_BYTES];
        snprintf(shown, sizeof shown, "%s.targets[%" PRIu32 "]", reading->shown, i);
        if (!sim_key_read(sim_key_find("faults[].targets[]"), shown, list->entries[i].value, &value,
                          reading->error)) {
            return false;
        }
        targets[i] = (uint32_t)value.low;
    }
    fault->targets = targets;
    fault->target_count = list == NULL ? 0 : list->count;
    return fault->target_count < 2 || fault->every_ns > 0 ||
           sim_node_fail(list, reading->error, "%s.targets needs every_ms: one falls due at each",
                         reading->shown);
}

static bool read_numbers(const struct sim_fault_reading *reading, struct sim_fault *fault)
{
    bool scales = fault->verb == SIM_FAULT_AUTO_SCALING;
    bool reclaims = fault->verb == SIM_FAULT_SPOT_RECLAIM;
    int64_t batch;
    int64_t start;
    int64_t cpu;
    if (!read(reading, "batch", scales ? UINT32_MAX : 1, &batch) ||
        !read(reading, "start", UINT32_MAX, &start) ||
        !read_time(reading, "notice_ms", reclaims ? SPOT_NOTICE_NS : 0, &fault->notice_ns) ||
        !read(reading, "cpu_percent", 0, &cpu) ||
        !read_time(reading, "slice_ms", SLICE_NS, &fault->slice_ns)) {
        return false;
    }
    if (fault->verb == SIM_FAULT_STARVE && cpu >= SIM_PPB) {
        return FAIL(reading, "cpu_percent", "%s.cpu_percent: who has 100 percent lacks nothing",
                    reading->shown);
    }
    fault->cpu_ppb = (uint32_t)cpu;
    fault->batch = (uint32_t)batch;
    fault->start = (uint32_t)start;
    return read_targets_of_scaling(reading, fault);
}

// ---- Whom ----

static bool read_selection(const struct sim_fault_reading *reading, const char *name,
                           struct sim_selection *selection)
{
    const struct sim_node *node = sim_node_get(reading->node, name);
    char shown[SIM_KEY_PATH_BYTES];
    snprintf(shown, sizeof shown, "%s.%s", reading->shown, name);
    return node == NULL || sim_bind_selection(reading->arena, &reading->world, node, shown,
                                              selection, reading->error);
}

static bool read_groups(const struct sim_fault_reading *reading, struct sim_fault *fault)
{
    const struct sim_node *list = sim_node_get(reading->node, "groups");
    if (list == NULL) {
        return true;
    }
    struct sim_selection *groups = sim_arena_array(reading->arena, list->count, sizeof *groups);
    for (uint32_t i = 0; i < list->count; i++) {
        char shown[SIM_KEY_PATH_BYTES];
        snprintf(shown, sizeof shown, "%s.groups[%" PRIu32 "]", reading->shown, i);
        if (!sim_bind_selection(reading->arena, &reading->world, list->entries[i].value, shown,
                                &groups[i], reading->error)) {
            return false;
        }
    }
    fault->groups = groups;
    fault->group_count = list->count;
    return true;
}

// A partition has two sides, groups, or a side for every place of a kind.
static bool check_sides(const struct sim_fault_reading *reading, const struct sim_fault *fault)
{
    const struct sim_node *groups = sim_node_get(reading->node, "groups");
    const struct sim_node *between = sim_node_get(reading->node, "between");
    const struct sim_node *from = sim_node_get(reading->node, "from");
    const struct sim_node *direction = sim_node_get(reading->node, "direction");
    if (groups == NULL && between == NULL && !fault->of.named) {
        return sim_node_fail(reading->node, reading->error,
                             "%s: a partition needs its sides: of (and from, if not all others), "
                             "groups, or between",
                             reading->shown);
    }
    const struct sim_node *two = from != NULL ? from : direction;
    if (groups != NULL && (between != NULL || fault->of.named || two != NULL)) {
        return sim_node_fail(groups, reading->error,
                             "%s: groups are the sides: give no of, from, direction or between "
                             "beside them",
                             reading->shown);
    }
    if (between != NULL && two != NULL) {
        return sim_node_fail(two, reading->error, "%s: between makes many sides, not two",
                             reading->shown);
    }
    return between == NULL || fault->between != SIM_PLACE_EDGE || reading->world.edges > 0 ||
           sim_node_fail(between, reading->error, "%s.between: a %s has no edges", reading->shown,
                         sim_topology_name(reading->scenario->topology));
}

static bool read_targets(const struct sim_fault_reading *reading, struct sim_fault *fault)
{
    int64_t between;
    int64_t direction;
    if (!read_selection(reading, "of", &fault->of) ||
        !read_selection(reading, "from", &fault->from) || !read_groups(reading, fault) ||
        !read(reading, "between", -1, &between) ||
        !read(reading, "direction", SIM_BOTH_WAYS, &direction)) {
        return false;
    }
    fault->by_place = between >= 0;
    fault->between = between >= 0 ? (enum sim_place_kind)between : SIM_PLACE_NODE;
    fault->direction = (enum sim_direction)direction;
    if (fault->verb == SIM_FAULT_PARTITION && !check_sides(reading, fault)) {
        return false;
    }
    const struct sim_node *facing = sim_node_get(reading->node, "from");
    facing = facing != NULL ? facing : sim_node_get(reading->node, "direction");
    if (fault->verb == SIM_FAULT_LINK && !fault->of.named && facing != NULL) {
        return sim_node_fail(facing, reading->error, "%s: without of it is the links of all",
                             reading->shown);
    }
    bool placed = fault->of.place_counts[SIM_PLACE_HOST] + fault->of.place_counts[SIM_PLACE_ZONE] +
                      fault->of.place_counts[SIM_PLACE_REGION] >
                  0;
    return fault->verb != SIM_FAULT_OUTAGE || placed ||
           FAIL(reading, "of",
                "%s.of: an outage is of hosts, zones or regions; take crash for nodes",
                reading->shown);
}

// ---- The whole ----

static bool read_fault(struct sim_fault_reading *reading, struct sim_fault *fault)
{
    int64_t verb;
    int64_t lost;
    if (sim_node_get(reading->node, "fault") == NULL) {
        return sim_node_fail(reading->node, reading->error,
                             "%s.fault is missing: crash, pause, partition or another",
                             reading->shown);
    }
    if (!read(reading, "fault", 0, &verb) ||
        !read(reading, "disk", verb == SIM_FAULT_MASS_JOIN, &lost) ||
        !read(reading, "skew_ms", 0, &fault->skew_ns)) {
        return false;
    }
    fault->verb = (enum sim_fault_verb)verb;
    fault->disk_lost = lost != 0;
    if (!check_parts(reading, fault->verb) || !read_times(reading, fault) ||
        !read_numbers(reading, fault) || !read_targets(reading, fault) ||
        !sim_fault_read_link(reading, fault)) {
        return false;
    }
    fault->text = sim_fault_text(reading->arena, reading->scenario, fault);
    return true;
}

bool sim_bind_faults(struct sim_arena *arena, const struct sim_cell *cell,
                     struct sim_scenario *scenario, struct sim_error *error)
{
    const struct sim_node *list = sim_node_get(cell->merged, "faults");
    uint32_t count = list == NULL ? 0 : list->count;
    struct sim_fault *faults = sim_arena_array(arena, count, sizeof *faults);
    struct sim_origin *origins = sim_arena_array(arena, count, sizeof *origins);
    struct sim_fault_reading reading = {.arena = arena,
                                        .scenario = scenario,
                                        .world = sim_fault_world_of(scenario),
                                        .error = error};
    for (uint32_t i = 0; i < count; i++) {
        reading.node = list->entries[i].value;
        snprintf(reading.shown, sizeof reading.shown, "faults[%" PRIu32 "]", i);
        if (!read_fault(&reading, &faults[i])) {
            return false;
        }
        origins[i] = sim_node_origin(reading.node);
    }
    scenario->faults = faults;
    scenario->fault_origins = origins;
    scenario->fault_count = count;
    if (scenario->topology == SIM_HIERARCHICAL && scenario->hierarchy.relay_silence_ns == 0) {
        scenario->hierarchy.relay_silence_ns = 3 * scenario->hierarchy.aggregator_interval_ns;
    }
    return true;
}
