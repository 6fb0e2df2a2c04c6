// SPDX-License-Identifier: GPL-3.0-or-later
#include "lines.h"

#include <inttypes.h>
#include <math.h>

#include "resources.h"

static void put_fingerprint(struct sim_json *json, uint64_t fingerprint)
{
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, fingerprint);
    sim_json_text(json, "fingerprint", text);
}

static void put_cell(struct sim_json *json, const char *kind, const struct sim_batch_cell *cell,
                     uint64_t seed)
{
    const struct sim_scenario *scenario = cell->scenario;
    sim_json_text(json, "kind", kind);
    sim_json_text(json, "scenario", scenario->name);
    sim_json_text(json, "cell", scenario->cell);
    sim_json_count(json, "row", cell->row);
    sim_json_text(json, "topology", sim_topology_name(scenario->topology));
    sim_json_count(json, "agents", scenario->agents);
    sim_json_text(json, "mode", sim_mode_name(scenario->gossip.mode));
    sim_json_count(json, "seed", seed);
}

static void put_percentiles(struct sim_json *json, const struct sim_statistics *statistics)
{
    sim_json_number(json, "p50", statistics->p50);
    sim_json_number(json, "p95", statistics->p95);
    sim_json_number(json, "p99", statistics->p99);
    sim_json_number(json, "max", statistics->max);
}

static void put_gap(struct sim_json *json, const struct sim_scenario *scenario,
                    const struct sim_fault_figures *figures, uint32_t first, uint32_t end,
                    uint64_t nodes)
{
    char why[SIM_REASON_BYTES];
    char members[SIM_GAP_MEMBERS_BYTES];
    sim_gap_text(scenario, &figures->gaps[first], why, sizeof why);
    sim_gap_members(figures, first, end, members, sizeof members);
    sim_json_open(json, NULL, '{');
    sim_json_text(json, "cause", sim_gap_cause_name(figures->gaps[first].cause));
    sim_json_count(json, "agents", nodes);
    sim_json_text(json, "nodes", members);
    sim_json_text(json, "why", why);
    sim_json_close(json, '}');
}

static void put_ms(struct sim_json *json, const char *key, uint64_t time_ns)
{
    sim_json_number(json, key, time_ns == SIM_TIME_NEVER ? NAN : 1e-6 * (double)time_ns);
}

// Times to theta by phase; null where they were not reached or nothing was written.
static void put_phases(struct sim_json *json, const struct sim_phases *phases)
{
    if (phases->count == 0) {
        return;
    }
    sim_json_open(json, "phases", '[');
    for (uint32_t i = 0; i < phases->count; i++) {
        const struct sim_phase_figures *phase = &phases->items[i];
        sim_json_open(json, NULL, '{');
        sim_json_text(json, "phase", phase->name);
        put_ms(json, "at_ms", phase->at_ns);
        sim_json_count(json, "updates", phase->updates);
        put_ms(json, "p50_ms", phase->p50_ns);
        put_ms(json, "p95_ms", phase->p95_ns);
        put_ms(json, "max_ms", phase->max_ns);
        sim_json_close(json, '}');
    }
    sim_json_close(json, ']');
}

static void put_faults(struct sim_json *json, const struct sim_scenario *scenario,
                       const struct sim_fault_figures *figures)
{
    if (figures->entry_count == 0) {
        return;
    }
    sim_json_open(json, "faults", '[');
    for (uint32_t i = 0; i < figures->entry_count; i++) {
        const struct sim_fault_pool *entry = &figures->entries[i];
        sim_json_open(json, NULL, '{');
        sim_json_text(json, "fault", entry->text);
        sim_json_count(json, "firings", entry->firings);
        sim_json_count(json, "nodes", entry->nodes);
        sim_json_boolean(json, "fired", entry->runs > 0);
        sim_json_close(json, '}');
    }
    sim_json_close(json, ']');
    sim_json_count(json, "takeovers", figures->takeovers);
    sim_json_count(json, "messages_cut", figures->cut);
    sim_json_count(json, "messages_dead", figures->dead);
    sim_json_count(json, "messages_refused", figures->refused);
    sim_json_open(json, "gaps", '[');
    for (uint32_t i = 0; i < figures->gap_count;) {
        uint64_t nodes;
        uint32_t end = sim_gap_end(figures, i, &nodes);
        put_gap(json, scenario, figures, i, end, nodes);
        i = end;
    }
    sim_json_close(json, ']');
}

static void put_liars(struct sim_json *json, const struct sim_liar_figures *figures)
{
    if (figures->entry_count == 0) {
        return;
    }
    sim_json_open(json, "liars", '[');
    for (uint32_t i = 0; i < figures->entry_count; i++) {
        const struct sim_liar_pool *entry = &figures->entries[i];
        sim_json_open(json, NULL, '{');
        sim_json_text(json, "liars", entry->text);
        if (entry->unseen != NULL) {
            sim_json_text(json, "not_detectable", entry->unseen);
        }
        sim_json_count(json, "nodes", entry->nodes);
        sim_json_count(json, "lying", entry->lying);
        sim_json_count(json, "lies", entry->lies);
        sim_json_boolean(json, "lied", entry->lies > 0);
        sim_json_close(json, '}');
    }
    sim_json_close(json, ']');
    sim_json_boolean(json, "valid", figures->invalid == 0);
}

bool sim_lines_run(struct sim_json *json, const struct sim_batch_cell *cell,
                   const struct sim_result *result)
{
    struct sim_summary summary;
    sim_summary_init(&summary, cell->scenario, result, 1);
    sim_json_open(json, NULL, '{');
    put_cell(json, "run", cell, result->seed);
    sim_json_count(json, "repetition", result->repetition);
    put_fingerprint(json, result->fingerprint);
    sim_json_number(json, "simulated_ms", (double)result->simulated_ns / 1e6);
    sim_json_count(json, "events", result->events);
    for (enum sim_metric_id id = 0; id < SIM_METRIC_COUNT; id++) {
        const struct sim_metric *metric = &sim_metrics[id];
        const struct sim_samples *samples = &summary.samples[id];
        if (!sim_metric_applies(id, cell->scenario) ||
            (metric->of_reports && result->report_count == 0)) {
            continue;
        }
        if (sim_metric_has_many(id)) {
            sim_json_open(json, metric->name, '{');
            put_percentiles(json, &summary.statistics[id]);
            sim_json_close(json, '}');
        } else if (metric->scale == 1 && samples->count == 1) {
            sim_json_count(json, metric->name, samples->items[0].value);
        } else {
            sim_json_number(json, metric->name, summary.statistics[id].mean);
        }
    }
    put_faults(json, cell->scenario, &summary.faults);
    put_liars(json, &summary.liars);
    sim_json_close(json, '}');
    sim_summary_finish(&summary);
    return sim_json_end_line(json);
}

static void put_metrics(struct sim_json *json, const struct sim_scenario *scenario,
                        const struct sim_summary *summary)
{
    for (enum sim_metric_id id = 0; id < SIM_METRIC_COUNT; id++) {
        if (!sim_metric_applies(id, scenario)) {
            continue;
        }
        const struct sim_statistics *statistics = &summary->statistics[id];
        sim_json_open(json, sim_metrics[id].name, '{');
        sim_json_number(json, "mean", statistics->mean);
        sim_json_number(json, "sd", statistics->sd);
        if (sim_metric_has_many(id)) {
            put_percentiles(json, statistics);
        }
        sim_json_count(json, "n", statistics->count);
        sim_json_close(json, '}');
    }
}

static void put_shares(struct sim_json *json, const struct sim_scenario *scenario,
                       const struct sim_shares *shares)
{
    sim_json_number(json, "tick_share", sim_shares_waiting(shares));
    sim_json_open(json, "tick_shares", '{');
    for (enum sim_tick tick = 0; tick < SIM_TICK_COUNT; tick++) {
        struct sim_wait wait;
        if (sim_wait_of(scenario, tick, &wait)) {
            sim_json_number(json, wait.name, shares->ticks[tick]);
        }
    }
    sim_json_close(json, '}');
}

// Mean per repetition, by kind of message and by pair class, on the wire.
static void put_wire(struct sim_json *json, const struct sim_summary *summary)
{
    double runs = summary->run_count;
    sim_json_open(json, "wire_bytes", '{');
    for (uint32_t kind = 0; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        uint64_t all = 0;
        for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            all += sim_traffic_wire_bytes(&summary->traffic[kind][pair]);
        }
        if (all == 0) {
            continue;
        }
        sim_json_open(json, sim_message_name(kind), '{');
        for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            uint64_t bytes = sim_traffic_wire_bytes(&summary->traffic[kind][pair]);
            if (bytes > 0) {
                sim_json_number(json, sim_pair_class_name((enum sim_pair_class)pair),
                                (double)bytes / runs);
            }
        }
        sim_json_close(json, '}');
    }
    sim_json_close(json, '}');
}

static void put_tier(struct sim_json *json, const struct sim_scenario *scenario,
                     const struct sim_tier_use *use, enum sim_tier tier)
{
    struct sim_saturation first = sim_saturation_of(use);
    bool none = first.resource == SIM_RESOURCE_COUNT;
    sim_json_open(json, NULL, '{');
    sim_json_text(json, "tier", sim_tier_name(tier));
    sim_json_text(json, "instance_type", scenario->instances[tier].name);
    sim_json_count(json, "hosts", use->hosts);
    for (enum sim_resource resource = 0; resource < SIM_RESOURCE_COUNT; resource++) {
        sim_json_open(json, sim_resource_name(resource), '{');
        sim_json_count(json, "mean", use->mean[resource]);
        sim_json_count(json, "peak", use->peak[resource]);
        if (use->limit[resource] == 0) {
            sim_json_text(json, "limit", NULL);
        } else {
            sim_json_count(json, "limit", use->limit[resource]);
        }
        sim_json_close(json, '}');
    }
    sim_json_text(json, "saturates_first", none ? NULL : sim_resource_name(first.resource));
    sim_json_number(json, "at_load", none ? INFINITY : first.factor);
    sim_json_close(json, '}');
}

static void put_hosts(struct sim_json *json, const struct sim_finding *finding)
{
    sim_json_open(json, "hosts", '[');
    for (enum sim_tier tier = 0; tier < SIM_TIER_COUNT; tier++) {
        if (finding->summary.tiers[tier].hosts > 0) {
            put_tier(json, finding->cell->scenario, &finding->summary.tiers[tier], tier);
        }
    }
    sim_json_close(json, ']');
}

static void put_verdict(struct sim_json *json, const struct sim_verdict *verdict)
{
    const struct sim_claim *claim = verdict->claim;
    bool target = claim->limit != SIM_LIMIT_NONE;
    uint64_t none = SIM_TIME_NEVER;  // shown as null
    sim_json_open(json, NULL, '{');
    sim_json_text(json, "id", claim->id);
    sim_json_text(json, "claim", claim->quote);
    sim_json_text(json, "section", claim->section);
    sim_json_text(json, "statistic", claim->statistic);
    sim_json_text(json, "unit", claim->unit);
    sim_json_text(json, "limit", claim->target_text);
    sim_json_number(json, "target", sim_verdict_shown(verdict, target ? verdict->target : none));
    sim_json_number(json, "measured",
                    sim_verdict_shown(verdict, verdict->has_measured ? verdict->measured : none));
    sim_json_number(json, "low",
                    sim_verdict_shown(verdict, verdict->has_interval ? verdict->low : none));
    sim_json_number(json, "high",
                    sim_verdict_shown(verdict, verdict->has_interval ? verdict->high : none));
    sim_json_count(json, "samples", verdict->samples);
    sim_json_text(json, "verdict", sim_verdict_name(verdict->kind));
    sim_json_text(json, "why", verdict->why);
    sim_json_close(json, '}');
}

static void put_expectation(struct sim_json *json, const struct sim_expectation_verdict *verdict)
{
    sim_json_open(json, NULL, '{');
    sim_json_text(json, "expectation", verdict->expectation->text);
    if (verdict->expectation->phase != NULL) {
        sim_json_text(json, "phase", verdict->expectation->phase->name);
    }
    sim_json_text(json, "outcome", sim_outcome_name(verdict->outcome));
    sim_json_number(json, "measured", verdict->measured);
    sim_json_text(json, "why", verdict->why);
    sim_json_close(json, '}');
}

bool sim_lines_scenario(struct sim_json *json, const struct sim_finding *finding)
{
    const struct sim_scenario *scenario = finding->cell->scenario;
    sim_json_open(json, NULL, '{');
    put_cell(json, "scenario", finding->cell, scenario->seed);
    sim_json_count(json, "repeat", scenario->repeat);
    sim_json_count(json, "repetitions", finding->summary.run_count);
    sim_json_boolean(json, "interrupted", finding->interrupted);
    put_fingerprint(json, finding->summary.fingerprint);
    put_metrics(json, scenario, &finding->summary);
    put_phases(json, &finding->summary.phases);
    put_faults(json, scenario, &finding->summary.faults);
    put_liars(json, &finding->summary.liars);
    put_wire(json, &finding->summary);
    put_hosts(json, finding);
    put_shares(json, scenario, &finding->shares);
    sim_json_open(json, "verdicts", '[');
    for (uint32_t i = 0; i < finding->verdict_count; i++) {
        put_verdict(json, &finding->verdicts[i]);
    }
    sim_json_close(json, ']');
    sim_json_open(json, "expectations", '[');
    for (uint32_t i = 0; i < scenario->expectation_count; i++) {
        put_expectation(json, &finding->expectations[i]);
    }
    sim_json_close(json, ']');
    if (finding->run_id > 0) {
        sim_json_count(json, "run_id", (uint64_t)finding->run_id);
    } else {
        sim_json_text(json, "run_id", NULL);
    }
    sim_json_close(json, '}');
    return sim_json_end_line(json);
}
