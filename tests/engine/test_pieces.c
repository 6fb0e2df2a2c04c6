// SPDX-License-Identifier: GPL-3.0-or-later
// Pieces of memory for answers (sim/engine/messages.h): none is in two hands, the last that came
// back is the first to go, and what they are cut from is found again when they change their size.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "../core/dice.h"
#include "fixture.h"

enum { HEAD_WORDS = sizeof(struct mesh_message) / sizeof(uint64_t), LINE_BYTES = 64 };

struct memory {
    struct sim_chunks chunks;
    struct sim_messages messages;
    struct mesh_output output;  // of the slot being filled
};

static void memory_init(struct memory *memory, uint32_t words)
{
    *memory = (struct memory){.output = {.messages = NULL}};
    sim_chunks_init(&memory->chunks, 1000);
    sim_messages_init(&memory->messages, &memory->chunks, 4);
    sim_messages_size_pieces(&memory->messages, words);
    sim_messages_go_on(&memory->messages, &memory->output, 0);
}

static void memory_finish(struct memory *memory)
{
    sim_messages_finish(&memory->messages);
    sim_chunks_finish(&memory->chunks);
}

// One piece.
static uint32_t take(struct memory *memory, uint32_t sets, uint64_t **place)
{
    uint32_t reference;
    sim_messages_take_pieces(&memory->messages, sets, 1, place, &reference);
    return reference;
}

Test(pieces, a_piece_is_found_by_its_reference_and_begins_a_line_of_the_cache)
{
    struct memory memory;
    uint64_t *places[300];
    uint32_t references[300];
    memory_init(&memory, 9);
    for (uint32_t sets = 1; sets <= MESH_SETS_MAX; sets++) {
        sim_messages_take_pieces(&memory.messages, sets, 300, places, references);
        for (uint32_t i = 0; i < 300; i++) {
            cr_assert_geq(references[i], SIM_REFERENCE_FREE);
            cr_assert(sim_messages_in_piece(&memory.messages, references[i]));
            cr_assert_eq(sim_messages_at(&memory.messages, references[i]),
                         (const struct mesh_message *)places[i]);
            cr_assert_eq((uintptr_t)places[i] % LINE_BYTES, 0);
        }
    }
    memory_finish(&memory);
}

Test(pieces, what_lies_in_a_slot_is_in_no_piece_and_is_not_given_back)
{
    struct memory memory;
    struct mesh_message message = {.kind = MESH_MESSAGE_FILL};
    uint64_t *place;
    memory_init(&memory, 1);
    uint32_t last = take(&memory, 2, &place);
    sim_messages_give_back(&memory.messages, last);
    uint32_t reference = sim_messages_copy(&memory.messages, &memory.output, &message);
    cr_expect_not(sim_messages_in_piece(&memory.messages, reference));
    sim_messages_give_back(&memory.messages, reference);
    sim_messages_give_back(&memory.messages, 0);  // an event without a message
    cr_expect_eq(take(&memory, 2, &place), last);
    memory_finish(&memory);
}

Test(pieces, the_last_that_came_back_is_the_first_to_go)
{
    struct memory memory;
    uint64_t *places[5];
    uint32_t references[5];
    memory_init(&memory, 3);
    sim_messages_take_pieces(&memory.messages, 1, 5, places, references);
    static const uint32_t order[] = {3, 0, 4, 1, 2};
    for (uint32_t i = 0; i < 5; i++) {
        sim_messages_give_back(&memory.messages, references[order[i]]);
    }
    for (uint32_t i = 5; i-- > 0;) {
        uint64_t *place;
        cr_expect_eq(take(&memory, 1, &place), references[order[i]], "piece %u", i);
        cr_expect_eq(place, places[order[i]]);
    }
    memory_finish(&memory);
}

// Those that were not written to go back, and the next to take some gets the same in that order.
Test(pieces, the_last_of_those_taken_are_returned_and_the_first_are_kept)
{
    for (uint32_t returned = 0; returned <= 8; returned++) {
        struct memory memory;
        uint64_t *places[8];
        uint64_t *again[8];
        uint32_t references[8];
        uint32_t anew[8];
        memory_init(&memory, 3);
        sim_messages_take_pieces(&memory.messages, 2, 8, places, references);
        sim_messages_return_pieces(&memory.messages, 2, returned);
        sim_messages_take_pieces(&memory.messages, 2, 8, again, anew);
        for (uint32_t i = 0; i < 8; i++) {
            for (uint32_t kept = 0; kept < 8 - returned; kept++) {
                cr_assert_neq(anew[i], references[kept], "%u returned: piece %u", returned, i);
            }
            cr_assert(i >= returned || anew[i] == references[8 - returned + i],
                      "%u returned: piece %u", returned, i);
        }
        memory_finish(&memory);
    }
}

Test(pieces, a_copy_in_a_piece_says_the_same)
{
    struct memory memory;
    uint64_t words[HEAD_WORDS + 2 * 7];
    struct mesh_message *message = (struct mesh_message *)words;
    struct dice dice = {3};
    memory_init(&memory, 7);
    for (uint32_t kind = MESH_MESSAGE_ANSWER; kind <= MESH_MESSAGE_REST; kind++) {
        for (uint32_t i = 0; i < sizeof words / sizeof *words; i++) {
            words[i] = dice_roll(&dice);
        }
        message->kind = kind & 0x3f;
        message->words = 7;
        uint32_t reference = sim_messages_copy_to_piece(&memory.messages, message);
        cr_expect(sim_messages_in_piece(&memory.messages, reference));
        cr_expect(memcmp(sim_messages_at(&memory.messages, reference), message,
                         sim_message_words(message) * sizeof(uint64_t)) == 0,
                  "%s", kind_names[kind]);
    }
    memory_finish(&memory);
}

// ---- Whatever happens ----

#define HELD_MAX 3000u

// What is written to a piece that is out, in all of its words.
struct held {
    uint32_t reference;
    uint32_t sets;
    uint64_t mark;
};

struct story {
    struct memory memory;
    struct dice dice;
    uint32_t words;
    struct held held[HELD_MAX];
    uint32_t count;
    uint64_t marks;
};

static size_t words_of(const struct story *story, uint32_t sets)
{
    return HEAD_WORDS + (size_t)sets * story->words;
}

static void hold(struct story *story, uint32_t sets, uint32_t reference)
{
    uint64_t *words = (uint64_t *)sim_messages_under_way(&story->memory.messages, reference);
    uint64_t mark = ++story->marks;
    for (size_t i = 0; i < words_of(story, sets); i++) {
        words[i] = mark;
    }
    story->held[story->count++] = (struct held){reference, sets, mark};
}

static void take_some(struct story *story)
{
    uint64_t *places[64];
    uint32_t references[64];
    uint32_t sets = 1 + dice_below(&story->dice, MESH_SETS_MAX);
    uint32_t count = dice_below(&story->dice, 65);
    uint32_t kept = dice_below(&story->dice, count + 1);
    if (story->count + kept > HELD_MAX) {
        return;
    }
    sim_messages_take_pieces(&story->memory.messages, sets, count, places, references);
    sim_messages_return_pieces(&story->memory.messages, sets, count - kept);
    for (uint32_t i = 0; i < kept; i++) {
        hold(story, sets, references[i]);
    }
}

static void check(const struct story *story, const struct held *held)
{
    const uint64_t *words =
        (const uint64_t *)sim_messages_at(&story->memory.messages, held->reference);
    for (size_t i = 0; i < words_of(story, held->sets); i++) {
        cr_assert_eq(words[i], held->mark, "word %zu of a piece is somebody else's", i);
    }
}

static void give_some_back(struct story *story)
{
    for (uint32_t i = dice_below(&story->dice, 65); i > 0 && story->count > 0; i--) {
        uint32_t which = dice_below(&story->dice, story->count);
        check(story, &story->held[which]);
        sim_messages_give_back(&story->memory.messages, story->held[which].reference);
        story->held[which] = story->held[--story->count];
    }
}

// Messages of slots are written to other chunks, which come free and are cut into pieces later.
static void fill_slot(struct story *story)
{
    struct memory *memory = &story->memory;
    uint32_t slot = dice_below(&story->dice, 4);
    sim_messages_empty(&memory->messages, slot);
    sim_messages_go_on(&memory->messages, &memory->output, slot);
    for (uint32_t i = dice_below(&story->dice, 40); i > 0; i--) {
        uint32_t words = 1 + dice_below(&story->dice, 900);
        sim_messages_provide(&memory->messages, &memory->output, words);
        memset(memory->output.messages + memory->output.message_words, 0xA5,
               words * sizeof(uint64_t));
        memory->output.message_words += words;
    }
}

// All have come back, and messages become longer.
static void widen(struct story *story)
{
    struct sim_messages *messages = &story->memory.messages;
    while (story->count > 0) {
        check(story, &story->held[--story->count]);
    }
    uint32_t old = story->marks > 0
                       ? sim_messages_copy_to_piece(
                             messages, &(struct mesh_message){.kind = MESH_MESSAGE_REST})
                       : 0;
    sim_messages_forget_pieces(messages);
    story->words += dice_below(&story->dice, 9);
    sim_messages_size_pieces(messages, story->words);
    cr_assert_not(sim_messages_in_piece(messages, old), "it is cut anew when it is needed");
}

Test(pieces, none_is_in_two_hands_whatever_is_taken_given_back_and_sent_besides)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct story *story = calloc(1, sizeof *story);
        cr_assert_not_null(story);
        story->dice.state = seed;
        story->words = 1 + dice_below(&story->dice, 30);
        memory_init(&story->memory, story->words);
        for (uint32_t i = 0; i < 2000; i++) {
            uint32_t what = dice_below(&story->dice, 100);
            if (what < 45) {
                take_some(story);
            } else if (what < 90) {
                give_some_back(story);
            } else if (what < 99) {
                fill_slot(story);
            } else {
                widen(story);
            }
        }
        for (uint32_t i = 0; i < story->count; i++) {
            check(story, &story->held[i]);
        }
        memory_finish(&story->memory);
        free(story);
    }
}

// Chunks that were cut once serve again: without end, nothing grows.
Test(pieces, memory_does_not_grow_while_no_more_is_out)
{
    struct memory memory;
    uint64_t *places[64];
    uint32_t references[64];
    memory_init(&memory, 5);
    uint32_t count = 0;
    for (uint32_t i = 0; i < 5000; i++) {
        for (uint32_t sets = 1; sets <= MESH_SETS_MAX; sets++) {
            sim_messages_take_pieces(&memory.messages, sets, 64, places, references);
            for (uint32_t j = 0; j < 64; j++) {
                sim_messages_give_back(&memory.messages, references[j]);
            }
        }
        if (i % 100 == 99) {
            sim_messages_forget_pieces(&memory.messages);
            sim_messages_size_pieces(&memory.messages, 5 + i / 1000);
        }
        count = i == 100 ? memory.chunks.count : count;
    }
    cr_expect_eq(memory.chunks.count, count);
    memory_finish(&memory);
}
