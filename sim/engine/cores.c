// SPDX-License-Identifier: GPL-3.0-or-later
#include "cores.h"

#include <assert.h>
#include <string.h>

#include "allocate.h"
#include "mesh/guard.h"
#include "state.h"

_Static_assert(SIM_HOST_AGENTS_SERVED_MAX <= SIM_BLOCK_NODES, "a host lies in one block");

// ---- Lifecycle ----

void sim_cores_create(struct sim_engine *engine)
{
    const uint32_t *host_of = engine->config.network->host_of;
    struct sim_cores *cores = &engine->cores;
    cores->per_host = engine->config.network->cores_per_host;
    if (cores->per_host == 0) {
        return;
    }
    for (uint32_t node = 0; node < engine->config.node_count; node++) {
        uint32_t host = host_of[node];
        cores->host_count = host >= cores->host_count ? host + 1 : cores->host_count;
        assert(node == 0 || host_of[node - 1] != host ||
               sim_block_of(engine, node - 1) == sim_block_of(engine, node));
    }
    cores->hosts = sim_memory_zeroed(cores->host_count * sizeof *cores->hosts);
    for (uint32_t node = engine->config.node_count; node-- > 0;) {
        cores->hosts[host_of[node]].node_first = node;
    }
}

static void free_message(const struct sim_served *served)
{
    sim_memory_free(served->owned ? served->message : NULL);
}

static struct sim_served *waiting_at(const struct sim_cores_host *host, uint32_t place)
{
    return &host->waiting[(host->first + place) & (host->capacity - 1)];
}

void sim_cores_finish(struct sim_engine *engine)
{
    for (uint32_t i = 0; i < engine->block_count; i++) {
        struct sim_served_list *list = &engine->blocks[i].served;
        for (uint32_t j = 0; j < list->count; j++) {
            free_message(&list->items[j]);
        }
        sim_memory_free(list->items);
    }
    for (uint32_t i = 0; i < engine->cores.host_count; i++) {
        for (uint32_t j = 0; j < engine->cores.hosts[i].count; j++) {
            free_message(waiting_at(&engine->cores.hosts[i], j));
        }
        sim_memory_free(engine->cores.hosts[i].waiting);
    }
    sim_memory_free(engine->cores.hosts);
}

uint32_t sim_cores_cut(const struct sim_engine *engine, uint32_t first, uint32_t most, uint32_t end)
{
    const uint32_t *host_of = engine->config.network->host_of;
    uint32_t cut = first + most;
    if (engine->config.network->cores_per_host == 0) {
        return cut;
    }
    while (cut > first && host_of[cut - 1] == host_of[cut]) {
        cut--;
    }
    if (cut == first) {
        for (cut = first + 1; cut < end && host_of[cut] == host_of[first]; cut++) {
        }
    }
    assert(cut - first <= SIM_BLOCK_NODES);
    return cut;
}

// ---- The list ----

static bool precedes(const struct sim_served *a, const struct sim_served *b)
{
    if (a->finish_ns != b->finish_ns) {
        return a->finish_ns < b->finish_ns;
    }
    if (a->target != b->target) {
        return a->target < b->target;
    }
    return a->source != b->source ? a->source < b->source : a->sequence < b->sequence;
}

static void push(struct sim_served_list *list, const struct sim_served *served)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
        list->items = sim_memory_resize(list->items, list->capacity * sizeof *list->items);
    }
    uint32_t place = list->count++;
    for (; place > 0 && precedes(served, &list->items[(place - 1) / 2]); place = (place - 1) / 2) {
        list->items[place] = list->items[(place - 1) / 2];
    }
    list->items[place] = *served;
}

static struct sim_served pop(struct sim_served_list *list)
{
    struct sim_served first = list->items[0];
    const struct sim_served last = list->items[--list->count];
    uint32_t place = 0;
    for (uint32_t child; (child = 2 * place + 1) < list->count; place = child) {
        const struct sim_served *children = &list->items[child];
        child += child + 1 < list->count && precedes(&children[1], &children[0]);
        if (!precedes(&list->items[child], &last)) {
            break;
        }
        list->items[place] = list->items[child];
    }
    list->items[place] = last;
    return first;
}

static void own(struct sim_served *served)
{
    if (served->message != NULL && !served->owned) {
        size_t bytes = sim_message_words(served->message) * sizeof(uint64_t);
        struct mesh_message *copy = sim_memory_zeroed(bytes);
        memcpy(copy, served->message, bytes);
        served->message = copy;
        served->owned = true;
    }
}

static void push_lasting(struct sim_served_list *list, struct sim_served served, uint64_t lasts_ns)
{
    if (served.finish_ns >= lasts_ns) {
        own(&served);
    }
    push(list, &served);
}

static struct sim_served_list *list_of(struct sim_engine *engine, struct sim_block *block)
{
    return engine->config.queue == SIM_QUEUE_HEAP ? &engine->blocks[0].served : &block->served;
}

void sim_cores_before(const struct sim_engine *engine, uint64_t *time_ns, uint32_t *node)
{
    const struct sim_served_list *list = &engine->blocks[0].served;
    if (list->count > 0 &&
        (list->items[0].finish_ns < *time_ns ||
         (list->items[0].finish_ns == *time_ns && list->items[0].target < *node))) {
        *time_ns = list->items[0].finish_ns;
        *node = list->items[0].target;
    }
}

// ---- How long it takes ----

static uint32_t fresh_in(const struct sim_engine *engine, const struct mesh_message *message,
                         uint32_t node)
{
    const struct mesh_lanes heard = mesh_message_updates(message);
    const struct mesh_replica *replica = sim_engine_replica(engine, node);
    uint32_t fresh = 0;
    for (uint32_t i = 0; i < heard.words; i++) {
        uint64_t have = replica->planes[heard.word_first + i];
        fresh += (uint32_t)__builtin_popcountll(heard.lanes[i] & ~have);
    }
    return fresh;
}

// Signatures that are checked: of updates on first receipt, of rows whenever they come.
static uint32_t checked_in(const struct sim_engine *engine, const struct sim_served *served,
                           uint64_t time_ns)
{
    const struct mesh_message *message = served->message;
    const struct mesh_guard *guard = engine->config.mesh->guard;
    const struct mesh_states *states = sim_states_of(engine, served->target);
    if (guard != NULL && mesh_guard_reputation(engine->config.mesh, states, served->target,
                                               served->source, time_ns) < guard->threshold_ppb) {
        return 0;
    }
    if (mesh_message_has_rows(message->kind)) {
        return sim_network_updates(message);
    }
    return mesh_message_has_lanes(message->kind) && message->update_count > 0
               ? fresh_in(engine, message, served->target)
               : 0;
}

static uint64_t service_ns(const struct sim_engine *engine, const struct sim_cores_host *host,
                           const struct sim_served *served, uint64_t time_ns)
{
    const struct sim_network *network = engine->config.network;
    const struct sim_slowed *slowed = &host->slowed;
    struct sim_host_work work = {0};
    if (served->message == NULL) {
        sim_host_sign(&work, network, 1);
    } else {
        struct sim_carriage carriage = sim_account_carriage(engine, served->message);
        sim_host_receive(&work, network, &carriage, served->pair != SIM_SAME_HOST);
        sim_host_verify(&work, network, checked_in(engine, served, time_ns));
    }
    uint64_t ns = (work.cpu_ps + 999) / 1000;
    bool slow = time_ns >= slowed->from_ns && time_ns < slowed->until_ns && slowed->share_ppb > 0;
    return slow ? (uint64_t)((mesh_uint128)ns * SIM_PPB / slowed->share_ppb) : ns;
}

void sim_cores_slow(struct sim_engine *engine, uint32_t node, const struct sim_slowed *slowed)
{
    if (engine->cores.per_host > 0) {
        engine->cores.hosts[engine->config.network->host_of[node]].slowed = *slowed;
    }
}

// ---- Waiting, and being served ----

static struct sim_cores_host *host_of(const struct sim_engine *engine, uint32_t node)
{
    return &engine->cores.hosts[engine->config.network->host_of[node]];
}

static void let_wait(struct sim_cores_host *host, struct sim_served served)
{
    if (host->count == host->capacity) {
        uint32_t capacity = host->capacity == 0 ? 16 : 2 * host->capacity;
        struct sim_served *larger = sim_memory_zeroed(capacity * sizeof *larger);
        for (uint32_t i = 0; i < host->count; i++) {
            larger[i] = *waiting_at(host, i);
        }
        sim_memory_free(host->waiting);
        host->waiting = larger;
        host->capacity = capacity;
        host->first = 0;
    }
    own(&served);
    *waiting_at(host, host->count++) = served;
}

// A processor takes up what has waited since served.finish_ns.
static void begin(struct sim_worker *worker, struct sim_served_list *list,
                  struct sim_cores_host *host, struct sim_served served, uint64_t time_ns,
                  uint64_t lasts_ns)
{
    struct sim_waiting *waiting = &worker->waiting;
    uint64_t ns = service_ns(worker->engine, host, &served, time_ns);
    uint64_t wait_ns = time_ns - served.finish_ns;
    waiting->messages += served.message != NULL;
    waiting->service_ns += ns;
    waiting->wait_ns += served.message != NULL ? wait_ns : 0;
    if (served.message != NULL && wait_ns > waiting->wait_ns_max) {
        waiting->wait_ns_max = wait_ns;
    }
    served.finish_ns = time_ns + ns;
    host->busy++;
    push_lasting(list, served, lasts_ns);
}

static void take(struct sim_worker *worker, struct sim_block *block, struct sim_served served,
                 uint64_t lasts_ns)
{
    struct sim_engine *engine = worker->engine;
    struct sim_cores_host *host = host_of(engine, served.target);
    if (host->busy == engine->cores.per_host) {
        let_wait(host, served);
        return;
    }
    begin(worker, list_of(engine, block), host, served, served.finish_ns, lasts_ns);
}

void sim_cores_take(struct sim_worker *worker, struct sim_block *block, uint64_t time_ns,
                    uint32_t node, enum sim_pair_class pair, struct mesh_message *message,
                    uint64_t lasts_ns)
{
    take(worker, block,
         (struct sim_served){.finish_ns = time_ns,
                             .message = message,
                             .target = node,
                             .source = message->source,
                             .sequence = message->sequence,
                             .pair = (uint8_t)pair},
         lasts_ns);
}

void sim_cores_sign(struct sim_worker *worker, struct sim_block *block, uint64_t time_ns,
                    uint32_t node)
{
    if (worker->engine->config.network->signature_bytes > 0) {
        take(worker, block,
             (struct sim_served){.finish_ns = time_ns, .target = node, .source = node}, UINT64_MAX);
    }
}

// The step, unless its node is gone, or pauses: then it is put off.
static void handle(struct sim_worker *worker, struct sim_served_list *list,
                   struct sim_served served, uint64_t end_ns)
{
    struct sim_engine *engine = worker->engine;
    enum sim_pair_class pair = (enum sim_pair_class)served.pair;
    uint64_t resume_ns = 0;
    uint64_t time_ns = served.finish_ns;
    if (!sim_faults_admit_served(worker, served.message, pair, time_ns, served.target,
                                 &resume_ns)) {
        served.finish_ns = resume_ns;
        served.done = true;
        if (resume_ns > 0) {
            push_lasting(list, served, end_ns);
        } else {
            free_message(&served);
        }
        return;
    }
    const struct mesh_message *message = served.message;
    if (served.owned) {  // what it changes is looked at when the window is over
        uint32_t reference = sim_messages_copy(&worker->messages, &worker->output, message);
        free_message(&served);
        message = sim_messages_at(&worker->messages, reference);
    }
    worker->batch[0] = (struct mesh_event){.time_ns = time_ns,
                                           .node = served.target,
                                           .kind = MESH_EVENT_RECEIVE,
                                           .scope = message->scope,
                                           .message = message};
    worker->counters[message->kind][pair].delivered += message->sent_ns >= engine->config.warmup_ns;
    sim_step_batch(worker, &engine->blocks[sim_block_of(engine, served.target)], 1, 0);
}

bool sim_cores_run(struct sim_worker *worker, struct sim_block *block, uint64_t end_ns,
                   uint64_t time_ns, uint32_t node)
{
    struct sim_served_list *list = list_of(worker->engine, block);
    const struct sim_served *first = &list->items[0];
    if (list->count == 0 || first->finish_ns >= end_ns || first->finish_ns > time_ns ||
        (first->finish_ns == time_ns && first->target > node)) {
        return false;
    }
    struct sim_served served = pop(list);
    struct sim_cores_host *host = host_of(worker->engine, served.target);
    uint64_t finish_ns = served.finish_ns;
    bool frees = !served.done;
    if (served.message != NULL) {
        handle(worker, list, served, end_ns);
    }
    host->busy -= frees;
    if (frees && host->count > 0) {
        struct sim_served next = *waiting_at(host, 0);
        host->first = (host->first + 1) & (host->capacity - 1);
        host->count--;
        begin(worker, list, host, next, finish_ns, end_ns);
    }
    return true;
}

// ---- Looking ----

void sim_cores_visit(const struct sim_engine *engine, uint32_t block_first, uint32_t block_end,
                     struct mesh_message *(*visit)(void *context, struct mesh_message *message),
                     void *context)
{
    for (uint32_t block = block_first; block < block_end; block++) {
        const struct sim_served_list *list = &engine->blocks[block].served;
        for (uint32_t i = 0; i < list->count; i++) {
            if (list->items[i].owned) {
                list->items[i].message = visit(context, list->items[i].message);
            }
        }
    }
    for (uint32_t i = 0; i < engine->cores.host_count; i++) {
        const struct sim_cores_host *host = &engine->cores.hosts[i];
        uint32_t block = sim_block_of(engine, host->node_first);
        bool meant = block >= block_first && block < block_end;
        for (uint32_t j = 0; j < host->count && meant; j++) {
            struct sim_served *served = waiting_at(host, j);
            if (served->owned) {
                served->message = visit(context, served->message);
            }
        }
    }
}

struct sim_waiting sim_engine_waiting(const struct sim_engine *engine)
{
    struct sim_waiting sum = {0};
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        const struct sim_waiting *waiting = &engine->workers[i]->waiting;
        sum.messages += waiting->messages;
        sum.service_ns += waiting->service_ns;
        sum.wait_ns += waiting->wait_ns;
        sum.wait_ns_max =
            waiting->wait_ns_max > sum.wait_ns_max ? waiting->wait_ns_max : sum.wait_ns_max;
    }
    return sum;
}
