// SPDX-License-Identifier: GPL-3.0-or-later
// What `meshsim run --json` prints: one object per line, "run" as soon as a repetition has ended,
// "scenario" when all of a cell have.
//
//     {"kind":"run", "scenario":..., "repetition":0, "fingerprint":"...", "messages":5, ...}
//     {"kind":"run", "scenario":..., "repetition":1, ...}
//     {"kind":"scenario", ..., "convergence_ms":{"mean":...,"n":300}, "verdicts":[...], ...}
//
// "tick_share" of a scenario is the share of the time to theta that was spent waiting for ticks,
// and "tick_shares" the same by whose ticks: gossip (of the mesh, a region, an edge), link (of
// bridges; of relays and aggregators), global (of coordinators). Kinds of ticks, and metrics of
// edges and regions, that a mesh does not have are left out, and so are metrics of reports of a run
// without reports: none were written, or it comes from the store, which has them of the scenario.
//
// Programs rely on the names. Of a run a metric is a number, or {p50,p95,p99,max} where it has a
// value per update; of a scenario it is {mean,sd,n}, or {mean,sd,p50,p95,p99,max,n}. null stands
// for a figure that falls among updates which never converged, and for one that does not exist. A
// scenario also has wire_bytes, {kind:{pair class:bytes}} as means per repetition, and hosts, per
// tier what is used of each resource in the units of the store, and which is used up first.

#ifndef SIM_LINES_H
#define SIM_LINES_H

#include "finding.h"
#include "json.h"

// A repetition that ran to its end.
bool sim_lines_run(struct sim_json *json, const struct sim_batch_cell *cell,
                   const struct sim_result *result);

bool sim_lines_scenario(struct sim_json *json, const struct sim_finding *finding);

#endif
