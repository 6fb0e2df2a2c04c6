// SPDX-License-Identifier: GPL-3.0-or-later
// Tables 1 and 3 of Demers et al. 1987 simulated once more, in the fewest lines that will do, so
// that ways of reading the paper can be told apart. Feedback, counter k, uniform partners, no
// connection limit, one call in a cycle: by every infective site (push) or by every site (pull).
// Nothing of our simulator is used.
//
//   a call between an infective site and another
//
//      was it news there?   judged by the start of the cycle         |  by this very moment
//              yes          the count starts anew                    |  the count stays
//              no           the count grows; at k the site is removed|
//                           READING_OF_THE_PAPER                     |  the wrong readings
//
// With pull the calls that a site answers in a cycle are judged together, at its end (footnote b of
// Table 3): if one was news the count starts anew, if none was it grows by one.

#ifndef READING_H
#define READING_H

#include <stdbool.h>
#include <stdint.h>

enum reading {
    READING_OF_THE_PAPER,
    READING_IN_SEQUENCE,   // wrong: of two calls to one site in a cycle only the first is useful
    READING_WITHOUT_RESET  // wrong: k useless contacts in all, whatever lies between them
};

struct reading_run {
    double residue;     // s: share of the sites that never get the update
    double traffic;     // m: copies of the update sent, per site
    double last_cycle;  // t_last: the cycle in which the last site got it
};

#define READING_SITES_MAX 1000

// One epidemic among `sites` (2 .. READING_SITES_MAX), until nobody is infective.
struct reading_run reading_simulate(enum reading reading, bool pull, int sites, int k,
                                    uint64_t seed);

#endif
