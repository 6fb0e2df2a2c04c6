// SPDX-License-Identifier: Apache-2.0
// Gossip in one scope: what a tick says, what a receipt changes and answers (README.md has the
// exchange drawn). Demers et al., "Epidemic algorithms for replicated database maintenance", PODC
// 1987, section 1.3 (anti-entropy), and there on checksums and recent update lists.
#include <assert.h>
#include <string.h>

#include "mesh/crdt.h"
#include "mesh/random.h"
#include "mesh/schedule.h"
#include "mesh/wire.h"
#include "links.h"
#include "outgoing.h"

static uint64_t *plane(const struct stepping *stepping, uint32_t word, enum mesh_plane which)
{
    return mesh_stepping_plane(stepping, word, which);
}

static bool same_hash(const uint64_t a[2], const uint64_t b[2])
{
    return a[0] == b[0] && a[1] == b[1];
}

static void hash_in(struct stepping *stepping, uint32_t word, uint64_t lanes, uint64_t hash[2])
{
    for (; lanes != 0; lanes &= lanes - 1) {
        const struct mesh_update *update = mesh_stepping_row(stepping, word, lanes);
        hash[0] += update->hash[0];
        hash[1] += update->hash[1];
    }
}

// ---- What goes into a message ----

// Adds the visible recent updates that are not in `known` (NULL: none is), the latest learnt first.
static void add_recent(struct stepping *stepping, const struct mesh_scope *scope,
                       struct mesh_message *message, const struct mesh_message *known)
{
    for (uint32_t age = 0; age < MESH_RECENT_PLANES; age++) {
        for (uint32_t word = stepping->word_first; word < message->words; word++) {
            uint64_t lanes = *mesh_stepping_recent(stepping, word, age);
            if (known != NULL && word < known->words) {
                lanes &= ~known->lanes[word];
            }
            if (lanes != 0) {
                mesh_outgoing_add(message, word,
                                  lanes & mesh_stepping_visible(stepping, scope, word),
                                  scope->update_limit);
            }
        }
    }
}

// What is visible of `word` here, and neither in `vector` (`words` words) nor in the message yet.
static uint64_t missing(struct stepping *stepping, const struct mesh_scope *scope,
                        const struct mesh_message *message, const uint64_t *vector, uint32_t words,
                        uint32_t word)
{
    uint64_t lanes = mesh_stepping_visible(stepping, scope, word) & ~message->lanes[word];
    return word < words ? lanes & ~vector[word] : lanes;
}

// Adds what is visible here and `vector` lacks. When that is more than fits, the one to begin with
// follows from `turn`: of n missing, n successive turns begin with each once, scattered, so that
// all get their turn and as often as each other, whatever the limit.
static void add_missing(struct stepping *stepping, const struct mesh_scope *scope,
                        struct mesh_message *message, const uint64_t *vector, uint32_t words,
                        uint64_t turn)
{
    uint32_t count = 0;
    for (uint32_t word = stepping->word_first; word < message->words; word++) {
        count +=
            (uint32_t)__builtin_popcountll(missing(stepping, scope, message, vector, words, word));
    }
    if (count == 0) {
        return;
    }
    bool cut = count > scope->update_limit - message->update_count;
    uint32_t before = cut ? (uint32_t)(turn % count * 2654435761u % count) : 0;  // a prime
    uint32_t word = stepping->word_first;
    uint64_t lanes = missing(stepping, scope, message, vector, words, word);
    while (before >= (uint32_t)__builtin_popcountll(lanes)) {
        before -= (uint32_t)__builtin_popcountll(lanes);
        lanes = missing(stepping, scope, message, vector, words, ++word);
    }
    for (; before > 0; before--) {
        lanes &= lanes - 1;
    }
    // The first word is met again at the end, for its lanes before the start.
    for (uint32_t i = stepping->word_first; i <= message->words; i++) {
        mesh_outgoing_add(message, word, lanes, scope->update_limit);
        word = word + 1 < message->words ? word + 1 : stepping->word_first;
        lanes = missing(stepping, scope, message, vector, words, word);
    }
}

static void add_vector(struct stepping *stepping, struct mesh_message *message)
{
    for (uint32_t word = stepping->word_first; word < message->words; word++) {
        message->lanes[message->words + word] = *plane(stepping, word, MESH_HAVE);
    }
}

// The hash of what is visible and what `heard` (NULL: nothing) brought. Both sides of an exchange
// compare this: what others have told since the last tick of a synchronous scope stays out of it.
static void hash_with(struct stepping *stepping, const struct mesh_scope *scope,
                      const struct mesh_message *heard, uint64_t hash[2])
{
    memcpy(hash, stepping->hash, 2 * sizeof *hash);
    for (uint32_t word = stepping->word_first; heard != NULL && word < heard->words; word++) {
        uint64_t brought = heard->lanes[word] & ~mesh_stepping_visible(stepping, scope, word);
        if (brought != 0) {
            hash_in(stepping, word, brought, hash);
        }
    }
}

// ---- Learning ----

// What an event brought: the new lanes, in the records that deliver them.
struct learnt {
    uint32_t record_first;
    uint32_t record_count;
};

// The scope whose books the replica keeps. Who has no role was heard at home, or is a callee: what
// its callers tell it goes into the books of its own home, which like their scope pushes and pulls.
static const struct mesh_scope *home_of(const struct stepping *stepping,
                                        const struct mesh_scope *scope)
{
    return stepping->role_first == stepping->role_end
               ? scope
               : &stepping->config
                      ->scopes[mesh_role_at(stepping->states, stepping->role_first)->home];
}

// The roles' books are of what travels.
static void learn_in_roles(struct stepping *stepping, uint32_t word, uint64_t fresh)
{
    if (word < stepping->states->table->local_words) {
        mesh_tiers_learn(stepping, word, fresh);
        return;
    }
    for (uint32_t i = stepping->role_first; i < stepping->role_end; i++) {
        struct mesh_role *role = mesh_role_at(stepping->states, i);
        role->recent[(size_t)MESH_RECENT_PLANES * word] |= fresh;
        if (!mesh_stepping_keeps_apart(&stepping->config->scopes[role->scope])) {
            hash_in(stepping, word, fresh, role->hash);
        }
    }
}

// `fresh`: lanes of `word` that this replica does not hold yet, at least one.
static void learn(struct stepping *stepping, const struct mesh_scope *scope, uint32_t word,
                  uint64_t fresh, struct learnt *learnt)
{
    struct mesh_replica *replica = stepping->replica;
    const struct mesh_scope *home = home_of(stepping, scope);
    *plane(stepping, word, MESH_HAVE) |= fresh;
    *plane(stepping, word, MESH_RECENT_0) |= fresh;
    if (home->mode == MESH_RUMOR) {
        mesh_rumor_learn(stepping, word, fresh);
    }
    if (!mesh_stepping_keeps_apart(home)) {
        hash_in(stepping, word, fresh, replica->hash);  // else when it becomes visible
    }
    if (stepping->role_first != stepping->role_end) {
        learn_in_roles(stepping, word, fresh);
    }
    for (uint64_t left = fresh; left != 0; left &= left - 1) {
        const struct mesh_update *update = mesh_stepping_row(stepping, word, left);
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

// The least dot of what was learnt, whatever its lane.
static struct mesh_dot least_dot(const struct stepping *stepping, const struct mesh_record *records,
                                 uint32_t record_count)
{
    struct mesh_dot least = {UINT32_MAX, UINT32_MAX};
    for (uint32_t i = 0; i < record_count; i++) {
        const struct mesh_update *updates = mesh_stepping_rows(stepping, records[i].deliver.word);
        for (uint64_t lanes = records[i].deliver.lanes; lanes != 0; lanes &= lanes - 1) {
            struct mesh_dot dot = updates[__builtin_ctzll(lanes)].dot;
            if (mesh_occasion_of_dot(dot) < mesh_occasion_of_dot(least)) {
                least = dot;
            }
        }
    }
    return least;
}

// Eager: what is new here goes on at once in the home scope, wherever it came from, to peers drawn
// for the least of the new dots.
static void send_on(struct stepping *stepping, const struct mesh_scope *scope,
                    const struct learnt *learnt)
{
    stepping->scope = (uint16_t)(scope - stepping->config->scopes);
    const struct mesh_record *records = &stepping->output->records[learnt->record_first];
    uint64_t occasion = mesh_occasion_of_dot(least_dot(stepping, records, learnt->record_count));
    struct mesh_message *message =
        mesh_outgoing_begin(stepping, MESH_MESSAGE_EAGER, stepping->event->node, occasion, 1);
    for (uint32_t i = 0; i < learnt->record_count; i++) {
        mesh_outgoing_add(message, records[i].deliver.word, records[i].deliver.lanes,
                          scope->update_limit);
    }
    mesh_outgoing_to_peers(stepping, scope, message, MESH_DRAW_EAGER_PEERS);
}

static inline void forward(struct stepping *stepping, const struct mesh_scope *heard_in,
                           const struct learnt *learnt)
{
    const struct mesh_scope *scope = home_of(stepping, heard_in);
    if (learnt->record_count == 0) {
        return;
    }
    if (scope->mode == MESH_EAGER) {
        send_on(stepping, scope, learnt);
    }
    if (stepping->config->eager_links) {
        mesh_links_forward(stepping, heard_in, &stepping->output->records[learnt->record_first],
                           learnt->record_count);
    }
}

// ---- Events of the node itself ----

void mesh_gossip_start(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_event *event = stepping->event;
    struct mesh_record *record = mesh_stepping_record(stepping, MESH_RECORD_TIMER);
    record->timer.at_ns =
        mesh_schedule_first_ns(stepping->config, event->scope, event->node, event->time_ns);
    record->timer.tick = mesh_schedule_number(scope, record->timer.at_ns);
}

// The word of the replica that the write's lane lies in. Reports stay at home, if that is possible,
// and are not counted among the node's writes.
static uint32_t word_of_write(struct stepping *stepping, const struct mesh_write *write)
{
    bool local = stepping->local != NULL && write->type == MESH_REPORT;
    uint32_t word = write->lane / 64 + (local ? 0 : stepping->states->table->local_words);
    assert(word < (local ? stepping->states->table->local_words : stepping->states->words));
    struct mesh_dot dot = mesh_stepping_rows(stepping, word)[write->lane % 64].dot;
    assert(dot.origin == stepping->event->node + (local ? MESH_NODE_MAX : 0));
    if (!local) {
        stepping->replica->sequence++;
        assert(dot.sequence == stepping->replica->sequence);
    }
    return word;
}

void mesh_gossip_put(struct stepping *stepping, const struct mesh_scope *scope,
                     const struct mesh_write *write)
{
    struct mesh_replica *replica = stepping->replica;
    uint32_t word = word_of_write(stepping, write);
    struct mesh_update *update = &mesh_stepping_rows(stepping, word)[write->lane % 64];
    replica->clock = mesh_clock_next(replica->clock, stepping->event->time_ns);
    update->clock = replica->clock;
    update->type = write->type;
    update->key = write->key;
    if (mesh_update_has_value(write->type)) {
        update->value = write->value;
        update->value_bytes = write->value_bytes;
    } else {
        update->amount = write->amount;
    }
    assert(mesh_wire_update_is_valid(update));
    mesh_update_hash(stepping->config, update);
    update->wire_bytes = mesh_wire_update_bytes(update, stepping->config->signature_bytes);
    // The user's update and its sequence number outlive a crash before anyone else hears of them.
    mesh_stepping_record(stepping, MESH_RECORD_PERSIST)->persist.lane = write->lane;
    struct learnt learnt = {0, 0};
    learn(stepping, scope, word, UINT64_C(1) << write->lane % 64, &learnt);
    forward(stepping, scope, &learnt);
}

void mesh_gossip_write(struct stepping *stepping, const struct mesh_scope *scope)
{
    mesh_gossip_put(stepping, scope, stepping->event->write);
}

// In a synchronous scope a tick makes visible what was learnt since the last one.
static void fold(struct stepping *stepping, const struct mesh_scope *scope)
{
    if (!mesh_stepping_keeps_apart(scope)) {
        return;
    }
    for (uint32_t word = stepping->word_first; word < stepping->states->words; word++) {
        hash_in(stepping, word, *mesh_stepping_recent(stepping, word, 0), stepping->hash);
    }
}

// What was learnt since the last tick becomes one tick older.
static void age_recent(struct stepping *stepping)
{
    for (uint32_t word = stepping->word_first; word < stepping->states->words; word++) {
        uint64_t *recent = mesh_stepping_recent(stepping, word, 0);
        if ((recent[0] | recent[1] | recent[2]) != 0) {
            recent[2] = recent[1];
            recent[1] = recent[0];
            recent[0] = 0;
        }
    }
}

static void tell(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_event *event = stepping->event;
    fold(stepping, scope);
    if (scope->mode == MESH_RUMOR) {
        mesh_rumor_tick(stepping, scope);
        return;
    }
    if (scope->mode == MESH_DELTA) {
        mesh_delta_tick(stepping, scope);
        return;
    }
    uint64_t occasion = mesh_occasion_of_tick(event->scope, event->tick);
    enum mesh_message_kind kind = scope->mode == MESH_PUSH ? MESH_MESSAGE_PUSH : MESH_MESSAGE_OPEN;
    struct mesh_message *message = mesh_outgoing_begin(stepping, kind, event->node, occasion, 1);
    if (scope->mode != MESH_PULL) {
        add_recent(stepping, scope, message, NULL);
    }
    if (kind == MESH_MESSAGE_PUSH) {
        add_missing(stepping, scope, message, NULL, 0, event->tick);
    } else {
        memcpy(message->hash, stepping->hash, sizeof message->hash);
    }
    mesh_outgoing_to_peers(stepping, scope, message, MESH_DRAW_TICK_PEERS);
    age_recent(stepping);
}

void mesh_gossip_tick(struct stepping *stepping, const struct mesh_scope *scope)
{
    if (stepping->replica->joining) {
        mesh_join_tick(stepping, scope);
    } else if (stepping->config->tiers == NULL) {
        tell(stepping, scope);
    } else {
        mesh_tiers_before_tick(stepping, scope);
        tell(stepping, scope);
        mesh_tiers_after_tick(stepping, scope);
    }
}

// ---- Receipts: steps 2 to 5 of the exchange ----

// 2: when our set differs from the opener's, our hash and our recent updates that it lacked.
static void answer_open(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *heard = stepping->event->message;
    uint64_t hash[2];
    hash_with(stepping, scope, heard, hash);
    if (same_hash(hash, heard->hash)) {
        return;
    }
    struct mesh_message *message = mesh_outgoing_continue(stepping, MESH_MESSAGE_ANSWER, 1);
    memcpy(message->hash, hash, sizeof message->hash);
    add_recent(stepping, scope, message, heard);
    mesh_outgoing_reply(stepping, message);
}

// 3: when the sets still differ, all that we hold, as a version vector.
static void answer_answer(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *heard = stepping->event->message;
    uint64_t hash[2];
    hash_with(stepping, scope, heard, hash);
    if (same_hash(hash, heard->hash)) {
        return;
    }
    struct mesh_message *message = mesh_outgoing_continue(stepping, MESH_MESSAGE_VECTOR, 2);
    add_vector(stepping, message);
    mesh_outgoing_reply(stepping, message);
}

static bool same_set(struct stepping *stepping, const uint64_t *vector, uint32_t words)
{
    for (uint32_t word = stepping->word_first; word < stepping->states->words; word++) {
        if (*plane(stepping, word, MESH_HAVE) != (word < words ? vector[word] : 0)) {
            return false;
        }
    }
    return true;
}

// 4: what the vector lacked, and our own vector in return; with pull the asker only asks.
static void answer_vector(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *heard = stepping->event->message;
    const uint64_t *vector = heard->lanes + heard->words;
    if (!heard->beyond && same_set(stepping, vector, heard->words)) {
        return;
    }
    bool pull = scope->mode == MESH_PULL;
    struct mesh_message *message = mesh_outgoing_continue(
        stepping, pull ? MESH_MESSAGE_REST : MESH_MESSAGE_FILL, pull ? 1 : 2);
    add_missing(stepping, scope, message, vector, heard->words, heard->occasion);
    if (!pull) {
        add_vector(stepping, message);
    } else if (message->update_count == 0) {
        mesh_outgoing_drop(stepping, message);
        return;
    }
    mesh_outgoing_reply(stepping, message);
}

// 5: what the other's vector lacked.
static void answer_fill(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *heard = stepping->event->message;
    struct mesh_message *message = mesh_outgoing_continue(stepping, MESH_MESSAGE_REST, 1);
    add_missing(stepping, scope, message, heard->lanes + heard->words, heard->words,
                heard->occasion);
    if (message->update_count == 0) {
        mesh_outgoing_drop(stepping, message);
        return;
    }
    mesh_outgoing_reply(stepping, message);
}

static bool brings_news(const struct stepping *stepping, const struct mesh_message *message)
{
    uint64_t fresh = 0;
    for (uint32_t word = 0; word < message->words; word++) {
        fresh |= message->lanes[word] & ~*plane(stepping, word, MESH_HAVE);
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
    case MESH_MESSAGE_ANSWER: answer_answer(stepping, scope); break;
    case MESH_MESSAGE_VECTOR: answer_vector(stepping, scope); break;
    case MESH_MESSAGE_FILL: answer_fill(stepping, scope); break;
    default: break;  // rejected before
    }
}

static void learn_all(struct stepping *stepping, const struct mesh_scope *scope,
                      struct learnt *learnt)
{
    const struct mesh_message *message = stepping->event->message;
    for (uint32_t word = stepping->word_first; word < message->words; word++) {
        uint64_t fresh = message->lanes[word] & ~*plane(stepping, word, MESH_HAVE);
        if (fresh != 0) {
            learn(stepping, scope, word, fresh, learnt);
        }
    }
}

// The kinds that every scope but those of mode rumor and delta takes.
static bool is_exchanged(uint8_t kind)
{
    return (kind >= MESH_MESSAGE_PUSH && kind <= MESH_MESSAGE_REST) || kind == MESH_MESSAGE_EAGER;
}

static void learn_and_answer(struct stepping *stepping, const struct mesh_scope *scope)
{
    struct learnt learnt = {0, 0};
    if (scope->mode == MESH_RUMOR) {
        // Feedback speaks of what was held before this message, and is sent when it is learnt.
        struct mesh_message *feedback = mesh_rumor_receive(stepping, scope);
        if (stepping->event->message->kind == MESH_MESSAGE_RUMOR) {
            learn_all(stepping, scope, &learnt);
        }
        if (feedback != NULL) {
            mesh_outgoing_reply(stepping, feedback);
        }
        return;
    }
    if (scope->mode == MESH_DELTA) {
        if (mesh_delta_receive(stepping, scope)) {
            learn_all(stepping, scope, &learnt);
        }
        return;
    }
    if (!is_exchanged(stepping->event->message->kind)) {
        mesh_stepping_reject(stepping, MESH_REJECT_KIND);
        return;
    }
    learn_all(stepping, scope, &learnt);
    answer(stepping, scope);
    forward(stepping, scope, &learnt);
}

void mesh_gossip_overhear(struct stepping *stepping, const struct mesh_scope *scope)
{
    struct learnt learnt = {0, 0};
    uint8_t kind = stepping->event->message->kind;
    if (scope->mode == MESH_DELTA   ? mesh_delta_receive(stepping, scope)
        : scope->mode == MESH_RUMOR ? kind == MESH_MESSAGE_RUMOR
                                    : is_exchanged(kind)) {
        learn_all(stepping, scope, &learnt);
    }
}

// What is no gossip, or heard by a node without a replica.
static void receive_apart(struct stepping *stepping, const struct mesh_scope *scope)
{
    if (mesh_message_has_rows(stepping->event->message->kind)) {
        mesh_tiers_receive(stepping, scope);
    } else {
        mesh_join_receive(stepping, scope);
    }
}

void mesh_gossip_receive(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *message = stepping->event->message;
    assert(message->words <= stepping->states->words || mesh_message_has_rows(message->kind));
    if (message->scope != stepping->event->scope) {
        mesh_stepping_reject(stepping, MESH_REJECT_SCOPE);
    } else if (message->source == stepping->event->node) {
        mesh_stepping_reject(stepping, MESH_REJECT_SELF);
    } else if (message->kind >= MESH_MESSAGE_JOIN || stepping->replica->joining) {
        receive_apart(stepping, scope);
    } else if (message->kind != MESH_MESSAGE_PUSH || brings_news(stepping, message)) {
        // Most pushes are old news: they end here, having touched one line of the replica.
        learn_and_answer(stepping, scope);
    }
}
