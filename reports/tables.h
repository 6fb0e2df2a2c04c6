// SPDX-License-Identifier: GPL-3.0-or-later
// The tables of the page, in HTML. Each is left out where it would be empty.

#ifndef REPORT_TABLES_H
#define REPORT_TABLES_H

#include <stdio.h>

#include "matrix.h"
#include "store.h"

// What became of each run against the Topology Selection Matrix.
void report_table_verdicts(FILE *output, const struct report_matrix *matrix);

// All claims of the document that were judged or could not be; the scenario's own expectations.
void report_table_claims(FILE *output, const struct report_store *store);
void report_table_expectations(FILE *output, const struct report_store *store);

void report_table_metrics(FILE *output, const struct report_store *store);
void report_table_traffic(FILE *output, const struct report_store *store);

// What the figures rest on: settings, delays, and what the user wrote.
void report_table_settings(FILE *output, const struct report_store *store);
void report_table_latencies(FILE *output, const struct report_store *store);
void report_table_sources(FILE *output, const struct report_store *store);

#endif
