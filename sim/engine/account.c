// SPDX-License-Identifier: GPL-3.0-or-later
#include "account.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "state.h"
#include "transport.h"

#define SECOND_NS UINT64_C(1000000000)

struct sim_due {
    uint64_t phase_ns;
    uint32_t node;
};

uint64_t sim_account_transit_ns(const struct sim_network *network)
{
    uint64_t trips = 0;
    for (uint32_t kind = 0; network->connections.cold && kind < SIM_HANDSHAKE_NONE; kind++) {
        if (network->handshakes[kind].round_trips > trips) {
            trips = network->handshakes[kind].round_trips;
        }
    }
    return (1 + 2 * trips) * network->latency_ns_max;
}

// ---- Connections that are there from the start ----

// Positions of the members that the one at `place` never calls, [*first, *end): itself, or where
// only other groups are called its own group.
static void left_out(const struct mesh_scope *scope, uint32_t place, uint32_t *first, uint32_t *end)
{
    *first = place;
    *end = place + 1;
    if (scope->selection == MESH_OTHER_GROUPS) {
        uint32_t group = 0;
        while (scope->group_starts[group + 1] <= place) {
            group++;
        }
        *first = scope->group_starts[group];
        *end = scope->group_starts[group + 1];
    }
}

static uint32_t count_peers(const struct mesh_scope *scope, uint32_t place)
{
    uint32_t first;
    uint32_t end;
    if (scope->mode == MESH_DELTA) {
        return scope->delta.starts[place + 1] - scope->delta.starts[place];
    }
    if (scope->callees != NULL) {
        return scope->callee_count;
    }
    left_out(scope, place, &first, &end);
    return scope->count - (end - first);
}

static void count_ends(struct sim_engine *engine, uint32_t node, uint32_t count)
{
    uint32_t host = engine->config.network->host_of[node];
    engine->account.uses[host].peak[SIM_CONNECTIONS] += count;
}

// No two nodes are peers in more than one scope.
static void count_warm(struct sim_engine *engine)
{
    const struct mesh_config *mesh = engine->config.mesh;
    for (uint32_t i = 0; i < mesh->scope_count; i++) {
        const struct mesh_scope *scope = &mesh->scopes[i];
        for (uint32_t place = 0; place < scope->count; place++) {
            count_ends(engine, sim_scope_member(scope, place), count_peers(scope, place));
        }
        for (uint32_t callee = 0; callee < scope->callee_count; callee++) {
            count_ends(engine, scope->callees[callee], scope->count);
        }
    }
}

void sim_account_init(struct sim_engine *engine)
{
    struct sim_account *account = &engine->account;
    const struct sim_network *network = engine->config.network;
    const struct sim_connection_settings *settings = &network->connections;
    sim_shrinking_init(&account->shrinking, &network->compression);
    account->connects = sim_transport_connects(network->transport);
    account->cold = settings->cold && account->connects;
    if (account->cold) {
        sim_connections_init(&account->connections, network, engine->config.node_count);
    }
    if (network->encrypted) {
        account->rotations[0].period_ns = settings->cert_rotation_hours * SIM_HOUR_NS;
        account->rotations[1].period_ns =
            settings->mutual ? settings->key_rotation_hours * SIM_HOUR_NS : 0;
    }
    for (uint32_t i = 0; i < SIM_ROTATION_COUNT; i++) {
        account->rotations[i].turn_ns = account->rotations[i].period_ns;
    }
    if (!engine->config.hosts) {
        return;
    }
    for (uint32_t node = 0; node < engine->config.node_count; node++) {
        if (network->host_of[node] >= account->host_count) {
            account->host_count = network->host_of[node] + 1;
        }
    }
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct sim_worker *worker = engine->workers[i];
        worker->work = sim_memory_zeroed(account->host_count * sizeof *worker->work);
    }
    account->uses = sim_memory_zeroed(account->host_count * sizeof *account->uses);
    if (account->connects && !account->cold) {
        count_warm(engine);
    }
}

void sim_account_finish(struct sim_engine *engine)
{
    struct sim_account *account = &engine->account;
    if (account->cold) {
        sim_connections_finish(&account->connections);
    }
    for (uint32_t i = 0; i < SIM_ROTATION_COUNT; i++) {
        sim_memory_free(account->rotations[i].dues);
    }
    sim_memory_free(account->standing_starts);
    sim_memory_free(account->standings);
    sim_memory_free(account->uses);
}

// ---- Messages ----

static struct sim_host_work *work_of(struct sim_worker *worker, uint32_t node)
{
    return &worker->work[worker->engine->config.network->host_of[node]];
}

// Counts a handshake with those of the kind of message that caused it.
static void count_handshake(struct sim_worker *worker, uint32_t message_kind, uint32_t node,
                            uint32_t peer, enum sim_pair_class pair,
                            enum sim_handshake_kind handshake, uint64_t time_ns)
{
    const struct sim_engine_config *config = &worker->engine->config;
    const struct sim_network *network = config->network;
    if (worker->work != NULL) {
        bool outside = pair != SIM_SAME_HOST;
        sim_host_shake(work_of(worker, node), network, handshake, 1, true, outside);
        sim_host_shake(work_of(worker, peer), network, handshake, 1, false, outside);
    }
    if (time_ns >= config->warmup_ns) {
        struct sim_counters *counters = &worker->counters[message_kind][pair];
        counters->handshakes++;
        counters->resumed += handshake == SIM_HANDSHAKE_RESUMED;
        counters->handshake_bytes +=
            network->handshakes[handshake].there_bytes + network->handshakes[handshake].back_bytes;
    }
}

uint64_t sim_account_dial(struct sim_worker *worker, const struct mesh_message *message,
                          uint32_t target, enum sim_pair_class pair)
{
    enum sim_handshake_kind handshake;
    uint64_t wait_ns = sim_connections_send(&worker->engine->account.connections, message, target,
                                            pair, &handshake);
    if (handshake != SIM_HANDSHAKE_NONE) {
        count_handshake(worker, message->kind, message->source, target, pair, handshake,
                        message->sent_ns);
    }
    return wait_ns;
}

void sim_account_send(struct sim_worker *worker, const struct mesh_message *message,
                      const struct sim_carriage *carriage, uint32_t copies, uint32_t inside)
{
    if (worker->work != NULL) {
        sim_host_send(work_of(worker, message->source), worker->engine->config.network, carriage,
                      copies, copies - inside);
    }
}

void sim_account_send_inside(struct sim_worker *worker, const struct mesh_message *message,
                             const struct sim_carriage *carriage, uint64_t messages,
                             uint64_t copies)
{
    if (worker->work != NULL && messages > 0) {
        struct sim_host_work one = {0};
        sim_host_send(&one, worker->engine->config.network, carriage, (uint32_t)(copies / messages),
                      0);
        sim_host_add(work_of(worker, message->source), &one, messages);
    }
}

void sim_account_take_in(struct sim_worker *worker, const struct mesh_message *message,
                         uint32_t target, uint64_t copies)
{
    const struct sim_network *network = worker->engine->config.network;
    if (worker->work != NULL) {
        struct sim_host_work one = {0};
        struct sim_carriage carriage = sim_account_carriage(worker->engine, message);
        bool outside = network->host_of[message->source] != network->host_of[target];
        sim_host_receive(&one, network, &carriage, outside);
        sim_host_add(work_of(worker, target), &one, copies);
    }
}

void sim_account_receive(struct sim_worker *worker, const struct sim_block *block,
                         const struct mesh_event *event)
{
    const struct sim_engine *engine = worker->engine;
    const struct mesh_message *message = event->message;
    if (engine->account.cold) {
        sim_connections_hear(&worker->engine->account.connections, message, event->node,
                             event->time_ns);
    }
    if (worker->work == NULL) {
        return;
    }
    struct sim_carriage carriage = sim_account_carriage(engine, message);
    if (message->source - block->near_first < block->near_count) {
        sim_host_note_received(&worker->inside, &carriage);
        return;
    }
    bool outside = sim_pair_from(engine, block, event->node, message->source) != SIM_SAME_HOST;
    sim_host_receive(work_of(worker, event->node), engine->config.network, &carriage, outside);
}

void sim_account_deliver(struct sim_worker *worker, const struct sim_block *block,
                         const struct mesh_event *event, uint32_t count)
{
    if (worker->work == NULL) {
        return;
    }
    const struct sim_network *network = worker->engine->config.network;
    // What a tick brings are a relay's row and a coordinator's total, made by the node itself.
    bool heard = event->kind == MESH_EVENT_RECEIVE;
    if (block->near_count > 0) {
        *(heard ? &worker->inside.verified : &worker->inside.is_signed) += count;
    } else if (heard) {
        sim_host_verify(work_of(worker, event->node), network, count);
    } else {
        sim_host_sign(work_of(worker, event->node), network, count);
    }
}

void sim_account_charge(struct sim_worker *worker, const struct sim_block *block)
{
    if (worker->work != NULL && block->near_count > 0) {
        sim_host_charge(work_of(worker, block->states.node_first), worker->engine->config.network,
                        &worker->inside);
        worker->inside = (struct sim_host_inside){0};
    }
}

// ---- Rotation ----

static int by_phase(const void *left, const void *right)
{
    const struct sim_due *a = left;
    const struct sim_due *b = right;
    if (a->phase_ns != b->phase_ns) {
        return a->phase_ns < b->phase_ns ? -1 : 1;
    }
    return a->node < b->node ? -1 : a->node > b->node;
}

static void plan_rotation(struct sim_engine *engine, uint32_t index)
{
    struct sim_rotation *rotation = &engine->account.rotations[index];
    uint32_t count = engine->config.node_count;
    rotation->dues = sim_memory_zeroed(count * sizeof *rotation->dues);
    for (uint32_t node = 0; node < count; node++) {
        struct mesh_random random =
            mesh_draw(engine->config.network->seed, SIM_DRAW_ROTATION, index, node, 0);
        rotation->dues[node] = (struct sim_due){
            mesh_below_wide(random.word[0], random.word[1], rotation->period_ns), node};
    }
    qsort(rotation->dues, count, sizeof *rotation->dues, by_phase);
}

static void renew(void *context, uint32_t node, uint32_t peer)
{
    struct sim_engine *engine = context;
    enum sim_pair_class pair = sim_network_pair(engine->config.network, node, peer);
    count_handshake(engine->workers[0], SIM_ROTATION, node, peer, pair, SIM_HANDSHAKE_FULL,
                    sim_stride_end_ns(engine));
}

static void renew_list(struct sim_engine *engine, uint32_t node, const uint32_t *peers,
                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        renew(engine, node, peers[i]);
    }
}

static void renew_members(struct sim_engine *engine, uint32_t node, const struct mesh_scope *scope,
                          uint32_t first, uint32_t end)
{
    for (uint32_t place = first; place < end; place++) {
        renew(engine, node, sim_scope_member(scope, place));
    }
}

// As count_peers counts them.
static void renew_member(struct sim_engine *engine, uint32_t node, const struct mesh_scope *scope,
                         uint32_t place)
{
    uint32_t first;
    uint32_t end;
    if (scope->mode == MESH_DELTA) {
        const uint32_t *starts = scope->delta.starts;
        renew_list(engine, node, scope->delta.neighbours + starts[place],
                   starts[place + 1] - starts[place]);
    } else if (scope->callees != NULL) {
        renew_list(engine, node, scope->callees, scope->callee_count);
    } else {
        left_out(scope, place, &first, &end);
        renew_members(engine, node, scope, 0, first);
        renew_members(engine, node, scope, end, scope->count);
    }
}

static void visit_standings(struct sim_engine *engine,
                            void (*visit)(struct sim_account *account, uint32_t node,
                                          struct sim_standing standing))
{
    const struct mesh_config *mesh = engine->config.mesh;
    for (uint32_t i = 0; i < mesh->scope_count; i++) {
        const struct mesh_scope *scope = &mesh->scopes[i];
        for (uint32_t place = 0; place < scope->count; place++) {
            visit(&engine->account, sim_scope_member(scope, place),
                  (struct sim_standing){i, place});
        }
        for (uint32_t callee = 0; callee < scope->callee_count; callee++) {
            visit(&engine->account, scope->callees[callee], (struct sim_standing){i, UINT32_MAX});
        }
    }
}

static void count_standing(struct sim_account *account, uint32_t node, struct sim_standing standing)
{
    (void)standing;
    account->standing_starts[node + 1]++;
}

static void put_standing(struct sim_account *account, uint32_t node, struct sim_standing standing)
{
    account->standings[account->standing_starts[node]++] = standing;
}

static void list_standings(struct sim_engine *engine)
{
    struct sim_account *account = &engine->account;
    uint32_t count = engine->config.node_count;
    account->standing_starts = sim_memory_zeroed((count + 1) * sizeof *account->standing_starts);
    visit_standings(engine, count_standing);
    for (uint32_t node = 0; node < count; node++) {
        account->standing_starts[node + 1] += account->standing_starts[node];
    }
    account->standings =
        sim_memory_zeroed(account->standing_starts[count] * sizeof *account->standings);
    visit_standings(engine, put_standing);
    // Putting them has moved every start to the next node's.
    memmove(account->standing_starts + 1, account->standing_starts,
            count * sizeof *account->standing_starts);
    account->standing_starts[0] = 0;
}

// With the peers of all scopes it is in, and those that call it.
static void renew_warm(struct sim_engine *engine, uint32_t node)
{
    const struct sim_account *account = &engine->account;
    if (account->standings == NULL) {
        list_standings(engine);
    }
    for (uint32_t i = account->standing_starts[node]; i < account->standing_starts[node + 1]; i++) {
        const struct sim_standing *standing = &account->standings[i];
        const struct mesh_scope *scope = &engine->config.mesh->scopes[standing->scope];
        if (standing->place == UINT32_MAX) {
            renew_members(engine, node, scope, 0, scope->count);
        } else {
            renew_member(engine, node, scope, standing->place);
        }
    }
}

static void rotate(struct sim_engine *engine, uint32_t index, uint64_t time_ns)
{
    struct sim_rotation *rotation = &engine->account.rotations[index];
    if (rotation->dues == NULL) {
        plan_rotation(engine, index);
    }
    while (rotation->turn_ns + rotation->dues[rotation->cursor].phase_ns < time_ns) {
        uint32_t node = rotation->dues[rotation->cursor].node;
        if (engine->account.cold) {
            sim_connections_rotate(&engine->account.connections, node, time_ns, renew, engine);
        } else {
            renew_warm(engine, node);
        }
        if (++rotation->cursor == engine->config.node_count) {
            rotation->cursor = 0;
            rotation->turn_ns += rotation->period_ns;
        }
    }
}

// ---- Seconds ----

static void count_connections(struct sim_engine *engine, uint64_t time_ns)
{
    struct sim_account *account = &engine->account;
    uint64_t *counts = sim_memory_zeroed(account->host_count * sizeof *counts);
    for (uint32_t node = 0; node < engine->config.node_count; node++) {
        counts[engine->config.network->host_of[node]] +=
            sim_connections_count(&account->connections, node, time_ns);
    }
    for (uint32_t host = 0; host < account->host_count; host++) {
        uint64_t *peak = &account->uses[host].peak[SIM_CONNECTIONS];
        *peak = counts[host] > *peak ? counts[host] : *peak;
    }
    sim_memory_free(counts);
}

// What all workers have counted of a host; they begin anew.
static struct sim_host_work take_work(struct sim_engine *engine, uint32_t host)
{
    struct sim_host_work sum = {0};
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        sim_host_add(&sum, &engine->workers[i]->work[host], 1);
        engine->workers[i]->work[host] = (struct sim_host_work){0};
    }
    return sum;
}

// Ends a second; `peaks`: it is long enough for its rates to count.
static void end_second(struct sim_engine *engine, uint64_t time_ns, bool peaks)
{
    struct sim_account *account = &engine->account;
    if (time_ns == account->since_ns) {
        return;
    }
    if (account->cold) {
        count_connections(engine, time_ns);
    }
    for (uint32_t host = 0; host < account->host_count; host++) {
        struct sim_host_use *use = &account->uses[host];
        uint64_t rates[SIM_RESOURCE_COUNT] = {0};
        struct sim_host_work work = take_work(engine, host);
        sim_host_rates(&work, time_ns - account->since_ns, rates);
        for (uint32_t i = 0; peaks && i < SIM_RESOURCE_COUNT; i++) {
            use->peak[i] = rates[i] > use->peak[i] ? rates[i] : use->peak[i];
        }
        sim_host_add(&use->work, &work, 1);
    }
    account->counted_ns += time_ns - account->since_ns;
    account->since_ns = time_ns;
}

uint64_t sim_account_due_ns(const struct sim_engine *engine)
{
    return engine->account.host_count > 0 ? engine->account.since_ns + SECOND_NS : UINT64_MAX / 2;
}

bool sim_account_is_due(const struct sim_engine *engine, uint64_t time_ns)
{
    return engine->account.host_count > 0 && time_ns > engine->config.warmup_ns &&
           time_ns - engine->account.since_ns >= SECOND_NS;
}

void sim_account_window(struct sim_engine *engine, uint64_t time_ns)
{
    struct sim_account *account = &engine->account;
    if (account->cold) {
        sim_connections_settle(&account->connections, time_ns);
    }
    for (uint32_t i = 0; i < SIM_ROTATION_COUNT; i++) {
        if (account->rotations[i].period_ns > 0 && account->rotations[i].turn_ns < time_ns) {
            rotate(engine, i, time_ns);
        }
    }
    if (account->host_count == 0) {
        return;
    }
    if (time_ns <= engine->config.warmup_ns) {
        for (uint32_t host = 0; host < account->host_count; host++) {
            take_work(engine, host);
        }
        account->since_ns = time_ns;
    } else if (sim_account_is_due(engine, time_ns)) {
        end_second(engine, time_ns, true);
    }
}

void sim_account_end(struct sim_engine *engine, uint64_t time_ns)
{
    const struct sim_account *account = &engine->account;
    if (account->host_count > 0) {
        bool long_enough = time_ns - account->since_ns >= SECOND_NS / 2 || account->counted_ns == 0;
        end_second(engine, time_ns, long_enough);
    }
}

const struct sim_host_use *sim_engine_host(const struct sim_engine *engine, uint32_t host,
                                           uint64_t *counted_ns)
{
    assert(host < engine->account.host_count);
    *counted_ns = engine->account.counted_ns;
    return &engine->account.uses[host];
}
