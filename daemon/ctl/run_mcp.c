/* SPDX-License-Identifier: MIT */
/* mcp: a model asks, and this answers, until it has no more questions. */
#include "mcp/mcp.h"
#include "told.h"

#include <unistd.h>

enum command_status
run_mcp(const struct flags *flags)
{
    const struct mcp_options options = {
        .path = flags->target,
        .deadline_ms = (uint32_t)flags->deadline_ms,
        .limits = told_limits(flags),
    };

    return mcp_serve(&options, STDIN_FILENO, STDOUT_FILENO) == 0
               ? COMMAND_DONE
               : COMMAND_FAILED;
}
