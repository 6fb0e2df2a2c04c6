// SPDX-License-Identifier: GPL-3.0-or-later
#include "validity.h"

#include <inttypes.h>
#include <string.h>

#include "allocate.h"

#define RECEIPTS_KEPT 20u

// An honest node came to hold what nobody wrote.
struct receipt {
    uint64_t time_ns;
    struct mesh_dot dot;
    uint32_t node;
    uint32_t teller;
};

struct sim_validity {
    const uint32_t *liars;
    uint64_t (*written)[2];  // [lane_count] hash of what was written into each lane, or zero
    uint32_t lane_count;
    struct receipt receipts[RECEIPTS_KEPT];  // the first of them
    uint64_t count;                          // of all
    char how[200];
};

struct sim_validity *sim_validity_create(const uint32_t *liars)
{
    struct sim_validity *validity = sim_memory_zeroed(sizeof *validity);
    validity->liars = liars;
    return validity;
}

void sim_validity_destroy(struct sim_validity *validity)
{
    if (validity != NULL) {
        sim_memory_free(validity->written);
        sim_memory_free(validity);
    }
}

static void make_room(struct sim_validity *validity, uint32_t lane)
{
    if (lane < validity->lane_count) {
        return;
    }
    uint32_t count = 2 * (lane + 1);
    validity->written = sim_memory_resize(validity->written, count * sizeof *validity->written);
    memset(validity->written + validity->lane_count, 0,
           (count - validity->lane_count) * sizeof *validity->written);
    validity->lane_count = count;
}

// Whether the change is its node's own writing. What a server of Raft writes comes with a message,
// but not in it.
static bool writes(const struct sim_change *change, uint32_t local_words, uint32_t lane,
                   uint32_t origin)
{
    if (change->message == NULL || origin != change->node) {
        return change->message == NULL;
    }
    const struct mesh_lanes carried = mesh_message_updates(change->message);
    return (mesh_lanes_at(&carried, local_words + lane / 64) >> lane % 64 & 1) == 0;
}

static bool lies(const struct sim_validity *validity, uint32_t node)
{
    return validity->liars != NULL && validity->liars[node] != 0;
}

static void violate(struct sim_validity *validity, const struct sim_change *change,
                    const struct mesh_update *update)
{
    uint32_t teller = change->message == NULL ? change->node : change->message->source;
    if (validity->count < RECEIPTS_KEPT) {
        validity->receipts[validity->count] =
            (struct receipt){change->time_ns, update->dot, change->node, teller};
    }
    if (validity->count++ == 0) {
        snprintf(validity->how, sizeof validity->how,
                 "at %" PRIu64 ".%03" PRIu64 " ms node %" PRIu32 " came to hold update %" PRIu32
                 " of node %" PRIu32 ", which never wrote it; node %" PRIu32 " had told it",
                 change->time_ns / 1000000, change->time_ns / 1000 % 1000, change->node,
                 update->dot.sequence, update->dot.origin, teller);
    }
}

static void look(struct sim_validity *validity, const struct mesh_table *table,
                 const struct sim_change *change, uint32_t lane)
{
    const struct mesh_update *update = &table->updates[lane];
    uint32_t origin = update->dot.origin;
    make_room(validity, lane);
    if (writes(change, table->local_words, lane, origin)) {
        memcpy(validity->written[lane], update->hash, sizeof update->hash);
    } else if (!lies(validity, change->node) && !lies(validity, origin) &&
               memcmp(validity->written[lane], update->hash, sizeof update->hash) != 0) {
        violate(validity, change, update);
    }
}

void sim_validity_look(struct sim_validity *validity, const struct mesh_table *table,
                       const struct sim_change *changes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint64_t lanes = changes[i].lanes; lanes != 0; lanes &= lanes - 1) {
            look(validity, table, &changes[i],
                 64 * changes[i].word + (uint32_t)__builtin_ctzll(lanes));
        }
    }
}

bool sim_validity_broken(const struct sim_validity *validity)
{
    return validity->count > 0;
}

const char *sim_validity_how(const struct sim_validity *validity)
{
    return validity->how;
}

void sim_validity_tell(const struct sim_validity *validity, FILE *output)
{
    uint64_t told = validity->count < RECEIPTS_KEPT ? validity->count : RECEIPTS_KEPT;
    for (uint64_t i = 0; i < told; i++) {
        const struct receipt *receipt = &validity->receipts[i];
        fprintf(output,
                "%11" PRIu64 ".%03" PRIu64 " ms  node %" PRIu32 " takes over update %" PRIu32
                " of node %" PRIu32 " from node %" PRIu32 "%s\n",
                receipt->time_ns / 1000000, receipt->time_ns / 1000 % 1000, receipt->node,
                receipt->dot.sequence, receipt->dot.origin, receipt->teller,
                lies(validity, receipt->teller) ? ", which lies" : "");
    }
    if (validity->count > told) {
        fprintf(output, "                 and %" PRIu64 " more\n", validity->count - told);
    }
}
