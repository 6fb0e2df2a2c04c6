// SPDX-License-Identifier: GPL-3.0-or-later
#include "loading.h"

#include <string.h>
#include <sys/stat.h>

// ---- The command line ----

static bool add_option(struct sim_loading *loading, const char *origin, const char *path,
                       const char *text, const char *value, struct sim_error *error)
{
    struct sim_arena *arena = loading->arena;
    char *name = sim_arena_format(arena, "%s %s", origin, text);
    sim_text_clean(name);
    uint32_t skip = 0;  // what stands before the value, in characters
    for (const char *byte = text; byte < value; byte++) {
        skip += ((unsigned char)*byte & 0xC0) != 0x80;
    }
    const struct sim_source *source =
        sim_source_from(arena, SIM_SOURCE_OPTION, name, origin,
                        sim_arena_copy(arena, value, strlen(value)), skip, error);
    struct sim_assignment *option = &loading->options[loading->option_count];
    const struct sim_source *key_source =  // positions in it count from the start of the text
        sim_source_from(arena, SIM_SOURCE_OPTION, name, origin, text, 0, error);
    if (source == NULL || key_source == NULL) {
        return false;
    }
    *option = (struct sim_assignment){.path = path, .source = key_source, .line = 1, .column = 1};
    if (!sim_assignment_resolve(option, error)) {
        return false;
    }
    if (*value == '\0') {
        return sim_source_fail(source, 1, 1, error, "%s has no value", path);
    }
    option->value = sim_tree_parse(arena, source, error);
    if (option->value == NULL || !sim_assignment_check(option, error)) {
        return false;
    }
    loading->option_count++;
    return true;
}

// --set KEY=VALUE. The key ends at the first '='.
static bool add_set(struct sim_loading *loading, const char *text, struct sim_error *error)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text) {
        return sim_text_fail(error, SIM_ERROR_USAGE,
                             "--set %.200s: expected KEY=VALUE, such as gossip.fanout=10", text);
    }
    char *copy = sim_arena_copy(loading->arena, text, strlen(text));
    const char *path = sim_arena_copy(loading->arena, text, (size_t)(equals - text));
    return add_option(loading, "--set", path, copy, copy + (equals - text) + 1, error);
}

// An option that has a name of its own. What it takes is a matter of usage, not of the scenario.
static bool add_flag(struct sim_loading *loading, const char *origin, const char *path,
                     const char *value, struct sim_error *error)
{
    if (value == NULL) {
        return true;
    }
    const char *copy = sim_arena_copy(loading->arena, value, strlen(value));
    struct sim_error reason = {0};
    if (add_option(loading, origin, path, copy, copy, &reason)) {
        return true;
    }
    return sim_text_fail(error, SIM_ERROR_USAGE, "%s %.200s: %s", origin, value, reason.text);
}

static bool add_options(struct sim_loading *loading, const struct sim_overrides *overrides,
                        struct sim_error *error)
{
    if (overrides == NULL) {
        return true;
    }
    loading->options =
        sim_arena_array(loading->arena, (size_t)overrides->set_count + 3, sizeof *loading->options);
    for (uint32_t i = 0; i < overrides->set_count; i++) {
        if (!add_set(loading, overrides->sets[i], error)) {
            return false;
        }
    }
    return add_flag(loading, "--agents", "agents", overrides->agents, error) &&
           add_flag(loading, "--seed", "seed", overrides->seed, error) &&
           add_flag(loading, "--repeat", "repeat", overrides->repeat, error);
}

// The last option that sets exactly this path.
static const struct sim_node *option_value(const struct sim_loading *loading, const char *path)
{
    for (uint32_t i = loading->option_count; i-- > 0;) {
        if (strcmp(loading->options[i].path, path) == 0) {
            return loading->options[i].value;
        }
    }
    return NULL;
}

bool sim_loading_start(struct sim_loading *loading, struct sim_arena *arena, const char *path,
                       const struct sim_overrides *overrides, struct sim_error *error)
{
    *loading = (struct sim_loading){.arena = arena, .library = {.arena = arena}};
    if (!sim_instances_read(arena, &loading->instances, error)) {
        return false;
    }
    loading->library.recorded = overrides == NULL ? NULL : overrides->recorded;
    const struct sim_source *source = sim_loading_source(&loading->library, path, error);
    if (source == NULL) {
        return false;
    }
    if (strncmp(source->bytes, SIM_EXPORT_HEAD, sizeof SIM_EXPORT_HEAD - 1) == 0) {
        return sim_source_fail(source, 1, 1, error,
                               "an exported run, not a scenario: meshsim run, verify and replay "
                               "take it; the scenario is in it as a text");
    }
    loading->path = source->name;
    loading->file = sim_tree_parse(arena, source, error);
    const struct sim_node *named =
        loading->file == NULL ? NULL : sim_node_get(loading->file, "scenarios");
    if (named != NULL) {
        return sim_node_fail(named, error,
                             "scenarios: a file that names others is for meshsim run; here take "
                             "one of those");
    }
    if (loading->file == NULL || !sim_layer_check(loading->file, error) ||
        !add_options(loading, overrides, error)) {
        return false;
    }
    const struct sim_node *sweep = option_value(loading, "sweep");
    sweep = sweep != NULL ? sweep : sim_node_get(loading->file, "sweep");
    return sim_sweep_read(arena, sweep, loading->options, loading->option_count, &loading->sweep,
                          error);
}

// ---- The topology ----

static bool find_topology(const char *name, enum sim_topology *topology)
{
    for (int i = 0; i < SIM_TOPOLOGY_COUNT; i++) {
        if (strcmp(name, sim_topology_name((enum sim_topology)i)) == 0) {
            *topology = (enum sim_topology)i;
            return true;
        }
    }
    return false;
}

static bool unknown_topology(const struct sim_node *node, struct sim_error *error)
{
    char found[SIM_DESCRIPTION_BYTES];
    const char *nearest = NULL;
    uint32_t least = UINT32_MAX;
    for (int i = 0; i < SIM_TOPOLOGY_COUNT && node->kind == SIM_NODE_SCALAR; i++) {
        const char *name = sim_topology_name((enum sim_topology)i);
        uint32_t distance = sim_edit_distance(name, node->text);
        if (distance < least) {
            least = distance;
            nearest = name;
        }
    }
    sim_node_describe(node, found);
    bool slip = nearest != NULL && sim_edit_is_slip(least, node->text);
    return sim_node_fail(node, error,
                         "topology: expected flat_mesh, single_region_mesh, "
                         "multi_region_mesh, multi_region_leaders, hierarchical or the path of a "
                         "file, found %s%s%s%s",
                         found, slip ? ": did you mean " : "", slip ? nearest : "",
                         slip ? "?" : "");
}

static const struct sim_data_file *recorded_file(const struct sim_recorded *recorded,
                                                 const char *path)
{
    for (uint32_t i = 0; i < recorded->file_count; i++) {
        if (strcmp(recorded->files[i].path, path) == 0) {
            return &recorded->files[i];
        }
    }
    return NULL;
}

const struct sim_source *sim_loading_source(const struct sim_library *library, const char *path,
                                            struct sim_error *error)
{
    if (library->recorded == NULL) {
        return sim_source_read(library->arena, path, error);
    }
    const struct sim_data_file *file = recorded_file(library->recorded, path);
    if (file == NULL) {
        sim_text_fail(error, SIM_ERROR_IO, "the recorded run lacks the file %s", path);
        return NULL;
    }
    return sim_source_from(library->arena, SIM_SOURCE_FILE, file->path, file->path, file->text, 0,
                           error);
}

static bool same_file(const char *path, const char *other)
{
    struct stat facts;
    struct stat of_other;
    return stat(path, &facts) == 0 && stat(other, &of_other) == 0 &&
           facts.st_dev == of_other.st_dev && facts.st_ino == of_other.st_ino;
}

// Takes "x/../" out of a path, as long as that names the same file: x may be a symbolic link.
static const char *shorten(const struct sim_library *library, const char *path)
{
    struct sim_arena *arena = library->arena;
    char *shorter = sim_arena_copy(arena, path, strlen(path));
    for (char *up = strstr(shorter, "/../"); up != NULL; up = strstr(shorter, "/../")) {
        char *start = up;
        while (start > shorter && start[-1] != '/') {
            start--;
        }
        bool is_name = up > start && !(up - start == 2 && strncmp(start, "..", 2) == 0) &&
                       !(up - start == 1 && *start == '.');
        if (!is_name) {
            break;
        }
        memmove(start, up + 4, strlen(up + 4) + 1);
    }
    bool same = library->recorded == NULL ? same_file(path, shorter)
                                          : recorded_file(library->recorded, shorter) != NULL;
    return same ? shorter : path;
}

const char *sim_resolve_path(const struct sim_library *library, const struct sim_node *node)
{
    const char *slash =
        node->source->kind == SIM_SOURCE_FILE ? strrchr(node->source->name, '/') : NULL;
    if (slash == NULL || node->text[0] == '/') {
        return node->text;
    }
    const char *joined =
        sim_arena_format(library->arena, "%.*s%s", (int)(slash + 1 - node->source->name),
                         node->source->name, node->text);
    return shorten(library, joined);
}

static const struct sim_node *read_topology(struct sim_loading *loading,
                                            const struct sim_node *node, const char *path,
                                            struct sim_error *error)
{
    for (const struct sim_topology_file *file = loading->topology_files; file != NULL;
         file = file->next) {
        if (strcmp(file->path, path) == 0) {
            return file->root;
        }
    }
    const struct sim_source *source = sim_loading_source(&loading->library, path, error);
    if (source == NULL) {
        if (error != NULL && error->code == SIM_ERROR_IO) {  // where it was asked for
            struct sim_error place = {0};
            sim_node_fail(node, &place, "unreadable");
            sim_error_at(error, place.file, place.line, place.column, place.excerpt);
        }
        return NULL;
    }
    struct sim_topology_file *file = sim_arena_take(loading->arena, sizeof *file);
    file->next = loading->topology_files;
    file->path = path;
    file->root = sim_tree_parse(loading->arena, source, error);
    if (file->root == NULL || !sim_layer_check(file->root, error)) {
        return NULL;
    }
    loading->topology_files = file;
    return file->root;
}

// The layer below the scenario file: the topology it names, NULL when the file is a topology
// itself.
static bool topology_layer(struct sim_loading *loading, struct sim_cell *cell,
                           const struct sim_node *node, const struct sim_node **layer,
                           struct sim_error *error)
{
    *layer = NULL;
    cell->topology_path = loading->path;
    cell->topology_text = loading->file->source->bytes;
    cell->topology_at = node;
    if (node->kind == SIM_NODE_SCALAR) {
        if (find_topology(node->text, &cell->topology)) {
            return true;
        }
        if (strpbrk(node->text, "/.") == NULL) {
            return unknown_topology(node, error);
        }
        cell->topology_path = sim_resolve_path(&loading->library, node);
        *layer = read_topology(loading, node, cell->topology_path, error);
        cell->topology_text = *layer == NULL ? NULL : (*layer)->source->bytes;
    } else {
        *layer = node;
    }
    if (*layer == NULL) {
        return false;
    }
    const struct sim_node *sweep = sim_node_get(*layer, "sweep");
    if (sweep != NULL) {
        return sim_node_fail(sweep, error, "a topology that a scenario names cannot sweep");
    }
    cell->topology_at = sim_node_get(*layer, "topology");
    if (cell->topology_at == NULL) {
        return sim_node_fail(*layer, error, "topology is missing: the name of a topology");
    }
    return (cell->topology_at->kind == SIM_NODE_SCALAR &&
            find_topology(cell->topology_at->text, &cell->topology)) ||
           unknown_topology(cell->topology_at, error);
}

// ---- One cell ----

static const struct sim_node *last_topology(const struct sim_loading *loading,
                                            const struct sim_assignment *swept,
                                            uint32_t swept_count)
{
    const struct sim_node *node = option_value(loading, "topology");
    for (uint32_t i = 0; i < swept_count && node == NULL; i++) {
        node = strcmp(swept[i].path, "topology") == 0 ? swept[i].value : NULL;
    }
    return node != NULL ? node : sim_node_get(loading->file, "topology");
}

static bool apply(struct sim_arena *scratch, const struct sim_assignment *assignments,
                  uint32_t count, struct sim_cell *cell, struct sim_error *error)
{
    for (uint32_t i = 0; i < count && cell->merged != NULL; i++) {
        cell->merged = sim_assignment_apply(scratch, cell->merged, &assignments[i], error);
    }
    return cell->merged != NULL;
}

// The layers from `base` up to the command line.
static bool merge(const struct sim_loading *loading, struct sim_arena *scratch,
                  const struct sim_node *base, const struct sim_node *layer,
                  const struct sim_assignment *swept, uint32_t swept_count, struct sim_cell *cell,
                  struct sim_error *error)
{
    cell->merged = layer == NULL ? base : sim_layer_merge(scratch, base, layer);
    cell->merged = sim_layer_merge(scratch, cell->merged, loading->file);
    return apply(scratch, swept, swept_count, cell, error) &&
           apply(scratch, loading->options, loading->option_count, cell, error);
}

static bool has_cloud_profile(const struct sim_cell *cell)
{
    const char *path = "network.profile";
    struct sim_value value;
    const struct sim_node *node = sim_node_find(cell->merged, path);
    return node != NULL && sim_key_read(sim_key_find(path), path, node, &value, NULL) &&
           value.low == SIM_PROFILE_CLOUD;
}

bool sim_loading_find_cell(const struct sim_loading *loading, uint32_t *index,
                           struct sim_error *error)
{
    const char *wanted = loading->library.recorded->cell;
    bool found = false;
    for (*index = 0; *index < loading->sweep.cell_count; ++*index) {
        struct sim_arena *scratch = sim_arena_create();
        uint32_t count;
        struct sim_assignment *swept = sim_sweep_cell(scratch, &loading->sweep, *index, &count);
        found = strcmp(sim_cell_text(scratch, swept, count, NULL), wanted) == 0;
        sim_arena_destroy(scratch);
        if (found) {
            return true;
        }
    }
    return sim_text_fail(error, SIM_ERROR_SCENARIO, "%s has no cell \"%.200s\"", loading->path,
                         wanted);
}

bool sim_loading_cell(struct sim_loading *loading, struct sim_arena *scratch, uint32_t index,
                      struct sim_cell *cell, struct sim_error *error)
{
    uint32_t swept_count;
    struct sim_assignment *swept = sim_sweep_cell(scratch, &loading->sweep, index, &swept_count);
    const struct sim_node *named = last_topology(loading, swept, swept_count);
    const struct sim_node *layer;
    *cell = (struct sim_cell){.library = &loading->library, .instances = &loading->instances};
    if (named == NULL) {
        return sim_node_fail(loading->file, error,
                             "topology is missing: a topology's name, or the path of its file");
    }
    if (!topology_layer(loading, cell, named, &layer, error)) {
        return false;
    }
    const struct sim_node **defaults = &loading->defaults[cell->topology];
    if (*defaults == NULL) {
        *defaults = sim_layer_defaults(loading->arena, cell->topology);
    }
    const char *text = sim_cell_text(scratch, swept, swept_count, NULL);
    cell->text = sim_arena_copy(loading->arena, text, strlen(text));
    text = sim_cell_text(scratch, swept, swept_count, "gossip.mode");
    cell->row_text = sim_arena_copy(loading->arena, text, strlen(text));
    if (!merge(loading, scratch, *defaults, layer, swept, swept_count, cell, error)) {
        return false;
    }
    if (!has_cloud_profile(cell)) {
        return true;
    }
    if (loading->cloud == NULL) {
        loading->cloud = sim_layer_cloud(loading->arena);
    }
    const struct sim_node *base = sim_layer_merge(scratch, *defaults, loading->cloud);
    return merge(loading, scratch, base, layer, swept, swept_count, cell, error);
}
