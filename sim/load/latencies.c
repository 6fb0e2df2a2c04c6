// SPDX-License-Identifier: GPL-3.0-or-later
// Latencies of the pair classes: what the settings say, as tables where it takes one.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "loading.h"
#include "mesh/random.h"

struct sim_library_file {
    struct sim_library_file *next;
    const struct sim_source *source;
};

struct sim_library_table {
    struct sim_library_table *next;
    struct sim_shape shape;
    struct sim_quantiles quantiles;
};

// ---- The library ----

static void keep_file(struct sim_library *library, const struct sim_source *source,
                      struct sim_scenario *scenario)
{
    uint32_t count = scenario->data_file_count;
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(scenario->data_files[i].path, source->name) == 0) {
            return;
        }
    }
    struct sim_data_file *files = sim_arena_array(library->arena, count + 1, sizeof *files);
    if (count > 0) {
        memcpy(files, scenario->data_files, count * sizeof *files);
    }
    files[count] = (struct sim_data_file){source->name, source->bytes};
    scenario->data_files = files;
    scenario->data_file_count = count + 1;
}

const struct sim_source *sim_library_read(struct sim_library *library, const struct sim_node *path,
                                          struct sim_scenario *scenario, struct sim_error *error)
{
    const char *name = sim_resolve_path(library, path);
    for (const struct sim_library_file *file = library->files; file != NULL; file = file->next) {
        if (strcmp(file->source->name, name) == 0) {
            keep_file(library, file->source, scenario);
            return file->source;
        }
    }
    const struct sim_source *source = sim_loading_source(library, name, error);
    if (source == NULL) {
        if (error != NULL && error->code == SIM_ERROR_IO) {  // where it was asked for
            struct sim_error place = {0};
            sim_node_fail(path, &place, "unreadable");
            sim_error_at(error, place.file, place.line, place.column, place.excerpt);
        }
        return NULL;
    }
    struct sim_library_file *file = sim_arena_take(library->arena, sizeof *file);
    *file = (struct sim_library_file){library->files, source};
    library->files = file;
    keep_file(library, source, scenario);
    return source;
}

static const struct sim_quantiles *recorded_table(const struct sim_library *library,
                                                  const char *used_for, struct sim_error *error)
{
    const struct sim_recorded *recorded = library->recorded;
    for (uint32_t i = 0; i < recorded->table_count; i++) {
        if (strcmp(recorded->tables[i].used_for, used_for) == 0) {
            return recorded->tables[i].quantiles;
        }
    }
    sim_error_set(error, SIM_ERROR_IO, "the recorded run lacks the table of latencies");
    return NULL;
}

static bool same_shape(const struct sim_shape *a, const struct sim_shape *b)
{
    return a->distribution == b->distribution && a->mean_ns == b->mean_ns &&
           a->deviation_ns == b->deviation_ns && a->minimum_ns == b->minimum_ns &&
           a->maximum_ns == b->maximum_ns && a->exponent == b->exponent &&
           a->sample_count == b->sample_count &&
           (a->sample_count == 0 ||
            memcmp(a->samples_ns, b->samples_ns, a->sample_count * sizeof *a->samples_ns) == 0);
}

static const struct sim_quantiles *tabulate(struct sim_library *library,
                                            const struct sim_shape *shape, struct sim_error *error)
{
    struct sim_library_table *table = library->tables;
    while (table != NULL && !same_shape(&table->shape, shape)) {
        table = table->next;
    }
    if (table == NULL) {
        table = sim_arena_take(library->arena, sizeof *table);
        table->shape = *shape;
        if (!sim_shape_tabulate(shape, &table->quantiles, error)) {
            return NULL;
        }
        table->next = library->tables;
        library->tables = table;
    }
    return &table->quantiles;
}

const struct sim_quantiles *sim_library_tabulate(struct sim_library *library, const char *used_for,
                                                 const struct sim_shape *shape,
                                                 struct sim_scenario *scenario,
                                                 struct sim_error *error)
{
    const struct sim_quantiles *quantiles = library->recorded == NULL
                                                ? tabulate(library, shape, error)
                                                : recorded_table(library, used_for, error);
    if (quantiles == NULL) {
        return NULL;
    }
    uint32_t count = scenario->table_count;
    struct sim_table *tables = sim_arena_array(library->arena, count + 1, sizeof *tables);
    if (count > 0) {
        memcpy(tables, scenario->tables, count * sizeof *tables);
    }
    tables[count] = (struct sim_table){used_for, quantiles};
    scenario->tables = tables;
    scenario->table_count = count + 1;
    return quantiles;
}

// ---- Samples ----

static int ascending(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

// One column, or one of several: the one that the header calls one_way_ms or rtt_ms.
static bool find_column(const struct sim_csv *csv, const struct sim_csv_field *header,
                        uint32_t count, uint32_t *column, bool *round_trip, struct sim_error *error)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (sim_csv_says(&header[i], "rtt_ms") || sim_csv_says(&header[i], "one_way_ms")) {
            *column = i;
            found++;
        }
    }
    if (found > 1) {
        return sim_csv_fail(csv, &header[*column], error,
                            "the header has more than one column of latencies");
    }
    return sim_csv_unit(csv, &header[found == 0 ? 0 : *column], round_trip, error);
}

static bool read_rows(struct sim_arena *arena, struct sim_csv *csv, struct sim_csv_field *fields,
                      struct sim_shape *shape, struct sim_error *error)
{
    uint32_t columns;
    uint32_t column = 0;
    uint32_t count = 0;
    bool round_trip = false;
    if (!sim_csv_row(csv, fields, &columns, error)) {
        return false;
    }
    if (columns == 0) {
        return sim_source_fail(csv->source, 1, 1, error, "no header: one_way_ms or rtt_ms");
    }
    if (!find_column(csv, fields, columns, &column, &round_trip, error)) {
        return false;
    }
    uint64_t *samples = sim_arena_array(arena, csv->source->length, sizeof *samples);
    for (;;) {
        uint32_t found;
        if (!sim_csv_row(csv, fields, &found, error)) {
            return false;
        }
        if (found == 0) {
            break;
        }
        if (found != columns) {
            return sim_csv_fail(csv, &fields[0], error, "%u fields, but the header has %u", found,
                                columns);
        }
        if (!sim_csv_latency(csv, &fields[column], round_trip, &samples[count++], error)) {
            return false;
        }
    }
    if (count < 2) {
        return sim_source_fail(csv->source, 1, 1, error,
                               "%u measurement%s: a distribution takes two at least", count,
                               count == 1 ? "" : "s");
    }
    qsort(samples, count, sizeof *samples, ascending);
    shape->samples_ns = samples;
    shape->sample_count = count;
    return true;
}

static bool read_samples(const struct sim_cell *cell, const struct sim_value *value,
                         struct sim_scenario *scenario, struct sim_shape *shape,
                         struct sim_error *error)
{
    struct sim_arena *arena = cell->library->arena;
    const struct sim_source *source = sim_library_read(cell->library, value->file, scenario, error);
    struct sim_csv csv;
    if (source == NULL) {
        return false;
    }
    sim_csv_start(&csv, source);
    return read_rows(arena, &csv,
                     sim_arena_array(arena, SIM_CSV_FIELDS_MAX, sizeof(struct sim_csv_field)),
                     shape, error);
}

// ---- Classes ----

const struct sim_node *sim_latency_node(const struct sim_cell *cell, enum sim_pair_class pair,
                                        const struct sim_key **key)
{
    for (int round_trip = 0; round_trip < 2; round_trip++) {
        char path[SIM_KEY_PATH_BYTES];
        snprintf(path, sizeof path, "network.latency.%s%s", sim_pair_class_name(pair),
                 round_trip ? "_rtt_ms" : "_ms");
        const struct sim_node *node = sim_node_find(cell->merged, path);
        if (node != NULL) {
            *key = sim_key_find(path);
            return node;
        }
    }
    return NULL;
}

uint64_t sim_accelerated_ns(const struct sim_scenario *scenario, uint64_t delay_ns)
{
    return scenario->global_accelerator
               ? (uint64_t)((mesh_uint128)delay_ns * scenario->accelerator_ppb / SIM_PPB)
               : delay_ns;
}

static void accelerate(const struct sim_scenario *scenario, struct sim_value *value)
{
    struct sim_shape *shape = &value->shape;
    value->low = (int64_t)sim_accelerated_ns(scenario, (uint64_t)value->low);
    value->high = (int64_t)sim_accelerated_ns(scenario, (uint64_t)value->high);
    shape->mean_ns = sim_accelerated_ns(scenario, shape->mean_ns);
    shape->deviation_ns = sim_accelerated_ns(scenario, shape->deviation_ns);
    shape->minimum_ns = sim_accelerated_ns(scenario, shape->minimum_ns);
    shape->maximum_ns = sim_accelerated_ns(scenario, shape->maximum_ns);
}

// The table of a value that is neither constant nor uniform, under the name it is kept by; the
// value's ends become the table's.
static bool tabulate_value(const struct sim_cell *cell, const struct sim_key *key,
                           const char *used_for, const struct sim_node *node,
                           struct sim_value *value, const struct sim_quantiles **table,
                           struct sim_scenario *scenario, struct sim_error *error)
{
    struct sim_error reason = {0};
    *table = sim_library_tabulate(cell->library, used_for, &value->shape, scenario, &reason);
    if (*table == NULL) {
        return sim_node_fail(node, error, "%s: %s", key->path, reason.text);
    }
    value->low = (int64_t)(*table)->points[0];
    value->high = (int64_t)(*table)->points[SIM_QUANTILE_CELLS];
    return true;
}

static bool bind_table(const struct sim_cell *cell, const struct sim_key *key,
                       enum sim_pair_class pair, const struct sim_node *node,
                       struct sim_value *value, struct sim_scenario *scenario,
                       struct sim_error *error)
{
    if (value->distribution == SIM_EMPIRICAL &&
        !read_samples(cell, value, scenario, &value->shape, error)) {
        return false;
    }
    for (uint32_t i = 0; pair == SIM_INTER_REGION && i < value->shape.sample_count; i++) {
        uint64_t *samples_ns = (uint64_t *)value->shape.samples_ns;  // read for this class alone
        samples_ns[i] = sim_accelerated_ns(scenario, samples_ns[i]);
    }
    return tabulate_value(cell, key, sim_pair_class_name(pair), node, value,
                          &scenario->network.quantiles[pair], scenario, error);
}

bool sim_bind_disk(const struct sim_cell *cell, struct sim_scenario *scenario,
                   struct sim_error *error)
{
    const struct sim_key *key = sim_key_find("leaders.disk_ms");
    const struct sim_node *node = sim_node_find(cell->merged, key->path);
    struct sim_value value;
    if (node == NULL) {
        return true;
    }
    if (!sim_key_read(key, key->path, node, &value, error) ||
        (value.distribution == SIM_EMPIRICAL &&
         !read_samples(cell, &value, scenario, &value.shape, error)) ||
        (value.distribution > SIM_UNIFORM &&
         !tabulate_value(cell, key, "disk", node, &value, &scenario->leaders.disk_quantiles,
                         scenario, error))) {
        return false;
    }
    scenario->leaders.disk =
        (struct sim_latency){value.distribution, (uint64_t)value.low, (uint64_t)value.high};
    return true;
}

bool sim_bind_latencies(const struct sim_cell *cell, struct sim_scenario *scenario,
                        struct sim_error *error)
{
    for (int i = 0; i < SIM_PAIR_CLASS_COUNT; i++) {
        enum sim_pair_class pair = (enum sim_pair_class)i;
        const struct sim_key *key;
        const struct sim_node *node = sim_latency_node(cell, pair, &key);
        struct sim_value value;
        if (node == NULL) {
            continue;
        }
        if (!sim_key_read(key, key->path, node, &value, error)) {
            return false;
        }
        if (pair == SIM_INTER_REGION) {
            accelerate(scenario, &value);
        }
        if (value.distribution > SIM_UNIFORM &&
            !bind_table(cell, key, pair, node, &value, scenario, error)) {
            return false;
        }
        scenario->network.latency[pair] =
            (struct sim_latency){value.distribution, (uint64_t)value.low, (uint64_t)value.high};
        bool tier = pair == SIM_EDGE_AGGREGATOR || pair == SIM_AGGREGATOR_COORDINATOR;
        scenario->network.tiers_by_place[pair] = tier && scenario->profile == SIM_PROFILE_CLOUD &&
                                                 node->source->kind == SIM_SOURCE_DEFAULT;
    }
    return true;
}
