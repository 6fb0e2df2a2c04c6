// SPDX-License-Identifier: GPL-3.0-or-later
// The five assumptions that move a verdict most, as this scenario makes them.
#include "claims.h"

#include <stdio.h>

#include "decimal.h"
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

static void phases_of(const struct sim_scenario *scenario, struct sim_assumption *assumption)
{
    double interval_ms = (double)scenario->gossip.interval_ns / 1e6;
    assumption->name = "tick phases";
    snprintf(assumption->text, sizeof assumption->text,
             "%s: each node ticks every %s ms%s at a random phase of its own, whenever updates are "
             "written: the writer's first tick comes after %s ms on average",
             sim_schedule_name(scenario->gossip.schedule), sim_word_number(interval_ms).text,
             sim_place_of(&scenario->interval_origin).text, sim_word_number(interval_ms / 2).text);
}

static void connections_of(const struct sim_scenario *scenario, struct sim_assumption *assumption)
{
    assumption->name = "connections";
    snprintf(assumption->text, sizeof assumption->text,
             "warm: every pair of nodes is connected before the first write, so no %s handshake is "
             "waited for or counted",
             sim_transport_name(scenario->network.transport));
}

static void membership_of(const struct sim_scenario *scenario, struct sim_assumption *assumption)
{
    assumption->name = "membership";
    snprintf(assumption->text, sizeof assumption->text,
             "full: every node knows the %u others from the start, and draws its peers among them "
             "uniformly",
             scenario->agents - 1);
}

static void mode_of(const struct sim_scenario *scenario, struct sim_assumption *assumption)
{
    bool eager = scenario->gossip.mode == MESH_EAGER;
    assumption->name = "mode";
    snprintf(assumption->text, sizeof assumption->text, "%s%s: %s",
             sim_mode_name(scenario->gossip.mode), sim_place_of(&scenario->mode_origin).text,
             eager ? "an update is forwarded on its first receipt; ticks only repair"
                   : "updates travel on ticks only; gossip.mode=eager forwards them on receipt");
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
