// SPDX-License-Identifier: GPL-3.0-or-later
#include "channel.h"

#include <assert.h>

#include "allocate.h"

// A message in the queue or on the line.
struct departure {
    uint64_t at_ns;
    uint32_t packets;
};

struct sim_channel {
    uint64_t hosts;  // from << 32 | to
    bool used;
    bool bad;
    bool drawn;                    // `draw` is one
    uint64_t draw;                 // of the last message's latency
    uint64_t busy_ns;              // the line is busy until then
    uint64_t arrival_ns;           // the last
    uint32_t packets;              // in `departures`
    struct departure *departures;  // a ring, [capacity]
    uint32_t first;
    uint32_t count;
    uint32_t capacity;  // a power of two, or 0
};

// ---- Finding ----

// The finalizer of MurmurHash3: hosts are small numbers, slots their scattered low bits.
static uint64_t scatter(uint64_t hosts)
{
    hosts ^= hosts >> 33;
    hosts *= UINT64_C(0xFF51AFD7ED558CCD);
    hosts ^= hosts >> 33;
    hosts *= UINT64_C(0xC4CEB9FE1A85EC53);
    return hosts ^ hosts >> 33;
}

static struct sim_channel *slot_of(const struct sim_channels *channels, uint64_t hosts)
{
    uint64_t slot = scatter(hosts) & (channels->slot_count - 1);
    while (channels->slots[slot].used && channels->slots[slot].hosts != hosts) {
        slot = (slot + 1) & (channels->slot_count - 1);
    }
    return &channels->slots[slot];
}

static void grow(struct sim_channels *channels)
{
    struct sim_channels larger = {.count = channels->count};
    larger.slot_count = channels->slot_count == 0 ? 1024 : 2 * channels->slot_count;
    larger.slots = sim_memory_zeroed(larger.slot_count * sizeof *larger.slots);
    for (uint32_t i = 0; i < channels->slot_count; i++) {
        if (channels->slots[i].used) {
            *slot_of(&larger, channels->slots[i].hosts) = channels->slots[i];
        }
    }
    sim_memory_free(channels->slots);
    *channels = larger;
}

static struct sim_channel *find(struct sim_channels *channels,
                                const struct sim_channel_rules *rules,
                                const struct sim_crossing *crossing)
{
    if (2 * channels->count >= channels->slot_count) {
        grow(channels);
    }
    uint64_t hosts = (uint64_t)crossing->from << 32 | crossing->to;
    struct sim_channel *channel = slot_of(channels, hosts);
    if (!channel->used) {
        *channel = (struct sim_channel){
            .hosts = hosts,
            .used = true,
            .bad = crossing->more[3] < rules->bad_below,
        };
        channels->count++;
    }
    return channel;
}

void sim_channels_finish(struct sim_channels *channels)
{
    for (uint32_t i = 0; i < channels->slot_count; i++) {
        sim_memory_free(channels->slots[i].departures);
    }
    sim_memory_free(channels->slots);
}

// ---- Loss ----

static bool loses(struct sim_channel *channel, const struct sim_channel_rules *rules,
                  const struct sim_link *link, const struct sim_crossing *crossing)
{
    if (crossing->second) {
        return false;
    }
    if (!rules->bursts) {
        return sim_link_loses(link, crossing->draw[2]);
    }
    bool lost = crossing->draw[2] < (channel->bad ? rules->bad_loss_below : rules->good_loss_below);
    channel->bad ^= crossing->more[2] < (channel->bad ? rules->leave_below : rules->enter_below);
    return lost;
}

// ---- Correlation ----

// The correlation of T(b u + (1 - b) w) with u, in parts of 2^32. With r = b / (1 - b) <= 1 it is
// r - 3/10 r^2; with r = (1 - b) / b <= 1 it is 1 - r^2 / 2 + r^3 / 5: the integrals of
// u T(b u + (1 - b) w) over the unit square.
static uint64_t correlation_of(uint64_t weight)
{
    const uint64_t one = UINT64_C(1) << 32;
    uint64_t rest = one - weight;
    uint64_t ratio = weight <= rest ? (weight << 32) / rest : (rest << 32) / weight;
    uint64_t square = (uint64_t)((mesh_uint128)ratio * ratio >> 32);
    uint64_t cube = (uint64_t)((mesh_uint128)square * ratio >> 32);
    return weight <= rest ? ratio - square * 3 / 10 : one - square / 2 + cube / 5;
}

uint32_t sim_channel_weight(uint32_t correlation_ppb)
{
    assert(correlation_ppb < SIM_PPB);
    uint64_t wanted = ((uint64_t)correlation_ppb << 32) / SIM_PPB;
    uint64_t low = 0;
    uint64_t high = UINT64_C(1) << 32;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (correlation_of(middle) <= wanted) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (uint32_t)low;
}

uint64_t sim_channel_blend(uint32_t weight, uint64_t before, uint64_t fresh)
{
    uint64_t rest = (UINT64_C(1) << 32) - weight;
    uint64_t sum = (uint64_t)(((mesh_uint128)before * weight + (mesh_uint128)fresh * rest) >> 32);
    uint64_t lesser = weight < rest ? weight : rest;  // where the trapezium's slopes end
    if (lesser == 0) {
        return sum;
    }
    uint64_t greater = (UINT64_C(1) << 32) - lesser;
    bool upper = sum >> 63 != 0;  // the trapezium is symmetric
    uint64_t near = upper ? ~sum : sum;
    uint64_t share =
        near >> 32 < lesser
            ? (uint64_t)((mesh_uint128)near * near / ((mesh_uint128)2 * lesser * greater))
            : (uint64_t)(((mesh_uint128)(near - (lesser << 31)) << 32) / greater);
    return upper ? ~share : share;
}

static uint64_t latency_of(struct sim_channel *channel, const struct sim_channel_rules *rules,
                           const struct sim_link *link, const struct sim_crossing *crossing)
{
    uint64_t fresh = (uint64_t)crossing->draw[0] << 32 | crossing->draw[1];
    if (rules->weight != 0 && channel->drawn) {
        fresh = sim_channel_blend(rules->weight, channel->draw, fresh);
    }
    channel->draw = fresh;
    channel->drawn = true;
    uint64_t latency_ns = sim_link_latency_ns(link, (uint32_t)(fresh >> 32), (uint32_t)fresh);
    return latency_ns < link->minimum_ns ? link->minimum_ns : latency_ns;  // a scaled table rounds
}

// ---- The line ----

static void forget_departed(struct sim_channel *channel, uint64_t now_ns)
{
    while (channel->count > 0 && channel->departures[channel->first].at_ns <= now_ns) {
        channel->packets -= channel->departures[channel->first].packets;
        channel->first = (channel->first + 1) & (channel->capacity - 1);
        channel->count--;
    }
}

static void note_departure(struct sim_channel *channel, uint64_t at_ns, uint32_t packets)
{
    if (channel->count == channel->capacity) {
        uint32_t capacity = channel->capacity == 0 ? 8 : 2 * channel->capacity;
        struct departure *larger = sim_memory_zeroed(capacity * sizeof *larger);
        for (uint32_t i = 0; i < channel->count; i++) {
            larger[i] = channel->departures[(channel->first + i) & (channel->capacity - 1)];
        }
        sim_memory_free(channel->departures);
        channel->departures = larger;
        channel->capacity = capacity;
        channel->first = 0;
    }
    uint32_t last = (channel->first + channel->count++) & (channel->capacity - 1);
    channel->departures[last] = (struct departure){at_ns, packets};
    channel->packets += packets;
}

// Bytes that have not left yet, the part of one counting whole.
static uint64_t backlog_bytes(const struct sim_channel *channel, uint64_t rate, uint64_t now_ns)
{
    mesh_uint128 bits = (mesh_uint128)(channel->busy_ns - now_ns) * rate;
    return (uint64_t)((bits + UINT64_C(7999999999)) / UINT64_C(8000000000));
}

// Takes the line; false when the queue is full. `left_ns` is when the last bit has left.
static bool take_line(struct sim_channel *channel, const struct sim_channel_rules *rules,
                      const struct sim_crossing *crossing, uint64_t *left_ns)
{
    uint64_t now_ns = crossing->sent_ns;
    bool idle = channel->busy_ns <= now_ns;
    forget_departed(channel, now_ns);
    if (!idle) {
        uint64_t bytes = backlog_bytes(channel, rules->rate_bits_per_s, now_ns);
        if ((uint64_t)channel->packets + crossing->packets > rules->queue_packets ||
            (rules->queue_bytes != 0 && bytes + crossing->bytes > rules->queue_bytes)) {
            return false;
        }
    }
    uint64_t rate = rules->rate_bits_per_s;
    mesh_uint128 bits_ns = (mesh_uint128)crossing->bytes * 8 * 1000000000;
    channel->busy_ns = (idle ? now_ns : channel->busy_ns) + (uint64_t)((bits_ns + rate - 1) / rate);
    note_departure(channel, channel->busy_ns, crossing->packets);
    *left_ns = channel->busy_ns;
    return true;
}

// ---- The whole ----

enum sim_fate sim_channels_cross(struct sim_channels *channels,
                                 const struct sim_channel_rules *rules, const struct sim_link *link,
                                 const struct sim_crossing *crossing, uint64_t *latency_ns)
{
    struct sim_channel *channel = find(channels, rules, crossing);
    if (loses(channel, rules, link, crossing)) {
        return SIM_LOST;
    }
    uint64_t left_ns = crossing->sent_ns;
    if (crossing->more[1] < rules->reorder_below) {
        *latency_ns = link->minimum_ns;
    } else {
        if (rules->rate_bits_per_s != 0 && crossing->from != crossing->to &&
            !take_line(channel, rules, crossing, &left_ns)) {
            return SIM_DROPPED;
        }
        *latency_ns = left_ns - crossing->sent_ns + latency_of(channel, rules, link, crossing);
    }
    if (rules->fifo && crossing->sent_ns + *latency_ns <= channel->arrival_ns) {
        *latency_ns = channel->arrival_ns + 1 - crossing->sent_ns;
    }
    channel->arrival_ns = crossing->sent_ns + *latency_ns;
    return crossing->more[0] < rules->corrupt_below ? SIM_CORRUPTED : SIM_ARRIVES;
}
