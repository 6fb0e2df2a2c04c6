// SPDX-License-Identifier: GPL-3.0-or-later
// The rules of channels: which settings go together, and bursts of loss from what is known of them.
#include "loading.h"

static const struct sim_node *given(const struct sim_cell *cell, const char *path)
{
    const struct sim_node *node = sim_node_find(cell->merged, path);
    return node == NULL || node->source->kind == SIM_SOURCE_DEFAULT ? NULL : node;
}

// From the share of messages that are lost and the mean length of a burst: a burst goes on with
// 1 - leave, so leave = 1 / length; of all messages enter / (enter + leave) find the bad state.
static bool bursts_from_means(const struct sim_node *node, struct sim_channel_settings *channel,
                              uint32_t loss_ppb, struct sim_error *error)
{
    const char *path = "network.loss_burst_messages";
    struct sim_value value;
    if (!sim_key_read(sim_key_find(path), path, node, &value, error)) {
        return false;
    }
    uint64_t leave_ppb = (uint64_t)SIM_PPB * 1000 / (uint64_t)value.low;
    uint64_t enter_ppb =
        loss_ppb == SIM_PPB ? UINT64_MAX : leave_ppb * loss_ppb / (SIM_PPB - loss_ppb);
    if (loss_ppb == 0 || enter_ppb > SIM_PPB) {
        return sim_node_fail(node, error,
                             "%s: %s: between two bursts there is a message that arrives", path,
                             loss_ppb == 0 ? "network.loss_percent says how many are lost, and is 0"
                                           : "bursts so short cannot lose so many");
    }
    channel->leave_ppb = (uint32_t)leave_ppb;
    channel->enter_ppb = enter_ppb == 0 ? 1 : (uint32_t)enter_ppb;
    channel->good_loss_ppb = 0;
    channel->bad_loss_ppb = SIM_PPB;
    return true;
}

static uint32_t mean_loss_ppb(const struct sim_channel_settings *channel)
{
    uint64_t changes = (uint64_t)channel->enter_ppb + channel->leave_ppb;
    uint64_t bad = (uint64_t)channel->enter_ppb * SIM_PPB / changes;
    return (uint32_t)((bad * channel->bad_loss_ppb + (SIM_PPB - bad) * channel->good_loss_ppb) /
                      SIM_PPB);
}

static bool bind_bursts(const struct sim_cell *cell, struct sim_scenario *scenario,
                        struct sim_error *error)
{
    struct sim_channel_settings *channel = &scenario->network.channel;
    const struct sim_node *model = sim_node_find(cell->merged, "network.loss_model");
    const struct sim_node *burst = given(cell, "network.loss_burst_messages");
    const struct sim_node *enter = given(cell, "network.loss_enter_percent");
    const struct sim_node *leave = given(cell, "network.loss_leave_percent");
    if (burst != NULL) {
        return bursts_from_means(burst, channel, scenario->network.loss_ppb, error);
    }
    if (enter == NULL || leave == NULL) {
        return sim_node_fail(model, error,
                             "network.loss_model: gilbert-elliott needs loss_burst_messages beside "
                             "loss_percent, or loss_enter_percent and loss_leave_percent");
    }
    if (channel->enter_ppb == 0 && channel->leave_ppb == 0) {
        return sim_node_fail(enter, error,
                             "network.loss_enter_percent and loss_leave_percent are both 0: no "
                             "channel would ever change");
    }
    scenario->network.loss_ppb = mean_loss_ppb(channel);
    return true;
}

bool sim_bind_channel(const struct sim_cell *cell, struct sim_scenario *scenario,
                      struct sim_error *error)
{
    const struct sim_channel_settings *channel = &scenario->network.channel;
    if (channel->fifo && channel->reorder_ppb != 0) {
        return sim_node_fail(sim_node_find(cell->merged, "network.reorder_percent"), error,
                             "network.reorder_percent contradicts network.ordering: fifo");
    }
    return !channel->bursts || bind_bursts(cell, scenario, error);
}
