// SPDX-License-Identifier: GPL-3.0-or-later
// What the messages of a region's group cost, as the encoder has them: terms, indexes and rounds
// are below 128, as in any run that is not very long.
#include "raft_sizes.h"

#include <inttypes.h>
#include <string.h>

#include "mesh/raft.h"
#include "mesh/wire.h"

#define HEAD_WORDS (sizeof(struct mesh_raft_head) / sizeof(uint64_t))
#define ENTRY_WORDS 3u  // of a set of bridges: its head and a word

static const struct row {
    const char *name;
    enum mesh_message_kind kind;
    uint32_t entries;
} rows[] = {
    {"vote", MESH_MESSAGE_RAFT_VOTE, 0},
    {"vote reply", MESH_MESSAGE_RAFT_VOTE_REPLY, 0},
    {"heartbeat", MESH_MESSAGE_RAFT_APPEND, 0},
    {"a set of bridges", MESH_MESSAGE_RAFT_APPEND, 1},
    {"append reply", MESH_MESSAGE_RAFT_APPEND_REPLY, 0},
    {"snapshot", MESH_MESSAGE_RAFT_SNAPSHOT, 0},
    {"snapshot reply", MESH_MESSAGE_RAFT_SNAPSHOT_REPLY, 0},
};

static uint32_t bytes_of(const struct mesh_table *table, const struct row *row)
{
    uint64_t memory[sizeof(struct mesh_message) / sizeof(uint64_t) + HEAD_WORDS + ENTRY_WORDS];
    struct mesh_message *message = (struct mesh_message *)memory;
    memset(memory, 0, sizeof memory);
    message->kind = (uint32_t)row->kind & 0x3f;
    message->words = (uint16_t)(HEAD_WORDS + row->entries * ENTRY_WORDS);
    message->update_count = (uint16_t)row->entries;
    if (row->kind == MESH_MESSAGE_RAFT_SNAPSHOT) {
        ((struct mesh_raft_head *)message->lanes)->bytes = sizeof(uint64_t);
    }
    if (row->entries > 0) {
        struct mesh_raft_entry *entry = (struct mesh_raft_entry *)(message->lanes + HEAD_WORDS);
        entry->kind = MESH_RAFT_BRIDGES;
        entry->bytes = sizeof(uint64_t);
    }
    return mesh_wire_message_bytes(table, message);
}

void sim_print_raft_sizes(const struct sim_network *network, const struct mesh_table *table,
                          FILE *output)
{
    fprintf(output, "\nmessages of a region's candidates, bytes\n  %-16s  encoded  %9s  sent\n", "",
            sim_transport_name(network->transport));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t bytes = bytes_of(table, &rows[i]);
        uint32_t transport = sim_network_transport_bytes(network, bytes, rows[i].entries);
        fprintf(output, "  %-16s  %7" PRIu32 "  %9" PRIu32 "  %4" PRIu32 "\n", rows[i].name, bytes,
                transport, bytes + transport);
    }
}
