// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "options.h"
#include "scenario.h"
#include "verbs.h"

#define AGENTS_DEFAULT "100"
#define ZONES_DEFAULT "1"
#define TOPOLOGIES \
    "flat_mesh, single_region_mesh, multi_region_mesh, multi_region_leaders or hierarchical"

struct wish {
    const char *topology;
    const char *agents;
    const char *zones;
};

static bool write_topology(const struct wish *wish, struct sim_error *error)
{
    uint32_t agents = 0;
    uint32_t zones = 0;
    if (wish->topology == NULL) {
        return sim_error_set(error, SIM_ERROR_USAGE, "--topology is missing: " TOPOLOGIES);
    }
    return sim_option_number("--agents", wish->agents, 2, SIM_AGENTS_MAX, &agents, error) &&
           sim_option_number("--zones", wish->zones, 1, SIM_AGENTS_MAX, &zones, error) &&
           sim_new_topology(wish->topology, agents, zones, stdout, error);
}

int sim_verb_new(const char *program, int argc, char **argv)
{
    struct wish wish = {.agents = AGENTS_DEFAULT, .zones = ZONES_DEFAULT};
    const struct sim_option options[] = {
        {.name = "--topology",
         .argument = "NAME",
         .value = &wish.topology,
         .meaning = "what gossips with whom, see above"},
        {.name = "--agents",
         .argument = "N",
         .value = &wish.agents,
         .meaning = "how many agents (" AGENTS_DEFAULT ")"},
        {.name = "--zones",
         .argument = "N",
         .value = &wish.zones,
         .meaning = "zones of each region (" ZONES_DEFAULT "); a hierarchy's regions are one each"},
    };
    const struct sim_usage usage = {
        .verb = "new",
        .summary =
            "Writes a topology file of your own to stdout: every setting that has an effect, "
            "with a\ncomment that says what it does. NAME is flat_mesh, single_region_mesh,\n"
            "multi_region_mesh, multi_region_leaders or hierarchical.",
        .example = "meshsim new --topology single_region_mesh --agents 600 --zones 3 > mine.yaml",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    struct sim_error error = {0};
    struct sim_texts none = {0};
    bool help = false;
    if (sim_options_parse(&usage, argc, argv, &none, &help, &error)) {
        if (help) {
            sim_usage_print(&usage, stdout);
        } else {
            write_topology(&wish, &error);
        }
    }
    if (error.code != SIM_OK) {
        fprintf(stderr, "%s new: %s\n", program, error.text);
    }
    return sim_verb_end("new", error.code);
}
