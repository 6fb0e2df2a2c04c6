// SPDX-License-Identifier: GPL-3.0-or-later
// --json: JSON Lines with the names that others rely on, and figures that agree with the store.
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "program.h"

#define GOSSIP "gossip: {fanout: 3, interval_ms: 100}\n"

TestSuite(json, .init = scratch_enter, .fini = scratch_leave);

static void expect_type(const char *line, const char *path, const char *type)
{
    char expression[200];
    snprintf(expression, sizeof expression, "json_type(?1, '%s') IN ('%s', 'integer')", path, type);
    cr_expect(json_number(line, expression) == 1, "%s is no %s in %s", path, type, line);
}

static void expect_numbers(const char *line, const char *const *paths, int count)
{
    for (int i = 0; i < count; i++) {
        expect_type(line, paths[i], "real");
    }
}

Test(json, a_run_has_the_names_that_are_relied_on)
{
    static const char *const numbers[] = {
        "$.agents",
        "$.seed",
        "$.repetition",
        "$.messages",
        "$.bytes",
        "$.updates_sent_per_node",
        "$.residue",
        "$.last_receipt_rounds",
        "$.wall_s",
        "$.peak_rss_bytes",
        "$.convergence_ms.p50",
        "$.convergence_ms.p95",
        "$.convergence_ms.p99",
        "$.convergence_ms.max",
        "$.convergence_rounds.p50",
        "$.convergence_rounds.p95",
        "$.convergence_rounds.p99",
        "$.convergence_rounds.max",
    };
    struct ended ended = run_program("run", topology("single-region.yaml"), "--agents", "100",
                                     "--repeat", "3", "--json", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    cr_expect_eq(count_lines(ended.output, "run"), 3);
    cr_expect_eq(count_lines(ended.output, "scenario"), 1);
    const char *line = json_line(ended.output, "run", 1);
    expect_numbers(line, numbers, sizeof numbers / sizeof *numbers);
    cr_expect_str_eq(json_text(line, "$.scenario"), "single-region");
    cr_expect_str_eq(json_text(line, "$.topology"), "single_region_mesh");
    cr_expect_str_eq(json_text(line, "$.mode"), "push-pull");
    cr_expect_str_eq(json_text(line, "$.cell"), "");
    cr_expect_eq(json_number(line, "?1 ->> '$.repetition'"), 1);
    cr_expect_eq(strspn(json_text(line, "$.fingerprint"), "0123456789abcdef"), 16);
    cr_expect_float_eq(json_number(line, "?1 ->> '$.convergence_ms.p95'"),
                       100 * json_number(line, "?1 ->> '$.convergence_rounds.p95'"), 1e-9,
                       "a round of this file takes 100 ms");
}

Test(json, a_scenario_has_the_names_that_are_relied_on)
{
    static const char *const numbers[] = {
        "$.convergence_ms.mean",
        "$.convergence_ms.sd",
        "$.convergence_ms.p50",
        "$.convergence_ms.p95",
        "$.convergence_ms.p99",
        "$.convergence_ms.max",
        "$.convergence_ms.n",
        "$.convergence_rounds.mean",
        "$.messages.mean",
        "$.messages.sd",
        "$.messages.n",
        "$.bytes.mean",
        "$.updates_sent_per_node.mean",
        "$.residue.mean",
        "$.last_receipt_rounds.mean",
        "$.wall_s.mean",
        "$.peak_rss_bytes.mean",
    };
    static const char *const verdict[] = {"$.target", "$.measured", "$.low", "$.high"};
    struct ended ended = run_program("run", topology("single-region.yaml"), "--agents", "100",
                                     "--repeat", "3", "--json", "--db", STORE, NULL);
    const char *line = json_line(ended.output, "scenario", 0);
    expect_numbers(line, numbers, sizeof numbers / sizeof *numbers);
    cr_expect_eq(strspn(json_text(line, "$.fingerprint"), "0123456789abcdef"), 16);
    for (int i = 0;; i++) {
        char path[40];
        snprintf(path, sizeof path, "$.verdicts[%d]", i);
        const char *one = json_text(line, path);
        cr_assert(strcmp(one, "-") != 0, "no verdict on <100ms in %s", line);
        if (strcmp(json_text(one, "$.claim"), "<100ms") == 0) {
            expect_numbers(one, verdict, 4);
            cr_expect_eq(json_number(one, "?1 ->> '$.target'"), 100);
            cr_expect_str_eq(json_text(one, "$.section"), "Topology Selection Matrix");
            cr_expect_eq(json_number(one, "?1 ->> '$.low' <= ?1 ->> '$.measured' AND "
                                          "?1 ->> '$.measured' <= ?1 ->> '$.high'"),
                         1);
            cr_expect_neq(json_text(one, "$.why")[0], '-');
            break;
        }
    }
}

Test(json, pooled_figures_are_those_of_the_stored_rows)
{
    struct ended ended = run_program("run", topology("flat-mesh.yaml"), "--repeat", "4", "--json",
                                     "--set", "workload.updates=30", "--db", STORE, NULL);
    const char *line = json_line(ended.output, "scenario", 0);
    cr_expect_eq(json_number(line, "?1 ->> '$.convergence_ms.n'"), 120);
    // Nearest rank: the ceil(0.95 * 120) = 114th of 120, the ceil(0.5 * 120) = 60th.
    cr_expect_float_eq(
        json_number(line, "?1 ->> '$.convergence_ms.p95'"),
        store_number("SELECT theta_ns / 1e6 FROM updates ORDER BY theta_ns LIMIT 1 OFFSET 113"),
        1e-9);
    cr_expect_float_eq(
        json_number(line, "?1 ->> '$.convergence_ms.p50'"),
        store_number("SELECT theta_ns / 1e6 FROM updates ORDER BY theta_ns LIMIT 1 OFFSET 59"),
        1e-9);
    cr_expect_float_eq(json_number(line, "?1 ->> '$.messages.mean'"),
                       store_number("SELECT sum(messages) / 4.0 FROM traffic"), 1e-6);
    cr_expect_float_eq(json_number(line, "?1 ->> '$.updates_sent_per_node.mean'"),
                       store_number("SELECT sum(updates) / 4.0 / 30 / 100 FROM traffic"), 1e-8);
    cr_expect_float_eq(json_number(line, "?1 ->> '$.last_receipt_rounds.mean'"),
                       store_number("SELECT avg(last_receipt_ns) / 1e8 FROM updates"), 1e-8);
    const char *run = json_line(ended.output, "run", 2);
    cr_expect_eq(json_number(run, "?1 ->> '$.messages'"),
                 store_number("SELECT sum(messages) FROM traffic WHERE repetition = 2"));
    cr_expect_eq(json_number(run, "?1 ->> '$.bytes'"),
                 store_number("SELECT sum(bytes) FROM traffic WHERE repetition = 2"));
}

Test(json, bytes_on_the_wire_and_hosts_are_those_of_the_store)
{
    struct ended ended = run_program(
        "run", topology("single-region.yaml"), "--agents", "300", "--repeat", "2", "--json",
        "--set", "network.connections.start=cold", "--set", "placement.agents_per_host=40", "--set",
        "network.compression=zstd", "--db", STORE, NULL);
    const char *line = json_line(ended.output, "scenario", 0);
    cr_expect_float_eq(json_number(line, "?1 ->> '$.wire_bytes.open.same_zone'"),
                       store_number("SELECT sum(bytes - saved_bytes + transport_bytes + "
                                    "handshake_bytes) / 2.0 FROM traffic WHERE message_kind = "
                                    "'open' AND pair_class = 'same_zone'"),
                       1e-3);
    cr_expect_float_eq(json_number(line, "?1 ->> '$.outside_bytes.mean'"),
                       store_number("SELECT sum(bytes - saved_bytes + transport_bytes + "
                                    "handshake_bytes) / 2.0 FROM traffic WHERE pair_class <> "
                                    "'same_host'"),
                       1e-3);
    cr_expect(store_number("SELECT count(*) FROM compressions") > 10);
    cr_expect_eq(json_number(line, "?1 ->> '$.hosts[0].hosts'"), 9);  // 3 for each of 3 zones
    cr_expect_eq(json_number(line, "?1 ->> '$.hosts[0].cpu.peak'"),
                 store_number("SELECT max(peak) FROM hosts WHERE resource = 'cpu'"));
    cr_expect_eq(json_number(line, "?1 ->> '$.hosts[0].cpu.limit'"), 4e9);
    cr_expect_str_eq(json_text(line, "$.hosts[0].instance_type"), "c6i.xlarge");
    cr_expect_str_eq(json_text(line, "$.hosts[0].saturates_first"), "cpu");
    cr_expect_str_eq(json_text(line, "$.hosts[0].packets.limit"), "-", "nobody knows it");
}

Test(json, what_never_converged_is_null)
{
    struct ended ended =
        run_program("run", topology("flat-mesh.yaml"), "--set", "network.loss_percent=100",
                    "--repeat", "2", "--json", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    for (int i = 0; i < 2; i++) {
        const char *line = json_line(ended.output, i == 0 ? "run" : "scenario", 0);
        cr_expect(isnan(json_number(line, "?1 ->> '$.convergence_ms.p50'")));
        cr_expect(isnan(json_number(line, "?1 ->> '$.convergence_rounds.max'")));
        cr_expect_str_eq(json_text(line, "$.convergence_ms.p95"), "-");
    }
    // 99 of 100 never hold it.
    cr_expect_float_eq(json_number(json_line(ended.output, "run", 0), "?1 ->> '$.residue'"), 0.99,
                       1e-9);
    expect_no_part(ended.output, "inf");
    expect_no_part(ended.output, "nan");
}

Test(json, a_name_with_quotes_and_backslashes_survives)
{
    write_file("mine.yaml", "scenario: 'a \"mesh\" \\ of \xC3\xA9lan'\n"
                            "topology:\n  topology: flat_mesh\n  agent_count: 5\n  " GOSSIP);
    struct ended ended = run_program("run", "mine.yaml", "--json", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    cr_expect_str_eq(json_text(json_line(ended.output, "run", 0), "$.scenario"),
                     "a \"mesh\" \\ of \xC3\xA9lan");
}

Test(json, a_file_name_that_is_no_utf_8_is_still_json)
{
    write_file("m\xFFine.yaml", "topology: flat_mesh\nagent_count: 5\n" GOSSIP);
    struct ended ended = run_program("run", "m\xFFine.yaml", "--json", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    cr_expect_str_eq(json_text(json_line(ended.output, "run", 0), "$.scenario"),
                     "m\xEF\xBF\xBDine");
}

Test(json, failed_expectations_are_told_in_the_scenario_and_on_stderr)
{
    struct ended ended = run_program("run", topology("flat-mesh.yaml"), "--json", "--db", STORE,
                                     "--set", "expect=[residue > 0.5]", NULL);
    expect_exit(&ended, 1);
    const char *line = json_line(ended.output, "scenario", 0);
    cr_expect_str_eq(json_text(line, "$.expectations[0].expectation"), "residue > 0.5");
    cr_expect_str_eq(json_text(line, "$.expectations[0].outcome"), "fail");
    cr_expect_eq(json_number(line, "?1 ->> '$.expectations[0].measured'"), 0);
    expect_part(ended.errors, "Reproduce: ");
}

Test(json, a_line_comes_as_soon_as_its_repetition_has_ended)
{
    int output;
    pid_t program = start_program(&output, "run", topology("flat-mesh.yaml"), "--repeat", "200000",
                                  "--json", "--quiet", "--db", STORE, NULL);
    wait_for_line(output, "\"repetition\":2");
    cr_expect_eq(kill(program, SIGKILL), 0);
    wait_for_end(program, output);
}
