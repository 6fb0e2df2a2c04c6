// SPDX-License-Identifier: GPL-3.0-or-later
// A step stops where its output might not hold another event, and nothing but that depends on the
// size of the buffers.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "dice.h"
#include "lab.h"

#define EVENTS_MAX 1024

// All that a sequence of steps put out, in bytes that can be compared.
struct told {
    uint64_t *words;
    size_t count;
};

static void append(struct told *told, const void *bytes, size_t count)
{
    size_t words = (count + 7) / 8;
    told->words = realloc(told->words, (told->count + words) * sizeof *told->words);
    cr_assert_not_null(told->words);
    told->words[told->count + words - 1] = 0;
    memcpy(told->words + told->count, bytes, count);
    told->count += words;
}

static void append_record(struct told *told, const struct mesh_record *record,
                          const struct mesh_output *output, uint32_t event)
{
    uint32_t head[] = {event, record->kind, record->scope};
    append(told, head, sizeof head);
    switch ((enum mesh_record_kind)record->kind) {
    case MESH_RECORD_SEND: {
        const struct mesh_message *message = record->send.message;
        size_t sets = mesh_message_sets(message->kind);
        append(told, message, sizeof *message + sets * message->words * sizeof(uint64_t));
        append(told, output->targets + record->send.target_first,
               record->send.target_count * sizeof(uint32_t));
        break;
    }
    case MESH_RECORD_TIMER: append(told, &record->timer, sizeof record->timer); break;
    case MESH_RECORD_PERSIST: append(told, &record->persist, sizeof record->persist); break;
    case MESH_RECORD_DELIVER:
        append(told, record->deliver.hash, sizeof record->deliver.hash);
        for (uint32_t i = 0; i < record->deliver.news_count; i++) {
            const struct mesh_news *news = &output->news[record->deliver.news_first + i];
            append(told, &news->lanes, sizeof news->lanes);
            append(told, &news->word, sizeof news->word);
        }
        break;
    case MESH_RECORD_REJECT: append(told, &record->reject, sizeof record->reject); break;
    case MESH_RECORD_ROW: append(told, &record->row, sizeof record->row); break;
    default: cr_assert_fail("a record of kind %u", record->kind);
    }
}

static bool same(const struct told *a, const struct told *b)
{
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++) {
        equal = a->words[i] == b->words[i];
    }
    return equal;
}

// Steps through all events in an output of `scale` times the least legal size; returns the calls.
static uint32_t run(const struct lab *lab, const struct mesh_event *events, uint32_t count,
                    uint32_t scale, struct told *told)
{
    struct mesh_bound bound = mesh_output_bound(&lab->config, lab->all.words);
    struct mesh_output output = {
        .records = malloc((size_t)scale * bound.records * sizeof(struct mesh_record)),
        .record_capacity = scale * bound.records,
        .targets = malloc((size_t)scale * bound.targets * sizeof(uint32_t)),
        .target_capacity = scale * bound.targets,
        .news = malloc((size_t)scale * bound.news * sizeof(struct mesh_news)),
        .news_capacity = scale * bound.news,
        .messages = malloc(scale * bound.message_words * sizeof(uint64_t)),
        .message_word_capacity = scale * bound.message_words,
    };
    cr_assert(output.records != NULL && output.targets != NULL && output.news != NULL &&
              output.messages != NULL);
    uint32_t calls = 0;
    for (uint32_t done = 0; done < count; calls++) {
        uint32_t consumed =
            mesh_step(&lab->config, &lab->all, events + done, count - done, &output);
        cr_assert(consumed > 0 && consumed <= count - done, "%u of %u events", consumed,
                  count - done);
        for (uint32_t i = 0; i < output.record_count; i++) {
            cr_assert(output.records[i].event < consumed);
            append_record(told, &output.records[i], &output, done + output.records[i].event);
        }
        done += consumed;
        output.record_count = 0;
        output.target_count = 0;
        output.news_count = 0;
        output.message_words = 0;
    }
    free(output.records);
    free(output.targets);
    free(output.news);
    free(output.messages);
    return calls;
}

// A busy mesh: replicas that differ, messages of every kind in flight.
static void make_busy(struct lab *lab, uint64_t seed)
{
    lab_init(lab, (struct lab_settings){.mode = MESH_EAGER,
                                        .nodes = 6,
                                        .words = 2,
                                        .fanout = 3,
                                        .update_limit = 5,
                                        .seed = seed});
    struct dice dice = {seed};
    for (int i = 0; i < 300; i++) {
        uint32_t node = dice_below(&dice, 6);
        uint32_t what = dice_below(&dice, 10);
        if (what < 2 && lab->write_count < 100) {
            lab_increment(lab, node, 0, 1);
        } else if (what < 4) {
            lab_tick(lab, node);
        } else if (lab->flight_count > 60) {
            lab_lose(lab, dice_below(&dice, lab->flight_count));
        } else if (lab->flight_count > 0) {
            lab_deliver(lab, dice_below(&dice, lab->flight_count), false);
        }
    }
}

// Everything in flight arrives, and everyone ticks: one batch, events sorted by node.
static uint32_t make_batch(const struct lab *lab, struct mesh_event *events)
{
    uint32_t count = 0;
    for (uint32_t node = 0; node < lab->scope.count; node++) {
        for (uint32_t i = 0; i < lab->flight_count; i++) {
            if (lab->flights[i].target == node) {
                cr_assert(count < EVENTS_MAX - LAB_NODES_MAX);
                events[count++] = (struct mesh_event){
                    .node = node, .kind = MESH_EVENT_RECEIVE, .message = lab->flights[i].message};
            }
        }
        events[count++] =
            (struct mesh_event){.node = node, .kind = MESH_EVENT_TICK, .tick = lab->ticks[node]};
    }
    return count;
}

Test(output, the_size_of_the_buffers_changes_nothing_but_the_number_of_calls)
{
    for (uint64_t seed = 1; seed <= 100; seed++) {
        static struct lab labs[2];
        static struct mesh_event events[EVENTS_MAX];
        struct told told[2] = {{0}};
        uint32_t calls[2];
        uint32_t count = 0;
        for (int i = 0; i < 2; i++) {
            make_busy(&labs[i], seed);
            count = make_batch(&labs[i], events);
            calls[i] = run(&labs[i], events, count, i == 0 ? EVENTS_MAX : 1, &told[i]);
        }
        cr_expect_eq(calls[0], 1, "seed %lu: %u calls though all would fit", seed, calls[0]);
        cr_expect(calls[1] > 1 && calls[1] <= count, "seed %lu: %u events in %u calls", seed, count,
                  calls[1]);
        cr_expect(same(&told[0], &told[1]),
                  "seed %lu: what %u events caused depends on the buffers", seed, count);
        for (int i = 0; i < 2; i++) {
            free(told[i].words);
            lab_finish(&labs[i]);
        }
    }
}

Test(output, a_step_consumes_nothing_while_its_output_could_not_hold_one_event)
{
    struct lab lab;
    lab_init(&lab, (struct lab_settings){.mode = MESH_PUSH_PULL});
    struct mesh_bound bound = mesh_output_bound(&lab.config, 1);
    struct mesh_event event = {.kind = MESH_EVENT_TICK};
    for (int lacking = 0; lacking < 4; lacking++) {
        struct mesh_output output = {
            .record_capacity = bound.records - (lacking == 0),
            .target_capacity = bound.targets - (lacking == 1),
            .message_word_capacity = bound.message_words - (lacking == 2),
            .news_capacity = bound.news - (lacking == 3),
        };
        cr_expect_eq(mesh_step(&lab.config, &lab.all, &event, 1, &output), 0);
        cr_expect_eq(output.record_count, 0);
    }
    lab_finish(&lab);
}
