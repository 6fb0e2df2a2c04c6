// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "workshop.h"

TestSuite(lint, .init = workshop_open, .fini = workshop_close, .timeout = 30);

// The line that starts with this key, without its end; on the heap. Empty when there is none.
static char *line_of(const char *text, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += strspn(line, "\n ");
        if (strncmp(line, key, length) == 0 && line[length] == ' ') {
            return strndup(line, strcspn(line, "\n"));
        }
    }
    return strdup("");
}

static void must_say(const char *text, const char *key, const char *words)
{
    char *line = line_of(text, key);
    cr_assert_not_null(strstr(line, words), "the line of %s should say \"%s\", but is\n  %s", key,
                       words, line);
    free(line);
}

Test(lint, gives_every_key_its_value_place_and_effect)
{
    write_text("x.yaml", MESH "observability: {trace_sample_rate: 0.5}\nseed: 7\n");
    char *text = lint_text("x.yaml", NULL);
    must_say(text, "gossip.fanout", "5");
    must_say(text, "gossip.fanout", "x.yaml:3");
    must_say(text, "gossip.fanout", "peers addressed at a tick");
    must_say(text, "seed", "x.yaml:5");
    must_say(text, "observability.trace_sample_rate", "0.5");
    must_say(text, "observability.trace_sample_rate", "recorded without effect: ");
    must_say(text, "gossip.mode", "push-pull");
    must_say(text, "gossip.mode", "default");
    free(text);
}

Test(lint, says_which_file_or_option_decided)
{
    write_text("mesh.yaml", MESH);
    write_text("x.yaml", "topology: mesh.yaml\nseed: 7\n");
    const char *const options[] = {"gossip.mode=push", "--agents", "500", NULL};
    char *text = lint_text("x.yaml", options);
    must_say(text, "gossip.fanout", "mesh.yaml:3");
    must_say(text, "seed", "x.yaml:2");
    must_say(text, "gossip.mode", "--set");
    must_say(text, "agents", "--agents");
    must_say(text, "agent_count", "recorded without effect: it declares a range; agents decides");
    cr_assert_not_null(strstr(text, "500 agents are outside the declared 10-100"), "%s", text);
    free(text);
}

Test(lint, shows_latencies_one_way_and_round_trip)
{
    write_text("x.yaml",
               MESH "network: {latency: {same_host_rtt_ms: 3, same_zone_ms: {distribution: "
                    "uniform, min: 0.5, max: 2}}}\n");
    char *text = lint_text("x.yaml", NULL);
    char one_way[16];
    char round_trip[16];
    const char *table = strstr(text, "\nlatency, ms");
    cr_assert_not_null(table);
    char *line = line_of(table, "same_host");
    cr_assert_eq(sscanf(line, "same_host %15s %15s", one_way, round_trip), 2);
    cr_assert_str_eq(one_way, "1.5");
    cr_assert_str_eq(round_trip, "3");
    free(line);
    must_say(table, "same_zone", "0.5 to 2 ");
    must_say(table, "same_zone", "1 to 4 ");
    must_say(table, "inter_region", "no such pair here");
    free(text);
}

// Each of these is said in the file and changes nothing beside what else it says.
Test(lint, finds_settings_that_others_overrule)
{
    write_text("x.yaml", "topology: single_region_mesh\nagent_count: 100\n"
                         "regions: [{name: a, agents: 90}]\n"
                         "gossip: {fanout: 5, interval_ms: 100}\n"
                         "network: {transport: QUIC, tls: true, latency: {inter_region_ms: 70,\n"
                         "  same_region_ms: 3, same_zone_ms: 2, same_host_ms: 1}}\n"
                         "workload: {crdt: g-counter, value_bytes: 7}\n");
    char *text = lint_text("x.yaml", NULL);
    must_say(text, "network.tls", "recorded without effect: QUIC always encrypts");
    must_say(text, "workload.value_bytes", "recorded without effect: a counter");
    must_say(text, "regions[0].agents", "recorded without effect: the only region");
    must_say(text, "network.latency.inter_region_ms", "recorded without effect: there is no such");
    must_say(text, "network.latency.same_region_ms", "recorded without effect: there is no such");
    must_say(text, "network.latency.same_zone_ms", "recorded without effect: there is no such");
    must_say(text, "network.latency.same_host_ms", "one-way delay");
    cr_assert_not_null(strstr(text, "the regions add up to 90 agents, agent_count ends at 100"));
    free(text);
    const char *const options[] = {"--agents", "600", "regions[0].zones=[x, y]", NULL};
    text = lint_text("x.yaml", options);  // 300 agents in a zone, 250 on a host
    must_say(text, "network.latency.same_zone_ms", "one-way delay");
    must_say(text, "network.latency.same_region_ms", "one-way delay");
    free(text);
    const char *const fewer[] = {"--agents", "500", "regions[0].zones=[x, y]", NULL};
    text = lint_text("x.yaml", fewer);  // 250 in a zone: one host holds them
    must_say(text, "network.latency.same_zone_ms", "recorded without effect: there is no such");
    free(text);
}

#define REGION                       \
    "topology: single_region_mesh\n" \
    "agents: 10\n"                   \
    "gossip: {fanout: 5, interval_ms: 100}\n"

Test(lint, finds_what_only_cold_connections_need)
{
    write_text("x.yaml", REGION "network: {transport: QUIC, connections: {idle_timeout_s: 5,\n"
                                "  max_per_host: 100}, cert_rotation_hours: 24}\n"
                                "security: {mtls: true, key_rotation_hours: 12}\n");
    static const char *const keys[] = {"network.connections.idle_timeout_s",
                                       "network.connections.max_per_host"};
    char *text = lint_text("x.yaml", NULL);
    for (size_t i = 0; i < 2; i++) {
        must_say(text, keys[i], "recorded without effect: connections are warm");
    }
    must_say(text, "security.mtls", "recorded without effect: connections are warm and nothing");
    must_say(text, "network.cert_rotation_hours", "recorded without effect: new at the start");
    must_say(text, "security.key_rotation_hours", "recorded without effect: new at the start");
    free(text);
    const char *const cold[] = {"network.connections.start=cold", NULL};
    text = lint_text("x.yaml", cold);
    must_say(text, keys[0], "silence after which");
    must_say(text, keys[1], "more than so many");
    must_say(text, "security.mtls", "both ends show certificates");
    free(text);
    const char *const bare[] = {"network.connections.start=cold", "network.transport=UDP", NULL};
    text = lint_text("x.yaml", bare);
    must_say(text, "network.connections.start", "recorded without effect: bare datagrams");
    must_say(text, keys[0], "recorded without effect: bare datagrams");
    must_say(text, "security.mtls", "recorded without effect: nothing is encrypted");
    must_say(text, "network.cert_rotation_hours", "recorded without effect: nothing is encrypted");
    free(text);
}

// A certificate that is new at the start changes for the first time after a whole period.
Test(lint, says_when_a_run_is_too_short_for_a_rotation)
{
    write_text("x.yaml", REGION "network: {transport: QUIC, cert_rotation_hours: 2}\n"
                                "security: {mtls: true, key_rotation_hours: 2}\n"
                                "duration_ms: 7200000\n");
    char *text = lint_text("x.yaml", NULL);
    must_say(text, "network.cert_rotation_hours", "none falls due before this run ends");
    free(text);
    const char *const longer[] = {"duration_ms=7200001", NULL};
    text = lint_text("x.yaml", longer);
    must_say(text, "network.cert_rotation_hours", "so often an agent's certificate changes");
    must_say(text, "security.key_rotation_hours", "so often an agent's keys change");
    must_say(text, "security.mtls", "both ends show certificates");
    free(text);
    const char *const alone[] = {"duration_ms=7200001", "security.mtls=false", NULL};
    text = lint_text("x.yaml", alone);
    must_say(text, "security.key_rotation_hours", "recorded without effect: only agents that show");
    free(text);
}

// A provider's regions are joined by its backbone with or without one: light is no faster, unless
// somebody measured that it is.
Test(lint, says_that_an_accelerator_changes_no_delay_but_what_was_measured)
{
    const char *path = SOURCE_ROOT "/topologies/multi-region-leaders.yaml";
    char *text = lint_text(path, NULL);
    must_say(text, "network.global_accelerator ", "recorded without effect: between regions of");
    must_say(text, "inter_region", "50");
    free(text);
    const char *const measured[] = {"network.global_accelerator_latency_percent=80", NULL};
    text = lint_text(path, measured);
    must_say(text, "network.global_accelerator ", "routes regions over");
    must_say(text, "network.global_accelerator_latency_percent", "as you measured it");
    free(text);
    const char *const none[] = {"network.global_accelerator_latency_percent=80",
                                "network.global_accelerator=false", NULL};
    text = lint_text(path, none);
    must_say(text, "network.global_accelerator_latency_percent", "without effect: there is no");
    free(text);
    write_text("x.yaml", REGION "network: {global_accelerator: true}\n");
    text = lint_text("x.yaml", NULL);
    must_say(text, "network.global_accelerator", "without effect: there is one region");
    free(text);
}

// 80 % of 50 to 100 ms, and of a mean of 60 ms.
Test(lint, an_accelerator_scales_what_lies_between_regions)
{
    const char *path = SOURCE_ROOT "/topologies/multi-region-leaders.yaml";
    struct outcome outcome = load_with(
        path, (const char *const[]){"network.global_accelerator_latency_percent=80", NULL});
    cr_assert(outcome.fine, "%s", outcome.error.text);
    const struct sim_latency *latency = outcome.scenarios->network.latency;
    cr_expect_eq(latency[SIM_INTER_REGION].minimum_ns, 40000000);
    cr_expect_eq(latency[SIM_INTER_REGION].maximum_ns, 80000000);
    cr_expect_eq(latency[SIM_SAME_ZONE].maximum_ns, 10000000, "within a region nothing changes");
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
    // us-east-1 to eu-west-1: 71 ms there and back.
    outcome = load_with(path, (const char *const[]){"network.profile=cloud",
                                                    "network.global_accelerator_latency_percent=80",
                                                    NULL});
    cr_assert(outcome.fine, "%s", outcome.error.text);
    cr_expect_eq(outcome.scenarios->network.regions.mean_ns[1], 71000000 / 2 * 8 / 10);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(lint, finds_settings_of_the_workload_that_its_crdt_has_no_use_for)
{
    static const struct {
        const char *crdt;
        bool value_bytes, elements, remove_percent;  // with an effect
    } cases[] = {
        {"lww-register", true, false, false}, {"g-counter", false, false, false},
        {"pn-counter", false, false, true},   {"or-set", true, true, true},
        {"lww-map", true, true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[300];
        snprintf(text, sizeof text,
                 MESH "workload: {crdt: %s, value_bytes: 7, elements: 5, remove_percent: 1}\n",
                 cases[i].crdt);
        write_text("x.yaml", text);
        char *lines = lint_text("x.yaml", NULL);
        must_say(lines, "workload.value_bytes",
                 cases[i].value_bytes ? "size of" : "recorded without effect: a counter");
        must_say(lines, "workload.elements",
                 cases[i].elements ? "among which" : "recorded without effect: only an or-set");
        must_say(lines, "workload.remove_percent",
                 cases[i].remove_percent ? "updates that" : "recorded without effect: nothing");
        free(lines);
    }
}

#define RUMOR_KEYS "direction: push, stop: coin, feedback: true, stop_k: 2"

Test(lint, finds_what_only_a_rumor_needs)
{
    static const char *const keys[] = {"gossip.direction", "gossip.stop", "gossip.feedback",
                                       "gossip.stop_k"};
    write_text("x.yaml", "topology: flat_mesh\nagent_count: 10\n"
                         "gossip: {fanout: 5, interval_ms: 100, " RUMOR_KEYS "}\n");
    char *text = lint_text("x.yaml", NULL);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        must_say(text, keys[i], "recorded without effect: only mode rumor");
    }
    free(text);
    const char *const options[] = {"gossip.mode=rumor", NULL};
    text = lint_text("x.yaml", options);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        must_say(text, keys[i], "mode rumor: ");
    }
    free(text);
}

// Who is near: a region's zones, those of them that have agents.
Test(lint, finds_biased_peers_where_nobody_is_nearer_than_another)
{
    write_text("x.yaml", "topology: single_region_mesh\nagent_count: 100\n"
                         "regions: [{name: a, zones: [x]}]\n"
                         "gossip: {fanout: 5, interval_ms: 100, peers: local-bias,\n"
                         "  bias_percent: 90}\n");
    char *text = lint_text("x.yaml", NULL);
    must_say(text, "gossip.peers", "recorded without effect: all agents live in one zone");
    must_say(text, "gossip.bias_percent", "recorded without effect: all agents live in one zone");
    free(text);
    const char *const zones[] = {"regions[0].zones=[x, y]", NULL};
    text = lint_text("x.yaml", zones);
    must_say(text, "gossip.peers", "sooner who is near");
    must_say(text, "gossip.bias_percent", "the others are anyone");
    free(text);
    const char *const nearest[] = {"regions[0].zones=[x, y]", "gossip.peers=latency-aware", NULL};
    text = lint_text("x.yaml", nearest);
    must_say(text, "gossip.peers", "sooner who is near");
    must_say(text, "gossip.bias_percent", "recorded without effect: only peers local-bias and");
    free(text);
    const char *const anyone[] = {"gossip.peers=uniform", NULL};
    text = lint_text("x.yaml", anyone);
    must_say(text, "gossip.peers", "sooner who is near");
    free(text);
}

Test(lint, lists_the_cells_of_a_sweep)
{
    write_text("x.yaml", MESH "sweep: {agents: [10, 20], gossip.mode: [push, eager]}\n");
    char *text = lint_text("x.yaml", NULL);
    cr_assert_not_null(strstr(text, "  4  agents=20 gossip.mode=eager: flat_mesh, 20 agents\n"),
                       "%s", text);
    free(text);
}

Test(lint, prints_nothing_about_a_file_with_an_error_in_any_cell)
{
    write_text("x.yaml", MESH "sweep: {duration_ms: [1000, 500]}\n");
    struct sim_error error = {0};
    char *text = NULL;
    size_t length = 0;
    FILE *output = open_memstream(&text, &length);
    cr_assert_not(sim_lint("x.yaml", NULL, output, &error));
    fclose(output);
    cr_assert_eq(error.code, SIM_ERROR_SCENARIO);
    cr_assert_eq(length, 0, "printed: %s", text);
    free(text);
}

Test(lint, says_when_it_cannot_write)
{
    write_text("x.yaml", MESH);
    struct sim_error error = {0};
    FILE *full = fopen("/dev/full", "w");
    cr_assert_not_null(full);
    cr_assert_not(sim_lint("x.yaml", NULL, full, &error));
    cr_assert_eq(error.code, SIM_ERROR_IO);
    fclose(full);
}

// The table is what everything else reads: it must be whole.
Test(keys, have_exactly_one_fate_and_a_parent)
{
    for (uint32_t i = 0; i < sim_key_count; i++) {
        const struct sim_key *key = &sim_keys[i];
        bool container = key->type == SIM_KEY_MAP || key->type == SIM_KEY_LIST;
        int fates = (key->lands != SIM_LANDS_NOWHERE) + (key->recorded != NULL) + key->later;
        cr_assert_leq(fates, 1, "%s has %d fates", key->path, fates);
        cr_assert(fates == 1 || container, "%s has no fate", key->path);
        cr_assert(key->effect != NULL || container || key->later, "%s: no effect is told",
                  key->path);
        cr_assert_neq(key->topologies, 0, "%s belongs nowhere", key->path);
        cr_assert_eq(sim_key_find(key->path), key, "%s stands twice", key->path);
        cr_assert(key->type != SIM_KEY_LIST || key->later || sim_key_item(key) != NULL,
                  "%s: a list of nothing", key->path);
        cr_assert(key->type != SIM_KEY_CHOICE || key->choices != NULL, "%s", key->path);
        cr_assert(key->rival == NULL || sim_key_find(key->rival) != NULL, "%s", key->path);
        char parent[SIM_KEY_PATH_BYTES];
        snprintf(parent, sizeof parent, "%s", key->path);
        char *dot = strrchr(parent, '.');
        if (dot != NULL) {
            *dot = '\0';
            cr_assert_not_null(sim_key_find(parent), "%s has no parent", key->path);
        }
    }
}

Test(keys, have_defaults_that_they_take)
{
    for (uint32_t i = 0; i < sim_key_count; i++) {
        for (int topology = 0; topology < SIM_TOPOLOGY_COUNT; topology++) {
            const char *text = sim_key_fallback(&sim_keys[i], (enum sim_topology)topology);
            struct sim_arena *arena = sim_arena_create();
            struct sim_error error = {0};
            struct sim_value value;
            if (text != NULL) {
                const struct sim_node *node = sim_tree_parse(
                    arena, sim_source_from(arena, SIM_SOURCE_DEFAULT, "", "", text, 0, &error),
                    &error);
                cr_assert(node != NULL &&
                              sim_key_read(&sim_keys[i], sim_keys[i].path, node, &value, &error),
                          "%s", error.text);
            }
            sim_arena_destroy(arena);
        }
    }
}

// By hand: kitten-sitting is the textbook's 3; a swap of neighbours counts once.
Test(keys, edit_distance_counts_slips)
{
    cr_assert_eq(sim_edit_distance("kitten", "sitting"), 3);
    cr_assert_eq(sim_edit_distance("fanout", "fanout"), 0);
    cr_assert_eq(sim_edit_distance("fanout", "FanOut"), 0);
    cr_assert_eq(sim_edit_distance("fanotu", "fanout"), 1);
    cr_assert_eq(sim_edit_distance("", "abc"), 3);
    cr_assert_eq(sim_edit_distance("ca", "abc"),
                 3);  // 2 would need an edit between swapped letters
}
