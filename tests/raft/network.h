// SPDX-License-Identifier: GPL-3.0-or-later
// The network of a lab: every copy of a message takes its own time, so they overtake each other;
// some are lost, some arrive twice, and what crosses a cut on departure or arrival is lost too.

#ifndef RAFT_NETWORK_H
#define RAFT_NETWORK_H

#include "lab.h"

void network_send(struct lab *lab, const struct mesh_record *record);
void network_arrive(struct lab *lab, const struct lab_event *event);

#endif
