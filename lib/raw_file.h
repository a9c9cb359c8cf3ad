/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_RAW_FILE_H
#define COLLECTOR_LIB_RAW_FILE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A file as bytes, read through the VFS that SQLite reads it through. Zeroed
 *  is closed. One thread. */
struct collector__raw_file {
    sqlite3_file *file;
    /** What the VFS calls it; lives as long as the file is open. */
    const char *name;
    int64_t size;
    /** Something that should be there could not be read. */
    bool failed;
};

/**
 * Open a file for reading.
 *
 * @param vfs_name  NULL: SQLite's own choice.
 * @param type      SQLITE_OPEN_MAIN_DB, for a file that SQLite does not have
 *                  open in this process (closing it would drop SQLite's locks),
 *                  or SQLITE_OPEN_WAL.
 * @return COLLECTOR_OK, ERR_IO (also when there is none), ERR_NOMEM.
 */
int
collector__raw_file_open(const char *vfs_name, const char *path, int type,
                         struct collector__raw_file *ret_file);

/** Read so many bytes. @return Whether all of them could be. */
bool
collector__raw_file_read(struct collector__raw_file *file, int64_t offset,
                         void *buffer, size_t size);

/** Close it. Closed is fine. */
void
collector__raw_file_close(struct collector__raw_file *file);

#endif
