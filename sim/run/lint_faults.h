// SPDX-License-Identifier: GPL-3.0-or-later
// What lint says of the fault timeline: when each entry fires, and how many nodes it hits as the
// mesh is laid out at the start.
//
//     faults
//       1  mine.yaml:12  crash at 1000 ms of 10 % of agents
//            fires once; hits 10 of 100 nodes

#ifndef SIM_LINT_FAULTS_H
#define SIM_LINT_FAULTS_H

#include <stdio.h>

#include "scenario.h"

// Prints nothing where nothing goes wrong.
void sim_lint_faults(const struct sim_scenario *scenario, FILE *output);

#endif
