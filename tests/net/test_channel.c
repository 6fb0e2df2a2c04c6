// SPDX-License-Identifier: GPL-3.0-or-later
// Channels driven directly, message by message, and held against what theory says of them.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "channel.h"

#define MS UINT64_C(1000000)
#define MESSAGES 1000000u

// Two hosts of a node each, a constant latency between them unless a test says otherwise.
struct lab {
    struct sim_network_settings settings;
    struct sim_network network;
    struct sim_channels channels;
    uint64_t seed;
    uint32_t sent;
};

static void open_lab(struct lab *lab, struct sim_latency latency, uint32_t loss_ppb,
                     struct sim_channel_settings channel)
{
    static const uint32_t host_of[] = {0, 1};
    static const struct sim_host hosts[] = {{0, 0, 0, 0}, {0, 0, 0, 0}};
    *lab = (struct lab){.seed = 42};
    lab->settings = (struct sim_network_settings){
        .transport = SIM_UDP, .loss_ppb = loss_ppb, .channel = channel};
    for (int pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        lab->settings.latency[pair] = latency;
    }
    sim_network_init(&lab->network, &lab->settings, 1, host_of, 2, hosts);
}

static void close_lab(struct lab *lab)
{
    sim_channels_finish(&lab->channels);
    sim_network_finish(&lab->network);
}

// Sends the next message from host 0 to host 1, or to itself.
static enum sim_fate send(struct lab *lab, uint64_t sent_ns, uint32_t to, uint32_t bytes,
                          uint64_t *latency_ns)
{
    struct mesh_random first = mesh_philox(lab->seed, lab->sent, 0, 0, 0);
    struct mesh_random more = mesh_philox(lab->seed, lab->sent, 0, 0, 1);
    struct sim_crossing crossing = {.sent_ns = sent_ns, .to = to, .bytes = bytes, .packets = 1};
    for (int word = 0; word < 4; word++) {
        crossing.draw[word] = first.word[word];
        crossing.more[word] = more.word[word];
    }
    lab->sent++;
    *latency_ns = 0;
    return sim_channels_cross(&lab->channels, &lab->network.channel,
                              &lab->network.links[SIM_SAME_ZONE], &crossing, latency_ns);
}

static const struct sim_latency one_ms = {SIM_CONSTANT, MS, MS};
static const struct sim_latency one_to_ten_ms = {SIM_UNIFORM, MS, 10 * MS};

// ---- The line ----

static double exponential(uint64_t seed, uint32_t index, double mean)
{
    struct mesh_random random = mesh_philox(seed, index, 0, 0, 7);
    return -mean * log(((double)random.word[0] + 0.5) / 4294967296.0);
}

#define SERVICE_NS 1e6  // a million bytes at 8 Gbit/s
#define LOAD 0.7

// The waiting times of MESSAGES Poisson arrivals at a load of LOAD.
static double *wait_in_line(bool exponential_sizes)
{
    struct lab lab;
    open_lab(
        &lab, one_ms, 0,
        (struct sim_channel_settings){.rate_bits_per_s = 8000000000, .queue_packets = 1000000});
    double *waits = malloc(MESSAGES * sizeof *waits);
    cr_assert_not_null(waits);
    double now_ns = 0;
    for (uint32_t i = 0; i < MESSAGES; i++) {
        now_ns += exponential(11, i, SERVICE_NS / LOAD);
        uint32_t bytes = exponential_sizes ? (uint32_t)exponential(12, i, 1e6) : 1000000;
        uint64_t latency_ns;
        cr_assert(send(&lab, (uint64_t)now_ns, 1, bytes, &latency_ns) == SIM_ARRIVES);
        waits[i] = (double)(latency_ns - MS - bytes);  // a byte takes a nanosecond
    }
    close_lab(&lab);
    return waits;
}

static double mean_of(const double *values)
{
    double sum = 0;
    for (uint32_t i = 0; i < MESSAGES; i++) {
        sum += values[i];
    }
    return sum / MESSAGES;
}

static double share_up_to(const double *values, double most)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < MESSAGES; i++) {
        count += values[i] <= most;
    }
    return (double)count / MESSAGES;
}

// Kleinrock, Queueing Systems, volume 1, section 5.7 (Pollaczek and Khinchin): the mean wait is
// load / (2 (1 - load)) services. Its distribution is Crommelin's (1932): with t in services,
// P(W <= t) = (1 - load) sum over k <= t of (load (k - t))^k / k! exp(-load (k - t)).
Test(channel, messages_of_one_size_wait_as_in_m_d_1)
{
    double *waits = wait_in_line(false);
    double wanted = LOAD / (2 * (1 - LOAD)) * SERVICE_NS;
    cr_expect(fabs(mean_of(waits) / wanted - 1) < 0.02, "mean wait %g ns, by theory %g",
              mean_of(waits), wanted);
    for (double t = 0; t <= 6; t += 0.75) {
        double share = 0;
        double factorial = 1;
        for (int k = 0; k <= (int)t; k++) {
            factorial *= k == 0 ? 1 : k;
            share += pow(LOAD * (k - t), k) / factorial * exp(-LOAD * (k - t));
        }
        share *= 1 - LOAD;
        double found = share_up_to(waits, t * SERVICE_NS);
        cr_expect(fabs(found - share) < 0.005, "%g wait at most %g services, by theory %g", found,
                  t, share);
    }
    free(waits);
}

// Kleinrock, volume 1, section 5.12: P(W > t) = load exp(-(1 - load) t), t in mean services; so the
// mean is load / (1 - load), and the quantile p is at ln(load / (1 - p)) / (1 - load).
Test(channel, messages_of_exponential_sizes_wait_as_in_m_m_1)
{
    double *waits = wait_in_line(true);
    double wanted = LOAD / (1 - LOAD) * SERVICE_NS;
    cr_expect(fabs(mean_of(waits) / wanted - 1) < 0.03, "mean wait %g ns, by theory %g",
              mean_of(waits), wanted);
    static const double shares[] = {0.5, 0.9, 0.99};
    for (int i = 0; i < 3; i++) {
        double quantile = log(LOAD / (1 - shares[i])) / (1 - LOAD) * SERVICE_NS;
        double found = share_up_to(waits, quantile);
        cr_expect(fabs(found - shares[i]) < 0.005, "%g wait at most %g ns, by theory %g", found,
                  quantile, shares[i]);
    }
    free(waits);
}

// 1,000 bytes take 1 ms at 8 Mbit/s.
Test(channel, what_finds_no_room_is_dropped_until_something_has_left)
{
    struct lab lab;
    uint64_t latency_ns;
    open_lab(&lab, one_ms, 0,
             (struct sim_channel_settings){.rate_bits_per_s = 8000000, .queue_packets = 3});
    for (uint64_t i = 0; i < 3; i++) {
        cr_expect(send(&lab, 0, 1, 1000, &latency_ns) == SIM_ARRIVES);
        cr_expect(latency_ns == (i + 2) * MS, "%lu", latency_ns);
    }
    cr_expect(send(&lab, 0, 1, 1000, &latency_ns) == SIM_DROPPED);
    cr_expect(send(&lab, MS - 1, 1, 1000, &latency_ns) == SIM_DROPPED);
    cr_expect(send(&lab, MS, 1, 1000, &latency_ns) == SIM_ARRIVES && latency_ns == 4 * MS);
    cr_expect(send(&lab, MS, 1, 1000, &latency_ns) == SIM_DROPPED);
    cr_expect(send(&lab, 100 * MS, 1, 1000, &latency_ns) == SIM_ARRIVES && latency_ns == 2 * MS);
    close_lab(&lab);
}

Test(channel, a_queue_of_bytes_drops_by_bytes_and_an_idle_line_takes_any)
{
    struct lab lab;
    uint64_t latency_ns;
    open_lab(&lab, one_ms, 0,
             (struct sim_channel_settings){
                 .rate_bits_per_s = 8000000, .queue_packets = 1000, .queue_bytes = 2500});
    cr_expect(send(&lab, 0, 1, 5000, &latency_ns) == SIM_ARRIVES && latency_ns == 6 * MS);
    cr_expect(send(&lab, 3 * MS, 1, 501, &latency_ns) == SIM_DROPPED, "2,000 wait");
    cr_expect(send(&lab, 3 * MS, 1, 500, &latency_ns) == SIM_ARRIVES);
    cr_expect(latency_ns == 3 * MS + MS / 2);
    close_lab(&lab);
}

Test(channel, nodes_of_one_host_talk_past_the_line)
{
    struct lab lab;
    uint64_t latency_ns;
    open_lab(&lab, one_ms, 0,
             (struct sim_channel_settings){.rate_bits_per_s = 1000, .queue_packets = 1});
    for (int i = 0; i < 10; i++) {
        cr_expect(send(&lab, 0, 0, 1000000, &latency_ns) == SIM_ARRIVES && latency_ns == MS);
    }
    close_lab(&lab);
}

// ---- Correlation ----

// The weights that section "Correlation" of channel.h leads to, at shares where the polynomials are
// easy: r = 1/2 gives 1/2 - 3/40 = 0.425 with b = 1/3, and 1 - 1/8 + 1/40 = 0.9 with b = 2/3.
Test(channel, the_weight_follows_from_the_correlation)
{
    const double parts = 4294967296.0;
    cr_expect(sim_channel_weight(0) == 0);
    cr_expect(fabs(sim_channel_weight(425000000) / parts - 1.0 / 3) < 1e-6);
    cr_expect(fabs(sim_channel_weight(700000000) / parts - 0.5) < 1e-6);
    cr_expect(fabs(sim_channel_weight(900000000) / parts - 2.0 / 3) < 1e-6);
}

// Over a grid of both draws the blend must fall evenly, and be as correlated as was asked.
Test(channel, blended_draws_stay_uniform_and_have_the_correlation)
{
    enum { GRID = 2000, BINS = 50 };
    static const uint32_t wanted[] = {10000000, 250000000, 700000000, 900000000, 990000000};
    for (int c = 0; c < 5; c++) {
        uint32_t weight = sim_channel_weight(wanted[c]);
        uint32_t bins[BINS] = {0};
        double sum = 0;
        for (uint64_t i = 0; i < GRID; i++) {
            uint64_t before = UINT64_MAX / (2 * GRID) * (2 * i + 1);
            for (uint64_t j = 0; j < GRID; j++) {
                uint64_t fresh = UINT64_MAX / (2 * GRID) * (2 * j + 1);
                uint64_t draw = sim_channel_blend(weight, before, fresh);
                bins[(uint64_t)((mesh_uint128)draw * BINS >> 64)]++;
                sum += (ldexp((double)before, -64) - 0.5) * (ldexp((double)draw, -64) - 0.5);
            }
        }
        double correlation = 12 * sum / GRID / GRID;
        cr_expect(fabs(correlation - wanted[c] / 1e9) < 1e-5, "%u ppb: %g", wanted[c], correlation);
        for (int bin = 0; bin < BINS; bin++) {
            double share = (double)bins[bin] / GRID / GRID;
            cr_expect(fabs(share * BINS - 1) < 0.02, "%u ppb, bin %d: %g of its share", wanted[c],
                      bin, share * BINS);
        }
    }
}

// Uniform latencies, so that their correlation is that of the draws. Its standard error over a
// million is about sqrt((1 + r^2) / (1 - r^2) / n) = 0.0018 at r = 0.75.
Test(channel, successive_latencies_are_correlated_and_keep_their_distribution)
{
    struct lab lab;
    open_lab(&lab, one_to_ten_ms, 0, (struct sim_channel_settings){.correlation_ppb = 750000000});
    double before = 0, product = 0, sum = 0, square = 0;
    uint32_t deciles[10] = {0};
    for (uint32_t i = 0; i < MESSAGES; i++) {
        uint64_t latency_ns;
        cr_assert(send(&lab, i, 1, 100, &latency_ns) == SIM_ARRIVES);
        double value = ((double)latency_ns - 1e6) / 9e6;
        deciles[(int)(value * 10)]++;
        product += i == 0 ? 0 : (value - 0.5) * (before - 0.5);
        sum += value;
        square += (value - 0.5) * (value - 0.5);
        before = value;
    }
    cr_expect(fabs(product / square - 0.75) < 0.008, "correlation %g", product / square);
    cr_expect(fabs(sum / MESSAGES - 0.5) < 0.004, "mean %g", sum / MESSAGES);
    for (int i = 0; i < 10; i++) {
        cr_expect(abs((int)deciles[i] - 100000) < 2000, "decile %d: %u", i, deciles[i]);
    }
    close_lab(&lab);
}

// ---- Loss ----

// By Gilbert's model with loss 0 and 1 a burst is a stay in the bad state: geometric with the mean
// 1 / leave; the share lost is enter / (enter + leave).
Test(channel, bursts_have_their_length_and_share)
{
    struct lab lab;
    open_lab(&lab, one_ms, 0,
             (struct sim_channel_settings){.bursts = true,
                                           .enter_ppb = 20000000,
                                           .leave_ppb = 250000000,
                                           .bad_loss_ppb = SIM_PPB});
    uint32_t lost = 0, bursts = 0, longer = 0, length = 0;
    for (uint32_t i = 0; i < MESSAGES; i++) {
        uint64_t latency_ns;
        bool now = send(&lab, i, 1, 100, &latency_ns) == SIM_LOST;
        bursts += now && length == 0;
        length = now ? length + 1 : 0;
        longer += length == 5;
        lost += now;
    }
    double share = 0.02 / 0.27;
    cr_expect(fabs((double)lost / MESSAGES / share - 1) < 0.04, "%u lost", lost);
    cr_expect(fabs((double)lost / bursts / 4 - 1) < 0.03, "mean burst %g", (double)lost / bursts);
    double of_five = pow(0.75, 4);  // P(length >= 5)
    cr_expect(fabs((double)longer / bursts / of_five - 1) < 0.05, "%u of %u", longer, bursts);
    close_lab(&lab);
}

Test(channel, both_states_lose_at_their_own_rates_from_the_first_message_on)
{
    // Channels that never leave the state they begin in: half of them bad, by the two odds.
    uint32_t bad = 0;
    for (uint64_t seed = 0; seed < 400; seed++) {
        struct lab lab;
        open_lab(&lab, one_ms, 0,
                 (struct sim_channel_settings){.bursts = true,
                                               .enter_ppb = 1,
                                               .leave_ppb = 1,
                                               .good_loss_ppb = SIM_PPB / 10,
                                               .bad_loss_ppb = SIM_PPB / 10 * 6});
        lab.seed = seed;
        uint32_t lost = 0;
        for (uint32_t i = 0; i < 400; i++) {
            uint64_t latency_ns;
            lost += send(&lab, i, 1, 100, &latency_ns) == SIM_LOST;
        }
        cr_expect((lost > 10 && lost < 80) || (lost > 180 && lost < 300), "%u of 400", lost);
        bad += lost > 120;
        close_lab(&lab);
    }
    cr_expect(bad > 140 && bad < 260, "%u of 400 begin bad", bad);
}

// ---- Order ----

Test(channel, fifo_never_lets_a_message_overtake_and_none_does)
{
    for (int fifo = 0; fifo < 2; fifo++) {
        struct lab lab;
        open_lab(&lab, one_to_ten_ms, 0, (struct sim_channel_settings){.fifo = fifo != 0});
        uint64_t last_ns = 0;
        uint32_t overtaken = 0;
        for (uint32_t i = 0; i < 10000; i++) {
            uint64_t sent_ns = i / 2 * MS;  // two at a time
            uint64_t latency_ns;
            cr_assert(send(&lab, sent_ns, 1, 100, &latency_ns) == SIM_ARRIVES);
            overtaken += sent_ns + latency_ns <= last_ns;
            last_ns = sent_ns + latency_ns;
        }
        cr_expect(fifo ? overtaken == 0 : overtaken > 1000, "fifo %d: %u", fifo, overtaken);
        close_lab(&lab);
    }
}

Test(channel, a_reordered_message_takes_the_least_latency_past_the_queue)
{
    struct lab lab;
    open_lab(&lab, one_to_ten_ms, 0,
             (struct sim_channel_settings){
                 .reorder_ppb = SIM_PPB / 4, .rate_bits_per_s = 8000000, .queue_packets = 1000000});
    uint32_t least = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        uint64_t latency_ns;
        cr_assert(send(&lab, 0, 1, 1000, &latency_ns) == SIM_ARRIVES);
        least += latency_ns == MS;
    }
    cr_expect(least > 2200 && least < 2800, "%u of 10000", least);
    close_lab(&lab);
}

Test(channel, corrupted_messages_come_at_their_rate_and_use_the_line)
{
    struct lab lab;
    open_lab(&lab, one_ms, 0,
             (struct sim_channel_settings){
                 .corrupt_ppb = SIM_PPB / 4, .rate_bits_per_s = 8000000, .queue_packets = 1000000});
    uint32_t corrupted = 0;
    uint64_t latency_ns = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        corrupted += send(&lab, 0, 1, 1000, &latency_ns) == SIM_CORRUPTED;
    }
    cr_expect(corrupted > 2200 && corrupted < 2800, "%u of 10000", corrupted);
    cr_expect(latency_ns == 10001 * MS);
    close_lab(&lab);
}
