// SPDX-License-Identifier: Apache-2.0
#include "mesh/guard.h"

#include <assert.h>

#include "mesh/random.h"
#include "mesh/tiers.h"
#include "guarding.h"

// ---- What is remembered of peers ----

static struct mesh_guard_peer *set_of(const struct mesh_config *config,
                                      const struct mesh_states *states, uint32_t node,
                                      uint32_t peer)
{
    uint32_t sets = config->guard->peers / MESH_GUARD_WAYS;
    uint32_t set = mesh_below(peer * 2654435761u, sets);  // a prime near 2^32 / golden ratio
    return &states->peers[(size_t)(node - states->node_first) * config->guard->peers +
                          (size_t)set * MESH_GUARD_WAYS];
}

static struct mesh_guard_peer *find(struct mesh_guard_peer *set, uint32_t peer)
{
    for (uint32_t i = 0; i < MESH_GUARD_WAYS; i++) {
        if (set[i].peer == peer + 1) {
            return &set[i];
        }
    }
    return NULL;
}

static uint32_t recovered(const struct mesh_guard *guard, const struct mesh_guard_peer *entry,
                          uint64_t time_ns)
{
    if (entry->reputation_ppb == MESH_REPUTATION_ONE || entry->judged_ns == UINT64_MAX ||
        time_ns <= entry->judged_ns) {
        return entry->reputation_ppb;
    }
    mesh_uint128 back = (mesh_uint128)(time_ns - entry->judged_ns) * MESH_REPUTATION_ONE;
    uint64_t more = (uint64_t)(back / guard->recovery_ns);
    uint32_t missing = MESH_REPUTATION_ONE - entry->reputation_ppb;
    return more < missing ? entry->reputation_ppb + (uint32_t)more : MESH_REPUTATION_ONE;
}

uint32_t mesh_guard_reputation(const struct mesh_config *config, const struct mesh_states *states,
                               uint32_t node, uint32_t peer, uint64_t time_ns)
{
    const struct mesh_guard_peer *entry = find(set_of(config, states, node, peer), peer);
    return entry == NULL ? MESH_REPUTATION_ONE : recovered(config->guard, entry, time_ns);
}

// Of two entries the one that says less.
static bool says_less(const struct mesh_guard *guard, const struct mesh_guard_peer *a,
                      const struct mesh_guard_peer *b, uint64_t time_ns)
{
    if (a->peer == 0 || b->peer == 0) {
        return a->peer == 0 && b->peer != 0;
    }
    uint32_t reputation_a = recovered(guard, a, time_ns);
    uint32_t reputation_b = recovered(guard, b, time_ns);
    return reputation_a != reputation_b ? reputation_a > reputation_b : a->full_ns < b->full_ns;
}

// The entry of a peer, a new one if there is none.
static struct mesh_guard_peer *entry_of(const struct stepping *stepping, uint32_t peer)
{
    const struct mesh_guard *guard = stepping->config->guard;
    uint64_t time_ns = stepping->event->time_ns;
    struct mesh_guard_peer *set =
        set_of(stepping->config, stepping->states, stepping->event->node, peer);
    struct mesh_guard_peer *entry = find(set, peer);
    if (entry != NULL) {
        return entry;
    }
    entry = &set[0];
    for (uint32_t i = 1; i < MESH_GUARD_WAYS; i++) {
        entry = says_less(guard, &set[i], entry, time_ns) ? &set[i] : entry;
    }
    *entry = (struct mesh_guard_peer){
        .judged_ns = time_ns, .peer = peer + 1, .reputation_ppb = MESH_REPUTATION_ONE};
    return entry;
}

// ---- What is held against them ----

// By which part of itself a reputation falls; 0: by nothing.
static uint32_t part_of(enum mesh_reject reason)
{
    switch (reason) {
    case MESH_REJECT_SIGNATURE:
    case MESH_REJECT_FORMAT: return 2;
    case MESH_REJECT_SCOPE:
    case MESH_REJECT_KIND:
    case MESH_REJECT_SELF:
    case MESH_REJECT_EDGE:
    case MESH_REJECT_DIGEST:
    case MESH_REJECT_CLOCK: return 4;
    case MESH_REJECT_STALE: return 16;
    case MESH_REJECT_RATE: return 32;
    case MESH_REJECT_EQUIVOCATION: return 1;
    default: return 0;
    }
}

bool mesh_guard_blame(struct stepping *stepping, uint32_t peer, enum mesh_reject reason)
{
    const struct mesh_guard *guard = stepping->config->guard;
    uint32_t part = part_of(reason);
    if (part == 0 || peer == stepping->event->node) {
        return false;
    }
    struct mesh_guard_peer *entry = entry_of(stepping, peer);
    uint64_t time_ns = stepping->event->time_ns;
    uint32_t before = recovered(guard, entry, time_ns);
    entry->reputation_ppb = before - before / part;
    if (entry->judged_ns != UINT64_MAX) {
        entry->judged_ns = reason == MESH_REJECT_EQUIVOCATION ? UINT64_MAX : time_ns;
    }
    return before >= guard->threshold_ppb && entry->reputation_ppb < guard->threshold_ppb;
}

// ---- Before a message is looked into ----

// One token of the sender's bucket; false: there is none.
static bool take_token(struct stepping *stepping, struct mesh_guard_peer *entry)
{
    const struct mesh_guard *guard = stepping->config->guard;
    uint64_t time_ns = stepping->event->time_ns;
    uint64_t from_ns = entry->full_ns > time_ns ? entry->full_ns : time_ns;
    if (from_ns + guard->gap_ns - time_ns > guard->burst_ns) {
        return false;
    }
    entry->full_ns = from_ns + guard->gap_ns;
    return true;
}

// Whether the message goes on with an exchange that a tick of its sender began, which names it.
static bool is_of_a_tick(const struct mesh_message *message)
{
    return message->initiator == message->source &&
           (message->kind == MESH_MESSAGE_PUSH || message->kind == MESH_MESSAGE_OPEN ||
            message->kind == MESH_MESSAGE_ASK || message->kind == MESH_MESSAGE_DELTA);
}

static bool is_timely(const struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *message = stepping->event->message;
    uint64_t bound_ns = stepping->config->guard->bound_ns;
    if (bound_ns == 0 || scope->schedule == MESH_POISSON || !is_of_a_tick(message)) {
        return true;
    }
    // The tick was due between these two.
    uint64_t tick = message->occasion & ((UINT64_C(1) << 48) - 1);
    uint64_t from_ns = tick * scope->interval_ns;
    uint64_t until_ns = from_ns + scope->interval_ns;
    uint64_t time_ns = stepping->event->time_ns;
    return from_ns <= time_ns + bound_ns && time_ns <= until_ns + bound_ns;
}

// ---- What it says ----

static uint64_t physical_ns(uint64_t clock)
{
    return (clock >> 12) * 1000;
}

// Lanes of a word of the message that this node does not hold.
static uint64_t fresh_in(const struct stepping *stepping, const struct mesh_lanes *heard,
                         uint32_t index)
{
    return heard->lanes[index] &
           ~*mesh_stepping_plane(stepping, heard->word_first + index, MESH_HAVE);
}

// Signatures are checked on first receipt, and so is the clock.
static enum mesh_reject judge_updates(const struct stepping *stepping)
{
    const struct mesh_guard *guard = stepping->config->guard;
    const struct mesh_lanes heard = mesh_message_updates(stepping->event->message);
    uint64_t latest_ns = stepping->event->time_ns + guard->bound_ns;
    for (uint32_t i = 0; i < heard.words; i++) {
        for (uint64_t left = fresh_in(stepping, &heard, i); left != 0; left &= left - 1) {
            const struct mesh_update *update =
                mesh_stepping_row(stepping, heard.word_first + i, left);
            if (guard->signatures && update->forged) {
                return MESH_REJECT_SIGNATURE;
            }
            if (guard->bound_ns > 0 && physical_ns(update->clock) > latest_ns) {
                return MESH_REJECT_CLOCK;
            }
        }
    }
    return 0;
}

// Rows are signed by the relay that made them, and checked whenever they come.
static enum mesh_reject judge_rows(const struct stepping *stepping)
{
    const struct mesh_message *message = stepping->event->message;
    const struct mesh_guard *guard = stepping->config->guard;
    uint64_t latest_ns = stepping->event->time_ns + guard->bound_ns;
    bool names = message->kind == MESH_MESSAGE_ROWS_HELD;
    for (uint32_t i = 0; i < message->update_count && !names; i++) {
        const struct mesh_row row = mesh_rows_row(message, i);
        if (guard->signatures && row.forged) {
            return MESH_REJECT_SIGNATURE;
        }
        if (guard->bound_ns > 0 && physical_ns(row.clock) > latest_ns) {
            return MESH_REJECT_CLOCK;
        }
    }
    return 0;
}

static enum mesh_reject judge_content(const struct stepping *stepping)
{
    uint8_t kind = stepping->event->message->kind;
    return mesh_message_has_rows(kind)  ? judge_rows(stepping)
           : mesh_message_is_raft(kind) ? (enum mesh_reject)0
                                        : judge_updates(stepping);
}

// Whether a vector lacks a write of its sender's that is so old that the sender must have had it
// when it spoke. Nobody loses its own writes; without signatures nobody knows whose they are.
static bool denies_own(const struct stepping *stepping)
{
    const struct mesh_message *message = stepping->event->message;
    const struct mesh_guard *guard = stepping->config->guard;
    const struct mesh_lanes vector = mesh_message_vector(message);
    for (uint32_t i = 0; guard->signatures && guard->bound_ns > 0 && i < vector.words; i++) {
        uint32_t word = vector.word_first + i;
        uint64_t missing = *mesh_stepping_plane(stepping, word, MESH_HAVE) & ~vector.lanes[i];
        for (; missing != 0; missing &= missing - 1) {
            const struct mesh_update *update = mesh_stepping_row(stepping, word, missing);
            bool old = physical_ns(update->clock) + guard->bound_ns < stepping->event->time_ns;
            if (update->dot.origin == message->source && !update->contested && old) {
                return true;
            }
        }
    }
    return false;
}

// Whether a value of the update's dot that is not itself is held here or in the message.
static bool has_other_value(const struct stepping *stepping, const struct mesh_lanes *heard,
                            uint32_t lane)
{
    const struct mesh_table *table = stepping->states->table;
    struct mesh_dot dot = table->updates[lane].dot;
    uint32_t other = MESH_LANE_NONE;
    while ((other = mesh_table_next_value(table, dot, other)) != MESH_LANE_NONE) {
        uint32_t word = table->local_words + other / 64;
        uint64_t known =
            *mesh_stepping_plane(stepping, word, MESH_HAVE) | mesh_lanes_at(heard, word);
        if (other != lane && (known >> other % 64 & 1) != 0) {
            return true;
        }
    }
    return false;
}

// Two values that one origin signed: whoever comes to hold both has caught it.
static void find_proofs(struct stepping *stepping)
{
    const struct mesh_table *table = stepping->states->table;
    const struct mesh_lanes heard = mesh_message_updates(stepping->event->message);
    for (uint32_t i = 0; i < heard.words; i++) {
        uint32_t word = heard.word_first + i;
        uint64_t left = word < table->local_words ? 0 : fresh_in(stepping, &heard, i);
        for (; left != 0; left &= left - 1) {
            uint32_t lane = 64 * (word - table->local_words) + (uint32_t)__builtin_ctzll(left);
            uint32_t origin = table->updates[lane].dot.origin;
            if (table->updates[lane].contested && origin != stepping->event->node &&
                has_other_value(stepping, &heard, lane) &&
                mesh_guard_reputation(stepping->config, stepping->states, stepping->event->node,
                                      origin, stepping->event->time_ns) > 0) {
                mesh_stepping_reject_peer(stepping, origin, MESH_REJECT_EQUIVOCATION);
            }
        }
    }
}

bool mesh_guard_admits(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_guard *guard = stepping->config->guard;
    const struct mesh_message *message = stepping->event->message;
    uint64_t time_ns = stepping->event->time_ns;
    struct mesh_guard_peer *entry = guard->gap_ns > 0
                                        ? entry_of(stepping, message->source)
                                        : find(set_of(stepping->config, stepping->states,
                                                      stepping->event->node, message->source),
                                               message->source);
    enum mesh_reject reason = 0;
    if (entry != NULL && recovered(guard, entry, time_ns) < guard->threshold_ppb) {
        reason = MESH_REJECT_IGNORED;
    } else if (guard->gap_ns > 0 && !take_token(stepping, entry)) {
        reason = MESH_REJECT_RATE;
    } else if (message->garbled) {
        reason = MESH_REJECT_FORMAT;
    } else if (!is_timely(stepping, scope)) {
        reason = MESH_REJECT_STALE;
    } else if ((reason = judge_content(stepping)) == 0 && denies_own(stepping)) {
        reason = MESH_REJECT_DIGEST;
    }
    if (reason != 0) {
        mesh_stepping_reject(stepping, reason);
        return false;
    }
    if (guard->signatures && stepping->states->table->contested > 0) {
        find_proofs(stepping);
    }
    return true;
}

void mesh_guard_refused(struct stepping *stepping)
{
    mesh_stepping_reject_peer(stepping, stepping->event->refused.peer,
                              (enum mesh_reject)stepping->event->refused.reason);
}

void mesh_guard_bound(const struct mesh_config *config, uint32_t words, struct mesh_bound *bound)
{
    uint32_t most = 0;  // updates that a message may carry, each a proof
    for (uint32_t i = 0; i < config->scope_count; i++) {
        uint32_t limit = config->scopes[i].update_limit;
        most = limit > most ? limit : most;
    }
    bound->records += most < 64 * words ? most : 64 * words;
}
