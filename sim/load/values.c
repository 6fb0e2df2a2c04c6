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
        add(&text, "an integer from %s to %s, or a range of them (10-100)", low, high);
        break;
    case SIM_KEY_LATENCY:
        add(&text, "milliseconds, {distribution: constant, value: 5} or "
                   "{distribution: uniform, min: 1, max: 10}");
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

// The three numbers of a latency, and the distributions that need them.
static const struct sim_key latency_number = {
    .type = SIM_KEY_DECIMAL, .places = MS_PLACES, .minimum = 0, .maximum = SIM_LATENCY_NS_MAX};
static const struct sim_choice distributions[] = {{.name = "constant", .value = SIM_CONSTANT},
                                                  {.name = "uniform", .value = SIM_UNIFORM},
                                                  {.name = "normal", .later = true},
                                                  {.name = "lognormal", .later = true},
                                                  {.name = "gamma", .later = true},
                                                  {.name = "pareto", .later = true},
                                                  {.name = "empirical", .later = true},
                                                  {0}};
static const struct sim_key latency_distribution = {.type = SIM_KEY_CHOICE,
                                                    .choices = distributions};

// Finds the entry `name` of a latency's mapping and reads the number under it.
static bool read_part(const struct sim_node *map, const char *shown, const char *name,
                      int64_t *number, struct sim_error *error)
{
    char path[SIM_KEY_PATH_BYTES];
    snprintf(path, sizeof path, "%s.%s", shown, name);
    const struct sim_node *node = sim_node_get(map, name);
    if (node == NULL) {
        return sim_node_fail(map, error, "%s is missing", path);
    }
    return read_number(&latency_number, path, node, node->text, node->length, number, error);
}

static bool check_parts(const struct sim_node *map, const char *shown, bool uniform,
                        struct sim_error *error)
{
    for (uint32_t i = 0; i < map->count; i++) {
        const struct sim_node *key = map->entries[i].key;
        bool of_uniform = strcmp(key->text, "min") == 0 || strcmp(key->text, "max") == 0;
        bool of_constant = strcmp(key->text, "value") == 0;
        if (strcmp(key->text, "distribution") != 0 && !(uniform ? of_uniform : of_constant)) {
            char found[SIM_DESCRIPTION_BYTES];
            sim_node_describe(key, found);
            return sim_node_fail(key, error, "%s: a %s latency has no key %s; it takes %s", shown,
                                 uniform ? "uniform" : "constant", found,
                                 uniform ? "min and max" : "value");
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
    struct sim_value distribution = {0};
    if (name == NULL) {
        return sim_node_fail(node, error, "%s is missing: constant or uniform", path);
    }
    if (!read_choice(&latency_distribution, path, name, &distribution, error) ||
        !check_parts(node, shown, distribution.low == SIM_UNIFORM, error)) {
        return false;
    }
    if (distribution.low == SIM_CONSTANT) {
        if (!read_part(node, shown, "value", &value->low, error)) {
            return false;
        }
        value->high = value->low;
        return true;
    }
    if (!read_part(node, shown, "min", &value->low, error) ||
        !read_part(node, shown, "max", &value->high, error)) {
        return false;
    }
    return value->low < value->high ||
           sim_node_fail(sim_node_get(node, "max"), error,
                         "%s: max must be above min; a latency that does not vary is constant",
                         shown);
}

static bool read_latency(const struct sim_key *key, const char *shown, const struct sim_node *node,
                         struct sim_value *value, struct sim_error *error)
{
    if (node->kind == SIM_NODE_MAP) {
        if (!read_latency_map(shown, node, value, error)) {
            return false;
        }
    } else if (node->kind == SIM_NODE_LIST || sim_node_is_null(node)) {
        return mismatch(key, shown, node, error, "");
    } else if (!read_number(&latency_number, shown, node, node->text, node->length, &value->low,
                            error)) {
        return false;
    } else {
        value->high = value->low;
    }
    if (key->halved && (value->low % 2 != 0 || value->high % 2 != 0)) {
        return sim_node_fail(node, error, "%s: half of the round trip is finer than a nanosecond",
                             shown);
    }
    value->low /= key->halved ? 2 : 1;
    value->high /= key->halved ? 2 : 1;
    return true;
}

bool sim_key_read(const struct sim_key *key, const char *shown, const struct sim_node *node,
                  struct sim_value *value, struct sim_error *error)
{
    *value = (struct sim_value){0, 0};
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
