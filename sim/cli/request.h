// SPDX-License-Identifier: GPL-3.0-or-later
// What `meshsim run` was asked for, and how to ask for a part of it again.
//
//     argv --> struct sim_request --> batch.h loads it
//                     |
//                     +--> "build/meshsim run mine.yaml --seed 7 --only 3"   what to type next

#ifndef SIM_REQUEST_H
#define SIM_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "options.h"
#include "scenario.h"

#define SIM_COMMAND_BYTES 4096

struct sim_request {
    const char *program;  // how it is called from the working directory: "build/meshsim"
    struct sim_texts files;
    struct sim_texts sets;  // KEY=VALUE
    struct sim_texts only;  // ROW[,ROW]
    const char *agents;     // as typed; NULL: not given
    const char *seed;
    const char *repeat;
    const char *store_path;
    uint32_t threads;  // 0: not given
    bool execute_all;
    bool json;
    bool quiet;
    bool strict_claims;
    bool help;
};

// Reads argv, argv[0] being the verb. To be finished whatever comes back. Prints nothing.
bool sim_request_init(struct sim_request *request, const char *program, int argc, char **argv,
                      struct sim_error *error);
void sim_request_finish(struct sim_request *request);

// --help.
void sim_request_print_usage(FILE *output);

// The settings among them. Points into the request.
struct sim_overrides sim_request_overrides(const struct sim_request *request);

// The command that runs the request, or the one of its files that `file` points to, again, without
// `--only` and, where `repeat` is NULL, with its own `--repeat`. The caller appends what it wants.
void sim_request_command(const struct sim_request *request, const char *const *file,
                         const char *repeat, char command[SIM_COMMAND_BYTES]);

#endif
