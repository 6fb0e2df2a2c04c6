// SPDX-License-Identifier: GPL-3.0-or-later
// election.txt was written down from a run and then gone through by hand, line by line, against the
// paper; its remarks say why each step is right. Lines that begin with # are for readers alone.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "properties.h"
#include "story.h"

static void run_until_leader(struct lab *lab, uint64_t above)
{
    uint32_t leader = MESH_NODE_NONE;
    while (leader == MESH_NODE_NONE || lab->rafts[leader].term <= above) {
        lab_run(lab, lab->now_ns + LAB_MS);
        leader = lab_leader(lab);
    }
}

// Three servers elect a leader; it takes a command and crashes; the others elect another.
static void narrate(FILE *file)
{
    static struct lab lab;
    struct lab_settings settings = {.servers = 3,
                                    .seed = 6,
                                    .pre_vote = true,
                                    .check_quorum = true,
                                    .heartbeat_ns = 50 * LAB_MS,
                                    .latency_ns_min = LAB_MS,
                                    .latency_ns_max = LAB_MS,
                                    .disk_ns_min = 2 * LAB_MS,
                                    .disk_ns_max = 2 * LAB_MS,
                                    .election_ns_min = 100 * LAB_MS,
                                    .election_ns_max = 200 * LAB_MS};
    lab_init(&lab, &settings);
    lab.story = story_create(1000);
    for (uint32_t i = 0; i < settings.servers; i++) {
        lab_start(&lab, i);
    }
    run_until_leader(&lab, 0);
    lab_run(&lab, lab.now_ns + 10 * LAB_MS);
    lab_propose(&lab, lab_leader(&lab));
    lab_run(&lab, lab.now_ns + 10 * LAB_MS);
    uint64_t term = lab.rafts[lab_leader(&lab)].term;
    lab_crash(&lab, lab_leader(&lab));
    run_until_leader(&lab, term);
    lab_run(&lab, lab.now_ns + 10 * LAB_MS);
    cr_expect_null(properties_broken(lab.properties));
    story_print(lab.story, file);
    story_destroy(lab.story);
    lab_finish(&lab);
}

static bool next_line(FILE *golden, char line[300])
{
    do {
        if (fgets(line, 300, golden) == NULL) {
            return false;
        }
    } while (line[0] == '#' || line[0] == '\n');
    return true;
}

Test(raft_trace, an_election_goes_as_it_is_told)
{
    char *told = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&told, &size);
    narrate(file);
    fclose(file);
    FILE *golden = fopen(RAFT_ELECTION, "r");
    cr_assert_not_null(golden, "%s", RAFT_ELECTION);
    char expected[300];
    uint32_t number = 0;
    for (char *line = strtok(told, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        number++;
        cr_assert(next_line(golden, expected), "line %u is one too many: %s", number, line);
        expected[strcspn(expected, "\n")] = '\0';
        cr_assert_str_eq(line, expected, "line %u", number);
    }
    cr_expect(!next_line(golden, expected), "missing: %s", expected);
    cr_expect(number > 50);
    fclose(golden);
    free(told);
}
