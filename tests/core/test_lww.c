// SPDX-License-Identifier: GPL-3.0-or-later
// LWW registers as deltas: the order and the laws of the join are in test_crdt.c.
#include <criterion/criterion.h>

#include "history.h"
#include "mesh/lww.h"

enum { WRITES = 60 };

Test(lww, writes_as_deltas_in_any_order_and_repeated_give_the_fold)
{
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        static struct history history;
        history_init(&history, seed);
        struct mesh_lww deltas[WRITES];
        uint64_t best_clock = 0;
        uint32_t best_origin = 0;
        uint8_t best_value = 0;
        for (uint32_t i = 0; i < WRITES; i++) {
            uint32_t origin = dice_below(&history.dice, HISTORY_ORIGINS);
            uint8_t value = (uint8_t)i;
            if (dice_chance(&history.dice, 30)) {
                history_tell(&history, dice_below(&history.dice, HISTORY_ORIGINS), origin, true);
            }
            uint32_t lane = history_write(&history, origin, MESH_LWW_SET, 3, &value, 1);
            mesh_lww_init(&deltas[i]);
            mesh_lww_apply(&deltas[i], &history.updates[lane]);
            uint64_t clock = history.updates[lane].clock;
            if (clock > best_clock || (clock == best_clock && origin > best_origin)) {
                best_clock = clock;
                best_origin = origin;
                best_value = value;
            }
        }
        struct history_set all = {{UINT64_MAX >> (64 - WRITES), 0}};
        struct mesh_lww folded, joined;
        uint32_t order[3 * WRITES];
        uint32_t count = history_order(&history.dice, WRITES, order);
        mesh_lww_init(&joined);
        for (uint32_t i = 0; i < count; i++) {
            mesh_lww_merge(&joined, &deltas[order[i]]);
        }
        cr_assert(mesh_lww_fold(&history.table, all.lanes, HISTORY_WORDS, 3, &folded));
        cr_assert(folded.value[0] == best_value && folded.clock == best_clock, "seed %lu", seed);
        cr_assert(joined.value == folded.value && joined.origin == folded.origin, "seed %lu", seed);
    }
}

Test(lww, precedes_orders_any_two_writes_that_differ_one_way_only)
{
    struct mesh_lww empty, first = {.clock = 0, .origin = 0};
    mesh_lww_init(&empty);
    cr_expect(mesh_lww_precedes(&empty, &first), "the very first write beats an empty register");
    cr_expect_not(mesh_lww_precedes(&first, &empty));
    cr_expect_not(mesh_lww_precedes(&empty, &empty));
    cr_expect_not(mesh_lww_precedes(&first, &first));
}
