// SPDX-License-Identifier: GPL-3.0-or-later
// How updates spread: the share of agents that hold them against the time since their write.
//
//     runs of one command                 pictures by mesh        a picture's line
//       row 1 flat 10  push-pull --+----> flat_mesh, 10           share ^      ____ 1
//       row 1 flat 10  eager     --+                                    |   __/
//       row 2 tree 1M  push-pull ----+--> hierarchical, 1M              |  /
//                                    |    pictures by tier              +---------> time
//                                    +--> run 3: everywhere, the writer's edge, its region,
//                                    |           region eu-west-1, region us-east-1, ...
//                                    | pictures of reports
//                                    +--> run 3: to the edge, the aggregator, the coordinators
//                                    | pictures of leaders
//                                    +--> run 4: elections won, new leaders, successors of bridges
//
// Where the agents of a hierarchy report, a line of reports is the share of them that have come so
// far. Where regions have leaders, a line is the share of the losses of leaders, or of bridges,
// that are over after a time.
//
// Curves are sums over all repetitions that ran to their end; a run that has none shows those that
// were cut short. Percentiles and verdicts are the stored ones, never computed anew.

#ifndef REPORT_CURVES_H
#define REPORT_CURVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "store.h"

#define REPORT_LINES_MAX 8  // as many as the eye tells apart; more go to a further picture
#define REPORT_TARGETS_MAX 8
#define REPORT_WHOLE_MESH "mesh"     // the scope class of all agents
#define REPORT_OF_REPORTS "report:"  // with what is behind it, a class of reports
#define REPORT_OF_LEADERS "leader:"  // likewise of losses of leaders and bridges

// A claim about the time to theta, and what became of it in the run that a line shows.
struct report_target {
    int64_t ns;
    char claim[REPORT_TEXT_BYTES];
    char section[REPORT_TEXT_BYTES];
    char verdict[REPORT_TEXT_BYTES];
};

struct report_point {
    int64_t ns;    // since the write
    double share;  // of the cohort, 0 .. 1
};

struct report_line {
    const struct report_run *run;
    char scope_class[REPORT_TEXT_BYTES];  // whose share: "mesh", "edge", "region:eu-west-1", ...
    struct report_percentile p50;         // of the time to theta
    struct report_percentile p95;
    struct report_target targets[REPORT_TARGETS_MAX];  // ascending, each time once
    uint32_t target_count;
    struct report_point *points;  // [point_count] ascending in both; the last is after the write
    size_t point_count;
};

struct report_picture {
    bool by_tier;     // all lines are of one run
    bool of_reports;  // and are those of its agents' reports
    bool of_leaders;  // or those of its elections and failovers
    uint32_t part;    // 0, or 2, 3, ... where there are more than REPORT_LINES_MAX lines
    struct report_line lines[REPORT_LINES_MAX];
    uint32_t line_count;  // at least one
};

struct report_pictures {
    struct report_picture *items;  // [count]
    size_t count;
    size_t skipped;  // runs without a measured update
};

// One line per run of `store`, those on one mesh (topology and number of agents) in one picture.
// The store must outlive the pictures, which are to be finished whatever came of it.
bool report_curves_by_mesh(const struct report_store *store, struct report_pictures *pictures);

// One picture per run that has tiers or regions, with a line for each.
bool report_curves_by_tier(const struct report_store *store, struct report_pictures *pictures);

// One picture per run whose agents reported.
bool report_curves_of_reports(const struct report_store *store, struct report_pictures *pictures);

// One picture per run in which a leader or a bridge was lost.
bool report_curves_of_leaders(const struct report_store *store, struct report_pictures *pictures);

void report_pictures_finish(struct report_pictures *pictures);

// Of the picture in pixels, which depends on how much there is to say.
uint32_t report_curves_height(const struct report_picture *picture);

// Writes all gnuplot commands but the choice of terminal:
//
//             Convergence of flat_mesh, 10 agents
//             scenario "flat", seed 42, 60 repetitions
//                 target <50ms
//      100 +-----:----------____________-----+
//          |.....:..../..o......../..o.......| theta = 95 %    dotted; o p50 and p95 of reaching it
//          |     :   /           /           |
//   share  |     :  /           /            |                 dashed: the claim's target
//          |     : /           /             |
//        0 +-----:---------------------------+
//               50    time since the write [ms], logarithmic where lines lie far apart
//          --- eager: p50 9.2 ms, p95 12 ms; claim <50ms PASS
//          - - push-pull: ...
//          . . target <50ms: Topology Selection Matrix
void report_curves_script(FILE *output, const struct report_picture *picture);

#endif
