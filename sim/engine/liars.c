// SPDX-License-Identifier: GPL-3.0-or-later
// Who lies, the lies that have lanes, and who is caught.
#include "liars.h"

#include <assert.h>
#include <string.h>

#include "allocate.h"
#include "mesh/clock.h"
#include "mesh/wire.h"
#include "state.h"

#define NAMES_TRIED 64u  // until an honest one is found to forge in

static const uint8_t forged_value[8] = {'n', 'o', 'b', 'o', 'd', 'y', '!', '!'};

static bool lies_at(const struct sim_liar *liar, uint64_t time_ns)
{
    return time_ns >= liar->at_ns && time_ns < liar->until_ns;
}

// ---- Lifecycle ----

static void fill_never(uint64_t *times_ns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        times_ns[i] = SIM_FAULT_NEVER;
    }
}

static void count_nodes(struct sim_engine *engine)
{
    struct sim_liars *liars = &engine->liars;
    for (uint32_t node = 0; node < engine->config.node_count; node++) {
        for (uint32_t left = liars->entries[node]; left != 0; left &= left - 1) {
            liars->counts[__builtin_ctz(left)].nodes++;
            liars->any = true;
        }
    }
}

static void create_lists(struct sim_engine *engine)
{
    struct sim_liars *liars = &engine->liars;
    const struct sim_lying *lying = &engine->config.lying;
    uint32_t nodes = engine->config.node_count;
    liars->entries = lying->entries;
    liars->counts = sim_memory_zeroed(lying->count * sizeof *liars->counts);
    liars->forged = sim_memory_zeroed(lying->count * sizeof *liars->forged);
    liars->forged_next_ns = sim_memory_zeroed(lying->count * sizeof *liars->forged_next_ns);
    liars->lie_first = sim_memory_zeroed(nodes * sizeof *liars->lie_first);
    liars->ticks = sim_memory_zeroed(nodes * sizeof *liars->ticks);
    liars->lied_ns = sim_memory_zeroed(nodes * sizeof *liars->lied_ns);
    fill_never(liars->lied_ns, nodes);
    count_nodes(engine);
    for (uint32_t i = 0; i < lying->count; i++) {
        bool forges = lying->liars[i].behaviour == SIM_FORGING && liars->counts[i].nodes > 0;
        liars->forged_next_ns[i] = forges ? lying->liars[i].at_ns : SIM_FAULT_NEVER;
    }
}

void sim_liars_create(struct sim_engine *engine)
{
    struct sim_liars *liars = &engine->liars;
    uint32_t count = engine->config.lying.count;
    const struct mesh_guard *guard = engine->config.mesh->guard;
    liars->guarded = guard != NULL;
    assert(count == 0 || guard != NULL);
    if (count > 0) {
        create_lists(engine);
    }
    if (guard != NULL) {
        liars->peer_bytes = (size_t)engine->config.node_count * guard->peers * sizeof *liars->peers;
        liars->peers = sim_memory_pages(liars->peer_bytes);
    }
    for (uint32_t i = 0; i < engine->worker_count && liars->guarded; i++) {
        struct sim_lying_notes *notes = &engine->workers[i]->lying;
        notes->counts = sim_memory_zeroed(count * sizeof *notes->counts);
        notes->caught_ns = sim_memory_zeroed(engine->config.node_count * sizeof *notes->caught_ns);
        fill_never(notes->caught_ns, engine->config.node_count);
        for (uint32_t entry = 0; entry < count; entry++) {
            notes->counts[entry].first_ns = SIM_FAULT_NEVER;
        }
    }
}

void sim_liars_attach(struct sim_engine *engine)
{
    const struct mesh_guard *guard = engine->config.mesh->guard;
    for (uint32_t i = 0; i < engine->block_count && guard != NULL; i++) {
        struct mesh_states *states = &engine->blocks[i].states;
        states->peers = engine->liars.peers + (size_t)states->node_first * guard->peers;
    }
}

void sim_liars_finish(struct sim_engine *engine)
{
    struct sim_liars *liars = &engine->liars;
    for (uint32_t i = 0; i < liars->lie_count; i++) {
        sim_memory_free(liars->lies[i].value);
    }
    sim_memory_free(liars->lies);
    sim_memory_free(liars->forged);
    sim_memory_free(liars->forged_next_ns);
    sim_memory_free(liars->lie_first);
    sim_memory_free(liars->ticks);
    sim_memory_free(liars->lied_ns);
    sim_memory_free(liars->counts);
    if (liars->peers != NULL) {
        sim_memory_free_pages(liars->peers, liars->peer_bytes);
    }
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct sim_lying_notes *notes = &engine->workers[i]->lying;
        sim_memory_free(notes->counts);
        sim_memory_free(notes->caught_ns);
        sim_memory_free(notes->scratch);
        sim_memory_free(notes->references);
        sim_memory_free(notes->targets);
        sim_memory_free(notes->delays_ns);
    }
}

bool sim_liars_among(const struct sim_engine *engine, uint32_t node_first, uint32_t node_end)
{
    for (uint32_t node = node_first; engine->liars.any && node < node_end; node++) {
        if (engine->liars.entries[node] != 0) {
            return true;
        }
    }
    return false;
}

// ---- Lies with lanes ----

static bool equivocates(const struct sim_engine *engine, const struct sim_write *write,
                        uint32_t *entry)
{
    uint32_t left = engine->liars.any ? engine->liars.entries[write->node] : 0;
    for (; left != 0; left &= left - 1) {
        *entry = (uint32_t)__builtin_ctz(left);
        const struct sim_liar *liar = &engine->config.lying.liars[*entry];
        if (liar->behaviour == SIM_EQUIVOCATING && lies_at(liar, write->time_ns)) {
            return true;
        }
    }
    return false;
}

uint32_t sim_liars_lanes_max(const struct sim_engine *engine)
{
    const struct sim_lying *lying = &engine->config.lying;
    uint64_t lanes = 0;
    uint32_t entry;
    for (uint32_t i = 0; i < engine->config.write_count && engine->liars.any; i++) {
        lanes += equivocates(engine, &engine->config.writes[i], &entry);
    }
    for (uint32_t i = 0; i < lying->count; i++) {
        const struct sim_liar *liar = &lying->liars[i];
        uint64_t until_ns = liar->until_ns < lying->until_ns ? liar->until_ns : lying->until_ns;
        if (liar->behaviour == SIM_FORGING && until_ns > liar->at_ns) {
            lanes += (until_ns - liar->at_ns) / liar->every_ns + 2;
        }
    }
    return (uint32_t)lanes;
}

uint32_t sim_liars_lanes_wanted(const struct sim_engine *engine, uint32_t write_first,
                                uint32_t write_end)
{
    uint32_t lanes = 0;
    uint32_t entry;
    for (uint32_t i = write_first; i < write_end && engine->liars.any; i++) {
        lanes += equivocates(engine, &engine->writes[i], &entry);
    }
    for (uint32_t i = 0; i < engine->config.lying.count; i++) {
        lanes += engine->liars.forged_next_ns[i] < sim_stride_end_ns(engine);
    }
    return lanes;
}

struct sim_lie *sim_lies_add(struct sim_engine *engine, const struct sim_lie *lie)
{
    struct sim_liars *liars = &engine->liars;
    if (liars->lie_count == liars->lie_capacity) {
        liars->lie_capacity = liars->lie_capacity == 0 ? 64 : 2 * liars->lie_capacity;
        liars->lies = sim_memory_resize(liars->lies, liars->lie_capacity * sizeof *liars->lies);
    }
    struct sim_lie *added = &liars->lies[liars->lie_count];
    *added = *lie;
    added->lane = mesh_table_reserve(&engine->table, lie->dot);
    assert(added->lane != MESH_LANE_NONE);
    engine->write_of_lane[added->lane] = SIM_LIE + liars->lie_count++;
    return added;
}

void sim_lies_copy(const struct mesh_update *said, struct mesh_update *update)
{
    update->clock = said->clock;
    update->type = said->type;
    update->key = said->key;
    update->value_bytes = said->value_bytes;
    update->amount = said->amount;  // or the value, which lies in the same place
}

void sim_lies_seal(const struct sim_engine *engine, struct mesh_update *update)
{
    mesh_update_hash(engine->config.mesh, update);
    update->wire_bytes = mesh_wire_update_bytes(update, engine->config.mesh->signature_bytes);
}

// An honest node to forge in the name of; of a mesh in which next to everybody lies, perhaps none.
static uint32_t somebody_honest(const struct sim_engine *engine, uint32_t entry)
{
    uint32_t node = MESH_NODE_NONE;
    for (uint32_t i = 0; i < NAMES_TRIED && node == MESH_NODE_NONE; i++) {
        struct mesh_random random =
            mesh_draw(engine->config.lying.seed, SIM_DRAW_LIE, i, entry, engine->liars.lie_count);
        node = mesh_below(random.word[0], engine->config.node_count);
        node = engine->liars.entries[node] == 0 ? node : MESH_NODE_NONE;
    }
    return node;
}

static void forge(struct sim_engine *engine, uint32_t entry, uint64_t time_ns)
{
    uint32_t origin = somebody_honest(engine, entry);
    if (origin == MESH_NODE_NONE) {
        return;
    }
    const struct sim_lie *lie =
        sim_lies_add(engine, &(struct sim_lie){
                                 .time_ns = time_ns,
                                 .dot = {origin, SIM_FORGED_SEQUENCE + engine->liars.lie_count},
                                 .entry = entry,
                                 .liar = MESH_NODE_NONE,
                             });
    struct mesh_update *update = &engine->table.updates[lie->lane];
    update->clock = mesh_clock_next(0, time_ns);
    update->type = MESH_LWW_SET;
    update->value = forged_value;
    update->value_bytes = sizeof forged_value;
    update->forged = true;
    sim_lies_seal(engine, update);
    engine->liars.forged[entry] = engine->liars.lie_count;
}

// Of several that fall due in a stride the last is told.
void sim_liars_forge(struct sim_engine *engine)
{
    for (uint32_t i = 0; i < engine->config.lying.count; i++) {
        const struct sim_liar *liar = &engine->config.lying.liars[i];
        uint64_t *next_ns = &engine->liars.forged_next_ns[i];
        uint64_t due_ns = SIM_FAULT_NEVER;
        while (*next_ns < sim_stride_end_ns(engine)) {
            due_ns = *next_ns;
            *next_ns += liar->every_ns;
        }
        if (due_ns != SIM_FAULT_NEVER && lies_at(liar, due_ns)) {
            forge(engine, i, due_ns);
        }
        if (*next_ns >= liar->until_ns) {
            *next_ns = SIM_FAULT_NEVER;
        }
    }
}

void sim_liars_reserve(struct sim_engine *engine, const struct sim_write *write)
{
    uint32_t entry;
    if (!equivocates(engine, write, &entry)) {
        return;
    }
    uint32_t *last = &engine->liars.lie_first[write->node];
    sim_lies_add(engine, &(struct sim_lie){
                             .time_ns = write->time_ns,
                             .dot = engine->table.updates[write->write.lane].dot,
                             .entry = entry,
                             .liar = write->node,
                             .write = (uint32_t)(write - engine->writes),
                             .before = *last,
                         });
    *last = engine->liars.lie_count;
}

void sim_lies_alter(struct sim_lie *lie, struct mesh_update *update)
{
    if (!mesh_update_has_value(update->type)) {
        update->amount += update->change == -1 ? 2 : 1;
        return;
    }
    if (update->value_bytes > 0) {
        lie->value = sim_memory_zeroed(update->value_bytes);
        memcpy(lie->value, update->value, update->value_bytes);
        lie->value[update->value_bytes - 1] ^= 1;
        update->value = lie->value;
    }
    if (update->value_bytes == 0 || !mesh_wire_update_is_valid(update)) {
        if (update->value_bytes > 0) {
            lie->value[update->value_bytes - 1] ^= 1;
        }
        update->clock++;
    }
}

void sim_liars_write(struct sim_worker *worker, const struct mesh_event *event,
                     const struct mesh_record *record)
{
    struct sim_engine *engine = worker->engine;
    if (event->kind == MESH_EVENT_WRITE && event->write->type == MESH_REPORT) {
        return;  // its lane is one of its edge's own
    }
    const struct mesh_update *first = &engine->table.updates[record->persist.lane];
    uint32_t index = engine->liars.lie_first[event->node];
    while (index > 0 && !mesh_dot_equal(engine->liars.lies[index - 1].dot, first->dot)) {
        index = engine->liars.lies[index - 1].before;
    }
    if (index == 0) {
        return;  // it was not yet lying
    }
    struct sim_lie *lie = &engine->liars.lies[index - 1];
    struct mesh_update *second = &engine->table.updates[lie->lane];
    sim_lies_copy(first, second);
    sim_lies_alter(lie, second);
    sim_lies_seal(engine, second);
}

// ---- Who is caught ----

void sim_liars_reject(struct sim_worker *worker, const struct mesh_event *event,
                      const struct mesh_record *record)
{
    const struct sim_liars *liars = &worker->engine->liars;
    struct sim_lying_notes *notes = &worker->lying;
    uint32_t culprit = record->reject.source;
    if (liars->any && liars->entries[event->node] != 0) {
        return;  // what a liar thinks of others is of no interest
    }
    bool lies =
        liars->any && culprit < worker->engine->config.node_count && liars->entries[culprit] != 0;
    notes->rejects[lies][record->reject.reason]++;
    if (record->reject.ignored) {
        notes->ignored[lies]++;
        if (event->time_ns < notes->caught_ns[culprit]) {
            notes->caught_ns[culprit] = event->time_ns;
        }
    }
}

// ---- Looking ----

const struct sim_liar_count *sim_engine_liar_counts(const struct sim_engine *engine)
{
    const struct sim_liars *liars = &engine->liars;
    for (uint32_t entry = 0; entry < engine->config.lying.count; entry++) {
        struct sim_liar_count *sum = &liars->counts[entry];
        *sum = (struct sim_liar_count){.first_ns = SIM_FAULT_NEVER, .nodes = sum->nodes};
        for (uint32_t i = 0; i < engine->worker_count; i++) {
            const struct sim_liar_count *count = &engine->workers[i]->lying.counts[entry];
            sum->first_ns = count->first_ns < sum->first_ns ? count->first_ns : sum->first_ns;
            sum->last_ns = count->last_ns > sum->last_ns ? count->last_ns : sum->last_ns;
            sum->lies += count->lies;
        }
    }
    for (uint32_t node = 0; node < engine->config.node_count; node++) {
        uint32_t left = liars->lied_ns[node] == SIM_FAULT_NEVER ? 0 : liars->entries[node];
        for (; left != 0; left &= left - 1) {
            liars->counts[__builtin_ctz(left)].lying++;
        }
    }
    return liars->counts;
}

const struct sim_lie *sim_engine_lies(const struct sim_engine *engine, uint32_t *count)
{
    *count = engine->liars.lie_count;
    return engine->liars.lies;
}

uint64_t sim_engine_lied_ns(const struct sim_engine *engine, uint32_t node)
{
    return engine->liars.any ? engine->liars.lied_ns[node] : SIM_FAULT_NEVER;
}

uint64_t sim_engine_caught_ns(const struct sim_engine *engine, uint32_t node)
{
    uint64_t caught_ns = SIM_FAULT_NEVER;
    for (uint32_t i = 0; i < engine->worker_count && engine->liars.guarded; i++) {
        uint64_t here_ns = engine->workers[i]->lying.caught_ns[node];
        caught_ns = here_ns < caught_ns ? here_ns : caught_ns;
    }
    return caught_ns;
}

uint64_t sim_engine_rejects(const struct sim_engine *engine, enum mesh_reject reason, bool lies)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        sum += engine->workers[i]->lying.rejects[lies][reason];
    }
    return sum;
}

uint64_t sim_engine_ignored(const struct sim_engine *engine, bool lies)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        sum += engine->workers[i]->lying.ignored[lies];
    }
    return sum;
}
