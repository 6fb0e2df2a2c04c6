// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures from a store. Knows SQLite and sim/store/schema.sql, and nothing else of the simulator.
//
//     meshsim.db --read.c--> struct report_picture --script.c--> commands --plot.c--> SVG, PNG
//      (query only)           lines, targets, theta               (text)    (gnuplot, no shell)
//
// One picture shows one mesh: topology and number of agents. Its lines are the runs on that mesh,
// one per gossip mode as a rule, in the same axes.

#ifndef REPORT_H
#define REPORT_H

// The verb `meshsim report [--db FILE] [--run ID|latest] [-o DIR]`. argv[0] is the verb. Writes
// what it made to stdout, errors to stderr; returns the exit code: 0, 64 usage (which includes a
// store without the run asked for), 70 out of memory or gnuplot failed on our commands, 74 when a
// file cannot be read or written or gnuplot is not installed.
int report_main(int argc, char **argv);

#endif
