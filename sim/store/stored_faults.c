// SPDX-License-Identifier: GPL-3.0-or-later
#include "stored_faults.h"

#include <string.h>

#include "allocate.h"
#include "faults.h"
#include "query.h"

struct reading {
    struct sim_result *results;  // [count]
    uint32_t count;
};

// The result of the repetition in column 0.
static struct sim_result *result_of(const struct reading *reading, const struct sim_query *query)
{
    uint64_t repetition = sim_query_count(query, 0);
    for (uint32_t i = 0; i < reading->count; i++) {
        if (reading->results[i].repetition == repetition) {
            return &reading->results[i];
        }
    }
    return NULL;
}

static enum sim_fault_verb verb_of(const char *name)
{
    uint32_t verb = 0;
    while (verb + 1 < SIM_FAULT_VERB_COUNT &&
           strcmp(sim_fault_verb_name((enum sim_fault_verb)verb), name) != 0) {
        verb++;
    }
    return (enum sim_fault_verb)verb;
}

static enum sim_gap_cause cause_of(const char *name)
{
    uint32_t cause = 0;
    while (cause + 1 < SIM_GAP_CAUSE_COUNT &&
           strcmp(sim_gap_cause_name((enum sim_gap_cause)cause), name) != 0) {
        cause++;
    }
    return (enum sim_gap_cause)cause;
}

static void add_fault(struct sim_result *result, const struct sim_query *query)
{
    uint32_t count = ++result->fault_count;
    result->faults = sim_memory_resize(result->faults, count * sizeof *result->faults);
    result->faults[count - 1] = (struct sim_fault_result){
        .verb = verb_of(sim_query_text(query, 1)),
        .firings = (uint32_t)sim_query_count(query, 2),
        .nodes = sim_query_count(query, 3),
        .first_ns = sim_query_count(query, 4),
        .last_ns = sim_query_count(query, 5),
    };
}

static void add_rejoin(struct sim_result *result, const struct sim_query *query)
{
    uint32_t count = ++result->rejoin_count;
    result->rejoins = sim_memory_resize(result->rejoins, count * sizeof *result->rejoins);
    result->rejoins[count - 1] = (struct sim_rejoin){
        .node = (uint32_t)sim_query_count(query, 1),
        .up_ns = sim_query_count(query, 2),
        .after_ns = sim_query_count(query, 3),
        .disk_lost = sim_query_count(query, 4) != 0,
    };
}

static void add_takeover(struct sim_result *result, const struct sim_query *query)
{
    uint32_t count = ++result->takeover_count;
    result->takeovers = sim_memory_resize(result->takeovers, count * sizeof *result->takeovers);
    result->takeovers[count - 1] = (struct sim_takeover){
        .time_ns = sim_query_count(query, 1),
        .edge = (uint32_t)sim_query_count(query, 2),
        .from = (uint32_t)sim_query_count(query, 3),
        .to = (uint32_t)sim_query_count(query, 4),
    };
}

static void add_gap(struct sim_result *result, const struct sim_query *query)
{
    uint32_t count = ++result->gap_count;
    result->gaps = sim_memory_resize(result->gaps, count * sizeof *result->gaps);
    result->gaps[count - 1] = (struct sim_gap){
        .cause = cause_of(sim_query_text(query, 1)),
        .subject = (uint32_t)sim_query_count(query, 2),
        .nodes = (uint32_t)sim_query_count(query, 3),
        .first = (uint32_t)sim_query_count(query, 4),
    };
}

bool sim_store_read_faults(struct sim_store *store, int64_t run_id, struct sim_result *results,
                           uint32_t count, struct sim_error *error)
{
    static const struct {
        const char *text;
        void (*add)(struct sim_result *result, const struct sim_query *query);
    } lists[] = {
        {"SELECT repetition, verb, firings, nodes, first_ns, last_ns FROM faults"
         " WHERE run_id = ?1 ORDER BY repetition, ordinal",
         add_fault},
        {"SELECT repetition, node, up_ns, after_ns, disk_lost FROM rejoins"
         " WHERE run_id = ?1 ORDER BY repetition, ordinal",
         add_rejoin},
        {"SELECT repetition, time_ns, edge, old_relay, new_relay FROM takeovers"
         " WHERE run_id = ?1 ORDER BY repetition, ordinal",
         add_takeover},
        {"SELECT repetition, cause, subject, nodes, first_node FROM gaps"
         " WHERE run_id = ?1 ORDER BY repetition, cause, subject",
         add_gap},
    };
    const struct reading reading = {results, count};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct sim_query query = sim_query_of(store, lists[i].text, run_id, error);
        while (sim_query_next(&query)) {
            struct sim_result *result = result_of(&reading, &query);
            if (result != NULL) {
                lists[i].add(result, &query);
            }
        }
        if (!sim_query_finish(&query)) {
            return false;
        }
    }
    return true;
}
