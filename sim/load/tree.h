// SPDX-License-Identifier: GPL-3.0-or-later
// YAML as a tree that remembers where everything was written.
//
//     gossip:                 MAP 1:1 -- "gossip" 1:1 -> MAP 2:3 -- "fanout" 2:3 -> SCALAR 2:11 "5"
//       fanout: 5
//
// The files are small and written by people, or by someone hostile; what no honest file needs is
// refused with its place: more than one document, tags, merge keys, keys that are not plain scalars
// or stand twice, recursive aliases, and everything beyond the limits below. Aliases share nodes;
// what they expand to is counted as if it had been written out, so that a bomb costs its author
// only.
//
// Nodes never change once made: layers of settings are merged into new nodes that share the old.

#ifndef SIM_TREE_H
#define SIM_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "scenario.h"
#include "source.h"

#define SIM_TREE_DEPTH_MAX 64
#define SIM_TREE_NODES_MAX 100000  // keys and values, aliases expanded
#define SIM_TREE_KEYS_MAX 1000     // of one mapping
#define SIM_TREE_ANCHORS_MAX 1000
#define SIM_TREE_SCALAR_BYTES_MAX 4096

enum sim_node_kind { SIM_NODE_SCALAR, SIM_NODE_LIST, SIM_NODE_MAP };

struct sim_entry {
    const struct sim_node *key;  // a scalar; NULL in a list
    const struct sim_node *value;
};

struct sim_node {
    const struct sim_source *source;
    uint32_t line;
    uint32_t column;
    enum sim_node_kind kind;
    bool quoted;                // a scalar in quotes or a block: a text, whatever it looks like
    uint32_t count;             // entries
    uint32_t size;              // nodes from here down, aliases expanded; 0 while being read
    uint32_t height;            // 1 for a scalar
    uint32_t length;            // of `text`
    const char *text;           // of a scalar; a NUL follows, none lies within
    struct sim_entry *entries;  // [count]
};

// The one document of a source; its root may be of any kind. NULL on failure.
const struct sim_node *sim_tree_parse(struct sim_arena *arena, const struct sim_source *source,
                                      struct sim_error *error);

// The same of a file that the program writes itself, with values as long as they come.
const struct sim_node *sim_tree_parse_long(struct sim_arena *arena, const struct sim_source *source,
                                           struct sim_error *error);

// The value under a key of a mapping, NULL when there is none.
const struct sim_node *sim_node_get(const struct sim_node *map, const char *key);

// The value under a dotted path of keys ("workload.every_ms").
const struct sim_node *sim_node_find(const struct sim_node *map, const char *path);

// A scalar that says nothing: empty, ~ or null.
bool sim_node_is_null(const struct sim_node *node);

// Line 0 for a default.
struct sim_origin sim_node_origin(const struct sim_node *node);

// What an error says was found: "many", a list of 3, a mapping, nothing. Cut to fit.
#define SIM_DESCRIPTION_BYTES 80
void sim_node_describe(const struct sim_node *node, char text[SIM_DESCRIPTION_BYTES]);

// The value on one line, as YAML flow; NULL when that takes more than `most` bytes.
const char *sim_node_render(struct sim_arena *arena, const struct sim_node *node, size_t most);

// sim_source_fail at a node.
#define sim_node_fail(node, error, ...) \
    sim_source_fail((node)->source, (node)->line, (node)->column, (error), __VA_ARGS__)

#endif
