// SPDX-License-Identifier: GPL-3.0-or-later
// What lint --sizes says, against the drawings of mesh/wire.h and transport.h added up by hand.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workshop.h"

TestSuite(sizes, .init = workshop_open, .fini = workshop_close, .timeout = 30);

#define MESH_OF(agents, gossip)                      \
    "topology: flat_mesh\nagent_count: " agents "\n" \
    "gossip: {fanout: 5, interval_ms: 100, " gossip "}\n"

static char *sizes_text(const char *text)
{
    struct sim_error error = {0};
    char *printed = NULL;
    size_t length = 0;
    write_text("x.yaml", text);
    FILE *output = open_memstream(&printed, &length);
    cr_assert_not_null(output);
    cr_assert(sim_lint_sizes("x.yaml", NULL, output, &error), "%s", error.text);
    fclose(output);
    return printed;
}

// The rows of one kind of message, as numbers: fields of a message in the order of the columns.
enum {
    UPDATES,
    ENTRIES,
    HEADER,
    HASH,
    COUNTS,
    FIELDS,
    VALUES,
    SIGNED,
    VECTOR,
    ENCODED,
    ADDED,
    SENT
};
enum { COLUMNS = SENT + 1, ROWS_MAX = 3 };

static uint32_t rows_of(const char *text, const char *kind, unsigned long rows[][COLUMNS])
{
    uint32_t count = 0;
    size_t length = strlen(kind);
    const char *line = strstr(text, "messages, bytes");
    cr_assert_not_null(line, "no table:\n%s", text);
    for (; line != NULL; line = strchr(line, '\n')) {
        line += strspn(line, "\n ");
        if (strncmp(line, kind, length) == 0 && line[length] == ' ') {
            char *number = (char *)line + length;
            cr_assert(count < ROWS_MAX, "too many rows of %s:\n%s", kind, text);
            for (int column = 0; column < COLUMNS; column++) {
                rows[count][column] = strtoul(number, &number, 10);
            }
            count++;
        }
    }
    return count;
}

static void expect_row(const char *text, const char *kind, uint32_t index,
                       const unsigned long *expected)
{
    unsigned long rows[ROWS_MAX][COLUMNS];
    cr_assert_gt(rows_of(text, kind, rows), index, "no row %u of %s:\n%s", index, kind, text);
    for (int column = 0; column < COLUMNS; column++) {
        cr_expect_eq(rows[index][column], expected[column],
                     "%s %u, column %d: %lu, by hand %lu\n%s", kind, index, column,
                     rows[index][column], expected[column], text);
    }
}

// An update: origin 1, sequence 1, clock 8, type 1, key 1, length 1, and 64 bytes of value. TCP
// adds 52 to a packet and acknowledges it with 52.
Test(sizes, of_a_push_are_those_of_the_drawing)
{
    char *text = sizes_text(MESH_OF("100", "mode: push") "workload: {updates: 1}\n");
    static const unsigned long nothing[] = {0, 0, 20, 0, 1, 0, 0, 0, 0, 21, 104, 125};
    static const unsigned long one[] = {1, 0, 20, 0, 1, 13, 64, 0, 0, 98, 104, 202};
    expect_row(text, "push", 0, nothing);
    expect_row(text, "push", 1, one);
    unsigned long rows[ROWS_MAX][COLUMNS];
    cr_expect_eq(rows_of(text, "push", rows), 2, "one update is all there is");
    free(text);
}

// Three writers among 200: 0, 66, 133, of which the last takes two bytes. Signed; values of 10.
Test(sizes, of_an_exchange_are_those_of_the_drawing)
{
    char *text = sizes_text(MESH_OF(
        "200",
        "mode: push-pull") "workload: {updates: 3, value_bytes: 10}\n"
                           "security: {signature_algo: ed25519}\nnetwork: {transport: QUIC}\n");
    static const unsigned long open_most[] = {3, 0, 20, 16, 1, 40, 30, 192, 0, 299, 58, 357};
    static const unsigned long vector_most[] = {0, 3, 20, 0, 2, 0, 0, 0, 10, 32, 58, 90};
    static const unsigned long fill_one[] = {1, 1, 20, 0, 2, 13, 10, 64, 3, 112, 58, 170};
    static const unsigned long fill_most[] = {3, 3, 20, 0, 2, 40, 30, 192, 10, 294, 58, 352};
    static const unsigned long rest_one[] = {1, 0, 20, 0, 1, 13, 10, 64, 0, 108, 58, 166};
    expect_row(text, "open", 2, open_most);
    expect_row(text, "answer", 2, open_most);
    expect_row(text, "vector", 2, vector_most);
    expect_row(text, "fill", 0, fill_one);
    expect_row(text, "fill", 1, fill_most);
    expect_row(text, "rest", 0, rest_one);
    cr_expect_not_null(strstr(text, "update fields    13 to 14"), "%s", text);
    cr_expect_not_null(strstr(text, "vector entry       3 to 4"), "%s", text);
    cr_expect_not_null(strstr(text, "signature              64"), "%s", text);
    free(text);
}

// One writer's 200 updates are one run: origin 1, first 1, length 2. Their sequences take two bytes
// from 128 on, 73 of them; a message holds 5. Amounts of a counter are no values.
Test(sizes, of_one_writer_are_a_single_entry_and_messages_stop_at_the_batch)
{
    char *text = sizes_text(
        MESH_OF("100", "mode: push-pull") "workload: {updates: 200, every_ms: 1, writers: first, "
                                          "crdt: g-counter, keys: 1}\nnetwork: {batch_size: 5}\n");
    static const unsigned long vector_most[] = {0, 1, 20, 0, 2, 0, 0, 0, 4, 26, 104, 130};
    static const unsigned long rest_most[] = {5, 0, 20, 0, 1, 65, 0, 0, 0, 86, 104, 190};
    expect_row(text, "vector", 2, vector_most);
    expect_row(text, "rest", 1, rest_most);
    cr_expect_not_null(strstr(text, "update fields    13 to 14"), "%s", text);
    cr_expect_not_null(strstr(text, "a counter's updates have none"), "%s", text);
    free(text);
}

// The only element of a set, by one writer: an add of 10 bytes names nothing at first (a count),
// then the one before (a run of three bytes more); a removal is the count and the run. Of a map:
// "name-0", in a put with its length before it.
Test(sizes, of_sets_and_maps_are_those_of_their_encodings)
{
    static const struct {
        const char *workload;
        const char *value;
        unsigned long values;  // of all three updates
    } cases[] = {
        {"crdt: or-set, remove_percent: 0", "value            11 to 14", 11 + 14 + 14},
        {"crdt: or-set, remove_percent: 100", "value             4 to 11", 11 + 4 + 11},
        {"crdt: lww-map, remove_percent: 0", "value                  17", 17 + 17 + 17},
        {"crdt: lww-map, remove_percent: 100", "value             6 to 17", 17 + 6 + 17},
        {"crdt: pn-counter, remove_percent: 100", "value                   0", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char scenario[400];
        snprintf(scenario, sizeof scenario,
                 MESH_OF("100", "mode: push") "workload: {updates: 3, writers: first, elements: 1, "
                                              "value_bytes: 10, %s}\n",
                 cases[i].workload);
        char *text = sizes_text(scenario);
        unsigned long sum = 39 + cases[i].values;  // and 13 of fields each
        const unsigned long most[] = {3, 0, 20,       0,   1,        39, cases[i].values,
                                      0, 0, 21 + sum, 104, 125 + sum};
        expect_row(text, "push", 2, most);
        cr_expect_not_null(strstr(text, cases[i].value), "%s: no %s\n%s", cases[i].workload,
                           cases[i].value, text);
        free(text);
    }
}

// 30 updates of 128 + 13 bytes and a length of two are 4,260; with the header and the count 4,281
// bytes are three packets of 1,448 and two acknowledgements. Unbatched: 30 packets, 15.
Test(sizes, of_many_updates_take_several_packets_or_one_each)
{
    char *text =
        sizes_text(MESH_OF("100", "mode: push") "workload: {updates: 30, value_bytes: 128}\n");
    static const unsigned long batched[] = {
        30, 0, 20, 0, 1, 420, 3840, 0, 0, 4281, 3 * 52 + 2 * 52, 4281 + 5 * 52};
    expect_row(text, "push", 2, batched);
    free(text);
    text = sizes_text(MESH_OF("100", "mode: push") "workload: {updates: 30, value_bytes: 128}\n"
                                                   "network: {batching: false}\n");
    static const unsigned long apart[] = {30,   0, 20, 0,    1,       420,
                                          3840, 0, 0,  4281, 45 * 52, 4281 + 45 * 52};
    expect_row(text, "push", 2, apart);
    free(text);
}

// FEEDBACK names updates in two vectors and carries none; an ASK is a header and a count.
Test(sizes, of_a_rumor_include_its_questions_and_its_feedback)
{
    char *text = sizes_text(MESH_OF(
        "200",
        "mode: rumor, direction: pull") "workload: {updates: 3}\nnetwork: {batch_size: 2}\n");
    static const unsigned long ask[] = {0, 0, 20, 0, 1, 0, 0, 0, 0, 21, 104, 125};
    static const unsigned long rumor_most[] = {2, 0, 20, 0, 1, 26, 128, 0, 0, 175, 104, 279};
    static const unsigned long feedback_most[] = {0, 2, 20, 0, 3, 0, 0, 0, 6, 29, 104, 133};
    expect_row(text, "ask", 0, ask);
    expect_row(text, "rumor", 1, rumor_most);
    expect_row(text, "feedback", 1, feedback_most);
    free(text);
}

static void expect_kinds(const char *gossip, const char *const *expected)
{
    static const char *const all[] = {"push", "eager", "open", "answer", "vector",
                                      "fill", "rest",  "ask",  "rumor",  "feedback"};
    char text[300];
    snprintf(text, sizeof text,
             "topology: flat_mesh\nagent_count: 10\n"
             "gossip: {fanout: 5, interval_ms: 100, %s}\n",
             gossip);
    char *printed = sizes_text(text);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        unsigned long rows[ROWS_MAX][COLUMNS];
        bool wanted = false;
        for (const char *const *kind = expected; *kind != NULL; kind++) {
            wanted |= strcmp(*kind, all[i]) == 0;
        }
        cr_expect_eq(rows_of(printed, all[i], rows) > 0, wanted, "%s in {%s}:\n%s", all[i], gossip,
                     printed);
    }
    free(printed);
}

Test(sizes, are_told_of_the_messages_that_the_mode_sends)
{
    expect_kinds("mode: push", (const char *const[]){"push", NULL});
    expect_kinds("mode: pull", (const char *const[]){"open", "answer", "vector", "rest", NULL});
    expect_kinds("mode: push-pull",
                 (const char *const[]){"open", "answer", "vector", "fill", "rest", NULL});
    expect_kinds("mode: eager",
                 (const char *const[]){"eager", "open", "answer", "vector", "fill", "rest", NULL});
    expect_kinds("mode: rumor", (const char *const[]){"rumor", "feedback", NULL});
    expect_kinds("mode: rumor, feedback: false", (const char *const[]){"rumor", NULL});
    expect_kinds("mode: rumor, direction: pull",
                 (const char *const[]){"ask", "rumor", "feedback", NULL});
}

// A snapshot says a hash, a clock of 8 bytes, and the counts of its updates, of what is released
// and of the bytes of its base; it is not held to the batch. Values of 64 and 13 bytes around them.
Test(sizes, of_joining_are_those_of_the_drawing)
{
    char *text = sizes_text(MESH_OF("100", "mode: pull") "workload: {updates: 3, writers: first}\n"
                                                         "network: {batch_size: 2}\n");
    static const unsigned long join[] = {0, 0, 20, 0, 1, 0, 0, 0, 0, 21, 104, 125};
    static const unsigned long nothing[] = {0, 0, 20, 16, 11, 0, 0, 0, 0, 47, 104, 151};
    static const unsigned long all[] = {3, 0, 20, 16, 11, 39, 192, 0, 0, 278, 104, 382};
    expect_row(text, "join", 0, join);
    expect_row(text, "snapshot", 0, nothing);
    expect_row(text, "snapshot", 2, all);
    free(text);
}

// With pull an OPEN asks and carries nothing.
Test(sizes, of_an_opening_pull_are_those_of_a_digest)
{
    char *text = sizes_text(MESH_OF("100", "mode: pull"));
    static const unsigned long open[] = {0, 0, 20, 16, 1, 0, 0, 0, 0, 37, 104, 141};
    unsigned long rows[ROWS_MAX][COLUMNS];
    cr_expect_eq(rows_of(text, "open", rows), 1);
    expect_row(text, "open", 0, open);
    free(text);
}

Test(sizes, of_a_sweep_are_those_of_its_first_cell)
{
    char *text = sizes_text("topology: flat_mesh\nagent_count: 10\n"
                            "gossip: {fanout: 5, interval_ms: 100}\n"
                            "sweep: {gossip.mode: [pull, push]}\n");
    unsigned long rows[ROWS_MAX][COLUMNS];
    cr_expect_eq(rows_of(text, "open", rows), 1);
    cr_expect_eq(rows_of(text, "push", rows), 0);
    cr_expect_not_null(strstr(text, "of the first of 2 cells: gossip.mode=pull"), "%s", text);
    free(text);
}

Test(sizes, say_when_they_cannot_be_told_or_written)
{
    struct sim_error error = {0};
    write_text("x.yaml", "topology: flat_mesh\n");
    cr_expect_not(sim_lint_sizes("x.yaml", NULL, stdout, &error));
    cr_expect_eq(error.code, SIM_ERROR_SCENARIO);
    error = (struct sim_error){0};
    write_text("x.yaml", MESH_OF("100", "mode: push"));
    FILE *full = fopen("/dev/full", "w");
    cr_assert_not_null(full);
    cr_expect_not(sim_lint_sizes("x.yaml", NULL, full, &error));
    cr_expect_eq(error.code, SIM_ERROR_IO);
    fclose(full);
}

// SYN 60, SYN 60, ACK 52; TLS with one certificate 559 and 913 more in three packets of 52.
Test(sizes, of_handshakes_stand_among_the_parts)
{
    char *text = sizes_text(MESH_OF("100", "mode: push") "network: {tls: true}\n");
    cr_expect_not_null(strstr(text, "handshake            1800  775 there and 1025 back"), "%s",
                       text);
    cr_expect_not_null(
        strstr(text, "2 round trips before the first message; connections are warm"));
    cr_expect_not_null(strstr(text, "resumed "));
    free(text);
    text = sizes_text(MESH_OF("100", "mode: push") "network: {transport: UDP}\n");
    cr_expect_null(strstr(text, "handshake"), "%s", text);
    free(text);
}

// Values are random bytes: of 30 updates of 128 no byte of the values can be saved, and the fields
// of 14 bytes are most of what can.
Test(sizes, of_compressed_messages_have_a_column_and_their_measurements)
{
    char *text = sizes_text(MESH_OF("100", "mode: push") "network: {compression: zstd}\n"
                                                         "workload: {updates: 30, value_bytes: "
                                                         "128}\n");
    const char *line = strstr(text, "\n  push           30 ");
    cr_assert_not_null(line, "%s", text);
    unsigned long encoded;
    unsigned long compressed;
    cr_assert_eq(sscanf(line, " push 30 0 20 0 1 420 3840 0 0 %lu %lu", &encoded, &compressed), 2,
                 "%s", text);
    cr_expect(compressed > 3840 && compressed < encoded, "%lu to %lu", encoded, compressed);
    cr_expect_not_null(strstr(text, "\nzstd "));
    free(text);
    text = sizes_text(MESH_OF("100", "mode: push"));
    cr_expect_null(strstr(text, "zstd"), "%s", text);
    free(text);
}
