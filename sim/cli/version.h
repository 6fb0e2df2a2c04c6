// SPDX-License-Identifier: GPL-3.0-or-later
// The version of the engine, which runs in the store and exported runs carry: the program's, as
// meson.build names it, with a hash of all sources and tables that can change a result
// ("0.1.0+5f3c9a1e22d0"). Equal versions promise equal results; of different ones nothing is
// promised, and a difference is no divergence.
//
// Nobody keeps the hash by hand: engine_version.py takes whole folders when the program is built.

#ifndef SIM_VERSION_H
#define SIM_VERSION_H

extern const char sim_engine_version[];

#endif
