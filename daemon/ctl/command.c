/* SPDX-License-Identifier: MIT */
/* The table of commands, which the help and bash's completion read too. */
#include "command.h"

#include "flags.h"

#include <string.h>

static const struct command commands[] = {
    {.name = "stats",
     .arguments = "",
     .help = "the ledger, and how the file and the upstream are",
     .target = COMMAND_BOTH,
     .run = run_stats},
    {.name = "tail",
     .arguments = "",
     .help = "the latest events, and with -f those that come",
     .target = COMMAND_BOTH,
     .run = run_tail},
    {.name = "events",
     .arguments = "",
     .help = "events by device, kind, text and time, in the order of their ids",
     .target = COMMAND_BOTH,
     .run = run_events},
    {.name = "event",
     .arguments = "ID",
     .help = "an event, and what became of it",
     .argument_count_min = 1,
     .argument_count_max = 1,
     .target = COMMAND_BOTH,
     .run = run_event},
    {.name = "query",
     .arguments = "SQL [PARAMETER...]",
     .help = "what a SELECT finds; the parameters are for ?1, ?2 ...",
     .argument_count_min = 1,
     .argument_count_max = FLAGS_ARGUMENTS_MAX,
     .target = COMMAND_FILE,
     .instead = "a collector takes no SQL: name its file, or a snapshot of it",
     .run = run_query},
    {.name = "devices",
     .arguments = "",
     .help = "devices, and when each was last seen",
     .target = COMMAND_BOTH,
     .run = run_devices},
    {.name = "runs",
     .arguments = "",
     .help = "what was settled together, and outages, from the latest back",
     .target = COMMAND_BOTH,
     .run = run_runs},
    {.name = "dead-letters",
     .arguments = "[list|replay|purge [ID...]]",
     .help = "events that were refused for good: show them, append them\n"
             "        again, or delete them; those of these ids, or all",
     .action = "list",
     .argument_count_max = FLAGS_ARGUMENTS_MAX,
     .target = COMMAND_BOTH,
     .run = run_dead_letters},
    {.name = "snapshot",
     .arguments = "OUT",
     .help = "a copy of the database as of now; OUT must not be there",
     .argument_count_min = 1,
     .argument_count_max = 1,
     .target = COMMAND_BOTH,
     .run = run_snapshot},
    {.name = "verify",
     .arguments = "",
     .help = "check that the file is whole, and that everything adds up",
     .target = COMMAND_FILE,
     .instead = "only a file can be looked through: get one with snapshot",
     .run = run_verify},
    {.name = "health",
     .arguments = "",
     .help = "whether all is well, in one line and in the exit status",
     .target = COMMAND_BOTH,
     .run = run_health},
    {.name = "mcp",
     .arguments = "",
     .help = "the Model Context Protocol on standard input and output, for a\n"
             "        model that asks questions about the file",
     .target = COMMAND_FILE,
     .instead = "a collector is asked in SQL here: name its file, or a "
                "snapshot of it",
     .run = run_mcp},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

const struct command *
command_at(size_t i)
{
    return i < COMMAND_COUNT ? &commands[i] : NULL;
}

const struct command *
command_find(const char *name)
{
    size_t i;

    for (i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}
