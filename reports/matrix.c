// SPDX-License-Identifier: GPL-3.0-or-later
#include "matrix.h"

#include <stdlib.h>

// All claims about the p95 rest on the same figure and interval; that of the matrix comes first.
static const char claim_query[] =
    "SELECT section = 'Topology Selection Matrix' AND target_high > 0, claim, section, verdict,"
    " target_high, measured, low, high FROM verdicts WHERE run_id = ?1 AND metric = 'convergence'"
    " AND statistic = 'p95' AND unit = 'ns' AND verdict <> 'UNMEASURED'"
    " ORDER BY 1 DESC, ordinal LIMIT 1";

static const char waiting_query[] =
    "WITH " REPORT_SHOWN_REPETITIONS
    " SELECT sum(theta_ns), sum(path_network_ns) FROM updates JOIN shown USING (repetition)"
    " WHERE run_id = ?1 AND measured = 1 AND theta_ns > 0 AND path_network_ns IS NOT NULL";

enum { IN_MATRIX, CLAIM, SECTION, VERDICT, TARGET, MEASURED, LOW, HIGH };

static void read_claim(const struct report_store *store, struct report_entry *entry)
{
    sqlite3_stmt *row = report_store_prepare(store, claim_query, entry->run->run_id);
    while (report_store_next(store, row)) {
        entry->claimed = sqlite3_column_int(row, IN_MATRIX) != 0;
        entry->has_interval = sqlite3_column_type(row, LOW) != SQLITE_NULL;
        entry->open_ended = sqlite3_column_type(row, HIGH) == SQLITE_NULL;
        entry->low_ns = sqlite3_column_int64(row, LOW);
        entry->high_ns = sqlite3_column_int64(row, HIGH);
        if (entry->claimed) {
            entry->target.ns = sqlite3_column_int64(row, TARGET);
            report_store_text(row, CLAIM, entry->target.claim);
            report_store_text(row, SECTION, entry->target.section);
            report_store_text(row, VERDICT, entry->target.verdict);
        }
    }
}

static void read_waiting(const struct report_store *store, struct report_entry *entry)
{
    sqlite3_stmt *row = report_store_prepare(store, waiting_query, entry->run->run_id);
    while (report_store_next(store, row)) {
        double total = sqlite3_column_double(row, 0);
        entry->waiting_known = total > 0;
        entry->waiting = total > 0 ? 1 - sqlite3_column_double(row, 1) / total : 0;
    }
}

bool report_matrix_read(const struct report_store *store, struct report_matrix *matrix)
{
    *matrix = (struct report_matrix){0};
    matrix->entries = report_resize(NULL, store->run_count * sizeof *matrix->entries);
    for (; matrix->count < store->run_count; matrix->count++) {
        struct report_entry *entry = &matrix->entries[matrix->count];
        *entry = (struct report_entry){.run = &store->runs[matrix->count]};
        int64_t run_id = entry->run->run_id;
        entry->p50 = report_store_percentile(store, run_id, "convergence", "p50");
        entry->p95 = report_store_percentile(store, run_id, "convergence", "p95");
        read_claim(store, entry);
        read_waiting(store, entry);
    }
    return store->error->code == REPORT_OK;
}

void report_matrix_finish(struct report_matrix *matrix)
{
    free(matrix->entries);
}

size_t report_matrix_part(const struct report_matrix *matrix, size_t first)
{
    size_t end = first;
    while (end < matrix->count) {
        size_t row_end = end + 1;
        while (row_end < matrix->count &&
               matrix->entries[row_end].run->matrix_row == matrix->entries[end].run->matrix_row) {
            row_end++;
        }
        if (end > first && row_end - first > REPORT_ENTRIES_MAX) {
            break;
        }
        end = row_end;
    }
    return end - first;
}
