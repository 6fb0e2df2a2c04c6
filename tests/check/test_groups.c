// SPDX-License-Identifier: GPL-3.0-or-later
// Raft's properties, each broken by hand in what servers are said to have done.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "groups.h"

// Servers 10, 20 and 30 of one group; notes come at the milliseconds 1, 2, 3, ...
static const uint32_t roster[] = {10, 20, 30};
static const struct mesh_raft_group group = {.roster = roster, .roster_count = 3};

struct script {
    struct sim_group_checks *checks;
    uint64_t time_ns;
};

static struct script begin(void)
{
    struct script script = {sim_group_checks_create(&group, 1), 0};
    return script;
}

static void say(struct script *script, struct sim_raft_note note)
{
    script->time_ns += 1000000;
    note.time_ns = script->time_ns;
    sim_group_checks_look(script->checks, &note, 1);
}

static void start_all(struct script *script)
{
    for (uint32_t i = 0; i < 3; i++) {
        say(script, (struct sim_raft_note){.kind = SIM_RAFT_STARTED, .node = roster[i]});
    }
}

static void lead(struct script *script, uint32_t node, uint64_t term)
{
    say(script, (struct sim_raft_note){.kind = SIM_RAFT_ROLE,
                                       .node = node,
                                       .term = term,
                                       .content = MESH_RAFT_LEADER,
                                       .other = node});
}

static void enter(struct script *script, uint32_t node, uint64_t index, uint64_t term,
                  uint64_t content)
{
    say(script, (struct sim_raft_note){.kind = SIM_RAFT_ENTRY,
                                       .node = node,
                                       .index = index,
                                       .term = term,
                                       .content = content});
}

static void commit(struct script *script, uint32_t node, uint64_t index, uint64_t term,
                   uint64_t content, uint64_t own_term)
{
    say(script, (struct sim_raft_note){.kind = SIM_RAFT_COMMITTED,
                                       .node = node,
                                       .index = index,
                                       .term = term,
                                       .content = content,
                                       .other = own_term});
}

static void expect_broken(struct script *script, const char *property, const char *how)
{
    const char *broken = sim_group_checks_broken(script->checks);
    cr_assert(broken != NULL, "nothing is broken");
    cr_expect_str_eq(broken, property);
    cr_expect_str_eq(sim_group_checks_how(script->checks), how);
    sim_group_checks_destroy(script->checks);
}

Test(groups, what_raft_does_breaks_nothing)
{
    struct script script = begin();
    start_all(&script);
    enter(&script, 10, 1, 1, 77);
    lead(&script, 10, 1);
    enter(&script, 20, 1, 1, 77);
    commit(&script, 10, 1, 1, 77, 1);
    commit(&script, 20, 1, 1, 77, 1);
    enter(&script, 20, 2, 2, 88);
    lead(&script, 20, 2);
    lead(&script, 20, 2);
    cr_expect_null(sim_group_checks_broken(script.checks));
    sim_group_checks_destroy(script.checks);
}

Test(groups, two_leaders_of_a_term_break_election_safety)
{
    struct script script = begin();
    start_all(&script);
    lead(&script, 10, 3);
    lead(&script, 30, 3);
    expect_broken(&script, "Election Safety",
                  "at 5.000000 ms node 30 leads term 3, which node 10 has led");
}

Test(groups, a_leader_that_deletes_breaks_leader_append_only)
{
    struct script script = begin();
    start_all(&script);
    enter(&script, 10, 1, 3, 77);
    lead(&script, 10, 3);
    say(&script, (struct sim_raft_note){
                     .kind = SIM_RAFT_CUT, .node = 10, .term = 3, .index = 0, .led = true});
    expect_broken(&script, "Leader Append-Only",
                  "at 6.000000 ms node 10, leader of term 3, deletes entry 1");
}

Test(groups, a_leader_that_overwrites_breaks_leader_append_only)
{
    struct script script = begin();
    start_all(&script);
    enter(&script, 10, 1, 2, 77);
    lead(&script, 10, 3);
    say(&script, (struct sim_raft_note){.kind = SIM_RAFT_ENTRY,
                                        .node = 10,
                                        .term = 3,
                                        .index = 1,
                                        .led = true,
                                        .overwrites = true});
    expect_broken(&script, "Leader Append-Only",
                  "at 6.000000 ms node 10, leader of term 3, overwrites entry 1 of term 2");
}

Test(groups, different_entries_of_a_term_break_log_matching)
{
    struct script script = begin();
    start_all(&script);
    enter(&script, 10, 4, 2, 77);
    enter(&script, 20, 4, 2, 78);
    expect_broken(&script, "Log Matching",
                  "at 5.000000 ms node 20 has an entry 4 of term 2 behind one of term 0; another "
                  "server had another behind one of term 0");
}

Test(groups, a_leader_without_what_is_committed_breaks_leader_completeness)
{
    struct script script = begin();
    start_all(&script);
    enter(&script, 10, 1, 1, 77);
    commit(&script, 10, 1, 1, 77, 1);
    lead(&script, 20, 2);
    expect_broken(&script, "Leader Completeness",
                  "at 6.000000 ms node 20 leads term 2 without entry 1 of term 1, committed in "
                  "term 1; it has none there");
}

Test(groups, a_leader_may_have_it_in_its_snapshot)
{
    struct script script = begin();
    start_all(&script);
    commit(&script, 10, 1, 1, 77, 1);
    say(&script, (struct sim_raft_note){
                     .kind = SIM_RAFT_RESTORED, .node = 20, .index = 1, .term = 1, .other = 1});
    lead(&script, 20, 2);
    cr_expect_null(sim_group_checks_broken(script.checks));
    sim_group_checks_destroy(script.checks);
}

Test(groups, different_entries_applied_break_state_machine_safety)
{
    struct script script = begin();
    start_all(&script);
    commit(&script, 10, 1, 1, 77, 1);
    commit(&script, 20, 1, 2, 77, 2);
    expect_broken(&script, "State Machine Safety",
                  "at 5.000000 ms node 20 applies an entry of term 2 at 1, where one of term 1 was "
                  "applied");
}

Test(groups, an_answer_from_the_past_breaks_linearizable_reads)
{
    struct script script = begin();
    start_all(&script);
    commit(&script, 10, 1, 1, 77, 1);
    say(&script, (struct sim_raft_note){.kind = SIM_RAFT_ASKED, .node = 20, .index = 1});
    say(&script, (struct sim_raft_note){.kind = SIM_RAFT_ANSWERED, .node = 20, .index = 1});
    expect_broken(&script, "Linearizable Reads",
                  "at 6.000000 ms node 20 answers in term 0 a read as of entry 0, having applied "
                  "0; 1 was committed when it was asked");
}

Test(groups, the_story_tells_what_came_before)
{
    struct script script = begin();
    start_all(&script);
    lead(&script, 10, 3);
    lead(&script, 30, 3);
    char *told = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&told, &size);
    sim_group_checks_tell(script.checks, stream);
    fclose(stream);
    cr_expect_str_eq(told, "         1.000 ms  node 10       starts in term 0, its log ends at 0\n"
                           "         2.000 ms  node 20       starts in term 0, its log ends at 0\n"
                           "         3.000 ms  node 30       starts in term 0, its log ends at 0\n"
                           "         4.000 ms  node 10       LEADS in term 3\n"
                           "         5.000 ms  node 30       LEADS in term 3\n");
    free(told);
    sim_group_checks_destroy(script.checks);
}
