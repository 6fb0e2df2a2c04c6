// SPDX-License-Identifier: GPL-3.0-or-later
#include "mesh.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t seeds[] = {0, 7};

void mesh_init(struct mesh *mesh, uint32_t count, uint64_t seed, bool lifeguard)
{
    memset(mesh, 0, sizeof *mesh);
    mesh->dice = (struct dice){seed};
    mesh->group = (struct mesh_swim_group){
        .lifeguard = lifeguard,
        .quorum = true,
        .proxies = 3,
        .gossip = 3,
        .news = MESH_SWIM_NEWS_MAX,
        .retransmit = 4,
        .confirmations = 3,
        .period_ns = 100 * MESH_MS,
        .timeout_ns = 30 * MESH_MS,
        .gossip_ns = 20 * MESH_MS,
        .suspicion_ns = 500 * MESH_MS,
        .suspicion_ns_max = (lifeguard ? 3000 : 500) * MESH_MS,
        .sync_ns = 1000 * MESH_MS,
        .seeds = seeds,
        .seed_count = 2,
    };
    mesh->scope =
        (struct mesh_scope){.count = count, .fanout = 1, .update_limit = 1, .interval_ns = MESH_MS};
    mesh->config = (struct mesh_config){.seed = seed,
                                        .scopes = &mesh->scope,
                                        .scope_count = 1,
                                        .swim = &mesh->group,
                                        .swim_count = 1};
    mesh_table_init(&mesh->table, mesh->updates, 64, NULL, 0, NULL);
    for (uint32_t i = 0; i < count; i++) {
        mesh->swims[i].node = i;
    }
    mesh->states = (struct mesh_states){.replicas = mesh->replicas,
                                        .stride = sizeof mesh->replicas[0],
                                        .node_count = count,
                                        .words = 1,
                                        .planes = mesh_planes(&mesh->config),
                                        .table = &mesh->table,
                                        .swims = mesh->swims};
    struct mesh_bound bound = mesh_output_bound(&mesh->config, 1);
    mesh->output = (struct mesh_output){
        .records = malloc(bound.records * sizeof(struct mesh_record)),
        .record_capacity = bound.records,
        .targets = malloc(bound.targets * sizeof(uint32_t)),
        .target_capacity = bound.targets,
        .news = malloc(bound.news * sizeof(struct mesh_news)),
        .news_capacity = bound.news,
        .messages = malloc(bound.message_words * sizeof(uint64_t)),
        .message_word_capacity = bound.message_words,
    };
    mesh->rejects = 0;
}

void mesh_finish(struct mesh *mesh)
{
    for (uint32_t i = 0; i < mesh->flight_count; i++) {
        free(mesh->flights[i].message);
    }
    for (uint32_t i = 0; i < mesh->scope.count; i++) {
        free(mesh->views[i]);
    }
    free(mesh->flights);
    free(mesh->output.records);
    free(mesh->output.targets);
    free(mesh->output.news);
    free(mesh->output.messages);
}

static bool is_cut(const struct mesh *mesh, uint32_t a, uint32_t b)
{
    return mesh->wall > 0 && (a < mesh->wall) != (b < mesh->wall);
}

static void post(struct mesh *mesh, const struct mesh_message *message, uint32_t target)
{
    uint64_t delay_ns = MESH_MS + dice_roll(&mesh->dice) % (4 * MESH_MS);
    if (dice_chance(&mesh->dice, mesh->loss_percent) || is_cut(mesh, message->source, target)) {
        return;
    }
    if (mesh->flight_count == mesh->flight_capacity) {
        mesh->flight_capacity = 2 * mesh->flight_capacity + 64;
        mesh->flights = realloc(mesh->flights, mesh->flight_capacity * sizeof *mesh->flights);
    }
    size_t bytes = sizeof *message + message->words * sizeof(uint64_t);
    struct flight flight = {mesh->now_ns + delay_ns, mesh->flights_ever++, target, malloc(bytes)};
    memcpy(flight.message, message, bytes);
    mesh->flights[mesh->flight_count++] = flight;
}

static void step(struct mesh *mesh, uint32_t node, struct mesh_event event)
{
    struct mesh_swim *swim = &mesh->swims[node];
    event.time_ns = mesh->now_ns;
    event.node = node;
    while (swim->capacity < mesh_swim_wanted(swim, &event)) {
        uint32_t capacity = swim->capacity == 0 ? 4 : 2 * swim->capacity;
        void *old = mesh->views[node];
        mesh->views[node] = calloc(1, mesh_swim_bytes(capacity));
        mesh_swim_give(swim, mesh->views[node], capacity);
        free(old);
    }
    cr_assert_eq(mesh_step(&mesh->config, &mesh->states, &event, 1, &mesh->output), 1);
    for (uint32_t i = 0; i < mesh->output.record_count; i++) {
        const struct mesh_record *record = &mesh->output.records[i];
        mesh->rejects += record->kind == MESH_RECORD_REJECT;
        for (uint32_t j = 0; record->kind == MESH_RECORD_SEND && j < record->send.target_count;
             j++) {
            post(mesh, record->send.message, mesh->output.targets[record->send.target_first + j]);
        }
    }
    mesh->output.record_count = 0;
    mesh->output.target_count = 0;
    mesh->output.message_words = 0;
}

void mesh_start_all(struct mesh *mesh)
{
    for (uint32_t i = 0; i < mesh->scope.count; i++) {
        step(mesh, i, (struct mesh_event){.kind = MESH_EVENT_SWIM_START, .number = 1});
    }
}

void mesh_crash(struct mesh *mesh, uint32_t node)
{
    mesh->down[node] = true;
}

void mesh_join(struct mesh *mesh, uint32_t node)
{
    mesh->down[node] = false;
    step(mesh, node,
         (struct mesh_event){.kind = MESH_EVENT_SWIM_JOIN, .number = mesh->swims[node].life + 1});
}

static bool is_sooner(const struct flight *a, const struct flight *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static uint32_t first_flight(const struct mesh *mesh)
{
    uint32_t first = 0;
    for (uint32_t i = 1; i < mesh->flight_count; i++) {
        first = is_sooner(&mesh->flights[i], &mesh->flights[first]) ? i : first;
    }
    return first;
}

static uint32_t first_timer(const struct mesh *mesh)
{
    uint32_t first = MESH_NODE_NONE;
    for (uint32_t i = 0; i < mesh->scope.count; i++) {
        if (!mesh->down[i] &&
            (first == MESH_NODE_NONE || mesh->swims[i].timer_ns < mesh->swims[first].timer_ns)) {
            first = i;
        }
    }
    return first;
}

void mesh_run(struct mesh *mesh, uint64_t ms)
{
    uint64_t until_ns = mesh->now_ns + ms * MESH_MS;
    for (;;) {
        uint32_t node = first_timer(mesh);
        uint32_t index = first_flight(mesh);
        uint64_t timer_ns = mesh->swims[node].timer_ns;
        uint64_t arrival_ns = mesh->flight_count == 0 ? UINT64_MAX : mesh->flights[index].at_ns;
        if ((timer_ns < arrival_ns ? timer_ns : arrival_ns) > until_ns) {
            break;
        }
        if (timer_ns < arrival_ns) {
            mesh->now_ns = timer_ns;
            step(mesh, node, (struct mesh_event){.kind = MESH_EVENT_SWIM_TIMER});
            continue;
        }
        struct flight flight = mesh->flights[index];
        mesh->flights[index] = mesh->flights[--mesh->flight_count];
        mesh->flights[mesh->flight_count].message = NULL;
        mesh->now_ns = flight.at_ns;
        if (!mesh->down[flight.target]) {
            step(mesh, flight.target,
                 (struct mesh_event){.kind = MESH_EVENT_RECEIVE, .message = flight.message});
        }
        free(flight.message);
    }
    mesh->now_ns = until_ns;
}

uint32_t mesh_hold(const struct mesh *mesh, uint32_t node, enum mesh_swim_state state)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < mesh->scope.count; i++) {
        count += i != node && !mesh->down[i] && mesh_swim_state_of(&mesh->swims[i], node) == state;
    }
    return count;
}

uint32_t mesh_doubts(const struct mesh *mesh)
{
    uint32_t count = 0;
    for (uint32_t node = 0; node < mesh->scope.count; node++) {
        for (uint32_t i = 0; i < mesh->scope.count && !mesh->down[node]; i++) {
            count += i != node && !mesh->down[i] &&
                     mesh_swim_state_of(&mesh->swims[i], node) != MESH_SWIM_ALIVE;
        }
    }
    return count;
}
