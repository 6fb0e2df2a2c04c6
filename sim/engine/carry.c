// SPDX-License-Identifier: GPL-3.0-or-later
// From the core's records to effects: changes are noted, messages go through the network into the
// queue.
#include <assert.h>
#include <endian.h>
#include <xxhash.h>

#include "allocate.h"
#include "carry.h"

static void note_change(struct sim_worker *worker, const struct mesh_event *event,
                        const struct mesh_message *message, const struct mesh_news *news)
{
    if (worker->change_count == worker->change_capacity) {
        worker->change_capacity = worker->change_capacity == 0 ? 1024 : 2 * worker->change_capacity;
        worker->changes =
            sim_memory_resize(worker->changes, worker->change_capacity * sizeof *worker->changes);
    }
    worker->changes[worker->change_count++] = (struct sim_change){
        .time_ns = event->time_ns,
        .message = message,
        .lanes = news->lanes,
        .word = news->word - worker->engine->local_words,
        .node = event->node,
    };
}

// What brought a change is read when the stride is over.
static const struct mesh_message *lasting(struct sim_worker *worker, const struct mesh_event *event)
{
    if (event->kind != MESH_EVENT_RECEIVE || !worker->engine->recycles) {
        return event->kind == MESH_EVENT_RECEIVE ? event->message : NULL;
    }
    return sim_messages_at(&worker->messages,
                           sim_messages_copy(&worker->messages, &worker->lasting, event->message));
}

static void note_changes(struct sim_worker *worker, const struct mesh_event *event,
                         const struct mesh_news *news, uint32_t count)
{
    const struct mesh_message *message = lasting(worker, event);
    for (uint32_t i = 0; i < count; i++) {
        note_change(worker, event, message, &news[i]);
    }
}

// A change of state enters the fingerprint as time, node and what is new, whose hashes are added
// up. So do the changes themselves: which of them stands where in a sum does not matter, so no
// thread waits for another.
static void add_ingredient(struct sim_worker *worker, const struct mesh_event *event,
                           uint64_t subject, const uint64_t content[2])
{
    uint64_t entry[5] = {htole64(event->time_ns), htole64(event->node), htole64(subject),
                         htole64(content[0]), htole64(content[1])};
    worker->ingredients += XXH3_64bits(entry, sizeof entry);
}

void sim_carry_news(struct sim_worker *worker, const struct sim_block *block,
                    const struct mesh_event *event, const struct mesh_record *record)
{
    const struct sim_engine *engine = worker->engine;
    const struct mesh_news *news = worker->output.news + record->deliver.news_first;
    uint32_t count = record->deliver.news_count;
    uint32_t local = count;
    while (local > 0 && news[local - 1].word >= engine->local_words) {
        local--;
    }
    if (local > 0) {
        sim_tiers_heard(worker, event, record->scope, news, local);
    }
    if (local < count && engine->config.observer.changes != NULL) {
        note_changes(worker, event, news + local, count - local);
    }
    sim_account_deliver(worker, block, event, record->deliver.update_count);
    add_ingredient(worker, event, 0, record->deliver.hash);
}

// A receipt of no update that nothing answers: both sides held the same.
void sim_carry_idle(struct sim_worker *worker, const struct sim_block *block,
                    const struct mesh_event *event)
{
    const struct sim_engine *engine = worker->engine;
    const struct mesh_message *message = event->message;
    if (message->sent_ns < engine->config.warmup_ns || !sim_network_fans_out(message)) {
        return;
    }
    enum sim_pair_class pair = sim_pair_from(engine, block, event->node, message->source);
    struct sim_counters *counters = &worker->counters[message->kind][pair];
    counters->idle++;
    counters->idle_bytes += message->wire_bytes;
}

// Returns whether it was a message.
bool sim_carry_out(struct sim_worker *worker, const struct sim_batch *batch,
                   const struct mesh_event *event, const struct mesh_record *record)
{
    switch ((enum mesh_record_kind)record->kind) {
    case MESH_RECORD_SEND:
        if (worker->lying.lying) {
            return sim_liars_send(worker, event, record, batch->generation);
        }
        sim_post_record(worker, batch, record);
        return true;
    case MESH_RECORD_DELIVER: sim_carry_news(worker, batch->block, event, record); return false;
    case MESH_RECORD_PERSIST:  // disks are instant: what follows need not wait
        if (worker->lying.lying) {
            sim_liars_write(worker, event, record);
        }
        return false;
    case MESH_RECORD_REJECT:
        assert(worker->engine->liars.guarded);  // nobody lies, so the fault were ours
        sim_liars_reject(worker, event, record);
        return false;
    case MESH_RECORD_TIMER: assert(false); return false;  // timers are set at the start
    case MESH_RECORD_ROW:
        sim_tiers_note_row(worker, event, record);
        sim_account_deliver(worker, batch->block, event, 1);
        return false;
    case MESH_RECORD_RAFT_PERSIST:
    case MESH_RECORD_RAFT_READ:
    case MESH_RECORD_RAFT_TIMER:
        sim_rafts_carry(worker, event, record, batch->generation);
        return false;
    case MESH_RECORD_SWIM_MEMBER:
    case MESH_RECORD_SWIM_PROBE:
    case MESH_RECORD_SWIM_JOINED:
    case MESH_RECORD_SWIM_QUORUM:
    case MESH_RECORD_SWIM_TIMER:
        sim_swims_carry(worker, event, record, batch->generation);
        return false;
    default: return false;  // what Raft's servers say of themselves
    }
    return false;
}

// What faults wait for.
static void note_receipt(struct sim_engine *engine, const struct mesh_event *event)
{
    if (event->message->kind == MESH_MESSAGE_SNAPSHOT) {
        sim_faults_heard(engine, event);
    }
    if (engine->relays.link_count > 0 && event->scope >= engine->config.relaying.link_first &&
        event->scope < engine->config.relaying.link_end) {
        sim_relays_heard(engine, event);
    }
}

#define SUBJECT_IGNORED (UINT64_C(1) << 32)
#define SUBJECT_ROLE (UINT64_C(1) << 33)
#define SUBJECT_COMMIT (UINT64_C(1) << 34)
#define SUBJECT_MEMBER (UINT64_C(1) << 35)

// Of the event whose records are [first, end).
void sim_carry_ingredients(struct sim_worker *worker, const struct mesh_event *event,
                           uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        const struct mesh_record *record = &worker->output.records[i];
        if (record->kind == MESH_RECORD_ROW) {
            uint64_t row[2] = {record->row.clock, record->row.relay};
            add_ingredient(worker, event, 1 + (uint64_t)record->row.edge, row);
        } else if (record->kind == MESH_RECORD_RAFT_ROLE) {
            uint64_t role[2] = {record->raft_role.term, record->raft_role.leader};
            add_ingredient(worker, event, SUBJECT_ROLE | record->raft_role.role, role);
        } else if (record->kind == MESH_RECORD_RAFT_COMMIT) {
            uint64_t commit[2] = {record->raft_commit.index_first, record->raft_commit.count};
            add_ingredient(worker, event, SUBJECT_COMMIT, commit);
        } else if (record->kind == MESH_RECORD_REJECT && record->reject.ignored) {
            uint64_t blame[2] = {record->reject.source, record->reject.reason};
            add_ingredient(worker, event, SUBJECT_IGNORED, blame);
        } else if (record->kind == MESH_RECORD_SWIM_MEMBER) {
            uint64_t thought[2] = {record->swim_member.node, record->swim_member.incarnation};
            add_ingredient(worker, event, SUBJECT_MEMBER | record->swim_member.state, thought);
        }
    }
}

static bool is_raft(const struct mesh_event *event)
{
    return event->kind >= MESH_EVENT_RAFT_START ||
           (event->kind == MESH_EVENT_RECEIVE && mesh_message_is_raft(event->message->kind));
}

// Whether an event of these records changes its node or what is said at home: then its part has
// something to say. What a tick elsewhere says is no business of the part's.
static bool is_activity(const struct sim_worker *worker, const struct mesh_event *event,
                        uint32_t first, uint32_t end)
{
    if (is_raft(event)) {
        return false;  // what replicas hold is none of its business
    }
    if (event->kind == MESH_EVENT_RECEIVE) {
        return end > first;
    }
    if (event->kind != MESH_EVENT_TICK) {
        return true;
    }
    const struct mesh_record *record = &worker->output.records[first];
    return worker->engine->is_home[event->scope] &&
           (end - first != 1 || record->kind != MESH_RECORD_SEND ||
            record->send.message->kind != MESH_MESSAGE_OPEN ||
            record->send.message->update_count > 0);
}

#define AHEAD 3u  // events and records

// Asks for the messages that will be looked at soon: the step has been through many since.
__attribute__((always_inline)) static inline void look_ahead(const struct sim_worker *worker,
                                                             const struct mesh_event *events,
                                                             uint32_t left, uint32_t next)
{
    const struct mesh_output *output = &worker->output;
    if (left > AHEAD && events[AHEAD].kind == MESH_EVENT_RECEIVE) {
        sim_messages_ask_for(events[AHEAD].message);
    }
    if (next + AHEAD < output->record_count) {
        // Of another kind of record it is some address.
        sim_messages_ask_for(output->records[next + AHEAD].send.message);
    }
}

static void carry_out_all(struct sim_worker *worker, struct sim_block *block,
                          const struct mesh_event *events, uint32_t count, uint32_t generation)
{
    uint32_t next = 0;
    bool accounts = worker->engine->account.cold || worker->work != NULL;
    bool faults = worker->engine->faults.any;
    bool servers = block->states.raft_count > 0;
    bool wide = block->states.words > 1;
    const struct sim_batch batch = sim_batch_of(worker, block, generation);
    for (uint32_t i = 0; i < count; i++) {
        bool received = events[i].kind == MESH_EVENT_RECEIVE;
        bool spoke = false;
        uint32_t first = next;
        if (wide) {
            look_ahead(worker, &events[i], count - i, next);
        }
        if (received && accounts) {
            sim_account_receive(worker, block, &events[i]);
        }
        for (; next < worker->output.record_count && worker->output.records[next].event == i;
             next++) {
            spoke |= sim_carry_out(worker, &batch, &events[i], &worker->output.records[next]);
        }
        sim_carry_ingredients(worker, &events[i], first, next);
        if (received && faults) {
            note_receipt(worker->engine, &events[i]);
        }
        if (servers) {
            sim_rafts_look(worker, block, &events[i]);
        }
        if (is_activity(worker, &events[i], first, next)) {
            block->active_ns = events[i].time_ns;
        }
        if (received && !spoke && events[i].message->update_count == 0) {
            sim_carry_idle(worker, block, &events[i]);
        }
    }
    assert(next == worker->output.record_count);
    sim_account_charge(worker, block);
    worker->output.record_count = 0;
    worker->output.target_count = 0;
    worker->output.news_count = 0;
}

void sim_carry_compose(const struct sim_worker *worker, const struct mesh_states *states,
                       const struct mesh_event *event)
{
    const struct sim_engine *engine = worker->engine;
    const struct sim_author *author = &engine->config.author;
    if (author->compose != NULL && event->kind == MESH_EVENT_WRITE &&
        event->write->type != MESH_REPORT) {
        struct sim_write *write = &engine->writes[engine->write_of_lane[event->write->lane]];
        author->compose(author->context, states, engine->write_of_lane, write->node, &write->write);
    }
}

// Lets the author complete the write that event `first` of the batch may be. Returns where the step
// has to end: before the next write, whose author is to see what the others bring.
static uint32_t compose(struct sim_worker *worker, const struct mesh_states *states, uint32_t first,
                        uint32_t count)
{
    const struct mesh_event *events = worker->batch;
    if (worker->engine->config.author.compose == NULL) {
        return count;
    }
    sim_carry_compose(worker, states, &events[first]);
    uint32_t end = first + 1;
    while (end < count && events[end].kind != MESH_EVENT_WRITE) {
        end++;
    }
    return end;
}

// Lets a server that event `first` is about handle its own events before. Returns where the step
// has to end: before the next event of a server.
static uint32_t serve(struct sim_worker *worker, struct sim_block *block, uint32_t first,
                      uint32_t end, uint32_t generation)
{
    for (uint32_t i = first; i < end && block->states.raft_count > 0; i++) {
        struct sim_raft_server *server =
            sim_rafts_server(worker->engine, block, worker->batch[i].node);
        if (server != NULL && i > first) {
            return i;
        }
        if (server != NULL) {
            sim_rafts_run(worker, block, server, worker->batch[i].time_ns, generation);
        }
    }
    return end;
}

void sim_step_own(struct sim_worker *worker, struct sim_block *block,
                  const struct mesh_event *event, uint32_t generation)
{
    const struct sim_engine *engine = worker->engine;
    worker->batch[SIM_BATCH_EVENTS] = *event;
    sim_swims_provide(worker, block, event);
    sim_messages_provide(&worker->messages, &worker->output, engine->message_words);
    bool skewed =
        engine->faults.skewing && sim_faults_skew(worker, SIM_BATCH_EVENTS, SIM_BATCH_EVENTS + 1);
    uint32_t handled = mesh_step(engine->config.mesh, &block->states,
                                 &worker->batch[SIM_BATCH_EVENTS], 1, &worker->output);
    assert(handled == 1);
    if (skewed) {
        sim_faults_set_right(worker, SIM_BATCH_EVENTS, SIM_BATCH_EVENTS + 1);
    }
    if (engine->liars.any) {
        sim_liars_apart(worker, SIM_BATCH_EVENTS, SIM_BATCH_EVENTS + 1);
        sim_liars_look(worker);
    }
    carry_out_all(worker, block, &worker->batch[SIM_BATCH_EVENTS], 1, generation);
    worker->lying.lying = false;
    worker->events++;
}

void sim_step_batch(struct sim_worker *worker, struct sim_block *block, uint32_t count,
                    uint32_t generation)
{
    const struct sim_engine *engine = worker->engine;
    const struct mesh_states *states = &block->states;
    for (uint32_t done = 0; done < count;) {
        uint32_t end = serve(worker, block, done, count, generation);
        end = sim_swims_serve(worker, block, done, end, generation);
        sim_messages_provide(&worker->messages, &worker->output, engine->message_words);
        end = compose(worker, states, done, end);
        if (engine->liars.any) {
            end = sim_liars_apart(worker, done, end);
        }
        bool skewed = engine->faults.skewing && sim_faults_skew(worker, done, end);
        uint32_t handled = mesh_step(engine->config.mesh, states, worker->batch + done, end - done,
                                     &worker->output);
        if (skewed) {
            sim_faults_set_right(worker, done, end);
        }
        if (worker->lying.lying) {
            sim_liars_look(worker);
        }
        carry_out_all(worker, block, worker->batch + done, handled, generation);
        done += handled;
    }
    worker->lying.lying = false;
    worker->events += count;
}
