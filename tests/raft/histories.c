// SPDX-License-Identifier: GPL-3.0-or-later
#include "histories.h"

#include "disk.h"
#include "story.h"

enum { A, B, C, D, E };

static void cut(struct lab *lab, uint32_t a, uint32_t b, bool apart)
{
    lab->cut[a][b] = apart;
    lab->cut[b][a] = apart;
}

static void run_for(struct lab *lab, uint64_t time_ns)
{
    lab_run(lab, lab->now_ns + time_ns);
}

// ---- Two changes of the members ----

//     A                 B            C            D
//     leads term 1      ----- has all that A has ----
//     removes D         | cut off from A             |
//     {A B C}           |  one of them, X, leads     |
//       .               |  removes A: {B C D}        |   must be refused: nothing of its
//       .               Y hears nothing of it        Z   term is committed
//     leads again, by A and Y, a majority of {A B C}; X and Z are one of {B C D}

// Runs until somebody leads a term above `term`.
static uint32_t await_leader(struct lab *lab, uint64_t term)
{
    uint32_t leader = lab_leader(lab);
    while (!lab->done && (leader == MESH_NODE_NONE || lab->rafts[leader].term <= term)) {
        run_for(lab, 50 * LAB_US);
        leader = lab_leader(lab);
    }
    return leader;
}

static void let_a_lead(struct lab *lab)
{
    uint32_t leader = await_leader(lab, 0);
    run_for(lab, 50 * LAB_MS);
    if (leader != A) {
        lab_transfer(lab, leader, A);
        await_leader(lab, lab->rafts[leader].term);
        run_for(lab, 50 * LAB_MS);
    }
    lab_must(lab_leader(lab) == A && lab->rafts[A].commit == lab->rafts[A].last,
             "A leads, and all is committed");
}

static void two_changes(struct lab *lab)
{
    let_a_lead(lab);
    for (uint32_t i = B; i <= D; i++) {
        cut(lab, A, i, true);
    }
    lab_change(lab, A, D, MESH_RAFT_REMOVE);
    uint32_t x = await_leader(lab, lab->rafts[A].term);
    uint32_t y = x == B ? C : B;
    uint32_t z = B + C + D - x - y;
    cut(lab, x, y, true);
    cut(lab, z, y, true);
    lab_change(lab, x, A, MESH_RAFT_REMOVE);
    run_for(lab, 20 * LAB_MS);
    cut(lab, A, y, false);
    run_for(lab, 3000 * LAB_MS);
    lab_heal(lab);
    run_for(lab, 3000 * LAB_MS);
}

// ---- A vote that the disk has not seen ----

static uint32_t await_candidate(struct lab *lab)
{
    for (;;) {
        for (uint32_t i = 0; i < lab->count; i++) {
            if (lab->rafts[i].role == MESH_RAFT_CANDIDATE) {
                return i;
            }
        }
        run_for(lab, 50 * LAB_US);
    }
}

//     X asks V         V answers Y
//     |  V crashes: nothing is on its disk
//     |    V is back, and hears nothing more of X
//     term 1           term 1: two leaders, if X has heard of a vote
static void vote_again(struct lab *lab)
{
    uint32_t x = await_candidate(lab);
    uint32_t y = (x + 1) % 3;
    uint32_t v = (x + 2) % 3;
    cut(lab, x, y, true);
    while (lab->rafts[v].vote != x) {
        run_for(lab, 50 * LAB_US);
    }
    lab->servers[v].write.under_way = false;
    lab_crash(lab, v);
    lab_start(lab, v);
    run_for(lab, LAB_MS + LAB_MS / 2);
    cut(lab, x, v, true);
    run_for(lab, 300 * LAB_MS);
    lab_heal(lab);
    run_for(lab, 3000 * LAB_MS);
}

// ---- A voter that forgot whom it elected ----

//     A leads term 1, and hears B     |     X leads term 2, by V and another; commits with V
//     an entry that nobody else has   |     V loses its disk
//     A hears V, too: three of five   |     X is behind the cut
static void forget_the_leader(struct lab *lab)
{
    let_a_lead(lab);
    for (uint32_t i = C; i <= E; i++) {
        cut(lab, A, i, true);
        cut(lab, B, i, true);
    }
    lab_propose(lab, A);
    uint32_t x = await_leader(lab, lab->rafts[A].term);
    uint32_t v = x == E ? D : E;
    run_for(lab, 20 * LAB_MS);
    lab_propose(lab, x);
    run_for(lab, 20 * LAB_MS);
    lab_crash(lab, v);
    lab_lose_disk(lab, v);
    for (uint32_t i = C; i <= E; i++) {
        cut(lab, i, v, true);
    }
    cut(lab, A, v, false);
    cut(lab, B, v, false);
    lab_start(lab, v);
    for (uint32_t i = 0; i < 40; i++) {
        lab_read(lab, A);
        run_for(lab, 10 * LAB_MS);
    }
    lab_heal(lab);
    run_for(lab, 3000 * LAB_MS);
}

struct schedule_outcome history_run(uint32_t history, FILE *story)
{
    struct lab lab;
    struct schedule_outcome outcome = {.seed = history};
    struct lab_settings settings = {.servers = history == 0   ? 4
                                               : history == 1 ? 3
                                                              : 5,
                                    .seed = history,
                                    .latency_ns_min = LAB_MS,
                                    .latency_ns_max = LAB_MS,
                                    .disk_ns_max = history == 1 ? 20 * LAB_MS : 0};
    lab_init(&lab, &settings);
    lab.story = story == NULL ? NULL : story_create(4000);
    for (uint32_t i = 0; i < settings.servers; i++) {
        lab_start(&lab, i);
    }
    if (history == 0) {
        two_changes(&lab);
    } else if (history == 1) {
        vote_again(&lab);
    } else {
        forget_the_leader(&lab);
    }
    schedule_conclude(&lab, &outcome);
    if (story != NULL) {
        story_print(lab.story, story);
        story_destroy(lab.story);
    }
    lab_finish(&lab);
    return outcome;
}
