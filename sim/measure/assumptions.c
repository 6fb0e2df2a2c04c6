// SPDX-License-Identifier: GPL-3.0-or-later
// The five assumptions that move a verdict most, as this scenario makes them.
#include "claims.h"

#include <stdio.h>

#include "decimal.h"
#include "transport.h"
#include "waits.h"
#include "words.h"

static void theta_of(const struct sim_scenario *scenario, struct sim_assumption *assumption)
{
    char theta[SIM_DECIMAL_TEXT_BYTES];
    sim_decimal_format(scenario->gossip.threshold_ppb, 9, theta);
    assumption->name = "theta";
    snprintf(assumption->text, sizeof assumption->text,
             "%s%s: an update has converged when %s of the agents that were live at its write hold "
             "it",
             theta, sim_place_of(&scenario->threshold_origin).text,
             sim_word_percent((double)scenario->gossip.threshold_ppb / 1e9).text);
}

// "phased, leader ticks every 500 ms (file:26), gossip ticks every 100 ms (file:22): ..."
static void tiers_of(const struct sim_scenario *scenario, struct sim_assumption *assumption)
{
    static const char *const meanings[] = {
        [MESH_PHASED] = "each node ticks at random phases of its own, whenever updates are written",
        [MESH_SYNCHRONOUS] =
            "all nodes tick at the same instants; what one hears counts from its next tick",
        [MESH_POISSON] = "nodes tick at random, so often on average, whenever updates are written",
    };
    char *text = assumption->text;
    snprintf(text, sizeof assumption->text, "%s", sim_schedule_name(scenario->gossip.schedule));
    for (int tick = SIM_TICK_COUNT - 1; tick >= 0; tick--) {
        struct sim_wait wait;
        if (sim_wait_of(scenario, (enum sim_tick)tick, &wait)) {
            sim_words_append(text, sizeof assumption->text, ", %s every %s ms%s", wait.ticks,
                             sim_word_number((double)wait.interval_ns / 1e6).text,
                             sim_place_of(wait.origin).text);
        }
    }
    sim_words_append(text, sizeof assumption->text, ": %s; an update may wait for all of them",
                     meanings[scenario->gossip.schedule]);
}

static void phases_of(const struct sim_scenario *scenario, struct sim_assumption *assumption)
{
    double interval_ms = (double)scenario->gossip.interval_ns / 1e6;
    const char *name = sim_schedule_name(scenario->gossip.schedule);
    struct sim_word interval = sim_word_number(interval_ms);
    struct sim_place place = sim_place_of(&scenario->interval_origin);
    assumption->name = "tick phases";
    if (sim_wait_has_links(scenario)) {
        tiers_of(scenario, assumption);
        return;
    }
    switch (scenario->gossip.schedule) {
    case MESH_PHASED:
        snprintf(assumption->text, sizeof assumption->text,
                 "%s: each node ticks every %s ms%s at a random phase of its own, whenever updates "
                 "are written: the writer's first tick comes after %s ms on average",
                 name, interval.text, place.text, sim_word_number(interval_ms / 2).text);
        break;
    case MESH_SYNCHRONOUS:
        snprintf(assumption->text, sizeof assumption->text,
                 "%s: all nodes tick at the same instants, every %s ms%s; what one hears counts "
                 "from its next tick, so an update goes one hop per tick",
                 name, interval.text, place.text);
        break;
    case MESH_POISSON:
        snprintf(assumption->text, sizeof assumption->text,
                 "%s: each node ticks at random, every %s ms%s on average, whenever updates are "
                 "written: the writer's first tick comes after %s ms on average",
                 name, interval.text, place.text, interval.text);
        break;
    }
}

static void connections_of(const struct sim_scenario *scenario, struct sim_assumption *assumption)
{
    const struct sim_connection_settings *connections = &scenario->network.connections;
    const char *transport = sim_transport_name(scenario->network.transport);
    assumption->name = "connections";
    if (!sim_transport_connects(scenario->network.transport)) {
        snprintf(assumption->text, sizeof assumption->text,
                 "none: %s sends bare datagrams, to anyone at any time", transport);
        return;
    }
    if (connections->cold) {
        snprintf(assumption->text, sizeof assumption->text,
                 "cold: the first message of a pair waits for a %s handshake, and again after %s s "
                 "of silence",
                 transport,
                 connections->idle_timeout_ns == 0
                     ? "any number of"
                     : sim_word_number((double)connections->idle_timeout_ns / 1e9).text);
        return;
    }
    snprintf(assumption->text, sizeof assumption->text,
             "warm: every pair of nodes is connected before the first write, so no %s handshake is "
             "waited for, and none is counted but on rotation",
             transport);
}

static void bridges_of(const struct sim_scenario *scenario, const char *draws,
                       struct sim_assumption *assumption)
{
    uint32_t bridges = 0;
    for (uint32_t i = 0; i < scenario->region_count; i++) {
        bridges += scenario->regions[i].leader_count;
    }
    snprintf(assumption->text, sizeof assumption->text,
             "full within each region, %u elected bridges between %u regions: an agent knows the "
             "others of its region from the start, and draws its peers among them %s; of %u "
             "candidates a region, those that are bridges %s, each addresses %u of other regions "
             "at a time, and one silent for %g ms%s is replaced",
             bridges, scenario->region_count, draws, scenario->leaders.candidates,
             scenario->leaders.start == SIM_LEADERS_ELECTED ? "are known from the start"
                                                            : "are elected in the run",
             scenario->leaders.fanout, 1e-6 * (double)scenario->leaders.failover_ns,
             scenario->swim.runs ? ", or dead by SWIM," : "");
}

static void relays_of(const struct sim_scenario *scenario, const char *draws,
                      struct sim_assumption *assumption)
{
    const struct sim_hierarchy *hierarchy = &scenario->hierarchy;
    bool replaced = scenario->fault_count > 0;
    snprintf(assumption->text, sizeof assumption->text,
             "full within each edge, %u %srelays of each: an agent knows the others of its "
             "edge from the start, and draws its peers among them %s; %s "
             "is replaced during the run, and aggregators and coordinators know the %u "
             "coordinators, %u of which they address at a time",
             hierarchy->relays, replaced ? "" : "fixed ", draws,
             !replaced             ? "no relay or aggregator"
             : scenario->swim.runs ? "a relay that is dead to its edge by SWIM"
                                   : "a silent relay",
             hierarchy->coordinators, hierarchy->coordinators_addressed);
}

// Regions are scopes of their own where bridges or tiers join them: then only zones are nearer.
static enum mesh_selection selection_of(const struct sim_scenario *scenario)
{
    bool groups = sim_scenario_has_groups(scenario);
    if (sim_wait_has_links(scenario)) {
        groups = false;
        for (uint32_t i = 0; i < scenario->region_count; i++) {
            groups |= scenario->regions[i].zone_count > 1;
        }
    }
    return groups ? scenario->gossip.selection : MESH_UNIFORM;
}

static void membership_of(const struct sim_scenario *scenario, struct sim_assumption *assumption)
{
    static const char *const draws[] = {
        [MESH_UNIFORM] = "uniformly",
        [MESH_LOCAL_BIAS] = "by local bias",
        [MESH_LATENCY_AWARE] = "as the nearest of three at a time",
        [MESH_HYBRID] = "mostly as the nearest of three at a time",
    };
    enum mesh_selection selection = selection_of(scenario);
    bool biased = selection != MESH_UNIFORM;
    assumption->name = "membership";
    if (scenario->topology == SIM_MULTI_REGION_LEADERS) {
        bridges_of(scenario, draws[selection], assumption);
    } else if (scenario->topology == SIM_HIERARCHICAL) {
        relays_of(scenario, draws[selection], assumption);
    } else if (scenario->gossip.mode == MESH_DELTA) {
        snprintf(assumption->text, sizeof assumption->text,
                 "a graph: every node knows its neighbours in a %s and tells each of them",
                 scenario->gossip.delta.graph == SIM_TREE ? "tree" : "ring");
    } else {
        snprintf(assumption->text, sizeof assumption->text,
                 "full%s%s: every node knows the %u others from the start, and draws its peers "
                 "among them %s",
                 biased ? ", peers " : "", biased ? sim_selection_name(selection) : "",
                 scenario->agents - 1, draws[selection]);
    }
}

// Where an eager mesh has links with ticks of their own, it is eager on either side of them.
static const char *within_of(const struct sim_scenario *scenario)
{
    if (scenario->gossip.mode != MESH_EAGER || scenario->gossip.eager_links ||
        !sim_wait_has_links(scenario)) {
        return "";
    }
    return scenario->topology == SIM_HIERARCHICAL ? " within each edge" : " within each region";
}

static void mode_of(const struct sim_scenario *scenario, struct sim_assumption *assumption)
{
    const char *within = within_of(scenario);
    const char *meaning =
        "updates travel on ticks only; gossip.mode=eager forwards them on receipt";
    if (within[0] != '\0') {
        meaning = "an update is forwarded there on its first receipt; the links between wait for "
                  "their ticks, unless gossip.eager_links";
    } else if (scenario->gossip.mode == MESH_EAGER && sim_wait_has_links(scenario)) {
        meaning = "an update is forwarded on its first receipt, over links as well "
                  "(gossip.eager_links); ticks only repair";
    } else if (scenario->gossip.mode == MESH_EAGER) {
        meaning = "an update is forwarded on its first receipt; ticks only repair";
    } else if (scenario->gossip.mode == MESH_RUMOR) {
        meaning =
            "updates travel on ticks, from nodes that have not lost interest; whom they leave "
            "out is never told";
    } else if (scenario->gossip.mode == MESH_DELTA) {
        meaning = "updates travel on ticks along a graph; what a lost message carried stays lost";
    }
    assumption->name = "mode";
    snprintf(assumption->text, sizeof assumption->text, "%s%s%s: %s",
             sim_mode_name(scenario->gossip.mode), within,
             sim_place_of(&scenario->mode_origin).text, meaning);
}

void sim_assumptions_of(const struct sim_scenario *scenario,
                        struct sim_assumption assumptions[SIM_ASSUMPTION_COUNT])
{
    theta_of(scenario, &assumptions[0]);
    phases_of(scenario, &assumptions[1]);
    connections_of(scenario, &assumptions[2]);
    membership_of(scenario, &assumptions[3]);
    mode_of(scenario, &assumptions[4]);
}
