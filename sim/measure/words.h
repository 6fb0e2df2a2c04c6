// SPDX-License-Identifier: GPL-3.0-or-later
// Figures in sentences: as many digits as a reader uses, and no share that rounds up to all.
//
//     number   0.42   3.1   118   20000       percent   0.5 %   86 %   99.9 % (100 only for all)

#ifndef SIM_WORDS_H
#define SIM_WORDS_H

#include <stddef.h>

#include "scenario.h"

#define SIM_WORD_BYTES 32

struct sim_word {
    char text[SIM_WORD_BYTES];
};

// INFINITY is "never", NaN "nothing".
struct sim_word sim_word_number(double value);

// A share from 0 to 1, rounded to whole percent between 10 and 90 and down to tenths elsewhere.
struct sim_word sim_word_percent(double share);

// " (topologies/flat-mesh.yaml:10)", " (--set)" or " (the default)". Cut to fit.
#define SIM_PLACE_BYTES 160
struct sim_place {
    char text[SIM_PLACE_BYTES];
};
struct sim_place sim_place_of(const struct sim_origin *origin);

// Appends to a text of `capacity` bytes, cutting what does not fit.
__attribute__((format(printf, 3, 4))) void sim_words_append(char *text, size_t capacity,
                                                            const char *format, ...);

#endif
