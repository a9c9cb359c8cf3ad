/* SPDX-License-Identifier: MIT */
#ifndef CTL_FLAGS_H
#define CTL_FLAGS_H

#include "command.h"
#include "problem.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/** What may stand behind a command. */
#define FLAGS_ARGUMENTS_MAX 201

/** Rows of an answer at most. */
#define FLAGS_LIMIT_MAX 100000

/** What the collector was told is not known: it may be its default. */
#define FLAGS_UNKNOWN UINT64_MAX

/** How rows are written. */
enum format { FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV, FORMAT_NDJSON };

/** All that stands on the command line. Texts are those of main(). */
struct flags {
    /** A file, or the URL of a collector. */
    const char *target;
    bool is_url;
    const struct command *command;
    const char *arguments[FLAGS_ARGUMENTS_MAX];
    size_t argument_count;

    /** An enum format. */
    uint64_t format;
    /** What events are asked for; NULL and 0 are anything. */
    const char *device;
    const char *kind;
    const char *text;
    int64_t since;
    int64_t until;
    /** Begin behind this id, or before it; 0 for the first, or the last. */
    uint64_t after;
    uint64_t before;
    /** Rows at most. */
    uint64_t limit;
    /** Of tail: how many events to begin with. */
    uint64_t count;
    /** Of devices: those last seen longer ago than that; 0 for all. */
    uint64_t silent_ms;
    /** Of runs. */
    const char *status;
    /** What the collector was told, or FLAGS_UNKNOWN. */
    uint64_t backlog_max;
    uint64_t size_max;
    /** How long a question may take: of a file, and of a collector. */
    uint64_t deadline_ms;
    uint64_t timeout_ms;
    const char *token_file;
    const char *ca_file;
    bool follow;
    bool live;
    bool whole;
    bool yes;
};

/** What the command line asks for. */
enum flags_action { FLAGS_RUN, FLAGS_SHOW_HELP, FLAGS_SHOW_VERSION };

/**
 * Read the command line.
 *
 * @param ret_problem  Set on failure only.
 * @return 0, or -1.
 */
int
flags_parse(int argc, char *const *argv, struct flags *ret_flags,
            enum flags_action *ret_action, struct problem *ret_problem);

/** Every command, and every option with its default. */
void
flags_print_help(FILE *out);

#endif
