// SPDX-License-Identifier: GPL-3.0-or-later
#include "request.h"

#include <string.h>

#include "engine.h"
#include "store.h"
#include "text.h"

#define OPTION_COUNT 11

static struct sim_usage usage_of(struct sim_request *request, const char **threads,
                                 struct sim_option options[OPTION_COUNT])
{
    const struct sim_option all[OPTION_COUNT] = {
        {.name = "--agents",
         .argument = "N",
         .value = &request->agents,
         .meaning = "how many agents; regions and zones share them in proportion"},
        {.name = "--seed",
         .argument = "N",
         .value = &request->seed,
         .meaning = "of the first repetition; repetition r runs with seed + r"},
        {.name = "--repeat",
         .argument = "N",
         .value = &request->repeat,
         .meaning = "repetitions of each cell"},
        {.name = "--set",
         .argument = "KEY=VALUE",
         .list = &request->sets,
         .meaning = "any key of a scenario or topology by its dotted path; may be\n"
                    "given several times; a key that is set is no longer swept"},
        {.name = "--only",
         .argument = "ROW[,ROW]",
         .list = &request->only,
         .meaning = "only these rows of the table of verdicts: 2, or 1-3,6"},
        {.name = "--db",
         .argument = "FILE",
         .value = &request->store_path,
         .meaning = "the store that keeps the runs (meshsim.db)"},
        {.name = "--threads",
         .argument = "N",
         .value = threads,
         .meaning = "how many threads share a run (all that the machine has, where\n"
                    "that pays); results are the same with any number"},
        {.name = "--execute-all",
         .flag = &request->execute_all,
         .meaning = "executes the ticks of parts that have nothing to say, which are\n"
                    "otherwise counted; slower, with the same results"},
        {.name = "--json",
         .flag = &request->json,
         .meaning = "JSON Lines instead of the table: one object per repetition,\n"
                    "one per cell"},
        {.name = "--quiet",
         .flag = &request->quiet,
         .meaning = "no progress and no narration on stderr"},
        {.name = "--strict-claims",
         .flag = &request->strict_claims,
         .meaning = "exit 1 when a claim of the document fails, 2 when one is\n"
                    "inconclusive and none fails"},
    };
    memcpy(options, all, sizeof all);
    return (struct sim_usage){
        .verb = "run",
        .arguments = "FILE...",
        .summary =
            "Runs scenario files, or bare topology files, and judges how fast updates reach the\n"
            "mesh against the claims of the deployment document and against the scenario's own\n"
            "expectations. A claim is a finding; only an expectation makes the run fail (exit 1).",
        .example = "meshsim run topologies/flat-mesh.yaml --agents 50 --set gossip.mode=eager",
        .options = options,
        .option_count = OPTION_COUNT,
    };
}

bool sim_request_init(struct sim_request *request, const char *program, int argc, char **argv,
                      struct sim_error *error)
{
    struct sim_option options[OPTION_COUNT];
    *request = (struct sim_request){.program = program, .store_path = SIM_STORE_PATH};
    const char *threads = NULL;
    struct sim_usage usage = usage_of(request, &threads, options);
    if (!sim_options_parse(&usage, argc, argv, &request->files, &request->help, error) ||
        (threads != NULL &&
         !sim_option_number("--threads", threads, 1, SIM_THREADS_MAX, &request->threads, error))) {
        return false;
    }
    return request->help || request->files.count > 0 ||
           sim_error_set(error, SIM_ERROR_USAGE,
                         "name a scenario or topology file: %s run topologies/flat-mesh.yaml",
                         program);
}

void sim_request_finish(struct sim_request *request)
{
    sim_texts_finish(&request->files);
    sim_texts_finish(&request->sets);
    sim_texts_finish(&request->only);
}

void sim_request_print_usage(FILE *output)
{
    struct sim_request request;
    struct sim_option options[OPTION_COUNT];
    const char *threads = NULL;
    struct sim_usage usage = usage_of(&request, &threads, options);
    sim_usage_print(&usage, output);
}

struct sim_overrides sim_request_overrides(const struct sim_request *request)
{
    return (struct sim_overrides){
        .agents = request->agents,
        .seed = request->seed,
        .repeat = request->repeat,
        .sets = request->sets.items,
        .set_count = request->sets.count,
    };
}

void sim_request_command(const struct sim_request *request, const char *const *file,
                         const char *repeat, char command[SIM_COMMAND_BYTES])
{
    const struct {
        const char *name;
        const char *value;
    } given[] = {
        {"--agents", request->agents},
        {"--seed", request->seed},
        {"--repeat", repeat == NULL ? request->repeat : repeat},
        {"--db", strcmp(request->store_path, SIM_STORE_PATH) == 0 ? NULL : request->store_path},
    };
    command[0] = '\0';
    sim_words_append_argument(command, SIM_COMMAND_BYTES, request->program);
    memmove(command, command + 1, strlen(command));  // without the blank before the first word
    sim_words_append(command, SIM_COMMAND_BYTES, " run");
    for (uint32_t i = 0; i < (file == NULL ? request->files.count : 1); i++) {
        sim_words_append_argument(command, SIM_COMMAND_BYTES,
                                  file == NULL ? request->files.items[i] : *file);
    }
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        if (given[i].value != NULL) {
            sim_words_append(command, SIM_COMMAND_BYTES, " %s", given[i].name);
            sim_words_append_argument(command, SIM_COMMAND_BYTES, given[i].value);
        }
    }
    for (uint32_t i = 0; i < request->sets.count; i++) {
        sim_words_append(command, SIM_COMMAND_BYTES, " --set");
        sim_words_append_argument(command, SIM_COMMAND_BYTES, request->sets.items[i]);
    }
}
