// SPDX-License-Identifier: GPL-3.0-or-later
#include "reporting.h"

#include <assert.h>
#include <string.h>

#include "allocate.h"
#include "mesh/random.h"
#include "report_content.h"

// Draws of the workload; content.c has the purposes before them.
enum { DRAW_REPORT_PHASE = MESH_DRAW_DRIVER + 110 };

enum { AGGREGATOR, COORDINATORS };  // above_ns, covered

// In so many intervals of an edge a report is held by all, no longer recent, and has given back its
// lane, unless its edge is slow: then the table grows.
#define SETTLED_INTERVALS 5u

// What a relay was told when it made a row.
struct sim_row_snapshot {
    struct sim_row_snapshot *next;
    struct mesh_row_name name;
    uint32_t numbers[];  // by agent of the edge
};

// ---- Sizes ----

bool sim_reports_wanted(const struct sim_scenario *scenario)
{
    return scenario->topology == SIM_HIERARCHICAL && scenario->workload.report_every_ns > 0;
}

static uint64_t end_ns(const struct sim_scenario *scenario)
{
    return scenario->duration_ns > 0 ? scenario->duration_ns : (uint64_t)SIM_OPEN_END_NS;
}

// The engine goes on to the end of its last window.
static uint32_t numbers_max(const struct sim_scenario *scenario)
{
    return (uint32_t)((end_ns(scenario) + SIM_WINDOW_NS_MAX) / scenario->workload.report_every_ns +
                      1);
}

static uint32_t edges_of(const struct sim_scenario *scenario)
{
    return scenario->region_count * scenario->hierarchy.aggregators_per_region *
           scenario->hierarchy.edges_per_aggregator;
}

// Agents are dealt evenly to the edges of each region.
static uint32_t edge_agents_max(const struct sim_scenario *scenario)
{
    uint32_t edges =
        scenario->hierarchy.aggregators_per_region * scenario->hierarchy.edges_per_aggregator;
    uint32_t most = 0;
    for (uint32_t i = 0; i < scenario->region_count; i++) {
        uint32_t agents = (scenario->regions[i].agents + edges - 1) / edges;
        most = agents > most ? agents : most;
    }
    return most;
}

// For so long faults may keep a report from being held by all of its edge.
static uint64_t held_up_ns(const struct sim_scenario *scenario)
{
    uint64_t sum_ns = 0;
    for (uint32_t i = 0; i < scenario->fault_count; i++) {
        const struct sim_fault *fault = &scenario->faults[i];
        bool once = fault->every_ns == 0 && fault->until_ns != SIM_FAULT_NEVER &&
                    fault->verb != SIM_FAULT_CHURN;
        bool harmless = fault->verb == SIM_FAULT_SKEW || fault->verb == SIM_FAULT_RESTART ||
                        fault->verb == SIM_FAULT_MASS_JOIN;
        sum_ns += harmless ? 0 : once ? fault->until_ns - fault->at_ns : end_ns(scenario);
    }
    return sum_ns;
}

static uint32_t lanes_max(const struct sim_scenario *scenario)
{
    uint64_t all = (uint64_t)numbers_max(scenario) * edge_agents_max(scenario);
    return all < SIM_LOCAL_LANES_MAX ? (uint32_t)all : SIM_LOCAL_LANES_MAX;
}

// Those written since they could settle; whole cache lines of a plane.
uint32_t sim_reports_lanes(const struct sim_scenario *scenario)
{
    uint64_t settled_ns = SETTLED_INTERVALS * scenario->gossip.interval_ns + held_up_ns(scenario);
    uint64_t under_way =
        settled_ns * edge_agents_max(scenario) / scenario->workload.report_every_ns + 1;
    uint64_t lanes = (under_way + 511) / 512 * 512;
    uint64_t all = lanes_max(scenario);
    return scenario->gossip.mode == MESH_PUSH || lanes > all ? (uint32_t)all : (uint32_t)lanes;
}

uint64_t sim_reports_bytes(const struct sim_scenario *scenario)
{
    uint64_t reports = (uint64_t)scenario->agents * numbers_max(scenario);
    uint64_t kept = (3 + scenario->hierarchy.coordinators) * sizeof(uint32_t) +
                    (scenario->fault_count > 0 ? sizeof(uint64_t) : 0);
    uint64_t each = sizeof(struct sim_report_result) + sizeof(uint32_t) + sizeof(uint8_t) +
                    (scenario->fault_count > 0 ? 4 : 3) * sizeof(uint64_t);
    uint64_t lanes = (uint64_t)edges_of(scenario) * sim_reports_lanes(scenario);
    uint64_t per_lane = sizeof(struct mesh_update) + MESH_REPORT_BYTES_MAX +
                        4 * sizeof(uint32_t) +                                        // index
                        MESH_SIZE_PLANES * sizeof(uint64_t) / 64 + sizeof(uint16_t);  // holders
    return reports * each + scenario->agents * kept + lanes * per_lane;
}

static uint64_t message_bytes(const struct sim_scenario *scenario, uint32_t sets)
{
    uint64_t words = (uint64_t)sets * (1 + sim_reports_lanes(scenario) / 64);
    return sizeof(struct mesh_message) + words * sizeof(uint64_t);
}

// What is sent in answer to what one agent sends on a tick, each message with all the words it may
// have: to OPEN there is ANSWER, VECTOR, FILL of two sets, and REST. With an event of the queue for
// each and for OPEN.
static uint64_t answer_bytes(const struct sim_scenario *scenario)
{
    uint64_t copies = 3 * message_bytes(scenario, 1) + message_bytes(scenario, 2);
    uint64_t events = 5 * sizeof(uint64_t);
    return scenario->gossip.mode == MESH_PUSH ? 0 : scenario->gossip.fanout * (copies + events);
}

// Whether answers give their memory back at the receipt (strides.c). Where there are no strides for
// other reasons, memory is kept hardly longer than that.
static bool gives_back(const struct sim_network_settings *network)
{
    bool uniform = network->duplicate_ppb == 0;
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        uniform = uniform && network->quantiles[pair] == NULL && !network->tiers_by_place[pair];
    }
    return uniform;
}

// A message is kept for the longest latency within an edge and the windows of a stride, an answer
// perhaps for the latency only. Threads keep the memory of the most they ever sent in a stride: a
// quarter more, since they take turns.
uint64_t sim_reports_under_way_bytes(const struct sim_scenario *scenario)
{
    uint64_t longest_ns = 0;
    for (uint32_t pair = SIM_SAME_HOST; pair <= SIM_SAME_REGION; pair++) {
        uint64_t latency_ns = scenario->network.latency[pair].maximum_ns;
        longest_ns = latency_ns > longest_ns ? latency_ns : longest_ns;
    }
    uint64_t kept_ns = longest_ns + SIM_STRIDE_WINDOWS_MAX * (uint64_t)SIM_WINDOW_NS_MAX;
    uint64_t answer_ns = gives_back(&scenario->network) ? longest_ns : kept_ns;
    double bytes = (double)message_bytes(scenario, 1) * (double)kept_ns +
                   (double)answer_bytes(scenario) * (double)answer_ns;
    double ticks = (double)scenario->agents / (double)(scenario->gossip.interval_ns + 1);
    return (uint64_t)(1.25 * bytes * ticks);
}

// ---- What is reported ----

static uint64_t first_ns(void *context, uint32_t agent)
{
    const struct sim_reports *reports = context;
    struct mesh_random random = mesh_draw(reports->seed, DRAW_REPORT_PHASE, 0, agent, 0);
    return mesh_below_wide(random.word[0], random.word[1],
                           reports->scenario->workload.report_every_ns);
}

static struct mesh_report compose(void *context, uint32_t agent, uint32_t number)
{
    const struct sim_reports *reports = context;
    return sim_report_content(reports->scenario, &reports->world->places, reports->seed, agent,
                              number);
}

struct sim_reporting sim_reports_source(struct sim_reports *reports)
{
    return (struct sim_reporting){
        .context = reports,
        .every_ns = reports->scenario->workload.report_every_ns,
        .until_ns = sim_scenario_end_ns(reports->scenario),
        .local_lanes = sim_reports_lanes(reports->scenario),
        .local_lanes_max = lanes_max(reports->scenario),
        .agents_per_edge_max = reports->edge_agents_max,
        .first_ns = first_ns,
        .compose = compose,
    };
}

static uint64_t written_ns(const struct sim_reports *reports, uint32_t agent, uint32_t number)
{
    if (reports->faults) {
        return reports->written_at_ns[(size_t)agent * reports->numbers_max + number - 1];
    }
    return first_ns((void *)reports, agent) +
           (number - 1) * reports->scenario->workload.report_every_ns;
}

// ---- Lifecycle ----

static uint32_t share_of(uint32_t count, uint64_t ppb)
{
    return (uint32_t)((count * ppb + SIM_PPB - 1) / SIM_PPB);
}

static void number_relays(struct sim_reports *reports)
{
    const struct sim_scopes *scopes = &reports->world->scopes;
    uint32_t agents = reports->world->places.agents;
    reports->slot_of = sim_memory_zeroed(agents * sizeof *reports->slot_of);
    memset(reports->slot_of, 0xff, agents * sizeof *reports->slot_of);
    for (uint32_t i = reports->world->places.edges.count + 2; i < scopes->new_count; i++) {
        for (uint32_t j = 0; j < scopes->items[i].count; j++) {
            reports->slot_of[scopes->items[i].members[j]] = reports->slot_count++;
        }
    }
}

void sim_reports_init(struct sim_reports *reports, const struct sim_scenario *scenario,
                      const struct sim_world *world, uint64_t seed, struct sim_result *result)
{
    size_t agents = world->places.agents;
    size_t edges = world->places.edges.count;
    size_t coordinators = world->places.coordinators;
    *reports = (struct sim_reports){
        .scenario = scenario,
        .world = world,
        .result = result,
        .seed = seed,
        .numbers_max = numbers_max(scenario),
        .edge_agents_max = edge_agents_max(scenario),
    };
    size_t all = agents * reports->numbers_max;
    assert(edges == edges_of(scenario));
    number_relays(reports);
    reports->count_holders = sim_holders_best_code();
    reports->written = sim_memory_zeroed(agents * sizeof *reports->written);
    reports->holders = sim_memory_zeroed(all * sizeof *reports->holders);
    reports->listened = sim_memory_zeroed(edges * sizeof *reports->listened);
    reports->reached = sim_memory_zeroed(all);
    reports->faults = scenario->fault_count > 0;
    if (reports->faults) {
        reports->written_at_ns = sim_memory_zeroed(all * sizeof *reports->written_at_ns);
        reports->up_since_ns = sim_memory_zeroed(world->places.nodes * sizeof(uint64_t));
        reports->uneven = sim_memory_zeroed(edges * sizeof *reports->uneven);
    }
    reports->edge_ns = sim_memory_zeroed(all * sizeof *reports->edge_ns);
    for (uint32_t tier = AGGREGATOR; tier <= COORDINATORS; tier++) {
        reports->above_ns[tier] = sim_memory_zeroed(all * sizeof *reports->above_ns[tier]);
        reports->covered[tier] = sim_memory_zeroed(agents * sizeof *reports->covered[tier]);
    }
    reports->told = sim_memory_zeroed((size_t)reports->slot_count * reports->edge_agents_max *
                                      sizeof *reports->told);
    reports->needed = sim_memory_zeroed(edges * sizeof *reports->needed);
    for (uint32_t edge = 0; edge < edges; edge++) {
        const uint32_t *starts = world->places.edges.starts;
        reports->needed[edge] =
            share_of(starts[edge + 1] - starts[edge], scenario->gossip.threshold_ppb);
    }
    reports->rows = sim_memory_zeroed(edges * sizeof(struct sim_row_snapshot *));
    reports->covered_by = sim_memory_zeroed(coordinators * agents * sizeof *reports->covered_by);
    reports->held_rows = sim_memory_zeroed(coordinators * edges * sizeof *reports->held_rows);
}

void sim_reports_finish(struct sim_reports *reports)
{
    for (uint32_t edge = 0; edge < reports->world->places.edges.count; edge++) {
        for (struct sim_row_snapshot *row = reports->rows[edge]; row != NULL;) {
            struct sim_row_snapshot *next = row->next;
            sim_memory_free(row);
            row = next;
        }
        sim_memory_free(reports->listened[edge].counts);
    }
    sim_memory_free(reports->listened);
    sim_memory_free(reports->slot_of);
    sim_memory_free(reports->written);
    sim_memory_free(reports->holders);
    sim_memory_free(reports->reached);
    sim_memory_free(reports->written_at_ns);
    sim_memory_free(reports->up_since_ns);
    sim_memory_free(reports->uneven);
    sim_memory_free(reports->transitions);
    sim_memory_free(reports->edge_ns);
    for (uint32_t tier = AGGREGATOR; tier <= COORDINATORS; tier++) {
        sim_memory_free(reports->above_ns[tier]);
        sim_memory_free(reports->covered[tier]);
    }
    sim_memory_free(reports->told);
    sim_memory_free(reports->needed);
    sim_memory_free(reports->rows);
    sim_memory_free(reports->covered_by);
    sim_memory_free(reports->held_rows);
}

// ---- In the edge ----

static uint64_t since_ns(const struct sim_reports *reports, uint32_t agent, uint32_t number,
                         uint64_t now_ns)
{
    return now_ns - written_ns(reports, agent, number);
}

static bool was_up(const struct sim_reports *reports, uint32_t node, uint64_t since_ns)
{
    return !reports->faults || reports->up_since_ns[node] <= since_ns;
}

// The agents of an edge that count for a report, which `edge` is where nobody was ever down.
static uint32_t counted(const struct sim_reports *reports, uint32_t edge, uint64_t since_ns)
{
    const uint32_t *starts = reports->world->places.edges.starts;
    uint32_t count = starts[edge + 1] - starts[edge];
    if (!reports->faults || !reports->uneven[edge]) {
        return count;
    }
    count = 0;
    for (uint32_t agent = starts[edge]; agent < starts[edge + 1]; agent++) {
        count += was_up(reports, agent, since_ns);
    }
    return count;
}

static void note_holder(struct sim_reports *reports, const struct sim_note *note, uint32_t edge)
{
    size_t at = (size_t)note->author * reports->numbers_max + note->number - 1;
    uint64_t at_ns = written_ns(reports, note->author, note->number);
    if (!was_up(reports, note->node, at_ns)) {
        return;
    }
    reports->holders[at]++;
    if (!reports->reached[at] &&
        reports->holders[at] >=
            share_of(counted(reports, edge, at_ns), reports->scenario->gossip.threshold_ppb)) {
        reports->reached[at] = 1;
        reports->edge_ns[at] = note->time_ns - at_ns;
    }
}

static void note_report(struct sim_reports *reports, const struct sim_note *note)
{
    const struct sim_shares *edges = &reports->world->places.edges;
    uint32_t edge = sim_shares_find(edges, note->author);
    uint32_t first = edges->starts[edge];
    assert(note->number <= reports->numbers_max);
    size_t at = (size_t)note->author * reports->numbers_max + note->number - 1;
    if (note->node == note->author) {
        reports->written[note->author] = note->number;
        if (reports->faults && reports->written_at_ns[at] == 0) {
            reports->written_at_ns[at] = note->time_ns;
        }
    }
    note_holder(reports, note, edge);
    uint32_t slot = reports->slot_of[note->node];
    if (slot != UINT32_MAX) {
        size_t place = (size_t)slot * reports->edge_agents_max + note->author - first;
        uint32_t *told = &reports->told[place];
        *told = note->number > *told ? note->number : *told;
    }
}

bool sim_reports_can_listen(const struct sim_reports *reports)
{
    return !reports->faults;
}

static void note_told(uint32_t *told, uint32_t first, struct mesh_dot dot)
{
    uint32_t author = dot.origin - MESH_NODE_MAX - first;
    told[author] = dot.sequence > told[author] ? dot.sequence : told[author];
}

static void give_lanes(struct sim_holders *holders, uint32_t lanes)
{
    if (lanes > holders->lanes) {
        holders->counts = sim_memory_resize(holders->counts, lanes * sizeof *holders->counts);
        holders->lanes = lanes;
    }
}

// A lane that begins anew: its holders are those of the report that was written.
static void begin_lane(struct sim_reports *reports, const struct sim_heard *heard)
{
    struct sim_holders *holders = &reports->listened[heard->edge];
    uint32_t lane = 64 * heard->news[0].word + (uint32_t)__builtin_ctzll(heard->news[0].lanes);
    give_lanes(holders, heard->reports->lane_capacity);
    holders->counts[lane] = 0;
    reports->written[heard->node] = heard->reports->updates[lane].dot.sequence;
}

static void reach(struct sim_reports *reports, const struct sim_heard *heard, uint32_t lane)
{
    struct mesh_dot dot = heard->reports->updates[lane].dot;
    uint32_t author = dot.origin - MESH_NODE_MAX;
    assert(dot.sequence <= reports->numbers_max);
    size_t at = (size_t)author * reports->numbers_max + dot.sequence - 1;
    reports->reached[at] = 1;
    reports->edge_ns[at] = heard->time_ns - written_ns(reports, author, dot.sequence);
}

static void tell_relay(struct sim_reports *reports, const struct sim_heard *heard, uint32_t slot)
{
    uint32_t first = reports->world->places.edges.starts[heard->edge];
    uint32_t *told = &reports->told[(size_t)slot * reports->edge_agents_max];
    for (uint32_t i = 0; i < heard->news_count; i++) {
        const struct mesh_update *updates =
            &heard->reports->updates[(size_t)64 * heard->news[i].word];
        for (uint64_t left = heard->news[i].lanes; left != 0; left &= left - 1) {
            note_told(told, first, updates[__builtin_ctzll(left)].dot);
        }
    }
}

// All that is touched here belongs to the edge.
void sim_reports_heard(struct sim_reports *reports, const struct sim_heard *heard)
{
    uint32_t needed = reports->needed[heard->edge];
    uint32_t slot = reports->slot_of[heard->node];
    if (heard->wrote) {
        begin_lane(reports, heard);
    }
    sim_holders_code *count = reports->count_holders;
    uint16_t *counts = reports->listened[heard->edge].counts;
    for (uint32_t i = 0; i < heard->news_count; i++) {
        uint32_t first = 64 * heard->news[i].word;
        for (uint64_t left = count(counts + first, heard->news[i].lanes, needed); left != 0;
             left &= left - 1) {
            reach(reports, heard, first + (uint32_t)__builtin_ctzll(left));
        }
    }
    if (slot != UINT32_MAX) {
        tell_relay(reports, heard, slot);
    }
}

// ---- Above it ----

static bool name_precedes(const struct mesh_row_name *a, const struct mesh_row_name *b)
{
    if (a->reports != b->reports) {
        return a->reports < b->reports;
    }
    return a->clock != b->clock ? a->clock < b->clock : a->relay < b->relay;
}

static void row_made(struct sim_reports *reports, const struct sim_note *note, uint32_t agents)
{
    const uint32_t *told =
        &reports->told[(size_t)reports->slot_of[note->node] * reports->edge_agents_max];
    struct sim_row_snapshot *row = sim_memory_zeroed(sizeof *row + agents * sizeof *row->numbers);
    row->name =
        (struct mesh_row_name){.clock = note->content, .relay = note->author, .edge = note->number};
    for (uint32_t i = 0; i < agents; i++) {
        row->numbers[i] = told[i];
        row->name.reports += told[i] > 0;
    }
    row->next = reports->rows[note->number];
    reports->rows[note->number] = row;
}

void sim_reports_made(struct sim_reports *reports, const struct sim_note *row)
{
    const uint32_t *starts = reports->world->places.edges.starts;
    row_made(reports, row, starts[row->number + 1] - starts[row->number]);
}

// Reports of `agent` up to `number` are covered on this tier from now on.
static void cover(struct sim_reports *reports, uint32_t tier, uint32_t agent, uint32_t number,
                  uint64_t now_ns)
{
    uint32_t *covered = &reports->covered[tier][agent];
    while (*covered < number) {
        size_t at = (size_t)agent * reports->numbers_max + (*covered)++;
        reports->above_ns[tier][at] = since_ns(reports, agent, *covered, now_ns);
    }
}

// The newest report of `agent` that share theta of the coordinators have had covered.
static uint32_t covered_by_share(const struct sim_reports *reports, uint32_t agent)
{
    uint32_t agents = reports->world->places.agents;
    uint32_t coordinators = reports->world->places.coordinators;
    uint32_t first = agents + reports->world->places.aggregators;
    uint32_t up = 0;
    for (uint32_t i = 0; i < coordinators; i++) {
        up += was_up(reports, first + i, SIM_TIME_NEVER - 1);
    }
    uint32_t needed = share_of(up, reports->scenario->gossip.threshold_ppb);
    uint32_t best = 0;
    for (uint32_t i = 0; i < coordinators; i++) {
        uint32_t number = reports->covered_by[(size_t)i * agents + agent];
        uint32_t as_new = 0;
        for (uint32_t j = 0; j < coordinators; j++) {
            as_new += was_up(reports, first + j, SIM_TIME_NEVER - 1) &&
                      reports->covered_by[(size_t)j * agents + agent] >= number;
        }
        best = as_new >= needed && number > best ? number : best;
    }
    return best;
}

// Forgets the rows of an edge that no coordinator will take over any more.
static void forget_rows(struct sim_reports *reports, uint32_t edge)
{
    uint32_t edges = reports->world->places.edges.count;
    if (reports->faults) {  // who comes back may take over rows of any age
        return;
    }
    struct mesh_row_name least = reports->held_rows[edge];
    for (uint32_t i = 1; i < reports->world->places.coordinators; i++) {
        const struct mesh_row_name *held = &reports->held_rows[(size_t)i * edges + edge];
        least = name_precedes(held, &least) ? *held : least;
    }
    for (struct sim_row_snapshot **at = &reports->rows[edge]; *at != NULL;) {
        struct sim_row_snapshot *row = *at;
        if (name_precedes(&least, &row->name)) {
            at = &row->next;
        } else {
            *at = row->next;
            sim_memory_free(row);
        }
    }
}

static void row_taken_over(struct sim_reports *reports, const struct sim_note *note, uint32_t first,
                           uint32_t agents)
{
    const struct sim_places *places = &reports->world->places;
    uint32_t coordinator_first = places->agents + places->aggregators;
    const struct sim_row_snapshot *row = reports->rows[note->number];
    while (row != NULL && (row->name.relay != note->author || row->name.clock != note->content)) {
        row = row->next;
    }
    assert(row != NULL);
    if (note->node < coordinator_first) {
        for (uint32_t i = 0; i < agents; i++) {
            cover(reports, AGGREGATOR, first + i, row->numbers[i], note->time_ns);
        }
        return;
    }
    uint32_t coordinator = note->node - coordinator_first;
    for (uint32_t i = 0; i < agents; i++) {
        size_t at = (size_t)coordinator * places->agents + first + i;
        uint32_t *covered = &reports->covered_by[at];
        bool newer = row->numbers[i] > *covered;
        if (newer || reports->faults) {  // or who is up may be others
            *covered = newer ? row->numbers[i] : *covered;
            cover(reports, COORDINATORS, first + i, covered_by_share(reports, first + i),
                  note->time_ns);
        }
    }
    reports->held_rows[(size_t)coordinator * places->edges.count + note->number] = row->name;
    forget_rows(reports, note->number);
}

// ---- Coming and going ----

static void forget_told(struct sim_reports *reports, uint32_t slot)
{
    memset(&reports->told[(size_t)slot * reports->edge_agents_max], 0,
           reports->edge_agents_max * sizeof *reports->told);
}

// A relay with a snapshot, or one that takes over, has also been told what all others hold.
static void tell_last(struct sim_reports *reports, const struct mesh_table *local, uint32_t slot,
                      uint32_t first)
{
    uint32_t *told = &reports->told[(size_t)slot * reports->edge_agents_max];
    for (uint32_t i = 0; i < local->origin_count; i++) {
        if (local->last[i].dot.sequence != 0) {
            note_told(told, first, local->last[i].dot);
        }
    }
}

static void tell_joined(struct sim_reports *reports, uint32_t node)
{
    const struct sim_shares *edges = &reports->world->places.edges;
    uint32_t edge = sim_shares_find(edges, node);
    if (reports->slot_of[node] != UINT32_MAX) {
        tell_last(reports, mesh_table_local(sim_engine_table(reports->engine), edge),
                  reports->slot_of[node], edges->starts[edge]);
    }
}

// Who goes down is no holder any more of what it held and counted for.
static void forget_holder(struct sim_reports *reports, uint32_t node, uint32_t edge,
                          uint64_t up_since_ns)
{
    const struct mesh_table *local = mesh_table_local(sim_engine_table(reports->engine), edge);
    const struct mesh_replica *replica = sim_engine_replica(reports->engine, node);
    for (uint32_t lane = 0; lane < local->lane_count; lane++) {
        struct mesh_dot dot = local->updates[lane].dot;
        if ((replica->planes[lane / 64] >> lane % 64 & 1) == 0) {
            continue;
        }
        uint32_t author = dot.origin - MESH_NODE_MAX;
        size_t at = (size_t)author * reports->numbers_max + dot.sequence - 1;
        bool counted = !reports->reached[at] && reports->holders[at] > 0 &&
                       up_since_ns <= written_ns(reports, author, dot.sequence);
        reports->holders[at] -= counted;
    }
}

// With one less to hear of them, some reports of the edge may have reached all that are left.
static void complete_edge(struct sim_reports *reports, uint32_t edge, uint64_t now_ns)
{
    const uint32_t *starts = reports->world->places.edges.starts;
    for (uint32_t agent = starts[edge]; agent < starts[edge + 1]; agent++) {
        for (uint32_t number = reports->written[agent]; number > 0; number--) {
            size_t at = (size_t)agent * reports->numbers_max + number - 1;
            uint64_t at_ns = written_ns(reports, agent, number);
            if (reports->reached[at]) {
                continue;
            }
            uint32_t left = counted(reports, edge, at_ns);
            if (left > 0 &&
                reports->holders[at] >= share_of(left, reports->scenario->gossip.threshold_ppb)) {
                reports->reached[at] = 1;
                reports->edge_ns[at] = now_ns - at_ns;
            }
        }
    }
}

static void leave_edge(struct sim_reports *reports, uint32_t node, uint64_t up_since_ns,
                       uint64_t now_ns)
{
    uint32_t edge = sim_shares_find(&reports->world->places.edges, node);
    reports->uneven[edge] = true;
    if (up_since_ns != SIM_TIME_NEVER) {
        forget_holder(reports, node, edge, up_since_ns);
        complete_edge(reports, edge, now_ns);
    }
}

static void tell(struct sim_reports *reports, const struct sim_transition *transition)
{
    uint32_t node = transition->node;
    bool agent = node < reports->world->places.agents;
    if (transition->kind == SIM_TRANSITION_DOWN) {
        uint64_t up_since_ns = reports->up_since_ns[node];
        reports->up_since_ns[node] = SIM_TIME_NEVER;
        if (agent) {
            leave_edge(reports, node, up_since_ns, transition->time_ns);
        }
    } else if (transition->kind == SIM_TRANSITION_UP) {
        reports->up_since_ns[node] = transition->time_ns;
        if (agent && transition->disk_lost && reports->slot_of[node] != UINT32_MAX) {
            forget_told(reports, reports->slot_of[node]);
        }
    } else if (transition->kind == SIM_TRANSITION_JOINED && agent) {
        tell_joined(reports, node);
    }
}

static void tell_until(struct sim_reports *reports, uint64_t time_ns)
{
    while (reports->transition_next < reports->transition_count &&
           reports->transitions[reports->transition_next].time_ns <= time_ns) {
        tell(reports, &reports->transitions[reports->transition_next++]);
    }
}

void sim_reports_transitions(struct sim_reports *reports, const struct sim_engine *engine,
                             const struct sim_transition *transitions, uint32_t count)
{
    reports->engine = engine;
    if (count > reports->transition_capacity) {
        reports->transition_capacity = 2 * count;
        reports->transitions = sim_memory_resize(
            reports->transitions, reports->transition_capacity * sizeof *reports->transitions);
    }
    memcpy(reports->transitions, transitions, count * sizeof *transitions);
    reports->transition_count = count;
    reports->transition_next = 0;
}

// A relay that takes over has been told what it holds.
static void take_over(struct sim_reports *reports, const struct sim_engine *engine, uint32_t from,
                      uint32_t to)
{
    const struct sim_shares *edges = &reports->world->places.edges;
    uint32_t edge = sim_shares_find(edges, to);
    const struct mesh_table *local = mesh_table_local(sim_engine_table(engine), edge);
    const struct mesh_replica *replica = sim_engine_replica(engine, to);
    uint32_t slot = reports->slot_of[from];
    reports->slot_of[from] = UINT32_MAX;
    reports->slot_of[to] = slot;
    forget_told(reports, slot);
    uint32_t *told = &reports->told[(size_t)slot * reports->edge_agents_max];
    for (uint32_t lane = 0; lane < local->lane_count; lane++) {
        uint64_t have = replica->planes[lane / 64];  // the local table's words are the first
        if ((have >> lane % 64 & 1) != 0) {
            note_told(told, edges->starts[edge], local->updates[lane].dot);
        }
    }
    if (!replica->joining) {
        tell_last(reports, local, slot, edges->starts[edge]);
    }
}

void sim_reports_window(struct sim_reports *reports, const struct sim_engine *engine)
{
    tell_until(reports, SIM_TIME_NEVER);
    for (uint32_t i = 0; i < reports->transition_count; i++) {
        if (reports->transitions[i].kind == SIM_TRANSITION_RELAY) {
            take_over(reports, engine, reports->transitions[i].other, reports->transitions[i].node);
        }
    }
    reports->transition_count = 0;
    reports->transition_next = 0;
}

void sim_reports_notes(struct sim_reports *reports, const struct sim_note *notes, uint32_t count)
{
    const struct sim_shares *edges = &reports->world->places.edges;
    for (uint32_t i = 0; i < count; i++) {
        tell_until(reports, notes[i].time_ns);
        if (!notes[i].row) {
            note_report(reports, &notes[i]);
            continue;
        }
        uint32_t first = edges->starts[notes[i].number];
        uint32_t agents = edges->starts[notes[i].number + 1] - first;
        if (notes[i].node == notes[i].author) {
            row_made(reports, &notes[i], agents);
        } else {
            row_taken_over(reports, &notes[i], first, agents);
        }
    }
}

// ---- The end ----

static uint64_t or_never(uint64_t since, bool reached)
{
    return reached ? since : SIM_TIME_NEVER;
}

static void add_result(struct sim_reports *reports, uint32_t agent, uint32_t number)
{
    size_t at = (size_t)agent * reports->numbers_max + number - 1;
    reports->result->reports[reports->result->report_count++] = (struct sim_report_result){
        .agent = agent,
        .number = number,
        .written_ns = written_ns(reports, agent, number),
        .edge_ns = or_never(reports->edge_ns[at], reports->reached[at]),
        .aggregator_ns = or_never(reports->above_ns[AGGREGATOR][at],
                                  reports->covered[AGGREGATOR][agent] >= number),
        .coordinators_ns = or_never(reports->above_ns[COORDINATORS][at],
                                    reports->covered[COORDINATORS][agent] >= number),
    };
}

void sim_reports_close(struct sim_reports *reports, const struct sim_engine *engine)
{
    const struct sim_places *places = &reports->world->places;
    struct sim_result *result = reports->result;
    uint64_t all = 0;
    for (uint32_t agent = 0; agent < places->agents; agent++) {
        all += reports->written[agent];
    }
    result->reports = sim_memory_zeroed(all * sizeof *result->reports);
    for (uint32_t agent = 0; agent < places->agents; agent++) {
        for (uint32_t number = 1; number <= reports->written[agent]; number++) {
            if (written_ns(reports, agent, number) >= reports->scenario->workload.warmup_ns) {
                add_result(reports, agent, number);
            }
        }
    }
    const struct mesh_tier *top = sim_engine_tier(engine, places->agents + places->aggregators);
    result->total =
        mesh_summary_total(&top->rows, &reports->world->tiers.hierarchy, 0, places->edges.count);
}
