// SPDX-License-Identifier: GPL-3.0-or-later
#include "schedule.h"

#include <inttypes.h>
#include <string.h>

#include "disk.h"
#include "story.h"

#define TROUBLE_NS (4000 * LAB_MS)
#define QUIET_NS (6000 * LAB_MS)
#define STORY_LINES 400

struct schedule {
    struct lab *lab;
    struct dice dice;
    struct schedule_outcome *outcome;
    uint32_t write_every_ms;
    uint32_t trouble_every_ms;
    uint32_t temper;
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
    lab_must(schedule->lab->count > 0, "there are servers");
    return dice_below(&schedule->dice, schedule->lab->count);
}

static bool is_there(const struct lab *lab, uint32_t server)
{
    return lab->servers[server].up && lab->servers[server].paused_until_ns <= lab->now_ns;
}

// ---- What befalls servers ----

// What befalls servers in a schedule of each temper, in parts of the whole.
enum { CRASH, CRASH_LEADER, PARTITION, ISOLATE, STORM, PAUSE, SLOW, CHANGE, TRANSFER, LOSE, KINDS };

enum { OF_EVERYTHING, LEADERS_CHANGE, MEMBERS_CHANGE, DISKS, TEMPERS };

static const uint32_t tempers[TEMPERS][KINDS] = {
    [OF_EVERYTHING] = {3, 1, 1, 1, 1, 1, 1, 2, 1, 1},
    [LEADERS_CHANGE] = {2, 4, 2, 4, 1, 1, 1, 0, 2, 0},
    [MEMBERS_CHANGE] = {1, 1, 6, 4, 1, 1, 0, 4, 1, 0},
    [DISKS] = {4, 2, 1, 1, 0, 0, 6, 0, 1, 1},
};

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
        // Back at once, it may meet again whom it met before.
        uint32_t most_ms = schedule->temper == DISKS ? 100 : 600;
        lab_at(lab, lab->now_ns + some_ms(schedule, most_ms), restart, server);
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

// Asked of everybody who believes it leads: they may be several.
static void change_members(struct schedule *schedule)
{
    struct lab *lab = schedule->lab;
    for (uint32_t i = 0; i < lab->count && !schedule->lost_disk; i++) {
        if (is_there(lab, i) && lab->rafts[i].role == MESH_RAFT_LEADER) {
            lab_change(lab, i, any(schedule),
                       (enum mesh_raft_change_kind)dice_below(&schedule->dice, 4));
        }
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
    const uint32_t *parts = tempers[schedule->temper];
    uint32_t all = 0;
    for (uint32_t i = 0; i < KINDS; i++) {
        all += parts[i];
    }
    uint32_t what = 0;
    for (uint32_t left = dice_below(&schedule->dice, all); left >= parts[what]; what++) {
        left -= parts[what];
    }
    switch (what) {
    case CRASH: crash(schedule, any(schedule)); break;
    case CRASH_LEADER: crash(schedule, leader == MESH_NODE_NONE ? any(schedule) : leader); break;
    case PARTITION: partition(schedule); break;
    case ISOLATE: isolate_leader(schedule); break;
    case STORM: storm(schedule); break;
    case PAUSE:
        lab->servers[any(schedule)].paused_until_ns = lab->now_ns + some_ms(schedule, 400);
        break;
    case SLOW:
        lab->servers[any(schedule)].slow_until_ns = lab->now_ns + some_ms(schedule, 500);
        break;
    case CHANGE: change_members(schedule); break;
    case TRANSFER: transfer(schedule); break;
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
    if (server != MESH_NODE_NONE && is_there(lab, server)) {
        if (dice_chance(&schedule->dice, 60)) {
            lab_propose(lab, server);
        } else {
            lab_read(lab, server);
        }
    }
    if (schedule->temper == MEMBERS_CHANGE) {
        change_members(schedule);
    }
    lab_at(lab, lab->now_ns + some_ms(schedule, 2 * schedule->write_every_ms), clients, 0);
}

// ---- A whole schedule ----

static struct lab_settings settings_of(uint64_t seed, struct dice *dice, uint32_t temper)
{
    bool four = temper == MEMBERS_CHANGE && dice_chance(dice, 50);
    return (struct lab_settings){
        .servers = four                    ? 4
                   : dice_chance(dice, 50) ? 3
                                           : 5,
        .spares = dice_below(dice, 3),
        .seed = seed,
        .pre_vote = dice_chance(dice, 50),
        .check_quorum = dice_chance(dice, 50),
        .promote = dice_chance(dice, 50),
        .as_bytes = dice_chance(dice, 25),
        .latency_ns_min = 100 * LAB_US,
        .latency_ns_max = (1 + dice_below(dice, 20)) * LAB_MS,
        .disk_ns_max = dice_below(dice, 3) * (temper == DISKS ? 20 : 4) * LAB_MS,
        .append_entries = 1 + dice_below(dice, 4),
        .loss_percent = dice_below(dice, 3) * 5,
        .copy_percent = dice_below(dice, 3) * 5,
        .log_capacity = 32u << dice_below(dice, 2),
        .compact_every = 4 + dice_below(dice, 5),
        .bridge_count = dice_below(dice, 3),
    };
}

static void begin(struct schedule *schedule, struct lab *lab, uint64_t seed)
{
    schedule->dice.state = seed ^ UINT64_C(0x5CEED);
    schedule->temper = dice_below(&schedule->dice, TEMPERS);
    struct lab_settings settings = settings_of(seed, &schedule->dice, schedule->temper);
    lab_init(lab, &settings);
    lab->context = schedule;
    schedule->lab = lab;
    schedule->write_every_ms = 4 + dice_below(&schedule->dice, 20);
    schedule->trouble_every_ms = 10 + dice_below(&schedule->dice, 200);
    schedule->loses_disk = dice_chance(&schedule->dice, 30);
}

void schedule_conclude(const struct lab *lab, struct schedule_outcome *outcome)
{
    outcome->committed = properties_committed(lab->properties);
    outcome->broken = properties_broken(lab->properties);
    snprintf(outcome->how, sizeof outcome->how, "%s", properties_how(lab->properties));
    for (uint32_t i = 0; i < lab->count; i++) {
        uint64_t term = lab->rafts[i].term;
        outcome->terms = term > outcome->terms ? term : outcome->terms;
    }
    outcome->answered = lab->answered;
    outcome->snapshots = lab->restored;
    outcome->changes = lab->changed;
}

static void demand_progress(struct schedule_outcome *outcome, uint64_t committed_before)
{
    if (outcome->broken == NULL && outcome->committed <= committed_before) {
        outcome->broken = "Progress";
        snprintf(outcome->how, sizeof outcome->how,
                 "nothing was committed behind %" PRIu64 " in %" PRIu64 " ms of quiet",
                 committed_before, (QUIET_NS - TROUBLE_NS) / LAB_MS);
    }
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
    lab_run(&lab, TROUBLE_NS);
    lab_heal(&lab);
    for (uint32_t i = 0; i < lab.count; i++) {
        restart(&lab, i);
    }
    uint64_t committed = properties_committed(lab.properties);
    lab_run(&lab, QUIET_NS);
    schedule_conclude(&lab, &outcome);
    demand_progress(&outcome, committed);
    if (story != NULL) {
        story_print(lab.story, story);
        story_destroy(lab.story);
    }
    lab_finish(&lab);
    return outcome;
}
