/* SPDX-License-Identifier: MIT */
#ifndef CTL_DOWNLOAD_H
#define CTL_DOWNLOAD_H

#include "problem.h"

/** A copy of a database that comes in. It has its name only when all of it is
 *  on the disk; until then it is NAME.tmp-XXXXXXXX. */
struct download;

/**
 * Begin one, and remove what others of the same name have left behind when
 * their process died. The name itself must not be there.
 *
 * @param ret_download  Set on success only; yours to free.
 * @param ret_problem   Set on failure only.
 * @return 0, or -1.
 */
int
download_begin(const char *path, struct download **ret_download,
               struct problem *ret_problem);

/** Where to write it. */
int
download_fd(const struct download *download);

/** Look whether it is a whole database, have it on the disk, and give it its
 * name, unless there is such a file by now. 0, or -1. */
int
download_finish(struct download *download, struct problem *ret_problem);

/** Remove what is not finished. NULL is fine. */
void
download_free(struct download *download);

#endif
