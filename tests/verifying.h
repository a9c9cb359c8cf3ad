/* SPDX-License-Identifier: MIT */
#ifndef VERIFYING_H
#define VERIFYING_H

/* Files to be verified, and what that finds. */
#include "harness.h"

/** Prepare a file with one of everything: events 1 and 2 delivered, 3 to 5
 *  dead, of which 4 is replayed as 8 and 5 is purged, 6 dropped, 7 to 9
 *  pending. Nobody has it open. */
void
verifying_prepare(struct harness *harness);

/**
 * Verify a file.
 *
 * @param ret_text  A line a check, as in reading.h.
 * @return The names of the checks that fail, with a space behind each.
 */
const char *
verifying_failures(const char *path, bool whole, const char **ret_text);

#endif
