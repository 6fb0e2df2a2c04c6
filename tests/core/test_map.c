// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <string.h>

#include "history.h"
#include "mesh/map.h"

enum { KEY = 2, NAMES = 5, WRITES = 100 };

// Names of which some begin others, the shortest being empty.
static const char *const names[NAMES] = {"", "a", "ab", "b", "abc"};

struct map {
    struct mesh_map_entry entries[NAMES];
    struct mesh_map state;
};

static void map_init(struct map *map)
{
    map->state = (struct mesh_map){.entries = map->entries, .capacity = NAMES};
}

static void map_copy(struct map *to, const struct map *from)
{
    map_init(to);
    memcpy(to->entries, from->entries, sizeof to->entries);
    to->state.count = from->state.count;
}

static void map_join(struct map *out, const struct map *a, const struct map *b)
{
    map_copy(out, a);
    cr_assert(mesh_map_merge(&out->state, &b->state));
}

static bool map_equal(const struct map *a, const struct map *b)
{
    bool equal = a->state.count == b->state.count;
    for (uint32_t i = 0; equal && i < a->state.count; i++) {
        const struct mesh_map_entry *x = &a->entries[i];
        const struct mesh_map_entry *y = &b->entries[i];
        equal = x->name_bytes == y->name_bytes && memcmp(x->name, y->name, x->name_bytes) == 0 &&
                x->removed == y->removed && x->write.clock == y->write.clock &&
                x->write.origin == y->write.origin && x->write.value == y->write.value &&
                x->write.value_bytes == y->write.value_bytes;
    }
    return equal;
}

static uint32_t bytes_of(const char *text)
{
    return (uint32_t)strlen(text);
}

static const struct mesh_lww *get(const struct mesh_map *map, const char *name)
{
    return mesh_map_get(map, (const uint8_t *)name, bytes_of(name));
}

static void expect_value(const struct mesh_map *map, const char *name, const char *value)
{
    const struct mesh_lww *write = get(map, name);
    cr_assert_not_null(write, "\"%s\" is absent", name);
    cr_expect(write->value_bytes == bytes_of(value) &&
                  memcmp(write->value, value, write->value_bytes) == 0,
              "\"%s\" is \"%.*s\" and not \"%s\"", name, (int)write->value_bytes,
              (const char *)write->value, value);
}

static struct mesh_map_entry entry(const char *name, uint64_t clock, uint32_t origin,
                                   const char *value)
{
    return (struct mesh_map_entry){
        .name = (const uint8_t *)name,
        .name_bytes = bytes_of(name),
        .removed = value == NULL,
        .write = {.clock = clock,
                  .origin = origin,
                  .value = (const uint8_t *)value,
                  .value_bytes = value == NULL ? 0 : bytes_of(value)},
    };
}

static void write_entry(struct map *map, struct mesh_map_entry written)
{
    cr_assert(mesh_map_write(&map->state, &written));
}

// ---- By hand ----

Test(map, every_name_is_a_register_of_its_own)
{
    struct map map;
    map_init(&map);
    write_entry(&map, entry("ab", 5, 1, "first"));
    write_entry(&map, entry("a", 3, 1, "x"));
    write_entry(&map, entry("", 4, 1, "none"));
    write_entry(&map, entry("ab", 7, 2, "second"));
    write_entry(&map, entry("ab", 6, 3, "too late"));
    expect_value(&map.state, "ab", "second");
    expect_value(&map.state, "a", "x");
    expect_value(&map.state, "", "none");
    cr_expect_null(get(&map.state, "b"));
    cr_expect_null(get(&map.state, "abc"));
    cr_expect_eq(map.state.count, 3);
}

Test(map, a_removal_stands_against_older_puts_and_gives_way_to_later_ones)
{
    struct map map;
    map_init(&map);
    write_entry(&map, entry("a", 5, 1, NULL));
    write_entry(&map, entry("a", 4, 9, "older, heard later"));
    cr_expect_null(get(&map.state, "a"));
    write_entry(&map, entry("a", 5, 2, "same clock, larger origin"));
    expect_value(&map.state, "a", "same clock, larger origin");
    write_entry(&map, entry("a", 6, 1, NULL));
    cr_expect_null(get(&map.state, "a"));
    write_entry(&map, entry("a", 7, 1, ""));
    expect_value(&map.state, "a", "");
}

Test(map, says_when_there_is_no_room_for_another_name)
{
    struct mesh_map_entry entries[1];
    struct mesh_map small = {.entries = entries, .capacity = 1};
    struct mesh_map_entry first = entry("b", 1, 1, "1");
    struct mesh_map_entry again = entry("b", 2, 1, "2");
    struct mesh_map_entry other = entry("a", 9, 1, "9");
    struct map map;
    map_init(&map);
    write_entry(&map, other);
    cr_expect(mesh_map_write(&small, &first));
    cr_expect(mesh_map_write(&small, &again), "a known name needs no room");
    cr_expect_not(mesh_map_write(&small, &other));
    cr_expect_not(mesh_map_merge(&small, &map.state));
    expect_value(&small, "b", "2");
}

Test(map, a_put_is_encoded_as_length_name_and_value)
{
    static const uint8_t expected[] = {3, 'c', 'p', 'u', '7', '1'};
    uint8_t value[200];
    uint32_t size = mesh_map_encode((const uint8_t *)"cpu", 3, (const uint8_t *)"71", 2, value, 6);
    cr_expect_eq(size, sizeof expected);
    cr_expect_arr_eq(value, expected, sizeof expected);
    cr_expect_eq(mesh_map_encode((const uint8_t *)"cpu", 3, (const uint8_t *)"71", 2, value, 5), 0);
    uint8_t name[128] = {0};
    size = mesh_map_encode(name, sizeof name, NULL, 0, value, sizeof value);
    cr_expect(size == 130 && value[0] == 0x80 && value[1] == 1, "a length of two bytes");
    static uint8_t large[MESH_VALUE_BYTES_MAX + 10];
    cr_expect_eq(mesh_map_encode(name, 1, large, MESH_VALUE_BYTES_MAX - 2, large, sizeof large),
                 MESH_VALUE_BYTES_MAX);
    cr_expect_eq(mesh_map_encode(name, 1, large, MESH_VALUE_BYTES_MAX - 1, large, sizeof large), 0,
                 "an update could not carry it");
}

// ---- Histories of puts and removals over a few names ----

static void make_history(struct history *history, uint64_t seed)
{
    history_init(history, seed);
    for (uint32_t i = 0; i < WRITES; i++) {
        uint32_t origin = dice_below(&history->dice, HISTORY_ORIGINS);
        const char *name = names[dice_below(&history->dice, NAMES)];
        uint32_t key = dice_chance(&history->dice, 90) ? KEY : KEY + 1;
        if (dice_chance(&history->dice, 30)) {
            history_tell(history, dice_below(&history->dice, HISTORY_ORIGINS), origin, true);
        }
        if (dice_chance(&history->dice, 30)) {
            history_write(history, origin, MESH_MAP_REMOVE, key, (const uint8_t *)name,
                          bytes_of(name));
            continue;
        }
        uint8_t value[HISTORY_VALUE_BYTES];
        uint8_t content = (uint8_t)i;
        uint32_t size = mesh_map_encode((const uint8_t *)name, bytes_of(name), &content, 1, value,
                                        sizeof value);
        history_write(history, origin, MESH_MAP_PUT, key, value, size);
    }
    // A register of the same key, and an origin that gives a name two values at once.
    history_write(history, 0, MESH_LWW_SET, KEY, (const uint8_t *)"z", 1);
    uint32_t lane = dice_below(&history->dice, WRITES);
    history_row(history, history->updates[lane].dot, MESH_MAP_PUT, KEY, (const uint8_t *)"\1az", 3);
}

// Twice, since what the state held before is to be dropped.
static void fold(struct map *map, const struct history *history, const struct history_set *held)
{
    static const struct history_set all = {{UINT64_MAX, 0}};
    map_init(map);
    cr_assert(mesh_map_fold(&history->table, all.lanes, HISTORY_WORDS, KEY, &map->state));
    cr_assert(mesh_map_fold(&history->table, held->lanes, HISTORY_WORDS, KEY, &map->state));
}

// The write of `name` that wins, found by comparing each with all others; NULL: none.
static const struct mesh_update *winner(const struct history *history,
                                        const struct history_set *held, const char *name)
{
    const struct mesh_update *best = NULL;
    for (uint32_t lane = 0; lane < history->table.lane_count; lane++) {
        const struct mesh_update *update = &history->updates[lane];
        bool put = update->type == MESH_MAP_PUT;
        if (!history_in(held, lane) || update->key != KEY ||
            (!put && update->type != MESH_MAP_REMOVE)) {
            continue;
        }
        uint32_t length = put ? update->value[0] : update->value_bytes;
        if (length != bytes_of(name) || memcmp(update->value + put, name, length) != 0) {
            continue;
        }
        bool wins = best == NULL || update->clock > best->clock ||
                    (update->clock == best->clock && update->dot.origin > best->dot.origin) ||
                    (update->clock == best->clock && update->dot.origin == best->dot.origin &&
                     (update->hash[0] > best->hash[0] ||
                      (update->hash[0] == best->hash[0] && update->hash[1] > best->hash[1])));
        best = wins ? update : best;
    }
    return best;
}

Test(map, fold_is_the_last_write_of_every_name)
{
    static struct history history;
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        make_history(&history, seed);
        struct history_set part = history_part(&history, true);
        struct map map;
        fold(&map, &history, &part);
        for (uint32_t i = 0; i < NAMES; i++) {
            const struct mesh_update *last = winner(&history, &part, names[i]);
            const struct mesh_lww *write = get(&map.state, names[i]);
            bool present = last != NULL && last->type == MESH_MAP_PUT;
            cr_assert_eq(write != NULL, present, "seed %lu: \"%s\"", seed, names[i]);
            if (present) {
                uint32_t skip = 1 + bytes_of(names[i]);
                cr_assert(write->value == last->value + skip &&
                              write->value_bytes == last->value_bytes - skip,
                          "seed %lu: \"%s\"", seed, names[i]);
            }
        }
    }
}

Test(map, join_is_associative_commutative_and_idempotent)
{
    static struct history history;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        struct map parts[3], ab, ba, bc, left, right, aa;
        make_history(&history, seed);
        for (uint32_t i = 0; i < 3; i++) {
            struct history_set part = history_part(&history, true);
            fold(&parts[i], &history, &part);
        }
        map_join(&ab, &parts[0], &parts[1]);
        map_join(&ba, &parts[1], &parts[0]);
        map_join(&bc, &parts[1], &parts[2]);
        map_join(&left, &ab, &parts[2]);
        map_join(&right, &parts[0], &bc);
        map_join(&aa, &parts[0], &parts[0]);
        cr_assert(map_equal(&ab, &ba), "commutative, seed %lu", seed);
        cr_assert(map_equal(&left, &right), "associative, seed %lu", seed);
        cr_assert(map_equal(&aa, &parts[0]), "idempotent, seed %lu", seed);
    }
}

Test(map, fold_of_a_set_is_the_merge_of_its_parts_and_of_its_deltas_in_any_order)
{
    static struct history history;
    uint32_t order[3 * HISTORY_LANES];
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        struct history_set all = {{0}};
        struct map whole, merged, joined;
        make_history(&history, seed);
        map_init(&merged);
        for (uint32_t i = 0; i < 4; i++) {
            struct history_set part = history_part(&history, true);
            struct map state;
            history_unite(&all, &part);
            fold(&state, &history, &part);
            cr_assert(mesh_map_merge(&merged.state, &state.state));
        }
        fold(&whole, &history, &all);
        cr_assert(map_equal(&merged, &whole), "parts, seed %lu", seed);
        map_init(&joined);
        uint32_t count = history_order(&history.dice, history.table.lane_count, order);
        for (uint32_t i = 0; i < count; i++) {
            const struct mesh_update *update = &history.updates[order[i]];
            if (history_in(&all, order[i]) && update->key == KEY && update->type != MESH_LWW_SET) {
                struct map delta;
                map_init(&delta);
                cr_assert(mesh_map_apply(&delta.state, update));
                cr_assert(mesh_map_merge(&joined.state, &delta.state));
            }
        }
        cr_assert(map_equal(&joined, &whole), "deltas, seed %lu", seed);
    }
}
