/* SPDX-License-Identifier: MIT */
#ifndef CTL_TOLD_H
#define CTL_TOLD_H

#include "flags.h"
#include "source.h"
#include "standing.h"

/** What the command line says that the file's owner was told. */
struct standing_limits
told_limits(const struct flags *flags);

/**
 * Look how the file of these flags is, with the limits that they tell.
 *
 * @param ret_standing  Set on success only.
 * @param ret_problem   Set on failure only.
 */
enum source_result
told_look(const struct flags *flags, struct standing *ret_standing,
          struct problem *ret_problem);

#endif
