// SPDX-License-Identifier: GPL-3.0-or-later
// The page and the JSON lines of all five topologies, from results made by hand: the meshes
// themselves would take minutes to run.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../measure/fixture.h"
#include "blocks.h"
#include "lines.h"

#define ROWS 6
#define CELLS (2 * ROWS)
#define UPDATES 60

// The rows of the document's matrix, at one end of their ranges.
static const char claims_text[] =
    "sections:\n"
    "- section: Matrix\n"
    "  claims:\n"
    "  - {id: a, quote: <50ms, topology: flat_mesh, theta: file, primary: true,\n"
    "     statistic: p95(convergence_ms), target: '< 50'}\n"
    "  - {id: b, quote: <100ms, topology: single_region_mesh, theta: file, primary: true,\n"
    "     statistic: p95(convergence_ms), target: '< 100'}\n"
    "  - {id: c, quote: <300ms, topology: multi_region_mesh, theta: file, primary: true,\n"
    "     statistic: p95(convergence_ms), target: '< 300'}\n"
    "  - {id: d, quote: <500ms, topology: multi_region_leaders, theta: file, primary: true,\n"
    "     statistic: p95(convergence_ms), target: '< 500'}\n"
    "  - {id: e, quote: <1s, topology: hierarchical, theta: file, primary: true,\n"
    "     statistic: p95(convergence_ms), target: '< 1000'}\n"
    "  - {id: f, quote: ~7 rounds, topology: hierarchical, theta: file,\n"
    "     statistic: p95(edge_convergence_rounds), target: '<= 7'}\n"
    "  - {id: g, quote: ~8 rounds, topology: multi_region_leaders, theta: file,\n"
    "     statistic: p95(region_convergence_rounds), target: about 8}\n";

// What a row's updates took in ms: gossip, link and global ticks, network; of eager in total.
static const struct {
    uint32_t agents, fanout;
    uint64_t waits[4], eager;
} made[ROWS] = {
    {10, 5, {70, 0, 0, 7}, 9},
    {1000, 10, {120, 0, 0, 30}, 18},
    {10000, 20, {90, 0, 0, 129}, 72},
    {100000, 50, {120, 200, 0, 160}, 268},
    {100000, 50, {280, 560, 60, 315}, 0},
    {1000000, 100, {300, 610, 90, 343}, 1100},
};

static struct {
    struct sim_claims claims;
    struct sim_scenario scenarios[CELLS];
    struct sim_batch_file file;
    struct sim_batch_cell cells[CELLS];
    struct sim_finding findings[CELLS];
    uint32_t count;
} world;

static struct sim_scenario scenario_of(uint32_t row)
{
    static struct sim_region regions[2] = {{.name = "a", .zone_count = 1},
                                           {.name = "b", .zone_count = 1}};
    struct sim_scenario scenario = row == 3   ? fixture_leaders()
                                   : row >= 4 ? fixture_hierarchy()
                                              : fixture_scenario();
    scenario.name = "by hand";
    scenario.cell = "";
    scenario.topology_path = row >= 4 ? "hierarchical.yaml" : "other.yaml";
    scenario.agents = made[row].agents;
    scenario.gossip.fanout = made[row].fanout;
    if (row > 0 && row < 3) {
        scenario.topology = row == 1 ? SIM_SINGLE_REGION_MESH : SIM_MULTI_REGION_MESH;
    }
    if (row == 2) {
        scenario.regions = regions;
        scenario.region_count = 2;
    }
    return scenario;
}

static struct sim_result result_of(const struct sim_scenario *scenario, uint32_t row)
{
    const uint64_t *waits = made[row].waits;
    bool eager = scenario->gossip.mode == MESH_EAGER;
    struct sim_result result = fixture_result(UPDATES, 0, 0);
    bool tiers = scenario->topology == SIM_HIERARCHICAL;
    result.interval_ns[SIM_REACH_EDGE] = tiers ? 100 * MS : 0;
    result.interval_ns[SIM_REACH_REGION] = row < 2 ? 0 : tiers ? 500 * MS : 100 * MS;
    result.interval_ns[SIM_REACH_ALL] = tiers ? 1000 * MS : row == 3 ? 500 * MS : 100 * MS;
    if (eager) {
        fixture_waits(&result, 0, 0, 0, made[row].eager);
    } else {
        fixture_waits(&result, waits[0], waits[1], waits[2], waits[3]);
    }
    if (tiers) {
        fixture_near(&result, SIM_REACH_EDGE, 750);
    }
    if (row >= 2) {
        fixture_near(&result, SIM_REACH_REGION, 800);
    }
    return result;
}

static void add_cell(uint32_t row, enum mesh_mode mode)
{
    uint32_t i = world.count++;
    world.scenarios[i] = scenario_of(row);
    world.scenarios[i].gossip.mode = mode;
    world.scenarios[i].row = row + 1;
    world.cells[i] = (struct sim_batch_cell){
        .scenario = &world.scenarios[i], .file = &world.file, .row = row + 1};
    struct sim_result result = result_of(&world.scenarios[i], row);
    sim_finding_init(&world.findings[i], &world.cells[i], &world.claims, &result, 1);
    sim_result_finish(&result);
}

static void make(void)
{
    struct sim_error error = {0};
    cr_assert(sim_claims_parse(&world.claims, "c.yaml", claims_text, &error), "%u: %s", error.line,
              error.text);
    for (uint32_t row = 0; row < ROWS; row++) {
        add_cell(row, MESH_PUSH_PULL);
        if (made[row].eager > 0) {
            add_cell(row, MESH_EAGER);
        }
    }
}

static void unmake(void)
{
    for (uint32_t i = 0; i < world.count; i++) {
        sim_finding_finish(&world.findings[i]);
    }
    sim_claims_finish(&world.claims);
}

TestSuite(page, .init = make, .fini = unmake);

// Prints a block over the findings [first, first + count).
static char *print(void (*block)(const struct sim_page *page, const struct sim_rows *rows),
                   uint32_t first, uint32_t count)
{
    char *text = NULL;
    size_t length = 0;
    struct sim_page page = {.output = open_memstream(&text, &length), .columns = SIM_PAGE_COLUMNS};
    struct sim_rows rows;
    sim_rows_init(&rows, &world.findings[first], count);
    block(&page, &rows);
    sim_rows_finish(&rows);
    fclose(page.output);
    return text;
}

static void expect_part(const char *text, const char *part)
{
    cr_expect_not_null(strstr(text, part), "no \"%s\" in:\n%s", part, text);
}

static void expect_no_part(const char *text, const char *part)
{
    cr_expect_null(strstr(text, part), "\"%s\" in:\n%s", part, text);
}

static void metrics_of_the_row(const struct sim_page *page, const struct sim_rows *rows)
{
    sim_block_metrics(page, &rows->items[0]);
}

static void other_claims(const struct sim_page *page, const struct sim_rows *rows)
{
    sim_block_claims(page, rows, &world.claims);
}

Test(page, the_table_holds_all_five_topologies_up_to_a_million_agents)
{
    static const char lines[] =
        "row     agents  topology                k   p50   p95  target  verdict  eager p95  "
        "verdict\n"
        "  1         10  flat_mesh               5  77.0  77.0      50  FAIL           9.0  PASS\n"
        "  2      1,000  single_region_mesh     10   150   150     100  FAIL          18.0  PASS\n"
        "  3     10,000  multi_region_mesh      20   219   219     300  PASS          72.0  PASS\n"
        "  4    100,000  multi_region_leaders   50   480   480     500  PASS           268  PASS\n"
        "  5    100,000  hierarchical           50  1215  1215    1000  FAIL\n"
        "  6  1,000,000  hierarchical          100  1343  1343    1000  FAIL          1100  FAIL\n";
    char *text = print(sim_block_table, 0, world.count);
    expect_part(text, lines);
    free(text);
}

Test(page, the_reasons_of_a_hierarchy_name_the_ticks_of_its_tiers_and_rows_share_one)
{
    char *text = print(sim_block_reasons, 0, world.count);
    expect_part(text,
                "\nWhy: row 1: 0 % of updates within 50 ms; ticks 91 % of the time: interval_ms");
    expect_part(
        text, "\n     rows 5-6, worst in row 6: 0 % of updates within 1000 ms; aggregator_ms 500");
    expect_part(text, "is waited for on the way up and on the way down");
    expect_part(text, "\n     row 6, eager: 0 % of updates within 1000 ms; network 100 %.");
    expect_no_part(text, "row 4");
    free(text);
}

Test(page, a_mesh_with_tiers_shows_times_within_them_and_where_the_time_went)
{
    char *tiers = print(metrics_of_the_row, 8, 1);
    expect_part(tiers, "of its edge, ms         750   750   750   750   750   0.0\n");
    expect_part(tiers, "of its edge, rounds    7.50  7.50  7.50  7.50  7.50  0.00\n");
    expect_part(tiers, "of its region, ms       800 ");
    expect_part(tiers, "of its region, rounds  1.60 ");
    expect_part(tiers, "to theta, rounds       1.22 ");
    // Of 1,215 ms: 280, 560, 60, 315.
    expect_part(tiers, "\n  of the time to theta: gossip ticks 23 %, aggregator ticks 46 %, global "
                       "ticks 4.9 %, network 26 %\n");
    free(tiers);
    char *flat = print(metrics_of_the_row, 0, 1);
    expect_part(flat, "to theta, rounds");
    expect_no_part(flat, "of its edge");
    expect_no_part(flat, "of its region");
    expect_no_part(flat, "of the time to theta");
    free(flat);
}

Test(page, claims_on_an_edge_or_a_region_say_so_and_give_reasons_of_their_own)
{
    char *text = print(other_claims, 0, world.count);
    expect_part(text, "\"~7 rounds\"  p95 rounds, in its edge");
    expect_part(text, "\"~8 rounds\"  p95 rounds, in its region  PASS 8");
    expect_part(text,
                "FAIL \"~7 rounds\" (row 5, push-pull): 0 % of updates within 7 rounds; a round "
                "is edge_ms");
    free(text);
}

Test(page, assumptions_tell_rows_with_bridges_and_tiers_from_the_others)
{
    char *text = print(sim_block_assumptions, 0, world.count);
    expect_part(text, "  tick phases: phased in rows 1-3; phased, leader ticks every 500 ms");
    expect_part(text, "in row 4; phased, global ticks every 1000 ms\n");
    expect_part(text, "membership: full in rows 1-3;");
    expect_part(text, "full within each region, 9 elected bridges between 3 regions in row");
    expect_part(text, "full within each edge, 5 fixed relays of each in rows 5-6");
    free(text);
}

// ---- JSON ----

Test(page, json_has_the_times_within_the_tiers_of_a_mesh_that_has_them)
{
    char *text = NULL;
    size_t length = 0;
    struct sim_json json = {.output = open_memstream(&text, &length)};
    sim_lines_scenario(&json, &world.findings[8]);  // row 5, push-pull
    fclose(json.output);
    expect_part(text, "\"edge_convergence_ms\":{\"mean\":750,\"sd\":0,\"p50\":750,");
    expect_part(text, "\"region_convergence_rounds\":{\"mean\":1.6,");
    expect_part(text, "\"tick_shares\":{\"gossip\":0.23");
    expect_part(text, ",\"link\":0.46");
    expect_part(text, ",\"global\":0.049");
    free(text);
    json = (struct sim_json){.output = open_memstream(&text, &length)};
    struct sim_result result = result_of(&world.scenarios[8], 4);
    sim_lines_run(&json, &world.cells[8], &result);
    fclose(json.output);
    expect_part(text, "\"edge_convergence_rounds\":{\"p50\":7.5,");
    free(text);
    sim_result_finish(&result);
}

Test(page, json_leaves_out_what_a_mesh_does_not_have)
{
    char *text = NULL;
    size_t length = 0;
    struct sim_json json = {.output = open_memstream(&text, &length)};
    sim_lines_scenario(&json, &world.findings[0]);
    sim_lines_scenario(&json, &world.findings[6]);  // row 4: regions, but no edges
    fclose(json.output);
    const char *leaders = strchr(text, '\n');
    expect_part(leaders, "\"region_convergence_ms\":{");
    expect_part(leaders, "\"link\":");
    expect_no_part(leaders, "\"global\":");
    expect_no_part(text, "edge_convergence");
    *strchr(text, '\n') = '\0';
    expect_no_part(text, "region_convergence");
    // 70 of 77 ms.
    expect_part(text, "\"tick_share\":0.909");
    expect_part(text, "\"tick_shares\":{\"gossip\":0.909");
    expect_no_part(text, "\"link\":");
    free(text);
}
