// SPDX-License-Identifier: GPL-3.0-or-later
// What becomes of a liar's message (liar.h, liars.h).
//
//     SEND record --> silent? --> scratch: forge, replay, deny, starve, ... -----+--> post to all
//                                                                               +--> post to halves
//                     flood: the same again, to victims, spread over the interval
#include <assert.h>
#include <string.h>

#include "allocate.h"
#include "liars.h"
#include "mesh/schedule.h"
#include "mesh/wire.h"
#include "state.h"

#define HEAD_WORDS (sizeof(struct mesh_message) / sizeof(uint64_t))
#define VICTIMS_TRIED 1000u  // draws until that many different ones are found

// A message on its way through all that its sender does to it.
struct telling {
    struct sim_worker *worker;
    const struct mesh_event *event;
    const struct mesh_record *record;
    const struct mesh_message *said;  // by the core
    struct mesh_message *message;     // what is to be sent, in scratch memory; NULL: what was said
    uint32_t generation;
    uint32_t update_bytes;
    uint64_t delay_ns;
    uint64_t hash[2];  // of what all are told, before it is told in two ways
    uint32_t node;
};

static const struct sim_engine *engine_of(const struct telling *telling)
{
    return telling->worker->engine;
}

// ---- Notes ----

static void note_lie(const struct telling *telling, uint32_t entry, uint64_t times)
{
    struct sim_liar_count *count = &telling->worker->lying.counts[entry];
    uint64_t time_ns = telling->said->sent_ns;
    count->lies += times;
    count->first_ns = time_ns < count->first_ns ? time_ns : count->first_ns;
    count->last_ns = time_ns > count->last_ns ? time_ns : count->last_ns;
    uint64_t *lied_ns = &telling->worker->engine->liars.lied_ns[telling->node];
    *lied_ns = time_ns < *lied_ns ? time_ns : *lied_ns;
}

uint32_t sim_liars_apart(struct sim_worker *worker, uint32_t first, uint32_t end)
{
    const uint32_t *entries = worker->engine->liars.entries;
    worker->lying.lying = entries[worker->batch[first].node] != 0;
    if (worker->lying.lying) {
        return first + 1;
    }
    uint32_t stop = first + 1;
    while (stop < end && entries[worker->batch[stop].node] == 0) {
        stop++;
    }
    return stop;
}

void sim_liars_look(struct sim_worker *worker)
{
    struct sim_lying_notes *notes = &worker->lying;
    uint32_t count = worker->output.record_count;
    if (!notes->lying) {
        return;
    }
    if (count > notes->reference_capacity) {
        notes->reference_capacity = 2 * count;
        notes->references = sim_memory_resize(notes->references, notes->reference_capacity *
                                                                     sizeof *notes->references);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct mesh_record *record = &worker->output.records[i];
        if (record->kind == MESH_RECORD_SEND) {
            notes->references[i] = sim_messages_reference(&worker->messages, record->send.message);
        }
    }
}

// ---- The message in scratch memory ----

static bool has_lanes(const struct mesh_message *message)
{
    return !mesh_message_has_rows(message->kind) && !mesh_message_is_raft(message->kind);
}

static bool carries_updates(const struct mesh_message *message)
{
    return mesh_message_updates(message).words > 0 && message->kind != MESH_MESSAGE_ASK &&
           message->kind != MESH_MESSAGE_JOIN && message->kind != MESH_MESSAGE_SNAPSHOT;
}

// A copy that may be changed; of what has lanes with all words from its first on.
static struct mesh_message *rewrite(struct telling *telling)
{
    if (telling->message != NULL) {
        return telling->message;
    }
    const struct mesh_message *said = telling->said;
    const struct sim_engine *engine = engine_of(telling);
    struct sim_lying_notes *notes = &telling->worker->lying;
    bool widens = carries_updates(said) || mesh_message_vector(said).words > 0;
    uint32_t first =
        widens && said->word_first > engine->local_words ? engine->local_words : said->word_first;
    uint32_t words = widens ? sim_replica_words(engine) - first : said->words;
    uint32_t sets = mesh_message_sets(said->kind);
    if (HEAD_WORDS + (size_t)sets * words > notes->scratch_words) {
        notes->scratch_words = HEAD_WORDS + (size_t)sets * words;
        notes->scratch =
            sim_memory_resize(notes->scratch, notes->scratch_words * sizeof *notes->scratch);
    }
    struct mesh_message *message = (struct mesh_message *)notes->scratch;
    memset(message, 0, (HEAD_WORDS + (size_t)sets * words) * sizeof(uint64_t));
    memcpy(message, said, sizeof *said);
    message->word_first = (uint16_t)first;
    message->words = (uint16_t)words;
    for (uint32_t set = 0; set < sets; set++) {
        memcpy(message->lanes + (size_t)set * words + (said->word_first - first),
               said->lanes + (size_t)set * said->words, said->words * sizeof(uint64_t));
    }
    telling->message = message;
    return message;
}

// The word and bit of a lane of the shared table in a set of the message.
static uint64_t *word_of(const struct sim_engine *engine, struct mesh_message *message,
                         const struct mesh_lanes *set, uint32_t lane)
{
    uint32_t word = engine->local_words + lane / 64;
    return &message->lanes[(set->lanes - message->lanes) + (word - set->word_first)];
}

static uint64_t bit_of(uint32_t lane)
{
    return UINT64_C(1) << lane % 64;
}

static void set_update(struct telling *telling, struct mesh_message *message, uint32_t lane,
                       bool carried)
{
    const struct sim_engine *engine = engine_of(telling);
    const struct mesh_lanes updates = mesh_message_updates(message);
    uint64_t *word = word_of(engine, message, &updates, lane);
    bool before = (*word & bit_of(lane)) != 0;
    uint32_t bytes = engine->table.updates[lane].wire_bytes;
    if (before == carried || (carried && message->update_count == UINT16_MAX)) {
        return;
    }
    *word ^= bit_of(lane);
    message->update_count = (uint16_t)(message->update_count + (carried ? 1 : -1));
    telling->update_bytes += carried ? bytes : -bytes;
}

static void drop_updates(struct telling *telling, struct mesh_message *message)
{
    const struct mesh_lanes updates = mesh_message_updates(message);
    memset(message->lanes, 0, updates.words * sizeof(uint64_t));
    message->update_count = 0;
    telling->update_bytes = 0;
}

// ---- What is done to it ----

// Executions and tasks are told as too many, averages as they are. Of rows that another relay made
// the signature is wrong then.
static void inflate(const struct telling *telling, uint32_t factor, struct mesh_row *row)
{
    mesh_uint128 most = (mesh_uint128)row->reports * MESH_REPORT_COUNT_MAX;
    bool fits = row->sums.executions * factor <= most && row->sums.active_tasks * factor <= most;
    if (fits) {
        row->sums.executions *= factor;
        row->sums.active_tasks *= factor;
        row->sums.completion *= factor;
        row->sums.latency *= factor;
        row->forged |= row->relay != telling->node;
        mesh_rows_seal(engine_of(telling)->config.mesh, row);
    }
}

static bool inflate_rows(struct telling *telling, uint32_t factor)
{
    const struct mesh_message *said = telling->said;
    if (!mesh_message_has_rows(said->kind) || said->kind == MESH_MESSAGE_ROWS_HELD ||
        said->update_count == 0) {
        return false;
    }
    struct mesh_message *message = rewrite(telling);
    for (uint32_t i = 0; i < message->update_count; i++) {
        struct mesh_row row = mesh_rows_row(message, i);
        inflate(telling, factor, &row);
        memcpy(message->lanes + 1 + i * MESH_ROW_WORDS, &row, sizeof row);
    }
    return true;
}

static bool forge(struct telling *telling, uint32_t entry)
{
    const struct sim_engine *engine = engine_of(telling);
    uint32_t index = engine->liars.forged[entry];
    if (index == 0 || !carries_updates(telling->said) ||
        engine->liars.lies[index - 1].time_ns > telling->said->sent_ns) {
        return false;
    }
    set_update(telling, rewrite(telling), engine->liars.lies[index - 1].lane, true);
    return true;
}

static bool replay(struct telling *telling)
{
    const struct mesh_message *said = telling->said;
    struct sim_first_tick *tick = &telling->worker->engine->liars.ticks[telling->node];
    if (telling->event->kind != MESH_EVENT_TICK || !carries_updates(said) ||
        (tick->known && tick->scope != said->scope)) {
        return false;
    }
    if (!tick->known) {
        *tick = (struct sim_first_tick){
            {said->hash[0], said->hash[1]}, said->occasion, said->scope, true};
        return false;
    }
    struct mesh_message *message = rewrite(telling);
    memcpy(message->hash, tick->hash, sizeof message->hash);
    message->occasion = tick->occasion;
    drop_updates(telling, message);
    return true;
}

static bool deny(struct telling *telling)
{
    const struct mesh_message *said = telling->said;
    if (said->kind == MESH_MESSAGE_OPEN || said->kind == MESH_MESSAGE_ANSWER) {
        rewrite(telling)->hash[0] = ~said->hash[0];
        return true;
    }
    if (mesh_message_vector(said).words == 0) {
        return false;
    }
    struct mesh_message *message = rewrite(telling);
    const struct mesh_lanes vector = mesh_message_vector(message);
    memset(message->lanes + (vector.lanes - message->lanes), 0, vector.words * sizeof(uint64_t));
    return true;
}

static bool garble(struct telling *telling, const struct sim_liar *liar, uint32_t entry)
{
    const struct mesh_message *said = telling->said;
    struct mesh_random random = mesh_draw(engine_of(telling)->config.lying.seed, SIM_DRAW_LIE,
                                          1 + entry, said->source, said->sequence);
    if (mesh_below(random.word[0], MESH_REPUTATION_ONE) >= liar->share_ppb) {
        return false;
    }
    rewrite(telling)->garbled = 1;
    return true;
}

static bool starve(struct telling *telling)
{
    const struct sim_engine *engine = engine_of(telling);
    if (telling->said->kind != MESH_MESSAGE_SNAPSHOT) {
        return false;
    }
    struct mesh_message *message = rewrite(telling);
    const struct mesh_lanes updates = mesh_message_updates(message);
    for (uint32_t i = 0; i < updates.words; i++) {
        uint32_t word = updates.word_first + i;
        uint64_t left = word < engine->local_words ? 0 : updates.lanes[i];
        for (; left != 0; left &= left - 1) {
            uint32_t lane = 64 * (word - engine->local_words) + (uint32_t)__builtin_ctzll(left);
            message->hash[0] -= engine->table.updates[lane].hash[0];
            message->hash[1] -= engine->table.updates[lane].hash[1];
            set_update(telling, message, lane, false);
        }
    }
    return true;
}

static bool tell(struct telling *telling, const struct sim_liar *liar, uint32_t entry)
{
    switch (liar->behaviour) {
    case SIM_DELAYING: telling->delay_ns += liar->delay_ns; return true;
    case SIM_FORGING: return forge(telling, entry);
    case SIM_INFLATING: return inflate_rows(telling, liar->factor);
    case SIM_REPLAYING: return replay(telling);
    case SIM_LYING_DIGESTS: return deny(telling);
    case SIM_CORRUPTING: return garble(telling, liar, entry);
    case SIM_ECLIPSING: return starve(telling);
    default: return false;  // decided elsewhere
    }
}

// ---- Sending ----

static void make_room(struct sim_lying_notes *notes, uint32_t count)
{
    if (count > notes->target_capacity) {
        notes->target_capacity = 2 * count;
        notes->targets =
            sim_memory_resize(notes->targets, notes->target_capacity * sizeof *notes->targets);
        notes->delays_ns =
            sim_memory_resize(notes->delays_ns, notes->target_capacity * sizeof *notes->delays_ns);
    }
}

// Makes what is to be said a message under way; returns its reference.
static uint32_t settle(struct telling *telling)
{
    struct sim_worker *worker = telling->worker;
    if (telling->message == NULL) {
        return worker->lying.references[telling->record - worker->output.records];
    }
    if (has_lanes(telling->message)) {
        telling->message->wire_bytes =
            mesh_wire_message_bytes(&engine_of(telling)->table, telling->message);
    }
    return sim_messages_copy(&worker->messages, &worker->output, telling->message);
}

// To `count` targets, with delays in the worker's notes.
static void send(struct telling *telling, uint32_t reference, const uint32_t *targets,
                 uint32_t count, uint32_t place_first)
{
    sim_post(telling->worker, &(struct sim_posting){
                                  .message = sim_messages_at(&telling->worker->messages, reference),
                                  .targets = targets,
                                  .delays_ns = telling->worker->lying.delays_ns,
                                  .count = count,
                                  .reference = reference,
                                  .generation = telling->generation,
                                  .update_bytes = telling->update_bytes,
                                  .place_first = place_first,
                              });
}

static void send_to_all(struct telling *telling)
{
    const struct mesh_record *record = telling->record;
    struct sim_lying_notes *notes = &telling->worker->lying;
    uint32_t count = record->send.target_count;
    make_room(notes, count);
    for (uint32_t i = 0; i < count; i++) {
        notes->delays_ns[i] = telling->delay_ns;
    }
    send(telling, settle(telling), telling->worker->output.targets + record->send.target_first,
         count, 0);
}

// ---- Two values for one dot ----

static uint32_t half_of(const struct telling *telling, uint32_t target)
{
    return mesh_draw(engine_of(telling)->config.lying.seed, SIM_DRAW_VICTIM, 1, target,
                     telling->node)
               .word[0] &
           1;
}

// Tells of a dot only the value that is meant for this half.
static void tell_half(struct telling *telling, const struct sim_lie *lie, uint32_t half)
{
    const struct sim_engine *engine = engine_of(telling);
    const struct mesh_replica *replica = sim_engine_replica(engine, telling->node);
    uint32_t lanes[2] = {engine->writes[lie->write].write.lane, lie->lane};
    struct mesh_message *message = rewrite(telling);
    bool held = false;
    bool carried = false;
    for (uint32_t i = 0; i < 2; i++) {
        const struct mesh_update *update = &engine->table.updates[lanes[i]];
        uint64_t have = replica->planes[engine->local_words + lanes[i] / 64];
        bool has = (have & bit_of(lanes[i])) != 0;
        if (has && (message->kind == MESH_MESSAGE_OPEN || message->kind == MESH_MESSAGE_ANSWER)) {
            message->hash[0] -= update->hash[0];
            message->hash[1] -= update->hash[1];
        }
        held |= has;
        if (carries_updates(message)) {
            const struct mesh_lanes updates = mesh_message_updates(message);
            carried |= (*word_of(engine, message, &updates, lanes[i]) & bit_of(lanes[i])) != 0;
            set_update(telling, message, lanes[i], false);
        }
    }
    if (held && (message->kind == MESH_MESSAGE_OPEN || message->kind == MESH_MESSAGE_ANSWER)) {
        message->hash[0] += engine->table.updates[lanes[half]].hash[0];
        message->hash[1] += engine->table.updates[lanes[half]].hash[1];
    }
    if (carried) {
        set_update(telling, message, lanes[half], true);
    }
}

static void send_to_half(struct telling *telling, uint32_t half)
{
    const struct sim_engine *engine = engine_of(telling);
    const struct mesh_record *record = telling->record;
    struct sim_lying_notes *notes = &telling->worker->lying;
    const uint32_t *targets = telling->worker->output.targets + record->send.target_first;
    uint32_t count = 0;
    make_room(notes, record->send.target_count);
    for (uint32_t i = 0; i < record->send.target_count; i++) {
        if (half_of(telling, targets[i]) == half) {
            notes->targets[count] = targets[i];
            notes->delays_ns[count++] = telling->delay_ns;
        }
    }
    if (count == 0) {
        return;
    }
    memcpy(rewrite(telling)->hash, telling->hash, sizeof telling->hash);
    for (uint32_t index = engine->liars.lie_first[telling->node]; index > 0;) {
        const struct sim_lie *lie = &engine->liars.lies[index - 1];
        if (engine->table.updates[lie->lane].wire_bytes > 0) {  // it has been written
            tell_half(telling, lie, half);
        }
        index = lie->before;
    }
    send(telling, settle(telling), notes->targets, count,
         half == 0 ? 0 : record->send.target_count);
}

// Whether what is sent speaks of a dot that has two values, or will.
static bool has_two_tongues(const struct telling *telling)
{
    return engine_of(telling)->liars.lie_first[telling->node] != 0 && has_lanes(telling->said) &&
           telling->said->kind <= MESH_MESSAGE_EAGER &&
           telling->said->kind != MESH_MESSAGE_FEEDBACK;
}

// ---- Floods ----

// The victim's place among those whom the scope's members call; the node itself is none.
static uint32_t victim(const struct telling *telling, const struct mesh_scope *scope,
                       uint32_t entry, uint32_t number, const uint32_t *found, uint32_t count)
{
    uint32_t places = scope->callees != NULL ? scope->callee_count : scope->count;
    for (uint32_t i = 0; i < VICTIMS_TRIED; i++) {
        struct mesh_random random =
            mesh_draw(engine_of(telling)->config.lying.seed, SIM_DRAW_VICTIM,
                      2 + number * VICTIMS_TRIED + i, telling->node, entry);
        uint32_t place = mesh_below(random.word[0], places);
        uint32_t node =
            scope->callees != NULL ? scope->callees[place] : sim_scope_member(scope, place);
        bool taken = node == telling->node;
        for (uint32_t j = 0; j < count; j++) {
            taken |= found[j] == node;
        }
        if (!taken) {
            return node;
        }
    }
    return MESH_NODE_NONE;
}

// Copies to each victim at this tick: over many ticks as many as the rate says.
static uint32_t copies_at(const struct mesh_scope *scope, uint64_t number, uint32_t rate)
{
    mesh_uint128 each = (mesh_uint128)rate * scope->interval_ns;
    uint64_t until = (uint64_t)((number + 1) * each / 1000000000);
    return (uint32_t)(until - (uint64_t)(number * each / 1000000000));
}

// The tick's message again and again, as it has been sent to others.
static void flood(struct telling *telling, const struct sim_liar *liar, uint32_t entry)
{
    const struct mesh_message *said = telling->said;
    const struct mesh_scope *scope = &engine_of(telling)->config.mesh->scopes[said->scope];
    struct sim_lying_notes *notes = &telling->worker->lying;
    if (telling->event->kind != MESH_EVENT_TICK || !has_lanes(said)) {
        return;
    }
    uint32_t copies =
        copies_at(scope, mesh_schedule_number(scope, telling->event->time_ns), liar->rate);
    make_room(notes, (copies + 1) * liar->victims);
    uint32_t victims = 0;
    for (uint32_t i = 0; i < liar->victims; i++) {
        uint32_t node = victim(telling, scope, entry, i, notes->targets, victims);
        if (node != MESH_NODE_NONE) {
            notes->targets[victims++] = node;
        }
    }
    for (uint32_t i = 0; i < copies; i++) {
        for (uint32_t j = 0; j < victims; j++) {
            notes->targets[i * victims + j] = notes->targets[j];
            notes->delays_ns[i * victims + j] = i * (scope->interval_ns / (copies + 1));
        }
    }
    if (copies > 0 && victims > 0) {
        send(telling, settle(telling), notes->targets, copies * victims,
             2 * telling->record->send.target_count);
        note_lie(telling, entry, (uint64_t)copies * victims);
    }
}

bool sim_liars_send(struct sim_worker *worker, const struct mesh_event *event,
                    const struct mesh_record *record, uint32_t generation)
{
    const struct sim_lying *lying = &worker->engine->config.lying;
    struct telling telling = {
        .worker = worker,
        .event = event,
        .record = record,
        .said = record->send.message,
        .generation = generation,
        .update_bytes = record->send.update_bytes,
        .node = event->node,
    };
    uint32_t behaviours = 0;
    uint32_t active = 0;
    for (uint32_t left = worker->engine->liars.entries[event->node]; left != 0; left &= left - 1) {
        uint32_t entry = (uint32_t)__builtin_ctz(left);
        const struct sim_liar *liar = &lying->liars[entry];
        if (telling.said->sent_ns >= liar->at_ns && telling.said->sent_ns < liar->until_ns) {
            behaviours |= 1u << liar->behaviour;
            active |= 1u << entry;
        }
    }
    for (uint32_t left = active; left != 0; left &= left - 1) {
        uint32_t entry = (uint32_t)__builtin_ctz(left);
        const struct sim_liar *liar = &lying->liars[entry];
        bool two = liar->behaviour == SIM_EQUIVOCATING && has_two_tongues(&telling);
        bool silent = (behaviours & 1u << SIM_SILENT) != 0;
        if (silent ? liar->behaviour == SIM_SILENT : tell(&telling, liar, entry) || two) {
            note_lie(&telling, entry, 1);
        }
    }
    if ((behaviours & 1u << SIM_SILENT) != 0) {
        return false;
    }
    if ((behaviours & 1u << SIM_EQUIVOCATING) != 0 && has_two_tongues(&telling)) {
        const struct mesh_message *all = rewrite(&telling);
        memcpy(telling.hash, all->hash, sizeof telling.hash);
        send_to_half(&telling, 0);
        send_to_half(&telling, 1);
        return true;
    }
    send_to_all(&telling);
    for (uint32_t left = active; left != 0; left &= left - 1) {
        uint32_t entry = (uint32_t)__builtin_ctz(left);
        if (lying->liars[entry].behaviour == SIM_FLOODING) {
            flood(&telling, &lying->liars[entry], entry);
        }
    }
    return true;
}
