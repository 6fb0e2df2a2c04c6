// SPDX-License-Identifier: GPL-3.0-or-later
// libyaml's events put together to a tree, with an explicit stack and every limit of tree.h.
#include <yaml.h>

#include <string.h>

#include "tree.h"

struct frame {
    struct sim_node *node;       // the list or mapping being read
    const struct sim_node *key;  // of a mapping: the key whose value comes next
    uint32_t capacity;           // of node->entries
};

struct anchor {
    const char *name;
    const struct sim_node *node;
};

struct reader {
    yaml_parser_t yaml;
    struct sim_arena *arena;
    const struct sim_source *source;
    struct sim_error *error;
    const struct sim_node *root;
    uint64_t expanded;  // nodes so far, aliases expanded
    size_t scalar_bytes_max;
    uint32_t depth;
    uint32_t anchor_count;
    struct frame frames[SIM_TREE_DEPTH_MAX];
    struct anchor anchors[SIM_TREE_ANCHORS_MAX];
};

#define FAIL_AT(reader, mark, ...)                                                            \
    sim_source_fail((reader)->source, (uint32_t)(mark).line + 1, (uint32_t)(mark).column + 1, \
                    (reader)->error, __VA_ARGS__)

// What libyaml says is wrong, in its words, except where they do not help.
static bool syntax_error(struct reader *reader)
{
    const yaml_parser_t *yaml = &reader->yaml;
    if (yaml->error == YAML_MEMORY_ERROR) {
        return sim_error_set(reader->error, SIM_ERROR_INTERNAL, "out of memory");
    }
    yaml_mark_t mark = yaml->problem_mark;
    const char *problem = yaml->problem == NULL ? "no reason given" : yaml->problem;
    if (yaml->error == YAML_READER_ERROR) {  // sim_source_read lets nothing of the kind through
        return sim_source_fail(reader->source, 1, 1, reader->error, "not YAML: %s at byte %zu",
                               problem, yaml->problem_offset);
    }
    if (*sim_source_at(reader->source, (uint32_t)mark.line + 1, (uint32_t)mark.column + 1) ==
        '\t') {
        return FAIL_AT(reader, mark, "a tab where YAML takes none: indent with spaces");
    }
    if (yaml->context != NULL &&
        sim_source_at(reader->source, UINT32_MAX, 1) ==
            sim_source_at(reader->source, (uint32_t)mark.line + 1, (uint32_t)mark.column + 1)) {
        mark = yaml->context_mark;  // at the end of the text: what was left open is worth more
    }
    return FAIL_AT(reader, mark, "not YAML: %s%s%s", yaml->context == NULL ? "" : yaml->context,
                   yaml->context == NULL ? "" : ": ", problem);
}

static bool check_size(struct reader *reader, yaml_mark_t mark, uint64_t more, bool alias)
{
    reader->expanded += more;
    if (reader->expanded <= SIM_TREE_NODES_MAX) {
        return true;
    }
    if (alias) {
        return FAIL_AT(reader, mark,
                       "with this alias the file expands to %llu keys and values; "
                       "at most %d are read",
                       (unsigned long long)reader->expanded, SIM_TREE_NODES_MAX);
    }
    return FAIL_AT(reader, mark, "more than %d keys and values", SIM_TREE_NODES_MAX);
}

static bool take_key(struct reader *reader, struct frame *frame, const struct sim_node *key,
                     yaml_mark_t mark)
{
    if (key->kind != SIM_NODE_SCALAR) {
        return FAIL_AT(reader, mark, "a key must be a plain name, not a list or a mapping");
    }
    if (strcmp(key->text, "<<") == 0 && !key->quoted) {
        return FAIL_AT(reader, mark,
                       "merge keys (<<) are not part of the format; "
                       "write the keys out, or use an alias as a value");
    }
    for (uint32_t i = 0; i < frame->node->count; i++) {
        const struct sim_node *other = frame->node->entries[i].key;
        if (strcmp(other->text, key->text) == 0) {
            char text[SIM_DESCRIPTION_BYTES];
            sim_node_describe(key, text);
            return FAIL_AT(reader, mark, "the key %s stands twice, first in line %u", text,
                           other->line);
        }
    }
    if (frame->node->count == SIM_TREE_KEYS_MAX) {
        return FAIL_AT(reader, mark, "more than %d keys in one mapping", SIM_TREE_KEYS_MAX);
    }
    frame->key = key;
    return true;
}

// Puts a node where it belongs: into the innermost list or mapping, or at the root.
static bool attach(struct reader *reader, const struct sim_node *node, yaml_mark_t mark)
{
    if (reader->depth == 0) {
        reader->root = node;
        return true;
    }
    struct frame *frame = &reader->frames[reader->depth - 1];
    struct sim_node *parent = frame->node;
    if (parent->kind == SIM_NODE_MAP && frame->key == NULL) {
        return take_key(reader, frame, node, mark);
    }
    if (parent->count == frame->capacity) {
        frame->capacity = frame->capacity == 0 ? 8 : 2 * frame->capacity;
        struct sim_entry *larger = sim_arena_array(reader->arena, frame->capacity, sizeof *larger);
        if (parent->count > 0) {
            memcpy(larger, parent->entries, parent->count * sizeof *larger);
        }
        parent->entries = larger;
    }
    parent->entries[parent->count++] = (struct sim_entry){frame->key, node};
    frame->key = NULL;
    return true;
}

static struct sim_node *new_node(struct reader *reader, enum sim_node_kind kind, yaml_mark_t mark)
{
    struct sim_node *node = sim_arena_take(reader->arena, sizeof *node);
    node->source = reader->source;
    node->line = (uint32_t)mark.line + 1;
    node->column = (uint32_t)mark.column + 1;
    node->kind = kind;
    return node;
}

static bool remember_anchor(struct reader *reader, const yaml_char_t *name,
                            const struct sim_node *node, yaml_mark_t mark)
{
    if (name == NULL) {
        return true;
    }
    if (reader->anchor_count == SIM_TREE_ANCHORS_MAX) {
        return FAIL_AT(reader, mark, "more than %d anchors", SIM_TREE_ANCHORS_MAX);
    }
    const char *text = (const char *)name;
    reader->anchors[reader->anchor_count++] =
        (struct anchor){sim_arena_copy(reader->arena, text, strlen(text)), node};
    return true;
}

static bool check_tag(struct reader *reader, const yaml_char_t *tag, yaml_mark_t mark)
{
    return tag == NULL ||
           FAIL_AT(reader, mark, "tags (%.40s) are not part of the format; write the plain value",
                   (const char *)tag);
}

static bool read_scalar(struct reader *reader, const yaml_event_t *event)
{
    yaml_mark_t mark = event->start_mark;
    const char *bytes = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (!check_tag(reader, event->data.scalar.tag, mark) || !check_size(reader, mark, 1, false)) {
        return false;
    }
    if (length > reader->scalar_bytes_max) {
        return FAIL_AT(reader, mark, "a value of %zu bytes; at most %zu are read", length,
                       reader->scalar_bytes_max);
    }
    if (memchr(bytes, '\0', length) != NULL) {
        return FAIL_AT(reader, mark, "a value with a NUL byte in it");
    }
    struct sim_node *node = new_node(reader, SIM_NODE_SCALAR, mark);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->size = 1;
    node->height = 1;
    node->length = (uint32_t)length;
    node->text = sim_arena_copy(reader->arena, bytes, length);
    return remember_anchor(reader, event->data.scalar.anchor, node, mark) &&
           attach(reader, node, mark);
}

static bool read_start(struct reader *reader, const yaml_event_t *event, enum sim_node_kind kind,
                       const yaml_char_t *anchor, const yaml_char_t *tag)
{
    yaml_mark_t mark = event->start_mark;
    if (!check_tag(reader, tag, mark) || !check_size(reader, mark, 1, false)) {
        return false;
    }
    if (reader->depth == SIM_TREE_DEPTH_MAX) {
        return FAIL_AT(reader, mark, "nested more than %d deep", SIM_TREE_DEPTH_MAX);
    }
    struct sim_node *node = new_node(reader, kind, mark);
    if (!remember_anchor(reader, anchor, node, mark) || !attach(reader, node, mark)) {
        return false;
    }
    reader->frames[reader->depth++] = (struct frame){.node = node};
    return true;
}

static void read_end(struct reader *reader)
{
    struct sim_node *node = reader->frames[--reader->depth].node;
    node->size = 1;
    node->height = 1;
    for (uint32_t i = 0; i < node->count; i++) {
        const struct sim_entry *entry = &node->entries[i];
        node->size += entry->value->size + (entry->key == NULL ? 0 : 1);
        if (entry->value->height >= node->height) {
            node->height = entry->value->height + 1;
        }
    }
}

static bool read_alias(struct reader *reader, const yaml_event_t *event)
{
    yaml_mark_t mark = event->start_mark;
    const char *name = (const char *)event->data.alias.anchor;
    const struct sim_node *node = NULL;
    for (uint32_t i = reader->anchor_count; i-- > 0 && node == NULL;) {
        node = strcmp(reader->anchors[i].name, name) == 0 ? reader->anchors[i].node : NULL;
    }
    if (node == NULL) {
        return FAIL_AT(reader, mark, "the alias *%.40s stands for nothing: no &%.40s before it",
                       name, name);
    }
    if (node->size == 0) {
        return FAIL_AT(reader, mark, "the alias *%.40s stands inside what it stands for", name);
    }
    if (reader->depth + node->height > SIM_TREE_DEPTH_MAX) {
        return FAIL_AT(reader, mark, "with this alias nested more than %d deep",
                       SIM_TREE_DEPTH_MAX);
    }
    return check_size(reader, mark, node->size, true) && attach(reader, node, mark);
}

static bool handle(struct reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return reader->root == NULL ||
               FAIL_AT(reader, event->start_mark, "a second document; a file holds one");
    case YAML_SCALAR_EVENT: return read_scalar(reader, event);
    case YAML_SEQUENCE_START_EVENT:
        return read_start(reader, event, SIM_NODE_LIST, event->data.sequence_start.anchor,
                          event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return read_start(reader, event, SIM_NODE_MAP, event->data.mapping_start.anchor,
                          event->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: read_end(reader); return true;
    case YAML_ALIAS_EVENT: return read_alias(reader, event);
    default: return true;
    }
}

static bool read_events(struct reader *reader)
{
    bool done = false;
    while (!done) {
        yaml_event_t event;
        if (!yaml_parser_parse(&reader->yaml, &event)) {
            return syntax_error(reader);
        }
        done = event.type == YAML_STREAM_END_EVENT;
        bool fine = handle(reader, &event);
        yaml_event_delete(&event);
        if (!fine) {
            return false;
        }
    }
    return reader->root != NULL ||
           sim_source_fail(reader->source, 1, 1, reader->error, "empty: nothing to load");
}

static const struct sim_node *parse(struct sim_arena *arena, const struct sim_source *source,
                                    size_t scalar_bytes_max, struct sim_error *error)
{
    struct sim_arena *scratch = sim_arena_create();
    struct reader *reader = sim_arena_take(scratch, sizeof *reader);
    reader->arena = arena;
    reader->source = source;
    reader->error = error;
    reader->scalar_bytes_max = scalar_bytes_max;
    const struct sim_node *root = NULL;
    if (!yaml_parser_initialize(&reader->yaml)) {
        sim_error_set(error, SIM_ERROR_INTERNAL, "out of memory");
    } else {
        yaml_parser_set_encoding(&reader->yaml, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&reader->yaml, (const unsigned char *)source->bytes,
                                     source->length);
        root = read_events(reader) ? reader->root : NULL;
        yaml_parser_delete(&reader->yaml);
    }
    sim_arena_destroy(scratch);
    return root;
}

const struct sim_node *sim_tree_parse(struct sim_arena *arena, const struct sim_source *source,
                                      struct sim_error *error)
{
    return parse(arena, source, SIM_TREE_SCALAR_BYTES_MAX, error);
}

const struct sim_node *sim_tree_parse_long(struct sim_arena *arena, const struct sim_source *source,
                                           struct sim_error *error)
{
    return parse(arena, source, UINT32_MAX, error);
}
