// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.h"

#include <string.h>

static const uint32_t seeds[] = {B, C};

void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    rig->group = (struct mesh_swim_group){
        .proxies = 3,
        .news = 6,
        .retransmit = 2,
        .confirmations = 3,
        .period_ns = 100 * RIG_MS,
        .timeout_ns = 30 * RIG_MS,
        .gossip_ns = 100 * RIG_MS,
        .suspicion_ns = 500 * RIG_MS,
        .suspicion_ns_max = 3000 * RIG_MS,
        .sync_ns = 1000 * RIG_MS,
        .seeds = seeds,
        .seed_count = 2,
    };
    rig->scope = (struct mesh_scope){
        .count = RIG_NODES, .fanout = 1, .update_limit = 1, .interval_ns = RIG_MS};
    rig->config = (struct mesh_config){
        .seed = 7, .scopes = &rig->scope, .scope_count = 1, .swim = &rig->group, .swim_count = 1};
    mesh_table_init(&rig->table, rig->updates, 64, NULL, 0, NULL);
    rig->swim = (struct mesh_swim){.node = A};
    mesh_swim_give(&rig->swim, rig->view, RIG_CAPACITY);
    cr_assert_leq(mesh_swim_bytes(RIG_CAPACITY), sizeof rig->view);
    rig->states = (struct mesh_states){.replicas = rig->replica,
                                       .stride = sizeof rig->replica,
                                       .node_count = 1,
                                       .words = 1,
                                       .planes = mesh_planes(&rig->config),
                                       .table = &rig->table,
                                       .swims = &rig->swim};
    rig->output = (struct mesh_output){.records = rig->records,
                                       .record_capacity = 512,
                                       .targets = rig->targets,
                                       .target_capacity = 128,
                                       .news = rig->news,
                                       .news_capacity = 64,
                                       .messages = rig->messages,
                                       .message_word_capacity = 8192};
}

void rig_step(struct rig *rig, struct mesh_event event)
{
    event.time_ns = rig->now_ns;
    event.node = A;
    rig->output.record_count = 0;
    rig->output.target_count = 0;
    rig->output.message_words = 0;
    cr_assert_eq(mesh_step(&rig->config, &rig->states, &event, 1, &rig->output), 1);
}

void rig_start(struct rig *rig)
{
    rig_step(rig, (struct mesh_event){.kind = MESH_EVENT_SWIM_START, .number = rig->swim.life + 1});
}

// Whom A has just pinged, or MESH_NODE_NONE.
static uint32_t pinged(const struct rig *rig)
{
    const struct mesh_record *ping = rig_said(rig, MESH_MESSAGE_SWIM_PING, 0);
    return ping == NULL || mesh_swim_heard(ping->send.message)->number == 0
               ? MESH_NODE_NONE
               : rig->targets[ping->send.target_first];
}

static void answer(struct rig *rig, uint32_t target)
{
    struct mesh_swim_head ack = {
        .number = rig->swim.probe, .subject = target, .asker = MESH_NODE_NONE};
    rig_hear(rig, target, MESH_MESSAGE_SWIM_ACK, ack, NULL, 0);
}

static void fire(struct rig *rig)
{
    rig->now_ns = rig->swim.timer_ns;
    rig_step(rig, (struct mesh_event){.kind = MESH_EVENT_SWIM_TIMER});
}

void rig_wait(struct rig *rig, uint64_t ms)
{
    uint64_t until_ns = rig->now_ns + ms * RIG_MS;
    while (rig->swim.timer_ns <= until_ns) {
        fire(rig);
        if (rig->answers && pinged(rig) != MESH_NODE_NONE) {
            answer(rig, pinged(rig));
        }
    }
    rig->now_ns = until_ns;
}

void rig_until_ping(struct rig *rig, uint32_t target)
{
    for (uint32_t timers = 0; timers < 2000; timers++) {
        fire(rig);
        if (pinged(rig) == target) {
            return;
        }
        if (pinged(rig) != MESH_NODE_NONE) {
            answer(rig, pinged(rig));
        }
    }
    cr_assert_fail("%u is never pinged", target);
}

void rig_hear(struct rig *rig, uint32_t source, enum mesh_message_kind kind,
              struct mesh_swim_head head, const struct mesh_swim_news *news, uint32_t count)
{
    uint64_t room[128] = {0};
    struct mesh_message *message = (struct mesh_message *)room;
    message->kind = kind & 0x7f;
    message->source = source;
    message->words = (uint16_t)((sizeof head + count * sizeof *news) / 8);
    head.count = (uint16_t)count;
    memcpy(message->lanes, &head, sizeof head);
    if (count > 0) {
        memcpy(message->lanes + sizeof head / 8, news, count * sizeof *news);
    }
    rig_step(rig, (struct mesh_event){.kind = MESH_EVENT_RECEIVE, .message = message});
}

void rig_tell(struct rig *rig, uint32_t node, uint32_t incarnation, enum mesh_swim_state state,
              uint32_t from)
{
    struct mesh_swim_news news = {node, incarnation, from, state};
    struct mesh_swim_head head = {.number = 99, .subject = MESH_NODE_NONE, .asker = MESH_NODE_NONE};
    rig_hear(rig, B, MESH_MESSAGE_SWIM_PING, head, &news, 1);
}

const struct mesh_record *rig_said(const struct rig *rig, enum mesh_message_kind kind,
                                   uint32_t index)
{
    for (uint32_t i = 0; i < rig->output.record_count; i++) {
        const struct mesh_record *record = &rig->records[i];
        if (record->kind == MESH_RECORD_SEND && record->send.message->kind == kind &&
            index-- == 0) {
            return record;
        }
    }
    return NULL;
}

const struct mesh_swim_news *rig_about(const struct mesh_record *said, uint32_t node)
{
    const struct mesh_swim_news *news = mesh_swim_carried(said->send.message);
    for (uint32_t i = 0; i < mesh_swim_heard(said->send.message)->count; i++) {
        if (news[i].node == node) {
            return &news[i];
        }
    }
    return NULL;
}

const struct mesh_record *rig_record(const struct rig *rig, enum mesh_record_kind kind)
{
    for (uint32_t i = rig->output.record_count; i-- > 0;) {
        if (rig->records[i].kind == kind) {
            return &rig->records[i];
        }
    }
    return NULL;
}
