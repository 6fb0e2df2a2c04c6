// SPDX-License-Identifier: GPL-3.0-or-later
#include "recorder.h"

#include <assert.h>

#include "allocate.h"
#include "mesh/schedule.h"

#define CURVE_STEP_NS_MIN 10000u
#define P99_PPB 990000000u

void sim_recorder_init(struct sim_recorder *recorder, const struct sim_scenario *scenario,
                       const struct mesh_config *mesh, const struct sim_write *writes,
                       struct sim_result *result)
{
    uint32_t updates = scenario->workload.updates;
    *recorder = (struct sim_recorder){
        .result = result,
        .mesh = mesh,
        .tracked = updates < SIM_TRACKED_UPDATES ? updates : SIM_TRACKED_UPDATES,
        .agents = scenario->agents,
        .threshold_ppb = scenario->gossip.threshold_ppb,
        .open = updates,
        .stop_when_held = scenario->duration_ns == 0,
    };
    recorder->receipts =
        sim_memory_pages((size_t)recorder->tracked * scenario->agents * sizeof *recorder->receipts);
    result->updates = sim_memory_zeroed(updates * sizeof *result->updates);
    result->update_count = updates;
    result->curve.step_ns = CURVE_STEP_NS_MIN;
    for (uint32_t i = 0; i < updates; i++) {
        result->updates[i] = (struct sim_update_result){
            .dot = {.origin = writes[i].node},
            .written_ns = writes[i].time_ns,
            .measured = writes[i].time_ns >= scenario->workload.warmup_ns,
            .cohort = scenario->agents,
            .theta_ns = SIM_TIME_NEVER,
            .half_ns = SIM_TIME_NEVER,
            .p99_ns = SIM_TIME_NEVER,
            .all_ns = SIM_TIME_NEVER,
            .path = {.node = MESH_NODE_NONE},
        };
        result->curve.pairs += result->updates[i].measured ? scenario->agents : 0;
    }
}

void sim_recorder_finish(struct sim_recorder *recorder)
{
    sim_memory_free_pages(recorder->receipts, (size_t)recorder->tracked * recorder->agents *
                                                  sizeof *recorder->receipts);
}

// ---- Causal paths ----

static uint32_t saturate(uint64_t value)
{
    return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

// When the tick fired that opened the exchange of `message`.
static uint64_t tick_ns(const struct mesh_config *mesh, const struct mesh_message *message)
{
    uint64_t number = message->occasion & ((UINT64_C(1) << 48) - 1);
    return mesh_schedule_at_ns(mesh, message->scope, message->initiator, number);
}

static struct sim_receipt receipt_of(const struct sim_recorder *recorder,
                                     const struct sim_change *change)
{
    const struct mesh_message *message = change->message;
    struct sim_receipt receipt = {.received_ns = change->time_ns, .source = MESH_NODE_NONE};
    if (message == NULL) {
        return receipt;
    }
    receipt.source = message->source;
    receipt.flight_ns = saturate(change->time_ns - message->sent_ns);
    if (message->kind != MESH_MESSAGE_EAGER && message->kind != MESH_MESSAGE_SNAPSHOT) {
        receipt.since_tick_ns = saturate(message->sent_ns - tick_ns(recorder->mesh, message));
    }
    return receipt;
}

// Walks from `node` back to the writer, adding up where the time went.
static struct sim_path path_to(const struct sim_recorder *recorder, uint32_t update, uint32_t node)
{
    struct sim_path path = {.node = node};
    const struct sim_receipt *receipts = &recorder->receipts[(size_t)update * recorder->agents];
    const struct sim_receipt *receipt = &receipts[node];
    while (receipt->source != MESH_NODE_NONE) {
        const struct sim_receipt *teller = &receipts[receipt->source];
        uint64_t sent_ns = receipt->received_ns - receipt->flight_ns;
        uint64_t held_ns = sent_ns - teller->received_ns;
        // Of the time the teller held it: until the causing tick it waited, then messages flew.
        uint64_t flew_ns = held_ns < receipt->since_tick_ns ? held_ns : receipt->since_tick_ns;
        path.tick_ns += held_ns - flew_ns;
        path.network_ns += flew_ns + receipt->flight_ns;
        path.hops++;
        receipt = teller;
    }
    return path;
}

// ---- Counting ----

static void enter_curve(struct sim_curve *curve, uint64_t since_ns)
{
    while (since_ns > SIM_CURVE_POINTS * curve->step_ns) {
        for (uint32_t i = 0; i < SIM_CURVE_POINTS / 2; i++) {
            const uint64_t *pair = &curve->held[(size_t)2 * i];
            curve->held[i] = pair[0] + pair[1];
        }
        for (uint32_t i = SIM_CURVE_POINTS / 2; i < SIM_CURVE_POINTS; i++) {
            curve->held[i] = 0;
        }
        curve->step_ns *= 2;
    }
    // Point i counts what came in (i * step, (i + 1) * step]; the write itself is in the first.
    curve->held[since_ns == 0 ? 0 : (since_ns - 1) / curve->step_ns]++;
}

static uint32_t share_of(uint32_t cohort, uint64_t ppb)
{
    return (uint32_t)((cohort * ppb + SIM_PPB - 1) / SIM_PPB);
}

static void hold(struct sim_recorder *recorder, uint32_t index, const struct sim_change *change)
{
    struct sim_update_result *update = &recorder->result->updates[index];
    uint64_t since_ns = change->time_ns - update->written_ns;
    if (index < recorder->tracked) {
        recorder->receipts[(size_t)index * recorder->agents + change->node] =
            receipt_of(recorder, change);
    }
    update->held++;
    update->last_receipt_ns = since_ns;
    if (update->measured) {
        enter_curve(&recorder->result->curve, since_ns);
    }
    if (update->held == share_of(update->cohort, SIM_PPB / 2)) {
        update->half_ns = since_ns;
    }
    if (update->held == share_of(update->cohort, recorder->threshold_ppb)) {
        update->theta_ns = since_ns;
        if (index < recorder->tracked) {
            update->path = path_to(recorder, index, change->node);
        }
    }
    if (update->held == share_of(update->cohort, P99_PPB)) {
        update->p99_ns = since_ns;
    }
    if (update->held == update->cohort) {
        update->all_ns = since_ns;
        recorder->open--;
    }
}

void sim_recorder_changes(void *context, const struct mesh_table *table,
                          const uint32_t *write_of_lane, const struct sim_change *changes,
                          uint32_t count)
{
    struct sim_recorder *recorder = context;
    for (uint32_t i = 0; i < count; i++) {
        for (uint64_t lanes = changes[i].lanes; lanes != 0; lanes &= lanes - 1) {
            uint32_t lane = 64 * changes[i].word + (uint32_t)__builtin_ctzll(lanes);
            uint32_t update = write_of_lane[lane];
            recorder->result->updates[update].dot = table->updates[lane].dot;
            hold(recorder, update, &changes[i]);
        }
    }
}

void sim_recorder_checkpoint(void *context, uint64_t time_ns, uint64_t fingerprint, uint64_t events)
{
    struct sim_recorder *recorder = context;
    struct sim_result *result = recorder->result;
    if (result->checkpoint_count > 0 &&
        result->checkpoints[result->checkpoint_count - 1].time_ns == time_ns) {
        result->checkpoint_count--;  // the last one coincides with the end of the run
    }
    if (result->checkpoint_count == recorder->checkpoint_capacity) {
        recorder->checkpoint_capacity =
            recorder->checkpoint_capacity == 0 ? 16 : 2 * recorder->checkpoint_capacity;
        result->checkpoints = sim_memory_resize(
            result->checkpoints, recorder->checkpoint_capacity * sizeof *result->checkpoints);
    }
    result->checkpoints[result->checkpoint_count++] =
        (struct sim_checkpoint){time_ns, fingerprint, events};
}
