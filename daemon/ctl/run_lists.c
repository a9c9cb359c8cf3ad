/* SPDX-License-Identifier: MIT */
/* events, devices and runs: a question each, and its rows. */
#include "event_flags.h"
#include "pages.h"
#include "utc.h"

enum command_status
run_events(const struct flags *flags)
{
    struct question question = {.kind = QUESTION_EVENTS,
                                .filter = event_flags_filter(flags)};

    question.filter.since = flags->since;
    question.filter.until = flags->until;
    question.filter.after_id = (int64_t)flags->after;
    question.filter.before_id = (int64_t)flags->before;
    return pages_list(flags, &question);
}

enum command_status
run_devices(const struct flags *flags)
{
    struct question question = {.kind = QUESTION_DEVICES,
                                .from_id = (int64_t)flags->after};
    const int64_t now_ms = utc_now_ms();

    /* Before all of time, nobody was seen. */
    if (flags->silent_ms > 0)
        question.seen_before = (int64_t)flags->silent_ms < now_ms
                                   ? now_ms - (int64_t)flags->silent_ms
                                   : 1;
    return pages_list(flags, &question);
}

enum command_status
run_runs(const struct flags *flags)
{
    struct question question = {.kind = QUESTION_RUNS,
                                .from_id = (int64_t)flags->before,
                                .status = flags->status};

    return pages_list(flags, &question);
}
