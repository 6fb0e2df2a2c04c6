// SPDX-License-Identifier: Apache-2.0
// Reading and writing bytes within bounds: little endian, varints in LEB128.
//
//     writer   goes on counting when the buffer is full, so that one check at the end is enough
//     reader   remembers that it ran out or read what is not allowed; from then on it yields zeros
//
// Varints are read in their shortest form only, so that a number has one encoding.

#ifndef MESH_CURSOR_H
#define MESH_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mesh/random.h"

struct writer {
    uint8_t *bytes;
    size_t capacity;
    size_t count;
};

struct reader {
    const uint8_t *bytes;
    size_t left;
    bool failed;
};

// ---- Writing ----

static inline uint32_t varint_bytes(uint64_t value)
{
    uint32_t bytes = 1;
    while (value >= 0x80) {
        value >>= 7;
        bytes++;
    }
    return bytes;
}

static inline void put(struct writer *writer, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++, writer->count++) {
        if (writer->count < writer->capacity) {
            writer->bytes[writer->count] = (uint8_t)(value >> 8 * i);
        }
    }
}

static inline void put_varint(struct writer *writer, uint64_t value)
{
    while (value >= 0x80) {
        put(writer, (value & 0x7f) | 0x80, 1);
        value >>= 7;
    }
    put(writer, value, 1);
}

static inline void put_varint_wide(struct writer *writer, mesh_uint128 value)
{
    while (value >= 0x80) {
        put(writer, (uint64_t)(value & 0x7f) | 0x80, 1);
        value >>= 7;
    }
    put(writer, (uint64_t)value, 1);
}

static inline void put_bytes(struct writer *writer, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put(writer, bytes[i], 1);
    }
}

// ---- Reading ----

static inline uint64_t take(struct reader *reader, uint32_t bytes)
{
    if (reader->left < bytes) {
        reader->failed = true;
        reader->left = 0;
        return 0;
    }
    uint64_t value = 0;
    for (uint32_t i = 0; i < bytes; i++) {
        value |= (uint64_t)reader->bytes[i] << 8 * i;
    }
    reader->bytes += bytes;
    reader->left -= bytes;
    return value;
}

// A varint of at most `maximum`.
static inline mesh_uint128 take_varint_wide(struct reader *reader, mesh_uint128 maximum)
{
    mesh_uint128 value = 0;
    for (uint32_t shift = 0; shift < 128; shift += 7) {
        uint64_t byte = take(reader, 1);
        if (shift == 126 && byte > 3) {
            break;
        }
        value |= (mesh_uint128)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            if ((byte == 0 && shift > 0) || value > maximum) {
                break;
            }
            return value;
        }
    }
    reader->failed = true;
    return 0;
}

static inline uint64_t take_varint(struct reader *reader, uint64_t maximum)
{
    uint64_t value = 0;
    for (uint32_t shift = 0; shift < 64; shift += 7) {
        uint64_t byte = take(reader, 1);
        if (shift == 63 && byte > 1) {
            break;
        }
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80) {
            if ((byte == 0 && shift > 0) || value > maximum) {
                break;
            }
            return value;
        }
    }
    reader->failed = true;
    return 0;
}

static inline const uint8_t *take_bytes(struct reader *reader, size_t count)
{
    if (reader->left < count) {
        reader->failed = true;
        reader->left = 0;
        return NULL;
    }
    const uint8_t *bytes = reader->bytes;
    reader->bytes += count;
    reader->left -= count;
    return bytes;
}

#endif
