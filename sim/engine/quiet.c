// SPDX-License-Identifier: GPL-3.0-or-later
#include "quiet.h"

#include <assert.h>
#include <string.h>

#include "allocate.h"
#include "mesh/peers.h"
#include "mesh/schedule.h"
#include "mesh/wire.h"
#include "state.h"

#define SIM_QUIET_LOOKS 8u  // at a part without activity, within the longest latency

// ---- Parts ----

static bool is_home(const struct sim_engine *engine, const struct sim_part *part, uint16_t index)
{
    uint32_t first = engine->config.mesh->scopes[index].first;
    return engine->is_home[index] && first >= part->node_first && first < part->node_end;
}

// Whether ticks of this scope say nothing but a hash once there is no news.
static bool falls_silent(const struct mesh_scope *scope)
{
    return (scope->mode == MESH_PULL || scope->mode == MESH_PUSH_PULL ||
            scope->mode == MESH_EAGER) &&
           scope->schedule == MESH_PHASED && scope->callees == NULL && scope->count > 1;
}

// Whether all that its ticks send crosses one host's link, which neither loses nor doubles.
static bool is_uniform(const struct sim_engine *engine, uint16_t index)
{
    const struct sim_network *network = engine->config.network;
    const struct mesh_scope *scope = &engine->config.mesh->scopes[index];
    for (uint32_t i = 0; i < scope->count && !network->one_host; i++) {
        if (network->host_of[scope->first + i] != network->host_of[scope->first]) {
            return false;
        }
    }
    return network->links[SIM_SAME_HOST].loss_below == 0 && !network->duplicates &&
           engine->workers[0]->latencies == NULL;
}

static bool may_fall_silent(const struct sim_engine *engine, const struct sim_part *part)
{
    for (uint32_t i = 0; i < engine->config.mesh->scope_count; i++) {
        if (is_home(engine, part, (uint16_t)i) && !falls_silent(&engine->config.mesh->scopes[i])) {
            return false;
        }
    }
    return true;
}

// Reasons that hold for the whole run. In a synchronous scope what was heard since the last tick is
// kept apart, reports never cease, each message takes a token of its sender's, and what channels,
// connections, faults and processors do is not accounted for.
static bool is_possible(const struct sim_engine *engine)
{
    const struct sim_network *network = engine->config.network;
    const struct mesh_config *mesh = engine->config.mesh;
    for (uint32_t i = 0; i < mesh->scope_count; i++) {
        if (mesh->scopes[i].schedule == MESH_SYNCHRONOUS) {
            return false;
        }
    }
    if (mesh->guard != NULL && mesh->guard->gap_ns > 0) {
        return false;
    }
    uint64_t covered_ns = (engine->workers[0]->ring.slot_count - 2) * engine->window_ns;
    return engine->config.queue == SIM_QUEUE_WINDOWS && !engine->config.executes_all &&
           engine->config.observer.sent == NULL && !network->has_channels &&
           !engine->account.cold && engine->local_words == 0 && !engine->faults.any &&
           network->cores_per_host == 0 && mesh->swim_count == 0 &&
           network->latency_ns_max < covered_ns;
}

static void add_part(struct sim_engine *engine, uint32_t block_first, uint32_t block_end)
{
    const struct mesh_states *first = &engine->blocks[block_first].states;
    const struct mesh_states *last = &engine->blocks[block_end - 1].states;
    struct sim_part part = {
        .block_first = block_first,
        .block_end = block_end,
        .node_first = first->node_first,
        .node_end = last->node_first + last->node_count,
    };
    if (may_fall_silent(engine, &part) &&
        !sim_liars_among(engine, part.node_first, part.node_end)) {
        engine->parts =
            sim_memory_resize(engine->parts, (engine->part_count + 1) * sizeof *engine->parts);
        engine->parts[engine->part_count++] = part;
    }
}

void sim_quiet_create(struct sim_engine *engine)
{
    if (!is_possible(engine)) {
        return;
    }
    engine->quiet_reach_ns = engine->config.network->latency_ns_max + 1;
    uint32_t first = 0;  // of the part being made, and where its scopes end
    uint32_t end = 0;
    for (uint32_t i = 0; i < engine->config.mesh->scope_count; i++) {
        const struct mesh_scope *scope = &engine->config.mesh->scopes[i];
        if (!engine->is_home[i]) {
            continue;
        }
        uint32_t scope_first = sim_block_of(engine, scope->first);
        if (scope_first >= end) {
            if (end > first) {
                add_part(engine, first, end);
            }
            first = scope_first;
        }
        end = sim_block_of(engine, scope->first + scope->count - 1) + 1;
    }
    if (end > first) {
        add_part(engine, first, end);
    }
}

void sim_quiet_finish(struct sim_engine *engine)
{
    sim_memory_free(engine->parts);
}

// ---- Ticks of a part ----

// Calls `visit` for the timer table of each home scope in each block.
static void visit_timers(struct sim_worker *worker, struct sim_part *part,
                         void (*visit)(struct sim_worker *worker, struct sim_part *part,
                                       struct sim_block *block, struct sim_timers *timers))
{
    struct sim_engine *engine = worker->engine;
    for (uint32_t i = part->block_first; i < part->block_end; i++) {
        struct sim_block *block = &engine->blocks[i];
        for (uint32_t j = 0; j < block->timers_count; j++) {
            if (is_home(engine, part, block->timers[j].scope)) {
                visit(worker, part, block, &block->timers[j]);
            }
        }
    }
}

// The first timer of a turn at or after `phase_ns`.
static uint32_t timer_from(const struct sim_timers *timers, uint64_t phase_ns)
{
    uint32_t low = 0;
    uint32_t high = timers->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (timers->timers[middle].at_ns < phase_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

// Ticks of a table before `time_ns`, since 0.
static uint64_t ticks_before(const struct sim_timers *timers, uint64_t time_ns)
{
    return time_ns / timers->period_ns * timers->count +
           timer_from(timers, time_ns % timers->period_ns);
}

// A walk over the ticks of a table in [from, until).
struct walk {
    const struct sim_timers *timers;
    uint64_t turn_ns;
    uint64_t until_ns;
    uint32_t next;
};

static struct walk walk_from(const struct sim_timers *timers, uint64_t from_ns, uint64_t until_ns)
{
    uint64_t phase_ns = from_ns % timers->period_ns;
    return (struct walk){timers, from_ns - phase_ns, until_ns, timer_from(timers, phase_ns)};
}

// The node's place in its block and the time of its tick; false: there are no more.
static bool walk_on(struct walk *walk, uint32_t *local, uint64_t *at_ns)
{
    if (walk->next == walk->timers->count) {
        walk->next = 0;
        walk->turn_ns += walk->timers->period_ns;
    }
    const struct sim_timer *timer = &walk->timers->timers[walk->next++];
    *local = timer->local;
    *at_ns = walk->turn_ns + timer->at_ns;
    return *at_ns < walk->until_ns;
}

static uint64_t before(uint64_t time_ns, uint64_t reach_ns)
{
    return time_ns > reach_ns ? time_ns - reach_ns : 0;
}

// What a tick of a scope without news sends.
static void plain_open(const struct sim_engine *engine, uint16_t scope, uint32_t node,
                       uint64_t at_ns, struct mesh_message *message)
{
    uint64_t tick = mesh_schedule_number(&engine->config.mesh->scopes[scope], at_ns);
    *message = (struct mesh_message){
        .source = node,
        .initiator = node,
        .occasion = mesh_occasion_of_tick(scope, tick),
        .sent_ns = at_ns,
        .scope = scope,
        .kind = MESH_MESSAGE_OPEN,
    };
    message->wire_bytes = mesh_wire_message_bytes(&engine->table, message);
}

// ---- Accounts ----

// Uniform: copies that ticks before `time_ns` sent and that arrive from then on.
static uint64_t count_under_way(const struct sim_engine *engine, const struct sim_block *block,
                                const struct sim_timers *timers, uint64_t time_ns)
{
    const struct sim_network *network = engine->config.network;
    const struct sim_link *link = &network->links[SIM_SAME_HOST];
    uint32_t fanout = sim_scope_fanout(&engine->config.mesh->scopes[timers->scope]);
    uint64_t longest_ns = link->minimum_ns + link->span_ns;
    struct walk walk = walk_from(timers, before(time_ns, longest_ns + 1), time_ns);
    uint32_t words[4][SIM_DRAW_BATCH];
    uint64_t count = 0;
    uint32_t local;
    uint64_t at_ns;
    struct mesh_message message;
    plain_open(engine, timers->scope, block->states.node_first, time_ns, &message);
    uint32_t stream = sim_network_stream(&message, 0, 0);
    while (walk_on(&walk, &local, &at_ns)) {
        if (at_ns + link->minimum_ns >= time_ns) {
            count += fanout;
            continue;
        }
        // The ticks of a turn bear its number.
        uint64_t occasion = mesh_occasion_of_tick(timers->scope, walk.turn_ns / timers->period_ns);
        uint32_t node = block->states.node_first + local;
        for (uint32_t first = 0; first < fanout; first += SIM_DRAW_BATCH) {
            uint32_t draws = fanout - first < SIM_DRAW_BATCH ? fanout - first : SIM_DRAW_BATCH;
            sim_draw(network->seed, occasion, node, stream + first, draws, words);
            for (uint32_t i = 0; i < draws; i++) {
                count += at_ns + sim_link_latency_ns(link, words[0][i], words[1][i]) >= time_ns;
            }
        }
    }
    return count;
}

static void count_arrivals(struct sim_worker *worker, const struct mesh_message *message,
                           uint32_t node, enum sim_pair_class pair, uint64_t count)
{
    struct sim_counters *counters = &worker->counters[message->kind][pair];
    counters->delivered += count;
    counters->idle += count;
    counters->idle_bytes += count * message->wire_bytes;
    worker->events += count;
    sim_account_take_in(worker, message, node, count);
}

// All ticks and all arrivals since the part was last settled, by their numbers.
static void settle_uniform(struct sim_worker *worker, const struct sim_block *block,
                           struct sim_timers *timers)
{
    const struct sim_engine *engine = worker->engine;
    uint64_t until_ns = worker->replay.until_ns;
    uint64_t ticks = ticks_before(timers, until_ns) - ticks_before(timers, worker->replay.from_ns);
    uint64_t sent = ticks * sim_scope_fanout(&engine->config.mesh->scopes[timers->scope]);
    uint64_t under_way = count_under_way(engine, block, timers, until_ns);
    uint32_t node = engine->config.mesh->scopes[timers->scope].first;
    struct mesh_message message;
    plain_open(engine, timers->scope, node, worker->replay.from_ns, &message);
    worker->events += ticks;
    sim_count_sent(worker, &message, SIM_SAME_HOST, ticks, sent);
    count_arrivals(worker, &message, node, SIM_SAME_HOST, timers->under_way + sent - under_way);
    timers->under_way = under_way;
}

// Every copy of every tick, by the draws that it would have had.
static void settle_varied(struct sim_worker *worker, const struct sim_block *block,
                          const struct sim_timers *timers)
{
    const struct sim_engine *engine = worker->engine;
    const struct mesh_config *mesh = engine->config.mesh;
    uint64_t from_ns = worker->replay.from_ns;
    struct walk walk =
        walk_from(timers, before(from_ns, engine->quiet_reach_ns), worker->replay.until_ns);
    uint32_t local;
    uint64_t at_ns;
    while (walk_on(&walk, &local, &at_ns)) {
        struct mesh_message message;
        plain_open(engine, timers->scope, block->states.node_first + local, at_ns, &message);
        uint32_t count =
            mesh_peers_select(mesh->seed, MESH_DRAW_TICK_PEERS, message.occasion,
                              &mesh->scopes[timers->scope], message.source, worker->output.targets);
        worker->events += at_ns >= from_ns;
        sim_post_again(worker, &message, worker->output.targets, count, at_ns >= from_ns);
    }
}

static void settle_timers(struct sim_worker *worker, struct sim_part *part, struct sim_block *block,
                          struct sim_timers *timers)
{
    (void)part;
    if (timers->uniform) {
        settle_uniform(worker, block, timers);
    } else {
        settle_varied(worker, block, timers);
    }
}

static void settle(struct sim_worker *worker, struct sim_part *part, uint64_t time_ns)
{
    if (part->settled_ns == time_ns) {
        return;
    }
    worker->replay = (struct sim_replay){.from_ns = part->settled_ns, .until_ns = time_ns};
    worker->latencies_from_ns = part->settled_ns;
    visit_timers(worker, part, settle_timers);
    worker->latencies_from_ns = worker->engine->config.warmup_ns;
    part->settled_ns = time_ns;
}

// What each thread does: it takes parts until none is left.
static void settle_parts(void *context, uint32_t index)
{
    struct sim_engine *engine = context;
    for (uint32_t taken = 0;; taken++) {
        uint32_t part = sim_piece_take(engine, &engine->block_next, index, taken);
        if (part >= engine->part_count) {
            return;
        }
        if (engine->parts[part].quiet) {
            settle(engine->workers[index], &engine->parts[part], engine->settle_ns);
        }
    }
}

void sim_quiet_settle(struct sim_engine *engine, uint64_t time_ns)
{
    if (engine->part_count > 0) {
        engine->settle_ns = time_ns;
        atomic_store_explicit(&engine->block_next, 0, memory_order_relaxed);
        sim_threads_run(engine->threads, settle_parts, engine);
    }
}

void sim_quiet_arrive(struct sim_worker *worker, const struct mesh_message *message,
                      uint32_t reference, uint32_t target, enum sim_pair_class pair,
                      uint64_t latency_ns)
{
    const struct sim_replay *replay = &worker->replay;
    uint64_t at_ns = message->sent_ns + latency_ns;
    if (replay->wakes) {
        if (at_ns >= replay->until_ns) {
            sim_push(worker, at_ns, target, pair, reference);
        }
    } else if (at_ns >= replay->from_ns && at_ns < replay->until_ns) {
        count_arrivals(worker, message, target, pair, 1);
    }
}

// ---- Falling silent ----

// Whether a receipt of this changes nothing and is not answered: its receiver has the same, and so
// all that it brings.
static bool is_harmless(const struct sim_engine *engine, const struct mesh_message *message,
                        uint32_t receiver)
{
    const struct mesh_replica *replica = sim_engine_replica(engine, receiver);
    if (mesh_message_is_raft(message->kind)) {
        return true;  // whatever it changes, it is not what anybody holds
    }
    return message->kind == MESH_MESSAGE_OPEN && !message->beyond && !message->garbled &&
           message->hash[0] == replica->hash[0] && message->hash[1] == replica->hash[1];
}

static bool is_harmless_event(const struct sim_engine *engine, const struct sim_block *block,
                              uint64_t event)
{
    uint32_t reference = sim_event_reference(event);
    return reference >= SIM_REFERENCE_FREE &&
           is_harmless(engine, sim_messages_at(&engine->workers[0]->messages, reference),
                       block->states.node_first + sim_event_local(event));
}

// Whether a copy under way is one that a tick without news would send, or not of the part's own.
static bool is_countable(const struct sim_engine *engine, uint64_t event)
{
    const struct mesh_message *message =
        sim_messages_at(&engine->workers[0]->messages, sim_event_reference(event));
    return message->update_count == 0 || !engine->is_home[message->scope];
}

// The events of a block that are in the rings for some windows; countable as well, if asked for.
static bool are_harmless(const struct sim_engine *engine, uint32_t block_index,
                         uint64_t window_first, uint64_t window_end, bool countable)
{
    const struct sim_block *block = &engine->blocks[block_index];
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        for (uint64_t window = window_first; window < window_end; window++) {
            const struct sim_bucket *bucket =
                sim_ring_bucket(&engine->workers[i]->ring, window, block_index);
            uint32_t fill = bucket->fill;
            for (const struct sim_event_chunk *chunk = bucket->first; chunk != NULL;
                 chunk = chunk->next, fill = SIM_CHUNK_EVENTS) {
                for (uint32_t j = 0; j < fill; j++) {
                    if (!is_harmless_event(engine, block, chunk->events[j]) ||
                        (countable && !is_countable(engine, chunk->events[j]))) {
                        return false;
                    }
                }
            }
        }
    }
    return true;
}

static bool all_hold_the_same(const struct sim_engine *engine, const struct sim_part *part)
{
    for (uint32_t i = 0; i < engine->config.mesh->scope_count; i++) {
        const struct mesh_scope *scope = &engine->config.mesh->scopes[i];
        if (!is_home(engine, part, (uint16_t)i)) {
            continue;
        }
        const uint64_t *hash = sim_engine_replica(engine, scope->first)->hash;
        for (uint32_t node = scope->first; node < scope->first + scope->count; node++) {
            const struct mesh_states *states = sim_states_of(engine, node);
            const struct mesh_replica *replica = mesh_replica_of(states, node);
            if (replica->hash[0] != hash[0] || replica->hash[1] != hash[1] ||
                mesh_replica_has_news(states, node)) {
                return false;
            }
        }
    }
    return true;
}

static bool is_silent(const struct sim_engine *engine, const struct sim_part *part)
{
    uint64_t window = engine->window + 1;
    uint32_t slots = engine->workers[0]->ring.slot_count;
    for (uint32_t i = part->block_first; i < part->block_end; i++) {
        if (!are_harmless(engine, i, window, window + slots - 1, true)) {
            return false;
        }
    }
    return all_hold_the_same(engine, part);
}

// Takes the copies that ticks of the part have sent out of the rings: from now on they are counted.
static void take_out(const struct sim_engine *engine, const struct sim_part *part,
                     struct sim_bucket *bucket, struct sim_ring *ring)
{
    const struct sim_messages *messages = &engine->workers[0]->messages;
    uint32_t count = sim_ring_count(bucket);
    uint64_t *events = sim_memory_zeroed(count * sizeof *events);
    struct sim_emptied emptied = {0};
    sim_ring_take(bucket, events, &emptied);
    sim_ring_give_back(ring, &emptied);
    for (uint32_t i = 0; i < count; i++) {
        const struct mesh_message *message =
            sim_messages_at(messages, sim_event_reference(events[i]));
        if (!is_home(engine, part, message->scope) || mesh_message_is_raft(message->kind)) {
            sim_ring_push(ring, bucket, events[i]);
        } else {
            assert(message->update_count == 0);
        }
    }
    sim_memory_free(events);
}

static void silence(struct sim_worker *worker, struct sim_part *part, struct sim_block *block,
                    struct sim_timers *timers)
{
    timers->silent = true;
    timers->uniform = is_uniform(worker->engine, timers->scope);
    if (timers->uniform) {
        timers->under_way = count_under_way(worker->engine, block, timers, part->settled_ns);
    }
}

static void fall_silent(struct sim_engine *engine, struct sim_part *part, uint64_t time_ns)
{
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct sim_ring *ring = &engine->workers[i]->ring;
        for (uint32_t slot = 0; slot < ring->slot_count; slot++) {
            for (uint32_t block = part->block_first; block < part->block_end; block++) {
                struct sim_bucket *bucket = sim_ring_bucket(ring, slot, block);
                if (bucket->first != NULL) {
                    take_out(engine, part, bucket, ring);
                }
            }
        }
    }
    part->quiet = true;
    part->since_ns = time_ns;
    part->settled_ns = time_ns;
    visit_timers(engine->workers[0], part, silence);
}

static uint64_t last_activity_ns(const struct sim_engine *engine, const struct sim_part *part)
{
    uint64_t last_ns = 0;
    for (uint32_t i = part->block_first; i < part->block_end; i++) {
        uint64_t active_ns = engine->blocks[i].active_ns;
        last_ns = active_ns > last_ns ? active_ns : last_ns;
    }
    return last_ns;
}

// Most of what was said before the last activity has arrived a while later; whether all has, the
// rings tell. Ticks before the measurement are in no counter, so that they cannot be counted later.
void sim_quiet_end_window(struct sim_engine *engine, uint64_t time_ns)
{
    uint64_t warmup_ns = engine->config.warmup_ns;
    uint64_t pause_ns = engine->quiet_reach_ns / SIM_QUIET_LOOKS + 1;
    if (warmup_ns > 0 && time_ns < warmup_ns + engine->quiet_reach_ns) {
        return;
    }
    for (uint32_t i = 0; i < engine->part_count; i++) {
        struct sim_part *part = &engine->parts[i];
        if (part->quiet || time_ns < part->look_next_ns) {
            continue;
        }
        part->look_next_ns = last_activity_ns(engine, part) + pause_ns;
        if (time_ns < part->look_next_ns) {
            continue;
        }
        if (is_silent(engine, part)) {
            fall_silent(engine, part, time_ns);
        } else {
            part->look_next_ns = time_ns + pause_ns;
        }
    }
}

// ---- Waking ----

// Ticks of one timer before `time_ns`.
static uint64_t ticks_of(const struct sim_timers *timers, uint64_t phase_ns, uint64_t time_ns)
{
    return time_ns > phase_ns ? (time_ns - phase_ns - 1) / timers->period_ns + 1 : 0;
}

// Its messages are sent again: the core counts them again.
static void count_messages(const struct sim_part *part, const struct sim_block *block,
                           const struct sim_timers *timers, uint64_t again_ns)
{
    for (uint32_t i = 0; i < timers->count; i++) {
        const struct sim_timer *timer = &timers->timers[i];
        struct mesh_replica *replica =
            mesh_replica_of(&block->states, block->states.node_first + timer->local);
        replica->message_count =
            (replica->message_count + (uint32_t)(ticks_of(timers, timer->at_ns, again_ns) -
                                                 ticks_of(timers, timer->at_ns, part->since_ns))) &
            INT32_MAX;
    }
}

// The core says again what may still be under way.
static void tick_again(struct sim_worker *worker, const struct sim_block *block, uint16_t scope,
                       uint32_t node, uint64_t at_ns)
{
    const struct sim_engine *engine = worker->engine;
    struct mesh_output *output = &worker->output;
    struct mesh_event event = {
        .time_ns = at_ns,
        .node = node,
        .scope = scope,
        .kind = MESH_EVENT_TICK,
        .tick = mesh_schedule_number(&engine->config.mesh->scopes[scope], at_ns),
    };
    sim_messages_provide(&worker->messages, output, engine->message_words);
    uint32_t handled = mesh_step(engine->config.mesh, &block->states, &event, 1, output);
    assert(handled == 1 && output->record_count == 1);
    const struct mesh_record *record = &output->records[0];
    assert(record->kind == MESH_RECORD_SEND && record->send.message->update_count == 0);
    sim_post_again(worker, record->send.message, output->targets + record->send.target_first,
                   record->send.target_count, false);
    output->record_count = 0;
    output->target_count = 0;
}

static void wake_timers(struct sim_worker *worker, struct sim_part *part, struct sim_block *block,
                        struct sim_timers *timers)
{
    uint64_t now_ns = worker->replay.until_ns;
    uint64_t again_ns = before(now_ns, worker->engine->quiet_reach_ns);
    count_messages(part, block, timers, again_ns);
    struct walk walk = walk_from(timers, again_ns, now_ns);
    uint32_t local;
    uint64_t at_ns;
    while (walk_on(&walk, &local, &at_ns)) {
        tick_again(worker, block, timers->scope, block->states.node_first + local, at_ns);
    }
    uint64_t phase_ns = now_ns % timers->period_ns;
    timers->silent = false;
    timers->under_way = 0;
    timers->turn_ns = now_ns - phase_ns;
    timers->cursor = timer_from(timers, phase_ns);
    if (timers->cursor == timers->count) {
        timers->cursor = 0;
        timers->turn_ns += timers->period_ns;
    }
}

static void wake(struct sim_engine *engine, struct sim_part *part, uint64_t time_ns)
{
    struct sim_worker *worker = engine->workers[0];
    settle(worker, part, time_ns);
    worker->replay = (struct sim_replay){.until_ns = time_ns, .wakes = true};
    worker->latencies_from_ns = UINT64_MAX;
    visit_timers(worker, part, wake_timers);
    worker->latencies_from_ns = engine->config.warmup_ns;
    part->quiet = false;
    part->look_next_ns = time_ns;
}

void sim_quiet_begin_window(struct sim_engine *engine)
{
    uint64_t window = engine->window;
    for (uint32_t i = 0; i < engine->part_count; i++) {
        struct sim_part *part = &engine->parts[i];
        for (uint32_t block = part->block_first; part->quiet && block < part->block_end; block++) {
            if (!are_harmless(engine, block, window, window + 1, false) ||
                sim_rafts_write(engine, block)) {
                wake(engine, part, window * engine->window_ns);
            }
        }
    }
}

void sim_quiet_end(struct sim_engine *engine, uint64_t time_ns)
{
    for (uint32_t i = 0; i < engine->part_count; i++) {
        if (engine->parts[i].quiet) {
            wake(engine, &engine->parts[i], time_ns);
        }
    }
}
