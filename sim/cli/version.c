// SPDX-License-Identifier: GPL-3.0-or-later
#include "version.h"

const char sim_version[] = SIM_VERSION;  // of meson.build
