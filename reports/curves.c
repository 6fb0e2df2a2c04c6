// SPDX-License-Identifier: GPL-3.0-or-later
#include "curves.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// At the write each writer holds its own update, and nobody else; ?3 tells whether it is among
// those that the curve counts. From then on repetitions add what they gained since their last
// point. Repetitions may have points at different distances: the sums are shown where the most
// distant ones lie, at which all have been brought up to date.
static const char curve_query[] =
    "WITH " REPORT_SHOWN_REPETITIONS ","
    " class AS (SELECT repetition, after_ns, held, pairs FROM curves JOIN shown USING (repetition)"
    "  WHERE run_id = ?1 AND scope_class = ?2),"
    " ends AS (SELECT repetition, max(pairs) AS pairs, min(after_ns) AS step_ns FROM class"
    "  GROUP BY repetition),"
    " total AS (SELECT sum(pairs) AS pairs, max(step_ns) AS step_ns FROM ends),"
    " points AS (SELECT repetition, after_ns AS ns, held FROM class UNION ALL"
    "  SELECT repetition, 0, count(*) FROM updates JOIN ends USING (repetition)"
    "  WHERE run_id = ?1 AND ?3 AND measured = 1 AND cohort > 0 GROUP BY repetition),"
    " gains AS (SELECT ns, held - lag(held, 1, 0) OVER (PARTITION BY repetition ORDER BY ns) AS "
    "gain"
    "  FROM points),"
    " sums AS (SELECT ns, sum(sum(gain)) OVER (ORDER BY ns) AS held FROM gains GROUP BY ns)"
    " SELECT ns, min(1.0, cast(held AS REAL) / pairs) FROM sums, total WHERE pairs > 0"
    " AND (ns % step_ns = 0 OR ns = (SELECT max(ns) FROM sums)) ORDER BY ns";

// Elections and failovers as a table of times: what a class of them is a share of.
#define LEADERS_VERSION 5  // of the first store that has them
#define LEADER_TIMES(column, table, condition)                                         \
    "WITH " REPORT_SHOWN_REPETITIONS ", times AS (SELECT " column " AS ns FROM " table \
    " JOIN shown USING (repetition) WHERE run_id = ?1" condition "),"                  \
    " steps AS (SELECT ns, sum(count(*)) OVER (ORDER BY ns) AS so_far FROM times"      \
    "  WHERE ns IS NOT NULL GROUP BY ns)"                                              \
    " SELECT 0, 0.0 WHERE EXISTS (SELECT 1 FROM steps) UNION ALL"                      \
    " SELECT ns, cast(so_far AS REAL) / (SELECT count(*) FROM times) FROM steps ORDER BY 1"

static const struct {
    const char *scope_class;
    const char *query;
} leader_classes[] = {
    {REPORT_OF_LEADERS "won", LEADER_TIMES("won_ns", "elections", " AND measured = 1")},
    {REPORT_OF_LEADERS "election", LEADER_TIMES("after_ns", "elections", " AND measured = 1")},
    {REPORT_OF_LEADERS "failover", LEADER_TIMES("after_ns", "failovers", "")},
    {REPORT_OF_LEADERS "exchange", LEADER_TIMES("exchange_ns", "failovers", "")},
};

// The tiers from the whole mesh inwards, then the regions.
static const char class_query[] =
    "SELECT scope_class FROM curves WHERE run_id = ?1"
    " AND scope_class NOT LIKE '" REPORT_OF_REPORTS "%' GROUP BY scope_class"
    " ORDER BY CASE scope_class WHEN 'mesh' THEN 0 WHEN 'edge' THEN 1 WHEN 'region' THEN 2"
    " ELSE 3 END, length(scope_class), scope_class";

// Several sections of the document may claim the same time; the first that was judged stands for
// all.
static const char target_query[] =
    "WITH times AS (SELECT * FROM verdicts WHERE run_id = ?1 AND metric = ?3"
    "  AND unit = 'ns' AND target_high > 0 AND verdict <> 'UNMEASURED')"
    " SELECT target_high, claim, section, verdict FROM times"
    " WHERE ordinal IN (SELECT min(ordinal) FROM times GROUP BY target_high)"
    " ORDER BY target_high LIMIT ?2";

// The metric that tells the time to theta of a class, or how long its reports take; NULL: none.
static const char *metric_of(const char *scope_class)
{
    static const struct {
        const char *scope_class;
        const char *metric;
    } known[] = {
        {REPORT_WHOLE_MESH, "convergence"},
        {"edge", "edge_convergence"},
        {"region", "region_convergence"},
        {REPORT_OF_REPORTS "edge", "report_edge"},
        {REPORT_OF_REPORTS "aggregator", "report_aggregator"},
        {REPORT_OF_REPORTS "global", "report_global"},
        {REPORT_OF_LEADERS "won", "won"},
        {REPORT_OF_LEADERS "election", "election"},
        {REPORT_OF_LEADERS "failover", "failover"},
        {REPORT_OF_LEADERS "exchange", "failover_exchange"},
    };
    for (size_t index = 0; index < sizeof known / sizeof *known; index++) {
        if (strcmp(known[index].scope_class, scope_class) == 0) {
            return known[index].metric;
        }
    }
    return NULL;
}

static bool is_of_reports(const char *scope_class)
{
    return strncmp(scope_class, REPORT_OF_REPORTS, strlen(REPORT_OF_REPORTS)) == 0;
}

// The query of a class of losses; NULL: it is none.
static const char *leader_query_of(const char *scope_class)
{
    for (size_t index = 0; index < sizeof leader_classes / sizeof *leader_classes; index++) {
        if (strcmp(leader_classes[index].scope_class, scope_class) == 0) {
            return leader_classes[index].query;
        }
    }
    return NULL;
}

static void read_points(const struct report_store *store, struct report_line *line)
{
    size_t capacity = 0;
    const char *losses = leader_query_of(line->scope_class);
    sqlite3_stmt *statement =
        report_store_prepare(store, losses != NULL ? losses : curve_query, line->run->run_id);
    if (losses == NULL) {
        sqlite3_bind_text(statement, 2, line->scope_class, -1, SQLITE_STATIC);
        sqlite3_bind_int(statement, 3,
                         metric_of(line->scope_class) != NULL && !is_of_reports(line->scope_class));
    }
    while (report_store_next(store, statement)) {
        if (line->point_count == capacity) {
            capacity = capacity == 0 ? 256 : 2 * capacity;
            line->points = report_resize(line->points, capacity * sizeof *line->points);
        }
        line->points[line->point_count++] = (struct report_point){
            .ns = sqlite3_column_int64(statement, 0),
            .share = sqlite3_column_double(statement, 1),
        };
    }
}

static void read_targets(const struct report_store *store, const char *metric,
                         struct report_line *line)
{
    sqlite3_stmt *statement = report_store_prepare(store, target_query, line->run->run_id);
    sqlite3_bind_int(statement, 2, REPORT_TARGETS_MAX);
    sqlite3_bind_text(statement, 3, metric, -1, SQLITE_STATIC);
    while (report_store_next(store, statement)) {
        struct report_target *target = &line->targets[line->target_count++];
        target->ns = sqlite3_column_int64(statement, 0);
        report_store_text(statement, 1, target->claim);
        report_store_text(statement, 2, target->section);
        report_store_text(statement, 3, target->verdict);
    }
}

// Whether there is a curve: some point after the write.
static bool read_line(const struct report_store *store, const struct report_run *run,
                      const char *scope_class, struct report_line *line)
{
    *line = (struct report_line){.run = run};
    snprintf(line->scope_class, sizeof line->scope_class, "%s", scope_class);
    const char *metric = metric_of(scope_class);
    line->p50 = report_store_percentile(store, run->run_id, metric, "p50");
    line->p95 = report_store_percentile(store, run->run_id, metric, "p95");
    if (strcmp(scope_class, REPORT_WHOLE_MESH) == 0 || is_of_reports(scope_class)) {
        read_targets(store, metric, line);
    }
    read_points(store, line);
    if (line->point_count == 0 || line->points[line->point_count - 1].ns == 0) {
        free(line->points);
        return false;
    }
    return true;
}

static struct report_picture *add_picture(struct report_pictures *pictures)
{
    pictures->items =
        report_resize(pictures->items, (pictures->count + 1) * sizeof *pictures->items);
    struct report_picture *added = &pictures->items[pictures->count++];
    *added = (struct report_picture){0};
    return added;
}

// The picture that a run belongs into: the last of its mesh that has room, or a new one.
static struct report_picture *picture_of(struct report_pictures *pictures,
                                         const struct report_run *run)
{
    uint32_t part = 0;
    for (size_t index = 0; index < pictures->count; index++) {
        struct report_picture *picture = &pictures->items[index];
        if (report_same_mesh(picture->lines[0].run, run)) {
            if (picture->line_count < REPORT_LINES_MAX) {
                return picture;
            }
            part = picture->part == 0 ? 2 : picture->part + 1;
        }
    }
    struct report_picture *added = add_picture(pictures);
    added->part = part;
    return added;
}

bool report_curves_by_mesh(const struct report_store *store, struct report_pictures *pictures)
{
    *pictures = (struct report_pictures){0};
    for (size_t index = 0; index < store->run_count; index++) {
        struct report_line line;
        if (read_line(store, &store->runs[index], REPORT_WHOLE_MESH, &line)) {
            struct report_picture *picture = picture_of(pictures, &store->runs[index]);
            picture->lines[picture->line_count++] = line;
        } else {
            pictures->skipped++;
        }
    }
    return store->error->code == REPORT_OK;
}

// A picture for more tiers of the run; the whole mesh, to compare with, is in each.
static struct report_picture *continue_tiers(const struct report_store *store,
                                             struct report_pictures *pictures,
                                             const struct report_picture *last)
{
    const struct report_run *run = last->lines[0].run;
    uint32_t part = last->part == 0 ? 2 : last->part + 1;
    struct report_picture *picture = add_picture(pictures);
    picture->by_tier = true;
    picture->part = part;
    if (read_line(store, run, REPORT_WHOLE_MESH, &picture->lines[0])) {
        picture->line_count = 1;
    }
    return picture;
}

static void add_tiers(const struct report_store *store, const struct report_run *run,
                      struct report_pictures *pictures)
{
    struct report_picture *picture = NULL;
    sqlite3_stmt *statement = report_store_prepare(store, class_query, run->run_id);
    while (report_store_next(store, statement)) {
        struct report_line line;
        if (!read_line(store, run, report_store_peek(statement, 0), &line)) {
            continue;
        }
        if (picture == NULL) {
            picture = add_picture(pictures);
            picture->by_tier = true;
        } else if (picture->line_count == REPORT_LINES_MAX) {
            picture = continue_tiers(store, pictures, picture);
        }
        picture->lines[picture->line_count++] = line;
    }
}

bool report_curves_by_tier(const struct report_store *store, struct report_pictures *pictures)
{
    *pictures = (struct report_pictures){0};
    for (size_t index = 0; index < store->run_count; index++) {
        size_t before = pictures->count;
        add_tiers(store, &store->runs[index], pictures);
        bool one_class = pictures->count == before + 1 && pictures->items[before].line_count == 1;
        if (one_class) {
            free(pictures->items[before].lines[0].points);
            pictures->count = before;
        }
    }
    return store->error->code == REPORT_OK;
}

bool report_curves_of_reports(const struct report_store *store, struct report_pictures *pictures)
{
    static const char *const classes[] = {REPORT_OF_REPORTS "edge", REPORT_OF_REPORTS "aggregator",
                                          REPORT_OF_REPORTS "global"};
    *pictures = (struct report_pictures){0};
    for (size_t index = 0; index < store->run_count; index++) {
        struct report_picture picture = {.by_tier = true, .of_reports = true};
        for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
            picture.line_count += read_line(store, &store->runs[index], classes[i],
                                            &picture.lines[picture.line_count]);
        }
        if (picture.line_count > 0) {
            *add_picture(pictures) = picture;
        }
    }
    return store->error->code == REPORT_OK;
}

bool report_curves_of_leaders(const struct report_store *store, struct report_pictures *pictures)
{
    *pictures = (struct report_pictures){0};
    for (size_t index = 0; index < store->run_count && store->version >= LEADERS_VERSION; index++) {
        struct report_picture picture = {.by_tier = true, .of_leaders = true};
        for (size_t i = 0; i < sizeof leader_classes / sizeof *leader_classes; i++) {
            picture.line_count +=
                read_line(store, &store->runs[index], leader_classes[i].scope_class,
                          &picture.lines[picture.line_count]);
        }
        if (picture.line_count > 0) {
            *add_picture(pictures) = picture;
        }
    }
    return store->error->code == REPORT_OK;
}

void report_pictures_finish(struct report_pictures *pictures)
{
    for (size_t index = 0; index < pictures->count; index++) {
        for (uint32_t line = 0; line < pictures->items[index].line_count; line++) {
            free(pictures->items[index].lines[line].points);
        }
    }
    free(pictures->items);
}
