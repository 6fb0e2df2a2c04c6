// SPDX-License-Identifier: Apache-2.0
// The summary of a hierarchy: what all agents report, added up once each on the way to the top.
//
//     agents of an edge      relays of the edge          aggregators, coordinators
//
//     report  --+            fold the reports            exchange rows; the best row of an
//     report  --+- REPORT -> they hold into a   - ROW -> edge wins; a total is added up from
//     report  --+            row of their edge           the rows when somebody reads it
//                                                              |
//     agents learn the total of the whole mesh <--- TOTAL -----+
//
// A report is an agent's own state, not a change of it: how many workflows it has executed, how
// many tasks are active, and the averages over its executions. Of an agent's reports the last one
// counts. A row says how many agents' reports it covers and adds them up, averages weighted by
// executions. Two relays of an edge make rows that overlap, so rows of an edge are never added to
// each other: the highest (reports, clock, relay) wins, which is a join. The relay takes the clock
// when it adds up, so it never makes two rows with the same tuple.
//
//     update   key    value, all varints in shortest form
//     REPORT   edge   executions, active tasks, completion rate, latency
//     ROW      edge   reports, then sums: executions, active tasks, completion rate and latency,
//                     both multiplied by executions
//     TOTAL    any    regions, aggregators, edges, reports, then sums as above
//
// Everything is an integer: rates in parts per billion, latencies in microseconds. Sums are exact:
// a report is below 2^40 executions and tasks, a row covers at most 2^24 reports, a state has fewer
// than 2^32 rows, so that a weighted sum stays below 2^128. In a mesh of at most 2^24 agents a
// total of executions or tasks fits 64 bits. Only averages are rounded, down, when they are read.

#ifndef MESH_SUMMARY_H
#define MESH_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "mesh/random.h"
#include "mesh/table.h"

#define MESH_REPORT_COUNT_MAX ((UINT64_C(1) << 40) - 1)
#define MESH_REPORT_RATE_MAX 1000000000u  // all completed
#define MESH_REPORT_BYTES_MAX 22
#define MESH_ROW_BYTES_MAX 52
#define MESH_TOTAL_BYTES_MAX 88

struct mesh_report {
    uint64_t executions;      // <= MESH_REPORT_COUNT_MAX
    uint64_t active_tasks;    // <= MESH_REPORT_COUNT_MAX
    uint32_t completion_ppb;  // <= MESH_REPORT_RATE_MAX
    uint32_t latency_us;      // average
};

struct mesh_sums {
    mesh_uint128 executions;
    mesh_uint128 active_tasks;
    mesh_uint128 completion;  // ppb times executions
    mesh_uint128 latency;     // us times executions
};

// The averages; 0 without executions.
uint32_t mesh_sums_completion_ppb(const struct mesh_sums *sums);
uint32_t mesh_sums_latency_us(const struct mesh_sums *sums);

// ---- Reports: an edge's, as a relay holds them ----

// Per agent the report that wins, as in an LWW register.
struct mesh_report_entry {
    struct mesh_report report;
    uint64_t clock;
    uint64_t hash[2];
    uint32_t origin;
};

// State: entries sorted by origin, in the caller's memory.
struct mesh_reports {
    struct mesh_report_entry *entries;  // [capacity]
    uint32_t count;
    uint32_t capacity;
    struct mesh_sums sums;  // of the entries, kept up to date
};

void mesh_reports_init(struct mesh_reports *state, struct mesh_report_entry *entries,
                       uint32_t capacity);

// Join one report, one valid update of type REPORT, or all of `other` into the state. They return
// false when there is no room for another agent; the state then is one that lacks a part.
bool mesh_reports_write(struct mesh_reports *state, const struct mesh_report_entry *entry);
bool mesh_reports_apply(struct mesh_reports *state, const struct mesh_update *update);
bool mesh_reports_merge(struct mesh_reports *state, const struct mesh_reports *other);

// The reports of `edge` as the lanes in `have` have them; what `state` held is dropped. False when
// there is no room for all of its agents.
bool mesh_reports_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                       uint32_t edge, struct mesh_reports *state);

// ---- Rows: what tiers exchange ----

struct mesh_row {
    struct mesh_sums sums;
    uint64_t clock;    // of the relay, when it added up
    uint64_t hash[2];  // breaks the tie of an equivocating relay
    uint32_t reports;  // agents covered, 1 .. MESH_NODE_MAX
    uint32_t relay;
    uint32_t edge;
    uint32_t wire_bytes;  // what the encoder needs for it, signature included (mesh/tiers.h)
    bool forged;          // its signature is not its relay's: a fact in a simulation (mesh/guard.h)
    uint8_t zero[7];
};
_Static_assert(sizeof(struct mesh_row) == 112, "they travel as words");

// The row of at least one report.
struct mesh_row mesh_reports_row(const struct mesh_reports *reports, uint32_t edge, uint32_t relay,
                                 uint64_t clock);

// State: rows sorted by edge, in the caller's memory.
struct mesh_summary {
    struct mesh_row *rows;  // [capacity]
    uint32_t count;
    uint32_t capacity;
};

// Whether `b` wins over `a`, a row of the same edge.
bool mesh_row_precedes(const struct mesh_row *a, const struct mesh_row *b);

// The row of this edge, until the state changes; NULL: none is known.
const struct mesh_row *mesh_summary_row(const struct mesh_summary *state, uint32_t edge);

// Join one row, one valid update of type ROW, or all of `other` into the state. They return false
// when there is no room for another edge; the state then is one that lacks a part. A row is its own
// delta.
bool mesh_summary_write(struct mesh_summary *state, const struct mesh_row *row);
bool mesh_summary_apply(struct mesh_summary *state, const struct mesh_update *update);
bool mesh_summary_merge(struct mesh_summary *state, const struct mesh_summary *other);

// The rows of all edges as the lanes in `have` have them; what `state` held is dropped. False when
// there is no room for all of them.
bool mesh_summary_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                       struct mesh_summary *state);

// ---- Totals ----

// Edges are numbered so that those of an aggregator stand together, and aggregators of a region.
struct mesh_hierarchy {
    uint32_t edges_per_aggregator;    // >= 1
    uint32_t aggregators_per_region;  // >= 1
};

// What is known of some part of the hierarchy: the counts are of what has reported.
struct mesh_total {
    struct mesh_sums sums;
    uint64_t reports;
    uint32_t regions;
    uint32_t aggregators;
    uint32_t edges;
};

// Adds up the rows of the edges edge_start .. edge_end - 1: an aggregator's own, or all.
struct mesh_total mesh_summary_total(const struct mesh_summary *state,
                                     const struct mesh_hierarchy *hierarchy, uint32_t edge_start,
                                     uint32_t edge_end);

// The last total written under `key`, as in an LWW register. Returns false while there is none.
bool mesh_total_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                     uint32_t key, struct mesh_total *total);

// ---- Values of updates ----

// They write at most MESH_..._BYTES_MAX bytes and return how many. A row covers a report at least,
// a total a row.
uint32_t mesh_report_encode(const struct mesh_report *report, uint8_t *value);
uint32_t mesh_row_encode(const struct mesh_row *row, uint8_t *value);
uint32_t mesh_total_encode(const struct mesh_total *total, uint8_t *value);

// They read a whole update of their type, and return false unless it has the form above and keeps
// within the bounds that its own counts set: no more executions than so many reports can have, and
// no larger weighted sum than so many executions. What else it says is the sender's word.
bool mesh_report_decode(const struct mesh_update *update, struct mesh_report *report);
bool mesh_row_decode(const struct mesh_update *update, struct mesh_row *row);
bool mesh_total_decode(const struct mesh_update *update, struct mesh_total *total);

#endif
