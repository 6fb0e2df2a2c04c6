// SPDX-License-Identifier: GPL-3.0-or-later
// Ctrl-C asks the run to stop, save and say what it saved; a second Ctrl-C ends the program at
// once.
//
//     SIGINT, SIGTERM --> flag --> the repetition stops --> saved, marked interrupted --> exit 130
//     again           --> the signal's default: killed; the store keeps what was committed
//
// Also in a shell's background job, which starts with SIGINT ignored: whoever sends it to a run
// means it.

#ifndef SIM_INTERRUPT_H
#define SIM_INTERRUPT_H

#include <signal.h>

// From here on the signals set the flag. What is returned is for sim_run_options.interrupted.
const volatile sig_atomic_t *sim_interrupt_watch(void);

#endif
