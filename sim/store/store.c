// SPDX-License-Identifier: GPL-3.0-or-later
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "embed.h"
#include "handle.h"

SIM_EMBEDDED(sim_store_schema);

// What the user can do about a failure, by SQLite's primary result code. NULL: our own fault.
static const char *remedy(int code)
{
    switch (code) {
    case SQLITE_FULL:
        return "the disk is full: free some space, or name a file elsewhere with --db";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "another process keeps it locked: wait for that, or name another file with --db";
    case SQLITE_READONLY:
        return "it is read-only: make the file and its directory writable, or name another file "
               "with --db";
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return "check that the directory exists and is writable, or name another file with --db";
    case SQLITE_IOERR:
        return "the file system reports an error: check the disk, or name a file elsewhere with "
               "--db";
    case SQLITE_NOTADB: return "it is not an SQLite database: name another file with --db";
    case SQLITE_CORRUPT: return "the file is damaged: name another file with --db and run again";
    default: return NULL;
    }
}

bool sim_store_failed(const struct sim_store *store, const char *doing, const char *after,
                      struct sim_error *error)
{
    int code = sqlite3_errcode(store->database);
    const char *advice = remedy(code);
    if (advice == NULL) {
        return sim_error_set(error, SIM_ERROR_INTERNAL, "cannot %s %s: %s%s", doing, store->path,
                             sqlite3_errmsg(store->database), after);
    }
    int system = sqlite3_system_errno(store->database);
    bool told = system != 0 && (code == SQLITE_CANTOPEN || code == SQLITE_IOERR);
    return sim_error_set(error, SIM_ERROR_IO, "cannot %s %s: %s%s%s%s", doing, store->path,
                         told ? strerror(system) : "", told ? "; " : "", advice, after);
}

// The single integer that a query yields.
static bool query_integer(const struct sim_store *store, const char *query, int64_t *value,
                          struct sim_error *error)
{
    sqlite3_stmt *statement = NULL;
    bool found = sqlite3_prepare_v2(store->database, query, -1, &statement, NULL) == SQLITE_OK &&
                 sqlite3_step(statement) == SQLITE_ROW;
    if (found) {
        *value = sqlite3_column_int64(statement, 0);
    } else {
        sim_store_failed(store, "read", "", error);
    }
    sqlite3_finalize(statement);
    return found;
}

// Creates the tables in a file that holds nothing. Called inside a transaction, since another
// process may have had the same idea.
static bool create_schema(const struct sim_store *store, struct sim_error *error)
{
    if (sqlite3_exec(store->database, sim_store_schema, NULL, NULL, NULL) != SQLITE_OK) {
        return sim_store_failed(store, "create the tables of", "", error);
    }
    return true;
}

// Tells our store from an empty file and from everything else.
static bool check_identity(const struct sim_store *store, bool *empty, struct sim_error *error)
{
    int64_t application;
    int64_t version;
    int64_t objects;
    if (!query_integer(store, "PRAGMA application_id", &application, error) ||
        !query_integer(store, "PRAGMA user_version", &version, error) ||
        !query_integer(store, "SELECT count(*) FROM sqlite_schema", &objects, error)) {
        return false;
    }
    *empty = application == 0 && version == 0 && objects == 0;
    if (*empty || (application == SIM_STORE_APPLICATION_ID && version == SIM_STORE_VERSION)) {
        return true;
    }
    if (application != SIM_STORE_APPLICATION_ID) {
        return sim_error_set(error, SIM_ERROR_IO,
                             "%s is a database of another program, not a store of meshsim: name "
                             "another file with --db",
                             store->path);
    }
    return sim_error_set(error, SIM_ERROR_IO,
                         "%s is of store version %lld and this meshsim writes version %d: use the "
                         "%s meshsim that wrote it, or name another file with --db",
                         store->path, (long long)version, SIM_STORE_VERSION,
                         version > SIM_STORE_VERSION ? "newer" : "older");
}

// Takes the lock for writing, so that a store which cannot be written is refused now.
static bool prepare_file(const struct sim_store *store, struct sim_error *error)
{
    bool empty = false;
    if (!check_identity(store, &empty, error)) {
        return false;
    }
    if (sqlite3_exec(store->database,
                     "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;"
                     "BEGIN IMMEDIATE",
                     NULL, NULL, NULL) != SQLITE_OK) {
        return sim_store_failed(store, "write to", "", error);
    }
    // Only under the lock is it certain that nobody else made the tables meanwhile.
    bool ready = check_identity(store, &empty, error) && (!empty || create_schema(store, error));
    if (ready && sqlite3_exec(store->database, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
        ready = sim_store_failed(store, "write to", "", error);
    }
    return ready;
}

// Opens the file without looking into it.
static bool open_file(const char *path, int flags, struct sim_store **store,
                      struct sim_error *error)
{
    struct sim_store *opened = calloc(1, sizeof *opened);
    *store = opened;
    if (opened == NULL) {
        sim_error_set(error, SIM_ERROR_INTERNAL, "out of memory");
        return false;
    }
    if (path[0] == '\0' || strlen(path) >= sizeof opened->path) {
        return sim_error_set(error, SIM_ERROR_USAGE,
                             "--db needs the path of a file, of up to %zu "
                             "bytes",
                             sizeof opened->path - 1);
    }
    snprintf(opened->path, sizeof opened->path, "%s", path);
    int code = sqlite3_open_v2(path, &opened->database, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (opened->database == NULL) {
        return sim_error_set(error, SIM_ERROR_INTERNAL, "out of memory");
    }
    sqlite3_busy_timeout(opened->database, SIM_STORE_BUSY_MS);
    return code == SQLITE_OK || sim_store_failed(opened, "open", "", error);
}

bool sim_store_open(const char *path, struct sim_store **store, struct sim_error *error)
{
    if (open_file(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, store, error) &&
        prepare_file(*store, error)) {
        return true;
    }
    sim_store_close(*store);
    *store = NULL;
    return false;
}

static bool forbid_writing(const struct sim_store *store, struct sim_error *error)
{
    return sqlite3_exec(store->database, "PRAGMA query_only = ON", NULL, NULL, NULL) == SQLITE_OK ||
           sim_store_failed(store, "read", "", error);
}

bool sim_store_open_to_read(const char *path, struct sim_store **store, struct sim_error *error)
{
    bool empty = false;
    *store = NULL;
    if (path[0] != '\0' && access(path, F_OK) != 0) {
        return sim_error_set(error, SIM_ERROR_IO,
                             "there is no store %s: \"meshsim run\" writes one, --db names another",
                             path);
    }
    // Writable where it may be: what a killed process left half done is undone before it is read.
    if (open_file(path, SQLITE_OPEN_READWRITE, store, error) &&
        check_identity(*store, &empty, error) && forbid_writing(*store, error) &&
        (!empty || sim_error_set(error, SIM_ERROR_IO, "%s is empty, not a store", path))) {
        return true;
    }
    sim_store_close(*store);
    *store = NULL;
    return false;
}

void sim_store_close(struct sim_store *store)
{
    if (store == NULL) {
        return;
    }
    sim_store_end_begun(store);
    sqlite3_close(store->database);
    free(store);
}
