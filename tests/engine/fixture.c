// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define HOSTS_PER_ZONE 2
#define ZONES_PER_REGION 2

const char *const kind_names[MESH_MESSAGE_KIND_COUNT] = {
    [0] = "no kind",
    [MESH_MESSAGE_PUSH] = "PUSH",
    [MESH_MESSAGE_OPEN] = "OPEN",
    [MESH_MESSAGE_ANSWER] = "ANSWER",
    [MESH_MESSAGE_VECTOR] = "VECTOR",
    [MESH_MESSAGE_FILL] = "FILL",
    [MESH_MESSAGE_REST] = "REST",
    [MESH_MESSAGE_RUMOR] = "RUMOR",
    [MESH_MESSAGE_ASK] = "ASK",
    [MESH_MESSAGE_FEEDBACK] = "FEEDBACK",
    [MESH_MESSAGE_DELTA] = "DELTA",
    [MESH_MESSAGE_EAGER] = "EAGER",
    [MESH_MESSAGE_JOIN] = "JOIN",
    [MESH_MESSAGE_SNAPSHOT] = "SNAPSHOT",
    [MESH_MESSAGE_ROWS] = "ROWS",
    [MESH_MESSAGE_ROWS_HELD] = "ROWS_HELD",
    [MESH_MESSAGE_ROWS_REST] = "ROWS_REST",
    [MESH_MESSAGE_RAFT_VOTE] = "RAFT_VOTE",
    [MESH_MESSAGE_RAFT_VOTE_REPLY] = "RAFT_VOTE_REPLY",
    [MESH_MESSAGE_RAFT_APPEND] = "RAFT_APPEND",
    [MESH_MESSAGE_RAFT_APPEND_REPLY] = "RAFT_APPEND_REPLY",
    [MESH_MESSAGE_RAFT_SNAPSHOT] = "RAFT_SNAPSHOT",
    [MESH_MESSAGE_RAFT_SNAPSHOT_REPLY] = "RAFT_SNAPSHOT_REPLY",
    [MESH_MESSAGE_RAFT_TIMEOUT_NOW] = "RAFT_TIMEOUT_NOW",
    [MESH_MESSAGE_SWIM_PING] = "SWIM_PING",
    [MESH_MESSAGE_SWIM_PING_REQUEST] = "SWIM_PING_REQUEST",
    [MESH_MESSAGE_SWIM_ACK] = "SWIM_ACK",
    [MESH_MESSAGE_SWIM_SYNC] = "SWIM_SYNC",
};

static void *zeroed(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);
    cr_assert_not_null(memory);
    return memory;
}

static void hash(void *context, const void *bytes, size_t count, uint64_t out[2])
{
    (void)context;
    XXH128_hash_t value = XXH3_128bits(bytes, count);
    out[0] = value.low64;
    out[1] = value.high64;
}

static uint64_t either(uint64_t value, uint64_t fallback)
{
    return value != 0 ? value : fallback;
}

static void build_places(struct world *world, const struct shape *shape)
{
    uint32_t hosts = (uint32_t)either(shape->hosts, 1);
    cr_assert_leq(hosts, HOSTS_MAX);
    world->host_of = zeroed(shape->nodes, sizeof *world->host_of);
    world->hosts = zeroed(hosts, sizeof *world->hosts);
    for (uint32_t node = 0; node < shape->nodes; node++) {
        world->host_of[node] = (uint32_t)((uint64_t)node * hosts / shape->nodes);
    }
    for (uint32_t host = 0; host < hosts; host++) {
        uint32_t zone = host / HOSTS_PER_ZONE;
        world->hosts[host] = (struct sim_host){.zone = (uint16_t)zone,
                                               .region = (uint16_t)(zone / ZONES_PER_REGION)};
    }
    world->group_starts = zeroed(hosts + 1, sizeof *world->group_starts);
    for (uint32_t host = 0; host <= hosts; host++) {
        world->group_starts[host] = (uint32_t)(((uint64_t)host * shape->nodes + hosts - 1) / hosts);
    }
    world->scopes[0].group_starts = world->group_starts;
    world->scopes[0].group_count = hosts;
}

// As a loader does (fault.h).
static struct sim_change_settings changes_of(const struct shape *shape)
{
    struct sim_change_settings changes = {false, UINT64_MAX, SIM_PPB};
    for (uint32_t i = 0; i < shape->fault_count; i++) {
        const struct sim_link_change *link = &shape->faults[i].link;
        changes.any |= link->given != 0;
        if ((link->given >> SIM_LINK_LATENCY & 1) != 0) {
            changes.latency_ns_min = link->latency_ns_min < changes.latency_ns_min
                                         ? link->latency_ns_min
                                         : changes.latency_ns_min;
        }
        if ((link->given >> SIM_LINK_SCALE & 1) != 0) {
            changes.scale_ppb_min =
                link->scale_ppb < changes.scale_ppb_min ? link->scale_ppb : changes.scale_ppb_min;
        }
    }
    return changes;
}

static void build_network(struct world *world, const struct shape *shape)
{
    world->settings = (struct sim_network_settings){
        .cores_per_host = shape->cores,
        .loss_ppb = shape->loss_percent * (SIM_PPB / 100),
        .duplicate_ppb = shape->duplicate_percent * (SIM_PPB / 100),
        .transport = shape->carrier == 0 ? SIM_UDP : shape->carrier - 1,
        .tls = shape->tls,
        .batching = true,
        .agents_per_host = 1,
        .signature_bytes = MESH_SIGNATURE_BYTES,
        .connections = shape->connections,
        .channel = shape->channel,
        .changes = changes_of(shape),
    };
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        bool apart = pair != SIM_SAME_HOST && shape->between_hosts.maximum_ns != 0;
        world->settings.latency[pair] = apart ? shape->between_hosts : shape->latency;
    }
    sim_network_init(&world->network, &world->settings, shape->seed, world->host_of, shape->nodes,
                     world->hosts);
}

static int by_time_and_node(const void *left, const void *right)
{
    const struct sim_write *a = left;
    const struct sim_write *b = right;
    if (a->time_ns != b->time_ns) {
        return a->time_ns < b->time_ns ? -1 : 1;
    }
    if (a->node != b->node) {
        return a->node < b->node ? -1 : 1;
    }
    return a->write.key < b->write.key ? -1 : a->write.key > b->write.key;
}

// Registers and counters by turns; every update has a key of its own.
static void build_writes(struct world *world, const struct shape *shape)
{
    static const uint8_t value[] = "a value that is written by every other update";
    world->write_count = shape->writes;
    world->writes = zeroed(shape->writes, sizeof *world->writes);
    for (uint32_t i = 0; i < shape->writes; i++) {
        struct sim_write *write = &world->writes[i];
        write->time_ns = shape->first_write_ns + i * shape->write_every_ns;
        write->node = shape->one_writer ? 1 : 7 * i % shape->nodes;
        write->write.key = i;
        if (i % 2 == 0) {
            write->write.type = MESH_LWW_SET;
            write->write.value = value;
            write->write.value_bytes = (uint16_t)(i % sizeof value);
        } else {
            write->write.type = MESH_G_INCREMENT;
            write->write.amount = i;
        }
    }
    qsort(world->writes, shape->writes, sizeof *world->writes, by_time_and_node);
}

static void build_second_scope(struct world *world)
{
    uint32_t count = (world->node_count + 1) / 2;
    world->members = zeroed(count, sizeof *world->members);
    for (uint32_t i = 0; i < count; i++) {
        world->members[i] = 2 * i;
    }
    world->scopes[1] = world->scopes[0];
    world->scopes[1].members = world->members;
    world->scopes[1].count = count;
    world->scopes[1].mode = MESH_PUSH;
    world->scopes[1].interval_ns = world->scopes[0].interval_ns / 4 * 3;
}

// Each half of the nodes is a mesh of its own.
static void build_second_home(struct world *world)
{
    world->scopes[0].count = world->node_count / 2;
    world->scopes[0].group_count = 0;
    world->scopes[0].group_starts = NULL;
    world->scopes[1] = world->scopes[0];
    world->scopes[1].first = world->scopes[0].count;
    world->scopes[1].count = world->node_count - world->scopes[0].count;
    for (uint32_t i = 0; i < world->write_count; i++) {
        world->writes[i].scope = world->writes[i].node >= world->scopes[1].first;
    }
}

// All nodes, or those of the spans.
static uint32_t select_nodes(void *context, const struct sim_selection *selection, uint32_t *nodes)
{
    const struct world *world = context;
    uint32_t count = 0;
    for (uint32_t node = 0; node < world->node_count; node++) {
        bool in = selection->place_counts[SIM_PLACE_NODE] == 0;
        for (uint32_t i = 0; i < selection->place_counts[SIM_PLACE_NODE]; i++) {
            const struct sim_span *span = &selection->places[SIM_PLACE_NODE][i];
            in |= node >= span->first && node < span->end;
        }
        if (in) {
            nodes[count++] = node;
        }
    }
    return count;
}

static uint32_t place_of(void *context, enum sim_place_kind place, uint32_t node)
{
    const struct world *world = context;
    uint32_t host = world->host_of[node];
    return place == SIM_PLACE_HOST     ? host
           : place == SIM_PLACE_ZONE   ? world->hosts[host].zone
           : place == SIM_PLACE_REGION ? world->hosts[host].region
                                       : UINT32_MAX;
}

void world_build(struct world *world, const struct shape *shape)
{
    *world = (struct world){
        .node_count = shape->nodes,
        .warmup_ns = shape->warmup_ns,
        .until_ns = either(shape->until_ns, 500 * MS),
        .mesh = {.seed = shape->seed,
                 .scope_count = shape->two_scopes || shape->two_homes ? 2 : 1,
                 .signature_bytes = MESH_SIGNATURE_BYTES,
                 .hash = hash},
        .scopes = {{
            .count = shape->nodes,
            .fanout = (uint32_t)either(shape->fanout, 3),
            .update_limit = (uint32_t)either(shape->update_limit, 1000),
            .interval_ns = either(shape->interval_ns, 100 * MS),
            .mode = shape->mode,
            .schedule = shape->schedule,
            .rumor = shape->rumor,
            .selection = shape->selection,
            .bias_percent = 80,
        }},
    };
    world->mesh.scopes = world->scopes;
    world->scopes[0].rumor.k += shape->rumor.k == 0;
    if (shape->two_scopes) {
        build_second_scope(world);
    }
    build_places(world, shape);
    build_network(world, shape);
    build_writes(world, shape);
    if (shape->two_homes) {
        build_second_home(world);
    }
    world->faulting = (struct sim_faulting){.context = world,
                                            .faults = shape->faults,
                                            .count = shape->fault_count,
                                            .seed = shape->seed + 1,
                                            .select = select_nodes,
                                            .place_of = place_of};
}

void world_finish(struct world *world)
{
    free(world->members);
    free(world->host_of);
    free(world->hosts);
    free(world->group_starts);
    free(world->writes);
}

// ---- Running ----

struct watching {
    const struct world *world;
    struct outcome *outcome;
    struct sim_engine *engine;
};

static void add_arrivals(struct outcome *outcome, const uint32_t *write_of_lane,
                         const struct sim_change *change)
{
    if (outcome->arrival_count + 64 > outcome->arrival_capacity) {
        outcome->arrival_capacity = 2 * (outcome->arrival_count + 64);
        outcome->arrivals =
            realloc(outcome->arrivals, outcome->arrival_capacity * sizeof *outcome->arrivals);
        cr_assert_not_null(outcome->arrivals);
    }
    for (uint64_t lanes = change->lanes; lanes != 0; lanes &= lanes - 1) {
        outcome->arrivals[outcome->arrival_count++] = (struct arrival){
            .time_ns = change->time_ns,
            .node = change->node,
            .write = write_of_lane[64 * change->word + (uint32_t)__builtin_ctzll(lanes)],
            .source = change->message == NULL ? 0 : change->message->source,
            .sequence = change->message == NULL ? 0 : change->message->sequence,
        };
    }
}

static int by_time_node_and_write(const void *left, const void *right)
{
    const struct arrival *a = left;
    const struct arrival *b = right;
    if (a->time_ns != b->time_ns) {
        return a->time_ns < b->time_ns ? -1 : 1;
    }
    if (a->node != b->node) {
        return a->node < b->node ? -1 : 1;
    }
    return a->write < b->write ? -1 : a->write > b->write;
}

static void observe_changes(void *context, const struct mesh_table *table,
                            const uint32_t *write_of_lane, const struct sim_change *changes,
                            uint32_t count)
{
    (void)table;
    struct outcome *outcome = ((struct watching *)context)->outcome;
    if (outcome->change_count + count > outcome->change_capacity) {
        outcome->change_capacity = 2 * (outcome->change_count + count);
        outcome->changes =
            realloc(outcome->changes, outcome->change_capacity * sizeof *outcome->changes);
        cr_assert_not_null(outcome->changes);
    }
    for (uint32_t i = 0; i < count; i++) {
        add_arrivals(outcome, write_of_lane, &changes[i]);
        const struct mesh_message *message = changes[i].message;
        struct observed *observed = &outcome->changes[outcome->change_count++];
        *observed = (struct observed){
            .time_ns = changes[i].time_ns,
            .lanes = changes[i].lanes,
            .word = changes[i].word,
            .node = changes[i].node,
        };
        if (message != NULL) {
            observed->sent_ns = message->sent_ns;
            observed->source = message->source;
            observed->sequence = message->sequence;
            observed->kind = message->kind;
        }
    }
}

static void observe_transitions(void *context, const struct sim_transition *transitions,
                                uint32_t count)
{
    struct outcome *outcome = ((struct watching *)context)->outcome;
    uint32_t needed = outcome->transition_count + count;
    if (needed > outcome->transition_capacity) {
        outcome->transition_capacity = 2 * needed;
        outcome->transitions =
            realloc(outcome->transitions, 2 * needed * sizeof *outcome->transitions);
        cr_assert_not_null(outcome->transitions);
    }
    memcpy(outcome->transitions + outcome->transition_count, transitions,
           count * sizeof *transitions);
    outcome->transition_count = needed;
}

static void observe_silenced(void *context, uint32_t write)
{
    (void)write;
    ((struct watching *)context)->outcome->silenced++;
}

static void observe_refused(void *context, uint32_t write)
{
    (void)write;
    ((struct watching *)context)->outcome->unwritten++;
}

static void observe_swims(void *context, const struct sim_swim_note *notes, uint32_t count)
{
    struct outcome *outcome = ((struct watching *)context)->outcome;
    uint32_t needed = outcome->swim_note_count + count;
    if (needed > outcome->swim_note_capacity) {
        outcome->swim_note_capacity = 2 * needed;
        outcome->swim_notes = realloc(outcome->swim_notes, 2 * needed * sizeof *notes);
        cr_assert_not_null(outcome->swim_notes);
    }
    memcpy(outcome->swim_notes + outcome->swim_note_count, notes, count * sizeof *notes);
    outcome->swim_note_count = needed;
}

static void observe_released(void *context, const struct mesh_update *update)
{
    (void)update;
    ((struct watching *)context)->outcome->released++;
}

static void observe_checkpoint(void *context, uint64_t time_ns, uint64_t fingerprint,
                               uint64_t events)
{
    (void)time_ns;
    (void)events;
    struct outcome *outcome = ((struct watching *)context)->outcome;
    outcome->checkpoint_fingerprint = fingerprint;
    outcome->checkpoint_count++;
}

static bool observe_window(void *context, uint64_t time_ns, uint64_t events)
{
    (void)events;
    const struct watching *watching = context;
    if (watching->world->watch != NULL) {
        watching->world->watch(watching->world->watch_context, watching->engine, time_ns);
    }
    return false;
}

static void observe_sent(void *context, const struct mesh_table *table,
                         const struct mesh_message *message, uint32_t copies)
{
    const struct world *world = ((struct watching *)context)->world;
    world->read(world->watch_context, table, message, copies);
}

// Of the first `bytes` of every replica.
static uint64_t hash_replicas(const struct sim_engine *engine, const struct world *world,
                              size_t bytes)
{
    XXH3_state_t *state = XXH3_createState();
    cr_assert_not_null(state);
    XXH3_64bits_reset(state);
    for (uint32_t node = 0; node < world->node_count; node++) {
        XXH3_64bits_update(state, sim_engine_replica(engine, node), bytes);
    }
    uint64_t value = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return value;
}

void world_run(const struct world *world, enum sim_queue queue, struct outcome *outcome)
{
    *outcome = (struct outcome){0};
    struct watching watching = {.world = world, .outcome = outcome};
    struct sim_engine_config config = {
        .mesh = &world->mesh,
        .network = &world->network,
        .node_count = world->node_count,
        .writes = world->writes,
        .write_count = world->write_count,
        .warmup_ns = world->warmup_ns,
        .queue = queue,
        .hosts = true,
        .memory_bytes = world->memory_bytes,
        .lanes_start = world->lanes_start,
        .faulting = world->faulting,
        .threads = world->threads,
        .block_nodes = world->block_nodes,
        .executes_all = world->executes_all,
        .deals = world->deals,
    };
    if (!world->unobserved) {
        config.observer = (struct sim_observer){.context = &watching,
                                                .transitions = observe_transitions,
                                                .silenced = observe_silenced,
                                                .refused = observe_refused,
                                                .swims = observe_swims,
                                                .changes = observe_changes,
                                                .released = observe_released,
                                                .checkpoint = observe_checkpoint,
                                                .window = observe_window,
                                                .sent = world->read == NULL ? NULL : observe_sent};
    }
    struct sim_error error = {0};
    cr_assert(sim_engine_create(&config, &watching.engine, &error), "%s", error.text);
    struct sim_engine *engine = watching.engine;
    outcome->reached_ns = sim_engine_run(engine, world->until_ns);
    outcome->fingerprint = sim_engine_fingerprint(engine);
    outcome->events = sim_engine_events(engine);
    outcome->replicas_hash = hash_replicas(
        engine, world, mesh_replica_bytes(engine->words, mesh_planes(&world->mesh), 0));
    outcome->heads_hash = hash_replicas(engine, world, sizeof(struct mesh_replica));
    outcome->lane_capacity = sim_engine_table(engine)->lane_capacity;
    if (sim_engine_failure(engine) != NULL) {
        outcome->failure = *sim_engine_failure(engine);
    }
    qsort(outcome->arrivals, outcome->arrival_count, sizeof *outcome->arrivals,
          by_time_node_and_write);
    sim_engine_in_flight(engine, outcome->in_flight);
    for (uint32_t kind = 0; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            outcome->counters[kind][pair] = *sim_engine_counters(
                engine, (enum mesh_message_kind)kind, (enum sim_pair_class)pair);
        }
    }
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        outcome->latencies[pair] = sim_engine_latency(engine, (enum sim_pair_class)pair);
    }
    outcome->waiting = sim_engine_waiting(engine);
    for (uint32_t host = 0; host <= world->host_of[world->node_count - 1]; host++) {
        outcome->hosts[host] = *sim_engine_host(engine, host, &outcome->counted_ns);
    }
    for (uint32_t i = 0; i < world->faulting.count; i++) {
        outcome->fault_counts[i] = sim_engine_fault_counts(engine)[i];
    }
    sim_engine_destroy(engine);
}

void outcome_finish(struct outcome *outcome)
{
    free(outcome->changes);
    free(outcome->arrivals);
    free(outcome->transitions);
    free(outcome->swim_notes);
}

void shape_run(const struct shape *shape, enum sim_queue queue, struct outcome *outcome)
{
    struct world world;
    world_build(&world, shape);
    world_run(&world, queue, outcome);
    world_finish(&world);
}

struct sim_counters outcome_sum(const struct outcome *outcome, enum mesh_message_kind kind)
{
    struct sim_counters sum = {0};
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        const struct sim_counters *counters = &outcome->counters[kind][pair];
        sum.messages += counters->messages;
        sum.bytes += counters->bytes;
        sum.transport_bytes += counters->transport_bytes;
        sum.updates += counters->updates;
        sum.duplicated += counters->duplicated;
        sum.lost += counters->lost;
        sum.dropped += counters->dropped;
        sum.corrupted += counters->corrupted;
        sum.altered += counters->altered;
        sum.cut += counters->cut;
        sum.dead += counters->dead;
        sum.refused += counters->refused;
        sum.delivered += counters->delivered;
        sum.saved_bytes += counters->saved_bytes;
        sum.digest_bytes += counters->digest_bytes;
        sum.idle += counters->idle;
        sum.idle_bytes += counters->idle_bytes;
        sum.handshakes += counters->handshakes;
        sum.resumed += counters->resumed;
        sum.handshake_bytes += counters->handshake_bytes;
    }
    return sum;
}

uint64_t phase_ns(const struct world *world, uint16_t scope, uint32_t node)
{
    struct mesh_random random = mesh_draw(world->mesh.seed, MESH_DRAW_PHASE, 0, node, scope);
    return mesh_below_wide(random.word[0], random.word[1], world->scopes[scope].interval_ns);
}
