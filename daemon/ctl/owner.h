/* SPDX-License-Identifier: MIT */
#ifndef CTL_OWNER_H
#define CTL_OWNER_H

#include <stdbool.h>

/**
 * Whether a process was seen to own the store of this file. It takes no lock:
 * whoever wants to own it would meet that. One in another container, or on a
 * file system that the kernel names otherwise, is not seen.
 */
bool
owner_is_seen(const char *path);

#endif
