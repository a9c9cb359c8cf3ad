/* SPDX-License-Identifier: MIT */
/* Limits that a file does not know. */
#include "told.h"

#include "file.h"
#include "utc.h"

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

enum source_result
told_look(const struct flags *flags, struct standing *ret_standing,
          struct problem *ret_problem)
{
    const struct standing_limits limits = told_limits(flags);
    struct collector_answer answer = {.size = sizeof(answer)};
    struct file *file = NULL;
    enum source_result result = file_open(flags, &file, ret_problem);
    int rc;

    if (result == SOURCE_OK) {
        rc = standing_look(file_reader(file), flags->target, &limits,
                           utc_now_ms(), ret_standing, &answer);
        result = file_judge(file, rc, &answer, ret_problem);
    }
    file_free(file);
    return result;
}
