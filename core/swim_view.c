// SPDX-License-Identifier: Apache-2.0
// What a node thinks of the others, and what of that it tells on.
//
//     buckets   [ 0 | 3 | 0 | 1 ... ]      by a hash of the node
//     members   [ 1 | 2 | 3 | 4 ]          in the order in which they came to be listed
//                 ^-------^---^  news_first -> ... -> news_last: those whose news are still told
//
// Fresh news go to the front; what was told goes to the back until it was told often enough.
#include <assert.h>
#include <string.h>

#include "swimming.h"

// ---- The list ----

static uint32_t bucket_of(const struct mesh_swim *swim, uint32_t node)
{
    return (node * UINT32_C(2654435761) >> 7) & (swim->bucket_count - 1);  // a prime
}

static uint32_t buckets_for(uint32_t capacity)
{
    uint32_t count = 1;
    while (count < capacity) {
        count *= 2;
    }
    return count;
}

size_t mesh_swim_bytes(uint32_t capacity)
{
    return capacity * sizeof(struct mesh_swim_member) + buckets_for(capacity) * sizeof(uint32_t);
}

void mesh_swim_give(struct mesh_swim *swim, void *memory, uint32_t capacity)
{
    assert(capacity > swim->capacity);
    if (swim->count > 0) {
        memcpy(memory, swim->members, swim->count * sizeof *swim->members);
    }
    swim->members = memory;
    swim->buckets = (uint32_t *)(swim->members + capacity);
    swim->capacity = capacity;
    swim->bucket_count = buckets_for(capacity);
    for (uint32_t i = 0; i < swim->count; i++) {
        uint32_t *bucket = &swim->buckets[bucket_of(swim, swim->members[i].node)];
        swim->members[i].next = *bucket;
        *bucket = i + 1;
    }
}

void mesh_swim_forget(struct mesh_swim *swim)
{
    if (swim->capacity > 0) {
        memset(swim->buckets, 0, swim->bucket_count * sizeof *swim->buckets);
    }
    swim->count = 0;
    swim->hash = 0;
    swim->suspects = 0;
    swim->dead = 0;
    swim->left = 0;
    swim->news_first = 0;
    swim->news_last = 0;
    swim->news_count = 0;
}

const struct mesh_swim_member *mesh_swim_find(const struct mesh_swim *swim, uint32_t node)
{
    uint32_t index = swim->capacity == 0 ? 0 : swim->buckets[bucket_of(swim, node)];
    while (index != 0 && swim->members[index - 1].node != node) {
        index = swim->members[index - 1].next;
    }
    return index == 0 ? NULL : &swim->members[index - 1];
}

enum mesh_swim_state mesh_swim_state_of(const struct mesh_swim *swim, uint32_t node)
{
    const struct mesh_swim_member *member = mesh_swim_find(swim, node);
    return member == NULL ? MESH_SWIM_ALIVE : (enum mesh_swim_state)member->state;
}

// Listed from now on, unless the view is full: then NULL.
static struct mesh_swim_member *listed(struct mesh_swim *swim, uint32_t node)
{
    const struct mesh_swim_member *found = mesh_swim_find(swim, node);
    if (found != NULL) {
        return &swim->members[found - swim->members];
    }
    if (swim->count == swim->capacity) {
        return NULL;
    }
    uint32_t *bucket = &swim->buckets[bucket_of(swim, node)];
    struct mesh_swim_member *member = &swim->members[swim->count++];
    *member = (struct mesh_swim_member){.node = node, .next = *bucket};
    *bucket = swim->count;
    return member;
}

// ---- News to tell ----

static uint32_t index_of(const struct mesh_swim *swim, const struct mesh_swim_member *member)
{
    return 1 + (uint32_t)(member - swim->members);
}

static void unqueue(struct mesh_swim *swim, struct mesh_swim_member *member)
{
    uint32_t *to =
        member->before == 0 ? &swim->news_first : &swim->members[member->before - 1].behind;
    uint32_t *back =
        member->behind == 0 ? &swim->news_last : &swim->members[member->behind - 1].before;
    *to = member->behind;
    *back = member->before;
    member->queued = false;
    swim->news_count--;
}

static void queue(struct mesh_swim *swim, struct mesh_swim_member *member, bool front)
{
    uint32_t index = index_of(swim, member);
    member->before = front ? 0 : swim->news_last;
    member->behind = front ? swim->news_first : 0;
    uint32_t *to =
        member->before == 0 ? &swim->news_first : &swim->members[member->before - 1].behind;
    uint32_t *back =
        member->behind == 0 ? &swim->news_last : &swim->members[member->behind - 1].before;
    *to = index;
    *back = index;
    member->queued = true;
    swim->news_count++;
}

static void spread(struct mesh_swim *swim, struct mesh_swim_member *member)
{
    if (member->queued) {
        unqueue(swim, member);
    }
    member->sent = 0;
    queue(swim, member, true);
}

struct mesh_swim_news mesh_swim_entry(const struct mesh_swim *swim, uint32_t index)
{
    const struct mesh_swim_member *member = &swim->members[index];
    bool suspect = member->state == MESH_SWIM_SUSPECT;
    return (struct mesh_swim_news){
        .node = member->node,
        .incarnation = member->incarnation,
        .from = suspect ? member->confirmers[member->confirmer_count - 1] : MESH_NODE_NONE,
        .state = member->state,
    };
}

static struct mesh_swim_news news_of(const struct mesh_swim *swim,
                                     const struct mesh_swim_member *member)
{
    if (member->accused != 0) {
        return (struct mesh_swim_news){member->node, member->accused - 1, MESH_NODE_NONE,
                                       MESH_SWIM_ACCUSED};
    }
    return mesh_swim_entry(swim, index_of(swim, member) - 1);
}

// So often each piece of news is told: lambda log n of the paper (4.1), the logarithm being to base
// 10 and rounded up, as in memberlist.
static uint32_t tellings(const struct swimming *swimming)
{
    uint32_t digits = 0;
    for (uint32_t count = swimming->scope->count; count > 0; count /= 10) {
        digits++;
    }
    uint32_t tellings = swimming->group->retransmit * digits;
    return tellings < UINT8_MAX ? tellings : UINT8_MAX;
}

uint32_t mesh_swim_tell(struct swimming *swimming, struct mesh_swim_news *news, uint32_t room)
{
    struct mesh_swim *swim = swimming->swim;
    uint32_t most = tellings(swimming);
    uint32_t count = swim->news_count < room ? swim->news_count : room;
    for (uint32_t i = 0; i < count; i++) {
        struct mesh_swim_member *member = &swim->members[swim->news_first - 1];
        news[i] = news_of(swim, member);
        unqueue(swim, member);
        if (++member->sent < most) {
            queue(swim, member, false);
        } else {
            member->accused = 0;
        }
    }
    return count;
}

bool mesh_swim_charge(const struct swimming *swimming, uint32_t node, struct mesh_swim_news *news)
{
    const struct mesh_swim *swim = swimming->swim;
    const struct mesh_swim_member *member = mesh_swim_find(swim, node);
    if (member == NULL || member->state == MESH_SWIM_ALIVE ||
        (member->state == MESH_SWIM_SUSPECT && !swimming->group->lifeguard)) {
        return false;
    }
    *news = mesh_swim_entry(swim, index_of(swim, member) - 1);
    return true;
}

// ---- What it thinks of a member ----

static uint32_t *tally(struct mesh_swim *swim, uint8_t state)
{
    return state == MESH_SWIM_SUSPECT ? &swim->suspects
           : state == MESH_SWIM_DEAD  ? &swim->dead
           : state == MESH_SWIM_LEFT  ? &swim->left
                                      : NULL;
}

// Where it stands in the order of mesh/swim.h.
static uint64_t rank(uint32_t incarnation, uint32_t state)
{
    return (uint64_t)incarnation * MESH_SWIM_STATE_COUNT + state;
}

// What a member adds to the view's hash; who is as at first adds nothing. Mixed as in splitmix64.
static uint64_t hash_of(const struct mesh_swim_member *member)
{
    uint64_t said = rank(member->incarnation, member->state);
    uint64_t mixed = (uint64_t)member->node << 32 ^ said * 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
    return said == 0 ? 0 : mixed ^ mixed >> 31;
}

static void think(struct swimming *swimming, struct mesh_swim_member *member, uint8_t state,
                  uint32_t incarnation, bool own)
{
    struct mesh_swim *swim = swimming->swim;
    struct mesh_record *record = mesh_stepping_record(swimming->stepping, MESH_RECORD_SWIM_MEMBER);
    record->swim_member.node = member->node;
    record->swim_member.incarnation = incarnation;
    record->swim_member.state = state;
    record->swim_member.was = member->state;
    record->swim_member.own = own;
    uint32_t *before = member->node == swim->node ? NULL : tally(swim, member->state);
    uint32_t *after = member->node == swim->node ? NULL : tally(swim, state);
    if (before != NULL) {
        (*before)--;
    }
    if (after != NULL) {
        (*after)++;
    }
    swim->hash -= hash_of(member);
    member->state = state;
    member->incarnation = incarnation;
    swim->hash += hash_of(member);
    member->accused = 0;
    swimming->learnt++;
    spread(swim, member);
}

// ---- Suspicion ----

#define FRACTION_BITS 16u

// The logarithm to base 2 in units of 2^-16: squaring doubles it, and a square that reaches 2 gives
// a one.
static uint64_t log2_of(uint32_t number)
{
    uint32_t whole = 31 - (uint32_t)__builtin_clz(number);
    uint64_t mantissa = (uint64_t)number << (31 - whole);  // [1, 2) in units of 2^-31
    uint64_t fraction = 0;
    for (uint32_t bit = 0; bit < FRACTION_BITS; bit++) {
        mantissa = mantissa * mantissa >> 31;
        fraction <<= 1;
        if (mantissa >= UINT64_C(1) << 32) {
            mantissa >>= 1;
            fraction |= 1;
        }
    }
    return (uint64_t)whole << FRACTION_BITS | fraction;
}

// Patience with a suspect of which `confirmed` more members say the same (Lifeguard 3.2): from the
// longest to the shortest as log (confirmed + 1) / log (confirmations + 1) goes from 0 to 1. Where
// there are not so many other members the shortest.
static uint64_t patience_ns(const struct swimming *swimming, uint32_t confirmed)
{
    const struct mesh_swim_group *group = swimming->group;
    uint32_t wanted = group->confirmations;
    if (!group->lifeguard || wanted == 0 || confirmed >= wanted ||
        swimming->scope->count < wanted + 2) {
        return group->suspicion_ns;
    }
    uint64_t range_ns = group->suspicion_ns_max - group->suspicion_ns;
    uint64_t share = (log2_of(confirmed + 1) << FRACTION_BITS) / log2_of(wanted + 1);
    return group->suspicion_ns_max - (uint64_t)((mesh_uint128)range_ns * share >> FRACTION_BITS);
}

// When its time is over. Looked at in steps, so that many suspects are gone through together.
static uint64_t deadline_ns(const struct swimming *swimming, const struct mesh_swim_member *member)
{
    uint64_t step_ns = swimming->group->period_ns / 16 + 1;
    uint64_t due_ns = member->since_ns + patience_ns(swimming, member->confirmer_count - 1u);
    return (due_ns + step_ns - 1) / step_ns * step_ns;
}

static void set_deadline(struct swimming *swimming, const struct mesh_swim_member *member)
{
    uint64_t due_ns = deadline_ns(swimming, member);
    if (due_ns < swimming->swim->expire_ns) {
        swimming->swim->expire_ns = due_ns;
    }
}

static void begin_suspicion(struct swimming *swimming, struct mesh_swim_member *member,
                            struct mesh_swim_news news, bool own)
{
    member->since_ns = swimming->now_ns;
    member->confirmer_count = 1;
    member->confirmers[0] = news.from;
    think(swimming, member, MESH_SWIM_SUSPECT, news.incarnation, own);
    set_deadline(swimming, member);
}

// The first confirmations are told on, so that others come down with their patience, too.
static void confirm(struct swimming *swimming, struct mesh_swim_member *member, uint32_t from)
{
    const struct mesh_swim_group *group = swimming->group;
    for (uint32_t i = 0; i < member->confirmer_count; i++) {
        if (member->confirmers[i] == from) {
            return;
        }
    }
    if (!group->lifeguard || member->confirmer_count > group->confirmations) {
        return;
    }
    member->confirmers[member->confirmer_count++] = from;
    swimming->learnt++;
    spread(swimming->swim, member);
    set_deadline(swimming, member);
}

void mesh_swim_expire(struct swimming *swimming)
{
    struct mesh_swim *swim = swimming->swim;
    uint32_t expired = 0;
    swim->expire_ns = UINT64_MAX;
    for (uint32_t i = 0; i < swim->count && swim->suspects > 0; i++) {
        struct mesh_swim_member *member = &swim->members[i];
        if (member->state != MESH_SWIM_SUSPECT) {
            continue;
        }
        if (expired == MESH_SWIM_EXPIRED_MAX || deadline_ns(swimming, member) > swimming->now_ns) {
            set_deadline(swimming, member);
            continue;
        }
        expired++;
        think(swimming, member, MESH_SWIM_DEAD, member->incarnation, true);
    }
}

// ---- News ----

// Who was held for dead was cut off: what it thinks of others since then is told no further, by a
// side of a partition to the other.
static void fall_silent(struct mesh_swim *swim)
{
    for (uint32_t index = swim->news_first; index != 0;) {
        struct mesh_swim_member *member = &swim->members[index - 1];
        index = member->behind;
        if (member->state == MESH_SWIM_SUSPECT || member->state == MESH_SWIM_DEAD) {
            unqueue(swim, member);
        }
    }
}

// What is said of the node itself: nobody but it begins an incarnation (paper 4.2). That it had to
// is a sign that it is slow (Lifeguard 3.1).
static void refute(struct swimming *swimming, struct mesh_swim_news news)
{
    struct mesh_swim *swim = swimming->swim;
    if (news.state != MESH_SWIM_SUSPECT) {
        fall_silent(swim);
    }
    struct mesh_swim_member *self = listed(swim, swim->node);
    swim->incarnation = news.incarnation + 1;
    if (self != NULL) {
        think(swimming, self, MESH_SWIM_ALIVE, swim->incarnation, true);
    }
    mesh_swim_ail(swimming, 1);
}

static void learn_of_self(struct swimming *swimming, struct mesh_swim_news news)
{
    struct mesh_swim *swim = swimming->swim;
    if (swim->phase == MESH_SWIM_GONE || news.incarnation < swim->incarnation) {
        return;
    }
    if (news.state != MESH_SWIM_ALIVE) {
        refute(swimming, news);
    } else {
        swim->incarnation = news.incarnation;  // of a former life
    }
}

// It is passed on by those who think otherwise; one who suspects the member has asked it already.
static void accuse(struct swimming *swimming, struct mesh_swim_news news)
{
    struct mesh_swim *swim = swimming->swim;
    const struct mesh_swim_member *found = mesh_swim_find(swim, news.node);
    uint32_t held = found == NULL ? 0 : found->incarnation;
    bool alive = found == NULL || found->state == MESH_SWIM_ALIVE;
    bool known = found != NULL && found->accused > news.incarnation;
    struct mesh_swim_member *member =
        alive && !known && news.incarnation >= held ? listed(swim, news.node) : NULL;
    if (member != NULL) {
        member->accused = 1 + news.incarnation;
        swimming->learnt++;
        spread(swim, member);
    }
}

void mesh_swim_learn(struct swimming *swimming, struct mesh_swim_news news)
{
    struct mesh_swim *swim = swimming->swim;
    if (news.node == swim->node) {
        learn_of_self(swimming, news);
        return;
    }
    if (news.state == MESH_SWIM_ACCUSED) {
        accuse(swimming, news);
        return;
    }
    const struct mesh_swim_member *found = mesh_swim_find(swim, news.node);
    uint64_t held = found == NULL ? 0 : rank(found->incarnation, found->state);
    uint64_t said = rank(news.incarnation, news.state);
    bool suspect = news.state == MESH_SWIM_SUSPECT;
    if (said < held || (said == held && !suspect) ||
        (suspect && swimming->group->suspicion_ns == 0)) {
        return;
    }
    struct mesh_swim_member *member = listed(swim, news.node);
    if (member == NULL) {
        return;
    }
    if (said == held) {
        confirm(swimming, member, news.from);
    } else if (suspect) {
        begin_suspicion(swimming, member, news, false);
    } else {
        think(swimming, member, (uint8_t)news.state, news.incarnation, false);
    }
}

void mesh_swim_suspect(struct swimming *swimming, uint32_t node)
{
    struct mesh_swim *swim = swimming->swim;
    struct mesh_swim_member *member = listed(swim, node);
    if (member == NULL || member->state == MESH_SWIM_DEAD || member->state == MESH_SWIM_LEFT) {
        return;
    }
    if (swimming->group->suspicion_ns == 0) {
        think(swimming, member, MESH_SWIM_DEAD, member->incarnation, true);
    } else if (member->state == MESH_SWIM_SUSPECT) {
        confirm(swimming, member, swim->node);
    } else {
        struct mesh_swim_news news = {node, member->incarnation, swim->node, MESH_SWIM_SUSPECT};
        begin_suspicion(swimming, member, news, true);
    }
}

void mesh_swim_go(struct swimming *swimming)
{
    struct mesh_swim *swim = swimming->swim;
    struct mesh_swim_member *self = listed(swim, swim->node);
    if (self != NULL) {
        think(swimming, self, MESH_SWIM_LEFT, swim->incarnation, true);
    }
    swim->phase = MESH_SWIM_GONE;
}
