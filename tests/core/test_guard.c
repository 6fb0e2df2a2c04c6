// SPDX-License-Identifier: GPL-3.0-or-later
// The guard, message by message: node 0 hears what others say at instants of the test's choice.
#include <criterion/criterion.h>
#include <string.h>

#include "mesh/clock.h"
#include "mesh/guard.h"

#define NODES 5u
#define MS UINT64_C(1000000)
#define WORDS (sizeof(struct mesh_message) / sizeof(uint64_t) + 2)

struct scene {
    struct mesh_guard guard;
    struct mesh_scope scope;
    struct mesh_config config;
    struct mesh_table table;
    struct mesh_update updates[64];
    uint64_t replicas[NODES][8];
    struct mesh_guard_peer peers[NODES][8];
    struct mesh_states states;
    struct mesh_record records[64];
    uint32_t targets[64];
    struct mesh_news news[8];
    uint64_t sent[1024];
    struct mesh_output output;
};

static void hash(void *context, const void *bytes, size_t count, uint64_t out[2])
{
    (void)context;
    uint64_t value = 14695981039346656037u;
    for (size_t i = 0; i < count; i++) {
        value = (value ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
    }
    out[0] = value;
    out[1] = ~value;
}

// Threshold 0.5; reputation comes back in 10 s; bounds of 1 s; 10 messages a second, 3 at once.
static void begin(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    scene->guard = (struct mesh_guard){.signatures = true,
                                       .gap_ns = 100 * MS,
                                       .burst_ns = 300 * MS,
                                       .bound_ns = 1000 * MS,
                                       .recovery_ns = 10000 * MS,
                                       .threshold_ppb = 500000000,
                                       .peers = 8};
    scene->scope = (struct mesh_scope){.count = NODES,
                                       .fanout = 2,
                                       .update_limit = 10,
                                       .interval_ns = 100 * MS,
                                       .mode = MESH_PUSH_PULL};
    scene->config = (struct mesh_config){
        .scopes = &scene->scope, .scope_count = 1, .guard = &scene->guard, .hash = hash};
    mesh_table_init(&scene->table, scene->updates, 64, NULL, 0, NULL);
    scene->states = (struct mesh_states){.replicas = scene->replicas,
                                         .stride = sizeof scene->replicas[0],
                                         .node_count = NODES,
                                         .words = 1,
                                         .planes = MESH_PLANES,
                                         .table = &scene->table,
                                         .peers = scene->peers[0]};
    scene->output = (struct mesh_output){.records = scene->records,
                                         .record_capacity = 64,
                                         .targets = scene->targets,
                                         .target_capacity = 64,
                                         .news = scene->news,
                                         .news_capacity = 8,
                                         .messages = scene->sent,
                                         .message_word_capacity = 1024};
}

static uint32_t put(struct scene *scene, uint32_t origin, uint32_t sequence, uint64_t time_ns,
                    uint64_t amount)
{
    uint32_t lane = mesh_table_reserve(&scene->table, (struct mesh_dot){origin, sequence});
    struct mesh_update *update = &scene->updates[lane];
    update->type = MESH_G_INCREMENT;
    update->clock = mesh_clock_next(0, time_ns);
    update->amount = amount;
    update->wire_bytes = 20;
    mesh_update_hash(&scene->config, update);
    return lane;
}

// Node 0 hears this from `source`; returns the first rejection's reason, or 0.
static enum mesh_reject hear_kind(struct scene *scene, uint32_t kind, uint32_t source,
                                  uint64_t time_ns, uint64_t tick, uint64_t lanes)
{
    uint64_t memory[WORDS] = {0};
    struct mesh_message *message = (struct mesh_message *)memory;
    message->source = source;
    message->initiator = source;
    message->kind = kind & 0x3f;
    message->occasion = mesh_occasion_of_tick(0, tick);
    message->words = 1;
    message->update_count = (uint16_t)__builtin_popcountll(lanes);
    message->lanes[0] = lanes;
    const struct mesh_event event = {
        .time_ns = time_ns, .node = 0, .kind = MESH_EVENT_RECEIVE, .message = message};
    scene->output.record_count = 0;
    scene->output.target_count = 0;
    scene->output.news_count = 0;
    scene->output.message_words = 0;
    cr_assert_eq(mesh_step(&scene->config, &scene->states, &event, 1, &scene->output), 1);
    bool rejected = scene->output.record_count > 0 && scene->records[0].kind == MESH_RECORD_REJECT;
    return rejected ? scene->records[0].reject.reason : (enum mesh_reject)0;
}

static enum mesh_reject hear(struct scene *scene, uint32_t source, uint64_t time_ns, uint64_t lanes)
{
    return hear_kind(scene, MESH_MESSAGE_PUSH, source, time_ns, time_ns / (100 * MS), lanes);
}

static uint32_t reputation(const struct scene *scene, uint32_t peer, uint64_t time_ns)
{
    return mesh_guard_reputation(&scene->config, &scene->states, 0, peer, time_ns);
}

static uint64_t held(const struct scene *scene)
{
    return scene->replicas[0][4];
}

Test(guard, a_wrong_signature_rejects_the_whole_message_and_halves_its_senders_reputation)
{
    struct scene scene;
    begin(&scene);
    put(&scene, 2, 1, 5 * MS, 1);
    put(&scene, 3, 1, 5 * MS, 1);
    scene.updates[1].forged = true;
    cr_expect_eq(hear(&scene, 1, 100 * MS, 3), MESH_REJECT_SIGNATURE);
    cr_expect_eq(held(&scene), 0);
    cr_expect_eq(reputation(&scene, 1, 100 * MS), 500000000);
    cr_expect_eq(reputation(&scene, 3, 100 * MS), MESH_REPUTATION_ONE, "it is in whose name it is");
    cr_expect_eq(hear(&scene, 4, 101 * MS, 1), 0);
    cr_expect_eq(held(&scene), 1);
}

Test(guard, without_signatures_nobody_can_tell)
{
    struct scene scene;
    begin(&scene);
    scene.guard.signatures = false;
    put(&scene, 3, 1, 5 * MS, 1);
    scene.updates[0].forged = true;
    cr_expect_eq(hear(&scene, 1, 100 * MS, 1), 0);
    cr_expect_eq(held(&scene), 1);
}

Test(guard, who_falls_below_the_threshold_is_ignored_until_it_has_recovered)
{
    struct scene scene;
    begin(&scene);
    put(&scene, 2, 1, 5 * MS, 1);
    put(&scene, 3, 1, 5 * MS, 1);
    scene.updates[1].forged = true;
    cr_expect_eq(hear(&scene, 1, 100 * MS, 2), MESH_REJECT_SIGNATURE);
    cr_expect(!scene.records[0].reject.ignored, "0.5 is not below 0.5");
    cr_expect_eq(hear(&scene, 1, 100 * MS, 2), MESH_REJECT_SIGNATURE);
    cr_expect(scene.records[0].reject.ignored);
    cr_expect_eq(reputation(&scene, 1, 100 * MS), 250000000);
    cr_expect_eq(hear(&scene, 1, 200 * MS, 1), MESH_REJECT_IGNORED);
    // A quarter of 10 s until 0.5 is reached again.
    cr_expect_eq(hear(&scene, 1, 2599 * MS, 1), MESH_REJECT_IGNORED);
    cr_expect_eq(hear(&scene, 1, 2600 * MS, 1), 0);
    cr_expect_eq(held(&scene), 1);
    cr_expect_eq(reputation(&scene, 1, 7599 * MS), 999900000);
    cr_expect_eq(reputation(&scene, 1, 7600 * MS), MESH_REPUTATION_ONE);
}

Test(guard, a_peer_may_be_ahead_of_its_rate_by_the_burst_and_no_more)
{
    struct scene scene;
    begin(&scene);
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect_eq(hear(&scene, 1, 1000 * MS, 0), 0, "message %u", i);
    }
    cr_expect_eq(hear(&scene, 1, 1000 * MS, 0), MESH_REJECT_RATE);
    cr_expect_eq(reputation(&scene, 1, 1000 * MS), 1000000000 - 1000000000 / 32);
    cr_expect_eq(hear(&scene, 2, 1000 * MS, 0), 0, "another peer has a bucket of its own");
    cr_expect_eq(hear(&scene, 1, 1099 * MS, 0), MESH_REJECT_RATE);
    cr_expect_eq(hear(&scene, 1, 1100 * MS, 0), 0);
    cr_expect_eq(hear(&scene, 1, 1100 * MS, 0), MESH_REJECT_RATE);
}

Test(guard, updates_from_the_future_and_ticks_from_elsewhere_in_time_are_rejected)
{
    struct scene scene;
    begin(&scene);
    put(&scene, 2, 1, 3001 * MS, 1);
    cr_expect_eq(hear(&scene, 1, 2000 * MS, 1), MESH_REJECT_CLOCK);
    cr_expect_eq(hear(&scene, 1, 2001 * MS, 1), 0);
    // Tick 50 falls between 5.0 s and 5.1 s.
    cr_expect_eq(hear_kind(&scene, MESH_MESSAGE_PUSH, 3, 3999 * MS, 50, 0), MESH_REJECT_STALE);
    cr_expect_eq(hear_kind(&scene, MESH_MESSAGE_PUSH, 3, 4000 * MS, 50, 0), 0);
    cr_expect_eq(hear_kind(&scene, MESH_MESSAGE_PUSH, 3, 6100 * MS, 50, 0), 0);
    cr_expect_eq(hear_kind(&scene, MESH_MESSAGE_PUSH, 3, 6101 * MS, 50, 0), MESH_REJECT_STALE);
}

Test(guard, a_vector_that_lacks_an_old_write_of_its_senders_is_a_lie)
{
    struct scene scene;
    begin(&scene);
    put(&scene, 1, 1, 100 * MS, 1);
    put(&scene, 2, 1, 100 * MS, 1);
    cr_expect_eq(hear(&scene, 3, 150 * MS, 3), 0);
    cr_expect_eq(hear_kind(&scene, MESH_MESSAGE_VECTOR, 1, 1100 * MS, 11, 2), 0,
                 "it may have been on its way for so long");
    cr_expect_eq(hear_kind(&scene, MESH_MESSAGE_VECTOR, 1, 1101 * MS, 11, 2), MESH_REJECT_DIGEST);
    cr_expect_eq(hear_kind(&scene, MESH_MESSAGE_VECTOR, 2, 1101 * MS, 11, 2), 0,
                 "it lacks only what others wrote");
}

Test(guard, two_signed_values_of_a_dot_convict_their_origin_for_good_and_nobody_else)
{
    struct scene scene;
    begin(&scene);
    put(&scene, 2, 1, 5 * MS, 1);
    put(&scene, 2, 1, 5 * MS, 2);
    cr_assert(scene.updates[1].contested && scene.updates[0].contested && scene.updates[1].again);
    cr_expect_eq(hear(&scene, 1, 100 * MS, 1), 0, "one value is no proof");
    cr_expect_eq(hear(&scene, 3, 101 * MS, 2), MESH_REJECT_EQUIVOCATION);
    cr_expect_eq(scene.records[0].reject.source, 2);
    cr_expect(scene.records[0].reject.ignored);
    cr_expect_eq(held(&scene), 3, "both are held, and told on: they are the proof");
    cr_expect_eq(reputation(&scene, 1, 101 * MS), MESH_REPUTATION_ONE);
    cr_expect_eq(reputation(&scene, 3, 101 * MS), MESH_REPUTATION_ONE);
    cr_expect_eq(reputation(&scene, 2, 1000000 * MS), 0);
    cr_expect_eq(hear(&scene, 2, 1000000 * MS, 0), MESH_REJECT_IGNORED);
}

Test(guard, both_values_in_one_message_are_a_proof)
{
    struct scene scene;
    begin(&scene);
    put(&scene, 2, 1, 5 * MS, 1);
    put(&scene, 2, 1, 5 * MS, 2);
    cr_expect_eq(hear(&scene, 3, 101 * MS, 3), MESH_REJECT_EQUIVOCATION);
    cr_expect_eq(scene.output.record_count, 2, "one proof, one delivery");
    cr_expect_eq(reputation(&scene, 2, 101 * MS), 0);
}

Test(guard, bytes_that_do_not_decode_count_against_their_sender)
{
    struct scene scene;
    begin(&scene);
    const struct mesh_event event = {.time_ns = 100 * MS,
                                     .node = 0,
                                     .kind = MESH_EVENT_REFUSED,
                                     .refused = {3, MESH_REJECT_FORMAT}};
    cr_assert_eq(mesh_step(&scene.config, &scene.states, &event, 1, &scene.output), 1);
    cr_expect_eq(scene.records[0].reject.reason, MESH_REJECT_FORMAT);
    cr_expect_eq(scene.records[0].reject.source, 3);
    cr_expect_eq(reputation(&scene, 3, 100 * MS), 500000000);
}

Test(guard, where_there_are_more_enemies_than_entries_the_least_of_them_is_forgotten)
{
    struct scene scene;
    begin(&scene);
    scene.guard.peers = MESH_GUARD_WAYS;  // one set, with room for four of them
    scene.config.guard = &scene.guard;
    for (uint32_t peer = 1; peer <= 5; peer++) {
        uint32_t times = peer == 3 ? 1 : 2;
        for (uint32_t i = 0; i < times; i++) {
            const struct mesh_event event = {.time_ns = 100 * MS,
                                             .node = 0,
                                             .kind = MESH_EVENT_REFUSED,
                                             .refused = {peer, MESH_REJECT_FORMAT}};
            scene.output.record_count = 0;
            cr_assert_eq(mesh_step(&scene.config, &scene.states, &event, 1, &scene.output), 1);
        }
    }
    for (uint32_t peer = 1; peer <= 5; peer++) {
        cr_expect_eq(reputation(&scene, peer, 100 * MS),
                     peer == 3 ? MESH_REPUTATION_ONE : 250000000, "peer %u", peer);
    }
}
