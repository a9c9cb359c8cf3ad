/* SPDX-License-Identifier: MIT */
/* snapshot: a copy, whole or not at all, also when it is stopped on the way. */
#include "source.h"
#include "stop.h"
#include "voice.h"

#include <string.h>

/* A copy needs a file: it is not written to standard output, nor to a URL. */
static bool
may_be_written(const char *out)
{
    if (*out != '\0' && strcmp(out, "-") != 0 && strstr(out, "://") == NULL)
        return true;
    voice_say("snapshot: expected OUT, a file%s",
              strcmp(out, "-") == 0 ? "; one that is called - is ./-" : "");
    return false;
}

enum command_status
run_snapshot(const struct flags *flags)
{
    const char *out = flags->arguments[0];
    struct source *source = NULL;
    struct problem problem;
    enum source_result result;

    if (!may_be_written(out))
        return COMMAND_USAGE;
    stop_watch();
    result = source_open(flags, &source, &problem);
    if (result == SOURCE_OK)
        result = source_snapshot(source, out, &problem);
    source_free(source);
    if (result != SOURCE_OK)
        voice_say("%s", problem.text);
    return source_status(result);
}
