// SPDX-License-Identifier: GPL-3.0-or-later
#include "schedule.h"

#include <string.h>

#include "disk.h"
#include "story.h"

#define TROUBLE_NS (4000 * LAB_MS)
#define QUIET_NS (6000 * LAB_MS)
#define STORY_LINES 20000

struct schedule {
    struct lab *lab;
    struct dice dice;
    struct schedule_outcome *outcome;
    uint32_t write_every_ms;
    uint32_t trouble_every_ms;
    bool loses_disk;  // once at most
    bool lost_disk;   // and then nobody takes away the voters that are left
};

static struct schedule *schedule_of(struct lab *lab)
{
    return lab->context;
}

static uint64_t some_ms(struct schedule *schedule, uint32_t most)
{
    return (1 + dice_below(&schedule->dice, most)) * LAB_MS +
           dice_below(&schedule->dice, 1000) * LAB_US;
}

static uint32_t any(struct schedule *schedule)
{
    return dice_below(&schedule->dice, schedule->lab->count);
}

// ---- What befalls servers ----

static void restart(struct lab *lab, uint32_t server)
{
    if (!lab->servers[server].up) {
        lab_start(lab, server);
    }
}

static void crash(struct schedule *schedule, uint32_t server)
{
    struct lab *lab = schedule->lab;
    if (lab->servers[server].up) {
        schedule->outcome->crashes++;
        lab_crash(lab, server);
        lab_at(lab, lab->now_ns + some_ms(schedule, 600), restart, server);
    }
}

// A voter among voters all of which are well: more than one loss at a time may lose what was
// committed, and no algorithm helps.
static void lose_disk(struct schedule *schedule)
{
    struct lab *lab = schedule->lab;
    uint32_t leader = lab_leader(lab);
    uint32_t server = any(schedule);
    if (!schedule->loses_disk || leader == MESH_NODE_NONE) {
        return;
    }
    if (lab->rafts[leader].members_index > lab->rafts[leader].commit) {
        return;
    }
    uint32_t voters = lab->rafts[leader].members.voters;
    for (uint32_t i = 0; i < lab->count; i++) {
        if ((voters >> i & 1) != 0 && !lab->servers[i].up) {
            return;
        }
    }
    if (__builtin_popcount(voters) >= 3 && lab->servers[server].up) {
        schedule->loses_disk = false;
        schedule->lost_disk = true;
        crash(schedule, server);
        lab_lose_disk(lab, server);
    }
}

static void mend(struct lab *lab, uint32_t unused)
{
    (void)unused;
    memset(lab->cut, 0, sizeof lab->cut);
}

// Two sides that do not hear each other, or one that is not heard.
static void partition(struct schedule *schedule)
{
    struct lab *lab = schedule->lab;
    uint32_t side = dice_below(&schedule->dice, 1u << lab->count);
    bool one_way = dice_chance(&schedule->dice, 25);
    for (uint32_t a = 0; a < lab->count; a++) {
        for (uint32_t b = 0; b < lab->count; b++) {
            bool from_side = (side >> a & 1) != 0;
            bool to_side = (side >> b & 1) != 0;
            lab->cut[a][b] = from_side != to_side && (!one_way || from_side);
        }
    }
    lab_at(lab, lab->now_ns + some_ms(schedule, 500), mend, 0);
}

static void isolate_leader(struct schedule *schedule)
{
    struct lab *lab = schedule->lab;
    uint32_t leader = lab_leader(lab);
    for (uint32_t i = 0; leader != MESH_NODE_NONE && i < lab->count; i++) {
        lab->cut[leader][i] = lab->cut[i][leader] = i != leader;
    }
    lab_at(lab, lab->now_ns + some_ms(schedule, 500), mend, 0);
}

static void calm(struct lab *lab, uint32_t unused)
{
    (void)unused;
    lab->latency_factor = 1;
}

static void storm(struct schedule *schedule)
{
    schedule->lab->latency_factor = 10;
    lab_at(schedule->lab, schedule->lab->now_ns + some_ms(schedule, 300), calm, 0);
}

static void change_members(struct schedule *schedule)
{
    struct lab *lab = schedule->lab;
    uint32_t leader = lab_somebody(lab);
    if (leader != MESH_NODE_NONE && !schedule->lost_disk) {
        lab_change(lab, leader, any(schedule),
                   (enum mesh_raft_change_kind)dice_below(&schedule->dice, 4));
    }
}

static void transfer(struct schedule *schedule)
{
    uint32_t leader = lab_somebody(schedule->lab);
    if (leader != MESH_NODE_NONE) {
        lab_transfer(schedule->lab, leader, any(schedule));
    }
}

static void befall(struct schedule *schedule)
{
    struct lab *lab = schedule->lab;
    uint32_t leader = lab_leader(lab);
    switch (dice_below(&schedule->dice, 12)) {
    case 0:
    case 1: crash(schedule, any(schedule)); break;
    case 2: crash(schedule, leader == MESH_NODE_NONE ? any(schedule) : leader); break;
    case 3: partition(schedule); break;
    case 4: isolate_leader(schedule); break;
    case 5: storm(schedule); break;
    case 6:
        lab->servers[any(schedule)].paused_until_ns = lab->now_ns + some_ms(schedule, 400);
        break;
    case 7: lab->servers[any(schedule)].slow_until_ns = lab->now_ns + some_ms(schedule, 500); break;
    case 8:
    case 9: change_members(schedule); break;
    case 10: transfer(schedule); break;
    default: lose_disk(schedule); break;
    }
}

static void trouble(struct lab *lab, uint32_t unused)
{
    (void)unused;
    struct schedule *schedule = schedule_of(lab);
    if (lab->now_ns < TROUBLE_NS) {
        befall(schedule);
        lab_at(lab, lab->now_ns + some_ms(schedule, 2 * schedule->trouble_every_ms), trouble, 0);
    }
}

// ---- Clients ----

static void clients(struct lab *lab, uint32_t unused)
{
    (void)unused;
    struct schedule *schedule = schedule_of(lab);
    uint32_t server = dice_chance(&schedule->dice, 80) ? lab_somebody(lab) : any(schedule);
    if (server != MESH_NODE_NONE && lab->servers[server].up &&
        lab->servers[server].paused_until_ns <= lab->now_ns) {
        if (dice_chance(&schedule->dice, 60)) {
            lab_propose(lab, server);
        } else {
            lab_read(lab, server);
        }
    }
    lab_at(lab, lab->now_ns + some_ms(schedule, 2 * schedule->write_every_ms), clients, 0);
}

static void watch(struct lab *lab, uint32_t unused)
{
    (void)unused;
    lab->done = properties_broken(lab->properties) != NULL;
    lab_at(lab, lab->now_ns + 5 * LAB_MS, watch, 0);
}

// ---- A whole schedule ----

static struct lab_settings settings_of(uint64_t seed, struct dice *dice)
{
    return (struct lab_settings){
        .servers = dice_chance(dice, 50) ? 3 : 5,
        .spares = dice_below(dice, 3),
        .seed = seed,
        .pre_vote = dice_chance(dice, 50),
        .check_quorum = dice_chance(dice, 50),
        .promote = dice_chance(dice, 50),
        .as_bytes = dice_chance(dice, 25),
        .latency_ns_min = 100 * LAB_US,
        .latency_ns_max = (1 + dice_below(dice, 20)) * LAB_MS,
        .disk_ns_max = dice_below(dice, 3) * 4 * LAB_MS,
        .loss_percent = dice_below(dice, 3) * 5,
        .copy_percent = dice_below(dice, 3) * 5,
        .log_capacity = 16u << dice_below(dice, 3),
        .compact_every = 4 + dice_below(dice, 5),
        .bridge_count = dice_below(dice, 3),
    };
}

static void begin(struct schedule *schedule, struct lab *lab, uint64_t seed)
{
    schedule->dice.state = seed ^ UINT64_C(0x5CEED);
    struct lab_settings settings = settings_of(seed, &schedule->dice);
    lab_init(lab, &settings);
    lab->context = schedule;
    schedule->lab = lab;
    schedule->write_every_ms = 4 + dice_below(&schedule->dice, 20);
    schedule->trouble_every_ms = 40 + dice_below(&schedule->dice, 200);
    schedule->loses_disk = dice_chance(&schedule->dice, 30);
}

static void end(const struct schedule *schedule, uint64_t committed_before)
{
    struct schedule_outcome *outcome = schedule->outcome;
    const struct lab *lab = schedule->lab;
    outcome->committed = properties_committed(lab->properties);
    outcome->broken = properties_broken(lab->properties);
    snprintf(outcome->how, sizeof outcome->how, "%s", properties_how(lab->properties));
    if (outcome->broken == NULL && outcome->committed <= committed_before) {
        outcome->broken = "Progress";
        snprintf(outcome->how, sizeof outcome->how,
                 "nothing was committed behind %lu in %lu ms of quiet", committed_before,
                 (QUIET_NS - TROUBLE_NS) / LAB_MS);
    }
    for (uint32_t i = 0; i < lab->count; i++) {
        uint64_t term = lab->rafts[i].term;
        outcome->terms = term > outcome->terms ? term : outcome->terms;
    }
    outcome->answered = lab->answered;
    outcome->snapshots = lab->restored;
    outcome->changes = lab->changed;
}

struct schedule_outcome schedule_run(uint64_t seed, FILE *story)
{
    struct schedule_outcome outcome = {.seed = seed};
    struct lab lab;
    struct schedule schedule = {.outcome = &outcome};
    begin(&schedule, &lab, seed);
    lab.story = story == NULL ? NULL : story_create(STORY_LINES);
    for (uint32_t i = 0; i < lab.count; i++) {
        lab_start(&lab, i);
    }
    clients(&lab, 0);
    trouble(&lab, 0);
    watch(&lab, 0);
    lab_run(&lab, TROUBLE_NS);
    lab_heal(&lab);
    for (uint32_t i = 0; i < lab.count; i++) {
        restart(&lab, i);
    }
    uint64_t committed = properties_committed(lab.properties);
    lab_run(&lab, QUIET_NS);
    end(&schedule, committed);
    if (story != NULL) {
        story_print(lab.story, story);
        story_destroy(lab.story);
    }
    lab_finish(&lab);
    return outcome;
}
