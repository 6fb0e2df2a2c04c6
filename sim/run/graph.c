// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph.h"

#include "allocate.h"

// Parent and children, or those within `degree` steps; each once, however small the mesh.
static uint32_t neighbours_of(const struct sim_delta_settings *settings, uint32_t agents,
                              uint32_t agent, uint32_t *neighbours)
{
    uint32_t count = 0;
    uint32_t candidates[2 * MESH_DEGREE_MAX];
    uint32_t candidate_count = 0;
    for (uint32_t i = 1; i <= settings->degree; i++) {
        if (settings->graph == SIM_RING) {
            candidates[candidate_count++] = (agent + i) % agents;
            candidates[candidate_count++] = (agent + agents - i % agents) % agents;
        } else if ((uint64_t)agent * settings->degree + i < agents) {
            candidates[candidate_count++] = agent * settings->degree + i;
        }
    }
    if (settings->graph == SIM_TREE && agent > 0) {
        candidates[candidate_count++] = (agent - 1) / settings->degree;
    }
    for (uint32_t i = 0; i < candidate_count; i++) {
        bool known = candidates[i] == agent;
        for (uint32_t j = 0; j < count; j++) {
            known |= neighbours[j] == candidates[i];
        }
        if (!known) {
            neighbours[count++] = candidates[i];
        }
    }
    return count;
}

void sim_graph_init(const struct sim_delta_settings *settings, uint32_t agents, uint32_t **starts,
                    uint32_t **neighbours)
{
    uint32_t count = 0;
    *starts = sim_memory_zeroed((agents + 1) * sizeof **starts);
    *neighbours = sim_memory_zeroed((size_t)agents * MESH_DEGREE_MAX * sizeof **neighbours);
    for (uint32_t agent = 0; agent < agents; agent++) {
        count += neighbours_of(settings, agents, agent, *neighbours + count);
        (*starts)[agent + 1] = count;
    }
}
