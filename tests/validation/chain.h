// SPDX-License-Identifier: GPL-3.0-or-later
// Exact expectations on the complete graph, where nothing matters but how many know an update: the
// number of those who know is a Markov chain that only grows, and every expectation about it is a
// sum. None of our simulator is used here.
//
//   spreading     1 --> 2 --> ... --> target      each arrow a round (or an exponential time)
//                 with P(i -> j) a distribution     m(i) = 1 + sum over j of P(i -> j) m(j),
//                                                   solved from the target downwards
//
//   rumours       (susceptible, spreading)        until nobody spreads; the mass that passes
//                   |hit         |enough          through a state counts its contacts, what
//                   v            v                ends in a state is the residue
//                 (s - 1, a + 1) (s, a - 1)
//
// A contact chooses a uniform partner other than oneself. In floating point: these are figures to
// compare with, good to ten digits or more.

#ifndef CHAIN_H
#define CHAIN_H

#include <stdbool.h>

#define CHAIN_FANOUT_MAX 8

struct chain_time {
    double mean;
    double sd;
};

// Rounds until `target` of `nodes` know. In a round everybody who knew at its start tells `fanout`
// others, all different; each message arrives with probability `arrival` (0 < arrival <= 1).
// fanout <= CHAIN_FANOUT_MAX, < nodes.
struct chain_time chain_push(int nodes, int fanout, double arrival, int target);

// The same when everybody who did not know at the round's start asks one other.
struct chain_time chain_pull(int nodes, int target);

// Time until all know when everybody contacts others at rate 1 and a contact between one who knows
// and one who does not spreads the update either way (push-pull), or one way (push or pull, which
// have the same law).
struct chain_time chain_poisson(int nodes, bool both_ways);

struct chain_end {
    double residue;  // share that never knows
    double traffic;  // contacts made by those who spread, per node
};

// One contact after the other. With `blind` every contact ends the caller's interest with
// probability 1 / k; else only one with somebody who knew.
struct chain_end chain_coin(int nodes, int k, bool blind);

// Everybody who learns makes `contacts` contacts, whatever they bring. `distinct`: with different
// partners. <= CHAIN_FANOUT_MAX. The end does not depend on the order of the contacts, nor on
// rounds.
struct chain_end chain_forward(int nodes, int contacts, bool distinct);

// The root below 1 of s = exp(-c (1 - s)), the limit for infinitely many nodes; 1 when c <= 1.
double chain_residue_law(double c);

#endif
