// SPDX-License-Identifier: GPL-3.0-or-later
#include "traffic.h"

#include <stdlib.h>
#include <string.h>

static const char flow_query[] =
    "WITH " REPORT_SHOWN_REPETITIONS
    " SELECT pair_class, message_kind, 1.0 * sum(bytes) / (SELECT count(*) FROM shown),"
    " 1.0 * sum(transport_bytes) / (SELECT count(*) FROM shown)"
    " FROM traffic JOIN shown USING (repetition) WHERE run_id = ?1"
    " GROUP BY pair_class, message_kind ORDER BY pair_class, message_kind";

enum { PAIR_CLASS, MESSAGE_KIND, BYTES, TRANSPORT_BYTES };

static struct report_flow *flow_of(struct report_flows *flows, const char *name)
{
    for (uint32_t index = 0; index < flows->count; index++) {
        if (strcmp(flows->items[index].name, name) == 0) {
            return &flows->items[index];
        }
    }
    if (flows->count == REPORT_FLOWS_MAX - 1) {
        name = "other";
    }
    if (flows->count == REPORT_FLOWS_MAX) {
        return &flows->items[REPORT_FLOWS_MAX - 1];
    }
    struct report_flow *flow = &flows->items[flows->count++];
    *flow = (struct report_flow){0};
    snprintf(flow->name, sizeof flow->name, "%s", name);
    return flow;
}

static void add(struct report_flows *flows, sqlite3_stmt *row, int column)
{
    struct report_flow *flow = flow_of(flows, report_store_peek(row, column));
    flow->bytes += sqlite3_column_double(row, BYTES);
    flow->transport_bytes += sqlite3_column_double(row, TRANSPORT_BYTES);
}

static void read_bar(const struct report_store *store, const struct report_run *run,
                     struct report_bar *bar)
{
    *bar = (struct report_bar){.run = run};
    sqlite3_stmt *row = report_store_prepare(store, flow_query, run->run_id);
    while (report_store_next(store, row)) {
        add(&bar->classes, row, PAIR_CLASS);
        add(&bar->kinds, row, MESSAGE_KIND);
    }
}

static struct report_traffic *traffic_of(struct report_traffics *traffics,
                                         const struct report_run *run)
{
    uint32_t part = 0;
    for (size_t index = 0; index < traffics->count; index++) {
        struct report_traffic *traffic = &traffics->items[index];
        if (report_same_mesh(traffic->bars[0].run, run)) {
            if (traffic->bar_count < REPORT_BARS_MAX) {
                return traffic;
            }
            part = traffic->part == 0 ? 2 : traffic->part + 1;
        }
    }
    traffics->items =
        report_resize(traffics->items, (traffics->count + 1) * sizeof *traffics->items);
    struct report_traffic *added = &traffics->items[traffics->count++];
    *added = (struct report_traffic){.part = part};
    return added;
}

bool report_traffic_read(const struct report_store *store, struct report_traffics *traffics)
{
    *traffics = (struct report_traffics){0};
    for (size_t index = 0; index < store->run_count; index++) {
        struct report_bar bar;
        read_bar(store, &store->runs[index], &bar);
        if (bar.classes.count > 0) {
            struct report_traffic *traffic = traffic_of(traffics, bar.run);
            traffic->bars[traffic->bar_count++] = bar;
        }
    }
    return store->error->code == REPORT_OK;
}

void report_traffics_finish(struct report_traffics *traffics)
{
    free(traffics->items);
}
