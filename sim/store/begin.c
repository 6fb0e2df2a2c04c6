// SPDX-License-Identifier: GPL-3.0-or-later
// Runs under way: a note that stays behind when the process is killed.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "handle.h"

#define START_FIELD 22  // of /proc/PID/stat, see proc(5)

// When a process began, in ticks since the machine did; 0: there is none. A number alone is given
// to another process in time.
static uint64_t start_of(int64_t process)
{
    char path[64];
    char line[1024] = "";
    snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", process);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return 0;
    }
    size_t length = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[length] = '\0';
    const char *at = strrchr(line, ')');  // behind the program's name, which is the second field
    at = at == NULL ? NULL : at + 1;
    for (int field = 3; at != NULL && field < START_FIELD; field++) {
        at = strchr(at + 1, ' ');
    }
    return at == NULL ? 0 : strtoull(at, NULL, 10);
}

static bool note(sqlite3_stmt *row, const struct sim_scenario *scenario)
{
    struct utsname names = {0};
    char begun_at[sizeof "2026-01-31T23:59:59Z"] = "";
    time_t now = time(NULL);
    struct tm utc;
    uname(&names);
    if (gmtime_r(&now, &utc) != NULL) {
        strftime(begun_at, sizeof begun_at, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    sqlite3_bind_text(row, 1, begun_at, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 2, names.nodename, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 3, getpid());
    sqlite3_bind_int64(row, 4, (int64_t)start_of(getpid()));
    sqlite3_bind_text(row, 5, scenario->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 6, scenario->cell, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 7, sim_topology_name(scenario->topology), -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 8, scenario->agents);
    sqlite3_bind_text(row, 9, sim_mode_name(scenario->gossip.mode), -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 10, (int64_t)scenario->seed);
    sqlite3_bind_int64(row, 11, scenario->repeat);
    return sqlite3_step(row) == SQLITE_DONE;
}

bool sim_store_begin_run(struct sim_store *store, const struct sim_scenario *scenario,
                         struct sim_error *error)
{
    sqlite3_stmt *row = NULL;
    bool noted =
        sim_store_end_begun(store) &&
        sqlite3_prepare_v2(store->database, "INSERT INTO begun VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?)",
                           -1, &row, NULL) == SQLITE_OK &&
        note(row, scenario);
    if (!noted) {
        sim_store_failed(store, "write to", "", error);
    }
    sqlite3_finalize(row);
    store->begun_id = noted ? sqlite3_last_insert_rowid(store->database) : 0;
    return noted;
}

bool sim_store_end_begun(struct sim_store *store)
{
    char command[80];
    if (store->begun_id == 0) {
        return true;
    }
    snprintf(command, sizeof command, "DELETE FROM begun WHERE begun_id = %" PRId64,
             store->begun_id);
    return sqlite3_exec(store->database, command, NULL, NULL, NULL) == SQLITE_OK;
}

bool sim_store_is_killed(const char *host, int64_t process, uint64_t process_at)
{
    struct utsname names = {0};
    uname(&names);
    return strcmp(names.nodename, host) == 0 && start_of(process) != process_at;
}
