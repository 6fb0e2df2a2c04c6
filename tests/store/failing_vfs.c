// SPDX-License-Identifier: GPL-3.0-or-later
#include "failing_vfs.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The real file lies behind ours in the memory that SQLite allocates.
struct failing_file {
    sqlite3_file base;
    sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs failing_vfs;
static enum failure planned;
static int planned_at;
static int operations;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct failing_file *)file)->real;
}

// True when this operation is the planned one, or on a full disk a later one.
static bool strikes(void)
{
    operations++;
    return planned == FAILURE_DISK_FULL ? operations >= planned_at : operations == planned_at;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    pause();
}

static int failing_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
    sqlite3_file *real = real_of(file);
    if (strikes() && planned == FAILURE_KILL) {
        real->pMethods->xWrite(real, bytes, count / 2, offset);
        die();
    }
    // A full disk refuses what makes a file longer, and lets what is there be overwritten.
    sqlite3_int64 size = 0;
    real->pMethods->xFileSize(real, &size);
    if (planned == FAILURE_DISK_FULL && operations >= planned_at && offset + count > size) {
        return SQLITE_FULL;
    }
    return real->pMethods->xWrite(real, bytes, count, offset);
}

static int failing_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (strikes() && planned == FAILURE_KILL) {
        die();
    }
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int failing_sync(sqlite3_file *file, int flags)
{
    if (strikes() && planned == FAILURE_KILL) {
        die();
    }
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int failing_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    (void)vfs;
    if (strikes() && planned == FAILURE_KILL) {
        die();
    }
    return real_vfs->xDelete(real_vfs, name, sync_directory);
}

// ---- Passed on ----

static int pass_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int pass_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xRead(real_of(file), bytes, count, offset);
}

static int pass_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int pass_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int pass_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int pass_check_lock(sqlite3_file *file, int *reserved)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), reserved);
}

static int pass_control(sqlite3_file *file, int operation, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int pass_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int pass_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int failing_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
                        int *out_flags)
{
    static const sqlite3_io_methods methods = {
        .iVersion = 1,  // no shared memory and no mapping, which would bypass us
        .xClose = pass_close,
        .xRead = pass_read,
        .xWrite = failing_write,
        .xTruncate = failing_truncate,
        .xSync = failing_sync,
        .xFileSize = pass_size,
        .xLock = pass_lock,
        .xUnlock = pass_unlock,
        .xCheckReservedLock = pass_check_lock,
        .xFileControl = pass_control,
        .xSectorSize = pass_sector_size,
        .xDeviceCharacteristics = pass_characteristics,
    };
    (void)vfs;
    struct failing_file *ours = (struct failing_file *)file;
    ours->real = (sqlite3_file *)(ours + 1);
    int code = real_vfs->xOpen(real_vfs, name, ours->real, flags, out_flags);
    ours->base.pMethods = code == SQLITE_OK ? &methods : NULL;
    return code;
}

void failing_vfs_install(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    failing_vfs = *real_vfs;
    failing_vfs.zName = "failing";
    failing_vfs.szOsFile = (int)sizeof(struct failing_file) + real_vfs->szOsFile;
    failing_vfs.xOpen = failing_open;
    failing_vfs.xDelete = failing_delete;
    cr_assert(sqlite3_vfs_register(&failing_vfs, 1) == SQLITE_OK);
}

void failing_vfs_plan(enum failure failure, int at)
{
    planned = failure;
    planned_at = at;
    operations = 0;
}

int failing_vfs_operations(void)
{
    return operations;
}
