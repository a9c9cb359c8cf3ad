/* SPDX-License-Identifier: MIT */
#ifndef STORAGE_H
#define STORAGE_H

/*
 * A storage on which calls of one kind fail, as calls.h sees them: those of
 * SQLite's own VFS, and what the library does beside it. What does not fail is
 * done, but for syncs, which take long and show nothing while the power stays
 * on.
 */
#include "calls.h"
#include "trouble.h"

struct storage_fault {
    enum call_kind kind;
    int error;
    /** A write that fails has written half of it before. */
    bool is_short;
};

/** Have calls of a kind fail when this trouble strikes. Both are borrowed. */
void
storage_fail(struct trouble *chosen, const struct storage_fault *chosen_fault);

/** Watch a directory, before any file there is open; NULL ends it. */
void
storage_watch(const char *directory);

#endif
