// SPDX-License-Identifier: GPL-3.0-or-later
// Every key that a file may hold: one table that binding, --set, sweeps, lint, suggestions and
// `new` all read, so that they cannot disagree.
//
//     path                 "gossip.fanout", "regions[].zones[]": [] is any element of a list
//     type, bounds         what may stand there; checked even when the key has no effect
//     lands, offset        the field of struct sim_scenario that takes the value, or
//     recorded             why it has no effect in this version, as lint says, or
//     later                why it is refused: it would change the run, and this version cannot
//
// A key has exactly one of the three fates, or is one of the few that sim/load handles by name:
// scenario, topology, agent_count, agents, regions, expect, sweep (lands SIM_LANDS_BY_NAME).

#ifndef SIM_KEYS_H
#define SIM_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scenario.h"
#include "shape.h"
#include "tree.h"

#define SIM_REGIONS_MAX 1000
#define SIM_ZONES_MAX 64          // of one region; 1,000 regions stay below 2^16 zones
#define SIM_KEY_PATH_BYTES 96     // a path of the table, with room for indexes
#define SIM_INTERVAL_NS_MIN 1000  // so that a day's ticks stay below 2^40
#define SIM_LATENCY_NS_MAX ((int64_t)SIM_TABLE_NS_MAX)

enum sim_key_type {
    SIM_KEY_MAP,          // a mapping of the keys below it
    SIM_KEY_LIST,         // a list of what PATH[] says; minimum .. maximum elements
    SIM_KEY_INTEGER,      // minimum .. maximum
    SIM_KEY_DECIMAL,      // minimum .. maximum, in units of 10^-places
    SIM_KEY_FLAG,         // true or false
    SIM_KEY_CHOICE,       // one of `choices`, in any letter case
    SIM_KEY_TEXT,         // at most `maximum` bytes on one line
    SIM_KEY_RANGE,        // 10-100, or one number
    SIM_KEY_LATENCY,      // milliseconds, or {distribution: ...}
    SIM_KEY_NAMED_TEXTS,  // a mapping of any names to texts
    SIM_KEY_TOPOLOGY,     // a topology's name, a path, or a mapping
    SIM_KEY_SWEEP,        // see sweep.h
};

enum sim_key_lands {
    SIM_LANDS_NOWHERE,
    SIM_LANDS_BY_NAME,
    SIM_LANDS_U32,  // and enums
    SIM_LANDS_U64,
    SIM_LANDS_BOOL,
    SIM_LANDS_LATENCY,
};

// Which topologies a key belongs to: bits 1 << enum sim_topology.
#define SIM_FOR(topology) (1u << (topology))
#define SIM_FOR_ALL (SIM_FOR(SIM_TOPOLOGY_COUNT) - 1)

struct sim_choice {
    const char *name;
    uint32_t value;
    bool later;  // known, and refused in this version
};

struct sim_key {
    const char *path;
    enum sim_key_type type;
    enum sim_key_lands lands;
    uint32_t topologies;
    uint32_t other_for;  // topologies whose default is other_fallback
    bool required;       // no default: the topologies it belongs to need it
    bool halved;         // a round trip: half of it lands
    bool of_topology;    // `new` writes it
    bool later;          // refused in this version
    uint32_t places;
    int64_t minimum;
    int64_t maximum;
    const struct sim_choice *choices;  // ends with a NULL name
    size_t offset;                     // in struct sim_scenario
    size_t origin;                     // of its struct sim_origin; 0: none
    const char *rival;                 // path of another way to say the same
    const char *fallback;              // the default, as YAML; NULL: none
    const char *other_fallback;        // that of some topologies
    const char *effect;
    const char *recorded;
};

extern const struct sim_key sim_keys[];
extern const uint32_t sim_key_count;

// What a value says, in the unit of the struct it lands in.
struct sim_value {
    int64_t low;   // the number; the lower end of a range or of a uniform latency
    int64_t high;  // = low when it is one number
    // SIM_KEY_LATENCY: constant and uniform by low and high, empirical by its file, the others by
    // their shape.
    enum sim_distribution distribution;
    struct sim_shape shape;
    const struct sim_node *file;  // the path
};

// The key with exactly this path of the table, NULL when there is none.
const struct sim_key *sim_key_find(const char *path);

// The key `name` of the mapping at `parent` (NULL: the root).
const struct sim_key *sim_key_child(const struct sim_key *parent, const char *name, size_t length);

// What a list's elements are.
const struct sim_key *sim_key_item(const struct sim_key *list);

// Whether `key` stands directly in the mapping at `parent`.
bool sim_key_is_child(const struct sim_key *key, const struct sim_key *parent);

// The last name of its path.
const char *sim_key_name(const struct sim_key *key);

// The default under a topology, NULL: none.
const char *sim_key_fallback(const struct sim_key *key, enum sim_topology topology);

// Reads and checks the value of a key that is no MAP, LIST, TOPOLOGY or SWEEP. `shown` names it in
// errors: the path with the indexes as written.
bool sim_key_read(const struct sim_key *key, const char *shown, const struct sim_node *node,
                  struct sim_value *value, struct sim_error *error);

// "an integer from 1 to 1000": what a key takes, for errors and for `new`.
#define SIM_EXPECTED_BYTES 256
void sim_key_expected(const struct sim_key *key, char bytes[SIM_EXPECTED_BYTES]);

const char *sim_distribution_name(enum sim_distribution distribution);

// Completes an error about a name that is not known where it stands: writes "; did you mean X?" or
// the names that are known there to `text`.
#define SIM_HINT_BYTES 640
void sim_key_hint(const struct sim_key *parent, const char *name, char text[SIM_HINT_BYTES]);

// Edits (insertion, deletion, substitution, swap of neighbours) between two texts, letter case
// ignored; at most 64 characters of each count.
uint32_t sim_edit_distance(const char *a, const char *b);

// Whether a distance is small enough, for a name of this length, to suggest a slip.
bool sim_edit_is_slip(uint32_t distance, const char *name);

#endif
