// SPDX-License-Identifier: GPL-3.0-or-later
// One node, A, among ten who are played by the test: what it is told, and what it then says.

#ifndef SWIM_RIG_H
#define SWIM_RIG_H

#include "mesh/swim.h"

#include <criterion/criterion.h>

#define RIG_MS UINT64_C(1000000)
#define RIG_CAPACITY 32

enum { A, B, C, D, E, F, RIG_NODES = 10 };

struct rig {
    struct mesh_swim_group group;
    struct mesh_scope scope;
    struct mesh_config config;
    struct mesh_states states;
    struct mesh_swim swim;
    struct mesh_table table;
    struct mesh_update updates[64];
    uint64_t replica[4 + MESH_PLANES];
    struct mesh_swim_member view[RIG_CAPACITY + 3];  // with the buckets
    struct mesh_output output;
    struct mesh_record records[512];
    uint32_t targets[128];
    struct mesh_news news[64];
    uint64_t messages[8192];
    uint64_t now_ns;
    bool answers;  // whoever is pinged answers at once
};

// Period 100 ms, timeout 30, suspicion 500, three proxies, no Lifeguard; seeds B and C.
void rig_init(struct rig *rig);
void rig_start(struct rig *rig);
void rig_step(struct rig *rig, struct mesh_event event);

// Time passes: timers fire. What was said at the last of them is in the output.
void rig_wait(struct rig *rig, uint64_t ms);

// Until A pings `target`, whom it has to ping some time; who else is pinged answers.
void rig_until_ping(struct rig *rig, uint32_t target);

// A hears a message with these news.
void rig_hear(struct rig *rig, uint32_t source, enum mesh_message_kind kind,
              struct mesh_swim_head head, const struct mesh_swim_news *news, uint32_t count);

// A hears one piece of news, in a ping of B.
void rig_tell(struct rig *rig, uint32_t node, uint32_t incarnation, enum mesh_swim_state state,
              uint32_t from);

// Number `index` of the messages of a kind in the output, or NULL; and to whom.
const struct mesh_record *rig_said(const struct rig *rig, enum mesh_message_kind kind,
                                   uint32_t index);
// What it says about `node`, or NULL.
const struct mesh_swim_news *rig_about(const struct mesh_record *said, uint32_t node);
// The last record of that kind in the output, or NULL.
const struct mesh_record *rig_record(const struct rig *rig, enum mesh_record_kind kind);

#endif
