// SPDX-License-Identifier: GPL-3.0-or-later
// Files that no one writes in good faith: each is refused, with code 65 and its place.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tree.h"
#include "workshop.h"

TestSuite(hostile, .init = workshop_open, .fini = workshop_close, .timeout = 30);

// A text of `count` times `piece` between two others, on the heap.
static char *repeated(const char *before, const char *piece, size_t count, const char *after)
{
    size_t length = strlen(piece);
    char *text = malloc(strlen(before) + length * count + strlen(after) + 1);
    cr_assert_not_null(text);
    char *end = stpcpy(text, before);
    for (size_t i = 0; i < count; i++) {
        end = stpcpy(end, piece);
    }
    stpcpy(end, after);
    return text;
}

// Nine levels of nine aliases each: 9^9 texts from 500 bytes.
Test(hostile, an_alias_bomb_is_refused_with_the_size_it_expands_to)
{
    char text[2000] = "a: &a [x, x, x, x, x, x, x, x, x]\n";
    size_t length = strlen(text);
    for (int level = 'b'; level <= 'i'; level++) {
        int alias = level - 1;
        length +=
            (size_t)snprintf(text + length, sizeof text - length,
                             "%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", level,
                             level, alias, alias, alias, alias, alias, alias, alias, alias, alias);
    }
    // A list of nine has 1 + 9 * (what it lists) nodes: a 10, b 91, c 820, d 7381, e 66430. With
    // the root and a key for each, the file has 8307 up to the end of d and 74738 up to the end of
    // e; then come a key, a list and, in column 8, the first alias of e.
    must_fail(text, SIM_ERROR_SCENARIO, 6, 8, "expands to 141170 keys and values");
}

Test(hostile, an_alias_inside_what_it_names_is_refused)
{
    must_fail("topology: &a [1, [*a]]\n", SIM_ERROR_SCENARIO, 1, 19, "stands inside");
    must_fail("a: &a\n  b: *a\n", SIM_ERROR_SCENARIO, 2, 6, "stands inside");
    must_fail("a: *nothing\n", SIM_ERROR_SCENARIO, 1, 4, "no &nothing before it");
}

Test(hostile, ten_thousand_levels_are_refused_at_the_sixty_fifth)
{
    char *text = repeated("", "[", 10000, "\n");
    must_fail(text, SIM_ERROR_SCENARIO, 1, SIM_TREE_DEPTH_MAX + 1, "nested more than 64 deep");
    free(text);
    text = repeated("a:\n", "- ", 10000, "x\n");
    must_fail(text, SIM_ERROR_SCENARIO, 2, 2 * (SIM_TREE_DEPTH_MAX - 1) + 1, "nested more than 64");
    free(text);
}

// 40 levels under an anchor, taken up again 30 levels deep.
Test(hostile, levels_behind_an_alias_count)
{
    char *inner = repeated("a: &a ", "[", 40, "");
    char *closed = repeated(inner, "]", 40, "\nb: ");
    char *outer = repeated(closed, "[", 30, "*a");
    must_fail(outer, SIM_ERROR_SCENARIO, 2, 34, "nested more than 64");
    free(inner);
    free(closed);
    free(outer);
}

Test(hostile, a_huge_scalar_is_refused_where_it_starts)
{
    char *text = repeated(MESH "scenario: ", "x", 500000, "\n");
    must_fail(text, SIM_ERROR_SCENARIO, 4, 11, "a value of 500000 bytes; at most 4096 are read");
    free(text);
    text = repeated(MESH, "k", 900, ": 1\n");  // a key, cut in the message
    must_fail(text, SIM_ERROR_SCENARIO, 4, 1, "unknown key kkkkkkkkkkkk");
    free(text);
}

Test(hostile, a_huge_file_is_refused_without_reading_it_all)
{
    char *text = repeated("", "# x\n", 300000, "");
    must_fail(text, SIM_ERROR_SCENARIO, 1, 1, "larger than 1048576 bytes");
    free(text);
    must_have_failed(load("/dev/zero"), SIM_ERROR_SCENARIO, "/dev/zero", 1, 1, "larger than");
}

Test(hostile, too_many_values_keys_or_anchors_are_refused)
{
    char *text = repeated("a: [", "1,", SIM_TREE_NODES_MAX, "1]\n");
    // Root, key and list, then 99,997 elements of two columns each from column 5 on.
    must_fail(text, SIM_ERROR_SCENARIO, 1, 5 + 2 * (SIM_TREE_NODES_MAX - 3),
              "more than 100000 keys and values");
    free(text);
    char *keys = malloc(20000);
    char *end = keys;
    for (int i = 0; i <= SIM_TREE_KEYS_MAX; i++) {
        end += sprintf(end, "k%d: 1\n", i);
    }
    must_fail(keys, SIM_ERROR_SCENARIO, SIM_TREE_KEYS_MAX + 1, 1, "more than 1000 keys");
    free(keys);
    text = repeated("a: [", "&a 1,", SIM_TREE_ANCHORS_MAX + 1, "1]\n");
    must_fail(text, SIM_ERROR_SCENARIO, 1, 5 + 5 * SIM_TREE_ANCHORS_MAX, "more than 1000 anchors");
    free(text);
}

Test(hostile, nul_bytes_are_refused_raw_and_escaped)
{
    static const char raw[] = MESH "scenario: a\0b\n";
    write_bytes("x.yaml", raw, sizeof raw - 1);
    must_have_failed(load("x.yaml"), SIM_ERROR_SCENARIO, "x.yaml", 4, 12, "a NUL byte");
    must_fail(MESH "scenario: \"a\\0b\"\n", SIM_ERROR_SCENARIO, 4, 11, "a NUL byte");
}

Test(hostile, what_is_not_utf_8_is_refused_at_the_byte)
{
    static const char *const broken[] = {
        "\xFF",              // no lead byte
        "\x80",              // a continuation without its lead
        "\xC0\xAF",          // overlong
        "\xE0\x80\x80",      // overlong
        "\xED\xA0\x80",      // a surrogate
        "\xF4\x90\x80\x80",  // beyond U+10FFFF
        "\xC3",              // cut off by the line's end
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        char text[64];
        // Two letters of two bytes before it: columns are characters.
        snprintf(text, sizeof text, "# one\nname: \xC3\xA4\xC3\xB6%s\n", broken[i]);
        must_fail(text, SIM_ERROR_SCENARIO, 2, 9, "not UTF-8");
    }
}

Test(hostile, control_characters_never_reach_the_terminal)
{
    must_fail("a: \033[31m\n", SIM_ERROR_SCENARIO, 1, 4, "a control character (U+001B)");
    must_fail("a: \xC2\x9B"
              "31m\n",
              SIM_ERROR_SCENARIO, 1, 4, "a control character (U+009B)");
    struct outcome outcome = load_text(MESH "scenario: \"\\e[31m\\x9b\"\n");
    for (const char *byte = outcome.error.text; *byte != '\0'; byte++) {
        cr_assert((unsigned char)*byte >= ' ' && (unsigned char)*byte != 0x7F && *byte != '\x9B');
    }
    must_have_failed(outcome, SIM_ERROR_SCENARIO, "x.yaml", 4, 11, "control character");
}

Test(hostile, a_key_that_stands_twice_is_refused_with_both_places)
{
    must_fail(MESH "seed: 1\nseed: 2\n", SIM_ERROR_SCENARIO, 5, 1,
              "\"seed\" stands twice, first in line 4");
    must_fail("gossip:\n  fanout: 5\n  \"fanout\": 6\n", SIM_ERROR_SCENARIO, 3, 3,
              "first in line 2");
}

Test(hostile, yaml_beyond_plain_values_is_refused)
{
    must_fail(MESH "---\nseed: 1\n", SIM_ERROR_SCENARIO, 4, 1, "a second document");
    must_fail("a: &a {seed: 1}\n<<: *a\n", SIM_ERROR_SCENARIO, 2, 1, "merge keys");
    must_fail("topology: !!str flat_mesh\n", SIM_ERROR_SCENARIO, 1, 11, "tags");
    must_fail("topology: !include x\n", SIM_ERROR_SCENARIO, 1, 11, "tags (!include)");
    must_fail("gossip: !x {fanout: 5}\n", SIM_ERROR_SCENARIO, 1, 9, "tags");
    must_fail("? [a, b]\n: 1\n", SIM_ERROR_SCENARIO, 1, 3, "a key must be a plain name");
    must_fail("? {a: b}\n: 1\n", SIM_ERROR_SCENARIO, 1, 3, "a key must be a plain name");
}

Test(hostile, broken_yaml_is_refused_where_it_breaks)
{
    must_fail("topology: [flat_mesh\n", SIM_ERROR_SCENARIO, 1, 11, "not YAML");
    must_fail("gossip:\n\tfanout: 5\n", SIM_ERROR_SCENARIO, 2, 1, "indent with spaces");
    must_fail("a: b: c\n", SIM_ERROR_SCENARIO, 1, 5, "not YAML");
    must_fail("a: 'b\n", SIM_ERROR_SCENARIO, 1, 4, "not YAML");
    must_fail("a: 1\n b: 2\n", SIM_ERROR_SCENARIO, 2, 3, "not YAML");
}

Test(hostile, files_without_a_mapping_are_refused)
{
    must_fail("", SIM_ERROR_SCENARIO, 1, 1, "empty");
    must_fail("# only a comment\n", SIM_ERROR_SCENARIO, 1, 1, "empty");
    must_fail("---\n", SIM_ERROR_SCENARIO, 2, 1, "expected a mapping of keys, found nothing");
    must_fail("flat_mesh\n", SIM_ERROR_SCENARIO, 1, 1, "expected a mapping of keys");
    must_fail("- topology: flat_mesh\n", SIM_ERROR_SCENARIO, 1, 1, "found a list of 1");
}

Test(hostile, a_line_of_any_length_is_quoted_around_the_place)
{
    char *text = repeated(MESH "# \xC3\xA4\nscenario: ", "\xC3\xA4", 2000, " : x\n");
    struct outcome outcome = load_text(text);
    cr_assert_eq(outcome.error.code, SIM_ERROR_SCENARIO);
    cr_assert_eq(outcome.error.line, 5);
    cr_assert_gt(outcome.error.column, 2000, "columns count characters, not bytes");
    cr_assert_not_null(strstr(outcome.error.excerpt, " : x"), "the place is not in \"%s\"",
                       outcome.error.excerpt);
    free(text);
}

// Every damage to a good file either leaves a good file or is refused with a place. 6,000 of them,
// always the same; a build with sanitizers makes the most of it.
Test(hostile, any_damage_to_a_file_is_refused_with_its_place_or_harmless)
{
    static const char good[] =
        "scenario: damage\ntopology:\n  topology: flat_mesh\n  agent_count: 10-100\n  regions:\n"
        "    - {name: a, zones: [b, c], agents: 1-5}\n  gossip: &g {fanout: 5, interval_ms: 100}\n"
        "  network: {latency: {same_zone_rtt_ms: {distribution: uniform, min: 0.2, max: 2}}}\n"
        "sweep:\n  - {agents: [10, 20], gossip.mode: [push, eager]}\n  - {gossip: [*g, {fanout: "
        "6}]}\n"
        "expect: [p99(convergence_ms) < 1]\n";
    static const char pieces[] = "[]{}:,&*-?#|>'\"%@`!~ \n\t\x80\xFF\0"
                                 "0123456789.aeg";
    uint64_t state = 7;
    uint32_t loaded = 0;
    for (int i = 0; i < 6000; i++) {
        char text[sizeof good];
        memcpy(text, good, sizeof good);
        for (int hit = 0; hit <= i % 3; hit++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            text[(state >> 33) % (sizeof good - 1)] = pieces[(state >> 20) % (sizeof pieces - 1)];
        }
        write_bytes("x.yaml", text, sizeof text - 1);
        struct outcome outcome = load("x.yaml");
        cr_assert(outcome.fine || outcome.error.line > 0, "no place in: %s\n%s", outcome.error.text,
                  text);
        loaded += outcome.fine;
        sim_scenarios_destroy(outcome.scenarios, outcome.count);
    }
    cr_assert(loaded > 100 && loaded < 5900, "%u of 6000 loaded: the damage tests nothing", loaded);
}
