// SPDX-License-Identifier: GPL-3.0-or-later
#include "content.h"

#include <assert.h>
#include <stdio.h>

#include "allocate.h"
#include "mesh/map.h"
#include "mesh/random.h"
#include "mesh/set.h"

#define NAME_BYTES 16
#define NO_ELEMENT UINT32_MAX

// Draws of the workload; run/world.c has the purpose before them, stand_ins.c those behind.
enum { DRAW_VALUE = MESH_DRAW_DRIVER + 101, DRAW_CHOICE, DRAW_ELEMENT };

bool sim_content_has_value(enum sim_crdt crdt)
{
    return crdt != SIM_G_COUNTER && crdt != SIM_PN_COUNTER;
}

bool sim_content_is_composed(enum sim_crdt crdt)
{
    return crdt == SIM_OR_SET || crdt == SIM_LWW_MAP;
}

uint32_t sim_content_bytes_min(uint32_t elements)
{
    uint32_t bytes = 0;
    for (uint32_t last = elements - 1; last > 0; last >>= 8) {
        bytes++;
    }
    return bytes;
}

void sim_content_init(struct sim_content *content, const struct sim_workload *workload,
                      uint64_t seed)
{
    *content = (struct sim_content){.workload = workload, .seed = seed};
    content->values = sim_memory_zeroed(workload->updates * sizeof *content->values);
    if (sim_content_is_composed(workload->crdt)) {
        content->elements = sim_memory_zeroed(workload->updates * sizeof *content->elements);
    }
}

void sim_content_finish(struct sim_content *content)
{
    for (uint32_t i = 0; i < content->workload->updates; i++) {
        sim_memory_free(content->values[i]);
    }
    sim_memory_free(content->values);
    sim_memory_free(content->elements);
}

void sim_content_fill(uint64_t seed, uint32_t purpose, uint32_t number, uint32_t count,
                      uint8_t *bytes)
{
    struct mesh_random random = {{0}};
    for (uint32_t i = 0; i < count; i++) {
        if (i % 16 == 0) {
            random = mesh_draw(seed, purpose, 0, number, i / 16);
        }
        bytes[i] = (uint8_t)(random.word[i / 4 % 4] >> 8 * (i % 4));
    }
}

// ---- Planned ----

struct choice {
    bool removes;
    uint32_t element;
};

static struct choice choice_of(const struct sim_content *content, uint32_t update)
{
    const struct sim_workload *workload = content->workload;
    struct mesh_random random = mesh_draw(content->seed, DRAW_CHOICE, 0, update, 0);
    return (struct choice){
        .removes = mesh_below(random.word[0], 100) < workload->remove_percent,
        .element = mesh_below(random.word[1], workload->elements),
    };
}

void sim_content_plan(struct sim_content *content, uint32_t update, struct mesh_write *write)
{
    const struct sim_workload *workload = content->workload;
    bool removes = choice_of(content, update).removes;
    switch (workload->crdt) {
    case SIM_LWW_REGISTER:
        content->values[update] = sim_memory_zeroed(workload->value_bytes);
        sim_content_fill(content->seed, DRAW_VALUE, update, workload->value_bytes,
                         content->values[update]);
        write->type = MESH_LWW_SET;
        write->value = content->values[update];
        write->value_bytes = (uint16_t)workload->value_bytes;
        break;
    case SIM_G_COUNTER:
        write->type = MESH_G_INCREMENT;
        write->amount = 1;
        break;
    case SIM_PN_COUNTER:
        write->type = MESH_PN_ADD;
        write->amount = removes ? (uint64_t)INT64_C(-1) : 1;
        break;
    case SIM_OR_SET: write->type = removes ? MESH_SET_REMOVE : MESH_SET_ADD; break;
    case SIM_LWW_MAP: write->type = removes ? MESH_MAP_REMOVE : MESH_MAP_PUT; break;
    }
}

// ---- What a writer sees ----

// The updates of one set or map that a writer holds, hashed by element, and room to fold them.
struct view {
    const struct sim_content *content;
    const struct mesh_table *table;
    const uint32_t *write_of_lane;
    uint32_t *heads;  // [head_count] of element modulo head_count: 1 + the last lane; 0: none
    uint32_t *links;  // [lanes] 1 + the one before it
    uint32_t head_count;
    struct mesh_set set;
    struct mesh_map map;
    struct mesh_map_entry entry;
};

static uint32_t place_of(const uint32_t *write_of_lane, uint32_t lane)
{
    return write_of_lane == NULL ? lane : write_of_lane[lane];
}

static uint32_t element_of(const struct view *view, uint32_t lane)
{
    return view->content->elements[place_of(view->write_of_lane, lane)];
}

// Links the updates of the write's key that the replica holds, in whatever order.
static void link_held(struct view *view, const struct mesh_replica *replica,
                      const struct mesh_write *write)
{
    const uint64_t *shared = replica->planes + view->table->local_words;
    for (uint32_t word = 0; word <= write->lane / 64; word++) {
        for (uint64_t held = shared[word]; held != 0; held &= held - 1) {
            uint32_t lane = 64 * word + (uint32_t)__builtin_ctzll(held);
            if (place_of(view->write_of_lane, lane) < view->content->workload->updates &&
                view->table->updates[lane].key == write->key) {
                uint32_t *head = &view->heads[element_of(view, lane) % view->head_count];
                view->links[lane] = *head;
                *head = lane + 1;
            }
        }
    }
}

static void view_init(struct view *view, const struct sim_content *content,
                      const struct mesh_states *states, const uint32_t *write_of_lane,
                      uint32_t node, const struct mesh_write *write)
{
    // Each of the updates before this one adds a dot at most; what names them arrives in any order.
    uint32_t most = write->lane + 1;
    uint32_t elements = content->workload->elements;
    uint32_t head_count = elements < most ? elements : most;
    *view = (struct view){
        .content = content,
        .table = states->table,
        .write_of_lane = write_of_lane,
        .heads = sim_memory_zeroed(head_count * sizeof *view->heads),
        .head_count = head_count,
        .links = sim_memory_zeroed(most * sizeof *view->links),
        .set = {.entries = sim_memory_zeroed(most * sizeof *view->set.entries),
                .capacity = most,
                .context = {.runs = sim_memory_zeroed(2 * (size_t)most * sizeof(struct mesh_run)),
                            .capacity = 2 * most}},
        .map = {.capacity = 1},
    };
    view->map.entries = &view->entry;
    link_held(view, mesh_replica_of(states, node), write);
}

static void view_finish(struct view *view)
{
    sim_memory_free(view->heads);
    sim_memory_free(view->links);
    sim_memory_free(view->set.entries);
    sim_memory_free(view->set.context.runs);
}

// Folds what concerns an element, which no update of another element touches: returns whether it is
// there. The set then has its dots.
static bool sees(struct view *view, uint32_t element)
{
    bool set = view->content->workload->crdt == SIM_OR_SET;
    view->set.count = 0;
    view->set.context.count = 0;
    view->map.count = 0;
    for (uint32_t at = view->heads[element % view->head_count]; at != 0; at = view->links[at - 1]) {
        if (element_of(view, at - 1) == element) {
            const struct mesh_update *update = &view->table->updates[at - 1];
            bool applied =
                set ? mesh_set_apply(&view->set, update) : mesh_map_apply(&view->map, update);
            assert(applied);
        }
    }
    return set ? view->set.count > 0 : view->map.count > 0 && !view->entry.removed;
}

// The first element that is there, from `start` on and round.
static uint32_t first_seen(struct view *view, uint32_t start)
{
    uint32_t elements = view->content->workload->elements;
    uint32_t first = NO_ELEMENT;
    uint32_t least = UINT32_MAX;
    for (uint32_t i = 0; i < view->head_count; i++) {
        for (uint32_t at = view->heads[i]; at != 0; at = view->links[at - 1]) {
            uint32_t element = element_of(view, at - 1);
            uint32_t steps = (element + elements - start) % elements;
            if (steps < least && sees(view, element)) {
                least = steps;
                first = element;
            }
        }
    }
    return first;
}

// ---- Composed ----

// Elements differ in their first bytes.
static uint8_t *element_bytes(const struct sim_content *content, uint32_t element)
{
    uint32_t count = content->workload->value_bytes;
    uint8_t *bytes = sim_memory_zeroed(count);
    sim_content_fill(content->seed, DRAW_ELEMENT, element, count, bytes);
    for (uint32_t i = 0; i < sim_content_bytes_min(content->workload->elements); i++) {
        bytes[i] = (uint8_t)(element >> 8 * i);
    }
    return bytes;
}

static uint32_t compose_set(const struct sim_content *content, struct view *view,
                            enum mesh_update_type type, uint32_t element, uint8_t *value)
{
    uint8_t *bytes = element_bytes(content, element);
    uint32_t count = 0;
    sees(view, element);
    while ((count = mesh_set_encode(&view->set, type, bytes, content->workload->value_bytes, value,
                                    MESH_VALUE_BYTES_MAX)) == 0) {
        assert(view->set.count > 0);
        view->set.count -= view->set.count / 16 + 1;
    }
    sim_memory_free(bytes);
    return count;
}

static uint32_t compose_map(const struct sim_content *content, enum mesh_update_type type,
                            uint32_t element, uint32_t update, uint8_t *value)
{
    uint32_t count = content->workload->value_bytes;
    char name[NAME_BYTES];
    uint32_t name_bytes = (uint32_t)snprintf(name, sizeof name, "name-%u", element);
    if (type == MESH_MAP_REMOVE) {
        for (uint32_t i = 0; i < name_bytes; i++) {
            value[i] = (uint8_t)name[i];
        }
        return name_bytes;
    }
    uint8_t *bytes = sim_memory_zeroed(count);
    sim_content_fill(content->seed, DRAW_VALUE, update, count, bytes);
    uint32_t encoded = mesh_map_encode((const uint8_t *)name, name_bytes, bytes, count, value,
                                       MESH_VALUE_BYTES_MAX);
    assert(encoded > 0);
    sim_memory_free(bytes);
    return encoded;
}

void sim_content_compose(struct sim_content *content, uint32_t update,
                         const struct mesh_states *states, const uint32_t *write_of_lane,
                         uint32_t node, struct mesh_write *write)
{
    bool set = content->workload->crdt == SIM_OR_SET;
    struct choice choice = choice_of(content, update);
    struct view view;
    view_init(&view, content, states, write_of_lane, node, write);
    uint32_t seen = choice.removes ? first_seen(&view, choice.element) : NO_ELEMENT;
    uint32_t element = seen != NO_ELEMENT ? seen : choice.element;
    write->type = seen != NO_ELEMENT ? set ? MESH_SET_REMOVE : MESH_MAP_REMOVE
                  : set              ? MESH_SET_ADD
                                     : MESH_MAP_PUT;
    uint8_t *value = sim_memory_zeroed(MESH_VALUE_BYTES_MAX);
    uint32_t count =
        set ? compose_set(content, &view, (enum mesh_update_type)write->type, element, value)
            : compose_map(content, (enum mesh_update_type)write->type, element, update, value);
    content->values[update] = sim_memory_resize(value, count);
    content->elements[place_of(write_of_lane, write->lane)] = element;
    write->value = content->values[update];
    write->value_bytes = (uint16_t)count;
    view_finish(&view);
}
