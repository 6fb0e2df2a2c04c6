// SPDX-License-Identifier: GPL-3.0-or-later
// What watched nodes heard, from whom and when: a watcher (run.h) that writes it down.
//
//          time ms     node  what                    from        sent ms  way ms  by
//           12.5           0  writes 0:1
//           15.902113      7  hears  0:1                0  12.5           3.402113  eager
//          200.1           7  has report 3 of 9
//
//          300            7  goes down
//          500            7  meets fault 2 until 700 ms: partition at 500 ms ...
//
// An update is named by its dot: 0:1 is the first that node 0 wrote. Told is each node's first
// receipt of an update, or its own write, and where agents report what became of reports and rows
// in it, and what faults did to the node and to what it sends or hears; in the order of time, then
// of nodes. With JSON one object per line:
//
//     {"kind":"write", "repetition":0, "time_ns":..., "node":0, "origin":0, "sequence":1}
//     {"kind":"receipt", ..., "from":0, "sent_ns":..., "message":"eager"}
//     {"kind":"report", ..., "node":7, "author":9, "number":3}
//     {"kind":"row", ..., "node":7, "edge":2, "relay":9}
//     {"kind":"state", ..., "node":7, "state":"down", "disk_lost":false}
//     {"kind":"fault", ..., "node":7, "fault":2, "until_ns":700000000, "text":"partition at ..."}

#ifndef SIM_TELLING_H
#define SIM_TELLING_H

#include "json.h"
#include "options.h"
#include "run.h"

struct sim_told;

struct sim_telling {
    const struct sim_scenario *scenario;
    bool *watched;  // [nodes]
    uint32_t nodes;
    uint32_t watched_count;
    uint32_t repetition;
    uint64_t from_ns;
    uint64_t until_ns;  // told is what happens from the one to the other, both included
    FILE *output;
    struct sim_json *json;  // NULL: a table
    bool headed;
    uint64_t told_count;
    struct sim_told *told;  // [pending] of the window under way
    uint32_t pending;
    uint32_t capacity;
};

// Watches the nodes of the lists, each "7", "0-9,15" or "all". SIM_ERROR_USAGE when one of them is
// none of the scenario's. To be finished whatever comes back.
bool sim_telling_init(struct sim_telling *telling, const struct sim_scenario *scenario,
                      const struct sim_texts *lists, struct sim_error *error);
void sim_telling_finish(struct sim_telling *telling);

// What to hand to the run; it tells as long as the telling stays where it is. After the run,
// sim_telling_end tells the rest.
struct sim_watcher sim_telling_watcher(struct sim_telling *telling);
void sim_telling_end(struct sim_telling *telling);

#endif
