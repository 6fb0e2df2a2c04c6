// SPDX-License-Identifier: Apache-2.0
// Messages of rows: filling them, and their form as bytes, for tiers.c and wire.c.
//
//     behind the count of mesh/wire.h:   first edge varint | edges varint | entries
//     ROWS, REST entry   edge varint, relay varint, clock 8, length varint, the value of a ROW
//                        (mesh/summary.h), 64 bytes of signature when the mesh signs
//     HELD entry         edge varint, reports varint, relay varint, clock 8; by ascending edge

#ifndef MESH_ROWS_INTERNAL_H
#define MESH_ROWS_INTERNAL_H

#include "cursor.h"
#include "mesh/tiers.h"

struct mesh_row_name mesh_row_name(const struct mesh_row *row);

// Whether the second wins over the first.
bool mesh_row_name_precedes(const struct mesh_row_name *a, const struct mesh_row_name *b);

// Filling: the range, then entries; the message has room for them.
void mesh_rows_set_range(struct mesh_message *message, uint32_t edge_first, uint32_t edge_end);
void mesh_rows_add(struct mesh_message *message, const struct mesh_row *row);
void mesh_rows_add_name(struct mesh_message *message, const struct mesh_row_name *name);

// The part behind the count: its size, writing it, reading it. Reading sets message->words.
uint32_t mesh_rows_bytes(const struct mesh_message *message);
void mesh_rows_put(struct writer *writer, const struct mesh_config *config,
                   const struct mesh_message *message);
enum mesh_reject mesh_rows_take(struct reader *reader, const struct mesh_config *config,
                                struct mesh_message *message);

#endif
