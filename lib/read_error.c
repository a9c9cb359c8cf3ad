/* SPDX-License-Identifier: MIT */
/* A file that can't be read may be sound: it depends on what lies below it. */
#include "read_error.h"

#include <stddef.h>

/** What a file of SQLite's says; 0 also when it can't say. */
static int
error_of(sqlite3_file *file)
{
    int error = 0;

    if (file != NULL && file->pMethods != NULL)
        (void)file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO,
                                           &error); /* 0 stays then */
    return error;
}

int
collector__read_error(sqlite3 *db)
{
    sqlite3_file *file = NULL;
    int error;

    (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    error = error_of(file);
    if (error != 0)
        return error;
    file = NULL;
    (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
    return error_of(file);
}
