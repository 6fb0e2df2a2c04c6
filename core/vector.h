// SPDX-License-Identifier: Apache-2.0
// Version vectors: the entries that name the dots of a set of lanes (mesh/wire.h), and what they
// take.
//
//     origin 7    released 1 2    held 3 4 . 6        entries  (7, from 1, 4 dots) (7, from 6, 1)
//     learns 5                    held 3 4 5 6                 (7, from 1, 6 dots)
//
// Where reports stay at home a replica holds thousands of dots, and two of three messages that do
// not end an exchange name them all. There a replica keeps the size of its vector, behind its
// planes: what is learnt changes it by what stands next to it in the chain of its origin. Giving
// lanes back does not change it, since what is released goes on being named in the same entry.
//
//     planes | bytes, entries of the shared section | bytes, entries of the local section

#ifndef MESH_VECTOR_INTERNAL_H
#define MESH_VECTOR_INTERNAL_H

#include "stepping.h"

struct vector_size {
    uint32_t bytes;  // of the entries, without their count in front
    uint32_t entries;
};
_Static_assert(sizeof(struct vector_size) == sizeof(uint64_t), "a word of a replica");

// A part of a set of lanes: those of one table, words counted there.
struct section {
    const struct mesh_table *table;
    struct mesh_lanes set;
};

// One entry: dots of one origin, without a gap.
struct run {
    struct mesh_dot first;
    uint32_t length;
};

static inline bool section_holds(const struct section *section, uint32_t lane)
{
    return lane != MESH_LANE_NONE &&
           (mesh_lanes_at(&section->set, lane / 64) >> lane % 64 & 1) != 0;
}

// The sections of a set of a message, as they travel together; returns how many, 1 or 2.
uint32_t mesh_vector_sections(const struct mesh_table *shared, const struct mesh_message *message,
                              struct mesh_lanes set, struct section sections[2]);

// Finds the run that starts at `lane`, if one does: its predecessor's lane is not in the set. A dot
// that was equivocated stands outside its origin's chain and is a run of its own.
bool mesh_vector_run_at(const struct section *section, uint32_t lane, struct run *run);

// Released writes that a run goes on from. `whole`: the vector names all that its sender holds, so
// these as well, in the same entry.
uint32_t mesh_vector_released_before(const struct mesh_table *table, uint32_t lane, bool whole);

// Adds the entries of one section.
void mesh_vector_measure(const struct section *section, bool whole, struct vector_size *size);

// Bytes of a vector of this size, with the count in front.
uint32_t mesh_vector_bytes(const struct vector_size *size);

// wire.c: mesh_wire_message_bytes for who knows the size of the vector; NULL: it is measured. Also
// what the updates take of it.
uint32_t mesh_wire_bytes(const struct mesh_table *table, const struct mesh_message *message,
                         const struct vector_size *vector, uint32_t *update_bytes);

// What a message's updates take.
uint32_t mesh_wire_updates_bytes(const struct mesh_table *table,
                                 const struct mesh_message *message);

// What the replica keeps, of messages at home and elsewhere; false: it keeps nothing.
bool mesh_vector_kept(const struct stepping *stepping, struct vector_size *size);

// Keeping it, where reports stay at home: `fresh`, lanes of `word`, enter the replica; what it held
// was cleared or taken over.
void mesh_vector_learn(struct stepping *stepping, uint32_t word, uint64_t fresh);
void mesh_vector_renew(struct stepping *stepping);

// Whether all of these go on entries that are there, so that nothing changes.
static inline bool mesh_vector_is_continued(const struct mesh_table *table, uint32_t word,
                                            uint64_t fresh)
{
    return table->sizes != NULL && (fresh & ~table->continuing[word]) == 0;
}

#endif
