/* SPDX-License-Identifier: MIT */
/* Limits that a file does not know. */
#include "told.h"

static int64_t
limit_of(uint64_t told)
{
    return told == FLAGS_UNKNOWN ? STANDING_UNKNOWN : (int64_t)told;
}

struct standing_limits
told_limits(const struct flags *flags)
{
    return (struct standing_limits){limit_of(flags->backlog_max),
                                    limit_of(flags->size_max)};
}
