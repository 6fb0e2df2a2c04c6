// SPDX-License-Identifier: Apache-2.0
// The flow of the summary through a hierarchy: reports inside an edge, rows up, totals down.
//
//     coordinators      rows of all edges ----> add up ----> TOTAL: an update, shared, LWW
//        ^    ^                                                |
//        |    +-- ROWS to each other                           |  gossip, as any global update
//        |                                                     v
//     aggregators       rows of their edges                 everybody
//        ^
//        |   ROWS
//        |
//     relays            row of their edge <---- add up what they hold
//        ^
//        |   gossip inside the edge
//        |
//     agents            REPORT: an update in the edge's own table (mesh/table.h, sections)
//
// A report is written by a WRITE event into a lane of its edge's table, and spreads in the messages
// of its edge with all else. Messages of other scopes speak of the shared table alone: of their
// words none are among the first local_words, and a role's hash sums what is shared.
//
// A relay adds up at its tick on the link, if a report came in since, and takes its clock for the
// row. Rows are state: the best per edge wins (mesh/summary.h). They go up and among coordinators,
// never down, in messages of their own that a tick sends to the peers it talks to in any case:
//
//     A, calls                                                      B, above or beside
//  1  | -- ROWS   digest of A's rows, rows new in its last 3 ticks -----> |  takes over the better
//     |                          the digest says that A has nothing better: the end
//  2  | <- HELD   names of the rows that B has of A's edges ------------- |
//  3  | -- REST   rows that are better ---------------------------------> |  takes over
//
// The digest of one row is its name, (reports, clock, relay), so that a relay whose row has lost to
// another relay's costs nothing further; of several rows it is the sum of their hashes, and differs
// when A has something better or, among coordinators, when B has. B's own tick sees to the latter.
// Lost messages are made good by the next tick's digest. A quiet tier costs one digest per tick and
// peer. Nothing is remembered between the messages of an exchange.
//
// A coordinator at whose tick a row has come in since the last one adds up all rows. If that
// differs from the last total it knows, it writes a TOTAL with the key MESH_TOTAL_KEY in the lane
// that the driver keeps reserved for its next write. So the last writer has seen all rows that any
// writer had; the total that wins is that of all rows once no more come in.
//
// Duties of the driver, besides those of mesh/step.h:
//   1. config.tiers says how edges are numbered; home scopes of agents with reports have a local
//      table (mesh/table.h), of which each agent's reports are written with successive sequences;
//   2. every relay, aggregator and coordinator of a block has a record in states.tiers, zeroed but
//      for what is said below; a relay also has a role on its link. A record that is made for a
//      node that already holds reports is filled by mesh_tiers_fold;
//   3. a coordinator's record has `lane`, reserved in the shared table for its next dot, (node,
//      sequence + 1), and `value`, memory that lasts as long as the lane's row. A step that writes
//      a total gives PERSIST and DELIVER as for a WRITE, and sets lane to MESH_LANE_NONE: before a
//      later tick the driver reserves the next lane. While there is none the total waits. A user of
//      the coordinator may write into that lane by a WRITE event; another is reserved afterwards.
//
// Who measures: a row covers what its relay held when it made it. MESH_RECORD_ROW tells of each row
// made (relay == node) or taken over, by (edge, relay, clock), which no two rows share; the records
// of a node's earlier DELIVERs say what it held then. That is exact, and nothing of it travels.

#ifndef MESH_TIERS_H
#define MESH_TIERS_H

#include "mesh/step.h"
#include "mesh/summary.h"

#define MESH_TOTAL_KEY 0
#define MESH_ROWS_MAX 4096    // rows in a message
#define MESH_NAMES_MAX 16384  // names in a message

// A message of rows, in its `words` words:
//
//     word 0    first edge and end of the range that it speaks of (mesh_rows_range)
//     ROWS, REST: update_count rows, MESH_ROW_WORDS each    HELD: update_count names, 3 words each
#define MESH_ROW_WORDS (sizeof(struct mesh_row) / sizeof(uint64_t))

// What a row is known by. Names of an edge are in the order of their rows.
struct mesh_row_name {
    uint64_t clock;
    uint32_t reports;
    uint32_t relay;
    uint32_t edge;
    uint32_t zero;
};
_Static_assert(sizeof(struct mesh_row_name) == 24 && sizeof(struct mesh_row) % 8 == 0,
               "they are copied as words");

struct mesh_tiers {
    struct mesh_hierarchy hierarchy;
    uint32_t edge_count;  // >= 1
};

enum mesh_tier_level {
    MESH_RELAY = 1,    // of one edge
    MESH_AGGREGATOR,   // calls coordinators
    MESH_COORDINATOR,  // has peers, and writes totals
};

// What such a node keeps for the summary; all memory is the driver's.
struct mesh_tier {
    uint32_t node;
    uint16_t scope;       // where it ticks for its rows: a relay's link, the others' home
    uint8_t level;        // enum mesh_tier_level
    bool reported;        // the core's: a report came in since the relay's last row
    bool changed;         // the core's: a row came in since the coordinator's last total
    uint32_t edge_first;  // the edges below it: [edge_first, edge_end)
    uint32_t edge_end;
    struct mesh_summary rows;     // room for as many
    uint8_t *ages;                // [edge_end - edge_first] bit i: the row is new since i + 1 ticks
    struct mesh_reports reports;  // a relay's: room for all agents of the edge
    uint8_t *value;               // [MESH_TOTAL_BYTES_MAX] a coordinator's, for its next total
    uint32_t lane;                // of that; MESH_LANE_NONE: not reserved yet
};

// The node's record, or NULL.
struct mesh_tier *mesh_tiers_of(const struct mesh_states *states, uint32_t node);

// Makes a relay's record one of what its node holds; `home` is the node's edge.
void mesh_tiers_fold(const struct mesh_states *states, struct mesh_tier *tier, uint16_t home);

// Words that a message of rows may need: room for them makes mesh_wire_decode safe (mesh/wire.h).
uint32_t mesh_rows_words_max(const struct mesh_config *config);

// Computes the hash and the size of a row from the rest of it.
void mesh_rows_seal(const struct mesh_config *config, struct mesh_row *row);

// What a message of rows says.
void mesh_rows_range(const struct mesh_message *message, uint32_t *edge_first, uint32_t *edge_end);
struct mesh_row mesh_rows_row(const struct mesh_message *message, uint32_t index);
struct mesh_row_name mesh_rows_name(const struct mesh_message *message, uint32_t index);

#endif
