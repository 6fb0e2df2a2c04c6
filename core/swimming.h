// SPDX-License-Identifier: Apache-2.0
// What the files of SWIM share: the event, the node's record, its group, and where effects go.
//
//   swim.c        dispatcher; starting, leaving, periods, timers, the majority
//   swim_view.c   what a node thinks of the others, by which news, and what it tells on
//   swim_probe.c  whom it probes; pings, proxies, their answers; its own health
//   swim_sync.c   joining through seeds, comparing views, calling the dead
//   swim_wire.c   messages as bytes

#ifndef MESH_SWIMMING_H
#define MESH_SWIMMING_H

#include "cursor.h"
#include "mesh/swim.h"
#include "stepping.h"

#define MESH_SWIM_EXPIRED_MAX 64u  // suspects in one event

struct swimming {
    struct stepping *stepping;
    const struct mesh_swim_group *group;
    const struct mesh_scope *scope;  // the group's
    struct mesh_swim *swim;
    const struct mesh_message *message;  // the one received, or NULL
    const struct mesh_swim_head *heard;  // what it says
    uint64_t now_ns;
    uint32_t learnt;  // news that changed something
};

// ---- swim.c ----

// The group of a scope, or NULL.
const struct mesh_swim_group *mesh_swim_group_of(const struct mesh_config *config, uint32_t scope);

// A node's place in the roster, or the roster's size; and back.
uint32_t mesh_swim_place_of(const struct mesh_scope *scope, uint32_t node);

static inline uint32_t mesh_swim_node_at(const struct mesh_scope *scope, uint32_t place)
{
    return scope->members == NULL ? scope->first + place : scope->members[place];
}

// A message that may hold `room` news and has none yet; sending it gives back what they leave.
struct mesh_message *mesh_swim_begin(struct swimming *swimming, enum mesh_message_kind kind,
                                     struct mesh_swim_head head, uint32_t room);
void mesh_swim_send(struct swimming *swimming, struct mesh_message *message,
                    const uint32_t *targets, uint32_t count);

// Says it to `count` targets, with news: first what a single target may have to refute.
void mesh_swim_say(struct swimming *swimming, enum mesh_message_kind kind,
                   struct mesh_swim_head head, const uint32_t *targets, uint32_t count);

static inline struct mesh_swim_head *mesh_swim_head(struct mesh_message *message)
{
    return (struct mesh_swim_head *)message->lanes;
}

static inline struct mesh_swim_news *mesh_swim_news(struct mesh_message *message)
{
    return (struct mesh_swim_news *)(message->lanes + sizeof(struct mesh_swim_head) / 8);
}

// It has a view of its own now, and probes.
void mesh_swim_enter(struct swimming *swimming);

// A probe's or a timeout's length as the node's health has it.
static inline uint64_t mesh_swim_scaled(const struct swimming *swimming, uint64_t time_ns)
{
    return time_ns * (1 + (uint64_t)swimming->swim->health);
}

// A word drawn by this node.
uint32_t mesh_swim_draw(const struct swimming *swimming, enum mesh_purpose purpose, uint32_t index,
                        uint64_t occasion);

// ---- swim_view.c ----

void mesh_swim_forget(struct mesh_swim *swim);

// What the view says of a member, or NULL: ALIVE 0.
const struct mesh_swim_member *mesh_swim_find(const struct mesh_swim *swim, uint32_t node);

// Takes news over, or not. Those about the node itself it refutes.
void mesh_swim_learn(struct swimming *swimming, struct mesh_swim_news news);

// The node's own word: it suspects a member, or goes itself.
void mesh_swim_suspect(struct swimming *swimming, uint32_t node);
void mesh_swim_go(struct swimming *swimming);

// Suspects whose time is over are dead.
void mesh_swim_expire(struct swimming *swimming);

// Writes up to `room` news to tell, as told once more; returns how many.
uint32_t mesh_swim_tell(struct swimming *swimming, struct mesh_swim_news *news, uint32_t room);

// What a member is told of itself before all else; false: nothing.
bool mesh_swim_charge(const struct swimming *swimming, uint32_t node, struct mesh_swim_news *news);

// The news that entry `index` of the list is.
struct mesh_swim_news mesh_swim_entry(const struct mesh_swim *swim, uint32_t index);

// ---- swim_probe.c ----

void mesh_swim_end_probe(struct swimming *swimming);
void mesh_swim_begin_probe(struct swimming *swimming);
void mesh_swim_ask(struct swimming *swimming);
void mesh_swim_refuse(struct swimming *swimming);
void mesh_swim_hear_ping(struct swimming *swimming);
void mesh_swim_hear_request(struct swimming *swimming);
void mesh_swim_hear_ack(struct swimming *swimming);
void mesh_swim_ail(struct swimming *swimming, uint32_t by);

// Draws up to `count` members that are reachable and not `except`; returns how many.
uint32_t mesh_swim_choose(const struct swimming *swimming, enum mesh_purpose purpose,
                          uint32_t except, uint32_t count, uint32_t *nodes);

// ---- swim_sync.c ----

void mesh_swim_join(struct swimming *swimming);
void mesh_swim_sync(struct swimming *swimming);
void mesh_swim_hear_sync(struct swimming *swimming);

// ---- swim_wire.c ----

uint32_t mesh_swim_wire_bytes(const struct mesh_message *message);
void mesh_swim_wire_put(struct writer *writer, const struct mesh_message *message);
enum mesh_reject mesh_swim_wire_take(struct reader *reader, const struct mesh_config *config,
                                     struct mesh_message *message);

#endif
