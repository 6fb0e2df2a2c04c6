// SPDX-License-Identifier: GPL-3.0-or-later
#include "recorder.h"

#include <assert.h>
#include <string.h>

#include "allocate.h"
#include "mesh/schedule.h"

#define P99_PPB 990000000u

// ---- Who is counted ----

static bool lies(const struct sim_recorder *recorder, uint32_t node)
{
    return recorder->world->liars != NULL && recorder->world->liars[node] != 0;
}

// Honest agents among these.
static uint32_t honest_in(const struct sim_recorder *recorder, uint32_t first, uint32_t end)
{
    return recorder->world->liars == NULL
               ? end - first
               : recorder->honest_before[end] - recorder->honest_before[first];
}

static void count_honest(struct sim_recorder *recorder, uint32_t agents)
{
    recorder->honest_before =
        sim_memory_zeroed((agents + (size_t)1) * sizeof *recorder->honest_before);
    for (uint32_t agent = 0; agent < agents; agent++) {
        recorder->honest_before[agent + 1] =
            recorder->honest_before[agent] + !lies(recorder, agent);
        if (lies(recorder, agent) && recorder->faults) {
            sim_cohorts_exclude(&recorder->cohorts, agent);
        }
    }
}

// ---- What is counted ----

static void add_curve(struct sim_result *result, enum sim_reach reach, uint32_t region)
{
    result->curves[result->curve_count++] =
        (struct sim_curve){.step_ns = SIM_CURVE_STEP_NS_MIN, .reach = reach, .region = region};
}

static void init_curves(struct sim_recorder *recorder)
{
    const struct sim_places *places = &recorder->world->places;
    struct sim_result *result = recorder->result;
    bool regions = places->regions.count > 1;
    result->curves = sim_memory_zeroed((SIM_REACH_COUNT + (size_t)places->regions.count) *
                                       sizeof *result->curves);
    result->curve_count = 0;
    add_curve(result, SIM_REACH_ALL, SIM_REGION_NONE);
    if (places->edges.count > 0) {
        add_curve(result, SIM_REACH_EDGE, SIM_REGION_NONE);
    }
    if (regions) {
        add_curve(result, SIM_REACH_REGION, SIM_REGION_NONE);
        recorder->region_curve_first = result->curve_count;
        for (uint32_t r = 0; r < places->regions.count; r++) {
            add_curve(result, SIM_REACH_ALL, r);
        }
    }
}

// Nobody of a mesh that is left, nor of the one beside it, is near: that is measured of one mesh.
static struct sim_vicinity vicinity_of(const struct sim_shares *shares, uint32_t agent)
{
    if (agent >= shares->starts[shares->count]) {
        return (struct sim_vicinity){0, 0};
    }
    uint32_t share = sim_shares_find(shares, agent);
    return (struct sim_vicinity){shares->starts[share], shares->starts[share + 1]};
}

// How many agents a curve counts of an update, of those who are up, or of all.
static uint32_t pairs_of(const struct sim_recorder *recorder, uint32_t index,
                         const struct sim_curve *curve, bool all)
{
    const struct sim_update_result *update = &recorder->result->updates[index];
    const uint32_t *starts = recorder->world->places.regions.starts;
    uint32_t count = 0;
    if (curve->reach != SIM_REACH_ALL) {
        return update->near[curve->reach].cohort;
    }
    if (curve->region == SIM_REGION_NONE) {
        return update->cohort;
    }
    if (all) {
        return honest_in(recorder, starts[curve->region], starts[curve->region + 1]);
    }
    for (uint32_t agent = starts[curve->region]; agent < starts[curve->region + 1]; agent++) {
        count += sim_cohorts_has(&recorder->cohorts, agent, update->written_ns);
    }
    return count;
}

// Enters an update into the curves, or takes it out of them.
static void count_pairs(struct sim_recorder *recorder, uint32_t index, bool all, bool in)
{
    for (uint32_t i = 0; i < recorder->result->curve_count; i++) {
        struct sim_curve *curve = &recorder->result->curves[i];
        uint64_t pairs = pairs_of(recorder, index, curve, all);
        if (recorder->result->updates[index].measured) {
            curve->pairs = in ? curve->pairs + pairs : curve->pairs - pairs;
        }
    }
}

// Who is near the writer, and how many pairs of an update and an agent each curve counts.
static void init_update(struct sim_recorder *recorder, uint32_t index, uint32_t writer)
{
    const struct sim_places *places = &recorder->world->places;
    struct sim_update_result *update = &recorder->result->updates[index];
    struct sim_vicinity *near = recorder->near[index];
    if (places->edges.count > 0) {
        near[SIM_REACH_EDGE] = vicinity_of(&places->edges, writer);
    }
    if (places->regions.count > 1) {
        near[SIM_REACH_REGION] = vicinity_of(&places->regions, writer);
    }
    for (uint32_t reach = 0; reach < SIM_REACH_ALL; reach++) {
        update->near[reach].cohort = honest_in(recorder, near[reach].first, near[reach].end);
        update->near[reach].theta_ns = SIM_TIME_NEVER;
    }
    count_pairs(recorder, index, true, true);
}

void sim_recorder_init(struct sim_recorder *recorder, const struct sim_scenario *scenario,
                       const struct sim_world *world, struct sim_result *result)
{
    uint32_t updates = scenario->workload.updates;
    *recorder = (struct sim_recorder){
        .result = result,
        .world = world,
        .tracked = updates < SIM_TRACKED_UPDATES ? updates : SIM_TRACKED_UPDATES,
        .near = sim_memory_zeroed(updates * sizeof *recorder->near),
        .threshold_ppb = scenario->gossip.threshold_ppb,
        .update_count = updates,
        .open = updates,
        .stop_when_held = scenario->duration_ns == 0,
    };
    recorder->faults = scenario->fault_count > 0;
    if (recorder->faults) {
        recorder->closed = sim_memory_zeroed(updates);
        sim_cohorts_init(&recorder->cohorts,
                         scenario->migration == NULL ? scenario->agents : world->places.nodes,
                         updates, result);
        for (uint32_t node = world->places.agents; node < recorder->cohorts.agents; node++) {
            if (!sim_places_is_agent(&world->places, node)) {
                sim_cohorts_exclude(&recorder->cohorts, node);
            }
        }
    }
    if (world->liars != NULL) {
        count_honest(recorder, scenario->agents);
    }
    recorder->receipts = sim_memory_pages((size_t)recorder->tracked * world->places.nodes *
                                          sizeof *recorder->receipts);
    init_curves(recorder);
    result->updates = sim_memory_zeroed(updates * sizeof *result->updates);
    result->update_count = updates;
    for (uint32_t i = 0; i < updates; i++) {
        const struct sim_write *write = &world->writes[i];
        bool lied = lies(recorder, write->node);
        recorder->open -= lied;
        if (recorder->faults) {
            recorder->closed[i] = lied;
        }
        result->updates[i] = (struct sim_update_result){
            .dot = {.origin = write->node},
            .written_ns = write->time_ns,
            .measured = !lied && write->time_ns >= scenario->workload.warmup_ns,
            .cohort = honest_in(recorder, 0, scenario->agents) + sim_places_agents(&world->places) -
                      scenario->agents,
            .theta_ns = SIM_TIME_NEVER,
            .calm_theta_ns = SIM_TIME_NEVER,
            .half_ns = SIM_TIME_NEVER,
            .p99_ns = SIM_TIME_NEVER,
            .all_ns = SIM_TIME_NEVER,
            .path = {.node = MESH_NODE_NONE},
        };
        init_update(recorder, i, write->node);
    }
}

void sim_recorder_finish(struct sim_recorder *recorder)
{
    sim_memory_free_pages(recorder->receipts, (size_t)recorder->tracked *
                                                  recorder->world->places.nodes *
                                                  sizeof *recorder->receipts);
    sim_memory_free(recorder->near);
    sim_memory_free(recorder->honest_before);
    sim_memory_free(recorder->closed);
    sim_memory_free(recorder->transitions);
    if (recorder->faults) {
        sim_cohorts_finish(&recorder->cohorts);
    }
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
    receipt.tick = recorder->world->scopes.ticks[message->scope];
    receipt.flight_ns = saturate(change->time_ns - message->sent_ns);
    if (message->kind != MESH_MESSAGE_EAGER && message->kind != MESH_MESSAGE_SNAPSHOT) {
        receipt.since_tick_ns =
            saturate(message->sent_ns - tick_ns(&recorder->world->mesh, message));
    }
    return receipt;
}

static struct sim_receipt *receipts_of(const struct sim_recorder *recorder, uint32_t update)
{
    return &recorder->receipts[(size_t)update * recorder->world->places.nodes];
}

// Walks from `node` back to the writer, adding up where the time went.
static struct sim_path path_to(const struct sim_recorder *recorder, uint32_t update, uint32_t node)
{
    struct sim_path path = {.node = node};
    const struct sim_receipt *receipts = receipts_of(recorder, update);
    const struct sim_receipt *receipt = &receipts[node];
    while (receipt->source != MESH_NODE_NONE) {
        const struct sim_receipt *teller = &receipts[receipt->source];
        uint64_t sent_ns = receipt->received_ns - receipt->flight_ns;
        uint64_t held_ns = sent_ns - teller->received_ns;
        // Of the time the teller held it: until the causing tick it waited, then messages flew.
        uint64_t flew_ns = held_ns < receipt->since_tick_ns ? held_ns : receipt->since_tick_ns;
        path.tick_ns[receipt->tick] += held_ns - flew_ns;
        path.network_ns += flew_ns + receipt->flight_ns;
        path.hops++;
        receipt = teller;
    }
    return path;
}

// ---- Counting ----

static uint32_t share_of(uint32_t cohort, uint64_t ppb)
{
    return (uint32_t)((cohort * ppb + SIM_PPB - 1) / SIM_PPB);
}

static bool has_share(uint32_t held, uint32_t left, uint64_t ppb)
{
    return left > 0 && held >= share_of(left, ppb);
}

// Notes which shares of those who are left hold the update now.
static void complete_near(const struct sim_recorder *recorder, struct sim_near *near,
                          uint64_t since_ns)
{
    if (near->theta_ns == SIM_TIME_NEVER &&
        has_share(near->held, near->cohort - near->gone, recorder->threshold_ppb)) {
        near->theta_ns = since_ns;
    }
}

// `node`: who just came to hold it; MESH_NODE_NONE: somebody went.
static void complete(struct sim_recorder *recorder, uint32_t index, uint32_t node,
                     uint64_t since_ns)
{
    struct sim_update_result *update = &recorder->result->updates[index];
    uint32_t left = update->cohort - update->gone;
    if (update->half_ns == SIM_TIME_NEVER && has_share(update->held, left, SIM_PPB / 2)) {
        update->half_ns = since_ns;
    }
    if (update->theta_ns == SIM_TIME_NEVER &&
        has_share(update->held, left, recorder->threshold_ppb)) {
        update->theta_ns = since_ns;
        if (index < recorder->tracked && node != MESH_NODE_NONE) {
            update->path = path_to(recorder, index, node);
        }
    }
    if (update->p99_ns == SIM_TIME_NEVER && has_share(update->held, left, P99_PPB)) {
        update->p99_ns = since_ns;
    }
    if (update->all_ns == SIM_TIME_NEVER && has_share(update->held, left, SIM_PPB)) {
        update->all_ns = since_ns;
    }
    if (recorder->faults && recorder->closed[index] == 0) {
        recorder->closed[index] = update->held == left;
        recorder->open -= update->held == left;
    } else if (!recorder->faults && update->held == left) {
        recorder->open--;
    }
}

static void hold_near(const struct sim_recorder *recorder, uint32_t index, uint32_t agent,
                      uint64_t since_ns)
{
    struct sim_update_result *update = &recorder->result->updates[index];
    for (uint32_t reach = 0; reach < SIM_REACH_ALL; reach++) {
        const struct sim_vicinity *vicinity = &recorder->near[index][reach];
        if (agent - vicinity->first < vicinity->end - vicinity->first) {
            update->near[reach].held++;
            complete_near(recorder, &update->near[reach], since_ns);
        }
    }
}

static void enter_curves(const struct sim_recorder *recorder, uint32_t index, uint32_t agent,
                         uint64_t since_ns)
{
    struct sim_curve *curves = recorder->result->curves;
    sim_curve_enter(&curves[0], since_ns);
    for (uint32_t i = 1; i < recorder->result->curve_count; i++) {
        if (curves[i].reach == SIM_REACH_ALL && agent >= recorder->world->places.agents) {
            break;  // of no region of the new mesh
        }
        if (curves[i].reach == SIM_REACH_ALL) {
            uint32_t region = sim_shares_find(&recorder->world->places.regions, agent);
            sim_curve_enter(&curves[recorder->region_curve_first + region], since_ns);
            break;  // the curves of the regions are the last
        }
        const struct sim_vicinity *vicinity = &recorder->near[index][curves[i].reach];
        if (agent - vicinity->first < vicinity->end - vicinity->first) {
            sim_curve_enter(&curves[i], since_ns);
        }
    }
}

// An agent has come to hold an update.
static void hold(struct sim_recorder *recorder, uint32_t index, const struct sim_change *change)
{
    struct sim_update_result *update = &recorder->result->updates[index];
    uint64_t since_ns = change->time_ns - update->written_ns;
    if (recorder->faults &&
        !sim_cohorts_hold(&recorder->cohorts, index, change->node, change->time_ns)) {
        return;
    }
    update->held++;
    update->last_receipt_ns = since_ns;
    hold_near(recorder, index, change->node, since_ns);
    if (update->measured) {
        enter_curves(recorder, index, change->node, since_ns);
    }
    complete(recorder, index, change->node, since_ns);
}

// ---- Coming and going ----

// An agent that was in the cohort of an update went down. Once all that were left hold it, the
// update is closed, and who goes later goes with it.
static void leave(void *context, uint32_t index, uint32_t agent, bool held)
{
    struct sim_recorder *recorder = context;
    struct sim_update_result *update = &recorder->result->updates[index];
    uint64_t since_ns = recorder->now_ns - update->written_ns;
    if (recorder->closed[index]) {
        return;
    }
    update->gone++;
    update->held -= held;
    for (uint32_t reach = 0; reach < SIM_REACH_ALL; reach++) {
        const struct sim_vicinity *vicinity = &recorder->near[index][reach];
        if (agent - vicinity->first < vicinity->end - vicinity->first) {
            update->near[reach].gone++;
            update->near[reach].held -= held;
            complete_near(recorder, &update->near[reach], since_ns);
        }
    }
    complete(recorder, index, MESH_NODE_NONE, since_ns);
}

static void note_takeover(struct sim_recorder *recorder, const struct sim_transition *transition)
{
    struct sim_result *result = recorder->result;
    if (result->takeover_count == recorder->takeover_capacity) {
        recorder->takeover_capacity =
            recorder->takeover_capacity == 0 ? 16 : 2 * recorder->takeover_capacity;
        result->takeovers = sim_memory_resize(result->takeovers, recorder->takeover_capacity *
                                                                     sizeof *result->takeovers);
    }
    result->takeovers[result->takeover_count++] = (struct sim_takeover){
        .time_ns = transition->time_ns,
        .edge = sim_shares_find(&recorder->world->places.edges, transition->node),
        .from = transition->other,
        .to = transition->node,
    };
}

static void tell(struct sim_recorder *recorder, const struct sim_transition *transition)
{
    bool agent = sim_places_is_agent(&recorder->world->places, transition->node) &&
                 !lies(recorder, transition->node);
    recorder->now_ns = transition->time_ns;
    if (transition->kind == SIM_TRANSITION_RELAY) {
        note_takeover(recorder, transition);
    } else if (transition->kind == SIM_TRANSITION_UP ||
               transition->kind == SIM_TRANSITION_RESUMED) {
        recorder->result->calm_ns = transition->time_ns;
    }
    if (agent && transition->kind == SIM_TRANSITION_DOWN) {
        sim_cohorts_down(&recorder->cohorts, transition->node, transition->disk_lost, leave,
                         recorder);
    } else if (agent && transition->kind == SIM_TRANSITION_UP) {
        sim_cohorts_up(&recorder->cohorts, transition->node, transition->disk_lost,
                       transition->time_ns);
    } else if (agent && transition->kind == SIM_TRANSITION_JOINED) {
        sim_cohorts_joined(&recorder->cohorts, transition->node, transition->time_ns);
    }
}

// Tells the transitions up to `time_ns`, those of that instant included.
static void tell_until(struct sim_recorder *recorder, uint64_t time_ns)
{
    while (recorder->transition_next < recorder->transition_count &&
           recorder->transitions[recorder->transition_next].time_ns <= time_ns) {
        tell(recorder, &recorder->transitions[recorder->transition_next++]);
    }
}

void sim_recorder_transitions(void *context, const struct sim_transition *transitions,
                              uint32_t count)
{
    struct sim_recorder *recorder = context;
    if (count > recorder->transition_capacity) {
        recorder->transition_capacity = 2 * count;
        recorder->transitions = sim_memory_resize(
            recorder->transitions, recorder->transition_capacity * sizeof *recorder->transitions);
    }
    memcpy(recorder->transitions, transitions, count * sizeof *transitions);
    recorder->transition_count = count;
    recorder->transition_next = 0;
}

void sim_recorder_window(struct sim_recorder *recorder)
{
    tell_until(recorder, UINT64_MAX);
}

bool sim_recorder_is_done(const struct sim_recorder *recorder)
{
    return recorder->open == 0 && (!recorder->faults || recorder->cohorts.rejoins_open == 0);
}

// The write does not happen: nobody will hold it.
void sim_recorder_silenced(void *context, uint32_t write)
{
    struct sim_recorder *recorder = context;
    if (recorder->closed[write]) {
        return;  // it was to be written at a liar
    }
    count_pairs(recorder, write, true, false);
    recorder->closed[write] = 1;
    recorder->open--;
    recorder->result->unwritten++;
}

// Who is there to receive an update that is written now.
static void begin(struct sim_recorder *recorder, uint32_t index)
{
    struct sim_update_result *update = &recorder->result->updates[index];
    const struct sim_cohorts *cohorts = &recorder->cohorts;
    sim_cohorts_write(&recorder->cohorts, index);
    if (cohorts->up == cohorts->agents) {
        return;
    }
    count_pairs(recorder, index, true, false);
    update->cohort = cohorts->up;
    for (uint32_t reach = 0; reach < SIM_REACH_ALL; reach++) {
        const struct sim_vicinity *vicinity = &recorder->near[index][reach];
        update->near[reach].cohort = 0;
        for (uint32_t agent = vicinity->first; agent < vicinity->end; agent++) {
            update->near[reach].cohort += sim_cohorts_has(cohorts, agent, update->written_ns);
        }
    }
    count_pairs(recorder, index, false, true);
}

// ---- Changes ----

static void note_receipt(struct sim_recorder *recorder, uint32_t update,
                         const struct sim_change *change)
{
    struct sim_receipt *receipt = &receipts_of(recorder, update)[change->node];
    if (receipt->received_ns == 0 && receipt->source != MESH_NODE_NONE) {
        *receipt = receipt_of(recorder, change);
    }
}

void sim_recorder_changes(void *context, const struct mesh_table *table,
                          const uint32_t *write_of_lane, const struct sim_change *changes,
                          uint32_t count)
{
    struct sim_recorder *recorder = context;
    for (uint32_t i = 0; i < count; i++) {
        tell_until(recorder, changes[i].time_ns);
        for (uint64_t lanes = changes[i].lanes; lanes != 0; lanes &= lanes - 1) {
            uint32_t lane = 64 * changes[i].word + (uint32_t)__builtin_ctzll(lanes);
            uint32_t update = write_of_lane[lane];
            if (update >= recorder->update_count ||
                lies(recorder, table->updates[lane].dot.origin)) {
                continue;  // a coordinator's total, a lie
            }
            recorder->result->updates[update].dot = table->updates[lane].dot;
            if (update < recorder->tracked) {
                note_receipt(recorder, update, &changes[i]);
            }
            if (recorder->faults && changes[i].message == NULL) {
                begin(recorder, update);
            }
            if (sim_places_is_agent(&recorder->world->places, changes[i].node) &&
                !lies(recorder, changes[i].node)) {
                hold(recorder, update, &changes[i]);
            }
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
