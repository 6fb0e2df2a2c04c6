// SPDX-License-Identifier: Apache-2.0
// Gossip in one scope: what a tick says, what a receipt changes and answers (README.md has the
// exchange drawn). Demers et al., "Epidemic algorithms for replicated database maintenance", PODC
// 1987, section 1.3 (anti-entropy), checksums and recent update lists after its section 1.3 too.
#include <assert.h>
#include <string.h>

#include "mesh/crdt.h"
#include "mesh/peers.h"
#include "mesh/random.h"
#include "mesh/wire.h"
#include "stepping.h"

static uint64_t *plane(const struct mesh_replica *replica, uint32_t word, uint32_t which)
{
    return (uint64_t *)&replica->planes[MESH_PLANES * word + which];
}

static uint64_t recent_of(const struct mesh_replica *replica, uint32_t word)
{
    return *plane(replica, word, MESH_RECENT_0) | *plane(replica, word, MESH_RECENT_1) |
           *plane(replica, word, MESH_RECENT_2);
}

static bool same_hash(const uint64_t a[2], const uint64_t b[2])
{
    return a[0] == b[0] && a[1] == b[1];
}

// ---- Messages ----

// A message from this node, empty, at the end of the output. `sets`: 1, or 2 with a vector.
static struct mesh_message *message_begin(struct stepping *stepping, enum mesh_message_kind kind,
                                          uint32_t initiator, uint64_t occasion, uint32_t sets)
{
    struct mesh_output *output = stepping->output;
    uint32_t words = stepping->states->words;
    size_t size = sizeof(struct mesh_message) / sizeof(uint64_t) + (size_t)sets * words;
    assert(output->message_word_capacity - output->message_words >= size);
    struct mesh_message *message =
        (struct mesh_message *)(output->messages + output->message_words);
    output->message_words += size;
    memset(message, 0, size * sizeof(uint64_t));
    message->source = stepping->event->node;
    message->initiator = initiator;
    message->occasion = occasion;
    message->sent_ns = stepping->event->time_ns;
    message->scope = stepping->event->scope;
    message->words = (uint16_t)words;
    message->kind = (uint8_t)kind;
    return message;
}

// Adds the updates of `lanes`, lowest lane first, until the message holds `limit`.
static void add_updates(struct mesh_message *message, uint32_t word, uint64_t lanes, uint32_t limit)
{
    lanes &= ~message->lanes[word];
    uint32_t room = limit - message->update_count;
    uint32_t count = (uint32_t)__builtin_popcountll(lanes);
    if (count <= room) {
        message->lanes[word] |= lanes;
        message->update_count = (uint16_t)(message->update_count + count);
        return;
    }
    for (; room > 0; room--, lanes &= lanes - 1) {
        message->lanes[word] |= lanes & -lanes;
        message->update_count++;
    }
}

// Adds the recent updates that are not in `known` (NULL: none is), the latest learnt first.
static void add_recent(struct stepping *stepping, struct mesh_message *message,
                       const struct mesh_message *known, uint32_t limit)
{
    for (uint32_t which = MESH_RECENT_0; which <= MESH_RECENT_2; which++) {
        for (uint32_t word = 0; word < message->words; word++) {
            uint64_t lanes = *plane(stepping->replica, word, which);
            if (known != NULL && word < known->words) {
                lanes &= ~known->lanes[word];
            }
            if (lanes != 0) {
                add_updates(message, word, lanes, limit);
            }
        }
    }
}

// Adds what this replica holds and `vector` (`words` words) lacks. When that is more than fits, the
// lane to begin with follows from `turn`: whatever the limit, as many successive turns as there are
// lanes begin with each lane once, scattered, so that none is left out for ever.
static void add_missing(struct stepping *stepping, struct mesh_message *message,
                        const uint64_t *vector, uint32_t words, uint64_t turn, uint32_t limit)
{
    uint32_t lane_count = 64 * message->words;
    uint32_t start = (uint32_t)(turn % lane_count * 2654435761u % lane_count);  // a prime
    uint64_t before_start = (UINT64_C(1) << start % 64) - 1;
    uint32_t word = start / 64;
    // The first word is met again at the end, for its lanes before the start.
    for (uint32_t i = 0; i <= message->words; i++) {
        uint64_t lanes = *plane(stepping->replica, word, MESH_HAVE);
        lanes &= word < words ? ~vector[word] : UINT64_MAX;
        lanes &= i == 0 ? ~before_start : i == message->words ? before_start : UINT64_MAX;
        if (lanes != 0) {
            add_updates(message, word, lanes, limit);
        }
        word = word + 1 < message->words ? word + 1 : 0;
    }
}

static void add_vector(struct stepping *stepping, struct mesh_message *message)
{
    for (uint32_t word = 0; word < message->words; word++) {
        message->lanes[message->words + word] = *plane(stepping->replica, word, MESH_HAVE);
    }
}

static void add_hash(struct stepping *stepping, struct mesh_message *message)
{
    memcpy(message->hash, stepping->replica->hash, sizeof message->hash);
}

// Sends to the `target_count` targets that stand at the end of the output.
static void send_to(struct stepping *stepping, struct mesh_message *message, uint32_t target_count)
{
    struct mesh_output *output = stepping->output;
    message->sequence = stepping->replica->message_count++;
    message->wire_bytes = mesh_wire_message_bytes(stepping->states->table, message);
    struct mesh_record *record = mesh_stepping_record(stepping, MESH_RECORD_SEND);
    record->send.message = message;
    record->send.target_first = output->target_count;
    record->send.target_count = target_count;
    output->target_count += target_count;
}

static void reply(struct stepping *stepping, struct mesh_message *message)
{
    struct mesh_output *output = stepping->output;
    output->targets[output->target_count] = stepping->event->message->source;
    send_to(stepping, message, 1);
}

static void send_to_peers(struct stepping *stepping, const struct mesh_scope *scope,
                          struct mesh_message *message, enum mesh_purpose purpose)
{
    struct mesh_output *output = stepping->output;
    uint32_t count = mesh_peers_uniform(stepping->config->seed, purpose, message->occasion, scope,
                                        message->source, output->targets + output->target_count);
    send_to(stepping, message, count);
}

// ---- Learning ----

// What an event brought: the new lanes, in the records that deliver them.
struct learnt {
    uint32_t record_first;
    uint32_t record_count;
};

// `fresh`: lanes of `word` that this replica does not hold yet, at least one.
static void learn(struct stepping *stepping, uint32_t word, uint64_t fresh, struct learnt *learnt)
{
    struct mesh_replica *replica = stepping->replica;
    *plane(replica, word, MESH_HAVE) |= fresh;
    *plane(replica, word, MESH_RECENT_0) |= fresh;
    for (uint64_t left = fresh; left != 0; left &= left - 1) {
        const struct mesh_update *update =
            &stepping->states->table->updates[64 * word + (uint32_t)__builtin_ctzll(left)];
        replica->hash[0] += update->hash[0];
        replica->hash[1] += update->hash[1];
        replica->clock = update->clock > replica->clock ? update->clock : replica->clock;
    }
    struct mesh_record *record = mesh_stepping_record(stepping, MESH_RECORD_DELIVER);
    record->deliver.lanes = fresh;
    record->deliver.word = word;
    if (learnt->record_count == 0) {
        learnt->record_first = (uint32_t)(record - stepping->output->records);
    }
    learnt->record_count++;
}

// Eager: what is new here goes on at once, to peers drawn for the first of the new updates.
static void forward(struct stepping *stepping, const struct mesh_scope *scope,
                    const struct learnt *learnt)
{
    if (scope->mode != MESH_EAGER || learnt->record_count == 0) {
        return;
    }
    const struct mesh_record *records = &stepping->output->records[learnt->record_first];
    uint32_t lane =
        64 * records[0].deliver.word + (uint32_t)__builtin_ctzll(records[0].deliver.lanes);
    uint64_t occasion = mesh_occasion_of_dot(stepping->states->table->updates[lane].dot);
    struct mesh_message *message =
        message_begin(stepping, MESH_MESSAGE_EAGER, stepping->event->node, occasion, 1);
    for (uint32_t i = 0; i < learnt->record_count; i++) {
        add_updates(message, records[i].deliver.word, records[i].deliver.lanes,
                    scope->update_limit);
    }
    send_to_peers(stepping, scope, message, MESH_DRAW_EAGER_PEERS);
}

// ---- Events of the node itself ----

void mesh_gossip_start(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_event *event = stepping->event;
    assert(scope->schedule == MESH_PHASED);
    struct mesh_random random =
        mesh_draw(stepping->config->seed, MESH_DRAW_PHASE, 0, event->node, event->scope);
    uint64_t phase_ns = mesh_below_wide(random.word[0], random.word[1], scope->interval_ns);
    struct mesh_record *record = mesh_stepping_record(stepping, MESH_RECORD_TIMER);
    record->timer.at_ns = event->time_ns + phase_ns;
    record->timer.period_ns = scope->interval_ns;
}

void mesh_gossip_write(struct stepping *stepping, const struct mesh_scope *scope)
{
    struct mesh_replica *replica = stepping->replica;
    const struct mesh_write *write = stepping->event->write;
    struct mesh_update *update = &stepping->states->table->updates[write->lane];
    assert(write->lane / 64 < stepping->states->words);
    replica->sequence++;
    replica->clock = mesh_clock_next(replica->clock, stepping->event->time_ns);
    assert(update->dot.origin == stepping->event->node);
    assert(update->dot.sequence == replica->sequence);
    update->clock = replica->clock;
    update->type = write->type;
    update->key = write->key;
    if (write->type == MESH_LWW_SET) {
        update->value = write->value;
        update->value_bytes = write->value_bytes;
    } else {
        assert(write->type == MESH_G_INCREMENT && write->amount > 0);
        update->amount = write->amount;
    }
    mesh_update_hash(stepping->config, update);
    update->wire_bytes = mesh_wire_update_bytes(update, stepping->config->signature_bytes);
    // The user's update and its sequence number outlive a crash before anyone else hears of them.
    mesh_stepping_record(stepping, MESH_RECORD_PERSIST)->persist.lane = write->lane;
    struct learnt learnt = {0, 0};
    learn(stepping, write->lane / 64, UINT64_C(1) << write->lane % 64, &learnt);
    forward(stepping, scope, &learnt);
}

// What was learnt since the last tick becomes one tick older.
static void age_recent(struct stepping *stepping)
{
    for (uint32_t word = 0; word < stepping->states->words; word++) {
        if (recent_of(stepping->replica, word) != 0) {
            *plane(stepping->replica, word, MESH_RECENT_2) =
                *plane(stepping->replica, word, MESH_RECENT_1);
            *plane(stepping->replica, word, MESH_RECENT_1) =
                *plane(stepping->replica, word, MESH_RECENT_0);
            *plane(stepping->replica, word, MESH_RECENT_0) = 0;
        }
    }
}

void mesh_gossip_tick(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_event *event = stepping->event;
    uint64_t occasion = mesh_occasion_of_tick(event->scope, event->tick);
    enum mesh_message_kind kind = scope->mode == MESH_PUSH ? MESH_MESSAGE_PUSH : MESH_MESSAGE_OPEN;
    struct mesh_message *message = message_begin(stepping, kind, event->node, occasion, 1);
    add_recent(stepping, message, NULL, scope->update_limit);
    if (kind == MESH_MESSAGE_PUSH) {
        add_missing(stepping, message, NULL, 0, event->tick, scope->update_limit);
    } else {
        add_hash(stepping, message);
    }
    send_to_peers(stepping, scope, message, MESH_DRAW_TICK_PEERS);
    age_recent(stepping);
}

// ---- Receipts: steps 2 to 5 of the exchange ----

static struct mesh_message *continue_exchange(struct stepping *stepping,
                                              enum mesh_message_kind kind, uint32_t sets)
{
    const struct mesh_message *heard = stepping->event->message;
    return message_begin(stepping, kind, heard->initiator, heard->occasion, sets);
}

// 2: when our set differs from the opener's, our hash and our recent updates that it lacked.
static void answer_open(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *heard = stepping->event->message;
    if (same_hash(stepping->replica->hash, heard->hash)) {
        return;
    }
    struct mesh_message *message = continue_exchange(stepping, MESH_MESSAGE_ANSWER, 1);
    add_hash(stepping, message);
    add_recent(stepping, message, heard, scope->update_limit);
    reply(stepping, message);
}

// 3: when the sets still differ, all that we hold, as a version vector.
static void answer_answer(struct stepping *stepping)
{
    if (same_hash(stepping->replica->hash, stepping->event->message->hash)) {
        return;
    }
    struct mesh_message *message = continue_exchange(stepping, MESH_MESSAGE_VECTOR, 2);
    add_vector(stepping, message);
    reply(stepping, message);
}

static bool same_set(struct stepping *stepping, const uint64_t *vector, uint32_t words)
{
    for (uint32_t word = 0; word < stepping->states->words; word++) {
        if (*plane(stepping->replica, word, MESH_HAVE) != (word < words ? vector[word] : 0)) {
            return false;
        }
    }
    return true;
}

// 4: what the vector lacked, and our own vector in return.
static void answer_vector(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *heard = stepping->event->message;
    const uint64_t *vector = heard->lanes + heard->words;
    if (!heard->beyond && same_set(stepping, vector, heard->words)) {
        return;
    }
    struct mesh_message *message = continue_exchange(stepping, MESH_MESSAGE_FILL, 2);
    add_missing(stepping, message, vector, heard->words, heard->occasion, scope->update_limit);
    add_vector(stepping, message);
    reply(stepping, message);
}

// 5: what the other's vector lacked.
static void answer_fill(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *heard = stepping->event->message;
    struct mesh_message *message = continue_exchange(stepping, MESH_MESSAGE_REST, 1);
    add_missing(stepping, message, heard->lanes + heard->words, heard->words, heard->occasion,
                scope->update_limit);
    if (message->update_count == 0) {
        stepping->output->message_words =
            (size_t)((uint64_t *)message - stepping->output->messages);
        return;
    }
    reply(stepping, message);
}

static bool brings_news(const struct mesh_replica *replica, const struct mesh_message *message)
{
    uint64_t fresh = 0;
    for (uint32_t word = 0; word < message->words; word++) {
        fresh |= message->lanes[word] & ~*plane(replica, word, MESH_HAVE);
    }
    return fresh != 0;
}

static void answer(struct stepping *stepping, const struct mesh_scope *scope)
{
    switch ((enum mesh_message_kind)stepping->event->message->kind) {
    case MESH_MESSAGE_PUSH:
    case MESH_MESSAGE_REST:
    case MESH_MESSAGE_EAGER: break;
    case MESH_MESSAGE_OPEN: answer_open(stepping, scope); break;
    case MESH_MESSAGE_ANSWER: answer_answer(stepping); break;
    case MESH_MESSAGE_VECTOR: answer_vector(stepping, scope); break;
    case MESH_MESSAGE_FILL: answer_fill(stepping, scope); break;
    case MESH_MESSAGE_KIND_COUNT: break;  // rejected before
    }
}

static void learn_and_answer(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *message = stepping->event->message;
    struct learnt learnt = {0, 0};
    for (uint32_t word = 0; word < message->words; word++) {
        uint64_t fresh = message->lanes[word] & ~*plane(stepping->replica, word, MESH_HAVE);
        if (fresh != 0) {
            learn(stepping, word, fresh, &learnt);
        }
    }
    answer(stepping, scope);
    forward(stepping, scope, &learnt);
}

void mesh_gossip_receive(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *message = stepping->event->message;
    assert(message->words <= stepping->states->words);
    if (message->scope != stepping->event->scope) {
        mesh_stepping_reject(stepping, MESH_REJECT_SCOPE);
    } else if (message->source == stepping->event->node) {
        mesh_stepping_reject(stepping, MESH_REJECT_SELF);
    } else if (message->kind == 0 || message->kind >= MESH_MESSAGE_KIND_COUNT) {
        mesh_stepping_reject(stepping, MESH_REJECT_KIND);
    } else if (message->kind != MESH_MESSAGE_PUSH || brings_news(stepping->replica, message)) {
        // Most pushes are old news: they end here, having touched one line of the replica.
        learn_and_answer(stepping, scope);
    }
}
