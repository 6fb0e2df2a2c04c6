// SPDX-License-Identifier: GPL-3.0-or-later
#include "deceits.h"

#include <string.h>

#include "allocate.h"
#include "lying.h"

// A lie that is followed.
struct belief {
    uint64_t *holders[2];  // bit per agent: of the first value, of the second; of a forgery only it
    uint64_t first_ns;
    uint64_t last_ns;  // when the last agent came to know better
    uint32_t believers;
    uint32_t held;  // agents that ever believed it
};

struct sim_deceits {
    const struct sim_scenario *scenario;
    const struct sim_world *world;
    struct sim_result *result;
    struct belief *beliefs;  // [belief_count] by the places of the engine's lies
    uint32_t belief_count;
    uint32_t *lie_of_write;  // [updates] 1 + the lie that has its second value; 0: none
    uint32_t lies_seen;      // of the engine's, entered in lie_of_write
    uint64_t *deceived;      // bit per agent: it ever was
};

static size_t words_of(const struct sim_deceits *deceits)
{
    return (deceits->world->places.agents + 63) / 64;
}

struct sim_deceits *sim_deceits_create(const struct sim_scenario *scenario,
                                       const struct sim_world *world, struct sim_result *result)
{
    struct sim_deceits *deceits = sim_memory_zeroed(sizeof *deceits);
    deceits->scenario = scenario;
    deceits->world = world;
    deceits->result = result;
    deceits->lie_of_write =
        sim_memory_zeroed(scenario->workload.updates * sizeof *deceits->lie_of_write);
    deceits->deceived = sim_memory_zeroed(words_of(deceits) * sizeof *deceits->deceived);
    return deceits;
}

void sim_deceits_destroy(struct sim_deceits *deceits)
{
    if (deceits == NULL) {
        return;
    }
    for (uint32_t i = 0; i < deceits->belief_count; i++) {
        sim_memory_free(deceits->beliefs[i].holders[0]);
        sim_memory_free(deceits->beliefs[i].holders[1]);
    }
    sim_memory_free(deceits->beliefs);
    sim_memory_free(deceits->lie_of_write);
    sim_memory_free(deceits->deceived);
    sim_memory_free(deceits);
}

static bool has(const uint64_t *bits, uint32_t agent)
{
    return bits != NULL && (bits[agent / 64] >> agent % 64 & 1) != 0;
}

// ---- What agents believe ----

static void enter_lies(struct sim_deceits *deceits, const struct sim_lie *lies, uint32_t count)
{
    for (; deceits->lies_seen < count; deceits->lies_seen++) {
        if (lies[deceits->lies_seen].liar != MESH_NODE_NONE) {
            deceits->lie_of_write[lies[deceits->lies_seen].write] = deceits->lies_seen + 1;
        }
    }
}

static struct belief *belief_of(struct sim_deceits *deceits, uint32_t lie)
{
    if (lie >= deceits->belief_count) {
        uint32_t count = lie + 1;
        deceits->beliefs = sim_memory_resize(deceits->beliefs, count * sizeof *deceits->beliefs);
        memset(deceits->beliefs + deceits->belief_count, 0,
               (count - deceits->belief_count) * sizeof *deceits->beliefs);
        deceits->belief_count = count;
    }
    return &deceits->beliefs[lie];
}

// An honest agent comes to hold value `which` of the lie.
static void hold(struct sim_deceits *deceits, uint32_t lie, uint32_t which, uint32_t agent,
                 uint64_t time_ns)
{
    if (lie >= SIM_TRACKED_LIES) {
        return;
    }
    struct belief *belief = belief_of(deceits, lie);
    if (belief->holders[which] == NULL) {
        belief->holders[which] =
            sim_memory_zeroed(words_of(deceits) * sizeof *belief->holders[which]);
    }
    if (has(belief->holders[which], agent)) {
        return;  // again, after it had lost its disk
    }
    belief->holders[which][agent / 64] |= UINT64_C(1) << agent % 64;
    if (has(belief->holders[1 - which], agent)) {
        belief->believers--;
        belief->last_ns = time_ns;
        return;
    }
    belief->first_ns = belief->held == 0 ? time_ns : belief->first_ns;
    belief->held++;
    belief->believers++;
    deceits->deceived[agent / 64] |= UINT64_C(1) << agent % 64;
}

void sim_deceits_look(struct sim_deceits *deceits, const struct sim_engine *engine,
                      const struct mesh_table *table, const uint32_t *write_of_lane,
                      const struct sim_change *changes, uint32_t count)
{
    uint32_t lie_count;
    const struct sim_lie *lies = sim_engine_lies(engine, &lie_count);
    enter_lies(deceits, lies, lie_count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t agent = changes[i].node;
        if (agent >= deceits->world->places.agents || deceits->world->liars[agent] != 0) {
            continue;
        }
        for (uint64_t lanes = changes[i].lanes; lanes != 0; lanes &= lanes - 1) {
            uint32_t lane = 64 * changes[i].word + (uint32_t)__builtin_ctzll(lanes);
            uint32_t write = write_of_lane[lane];
            if (write >= SIM_LIE && lies[write - SIM_LIE].entry == SIM_LIE_OF_NETWORK) {
                continue;  // nobody told it
            }
            if (write >= SIM_LIE) {
                bool second = lies[write - SIM_LIE].liar != MESH_NODE_NONE;
                hold(deceits, write - SIM_LIE, second, agent, changes[i].time_ns);
            } else if (table->updates[lane].contested &&
                       write < deceits->scenario->workload.updates &&
                       deceits->lie_of_write[write] != 0) {
                hold(deceits, deceits->lie_of_write[write] - 1, 0, agent, changes[i].time_ns);
            }
        }
    }
}

// ---- The result ----

static void close_entries(const struct sim_deceits *deceits, const struct sim_engine *engine)
{
    const struct sim_scenario *scenario = deceits->scenario;
    struct sim_result *result = deceits->result;
    const struct sim_liar_count *counts = sim_engine_liar_counts(engine);
    result->liars = sim_memory_zeroed(scenario->liar_count * sizeof *result->liars);
    result->liar_count = scenario->liar_count;
    for (uint32_t i = 0; i < scenario->liar_count; i++) {
        result->liars[i] = (struct sim_liar_result){
            .text = scenario->liars[i].text,
            .unseen = sim_liar_unseen(scenario, &scenario->liars[i]),
            .behaviour = scenario->liars[i].behaviour,
            .first_ns = counts[i].first_ns == SIM_FAULT_NEVER ? SIM_TIME_NEVER : counts[i].first_ns,
            .last_ns = counts[i].lies == 0 ? SIM_TIME_NEVER : counts[i].last_ns,
            .lies = counts[i].lies,
            .nodes = counts[i].nodes,
            .lying = counts[i].lying,
        };
    }
}

static void close_beliefs(const struct sim_deceits *deceits, const struct sim_engine *engine)
{
    struct sim_result *result = deceits->result;
    uint32_t lie_count;
    const struct sim_lie *lies = sim_engine_lies(engine, &lie_count);
    result->deceits = sim_memory_zeroed(deceits->belief_count * sizeof *result->deceits);
    for (uint32_t i = 0; i < deceits->belief_count; i++) {
        const struct belief *belief = &deceits->beliefs[i];
        if (belief->held == 0) {
            continue;
        }
        result->deceits[result->deceit_count++] = (struct sim_deceit){
            .told_ns = lies[i].time_ns,
            .first_ns = belief->first_ns,
            .after_ns = belief->believers > 0 ? SIM_TIME_NEVER : belief->last_ns - belief->first_ns,
            .origin = lies[i].dot.origin,
            .sequence = lies[i].dot.sequence,
            .entry = lies[i].entry,
            .held = belief->held,
        };
    }
    for (uint32_t agent = 0; agent < deceits->world->places.agents; agent++) {
        result->deceived += has(deceits->deceived, agent);
        result->honest += deceits->world->liars[agent] == 0;
    }
}

static void close_detections(const struct sim_deceits *deceits, const struct sim_engine *engine)
{
    struct sim_result *result = deceits->result;
    uint32_t nodes = deceits->world->places.nodes;
    uint32_t lying = 0;
    for (uint32_t node = 0; node < nodes; node++) {
        lying += sim_engine_lied_ns(engine, node) != SIM_FAULT_NEVER;
    }
    result->detections = sim_memory_zeroed(lying * sizeof *result->detections);
    for (uint32_t node = 0; node < nodes; node++) {
        uint64_t lied_ns = sim_engine_lied_ns(engine, node);
        uint64_t caught_ns = sim_engine_caught_ns(engine, node);
        if (lied_ns == SIM_FAULT_NEVER) {
            result->wrongly_ignored += caught_ns != SIM_FAULT_NEVER;
            continue;
        }
        result->detections[result->detection_count++] = (struct sim_detection){
            .lied_ns = lied_ns,
            .after_ns = caught_ns == SIM_FAULT_NEVER ? SIM_TIME_NEVER
                        : caught_ns > lied_ns        ? caught_ns - lied_ns
                                                     : 0,
            .node = node,
        };
    }
}

void sim_deceits_close(struct sim_deceits *deceits, const struct sim_engine *engine)
{
    close_entries(deceits, engine);
    close_beliefs(deceits, engine);
    close_detections(deceits, engine);
}
