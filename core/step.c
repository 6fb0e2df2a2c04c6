// SPDX-License-Identifier: Apache-2.0
#include "mesh/step.h"

#include <assert.h>
#include <string.h>

#include "exchange.h"
#include "guarding.h"
#include "links.h"
#include "stepping.h"

uint32_t mesh_mode_planes(enum mesh_mode mode)
{
    return mode == MESH_RUMOR   ? MESH_RUMOR_PLANES
           : mode == MESH_DELTA ? MESH_DELTA_PLANES
                                : MESH_PLANES;
}

uint32_t mesh_planes(const struct mesh_config *config)
{
    uint32_t planes = 0;
    for (uint32_t i = 0; i < config->scope_count; i++) {
        uint32_t needed = mesh_mode_planes(config->scopes[i].mode);
        planes = needed > planes ? needed : planes;
    }
    return planes;
}

// Words behind the planes (vector.h).
static uint32_t words_behind(uint32_t local_words)
{
    return local_words > 0 ? 2 : 0;
}

size_t mesh_replica_bytes(uint32_t words, uint32_t planes, uint32_t local_words)
{
    return sizeof(struct mesh_replica) +
           ((size_t)words * planes + words_behind(local_words)) * sizeof(uint64_t);
}

size_t mesh_role_bytes(uint32_t words)
{
    return sizeof(struct mesh_role) + (size_t)words * MESH_RECENT_PLANES * sizeof(uint64_t);
}

static void widen_planes(const uint64_t *old, struct mesh_width old_width, uint32_t planes,
                         uint64_t *wide, struct mesh_width width)
{
    assert(width.local_words >= old_width.local_words &&
           width.words - width.local_words >= old_width.words - old_width.local_words);
    for (uint32_t plane = 0; plane < planes; plane++) {
        memcpy(wide, old, old_width.local_words * sizeof *old);
        memcpy(wide + width.local_words, old + old_width.local_words,
               (old_width.words - old_width.local_words) * sizeof *old);
        old += old_width.words;
        wide += width.words;
    }
}

void mesh_replica_widen(const struct mesh_replica *old, struct mesh_width old_width,
                        uint32_t planes, struct mesh_replica *replica, struct mesh_width width)
{
    memcpy(replica, old, sizeof *replica);
    widen_planes(old->planes, old_width, planes, replica->planes, width);
    memcpy(replica->planes + (size_t)width.words * planes,
           old->planes + (size_t)old_width.words * planes,
           words_behind(width.local_words) * sizeof(uint64_t));
}

void mesh_role_widen(const struct mesh_role *old, struct mesh_width old_width,
                     struct mesh_role *role, struct mesh_width width)
{
    memcpy(role, old, sizeof *role);
    widen_planes(old->recent, old_width, MESH_RECENT_PLANES, role->recent, width);
}

uint32_t mesh_message_widened(const struct mesh_message *message, uint32_t old_local_words,
                              uint32_t local_words)
{
    bool crosses = mesh_message_has_lanes(message->kind) && message->word_first < old_local_words &&
                   message->word_first + message->words > old_local_words;
    return crosses ? mesh_message_sets(message->kind) * (local_words - old_local_words) : 0;
}

void mesh_message_widen(const struct mesh_message *old, uint32_t old_local_words,
                        uint32_t local_words, struct mesh_message *message)
{
    uint32_t more = local_words - old_local_words;
    if (mesh_message_widened(old, old_local_words, local_words) == 0) {
        if (mesh_message_has_lanes(old->kind) && old->word_first >= old_local_words) {
            message->word_first = (uint16_t)(old->word_first + more);
        }
        return;
    }
    uint32_t local = old_local_words - old->word_first;  // words of the set before the border
    uint32_t words = old->words + more;
    memcpy(message, old, sizeof *message);
    message->words = (uint16_t)words;
    for (uint32_t set = 0; set < mesh_message_sets(old->kind); set++) {
        const uint64_t *from = old->lanes + (size_t)set * old->words;
        uint64_t *to = message->lanes + (size_t)set * words;
        memcpy(to, from, local * sizeof *to);
        memset(to + local, 0, more * sizeof *to);
        memcpy(to + local + more, from + local, (old->words - local) * sizeof *to);
    }
}

struct mesh_bound mesh_output_bound(const struct mesh_config *config, uint32_t words)
{
    // The most a single event causes: a write made durable, new updates delivered, forwarded to
    // `fanout` peers, and an answer to the sender; or a message for each neighbour.
    uint32_t targets = 0;
    uint32_t messages = 2;
    for (uint32_t i = 0; i < config->scope_count; i++) {
        const struct mesh_scope *scope = &config->scopes[i];
        bool delta = scope->mode == MESH_DELTA;
        uint32_t most = delta ? MESH_DEGREE_MAX : scope->fanout + 1;
        targets = most > targets ? most : targets;
        messages = delta ? MESH_DEGREE_MAX : messages;
    }
    size_t message_words = sizeof(struct mesh_message) / sizeof(uint64_t) + 2 * (size_t)words;
    struct mesh_bound bound = {
        .records = 2 + messages,
        .targets = targets,
        .news = words,
        .message_words = messages * message_words,
    };
    if (config->eager_links) {
        mesh_links_bound(config, message_words, &bound);
    }
    if (config->tiers != NULL) {
        mesh_tiers_bound(config, message_words, &bound);
    }
    if (config->raft_count > 0) {
        mesh_raft_bound(config, &bound);
    }
    if (config->swim_count > 0) {
        mesh_swim_bound(config, &bound);
    }
    if (config->guard != NULL) {
        mesh_guard_bound(config, words, &bound);
    }
    return bound;
}

bool mesh_replica_has_news(const struct mesh_states *states, uint32_t node)
{
    const struct mesh_replica *replica = mesh_replica_of(states, node);
    const uint64_t *planes = &replica->planes[(size_t)states->words * MESH_RECENT_0];
    uint64_t recent = 0;
    for (size_t i = 0; i < (size_t)states->words * MESH_RECENT_PLANES; i++) {
        recent |= planes[i];
    }
    return recent != 0 || replica->joining;
}

static uint8_t *put(uint8_t *bytes, uint64_t value, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
    return bytes + count;
}

// Little endian, so that every machine hashes the same bytes.
void mesh_update_hash(const struct mesh_config *config, struct mesh_update *update)
{
    uint64_t value[2] = {0, 0};  // the amount, or the hash of the value
    if (mesh_update_has_value(update->type)) {
        config->hash(config->hash_context, update->value, update->value_bytes, value);
    } else {
        value[0] = update->amount;
    }
    uint8_t said[40];
    uint8_t *end = put(said, value[0], 8);
    end = put(end, value[1], 8);
    end = put(end, update->clock, 8);
    end = put(end, update->dot.origin, 4);
    end = put(end, update->dot.sequence, 4);
    end = put(end, update->key, 4);
    end = put(end, update->type, 4);
    assert(end == said + sizeof said);
    config->hash(config->hash_context, said, sizeof said, update->hash);
}

void mesh_stepping_reject_peer(struct stepping *stepping, uint32_t peer, enum mesh_reject reason)
{
    struct mesh_record *record = mesh_stepping_record(stepping, MESH_RECORD_REJECT);
    record->reject.source = peer;
    record->reject.reason = reason;
    record->reject.ignored =
        stepping->config->guard != NULL && mesh_guard_blame(stepping, peer, reason);
}

void mesh_stepping_reject(struct stepping *stepping, enum mesh_reject reason)
{
    mesh_stepping_reject_peer(stepping, stepping->event->message->source, reason);
}

// Without a call, which gcc makes of its own function for machines of all kinds.
static inline uint32_t lanes_in(uint64_t word)
{
    word -= word >> 1 & 0x5555555555555555u;
    word = (word & 0x3333333333333333u) + (word >> 2 & 0x3333333333333333u);
    word = (word + (word >> 4)) & 0x0F0F0F0F0F0F0F0Fu;
    return (uint32_t)(word * 0x0101010101010101u >> 56);
}

void mesh_stepping_deliver(struct stepping *stepping, uint32_t first, const uint64_t hash[2])
{
    struct mesh_record *record = mesh_stepping_record(stepping, MESH_RECORD_DELIVER);
    memcpy(record->deliver.hash, hash, sizeof record->deliver.hash);
    record->deliver.news_first = first;
    record->deliver.news_count = stepping->output->news_count - first;
    record->deliver.update_count = 0;
    for (uint32_t i = first; i < stepping->output->news_count; i++) {
        record->deliver.update_count += lanes_in(stepping->output->news[i].lanes);
    }
    if (stepping->states->raft_count > 0) {
        mesh_bridges_hear(stepping, first);
    }
}

// How many events' worth of output surely fits.
static uint32_t events_that_fit(const struct mesh_output *output, const struct mesh_bound *bound)
{
    assert(bound->records > 0 && bound->targets > 0 && bound->news > 0 && bound->message_words > 0);
    size_t records = (output->record_capacity - output->record_count) / bound->records;
    size_t targets = (output->target_capacity - output->target_count) / bound->targets;
    size_t messages =
        (output->message_word_capacity - output->message_words) / bound->message_words;
    size_t news = (output->news_capacity - output->news_count) / bound->news;
    size_t least = records < targets ? records : targets;
    least = news < least ? news : least;
    least = messages < least ? messages : least;
    return least < UINT32_MAX ? (uint32_t)least : UINT32_MAX;
}

// The first role of `node` or of a node behind it.
static uint32_t role_from(const struct mesh_states *states, uint32_t node)
{
    uint32_t low = 0;
    uint32_t high = states->role_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (mesh_role_at(states, middle)->node < node) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

// The node's roles, and the books of the event's scope if that is one of them.
// Kept apart, so that nodes without roles do not pay for its registers.
__attribute__((noinline)) static void find_roles(struct stepping *stepping)
{
    const struct mesh_states *states = stepping->states;
    uint32_t node = stepping->event->node;
    uint32_t local = node - states->node_first;
    stepping->role_first = 0;
    stepping->role_end = 0;
    if ((states->has_role[local / 64] >> local % 64 & 1) == 0) {
        return;
    }
    stepping->role_first = role_from(states, node);
    stepping->role_end = stepping->role_first;
    for (; stepping->role_end < states->role_count; stepping->role_end++) {
        struct mesh_role *role = mesh_role_at(states, stepping->role_end);
        if (role->node != node) {
            break;
        }
        if (role->scope == stepping->scope) {
            stepping->hash = role->hash;
            stepping->recent = role->recent;
        }
    }
}

// What all handlers need. The quick way (exchange.h) reads nothing of the rest, which is as the
// event before left it: hash, recent, roles, word_first.
static inline void begin(struct stepping *stepping)
{
    const struct mesh_event *event = stepping->event;
    stepping->scope = event->scope;
    stepping->replica = mesh_replica_of(stepping->states, event->node);
    if (stepping->locals != NULL) {
        stepping->local = stepping->locals[event->scope];
    }
}

static void handle(struct stepping *stepping)
{
    const struct mesh_event *event = stepping->event;
    assert(event->node - stepping->states->node_first < stepping->states->node_count);
    assert(event->scope < stepping->config->scope_count);
    const struct mesh_scope *scope = &stepping->config->scopes[event->scope];
    begin(stepping);
    stepping->hash = stepping->replica->hash;
    stepping->recent = mesh_stepping_plane(stepping, 0, MESH_RECENT_0);
    if (stepping->states->has_role != NULL) {
        find_roles(stepping);
    }
    if (stepping->locals != NULL) {
        stepping->word_first = stepping->local == NULL ? stepping->states->table->local_words : 0;
    }
    switch ((enum mesh_event_kind)event->kind) {
    case MESH_EVENT_START: mesh_gossip_start(stepping, scope); break;
    case MESH_EVENT_WRITE: mesh_gossip_write(stepping, scope); break;
    case MESH_EVENT_TICK: mesh_gossip_tick(stepping, scope); break;
    case MESH_EVENT_RECEIVE: mesh_gossip_receive(stepping, scope); break;
    case MESH_EVENT_JOIN: mesh_join_start(stepping); break;
    case MESH_EVENT_REFUSED: mesh_guard_refused(stepping); break;
    case MESH_EVENT_RAFT_START:
    case MESH_EVENT_RAFT_TIMER:
    case MESH_EVENT_RAFT_STORED:
    case MESH_EVENT_RAFT_PROPOSE:
    case MESH_EVENT_RAFT_READ:
    case MESH_EVENT_RAFT_CHANGE:
    case MESH_EVENT_RAFT_TRANSFER:
    case MESH_EVENT_RAFT_COMPACT: mesh_raft_handle(stepping); break;
    case MESH_EVENT_SWIM_START:
    case MESH_EVENT_SWIM_JOIN:
    case MESH_EVENT_SWIM_TIMER:
    case MESH_EVENT_SWIM_LEAVE: mesh_swim_handle(stepping); break;
    default: assert(false);
    }
}

#define LINE 64u  // bytes that come into the cache at once, or fewer
#define AHEAD 6u  // events: long enough for memory to answer

// Asks for so many bytes. How many follows from the kind: a driver that goes kind by kind has loops
// whose ends can be foreseen. Always inline: gcc drops calls of functions that only prefetch.
__attribute__((always_inline)) static inline void ask_for(const void *from, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += LINE) {
        __builtin_prefetch((const char *)from + at, 1);
    }
}

// Asks for what an event will touch behind the first lines of its replica and of its message: what
// is held, where it is learnt, and what an answer to OPEN is made of. With few lanes there is
// nothing behind those lines.
__attribute__((always_inline)) static inline void look_ahead(const struct mesh_states *states,
                                                             const struct mesh_event *event)
{
    const struct mesh_replica *replica = mesh_replica_of(states, event->node);
    size_t words = states->words;
    size_t plane_bytes = words * sizeof replica->planes[0];
    if (event->kind != MESH_EVENT_RECEIVE) {
        ask_for(replica->planes, 4 * plane_bytes);
        return;
    }
    const struct mesh_message *message = event->message;
    bool open = message->kind == MESH_MESSAGE_OPEN;
    ask_for(message->lanes, message->kind == MESH_MESSAGE_FILL ? 2 * plane_bytes : plane_bytes);
    ask_for(replica->planes, open ? 3 * plane_bytes : 2 * plane_bytes);
    __builtin_prefetch(replica->planes + states->planes * words, 1);
}

#define SCOPE_NONE UINT32_MAX

// The first scope of receipts where something stays at home, if exchange.h says that it is plain
// there: a driver's events are mostly of one such scope.
static uint32_t find_plain_scope(const struct stepping *stepping, const struct mesh_event *events,
                                 uint32_t count)
{
    for (uint32_t i = 0; i < count && stepping->locals != NULL; i++) {
        uint16_t scope = events[i].scope;
        if (events[i].kind == MESH_EVENT_RECEIVE && stepping->locals[scope] != NULL) {
            return mesh_exchange_is_plain_at(stepping->config, stepping->states, scope)
                       ? scope
                       : SCOPE_NONE;
        }
    }
    return SCOPE_NONE;
}

uint32_t mesh_step(const struct mesh_config *config, const struct mesh_states *states,
                   const struct mesh_event *events, uint32_t count, struct mesh_output *output)
{
    assert(states->words >= 1 && states->words <= UINT16_MAX);
    struct mesh_bound bound =
        output->bound.records > 0 ? output->bound : mesh_output_bound(config, states->words);
    struct stepping stepping = {
        .config = config,
        .states = states,
        .code = mesh_lanes_code(),
        .locals = states->table->locals,
        .output = output,
    };
    const uint32_t plain_scope = find_plain_scope(&stepping, events, count);
    mesh_exchange_code *const exchange =
        plain_scope == SCOPE_NONE ? NULL : mesh_exchange_best_code();
    uint32_t done = 0;
    for (uint32_t i = 0; states->words > 1 && i < count && i < AHEAD; i++) {
        look_ahead(states, &events[i]);
    }
    for (;;) {
        // Most events cause little, so what is left may hold many more than was sure to fit.
        uint32_t fit = events_that_fit(output, &bound);
        uint32_t end = count - done < fit ? count : done + fit;
        if (done == end) {
            return done;
        }
        for (; done < end; done++) {
            if (states->words > 1 && done + AHEAD < count) {
                look_ahead(states, &events[done + AHEAD]);
            }
            stepping.event = &events[done];
            stepping.event_index = done;
            if (events[done].scope == plain_scope && events[done].kind == MESH_EVENT_RECEIVE &&
                mesh_exchange_is_plain(states, &events[done])) {
                begin(&stepping);
                exchange(&stepping);
            } else {
                handle(&stepping);
            }
        }
    }
}
