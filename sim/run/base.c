// SPDX-License-Identifier: GPL-3.0-or-later
#include "base.h"

#include "allocate.h"

#define REGISTER_BYTES 22u  // key, clock, dot, size
#define COUNTER_BYTES 20u   // key, origin, prefix, total

static uint64_t *place_of(uint64_t *seen, uint32_t capacity, uint64_t name)
{
    uint32_t place = (uint32_t)(name * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (capacity - 1);
    while (seen[place] != 0 && seen[place] != name) {
        place = (place + 1) & (capacity - 1);
    }
    return &seen[place];
}

static void grow(struct sim_base *base)
{
    uint32_t capacity = base->capacity == 0 ? 64 : 2 * base->capacity;
    uint64_t *seen = sim_memory_zeroed(capacity * sizeof *seen);
    for (uint32_t i = 0; i < base->capacity; i++) {
        if (base->seen[i] != 0) {
            *place_of(seen, capacity, base->seen[i]) = base->seen[i];
        }
    }
    sim_memory_free(base->seen);
    base->seen = seen;
    base->capacity = capacity;
}

void sim_base_fold(struct sim_base *base, const struct mesh_update *update)
{
    bool counter = !mesh_update_has_value(update->type);
    uint64_t name = 1 + ((uint64_t)update->key << 32 | (counter ? update->dot.origin : 0));
    if (2 * base->count >= base->capacity) {
        grow(base);
    }
    uint64_t *place = place_of(base->seen, base->capacity, name);
    if (*place == 0) {
        *place = name;
        base->count++;
        base->bytes += counter ? COUNTER_BYTES : REGISTER_BYTES + update->value_bytes;
    }
}

void sim_base_finish(struct sim_base *base)
{
    sim_memory_free(base->seen);
}
