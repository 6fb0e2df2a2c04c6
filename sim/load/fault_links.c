// SPDX-License-Identifier: GPL-3.0-or-later
// What links become for a while: the parts of a fault of links.
#include <inttypes.h>
#include <stdio.h>

#include "choices.h"
#include "decimal.h"
#include "fault_reading.h"

#define PERCENT_PLACES 7
#define MS_PLACES 6

static const char *const part_keys[SIM_LINK_PART_COUNT] = {
    [SIM_LINK_LOSS] = "loss_percent",       [SIM_LINK_DUPLICATE] = "duplicate_percent",
    [SIM_LINK_CORRUPT] = "corrupt_percent", [SIM_LINK_LATENCY] = "latency_ms",
    [SIM_LINK_SCALE] = "latency_percent",   [SIM_LINK_RATE] = "rate_mbit",
};

static bool read_parts(const struct sim_fault_reading *reading, struct sim_link_change *link)
{
    struct sim_value values[SIM_LINK_PART_COUNT] = {0};
    for (uint32_t part = 0; part < SIM_LINK_PART_COUNT; part++) {
        bool given;
        if (!sim_fault_value(reading, part_keys[part], &values[part], &given)) {
            return false;
        }
        link->given |= (uint32_t)given << part;
    }
    link->loss_ppb = (uint32_t)values[SIM_LINK_LOSS].low;
    link->duplicate_ppb = (uint32_t)values[SIM_LINK_DUPLICATE].low;
    link->corrupt_ppb = (uint32_t)values[SIM_LINK_CORRUPT].low;
    link->latency_ns_min = (uint64_t)values[SIM_LINK_LATENCY].low;
    link->latency_ns_max = (uint64_t)values[SIM_LINK_LATENCY].high;
    link->scale_ppb = (uint64_t)values[SIM_LINK_SCALE].low;
    link->rate_bits_per_s = (uint64_t)values[SIM_LINK_RATE].low;
    return link->given != 0 ||
           sim_node_fail(reading->node, reading->error,
                         "%s: a link needs what it becomes: loss_percent, duplicate_percent, "
                         "corrupt_percent, latency_ms, latency_percent or rate_mbit",
                         reading->shown);
}

static bool read_pairs(const struct sim_fault_reading *reading, uint32_t *pairs)
{
    const struct sim_node *list = sim_node_get(reading->node, "pairs");
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        const struct sim_node *node = list->entries[i].value;
        struct sim_value value;
        char shown[SIM_KEY_PATH_BYTES];
        snprintf(shown, sizeof shown, "%s.pairs[%" PRIu32 "]", reading->shown, i);
        if (!sim_key_read(sim_key_find("faults[].pairs[]"), shown, node, &value, reading->error)) {
            return false;
        }
        if (!sim_pair_occurs(reading->scenario, (enum sim_pair_class)value.low)) {
            return sim_node_fail(node, reading->error, "%s: there is no such pair of nodes here",
                                 shown);
        }
        *pairs |= 1u << value.low;
    }
    return true;
}

// The lookahead follows from the least latency that there ever is.
static void note_changes(const struct sim_link_change *link, struct sim_change_settings *changes)
{
    if (!changes->any) {
        *changes = (struct sim_change_settings){true, UINT64_MAX, SIM_PPB};
    }
    if ((link->given >> SIM_LINK_LATENCY & 1) != 0 &&
        link->latency_ns_min < changes->latency_ns_min) {
        changes->latency_ns_min = link->latency_ns_min;
    }
    if ((link->given >> SIM_LINK_SCALE & 1) != 0 && link->scale_ppb < changes->scale_ppb_min) {
        changes->scale_ppb_min = link->scale_ppb;
    }
}

bool sim_fault_read_link(const struct sim_fault_reading *reading, struct sim_fault *fault)
{
    if (fault->verb != SIM_FAULT_LINK) {
        return true;
    }
    if (!read_parts(reading, &fault->link) || !read_pairs(reading, &fault->pairs)) {
        return false;
    }
    note_changes(&fault->link, &reading->scenario->network.changes);
    return true;
}

// ---- In words ----

static const char *number_text(struct sim_arena *arena, uint64_t number, uint32_t places)
{
    char text[SIM_DECIMAL_TEXT_BYTES];
    sim_decimal_format((int64_t)number, places, text);
    return sim_arena_format(arena, "%s", text);
}

static const char *part_text(struct sim_arena *arena, const struct sim_link_change *link,
                             enum sim_link_part part)
{
    switch (part) {
    case SIM_LINK_LOSS:
        return sim_arena_format(arena, "loss %s %%",
                                number_text(arena, link->loss_ppb, PERCENT_PLACES));
    case SIM_LINK_DUPLICATE:
        return sim_arena_format(arena, "duplicates %s %%",
                                number_text(arena, link->duplicate_ppb, PERCENT_PLACES));
    case SIM_LINK_CORRUPT:
        return sim_arena_format(arena, "corrupted %s %%",
                                number_text(arena, link->corrupt_ppb, PERCENT_PLACES));
    case SIM_LINK_LATENCY:
        return link->latency_ns_min == link->latency_ns_max
                   ? sim_arena_format(arena, "latency %s ms",
                                      number_text(arena, link->latency_ns_min, MS_PLACES))
                   : sim_arena_format(arena, "latency %s-%s ms",
                                      number_text(arena, link->latency_ns_min, MS_PLACES),
                                      number_text(arena, link->latency_ns_max, MS_PLACES));
    case SIM_LINK_SCALE:
        return sim_arena_format(arena, "latency %s %%",
                                number_text(arena, link->scale_ppb, PERCENT_PLACES));
    case SIM_LINK_RATE:
        return sim_arena_format(arena, "rate %s Mbit/s",
                                number_text(arena, link->rate_bits_per_s, MS_PLACES));
    case SIM_LINK_PART_COUNT: break;
    }
    return "";
}

const char *sim_fault_link_text(struct sim_arena *arena, const struct sim_fault *fault)
{
    const char *text = "";
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        if ((fault->pairs >> pair & 1) != 0) {
            text = sim_arena_format(arena, "%s%s %s", text, text[0] == '\0' ? " over" : ",",
                                    sim_pair_class_name((enum sim_pair_class)pair));
        }
    }
    const char *between = ":";
    for (uint32_t part = 0; part < SIM_LINK_PART_COUNT; part++) {
        if ((fault->link.given >> part & 1) != 0) {
            text = sim_arena_format(arena, "%s%s %s", text, between,
                                    part_text(arena, &fault->link, (enum sim_link_part)part));
            between = ",";
        }
    }
    return text;
}
