// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>
#include <math.h>

#include "blocks.h"
#include "grid.h"

static void put_ms(struct sim_grid *grid, uint32_t column, uint64_t time_ns,
                   const struct sim_summary *summary)
{
    double ms = time_ns == SIM_TIME_NEVER ? INFINITY : 1e-6 * (double)time_ns;
    sim_grid_put(grid, column, SIM_PLAIN, "%s", sim_word_ms(ms, summary->simulated_ns).text);
}

void sim_block_phases(const struct sim_page *page, const struct sim_summary *summary)
{
    const struct sim_phases *phases = &summary->phases;
    struct sim_grid grid = {0};
    if (phases->count == 0) {
        return;
    }
    sim_grid_column(&grid, true, "  phase");
    sim_grid_column(&grid, false, "from ms");
    sim_grid_column(&grid, false, "updates");
    sim_grid_column(&grid, false, "p50");
    sim_grid_column(&grid, false, "p95");
    sim_grid_column(&grid, false, "max");
    for (uint32_t i = 0; i < phases->count; i++) {
        const struct sim_phase_figures *phase = &phases->items[i];
        sim_grid_row(&grid);
        sim_grid_put(&grid, 0, SIM_PLAIN, "  %s", phase->name);
        sim_grid_put(&grid, 1, SIM_PLAIN, "%s", sim_word_exact_ms(phase->at_ns).text);
        sim_grid_put(&grid, 2, SIM_PLAIN, "%s", sim_word_count(phase->updates).text);
        if (phase->updates > 0) {
            put_ms(&grid, 3, phase->p50_ns, summary);
            put_ms(&grid, 4, phase->p95_ns, summary);
            put_ms(&grid, 5, phase->max_ns, summary);
        }
    }
    sim_grid_print(&grid, page);
    sim_grid_finish(&grid);
}
