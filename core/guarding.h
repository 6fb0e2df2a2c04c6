// SPDX-License-Identifier: Apache-2.0
// The guard as the handlers of this folder see it (mesh/guard.h). Where config->guard is NULL none
// of it is called.

#ifndef MESH_GUARDING_H
#define MESH_GUARDING_H

#include "stepping.h"

// Whether the message of the event may be handled; if not, it has been rejected.
bool mesh_guard_admits(struct stepping *stepping, const struct mesh_scope *scope);

// Something is held against a peer. Returns whether it is ignored from now on.
bool mesh_guard_blame(struct stepping *stepping, uint32_t peer, enum mesh_reject reason);

// Bytes that came from a peer made no message.
void mesh_guard_refused(struct stepping *stepping);

// What a receipt may append besides.
void mesh_guard_bound(const struct mesh_config *config, uint32_t words, struct mesh_bound *bound);

#endif
