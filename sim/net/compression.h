// SPDX-License-Identifier: GPL-3.0-or-later
// What zstd makes of messages, measured once before a run and then a table of integers.
//
//     stand-ins for the workload's updates (a mesh_table)
//        |  messages of 1, 2, 3, 4, 6, 8 ... updates, and of as many dots, by the core's encoder
//        v
//     zstd, level 3, one frame a message     bytes before, bytes after, by size class
//        v
//     a message of b bytes takes  ceil(b * after / before)  of its class, never more than b
//
// Class c holds messages of 2^c to 2^(c+1) - 1 encoded bytes. Messages that carry updates and those
// that only name them shrink differently and have a table each. What would not shrink is sent as it
// is. Another version of zstd may give other figures; a run keeps those it was made with.

#ifndef SIM_COMPRESSION_H
#define SIM_COMPRESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "mesh/random.h"
#include "mesh/step.h"

#define SIM_SIZE_CLASSES 32u

enum sim_payload { SIM_PAYLOAD_UPDATES, SIM_PAYLOAD_DOTS, SIM_PAYLOAD_COUNT };

// Of one message of the class; both 0: there is none, and the next smaller class counts.
struct sim_compressed {
    uint32_t encoded_bytes;
    uint32_t compressed_bytes;
};

struct sim_compression {
    bool measured;
    struct sim_compressed classes[SIM_PAYLOAD_COUNT][SIM_SIZE_CLASSES];
};

// Measures messages of up to `update_limit` of the table's updates, which must all be written.
void sim_compression_measure(struct sim_compression *compression, const struct mesh_config *config,
                             const struct mesh_table *table, uint32_t update_limit);

// What a message of so many encoded bytes takes.
static inline uint32_t sim_compression_bytes(const struct sim_compression *compression,
                                             uint32_t encoded_bytes, bool updates)
{
    const struct sim_compressed *classes =
        compression->classes[updates ? SIM_PAYLOAD_UPDATES : SIM_PAYLOAD_DOTS];
    uint32_t class = encoded_bytes == 0 ? 0 : 31 - (uint32_t)__builtin_clz(encoded_bytes);
    while (class > 0 && classes[class].encoded_bytes == 0) {
        class --;
    }
    uint64_t before = classes[class].encoded_bytes;
    uint64_t after = classes[class].compressed_bytes;
    return before <= after ? encoded_bytes
                           : (uint32_t)((encoded_bytes * after + before - 1) / before);
}

// The same without dividing, for who asks at every message.
struct sim_shrinking {
    struct {
        uint64_t before;
        uint64_t after;
        uint64_t reciprocal;  // ceil(2^64 / before); 0: such messages are sent as they are
    } classes[SIM_PAYLOAD_COUNT][SIM_SIZE_CLASSES];
};

void sim_shrinking_init(struct sim_shrinking *shrinking, const struct sim_compression *compression);

#define SIM_SHRINKING_CLASSES 22u  // in smaller ones the product stays below 2^64 / before

static inline uint32_t sim_shrinking_bytes(const struct sim_shrinking *shrinking,
                                           uint32_t encoded_bytes, bool updates)
{
    uint32_t class = 31 - (uint32_t)__builtin_clz(encoded_bytes | 1);
    uint64_t before = shrinking->classes[!updates][class].before;
    uint64_t after = shrinking->classes[!updates][class].after;
    uint64_t reciprocal = shrinking->classes[!updates][class].reciprocal;
    uint64_t product = encoded_bytes * after + before - 1;
    if (reciprocal == 0) {
        return encoded_bytes;
    }
    return class < SIM_SHRINKING_CLASSES ? (uint32_t)((mesh_uint128)product * reciprocal >> 64)
                                         : (uint32_t)(product / before);
}

const char *sim_payload_name(enum sim_payload payload);

// Of the library that measures, "1.5.4".
const char *sim_compression_version(void);

#endif
