// SPDX-License-Identifier: Apache-2.0
#include "mesh/schedule.h"

#include "mesh/random.h"

static uint64_t phase_ns(const struct mesh_config *config, uint16_t scope, uint32_t node)
{
    if (config->scopes[scope].schedule == MESH_SYNCHRONOUS) {
        return 0;
    }
    struct mesh_random random = mesh_draw(config->seed, MESH_DRAW_PHASE, 0, node, scope);
    return mesh_below_wide(random.word[0], random.word[1], config->scopes[scope].interval_ns);
}

uint64_t mesh_schedule_first_ns(const struct mesh_config *config, uint16_t scope, uint32_t node,
                                uint64_t now_ns)
{
    uint64_t interval_ns = config->scopes[scope].interval_ns;
    if (config->scopes[scope].schedule == MESH_POISSON) {
        return mesh_schedule_next_ns(config, scope, node, now_ns);
    }
    uint64_t at_ns = now_ns / interval_ns * interval_ns + phase_ns(config, scope, node);
    // A synchronous tick at the very instant of joining has been missed: i starts at 1.
    bool missed = at_ns < now_ns || config->scopes[scope].schedule == MESH_SYNCHRONOUS;
    return missed ? at_ns + interval_ns : at_ns;
}

uint64_t mesh_schedule_next_ns(const struct mesh_config *config, uint16_t scope, uint32_t node,
                               uint64_t last_ns)
{
    uint64_t interval_ns = config->scopes[scope].interval_ns;
    if (config->scopes[scope].schedule != MESH_POISSON) {
        return last_ns + interval_ns;
    }
    struct mesh_random random =
        mesh_draw(config->seed, MESH_DRAW_GAP, 0, node, mesh_occasion_of_tick(scope, last_ns));
    uint64_t gap_ns = mesh_exponential_ns(random.word[0], random.word[1], interval_ns);
    return last_ns + (gap_ns > 0 ? gap_ns : 1);  // no two ticks of a node at one time
}

uint64_t mesh_schedule_number(const struct mesh_scope *scope, uint64_t at_ns)
{
    return scope->schedule == MESH_POISSON ? at_ns : at_ns / scope->interval_ns;
}

uint64_t mesh_schedule_at_ns(const struct mesh_config *config, uint16_t scope, uint32_t node,
                             uint64_t number)
{
    return config->scopes[scope].schedule == MESH_POISSON
               ? number
               : number * config->scopes[scope].interval_ns + phase_ns(config, scope, node);
}
