// SPDX-License-Identifier: GPL-3.0-or-later
// A run out of the store and into a file and back: nothing is lost, whatever its texts look like.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base64.h"
#include "fixture.h"
#include "recording.h"
#include "stored_results.h"

TestSuite(recording, .init = scratch_make, .fini = scratch_remove);

static char *encoded(const char *text)
{
    char *lines = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&lines, &length);
    sim_base64_write((const unsigned char *)text, strlen(text), 0, memory);
    fclose(memory);
    return lines;
}

Test(recording, base64_is_that_of_rfc_4648)
{
    static const char *const vectors[][2] = {
        {"", ""},
        {"f", "Zg==\n"},
        {"fo", "Zm8=\n"},
        {"foo", "Zm9v\n"},
        {"foob", "Zm9vYg==\n"},
        {"fooba", "Zm9vYmE=\n"},
        {"foobar", "Zm9vYmFy\n"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        unsigned char bytes[8] = "";
        char *lines = encoded(vectors[i][0]);
        size_t count = strlen(vectors[i][0]);
        cr_expect_str_eq(lines, vectors[i][1]);
        cr_expect(sim_base64_read(lines, bytes, count));
        cr_expect(memcmp(bytes, vectors[i][0], count) == 0);
        cr_expect(!sim_base64_read(lines, bytes, count + 1));
        cr_expect(count == 0 || !sim_base64_read(lines, bytes, count - 1));
        free(lines);
    }
    unsigned char bytes[3];
    cr_expect(!sim_base64_read("Zm9!", bytes, 3));
    cr_expect(!sim_base64_read("Zm9v=Zm9v", bytes, 3));
    cr_expect(sim_base64_read("  Zm\n  9v\n", bytes, 3) && memcmp(bytes, "foo", 3) == 0);
}

// The fixture with checkpoints that a run could have, and these sources.
static void write_and_read(const struct sim_store_source *sources, uint32_t count,
                           struct sim_recording *recording)
{
    struct fixture fixture;
    struct sim_error error = {0};
    fixture_init(&fixture);
    fixture.run.sources = sources;
    fixture.run.source_count = count;
    struct sim_store *store = open_store(scratch_path("runs.db"));
    int64_t run_id = write_run(store, &fixture);
    cr_assert(sim_recording_read(store, run_id, recording, &error), "%s", error.text);
    sim_store_close(store);
}

static void expect_same(const struct sim_recording *a, const struct sim_recording *b)
{
    cr_expect_str_eq(a->engine_version, b->engine_version);
    cr_expect_str_eq(a->scenario, b->scenario);
    cr_expect_str_eq(a->cell, b->cell);
    cr_expect_str_eq(a->topology, b->topology);
    cr_expect(a->row == b->row && a->agents == b->agents && a->seed == b->seed &&
              a->repeat == b->repeat && a->complete == b->complete &&
              a->fingerprint == b->fingerprint && a->digest == b->digest);
    cr_assert(a->source_count == b->source_count && a->table_count == b->table_count &&
              a->repetition_count == b->repetition_count);
    for (uint32_t i = 0; i < a->source_count; i++) {
        cr_expect_str_eq(a->sources[i].kind, b->sources[i].kind);
        cr_expect_str_eq(a->sources[i].name, b->sources[i].name);
        cr_expect_str_eq(a->sources[i].text, b->sources[i].text);
    }
    cr_assert(a->table_digest_count == b->table_digest_count && a->table_digest_count > 0);
    for (uint32_t i = 0; i < a->table_digest_count; i++) {
        cr_expect_str_eq(a->table_digests[i].table, b->table_digests[i].table);
        cr_expect(a->table_digests[i].digest == b->table_digests[i].digest);
    }
    cr_expect(memcmp(&a->compression, &b->compression, sizeof a->compression) == 0);
    for (uint32_t i = 0; i < a->repetition_count; i++) {
        const struct sim_recorded_repetition *x = &a->repetitions[i];
        const struct sim_recorded_repetition *y = &b->repetitions[i];
        cr_expect(x->seed == y->seed && x->repetition == y->repetition &&
                  x->interrupted == y->interrupted && x->fingerprint == y->fingerprint &&
                  x->simulated_ns == y->simulated_ns && x->events == y->events);
        cr_assert(x->checkpoint_count == y->checkpoint_count);
        cr_expect(memcmp(x->checkpoints, y->checkpoints,
                         x->checkpoint_count * sizeof *x->checkpoints) == 0);
    }
}

static void export_and_import(const struct sim_recording *recording, struct sim_recording *again)
{
    struct sim_error error = {0};
    const char *path = scratch_path("run.yaml");
    cr_assert(sim_recording_export(recording, path, &error), "%s", error.text);
    cr_assert(sim_recording_is_export(path));
    cr_assert(sim_recording_import(path, again, &error), "%s:%u: %s", error.file, error.line,
              error.text);
}

Test(recording, what_the_store_has_is_what_was_written)
{
    static const struct sim_store_source sources[] = {
        {"topology", "mesh.yaml", "agent_count: 10\n"},
        {"scenario", "mine.yaml", "topology: mesh.yaml\n"},
        {"option", "--set", "gossip.fanout=10"},
    };
    struct sim_recording recording;
    write_and_read(sources, 3, &recording);
    cr_expect_str_eq(recording.engine_version, "1.2.3");
    cr_expect_str_eq(recording.scenario, "a run by hand");
    cr_expect(recording.agents == 1000 && recording.repeat == 2 && recording.complete);
    cr_expect(recording.seed == UINT64_MAX - 1 && recording.fingerprint == 0xFEDCBA9876543210);
    cr_expect_str_eq(sim_recording_file(&recording)->name, "mine.yaml");
    cr_expect(recording.compression.measured);
    cr_expect(recording.compression.classes[SIM_PAYLOAD_UPDATES][7].encoded_bytes == 130);
    cr_expect(recording.compression.classes[SIM_PAYLOAD_UPDATES][7].compressed_bytes == 101);
    cr_assert(recording.repetition_count == 2);
    const struct sim_recorded_repetition *second = &recording.repetitions[1];
    cr_expect(second->seed == UINT64_MAX && second->fingerprint == 0xF00000000000000B);
    cr_assert(second->checkpoint_count == 1);
    cr_expect(second->checkpoints[0].time_ns == 5000000000 &&
              second->checkpoints[0].fingerprint == 99 && second->checkpoints[0].events == 61);
    sim_recording_finish(&recording);
}

Test(recording, texts_of_every_kind_come_back_from_a_file_byte_by_byte)
{
    static const char *const texts[] = {
        "",
        "\n",
        "\n\n\n",
        "one line without an end",
        "a: 1\n",
        "a: 1\n\n\n",
        "   begins with blanks\nand goes on\n",
        "\n  \n   x\n",
        "\ttabs\tand blanks at the end  \t \n",
        "ends in blanks   ",
        "- list\n? key\n--- \n...\n# comment\n%TAG\n&a *a !b |\n",
        "quotes ' \" and \\ backslashes\\n\n",
        "carriage returns\r\nlike this\r\n",
        "\xC2\x85 next line, \xE2\x80\xA8 line, \xE2\x80\xA9 paragraph\n",
        "umlauts \xC3\xA4, Greek \xCE\xB1, a clef \xF0\x9D\x84\x9E\n",
        "\xEF\xBB\xBF within, \xEF\xBF\xBF and the end\n",
        "content: \"0123456789abcdef0123456789abcdef\"\n",
        "meshsim_run: 2\nsources: []\n",
    };
    enum { COUNT = sizeof texts / sizeof *texts };
    struct sim_store_source sources[COUNT + 1] = {{"topology", "mesh.yaml", "x: 1\n"}};
    for (int i = 0; i < COUNT; i++) {
        sources[i + 1] = (struct sim_store_source){"data", texts[i], texts[i]};
    }
    struct sim_recording recording;
    struct sim_recording again;
    write_and_read(sources, COUNT + 1, &recording);
    export_and_import(&recording, &again);
    expect_same(&recording, &again);
    sim_recording_finish(&again);
    sim_recording_finish(&recording);
}

Test(recording, a_run_without_its_text_or_a_repetition_is_refused)
{
    static const struct sim_store_source sources[] = {{"option", "--set", "gossip.fanout=10"}};
    struct fixture fixture;
    struct sim_recording recording;
    struct sim_error error = {0};
    fixture_init(&fixture);
    struct sim_store *store = open_store(scratch_path("runs.db"));
    write_run(store, &fixture);
    fixture.run.sources = sources;
    fixture.run.source_count = 1;
    write_run(store, &fixture);
    fixture_init(&fixture);
    fixture.run.result_count = 0;
    write_run(store, &fixture);
    cr_expect(!sim_recording_read(store, 2, &recording, &error));
    cr_expect(error.code == SIM_ERROR_IO && strstr(error.text, "lacks the text of its scenario"));
    sim_recording_finish(&recording);
    error = (struct sim_error){0};
    cr_expect(!sim_recording_read(store, 3, &recording, &error));
    cr_expect(error.code == SIM_ERROR_IO && strstr(error.text, "lacks its repetitions"));
    sim_recording_finish(&recording);
    error = (struct sim_error){0};
    cr_expect(!sim_recording_read(store, 4, &recording, &error));
    cr_expect(error.code == SIM_ERROR_USAGE);
    sim_recording_finish(&recording);
    sim_store_close(store);
}

static void expect_faults(const struct sim_result *is, const struct sim_result *was)
{
    cr_expect(is->unwritten == was->unwritten && is->lagging == was->lagging);
    cr_assert(is->fault_count == was->fault_count && is->rejoin_count == was->rejoin_count &&
              is->takeover_count == was->takeover_count && is->gap_count == was->gap_count);
    for (uint32_t i = 0; i < was->fault_count; i++) {
        const struct sim_fault_result *a = &was->faults[i];
        const struct sim_fault_result *b = &is->faults[i];
        cr_expect(a->verb == b->verb && a->firings == b->firings && a->nodes == b->nodes &&
                  a->first_ns == b->first_ns && a->last_ns == b->last_ns);
    }
    for (uint32_t i = 0; i < was->rejoin_count; i++) {
        const struct sim_rejoin *a = &was->rejoins[i];
        const struct sim_rejoin *b = &is->rejoins[i];
        cr_expect(a->up_ns == b->up_ns && a->after_ns == b->after_ns && a->node == b->node &&
                  a->disk_lost == b->disk_lost);
    }
    for (uint32_t i = 0; i < was->takeover_count; i++) {
        const struct sim_takeover *a = &was->takeovers[i];
        const struct sim_takeover *b = &is->takeovers[i];
        cr_expect(a->time_ns == b->time_ns && a->edge == b->edge && a->from == b->from &&
                  a->to == b->to);
    }
    for (uint32_t i = 0; i < was->gap_count; i++) {
        const struct sim_gap *a = &was->gaps[i];
        const struct sim_gap *b = &is->gaps[i];
        cr_expect(a->cause == b->cause && a->subject == b->subject && a->nodes == b->nodes &&
                  a->first == b->first);
    }
}

static void expect_leading(const struct sim_result *is, const struct sim_result *was)
{
    cr_assert(is->election_count == was->election_count &&
              is->failover_count == was->failover_count && is->leading_count == was->leading_count);
    for (uint32_t i = 0; i < was->election_count; i++) {
        const struct sim_election *a = &was->elections[i];
        const struct sim_election *b = &is->elections[i];
        cr_expect(a->lost_ns == b->lost_ns && a->won_ns == b->won_ns &&
                  a->after_ns == b->after_ns && a->term == b->term && a->terms == b->terms &&
                  a->region == b->region && a->leader == b->leader && a->first == b->first);
    }
    for (uint32_t i = 0; i < was->failover_count; i++) {
        const struct sim_failover *a = &was->failovers[i];
        const struct sim_failover *b = &is->failovers[i];
        cr_expect(a->lost_ns == b->lost_ns && a->after_ns == b->after_ns &&
                  a->exchange_ns == b->exchange_ns && a->region == b->region &&
                  a->bridge == b->bridge && a->successor == b->successor);
    }
    for (uint32_t i = 0; i < was->leading_count; i++) {
        const struct sim_region_leading *a = &was->leading[i];
        const struct sim_region_leading *b = &is->leading[i];
        cr_expect(a->unavailable_ns == b->unavailable_ns && a->terms == b->terms &&
                  a->transfers == b->transfers && a->member_changes == b->member_changes &&
                  a->snapshots == b->snapshots && a->reads == b->reads);
    }
}

Test(recording, results_come_back_as_they_were_stored)
{
    struct fixture fixture;
    struct sim_result *results;
    struct sim_stored_findings findings;
    uint32_t count;
    struct sim_error error = {0};
    fixture_init(&fixture);
    struct sim_store *store = open_store(scratch_path("runs.db"));
    write_run(store, &fixture);
    cr_assert(sim_store_read_results(store, 1, &results, &count, &error), "%s", error.text);
    cr_assert(count == FIXTURE_RESULTS);
    for (uint32_t i = 0; i < count; i++) {
        const struct sim_result *was = &fixture.results[i];
        struct sim_result *is = &results[i];
        cr_expect(is->seed == was->seed && is->repetition == i && is->agents == was->agents &&
                  is->events == was->events && is->simulated_ns == was->simulated_ns &&
                  is->wall_ns == was->wall_ns && is->peak_rss_bytes == was->peak_rss_bytes);
        cr_expect(memcmp(is->interval_ns, was->interval_ns, sizeof is->interval_ns) == 0);
        cr_expect(memcmp(is->traffic, was->traffic, sizeof is->traffic) == 0);
        cr_expect(memcmp(is->tiers, was->tiers, sizeof is->tiers) == 0);
        cr_expect(memcmp(is->latency_max_ns, was->latency_max_ns, sizeof is->latency_max_ns) == 0);
        cr_assert(is->update_count == was->update_count);
        // By the time of their writes, as the fixture has them.
        for (uint32_t j = 0; j < was->update_count; j++) {
            const struct sim_update_result *a = &was->updates[j];
            const struct sim_update_result *b = &is->updates[j];
            cr_expect(a->dot.origin == b->dot.origin && a->dot.sequence == b->dot.sequence &&
                      a->measured == b->measured && a->cohort == b->cohort && a->held == b->held &&
                      a->gone == b->gone &&
                      a->near[SIM_REACH_EDGE].gone == b->near[SIM_REACH_EDGE].gone &&
                      a->theta_ns == b->theta_ns && a->half_ns == b->half_ns &&
                      a->p99_ns == b->p99_ns && a->all_ns == b->all_ns &&
                      a->last_receipt_ns == b->last_receipt_ns);
            cr_expect(a->path.node == b->path.node && a->path.hops == b->path.hops &&
                      memcmp(a->path.tick_ns, b->path.tick_ns, sizeof a->path.tick_ns) == 0);
            cr_expect(a->gone == b->gone &&
                      a->near[SIM_REACH_EDGE].gone == b->near[SIM_REACH_EDGE].gone &&
                      a->near[SIM_REACH_REGION].gone == b->near[SIM_REACH_REGION].gone);
            cr_expect(a->near[SIM_REACH_EDGE].held == b->near[SIM_REACH_EDGE].held &&
                      a->near[SIM_REACH_REGION].cohort == b->near[SIM_REACH_REGION].cohort);
        }
        expect_faults(is, was);
        expect_leading(is, was);
        sim_result_finish(is);
    }
    free(results);
    cr_assert(sim_store_read_findings(store, 1, &findings, &error), "%s", error.text);
    cr_assert(findings.verdict_count == 2 && findings.expectation_count == 1);
    cr_expect(findings.wall_ns == 2 * 777);
    cr_assert(findings.metric_count == fixture.run.metric_count);
    for (uint32_t i = 0; i < findings.metric_count; i++) {
        cr_expect_str_eq(findings.metrics[i].metric, fixture.run.metrics[i].metric);
        cr_expect_str_eq(findings.metrics[i].statistic, fixture.run.metrics[i].statistic);
        cr_expect_str_eq(findings.metrics[i].unit, fixture.run.metrics[i].unit);
        cr_expect(findings.metrics[i].value == fixture.run.metrics[i].value);
    }
    cr_expect_str_eq(findings.verdicts[0].why, "ticks take 86 % of the time");
    cr_expect(findings.verdicts[0].measured == 118000000);
    cr_expect(findings.verdicts[0].high == SIM_TIME_NEVER);
    cr_expect_str_eq(findings.expectations[0].outcome, "fail");
    sim_stored_findings_finish(&findings);
    sim_store_close(store);
}
