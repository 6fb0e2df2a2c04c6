// SPDX-License-Identifier: GPL-3.0-or-later
// Nodes that belong to more than one scope: two regions of two, bridged by 1 and 2; and 4, whom the
// bridge 1 calls.
//
//     region 0: 0 1 -- link (scope 2) -- 2 3 :region 1         scope 3: 1 calls 4, which ticks
//                                                              alone in scope 4
#include <criterion/criterion.h>
#include <string.h>

#include "lab.h"
#include "mesh/peers.h"

enum { REGION_0, REGION_1, LINK, CALL, ABOVE, SCOPES };
enum { NODES = 5, PLANES = MESH_PLANES };

static const uint32_t bridges[] = {1, 2};
static const uint32_t bridge_groups[] = {0, 1, 2};
static const uint32_t caller[] = {1};
static const uint32_t callee[] = {4};

struct pair {
    struct mesh_scope scopes[SCOPES];
    struct mesh_config config;
    struct mesh_update updates[64];
    struct mesh_table table;
    uint64_t replicas[NODES][4 + PLANES];
    uint64_t roles[3][3 + MESH_RECENT_PLANES];
    uint64_t has_role;
    struct mesh_states states;
    struct mesh_record records[16];
    uint32_t targets[64];
    struct mesh_news news[16];
    uint64_t messages[4096];
    struct mesh_output output;
    uint64_t now_ns;
};

static struct mesh_role *role_of(struct pair *pair, uint32_t index)
{
    return (struct mesh_role *)pair->roles[index];
}

static void pair_init(struct pair *pair, enum mesh_mode home, enum mesh_schedule schedule)
{
    memset(pair, 0, sizeof *pair);
    for (uint32_t i = 0; i < SCOPES; i++) {
        pair->scopes[i] = (struct mesh_scope){
            .fanout = 3,
            .update_limit = 100,
            .interval_ns = 100 * LAB_MS,
            .mode = i <= REGION_1 ? home : MESH_PUSH_PULL,
            .schedule = schedule,
        };
    }
    pair->scopes[REGION_0].count = 2;
    pair->scopes[REGION_1].first = 2;
    pair->scopes[REGION_1].count = 2;
    pair->scopes[LINK].members = bridges;
    pair->scopes[LINK].count = 2;
    pair->scopes[LINK].selection = MESH_OTHER_GROUPS;
    pair->scopes[LINK].group_starts = bridge_groups;
    pair->scopes[LINK].group_count = 2;
    pair->scopes[CALL].members = caller;
    pair->scopes[CALL].count = 1;
    pair->scopes[CALL].callees = callee;
    pair->scopes[CALL].callee_count = 1;
    pair->scopes[ABOVE].first = 4;
    pair->scopes[ABOVE].count = 1;
    pair->config = (struct mesh_config){
        .seed = 1, .scopes = pair->scopes, .scope_count = SCOPES, .hash = lab_hash};
    mesh_table_init(&pair->table, pair->updates, 64, NULL, 0, NULL);
    *role_of(pair, 0) = (struct mesh_role){.node = 1, .scope = LINK, .home = REGION_0};
    *role_of(pair, 1) = (struct mesh_role){.node = 1, .scope = CALL, .home = REGION_0};
    *role_of(pair, 2) = (struct mesh_role){.node = 2, .scope = LINK, .home = REGION_1};
    pair->has_role = 6;
    pair->states = (struct mesh_states){
        .replicas = pair->replicas,
        .stride = sizeof pair->replicas[0],
        .node_count = NODES,
        .words = 1,
        .planes = PLANES,
        .table = &pair->table,
        .roles = pair->roles,
        .role_count = 3,
        .has_role = &pair->has_role,
    };
    cr_assert(mesh_role_bytes(1) == sizeof pair->roles[0]);
    cr_assert(mesh_replica_bytes(1, PLANES, 0) == sizeof pair->replicas[0]);
    pair->output = (struct mesh_output){
        .records = pair->records,
        .record_capacity = 16,
        .targets = pair->targets,
        .target_capacity = 64,
        .news = pair->news,
        .news_capacity = 16,
        .messages = pair->messages,
        .message_word_capacity = 4096,
    };
}

static void step(struct pair *pair, struct mesh_event event)
{
    pair->now_ns += LAB_MS;
    event.time_ns = pair->now_ns;
    pair->output.record_count = 0;
    pair->output.target_count = 0;
    pair->output.news_count = 0;
    cr_assert(mesh_step(&pair->config, &pair->states, &event, 1, &pair->output) == 1);
}

static void write(struct pair *pair, uint32_t node, uint16_t home)
{
    struct mesh_write write = {.amount = 1, .type = MESH_G_INCREMENT};
    const struct mesh_replica *replica = mesh_replica_of(&pair->states, node);
    write.lane = mesh_table_reserve(&pair->table, (struct mesh_dot){node, replica->sequence + 1});
    step(pair, (struct mesh_event){
                   .node = node, .scope = home, .kind = MESH_EVENT_WRITE, .write = &write});
}

// The only message that the last step sent; NULL when it sent none.
static const struct mesh_message *sent(const struct pair *pair)
{
    const struct mesh_message *message = NULL;
    for (uint32_t i = 0; i < pair->output.record_count; i++) {
        if (pair->records[i].kind == MESH_RECORD_SEND) {
            cr_assert(message == NULL, "two messages");
            message = pair->records[i].send.message;
        }
    }
    return message;
}

static const struct mesh_message *tick(struct pair *pair, uint32_t node, uint16_t scope)
{
    step(pair, (struct mesh_event){.node = node, .scope = scope, .kind = MESH_EVENT_TICK});
    return sent(pair);
}

static const struct mesh_message *hear(struct pair *pair, uint32_t node,
                                       const struct mesh_message *message)
{
    step(pair, (struct mesh_event){.node = node,
                                   .scope = message->scope,
                                   .kind = MESH_EVENT_RECEIVE,
                                   .message = message});
    return sent(pair);
}

static uint64_t have(const struct pair *pair, uint32_t node)
{
    return mesh_replica_of(&pair->states, node)->planes[MESH_HAVE];
}

Test(roles, what_a_bridge_learns_is_recent_at_home_and_on_its_link_by_their_own_ticks)
{
    struct pair pair;
    pair_init(&pair, MESH_PUSH_PULL, MESH_PHASED);
    write(&pair, 1, REGION_0);
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect(tick(&pair, 1, REGION_0)->lanes[0] == 1, "tick %u at home", i);
    }
    cr_expect(tick(&pair, 1, REGION_0)->lanes[0] == 0, "older than three ticks at home");
    for (uint32_t i = 0; i < 3; i++) {
        const struct mesh_message *open = tick(&pair, 1, LINK);
        cr_expect(open->lanes[0] == 1 && open->scope == LINK, "tick %u on the link", i);
        cr_expect(pair.targets[0] == 2 && pair.output.target_count == 1);
    }
    cr_expect(tick(&pair, 1, LINK)->lanes[0] == 0);
    cr_expect(tick(&pair, 1, CALL)->lanes[0] == 1 && pair.targets[0] == 4);
}

Test(roles, what_comes_in_over_a_link_is_news_at_home)
{
    struct pair pair;
    pair_init(&pair, MESH_PUSH_PULL, MESH_PHASED);
    write(&pair, 2, REGION_1);
    const struct mesh_message *open = tick(&pair, 2, LINK);
    cr_expect(hear(&pair, 1, open) == NULL, "the sets are equal: no answer");
    cr_expect(have(&pair, 1) == 1);
    cr_expect(tick(&pair, 1, REGION_0)->lanes[0] == 1, "told on at home");
    cr_expect(tick(&pair, 1, CALL)->lanes[0] == 1, "and on the other link");
}

Test(roles, eager_forwards_at_home_what_a_link_brought_and_leaves_links_to_their_ticks)
{
    struct pair pair;
    pair_init(&pair, MESH_EAGER, MESH_PHASED);
    write(&pair, 2, REGION_1);
    cr_assert(sent(&pair) != NULL && sent(&pair)->scope == REGION_1, "a write goes on at home");
    const struct mesh_message *forwarded = hear(&pair, 1, tick(&pair, 2, LINK));
    cr_assert(forwarded != NULL && forwarded->kind == MESH_MESSAGE_EAGER);
    cr_expect(forwarded->scope == REGION_0 && pair.output.target_count == 1);
    cr_expect(pair.targets[0] == 0);
    cr_expect(hear(&pair, 0, forwarded)->scope == REGION_0);
    cr_expect(have(&pair, 0) == 1);
}

// ---- Eager links ----

// Of the last step's messages the one in `scope`; NULL: none.
static const struct mesh_record *sent_in(const struct pair *pair, uint16_t scope)
{
    const struct mesh_record *found = NULL;
    for (uint32_t i = 0; i < pair->output.record_count; i++) {
        const struct mesh_record *record = &pair->records[i];
        if (record->kind == MESH_RECORD_SEND && record->send.message->scope == scope) {
            cr_assert(found == NULL, "two messages in scope %u", scope);
            cr_expect_eq(record->send.message->kind, MESH_MESSAGE_EAGER);
            found = record;
        }
    }
    return found;
}

static uint32_t target_of(const struct pair *pair, const struct mesh_record *record, uint32_t place)
{
    cr_assert(record != NULL && place < record->send.target_count);
    return pair->targets[record->send.target_first + place];
}

static const uint32_t callers[] = {0, 1, 3};

// 0, 1 and 3 call 4.
static void pair_init_eager(struct pair *pair)
{
    pair_init(pair, MESH_EAGER, MESH_PHASED);
    for (uint32_t scope = LINK; scope < SCOPES; scope++) {
        pair->scopes[scope].forwards = true;
    }
    pair->scopes[CALL].members = callers;
    pair->scopes[CALL].count = 3;
    pair->config.eager_links = true;
}

static void must_hear(struct pair *pair, uint32_t node, const struct mesh_message *message)
{
    step(pair, (struct mesh_event){.node = node,
                                   .scope = message->scope,
                                   .kind = MESH_EVENT_RECEIVE,
                                   .message = message});
}

Test(roles, eager_links_forward_what_came_up_at_home_at_once)
{
    struct pair pair;
    pair_init_eager(&pair);
    write(&pair, 1, REGION_0);
    const struct mesh_record *home = sent_in(&pair, REGION_0);
    const struct mesh_record *link = sent_in(&pair, LINK);
    const struct mesh_record *call = sent_in(&pair, CALL);
    cr_expect(target_of(&pair, home, 0) == 0 && home->send.message->lanes[0] == 1);
    cr_expect(target_of(&pair, link, 0) == 2 && link->send.message->lanes[0] == 1);
    cr_expect(target_of(&pair, call, 0) == 4 && call->send.message->lanes[0] == 1);
    cr_expect(home->send.message->occasion != link->send.message->occasion,
              "or the network would treat both alike");
    struct mesh_message *up = (struct mesh_message *)link->send.message;
    must_hear(&pair, 2, up);
    cr_expect(target_of(&pair, sent_in(&pair, REGION_1), 0) == 3, "a link's news go on at home");
    must_hear(&pair, 2, up);
    cr_expect(pair.output.record_count == 0, "nothing is forwarded twice");
}

Test(roles, who_is_called_forwards_to_all_who_call_it_but_the_teller)
{
    struct pair pair;
    pair_init_eager(&pair);
    write(&pair, 1, REGION_0);
    must_hear(&pair, 4, sent_in(&pair, CALL)->send.message);
    const struct mesh_record *down = sent_in(&pair, CALL);
    cr_assert(down != NULL && down->send.target_count == 2);
    cr_expect(target_of(&pair, down, 0) == 0 && target_of(&pair, down, 1) == 3);
    cr_expect(down->send.message->occasion ==
              (mesh_occasion_of_dot((struct mesh_dot){1, 1}) | MESH_OCCASION_TO_CALLERS));
    // A write of its own goes to all three.
    write(&pair, 4, ABOVE);
    down = sent_in(&pair, CALL);
    cr_expect(down != NULL && down->send.target_count == 3 && down->send.message->lanes[0] == 2);
}

Test(roles, what_the_callee_told_is_not_told_to_callees)
{
    struct pair pair;
    pair_init_eager(&pair);
    write(&pair, 4, ABOVE);
    must_hear(&pair, 1, sent_in(&pair, CALL)->send.message);
    cr_expect(sent_in(&pair, CALL) == NULL);
    cr_expect(target_of(&pair, sent_in(&pair, REGION_0), 0) == 0, "but at home");
    cr_expect(target_of(&pair, sent_in(&pair, LINK), 0) == 2, "and on the other link");
}

Test(roles, a_callee_answers_from_the_books_of_its_home)
{
    struct pair pair;
    pair_init(&pair, MESH_PUSH_PULL, MESH_PHASED);
    write(&pair, 4, ABOVE);
    write(&pair, 1, REGION_0);
    const struct mesh_message *answer = hear(&pair, 4, tick(&pair, 1, CALL));
    cr_assert(answer != NULL && answer->kind == MESH_MESSAGE_ANSWER && answer->scope == CALL);
    cr_expect(answer->lanes[0] == 1, "what it wrote and was not told");
    cr_expect(have(&pair, 4) == 3);
    cr_expect(hear(&pair, 1, answer) == NULL && have(&pair, 1) == 3);
    const struct mesh_message *alone = tick(&pair, 4, ABOVE);
    cr_expect(alone->lanes[0] == 3 && pair.output.target_count == 0, "nobody else is there");
}

Test(roles, in_a_synchronous_mesh_each_scope_folds_in_by_its_own_ticks)
{
    struct pair pair;
    pair_init(&pair, MESH_PUSH_PULL, MESH_SYNCHRONOUS);
    write(&pair, 2, REGION_1);
    const struct mesh_message *open = tick(&pair, 2, LINK);
    hear(&pair, 1, open);
    const struct mesh_replica *replica = mesh_replica_of(&pair.states, 1);
    const uint64_t *hash = pair.updates[0].hash;
    cr_expect(replica->hash[0] == 0 && role_of(&pair, 0)->hash[0] == 0, "kept apart");
    tick(&pair, 1, LINK);
    cr_expect(replica->hash[0] == 0 && role_of(&pair, 0)->hash[0] == hash[0],
              "visible on the link");
    tick(&pair, 1, REGION_0);
    cr_expect(replica->hash[0] == hash[0] && replica->hash[1] == hash[1], "and at home");
    cr_expect(role_of(&pair, 1)->hash[0] == 0, "not yet for the callee");
}

Test(roles, bridges_pick_bridges_of_the_other_groups_evenly)
{
    static const uint32_t members[] = {3, 4, 5, 20, 21, 40, 41, 42, 43};
    static const uint32_t starts[] = {0, 3, 5, 9};
    struct mesh_scope scope = {.members = members,
                               .count = 9,
                               .fanout = 3,
                               .selection = MESH_OTHER_GROUPS,
                               .group_starts = starts,
                               .group_count = 3};
    uint32_t counts[64] = {0};
    uint32_t peers[MESH_FANOUT_MAX];
    for (uint64_t number = 0; number < 7000; number++) {
        uint64_t occasion = mesh_occasion_of_tick(0, number);
        cr_assert(mesh_peers_select(1, MESH_DRAW_TICK_PEERS, occasion, &scope, 20, peers) == 3);
        for (uint32_t i = 0; i < 3; i++) {
            cr_assert(peers[i] != 20 && peers[i] != 21);
            counts[peers[i]]++;
        }
    }
    for (uint32_t i = 0; i < 9; i++) {
        // 21,000 picks among seven: 3,000 each, six standard deviations are 250
        uint32_t wanted = members[i] == 20 || members[i] == 21 ? 0 : 3000;
        cr_expect(counts[members[i]] + 250 >= wanted && counts[members[i]] <= wanted + 250,
                  "%u: %u times", members[i], counts[members[i]]);
    }
    scope.fanout = 50;
    cr_expect(mesh_peers_select(1, MESH_DRAW_TICK_PEERS, 0, &scope, 3, peers) == 6);
    scope.count = 3;
    scope.group_count = 1;
    cr_expect(mesh_peers_select(1, MESH_DRAW_TICK_PEERS, 0, &scope, 3, peers) == 0, "nobody else");
}

Test(roles, members_call_callees_and_a_callee_not_itself)
{
    static const uint32_t members[] = {1, 2};
    static const uint32_t called[] = {2, 7, 9};
    struct mesh_scope scope = {
        .members = members, .count = 2, .callees = called, .callee_count = 3, .fanout = 5};
    uint32_t peers[MESH_FANOUT_MAX];
    cr_expect(mesh_peers_select(1, MESH_DRAW_TICK_PEERS, 0, &scope, 1, peers) == 3);
    cr_expect(mesh_peers_select(1, MESH_DRAW_TICK_PEERS, 0, &scope, 2, peers) == 2);
    cr_expect(peers[0] + peers[1] == 16);
}
