// SPDX-License-Identifier: GPL-3.0-or-later
#include "checks.h"

#include <inttypes.h>

#include "scenario.h"

bool sim_check_conservation(const struct sim_engine *engine, struct sim_error *error)
{
    uint64_t in_flight[MESH_MESSAGE_KIND_COUNT];
    sim_engine_in_flight(engine, in_flight);
    for (uint32_t kind = 1; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        uint64_t sent = 0;
        uint64_t ended = in_flight[kind];
        for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            const struct sim_counters *counters = sim_engine_counters(
                engine, (enum mesh_message_kind)kind, (enum sim_pair_class)pair);
            sent += counters->messages + counters->duplicated;
            ended += counters->delivered + counters->lost + counters->dropped +
                     counters->corrupted + counters->cut + counters->dead + counters->refused;
        }
        if (sent != ended) {
            return sim_error_set(error, SIM_ERROR_INTERNAL,
                                 "conservation does not hold: of %" PRIu64
                                 " %s messages and copies %" PRIu64 " are accounted for",
                                 sent, sim_message_name(kind), ended);
        }
    }
    return true;
}
