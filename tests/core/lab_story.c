// SPDX-License-Identifier: GPL-3.0-or-later
// The lab's steps in words.
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"

static const char *const kinds[MESH_MESSAGE_KIND_COUNT] = {
    [MESH_MESSAGE_PUSH] = "PUSH",           [MESH_MESSAGE_OPEN] = "OPEN",
    [MESH_MESSAGE_ANSWER] = "ANSWER",       [MESH_MESSAGE_VECTOR] = "VECTOR",
    [MESH_MESSAGE_FILL] = "FILL",           [MESH_MESSAGE_REST] = "REST",
    [MESH_MESSAGE_RUMOR] = "RUMOR",         [MESH_MESSAGE_ASK] = "ASK",
    [MESH_MESSAGE_FEEDBACK] = "FEEDBACK",   [MESH_MESSAGE_EAGER] = "EAGER",
    [MESH_MESSAGE_JOIN] = "JOIN",           [MESH_MESSAGE_SNAPSHOT] = "SNAPSHOT",
    [MESH_MESSAGE_ROWS] = "ROWS",           [MESH_MESSAGE_ROWS_HELD] = "ROWS_HELD",
    [MESH_MESSAGE_ROWS_REST] = "ROWS_REST",
};

static const char *const rejects[] = {
    [MESH_REJECT_SCOPE] = "SCOPE",   [MESH_REJECT_KIND] = "KIND", [MESH_REJECT_SELF] = "SELF",
    [MESH_REJECT_FORMAT] = "FORMAT", [MESH_REJECT_FULL] = "FULL", [MESH_REJECT_EDGE] = "EDGE",
};

void lab_tell(struct lab *lab, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    int count = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    cr_assert(count >= 0 && (size_t)count < sizeof text);
    size_t end = lab->story_bytes + (size_t)count + 1;
    if (end > lab->story_capacity) {
        lab->story_capacity = 2 * end + 1024;
        lab->story = realloc(lab->story, lab->story_capacity);
        cr_assert_not_null(lab->story);
    }
    memcpy(lab->story + lab->story_bytes, text, (size_t)count + 1);
    lab->story_bytes += (size_t)count;
}

void lab_tell_anew(struct lab *lab)
{
    lab->story_bytes = 0;
    lab->story[0] = '\0';
}

void lab_expect_story(const struct lab *lab, const char *expected)
{
    cr_assert(strcmp(lab->story, expected) == 0, "what happened:\n%s\nwhat should have:\n%s",
              lab->story, expected);
}

// ---- Sets ----

static int by_dot(const void *left, const void *right)
{
    const struct mesh_dot *a = left;
    const struct mesh_dot *b = right;
    if (a->origin != b->origin) {
        return a->origin < b->origin ? -1 : 1;
    }
    return a->sequence < b->sequence ? -1 : a->sequence > b->sequence;
}

// "A1 A2 B1": the dots of these lanes, whatever lanes they have.
static void tell_lanes(struct lab *lab, const struct mesh_table *table,
                       const struct mesh_lanes *set)
{
    struct mesh_dot dots[LAB_WRITES_MAX];
    uint32_t count = 0;
    for (uint32_t lane = 0; lane < 64 * lab->all.words; lane++) {
        if ((mesh_lanes_at(set, lane / 64) >> lane % 64 & 1) != 0) {
            dots[count++] = table->updates[lane].dot;
        }
    }
    qsort(dots, count, sizeof *dots, by_dot);
    for (uint32_t i = 0; i < count; i++) {
        lab_tell(lab, "%s%c%u", i == 0 ? "" : " ", 'A' + (int)dots[i].origin, dots[i].sequence);
    }
}

static void tell_message(struct lab *lab, const struct mesh_table *table,
                         const struct mesh_message *message)
{
    const char *kind = message->kind < MESH_MESSAGE_KIND_COUNT ? kinds[message->kind] : NULL;
    bool feedback = message->kind == MESH_MESSAGE_FEEDBACK;
    struct mesh_lanes first =
        feedback ? mesh_message_set(message, 0) : mesh_message_updates(message);
    struct mesh_lanes second =
        feedback ? mesh_message_set(message, 1) : mesh_message_vector(message);
    lab_tell(lab, "%s {", kind == NULL ? "nonsense" : kind);
    tell_lanes(lab, table, &first);
    if (second.words > 0) {
        lab_tell(lab, feedback ? "} knew {" : "} holding {");
        tell_lanes(lab, table, &second);
        lab_tell(lab, message->beyond ? " and more" : "");
    }
    lab_tell(lab, "}");
}

// ---- Records ----

// Targets by name, so that a story does not depend on the order in which peers were drawn.
static void tell_targets(struct lab *lab, const uint32_t *targets, uint32_t count)
{
    lab_tell(lab, " to");
    for (uint32_t node = 0; node < lab->scope.count; node++) {
        for (uint32_t i = 0; i < count; i++) {
            if (targets[i] == node) {
                lab_tell(lab, " %c", 'A' + (int)node);
            }
        }
    }
}

static void tell_news(struct lab *lab, const struct mesh_table *table,
                      const struct mesh_record *record, const struct mesh_output *output)
{
    const struct mesh_news *news = &output->news[record->deliver.news_first];
    uint64_t lanes[LAB_WRITES_MAX / 64] = {0};
    struct mesh_lanes set = {lanes, 0, LAB_WRITES_MAX / 64};
    for (uint32_t i = 0; i < record->deliver.news_count; i++) {
        cr_assert(news[i].word < LAB_WRITES_MAX / 64);
        lanes[news[i].word] = news[i].lanes;
    }
    tell_lanes(lab, table, &set);
}

static void tell_record(struct lab *lab, const struct mesh_table *table,
                        const struct mesh_record *record, const struct mesh_output *output)
{
    switch ((enum mesh_record_kind)record->kind) {
    case MESH_RECORD_SEND:
        lab_tell(lab, "sends ");
        tell_message(lab, table, record->send.message);
        tell_targets(lab, output->targets + record->send.target_first, record->send.target_count);
        break;
    case MESH_RECORD_TIMER: lab_tell(lab, "sets a timer"); break;
    case MESH_RECORD_PERSIST:
        lab_tell(lab, "persists %c%u", 'A' + (int)table->updates[record->persist.lane].dot.origin,
                 table->updates[record->persist.lane].dot.sequence);
        break;
    case MESH_RECORD_DELIVER:
        lab_tell(lab, "learns ");
        tell_news(lab, table, record, output);
        break;
    case MESH_RECORD_REJECT: lab_tell(lab, "rejects it: %s", rejects[record->reject.reason]); break;
    case MESH_RECORD_ROW: lab_tell(lab, "has a row of edge %u", record->row.edge); break;
    default: lab_tell(lab, "a record of kind %u", record->kind); break;
    }
}

void lab_tell_step(struct lab *lab, const struct mesh_event *event,
                   const struct mesh_output *output)
{
    const struct mesh_table *table = lab->states[event->node].table;
    int name = 'A' + (int)event->node;
    lab_tell(lab, "%4u ms  %c ", (unsigned)(lab->now_ns / LAB_MS), name);
    switch ((enum mesh_event_kind)event->kind) {
    case MESH_EVENT_START: lab_tell(lab, "starts"); break;
    case MESH_EVENT_WRITE:
        lab_tell(lab, "writes %c%u", name, table->updates[event->write->lane].dot.sequence);
        break;
    case MESH_EVENT_TICK: lab_tell(lab, "ticks"); break;
    case MESH_EVENT_JOIN: lab_tell(lab, "joins"); break;
    case MESH_EVENT_RECEIVE:
        lab_tell(lab, "hears ");
        tell_message(lab, table, event->message);
        lab_tell(lab, " from %c", 'A' + (int)event->message->source);
        break;
    default: lab_tell(lab, "an event of kind %u", event->kind); break;
    }
    for (uint32_t i = 0; i < output->record_count; i++) {
        lab_tell(lab, i == 0 ? ": " : ", ");
        tell_record(lab, table, &output->records[i], output);
    }
    lab_tell(lab, output->record_count == 0 ? ": nothing\n" : "\n");
}
