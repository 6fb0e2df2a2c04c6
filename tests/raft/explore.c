// SPDX-License-Identifier: GPL-3.0-or-later
// explore FIRST COUNT [story]: runs the schedules of so many seeds. Stops at the first that breaks a
// property, names it, tells the story of it, and exits 1.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "schedule.h"

int main(int argument_count, char **arguments)
{
    if (argument_count < 3) {
        fprintf(stderr, "usage: explore FIRST COUNT [story]\n");
        return 64;
    }
    uint64_t first = strtoull(arguments[1], NULL, 10);
    uint64_t count = strtoull(arguments[2], NULL, 10);
    bool tells = argument_count > 3 && strcmp(arguments[3], "story") == 0;
    struct schedule_outcome all = {.seed = 0};
    for (uint64_t seed = first; seed < first + count; seed++) {
        struct schedule_outcome outcome = schedule_run(seed, NULL);
        if (outcome.broken != NULL) {
            if (tells) {
                schedule_run(seed, stdout);
            }
            printf("seed %" PRIu64 " breaks %s: %s\n", seed, outcome.broken, outcome.how);
            return 1;
        }
        all.committed += outcome.committed;
        all.terms += outcome.terms;
        all.answered += outcome.answered;
        all.crashes += outcome.crashes;
        all.snapshots += outcome.snapshots;
        all.changes += outcome.changes;
    }
    printf("seeds %" PRIu64 " to %" PRIu64 ": %" PRIu64 " entries committed in %" PRIu64
           " terms, %" PRIu64 " reads answered, %" PRIu64 " crashes, %" PRIu64
           " snapshots taken over, %" PRIu64 " changes of members; nothing broken\n",
           first, first + count - 1, all.committed, all.terms, all.answered, all.crashes,
           all.snapshots, all.changes);
    return 0;
}
