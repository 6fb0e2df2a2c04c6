// SPDX-License-Identifier: GPL-3.0-or-later
// Latencies between regions, from a matrix of measurements.
//
//     rtt_ms,       us-east-1, eu-west-1, ap-southeast-1       from a row's region to a column's
//     us-east-1,             ,        71,            236       (or one_way_ms in the corner)
//     eu-west-1,           71,          ,            187
//     ap-southeast-1,     236,       187,
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "csv.h"
#include "embed.h"
#include "loading.h"

SIM_EMBEDDED(sim_cloud_settings);
SIM_EMBEDDED(sim_cloud_regions);

#define MISSING UINT64_MAX
#define SHAPE_ONE (UINT64_C(1) << 32)  // the mean, in the points of the regions' shape

struct matrix {
    struct sim_csv csv;
    struct sim_csv_field *names;  // [count]
    uint64_t *mean_ns;            // [count * count]
    uint32_t count;
};

const struct sim_node *sim_layer_cloud(struct sim_arena *arena)
{
    struct sim_error error = {0};
    const struct sim_source *source = sim_source_from(
        arena, SIM_SOURCE_DEFAULT, "profile cloud", "profile cloud", sim_cloud_settings, 0, &error);
    return sim_tree_parse(arena, source, &error);
}

// ---- The matrix ----

static uint32_t column_of(const struct matrix *matrix, const char *text, size_t length)
{
    for (uint32_t i = 0; i < matrix->count; i++) {
        if (matrix->names[i].length == length && memcmp(matrix->names[i].text, text, length) == 0) {
            return i;
        }
    }
    return matrix->count;
}

static bool read_header(struct sim_arena *arena, struct matrix *matrix,
                        struct sim_csv_field *fields, bool *round_trip, struct sim_error *error)
{
    uint32_t found;
    if (!sim_csv_row(&matrix->csv, fields, &found, error)) {
        return false;
    }
    if (found < 3) {
        return sim_source_fail(matrix->csv.source, 1, 1, error,
                               "expected a header of one_way_ms or rtt_ms and the names of two "
                               "regions at least");
    }
    if (!sim_csv_unit(&matrix->csv, &fields[0], round_trip, error)) {
        return false;
    }
    matrix->names = sim_arena_array(arena, found - 1, sizeof *matrix->names);
    for (uint32_t i = 1; i < found; i++) {
        if (fields[i].length == 0 ||
            column_of(matrix, fields[i].text, fields[i].length) < matrix->count) {
            return sim_csv_fail(&matrix->csv, &fields[i], error, "a region's name is %s",
                                fields[i].length == 0 ? "missing" : "there twice");
        }
        matrix->names[matrix->count++] = fields[i];
    }
    matrix->mean_ns =
        sim_arena_array(arena, (size_t)matrix->count * matrix->count, sizeof *matrix->mean_ns);
    memset(matrix->mean_ns, 0xFF, (size_t)matrix->count * matrix->count * sizeof(uint64_t));
    return true;
}

static bool read_row(struct matrix *matrix, const struct sim_csv_field *fields, uint32_t found,
                     bool round_trip, struct sim_error *error)
{
    uint32_t from = column_of(matrix, fields[0].text, fields[0].length);
    if (from == matrix->count) {
        return sim_csv_fail(&matrix->csv, &fields[0], error,
                            "the header has no region of this name");
    }
    if (found != matrix->count + 1) {
        return sim_csv_fail(&matrix->csv, &fields[0], error, "%u fields, but the header has %u",
                            found, matrix->count + 1);
    }
    for (uint32_t to = 0; to < matrix->count; to++) {
        const struct sim_csv_field *field = &fields[to + 1];
        uint64_t *mean_ns = &matrix->mean_ns[(size_t)from * matrix->count + to];
        if (field->length == 0) {
            continue;
        }
        if (from == to) {
            return sim_csv_fail(&matrix->csv, field, error,
                                "within a region same_region_ms decides: leave this field empty");
        }
        if (*mean_ns != MISSING) {
            return sim_csv_fail(&matrix->csv, &fields[0], error, "a second row of this region");
        }
        if (!sim_csv_latency(&matrix->csv, field, round_trip, mean_ns, error)) {
            return false;
        }
        if (*mean_ns == 0) {
            return sim_csv_fail(&matrix->csv, field, error, "two regions are some way apart");
        }
    }
    return true;
}

static bool read_matrix(struct sim_arena *arena, const struct sim_source *source,
                        struct matrix *matrix, struct sim_error *error)
{
    bool round_trip = false;
    uint32_t found = 0;
    struct sim_csv_field *fields = sim_arena_array(arena, SIM_CSV_FIELDS_MAX, sizeof *fields);
    *matrix = (struct matrix){0};
    sim_csv_start(&matrix->csv, source);
    if (!read_header(arena, matrix, fields, &round_trip, error)) {
        return false;
    }
    do {
        if (!sim_csv_row(&matrix->csv, fields, &found, error) ||
            (found > 0 && !read_row(matrix, fields, found, round_trip, error))) {
            return false;
        }
    } while (found > 0);
    return true;
}

// ---- Regions to columns ----

static bool is_part_of_name(char byte)
{
    return isalnum((unsigned char)byte) || byte == '-' || byte == '_';
}

// "AWS us-east-1" names us-east-1.
static uint32_t column_in(const struct matrix *matrix, const char *location)
{
    const char *at = location;
    while (*at != '\0') {
        const char *end = at;
        while (is_part_of_name(*end)) {
            end++;
        }
        uint32_t column = column_of(matrix, at, (size_t)(end - at));
        if (end > at && column < matrix->count) {
            return column;
        }
        at = end > at ? end : at + 1;
    }
    return matrix->count;
}

static bool unknown_region(const struct matrix *matrix, const struct sim_node *node,
                           const struct sim_region *region, struct sim_error *error)
{
    char known[600] = "";
    size_t length = 0;
    for (uint32_t i = 0; i < matrix->count && length < sizeof known - 40; i++) {
        int cut = (int)(matrix->names[i].length < 30 ? matrix->names[i].length : 30);
        length += (size_t)snprintf(known + length, sizeof known - length, "%s%.*s",
                                   i == 0 ? "" : ", ", cut, matrix->names[i].text);
    }
    return sim_node_fail(node, error,
                         "no latencies are known for region %.60s; %s knows %s: name it so, say it "
                         "in location, or give network.latency.inter_region_ms or a file under "
                         "network.latency.regions",
                         region->name, matrix->csv.source->name, known);
}

// Regions that nobody named take the matrix's in order.
static bool find_columns(const struct sim_cell *cell, const struct sim_scenario *scenario,
                         const struct matrix *matrix, uint32_t *columns, struct sim_error *error)
{
    const struct sim_node *list = sim_node_get(cell->merged, "regions");
    for (uint32_t i = 0; i < scenario->region_count; i++) {
        const struct sim_region *region = &scenario->regions[i];
        columns[i] = list == NULL ? i : column_of(matrix, region->name, strlen(region->name));
        if (columns[i] >= matrix->count && region->location != NULL) {
            columns[i] = column_in(matrix, region->location);
        }
        if (columns[i] >= matrix->count) {
            const struct sim_node *node =
                list == NULL ? cell->topology_at : sim_node_get(list->entries[i].value, "name");
            return unknown_region(matrix, node, region, error);
        }
    }
    return true;
}

static bool pick_means(const struct sim_cell *cell, const struct sim_scenario *scenario,
                       const struct matrix *matrix, uint64_t *means, struct sim_error *error)
{
    uint32_t count = scenario->region_count;
    uint32_t *columns = sim_arena_array(cell->library->arena, count, sizeof *columns);
    if (!find_columns(cell, scenario, matrix, columns, error)) {
        return false;
    }
    for (uint32_t from = 0; from < count; from++) {
        for (uint32_t to = 0; to < count; to++) {
            uint64_t mean_ns = matrix->mean_ns[(size_t)columns[from] * matrix->count + columns[to]];
            if (columns[from] != columns[to] && mean_ns == MISSING) {
                return sim_csv_fail(&matrix->csv, &matrix->names[columns[to]], error,
                                    "no latency from %.60s to %.60s", scenario->regions[from].name,
                                    scenario->regions[to].name);
            }
            if (from != to && columns[from] == columns[to]) {
                return sim_csv_fail(&matrix->csv, &matrix->names[columns[to]], error,
                                    "regions %.60s and %.60s are both this one",
                                    scenario->regions[from].name, scenario->regions[to].name);
            }
            means[(size_t)from * count + to] =
                from == to ? 0 : sim_accelerated_ns(scenario, mean_ns);
        }
    }
    return true;
}

// ---- The whole ----

// The matrix that decides, if one does: the user's, or that of profile cloud where the user left
// inter_region_ms alone.
static bool find_matrix(const struct sim_cell *cell, struct sim_scenario *scenario,
                        const struct sim_source **source, struct sim_error *error)
{
    const struct sim_node *file = sim_node_find(cell->merged, "network.latency.regions");
    const struct sim_key *key;
    const struct sim_node *between = sim_latency_node(cell, SIM_INTER_REGION, &key);
    bool left = between == NULL || between->source->kind == SIM_SOURCE_DEFAULT;
    *source = NULL;
    if (scenario->region_count < 2) {
        return true;
    }
    if (file != NULL) {
        *source = sim_library_read(cell->library, file, scenario, error);
        return *source != NULL;
    }
    if (scenario->profile == SIM_PROFILE_CLOUD && left) {
        *source = sim_source_from(cell->library->arena, SIM_SOURCE_DEFAULT, "profile cloud",
                                  "profile cloud", sim_cloud_regions, 0, error);
        return *source != NULL;
    }
    return true;
}

bool sim_bind_region_pairs(const struct sim_cell *cell, struct sim_scenario *scenario,
                           struct sim_error *error)
{
    struct sim_arena *arena = cell->library->arena;
    const struct sim_source *source;
    struct matrix matrix;
    if (!find_matrix(cell, scenario, &source, error)) {
        return false;
    }
    if (source == NULL) {
        return true;
    }
    size_t pairs = (size_t)scenario->region_count * scenario->region_count;
    uint64_t *means = sim_arena_array(arena, pairs, sizeof *means);
    if (!read_matrix(arena, source, &matrix, error) ||
        !pick_means(cell, scenario, &matrix, means, error)) {
        return false;
    }
    const struct sim_shape shape = {
        .distribution = SIM_LOGNORMAL,
        .mean_ns = SHAPE_ONE,
        .deviation_ns = (uint64_t)scenario->regions_jitter_ppb * SHAPE_ONE / SIM_PPB,
        .minimum_ns = SHAPE_ONE / 2,
    };
    const struct sim_quantiles *table =
        sim_library_tabulate(cell->library, "regions", &shape, scenario, error);
    scenario->network.regions = (struct sim_region_settings){scenario->region_count, means, table};
    return table != NULL;
}
