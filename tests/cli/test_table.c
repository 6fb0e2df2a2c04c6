// SPDX-License-Identifier: GPL-3.0-or-later
// What a person reads: verdicts, reasons, assumptions, and what to type next.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

TestSuite(table, .init = scratch_enter, .fini = scratch_leave);

// The line of the table that begins with this row's number.
static const char *row_line(const char *output, int number)
{
    char start[16];
    snprintf(start, sizeof start, "\n%3d  ", number);
    const char *at = strstr(output, start);
    cr_assert(at, "no row %d in:\n%s", number, output);
    return part_before(at + 1, "\n");
}

static size_t widest_line(const char *text)
{
    size_t widest = 0;
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        size_t width = 0;
        for (size_t i = 0; i < length; i++) {
            width += ((unsigned char)text[i] & 0xC0) != 0x80;
        }
        widest = width > widest ? width : widest;
        text += length + (text[length] == '\n');
    }
    return widest;
}

Test(table, the_matrix_has_a_row_per_mesh_with_eager_beside_periodic)
{
    struct ended ended = run_program("run", scenario("selection-matrix.yaml"), "--only", "1-4",
                                     "--repeat", "20", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    static const char *const meshes[] = {"10  flat_mesh", "100  flat_mesh",
                                         "100  single_region_mesh", "1,000  single_region_mesh"};
    for (int row = 1; row <= 4; row++) {
        const char *line = row_line(ended.output, row);
        expect_part(line, meshes[row - 1]);
        double target = row <= 2 ? 50 : 100;
        const char *at = strstr(line, "_mesh") + strlen("_mesh");
        next_number(&at);  // k
        double p50 = next_number(&at);
        double p95 = next_number(&at);
        double shown = next_number(&at);
        const char *verdict = next_word(&at);
        double eager = next_number(&at);
        const char *beside = next_word(&at);
        cr_expect(p50 <= p95 && shown == target, "%s", line);
        // No mesh here is so close to its target that the interval reaches it.
        cr_expect_str_eq(verdict, p95 < target ? "PASS" : "FAIL");
        cr_expect_str_eq(beside, eager < target ? "PASS" : "FAIL");
    }
    expect_part(ended.output, "judged: p95 over updates");
    expect_part(ended.output, "theta 0.95 (rows 1-2)");
    expect_part(ended.output, "0.99 (rows 3-4)");
    cr_expect(widest_line(ended.output) <= 100, "%zu columns", widest_line(ended.output));
    expect_no_part(ended.output, "\033");
}

Test(table, a_miss_comes_with_its_reason_and_the_setting_that_binds)
{
    struct ended ended = run_program("run", topology("flat-mesh.yaml"), "--db", STORE, NULL);
    expect_part(ended.output, "Why: row 1: ");
    expect_part(ended.output, "of updates within 50 ms");
    expect_part(ended.output, "flat-mesh.yaml:10)");  // where interval_ms stands
    expect_part(ended.output, "waiting for ticks");
    expect_part(ended.errors, "--set gossip.mode=eager");
}

Test(table, the_shares_are_those_of_the_stored_updates)
{
    struct ended ended = run_program("run", topology("single-region.yaml"), "--agents", "100",
                                     "--repeat", "10", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    const char *line = strstr(ended.output, "below target  waiting");
    cr_assert(line, "%s", ended.output);
    line = strchr(line, '\n') + 1;
    next_number(&line);  // row
    double below = next_number(&line);
    cr_expect_str_eq(next_word(&line), "%");
    double waiting = next_number(&line);
    cr_expect_float_eq(below,
                       store_number("SELECT 100.0 * sum(theta_ns < 100000000) / count(*)"
                                    " FROM updates"),
                       0.6);
    cr_expect_float_eq(waiting,
                       store_number("SELECT 100.0 * sum(path_tick_ns) /"
                                    " sum(path_tick_ns + path_network_ns) FROM updates"),
                       0.6);
}

Test(table, a_percentile_among_updates_that_never_converged_says_so)
{
    struct ended ended = run_program("run", topology("flat-mesh.yaml"), "--set",
                                     "network.loss_percent=100", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    expect_part(row_line(ended.output, 1), "> 20000  > 20000      50  FAIL");
    ended = run_program("run", topology("flat-mesh.yaml"), "--set", "network.loss_percent=100",
                        "--set", "duration_ms=700", "--db", STORE, NULL);
    expect_part(row_line(ended.output, 1), "> 700");
}

Test(table, a_mesh_of_which_the_document_says_nothing_has_no_verdict)
{
    struct ended ended =
        run_program("run", topology("flat-mesh.yaml"), "--agents", "200", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "The document claims nothing of such a mesh");
    expect_no_part(row_line(ended.output, 1), "FAIL");
    expect_no_part(ended.output, "Why:");
}

Test(table, bytes_by_class_kind_and_use_and_the_first_limit_stand_with_the_metrics)
{
    struct ended ended =
        run_program("run", topology("single-region.yaml"), "--agents", "300", "--set",
                    "network.connections.start=cold", "--set", "placement.agents_per_host=40",
                    "--set", "network.compression=zstd", "--db", STORE, NULL);
    const char *block = strstr(ended.output, "on the wire, bytes: same_host ");
    cr_assert(block, "%s", ended.output);
    expect_part(block, "leave a host");
    expect_part(block, "of these open ");
    expect_part(block, "digests: ");
    expect_part(block, "idle: ");
    expect_part(block, "handshakes: ");
    expect_part(block, "compression: ");
    expect_part(block, "agent hosts: 9 x c6i.xlarge; the fullest, at its peak: cpu ");
    expect_part(block, "connections: cold;");
    ended = run_program("run", topology("flat-mesh.yaml"), "--agents", "20", "--db", STORE, NULL);
    expect_part(ended.output, "saturates first, at ");
    expect_no_part(ended.output, "handshakes: ");
    expect_no_part(ended.output, "compression: ");
}

Test(table, the_five_assumptions_stand_below_with_their_values)
{
    struct ended ended = run_program("run", topology("flat-mesh.yaml"), "--db", STORE, NULL);
    const char *block = strstr(ended.output, "Moves the verdict most:");
    cr_assert(block);
    expect_part(block, "theta: 0.95 ");
    expect_part(block, "tick phases: phased;");
    expect_part(block, "connections: warm;");
    expect_part(block, "membership: full;");
    expect_part(block, "mode: push-pull ");
}

Test(table, other_claims_are_judged_and_those_that_cannot_be_are_listed)
{
    struct ended ended = run_program("run", topology("flat-mesh.yaml"), "--db", STORE, NULL);
    expect_part(ended.output, "\"3-5 rounds\"");
    expect_part(ended.output, "\"Bandwidth: <1 MB/s\"");
    expect_part(ended.output, "not measured: \"$$\"");
    // 100 ms a round instead of the 10 that "3-5 rounds = 30-50ms" takes.
    expect_part(ended.output, "set-up FAIL: \"3-5 rounds = 30-50ms\"");
}

Test(table, one_mesh_alone_is_shown_in_detail)
{
    struct ended ended =
        run_program("run", topology("flat-mesh.yaml"), "--json", "--db", STORE, NULL);
    const char *fingerprint = json_text(json_line(ended.output, "scenario", 0), "$.fingerprint");
    ended = run_program("run", topology("flat-mesh.yaml"), "--db", STORE, NULL);
    expect_part(ended.output, fingerprint);
    expect_part(ended.output, "to theta, rounds");
    expect_part(ended.output, "to all, ms");
    expect_part(ended.output, "MB/s");
}

Test(table, other_swept_keys_tell_the_rows_apart)
{
    struct ended ended = run_program("run", topology("flat-mesh.yaml"), "--agents", "10", "--set",
                                     "sweep={network.loss_percent: [0, 20]}", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    expect_part(row_line(ended.output, 1), "network.loss_percent=0");
    expect_part(row_line(ended.output, 2), "network.loss_percent=20");
}

Test(table, labels_that_have_no_place_beside_the_table_stand_below_it)
{
    struct ended ended = run_program(
        "run", topology("flat-mesh.yaml"), scenario("flat-mesh-push-pull.yaml"), "--agents", "10",
        "--db", STORE, "--set",
        "sweep={gossip.mode: [push-pull, eager], network.duplicate_percent: [0, 20]}", NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "\nrow 1: flat-mesh: network.duplicate_percent=0\n");
    expect_part(ended.output, "\nrow 4: flat mesh, push-pull: network.duplicate_percent=20\n");
    cr_expect(widest_line(ended.output) <= 100, "%zu columns", widest_line(ended.output));
}

Test(table, quiet_says_nothing_beside_the_table)
{
    struct ended ended =
        run_program("run", topology("flat-mesh.yaml"), "--quiet", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    cr_expect_str_empty(ended.errors);
    expect_part(ended.output, "judged: ");
}
