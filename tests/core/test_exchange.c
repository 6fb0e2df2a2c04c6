// SPDX-License-Identifier: GPL-3.0-or-later
// Receipts where agents report: what is done quickly (core/exchange.h) against what all cases go
// through. The quick way takes messages that speak of all words of a replica only, so the same
// message that leaves out a word in which nobody ever wrote goes the other.
//
//     words of a replica    reports | shared, written | shared, never written
//     quick                 [ message ---------------------------------------- ]
//     general               [ the same ---------------- ]
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/exchange.h"
#include "mesh/guard.h"
#include "mesh/wire.h"
#include "moment.h"

// What a step puts out, and what it left.
struct told {
    struct mesh_output output;
    struct room room;
    uint64_t answers[MESH_SETS_MAX][BATCH][MESSAGE_WORDS];
    uint64_t *places[MESH_SETS_MAX][BATCH];
    uint64_t replicas[NODES * REPLICA_WORDS];
    uint64_t role[ROLE_WORDS];
};

// How often what happened, so that it is known to have been tried.
struct seen {
    uint32_t plain;
    uint32_t delivered;
    uint32_t answered[MESH_MESSAGE_KIND_COUNT];  // by what was heard
    uint32_t silent[MESH_MESSAGE_KIND_COUNT];
    uint32_t sent[MESH_MESSAGE_KIND_COUNT];
    uint32_t full[MESH_MESSAGE_KIND_COUNT];  // as many updates as are permitted
    uint32_t even;                           // updates that all take the same
    uint32_t uneven;
    uint32_t mixed;  // reports and shared updates
    uint32_t refused;
    uint32_t placed[MESH_SETS_MAX];
    uint32_t behind;  // answers for which no place was left
};

// ---- Both ways ----

// Places for some of the answers.
static void give_places(const struct moment *moment, struct told *told, uint32_t most)
{
    for (uint32_t i = 0; i < MESH_SETS_MAX; i++) {
        for (uint32_t j = 0; j < BATCH; j++) {
            told->places[i][j] = told->answers[i][j];
            told->answers[i][j][HEAD_WORDS + (i + 1) * moment->words] = UINT64_MAX;
        }
        told->output.answers[i] = (struct mesh_places){.places = told->places[i], .count = most};
    }
}

static void keep_states(const struct moment *moment, struct told *told)
{
    memcpy(told->replicas, moment->replicas, sizeof told->replicas);
    memcpy(told->role, moment->role, sizeof told->role);
}

static void restore_states(struct moment *moment, const struct told *told)
{
    memcpy(moment->replicas, told->replicas, sizeof told->replicas);
    memcpy(moment->role, told->role, sizeof told->role);
}

static void step(struct moment *moment, const struct mesh_event *events, uint32_t count,
                 struct told *told)
{
    cr_assert_eq(mesh_step(&moment->config, &moment->states, events, count, &told->output), count);
}

static void step_generally(struct moment *moment, const struct batch *batch, struct told *told)
{
    struct mesh_event events[BATCH];
    uint64_t words[BATCH][MESSAGE_WORDS];
    for (uint32_t i = 0; i < batch->count; i++) {
        events[i] = batch->events[i];
        if (events[i].kind == MESH_EVENT_RECEIVE) {
            events[i].message = moment_shorten(events[i].message, words[i]);
            cr_assert_not(mesh_exchange_is_plain(&moment->states, &events[i]));
        }
    }
    told->output = room_output(&told->room);
    step(moment, events, batch->count, told);
    keep_states(moment, told);
}

static bool is_plain(const struct moment *moment, const struct mesh_event *event)
{
    return event->kind == MESH_EVENT_RECEIVE && event->scope == 0 &&
           mesh_exchange_is_plain(&moment->states, event);
}

static size_t message_bytes(const struct mesh_message *message)
{
    size_t sets = mesh_message_sets(message->kind);
    return sizeof *message + sets * message->words * sizeof(uint64_t);
}

static void expect_same_send(const struct moment *moment, const struct told *a,
                             const struct told *b, uint32_t i)
{
    const struct mesh_record *quick = &a->room.records[i];
    const struct mesh_record *general = &b->room.records[i];
    const struct mesh_message *message = quick->send.message;
    const struct mesh_message *other = general->send.message;
    cr_assert(quick->send.target_first == general->send.target_first &&
                  quick->send.target_count == general->send.target_count,
              "seed %lu, record %u: targets", moment->seed, i);
    cr_assert_eq(message->kind, other->kind, "seed %lu, record %u", moment->seed, i);
    cr_assert_eq(message->words, other->words, "seed %lu, record %u", moment->seed, i);
    cr_assert(memcmp(message, other, sizeof *message) == 0,
              "seed %lu, record %u, kind %u: the head of the message", moment->seed, i,
              message->kind);
    cr_assert(memcmp(message, other, message_bytes(message)) == 0,
              "seed %lu, record %u, kind %u: the lanes of the message", moment->seed, i,
              message->kind);
    cr_assert_eq(quick->send.update_bytes, general->send.update_bytes, "seed %lu, record %u",
                 moment->seed, i);
    cr_assert_eq(message->wire_bytes, mesh_wire_message_bytes(&moment->shared, message),
                 "seed %lu, record %u, kind %u: bytes", moment->seed, i, message->kind);
}

static void expect_same_record(const struct moment *moment, const struct told *a,
                               const struct told *b, uint32_t i)
{
    const struct mesh_record *quick = &a->room.records[i];
    const struct mesh_record *general = &b->room.records[i];
    cr_assert(quick->kind == general->kind && quick->event == general->event &&
                  quick->scope == general->scope,
              "seed %lu: record %u is of kind %u, not %u", moment->seed, i, quick->kind,
              general->kind);
    if (quick->kind == MESH_RECORD_SEND) {
        expect_same_send(moment, a, b, i);
    } else if (quick->kind == MESH_RECORD_DELIVER) {
        cr_assert(memcmp(quick->deliver.hash, general->deliver.hash, sizeof quick->deliver.hash) ==
                          0 &&
                      quick->deliver.news_first == general->deliver.news_first &&
                      quick->deliver.news_count == general->deliver.news_count &&
                      quick->deliver.update_count == general->deliver.update_count,
                  "seed %lu, record %u: what is delivered", moment->seed, i);
    } else {
        cr_assert_eq(quick->kind, MESH_RECORD_REJECT);
        cr_assert(quick->reject.source == general->reject.source &&
                      quick->reject.reason == general->reject.reason,
                  "seed %lu, record %u: why it is refused", moment->seed, i);
    }
}

// `a`, and the states as they are, are as `b`.
static void expect_same(const struct moment *moment, const struct told *a, const struct told *b)
{
    const struct mesh_output *quick = &a->output;
    const struct mesh_output *general = &b->output;
    cr_assert_eq(quick->record_count, general->record_count, "seed %lu: records", moment->seed);
    for (uint32_t i = 0; i < quick->record_count; i++) {
        expect_same_record(moment, a, b, i);
    }
    cr_assert_eq(quick->target_count, general->target_count, "seed %lu", moment->seed);
    cr_assert(memcmp(a->room.targets, b->room.targets,
                     quick->target_count * sizeof *a->room.targets) == 0,
              "seed %lu: targets", moment->seed);
    cr_assert_eq(quick->news_count, general->news_count, "seed %lu", moment->seed);
    for (uint32_t i = 0; i < quick->news_count; i++) {
        cr_assert(a->room.news[i].word == b->room.news[i].word &&
                      a->room.news[i].lanes == b->room.news[i].lanes,
                  "seed %lu: news %u", moment->seed, i);
    }
    for (uint32_t node = 0; node < NODES; node++) {
        size_t at = node * moment->states.stride;
        cr_assert(memcmp((const char *)moment->replicas + at, (const char *)b->replicas + at,
                         moment->states.stride) == 0,
                  "seed %lu: the replica of node %u", moment->seed, node);
    }
    cr_assert(memcmp(moment->role, b->role, sizeof b->role) == 0, "seed %lu: the role",
              moment->seed);
}

// Without places messages lie back to back.
static void expect_same_layout(const struct moment *moment, const struct told *a,
                               const struct told *b)
{
    cr_assert_eq(a->output.message_words, b->output.message_words, "seed %lu", moment->seed);
    for (uint32_t i = 0; i < a->output.record_count; i++) {
        if (a->room.records[i].kind == MESH_RECORD_SEND) {
            cr_assert_eq((const uint64_t *)a->room.records[i].send.message - a->room.messages,
                         (const uint64_t *)b->room.records[i].send.message - b->room.messages,
                         "seed %lu: where message %u lies", moment->seed, i);
        }
    }
}

// Answers to plain receipts lie in the places, in their order, while there are some, and all else
// back to back.
static void expect_places(const struct moment *moment, const struct batch *batch,
                          const struct told *told, struct seen *seen)
{
    uint32_t taken[MESH_SETS_MAX] = {0};
    size_t behind = 0;
    for (uint32_t i = 0; i < told->output.record_count; i++) {
        const struct mesh_record *record = &told->room.records[i];
        if (record->kind != MESH_RECORD_SEND) {
            continue;
        }
        const uint64_t *lies = (const uint64_t *)record->send.message;
        uint32_t set = mesh_message_sets(record->send.message->kind) - 1;
        bool plain = batch->plain && is_plain(moment, &batch->events[record->event]);
        if (plain && taken[set] < told->output.answers[set].count) {
            cr_assert_eq(lies, told->answers[set][taken[set]], "seed %lu: answer %u", moment->seed,
                         i);
            taken[set]++;
            seen->placed[set]++;
        } else {
            cr_assert_eq(lies, told->room.messages + behind, "seed %lu: message %u", moment->seed,
                         i);
            behind += message_bytes(record->send.message) / sizeof(uint64_t);
            seen->behind += plain;
        }
    }
    cr_assert_eq(told->output.message_words, behind, "seed %lu", moment->seed);
    for (uint32_t set = 0; set < MESH_SETS_MAX; set++) {
        cr_assert_eq(told->output.answers[set].taken, taken[set], "seed %lu", moment->seed);
        for (uint32_t i = 0; i < BATCH; i++) {
            cr_assert_eq(told->answers[set][i][HEAD_WORDS + (set + 1) * moment->words], UINT64_MAX,
                         "seed %lu: more than fits place %u", moment->seed, i);
        }
    }
}

// ---- What was tried ----

static void note_send(const struct moment *moment, const struct mesh_message *message,
                      struct seen *seen)
{
    uint64_t local = 0;
    uint64_t shared = 0;
    struct mesh_lanes updates = mesh_message_updates(message);
    for (uint32_t word = 0; word < updates.words; word++) {
        *(word < moment->shared.local_words ? &local : &shared) |= updates.lanes[word];
    }
    bool uneven = moment->local[0].size_varies != 0;
    seen->sent[message->kind]++;
    seen->full[message->kind] += message->update_count == moment->scopes[0].update_limit;
    seen->mixed += local != 0 && shared != 0;
    seen->uneven += local != 0 && uneven;
    seen->even += local != 0 && shared == 0 && !uneven;
}

static void note(const struct moment *moment, const struct batch *batch, const struct told *told,
                 struct seen *seen)
{
    bool answered[BATCH] = {false};
    for (uint32_t i = 0; i < told->output.record_count; i++) {
        const struct mesh_record *record = &told->room.records[i];
        seen->refused += record->kind == MESH_RECORD_REJECT;
        if (!batch->plain || !is_plain(moment, &batch->events[record->event])) {
            continue;
        }
        if (record->kind == MESH_RECORD_SEND) {
            answered[record->event] = true;
            note_send(moment, record->send.message, seen);
        }
        seen->delivered += record->kind == MESH_RECORD_DELIVER;
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        if (batch->plain && is_plain(moment, &batch->events[i])) {
            uint32_t kind = batch->events[i].message->kind;
            seen->plain++;
            *(answered[i] ? &seen->answered[kind] : &seen->silent[kind]) += 1;
        }
    }
}

static void expect_tried(const struct seen *seen, uint32_t often)
{
    cr_expect_gt(seen->plain, 20 * often, "%u receipts could be done quickly", seen->plain);
    cr_expect_gt(seen->delivered, 5 * often, "%u brought something", seen->delivered);
    for (uint32_t kind = MESH_MESSAGE_OPEN; kind <= MESH_MESSAGE_REST; kind++) {
        cr_expect(seen->answered[kind] > often || kind == MESH_MESSAGE_REST, "kind %u: %u answered",
                  kind, seen->answered[kind]);
        cr_expect(seen->silent[kind] > often, "kind %u: %u not answered", kind, seen->silent[kind]);
    }
    cr_expect_eq(seen->answered[MESH_MESSAGE_REST], 0);
    for (uint32_t kind = MESH_MESSAGE_ANSWER; kind <= MESH_MESSAGE_REST; kind++) {
        bool carries = kind != MESH_MESSAGE_VECTOR;
        cr_expect_gt(seen->sent[kind], often, "%u of kind %u", seen->sent[kind], kind);
        cr_expect(seen->full[kind] > often / 2 || !carries, "%u of kind %u are full",
                  seen->full[kind], kind);
    }
    cr_expect(seen->even > often && seen->uneven > often && seen->mixed > often,
              "%u of updates of one size, %u of several, %u with shared ones", seen->even,
              seen->uneven, seen->mixed);
}

// ---- Tests ----

enum { OFTEN = 500, MOMENTS = 250, BATCHES = 24 };

struct trial {
    struct moment moment;
    struct batch batch;
    struct told before;
    struct told general;
    struct told quick;
    struct seen seen;
};

static struct trial *new_trial(void)
{
    struct trial *trial = calloc(1, sizeof *trial);
    cr_assert_not_null(trial);
    return trial;
}

// Steps `count` made-up events the general way, and goes back.
static void begin_trial(struct trial *trial, uint32_t count)
{
    moment_roll_batch(&trial->moment, count, &trial->batch);
    keep_states(&trial->moment, &trial->before);
    step_generally(&trial->moment, &trial->batch, &trial->general);
    restore_states(&trial->moment, &trial->before);
    trial->quick.output = room_output(&trial->quick.room);
}

Test(exchange, what_is_done_quickly_is_what_all_cases_go_through)
{
    struct trial *trial = new_trial();
    struct moment *moment = &trial->moment;
    for (uint64_t seed = 1; seed <= MOMENTS; seed++) {
        moment_init(moment, seed);
        cr_assert(mesh_exchange_is_plain_at(&moment->config, &moment->states, 0));
        cr_assert_not(mesh_exchange_is_plain_at(&moment->config, &moment->states, 1));
        for (uint32_t i = 0; i < BATCHES; i++) {
            begin_trial(trial, 1 + dice_below(&moment->dice, BATCH));
            step(moment, trial->batch.events, trial->batch.count, &trial->quick);
            expect_same(moment, &trial->quick, &trial->general);
            expect_same_layout(moment, &trial->quick, &trial->general);
            note(moment, &trial->batch, &trial->quick, &trial->seen);
        }
    }
    expect_tried(&trial->seen, OFTEN);
    cr_expect_gt(trial->seen.refused, OFTEN, "%u messages were refused", trial->seen.refused);
    free(trial);
}

Test(exchange, answers_lie_in_the_places_given_in_their_order_and_nothing_else_changes)
{
    struct trial *trial = new_trial();
    struct moment *moment = &trial->moment;
    const struct seen *seen = &trial->seen;
    for (uint64_t seed = MOMENTS + 1; seed <= MOMENTS + MOMENTS / 3; seed++) {
        moment_init(moment, seed);
        for (uint32_t i = 0; i < BATCHES; i++) {
            begin_trial(trial, BATCH);
            give_places(moment, &trial->quick, dice_below(&moment->dice, BATCH + 1));
            step(moment, trial->batch.events, trial->batch.count, &trial->quick);
            expect_same(moment, &trial->quick, &trial->general);
            expect_places(moment, &trial->batch, &trial->quick, &trial->seen);
        }
    }
    cr_expect(seen->placed[0] > OFTEN && seen->placed[1] > OFTEN && seen->behind > OFTEN,
              "%u and %u in places, %u behind", seen->placed[0], seen->placed[1], seen->behind);
    free(trial);
}

static void step_with(mesh_exchange_code *code, struct moment *moment,
                      const struct mesh_event *event, struct mesh_output *output)
{
    struct stepping stepping = {
        .config = &moment->config,
        .states = &moment->states,
        .event = event,
        .code = mesh_lanes_code(),
        .locals = moment->locals,
        .local = moment->locals[event->scope],
        .replica = mesh_replica_of(&moment->states, event->node),
        .scope = event->scope,
        .output = output,
    };
    code(&stepping);
}

static void try_all_codes(struct trial *trial)
{
    struct moment *moment = &trial->moment;
    for (uint32_t machine = 0; machine < MESH_LANES_MACHINE_COUNT; machine++) {
        mesh_exchange_code *code = mesh_exchange_code_of((enum mesh_lanes_machine)machine);
        if (code != NULL) {
            trial->quick.output = room_output(&trial->quick.room);
            restore_states(moment, &trial->before);
            step_with(code, moment, &trial->batch.events[0], &trial->quick.output);
            expect_same(moment, &trial->quick, &trial->general);
            expect_same_layout(moment, &trial->quick, &trial->general);
        }
    }
    restore_states(moment, &trial->before);
}

Test(exchange, every_machines_code_is_what_all_cases_go_through)
{
    struct trial *trial = new_trial();
    struct moment *moment = &trial->moment;
    for (uint64_t seed = 2 * MOMENTS; seed < 2 * MOMENTS + MOMENTS / 2; seed++) {
        moment_init(moment, seed);
        for (uint32_t i = 0; i < 5 * BATCHES; i++) {
            begin_trial(trial, 1);
            if (is_plain(moment, &trial->batch.events[0])) {
                try_all_codes(trial);
                note(moment, &trial->batch, &trial->general, &trial->seen);
            }
        }
    }
    expect_tried(&trial->seen, OFTEN / 2);
    free(trial);
}

Test(exchange, the_plain_code_is_there_on_every_machine_and_the_best_is_one_of_all)
{
    bool is_one = false;
    for (uint32_t machine = 0; machine < MESH_LANES_MACHINE_COUNT; machine++) {
        mesh_exchange_code *code = mesh_exchange_code_of((enum mesh_lanes_machine)machine);
        cr_expect_eq(code != NULL, mesh_lanes_code_of((enum mesh_lanes_machine)machine) != NULL);
        is_one |= code == mesh_exchange_best_code();
    }
    cr_expect_not_null(mesh_exchange_code_of(MESH_LANES_PLAIN));
    cr_expect_not_null(mesh_exchange_best_code());
    cr_expect(is_one);
    cr_expect_null(mesh_exchange_code_of(MESH_LANES_MACHINE_COUNT));
}

static bool is_plain_at_home(const struct moment *moment)
{
    return mesh_exchange_is_plain_at(&moment->config, &moment->states, 0);
}

// Each by itself makes a scope go the general way.
Test(exchange, what_an_edge_must_not_have_is_looked_for)
{
    static const struct mesh_guard guard;
    struct trial *trial = new_trial();
    struct moment *moment = &trial->moment;
    moment_init(moment, 1);
    const struct mesh_scope plain = moment->scopes[0];
    cr_assert(is_plain_at_home(moment));
    cr_expect_not(mesh_exchange_is_plain_at(&moment->config, &moment->states, LINK), "no reports");
    for (enum mesh_mode mode = MESH_PUSH; mode <= MESH_DELTA; mode++) {
        moment->scopes[0].mode = mode;
        cr_expect_eq(is_plain_at_home(moment), mode == MESH_PUSH_PULL, "mode %u", mode);
    }
    moment->scopes[0] = plain;
    moment->scopes[0].schedule = MESH_SYNCHRONOUS;
    cr_expect_not(is_plain_at_home(moment), "what is heard counts later");
    moment->scopes[0] = plain;
    moment->scopes[0].schedule = MESH_POISSON;
    cr_expect(is_plain_at_home(moment));
    moment->shared.contested = 2;
    cr_expect_not(is_plain_at_home(moment), "two values of a dot");
    moment->shared.contested = 0;
    moment->config.guard = &guard;
    cr_expect_not(is_plain_at_home(moment), "a guard");
    moment->config.guard = NULL;
    moment->config.eager_links = true;
    cr_expect_not(is_plain_at_home(moment), "eager links");
    moment->config.eager_links = false;
    moment->states.raft_count = 1;
    cr_expect_not(is_plain_at_home(moment), "Raft");
    moment->states.raft_count = 0;
    moment->states.words = MESH_LANES_WORDS + 1;
    cr_expect_not(is_plain_at_home(moment), "too many words");
    moment->states.words = MESH_LANES_WORDS;
    cr_expect(is_plain_at_home(moment));
    free(trial);
}
