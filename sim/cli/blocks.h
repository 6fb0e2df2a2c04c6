// SPDX-License-Identifier: GPL-3.0-or-later
// The blocks of the page that `meshsim run` prints (conclusion.h), each in a file of its own. Each
// ends with a newline, and prints nothing when it has nothing to say.

#ifndef SIM_BLOCKS_H
#define SIM_BLOCKS_H

#include "rows.h"
#include "text.h"

// What is judged; one line per row with the verdict on the document's matrix; then per row the
// share of updates below the target and of their time spent waiting for ticks.
void sim_block_table(const struct sim_page *page, const struct sim_rows *rows);

// Why a verdict of the table is FAIL or INCONCLUSIVE. Rows of one claim share an entry: that of the
// row with the latest p95, whose remedy is one for the others, too.
void sim_block_reasons(const struct sim_page *page, const struct sim_rows *rows);

// The document's other claims on the topologies that ran.
void sim_block_claims(const struct sim_page *page, const struct sim_rows *rows,
                      const struct sim_claims *claims);

// The assumptions that move the verdict most, with their values.
void sim_block_assumptions(const struct sim_page *page, const struct sim_rows *rows);

// Percentiles, traffic and fingerprint of each mode of a row.
void sim_block_metrics(const struct sim_page *page, const struct sim_row *row);

// Of one mode: bytes on the wire by pair class, kind and use; hosts, and what saturates first.
void sim_block_resources(const struct sim_page *page, const struct sim_finding *finding);

// What came of the reports of a hierarchy's agents: what an edge, an aggregator and a coordinator
// add up to.
void sim_block_aggregation(const struct sim_page *page, const struct sim_summary *summary);

// Convergence by the phases that the scenario names.
void sim_block_phases(const struct sim_page *page, const struct sim_summary *summary);

// What went wrong, how often and at how many nodes; who came back, who took over; who is up at the
// end and lacks an update, and why.
void sim_block_faults(const struct sim_page *page, const struct sim_scenario *scenario,
                      const struct sim_summary *summary);

// The same of several rows, in short: what never fired, and who is left behind.
void sim_block_fault_rows(const struct sim_page *page, const struct sim_rows *rows);

// Who lied, what was rejected, who was caught, what was believed.
void sim_block_liars(const struct sim_page *page, const struct sim_summary *summary);

// Of rows with one kind of liars: the largest share up to which each expectation holds.
void sim_block_shares(const struct sim_page *page, const struct sim_rows *rows);

// What losses of leaders and bridges cost; nothing where there were none.
void sim_block_leaders(const struct sim_page *page, const struct sim_summary *summary);

// What SWIM found, how soon, and what of it was false; nothing where there is none.
void sim_block_membership(const struct sim_page *page, const struct sim_summary *summary);

// What it got wrong in several rows, side by side; nothing where fewer than two have it.
void sim_block_membership_rows(const struct sim_page *page, const struct sim_rows *rows);

#endif
