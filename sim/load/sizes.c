// SPDX-License-Identifier: GPL-3.0-or-later
// What a message of a scenario costs, part by part, as the encoder has it.
//
//     header | hash | counts | update: fields, value, signature | ... | vector: entry, entry, ...
//
// A part is what the encoded size grows by when it is added, so that nothing of the format is told
// here a second time. The updates are stand-ins for the workload's (stand_ins.h).
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "allocate.h"
#include "content.h"
#include "decimal.h"
#include "loading.h"
#include "mesh/wire.h"
#include "raft_sizes.h"
#include "stand_ins.h"
#include "transport.h"

#define MS_PLACES 6

enum column {
    COLUMN_UPDATES,
    COLUMN_ENTRIES,
    COLUMN_HEADER,
    COLUMN_HASH,
    COLUMN_COUNTS,
    COLUMN_FIELDS,
    COLUMN_VALUES,
    COLUMN_SIGNATURES,
    COLUMN_VECTOR,
    COLUMN_ENCODED,
    COLUMN_COMPRESSED,
    COLUMN_TRANSPORT,
    COLUMN_SENT,
    COLUMN_COUNT
};

// How much a message carries: no update and no entry, one of each, as much as it can.
enum load { LOAD_NONE, LOAD_ONE, LOAD_MOST, LOAD_COUNT };

struct row {
    const char *name;
    uint64_t cells[COLUMN_COUNT];
};

#define MODE(mode) (1u << (mode))
#define EXCHANGED (MODE(MESH_PUSH_PULL) | MODE(MESH_EAGER))
#define EVERY UINT32_MAX

// The messages of each mode, in the order of an exchange.
static const struct kind {
    const char *name;
    enum mesh_message_kind kind;
    uint32_t modes;
    bool updates;  // it carries some
    bool vector;   // it names some
    bool empty;    // it is also sent when it has none
} kinds[] = {
    {"push", MESH_MESSAGE_PUSH, MODE(MESH_PUSH), true, false, true},
    {"eager", MESH_MESSAGE_EAGER, MODE(MESH_EAGER), true, false, false},
    {"open", MESH_MESSAGE_OPEN, EXCHANGED, true, false, true},
    {"open", MESH_MESSAGE_OPEN, MODE(MESH_PULL), false, false, true},
    {"answer", MESH_MESSAGE_ANSWER, EXCHANGED | MODE(MESH_PULL), true, false, true},
    {"vector", MESH_MESSAGE_VECTOR, EXCHANGED | MODE(MESH_PULL), false, true, true},
    {"fill", MESH_MESSAGE_FILL, EXCHANGED, true, true, false},
    {"rest", MESH_MESSAGE_REST, EXCHANGED | MODE(MESH_PULL), true, false, false},
    {"ask", MESH_MESSAGE_ASK, MODE(MESH_RUMOR), false, false, true},
    {"rumor", MESH_MESSAGE_RUMOR, MODE(MESH_RUMOR), true, false, false},
    {"feedback", MESH_MESSAGE_FEEDBACK, MODE(MESH_RUMOR), false, true, false},
    {"delta", MESH_MESSAGE_DELTA, MODE(MESH_DELTA), true, false, false},
    {"join", MESH_MESSAGE_JOIN, EVERY, false, false, true},
    {"snapshot", MESH_MESSAGE_SNAPSHOT, EVERY, true, false, true},
};

#define KIND_COUNT (sizeof kinds / sizeof *kinds)

struct sizes {
    const struct sim_scenario *scenario;
    struct sim_network network;
    struct sim_stand_ins stand_ins;
    struct mesh_message *message;  // with room for two sets of `words`
    uint32_t words;
    struct row rows[KIND_COUNT * LOAD_COUNT];
    uint32_t row_count;
};

static void sizes_init(struct sizes *sizes, const struct sim_scenario *scenario)
{
    *sizes = (struct sizes){.scenario = scenario, .words = (scenario->workload.updates + 63) / 64};
    sizes->network.packet_per_update = !scenario->network.batching;
    sim_transport_init(&sizes->network, &scenario->network);
    sim_stand_ins_init(&sizes->stand_ins, scenario);
    if (scenario->network.compressor == SIM_COMPRESS_ZSTD) {
        sim_stand_ins_compress(&sizes->stand_ins, scenario, &sizes->network.compression);
    }
    sizes->message =
        sim_memory_zeroed(sizeof *sizes->message + 2 * (size_t)sizes->words * sizeof(uint64_t));
    sizes->message->words = (uint16_t)sizes->words;
}

static void sizes_finish(struct sizes *sizes)
{
    sim_stand_ins_finish(&sizes->stand_ins);
    sim_memory_free(sizes->message);
}

// ---- Measuring ----

// Bytes of a message with the first `updates` updates and a vector of the first `named`.
static uint32_t bytes_of(struct sizes *sizes, const struct kind *kind, uint32_t updates,
                         uint32_t named)
{
    struct mesh_message *message = sizes->message;
    // FEEDBACK has two vectors; what is news stands in the first. FILL's stands behind its updates.
    uint64_t *vector = message->lanes + (kind->kind == MESH_MESSAGE_FILL ? message->words : 0);
    message->kind = kind->kind;
    message->update_count = (uint16_t)updates;
    memset(message->lanes, 0, 2 * (size_t)message->words * sizeof *message->lanes);
    for (uint32_t lane = 0; lane < updates; lane++) {
        message->lanes[lane / 64] |= UINT64_C(1) << lane % 64;
    }
    for (uint32_t lane = 0; lane < named; lane++) {
        vector[lane / 64] |= UINT64_C(1) << lane % 64;
    }
    return mesh_wire_message_bytes(&sizes->stand_ins.table, message);
}

// Runs among the first `named` updates: with all of an origin's sequences, one per origin.
static uint32_t entries_of(const struct sizes *sizes, uint32_t named)
{
    uint32_t entries = 0;
    for (uint32_t lane = 0; lane < named; lane++) {
        entries += sizes->stand_ins.table.updates[lane].dot.sequence == 1;
    }
    return entries;
}

static void measure(struct sizes *sizes, const struct kind *kind, enum load load)
{
    uint32_t all = sizes->scenario->workload.updates;
    // A snapshot brings all that is held.
    uint32_t limit =
        kind->kind == MESH_MESSAGE_SNAPSHOT ? UINT16_MAX : sizes->scenario->network.batch_size;
    uint32_t most = limit < all ? limit : all;
    uint32_t full = load == LOAD_NONE ? 0 : load == LOAD_ONE ? 1 : most;
    uint32_t updates = kind->updates ? full : 0;
    // A vector names all that a node holds; feedback what one message carried.
    uint32_t held = load == LOAD_MOST && kind->kind != MESH_MESSAGE_FEEDBACK ? all : full;
    uint32_t named = kind->vector ? held : 0;
    uint64_t empty = bytes_of(sizes, kind, 0, 0);
    uint64_t loaded = bytes_of(sizes, kind, updates, 0);
    uint64_t encoded = bytes_of(sizes, kind, updates, named);
    uint64_t rows = 0;
    uint64_t values = 0;
    for (uint32_t lane = 0; lane < updates; lane++) {
        rows += sizes->stand_ins.table.updates[lane].wire_bytes;
        values += sizes->stand_ins.table.updates[lane].value_bytes;
    }
    struct row *row = &sizes->rows[sizes->row_count++];
    uint64_t *cells = row->cells;
    row->name = kind->name;
    cells[COLUMN_UPDATES] = updates;
    cells[COLUMN_ENTRIES] = entries_of(sizes, named);
    cells[COLUMN_HEADER] = MESH_WIRE_HEADER_BYTES;
    // Empty, a message is its header, its hash if it has one, and a count of one byte per list; a
    // snapshot also says a clock and the length of its base.
    cells[COLUMN_HASH] =
        empty > MESH_WIRE_HEADER_BYTES + MESH_WIRE_HASH_BYTES ? MESH_WIRE_HASH_BYTES : 0;
    cells[COLUMN_COUNTS] = loaded - rows - cells[COLUMN_HEADER] - cells[COLUMN_HASH];
    cells[COLUMN_VALUES] = values;
    cells[COLUMN_SIGNATURES] = (uint64_t)updates * sizes->scenario->network.signature_bytes;
    cells[COLUMN_FIELDS] = rows - cells[COLUMN_VALUES] - cells[COLUMN_SIGNATURES];
    cells[COLUMN_VECTOR] = encoded - loaded;
    cells[COLUMN_ENCODED] = encoded;
    uint32_t carried =
        sim_compression_bytes(&sizes->network.compression, (uint32_t)encoded, updates > 0);
    cells[COLUMN_COMPRESSED] = carried;
    cells[COLUMN_TRANSPORT] = sim_network_transport_bytes(&sizes->network, carried, updates);
    cells[COLUMN_SENT] = carried + cells[COLUMN_TRANSPORT];
}

static bool is_used(const struct sim_gossip *gossip, enum mesh_mode mode, const struct kind *kind)
{
    return (kind->modes & MODE(mode)) != 0 &&
           (kind->kind != MESH_MESSAGE_ASK || gossip->rumor.pull) &&
           (kind->kind != MESH_MESSAGE_FEEDBACK || gossip->rumor.feedback);
}

static void measure_all(struct sizes *sizes, enum mesh_mode mode)
{
    const struct sim_scenario *scenario = sizes->scenario;
    bool several = scenario->workload.updates > 1;
    sizes->row_count = 0;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct kind *kind = &kinds[i];
        bool carries = kind->updates || kind->vector;
        for (enum load load = kind->empty ? LOAD_NONE : LOAD_ONE;
             is_used(&scenario->gossip, mode, kind) &&
             load <= (carries ? several ? LOAD_MOST : LOAD_ONE : LOAD_NONE);
             load++) {
            measure(sizes, kind, load);
        }
    }
}

// ---- Printing ----

static void print_part(FILE *output, const char *name, uint32_t least, uint32_t most,
                       const char *meaning)
{
    char bytes[32];
    snprintf(bytes, sizeof bytes, least == most ? "%" PRIu32 : "%" PRIu32 " to %" PRIu32, least,
             most);
    fprintf(output, "  %-14s %10s  %s\n", name, bytes, meaning);
}

static void print_transport(const struct sizes *sizes, FILE *output)
{
    const struct sim_network *network = &sizes->network;
    char meaning[200];
    char acknowledged[80] = "";
    if (network->ack_bytes > 0) {
        snprintf(acknowledged, sizeof acknowledged, ", and %" PRIu32 " back for every second one",
                 network->ack_bytes);
    }
    snprintf(meaning, sizeof meaning, "added to every packet of at most %" PRIu32 " bytes%s%s",
             network->packet_bytes_max, network->packet_per_update ? " and one update" : "",
             acknowledged);
    print_part(output, sim_transport_name(sizes->scenario->network.transport),
               network->packet_overhead_bytes, network->packet_overhead_bytes, meaning);
}

static void print_handshakes(const struct sizes *sizes, FILE *output)
{
    static const char *const names[] = {"handshake", "resumed"};
    for (uint32_t kind = 0; kind < SIM_HANDSHAKE_NONE; kind++) {
        const struct sim_handshake *handshake = &sizes->network.handshakes[kind];
        uint32_t bytes = handshake->there_bytes + handshake->back_bytes;
        char meaning[200];
        snprintf(meaning, sizeof meaning,
                 "%" PRIu32 " there and %" PRIu32 " back, %" PRIu32
                 " round trip%s before the first message; connections are %s",
                 handshake->there_bytes, handshake->back_bytes, handshake->round_trips,
                 handshake->round_trips == 1 ? "" : "s",
                 sizes->scenario->network.connections.cold ? "cold" : "warm");
        if (bytes > 0 && (kind == SIM_HANDSHAKE_FULL || sizes->network.encrypted)) {
            print_part(output, names[kind], bytes, bytes, meaning);
        }
    }
}

static void print_compression(const struct sizes *sizes, FILE *output)
{
    const struct sim_compression *compression = &sizes->network.compression;
    if (!compression->measured) {
        return;
    }
    fprintf(output, "\nzstd %s, bytes of messages before and after; a run keeps these figures\n",
            sim_compression_version());
    for (uint32_t payload = 0; payload < SIM_PAYLOAD_COUNT; payload++) {
        for (uint32_t class = 0; class < SIM_SIZE_CLASSES; class ++) {
            const struct sim_compressed *sample = &compression->classes[payload][class];
            if (sample->encoded_bytes > 0) {
                fprintf(output, "  %-14s %10" PRIu32 " %10" PRIu32 "%s\n",
                        sim_payload_name((enum sim_payload)payload), sample->encoded_bytes,
                        sample->compressed_bytes,
                        sample->compressed_bytes < sample->encoded_bytes ? "" : "  sent as it is");
            }
        }
    }
}
// ---- Scopes ----

// "  edges         500 of 2,000 agents; push-pull with 10 every 100 ms"
static void print_scope(FILE *output, const char *name, const char *members, const char *with,
                        uint64_t interval_ns)
{
    char interval[SIM_DECIMAL_TEXT_BYTES];
    sim_decimal_format((int64_t)interval_ns, MS_PLACES, interval);
    fprintf(output, "  %-13s %s; %s every %s ms\n", name, members, with, interval);
}

#define SCOPE_BYTES 120

static void print_regions(const struct sim_scenario *scenario, const char *inside, FILE *output)
{
    char numbers[2][SIM_COUNT_BYTES];
    char members[SCOPE_BYTES];
    char with[SCOPE_BYTES];
    uint32_t least = UINT32_MAX;
    uint32_t most = 0;
    uint64_t bridges = 0;
    for (uint32_t i = 0; i < scenario->region_count; i++) {
        uint32_t agents = scenario->regions[i].agents;
        least = agents < least ? agents : least;
        most = agents > most ? agents : most;
        bridges += scenario->regions[i].leader_count;
    }
    snprintf(members, sizeof members,
             least == most ? "%" PRIu32 " of %s agents" : "%" PRIu32 " of %s to %s agents",
             scenario->region_count, sim_count_text(least, numbers[0]),
             sim_count_text(most, numbers[1]));
    print_scope(output, "regions", members, inside, scenario->gossip.interval_ns);
    snprintf(members, sizeof members, "%s in all", sim_count_text(bridges, numbers[0]));
    snprintf(with, sizeof with, "push-pull with %" PRIu32 " of other regions",
             scenario->leaders.fanout);
    print_scope(output, "bridges", members, with, scenario->leaders.interval_ns);
}

static void print_tiers(const struct sim_scenario *scenario, const char *inside, FILE *output)
{
    const struct sim_hierarchy *hierarchy = &scenario->hierarchy;
    char numbers[3][SIM_COUNT_BYTES];
    char members[SCOPE_BYTES];
    char with[SCOPE_BYTES];
    uint64_t edges = sim_edge_count(scenario);
    bool even = scenario->agents % edges == 0;
    snprintf(members, sizeof members, even ? "%s of %s agents" : "%s of %s to %s agents",
             sim_count_text(edges, numbers[0]),
             sim_count_text(scenario->agents / edges, numbers[1]),
             sim_count_text(scenario->agents / edges + 1, numbers[2]));
    print_scope(output, "edges", members, inside, scenario->gossip.interval_ns);
    snprintf(members, sizeof members, "%s, %" PRIu32 " of each edge",
             sim_count_text(edges * hierarchy->relays, numbers[0]), hierarchy->relays);
    print_scope(output, "relays", members, "push-pull with their aggregator",
                hierarchy->aggregator_interval_ns);
    snprintf(members, sizeof members, "%s, %" PRIu32 " of each region",
             sim_count_text((uint64_t)scenario->region_count * hierarchy->aggregators_per_region,
                            numbers[0]),
             hierarchy->aggregators_per_region);
    snprintf(with, sizeof with, "push-pull with %" PRIu32 " coordinators",
             hierarchy->coordinators_addressed);
    print_scope(output, "aggregators", members, with, hierarchy->aggregator_interval_ns);
    snprintf(members, sizeof members, "%s", sim_count_text(hierarchy->coordinators, numbers[0]));
    snprintf(with, sizeof with, "push-pull with %" PRIu32 " others",
             hierarchy->coordinators_addressed);
    print_scope(output, "coordinators", members, with, hierarchy->global_interval_ns);
}

// Who sends the messages below, where that is not simply everybody.
static void print_scopes(const struct sim_scenario *scenario, FILE *output)
{
    char inside[SCOPE_BYTES];
    snprintf(inside, sizeof inside, "%s with %" PRIu32, sim_mode_name(scenario->gossip.mode),
             scenario->gossip.fanout);
    if (scenario->topology == SIM_MULTI_REGION_LEADERS) {
        fprintf(output, "\nscopes and links\n");
        print_regions(scenario, inside, output);
    } else if (scenario->topology == SIM_HIERARCHICAL) {
        fprintf(output, "\nscopes and links\n");
        print_tiers(scenario, inside, output);
    }
}

// ---- The parts and the messages ----

// What all updates of one writer add to a vector: an entry.
static uint32_t entry_bytes(struct sizes *sizes, uint32_t origin)
{
    static const struct kind vector = {.kind = MESH_MESSAGE_VECTOR};
    uint32_t empty = bytes_of(sizes, &vector, 0, 0);
    for (uint32_t lane = 0; lane < sizes->stand_ins.table.lane_count; lane++) {
        if (sizes->stand_ins.table.updates[lane].dot.origin == origin) {
            sizes->message->lanes[lane / 64] |= UINT64_C(1) << lane % 64;
        }
    }
    return mesh_wire_message_bytes(&sizes->stand_ins.table, sizes->message) - empty;
}

static const char *const value_meanings[] = {
    [SIM_LWW_REGISTER] = "workload.value_bytes",
    [SIM_G_COUNTER] = "a counter's updates have none",
    [SIM_PN_COUNTER] = "a counter's updates have none",
    [SIM_OR_SET] = "an add's workload.value_bytes; the dots observed, if all before are known",
    [SIM_LWW_MAP] = "a name; under it, unless it is removed, workload.value_bytes",
};

struct extent {
    uint32_t least;
    uint32_t most;
};

static void extend(struct extent *extent, uint32_t value)
{
    extent->least = value < extent->least ? value : extent->least;
    extent->most = value > extent->most ? value : extent->most;
}

static void print_parts(struct sizes *sizes, FILE *output)
{
    struct extent fields = {UINT32_MAX, 0};
    struct extent values = {UINT32_MAX, 0};
    uint32_t origin_max = 0;
    for (uint32_t lane = 0; lane < sizes->stand_ins.table.lane_count; lane++) {
        const struct mesh_update *update = &sizes->stand_ins.table.updates[lane];
        extend(&values, update->value_bytes);
        extend(&fields,
               update->wire_bytes - update->value_bytes - sizes->scenario->network.signature_bytes);
        origin_max = update->dot.origin > origin_max ? update->dot.origin : origin_max;
    }
    uint32_t entry_first = entry_bytes(sizes, 0);
    uint32_t entry_last = entry_bytes(sizes, origin_max);
    fprintf(output, "\nparts, bytes\n");
    print_part(output, "header", MESH_WIRE_HEADER_BYTES, MESH_WIRE_HEADER_BYTES,
               "kind, scope, source, initiator, occasion");
    print_part(output, "hash", MESH_WIRE_HASH_BYTES, MESH_WIRE_HASH_BYTES,
               "of all that the sender holds");
    print_part(output, "update fields", fields.least, fields.most,
               "origin, sequence, clock, type, key, and the amount or the value's length");
    print_part(output, "value", values.least, values.most,
               value_meanings[sizes->scenario->workload.crdt]);
    print_part(output, "signature", sizes->scenario->network.signature_bytes,
               sizes->scenario->network.signature_bytes, "security.signature_algo");
    print_part(output, "vector entry", entry_first < entry_last ? entry_first : entry_last,
               entry_first > entry_last ? entry_first : entry_last,
               "origin, first sequence, how many without a gap");
    print_transport(sizes, output);
    print_handshakes(sizes, output);
}

static int width_of(const struct sizes *sizes, int column, const char *title)
{
    int width = (int)strlen(title);
    for (uint32_t i = 0; i < sizes->row_count; i++) {
        int digits = snprintf(NULL, 0, "%" PRIu64, sizes->rows[i].cells[column]);
        width = digits > width ? digits : width;
    }
    return width;
}

static void print_messages(const struct sizes *sizes, const char *title, FILE *output)
{
    const char *titles[COLUMN_COUNT] = {
        [COLUMN_UPDATES] = "updates", [COLUMN_ENTRIES] = "entries",
        [COLUMN_HEADER] = "header",   [COLUMN_HASH] = "hash",
        [COLUMN_COUNTS] = "counts",   [COLUMN_FIELDS] = "fields",
        [COLUMN_VALUES] = "values",   [COLUMN_SIGNATURES] = "signatures",
        [COLUMN_VECTOR] = "vector",   [COLUMN_ENCODED] = "encoded",
        [COLUMN_SENT] = "sent",
    };
    // Without compression the column would repeat the one before it.
    titles[COLUMN_COMPRESSED] = sizes->network.compression.measured ? "zstd" : NULL;
    titles[COLUMN_TRANSPORT] = sim_transport_name(sizes->scenario->network.transport);
    fprintf(output, "\n%s, bytes\n  %-8s", title, "");
    for (int column = 0; column < COLUMN_COUNT; column++) {
        if (titles[column] == NULL) {
            continue;
        }
        fprintf(output, "  %*s", width_of(sizes, column, titles[column]), titles[column]);
    }
    fprintf(output, "\n");
    for (uint32_t i = 0; i < sizes->row_count; i++) {
        fprintf(output, "  %-8s", sizes->rows[i].name);
        for (int column = 0; column < COLUMN_COUNT; column++) {
            if (titles[column] == NULL) {
                continue;
            }
            fprintf(output, "  %*" PRIu64, width_of(sizes, column, titles[column]),
                    sizes->rows[i].cells[column]);
        }
        fprintf(output, "\n");
    }
}

// Links between scopes are exchanges whatever the mode within them.
static void print_all_messages(struct sizes *sizes, FILE *output)
{
    enum mesh_mode mode = sizes->scenario->gossip.mode;
    enum sim_topology topology = sizes->scenario->topology;
    bool links = topology == SIM_MULTI_REGION_LEADERS || topology == SIM_HIERARCHICAL;
    measure_all(sizes, mode);
    print_messages(sizes, "messages", output);
    if (links && (MODE(mode) & EXCHANGED) == 0) {
        measure_all(sizes, MESH_PUSH_PULL);
        print_messages(sizes, "messages of links", output);
    }
    if (topology == SIM_MULTI_REGION_LEADERS) {
        sim_print_raft_sizes(&sizes->network, &sizes->stand_ins.table, output);
    }
}

bool sim_lint_sizes(const char *path, const struct sim_overrides *overrides, FILE *output,
                    struct sim_error *error)
{
    struct sim_scenario *scenarios;
    uint32_t count;
    if (!sim_load_scenario(path, overrides, &scenarios, &count, error)) {
        return false;
    }
    struct sizes sizes;
    sizes_init(&sizes, &scenarios[0]);
    fprintf(output, "%s: mode %s, %" PRIu32 " agents, %" PRIu32 " updates\n", path,
            sim_mode_name(scenarios[0].gossip.mode), scenarios[0].agents,
            scenarios[0].workload.updates);
    if (count > 1) {
        fprintf(output, "of the first of %" PRIu32 " cells: %s\n", count, scenarios[0].cell);
    }
    print_scopes(&scenarios[0], output);
    print_parts(&sizes, output);
    print_compression(&sizes, output);
    print_all_messages(&sizes, output);
    sizes_finish(&sizes);
    sim_scenarios_destroy(scenarios, count);
    if (fflush(output) != 0 || ferror(output)) {
        return sim_error_set(error, SIM_ERROR_IO, "cannot write the sizes");
    }
    return true;
}
