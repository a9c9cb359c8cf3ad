/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_PATH_H
#define COLLECTOR_LIB_PATH_H

#include "log.h"

#include <stdbool.h>
#include <stdint.h>

/** Two texts as one, such as a path and "-wal". Yours to free; NULL without
 *  memory. */
char *
collector__path_join(const char *path, const char *suffix);

/**
 * Find out how large the file at path + suffix is.
 *
 * @param log       NULL: nobody is told why it can't be found out.
 * @param ret_size  Bytes; -1 when there is none.
 * @return COLLECTOR_OK, ERR_IO, ERR_NOMEM: then nobody knows.
 */
int
collector__path_measure(const struct collector__log *log, const char *path,
                        const char *suffix, int64_t *ret_size);

/** The same for whom it makes no difference: -1 also when nobody knows. */
int64_t
collector__path_size(const char *path, const char *suffix);

/** Bytes that are free on the disk where the file is, or would be; UINT64_MAX
 *  when that can't be found out. */
uint64_t
collector__path_free_size(const char *path);

/** Remove the file at path + suffix. @return Whether there is none now. */
bool
collector__path_remove(const char *path, const char *suffix);

/**
 * Give a file another name; what has that name already is replaced.
 *
 * @return COLLECTOR_OK, also when there is no such file; ERR_IO, ERR_NOMEM.
 */
int
collector__path_rename(const struct collector__log *log, const char *from,
                       const char *to, const char *suffix);

/**
 * Have a file, or with directory_of the directory that it is in, written to the
 * disk. Never for a file that SQLite has open here: closing it again would drop
 * SQLite's locks.
 *
 * @return COLLECTOR_OK, ERR_IO, ERR_NOSPACE, ERR_NOMEM.
 */
int
collector__path_sync(const struct collector__log *log, const char *path,
                     bool directory_of);

#endif
