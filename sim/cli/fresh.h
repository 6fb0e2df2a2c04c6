// SPDX-License-Identifier: GPL-3.0-or-later
// A fresh process in which memory lies elsewhere: what a result depends on by mistake, an address,
// memory that was never set, what a process has left from before, shows there.
//
//     meshsim verify 3 --exec--> the same program anew:
//                                mappings grow the other way (personality, ADDR_COMPAT_LAYOUT)
//                                fresh and freed memory is filled with a pattern (MALLOC_PERTURB_)
//
// Where the system does not let a process choose its mappings, they are at random addresses as in
// every new process.

#ifndef SIM_FRESH_H
#define SIM_FRESH_H

#include <stdbool.h>

#include "error.h"

// Starts the program again with the same arguments, argv[0] being the verb, and does not return; in
// the program so started it returns true. False when it cannot be started.
bool sim_fresh_process(const char *program, int argc, char **argv, struct sim_error *error);

#endif
