/* SPDX-License-Identifier: MIT */
/* Bytes below SQLite: what it can't or won't read any more. */
#include "raw_file.h"

#include "memory.h"

#include <collector/error.h>
#include <limits.h>
#include <string.h>

/** What a file's error means to us. */
static int
translate(int code)
{
    if (code == SQLITE_OK)
        return COLLECTOR_OK;
    return (code & 0xff) == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM
               ? COLLECTOR_ERR_NOMEM
               : COLLECTOR_ERR_IO;
}

/** Open by name and type. SQLite's VFS for Unix does not open a log whose main
 *  file is missing, unless it is told that it is something else. */
static int
open_any(sqlite3_vfs *vfs, struct collector__raw_file *file, int type)
{
    int code;

    code = vfs->xOpen(vfs, file->name, file->file, type | SQLITE_OPEN_READONLY,
                      NULL);
    if (code == SQLITE_OK || type != SQLITE_OPEN_WAL)
        return code;
    memset(file->file, 0, (size_t)vfs->szOsFile);
    return vfs->xOpen(vfs, file->name, file->file,
                      SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_READONLY, NULL);
}

int
collector__raw_file_open(const char *vfs_name, const char *path, int type,
                         struct collector__raw_file *ret_file)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(vfs_name);
    struct collector__raw_file file = {NULL, NULL, 0, false};
    sqlite3_int64 size = 0;
    int rc = COLLECTOR_ERR_NOMEM;

    if (vfs == NULL)
        return COLLECTOR_ERR_IO;
    file.file = collector__memory_zeroed((size_t)vfs->szOsFile);
    file.name = sqlite3_create_filename(path, "", "", 0, NULL);
    if (file.file == NULL || file.name == NULL)
        goto out;
    rc = translate(open_any(vfs, &file, type));
    if (rc == COLLECTOR_OK)
        rc = translate(file.file->pMethods->xFileSize(file.file, &size));
    if (rc != COLLECTOR_OK)
        goto out;
    file.size = size;
    *ret_file = file;
    memset(&file, 0, sizeof(file)); /* handed over */
out:
    collector__raw_file_close(&file);
    return rc;
}

bool
collector__raw_file_read(struct collector__raw_file *file, int64_t offset,
                         void *buffer, size_t size)
{
    int code;

    if (size > INT_MAX || offset < 0 || offset + (int64_t)size > file->size)
        return false;
    code = file->file->pMethods->xRead(file->file, buffer, (int)size, offset);
    file->failed =
        file->failed || (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ);
    return code == SQLITE_OK;
}

void
collector__raw_file_close(struct collector__raw_file *file)
{
    if (file->file != NULL && file->file->pMethods != NULL)
        (void)file->file->pMethods->xClose(file->file); /* it only read */
    collector__memory_free(file->file);
    if (file->name != NULL)
        sqlite3_free_filename(file->name);
    memset(file, 0, sizeof(*file));
}
