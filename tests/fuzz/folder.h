/* SPDX-License-Identifier: MIT */
#ifndef FOLDER_H
#define FOLDER_H

#include <stddef.h>

/*
 * A target's own directory, under $TMPDIR or /tmp. It goes away when the
 * process that made it ends by itself.
 */

/** Make it. */
void
folder_make(void);

/** The path of a file in it; until the call after the next four. */
const char *
folder_path(const char *name);

/** Make a file in it, or overwrite it. */
void
folder_write(const char *name, const void *data, size_t size);

/** Remove all files in it. */
void
folder_clear(void);

#endif
