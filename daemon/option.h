/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_OPTION_H
#define DAEMON_OPTION_H

#include "config.h"

#include <stdint.h>
#include <stdio.h>

/** What an option's value is, and so how it is read. */
enum option_kind {
    OPTION_TEXT,
    OPTION_URL,
    /** Where requests go through: env, off, or a URL. */
    OPTION_PROXY,
    OPTION_ADDRESS,
    OPTION_WORD,
    OPTION_NUMBER,
    OPTION_DURATION,
    /** A duration of up to years. */
    OPTION_AGE,
    OPTION_SIZE,
    OPTION_SWITCH,
    /** Not part of the configuration, and so only on the command line. */
    OPTION_CONFIG,
    OPTION_CHECK,
    OPTION_VERSION,
    OPTION_HELP
};

/** One option, in the one table of all. */
struct option {
    /** Without the dash. */
    const char *name;
    /** The form of its value in the help; NULL when it takes none. */
    const char *argument;
    /** The default, as one would write it; NULL for none. */
    const char *value;
    /** What it is for. */
    const char *help;
    enum option_kind kind;
    /** It takes a restart to change it. */
    bool fixed;
    /** The member of struct config: char * for text, URL and proxy, struct
     *  address, bool for a switch, uint64_t for an age and a size, uint32_t for
     *  all others. */
    size_t offset;
    /** Of a number, a duration or age in ms, or a size, which may also be 0. */
    uint64_t min;
    uint64_t max;
    /** Of a word, ended by NULL: the member gets the index. */
    const char *const *words;
};

/** The i-th option, in the order of the help; NULL beyond the last. */
const struct option *
option_at(size_t i);

/** The option of that name, or NULL. The name need not end with NUL. */
const struct option *
option_find(const char *name, size_t name_size);

/**
 * Read a value and put it into a configuration.
 *
 * @param where        How to name the option in a problem, such as "-addr".
 * @param text         Copied.
 * @param ret_problem  Set on failure only.
 * @return 0, or -1 for a value that does not fit the option.
 */
int
option_set(const struct option *option, const char *where, const char *text,
           struct config *config, struct problem *ret_problem);

/** Put every default into a configuration that is all zero. 0, or -1 when out
 *  of memory. */
int
option_set_defaults(struct config *config, struct problem *ret_problem);

/** Whether the member is a text. */
bool
option_is_text(const struct option *option);

/** Exchange what an option is set to. */
void
option_swap(const struct option *option, struct config *a, struct config *b);

/** Free the texts in a configuration. */
void
option_release(struct config *config);

/** Every option with its argument, default and meaning. */
void
option_print_help(FILE *stream);

/** Whether a text of the user's can be shown: not if it may be a URL or an
 *  address with a password, wherever it stands. */
bool
option_may_show(const char *text);

/** Bytes of what is quoted: a longer text is cut in a problem, which has to
 * stay one line. */
#define OPTION_QUOTED_SIZE 108

/**
 * Put a text between quotes for a problem. One that may hold a password is not
 * shown, a long one is cut.
 */
void
option_quote(const char *text, char *ret_quoted, size_t size);

#endif
