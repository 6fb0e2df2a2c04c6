// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "traffic.h"

TestSuite(reports_traffic, .init = scratch_make, .fini = scratch_remove);

static const char *make_traffic_store(int runs)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    for (int id = 1; id <= runs; id++) {
        add_run(path, &(struct made_run){.id = id,
                                         .command_id = 1,
                                         .agents = 10,
                                         .mode = id == 1 ? "push-pull" : "eager",
                                         .repeat = 2});
        add_repetition(path, id, 0, false, 10);
        add_repetition(path, id, 1, false, 10);
    }
    return path;
}

struct read_traffic {
    struct report_store store;
    struct report_traffics traffics;
    struct report_error error;
};

static void read_traffic(struct read_traffic *read, const char *path)
{
    *read = (struct read_traffic){0};
    cr_assert(report_store_open(&read->store, path, &(struct report_choice){0}, &read->error) &&
                  report_traffic_read(&read->store, &read->traffics),
              "%s", read->error.text);
}

static void finish(struct read_traffic *read)
{
    report_traffics_finish(&read->traffics);
    report_store_close(&read->store);
}

static void expect_commands(const struct report_traffic *traffic, const char *const *commands)
{
    char *text = NULL;
    size_t length = 0;
    FILE *output = open_memstream(&text, &length);
    report_traffic_script(output, traffic);
    fclose(output);
    for (; *commands != NULL; commands++) {
        cr_assert_not_null(strstr(text, *commands), "\"%s\" is not in\n%s", *commands, text);
    }
    free(text);
}

Test(reports_traffic, bytes_are_means_over_the_finished_repetitions)
{
    const char *path = make_traffic_store(1);
    add_traffic(path, 1, 0, "open", "same_host", 3000, 100);
    add_traffic(path, 1, 0, "open", "same_zone", 500, 20);
    add_traffic(path, 1, 1, "open", "same_host", 1000, 300);
    add_traffic(path, 1, 1, "answer", "same_host", 400, 40);
    execute(path, "INSERT INTO repetitions (run_id, repetition, seed, interrupted, fingerprint,"
                  " simulated_ns, interval_ns, agents, events, unwritten, lagging)"
                  " VALUES (1, 2, 1, 1, 1, 1, 1, 10, 1, 0, 0)");
    add_traffic(path, 1, 2, "open", "same_host", 999999, 9);
    struct read_traffic read;
    read_traffic(&read, path);
    cr_assert(read.traffics.count == 1 && read.traffics.items[0].bar_count == 1);
    const struct report_bar *bar = &read.traffics.items[0].bars[0];
    cr_assert(bar->classes.count == 2 && bar->kinds.count == 2);
    cr_assert_str_eq(bar->classes.items[0].name, "same_host");
    cr_assert(bar->classes.items[0].bytes == 2200 && bar->classes.items[0].transport_bytes == 220);
    cr_assert_str_eq(bar->kinds.items[1].name, "open");
    cr_assert(bar->kinds.items[1].bytes == 2250 && bar->kinds.items[1].transport_bytes == 210);
    finish(&read);
}

Test(reports_traffic, segments_stand_one_after_the_other_with_the_transport_hatched)
{
    const char *path = make_traffic_store(2);
    execute(path, "DELETE FROM updates WHERE repetition = 1;"
                  "DELETE FROM repetitions WHERE repetition = 1");
    add_traffic(path, 1, 0, "open", "same_zone", 3000000, 1000000);
    add_traffic(path, 1, 0, "it's", "inter_region", 5000000, 0);
    add_traffic(path, 2, 0, "open", "same_zone", 600000, 400000);
    struct read_traffic read;
    read_traffic(&read, path);
    expect_commands(&read.traffics.items[0],
                    (const char *[]){"set xrange [0:9]\n", "sent in a repetition [MB]",
                                     "first 0, first 30.6 to first 3, first 50.6 front fillcolor "
                                     "rgb '#5AB4A0' fillstyle solid",
                                     "first 3, first 30.6 to first 4, first 50.6 front fillcolor "
                                     "rgb '#5AB4A0' fillstyle pattern",
                                     "first 4, first 30.6 to first 9, first 50.6 front fillcolor "
                                     "rgb '#BF5B17' fillstyle solid",
                                     "set label '9.0 MB' at first 9,", "set label '1.0 MB' at",
                                     "set label 'it''s' at screen", NULL});
    finish(&read);
}

Test(reports_traffic, runs_that_sent_nothing_are_left_out)
{
    const char *path = make_traffic_store(2);
    add_traffic(path, 2, 0, "eager", "same_host", 100, 10);
    struct read_traffic read;
    read_traffic(&read, path);
    cr_assert(read.traffics.count == 1 && read.traffics.items[0].bar_count == 1);
    cr_assert(read.traffics.items[0].bars[0].run->run_id == 2);
    finish(&read);
}

Test(reports_traffic, more_runs_and_more_kinds_than_there_is_room_for_are_kept)
{
    const char *path = make_traffic_store(REPORT_BARS_MAX + 1);
    for (int id = 1; id <= REPORT_BARS_MAX + 1; id++) {
        for (int kind = 0; kind < REPORT_FLOWS_MAX + 6; kind++) {
            char name[32];
            snprintf(name, sizeof name, "kind %02d", kind);
            add_traffic(path, id, 0, name, "same_host", 200, 0);
        }
    }
    struct read_traffic read;
    read_traffic(&read, path);
    cr_assert(read.traffics.count == 2 && read.traffics.items[1].part == 2);
    const struct report_flows *kinds = &read.traffics.items[1].bars[0].kinds;
    cr_assert(kinds->count == REPORT_FLOWS_MAX);
    double total = 0;
    for (uint32_t index = 0; index < kinds->count; index++) {
        total += kinds->items[index].bytes;
    }
    cr_assert(total == 100.0 * (REPORT_FLOWS_MAX + 6), "%g", total);
    cr_assert_str_eq(kinds->items[REPORT_FLOWS_MAX - 1].name, "other");
    finish(&read);
}
