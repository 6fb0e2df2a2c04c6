// SPDX-License-Identifier: GPL-3.0-or-later
#include <assert.h>

#include "loading.h"

const char *sim_topology_name(enum sim_topology topology)
{
    static const char *const names[] = {
        [SIM_FLAT_MESH] = "flat_mesh",
        [SIM_SINGLE_REGION_MESH] = "single_region_mesh",
        [SIM_MULTI_REGION_MESH] = "multi_region_mesh",
        [SIM_MULTI_REGION_LEADERS] = "multi_region_leaders",
        [SIM_HIERARCHICAL] = "hierarchical",
    };
    assert(topology < SIM_TOPOLOGY_COUNT);
    return names[topology];
}

static const char *choice_name(const char *path, uint32_t value)
{
    const struct sim_choice *choice = sim_key_find(path)->choices;
    while (choice->name != NULL && (choice->later || choice->value != value)) {
        choice++;
    }
    assert(choice->name != NULL);
    return choice->name;
}

const char *sim_mode_name(enum mesh_mode mode)
{
    return choice_name("gossip.mode", mode);
}

const char *sim_schedule_name(enum mesh_schedule schedule)
{
    return choice_name("gossip.schedule", schedule);
}

const char *sim_selection_name(enum mesh_selection selection)
{
    return choice_name("gossip.peers", selection);
}

const char *sim_message_name(uint32_t kind)
{
    static const char *const names[MESH_MESSAGE_KIND_COUNT] = {
        [0] = "rotation",
        [MESH_MESSAGE_PUSH] = "push",
        [MESH_MESSAGE_OPEN] = "open",
        [MESH_MESSAGE_ANSWER] = "answer",
        [MESH_MESSAGE_VECTOR] = "vector",
        [MESH_MESSAGE_FILL] = "fill",
        [MESH_MESSAGE_REST] = "rest",
        [MESH_MESSAGE_RUMOR] = "rumor",
        [MESH_MESSAGE_ASK] = "ask",
        [MESH_MESSAGE_FEEDBACK] = "feedback",
        [MESH_MESSAGE_DELTA] = "delta",
        [MESH_MESSAGE_EAGER] = "eager",
        [MESH_MESSAGE_JOIN] = "join",
        [MESH_MESSAGE_SNAPSHOT] = "snapshot",
        [MESH_MESSAGE_ROWS] = "rows",
        [MESH_MESSAGE_ROWS_HELD] = "rows_held",
        [MESH_MESSAGE_ROWS_REST] = "rows_rest",
        [MESH_MESSAGE_RAFT_VOTE] = "raft_vote",
        [MESH_MESSAGE_RAFT_VOTE_REPLY] = "raft_vote_reply",
        [MESH_MESSAGE_RAFT_APPEND] = "raft_append",
        [MESH_MESSAGE_RAFT_APPEND_REPLY] = "raft_append_reply",
        [MESH_MESSAGE_RAFT_SNAPSHOT] = "raft_snapshot",
        [MESH_MESSAGE_RAFT_SNAPSHOT_REPLY] = "raft_snapshot_reply",
        [MESH_MESSAGE_RAFT_TIMEOUT_NOW] = "raft_timeout_now",
        [MESH_MESSAGE_SWIM_PING] = "swim_ping",
        [MESH_MESSAGE_SWIM_PING_REQUEST] = "swim_ping_request",
        [MESH_MESSAGE_SWIM_ACK] = "swim_ack",
        [MESH_MESSAGE_SWIM_SYNC] = "swim_sync",
    };
    assert(kind < MESH_MESSAGE_KIND_COUNT);
    return names[kind];
}
