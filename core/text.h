// SPDX-License-Identifier: Apache-2.0
// The order of byte strings: by their bytes, a prefix before what it begins.

#ifndef MESH_TEXT_H
#define MESH_TEXT_H

#include <stdint.h>

// Below, at or above zero as `a` stands before, at or after `b`. A loop and not memcmp: where only
// equality matters clang calls bcmp in its place, which the core's users need not have.
static inline int text_compare(const uint8_t *a, uint32_t a_bytes, const uint8_t *b,
                               uint32_t b_bytes)
{
    uint32_t shorter = a_bytes < b_bytes ? a_bytes : b_bytes;
    for (uint32_t i = 0; i < shorter; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

#endif
