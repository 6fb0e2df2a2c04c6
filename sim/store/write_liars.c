// SPDX-License-Identifier: GPL-3.0-or-later
#include "lying.h"
#include "putting.h"

static void put_entries(struct rows *rows, const struct sim_result *result)
{
    begin_table(rows, "INSERT INTO liars VALUES (?,?,?,?,?,?,?,?,?,?,?)");
    for (uint32_t index = 0; index < result->liar_count; index++) {
        const struct sim_liar_result *liar = &result->liars[index];
        begin_row_of(rows, result);
        put_count(rows, index);
        put_text(rows, sim_behaviour_name(liar->behaviour));
        put_text(rows, liar->text);
        put_count(rows, liar->nodes);
        put_count(rows, liar->lying);
        put_count(rows, liar->lies);
        put_value(rows, liar->first_ns);
        put_value(rows, liar->last_ns);
        if (liar->unseen == NULL) {
            put_null(rows);
        } else {
            put_text(rows, liar->unseen);
        }
        end_row(rows);
    }
}

static void put_detections(struct rows *rows, const struct sim_result *result)
{
    begin_table(rows, "INSERT INTO detections VALUES (?,?,?,?,?)");
    for (uint32_t index = 0; index < result->detection_count; index++) {
        const struct sim_detection *detection = &result->detections[index];
        begin_row_of(rows, result);
        put_count(rows, detection->node);
        put_count(rows, detection->lied_ns);
        put_value(rows, detection->after_ns);
        end_row(rows);
    }
}

static void put_deceits(struct rows *rows, const struct sim_result *result)
{
    begin_table(rows, "INSERT INTO deceits VALUES (?,?,?,?,?,?,?,?,?,?)");
    for (uint32_t index = 0; index < result->deceit_count; index++) {
        const struct sim_deceit *deceit = &result->deceits[index];
        begin_row_of(rows, result);
        put_count(rows, index);
        put_count(rows, deceit->entry);
        put_count(rows, deceit->origin);
        put_count(rows, deceit->sequence);
        put_count(rows, deceit->told_ns);
        put_count(rows, deceit->first_ns);
        put_value(rows, deceit->after_ns);
        put_count(rows, deceit->held);
        end_row(rows);
    }
}

static void put_rejects(struct rows *rows, const struct sim_result *result)
{
    begin_table(rows, "INSERT INTO rejects VALUES (?,?,?,?,?)");
    for (uint32_t reason = 1; reason < MESH_REJECT_COUNT; reason++) {
        for (uint32_t lies = 0; lies < 2; lies++) {
            if (result->rejects[lies][reason] == 0) {
                continue;
            }
            begin_row_of(rows, result);
            put_text(rows, sim_reject_name((enum mesh_reject)reason));
            put_count(rows, lies);
            put_count(rows, result->rejects[lies][reason]);
            end_row(rows);
        }
    }
}

static void put_trust(struct rows *rows, const struct sim_result *result)
{
    begin_table(rows, "INSERT INTO trust VALUES (?,?,?,?,?,?)");
    if (result->liar_count > 0) {
        begin_row_of(rows, result);
        put_count(rows, result->honest);
        put_count(rows, result->deceived);
        put_count(rows, result->wrongly_ignored);
        put_count(rows, result->invalid);
        end_row(rows);
    }
}

void sim_store_put_liars(struct rows *rows, const struct sim_result *result)
{
    put_entries(rows, result);
    put_detections(rows, result);
    put_deceits(rows, result);
    put_rejects(rows, result);
    put_trust(rows, result);
}
