/* SPDX-License-Identifier: MIT */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct flags;

/** What collectorctl ends with. */
enum command_status {
    /** It was done; the file is whole; the collector is healthy. */
    COMMAND_DONE = 0,
    /** It was not; the file is damaged; the collector is not healthy. */
    COMMAND_FAILED = 1,
    /** The command line is wrong, and nothing was tried. */
    COMMAND_USAGE = 2,
    /** verify could not look at the file: it says nothing about it. */
    COMMAND_UNKNOWN = 3
};

/** What a command is asked of. */
enum command_target { COMMAND_FILE = 1, COMMAND_URL = 2, COMMAND_BOTH = 3 };

/** One command, in the one table of all. */
struct command {
    const char *name;
    /** As the help has them; "" for none. */
    const char *arguments;
    const char *help;
    /** Which of its actions is meant without arguments; NULL if it has none, or
     *  else its first argument is one. */
    const char *action;
    size_t argument_count_min;
    size_t argument_count_max;
    enum command_target target;
    /** What to do about a target that it does not take; NULL if it takes both.
     */
    const char *instead;
    enum command_status (*run)(const struct flags *flags);
};

/** The i-th command, in the order of the help; NULL beyond the last. */
const struct command *
command_at(size_t i);

/** The command of that name, or NULL. */
const struct command *
command_find(const char *name);

/* What they do: each in a file of its own, run_NAME.c. What they have to say
 * beside results was said on stderr. */
enum command_status
run_dead_letters(const struct flags *flags);
enum command_status
run_devices(const struct flags *flags);
enum command_status
run_event(const struct flags *flags);
enum command_status
run_events(const struct flags *flags);
enum command_status
run_health(const struct flags *flags);
enum command_status
run_mcp(const struct flags *flags);
enum command_status
run_query(const struct flags *flags);
enum command_status
run_runs(const struct flags *flags);
enum command_status
run_snapshot(const struct flags *flags);
enum command_status
run_stats(const struct flags *flags);
enum command_status
run_tail(const struct flags *flags);
enum command_status
run_verify(const struct flags *flags);

#endif
