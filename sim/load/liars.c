// SPDX-License-Identifier: GPL-3.0-or-later
// The list of those who lie, read into struct sim_liar.
//
//     byzantine:
//       - behaviour: flooding             what they do
//         of: {percent: 20}               who
//         rate_per_s: 2000                what this behaviour alone knows
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "decimal.h"
#include "loading.h"

#define MS_PLACES 6
#define DELAY_NS (INT64_C(1000) * 1000000)
#define EVERY_NS (INT64_C(100) * 1000000)
#define FACTOR 10
#define RATE 1000
#define RATE_MAX 1000000
#define VICTIMS 10

struct reading {
    struct sim_arena *arena;
    struct sim_scenario *scenario;
    struct sim_fault_world world;
    const struct sim_node *node;  // of the entry
    char shown[32];               // "byzantine[2]"
    struct sim_error *error;
};

// What only one behaviour may be told.
static const struct {
    const char *name;
    enum sim_behaviour behaviour;
} parts[] = {
    {"delay_ms", SIM_DELAYING},   {"every_ms", SIM_FORGING}, {"factor", SIM_INFLATING},
    {"rate_per_s", SIM_FLOODING}, {"victims", SIM_FLOODING}, {"percent", SIM_CORRUPTING},
};

static bool check_parts(const struct reading *reading, enum sim_behaviour behaviour)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const struct sim_node *value = sim_node_get(reading->node, parts[i].name);
        if (value != NULL && parts[i].behaviour != behaviour) {
            return sim_node_fail(value, reading->error, "%s.%s is told to behaviour %s, not to %s",
                                 reading->shown, parts[i].name,
                                 sim_behaviour_name(parts[i].behaviour),
                                 sim_behaviour_name(behaviour));
        }
    }
    return true;
}

static bool read(const struct reading *reading, const char *name, int64_t fallback, int64_t *number)
{
    const struct sim_node *node = sim_node_get(reading->node, name);
    struct sim_value value;
    char path[SIM_KEY_PATH_BYTES];
    char shown[SIM_KEY_PATH_BYTES];
    *number = fallback;
    if (node == NULL) {
        return true;
    }
    snprintf(path, sizeof path, "byzantine[].%s", name);
    snprintf(shown, sizeof shown, "%s.%s", reading->shown, name);
    if (!sim_key_read(sim_key_find(path), shown, node, &value, reading->error)) {
        return false;
    }
    *number = value.low;
    return true;
}

static bool read_when(const struct reading *reading, struct sim_liar *liar)
{
    int64_t at_ns;
    int64_t until_ns;
    if (!read(reading, "at_ms", 0, &at_ns) || !read(reading, "until_ms", -1, &until_ns)) {
        return false;
    }
    liar->at_ns = (uint64_t)at_ns;
    liar->until_ns = until_ns < 0 ? SIM_FAULT_NEVER : (uint64_t)until_ns;
    if (liar->at_ns >= sim_scenario_end_ns(reading->scenario)) {
        return sim_node_fail(sim_node_get(reading->node, "at_ms"), reading->error,
                             "%s.at_ms: the run ends before they lie%s", reading->shown,
                             reading->scenario->duration_ns == 0 ? ": give duration_ms" : "");
    }
    return liar->until_ns > liar->at_ns ||
           sim_node_fail(sim_node_get(reading->node, "until_ms"), reading->error,
                         "%s.until_ms: not after at_ms", reading->shown);
}

static bool read_how(const struct reading *reading, struct sim_liar *liar)
{
    uint32_t limit = reading->scenario->guard.rate;
    int64_t twice = limit == 0 ? RATE : limit < RATE_MAX / 2 ? 2 * (int64_t)limit : RATE_MAX;
    int64_t delay;
    int64_t every;
    int64_t factor;
    int64_t rate;
    int64_t victims;
    int64_t share;
    if (!read(reading, "delay_ms", DELAY_NS, &delay) ||
        !read(reading, "every_ms", EVERY_NS, &every) || !read(reading, "factor", FACTOR, &factor) ||
        !read(reading, "rate_per_s", twice, &rate) ||
        !read(reading, "victims", VICTIMS, &victims) ||
        !read(reading, "percent", SIM_PPB, &share)) {
        return false;
    }
    liar->delay_ns = (uint64_t)delay;
    liar->every_ns = (uint64_t)every;
    liar->factor = (uint32_t)factor;
    liar->rate = (uint32_t)rate;
    liar->victims = (uint32_t)victims;
    liar->share_ppb = (uint32_t)share;
    return true;
}

static const char *when_text(struct sim_arena *arena, const struct sim_liar *liar)
{
    char at[SIM_DECIMAL_TEXT_BYTES];
    char until[SIM_DECIMAL_TEXT_BYTES];
    sim_decimal_format((int64_t)liar->at_ns, MS_PLACES, at);
    if (liar->until_ns == SIM_FAULT_NEVER) {
        return liar->at_ns == 0 ? "" : sim_arena_format(arena, " from %s ms on", at);
    }
    sim_decimal_format((int64_t)liar->until_ns, MS_PLACES, until);
    return sim_arena_format(arena, " from %s to %s ms", at, until);
}

static bool read_liar(struct reading *reading, struct sim_liar *liar)
{
    int64_t behaviour;
    char shown[SIM_KEY_PATH_BYTES];
    const struct sim_node *of = sim_node_get(reading->node, "of");
    if (sim_node_get(reading->node, "behaviour") == NULL || of == NULL) {
        return sim_node_fail(reading->node, reading->error,
                             "%s needs behaviour (silent, forging or another) and of: who lies",
                             reading->shown);
    }
    snprintf(shown, sizeof shown, "%s.of", reading->shown);
    if (!read(reading, "behaviour", 0, &behaviour) ||
        !check_parts(reading, (enum sim_behaviour)behaviour) ||
        !sim_bind_selection(reading->arena, &reading->world, of, shown, &liar->of,
                            reading->error) ||
        !read_when(reading, liar) || !read_how(reading, liar)) {
        return false;
    }
    liar->behaviour = (enum sim_behaviour)behaviour;
    liar->text = sim_arena_format(reading->arena, "%s by %s%s", sim_behaviour_name(liar->behaviour),
                                  sim_selection_text(reading->arena, reading->scenario, &liar->of),
                                  when_text(reading->arena, liar));
    return true;
}

bool sim_bind_liars(struct sim_arena *arena, const struct sim_cell *cell,
                    struct sim_scenario *scenario, struct sim_error *error)
{
    const struct sim_node *list = sim_node_get(cell->merged, "byzantine");
    uint32_t count = list == NULL ? 0 : list->count;
    struct sim_liar *liars = sim_arena_array(arena, count, sizeof *liars);
    struct reading reading = {.arena = arena,
                              .scenario = scenario,
                              .world = sim_fault_world_of(scenario),
                              .error = error};
    reading.world.perhaps_nobody = true;
    for (uint32_t i = 0; i < count; i++) {
        reading.node = list->entries[i].value;
        snprintf(reading.shown, sizeof reading.shown, "byzantine[%" PRIu32 "]", i);
        if (!read_liar(&reading, &liars[i])) {
            return false;
        }
    }
    scenario->liars = liars;
    scenario->liar_count = count;
    return true;
}
