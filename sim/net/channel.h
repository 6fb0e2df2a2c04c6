// SPDX-License-Identifier: GPL-3.0-or-later
// What one message does to the next between the same two hosts: bursts of loss, jitter that
// remembers, a queue before a line of finite rate, order. The names are netem's.
//
//     host A                                                                          host B
//     sent --> lost? --> room in   --> wait for the --> bytes at  --> latency --> order --> arrives
//               |        the queue?    line             the rate                   |
//               |           |                                                   corrupted
//              lost      dropped                                                at B
//
// A channel is one direction between two hosts, made when it is first used. It is in the order of
// its messages that this state lies, so messages must cross in the total order of their sending:
// time, source, sequence, place in the fanout. Nothing here ever shortens a latency below the
// link's minimum.
//
// - Loss: random (a draw per message, network.h), or in bursts. Gilbert and Elliott: a channel is
//   good or bad; a message is lost with the probability of the state it finds, then the channel
//   changes state with the probability of that state (Gilbert 1960, Elliott 1963; netem's gemodel).
//   It starts in either with the probability of being in it.
// - Correlation: with u the draw of the message before and w a fresh one, the draw is
//   T(b u + (1 - b) w), T being the distribution of that sum when u and w are uniform: the sum is
//   a trapezium's, T two parabolas and a line, in integers. T makes the draw uniform again, so the
//   latencies keep their distribution exactly; netem's sum of the two draws narrows it. b is chosen
//   so that successive draws have the correlation asked for.
// - Rate: one server. A message waits until those before it have left, then takes its bytes (as
//   encoded, and its packets' headers; not the receiver's acknowledgements) divided by the rate. It
//   is dropped when the packets or bytes that wait leave no room for it; an idle line takes any.
//   Between the nodes of one host there is no line.
// - Reorder: the message goes to the front of the queue and takes the least latency of its link.
// - Fifo: no message arrives before, or with, one that was sent before it.
// - Corrupted: crosses like any other and is thrown away by the receiver, whose UDP or TCP checksum
//   or authentication tag does not match. Without either it arrives, altered (engine/altering.h).

#ifndef SIM_CHANNEL_H
#define SIM_CHANNEL_H

#include "network.h"

enum sim_fate { SIM_ARRIVES, SIM_LOST, SIM_DROPPED, SIM_CORRUPTED };

struct sim_channel;

// All channels of a run, found by their hosts.
struct sim_channels {
    struct sim_channel *slots;  // [slot_count], a power of two
    uint32_t slot_count;
    uint32_t count;
};

// A message that sets out.
struct sim_crossing {
    uint64_t sent_ns;
    uint32_t from;  // hosts
    uint32_t to;
    uint32_t bytes;  // with the packets' headers
    uint32_t packets;
    uint32_t draw[4];  // as in network.h: latency, latency, loss, duplication
    uint32_t more[4];  // corruption, reordering, change of state, first state
    bool second;       // the second arrival of a duplicated message: never lost
};

void sim_channels_finish(struct sim_channels *channels);

// Sends a message over its channel, by the rules that hold just then. `latency_ns`, which is
// written unless it is lost or dropped, counts from the sending to the arrival.
enum sim_fate sim_channels_cross(struct sim_channels *channels,
                                 const struct sim_channel_rules *rules, const struct sim_link *link,
                                 const struct sim_crossing *crossing, uint64_t *latency_ns);

// The weight b of the draw before, in parts of 2^32, for a correlation in parts per billion.
uint32_t sim_channel_weight(uint32_t correlation_ppb);

// T(b u + (1 - b) w), all of them in parts of 2^64 but b, which is in parts of 2^32.
uint64_t sim_channel_blend(uint32_t weight, uint64_t before, uint64_t fresh);

#endif
