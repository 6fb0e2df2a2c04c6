// SPDX-License-Identifier: Apache-2.0
// Eager links between tiers and regions, for gossip.c.

#ifndef MESH_LINKS_H
#define MESH_LINKS_H

#include "stepping.h"

// What forwarding may take of the output, added to `bound`.
void mesh_links_bound(const struct mesh_config *config, size_t message_words,
                      struct mesh_bound *bound);

// Sends on what the event, in scope `heard_in`, brought: news[count].
void mesh_links_forward(struct stepping *stepping, const struct mesh_scope *heard_in,
                        const struct mesh_news *news, uint32_t count);

#endif
