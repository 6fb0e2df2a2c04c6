// SPDX-License-Identifier: GPL-3.0-or-later
// The version of the program, as meson.build names it: "0.1.0". Runs in the store carry it.

#ifndef SIM_VERSION_H
#define SIM_VERSION_H

extern const char sim_version[];

#endif
