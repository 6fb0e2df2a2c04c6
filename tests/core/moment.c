// SPDX-License-Identifier: GPL-3.0-or-later
#include "moment.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lab.h"

struct mesh_output room_output(struct room *room)
{
    return (struct mesh_output){
        .records = room->records,
        .record_capacity = sizeof room->records / sizeof *room->records,
        .targets = room->targets,
        .target_capacity = sizeof room->targets / sizeof *room->targets,
        .news = room->news,
        .news_capacity = sizeof room->news / sizeof *room->news,
        .messages = room->messages,
        .message_word_capacity = sizeof room->messages / sizeof *room->messages,
    };
}

static void init_scopes(struct moment *moment)
{
    for (uint32_t i = 0; i < SCOPES; i++) {
        moment->scopes[i] = (struct mesh_scope){.first = moment->first + (i == 0 ? 0 : AGENTS_MAX),
                                                .count = i == 0 ? moment->agents : OTHERS,
                                                .fanout = 2,
                                                .update_limit = 100,
                                                .interval_ns = 100 * LAB_MS,
                                                .mode = MESH_PUSH_PULL};
    }
    moment->link[0] = moment->first + 2;
    moment->link[1] = moment->first + AGENTS_MAX;
    moment->scopes[LINK].members = moment->link;
    moment->scopes[LINK].count = 1;
    moment->scopes[LINK].callees = moment->link + 1;
    moment->scopes[LINK].callee_count = 1;
    moment->config = (struct mesh_config){
        .seed = moment->seed, .scopes = moment->scopes, .scope_count = SCOPES, .hash = lab_hash};
}

static void init_tables(struct moment *moment, uint32_t local_words)
{
    mesh_table_init(&moment->shared, moment->shared_rows, 64 * (moment->words - local_words), NULL,
                    0, NULL);
    uint32_t index_capacity = 128;
    while (index_capacity < 128 * local_words) {
        index_capacity *= 2;
    }
    for (uint32_t i = 0; i < EDGES; i++) {
        mesh_table_init(&moment->local[i], moment->rows[i], 64 * local_words, moment->index[i],
                        index_capacity, NULL);
        mesh_table_permit_release(&moment->local[i], moment->released[i],
                                  i == 0 ? AGENTS_MAX : OTHERS);
        moment->local[i].origin_first = MESH_NODE_MAX + moment->scopes[i].first;
        moment->locals[i] = &moment->local[i];
    }
    mesh_table_weigh(&moment->local[0], moment->sizes);
    moment->shared.locals = moment->locals;
    moment->shared.local_words = local_words;
}

static void init_states(struct moment *moment)
{
    uint32_t planes = mesh_planes(&moment->config);
    moment->states = (struct mesh_states){
        .replicas = moment->replicas,
        .stride = mesh_replica_bytes(moment->words, planes, moment->shared.local_words),
        .node_first = moment->first,
        .node_count = NODES,
        .words = moment->words,
        .planes = planes,
        .table = &moment->shared,
        .roles = moment->role,
    };
    cr_assert_leq(moment->states.stride, REPLICA_WORDS * sizeof(uint64_t));
    if (dice_chance(&moment->dice, 50)) {
        moment->states.has_role = moment->has_role;
    }
    if (moment->states.has_role != NULL && dice_chance(&moment->dice, 50)) {
        *mesh_role_at(&moment->states, moment->states.role_count++) =
            (struct mesh_role){.node = moment->link[0], .scope = LINK, .home = 0};
        moment->has_role[0] |= UINT64_C(1) << 2;
    }
}

// A step whose effects nobody looks at.
static void step(struct moment *moment, const struct mesh_event *event)
{
    struct mesh_output output = room_output(&moment->room);
    cr_assert_eq(mesh_step(&moment->config, &moment->states, event, 1, &output), 1);
}

// The node writes a report, or else a shared update.
static void write_update(struct moment *moment, uint32_t agent, bool report, bool alike)
{
    uint32_t edge = agent < AGENTS_MAX ? 0 : 1;
    uint32_t node = moment->first + agent;
    struct mesh_write write = {.key = edge, .type = report ? MESH_REPORT : MESH_G_INCREMENT};
    if (report) {
        uint64_t executions =
            alike ? 7 : dice_roll(&moment->dice) >> (24 + dice_below(&moment->dice, 30));
        uint8_t *value = moment->values[agent][moment->said[agent]++];
        write.value_bytes =
            (uint16_t)mesh_report_encode(&(struct mesh_report){.executions = executions}, value);
        write.value = value;
        write.lane = mesh_table_reserve(
            &moment->local[edge], (struct mesh_dot){MESH_NODE_MAX + node, moment->said[agent]});
        moment->written[edge][write.lane / 64] |= UINT64_C(1) << write.lane % 64;
    } else {
        uint32_t sequence = mesh_replica_of(&moment->states, node)->sequence + 1;
        write.amount = 1 + dice_roll(&moment->dice) % 1000;
        write.lane = mesh_table_reserve(&moment->shared, (struct mesh_dot){node, sequence});
        uint32_t word = moment->shared.local_words + write.lane / 64;
        cr_assert_lt(word, moment->words - 1, "the last word is to stay empty");
        moment->written[0][word] |= UINT64_C(1) << write.lane % 64;
        moment->written[1][word] |= UINT64_C(1) << write.lane % 64;
    }
    step(moment, &(struct mesh_event){.time_ns = 1 + dice_roll(&moment->dice) % LAB_MS,
                                      .node = node,
                                      .scope = (uint16_t)edge,
                                      .kind = MESH_EVENT_WRITE,
                                      .write = &write});
}

struct mesh_message *moment_shorten(const struct mesh_message *message, uint64_t *words)
{
    uint32_t kept = message->words - 1u;
    struct mesh_message *shorter = (struct mesh_message *)words;
    *shorter = *message;
    shorter->words = (uint16_t)kept;
    for (uint32_t set = 0; set < mesh_message_sets(message->kind); set++) {
        const uint64_t *from = message->lanes + (size_t)set * message->words;
        cr_assert_eq(from[kept], 0);
        memcpy(shorter->lanes + (size_t)set * kept, from, kept * sizeof *from);
    }
    return shorter;
}

static bool reports_here(const struct moment *moment, uint32_t agent)
{
    return agent < moment->agents || agent >= AGENTS_MAX;
}

// Whoever hears made-up messages hears of these lanes first, the general way.
static void tell(struct moment *moment, uint32_t edge, uint32_t hearer, const uint64_t *lanes)
{
    uint64_t words[MESSAGE_WORDS];
    uint32_t first = moment->scopes[edge].first;
    struct mesh_message *message = (struct mesh_message *)words;
    *message = (struct mesh_message){.source = first + HEARERS,
                                     .kind = MESH_MESSAGE_REST,
                                     .scope = (uint16_t)edge,
                                     .words = (uint16_t)moment->words};
    memcpy(message->lanes, lanes, moment->words * sizeof *lanes);
    uint64_t shorter[MESSAGE_WORDS];
    step(moment, &(struct mesh_event){.node = first + hearer,
                                      .scope = (uint16_t)edge,
                                      .kind = MESH_EVENT_RECEIVE,
                                      .message = moment_shorten(message, shorter)});
}

static void roll_lanes(struct dice *dice, const uint64_t *of, uint32_t words, uint64_t *lanes)
{
    uint32_t density = dice_below(dice, 6);
    for (uint32_t i = 0; i < words; i++) {
        uint64_t half = dice_roll(dice);
        uint64_t quarter = half & dice_roll(dice);
        uint64_t few = quarter & dice_roll(dice);
        lanes[i] = of[i] & (density == 0   ? 0
                            : density == 1 ? few
                            : density == 2 ? few & dice_roll(dice)
                            : density == 3 ? half
                            : density == 4 ? ~few
                                           : UINT64_MAX);
    }
}

// Some of what all hearers of the edge hold.
static void release_some(struct moment *moment, uint32_t edge)
{
    uint32_t local_words = moment->shared.local_words;
    for (uint32_t lane = 0; lane < 64 * local_words; lane++) {
        uint64_t bit = UINT64_C(1) << lane % 64;
        if ((moment->written[edge][lane / 64] & bit) == 0 || dice_chance(&moment->dice, 40)) {
            continue;
        }
        mesh_table_release(&moment->local[edge], lane);
        moment->written[edge][lane / 64] &= ~bit;
        for (uint32_t i = edge == 0 ? 0 : AGENTS_MAX; i < (edge == 0 ? AGENTS_MAX : NODES); i++) {
            struct mesh_replica *replica = mesh_replica_of(&moment->states, moment->first + i);
            for (uint32_t plane = 0; plane < moment->states.planes; plane++) {
                replica->planes[(size_t)moment->words * plane + lane / 64] &= ~bit;
            }
        }
    }
}

static void write_reports(struct moment *moment, uint32_t percent, bool alike)
{
    for (uint32_t agent = 0; agent < NODES; agent++) {
        if (reports_here(moment, agent) && dice_chance(&moment->dice, percent)) {
            write_update(moment, agent, true, alike);
        }
    }
}

// What it holds was learnt at some tick of the last ones, or before.
static void age(struct moment *moment, struct mesh_replica *replica)
{
    uint32_t percent = 25 * dice_below(&moment->dice, 5);
    for (uint32_t word = 0; word < moment->words; word++) {
        uint64_t left = replica->planes[word];
        for (uint32_t which = MESH_RECENT_0; which <= MESH_RECENT_2; which++) {
            uint64_t some =
                dice_chance(&moment->dice, percent) ? left & dice_roll(&moment->dice) : 0;
            replica->planes[(size_t)moment->words * which + word] = some;
            left &= ~some;
        }
    }
}

static void settle_hearer(struct moment *moment, uint32_t edge, uint32_t hearer)
{
    uint64_t lanes[WORDS_MAX];
    struct mesh_replica *replica =
        mesh_replica_of(&moment->states, moment->scopes[edge].first + hearer);
    roll_lanes(&moment->dice, moment->written[edge], moment->words, lanes);
    tell(moment, edge, hearer, lanes);
    age(moment, replica);
    replica->clock = dice_below(&moment->dice, 1u << 23);  // clocks of the writes are below half
    replica->joining = dice_chance(&moment->dice, 4);
}

static void tell_all(struct moment *moment)
{
    for (uint32_t edge = 0; edge < EDGES; edge++) {
        for (uint32_t hearer = 0; hearer < HEARERS; hearer++) {
            tell(moment, edge, hearer, moment->written[edge]);
        }
    }
}

// Agents have written up to three reports each, of which some are released; the hearers hold some
// of the rest.
void moment_init(struct moment *moment, uint64_t seed)
{
    static const uint32_t widths[] = {1, 1, 2, 3, 5, 8, 15, WORDS_MAX - SHARED_MAX};
    memset(moment, 0, sizeof *moment);
    moment->seed = seed;
    moment->dice = (struct dice){seed};
    struct dice *dice = &moment->dice;
    uint32_t local_words = widths[dice_below(dice, sizeof widths / sizeof *widths)];
    uint32_t fit = 64 * local_words / REPORTS;
    moment->words = local_words + 2 + dice_below(dice, SHARED_MAX - 1);
    moment->agents = fit < AGENTS_MAX ? fit : AGENTS_MAX;
    moment->first = dice_chance(dice, 50) ? 1000 : 0;
    init_scopes(moment);
    init_tables(moment, local_words);
    init_states(moment);
    bool alike = dice_chance(dice, 60);
    write_reports(moment, 70, alike);
    tell_all(moment);
    for (uint32_t edge = 0; edge < EDGES; edge++) {
        release_some(moment, edge);
    }
    write_reports(moment, 60, alike);
    write_reports(moment, 30, alike);
    for (uint32_t i = dice_chance(dice, 50) ? 0 : dice_below(dice, 50); i > 0; i--) {
        write_update(moment, dice_below(dice, HEARERS), false, false);
    }
    for (uint32_t i = 0; i < EDGES * HEARERS; i++) {
        settle_hearer(moment, i / HEARERS, i % HEARERS);
    }
}

// ---- Made-up messages ----

static const struct mesh_update *row_of(const struct moment *moment, uint32_t edge, uint32_t lane)
{
    uint32_t local = 64 * moment->shared.local_words;
    return lane < local ? &moment->rows[edge][lane] : &moment->shared_rows[lane - local];
}

// The hash of what the replica will hold when it has learnt these.
static void hash_after(const struct moment *moment, uint32_t edge,
                       const struct mesh_replica *replica, const uint64_t *lanes, uint64_t hash[2])
{
    memcpy(hash, replica->hash, sizeof replica->hash);
    for (uint32_t lane = 0; lane < 64 * moment->words; lane++) {
        if ((lanes[lane / 64] & ~replica->planes[lane / 64]) >> lane % 64 & 1) {
            hash[0] += row_of(moment, edge, lane)->hash[0];
            hash[1] += row_of(moment, edge, lane)->hash[1];
        }
    }
}

static void roll_vector(struct moment *moment, uint32_t edge, const struct mesh_replica *replica,
                        uint64_t *vector)
{
    uint32_t what = dice_below(&moment->dice, 100);
    roll_lanes(&moment->dice, moment->written[edge], moment->words, vector);
    for (uint32_t word = 0; word < moment->words; word++) {
        uint64_t have = replica->planes[word];
        vector[word] = what < 20   ? have
                       : what < 35 ? have | vector[word]
                       : what < 60 ? have & vector[word]
                                   : vector[word];
    }
}

// A message that `event`'s node hears in its edge.
static void roll_message(struct moment *moment, const struct mesh_event *event,
                         struct mesh_message *message)
{
    struct dice *dice = &moment->dice;
    const struct mesh_replica *replica = mesh_replica_of(&moment->states, event->node);
    const struct mesh_scope *scope = &moment->scopes[event->scope];
    uint32_t others = dice_below(dice, scope->count - 1);
    *message = (struct mesh_message){
        .source = scope->first + others + (scope->first + others >= event->node),
        .initiator = dice_below(dice, MESH_NODE_MAX) & (MESH_NODE_MAX - 1),
        .kind = (MESH_MESSAGE_OPEN + dice_below(dice, 5)) & 0x3f,
        .occasion = dice_roll(dice),
        .sent_ns = dice_roll(dice),
        .sequence = dice_below(dice, 1000),
        .scope = event->scope,
        .words = (uint16_t)moment->words,
    };
    if (message->kind == MESH_MESSAGE_VECTOR) {
        roll_vector(moment, event->scope, replica, message->lanes);
        return;
    }
    roll_lanes(dice, moment->written[event->scope], moment->words, message->lanes);
    for (uint32_t word = 0; word < moment->words; word++) {
        message->update_count =
            (uint16_t)(message->update_count + __builtin_popcountll(message->lanes[word]));
    }
    if (message->kind == MESH_MESSAGE_FILL) {
        roll_vector(moment, event->scope, replica, message->lanes + moment->words);
    } else if (message->kind != MESH_MESSAGE_REST) {
        hash_after(moment, event->scope, replica, message->lanes, message->hash);
        message->hash[0] += dice_chance(dice, 35);
        message->hash[1] += dice_chance(dice, 35);
    }
}

// What has to go the general way although it speaks of all words.
static void make_odd(struct moment *moment, struct mesh_event *event, struct mesh_message *message)
{
    switch (dice_below(&moment->dice, 3)) {
    case 0: message->source = event->node; break;
    case 1: message->scope = LINK; break;
    default: message->beyond = 1; break;
    }
}

// Ticks, receipts of either edge.
void moment_roll_batch(struct moment *moment, uint32_t count, struct batch *batch)
{
    struct dice *dice = &moment->dice;
    batch->count = count;
    batch->plain = false;
    bool first = true;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t edge = dice_chance(dice, 90) ? 0 : 1;
        struct mesh_event *event = &batch->events[i];
        struct mesh_message *message = (struct mesh_message *)batch->messages[i];
        *event = (struct mesh_event){.time_ns = dice_roll(dice) % (1000 * LAB_MS),
                                     .node = moment->scopes[edge].first + dice_below(dice, HEARERS),
                                     .scope = (uint16_t)edge,
                                     .kind = MESH_EVENT_RECEIVE,
                                     .message = message};
        if (dice_chance(dice, 8) && !mesh_replica_of(&moment->states, event->node)->joining) {
            event->kind = MESH_EVENT_TICK;
            event->tick = dice_below(dice, 1000);
            continue;
        }
        batch->plain = first ? edge == 0 : batch->plain;
        first = false;
        roll_message(moment, event, message);
        if (dice_chance(dice, 8)) {
            make_odd(moment, event, message);
        }
    }
    moment->scopes[0].update_limit =
        dice_chance(dice, 40) ? 1 + dice_below(dice, 4) : 1 + dice_below(dice, 1000);
}
