// SPDX-License-Identifier: GPL-3.0-or-later
// The disks of a lab: one write at a time, which takes its time, and of which a crash leaves a
// beginning. What the parts of the lab need of each other stands here and in network.h.
//
//     PERSIST --> write under way --latency--> on the disk, STORED
//                       \--crash--> nothing, or term and vote, or also the snapshot with the cut of
//                                   the log, or also some of the entries, or all

#ifndef RAFT_DISK_H
#define RAFT_DISK_H

#include <stdio.h>
#include <stdlib.h>

#include "lab.h"

void disk_init(struct lab *lab, uint32_t server);
void disk_finish(struct lab *lab, uint32_t server);

// Takes what a PERSIST names; its end is an event of the lab.
void disk_write(struct lab *lab, uint32_t server, const struct mesh_record *record);
void disk_finish_write(struct lab *lab, uint32_t server);
void disk_crash(struct lab *lab, uint32_t server);

// The driver's own snapshot, which the server's record holds, is on the disk.
void disk_compact(struct lab *lab, uint32_t server);

// Puts back into the server's record what is on the disk.
struct mesh_raft_start disk_restore(struct lab *lab, uint32_t server);

// ---- lab.c ----

void lab_push(struct lab *lab, struct lab_event event);
void lab_step(struct lab *lab, uint32_t server, struct mesh_event event);
void lab_load_state(struct lab *lab, uint32_t server);
uint64_t lab_disk_ns(struct lab *lab, uint32_t server);
void *lab_zeroed(size_t count, size_t size);

static inline void lab_must(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "lab: it must be that %s\n", what);
        abort();
    }
}

#endif
