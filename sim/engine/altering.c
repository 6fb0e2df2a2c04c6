// SPDX-License-Identifier: GPL-3.0-or-later
#include "altering.h"

#include <string.h>

#include "allocate.h"
#include "liars.h"
#include "mesh/wire.h"
#include "state.h"

#define HEAD_WORDS (sizeof(struct mesh_message) / sizeof(uint64_t))
#define NAME_BYTES 12u  // of an update, its origin and number, and what says how it is meant
#define HASH_BYTES 16u

// ---- Lanes ----

uint32_t sim_altering_lanes_max(const struct sim_engine *engine)
{
    return engine->config.network->alters ? SIM_ALTERED_RUN : 0;
}

uint32_t sim_altering_lanes_wanted(const struct sim_engine *engine)
{
    uint32_t left = sim_altering_lanes_max(engine) - engine->altering.count;
    return left < SIM_ALTERED_STRIDE ? left : SIM_ALTERED_STRIDE;
}

void sim_altering_begin(struct sim_engine *engine)
{
    engine->altering.before = engine->altering.count;
}

static bool has_lane(const struct sim_engine *engine)
{
    const struct sim_altering *altering = &engine->altering;
    return altering->count < SIM_ALTERED_RUN &&
           altering->count - altering->before < SIM_ALTERED_STRIDE;
}

// ---- What is hit ----

static bool may_be_altered(const struct mesh_message *message)
{
    return message->update_count > 0 && mesh_message_updates(message).words > 0 &&
           message->kind != MESH_MESSAGE_ASK && message->kind != MESH_MESSAGE_JOIN &&
           message->kind != MESH_MESSAGE_SNAPSHOT;
}

// The update of the shared table that byte `place` of the message's updates is of, and its place
// in that; MESH_LANE_NONE: of none.
static uint32_t find_hit(const struct sim_engine *engine, const struct mesh_message *message,
                         uint32_t *place)
{
    const struct mesh_lanes updates = mesh_message_updates(message);
    for (uint32_t i = 0; may_be_altered(message) && i < updates.words; i++) {
        uint32_t word = updates.word_first + i;
        uint64_t left = word < engine->local_words ? 0 : updates.lanes[i];
        for (; left != 0; left &= left - 1) {
            uint32_t lane = 64 * (word - engine->local_words) + (uint32_t)__builtin_ctzll(left);
            uint32_t bytes = engine->table.updates[lane].wire_bytes;
            if (*place < bytes) {
                return lane;
            }
            *place -= bytes;
        }
    }
    return MESH_LANE_NONE;
}

// The update as it arrives; it has a lane of its own. Where its name was hit it is another's.
static uint32_t falsify(struct sim_engine *engine, uint64_t time_ns, uint32_t lane, bool name)
{
    struct mesh_dot dot = engine->table.updates[lane].dot;
    if (name) {
        dot.sequence = SIM_FORGED_SEQUENCE + engine->liars.lie_count;
    }
    struct sim_lie *lie = sim_lies_add(engine, &(struct sim_lie){.time_ns = time_ns,
                                                                 .dot = dot,
                                                                 .entry = SIM_LIE_OF_NETWORK,
                                                                 .liar = MESH_NODE_NONE});
    const struct mesh_update *said = &engine->table.updates[lane];
    struct mesh_update *update = &engine->table.updates[lie->lane];
    sim_lies_copy(said, update);
    if (!name) {
        sim_lies_alter(lie, update);
    }
    update->forged = true;
    sim_lies_seal(engine, update);
    engine->altering.count++;
    return lie->lane;
}

// ---- The message that arrives ----

// A copy whose sets reach from the first of their words to `word` at least.
static struct mesh_message *copy_of(const struct mesh_message *message, uint32_t word)
{
    uint32_t first = message->words == 0 || word < message->word_first ? word : message->word_first;
    uint32_t end = (uint32_t)message->word_first + message->words;
    end = message->words == 0 || end <= word ? word + 1 : end;
    uint32_t words = end - first;
    uint32_t sets = mesh_message_sets(message->kind);
    struct mesh_message *copy =
        sim_memory_zeroed((HEAD_WORDS + (size_t)sets * words) * sizeof(uint64_t));
    memcpy(copy, message, sizeof *message);
    copy->word_first = (uint16_t)first;
    copy->words = (uint16_t)words;
    for (uint32_t set = 0; set < sets; set++) {
        memcpy(copy->lanes + (size_t)set * words + (message->word_first - first),
               message->lanes + (size_t)set * message->words, message->words * sizeof(uint64_t));
    }
    return copy;
}

static uint32_t put(struct sim_worker *worker, const struct mesh_message *message)
{
    return sim_messages_copy(&worker->messages, &worker->output, message);
}

static uint32_t put_altered(struct sim_worker *worker, const struct mesh_message *message,
                            uint32_t lane, bool name)
{
    struct sim_engine *engine = worker->engine;
    uint32_t other = falsify(engine, message->sent_ns, lane, name);
    uint32_t from = engine->local_words + lane / 64;
    uint32_t to = engine->local_words + other / 64;
    struct mesh_message *copy = copy_of(message, to);
    copy->lanes[from - copy->word_first] &= ~(UINT64_C(1) << lane % 64);
    copy->lanes[to - copy->word_first] |= UINT64_C(1) << other % 64;
    uint32_t reference = put(worker, copy);
    sim_memory_free(copy);
    return reference;
}

// The broken copy as it arrives, its place in the order aside.
static uint32_t alter(struct sim_worker *worker, const struct mesh_message *message,
                      uint32_t target, bool second)
{
    const struct sim_engine *engine = worker->engine;
    struct mesh_random random = mesh_draw(engine->config.lying.seed, SIM_DRAW_ALTER,
                                          2 * target + second, message->source, message->sequence);
    uint32_t place = mesh_below(random.word[0], message->wire_bytes);
    uint32_t lane = find_hit(engine, message, &place);
    if (lane != MESH_LANE_NONE && has_lane(engine)) {
        return put_altered(worker, message, lane, place < NAME_BYTES);
    }
    uint32_t reference = put(worker, message);
    struct mesh_message *arrives = sim_messages_under_way(&worker->messages, reference);
    bool hashed = message->kind == MESH_MESSAGE_OPEN || message->kind == MESH_MESSAGE_ANSWER;
    if (hashed && lane == MESH_LANE_NONE && place < HASH_BYTES) {
        arrives->hash[place / 8] ^= UINT64_C(1) << random.word[1] % 64;
    } else {
        arrives->garbled = 1;
    }
    return reference;
}

uint32_t sim_altering_alter(struct sim_worker *worker, const struct mesh_message *message,
                            uint32_t target, bool second)
{
    uint32_t reference = alter(worker, message, target, second);
    sim_messages_under_way(&worker->messages, reference)->sequence |=
        second ? SIM_SEQUENCE_SECOND : SIM_SEQUENCE_FIRST;
    return reference;
}
