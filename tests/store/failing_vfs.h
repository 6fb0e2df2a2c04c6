// SPDX-License-Identifier: GPL-3.0-or-later
// A file system that dies, or fills up, at a chosen operation.
//
//     SQLite --> failing_vfs --> SQLite's own Unix file system
//                 counts writes, truncations, syncs and deletions;
//                 at the n-th: half of a write and SIGKILL, or "disk full" from there on

#ifndef TESTS_STORE_FAILING_VFS_H
#define TESTS_STORE_FAILING_VFS_H

enum failure { FAILURE_NONE, FAILURE_KILL, FAILURE_DISK_FULL };

// Makes it the file system of all databases opened from now on. Once per process.
void failing_vfs_install(void);

// Starts counting at 0 and plans the failure at operation `at`, from 1.
void failing_vfs_plan(enum failure failure, int at);

// Operations since the last plan.
int failing_vfs_operations(void);

#endif
