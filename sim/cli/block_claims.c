// SPDX-License-Identifier: GPL-3.0-or-later
// The document's other claims, per topology that ran:
//
//     Other claims of the document on flat_mesh, rows 1-2
//       claim                 measured as  push-pull                eager
//       "30-50ms"             p95 ms       FAIL 91.5 to 124         PASS 1.4 to 2.3
//       "Bandwidth: <1 MB/s"  mean MB/s    FAIL row 2: 0.94 to 9.4  FAIL 1.4 to 13.8
//       FAIL "Bandwidth: <1 MB/s" (row 2, push-pull): 9.4 MB/s in messages of ...
//       set-up PASS: "10-100" (agents), "5" (fanout)
//       not measured: "$$", "$0": this version computes no cost
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "allocate.h"
#include "blocks.h"
#include "grid.h"

#define TEXT_BYTES 4096

// The rows of one topology, and what is said of them.
struct table {
    const struct sim_rows *rows;
    const struct sim_claims *claims;
    enum sim_topology topology;
    bool *flags;                 // [rows->number_max], scratch
    bool modes[SIM_MODE_COUNT];  // that stand beside in one of its rows
    struct sim_grid grid;
    char set_up[SIM_UNMEASURED][TEXT_BYTES];  // by verdict
    char reasons[TEXT_BYTES];                 // a line each
    char unmeasured[TEXT_BYTES];
};

static bool is_member(const struct table *table, const struct sim_row *row)
{
    return row->main->cell->scenario->topology == table->topology;
}

static const struct sim_verdict *verdict_on(const struct sim_finding *finding,
                                            const struct sim_claim *claim)
{
    for (uint32_t i = 0; finding != NULL && i < finding->verdict_count; i++) {
        if (finding->verdicts[i].claim == claim) {
            return &finding->verdicts[i];
        }
    }
    return NULL;
}

// Of one mode, SIM_MODE_COUNT being the table's own: the finding of a row.
static const struct sim_finding *finding_of(const struct sim_row *row, uint32_t mode)
{
    return mode == SIM_MODE_COUNT ? row->main : row->beside[mode];
}

// What rounds to the target without being it is given in full: 0.999984 ms hold "<1ms". What never
// came is later than the time simulated.
static struct sim_word figure_word(const struct sim_verdict *verdict, uint64_t figure,
                                   uint64_t simulated_ns)
{
    const struct sim_claim *claim = verdict->claim;
    double value = sim_verdict_shown(verdict, figure);
    if (claim->measure == SIM_MEASURE_TERM && claim->term.aggregate == SIM_SHARE) {
        return sim_word_percent(value);
    }
    struct sim_word target = sim_word_number(sim_verdict_shown(verdict, verdict->target));
    struct sim_word word = sim_word_number(value);
    if (figure == SIM_TIME_NEVER) {
        struct sim_word simulated = sim_word_number(sim_verdict_shown(verdict, simulated_ns));
        snprintf(word.text, sizeof word.text, "> %.20s", simulated.text);
    } else if (figure != verdict->target && strcmp(word.text, target.text) == 0) {
        snprintf(word.text, sizeof word.text, "%.7g", value);
    }
    return word;
}

static const char *short_name(enum sim_verdict_kind kind)
{
    return kind == SIM_INCONCLUSIVE ? "INCONCL." : sim_verdict_name(kind);
}

// ---- A claim in one mode, over the rows ----

// What the rows measured: "91.5 to 124"; of the longest delay the longest.
static void append_figures(const struct table *table, const struct sim_claim *claim, uint32_t mode,
                           char *text, size_t capacity)
{
    const struct sim_verdict *least = NULL;
    const struct sim_verdict *most = NULL;
    uint64_t simulated_ns = 0;
    for (uint32_t i = 0; i < table->rows->count; i++) {
        const struct sim_row *row = &table->rows->items[i];
        const struct sim_verdict *verdict = verdict_on(finding_of(row, mode), claim);
        if (verdict == NULL || !verdict->has_measured || !is_member(table, row)) {
            continue;
        }
        least = least == NULL || verdict->measured < least->measured ? verdict : least;
        if (most == NULL || verdict->measured > most->measured) {
            most = verdict;
            simulated_ns = finding_of(row, mode)->summary.simulated_ns;
        }
    }
    if (least == NULL) {
        return;
    }
    struct sim_word low = figure_word(least, least->measured, simulated_ns);
    struct sim_word high = figure_word(most, most->measured, simulated_ns);
    sim_words_append(text, capacity, "%s%s", strchr(text, ' ') == NULL ? " " : ": ",
                     claim->measure == SIM_MEASURE_LATENCY ? high.text : low.text);
    if (claim->measure != SIM_MEASURE_LATENCY && strcmp(low.text, high.text) != 0) {
        sim_words_append(text, capacity, " to %s", high.text);
    }
}

// Flags the rows of which the claim has this verdict in the mode, and tells how many they are.
static uint32_t flag_rows(const struct table *table, const struct sim_claim *claim, uint32_t mode,
                          enum sim_verdict_kind kind)
{
    uint32_t count = 0;
    memset(table->flags, false, table->rows->number_max * sizeof *table->flags);
    for (uint32_t i = 0; i < table->rows->count; i++) {
        const struct sim_row *row = &table->rows->items[i];
        const struct sim_verdict *verdict = verdict_on(finding_of(row, mode), claim);
        bool is = verdict != NULL && is_member(table, row) && verdict->kind == kind;
        table->flags[row->number - 1] = is;
        count += is;
    }
    return count;
}

// "FAIL 91.5 to 124", or "FAIL row 2: 0.94 to 9.4" when the other rows pass, or "FAIL row 4,
// INCONCL. row 3". Empty when no row of the mode is spoken of.
static void describe(const struct table *table, const struct sim_claim *claim, uint32_t mode,
                     char *text, size_t capacity)
{
    uint32_t counts[SIM_UNMEASURED + 1];
    uint32_t total = 0;
    for (enum sim_verdict_kind kind = SIM_PASS; kind <= SIM_UNMEASURED; kind++) {
        counts[kind] = flag_rows(table, claim, mode, kind);
        total += counts[kind];
    }
    const char *separator = "";
    for (enum sim_verdict_kind kind = SIM_PASS; kind <= SIM_UNMEASURED; kind++) {
        if (counts[kind] == 0 || (kind == SIM_PASS && counts[kind] < total)) {
            continue;
        }
        sim_words_append(text, capacity, "%s%s", separator, short_name(kind));
        separator = ", ";
        if (counts[kind] < total) {
            flag_rows(table, claim, mode, kind);
            sim_words_append(text, capacity, " ");
            sim_rows_append(table->rows, table->flags, text, capacity);
        }
    }
    if (strchr(text, ',') == NULL) {
        append_figures(table, claim, mode, text, capacity);
    }
}

// ---- The kinds of claims ----

static void append_measured_as(const struct sim_claim *claim, char *text, size_t capacity)
{
    if (claim->measure == SIM_MEASURE_LATENCY) {
        sim_words_append(text, capacity, "longest delay, ms");
        return;
    }
    const struct sim_metric *metric = &sim_metrics[claim->term.metric];
    if (claim->term.aggregate == SIM_SHARE) {
        sim_words_append(text, capacity, "share within %s %s",
                         sim_word_number(claim->term.inner_bound).text, metric->unit);
    } else {
        sim_words_append(text, capacity, "%s %s", claim->stored_statistic, claim->unit);
    }
    sim_words_append(text, capacity, "%s",
                     metric->reach == SIM_REACH_EDGE     ? ", in its edge"
                     : metric->reach == SIM_REACH_REGION ? ", in its region"
                                                         : "");
}

static void put_measured(struct table *table, const struct sim_claim *claim)
{
    char text[SIM_GRID_TEXT_BYTES] = "";
    uint32_t column = 3;
    sim_grid_row(&table->grid);
    sim_grid_put(&table->grid, 0, SIM_PLAIN, "  \"%.90s\"", claim->quote);
    append_measured_as(claim, text, sizeof text);
    sim_grid_put(&table->grid, 1, SIM_PLAIN, "%s", text);
    text[0] = '\0';
    describe(table, claim, SIM_MODE_COUNT, text, sizeof text);
    sim_grid_put(&table->grid, 2, SIM_PLAIN, "%s", text);
    for (uint32_t mode = 0; mode < SIM_MODE_COUNT; mode++) {
        if (table->modes[mode]) {
            text[0] = '\0';
            describe(table, claim, mode, text, sizeof text);
            sim_grid_put(&table->grid, column++, SIM_PLAIN, "%s", text);
        }
    }
}

// The claims of the table have their reasons above; where its claim fails, other claims on the time
// until all agents are reached fail for the same reason.
static bool has_reason_above(const struct sim_finding *finding, const struct sim_claim *claim)
{
    return claim->measure == SIM_MEASURE_TERM &&
           sim_metrics[claim->term.metric].of_update != NULL &&
           sim_metrics[claim->term.metric].reach == SIM_REACH_ALL && finding->primary != NULL &&
           finding->primary->kind == SIM_FAIL;
}

// The reason of the row where a claim is missed most, in the first mode that misses it.
static void put_reason(struct table *table, const struct sim_claim *claim)
{
    static const uint32_t modes[] = {SIM_MODE_COUNT, MESH_PUSH,  MESH_PULL, MESH_PUSH_PULL,
                                     MESH_EAGER,     MESH_RUMOR, MESH_DELTA};
    for (uint32_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        const struct sim_verdict *worst = NULL;
        const struct sim_finding *where = NULL;
        for (uint32_t r = 0; r < table->rows->count; r++) {
            const struct sim_row *row = &table->rows->items[r];
            const struct sim_finding *finding = finding_of(row, modes[i]);
            const struct sim_verdict *verdict = verdict_on(finding, claim);
            if (verdict != NULL && verdict->kind == SIM_FAIL && is_member(table, row) &&
                !has_reason_above(finding, claim) &&
                (worst == NULL || verdict->measured > worst->measured)) {
                worst = verdict;
                where = finding;
            }
        }
        if (worst != NULL) {
            sim_words_append(table->reasons, TEXT_BYTES, "%s\"%s\" (row %" PRIu32 ", %s): %s",
                             table->reasons[0] == '\0' ? "" : "\n", claim->quote, where->cell->row,
                             sim_mode_name(where->cell->scenario->gossip.mode), worst->why);
            return;
        }
    }
}

// How a run is set up is the same in all its modes, and told row by row only where it fails.
static void put_set_up(struct table *table, const struct sim_claim *claim)
{
    for (enum sim_verdict_kind kind = SIM_PASS; kind < SIM_UNMEASURED; kind++) {
        if (flag_rows(table, claim, SIM_MODE_COUNT, kind) == 0) {
            continue;
        }
        const char *why = "";
        for (uint32_t i = 0; i < table->rows->count; i++) {
            const struct sim_row *row = &table->rows->items[i];
            why = table->flags[row->number - 1] ? verdict_on(row->main, claim)->why : why;
        }
        char *text = table->set_up[kind];
        sim_words_append(text, TEXT_BYTES, "%s\"%s\" (%s", text[0] == '\0' ? "" : ", ",
                         claim->quote, claim->statistic);
        if (kind != SIM_PASS) {
            sim_words_append(text, TEXT_BYTES, "; ");
            sim_rows_append(table->rows, table->flags, text, TEXT_BYTES);
            sim_words_append(text, TEXT_BYTES, ": %.*s", (int)strlen(why) - 1, why);
        }
        sim_words_append(text, TEXT_BYTES, ")");
    }
}

static bool is_unmeasured(const struct table *table, const struct sim_claim *claim)
{
    for (uint32_t i = 0; i < table->rows->count; i++) {
        const struct sim_verdict *verdict = verdict_on(table->rows->items[i].main, claim);
        if (verdict != NULL && is_member(table, &table->rows->items[i])) {
            return verdict->kind == SIM_UNMEASURED && claim->unmeasured != NULL;
        }
    }
    return false;
}

static bool is_spoken_of(const struct table *table, const struct sim_claim *claim)
{
    for (uint32_t i = 0; i < table->rows->count; i++) {
        if (is_member(table, &table->rows->items[i]) &&
            verdict_on(table->rows->items[i].main, claim) != NULL) {
            return true;
        }
    }
    return false;
}

// Claims that are not measured for the same reason stand together, at the first of them.
static void put_unmeasured(struct table *table, const struct sim_claim *claim)
{
    for (const struct sim_claim *other = table->claims->items; other < claim; other++) {
        if (is_unmeasured(table, other) && strcmp(other->unmeasured, claim->unmeasured) == 0) {
            return;
        }
    }
    char *text = table->unmeasured;
    const char *separator = text[0] == '\0' ? "" : "; ";
    const struct sim_claim *end = table->claims->items + table->claims->count;
    for (const struct sim_claim *other = claim; other < end; other++) {
        if (is_unmeasured(table, other) && strcmp(other->unmeasured, claim->unmeasured) == 0) {
            sim_words_append(text, TEXT_BYTES, "%s\"%s\"", separator, other->quote);
            separator = ", ";
        }
    }
    sim_words_append(text, TEXT_BYTES, ": %s", claim->unmeasured);
}

// The document says some things twice; the verdict of the table is not repeated either.
static bool is_repeated(const struct table *table, const struct sim_claim *claim)
{
    for (const struct sim_claim *other = table->claims->items; other < claim; other++) {
        if (is_spoken_of(table, other) && strcmp(other->statistic, claim->statistic) == 0 &&
            other->limit == claim->limit && other->target_micro == claim->target_micro &&
            other->least_micro == claim->least_micro &&
            other->pair_classes == claim->pair_classes) {
            return true;
        }
    }
    return claim->primary;
}

static void put_claim(struct table *table, const struct sim_claim *claim)
{
    if (!is_spoken_of(table, claim)) {
        return;
    }
    if (is_unmeasured(table, claim)) {
        put_unmeasured(table, claim);
    } else if (is_repeated(table, claim)) {
        return;
    } else if (claim->measure == SIM_MEASURE_TERM || claim->measure == SIM_MEASURE_LATENCY) {
        put_measured(table, claim);
        put_reason(table, claim);
    } else {
        put_set_up(table, claim);
    }
}

// ---- A topology ----

static void begin_grid(struct table *table)
{
    const struct sim_rows *rows = table->rows;
    enum mesh_mode main = rows->items[0].main->cell->scenario->gossip.mode;
    sim_grid_column(&table->grid, true, "  claim");
    sim_grid_column(&table->grid, true, "measured as");
    table->grid.optional = 1;
    sim_grid_column(&table->grid, true, "%s", rows->same_mode ? sim_mode_name(main) : "its mode");
    for (uint32_t mode = 0; mode < SIM_MODE_COUNT; mode++) {
        for (uint32_t i = 0; i < rows->count; i++) {
            table->modes[mode] |=
                is_member(table, &rows->items[i]) && rows->items[i].beside[mode] != NULL;
        }
        if (table->modes[mode]) {
            sim_grid_column(&table->grid, true, "%s", sim_mode_name((enum mesh_mode)mode));
        }
    }
}

static void print_paragraph(const struct sim_page *page, const char *title, const char *text)
{
    if (text[0] != '\0') {
        fprintf(page->output, "  %s ", title);
        sim_page_paragraph(page, (uint32_t)strlen(title) + 3, 4, text);
    }
}

static void print_topology(const struct sim_page *page, struct table *table)
{
    char title[128] = "";
    begin_grid(table);
    for (uint32_t i = 0; i < table->claims->count; i++) {
        put_claim(table, &table->claims->items[i]);
    }
    for (uint32_t i = 0; i < table->rows->count; i++) {
        table->flags[table->rows->items[i].number - 1] = is_member(table, &table->rows->items[i]);
    }
    sim_words_append(title, sizeof title, "\nOther claims of the document on %s, ",
                     sim_topology_name(table->topology));
    sim_rows_append(table->rows, table->flags, title, sizeof title);
    fprintf(page->output, "%s\n", title);
    if (table->grid.row_count > 0) {
        sim_grid_print(&table->grid, page);
    }
    for (char *reason = strtok(table->reasons, "\n"); reason != NULL; reason = strtok(NULL, "\n")) {
        print_paragraph(page, "FAIL", reason);
    }
    for (enum sim_verdict_kind kind = SIM_PASS; kind < SIM_UNMEASURED; kind++) {
        char name[64] = "";
        sim_words_append(name, sizeof name, "set-up %s:", short_name(kind));
        print_paragraph(page, name, table->set_up[kind]);
    }
    print_paragraph(page, "not measured:", table->unmeasured);
}

void sim_block_claims(const struct sim_page *page, const struct sim_rows *rows,
                      const struct sim_claims *claims)
{
    for (int topology = 0; topology < SIM_TOPOLOGY_COUNT; topology++) {
        struct table *table = sim_memory_zeroed(sizeof *table);
        *table =
            (struct table){.rows = rows, .claims = claims, .topology = (enum sim_topology)topology};
        table->flags = sim_memory_zeroed(rows->number_max * sizeof *table->flags);
        bool runs = false;
        for (uint32_t i = 0; i < rows->count; i++) {
            runs |= is_member(table, &rows->items[i]);
        }
        if (runs) {
            print_topology(page, table);
        }
        sim_grid_finish(&table->grid);
        sim_memory_free(table->flags);
        sim_memory_free(table);
    }
}
