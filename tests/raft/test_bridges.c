// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.h"

static uint32_t bridges_of(const struct rig *rig)
{
    return rig->raft.bridges;
}

static void confirm_all(struct rig *rig, uint32_t from, uint32_t to)
{
    for (uint32_t member = from; member <= to; member++) {
        rig_confirm(rig, member, rig->raft.last);
    }
}

// A leads a group that is to have three bridges, and has none yet.
static void lead(struct rig *rig)
{
    rig_init(rig);
    rig->group.bridge_count = 3;
    rig_start(rig, 1, MESH_NODE_NONE, NULL, 0);
    rig_lead(rig);
    rig_store(rig);
}

Test(raft_bridges, the_first_set_is_proposed_with_the_leaders_first_commit)
{
    struct rig rig;
    lead(&rig);
    rig_confirm(&rig, B, 1);
    cr_expect_eq(rig.raft.last, 1);
    rig_confirm(&rig, C, 1);
    cr_expect(rig.raft.commit == 1 && rig.raft.last == 2);
    cr_expect_eq(bridges_of(&rig), 0, "it is proposed, not yet so");
    rig_store(&rig);
    confirm_all(&rig, B, C);
    cr_expect_eq(bridges_of(&rig), 1u << A | 1u << B | 1u << C);
    cr_expect(mesh_bridges_has(&rig.raft));
}

Test(raft_bridges, a_bridge_that_is_silent_is_replaced_by_one_that_is_heard)
{
    struct rig rig;
    lead(&rig);
    confirm_all(&rig, B, C);
    rig_store(&rig);
    confirm_all(&rig, B, E);
    uint64_t heard_ns = rig.now_ns;
    while (rig.raft.last == 2 && rig.now_ns < heard_ns + 5000 * RIG_MS) {
        rig_confirm(&rig, A + 2, rig.raft.last);  // C; B is silent from here on
        rig_confirm(&rig, D, rig.raft.last);
        rig_beat(&rig);
    }
    cr_expect_eq(rig.now_ns - heard_ns, 1000 * RIG_MS, "bridge_timeout_ns after it was heard");
    rig_store(&rig);
    confirm_all(&rig, C, D);
    cr_expect_eq(bridges_of(&rig), 1u << A | 1u << C | 1u << D);
}

Test(raft_bridges, who_is_silent_stays_when_nobody_can_take_its_place)
{
    struct rig rig;
    rig_init(&rig);
    rig.group.bridge_count = 3;
    rig.raft.snapshot.members = (struct mesh_raft_members){0x7, 0};
    rig_start(&rig, 1, MESH_NODE_NONE, NULL, 0);
    rig_lead(&rig);
    rig_store(&rig);
    confirm_all(&rig, B, C);
    rig_store(&rig);
    confirm_all(&rig, B, C);
    for (uint32_t i = 0; i < 50; i++) {
        rig_confirm(&rig, B, rig.raft.last);
        rig_beat(&rig);
    }
    cr_expect(rig.raft.last == 2 && bridges_of(&rig) == 0x7);
}

Test(raft_bridges, followers_apply_the_set_and_know_whether_they_are_in_it)
{
    struct rig rig;
    rig_init(&rig);
    rig.group.bridge_count = 3;
    rig.raft.snapshot.index = 6;
    rig.raft.snapshot.term = 1;
    rig.raft.snapshot.bridges = 1u << B;
    rig_start(&rig, 1, MESH_NODE_NONE, NULL, 0);
    cr_expect(bridges_of(&rig) == 1u << B && !mesh_bridges_has(&rig.raft));
}

Test(raft_bridges, a_group_without_bridges_proposes_none)
{
    struct rig rig;
    rig_init(&rig);
    rig_start(&rig, 1, MESH_NODE_NONE, NULL, 0);
    rig_lead_settled(&rig);
    rig_beat(&rig);
    cr_expect_eq(rig.raft.last, 1);
}
