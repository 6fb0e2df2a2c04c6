// SPDX-License-Identifier: GPL-3.0-or-later
// Messages that arrive altered, since nothing on their way looked (private to this folder).
//
//     broken on the way --> encrypted, or checksums? --> thrown away, counted as corrupted
//                           neither: where did it hit?
//                             an update   its number, or what it says, is another now: it has a
//                                         lane of its own, which only this copy names, and whoever
//                                         believes it
//                             the hash    another one
//                             the rest    does not decode
//
// What is hit is drawn by the message, its target and the seed of those who lie. An altered update
// is a lie of the network's: it stands in the list of lies, in nobody's name, and with a signature
// that is wrong, which a guard that checks signatures finds. Lanes for them are provided as a
// stride begins: of more than SIM_ALTERED_STRIDE that a stride alters, or SIM_ALTERED_RUN that a
// run does, the others do not decode. The messages of rows, of Raft and of SWIM never do, nor does
// a snapshot.

#ifndef SIM_ENGINE_ALTERING_H
#define SIM_ENGINE_ALTERING_H

#include "engine.h"

// Both copies of a message that was duplicated may arrive in one nanosecond, and say different
// things once one is altered. Each altered copy is therefore numbered as a message of its own,
// behind all that its source sends, and the total order tells them apart.
#define SIM_SEQUENCE_FIRST (1u << 30)
#define SIM_SEQUENCE_SECOND (1u << 31)

#define SIM_ALTERED_STRIDE 8u
#define SIM_ALTERED_RUN 1024u

struct sim_worker;

struct sim_altering {
    uint32_t count;   // updates altered so far
    uint32_t before;  // of them, before the current stride
};

// Lanes that altered updates may ever need, and that the stride that begins does.
uint32_t sim_altering_lanes_max(const struct sim_engine *engine);
uint32_t sim_altering_lanes_wanted(const struct sim_engine *engine);

// A stride begins.
void sim_altering_begin(struct sim_engine *engine);

// A broken copy of the message, sent then, arrives at `target` all the same: as this one, in the
// current slot of the worker's memory. `second`: the copy that the network made.
uint32_t sim_altering_alter(struct sim_worker *worker, const struct mesh_message *message,
                            uint32_t target, bool second);

#endif
