// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of this folder share: the open database, and the one way to report its failures.

#ifndef SIM_STORE_HANDLE_H
#define SIM_STORE_HANDLE_H

#include <sqlite3.h>

#include "store.h"

struct sim_store {
    sqlite3 *database;
    int64_t command_id;  // first run written through this handle; 0: none yet
    int64_t begun_id;    // of the run under way; 0: none
    char path[512];      // as the user gave it, for messages
};

// Reports what the last call on the database failed of, and what to do about it. `doing` completes
// "cannot ...", `after` says what that means for the user's data; "" where nothing was at stake.
// Returns false.
bool sim_store_failed(const struct sim_store *store, const char *doing, const char *after,
                      struct sim_error *error);

// digest.c The tables of results, in the order of the digest.
struct sim_result_table {
    const char *name;
    const char *query;  // the rows of run ?1 by their keys; column 0 is the run
};

extern const struct sim_result_table sim_result_tables[SIM_RESULT_TABLES];

// Where there is no such run, SIM_ERROR_USAGE.
bool sim_store_has_run(const struct sim_store *store, int64_t run_id, struct sim_error *error);

// begin.c Takes back the note of the run under way; part of a transaction, or by itself.
bool sim_store_end_begun(struct sim_store *store);

// begin.c Whether the process that noted a run is gone. Of another machine nobody can tell, and it
// is taken to run still.
bool sim_store_is_killed(const char *host, int64_t process, uint64_t process_at);

// tables.c The bytes of a table as they are kept, and their hash.
#define SIM_STORE_TABLE_BYTES sizeof(struct sim_quantiles)
uint64_t sim_store_pack_table(const struct sim_quantiles *quantiles,
                              unsigned char bytes[SIM_STORE_TABLE_BYTES]);
void sim_store_unpack_table(const unsigned char *bytes, struct sim_quantiles *quantiles);

#endif
