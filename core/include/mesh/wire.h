// SPDX-License-Identifier: Apache-2.0
// Messages as bytes: bounded encoding and decoding. Little endian; sizes in bytes.
//
//      0      1      2        4        8           12         20     36 (OPEN, ANSWER)
//     +------+------+--------+--------+-----------+----------+------+---------+--------+-----------
//     | kind | 0    | scope  | source | initiator | occasion | hash | updates | update | ... vector
//     |      |      |        |        |           |          |      | varint  |        | (VECTOR,
//     +------+------+--------+--------+-----------+----------+------+---------+--------+  FILL)
//
//     update   origin varint, sequence varint, clock 8, type 1, key varint, then
//              amount varint (G_INCREMENT), change varint, zigzag (PN_ADD), or length varint and
//              the value, whose form is its CRDT's (mesh/set.h, mesh/map.h, mesh/summary.h), then
//              64 bytes of signature when the mesh signs
//     vector   entries varint; each: origin varint, first varint, length varint: the dots
//              (origin, first) .. (origin, first + length - 1) are held, released or not
//
// VECTOR carries no updates, nor does FEEDBACK, which has two vectors: news, and what was known.
// SNAPSHOT has, like OPEN, the hash, then the sender's clock in 8 bytes, then all the sender holds
// as updates, then what is released and the base it was folded into (mesh/table.h):
//
//     released entries varint; each, by ascending origin: origin varint, count varint
//     base     length varint, the driver's bytes
//
// Where reports stay at home (mesh/table.h) a message at home carries and names updates of both
// tables, told apart by their origins. A snapshot there has behind the entries of the shared table
// those of the local one, each with what its newest update says, from the clock on, and then the
// sum of the hashes of all that is released of it, 16 bytes. Messages of rows: rows.h; those of
// Raft: raft_wire.c; those of SWIM: swim_wire.c.
//
// An update that arrives with a released dot is known: it is dropped, and not counted.
// Varints are LEB128, at most 5 bytes for 32 bits and 10 for 64, shortest form only, so that a
// number has one encoding. Nothing read is trusted: every length is checked against what is left.

#ifndef MESH_WIRE_H
#define MESH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mesh/step.h"

#define MESH_WIRE_HEADER_BYTES 20
#define MESH_WIRE_HASH_BYTES 16

// Whether the update says something that its type permits: what is written must, what is read is
// refused otherwise.
bool mesh_wire_update_is_valid(const struct mesh_update *update);

// Bytes of a row as it travels, signature included. The result belongs in update.wire_bytes.
uint32_t mesh_wire_update_bytes(const struct mesh_update *update, uint32_t signature_bytes);

// Bytes of the whole message: exactly what mesh_wire_encode writes.
uint32_t mesh_wire_message_bytes(const struct mesh_table *table,
                                 const struct mesh_message *message);

// Writes the message; returns its size, or 0 when `capacity` is too small.
size_t mesh_wire_encode(const struct mesh_config *config, const struct mesh_table *table,
                        const struct mesh_message *message, uint8_t *bytes, size_t capacity);

// Reads a message into `message`, which has room for 2 * words lane words, and in a mesh with tiers
// for mesh_rows_words_max(config) if that is more (mesh/tiers.h), in one with groups the same for
// mesh_raft_words_max(config) (mesh/raft.h) or mesh_swim_words_max(config) (mesh/swim.h), entering
// updates that the table does not know yet (their values point into `bytes`). Returns 0, or the
// reason for rejecting it, in which case no update was entered that did not pass its own checks.
enum mesh_reject mesh_wire_decode(const struct mesh_config *config, struct mesh_table *table,
                                  const uint8_t *bytes, size_t count, uint16_t words,
                                  struct mesh_message *message);

#endif
