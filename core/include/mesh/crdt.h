// SPDX-License-Identifier: Apache-2.0
// The values that follow from a set of updates, and the same values as mergeable states.
//
//     updates (dots)                                   states
//     {(1,1) (2,1)}  --fold-->  value  <--read--  A merge B merge delta
//
//     mesh/counter.h  G-counter, PN-counter   G_INCREMENT, PN_ADD   per origin the longest prefix
//     mesh/lww.h      LWW register            LWW_SET               the latest write
//     mesh/set.h      OR-set, add wins        SET_ADD, SET_REMOVE   dots and causal context
//     mesh/map.h      LWW map                 MAP_PUT, MAP_REMOVE   per name the latest write
//     mesh/summary.h  summary of a hierarchy  REPORT, ROW, TOTAL    per edge the best row
//
// Every one of them has the same five parts:
//
//   update   an operation as a dot: a type of enum mesh_update_type, a key, a value or an amount
//   fold     from the lanes that a replica holds to the value: what a node of the mesh does, which
//            stores no value but the updates
//   state    the value's mergeable form, in the caller's memory, for users who keep CRDTs without
//            dots; the join is associative, commutative and idempotent
//   apply    joins an update into a state, as updates are delivered
//   delta    the change that an operation makes, as a small state: m(X) = X merge delta(X). Deltas
//            may be joined with each other, repeated and reordered before they reach a state
//
// Folding a set of updates, merging the states of its parts and merging the deltas of its updates,
// in any order and with repetitions, give the same value; property tests hold it. Nothing here
// allocates: states that have no room left say so. Elements, names and values are not copied: they
// stay the driver's memory.
//
// Shapiro, Preguica, Baquero, Zawirski, "Conflict-free replicated data types", SSS 2011. Deltas:
// Almeida, Shoker, Baquero, "Delta state replicated data types", J. Parallel Distrib. Comput. 111
// (2018).

#ifndef MESH_CRDT_H
#define MESH_CRDT_H

#include "mesh/clock.h"
#include "mesh/counter.h"
#include "mesh/dots.h"
#include "mesh/lww.h"
#include "mesh/map.h"
#include "mesh/set.h"
#include "mesh/summary.h"

#endif
