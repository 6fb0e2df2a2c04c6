// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch[128];

void scratch_make(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(scratch, sizeof scratch, "%s/meshsim-store-XXXXXX", base == NULL ? "/tmp" : base);
    cr_assert_not_null(mkdtemp(scratch), "cannot make a directory for the test's files");
}

const char *scratch_path(const char *name)
{
    static char paths[64][sizeof scratch + 256];
    static unsigned next;
    char *path = paths[next++ % 64];
    snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
    return path;
}

void scratch_remove(void)
{
    DIR *directory = opendir(scratch);
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        unlink(scratch_path(entry->d_name));  // fails on . and .., which is as well
    }
    if (directory != NULL) {
        closedir(directory);
    }
    rmdir(scratch);
}

static void init_scenario(struct sim_scenario *scenario)
{
    static struct sim_region regions[] = {{.name = "eu-west-1"}, {.name = "here & there"}};
    *scenario = (struct sim_scenario){
        .regions = regions,
        .region_count = 2,
        .name = "a run by hand",
        .cell = "gossip.mode=eager",
        .row = 3,
        .topology = SIM_SINGLE_REGION_MESH,
        .agents = 1000,
        .seed = UINT64_MAX - 1,  // does not fit SQLite's signed integers as a number
        .repeat = FIXTURE_RESULTS,
        .duration_ns = 20000000000,
        .gossip = {.mode = MESH_EAGER,
                   .schedule = MESH_PHASED,
                   .fanout = 10,
                   .interval_ns = 100000000,
                   .threshold_ppb = 990000000},
        .instances = {{.name = "c6i.xlarge"}, {.name = "c6i.xlarge"}, {.name = "c6i.xlarge"}},
        .network = {.loss_ppb = 20000000, .duplicate_ppb = 10000000},
    };
}

static void init_updates(struct sim_update_result updates[FIXTURE_UPDATES])
{
    updates[0] = (struct sim_update_result){
        .dot = {.origin = 7, .sequence = 2},
        .written_ns = 200000000,
        .measured = true,
        .cohort = 1000,
        .gone = 2,
        .held = 998,
        .theta_ns = 41,
        .calm_theta_ns = 40,
        .half_ns = 23,
        .p99_ns = 42,
        .all_ns = SIM_TIME_NEVER,
        .last_receipt_ns = 55,
        .near = {[SIM_REACH_EDGE] = {.cohort = 20, .gone = 1, .held = 19, .theta_ns = 17},
                 [SIM_REACH_REGION] = {.cohort = 300, .held = 298, .theta_ns = 29}},
        .path = {.tick_ns = {6, 15, 9}, .network_ns = 11, .hops = 4, .node = 812},
    };
    updates[1] = (struct sim_update_result){
        .dot = {.origin = 3, .sequence = 1},
        .written_ns = 400000000,
        .measured = false,
        .cohort = 999,
        .held = 1,
        .theta_ns = SIM_TIME_NEVER,
        .calm_theta_ns = SIM_TIME_NEVER,
        .half_ns = SIM_TIME_NEVER,
        .p99_ns = SIM_TIME_NEVER,
        .all_ns = SIM_TIME_NEVER,
        .last_receipt_ns = 0,
        .near = {[SIM_REACH_REGION] = {.cohort = 301, .held = 1, .theta_ns = SIM_TIME_NEVER}},
        .path = {.node = MESH_NODE_NONE},
    };
}

static void init_result(struct sim_result *result, uint32_t repetition,
                        struct sim_update_result *updates, struct sim_checkpoint *checkpoint)
{
    static struct sim_curve curves[] = {
        {.step_ns = 10,
         .pairs = 1000,
         .held = {5, 500, 998},
         .point_count = 3,
         .reach = SIM_REACH_ALL,
         .region = SIM_REGION_NONE},
        {.step_ns = 11,
         .pairs = 20,
         .held = {2, 19},
         .point_count = 2,
         .reach = SIM_REACH_EDGE,
         .region = SIM_REGION_NONE},
        {.step_ns = 12,
         .pairs = 300,
         .held = {298},
         .point_count = 1,
         .reach = SIM_REACH_REGION,
         .region = SIM_REGION_NONE},
        {.step_ns = 13, .pairs = 600, .held = {597}, .point_count = 1, .reach = SIM_REACH_ALL},
        {.step_ns = 14,
         .pairs = 400,
         .held = {7, 393},
         .point_count = 2,
         .reach = SIM_REACH_ALL,
         .region = 1},
    };
    static struct sim_fault_result faults[] = {
        {"crash at 5 ms of nodes 1-2", 5000000, 9000000, 4, 2, SIM_FAULT_CRASH},
        {"mass-join at 60 ms of nodes 3", SIM_TIME_NEVER, SIM_TIME_NEVER, 0, 0,
         SIM_FAULT_MASS_JOIN},
    };
    static struct sim_rejoin rejoins[] = {{7000000, 250, 1, true},
                                          {8000000, SIM_TIME_NEVER, 2, false}};
    static struct sim_takeover takeovers[] = {{6000000, 4, 81, 97}};
    static struct sim_gap gaps[] = {{SIM_GAP_AGGREGATOR, 1001, 60, 120}};
    static struct sim_election elections[] = {
        {.lost_ns = 0,
         .won_ns = 21,
         .after_ns = 31,
         .term = 2,
         .terms = 1,
         .leader = 50,
         .region = 1,
         .first = true},
        {.lost_ns = 7000000,
         .won_ns = SIM_TIME_NEVER,
         .after_ns = SIM_TIME_NEVER,
         .terms = 3,
         .leader = MESH_NODE_NONE},
    };
    static struct sim_failover failovers[] = {
        {.lost_ns = 7000001,
         .after_ns = 41,
         .exchange_ns = SIM_TIME_NEVER,
         .region = 1,
         .bridge = 60,
         .successor = 70},
        {.lost_ns = 7000002,
         .after_ns = SIM_TIME_NEVER,
         .exchange_ns = SIM_TIME_NEVER,
         .bridge = 0,
         .successor = MESH_NODE_NONE},
    };
    static struct sim_liar_result liars[] = {
        {"forging by 20 % of agents", NULL, 1000000, 9000000, 812, 200, 199, SIM_FORGING},
        {"eclipsing by nodes 5", "it looks empty", SIM_TIME_NEVER, SIM_TIME_NEVER, 0, 1, 0,
         SIM_ECLIPSING},
    };
    static struct sim_detection detections[] = {{1000000, 52, 5}, {1000001, SIM_TIME_NEVER, 17}};
    static struct sim_deceit deceits[] = {{2000000, 2000300, 61, 5, 3, 0, 700},
                                          {3000000, 3000400, SIM_TIME_NEVER, 6, 4, 1, 1}};
    static struct sim_region_leading leading[] = {{13, 5, 0, 0, 0, 0}, {31, 2, 1, 3, 4, 600}};
    *result = (struct sim_result){
        .seed = UINT64_MAX - 1 + repetition,
        .repetition = repetition,
        .fingerprint = 0xF00000000000000A + repetition,
        .simulated_ns = 20000000000,
        .interval_ns = {[SIM_REACH_REGION] = 200000000, [SIM_REACH_ALL] = 300000000},
        .agents = 1000,
        .updates = updates,
        .update_count = FIXTURE_UPDATES,
        .curves = curves,
        .curve_count = sizeof curves / sizeof *curves,
        .checkpoints = checkpoint,
        .checkpoint_count = 1,
        .events = 123456,
        .in_flight = {[MESH_MESSAGE_OPEN] = 3},
        .processors = {9000, 430000000, 81000, 77},
        .unwritten = 3,
        .faults = faults,
        .fault_count = 2,
        .rejoins = rejoins,
        .rejoin_count = 2,
        .takeovers = takeovers,
        .takeover_count = 1,
        .lagging = 60,
        .gaps = gaps,
        .gap_count = 1,
        .elections = elections,
        .election_count = 2,
        .failovers = failovers,
        .failover_count = 2,
        .leading = leading,
        .leading_count = 2,
        .liars = liars,
        .liar_count = 2,
        .detections = detections,
        .detection_count = 2,
        .deceits = deceits,
        .deceit_count = 2,
        .honest = 800,
        .deceived = 700,
        .wrongly_ignored = 2,
        .rejects = {[0] = {[MESH_REJECT_RATE] = 8}, [1] = {[MESH_REJECT_SIGNATURE] = 90}},
        .wall_ns = 777,
        .peak_rss_bytes = 888,
    };
    *checkpoint = (struct sim_checkpoint){.time_ns = 5000000000, .fingerprint = 99, .events = 61};
    result->traffic[MESH_MESSAGE_OPEN][SIM_SAME_ZONE] = (struct sim_traffic){
        .messages = 10,
        .bytes = 360,
        .transport_bytes = 580,
        .updates = 12,
        .duplicated = 1,
        .lost = 2,
        .dropped = 3,
        .corrupted = 4,
        .altered = 3,
        .cut = 5,
        .dead = 6,
        .refused = 7,
        .delivered = 8,
        .saved_bytes = 70,
        .digest_bytes = 160,
        .idle = 3,
        .idle_bytes = 108,
        .handshakes = 4,
        .resumed = 1,
        .handshake_bytes = 16048,
    };
    result->traffic[SIM_TRAFFIC_ROTATION][SIM_SAME_REGION] =
        (struct sim_traffic){.handshakes = 9, .handshake_bytes = 36108};
    result->compression.classes[SIM_PAYLOAD_UPDATES][7] = (struct sim_compressed){130, 101};
    result->tiers[SIM_TIER_AGENT] = (struct sim_tier_use){
        .hosts = 4,
        .mean = {1000, 20, 300, 4000, 50},
        .peak = {1001, 21, 301, 4001, 51},
        .limit = {4000000000, 0, 1562000000, 8589934592, 0},
    };
    // Sent before the end of the warm-up and delivered after it.
    result->traffic[MESH_MESSAGE_EAGER][SIM_INTER_REGION] = (struct sim_traffic){.delivered = 1};
    result->latency_p50_ns[SIM_SAME_ZONE] = 5500000;
    result->latency_max_ns[SIM_SAME_ZONE] = 9900000;
    init_updates(updates);
}

static void init_judgements(struct fixture *fixture)
{
    fixture->metrics[0] = (struct sim_store_metric){"convergence", "p50", "ns", 41};
    fixture->metrics[1] = (struct sim_store_metric){"convergence", "p95", "ns", SIM_TIME_NEVER};
    fixture->verdicts[0] = (struct sim_store_verdict){"selection-single-convergence",
                                                      "<100ms",
                                                      "Topology Selection Matrix",
                                                      "convergence",
                                                      "p95",
                                                      "ns",
                                                      SIM_TIME_NEVER,
                                                      100000000,
                                                      118000000,
                                                      110000000,
                                                      SIM_TIME_NEVER,
                                                      300,
                                                      "FAIL",
                                                      "ticks take 86 % of the time"};
    fixture->verdicts[1] = (struct sim_store_verdict){"single-sla",
                                                      "99.9%",
                                                      "Topology Comparison Matrix",
                                                      "convergence",
                                                      "share",
                                                      "ppb",
                                                      999000000,
                                                      SIM_TIME_NEVER,
                                                      997000000,
                                                      996000000,
                                                      998000000,
                                                      301,
                                                      "INCONCLUSIVE",
                                                      ""};
    fixture->expectations[0] = (struct sim_store_expectation){
        "p99(convergence_ms) < 1000", "ns", SIM_TIME_NEVER, "fail", "2 of 4 updates never arrive"};
}

void fixture_init(struct fixture *fixture)
{
    init_scenario(&fixture->scenario);
    for (uint32_t index = 0; index < FIXTURE_RESULTS; index++) {
        init_result(&fixture->results[index], index, fixture->updates[index],
                    &fixture->checkpoints[index]);
    }
    fixture->sources[0] = (struct sim_store_source){"topology", "mesh.yaml", "agent_count: 10\n"};
    fixture->sources[1] = (struct sim_store_source){"option", "--set", "gossip.fanout=10"};
    init_judgements(fixture);
    fixture->run = (struct sim_store_run){
        .scenario = &fixture->scenario,
        .engine_version = "1.2.3",
        .fingerprint = 0xFEDCBA9876543210,
        .sources = fixture->sources,
        .source_count = 2,
        .results = fixture->results,
        .result_count = FIXTURE_RESULTS,
        .metrics = fixture->metrics,
        .metric_count = 2,
        .verdicts = fixture->verdicts,
        .verdict_count = 2,
        .expectations = fixture->expectations,
        .expectation_count = 1,
    };
}

struct sim_store *open_store(const char *path)
{
    struct sim_store *store = NULL;
    struct sim_error error = {0};
    cr_assert(sim_store_open(path, &store, &error), "%s", error.text);
    return store;
}

int64_t write_run(struct sim_store *store, const struct fixture *fixture)
{
    int64_t run_id = 0;
    struct sim_error error = {0};
    cr_assert(sim_store_write_run(store, &fixture->run, &run_id, &error), "%s", error.text);
    return run_id;
}

static void append_row(FILE *text, sqlite3_stmt *row)
{
    for (int column = 0; column < sqlite3_column_count(row); column++) {
        const unsigned char *value = sqlite3_column_text(row, column);
        fprintf(text, "%s%s", column == 0 ? "" : "|", value == NULL ? "-" : (const char *)value);
    }
    fputc('\n', text);
}

void expect_rows(const char *path, const char *query, const char *expected)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    char *rows = NULL;
    size_t length = 0;
    FILE *text = open_memstream(&rows, &length);
    int code = sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_prepare_v2(database, query, -1, &statement, NULL);
    }
    while (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
        append_row(text, statement);
    }
    sqlite3_finalize(statement);
    fclose(text);
    cr_assert(code == SQLITE_OK, "%s: %s", query, sqlite3_errmsg(database));
    cr_assert(strcmp(rows, expected) == 0, "%s\n  expected\n%s\n  found\n%s", query, expected,
              rows);
    free(rows);
    sqlite3_close(database);
}
