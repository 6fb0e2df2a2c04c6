// SPDX-License-Identifier: GPL-3.0-or-later
// explore FIRST COUNT [PROPERTY]: plays the histories, then the schedules of so many seeds. Stops
// at the first that breaks a property, tells the story of it, names it, and exits 1. With PROPERTY:
// tells no story, and goes on until that one is the first to be broken.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "histories.h"

struct sums {
    const char *wanted;
    uint64_t committed, terms, answered, crashes, snapshots, changes;
};

typedef struct schedule_outcome run_one(uint64_t which, FILE *story);

static struct schedule_outcome play(uint64_t history, FILE *story)
{
    return history_run((uint32_t)history, story);
}

// Whether it is time to stop.
static bool try(struct sums *sums, const char *what, uint64_t which, run_one *run)
{
    struct schedule_outcome outcome = run(which, NULL);
    sums->committed += outcome.committed;
    sums->terms += outcome.terms;
    sums->answered += outcome.answered;
    sums->crashes += outcome.crashes;
    sums->snapshots += outcome.snapshots;
    sums->changes += outcome.changes;
    bool stops = outcome.broken != NULL &&
                 (sums->wanted == NULL || strcmp(sums->wanted, outcome.broken) == 0);
    if (stops) {
        if (sums->wanted == NULL) {
            run(which, stdout);
        }
        printf("%s %" PRIu64 " breaks %s: %s\n", what, which, outcome.broken, outcome.how);
    }
    return stops;
}

int main(int argument_count, char **arguments)
{
    if (argument_count < 3) {
        fprintf(stderr, "usage: explore FIRST COUNT [PROPERTY]\n");
        return 64;
    }
    uint64_t first = strtoull(arguments[1], NULL, 10);
    uint64_t count = strtoull(arguments[2], NULL, 10);
    struct sums sums = {.wanted = argument_count > 3 ? arguments[3] : NULL};
    for (uint64_t history = 0; history < HISTORIES; history++) {
        if (try(&sums, "history", history, play)) {
            return 1;
        }
    }
    for (uint64_t seed = first; seed < first + count; seed++) {
        if (try(&sums, "seed", seed, schedule_run)) {
            return 1;
        }
    }
    printf("seeds %" PRIu64 " to %" PRIu64 ": %" PRIu64 " entries committed in %" PRIu64
           " terms, %" PRIu64 " reads answered, %" PRIu64 " crashes, %" PRIu64
           " snapshots taken over, %" PRIu64 " changes of members; nothing broken\n",
           first, first + count - 1, sums.committed, sums.terms, sums.answered, sums.crashes,
           sums.snapshots, sums.changes);
    return 0;
}
