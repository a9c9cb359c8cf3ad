/* SPDX-License-Identifier: MIT */
#ifndef CTL_TOLD_H
#define CTL_TOLD_H

#include "flags.h"
#include "standing.h"

/** What the command line says that the file's owner was told. */
struct standing_limits
told_limits(const struct flags *flags);

#endif
