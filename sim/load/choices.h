// SPDX-License-Identifier: GPL-3.0-or-later
// The words that a key may have as its value, and what each of them lands as (private to this
// folder).
//
//     gossip.mode --keys.c--> sim_choices_of_mode --> "push-pull" = MESH_PUSH_PULL
//
// Each list ends with an entry without a name.

#ifndef SIM_CHOICES_H
#define SIM_CHOICES_H

#include "keys.h"

extern const struct sim_choice sim_choices_of_mode[];
extern const struct sim_choice sim_choices_of_schedule[];
extern const struct sim_choice sim_choices_of_peers[];
extern const struct sim_choice sim_choices_of_direction[];
extern const struct sim_choice sim_choices_of_graph[];
extern const struct sim_choice sim_choices_of_stop[];
extern const struct sim_choice sim_choices_of_transport[];
extern const struct sim_choice sim_choices_of_writers[];
extern const struct sim_choice sim_choices_of_crdt[];
extern const struct sim_choice sim_choices_of_signature[];
extern const struct sim_choice sim_choices_of_membership[];
extern const struct sim_choice sim_choices_of_periods[];
extern const struct sim_choice sim_choices_of_order[];
extern const struct sim_choice sim_choices_of_election[];
extern const struct sim_choice sim_choices_of_leaders_start[];
extern const struct sim_choice sim_choices_of_leaders_logs[];
extern const struct sim_choice sim_choices_of_compression[];
extern const struct sim_choice sim_choices_of_start[];
extern const struct sim_choice sim_choices_of_profile[];
extern const struct sim_choice sim_choices_of_loss_model[];
extern const struct sim_choice sim_choices_of_ordering[];
extern const struct sim_choice sim_choices_of_checksums[];
extern const struct sim_choice sim_choices_of_cipher[];
extern const struct sim_choice sim_choices_of_report[];
extern const struct sim_choice sim_choices_of_fault[];
extern const struct sim_choice sim_choices_of_role[];
extern const struct sim_choice sim_choices_of_disk[];
extern const struct sim_choice sim_choices_of_between[];
extern const struct sim_choice sim_choices_of_cut[];
extern const struct sim_choice sim_choices_of_pair[];
extern const struct sim_choice sim_choices_of_mesh[];
extern const struct sim_choice sim_choices_of_behaviour[];
extern const struct sim_choice sim_choices_of_guard[];

#endif
