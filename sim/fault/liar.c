// SPDX-License-Identifier: GPL-3.0-or-later
#include "liar.h"

#include <assert.h>

uint32_t sim_liar_pick(const struct sim_liar *liar, uint32_t entry, uint64_t seed, uint32_t *nodes,
                       uint32_t count)
{
    const struct sim_firing once = {.entry = entry};
    return sim_fault_pick(seed, &once, nodes, count, sim_selection_wanted(&liar->of, count));
}

const char *sim_behaviour_name(enum sim_behaviour behaviour)
{
    static const char *const names[SIM_BEHAVIOUR_COUNT] = {
        [SIM_SILENT] = "silent",
        [SIM_DELAYING] = "delaying",
        [SIM_FORGING] = "forging",
        [SIM_INFLATING] = "inflating",
        [SIM_EQUIVOCATING] = "equivocating",
        [SIM_REPLAYING] = "replaying",
        [SIM_FLOODING] = "flooding",
        [SIM_LYING_DIGESTS] = "lying-digests",
        [SIM_CORRUPTING] = "corrupting",
        [SIM_ECLIPSING] = "eclipsing",
    };
    assert(behaviour < SIM_BEHAVIOUR_COUNT);
    return names[behaviour];
}
