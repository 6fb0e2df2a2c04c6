// SPDX-License-Identifier: GPL-3.0-or-later
// Placement and links. Distributions are held against GSL's and draws go the way of the engine's:
// sim_draw, then the link's functions.
#include <criterion/criterion.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "draw.h"
#include "network.h"

#define DRAWS 200000u
#define SURPRISE 1e-9  // a test that is right fails by chance less often than this

// ---- Places ----

// Hosts in order, each with some nodes.
struct layout {
    const char *name;
    struct {
        struct sim_host place;
        uint32_t nodes;
    } hosts[8];
    uint32_t host_count;
};

static const struct layout layouts[] = {
    {"two nodes on one host", {{{0, 0, 0, 0}, 2}}, 1},
    {"two hosts of a node each", {{{0, 0, 0, 0}, 1}, {{0, 0, 0, 0}, 1}}, 2},
    {"two hosts of three", {{{0, 0, 0, 0}, 3}, {{0, 0, 0, 0}, 3}}, 2},
    {"two zones of a node each", {{{0, 0, 0, 0}, 1}, {{1, 0, 0, 0}, 1}}, 2},
    {"two regions of a node each", {{{0, 0, 0, 0}, 1}, {{1, 1, 0, 0}, 1}}, 2},
    {"three zones, two hosts in the last",
     {{{0, 0, 0, 0}, 1}, {{1, 0, 0, 0}, 1}, {{2, 0, 0, 0}, 1}, {{2, 0, 0, 0}, 1}},
     4},
    {"two regions, two zones in the first",
     {{{0, 0, 0, 0}, 1}, {{1, 0, 0, 0}, 1}, {{2, 1, 0, 0}, 1}},
     3},
    {"two regions, two zones in the last",
     {{{0, 0, 0, 0}, 1}, {{1, 1, 0, 0}, 1}, {{2, 1, 0, 0}, 1}},
     3},
    {"all four, the shared host last",
     {{{0, 0, 0, 0}, 1},
      {{1, 0, 0, 0}, 1},
      {{2, 1, 0, 0}, 1},
      {{2, 1, 0, 0}, 1},
      {{3, 2, 0, 0}, 4}},
     5},
    {"three regions of two zones",
     {{{0, 0, 0, 0}, 1},
      {{1, 0, 0, 0}, 1},
      {{2, 1, 0, 0}, 1},
      {{3, 1, 0, 0}, 1},
      {{4, 2, 0, 0}, 1},
      {{5, 2, 0, 0}, 1}},
     6},
};

struct world {
    uint32_t host_of[64];
    struct sim_host hosts[8];
    uint32_t node_count;
};

static void settle(const struct layout *layout, struct world *world)
{
    world->node_count = 0;
    for (uint32_t host = 0; host < layout->host_count; host++) {
        world->hosts[host] = layout->hosts[host].place;
        for (uint32_t i = 0; i < layout->hosts[host].nodes; i++) {
            world->host_of[world->node_count++] = host;
        }
    }
}

// What the words mean: the nearest place that two nodes share.
static enum sim_pair_class nearest(const struct world *world, uint32_t a, uint32_t b)
{
    const struct sim_host *from = &world->hosts[world->host_of[a]];
    const struct sim_host *to = &world->hosts[world->host_of[b]];
    if (world->host_of[a] == world->host_of[b]) {
        return SIM_SAME_HOST;
    }
    if (from->zone == to->zone) {
        return SIM_SAME_ZONE;
    }
    return from->region == to->region ? SIM_SAME_REGION : SIM_INTER_REGION;
}

// Latencies [1, 2), [3, 4), [5, 6), [7, 8) us, dealt to the classes from `turn` on.
static struct sim_network_settings settings_of(uint32_t turn)
{
    struct sim_network_settings settings = {.transport = SIM_UDP, .batching = true};
    for (uint32_t i = 0; i < SIM_PAIR_CLASS_COUNT; i++) {
        settings.latency[(i + turn) % SIM_PAIR_CLASS_COUNT] =
            (struct sim_latency){SIM_UNIFORM, 1000 + 2000 * i, 2000 + 2000 * i};
    }
    return settings;
}

static void expect_lookahead(const struct layout *layout, uint32_t turn)
{
    struct world world;
    settle(layout, &world);
    struct sim_network_settings settings = settings_of(turn);
    struct sim_network network;
    sim_network_init(&network, &settings, 1, world.host_of, world.node_count, world.hosts);
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    for (uint32_t a = 0; a < world.node_count; a++) {
        for (uint32_t b = 0; b < world.node_count; b++) {
            if (a == b) {
                continue;
            }
            enum sim_pair_class wanted = nearest(&world, a, b);
            enum sim_pair_class pair = sim_network_pair(&network, a, b);
            cr_expect(pair == wanted, "%s: nodes %u and %u are %s, not %s", layout->name, a, b,
                      sim_pair_class_name(wanted), sim_pair_class_name(pair));
            const struct sim_latency *latency = &settings.latency[wanted];
            least = latency->minimum_ns < least ? latency->minimum_ns : least;
            most = latency->maximum_ns > most ? latency->maximum_ns : most;
        }
    }
    cr_expect(network.latency_ns_min == least, "%s, turn %u: lookahead %lu ns, by pairs %lu",
              layout->name, turn, network.latency_ns_min, least);
    cr_expect(network.latency_ns_max == most, "%s, turn %u: at most %lu ns, by pairs %lu",
              layout->name, turn, network.latency_ns_max, most);
}

Test(net, the_lookahead_is_the_least_latency_of_any_two_nodes_and_classes_are_the_nearest_place)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        for (uint32_t turn = 0; turn < SIM_PAIR_CLASS_COUNT; turn++) {
            expect_lookahead(&layouts[i], turn);
        }
    }
}

Test(net, a_constant_latency_takes_its_minimum_and_draws_nothing)
{
    struct world world;
    settle(&layouts[0], &world);
    struct sim_network_settings settings = settings_of(0);
    settings.latency[SIM_SAME_HOST] = (struct sim_latency){SIM_CONSTANT, 777, 777};
    struct sim_network network;
    sim_network_init(&network, &settings, 1, world.host_of, world.node_count, world.hosts);
    const struct sim_link *link = &network.links[SIM_SAME_HOST];
    cr_expect(sim_link_latency_ns(link, 0, 0) == 777);
    cr_expect(sim_link_latency_ns(link, UINT32_MAX, UINT32_MAX) == 777);
    cr_expect(network.latency_ns_min == 777 && network.latency_ns_max == 777);
}

// ---- Pairs of regions ----

// A shape of half to one and a half of the mean, as a straight line.
static void fill_line(struct sim_quantiles *table)
{
    const uint64_t half = UINT64_C(1) << 31;
    for (uint64_t i = 0; i <= SIM_QUANTILE_CELLS; i++) {
        table->points[i] = half + (i << 32) / SIM_QUANTILE_CELLS;
    }
    for (uint32_t i = 0; i <= SIM_QUANTILE_TAIL; i++) {
        uint64_t octave = i / SIM_QUANTILE_STEPS;
        uint64_t share = (UINT64_C(256) - 2 * (i % SIM_QUANTILE_STEPS)) << 18 >> octave;
        table->low[i] = half + (i == SIM_QUANTILE_TAIL ? 0 : share);
        table->high[i] = 3 * half - (i == SIM_QUANTILE_TAIL ? 0 : share);
    }
}

static const uint64_t means_ns[9] = {0, 8000, 20000, 6000, 0, 40000, 30000, 50000, 0};

static void expect_pairs(const struct sim_network *network, const struct world *world)
{
    for (uint32_t a = 0; a < world->node_count; a++) {
        for (uint32_t b = 0; b < world->node_count; b++) {
            uint32_t from = world->hosts[world->host_of[a]].region;
            uint32_t to = world->hosts[world->host_of[b]].region;
            if (from == to) {
                continue;
            }
            enum sim_pair_class pair = sim_network_pair(network, a, b);
            const struct sim_link *link = sim_network_link(network, a, b, pair);
            uint64_t mean_ns = means_ns[3 * from + to];
            cr_expect(pair == SIM_INTER_REGION);
            cr_expect(link->minimum_ns == mean_ns / 2 && link->span_ns == mean_ns, "%u to %u", a,
                      b);
            cr_expect(sim_link_median_ns(link) == mean_ns);
            cr_expect(sim_link_latency_ns(link, 0, 0) == mean_ns / 2);
            cr_expect(sim_link_latency_ns(link, UINT32_MAX / 4 + 1, 0) == mean_ns * 3 / 4);
            cr_expect(sim_link_latency_ns(link, UINT32_MAX, UINT32_MAX) == mean_ns * 3 / 2);
        }
    }
}

Test(net, ordered_pairs_of_regions_have_latencies_of_their_own)
{
    static struct sim_quantiles line;
    struct world world;
    struct sim_network network;
    struct sim_network_settings settings = settings_of(0);
    fill_line(&line);
    settle(&layouts[9], &world);  // three regions of two zones
    settings.regions = (struct sim_region_settings){3, means_ns, &line};
    sim_network_init(&network, &settings, 1, world.host_of, world.node_count, world.hosts);
    expect_pairs(&network, &world);
    cr_expect(network.latency_ns_min == 3000, "%lu", network.latency_ns_min);
    cr_expect(network.latency_ns_max == 75000, "%lu", network.latency_ns_max);
    sim_network_finish(&network);
}

Test(net, tiers_may_take_the_latency_of_the_places_they_join)
{
    // An aggregator in the agent's zone, one in another zone, one in another region.
    static const uint32_t host_of[] = {0, 1, 2, 3};
    static const struct sim_host hosts[] = {{0, 0, SIM_TIER_AGENT, 0},
                                            {0, 0, SIM_TIER_AGGREGATOR, 0},
                                            {1, 0, SIM_TIER_AGGREGATOR, 0},
                                            {2, 1, SIM_TIER_AGGREGATOR, 0}};
    struct sim_network network;
    struct sim_network_settings settings = settings_of(0);
    settings.tiers_by_place[SIM_EDGE_AGGREGATOR] = true;
    sim_network_init(&network, &settings, 1, host_of, 4, hosts);
    for (uint32_t aggregator = 1; aggregator < 4; aggregator++) {
        enum sim_pair_class pair = sim_network_pair(&network, 0, aggregator);
        cr_expect(pair == SIM_EDGE_AGGREGATOR);
        const struct sim_link *link = sim_network_link(&network, 0, aggregator, pair);
        cr_expect(link == &network.links[SIM_SAME_ZONE + aggregator - 1]);
    }
    cr_expect(network.latency_ns_min <= network.links[SIM_SAME_ZONE].minimum_ns);
    sim_network_finish(&network);
}

// ---- Draws ----

static struct sim_link link_with(struct sim_latency latency, uint32_t loss_ppb,
                                 uint32_t duplicate_ppb)
{
    struct world world;
    settle(&layouts[0], &world);
    struct sim_network_settings settings = {
        .latency = {latency, latency, latency, latency},
        .loss_ppb = loss_ppb,
        .duplicate_ppb = duplicate_ppb,
        .transport = SIM_UDP,
    };
    struct sim_network network;
    sim_network_init(&network, &settings, 1, world.host_of, world.node_count, world.hosts);
    return network.links[SIM_SAME_HOST];
}

// The first DRAWS copies of pushes that node 3 sends, 50 at each tick.
struct sample {
    double latency_ns[DRAWS];
    bool lost[DRAWS];
    bool duplicated[DRAWS];
};

static struct sample *draw_sample(const struct sim_link *link, uint64_t seed)
{
    struct sample *sample = malloc(sizeof *sample);
    cr_assert_not_null(sample);
    uint32_t words[4][SIM_DRAW_BATCH];
    uint32_t stream = sim_network_stream(&(struct mesh_message){.kind = MESH_MESSAGE_PUSH}, 0, 0);
    for (uint32_t i = 0; i < DRAWS; i++) {
        if (i % 50 == 0) {
            sim_draw(seed, i / 50, 3, stream, 50, words);
        }
        uint64_t latency_ns = sim_link_latency_ns(link, words[0][i % 50], words[1][i % 50]);
        cr_assert(latency_ns >= link->minimum_ns, "draw %u: %lu ns is too short", i, latency_ns);
        cr_assert(latency_ns < link->minimum_ns + link->span_ns, "draw %u: %lu ns is too long", i,
                  latency_ns);
        sample->latency_ns[i] = (double)latency_ns;
        sample->lost[i] = sim_link_loses(link, words[2][i % 50]);
        sample->duplicated[i] = sim_link_duplicates(link, words[3][i % 50]);
    }
    return sample;
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

// P(sqrt(n) D > x) for large n: Kolmogorov 1933; Smirnov 1948 has the table (1.36 -> 0.049).
static double kolmogorov_tail(double x)
{
    double sum = 0;
    for (int k = 1; k <= 100; k++) {
        sum += (k % 2 == 1 ? 2 : -2) * exp(-2.0 * k * k * x * x);
    }
    return sum;
}

Test(net, the_tail_used_by_the_next_test_is_that_of_smirnovs_table)
{
    cr_expect(fabs(kolmogorov_tail(1.36) - 0.049) < 0.0005);
    cr_expect(fabs(kolmogorov_tail(1.63) - 0.010) < 0.0005);
}

Test(net, uniform_latencies_are_uniform)
{
    static const struct sim_latency ranges[] = {
        {SIM_UNIFORM, 1000000, 10000000},
        {SIM_UNIFORM, 0, UINT64_C(1) << 39},
    };
    for (uint32_t r = 0; r < 2; r++) {
        struct sim_link link = link_with(ranges[r], 0, 0);
        struct sample *sample = draw_sample(&link, 42 + r);
        qsort(sample->latency_ns, DRAWS, sizeof *sample->latency_ns, ascending);
        double distance = 0;
        for (uint32_t i = 0; i < DRAWS; i++) {
            double p = gsl_cdf_flat_P(sample->latency_ns[i], (double)ranges[r].minimum_ns,
                                      (double)ranges[r].maximum_ns);
            distance = fmax(distance, fmax(p - (double)i / DRAWS, (i + 1.0) / DRAWS - p));
        }
        double surprise = kolmogorov_tail(sqrt(DRAWS) * distance);
        cr_expect(surprise > SURPRISE, "range %u: farthest from uniform by %g, p-value %g", r,
                  distance, surprise);
        free(sample);
    }
}

Test(net, a_range_of_one_nanosecond_has_one_latency)
{
    struct sim_link link = link_with((struct sim_latency){SIM_UNIFORM, 5000, 5001}, 0, 0);
    free(draw_sample(&link, 7));  // which asserts that each lies in [5000, 5001)
}

static void expect_share(const char *what, uint32_t count, uint32_t of, double share)
{
    double below = gsl_cdf_binomial_P(count, share, of);
    double above = count == 0 ? 1 : gsl_cdf_binomial_Q(count - 1, share, of);
    cr_expect(below > SURPRISE && above > SURPRISE, "%s: %u of %u, expected a share of %g", what,
              count, of, share);
}

Test(net, losses_and_duplicates_come_at_their_rates_and_independently_of_the_latency)
{
    struct sim_latency latency = {SIM_UNIFORM, 1000000, 10000000};
    struct sim_link link = link_with(latency, 20000000, 5000000);
    struct sample *sample = draw_sample(&link, 99);
    uint32_t lost = 0, duplicated = 0, both = 0, slow = 0, slow_lost = 0;
    for (uint32_t i = 0; i < DRAWS; i++) {
        lost += sample->lost[i];
        duplicated += sample->duplicated[i];
        both += sample->lost[i] && sample->duplicated[i];
        slow += sample->latency_ns[i] > 5500000;
        slow_lost += sample->lost[i] && sample->latency_ns[i] > 5500000;
    }
    expect_share("lost at 2 %", lost, DRAWS, 0.02);
    expect_share("duplicated at 0.5 %", duplicated, DRAWS, 0.005);
    expect_share("lost and duplicated", both, DRAWS, 0.0001);
    expect_share("lost of the slower half", slow_lost, slow, 0.02);
    free(sample);
}

Test(net, none_are_lost_or_duplicated_at_0_percent_and_all_at_100)
{
    struct sim_latency latency = {SIM_CONSTANT, 1000000, 1000000};
    struct sim_link never = link_with(latency, 0, 0);
    struct sim_link always = link_with(latency, SIM_PPB, SIM_PPB);
    static const uint32_t draws[] = {0, 1, UINT32_MAX / 2, UINT32_MAX - 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof draws / sizeof *draws; i++) {
        cr_expect(!sim_link_loses(&never, draws[i]) && !sim_link_duplicates(&never, draws[i]),
                  "0 %% takes the draw %u", draws[i]);
        cr_expect(sim_link_loses(&always, draws[i]) && sim_link_duplicates(&always, draws[i]),
                  "100 %% spares the draw %u", draws[i]);
    }
}

// ---- Streams ----

Test(net, no_two_copies_of_an_occasion_share_a_stream)
{
    // Of one node on one occasion: pushes, opens and eager messages by place in the fanout, answers
    // by target, and the second arrivals of each.
    enum { PLACES = 250, KINDS = MESH_MESSAGE_KIND_COUNT - 1 };
    static uint32_t streams[2 * KINDS * PLACES];
    uint32_t count = 0;
    for (uint32_t duplicate = 0; duplicate < 2; duplicate++) {
        for (uint32_t k = 1; k < MESH_MESSAGE_KIND_COUNT; k++) {
            const struct mesh_message message = {.kind = (uint8_t)k};
            for (uint32_t i = 0; i < PLACES; i++) {
                uint32_t target = MESH_NODE_MAX - 1 - i;
                streams[count++] = sim_network_fans_out(&message)
                                       ? sim_network_stream(&message, target, duplicate) + i
                                       : sim_network_stream(&message, target, duplicate);
            }
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t purpose = streams[i] >> 24;
        cr_assert(purpose >= MESH_DRAW_DRIVER, "stream %08x is the core's", streams[i]);
        for (uint32_t j = 0; j < i; j++) {
            cr_assert(streams[i] != streams[j], "stream %08x is used twice", streams[i]);
        }
    }
}
