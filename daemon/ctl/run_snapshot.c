/* SPDX-License-Identifier: MIT */
/* snapshot: a copy, whole or not at all, also when it is stopped on the way. */
#include "source.h"
#include "stop.h"
#include "voice.h"

enum command_status
run_snapshot(const struct flags *flags)
{
    struct source *source = NULL;
    struct problem problem;
    enum source_result result;

    stop_watch();
    result = source_open(flags, &source, &problem);
    if (result == SOURCE_OK)
        result = source_snapshot(source, flags->arguments[0], &problem);
    source_free(source);
    if (result != SOURCE_OK)
        voice_say("%s", problem.text);
    return source_status(result);
}
