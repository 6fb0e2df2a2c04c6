// SPDX-License-Identifier: GPL-3.0-or-later
// What was sent: bytes by how far they went and by kind of message, the runs on one mesh in one
// picture.
//
//     by distance   push-pull |#####////oooooooooooo:::::::|  615 kB
//                       eager |##/ooo:|                        180 kB
//     by message    push-pull |****////+++++++++++++-------|  615 kB    / : what the transport adds
//                       eager |**/+++-|                        180 kB
//                             +-----------+-----------+----
//                             0          200         400   kB per repetition
//
// Sums are means over the repetitions that ran to their end, or where there is none over all.

#ifndef REPORT_TRAFFIC_H
#define REPORT_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "store.h"

#define REPORT_BARS_MAX 8  // runs of a picture
#define REPORT_FLOWS_MAX \
    24  // classes, or kinds, of a run; the last is "other" where there are more

struct report_flow {
    char name[REPORT_TEXT_BYTES];
    double bytes;            // as encoded, per repetition
    double transport_bytes;  // what the transport adds to them
};

struct report_flows {
    struct report_flow items[REPORT_FLOWS_MAX];
    uint32_t count;
};

struct report_bar {
    const struct report_run *run;
    struct report_flows classes;  // by pair class
    struct report_flows kinds;    // by kind of message
};

struct report_traffic {
    uint32_t part;  // 0, or 2, 3, ... of a mesh with more than REPORT_BARS_MAX runs
    struct report_bar bars[REPORT_BARS_MAX];
    uint32_t bar_count;  // at least one
};

struct report_traffics {
    struct report_traffic *items;  // [count]
    size_t count;
};

// Runs that sent nothing are left out. To be finished whatever came of it; the store must outlive
// them.
bool report_traffic_read(const struct report_store *store, struct report_traffics *traffics);
void report_traffics_finish(struct report_traffics *traffics);

uint32_t report_traffic_height(const struct report_traffic *traffic);
void report_traffic_script(FILE *output, const struct report_traffic *traffic);

#endif
