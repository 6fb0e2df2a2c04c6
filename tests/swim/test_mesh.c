// SPDX-License-Identifier: GPL-3.0-or-later
// A whole mesh: what must come out of crashes, returns, losses and partitions, for many seeds.
#include <criterion/criterion.h>

#include "mesh.h"

static struct mesh mesh;

Test(mesh, a_calm_mesh_without_loss_never_suspects_anybody)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        mesh_init(&mesh, 40, seed, seed % 2 == 0);
        mesh_start_all(&mesh);
        mesh_run(&mesh, 3000);
        for (uint32_t i = 0; i < 40; i++) {
            cr_expect_eq(mesh.swims[i].count, 0, "seed %lu: node %u lists somebody", seed, i);
        }
        mesh_finish(&mesh);
    }
}

Test(mesh, a_crash_is_known_to_all_and_nobody_else_is_doubted)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        mesh_init(&mesh, 40, seed, seed % 2 == 0);
        mesh_start_all(&mesh);
        mesh_run(&mesh, 500);
        mesh_crash(&mesh, 11);
        mesh_run(&mesh, 3000);
        cr_expect_eq(mesh_hold(&mesh, 11, MESH_SWIM_DEAD), 39, "seed %lu: %u of 39 know", seed,
                     mesh_hold(&mesh, 11, MESH_SWIM_DEAD));
        cr_expect_eq(mesh_doubts(&mesh), 0, "seed %lu", seed);
        mesh_finish(&mesh);
    }
}

Test(mesh, who_comes_back_is_known_to_all_within_a_few_periods)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        mesh_init(&mesh, 40, seed, seed % 2 == 0);
        mesh_start_all(&mesh);
        mesh_crash(&mesh, 11);
        mesh_run(&mesh, 3000);
        mesh_join(&mesh, 11);
        mesh_run(&mesh, 1000);
        cr_expect_eq(mesh_doubts(&mesh), 0, "seed %lu: %u doubts", seed, mesh_doubts(&mesh));
        cr_expect_gt(mesh.swims[11].incarnation, 0, "seed %lu: it has had to refute", seed);
        cr_expect_eq(mesh.swims[11].phase, MESH_SWIM_ACTIVE);
        mesh_finish(&mesh);
    }
}

// Safety while it is lossy; when it ends, all doubts do.
Test(mesh, after_heavy_loss_all_are_alive_to_all_again)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        mesh_init(&mesh, 40, seed, seed % 2 == 0);
        mesh.loss_percent = 40;
        mesh_start_all(&mesh);
        mesh_run(&mesh, 5000);
        mesh.loss_percent = 0;
        mesh_run(&mesh, 8000);
        cr_expect_eq(mesh_doubts(&mesh), 0, "seed %lu: %u doubts", seed, mesh_doubts(&mesh));
        cr_expect_eq(mesh.rejects, 0);
        mesh_finish(&mesh);
    }
}

Test(mesh, the_smaller_side_of_a_partition_loses_its_majority_and_the_larger_does_not)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        mesh_init(&mesh, 40, seed, seed % 2 == 0);
        mesh_start_all(&mesh);
        mesh_run(&mesh, 300);
        mesh.wall = 12;
        mesh_run(&mesh, 1000);
        for (uint32_t i = 0; i < 40; i++) {
            cr_expect_eq(mesh.swims[i].read_only, i < 12, "seed %lu: node %u", seed, i);
        }
        mesh_finish(&mesh);
    }
}

Test(mesh, both_sides_find_each_other_again_within_five_seconds_of_healing)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        mesh_init(&mesh, 40, seed, seed % 2 == 0);
        mesh_start_all(&mesh);
        mesh.wall = 12;
        mesh_run(&mesh, 6000);
        cr_expect_eq(mesh_hold(&mesh, 3, MESH_SWIM_DEAD), 28);
        mesh.wall = 0;
        mesh_run(&mesh, 5000);
        cr_expect_eq(mesh_doubts(&mesh), 0, "seed %lu: %u doubts", seed, mesh_doubts(&mesh));
        for (uint32_t i = 0; i < 40; i++) {
            cr_expect(!mesh.swims[i].read_only, "seed %lu: node %u", seed, i);
        }
        mesh_finish(&mesh);
    }
}

Test(mesh, sides_heal_through_other_members_where_the_seeds_are_gone_for_good)
{
    mesh_init(&mesh, 40, 5, true);
    mesh_start_all(&mesh);
    mesh.wall = 12;
    mesh_crash(&mesh, 0);
    mesh_crash(&mesh, 7);
    mesh_run(&mesh, 6000);
    mesh.wall = 0;
    mesh_run(&mesh, 6000);
    cr_expect_eq(mesh_doubts(&mesh), 0, "%u doubts", mesh_doubts(&mesh));
    cr_expect_eq(mesh_hold(&mesh, 7, MESH_SWIM_DEAD), 38);
    mesh_finish(&mesh);
}
