// SPDX-License-Identifier: GPL-3.0-or-later
// What the CRDTs of a workload are worth at the end of a run, and what writers knew when they
// wrote. The history (every update and who held what when, in the total order) is folded here once
// more, from the bytes of the updates and in the plainest way: nothing of the core's CRDTs is used.
//
//   changes of the engine --> who held what --> what the writer saw  = what the update names
//   rows of the table     --> plain fold    --> the value            = the core's, at every replica

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "mesh/crdt.h"
#include "world.h"

enum { AGENTS = 40, UPDATES = 600, KEYS = 2, ELEMENTS = 12 };

struct moment {
    uint32_t node;
    uint32_t lane;
    bool writes;
};

struct history {
    struct fixture fixture;
    struct sim_world world;
    struct sim_engine *engine;
    const struct mesh_table *table;
    struct moment *moments;  // in the total order
    uint32_t count;
    uint32_t capacity;
};

static void remember(void *context, const struct mesh_table *table, const uint32_t *write_of_lane,
                     const struct sim_change *changes, uint32_t count)
{
    struct history *history = context;
    (void)table;
    (void)write_of_lane;
    for (uint32_t i = 0; i < count; i++) {
        for (uint64_t lanes = changes[i].lanes; lanes != 0; lanes &= lanes - 1) {
            cr_assert(history->count < history->capacity);
            history->moments[history->count++] = (struct moment){
                .node = changes[i].node,
                .lane = 64 * changes[i].word + (uint32_t)__builtin_ctzll(lanes),
                .writes = changes[i].message == NULL,
            };
        }
    }
}

static void history_init(struct history *history, enum sim_crdt crdt)
{
    *history = (struct history){0};
    fixture_init(&history->fixture, AGENTS);
    fixture_set_latency(&history->fixture, (struct sim_latency){SIM_UNIFORM, 1 * MS, 10 * MS});
    history->fixture.scenario.gossip.interval_ns = 20 * MS;
    history->fixture.scenario.workload = (struct sim_workload){
        .updates = UPDATES,
        .every_ns = MS / 3,
        .writers = SIM_WRITERS_RANDOM,
        .crdt = crdt,
        .value_bytes = 9,
        .keys = KEYS,
        .elements = ELEMENTS,
        .remove_percent = 35,
    };
}

static void history_run(struct history *history, enum sim_queue queue, uint64_t until_ns)
{
    struct sim_error error = {0};
    const struct sim_scenario *scenario = &history->fixture.scenario;
    sim_world_init(&history->world, scenario, 11);
    history->capacity = scenario->agents * scenario->workload.updates;
    history->moments = calloc(history->capacity, sizeof *history->moments);
    cr_assert(history->moments);
    struct sim_engine_config config = {
        .mesh = &history->world.mesh,
        .network = &history->world.network,
        .node_count = scenario->agents,
        .writes = history->world.writes,
        .write_count = scenario->workload.updates,
        .author = history->world.author,
        .observer = {.context = history, .changes = remember},
        .queue = queue,
        .lanes_start = scenario->workload.updates,  // the table keeps the whole history
    };
    cr_assert(sim_engine_create(&config, &history->engine, &error), "%s", error.text);
    sim_engine_run(history->engine, until_ns);
    history->table = sim_engine_table(history->engine);
}

static void history_finish(struct history *history)
{
    sim_engine_destroy(history->engine);
    sim_world_finish(&history->world);
    free(history->moments);
}

// ---- Updates, read by hand ----

struct text {
    const uint8_t *bytes;
    uint32_t count;
};

static bool same_text(struct text a, struct text b)
{
    return a.count == b.count && memcmp(a.bytes, b.bytes, a.count) == 0;
}

static uint64_t number(struct text *left)
{
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        cr_assert(left->count > 0);
        uint8_t byte = *left->bytes++;
        left->count--;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
}

// Marks the lanes that a set's update names; returns its element, empty in a removal.
static struct text read_set(const struct mesh_table *table, const struct mesh_update *update,
                            bool *named)
{
    struct text left = {update->value, update->value_bytes};
    for (uint64_t runs = number(&left); runs > 0; runs--) {
        uint32_t origin = (uint32_t)number(&left);
        uint32_t first = (uint32_t)number(&left);
        uint32_t length = (uint32_t)number(&left);
        for (uint32_t i = 0; i < length; i++) {
            uint32_t lane = mesh_table_find(table, (struct mesh_dot){origin, first + i}, NULL);
            cr_assert_neq(lane, MESH_LANE_NONE, "(%u, %u) is nobody's", origin, first + i);
            named[lane] = true;
        }
    }
    cr_assert(update->type == MESH_SET_ADD || left.count == 0);
    return left;
}

static struct text name_of(const struct mesh_update *update)
{
    struct text left = {update->value, update->value_bytes};
    left.count = update->type == MESH_MAP_PUT ? (uint32_t)number(&left) : left.count;
    return left;
}

// ---- Plain folds of the updates in `held`, of all when it is NULL ----

static bool is_held(const struct history *history, const bool *held, uint32_t lane, uint32_t key)
{
    return (held == NULL || held[lane]) && history->table->updates[lane].key == key;
}

// Adds of `key` that no update names.
static void fold_set(const struct history *history, const bool *held, uint32_t key, bool *alive)
{
    bool named[UPDATES] = {false};
    for (uint32_t lane = 0; lane < UPDATES; lane++) {
        const struct mesh_update *update = &history->table->updates[lane];
        if (is_held(history, held, lane, key)) {
            read_set(history->table, update, named);
        }
    }
    for (uint32_t lane = 0; lane < UPDATES; lane++) {
        const struct mesh_update *update = &history->table->updates[lane];
        alive[lane] =
            is_held(history, held, lane, key) && update->type == MESH_SET_ADD && !named[lane];
    }
}

// The last write of `name`; NULL: none, or a removal.
static const struct mesh_update *fold_name(const struct history *history, const bool *held,
                                           uint32_t key, struct text name)
{
    const struct mesh_update *last = NULL;
    for (uint32_t lane = 0; lane < UPDATES; lane++) {
        const struct mesh_update *update = &history->table->updates[lane];
        if (is_held(history, held, lane, key) && same_text(name_of(update), name) &&
            (last == NULL || update->clock > last->clock ||
             (update->clock == last->clock && update->dot.origin > last->dot.origin))) {
            last = update;
        }
    }
    return last == NULL || last->type == MESH_MAP_REMOVE ? NULL : last;
}

static struct text element_of(const struct history *history, uint32_t lane)
{
    bool named[UPDATES];
    return read_set(history->table, &history->table->updates[lane], named);
}

// ---- The core's folds, at every replica ----

static void expect_set(const struct history *history, const struct mesh_replica *replica,
                       uint32_t words, uint32_t key)
{
    static struct mesh_set_entry entries[UPDATES];
    static struct mesh_run runs[2 * UPDATES];
    struct mesh_set set = {entries, 0, UPDATES, {runs, 0, 2 * UPDATES}};
    bool alive[UPDATES];
    uint32_t wanted = 0;
    uint32_t distinct = 0;
    cr_assert(mesh_set_fold(history->table, replica->planes, words, key, &set));
    fold_set(history, NULL, key, alive);
    for (uint32_t lane = 0; lane < UPDATES; lane++) {
        if (alive[lane]) {
            struct text element = element_of(history, lane);
            cr_expect(mesh_set_contains(&set, element.bytes, element.count), "lane %u", lane);
            wanted++;
        }
    }
    for (uint32_t i = 0; (i = mesh_set_next(&set, i)) < set.count; i++) {
        distinct++;
    }
    cr_expect(set.count == wanted, "%u adds are alive, %u should be", set.count, wanted);
    cr_expect(distinct >= 2 && distinct <= ELEMENTS, "%u elements", distinct);
}

static void expect_map(const struct history *history, const struct mesh_replica *replica,
                       uint32_t words, uint32_t key)
{
    static struct mesh_map_entry entries[ELEMENTS];
    struct mesh_map map = {entries, 0, ELEMENTS};
    uint32_t present = 0;
    cr_assert(mesh_map_fold(history->table, replica->planes, words, key, &map));
    cr_expect_eq(map.count, ELEMENTS, "%u names were ever put", map.count);
    for (uint32_t i = 0; i < ELEMENTS; i++) {
        char name[16];
        int bytes = snprintf(name, sizeof name, "name-%u", i);
        struct text text = {(const uint8_t *)name, (uint32_t)bytes};
        const struct mesh_lww *write = mesh_map_get(&map, text.bytes, text.count);
        const struct mesh_update *wanted = fold_name(history, NULL, key, text);
        cr_assert((write == NULL) == (wanted == NULL), "%s", name);
        if (wanted != NULL) {
            uint32_t before = 1 + (uint32_t)bytes;  // the name and its length
            cr_expect(write->value_bytes == 9 && wanted->value_bytes == before + 9 &&
                          memcmp(write->value, wanted->value + before, 9) == 0,
                      "%s", name);
            present++;
        }
    }
    cr_expect(present >= 2, "%u names", present);
}

static void expect_sum(const struct history *history, const struct mesh_replica *replica,
                       uint32_t words, uint32_t key)
{
    bool signs = history->fixture.scenario.workload.crdt == SIM_PN_COUNTER;
    int64_t wanted = 0;
    for (uint32_t lane = 0; lane < UPDATES; lane++) {
        const struct mesh_update *update = &history->table->updates[lane];
        wanted += update->key == key ? update->change : 0;
    }
    int64_t value = signs ? mesh_pn_fold(history->table, replica->planes, words, key)
                          : (int64_t)mesh_g_fold(history->table, replica->planes, words, key);
    cr_expect(value == wanted, "%" PRId64 " instead of %" PRId64, value, wanted);
    cr_expect(signs ? llabs(value) < UPDATES / KEYS : value == UPDATES / KEYS);
}

static void expect_register(const struct history *history, const struct mesh_replica *replica,
                            uint32_t words, uint32_t key)
{
    const struct mesh_update *wanted = NULL;
    for (uint32_t lane = 0; lane < UPDATES; lane++) {
        const struct mesh_update *update = &history->table->updates[lane];
        if (update->key == key &&
            (wanted == NULL || update->clock > wanted->clock ||
             (update->clock == wanted->clock && update->dot.origin > wanted->dot.origin))) {
            wanted = update;
        }
    }
    struct mesh_lww value;
    cr_assert(mesh_lww_fold(history->table, replica->planes, words, key, &value));
    cr_expect(value.value_bytes == 9 && memcmp(value.value, wanted->value, 9) == 0);
}

static void (*const expect_value[])(const struct history *history,
                                    const struct mesh_replica *replica, uint32_t words,
                                    uint32_t key) = {
    [SIM_LWW_REGISTER] = expect_register, [SIM_G_COUNTER] = expect_sum,
    [SIM_PN_COUNTER] = expect_sum,        [SIM_OR_SET] = expect_set,
    [SIM_LWW_MAP] = expect_map,
};

static void expect_values(enum sim_crdt crdt, enum sim_queue queue, enum mesh_schedule schedule)
{
    struct history history;
    history_init(&history, crdt);
    history.fixture.scenario.gossip.schedule = schedule;
    history_run(&history, queue, 2000 * MS);
    cr_assert_eq(history.count, AGENTS * UPDATES, "all hold all in the end");
    for (uint32_t node = 0; node < AGENTS; node++) {
        for (uint32_t key = 0; key < KEYS; key++) {
            expect_value[crdt](&history, sim_engine_replica(history.engine, node),
                               (UPDATES + 63) / 64, key);
        }
    }
    history_finish(&history);
}

Test(values, all_replicas_end_with_the_value_of_the_whole_history)
{
    for (enum sim_crdt crdt = SIM_LWW_REGISTER; crdt <= SIM_LWW_MAP; crdt++) {
        expect_values(crdt, SIM_QUEUE_WINDOWS, MESH_PHASED);
        expect_values(crdt, SIM_QUEUE_WINDOWS, MESH_SYNCHRONOUS);
        expect_values(crdt, SIM_QUEUE_HEAP, MESH_POISSON);
    }
}

// ---- What writers knew ----

struct tally {
    uint32_t adds;
    uint32_t removals;
    uint32_t unseen;      // removals wished for by who saw nothing to remove
    uint32_t behind;      // writers who lacked an earlier update
    uint32_t named_many;  // updates that name several concurrent adds
};

// The update in `lane` names all adds of its element that its writer saw, and no other.
static void expect_observed(const struct history *history, uint32_t lane, const bool *held,
                            struct tally *tally)
{
    const struct mesh_update *update = &history->table->updates[lane];
    bool wish = history->world.writes[lane].write.type == MESH_SET_REMOVE;
    bool alive[UPDATES];
    bool named[UPDATES] = {false};
    fold_set(history, held, update->key, alive);
    struct text element = read_set(history->table, update, named);
    uint32_t seen = 0;
    uint32_t named_count = 0;
    for (uint32_t other = 0; other < UPDATES; other++) {
        seen += alive[other];
        if (named[other] && element.count == 0) {
            element = element_of(history, other);  // what a removal removes
        }
    }
    for (uint32_t other = 0; other < UPDATES; other++) {
        bool observed = alive[other] && same_text(element_of(history, other), element);
        cr_expect(named[other] == observed, "update %u %s update %u", lane,
                  observed ? "does not name" : "names", other);
        named_count += named[other];
    }
    cr_expect_eq(update->type, wish && seen > 0 ? MESH_SET_REMOVE : MESH_SET_ADD, "update %u",
                 lane);
    cr_expect_eq(element.count, 9);
    tally->adds += update->type == MESH_SET_ADD;
    tally->removals += update->type == MESH_SET_REMOVE;
    tally->unseen += wish && seen == 0;
    tally->named_many += named_count > 1;
}

static void expect_seen_name(const struct history *history, uint32_t lane, const bool *held,
                             struct tally *tally)
{
    const struct mesh_update *update = &history->table->updates[lane];
    bool wish = history->world.writes[lane].write.type == MESH_MAP_REMOVE;
    bool sees_any = false;
    for (uint32_t i = 0; i < ELEMENTS; i++) {
        char name[16];
        int bytes = snprintf(name, sizeof name, "name-%u", i);
        struct text text = {(const uint8_t *)name, (uint32_t)bytes};
        sees_any |= fold_name(history, held, update->key, text) != NULL;
    }
    cr_expect_eq(update->type, wish && sees_any ? MESH_MAP_REMOVE : MESH_MAP_PUT, "update %u",
                 lane);
    cr_expect(update->type == MESH_MAP_PUT ||
                  fold_name(history, held, update->key, name_of(update)) != NULL,
              "update %u removes what its writer does not see", lane);
    tally->adds += update->type == MESH_MAP_PUT;
    tally->removals += update->type == MESH_MAP_REMOVE;
    tally->unseen += wish && !sees_any;
}

static struct tally expect_knowledge(const struct history *history,
                                     void (*expect)(const struct history *history, uint32_t lane,
                                                    const bool *held, struct tally *tally))
{
    static bool held[AGENTS][UPDATES];
    struct tally tally = {0};
    memset(held, 0, sizeof held);
    for (uint32_t i = 0; i < history->count; i++) {
        const struct moment *moment = &history->moments[i];
        if (moment->writes) {
            for (uint32_t before = 0; before < moment->lane; before++) {
                if (!held[moment->node][before]) {
                    tally.behind++;
                    break;
                }
            }
            expect(history, moment->lane, held[moment->node], &tally);
        }
        held[moment->node][moment->lane] = true;
    }
    return tally;
}

Test(values, updates_of_a_set_name_what_their_writer_saw_and_nothing_else)
{
    uint64_t fingerprints[2];
    for (enum sim_queue queue = SIM_QUEUE_WINDOWS; queue <= SIM_QUEUE_HEAP; queue++) {
        struct history history;
        history_init(&history, SIM_OR_SET);
        history_run(&history, queue, 2000 * MS);
        struct tally tally = expect_knowledge(&history, expect_observed);
        cr_expect(tally.adds > 300 && tally.removals > 100 && tally.unseen > 0 &&
                      tally.behind > 500 && tally.named_many > 20,
                  "%u adds, %u removals, %u of nothing, %u behind, %u name several", tally.adds,
                  tally.removals, tally.unseen, tally.behind, tally.named_many);
        fingerprints[queue] = sim_engine_fingerprint(history.engine);
        history_finish(&history);
    }
    cr_expect_eq(fingerprints[SIM_QUEUE_WINDOWS], fingerprints[SIM_QUEUE_HEAP]);
}

Test(values, names_of_a_map_are_removed_by_writers_who_see_them)
{
    uint64_t fingerprints[2];
    for (enum sim_queue queue = SIM_QUEUE_WINDOWS; queue <= SIM_QUEUE_HEAP; queue++) {
        struct history history;
        history_init(&history, SIM_LWW_MAP);
        history_run(&history, queue, 2000 * MS);
        struct tally tally = expect_knowledge(&history, expect_seen_name);
        cr_expect(tally.adds > 300 && tally.removals > 100 && tally.unseen > 0,
                  "%u puts, %u removals, %u of nothing", tally.adds, tally.removals, tally.unseen);
        fingerprints[queue] = sim_engine_fingerprint(history.engine);
        history_finish(&history);
    }
    cr_expect_eq(fingerprints[SIM_QUEUE_WINDOWS], fingerprints[SIM_QUEUE_HEAP]);
}

// One writer who always wants to remove: of nothing he adds. He is agent 0, so a removal is one
// run, (0, sequence, 1), and so is what an add of the same element would replace.
Test(values, a_lone_writer_adds_and_removes_by_turns)
{
    struct history history;
    history_init(&history, SIM_OR_SET);
    history.fixture.scenario.workload.writers = SIM_WRITERS_FIRST;
    history.fixture.scenario.workload.remove_percent = 100;
    history.fixture.scenario.workload.keys = 1;
    history_run(&history, SIM_QUEUE_WINDOWS, 2000 * MS);
    for (uint32_t lane = 0; lane < 100; lane++) {
        const struct mesh_update *update = &history.table->updates[lane];
        if (lane % 2 == 0) {
            cr_expect(update->type == MESH_SET_ADD && update->value_bytes == 10 &&
                      update->value[0] == 0);
        } else {
            const uint8_t wanted[] = {1, 0, (uint8_t)lane, 1};
            cr_expect(update->type == MESH_SET_REMOVE && update->value_bytes == sizeof wanted);
            cr_expect_arr_eq(update->value, wanted, sizeof wanted);
        }
    }
    history_finish(&history);
}

// ---- Writes whose lanes are not their places in the list ----

// What the lone writer's updates say, as the watcher sees them.
struct alternation {
    uint32_t updates;
    uint32_t wrong;
};

static void expect_alternation(void *context, const struct sim_world *world,
                               const struct mesh_table *table, const uint32_t *write_of_lane,
                               const struct sim_change *changes, uint32_t count)
{
    struct alternation *seen = context;
    (void)world;
    (void)write_of_lane;
    for (uint32_t i = 0; i < count; i++) {
        if (changes[i].message != NULL || changes[i].node != 0) {
            continue;
        }
        uint32_t lane = 64 * changes[i].word + (uint32_t)__builtin_ctzll(changes[i].lanes);
        const struct mesh_update *update = &table->updates[lane];
        const uint8_t removal[] = {1, 0, (uint8_t)(update->dot.sequence - 1), 1};
        bool right = update->dot.sequence % 2 == 1
                         ? update->type == MESH_SET_ADD && update->value[0] == 0
                         : update->type == MESH_SET_REMOVE && update->value_bytes == 4 &&
                               memcmp(update->value, removal, 4) == 0;
        seen->updates++;
        seen->wrong += !right;
    }
}

static void run_lone_writer(struct fixture *fixture, const struct sim_watcher *watcher,
                            uint32_t remove_percent)
{
    struct sim_result result;
    fixture->scenario.duration_ns = 3000 * MS;
    fixture->scenario.workload.updates = 100;
    fixture->scenario.workload.every_ns = 20 * MS;
    fixture->scenario.workload.writers = SIM_WRITERS_FIRST;
    fixture->scenario.workload.crdt = SIM_OR_SET;
    fixture->scenario.workload.value_bytes = 9;
    fixture->scenario.workload.elements = ELEMENTS;
    fixture->scenario.workload.remove_percent = remove_percent;
    fixture->options.watcher = watcher;
    fixture_run(fixture, 0, &result);
    sim_result_finish(&result);
}

// Totals of coordinators take lanes of the shared table, and reports stand in front of it.
Test(values, a_lone_writer_of_a_hierarchy_that_reports_does_so_too)
{
    struct fixture fixture;
    struct alternation seen = {0};
    const struct sim_watcher watcher = {.context = &seen, .changes = expect_alternation};
    fixture_init(&fixture, 60);
    fixture_set_hierarchy(&fixture, 1, 1, 2);
    fixture.scenario.workload.report_every_ns = 100 * MS;
    run_lone_writer(&fixture, &watcher, 100);
    cr_expect_eq(seen.updates, 100);
    cr_expect_eq(seen.wrong, 0, "%u updates say something else", seen.wrong);
}

// The first bytes of what each write adds, by its place in the list.
static void note_elements(void *context, const struct sim_world *world,
                          const struct mesh_table *table, const uint32_t *write_of_lane,
                          const struct sim_change *changes, uint32_t count)
{
    uint8_t *first_bytes = context;
    (void)world;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t lane = 64 * changes[i].word + (uint32_t)__builtin_ctzll(changes[i].lanes);
        const struct mesh_update *update = &table->updates[lane];
        if (changes[i].message == NULL) {
            first_bytes[write_of_lane[lane]] = update->value[update->value_bytes - 9];
        }
    }
}

// The writes at 500, 520 ... 980 ms never happen, and have no lanes.
Test(values, updates_add_the_elements_drawn_for_them_whatever_else_is_not_written)
{
    static const struct sim_span first[] = {{0, 1}};
    const struct sim_fault pause = {.verb = SIM_FAULT_PAUSE,
                                    .at_ns = 500 * MS,
                                    .until_ns = 1000 * MS,
                                    .end_ns = SIM_FAULT_NEVER,
                                    .of = {.places = {[SIM_PLACE_NODE] = first},
                                           .place_counts = {[SIM_PLACE_NODE] = 1},
                                           .named = true},
                                    .text = "pause"};
    uint8_t first_bytes[2][100];
    memset(first_bytes, 0xff, sizeof first_bytes);
    for (uint32_t paused = 0; paused < 2; paused++) {
        struct fixture fixture;
        const struct sim_watcher watcher = {.context = first_bytes[paused],
                                            .changes = note_elements};
        fixture_init(&fixture, 20);
        fixture.scenario.faults = &pause;
        fixture.scenario.fault_count = paused;
        run_lone_writer(&fixture, &watcher, 0);
    }
    for (uint32_t i = 0; i < 100; i++) {
        cr_expect_lt(first_bytes[0][i], ELEMENTS);
        cr_expect_eq(first_bytes[1][i], i < 25 || i >= 50 ? first_bytes[0][i] : 0xff, "write %u",
                     i);
    }
}

// The most runs that an update names when 60 updates in 30 ms add the only element of a set; every
// replica must hold it in the end.
static uint8_t most_runs_named(uint32_t value_bytes)
{
    struct history history;
    history_init(&history, SIM_OR_SET);
    struct sim_workload *workload = &history.fixture.scenario.workload;
    workload->updates = 60;
    workload->keys = 1;
    workload->elements = 1;
    workload->remove_percent = 0;
    workload->value_bytes = value_bytes;
    workload->every_ns = MS / 2;
    history_run(&history, SIM_QUEUE_WINDOWS, 500 * MS);
    uint8_t most = 0;
    for (uint32_t lane = 0; lane < 60; lane++) {
        most = history.table->updates[lane].value[0] > most ? history.table->updates[lane].value[0]
                                                            : most;
    }
    for (uint32_t node = 0; node < AGENTS; node++) {
        struct mesh_set_entry entries[60];
        struct mesh_run runs[120];
        struct mesh_set set = {entries, 0, 60, {runs, 0, 120}};
        cr_assert(mesh_set_fold(history.table, sim_engine_replica(history.engine, node)->planes, 1,
                                0, &set));
        cr_expect(set.count > 0 && mesh_set_next(&set, 1) == set.count, "one element");
    }
    history_finish(&history);
    return most;
}

// Beside an element of 65,519 bytes there are 16 for the dots: a count and five runs of three
// bytes, whatever else the writer saw.
Test(values, what_a_value_has_no_room_to_name_stays)
{
    cr_expect_gt(most_runs_named(9), 5);
    cr_expect_eq(most_runs_named(SIM_CONTENT_BYTES_MAX), 5);
}

Test(values, a_share_of_the_changes_of_a_counter_subtracts)
{
    static const uint32_t shares[] = {0, 35, 100};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        struct fixture fixture;
        struct sim_world world;
        fixture_init(&fixture, 10);
        fixture.scenario.workload.updates = 20000;
        fixture.scenario.workload.crdt = SIM_PN_COUNTER;
        fixture.scenario.workload.remove_percent = shares[i];
        sim_world_init(&world, &fixture.scenario, 3);
        uint32_t subtractions = 0;
        for (uint32_t u = 0; u < 20000; u++) {
            int64_t change = (int64_t)world.writes[u].write.amount;
            cr_expect(world.writes[u].write.type == MESH_PN_ADD && (change == 1 || change == -1));
            subtractions += change < 0;
        }
        // The standard deviation at 35 % is 67.
        uint32_t wanted = 200 * shares[i];
        uint32_t off = subtractions > wanted ? subtractions - wanted : wanted - subtractions;
        cr_expect(off <= (shares[i] % 100 == 0 ? 0 : 5 * 67), "%u of 20000 at %u %%", subtractions,
                  shares[i]);
        sim_world_finish(&world);
    }
}
