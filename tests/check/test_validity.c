// SPDX-License-Identifier: GPL-3.0-or-later
// Gossip validity, broken by hand.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "validity.h"

// Nodes 0 .. 4, of which 4 lies. Lane n holds update 1 of node n, with a hash of its own.
static const uint32_t liars[] = {0, 0, 0, 0, 1};

struct script {
    struct sim_validity *validity;
    struct mesh_table table;
    struct mesh_update updates[64];
    uint64_t message[sizeof(struct mesh_message) / sizeof(uint64_t) + 1];
    uint64_t time_ns;
};

static void begin(struct script *script)
{
    memset(script, 0, sizeof *script);
    mesh_table_init(&script->table, script->updates, 64, NULL, 0, NULL);
    for (uint32_t node = 0; node < 5; node++) {
        uint32_t lane = mesh_table_reserve(&script->table, (struct mesh_dot){node, 1});
        script->updates[lane].hash[0] = 100 + node;
    }
    script->validity = sim_validity_create(liars);
}

// `source` UINT32_MAX: the node writes it.
static void hold(struct script *script, uint32_t node, uint32_t lane, uint32_t source)
{
    struct mesh_message *message = (struct mesh_message *)script->message;
    message->source = source;
    message->kind = MESH_MESSAGE_PUSH;
    message->words = 1;
    message->lanes[0] = UINT64_C(1) << lane;
    script->time_ns += 1000000;
    const struct sim_change change = {.time_ns = script->time_ns,
                                      .message = source == UINT32_MAX ? NULL : message,
                                      .lanes = UINT64_C(1) << lane,
                                      .node = node};
    sim_validity_look(script->validity, &script->table, &change, 1);
}

Test(validity, what_was_written_may_be_held)
{
    struct script script;
    begin(&script);
    hold(&script, 1, 1, UINT32_MAX);
    hold(&script, 0, 1, 1);
    hold(&script, 2, 1, 4);
    cr_expect(!sim_validity_broken(script.validity));
    sim_validity_destroy(script.validity);
}

Test(validity, what_nobody_wrote_breaks_it_and_the_first_receipt_is_told)
{
    struct script script;
    char *story = NULL;
    size_t size = 0;
    begin(&script);
    hold(&script, 1, 1, UINT32_MAX);
    hold(&script, 0, 2, 4);
    hold(&script, 3, 2, 0);
    cr_expect(sim_validity_broken(script.validity));
    cr_expect_str_eq(sim_validity_how(script.validity),
                     "at 2.000 ms node 0 came to hold update 1 of node 2, which never wrote it; "
                     "node 4 had told it");
    FILE *output = open_memstream(&story, &size);
    sim_validity_tell(script.validity, output);
    fclose(output);
    cr_expect(strstr(story, "2.000 ms  node 0 takes over update 1 of node 2 from node 4, which "
                            "lies\n") != NULL);
    cr_expect(strstr(story, "3.000 ms  node 3 takes over update 1 of node 2 from node 0\n") !=
              NULL);
    free(story);
    sim_validity_destroy(script.validity);
}

Test(validity, in_its_own_name_a_liar_may_say_what_it_likes_and_hold_anything)
{
    struct script script;
    begin(&script);
    hold(&script, 0, 4, 4);
    hold(&script, 4, 2, 0);
    cr_expect(!sim_validity_broken(script.validity));
    sim_validity_destroy(script.validity);
}

Test(validity, another_value_in_a_lane_that_was_written_before_is_not_what_was_written)
{
    struct script script;
    begin(&script);
    hold(&script, 1, 1, UINT32_MAX);
    script.updates[1].hash[0]++;
    hold(&script, 0, 1, 4);
    cr_expect(sim_validity_broken(script.validity));
    sim_validity_destroy(script.validity);
}

Test(validity, to_hear_ones_own_name_is_not_to_have_written)
{
    struct script script;
    begin(&script);
    hold(&script, 2, 2, 4);
    cr_expect(sim_validity_broken(script.validity));
    sim_validity_destroy(script.validity);
}
