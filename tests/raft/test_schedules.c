// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <inttypes.h>

#include "histories.h"

// The others, ten thousand, are a test of the long suite; each failure prints its story.
#define SAMPLE 400

static void expect_sound(const char *what, struct schedule_outcome outcome)
{
    cr_expect(outcome.broken == NULL, "%s %" PRIu64 " breaks %s: %s (explore tells the story)",
              what, outcome.seed, outcome.broken, outcome.how);
}

Test(raft_schedules, random_schedules_break_no_property_and_end_in_progress)
{
    struct schedule_outcome all = {.seed = 0};
    for (uint64_t seed = 1; seed <= SAMPLE; seed++) {
        struct schedule_outcome outcome = schedule_run(seed, NULL);
        expect_sound("seed", outcome);
        all.committed += outcome.committed;
        all.terms += outcome.terms;
        all.answered += outcome.answered;
        all.crashes += outcome.crashes;
        all.snapshots += outcome.snapshots;
        all.changes += outcome.changes;
    }
    // They are only worth something if much happens in them.
    cr_expect(all.committed > 100 * SAMPLE && all.terms > 5 * SAMPLE && all.answered > 50 * SAMPLE);
    cr_expect(all.crashes > 5 * SAMPLE && all.snapshots > 5 * SAMPLE && all.changes > 5 * SAMPLE);
}

Test(raft_schedules, the_histories_of_the_literature_break_nothing)
{
    for (uint32_t history = 0; history < HISTORIES; history++) {
        expect_sound("history", history_run(history, NULL));
    }
}

Test(raft_schedules, a_seed_gives_the_same_story_every_time)
{
    char *stories[2] = {NULL, NULL};
    size_t sizes[2] = {0, 0};
    for (uint32_t i = 0; i < 2; i++) {
        FILE *file = open_memstream(&stories[i], &sizes[i]);
        schedule_run(5, file);
        fclose(file);
    }
    cr_expect(sizes[0] > 10000 && sizes[0] == sizes[1]);
    cr_expect_str_eq(stories[0], stories[1]);
    free(stories[0]);
    free(stories[1]);
}
