// SPDX-License-Identifier: Apache-2.0
// SWIM: what happens when; mesh/swim.h has the picture, swimming.h the map.
#include <assert.h>
#include <string.h>

#include "mesh/random.h"
#include "outgoing.h"
#include "swimming.h"

// No tick, no dot and no message of Raft has both bits: what follows is the sender's count of
// messages of SWIM.
#define OCCASION_SWIM (UINT64_C(3) << 62)

// ---- Groups and rosters ----

const struct mesh_swim_group *mesh_swim_group_of(const struct mesh_config *config, uint32_t scope)
{
    for (uint32_t i = 0; i < config->swim_count; i++) {
        if (config->swim[i].scope == scope) {
            return &config->swim[i];
        }
    }
    return NULL;
}

uint32_t mesh_swim_place_of(const struct mesh_scope *scope, uint32_t node)
{
    if (scope->members == NULL) {
        return node - scope->first < scope->count ? node - scope->first : scope->count;
    }
    uint32_t low = 0;
    uint32_t high = scope->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (scope->members[middle] < node) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < scope->count && scope->members[low] == node ? low : scope->count;
}

static bool is_member(const struct swimming *swimming, uint32_t node)
{
    return mesh_swim_place_of(swimming->scope, node) < swimming->scope->count;
}

uint32_t mesh_swim_draw(const struct swimming *swimming, enum mesh_purpose purpose, uint32_t index,
                        uint64_t occasion)
{
    return mesh_draw(swimming->stepping->config->seed, purpose, index, swimming->swim->node,
                     occasion)
        .word[0];
}

// ---- What an event may cause ----

void mesh_swim_bound(const struct mesh_config *config, struct mesh_bound *bound)
{
    uint32_t head = (uint32_t)(sizeof(struct mesh_message) / sizeof(uint64_t));
    uint32_t full = head + mesh_swim_words_max(config);
    uint32_t bare = head + (uint32_t)(sizeof(struct mesh_swim_head) / sizeof(uint64_t));
    // Full ones: a ping or a request, gossip, a page; and NACKs. Of the members each suspect or
    // each piece of news heard may change one.
    uint32_t messages = 3 + MESH_SWIM_RELAYS_MAX;
    uint32_t records = messages + MESH_SWIM_EXPIRED_MAX + MESH_SWIM_NEWS_MAX + 16;
    uint32_t targets = messages + MESH_SWIM_PROXIES_MAX + MESH_SWIM_GOSSIP_MAX;
    size_t words = 3 * (size_t)full + (size_t)MESH_SWIM_RELAYS_MAX * bare;
    bound->records = records > bound->records ? records : bound->records;
    bound->targets = targets > bound->targets ? targets : bound->targets;
    bound->message_words = words > bound->message_words ? words : bound->message_words;
}

uint32_t mesh_swim_wanted(const struct mesh_swim *swim, const struct mesh_event *event)
{
    bool told = event->kind == MESH_EVENT_RECEIVE && mesh_message_is_swim(event->message->kind);
    // Itself, whom it probes, and who sends.
    return swim->count + 3 + (told ? mesh_swim_heard(event->message)->count : 0);
}

// ---- Sending ----

const struct mesh_swim_head *mesh_swim_heard(const struct mesh_message *message)
{
    return (const struct mesh_swim_head *)message->lanes;
}

const struct mesh_swim_news *mesh_swim_carried(const struct mesh_message *message)
{
    return (const struct mesh_swim_news *)(message->lanes +
                                           sizeof(struct mesh_swim_head) / sizeof(uint64_t));
}

static uint32_t words_of(uint32_t news)
{
    return (uint32_t)((sizeof(struct mesh_swim_head) + news * sizeof(struct mesh_swim_news)) /
                      sizeof(uint64_t));
}

struct mesh_message *mesh_swim_begin(struct swimming *swimming, enum mesh_message_kind kind,
                                     struct mesh_swim_head head, uint32_t room)
{
    struct mesh_swim *swim = swimming->swim;
    uint64_t occasion = OCCASION_SWIM | swim->said++;
    struct mesh_message *message =
        mesh_outgoing_begin_words(swimming->stepping, kind, swim->node, occasion, words_of(room));
    head.incarnation = swim->incarnation;
    *mesh_swim_head(message) = head;
    return message;
}

void mesh_swim_send(struct swimming *swimming, struct mesh_message *message,
                    const uint32_t *targets, uint32_t count)
{
    struct mesh_output *output = swimming->stepping->output;
    uint32_t words = words_of(mesh_swim_head(message)->count);
    output->message_words -= message->words - words;
    message->words = (uint16_t)words;
    mesh_outgoing_to_all(swimming->stepping, message, targets, count);
}

void mesh_swim_say(struct swimming *swimming, enum mesh_message_kind kind,
                   struct mesh_swim_head head, const uint32_t *targets, uint32_t count)
{
    const struct mesh_swim *swim = swimming->swim;
    uint32_t most = swimming->group->news;
    uint32_t room = 1 + (swim->news_count < most ? swim->news_count : most);
    struct mesh_message *message = mesh_swim_begin(swimming, kind, head, room);
    struct mesh_swim_head *said = mesh_swim_head(message);
    struct mesh_swim_news *news = mesh_swim_news(message);
    said->count += count == 1 && mesh_swim_charge(swimming, targets[0], news);
    said->count += mesh_swim_tell(swimming, news + said->count,
                                  room - 1 < most - said->count ? room - 1 : most - said->count);
    mesh_swim_send(swimming, message, targets, count);
}

// ---- Starting and leaving ----

static uint64_t first_period_ns(const struct swimming *swimming)
{
    uint64_t period_ns = swimming->group->period_ns;
    if (swimming->group->synchronised) {
        return (swimming->now_ns / period_ns + 1) * period_ns;
    }
    struct mesh_random random = mesh_draw(swimming->stepping->config->seed, MESH_DRAW_SWIM_PHASE, 0,
                                          swimming->swim->node, swimming->group->scope);
    uint64_t phase_ns = mesh_below_wide(random.word[0], random.word[1], period_ns);
    uint64_t since_ns = (swimming->now_ns + period_ns - phase_ns) % period_ns;
    return swimming->now_ns + (since_ns == 0 ? 0 : period_ns - since_ns);
}

void mesh_swim_enter(struct swimming *swimming)
{
    swimming->swim->phase = MESH_SWIM_ACTIVE;
    swimming->swim->period_ns = first_period_ns(swimming);
    mesh_stepping_record(swimming->stepping, MESH_RECORD_SWIM_JOINED);
}

static void start(struct swimming *swimming, bool joins)
{
    const struct mesh_swim_group *group = swimming->group;
    struct mesh_swim *swim = swimming->swim;
    uint64_t life = swimming->stepping->event->number;
    assert(life > swim->life && swimming->scope->count >= 2);
    assert(group->news >= 1 && group->news <= MESH_SWIM_NEWS_MAX && group->seed_count >= 1);
    assert(group->period_ns > 0 && group->timeout_ns > 0 && group->timeout_ns <= group->period_ns);
    assert(group->proxies <= MESH_SWIM_PROXIES_MAX && group->gossip <= MESH_SWIM_GOSSIP_MAX);
    assert(group->gossip_ns > 0 && group->gossip_ns <= group->period_ns);
    assert(group->suspicion_ns_max >= group->suspicion_ns);
    assert(group->confirmations < MESH_SWIM_CONFIRMERS_MAX);
    mesh_swim_forget(swim);
    swim->phase = joins ? MESH_SWIM_JOINING : MESH_SWIM_ACTIVE;
    swim->life = life;
    swim->health = 0;
    swim->read_only = false;
    swim->incarnation = 0;
    swim->probe_place = 0;
    swim->target = MESH_NODE_NONE;
    swim->answered = false;
    swim->doubted = MESH_NODE_NONE;
    swim->asked = 0;
    swim->nacks = 0;
    swim->tries = 0;
    swim->end_ns = 0;
    swim->ask_ns = UINT64_MAX;
    swim->tell_ns = UINT64_MAX;
    swim->expire_ns = UINT64_MAX;
    swim->nack_ns = UINT64_MAX;
    swim->timer_ns = UINT64_MAX;
    for (uint32_t i = 0; i < MESH_SWIM_RELAYS_MAX; i++) {
        swim->relays[i].due_ns = UINT64_MAX;
    }
    swim->period_ns = joins ? swimming->now_ns : first_period_ns(swimming);
    swim->sync_ns = swimming->now_ns + group->sync_ns;
}

// Says it to some, who need not answer.
static void say_only(struct swimming *swimming, uint32_t count)
{
    uint32_t targets[MESH_SWIM_GOSSIP_MAX];
    count = mesh_swim_choose(swimming, MESH_DRAW_SWIM_PROXIES, MESH_NODE_NONE, count, targets);
    if (count > 0) {
        mesh_swim_say(swimming, MESH_MESSAGE_SWIM_PING,
                      (struct mesh_swim_head){.subject = MESH_NODE_NONE, .asker = MESH_NODE_NONE},
                      targets, count);
    }
}

// Some hear of it at once; who pings it hears of it, too.
static void leave(struct swimming *swimming)
{
    mesh_swim_go(swimming);
    say_only(swimming, MESH_SWIM_GOSSIP_MAX);
}

// ---- Periods and timers ----

static void gossip(struct swimming *swimming)
{
    swimming->swim->tell_ns = UINT64_MAX;
    if (swimming->swim->news_count > 0) {
        say_only(swimming, swimming->group->gossip);
    }
}

// Counted back from the next period, which begins with gossip: the first time after now.
static void plan_gossip(struct swimming *swimming)
{
    struct mesh_swim *swim = swimming->swim;
    uint64_t gossip_ns = swimming->group->gossip_ns;
    if (swim->phase == MESH_SWIM_ACTIVE && swim->tell_ns == UINT64_MAX && swim->news_count > 0 &&
        swimming->group->gossip > 0 && swim->period_ns > swimming->now_ns) {
        uint64_t left_ns = swim->period_ns - swimming->now_ns - 1;
        swim->tell_ns = swim->period_ns - left_ns / gossip_ns * gossip_ns;
    }
}

static void begin_period(struct swimming *swimming)
{
    const struct mesh_swim_group *group = swimming->group;
    struct mesh_swim *swim = swimming->swim;
    if (swim->phase == MESH_SWIM_JOINING) {
        swim->period_ns = swimming->now_ns + group->period_ns;
        mesh_swim_join(swimming);
        return;
    }
    // Late by whole periods, after a pause: those are gone.
    uint64_t late_ns = swimming->now_ns - swim->period_ns;
    uint64_t begun_ns = swim->period_ns + late_ns / group->period_ns * group->period_ns;
    swim->period_ns = begun_ns + group->period_ns;
    if (swimming->now_ns >= swim->end_ns) {
        mesh_swim_end_probe(swimming);
        swim->end_ns = begun_ns + mesh_swim_scaled(swimming, group->period_ns);
        mesh_swim_begin_probe(swimming);
    }
    gossip(swimming);
    if (group->sync_ns > 0 && swimming->now_ns >= swim->sync_ns) {
        mesh_swim_sync(swimming);
    }
}

static void timer_fired(struct swimming *swimming)
{
    struct mesh_swim *swim = swimming->swim;
    swim->timer_ns = UINT64_MAX;
    if (swim->phase == MESH_SWIM_GONE) {
        return;
    }
    if (swimming->now_ns >= swim->expire_ns) {
        mesh_swim_expire(swimming);
    }
    if (swimming->now_ns >= swim->nack_ns) {
        mesh_swim_refuse(swimming);
    }
    if (swimming->now_ns >= swim->period_ns) {
        begin_period(swimming);
        return;
    }
    if (swimming->now_ns >= swim->ask_ns) {
        mesh_swim_ask(swimming);
    }
    if (swimming->now_ns >= swim->tell_ns) {
        gossip(swimming);
    }
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void set_timer(struct swimming *swimming)
{
    struct mesh_swim *swim = swimming->swim;
    plan_gossip(swimming);
    uint64_t due_ns = least(least(least(swim->period_ns, swim->ask_ns), swim->tell_ns),
                            least(swim->expire_ns, swim->nack_ns));
    if (swim->phase == MESH_SWIM_GONE || due_ns == swim->timer_ns) {
        return;
    }
    swim->timer_ns = due_ns;
    mesh_stepping_record(swimming->stepping, MESH_RECORD_SWIM_TIMER)->swim_timer.at_ns = due_ns;
}

// A majority of those who have not left, the node itself included. Who has no view yet has none.
static void count_majority(struct swimming *swimming)
{
    struct mesh_swim *swim = swimming->swim;
    uint32_t roster = swimming->scope->count - swim->left;
    uint32_t reachable = roster - swim->dead - swim->suspects;
    bool lost =
        swimming->group->quorum && (swim->phase == MESH_SWIM_JOINING || 2 * reachable <= roster);
    if (lost != swim->read_only) {
        swim->read_only = lost;
        mesh_stepping_record(swimming->stepping, MESH_RECORD_SWIM_QUORUM)->swim_quorum.lost = lost;
    }
}

// ---- Receiving ----

// Nothing in it may be about somebody else than members, and no incarnation beyond all bounds.
static enum mesh_reject why_not(const struct swimming *swimming)
{
    const struct mesh_swim_head *heard = swimming->heard;
    const struct mesh_swim_news *news = mesh_swim_carried(swimming->message);
    bool members = is_member(swimming, swimming->message->source) &&
                   (heard->subject == MESH_NODE_NONE || is_member(swimming, heard->subject)) &&
                   (heard->asker == MESH_NODE_NONE || is_member(swimming, heard->asker));
    bool possible = heard->incarnation < MESH_SWIM_INCARNATION_MAX - 1;
    for (uint32_t i = 0; i < heard->count && members; i++) {
        members = is_member(swimming, news[i].node) &&
                  (news[i].state != MESH_SWIM_SUSPECT || is_member(swimming, news[i].from));
        possible &= news[i].incarnation < MESH_SWIM_INCARNATION_MAX - 1;
    }
    bool asks = swimming->message->kind == MESH_MESSAGE_SWIM_PING_REQUEST;
    members &= !asks || heard->subject != MESH_NODE_NONE;
    return !members ? MESH_REJECT_MEMBER : !possible ? MESH_REJECT_HISTORY : 0;
}

// That a member speaks shows that it has come to this incarnation.
static void learn_head(struct swimming *swimming)
{
    mesh_swim_learn(swimming,
                    (struct mesh_swim_news){swimming->message->source, swimming->heard->incarnation,
                                            MESH_NODE_NONE, MESH_SWIM_ALIVE});
}

static void learn_news(struct swimming *swimming)
{
    const struct mesh_swim_news *news = mesh_swim_carried(swimming->message);
    for (uint32_t i = 0; i < swimming->heard->count; i++) {
        mesh_swim_learn(swimming, news[i]);
    }
}

static void hear(struct swimming *swimming)
{
    enum mesh_message_kind kind = (enum mesh_message_kind)swimming->message->kind;
    learn_head(swimming);
    if (kind != MESH_MESSAGE_SWIM_SYNC) {
        learn_news(swimming);
    }
    switch (kind) {
    case MESH_MESSAGE_SWIM_PING: mesh_swim_hear_ping(swimming); break;
    case MESH_MESSAGE_SWIM_PING_REQUEST: mesh_swim_hear_request(swimming); break;
    case MESH_MESSAGE_SWIM_ACK: mesh_swim_hear_ack(swimming); break;
    case MESH_MESSAGE_SWIM_SYNC: mesh_swim_hear_sync(swimming); break;
    default: assert(false);
    }
}

static void handle(struct swimming *swimming)
{
    switch ((enum mesh_event_kind)swimming->stepping->event->kind) {
    case MESH_EVENT_RECEIVE: hear(swimming); break;
    case MESH_EVENT_SWIM_START: start(swimming, false); break;
    case MESH_EVENT_SWIM_JOIN: start(swimming, true); break;
    case MESH_EVENT_SWIM_TIMER: timer_fired(swimming); break;
    case MESH_EVENT_SWIM_LEAVE: leave(swimming); break;
    default: assert(false);
    }
}

void mesh_swim_handle(struct stepping *stepping)
{
    const struct mesh_event *event = stepping->event;
    bool received = event->kind == MESH_EVENT_RECEIVE;
    struct swimming swimming = {.stepping = stepping,
                                .group = mesh_swim_group_of(stepping->config, event->scope),
                                .scope = &stepping->config->scopes[event->scope],
                                .swim = mesh_swim_of(stepping->states, event->node),
                                .message = received ? event->message : NULL,
                                .now_ns = event->time_ns};
    bool takes_part = swimming.group != NULL && swimming.swim != NULL &&
                      swimming.swim->group != MESH_SWIM_NONE &&
                      &stepping->config->swim[swimming.swim->group] == swimming.group;
    if (received) {
        swimming.heard = mesh_swim_heard(event->message);
        enum mesh_reject reason = takes_part ? why_not(&swimming) : MESH_REJECT_MEMBER;
        if (reason != 0) {
            mesh_stepping_reject(stepping, reason);
            return;
        }
    }
    assert(takes_part);
    bool starts = event->kind == MESH_EVENT_SWIM_START || event->kind == MESH_EVENT_SWIM_JOIN;
    if (swimming.swim->phase == MESH_SWIM_OFF && !starts) {
        return;
    }
    handle(&swimming);
    count_majority(&swimming);
    set_timer(&swimming);
}
