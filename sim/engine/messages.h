// SPDX-License-Identifier: GPL-3.0-or-later
// Memory for messages under way: written once by the core, read by every target, dropped all at
// once.
//
//     slot of the sending window:   0      1      2     ...  slots - 1
//                                   |      |
//                                 chunk  chunk -> chunk         each chunk holds many messages,
//                                                               back to back, 64-byte aligned start
//     reference = chunk number << shift | offset in 8-byte words    (29 bits)
//
// A slot is emptied when the ring comes round to it, when nothing sent in it can still be under
// way. Chunks are reused, never returned. Chunk 0 is never handed out: references below the chunk
// size are free for the queue's own use. They are cut from slabs that double up to SIM_SLAB_BYTES,
// so that a large run's messages lie in huge pages.
//
// Answers inside an edge are the most of all where agents report, and each has one target, in its
// sender's block. Where a block runs ahead (strides.c) they lie in pieces instead, which whoever
// steps the block gives back at the receipt and writes to next, while they are in the cache:
//
//     piece --> step --> ring --> step --> free list, the last given back first
//
// Each worker fills slots of its own; the chunks of all of them are numbered together, so that a
// reference says the same to everyone. Which numbers a worker gets depends on the threads' timing,
// which is why nothing but looking a message up may depend on a reference.

#ifndef SIM_MESSAGES_H
#define SIM_MESSAGES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mesh/step.h"

#define SIM_REFERENCE_BITS 29
#define SIM_REFERENCE_FREE 8192u  // no message has a reference below
#define SIM_SLAB_BYTES (UINT64_C(4) << 20)

// What the workers share. Only who owns a chunk touches its place in `next`; a place in `chunks` is
// written once, before there is a reference to it.
struct sim_chunks {
    uint64_t **chunks;       // [capacity] by number; [0] is NULL
    uint32_t *next;          // [capacity] next chunk of the same slot or free list, 0: none
    uint32_t *slab_chunks;   // [capacity] of the slab that begins with this chunk, 0: none does
    _Atomic uint32_t count;  // handed out so far, 0 among them
    uint8_t *piece_sets;     // [capacity] sets of lanes of the messages whose pieces the chunk was
                             // cut into, 0: of a slot
    uint32_t piece_words[MESH_SETS_MAX];  // of the pieces for so many sets, less one
    uint32_t capacity;
    uint32_t shift;  // a chunk has 1 << shift words
};

struct sim_pieces {
    uint32_t *free;  // [count] references
    uint32_t count;
    uint32_t capacity;
};

struct sim_messages {
    struct sim_chunks *shared;
    uint64_t **chunks;     // the shared
    uint32_t chunk_shift;  // the shared
    uint32_t *slot_first;  // [slot_count]
    size_t *slot_words;    // [slot_count] filled of the first chunk, as the slot was left
    uint32_t free_first;
    uint32_t slab_chunks;                     // of the slab that was cut last
    struct sim_pieces pieces[MESH_SETS_MAX];  // [sets - 1]
    uint32_t slot_count;
    uint32_t slot;  // the one being filled
};

// `message_words_max`: the largest amount asked for at once.
void sim_chunks_init(struct sim_chunks *chunks, size_t message_words_max);
void sim_chunks_finish(struct sim_chunks *chunks);

// Ends the program when memory runs out, here and below.
void sim_messages_init(struct sim_messages *messages, struct sim_chunks *shared,
                       uint32_t slot_count);
void sim_messages_finish(struct sim_messages *messages);

// Empties `slot`. Whoever is in it has to go on.
void sim_messages_empty(struct sim_messages *messages, uint32_t slot);

// Goes on in `slot` where it was left, and points the output's message memory there.
void sim_messages_go_on(struct sim_messages *messages, struct mesh_output *output, uint32_t slot);

// Points the output's message memory at a chunk with room for `words`, continuing the current one
// when it has.
void sim_messages_provide(struct sim_messages *messages, struct mesh_output *output, size_t words);

// Copies a message to the current slot; returns its reference.
uint32_t sim_messages_copy(struct sim_messages *messages, struct mesh_output *output,
                           const struct mesh_message *message);

// Takes `count` free pieces for messages of so many sets: where they lie, and their references. The
// last `count` of them may be returned before others are taken.
void sim_messages_take_pieces(struct sim_messages *messages, uint32_t sets, uint32_t count,
                              uint64_t **places, uint32_t *references);
void sim_messages_return_pieces(struct sim_messages *messages, uint32_t sets, uint32_t count);

// Copies a message to a free piece; returns its reference.
uint32_t sim_messages_copy_to_piece(struct sim_messages *messages,
                                    const struct mesh_message *message);

// Forgets its free pieces. When all workers have, and nothing lies in a piece, one of them takes
// the chunks; pieces hold messages of `words` words of lanes from then on.
void sim_messages_forget_pieces(struct sim_messages *messages);
void sim_messages_size_pieces(struct sim_messages *messages, uint32_t words);

size_t sim_message_words(const struct mesh_message *message);

// The message, for whoever owns all of them: at a window's end, when nothing is stepped.
static inline struct mesh_message *sim_messages_under_way(const struct sim_messages *messages,
                                                          uint32_t reference)
{
    return (struct mesh_message *)(messages->chunks[reference >> messages->chunk_shift] +
                                   (reference & ((1u << messages->chunk_shift) - 1)));
}

static inline const struct mesh_message *sim_messages_at(const struct sim_messages *messages,
                                                         uint32_t reference)
{
    return sim_messages_under_way(messages, reference);
}

static inline bool sim_messages_in_piece(const struct sim_messages *messages, uint32_t reference)
{
    return messages->shared->piece_sets[reference >> messages->chunk_shift] > 0;
}

void sim_messages_grow_pieces(struct sim_pieces *pieces);

// Gives back what lies in a piece and has arrived; of any other message there is nothing to do.
static inline void sim_messages_give_back(struct sim_messages *messages, uint32_t reference)
{
    uint32_t sets = messages->shared->piece_sets[reference >> messages->chunk_shift];
    if (sets > 0) {
        struct sim_pieces *pieces = &messages->pieces[sets - 1];
        if (pieces->count == pieces->capacity) {
            sim_messages_grow_pieces(pieces);
        }
        pieces->free[pieces->count++] = reference;
    }
}

// Asks for the head of a message, which may lie in two cache lines. Always inline: gcc drops calls
// of functions that only prefetch.
__attribute__((always_inline)) static inline void sim_messages_ask_for(
    const struct mesh_message *message)
{
    __builtin_prefetch(message);
    __builtin_prefetch((const char *)message + sizeof *message - 1);
}

// The reference of a message that lies in the chunk being filled.
static inline uint32_t sim_messages_reference(const struct sim_messages *messages,
                                              const struct mesh_message *message)
{
    uint32_t chunk = messages->slot_first[messages->slot];
    return chunk << messages->chunk_shift |
           (uint32_t)((const uint64_t *)message - messages->chunks[chunk]);
}

#endif
