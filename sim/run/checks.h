// SPDX-License-Identifier: GPL-3.0-or-later
// What must hold in every run, whatever goes wrong in it. Checks only observe.
//
//     conservation, by kind    sent + duplicated = delivered + lost + dropped + corrupted + cut
//                                                  + dead + refused + in flight

#ifndef SIM_CHECKS_H
#define SIM_CHECKS_H

#include "engine.h"
#include "error.h"

// After the run. False with SIM_ERROR_INTERNAL and the figures: the fault is ours.
bool sim_check_conservation(const struct sim_engine *engine, struct sim_error *error);

#endif
