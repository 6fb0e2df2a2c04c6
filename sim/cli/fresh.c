// SPDX-License-Identifier: GPL-3.0-or-later
#include "fresh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

#include "allocate.h"

#define MARK "MESHSIM_FRESH"  // in the environment of the process that was started
#define PATTERN "165"         // 10100101
#define QUERY 0xFFFFFFFFul

bool sim_fresh_process(const char *program, int argc, char **argv, struct sim_error *error)
{
    if (getenv(MARK) != NULL) {
        unsetenv(MARK);
        return true;
    }
    char **arguments = sim_memory_zeroed(((size_t)argc + 2) * sizeof *arguments);
    arguments[0] = (char *)program;
    memcpy(arguments + 1, argv, (size_t)argc * sizeof *arguments);
    setenv(MARK, "1", 1);
    setenv("MALLOC_PERTURB_", PATTERN, 1);
    int current = personality(QUERY);
    if (current >= 0) {
        personality((unsigned long)current ^ ADDR_COMPAT_LAYOUT);
    }
    execv("/proc/self/exe", arguments);
    sim_memory_free(arguments);
    return sim_error_set(error, SIM_ERROR_INTERNAL, "cannot start a fresh process: %s",
                         strerror(errno));
}
