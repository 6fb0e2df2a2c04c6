// SPDX-License-Identifier: Apache-2.0
#include "mesh/release.h"

#include <string.h>

// Planes, as bits, in which an update is still told on or judged by; 0: it always is.
static uint32_t active_planes(const struct mesh_config *config)
{
    static const uint32_t of_mode[] = {
        [MESH_PULL] = 1u << MESH_RECENT_0 | 1u << MESH_RECENT_1 | 1u << MESH_RECENT_2,
        [MESH_PUSH_PULL] = 1u << MESH_RECENT_0 | 1u << MESH_RECENT_1 | 1u << MESH_RECENT_2,
        [MESH_EAGER] = 1u << MESH_RECENT_0 | 1u << MESH_RECENT_1 | 1u << MESH_RECENT_2,
        [MESH_RUMOR] =
            1u << MESH_RECENT_0 | 1u << MESH_HOT | 1u << MESH_USEFUL | 1u << MESH_USELESS,
        [MESH_DELTA] = 1u << MESH_RECENT_0 | 1u << MESH_TOLD,
    };
    uint32_t active = 0;
    for (uint32_t i = 0; i < config->scope_count; i++) {
        if (config->scopes[i].mode == MESH_PUSH) {
            return 0;
        }
        active |= of_mode[config->scopes[i].mode];
    }
    return active;
}

static void settle_none(uint64_t *settled, uint32_t word_first, uint32_t word_end)
{
    memset(settled + word_first, 0, (word_end - word_first) * sizeof *settled);
}

// What a role still tells on its link.
static void unsettle_roles(const struct mesh_states *states, uint32_t word_first, uint32_t word_end,
                           uint64_t *settled)
{
    for (uint32_t i = 0; i < states->role_count; i++) {
        const struct mesh_role *role = mesh_role_at(states, i);
        for (uint32_t age = 0; age < MESH_RECENT_PLANES; age++) {
            const uint64_t *recent = &role->recent[(size_t)states->words * age];
            for (uint32_t word = word_first; word < word_end; word++) {
                settled[word] &= ~recent[word];
            }
        }
    }
}

void mesh_release_settled(const struct mesh_config *config, const struct mesh_states *states,
                          uint32_t word_first, uint32_t word_end, uint64_t *settled)
{
    uint32_t active = active_planes(config);
    if (active == 0) {
        settle_none(settled, word_first, word_end);
        return;
    }
    for (uint32_t i = 0; i < states->node_count; i++) {
        const struct mesh_replica *replica = mesh_replica_of(states, states->node_first + i);
        if (replica->joining) {
            settle_none(settled, word_first, word_end);
            return;
        }
        for (uint32_t word = word_first; word < word_end; word++) {
            settled[word] &= replica->planes[word];
        }
        for (uint32_t left = active; left != 0; left &= left - 1) {
            const uint64_t *plane = &replica->planes[(size_t)states->words * __builtin_ctz(left)];
            for (uint32_t word = word_first; word < word_end; word++) {
                settled[word] &= ~plane[word];
            }
        }
    }
    unsettle_roles(states, word_first, word_end, settled);
}

static void unsettle(struct mesh_lanes set, uint32_t word_first, uint32_t word_end,
                     uint64_t *settled)
{
    uint32_t first = set.word_first > word_first ? set.word_first : word_first;
    uint32_t end = set.word_first + set.words < word_end ? set.word_first + set.words : word_end;
    for (uint32_t word = first; word < end; word++) {
        settled[word] &= ~set.lanes[word - set.word_first];
    }
}

void mesh_release_under_way(const struct mesh_message *message, uint32_t word_first,
                            uint32_t word_end, uint64_t *settled)
{
    if (!mesh_message_has_lanes(message->kind)) {
        return;
    }
    if (message->kind == MESH_MESSAGE_SNAPSHOT) {
        settle_none(settled, word_first, word_end);
        return;
    }
    if (message->kind == MESH_MESSAGE_FEEDBACK) {
        unsettle(mesh_message_set(message, 0), word_first, word_end, settled);
        unsettle(mesh_message_set(message, 1), word_first, word_end, settled);
        return;
    }
    unsettle(mesh_message_updates(message), word_first, word_end, settled);
    struct mesh_lanes vector = mesh_message_vector(message);
    for (uint32_t word = word_first; vector.words > 0 && word < word_end; word++) {
        settled[word] &= mesh_lanes_at(&vector, word);
    }
}

static bool has(const uint64_t *lanes, uint32_t words, uint32_t lane)
{
    return lane / 64 < words && (lanes[lane / 64] >> lane % 64 & 1) != 0;
}

uint32_t mesh_release_lanes(struct mesh_table *table, uint64_t *lanes, uint32_t words,
                            void (*releasing)(void *context, const struct mesh_update *update),
                            void *context)
{
    uint32_t before = table->free_count;
    uint32_t lane_end = table->released == NULL ? 0 : table->lane_count;
    // From each origin's next write on along its chain, wherever the lanes of that lie.
    for (uint32_t first = 0; first < lane_end; first++) {
        uint32_t lane = first;
        while (lane != MESH_LANE_NONE && has(lanes, words, lane) &&
               table->updates[lane].dot.origin - table->origin_first < table->origin_count &&
               !table->updates[lane].contested && mesh_table_is_next(table, lane)) {
            uint32_t next = table->updates[lane].next_lane;
            if (releasing != NULL) {
                releasing(context, &table->updates[lane]);
            }
            mesh_table_release(table, lane);
            lane = next;
        }
    }
    for (uint32_t lane = 0; lane < 64 * words; lane++) {
        if (lane >= lane_end || table->updates[lane].dot.sequence != 0) {
            lanes[lane / 64] &= ~(UINT64_C(1) << lane % 64);
        }
    }
    return table->free_count - before;
}

void mesh_release_forget(const struct mesh_states *states, uint32_t word_first, uint32_t word_end,
                         const uint64_t *lanes)
{
    for (uint32_t i = 0; i < states->node_count; i++) {
        struct mesh_replica *replica = mesh_replica_of(states, states->node_first + i);
        for (uint32_t plane = 0; plane < states->planes; plane++) {
            uint64_t *words = &replica->planes[(size_t)states->words * plane];
            for (uint32_t word = word_first; word < word_end; word++) {
                words[word] &= ~lanes[word];
            }
        }
    }
}

void mesh_release_forget_in(struct mesh_message *message, uint32_t word_first, uint32_t word_end,
                            const uint64_t *lanes)
{
    struct mesh_lanes vector = mesh_message_vector(message);
    uint64_t *held = message->lanes + (vector.lanes - message->lanes);
    uint32_t first = vector.word_first > word_first ? vector.word_first : word_first;
    uint32_t last = vector.word_first + vector.words;
    uint32_t end = last < word_end ? last : word_end;
    for (uint32_t word = first; word < end; word++) {
        held[word - vector.word_first] &= ~lanes[word];
    }
}
