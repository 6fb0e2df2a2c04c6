// SPDX-License-Identifier: GPL-3.0-or-later
#include "telling.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "places.h"
#include "text.h"

// In the order in which they are told of one node and instant.
enum told_kind { TOLD_STATE, TOLD_FAULT, TOLD_WRITE, TOLD_RECEIPT, TOLD_REPORT, TOLD_ROW };

struct sim_told {
    uint64_t time_ns;
    uint64_t sent_ns;  // of a fault: until when
    uint32_t node;
    uint32_t kind;    // enum told_kind
    uint32_t first;   // origin, author, edge; enum sim_transition_kind; entry
    uint32_t second;  // sequence, number, relay; whether a disk is lost, or the relay before
    uint32_t source;
    uint32_t message;  // enum mesh_message_kind
};

// ---- Who is watched ----

static bool read_node(const struct sim_telling *telling, const char *text, size_t length,
                      uint32_t *node, struct sim_error *error)
{
    char number[16];
    snprintf(number, sizeof number, "%.*s", (int)(length < 15 ? length : 15), text);
    return sim_option_number("--watch", number, 0, telling->nodes - 1, node, error);
}

static void watch(struct sim_telling *telling, uint32_t first, uint32_t last)
{
    for (uint32_t node = first; node <= last; node++) {
        telling->watched_count += !telling->watched[node];
        telling->watched[node] = true;
    }
}

static bool watch_list(struct sim_telling *telling, const char *list, struct sim_error *error)
{
    if (strcmp(list, "all") == 0) {
        watch(telling, 0, telling->nodes - 1);
        return true;
    }
    for (;;) {
        uint32_t first = 0;
        uint32_t last = 0;
        size_t length = strcspn(list, ",");
        const char *dash = memchr(list, '-', length);
        size_t head = dash == NULL ? length : (size_t)(dash - list);
        if (!read_node(telling, list, head, &first, error) ||
            !read_node(telling, dash == NULL ? list : dash + 1,
                       dash == NULL ? length : length - head - 1, &last, error)) {
            return false;
        }
        if (first > last) {
            return sim_error_set(error, SIM_ERROR_USAGE,
                                 "--watch: %" PRIu32 "-%" PRIu32 " goes downwards", first, last);
        }
        watch(telling, first, last);
        if (list[length] == '\0') {
            return true;
        }
        list += length + 1;
    }
}

bool sim_telling_init(struct sim_telling *telling, const struct sim_scenario *scenario,
                      const struct sim_texts *lists, struct sim_error *error)
{
    *telling = (struct sim_telling){
        .scenario = scenario, .nodes = sim_places_nodes(scenario), .until_ns = UINT64_MAX};
    telling->watched = sim_memory_zeroed(telling->nodes);
    for (uint32_t i = 0; i < lists->count; i++) {
        if (!watch_list(telling, lists->items[i], error)) {
            return false;
        }
    }
    return true;
}

void sim_telling_finish(struct sim_telling *telling)
{
    sim_memory_free(telling->watched);
    sim_memory_free(telling->told);
    *telling = (struct sim_telling){0};
}

// ---- What they hear ----

static bool is_told(const struct sim_telling *telling, uint32_t node, uint64_t time_ns)
{
    return telling->watched[node] && time_ns >= telling->from_ns && time_ns <= telling->until_ns;
}

static void add(struct sim_telling *telling, const struct sim_told *told)
{
    if (telling->pending == telling->capacity) {
        telling->capacity = telling->capacity == 0 ? 64 : 2 * telling->capacity;
        telling->told = sim_memory_resize(telling->told, telling->capacity * sizeof *telling->told);
    }
    telling->told[telling->pending++] = *told;
}

static void hear(void *context, const struct sim_world *world, const struct mesh_table *table,
                 const uint32_t *write_of_lane, const struct sim_change *changes, uint32_t count)
{
    struct sim_telling *telling = context;
    (void)world;
    (void)write_of_lane;
    for (uint32_t i = 0; i < count; i++) {
        const struct sim_change *change = &changes[i];
        const struct mesh_message *message = change->message;
        struct sim_told told = {
            .time_ns = change->time_ns, .node = change->node, .kind = TOLD_WRITE};
        if (!is_told(telling, change->node, change->time_ns)) {
            continue;
        }
        if (message != NULL) {
            told.kind = TOLD_RECEIPT;
            told.source = message->source;
            told.sent_ns = message->sent_ns;
            told.message = message->kind;
        }
        for (uint64_t lanes = change->lanes; lanes != 0; lanes &= lanes - 1) {
            uint32_t lane = 64 * change->word + (uint32_t)__builtin_ctzll(lanes);
            told.first = table->updates[lane].dot.origin;
            told.second = table->updates[lane].dot.sequence;
            add(telling, &told);
        }
    }
}

static void note(void *context, const struct sim_note *notes, uint32_t count)
{
    struct sim_telling *telling = context;
    for (uint32_t i = 0; i < count; i++) {
        const struct sim_note *at = &notes[i];
        if (is_told(telling, at->node, at->time_ns)) {
            add(telling, &(struct sim_told){
                             .time_ns = at->time_ns,
                             .node = at->node,
                             .kind = at->row ? TOLD_ROW : TOLD_REPORT,
                             .first = at->row ? at->number : at->author,
                             .second = at->row ? at->author : at->number,
                         });
        }
    }
}

static void turn(void *context, const struct sim_transition *transitions, uint32_t count)
{
    struct sim_telling *telling = context;
    for (uint32_t i = 0; i < count; i++) {
        const struct sim_transition *at = &transitions[i];
        bool relay = at->kind == SIM_TRANSITION_RELAY;
        if (is_told(telling, at->node, at->time_ns)) {
            add(telling, &(struct sim_told){.time_ns = at->time_ns,
                                            .node = at->node,
                                            .kind = TOLD_STATE,
                                            .first = at->kind,
                                            .second = relay ? at->other : at->disk_lost});
        }
    }
}

// A fault between nodes: told of each that it is about.
static void meet(void *context, const struct sim_rule *rule)
{
    struct sim_telling *telling = context;
    for (uint32_t node = 0; node < telling->nodes; node++) {
        if (is_told(telling, node, rule->from_ns) && sim_rule_concerns(rule, node)) {
            add(telling, &(struct sim_told){.time_ns = rule->from_ns,
                                            .sent_ns = rule->until_ns,
                                            .node = node,
                                            .kind = TOLD_FAULT,
                                            .first = rule->entry});
        }
    }
}

// ---- Telling it ----

static const char *const states[SIM_TRANSITION_COUNT] = {
    [SIM_TRANSITION_DOWN] = "down",       [SIM_TRANSITION_UP] = "up",
    [SIM_TRANSITION_JOINED] = "joined",   [SIM_TRANSITION_PAUSED] = "paused",
    [SIM_TRANSITION_RESUMED] = "resumed", [SIM_TRANSITION_RELAY] = "relay",
};

static void put_state_json(struct sim_json *json, const struct sim_told *told)
{
    sim_json_text(json, "state", states[told->first]);
    if (told->first == SIM_TRANSITION_RELAY) {
        sim_json_count(json, "instead_of", told->second);
    } else {
        sim_json_boolean(json, "disk_lost", told->second != 0);
    }
}

static void put_fault_json(const struct sim_telling *telling, const struct sim_told *told)
{
    sim_json_count(telling->json, "fault", told->first + 1);
    if (told->sent_ns == SIM_FAULT_NEVER) {
        sim_json_number(telling->json, "until_ns", NAN);
    } else {
        sim_json_count(telling->json, "until_ns", told->sent_ns);
    }
    sim_json_text(telling->json, "text", telling->scenario->faults[told->first].text);
}

static void put_json(const struct sim_telling *telling, const struct sim_told *told)
{
    static const struct {
        const char *kind, *first, *second;
    } names[] = {
        [TOLD_STATE] = {.kind = "state"},
        [TOLD_FAULT] = {.kind = "fault"},
        [TOLD_WRITE] = {"write", "origin", "sequence"},
        [TOLD_RECEIPT] = {"receipt", "origin", "sequence"},
        [TOLD_REPORT] = {"report", "author", "number"},
        [TOLD_ROW] = {"row", "edge", "relay"},
    };
    struct sim_json *json = telling->json;
    sim_json_open(json, NULL, '{');
    sim_json_text(json, "kind", names[told->kind].kind);
    sim_json_count(json, "repetition", telling->repetition);
    sim_json_count(json, "time_ns", told->time_ns);
    sim_json_count(json, "node", told->node);
    if (told->kind == TOLD_STATE) {
        put_state_json(json, told);
    } else if (told->kind == TOLD_FAULT) {
        put_fault_json(telling, told);
    } else {
        sim_json_count(json, names[told->kind].first, told->first);
        sim_json_count(json, names[told->kind].second, told->second);
    }
    if (told->kind == TOLD_RECEIPT) {
        sim_json_count(json, "from", told->source);
        sim_json_count(json, "sent_ns", told->sent_ns);
        sim_json_text(json, "message", sim_message_name(told->message));
    }
    sim_json_close(json, '}');
    sim_json_end_line(json);
}

// A time with its point below that of the others: "   12.5      ".
static void put_ms(FILE *output, uint64_t ns)
{
    struct sim_word ms = sim_word_exact_ms(ns);
    size_t whole = strcspn(ms.text, ".");
    int before = 8 - (int)whole;
    fprintf(output, "%*s%-*s", before > 0 ? before : 0, "", (int)whole + 7, ms.text);
}

static void put_state(FILE *output, const struct sim_told *told)
{
    static const char *const words[SIM_TRANSITION_COUNT] = {
        [SIM_TRANSITION_DOWN] = "goes down",
        [SIM_TRANSITION_UP] = "is back",
        [SIM_TRANSITION_JOINED] = "has joined: a peer's snapshot came",
        [SIM_TRANSITION_PAUSED] = "stops",
        [SIM_TRANSITION_RESUMED] = "goes on",
        [SIM_TRANSITION_RELAY] = "becomes a relay in place of",
    };
    fprintf(output, " %9" PRIu32 "  %s", told->node, words[told->first]);
    if (told->first == SIM_TRANSITION_RELAY) {
        fprintf(output, " %" PRIu32 "\n", told->second);
    } else {
        fprintf(output, "%s\n", told->second != 0 ? ", its disk lost" : "");
    }
}

static void put_fault(const struct sim_telling *telling, const struct sim_told *told)
{
    fprintf(telling->output, " %9" PRIu32 "  meets fault %" PRIu32, told->node, told->first + 1);
    if (told->sent_ns != SIM_FAULT_NEVER) {
        fprintf(telling->output, " until %s ms", sim_word_exact_ms(told->sent_ns).text);
    }
    fprintf(telling->output, ": %s\n", telling->scenario->faults[told->first].text);
}

static void put_row(const struct sim_telling *telling, const struct sim_told *told)
{
    FILE *output = telling->output;
    char what[64];
    put_ms(output, told->time_ns);
    switch (told->kind) {
    case TOLD_STATE: put_state(output, told); return;
    case TOLD_FAULT: put_fault(telling, told); return;
    case TOLD_WRITE:
        fprintf(output, " %9" PRIu32 "  writes %" PRIu32 ":%" PRIu32 "\n", told->node, told->first,
                told->second);
        return;
    case TOLD_REPORT:
        fprintf(output, " %9" PRIu32 "  %s report %" PRIu32 " of %" PRIu32 "\n", told->node,
                told->node == told->first ? "writes" : "hears ", told->second, told->first);
        return;
    case TOLD_ROW:
        fprintf(output, " %9" PRIu32 "  %s row of edge %" PRIu32 " by %" PRIu32 "\n", told->node,
                told->node == told->second ? "makes " : "hears ", told->first, told->second);
        return;
    default: break;
    }
    snprintf(what, sizeof what, "%" PRIu32 ":%" PRIu32, told->first, told->second);
    fprintf(output, " %9" PRIu32 "  hears  %-16s %9" PRIu32, told->node, what, told->source);
    put_ms(output, told->sent_ns);
    put_ms(output, told->time_ns - told->sent_ns);
    fprintf(output, " %s\n", sim_message_name(told->message));
}

static int in_order(const void *left, const void *right)
{
    const struct sim_told *a = left;
    const struct sim_told *b = right;
    const uint64_t keys[][2] = {
        {a->time_ns, b->time_ns}, {a->node, b->node},   {a->kind, b->kind},
        {a->source, b->source},   {a->first, b->first}, {a->second, b->second},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (keys[i][0] != keys[i][1]) {
            return keys[i][0] < keys[i][1] ? -1 : 1;
        }
    }
    return 0;
}

void sim_telling_end(struct sim_telling *telling)
{
    if (telling->pending == 0) {
        return;
    }
    if (telling->json == NULL && !telling->headed) {
        fprintf(telling->output, "%8s       %10s  %-23s %9s%8s       %8s       %s\n", "time ms",
                "node", "what", "from", "sent ms", "way ms", " by");
        telling->headed = true;
    }
    qsort(telling->told, telling->pending, sizeof *telling->told, in_order);
    for (uint32_t i = 0; i < telling->pending; i++) {
        if (telling->json != NULL) {
            put_json(telling, &telling->told[i]);
        } else {
            put_row(telling, &telling->told[i]);
        }
    }
    telling->told_count += telling->pending;
    telling->pending = 0;
}

static bool end_window(void *context, uint64_t time_ns)
{
    (void)time_ns;
    sim_telling_end(context);
    return false;
}

struct sim_watcher sim_telling_watcher(struct sim_telling *telling)
{
    return (struct sim_watcher){.context = telling,
                                .changes = hear,
                                .notes = note,
                                .transitions = turn,
                                .ruled = meet,
                                .window = end_window};
}
