// SPDX-License-Identifier: GPL-3.0-or-later
// What share of liars a mesh bears: for each behaviour the largest share up to which each
// expectation held.
//
//     row  liars 0 %   10 %   20 %   30 %     expectation 1 holds up to 20 %, 2 up to 30 %
//                1 2    1 2    1 2    x 2
//
// Rows of one mesh whose scenarios have one kind of liars, in several shares.
#include <inttypes.h>
#include <string.h>

#include "allocate.h"
#include "blocks.h"
#include "grid.h"
#include "liar.h"
#include "lying.h"

#define EXPECTATIONS_MAX (SIM_GRID_COLUMNS_MAX - 2)

// What is known of one row.
struct cell {
    const struct sim_finding *finding;
    enum sim_behaviour behaviour;
    uint64_t permille;  // of the agents, that lie
    bool idle;          // they never came to lie
    bool told;          // it is in a mesh, or a line, that was printed
};

struct shares {
    struct cell *cells;  // [count]
    uint32_t count;
};

static const struct sim_scenario *scenario_of(const struct cell *cell)
{
    return cell->finding->cell->scenario;
}

static bool same_mesh(const struct cell *a, const struct cell *b)
{
    const struct sim_scenario *one = scenario_of(a);
    const struct sim_scenario *other = scenario_of(b);
    return one->topology == other->topology && one->agents == other->agents &&
           one->expectation_count == other->expectation_count &&
           strcmp(one->name, other->name) == 0;
}

static void collect(const struct sim_rows *rows, struct shares *shares)
{
    shares->cells = sim_memory_zeroed(rows->count * sizeof *shares->cells);
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct sim_finding *finding = rows->items[i].main;
        const struct sim_scenario *scenario = finding->cell->scenario;
        const struct sim_liar_figures *figures = &finding->summary.liars;
        if (scenario->liar_count != 1 || figures->run_count == 0) {
            continue;
        }
        uint64_t agents = (uint64_t)scenario->agents * figures->run_count;
        const struct sim_liar_pool *pool = &figures->entries[0];
        shares->cells[shares->count++] = (struct cell){
            .finding = finding,
            .behaviour = scenario->liars[0].behaviour,
            .permille = (pool->nodes * 1000 + agents / 2) / agents,
            .idle = pool->nodes > 0 && pool->lies == 0,
        };
    }
}

// The largest share below the least at which it did not hold; -1: there is none. Liars who never
// came to lie have tried nothing.
static int64_t limit_of(const struct shares *shares, const struct cell *of, uint32_t expectation)
{
    int64_t limit = -1;
    uint64_t broken = UINT64_MAX;
    for (uint32_t i = 0; i < shares->count; i++) {
        const struct cell *cell = &shares->cells[i];
        if (cell->behaviour == of->behaviour && same_mesh(cell, of) && cell->permille < broken &&
            cell->finding->expectations[expectation].outcome != SIM_OUTCOME_PASS) {
            broken = cell->permille;
        }
    }
    for (uint32_t i = 0; i < shares->count; i++) {
        const struct cell *cell = &shares->cells[i];
        if (cell->behaviour == of->behaviour && same_mesh(cell, of) && !cell->idle &&
            cell->permille < broken && (int64_t)cell->permille > limit) {
            limit = (int64_t)cell->permille;
        }
    }
    return limit;
}

// Cells of the same line, and of them those that lied.
static void count_line(const struct shares *shares, const struct cell *of, uint32_t *cells,
                       uint32_t *lied)
{
    *cells = 0;
    *lied = 0;
    for (uint32_t i = 0; i < shares->count; i++) {
        const struct cell *cell = &shares->cells[i];
        if (cell->behaviour == of->behaviour && same_mesh(cell, of)) {
            (*cells)++;
            *lied += cell->permille > 0 && !cell->idle;
        }
    }
}

static void put_line(struct sim_grid *grid, const struct shares *shares, const struct cell *cell,
                     uint32_t lied, uint32_t expectations)
{
    bool unseen = sim_liar_unseen(scenario_of(cell), &scenario_of(cell)->liars[0]) != NULL;
    sim_grid_row(grid);
    sim_grid_put(grid, 0, SIM_PLAIN, "  %s%s", sim_behaviour_name(cell->behaviour),
                 unseen ? " *" : "");
    for (uint32_t i = 0; i < expectations; i++) {
        int64_t limit = limit_of(shares, cell, i);
        if (lied == 0) {
            sim_grid_put(grid, 1 + i, SIM_YELLOW, "NEVER LIED");
        } else if (limit < 0) {
            sim_grid_put(grid, 1 + i, SIM_RED, "no share");
        } else {
            sim_grid_put(grid, 1 + i, SIM_PLAIN, "%.6g %%", (double)limit / 10);
        }
    }
}

// All lines of the mesh that the cell is of. Returns whether it has one in several shares.
static bool fill(struct sim_grid *grid, struct shares *shares, const struct cell *of,
                 uint32_t expectations)
{
    bool any = false;
    for (uint32_t i = 0; i < shares->count; i++) {
        struct cell *cell = &shares->cells[i];
        if (cell->told || !same_mesh(cell, of)) {
            continue;
        }
        uint32_t cells;
        uint32_t lied;
        count_line(shares, cell, &cells, &lied);
        put_line(grid, shares, cell, lied, expectations);
        any |= cells > 1;
        for (uint32_t j = i; j < shares->count; j++) {
            shares->cells[j].told |=
                shares->cells[j].behaviour == cell->behaviour && same_mesh(&shares->cells[j], cell);
        }
    }
    return any;
}

static void print_unseen(const struct sim_page *page, const struct shares *shares)
{
    uint32_t told = 0;  // bits 1 << behaviour
    for (uint32_t i = 0; i < shares->count; i++) {
        const struct sim_scenario *scenario = scenario_of(&shares->cells[i]);
        const char *why = sim_liar_unseen(scenario, &scenario->liars[0]);
        uint32_t bit = UINT32_C(1) << shares->cells[i].behaviour;
        if (why == NULL || (told & bit) != 0) {
            continue;
        }
        char text[256] = "";
        sim_words_append(text, sizeof text, "* not detectable by this guard, %s: %s",
                         sim_behaviour_name(shares->cells[i].behaviour), why);
        fputs("  ", page->output);
        sim_page_paragraph(page, 2, 4, text);
        told |= bit;
    }
}

static void print_legend(const struct sim_page *page, const struct cell *of, uint32_t expectations)
{
    for (uint32_t i = 0; i < expectations; i++) {
        char text[256] = "";
        sim_words_append(text, sizeof text, "%" PRIu32 ": %s", i + 1,
                         of->finding->expectations[i].expectation->text);
        fputs("  ", page->output);
        sim_page_paragraph(page, 2, 5, text);
    }
}

static bool print_mesh(const struct sim_page *page, struct shares *shares, const struct cell *of,
                       bool heading)
{
    const struct sim_scenario *scenario = scenario_of(of);
    uint32_t count = scenario->expectation_count;
    struct sim_grid grid = {0};
    count = count > EXPECTATIONS_MAX ? EXPECTATIONS_MAX : count;
    sim_grid_column(&grid, true, "%s, %s agents", sim_topology_name(scenario->topology),
                    sim_word_count(scenario->agents).text);
    for (uint32_t i = 0; i < count; i++) {
        sim_grid_column(&grid, false, "%" PRIu32, i + 1);
    }
    bool any = fill(&grid, shares, of, count) && count > 0;
    if (any) {
        if (heading) {
            fputs("\nLargest share of liars up to which each expectation holds:\n", page->output);
            print_legend(page, of, count);
        }
        sim_grid_print(&grid, page);
    }
    sim_grid_finish(&grid);
    return any;
}

void sim_block_shares(const struct sim_page *page, const struct sim_rows *rows)
{
    struct shares shares = {0};
    bool any = false;
    collect(rows, &shares);
    for (uint32_t i = 0; i < shares.count; i++) {
        if (!shares.cells[i].told) {
            any |= print_mesh(page, &shares, &shares.cells[i], !any);
        }
    }
    if (any) {
        print_unseen(page, &shares);
    }
    sim_memory_free(shares.cells);
}
