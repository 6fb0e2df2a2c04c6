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
#include "guarding.h"
#include "links.h"
#include "outgoing.h"
#include "vector.h"

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

static const struct mesh_lanes nothing = {NULL, 0, 0};

// A tick sees everything.
static bool sees_all(const struct stepping *stepping, const struct mesh_scope *scope)
{
    return !mesh_stepping_keeps_apart(scope) || stepping->event->kind == MESH_EVENT_TICK;
}

// Adds the visible recent updates that are not in `known`, the latest learnt first. What was learnt
// since the last tick is what may not be visible.
static void add_recent(struct stepping *stepping, const struct mesh_scope *scope,
                       struct mesh_message *message, const struct mesh_lanes *known)
{
    for (uint32_t age = sees_all(stepping, scope) ? 0 : 1; age < MESH_RECENT_PLANES; age++) {
        if (message->update_count == scope->update_limit) {
            return;
        }
        mesh_outgoing_add_plane(stepping, message,
                                mesh_stepping_recent(stepping, message->word_first, age), known,
                                scope->update_limit, 0);
    }
}

// What is visible of the words of the message, which is empty or a tick's.
static const uint64_t *visible_plane(struct stepping *stepping, const struct mesh_scope *scope,
                                     const struct mesh_message *message)
{
    const uint64_t *have = plane(stepping, message->word_first, MESH_HAVE);
    if (sees_all(stepping, scope)) {
        return have;
    }
    const uint64_t *since = mesh_stepping_recent(stepping, message->word_first, 0);
    uint64_t *visible = mesh_outgoing_scratch(stepping, message);
    assert(message->update_count == 0);
    for (uint32_t i = 0; i < message->words; i++) {
        visible[i] = have[i] & ~since[i];
    }
    return visible;
}

static void add_vector(struct stepping *stepping, struct mesh_message *message)
{
    struct mesh_lanes vector = mesh_message_vector(message);
    memcpy(message->lanes + (vector.lanes - message->lanes),
           plane(stepping, vector.word_first, MESH_HAVE), vector.words * sizeof *vector.lanes);
}

// The hash of what is visible and what the event's message brought. Both sides of an exchange
// compare this: what others have told since the last tick of a synchronous scope stays out of it.
__attribute__((noinline)) static void hash_apart(struct stepping *stepping,
                                                 const struct mesh_scope *scope, uint64_t hash[2])
{
    const struct mesh_lanes heard = mesh_message_updates(stepping->event->message);
    for (uint32_t i = 0; i < heard.words; i++) {
        uint32_t word = heard.word_first + i;
        hash_in(stepping, word, heard.lanes[i] & ~mesh_stepping_visible(stepping, scope, word),
                hash);
    }
}

static inline void hash_with(struct stepping *stepping, const struct mesh_scope *scope,
                             uint64_t hash[2])
{
    memcpy(hash, stepping->hash, 2 * sizeof *hash);
    if (mesh_stepping_keeps_apart(scope)) {
        hash_apart(stepping, scope, hash);
    }
}

// ---- Learning ----

// What an event brought: the new lanes of each word, at the end of the output's news, and the sum
// of their hashes.
struct learnt {
    uint32_t first;
    uint32_t count;
    uint64_t hash[2];
};

static struct learnt nothing_yet(const struct stepping *stepping)
{
    return (struct learnt){stepping->output->news_count, 0, {0, 0}};
}

static void deliver(struct stepping *stepping, const struct learnt *learnt)
{
    if (learnt->count > 0) {
        mesh_stepping_deliver(stepping, learnt->first, learnt->hash);
    }
}

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

static void add_hash(uint64_t hash[2], const uint64_t more[2])
{
    hash[0] += more[0];
    hash[1] += more[1];
}

// The roles' books are of what travels.
static void learn_in_roles(struct stepping *stepping, uint32_t word, uint64_t fresh,
                           const uint64_t hash[2])
{
    if (word < stepping->states->table->local_words) {
        mesh_tiers_learn(stepping, word, fresh);
        return;
    }
    for (uint32_t i = stepping->role_first; i < stepping->role_end; i++) {
        struct mesh_role *role = mesh_role_at(stepping->states, i);
        role->recent[word] |= fresh;
        if (!mesh_stepping_keeps_apart(&stepping->config->scopes[role->scope])) {
            add_hash(role->hash, hash);
        }
    }
}

// `fresh`: lanes of `word` that this replica does not hold yet, at least one.
static void learn(struct stepping *stepping, const struct mesh_scope *scope, uint32_t word,
                  uint64_t fresh, struct learnt *learnt)
{
    struct mesh_replica *replica = stepping->replica;
    const struct mesh_scope *home = home_of(stepping, scope);
    const struct mesh_update *updates = mesh_stepping_rows(stepping, word);
    uint64_t hash[2] = {0, 0};
    for (uint64_t left = fresh; left != 0; left &= left - 1) {
        const struct mesh_update *update = &updates[__builtin_ctzll(left)];
        add_hash(hash, update->hash);
        replica->clock = update->clock > replica->clock ? update->clock : replica->clock;
    }
    if (stepping->states->table->local_words > 0) {
        mesh_vector_learn(stepping, word, fresh);
    }
    *plane(stepping, word, MESH_HAVE) |= fresh;
    *plane(stepping, word, MESH_RECENT_0) |= fresh;
    if (home->mode == MESH_RUMOR) {
        mesh_rumor_learn(stepping, word, fresh);
    }
    if (!mesh_stepping_keeps_apart(home)) {
        add_hash(replica->hash, hash);  // else when it becomes visible
    }
    if (stepping->role_first != stepping->role_end) {
        learn_in_roles(stepping, word, fresh, hash);
    }
    mesh_stepping_news(stepping, word, fresh);
    add_hash(learnt->hash, hash);
    learnt->count++;
}

// The least dot of what was learnt, whatever its lane.
static struct mesh_dot least_dot(const struct stepping *stepping, const struct learnt *learnt)
{
    const struct mesh_news *news = &stepping->output->news[learnt->first];
    struct mesh_dot least = {UINT32_MAX, UINT32_MAX};
    for (uint32_t i = 0; i < learnt->count; i++) {
        const struct mesh_update *updates = mesh_stepping_rows(stepping, news[i].word);
        for (uint64_t lanes = news[i].lanes; lanes != 0; lanes &= lanes - 1) {
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
    const struct mesh_news *news = &stepping->output->news[learnt->first];
    uint64_t occasion = mesh_occasion_of_dot(least_dot(stepping, learnt));
    struct mesh_message *message =
        mesh_outgoing_begin(stepping, MESH_MESSAGE_EAGER, stepping->event->node, occasion);
    for (uint32_t i = 0; i < learnt->count; i++) {
        mesh_outgoing_add(message, news[i].word, news[i].lanes, scope->update_limit);
    }
    mesh_outgoing_to_peers(stepping, scope, message, MESH_DRAW_EAGER_PEERS);
}

static inline void forward(struct stepping *stepping, const struct mesh_scope *heard_in,
                           const struct learnt *learnt)
{
    const struct mesh_scope *scope = home_of(stepping, heard_in);
    if (learnt->count == 0) {
        return;
    }
    if (scope->mode == MESH_EAGER) {
        send_on(stepping, scope, learnt);
    }
    if (stepping->config->eager_links) {
        mesh_links_forward(stepping, heard_in, &stepping->output->news[learnt->first],
                           learnt->count);
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
    assert(local || word >= stepping->states->table->local_words);
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
    struct mesh_table *table = mesh_stepping_table(stepping, word);
    struct mesh_update *update = &table->updates[write->lane];
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
    mesh_table_enter_size(table, write->lane);
    // The user's update and its sequence number outlive a crash before anyone else hears of them.
    mesh_stepping_record(stepping, MESH_RECORD_PERSIST)->persist.lane = write->lane;
    struct learnt learnt = nothing_yet(stepping);
    learn(stepping, scope, word, UINT64_C(1) << write->lane % 64, &learnt);
    deliver(stepping, &learnt);
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
    uint32_t words = stepping->states->words - stepping->word_first;
    uint64_t *recent_0 = mesh_stepping_recent(stepping, stepping->word_first, 0);
    uint64_t *recent_1 = mesh_stepping_recent(stepping, stepping->word_first, 1);
    uint64_t *recent_2 = mesh_stepping_recent(stepping, stepping->word_first, 2);
    uint64_t any = 0;
    for (uint32_t i = 0; i < words; i++) {
        any |= recent_0[i] | recent_1[i] | recent_2[i];
    }
    for (uint32_t i = 0; any != 0 && i < words; i++) {
        recent_2[i] = recent_1[i];
        recent_1[i] = recent_0[i];
        recent_0[i] = 0;
    }
}

static void tell(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_event *event = stepping->event;
    struct mesh_scope known;
    fold(stepping, scope);
    if (mesh_bridges_gossip(stepping, event->scope)) {
        if (!mesh_bridges_choose(stepping, scope, &known)) {
            age_recent(stepping);
            return;
        }
        scope = &known;
    }
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
    struct mesh_message *message =
        scope->mode == MESH_PULL ? mesh_outgoing_begin(stepping, kind, event->node, occasion)
                                 : mesh_outgoing_begin_blank(stepping, kind, event->node, occasion);
    const struct mesh_lanes carried = mesh_message_updates(message);
    if (scope->mode != MESH_PULL) {
        add_recent(stepping, scope, message, &nothing);
    }
    if (kind == MESH_MESSAGE_PUSH) {
        mesh_outgoing_add_plane(stepping, message, visible_plane(stepping, scope, message),
                                &carried, scope->update_limit, event->tick);
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
    hash_with(stepping, scope, hash);
    if (same_hash(hash, heard->hash)) {
        return;
    }
    const struct mesh_lanes known = mesh_message_updates(heard);
    struct mesh_message *message = mesh_outgoing_continue_blank(stepping, MESH_MESSAGE_ANSWER);
    memcpy(message->hash, hash, sizeof message->hash);
    add_recent(stepping, scope, message, &known);
    mesh_outgoing_reply(stepping, message);
}

// 3: when the sets still differ, all that we hold, as a version vector.
static void answer_answer(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *heard = stepping->event->message;
    uint64_t hash[2];
    hash_with(stepping, scope, hash);
    if (same_hash(hash, heard->hash)) {
        return;
    }
    struct mesh_message *message = mesh_outgoing_continue_blank(stepping, MESH_MESSAGE_VECTOR);
    add_vector(stepping, message);
    mesh_outgoing_reply(stepping, message);
}

// Vectors name dots: where some have two values, who names a dot has it, whichever he has. Of the
// lanes of a word those with another value in `set`.
__attribute__((noinline)) static uint64_t named_by(const struct stepping *stepping, uint32_t word,
                                                   uint64_t left, const struct mesh_lanes *set)
{
    const struct mesh_table *table = stepping->states->table;
    const uint64_t *lanes = set->lanes + (table->local_words - set->word_first);
    uint32_t words = set->word_first + set->words - table->local_words;
    uint64_t named = 0;
    for (; left != 0 && word >= table->local_words; left &= left - 1) {
        const struct mesh_update *update = mesh_stepping_row(stepping, word, left);
        if (update->contested && mesh_table_has_value(table, update->dot, lanes, words)) {
            named |= left & -left;
        }
    }
    return named;
}

// Of `held`, a plane of the message's words, what the vector does not name, and what is not
// contested: behind the message in the output.
__attribute__((noinline)) static const uint64_t *without_named(struct stepping *stepping,
                                                               const struct mesh_message *message,
                                                               const uint64_t *held,
                                                               const struct mesh_lanes *vector)
{
    uint64_t *told = mesh_outgoing_scratch(stepping, message);
    for (uint32_t i = 0; i < message->words; i++) {
        uint64_t lacking = held[i] & ~mesh_lanes_at(vector, message->word_first + i);
        told[i] = held[i] & ~named_by(stepping, message->word_first + i, lacking, vector);
    }
    return told;
}

// What is visible of the words of a message that answers a vector, as far as that may lack it.
static const uint64_t *told_plane(struct stepping *stepping, const struct mesh_scope *scope,
                                  const struct mesh_message *message,
                                  const struct mesh_lanes *vector)
{
    const uint64_t *held = visible_plane(stepping, scope, message);
    return stepping->states->table->contested == 0 ? held
                                                   : without_named(stepping, message, held, vector);
}

static bool same_set(struct stepping *stepping, const struct mesh_lanes *vector)
{
    const struct mesh_lanes held = {plane(stepping, 0, MESH_HAVE), 0, stepping->states->words};
    uint64_t different = 0;
    for (uint32_t word = stepping->word_first; word < stepping->states->words; word++) {
        uint64_t theirs = mesh_lanes_at(vector, word);
        uint64_t differs = held.lanes[word] ^ theirs;
        if (differs != 0 && stepping->states->table->contested > 0) {
            differs &= ~named_by(stepping, word, differs & held.lanes[word], vector) &
                       ~named_by(stepping, word, differs & theirs, &held);
        }
        different |= differs;
    }
    return different == 0;
}

// 4: what the vector lacked, and our own vector in return; with pull the asker only asks.
static void answer_vector(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *heard = stepping->event->message;
    const struct mesh_lanes vector = mesh_message_vector(heard);
    bool pull = scope->mode == MESH_PULL;
    struct mesh_message *message =
        mesh_outgoing_continue_blank(stepping, pull ? MESH_MESSAGE_REST : MESH_MESSAGE_FILL);
    uint32_t lacking =
        mesh_outgoing_add_plane(stepping, message, told_plane(stepping, scope, message, &vector),
                                &vector, scope->update_limit, heard->occasion);
    if (lacking == 0 && (pull || (!heard->beyond && same_set(stepping, &vector)))) {
        mesh_outgoing_drop(stepping, message);
        return;
    }
    if (!pull) {
        add_vector(stepping, message);
    }
    mesh_outgoing_reply(stepping, message);
}

// 5: what the other's vector lacked.
static void answer_fill(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *heard = stepping->event->message;
    const struct mesh_lanes vector = mesh_message_vector(heard);
    struct mesh_message *message = mesh_outgoing_continue_blank(stepping, MESH_MESSAGE_REST);
    if (mesh_outgoing_add_plane(stepping, message, told_plane(stepping, scope, message, &vector),
                                &vector, scope->update_limit, heard->occasion) == 0) {
        mesh_outgoing_drop(stepping, message);
        return;
    }
    mesh_outgoing_reply(stepping, message);
}

// Of what was heard in up to MESH_LANES_WORDS words from number `first` on, the updates that are
// new here; bit i of the value: there are some in fresh[i].
static uint64_t fresh_of(const struct stepping *stepping, const struct mesh_lanes *heard,
                         uint32_t first, uint64_t fresh[MESH_LANES_WORDS])
{
    uint32_t words = heard->words - first;
    return stepping->code->without(heard->lanes + first,
                                   plane(stepping, heard->word_first + first, MESH_HAVE),
                                   words < MESH_LANES_WORDS ? words : MESH_LANES_WORDS, fresh);
}

__attribute__((noinline)) static bool some_word_is_new(const struct stepping *stepping,
                                                       const struct mesh_lanes *heard)
{
    uint64_t fresh[MESH_LANES_WORDS];
    for (uint32_t first = 0; first < heard->words; first += MESH_LANES_WORDS) {
        if (fresh_of(stepping, heard, first, fresh) != 0) {
            return true;
        }
    }
    return false;
}

static inline bool brings_news(const struct stepping *stepping, const struct mesh_message *message)
{
    const struct mesh_lanes heard = mesh_message_updates(message);
    return heard.words == 1 ? (heard.lanes[0] & ~*plane(stepping, heard.word_first, MESH_HAVE)) != 0
                            : some_word_is_new(stepping, &heard);
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

// The same as learn() for reports, where an event brings many, at a node without roles that makes
// them visible at once.
static inline void learn_reports(struct stepping *stepping, uint32_t word, uint64_t fresh,
                                 struct learnt *learnt)
{
    const struct mesh_table *local = stepping->local;
    const struct mesh_update *updates = &local->updates[(size_t)64 * word];
    uint64_t hash[2] = {0, 0};
    uint64_t clock = stepping->replica->clock;
    for (uint64_t left = fresh; left != 0; left &= left - 1) {
        const struct mesh_update *update = &updates[__builtin_ctzll(left)];
        add_hash(hash, update->hash);
        clock = update->clock > clock ? update->clock : clock;
    }
    if (!mesh_vector_is_continued(local, word, fresh)) {
        mesh_vector_learn(stepping, word, fresh);
    }
    stepping->replica->clock = clock;
    *plane(stepping, word, MESH_HAVE) |= fresh;
    *plane(stepping, word, MESH_RECENT_0) |= fresh;
    add_hash(stepping->replica->hash, hash);
    mesh_stepping_news(stepping, word, fresh);
    add_hash(learnt->hash, hash);
    learnt->count++;
}

static bool learns_reports(const struct stepping *stepping, const struct mesh_scope *scope)
{
    return stepping->role_first == stepping->role_end && scope->mode != MESH_RUMOR &&
           !mesh_stepping_keeps_apart(scope);
}

__attribute__((noinline)) static void learn_words(struct stepping *stepping,
                                                  const struct mesh_scope *scope,
                                                  const struct mesh_lanes *heard,
                                                  struct learnt *learnt)
{
    uint64_t fresh[MESH_LANES_WORDS];
    uint32_t reports_end =
        learns_reports(stepping, scope) ? stepping->states->table->local_words : 0;
    for (uint32_t first = 0; first < heard->words; first += MESH_LANES_WORDS) {
        for (uint64_t left = fresh_of(stepping, heard, first, fresh); left != 0; left &= left - 1) {
            uint32_t i = (uint32_t)__builtin_ctzll(left);
            uint32_t word = heard->word_first + first + i;
            if (word < reports_end) {
                learn_reports(stepping, word, fresh[i], learnt);
            } else {
                learn(stepping, scope, word, fresh[i], learnt);
            }
        }
    }
}

// Most meshes have one word, and most messages bring nothing new.
static inline void learn_all(struct stepping *stepping, const struct mesh_scope *scope,
                             struct learnt *learnt)
{
    const struct mesh_lanes heard = mesh_message_updates(stepping->event->message);
    if (heard.words != 1) {
        learn_words(stepping, scope, &heard, learnt);
        deliver(stepping, learnt);
        return;
    }
    uint64_t fresh = heard.lanes[0] & ~*plane(stepping, heard.word_first, MESH_HAVE);
    if (fresh != 0) {
        learn(stepping, scope, heard.word_first, fresh, learnt);
        deliver(stepping, learnt);
    }
}

// The kinds that every scope but those of mode rumor and delta takes.
static bool is_exchanged(uint8_t kind)
{
    return (kind >= MESH_MESSAGE_PUSH && kind <= MESH_MESSAGE_REST) || kind == MESH_MESSAGE_EAGER;
}

static void learn_and_answer(struct stepping *stepping, const struct mesh_scope *scope)
{
    struct learnt learnt = nothing_yet(stepping);
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
    struct learnt learnt = nothing_yet(stepping);
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
    uint8_t kind = stepping->event->message->kind;
    if (mesh_message_has_rows(kind)) {
        mesh_tiers_receive(stepping, scope);
    } else if (mesh_message_is_raft(kind)) {
        mesh_raft_handle(stepping);
    } else if (mesh_message_is_swim(kind)) {
        mesh_swim_handle(stepping);
    } else {
        mesh_join_receive(stepping, scope);
    }
}

void mesh_gossip_receive(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *message = stepping->event->message;
    assert(message->word_first + message->words <= stepping->states->words ||
           !mesh_message_has_lanes(message->kind));
    if (stepping->config->guard != NULL && !mesh_guard_admits(stepping, scope)) {
        return;
    }
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
