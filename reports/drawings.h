// SPDX-License-Identifier: GPL-3.0-or-later
// All pictures of a report, as commands that gnuplot has yet to draw.
//
//     matrix --+                                   section    file name            caption
//     curves --+--> struct report_drawing [ ]      VERDICTS   matrix               Convergence ..
//     traffic -+                                   SPREAD     convergence-flat-10  ...

#ifndef REPORT_DRAWINGS_H
#define REPORT_DRAWINGS_H

#include "matrix.h"
#include "plot.h"
#include "store.h"

#define REPORT_NAME_BYTES 160
#define REPORT_CAPTION_BYTES 768

enum report_section {
    REPORT_VERDICTS,
    REPORT_SPREAD,
    REPORT_TIERS,
    REPORT_TRAFFIC_SENT,
    REPORT_SECTION_COUNT,
};

struct report_drawing {
    enum report_section section;
    char name[REPORT_NAME_BYTES];  // of its files, without suffix; harmless bytes only
    char caption[REPORT_CAPTION_BYTES];
    struct report_script script;
};

struct report_drawings {
    struct report_drawing *items;  // [count] in the order of the page
    size_t count;
    size_t skipped;  // runs without a measured update, which have no curve
};

// Reads all that is drawn of the store's runs. A store in which nothing was measured is an error.
// The drawings are to be finished whatever came of it.
bool report_drawings_collect(const struct report_store *store, const struct report_matrix *matrix,
                             struct report_drawings *drawings);
void report_drawings_finish(struct report_drawings *drawings);

#endif
