// SPDX-License-Identifier: GPL-3.0-or-later
#include "chain.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NEGLIGIBLE 1e-25  // probabilities below are left out: 1,000 nodes lose less than 1e-18

static double *vector(int count)
{
    double *values = calloc((size_t)count, sizeof *values);
    if (values == NULL) {
        abort();
    }
    return values;
}

// ---- Spreading ----

// Moments of the time until the target, from each number of those who know.
struct ladder {
    double *mean;    // [target + 1]
    double *square;  // of the time: its second moment
    int target;
};

static void ladder_init(struct ladder *ladder, int target)
{
    *ladder = (struct ladder){vector(target + 1), vector(target + 1), target};
}

// From `known`, one round leads to known + j with probability step[j], j = 0 .. count - 1.
static void ladder_solve(struct ladder *ladder, int known, const double *step, int count)
{
    double mean = 1;
    double square = 0;
    double away = 0;
    for (int j = count - 1; j > 0; j--) {
        int next = known + j < ladder->target ? known + j : ladder->target;
        mean += step[j] * ladder->mean[next];
        square += step[j] * (2 * ladder->mean[next] + ladder->square[next]);
        away += step[j];
    }
    ladder->mean[known] = mean / away;
    ladder->square[known] = (1 + square + 2 * step[0] * ladder->mean[known]) / away;
}

static struct chain_time ladder_finish(struct ladder *ladder, int start)
{
    double mean = ladder->mean[start];
    struct chain_time time = {mean, sqrt(ladder->square[start] - mean * mean)};
    free(ladder->mean);
    free(ladder->square);
    return time;
}

// hits[a]: probability that a of one sender's messages arrive at some of the `open` nodes among its
// `others`. The partners are drawn one by one: reached[t][a], t open ones drawn, a arrived.
static void sender_hits(int others, int open, int fanout, double arrival, double *hits)
{
    double reached[CHAIN_FANOUT_MAX + 1][CHAIN_FANOUT_MAX + 1] = {{1}};
    for (int draw = 0; draw < fanout; draw++) {
        for (int drawn = draw; drawn >= 0; drawn--) {
            double open_share = (double)(open > drawn ? open - drawn : 0) / (others - draw);
            for (int arrived = drawn; arrived >= 0; arrived--) {
                double mass = reached[drawn][arrived];
                reached[drawn + 1][arrived + 1] += mass * open_share * arrival;
                reached[drawn + 1][arrived] += mass * open_share * (1 - arrival);
                reached[drawn][arrived] = mass * (1 - open_share);
            }
        }
    }
    for (int arrived = 0; arrived <= fanout; arrived++) {
        hits[arrived] = 0;
        for (int drawn = arrived; drawn <= fanout; drawn++) {
            hits[arrived] += reached[drawn][arrived];
        }
    }
}

// One sender after the other adds to the number of those who learn in the round: step[0 .. count).
// Returns the new count. `low`: the first that is not negligible.
static int add_sender(double *step, int count, int *low, int susceptible, int fanout,
                      double (*hits)[CHAIN_FANOUT_MAX + 1])
{
    int top = count - 1 + fanout < susceptible ? count - 1 + fanout : susceptible;
    for (int learnt = count - 1; learnt >= *low; learnt--) {
        const double *of_open = hits[susceptible - learnt];
        double mass = step[learnt];
        step[learnt] = mass * of_open[0];
        for (int more = 1; more <= fanout && learnt + more <= susceptible; more++) {
            step[learnt + more] += mass * of_open[more];
        }
    }
    while (step[*low] < NEGLIGIBLE && *low < top) {
        step[(*low)++] = 0;
    }
    while (step[top] < NEGLIGIBLE && top > *low) {
        step[top--] = 0;
    }
    return top + 1;
}

struct chain_time chain_push(int nodes, int fanout, double arrival, int target)
{
    assert(fanout <= CHAIN_FANOUT_MAX && fanout < nodes && arrival > 0 && target <= nodes);
    double(*hits)[CHAIN_FANOUT_MAX + 1] = calloc((size_t)nodes, sizeof *hits);
    if (hits == NULL) {
        abort();
    }
    for (int open = 0; open < nodes; open++) {
        sender_hits(nodes - 1, open, fanout, arrival, hits[open]);
    }
    struct ladder ladder;
    ladder_init(&ladder, target);
    double *step = vector(nodes + CHAIN_FANOUT_MAX);
    for (int known = target - 1; known > 0; known--) {
        memset(step, 0, (size_t)(nodes + CHAIN_FANOUT_MAX) * sizeof *step);
        step[0] = 1;
        int count = 1;
        int low = 0;
        for (int sender = 0; sender < known; sender++) {
            count = add_sender(step, count, &low, nodes - known, fanout, hits);
        }
        ladder_solve(&ladder, known, step, count);
    }
    free(step);
    free(hits);
    return ladder_finish(&ladder, 1);
}

struct chain_time chain_pull(int nodes, int target)
{
    struct ladder ladder;
    ladder_init(&ladder, target);
    double *step = vector(nodes);
    for (int known = target - 1; known > 0; known--) {
        int susceptible = nodes - known;
        double success = (double)known / (nodes - 1);
        double failure = 1 - success;  // 0 only for the last: then everybody learns
        for (int learnt = 0; learnt <= susceptible; learnt++) {
            double log_ways =
                lgamma(susceptible + 1) - lgamma(learnt + 1) - lgamma(susceptible - learnt + 1);
            step[learnt] =
                exp(log_ways + learnt * log(success)) * pow(failure, susceptible - learnt);
        }
        ladder_solve(&ladder, known, step, susceptible + 1);
    }
    free(step);
    return ladder_finish(&ladder, 1);
}

struct chain_time chain_poisson(int nodes, bool both_ways)
{
    double mean = 0;
    double variance = 0;
    for (int known = 1; known < nodes; known++) {
        double wait = (nodes - 1.0) / ((double)known * (nodes - known) * (both_ways ? 2 : 1));
        mean += wait;
        variance += wait * wait;
    }
    return (struct chain_time){mean, sqrt(variance)};
}

// ---- Rumours ----

// Susceptible from nodes - 1 down to 0; within that, spreading from many down to none. visits[a]:
// how often (s, a) is left for another state, next[a] the same for s - 1.
struct chain_end chain_coin(int nodes, int k, bool blind)
{
    double *visits = vector(nodes + 2);
    double *next = vector(nodes + 2);
    struct chain_end end = {0, 0};
    double coin = 1.0 / k;
    visits[1] = 1;
    for (int susceptible = nodes - 1; susceptible >= 0; susceptible--) {
        double hit = (double)susceptible / (nodes - 1);
        double stay = (1 - hit) * (1 - coin);
        double hit_and_stop = blind ? hit * coin : 0;
        for (int active = nodes - susceptible; active > 0; active--) {
            double contacts = visits[active] / (1 - stay);
            end.traffic += contacts / nodes;
            visits[active - 1] += contacts * (1 - hit) * coin;
            next[active] += contacts * hit_and_stop;
            next[active + 1] += contacts * (hit - hit_and_stop);
        }
        end.residue += visits[0] * susceptible / nodes;
        double *done = visits;
        visits = next;
        next = done;
        memset(next, 0, (size_t)(nodes + 2) * sizeof *next);
    }
    free(visits);
    free(next);
    return end;
}

// After `finished` nodes have made their contacts, left[s] is the probability that s are
// susceptible and somebody is still to make his.
struct chain_end chain_forward(int nodes, int contacts, bool distinct)
{
    assert(contacts <= CHAIN_FANOUT_MAX && contacts < nodes);
    double *left = vector(nodes);
    double *next = vector(nodes);
    struct chain_end end = {0, 0};
    left[nodes - 1] = 1;
    for (int finished = 0; finished < nodes; finished++) {
        // Who is spreading or has finished knows: at least finished + 1 of them.
        for (int susceptible = nodes - 1 - finished; susceptible >= 0; susceptible--) {
            double hits[CHAIN_FANOUT_MAX + 1] = {left[susceptible]};
            for (int contact = 0; contact < contacts; contact++) {
                int others = nodes - 1 - (distinct ? contact : 0);
                for (int hit = contact; hit >= 0; hit--) {
                    double open = susceptible > hit ? (double)(susceptible - hit) / others : 0;
                    hits[hit + 1] += hits[hit] * open;
                    hits[hit] *= 1 - open;
                }
            }
            end.traffic += left[susceptible] * contacts / nodes;
            for (int hit = 0; hit <= contacts && hit <= susceptible; hit++) {
                next[susceptible - hit] += hits[hit];
            }
        }
        int nobody_left = nodes - 1 - finished;  // susceptible, when all who know have finished
        end.residue += next[nobody_left] * nobody_left / nodes;
        next[nobody_left] = 0;
        double *done = left;
        left = next;
        next = done;
        memset(next, 0, (size_t)nodes * sizeof *next);
    }
    free(left);
    free(next);
    return end;
}

double chain_residue_law(double c)
{
    double residue = 0;
    for (int i = 0; i < 200; i++) {  // from below, towards the smaller root
        residue = exp(-c * (1 - residue));
    }
    return c <= 1 ? 1 : residue;
}
