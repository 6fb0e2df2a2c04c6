// SPDX-License-Identifier: GPL-3.0-or-later
// What may stand under a key: read exactly, or refused with what was expected.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "decimal.h"
#include "keys.h"

#define MS_PLACES 6  // milliseconds to nanoseconds

// A text that grows at its end and is cut, not overrun, when full.
struct text {
    char *bytes;
    size_t capacity;
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int more =
        vsnprintf(text->bytes + text->length, text->capacity - text->length, format, arguments);
    va_end(arguments);
    if (more > 0) {
        size_t left = text->capacity - text->length - 1;
        text->length += (size_t)more < left ? (size_t)more : left;
    }
}

static void add_choices(struct text *text, const struct sim_choice *choices)
{
    uint32_t count = 0;
    while (choices[count].name != NULL && !choices[count].later) {
        count++;
    }
    for (uint32_t i = 0; i < count; i++) {
        add(text, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", choices[i].name);
    }
}

void sim_key_expected(const struct sim_key *key, char bytes[SIM_EXPECTED_BYTES])
{
    char low[SIM_DECIMAL_TEXT_BYTES];
    char high[SIM_DECIMAL_TEXT_BYTES];
    sim_decimal_format(key->minimum, key->places, low);
    sim_decimal_format(key->maximum, key->places, high);
    struct text text = {bytes, SIM_EXPECTED_BYTES, 0};
    bytes[0] = '\0';
    switch (key->type) {
    case SIM_KEY_MAP: add(&text, "a mapping of keys"); break;
    case SIM_KEY_LIST: add(&text, "a list of %s to %s", low, high); break;
    case SIM_KEY_INTEGER:
        add(&text, key->minimum == key->maximum ? "%s" : "an integer from %s to %s", low, high);
        break;
    case SIM_KEY_DECIMAL: add(&text, "a number from %s to %s", low, high); break;
    case SIM_KEY_FLAG: add(&text, "true or false"); break;
    case SIM_KEY_CHOICE: add_choices(&text, key->choices); break;
    case SIM_KEY_TEXT:
        add(&text, "a text on one line of at most %lld bytes", (long long)key->maximum);
        break;
    case SIM_KEY_RANGE:
        if (key->places == 0) {
            add(&text, "an integer from %s to %s, or a range of them (10-100)", low, high);
        } else {
            add(&text, "a number from %s to %s, or a range of them (0.5-2)", low, high);
        }
        break;
    case SIM_KEY_LATENCY:
        add(&text,
            "milliseconds, or {distribution: uniform, min: 1, max: 10}, or constant, normal, "
            "lognormal, gamma, pareto, empirical with what these take");
        break;
    case SIM_KEY_NAMED_TEXTS: add(&text, "a mapping of names to texts"); break;
    case SIM_KEY_TOPOLOGY:
        add(&text, "a topology's name, the path of its file, or the mapping itself");
        break;
    case SIM_KEY_SWEEP:
        add(&text, "a mapping of keys to lists of values, or a list of such mappings");
        break;
    }
}

// "KEY: expected THIS, found THAT" and, when there is one, the reason why THAT is not THIS.
static bool mismatch(const struct sim_key *key, const char *shown, const struct sim_node *node,
                     struct sim_error *error, const char *reason)
{
    char expected[SIM_EXPECTED_BYTES];
    char found[SIM_DESCRIPTION_BYTES];
    sim_key_expected(key, expected);
    sim_node_describe(node, found);
    return sim_node_fail(node, error, "%s: expected %s, found %s%s%s", shown, expected, found,
                         reason[0] == '\0' ? "" : ", ", reason);
}

// Reads a number within the key's bounds; `text` is the node's or a part of it.
static bool read_number(const struct sim_key *key, const char *shown, const struct sim_node *node,
                        const char *text, size_t length, int64_t *number, struct sim_error *error)
{
    struct sim_error reason = {0};
    if (node->kind != SIM_NODE_SCALAR || sim_node_is_null(node)) {
        return mismatch(key, shown, node, error, "");
    }
    if (node->quoted) {
        return mismatch(key, shown, node, error, "a text: write it without quotes");
    }
    if (!sim_decimal_parse(text, length, key->places, number, &reason)) {
        bool fraction = key->places == 0 && strncmp(reason.text, "finer", 5) == 0;
        return mismatch(key, shown, node, error, fraction ? "not a whole number" : reason.text);
    }
    if (*number < key->minimum || *number > key->maximum) {
        return mismatch(key, shown, node, error, "");
    }
    return true;
}

static bool read_range(const struct sim_key *key, const char *shown, const struct sim_node *node,
                       struct sim_value *value, struct sim_error *error)
{
    const char *dash = node->kind == SIM_NODE_SCALAR && node->length > 0
                           ? memchr(node->text + 1, '-', node->length - 1)
                           : NULL;
    size_t first = dash == NULL ? node->length : (size_t)(dash - node->text);
    if (!read_number(key, shown, node, node->text, first, &value->low, error)) {
        return false;
    }
    value->high = value->low;
    if (dash != NULL &&
        !read_number(key, shown, node, dash + 1, node->length - first - 1, &value->high, error)) {
        return false;
    }
    return value->low <= value->high ||
           mismatch(key, shown, node, error, "which ends below its start");
}

static bool read_choice(const struct sim_key *key, const char *shown, const struct sim_node *node,
                        struct sim_value *value, struct sim_error *error)
{
    const struct sim_choice *nearest = NULL;
    uint32_t least = UINT32_MAX;
    for (const struct sim_choice *choice = key->choices;
         node->kind == SIM_NODE_SCALAR && choice->name != NULL; choice++) {
        uint32_t distance = sim_edit_distance(choice->name, node->text);
        if (distance == 0) {
            value->low = value->high = choice->value;
            return !choice->later ||
                   sim_node_fail(node, error, "%s: %s is not in this version", shown, choice->name);
        }
        if (!choice->later && distance < least) {
            least = distance;
            nearest = choice;
        }
    }
    char hint[SIM_DESCRIPTION_BYTES] = "";
    if (nearest != NULL && sim_edit_is_slip(least, node->text)) {
        snprintf(hint, sizeof hint, "did you mean %s?", nearest->name);
    }
    return mismatch(key, shown, node, error, hint);
}

static bool read_flag(const struct sim_key *key, const char *shown, const struct sim_node *node,
                      struct sim_value *value, struct sim_error *error)
{
    bool plain = node->kind == SIM_NODE_SCALAR && !node->quoted;
    value->low = value->high = plain && sim_edit_distance(node->text, "true") == 0;
    return value->low == 1 || (plain && sim_edit_distance(node->text, "false") == 0) ||
           mismatch(key, shown, node, error, "");
}

static bool read_text(const struct sim_key *key, const char *shown, const struct sim_node *node,
                      struct sim_error *error)
{
    if (node->kind != SIM_NODE_SCALAR || sim_node_is_null(node) || node->length == 0 ||
        node->length > (uint64_t)key->maximum) {
        return mismatch(key, shown, node, error, "");
    }
    return !sim_text_has_control(node->text, node->length) ||
           mismatch(key, shown, node, error, "with a line break or control character in it");
}

static bool read_named_texts(const struct sim_key *key, const char *shown,
                             const struct sim_node *node, struct sim_error *error)
{
    if (node->kind != SIM_NODE_MAP) {
        return mismatch(key, shown, node, error, "");
    }
    for (uint32_t i = 0; i < node->count; i++) {
        if (!read_text(key, shown, node->entries[i].key, error) ||
            !read_text(key, shown, node->entries[i].value, error)) {
            return false;
        }
    }
    return true;
}

// What a latency's mapping may hold, and what each distribution takes of it.
enum part { PART_VALUE, PART_MIN, PART_MAX, PART_MEAN, PART_STDDEV, PART_SHAPE, PART_FILE };
#define PART_COUNT 7
#define TAKES(part) (1u << (part))

static const char *const part_names[PART_COUNT] = {"value",  "min",   "max", "mean",
                                                   "stddev", "shape", "file"};

static const struct part_use {
    const char *list;  // for people
    uint32_t needed;
    uint32_t allowed;
} part_uses[] = {
    [SIM_CONSTANT] = {"value", TAKES(PART_VALUE), 0},
    [SIM_UNIFORM] = {"min and max", TAKES(PART_MIN) | TAKES(PART_MAX), 0},
    [SIM_NORMAL] = {"mean and stddev, and min and max if it is to be cut",
                    TAKES(PART_MEAN) | TAKES(PART_STDDEV), TAKES(PART_MIN) | TAKES(PART_MAX)},
    [SIM_LOGNORMAL] = {"mean and stddev, and min and max if it is to be cut",
                       TAKES(PART_MEAN) | TAKES(PART_STDDEV), TAKES(PART_MIN) | TAKES(PART_MAX)},
    [SIM_GAMMA] = {"mean and stddev, and min and max if it is to be cut",
                   TAKES(PART_MEAN) | TAKES(PART_STDDEV), TAKES(PART_MIN) | TAKES(PART_MAX)},
    [SIM_PARETO] = {"min and shape, and max if it is to be cut",
                    TAKES(PART_MIN) | TAKES(PART_SHAPE), TAKES(PART_MAX)},
    [SIM_EMPIRICAL] = {"file", TAKES(PART_FILE), 0},
};

static const struct sim_key latency_number = {
    .type = SIM_KEY_DECIMAL, .places = MS_PLACES, .minimum = 0, .maximum = SIM_LATENCY_NS_MAX};
static const struct sim_key latency_positive = {
    .type = SIM_KEY_DECIMAL, .places = MS_PLACES, .minimum = 1, .maximum = SIM_LATENCY_NS_MAX};
static const struct sim_key latency_exponent = {
    .type = SIM_KEY_DECIMAL, .places = 6, .minimum = 100000, .maximum = 1000000000};
static const struct sim_key latency_file = {.type = SIM_KEY_TEXT, .maximum = 4000};
static const struct sim_choice distributions[] = {
    {.name = "constant", .value = SIM_CONSTANT},   {.name = "uniform", .value = SIM_UNIFORM},
    {.name = "normal", .value = SIM_NORMAL},       {.name = "lognormal", .value = SIM_LOGNORMAL},
    {.name = "gamma", .value = SIM_GAMMA},         {.name = "pareto", .value = SIM_PARETO},
    {.name = "empirical", .value = SIM_EMPIRICAL}, {0}};
static const struct sim_key latency_distribution = {.type = SIM_KEY_CHOICE,
                                                    .choices = distributions};

const char *sim_distribution_name(enum sim_distribution distribution)
{
    return distributions[distribution].name;
}

// Which part an entry of the mapping is; PART_COUNT: none of this distribution's.
static uint32_t part_of(const struct sim_node *key, enum sim_distribution distribution)
{
    const struct part_use *use = &part_uses[distribution];
    uint32_t part = 0;
    while (part < PART_COUNT && (strcmp(part_names[part], key->text) != 0 ||
                                 ((use->needed | use->allowed) >> part & 1) == 0)) {
        part++;
    }
    return part;
}

static bool read_part(enum part part, const char *shown, const struct sim_node *node,
                      struct sim_value *value, int64_t numbers[PART_COUNT], struct sim_error *error)
{
    char path[SIM_KEY_PATH_BYTES];
    snprintf(path, sizeof path, "%s.%s", shown, part_names[part]);
    if (part == PART_FILE) {
        value->file = node;
        return read_text(&latency_file, path, node, error);
    }
    bool positive = part == PART_MEAN || part == PART_STDDEV ||
                    (part == PART_MIN && value->distribution == SIM_PARETO) ||
                    (part == PART_MAX && value->distribution != SIM_UNIFORM);
    const struct sim_key *key = part == PART_SHAPE ? &latency_exponent
                                : positive         ? &latency_positive
                                                   : &latency_number;
    return read_number(key, path, node, node->text, node->length, &numbers[part], error);
}

static bool read_parts(const char *shown, const struct sim_node *map, struct sim_value *value,
                       int64_t numbers[PART_COUNT], struct sim_error *error)
{
    const struct part_use *use = &part_uses[value->distribution];
    uint32_t found = 0;
    for (uint32_t i = 0; i < map->count; i++) {
        const struct sim_node *key = map->entries[i].key;
        if (strcmp(key->text, "distribution") == 0) {
            continue;
        }
        uint32_t part = part_of(key, value->distribution);
        if (part == PART_COUNT) {
            char text[SIM_DESCRIPTION_BYTES];
            sim_node_describe(key, text);
            return sim_node_fail(key, error, "%s: %s %s latency has no key %s; it takes %s", shown,
                                 value->distribution == SIM_EMPIRICAL ? "an" : "a",
                                 sim_distribution_name(value->distribution), text, use->list);
        }
        if (!read_part((enum part)part, shown, map->entries[i].value, value, numbers, error)) {
            return false;
        }
        found |= 1u << part;
    }
    for (uint32_t part = 0; part < PART_COUNT; part++) {
        if ((use->needed & ~found) >> part & 1) {
            return sim_node_fail(map, error, "%s.%s is missing", shown, part_names[part]);
        }
    }
    return true;
}

static bool read_latency_map(const char *shown, const struct sim_node *node,
                             struct sim_value *value, struct sim_error *error)
{
    char path[SIM_KEY_PATH_BYTES];
    snprintf(path, sizeof path, "%s.distribution", shown);
    const struct sim_node *name = sim_node_get(node, "distribution");
    int64_t numbers[PART_COUNT] = {0};
    if (name == NULL) {
        char expected[SIM_EXPECTED_BYTES];
        sim_key_expected(&latency_distribution, expected);
        return sim_node_fail(node, error, "%s is missing: %s", path, expected);
    }
    if (!read_choice(&latency_distribution, path, name, value, error)) {
        return false;
    }
    value->distribution = (enum sim_distribution)value->low;
    if (!read_parts(shown, node, value, numbers, error)) {
        return false;
    }
    value->low = value->distribution == SIM_CONSTANT ? numbers[PART_VALUE] : numbers[PART_MIN];
    value->high = value->distribution == SIM_CONSTANT ? numbers[PART_VALUE] : numbers[PART_MAX];
    value->shape = (struct sim_shape){
        .distribution = value->distribution,
        .mean_ns = (uint64_t)numbers[PART_MEAN],
        .deviation_ns = (uint64_t)numbers[PART_STDDEV],
        .minimum_ns = (uint64_t)value->low,
        .maximum_ns = (uint64_t)value->high,
        .exponent = (uint64_t)numbers[PART_SHAPE],
    };
    return true;
}

// Half of a round trip is one way, for every number of it.
static bool halve(const char *shown, const struct sim_node *node, struct sim_value *value,
                  struct sim_error *error)
{
    struct sim_shape *shape = &value->shape;
    if (value->distribution == SIM_EMPIRICAL) {
        return sim_node_fail(node, error,
                             "%s: the file says itself whether it holds round trips: use the key "
                             "without _rtt",
                             shown);
    }
    uint64_t odd = (uint64_t)value->low | (uint64_t)value->high;
    if ((odd | shape->mean_ns | shape->deviation_ns) % 2 != 0) {
        return sim_node_fail(node, error, "%s: half of the round trip is finer than a nanosecond",
                             shown);
    }
    value->low /= 2;
    value->high /= 2;
    shape->mean_ns /= 2;
    shape->deviation_ns /= 2;
    shape->minimum_ns /= 2;
    shape->maximum_ns /= 2;
    return true;
}

#define LEAST_PART 100  // a latency that is not told its minimum has this part of its mean

// Cuts a distribution that can come near 0 where nobody said: there must be a least latency for the
// engine to look ahead by.
static bool bound(const char *shown, const struct sim_node *node, struct sim_value *value,
                  struct sim_error *error)
{
    if (value->shape.mean_ns != 0 && sim_node_get(node, "min") == NULL) {
        value->shape.minimum_ns = value->shape.mean_ns / LEAST_PART;
        value->low = (int64_t)value->shape.minimum_ns;
    }
    const struct sim_node *most = sim_node_get(node, "max");
    return most == NULL || value->low < value->high ||
           sim_node_fail(most, error,
                         "%s: max must be above min; a latency that does not vary is constant",
                         shown);
}

static bool read_latency(const struct sim_key *key, const char *shown, const struct sim_node *node,
                         struct sim_value *value, struct sim_error *error)
{
    if (node->kind == SIM_NODE_LIST || sim_node_is_null(node)) {
        return mismatch(key, shown, node, error, "");
    }
    if (node->kind == SIM_NODE_MAP) {
        return read_latency_map(shown, node, value, error) &&
               (!key->halved || halve(shown, node, value, error)) &&
               bound(shown, node, value, error);
    }
    if (!read_number(&latency_number, shown, node, node->text, node->length, &value->low, error)) {
        return false;
    }
    value->high = value->low;
    return !key->halved || halve(shown, node, value, error);
}

bool sim_key_read(const struct sim_key *key, const char *shown, const struct sim_node *node,
                  struct sim_value *value, struct sim_error *error)
{
    *value = (struct sim_value){0};
    switch (key->type) {
    case SIM_KEY_INTEGER:
    case SIM_KEY_DECIMAL:
        if (!read_number(key, shown, node, node->text, node->length, &value->low, error)) {
            return false;
        }
        value->high = value->low;
        return true;
    case SIM_KEY_FLAG: return read_flag(key, shown, node, value, error);
    case SIM_KEY_CHOICE: return read_choice(key, shown, node, value, error);
    case SIM_KEY_TEXT: return read_text(key, shown, node, error);
    case SIM_KEY_RANGE: return read_range(key, shown, node, value, error);
    case SIM_KEY_LATENCY: return read_latency(key, shown, node, value, error);
    case SIM_KEY_NAMED_TEXTS: return read_named_texts(key, shown, node, error);
    default: return mismatch(key, shown, node, error, "");  // MAP, LIST: the caller walks those
    }
}
