// SPDX-License-Identifier: GPL-3.0-or-later
// Reading an exported run (export.h). It is refused at the first thing that is not as it was
// written: cut off, then a part with another hash, then anything else.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "allocate.h"
#include "base64.h"
#include "export.h"
#include "handle.h"
#include "tree.h"

struct importing {
    struct sim_arena *arena;
    struct sim_recording *recording;
    struct sim_error *error;
};

// ---- The file ----

bool sim_recording_is_export(const char *path)
{
    char head[sizeof SIM_EXPORT_HEAD] = "";
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return false;
    }
    size_t count = fread(head, 1, sizeof head - 1, file);
    fclose(file);
    return count == sizeof head - 1 && memcmp(head, SIM_EXPORT_HEAD, count) == 0;
}

// A NUL is put behind the bytes, which the arena keeps.
static char *read_file(struct sim_arena *arena, const char *path, size_t *length,
                       struct sim_error *error)
{
    size_t capacity = (size_t)1 << 16;
    char *bytes = sim_memory_zeroed(capacity);
    FILE *file = fopen(path, "r");
    *length = 0;
    while (file != NULL && !feof(file) && !ferror(file) && *length <= SIM_EXPORT_BYTES_MAX) {
        if (*length == capacity) {
            capacity *= 2;
            bytes = sim_memory_resize(bytes, capacity);
        }
        *length += fread(bytes + *length, 1, capacity - *length, file);
    }
    char *copy = NULL;
    if (file == NULL || ferror(file)) {
        sim_error_set(error, SIM_ERROR_IO, "cannot read %s: %s", path, strerror(errno));
    } else if (*length > SIM_EXPORT_BYTES_MAX) {
        sim_error_set(error, SIM_ERROR_SCENARIO, "%s: larger than %zu MiB, which no run is", path,
                      SIM_EXPORT_BYTES_MAX >> 20);
    } else {
        copy = sim_arena_copy(arena, bytes, *length);
    }
    if (file != NULL) {
        fclose(file);
    }
    sim_memory_free(bytes);
    return copy;
}

static uint32_t lines_of(const char *text, size_t length)
{
    uint32_t lines = 1;
    for (size_t i = 0; i + 1 < length; i++) {
        lines += text[i] == '\n';
    }
    return lines;
}

// Whether the file is of this format and has its last line.
static bool check_ends(struct importing *importing, const struct sim_source *source)
{
    size_t head = sizeof SIM_EXPORT_HEAD - 1;
    size_t tail = sizeof SIM_EXPORT_TAIL - 1 + SIM_EXPORT_HASH_BYTES - 1 + 2;  // quote, line end
    unsigned long format = 0;
    if (source->length < head || memcmp(source->bytes, SIM_EXPORT_HEAD, head) != 0) {
        return sim_source_fail(source, 1, 1, importing->error,
                               "not an exported run: it would begin with \"" SIM_EXPORT_HEAD
                               "%d\"; \"meshsim export RUN -o FILE\" writes one",
                               SIM_EXPORT_FORMAT);
    }
    format = strtoul(source->bytes + head, NULL, 10);
    if (format != SIM_EXPORT_FORMAT) {
        return sim_source_fail(source, 1, (uint32_t)head + 1, importing->error,
                               "an exported run of format %lu, and this meshsim reads format %d: "
                               "use the meshsim that wrote it",
                               format, SIM_EXPORT_FORMAT);
    }
    const char *last = source->length < tail ? NULL : source->bytes + source->length - tail;
    if (last == NULL || last[-1] != '\n' ||
        memcmp(last, SIM_EXPORT_TAIL, sizeof SIM_EXPORT_TAIL - 1) != 0 ||
        source->bytes[source->length - 1] != '\n') {
        return sim_source_fail(source, lines_of(source->bytes, source->length), 1, importing->error,
                               "cut off: the last line of an exported run, \"content: ...\", is "
                               "not there");
    }
    return true;
}

// Every byte of the file, now that its parts are as they say.
static bool check_content(struct importing *importing, const struct sim_source *source,
                          const struct sim_node *root)
{
    const struct sim_node *content = sim_node_get(root, "content");
    const char *last = strstr(sim_source_at(source, content->line, 1), SIM_EXPORT_TAIL);
    char hash[SIM_EXPORT_HASH_BYTES];
    sim_export_hash(source->bytes, (size_t)(last - source->bytes), hash);
    return strcmp(hash, content->text) == 0 ||
           sim_node_fail(content, importing->error,
                         "the file was changed since it was exported: what stands before this line "
                         "has the hash %s",
                         hash);
}

// ---- Values ----

static const struct sim_node *field(struct importing *importing, const struct sim_node *map,
                                    const char *key, enum sim_node_kind kind)
{
    static const char *const kinds[] = {"a value", "a list", "a mapping"};
    const struct sim_node *node = map->kind == SIM_NODE_MAP ? sim_node_get(map, key) : NULL;
    if (node == NULL) {
        sim_node_fail(map, importing->error, "expected a mapping with the key %s", key);
        return NULL;
    }
    if (node->kind != kind) {
        char found[SIM_DESCRIPTION_BYTES];
        sim_node_describe(node, found);
        sim_node_fail(node, importing->error, "%s: expected %s, found %s", key, kinds[kind], found);
        return NULL;
    }
    return node;
}

static bool take_text(struct importing *importing, const struct sim_node *map, const char *key,
                      const char **text)
{
    const struct sim_node *node = field(importing, map, key, SIM_NODE_SCALAR);
    *text = node == NULL ? "" : node->text;
    return node != NULL;
}

// A whole number of the base, alone in the text.
static bool take_number(struct importing *importing, const struct sim_node *map, const char *key,
                        int base, uint64_t most, uint64_t *value)
{
    const struct sim_node *node = field(importing, map, key, SIM_NODE_SCALAR);
    if (node == NULL) {
        return false;
    }
    char *end = NULL;
    errno = 0;
    *value = strtoull(node->text, &end, base);
    if (errno != 0 || *end != '\0' || strchr("0123456789abcdef", node->text[0]) == NULL ||
        node->text[0] == '\0' || *value > most) {
        return sim_node_fail(node, importing->error,
                             "%s: expected a %s number up to %" PRIu64 ", found \"%.40s\"", key,
                             base == 16 ? "hexadecimal" : "whole", most, node->text);
    }
    return true;
}

static bool take_count(struct importing *importing, const struct sim_node *map, const char *key,
                       uint32_t *value)
{
    uint64_t number = 0;
    bool fine = take_number(importing, map, key, 10, UINT32_MAX, &number);
    *value = (uint32_t)number;
    return fine;
}

static bool take_flag(struct importing *importing, const struct sim_node *map, const char *key,
                      bool *value)
{
    const struct sim_node *node = field(importing, map, key, SIM_NODE_SCALAR);
    *value = node != NULL && strcmp(node->text, "true") == 0;
    return node != NULL &&
           (*value || strcmp(node->text, "false") == 0 ||
            sim_node_fail(node, importing->error, "%s: expected true or false, found \"%.40s\"",
                          key, node->text));
}

// Nothing stands there that would be ignored.
static bool only(struct importing *importing, const struct sim_node *map, const char *const *keys)
{
    for (uint32_t i = 0; i < map->count; i++) {
        uint32_t at = 0;
        while (keys[at] != NULL && strcmp(keys[at], map->entries[i].key->text) != 0) {
            at++;
        }
        if (keys[at] == NULL) {
            return sim_node_fail(map->entries[i].key, importing->error,
                                 "an exported run has no key %.80s", map->entries[i].key->text);
        }
    }
    return true;
}

// ---- The parts ----

static bool read_head(struct importing *importing, const struct sim_node *root)
{
    static const char *const keys[] = {"meshsim_run", "engine",   "scenario",    "cell",
                                       "topology",    "row",      "agents",      "seed",
                                       "repeat",      "complete", "fingerprint", "digest",
                                       "results",     "sources",  "tables",      "compressions",
                                       "repetitions", "content",  NULL};
    struct sim_recording *recording = importing->recording;
    const char *content;
    return take_text(importing, root, "engine", &recording->engine_version) &&
           only(importing, root, keys) &&
           take_text(importing, root, "scenario", &recording->scenario) &&
           take_text(importing, root, "cell", &recording->cell) &&
           take_text(importing, root, "topology", &recording->topology) &&
           take_count(importing, root, "row", &recording->row) &&
           take_count(importing, root, "agents", &recording->agents) &&
           take_number(importing, root, "seed", 10, UINT64_MAX, &recording->seed) &&
           take_count(importing, root, "repeat", &recording->repeat) &&
           take_flag(importing, root, "complete", &recording->complete) &&
           take_number(importing, root, "fingerprint", 16, UINT64_MAX, &recording->fingerprint) &&
           take_number(importing, root, "digest", 16, UINT64_MAX, &recording->digest) &&
           take_text(importing, root, "content", &content);
}

static bool check_hash(struct importing *importing, const struct sim_node *at, const char *given,
                       const char *hash)
{
    return strcmp(given, hash) == 0 ||
           sim_node_fail(at, importing->error,
                         "this was changed since it was exported: its hash is %s and was %.40s",
                         hash, given);
}

static bool read_source(struct importing *importing, const struct sim_node *item,
                        struct sim_store_source *source)
{
    static const char *const keys[] = {"kind", "name", "hash", "text", NULL};
    const char *given;
    char hash[SIM_EXPORT_HASH_BYTES];
    if (!take_text(importing, item, "kind", &source->kind) || !only(importing, item, keys) ||
        !take_text(importing, item, "name", &source->name) ||
        !take_text(importing, item, "hash", &given) ||
        !take_text(importing, item, "text", &source->text)) {
        return false;
    }
    sim_export_hash(source->text, strlen(source->text), hash);
    return check_hash(importing, sim_node_get(item, "text"), given, hash);
}

static bool read_sources(struct importing *importing, const struct sim_node *root)
{
    const struct sim_node *list = field(importing, root, "sources", SIM_NODE_LIST);
    if (list == NULL) {
        return false;
    }
    struct sim_store_source *sources =
        sim_arena_array(importing->arena, list->count + 1, sizeof *sources);
    importing->recording->sources = sources;
    for (uint32_t i = 0; i < list->count; i++) {
        if (!read_source(importing, list->entries[i].value, &sources[i])) {
            return false;
        }
        importing->recording->source_count++;
    }
    return true;
}

static bool read_table(struct importing *importing, const struct sim_node *item,
                       struct sim_table *table)
{
    static const char *const keys[] = {"used_for", "hash", "points", NULL};
    unsigned char bytes[SIM_STORE_TABLE_BYTES];
    char hash[17];
    const char *name;
    const char *given;
    const char *points;
    if (!take_text(importing, item, "used_for", &name) || !only(importing, item, keys) ||
        !take_text(importing, item, "hash", &given) ||
        !take_text(importing, item, "points", &points)) {
        return false;
    }
    const struct sim_node *at = sim_node_get(item, "points");
    if (!sim_base64_read(points, bytes, sizeof bytes)) {
        return sim_node_fail(at, importing->error, "not a table: expected %zu bytes in base64",
                             sizeof bytes);
    }
    snprintf(hash, sizeof hash, "%016" PRIx64, (uint64_t)XXH3_64bits(bytes, sizeof bytes));
    struct sim_quantiles *quantiles = sim_memory_zeroed(sizeof *quantiles);
    char *used_for = sim_memory_zeroed(strlen(name) + 1);
    memcpy(used_for, name, strlen(name) + 1);
    sim_store_unpack_table(bytes, quantiles);
    *table = (struct sim_table){used_for, quantiles};
    return check_hash(importing, at, given, hash);
}

static bool read_tables(struct importing *importing, const struct sim_node *root)
{
    const struct sim_node *list = field(importing, root, "tables", SIM_NODE_LIST);
    struct sim_recording *recording = importing->recording;
    if (list == NULL) {
        return false;
    }
    recording->tables = sim_memory_zeroed((list->count + 1) * sizeof *recording->tables);
    recording->table_count = list->count;
    for (uint32_t i = 0; i < list->count; i++) {
        if (!read_table(importing, list->entries[i].value, &recording->tables[i])) {
            return false;
        }
    }
    return true;
}

// A number and the blank or line end behind it.
static bool next_number(const char **text, int base, char end, uint64_t *value)
{
    char *stop = NULL;
    errno = 0;
    *value = strtoull(*text, &stop, base);
    bool fine = errno == 0 && stop != *text && *stop == end;
    *text = fine ? stop + 1 : *text;
    return fine;
}

// Another version may have other tables.
static bool read_results(struct importing *importing, const struct sim_node *root)
{
    const struct sim_node *node = field(importing, root, "results", SIM_NODE_SCALAR);
    if (node == NULL) {
        return false;
    }
    struct sim_table_digest *digests =
        sim_arena_array(importing->arena, lines_of(node->text, node->length) + 1, sizeof *digests);
    for (const char *line = node->text; *line != '\0';) {
        size_t length = strcspn(line, " \n");
        const char *number = line + length + 1;
        uint64_t digest;
        if (length == 0 || line[length] != ' ' || !next_number(&number, 16, '\n', &digest)) {
            return sim_node_fail(node, importing->error,
                                 "expected lines of a table and a digest, found \"%.*s\"",
                                 (int)strcspn(line, "\n"), line);
        }
        digests[importing->recording->table_digest_count++] =
            (struct sim_table_digest){sim_arena_copy(importing->arena, line, length), digest};
        line = number;
    }
    importing->recording->table_digests = digests;
    return true;
}

static bool read_class(const char **line, struct sim_compression *compression)
{
    uint32_t payload = 0;
    uint64_t from = 0;
    uint64_t encoded = 0;
    uint64_t compressed = 0;
    size_t length = strcspn(*line, " ");
    while (payload < SIM_PAYLOAD_COUNT &&
           (strlen(sim_payload_name((enum sim_payload)payload)) != length ||
            memcmp(sim_payload_name((enum sim_payload)payload), *line, length) != 0)) {
        payload++;
    }
    if (payload == SIM_PAYLOAD_COUNT || (*line)[length] != ' ') {
        return false;
    }
    const char *at = *line + length + 1;
    if (!next_number(&at, 10, ' ', &from) || !next_number(&at, 10, ' ', &encoded) ||
        !next_number(&at, 10, '\n', &compressed) || from == 0 || from >> SIM_SIZE_CLASSES != 0 ||
        encoded == 0 || encoded > UINT32_MAX || compressed > UINT32_MAX) {
        return false;
    }
    compression->measured = true;
    compression->classes[payload][63 - __builtin_clzll(from)] =
        (struct sim_compressed){(uint32_t)encoded, (uint32_t)compressed};
    *line = at;
    return true;
}

static bool read_compressions(struct importing *importing, const struct sim_node *root)
{
    const struct sim_node *node = field(importing, root, "compressions", SIM_NODE_SCALAR);
    for (const char *line = node == NULL ? "" : node->text; *line != '\0';) {
        if (!read_class(&line, &importing->recording->compression)) {
            return sim_node_fail(node, importing->error,
                                 "expected lines of a payload and three numbers, found \"%.*s\"",
                                 (int)strcspn(line, "\n"), line);
        }
    }
    return node != NULL;
}

static bool read_checkpoints(struct importing *importing, const struct sim_node *node,
                             struct sim_recorded_repetition *repetition)
{
    struct sim_checkpoint *checkpoints = sim_arena_array(
        importing->arena, lines_of(node->text, node->length) + 1, sizeof *checkpoints);
    for (const char *line = node->text; *line != '\0';) {
        struct sim_checkpoint *checkpoint = &checkpoints[repetition->checkpoint_count++];
        if (!next_number(&line, 10, ' ', &checkpoint->time_ns) ||
            !next_number(&line, 10, ' ', &checkpoint->events) ||
            !next_number(&line, 16, '\n', &checkpoint->fingerprint)) {
            return sim_node_fail(node, importing->error,
                                 "expected lines \"time_ns events fingerprint\", found \"%.*s\"",
                                 (int)strcspn(line, "\n"), line);
        }
    }
    repetition->checkpoints = checkpoints;
    return repetition->checkpoint_count > 0 ||
           sim_node_fail(node, importing->error, "there are no checkpoints");
}

static bool read_repetition(struct importing *importing, const struct sim_node *item,
                            struct sim_recorded_repetition *repetition)
{
    static const char *const keys[] = {"seed",   "interrupted", "fingerprint", "simulated_ns",
                                       "events", "checkpoints", NULL};
    const struct sim_node *checkpoints;
    return take_number(importing, item, "seed", 10, UINT64_MAX, &repetition->seed) &&
           only(importing, item, keys) &&
           take_flag(importing, item, "interrupted", &repetition->interrupted) &&
           take_number(importing, item, "fingerprint", 16, UINT64_MAX, &repetition->fingerprint) &&
           take_number(importing, item, "simulated_ns", 10, INT64_MAX, &repetition->simulated_ns) &&
           take_number(importing, item, "events", 10, INT64_MAX, &repetition->events) &&
           (checkpoints = field(importing, item, "checkpoints", SIM_NODE_SCALAR)) != NULL &&
           read_checkpoints(importing, checkpoints, repetition);
}

static bool read_repetitions(struct importing *importing, const struct sim_node *root)
{
    const struct sim_node *list = field(importing, root, "repetitions", SIM_NODE_LIST);
    if (list == NULL) {
        return false;
    }
    struct sim_recorded_repetition *items =
        sim_arena_array(importing->arena, list->count + 1, sizeof *items);
    importing->recording->repetitions = items;
    importing->recording->repetition_count = list->count;
    for (uint32_t i = 0; i < list->count; i++) {
        items[i].repetition = i;
        if (!read_repetition(importing, list->entries[i].value, &items[i])) {
            return false;
        }
    }
    return list->count > 0 || sim_node_fail(list, importing->error, "there are no repetitions");
}

bool sim_recording_import(const char *path, struct sim_recording *recording,
                          struct sim_error *error)
{
    struct sim_arena *arena = sim_arena_create();
    struct importing importing = {arena, recording, error};
    *recording = (struct sim_recording){.memory = arena};
    size_t length;
    char *bytes = read_file(arena, path, &length, error);
    if (bytes == NULL) {
        return false;
    }
    const char *name = sim_arena_copy(arena, path, strlen(path));
    recording->origin = name;
    if (strlen(bytes) != length) {
        return sim_error_set(error, SIM_ERROR_SCENARIO, "%s: a NUL byte in it: not a text", path);
    }
    const struct sim_source *source =
        sim_source_from(arena, SIM_SOURCE_FILE, name, name, bytes, 0, error);
    if (source == NULL || !check_ends(&importing, source)) {
        return false;
    }
    const struct sim_node *root = sim_tree_parse_long(arena, source, error);
    if (root == NULL || !read_head(&importing, root) || !read_results(&importing, root) ||
        !read_sources(&importing, root) || !read_tables(&importing, root) ||
        !read_compressions(&importing, root) || !read_repetitions(&importing, root) ||
        !check_content(&importing, source, root)) {
        return false;
    }
    return sim_recording_file(recording) != NULL ||
           sim_node_fail(sim_node_get(root, "sources"), error, "there is no scenario among them");
}
