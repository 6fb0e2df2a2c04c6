// SPDX-License-Identifier: Apache-2.0
// Two views go through each other page by page: when a node joins, when two find that their views
// differ, and when one calls the dead.
//
//     A                                                      B
//     | -- SYNC  0, of 300, news 0 .. 127 of A's view -----> |  learns
//     | <- SYNC  0, of 150, news 0 .. 127 of B's, a reply -- |
//     |  learns; more to come, and worth it: the next page   |
//     | -- SYNC  128 ... ----------------------------------> |
#include "swimming.h"

static void send_page(struct swimming *swimming, uint32_t target, uint32_t offset, uint32_t flags)
{
    struct mesh_swim *swim = swimming->swim;
    uint32_t most = swimming->group->news;
    uint32_t left = swim->count > offset ? swim->count - offset : 0;
    struct mesh_message *message =
        mesh_swim_begin(swimming, MESH_MESSAGE_SWIM_SYNC,
                        (struct mesh_swim_head){.number = swim->hash,
                                                .subject = MESH_NODE_NONE,
                                                .asker = MESH_NODE_NONE,
                                                .offset = offset,
                                                .total = swim->count,
                                                .flags = (uint16_t)flags},
                        1 + (left < most ? left : most));
    struct mesh_swim_head *head = mesh_swim_head(message);
    struct mesh_swim_news *news = mesh_swim_news(message);
    head->count += mesh_swim_charge(swimming, target, news);
    for (uint32_t i = 0; i < left && i < most; i++) {
        news[head->count++] = mesh_swim_entry(swim, offset + i);
    }
    mesh_swim_send(swimming, message, &target, 1);
}

// One seed after the other is asked, once a period, until one has told all.
void mesh_swim_join(struct swimming *swimming)
{
    const struct mesh_swim_group *group = swimming->group;
    struct mesh_swim *swim = swimming->swim;
    for (uint32_t i = 0; i < group->seed_count; i++) {
        uint32_t seed = group->seeds[(swim->node + swim->tries++) % group->seed_count];
        if (seed != swim->node) {
            send_page(swimming, seed, 0, MESH_SWIM_ENTER);
            return;
        }
    }
    mesh_swim_enter(swimming);  // the only seed there is
}

static uint32_t dead_seed(const struct swimming *swimming, uint32_t word)
{
    const struct mesh_swim_group *group = swimming->group;
    uint32_t first = mesh_below(word, group->seed_count);
    for (uint32_t i = 0; i < group->seed_count; i++) {
        uint32_t seed = group->seeds[(first + i) % group->seed_count];
        if (seed != swimming->swim->node &&
            mesh_swim_state_of(swimming->swim, seed) == MESH_SWIM_DEAD) {
            return seed;
        }
    }
    return MESH_NODE_NONE;
}

static uint32_t any_dead(const struct mesh_swim *swim, uint32_t word)
{
    uint32_t index = mesh_below(word, swim->count);
    while (swim->members[index].state != MESH_SWIM_DEAD) {
        index = index + 1 < swim->count ? index + 1 : 0;
    }
    return swim->members[index].node;
}

// In turns a seed and anybody, since the seeds may be dead for good.
static void call_dead(struct swimming *swimming)
{
    struct mesh_swim *swim = swimming->swim;
    uint32_t pages = 1 + swim->count / swimming->group->news;
    uint32_t word = mesh_swim_draw(swimming, MESH_DRAW_SWIM_SYNC, 1, swim->said);
    uint32_t page = mesh_below(mesh_swim_draw(swimming, MESH_DRAW_SWIM_SYNC, 2, swim->said), pages);
    uint32_t target = swim->tries++ % 2 == 0 ? dead_seed(swimming, word) : MESH_NODE_NONE;
    target = target == MESH_NODE_NONE ? any_dead(swim, word) : target;
    send_page(swimming, target, page * swimming->group->news, 0);
}

static void compare(struct swimming *swimming)
{
    struct mesh_swim_head head = {.number = swimming->swim->hash,
                                  .subject = MESH_NODE_NONE,
                                  .asker = MESH_NODE_NONE,
                                  .flags = MESH_SWIM_COMPARE};
    uint32_t target;
    if (mesh_swim_choose(swimming, MESH_DRAW_SWIM_PROXIES, MESH_NODE_NONE, 1, &target) == 1) {
        mesh_swim_send(swimming, mesh_swim_begin(swimming, MESH_MESSAGE_SWIM_SYNC, head, 0),
                       &target, 1);
    }
}

// The dead are called as often as makes one call per dead member and interval among all who are
// left (as in Serf).
void mesh_swim_sync(struct swimming *swimming)
{
    struct mesh_swim *swim = swimming->swim;
    uint32_t others = swimming->scope->count - swim->dead - swim->left;
    uint32_t word = mesh_swim_draw(swimming, MESH_DRAW_SWIM_SYNC, 0, swim->said);
    swim->sync_ns = swimming->now_ns + swimming->group->sync_ns;
    if (swim->dead > 0 && mesh_below(word, others) < swim->dead) {
        call_dead(swimming);
    } else {
        compare(swimming);
    }
}

// Who has a view of its own does not believe the dead of another's, which may be of the other side
// of a partition that has healed: it asks the next of them itself, and lets all refute it.
static void learn_page(struct swimming *swimming)
{
    struct mesh_swim *swim = swimming->swim;
    const struct mesh_swim_news *news = mesh_swim_carried(swimming->message);
    for (uint32_t i = 0; i < swimming->heard->count; i++) {
        struct mesh_swim_news said = news[i];
        enum mesh_swim_state held = mesh_swim_state_of(swim, said.node);
        if (said.state == MESH_SWIM_DEAD && swim->phase == MESH_SWIM_ACTIVE &&
            held <= MESH_SWIM_SUSPECT && said.node != swim->node) {
            said.state = held == MESH_SWIM_ALIVE ? MESH_SWIM_ACCUSED : MESH_SWIM_SUSPECT;
            said.from = swimming->message->source;
            swim->doubted = said.node;
        }
        mesh_swim_learn(swimming, said);
    }
}

void mesh_swim_hear_sync(struct swimming *swimming)
{
    const struct mesh_swim_head *heard = swimming->heard;
    struct mesh_swim *swim = swimming->swim;
    uint32_t source = swimming->message->source;
    uint32_t learnt = swimming->learnt;
    uint32_t kept = heard->flags & (MESH_SWIM_ENTER | MESH_SWIM_WHOLE);
    if ((heard->flags & MESH_SWIM_COMPARE) != 0) {
        if (heard->number != swim->hash) {
            send_page(swimming, source, 0, MESH_SWIM_WHOLE);
        }
        return;
    }
    learn_page(swimming);
    if ((heard->flags & MESH_SWIM_REPLY) == 0) {
        send_page(swimming, source, heard->offset, MESH_SWIM_REPLY | kept);
        return;
    }
    uint32_t next = heard->offset + swimming->group->news;
    uint32_t total = heard->total > swim->count ? heard->total : swim->count;
    if (next < total && (kept != 0 || swimming->learnt > learnt)) {
        send_page(swimming, source, next, kept);
    } else if ((kept & MESH_SWIM_ENTER) != 0 && swim->phase == MESH_SWIM_JOINING) {
        mesh_swim_enter(swimming);
    }
}
