// SPDX-License-Identifier: GPL-3.0-or-later
// Reports from a store. Knows SQLite and sim/store/schema.sql, and nothing else of the simulator.
//
//     meshsim.db --store.c--> runs --+-- matrix.c --- matrix_script.c ---+   drawings.c
//      (query only)                  +-- curves.c --- curves_script.c ---+--> commands --plot.c--+
//                                    +-- traffic.c -- traffic_script.c --+   (text)    (gnuplot) |
//                                    |                                                 SVG, PNG <+
//                                    +-- tables.c --> page.c --> index.html <-- SVG -------------+

#ifndef REPORT_H
#define REPORT_H

// The verb `meshsim report [--db FILE] [--run ID|latest | --command ID|latest] [-o DIR]`. argv[0]
// is the verb. Writes the names of the files it made to stdout, progress and errors to stderr;
// returns the exit code: 0, 64 usage (which includes a store without the run asked for), 70 out of
// memory or gnuplot failed on our commands, 74 when a file cannot be read or written or gnuplot is
// not installed.
int report_main(int argc, char **argv);

#endif
