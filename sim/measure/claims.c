// SPDX-License-Identifier: GPL-3.0-or-later
// Reading claims.yaml; its head explains the keys. What a claim says about a run is in judge.c.
#include "claims.h"

#include <string.h>

#include "decimal.h"
#include "embed.h"
#include "tree.h"

SIM_EMBEDDED(sim_claims_text);

// The statistics that are no term of a metric.
static const struct {
    const char *name;
    enum sim_measure measure;
    const char *unit;
    const char *stored_unit;
    const char *stored_metric;
    const char *stored_statistic;
} statistics[] = {
    {"latency_ms", SIM_MEASURE_LATENCY, "ms", "ns", "latency", "max"},
    {"interval_ms", SIM_MEASURE_INTERVAL, "ms", "ns", "interval", "value"},
    {"agents", SIM_MEASURE_AGENTS, "agents", "count", "agents", "value"},
    {"fanout", SIM_MEASURE_FANOUT, "peers", "count", "fanout", "value"},
    {"regions", SIM_MEASURE_REGIONS, "regions", "count", "regions", "value"},
    {"product", SIM_MEASURE_PRODUCT, "", "count", "product", "value"},
    {"cost_usd_per_month", SIM_MEASURE_NONE, "USD/month", "count", "cost", "value"},
    {"cost_rating", SIM_MEASURE_NONE, "", "count", "cost_rating", "value"},
    {"setup_minutes", SIM_MEASURE_NONE, "minutes", "count", "setup_minutes", "value"},
    {"operations", SIM_MEASURE_NONE, "", "count", "operations", "value"},
    {"availability", SIM_MEASURE_NONE, "", "count", "availability", "value"},
};

// The keys of a claim.
static const char *const known_keys[] = {
    "id",        "quote",   "topology", "agents", "primary",    "fanout", "theta",
    "statistic", "classes", "factors",  "target", "unmeasured", "note",   "given",
};

struct reader {
    struct sim_claims *claims;
    struct sim_error *error;
};

static const char *text_of(const struct sim_node *node)
{
    return node == NULL ? NULL : node->text;
}

static bool check_keys(const struct reader *reader, const struct sim_node *node)
{
    if (node->kind != SIM_NODE_MAP) {
        return sim_node_fail(node, reader->error, "a claim is a mapping");
    }
    for (uint32_t i = 0; i < node->count; i++) {
        const struct sim_node *key = node->entries[i].key;
        size_t known = 0;
        while (known < sizeof known_keys / sizeof *known_keys &&
               strcmp(known_keys[known], key->text) != 0) {
            known++;
        }
        if (known == sizeof known_keys / sizeof *known_keys) {
            return sim_node_fail(key, reader->error, "unknown key %s", key->text);
        }
    }
    return true;
}

// A text that must be there.
static bool read_text(const struct reader *reader, const struct sim_node *claim, const char *key,
                      const char **text)
{
    const struct sim_node *node = sim_node_get(claim, key);
    if (node == NULL || node->kind != SIM_NODE_SCALAR || node->length == 0) {
        return sim_node_fail(node == NULL ? claim : node, reader->error, "a claim has a %s", key);
    }
    *text = node->text;
    return true;
}

// The index of a scalar among `count` names, as a bit.
static bool read_bit(const struct reader *reader, const struct sim_node *node,
                     const char *(*name)(uint32_t index), uint32_t count, uint32_t *bits)
{
    for (uint32_t i = 0; node->kind == SIM_NODE_SCALAR && i < count; i++) {
        if (strcmp(node->text, name(i)) == 0) {
            *bits |= 1u << i;
            return true;
        }
    }
    return sim_node_fail(node, reader->error, "not a name that is known here");
}

// One name or a list of them.
static bool read_bits(const struct reader *reader, const struct sim_node *node,
                      const char *(*name)(uint32_t index), uint32_t count, uint32_t *bits)
{
    if (node->kind != SIM_NODE_LIST) {
        return read_bit(reader, node, name, count, bits);
    }
    for (uint32_t i = 0; i < node->count; i++) {
        if (!read_bit(reader, node->entries[i].value, name, count, bits)) {
            return false;
        }
    }
    return true;
}

static const char *topology_name(uint32_t index)
{
    return sim_topology_name((enum sim_topology)index);
}

static const char *pair_class_name(uint32_t index)
{
    return sim_pair_class_name((enum sim_pair_class)index);
}

static bool read_count(const struct reader *reader, const struct sim_node *node, const char *text,
                       size_t length, uint32_t *count)
{
    int64_t value = 0;
    if (!sim_decimal_parse(text, length, 0, &value, NULL) || value < 1 || value > UINT32_MAX) {
        return sim_node_fail(node, reader->error, "a number from 1 up goes here");
    }
    *count = (uint32_t)value;
    return true;
}

// "10-100", or one number for both ends.
static bool read_range(const struct reader *reader, const struct sim_node *node,
                       struct sim_range *range)
{
    const char *text = node->kind == SIM_NODE_SCALAR ? node->text : "";
    const char *dash = strchr(text, '-');
    size_t length = dash == NULL ? strlen(text) : (size_t)(dash - text);
    const char *most = dash == NULL ? text : dash + 1;
    return read_count(reader, node, text, length, &range->least) &&
           read_count(reader, node, most, strlen(most), &range->most) &&
           (range->least <= range->most ||
            sim_node_fail(node, reader->error, "a range goes upwards"));
}

static bool read_micro(const struct reader *reader, const struct sim_node *node, const char *text,
                       size_t length, int64_t *micro)
{
    if (!sim_decimal_parse(text, length, 6, micro, NULL) || *micro < 0) {
        return sim_node_fail(node, reader->error, "not a target: %s", node->text);
    }
    return true;
}

static bool read_target(const struct reader *reader, const struct sim_node *node,
                        struct sim_claim *claim)
{
    static const struct {
        const char *sign;
        enum sim_limit limit;
    } signs[] = {
        {"<= ", SIM_LIMIT_AT_MOST}, {"< ", SIM_LIMIT_BELOW},     {">= ", SIM_LIMIT_AT_LEAST},
        {"= ", SIM_LIMIT_EQUAL},    {"about ", SIM_LIMIT_ABOUT},
    };
    if (node == NULL) {
        return true;
    }
    if (node->kind != SIM_NODE_SCALAR) {
        return sim_node_fail(node, reader->error, "not a target");
    }
    claim->target_text = node->text;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t length = strlen(signs[i].sign);
        if (strncmp(node->text, signs[i].sign, length) == 0) {
            claim->limit = signs[i].limit;
            return read_micro(reader, node, node->text + length, node->length - length,
                              &claim->target_micro);
        }
    }
    const char *dash = strchr(node->text, '-');
    if (dash == NULL) {
        return sim_node_fail(node, reader->error, "not a target: %s", node->text);
    }
    claim->limit = SIM_LIMIT_WITHIN;
    return read_micro(reader, node, node->text, (size_t)(dash - node->text), &claim->least_micro) &&
           read_micro(reader, node, dash + 1, strlen(dash + 1), &claim->target_micro);
}

static void set_term(const struct reader *reader, struct sim_claim *claim)
{
    bool share = claim->term.aggregate == SIM_SHARE;
    enum sim_metric_id metric = claim->term.metric;
    const char *bracket = strchr(claim->statistic, '(');
    claim->measure = SIM_MEASURE_TERM;
    claim->unit = share ? "share" : sim_metrics[metric].unit;
    claim->stored_unit = share ? "ppb" : sim_metrics[metric].stored_unit;
    while (sim_metrics[metric].stored_name == NULL) {
        metric--;
    }
    claim->stored_metric = sim_metrics[metric].stored_name;
    claim->stored_statistic = bracket == NULL
                                  ? "mean"
                                  : sim_arena_copy(reader->claims->memory, claim->statistic,
                                                   (size_t)(bracket - claim->statistic));
}

static bool read_statistic(const struct reader *reader, const struct sim_node *node,
                           struct sim_claim *claim)
{
    if (!read_text(reader, node, "statistic", &claim->statistic)) {
        return false;
    }
    for (size_t i = 0; i < sizeof statistics / sizeof *statistics; i++) {
        if (strcmp(claim->statistic, statistics[i].name) == 0) {
            claim->measure = statistics[i].measure;
            claim->unit = statistics[i].unit;
            claim->stored_unit = statistics[i].stored_unit;
            claim->stored_metric = statistics[i].stored_metric;
            claim->stored_statistic = statistics[i].stored_statistic;
            return true;
        }
    }
    struct sim_error error = {0};
    if (!sim_term_parse(claim->statistic, &claim->term, &error)) {
        return sim_node_fail(node, reader->error, "not a statistic: %s", error.text);
    }
    set_term(reader, claim);
    return true;
}

static bool read_factors(const struct reader *reader, const struct sim_node *node,
                         struct sim_claim *claim)
{
    if (node->kind != SIM_NODE_LIST || node->count > SIM_FACTORS_MAX) {
        return sim_node_fail(node, reader->error, "a list of at most %d factors", SIM_FACTORS_MAX);
    }
    for (uint32_t i = 0; i < node->count; i++) {
        const struct sim_node *factor = node->entries[i].value;
        const char *text = factor->kind == SIM_NODE_SCALAR ? factor->text : "";
        if (!read_count(reader, factor, text, strlen(text), &claim->factors[i])) {
            return false;
        }
    }
    claim->factor_count = node->count;
    return true;
}

static bool read_given(const struct reader *reader, const struct sim_node *node,
                       struct sim_claim *claim)
{
    if (node == NULL) {
        return true;
    }
    struct sim_expectation expectation = {.text = node->kind == SIM_NODE_SCALAR ? node->text : "",
                                          .origin = sim_node_origin(node)};
    claim->given_text = expectation.text;
    return sim_expectation_parse(&expectation, &claim->given, reader->error);
}

// What belongs to a statistic must be there, and what belongs to none must not.
static bool check_claim(const struct reader *reader, const struct sim_node *node,
                        const struct sim_claim *claim)
{
    bool per_update = claim->measure == SIM_MEASURE_TERM && sim_metric_has_many(claim->term.metric);
    bool judged = claim->measure != SIM_MEASURE_NONE;
    const char *wrong = NULL;
    if (!judged && claim->unmeasured == NULL) {
        wrong = "nothing measures it: say why under unmeasured";
    } else if (judged && claim->limit == SIM_LIMIT_NONE) {
        wrong = "what is measured has a target";
    } else if (per_update != claim->theta_of_file) {
        wrong = "theta belongs to the statistics of updates and reports, and to all of them";
    } else if ((claim->measure == SIM_MEASURE_LATENCY) != (claim->pair_classes != 0)) {
        wrong = "classes belong to latency_ms, and only there";
    } else if ((claim->measure == SIM_MEASURE_PRODUCT) != (claim->factor_count != 0)) {
        wrong = "factors belong to product, and only there";
    }
    return wrong == NULL || sim_node_fail(node, reader->error, "%s: %s", claim->id, wrong);
}

// The optional keys.
static bool read_options(const struct reader *reader, const struct sim_node *node,
                         struct sim_claim *claim)
{
    const struct sim_node *agents = sim_node_get(node, "agents");
    const struct sim_node *fanout = sim_node_get(node, "fanout");
    const struct sim_node *theta = sim_node_get(node, "theta");
    const struct sim_node *primary = sim_node_get(node, "primary");
    const struct sim_node *classes = sim_node_get(node, "classes");
    const struct sim_node *factors = sim_node_get(node, "factors");
    if ((agents != NULL && !read_range(reader, agents, &claim->agents)) ||
        (fanout != NULL && !read_range(reader, fanout, &claim->fanout)) ||
        (classes != NULL && !read_bits(reader, classes, pair_class_name, SIM_PAIR_CLASS_COUNT,
                                       &claim->pair_classes)) ||
        (factors != NULL && !read_factors(reader, factors, claim))) {
        return false;
    }
    if (theta != NULL && (theta->kind != SIM_NODE_SCALAR || strcmp(theta->text, "file") != 0)) {
        return sim_node_fail(theta, reader->error, "theta is the file's");
    }
    if (primary != NULL &&
        (primary->kind != SIM_NODE_SCALAR || strcmp(primary->text, "true") != 0)) {
        return sim_node_fail(primary, reader->error, "primary is true or left out");
    }
    if (!read_given(reader, sim_node_get(node, "given"), claim)) {
        return false;
    }
    claim->theta_of_file = theta != NULL;
    claim->primary = primary != NULL;
    claim->note = text_of(sim_node_get(node, "note"));
    claim->unmeasured = text_of(sim_node_get(node, "unmeasured"));
    return true;
}

static bool read_claim(const struct reader *reader, const char *section,
                       const struct sim_node *node, struct sim_claim *claim)
{
    *claim = (struct sim_claim){.section = section, .agents = {0, UINT32_MAX}};
    if (!check_keys(reader, node) || !read_text(reader, node, "id", &claim->id) ||
        !read_text(reader, node, "quote", &claim->quote) || !read_statistic(reader, node, claim) ||
        !read_options(reader, node, claim) ||
        !read_target(reader, sim_node_get(node, "target"), claim)) {
        return false;
    }
    const struct sim_node *topology = sim_node_get(node, "topology");
    if (topology == NULL) {
        return sim_node_fail(node, reader->error, "a claim has a topology");
    }
    if (!read_bits(reader, topology, topology_name, SIM_TOPOLOGY_COUNT, &claim->topologies) ||
        !check_claim(reader, node, claim)) {
        return false;
    }
    for (const struct sim_claim *other = reader->claims->items; other < claim; other++) {
        if (strcmp(other->id, claim->id) == 0) {
            return sim_node_fail(node, reader->error, "a second claim %s", claim->id);
        }
    }
    return true;
}

// The claims of a section, NULL where there is no list of them.
static const struct sim_node *list_of(const struct sim_node *section)
{
    const struct sim_node *list =
        section->kind == SIM_NODE_MAP ? sim_node_get(section, "claims") : NULL;
    return list != NULL && list->kind == SIM_NODE_LIST ? list : NULL;
}

static bool read_section(const struct reader *reader, const struct sim_node *section)
{
    const struct sim_node *list = list_of(section);
    const char *title = NULL;
    if (list == NULL) {
        return sim_node_fail(section, reader->error, "a section has a title and a list of claims");
    }
    if (!read_text(reader, section, "section", &title)) {
        return false;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        struct sim_claim *claim = &reader->claims->items[reader->claims->count];
        if (!read_claim(reader, title, list->entries[i].value, claim)) {
            return false;
        }
        reader->claims->count++;
    }
    return true;
}

static bool read_document(struct reader *reader, const struct sim_node *root)
{
    const struct sim_node *sections =
        root->kind == SIM_NODE_MAP ? sim_node_get(root, "sections") : NULL;
    if (sections == NULL || sections->kind != SIM_NODE_LIST) {
        return sim_node_fail(root, reader->error, "a list of sections goes here");
    }
    size_t count = 0;
    for (uint32_t i = 0; i < sections->count; i++) {
        const struct sim_node *list = list_of(sections->entries[i].value);
        count += list == NULL ? 0 : list->count;
    }
    struct sim_claims *claims = reader->claims;
    claims->items = sim_arena_array(claims->memory, count, sizeof *claims->items);
    for (uint32_t i = 0; i < sections->count; i++) {
        if (!read_section(reader, sections->entries[i].value)) {
            return false;
        }
    }
    return true;
}

bool sim_claims_parse(struct sim_claims *claims, const char *name, const char *text,
                      struct sim_error *error)
{
    struct sim_arena *arena = sim_arena_create();
    *claims = (struct sim_claims){.memory = arena};
    struct sim_error found = {0};
    struct reader reader = {.claims = claims, .error = &found};
    const struct sim_source *source =
        sim_source_from(arena, SIM_SOURCE_FILE, name, name, text, 0, &found);
    const struct sim_node *root = source == NULL ? NULL : sim_tree_parse(arena, source, &found);
    if (root != NULL && read_document(&reader, root)) {
        return true;
    }
    sim_error_set(error, SIM_ERROR_INTERNAL, "%s", found.text);
    sim_error_at(error, found.file, found.line, found.column, found.excerpt);
    return false;
}

bool sim_claims_init(struct sim_claims *claims, struct sim_error *error)
{
    return sim_claims_parse(claims, "topologies/claims.yaml", sim_claims_text, error);
}

void sim_claims_finish(struct sim_claims *claims)
{
    sim_arena_destroy(claims->memory);
    *claims = (struct sim_claims){0};
}
