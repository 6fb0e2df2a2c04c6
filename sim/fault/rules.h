// SPDX-License-Identifier: GPL-3.0-or-later
// What faults do to messages between two nodes, by the instant of their sending.
//
//     cut    side 1 | side 2     a message from one side to another is dropped; within a side, and
//            ---->X   X<----     with nodes on no side, all is well; one way: only from 1 to 2
//     slow   whoever is on side 1 hears `delay_ns` later
//     clog   what `node` sends, and what is sent to it, arrives later by as much as the rule still
//            lasts: it is held back and then has the latency that it would have had
//     link   what is sent over some links finds others: those of the classes in `pairs` between
//            side 1 and side 2 or, where there is no side 2, of side 1 with anybody
//
// A rule holds for messages sent in [from_ns, until_ns). Judging changes nothing and may be done by
// several threads at once; rules are added and dropped between windows.

#ifndef SIM_RULES_H
#define SIM_RULES_H

#include "fault.h"

enum sim_rule_kind { SIM_RULE_CUT, SIM_RULE_SLOW, SIM_RULE_CLOG, SIM_RULE_LINK };

struct sim_rule {
    uint64_t from_ns;
    uint64_t until_ns;  // SIM_FAULT_NEVER
    uint32_t *sides;    // [nodes], owned; 0: on no side. NULL: clog, or the links of all
    uint64_t delay_ns;  // slow
    uint32_t node;      // clog
    uint32_t entry;     // of the timeline, that made it
    enum sim_rule_kind kind;
    enum sim_direction direction;  // cut, link: OUTWARD from side 1, INWARD to it
    bool faces;                    // link: there is a side 2
    uint32_t pairs;                // link: bits of classes
    struct sim_link_change link;
};

struct sim_rules {
    struct sim_rule *items;  // [count]
    uint32_t count;
    uint32_t capacity;
};

void sim_rules_finish(struct sim_rules *rules);
void sim_rules_add(struct sim_rules *rules, const struct sim_rule *rule);

// Whether the rule is about messages that the node sends or hears.
bool sim_rule_concerns(const struct sim_rule *rule, uint32_t node);

// Drops the rules that hold for nothing sent at `time_ns` or later.
void sim_rules_expire(struct sim_rules *rules, uint64_t time_ns);

// The first instant after `after_ns` at which a rule that cuts begins or ends to hold;
// SIM_FAULT_NEVER: none is known.
uint64_t sim_rules_next_cut_ns(const struct sim_rules *rules, uint64_t after_ns);

// Tells apart nodes whom cuts and links treat differently at that instant: nodes of one of the
// `class_count` classes, classes[nodes], that are on different sides of a rule come into different
// ones, numbered anew. Returns how many classes there are then.
uint32_t sim_rules_divide(const struct sim_rules *rules, uint64_t time_ns, uint32_t nodes,
                          uint32_t *classes, uint32_t class_count);

// Whether a rule changes links at that instant.
bool sim_rules_link(const struct sim_rules *rules, uint64_t time_ns);

// Whether a message is cut; if not, how much later it arrives.
bool sim_rules_cut(const struct sim_rules *rules, uint32_t source, uint32_t target,
                   uint64_t sent_ns, uint64_t *delay_ns);

// The entry of a rule that cuts such a message, SIM_FAULTS_MAX: none does.
uint32_t sim_rules_cutter(const struct sim_rules *rules, uint32_t source, uint32_t target,
                          uint64_t sent_ns);

// What is different for a message that sets out at `time_ns` over a link of class `pair`; false:
// nothing.
bool sim_rules_change(const struct sim_rules *rules, uint32_t source, uint32_t target,
                      uint32_t pair, uint64_t time_ns, struct sim_link_change *change);

#endif
