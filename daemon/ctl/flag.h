/* SPDX-License-Identifier: MIT */
#ifndef CTL_FLAG_H
#define CTL_FLAG_H

#include "flags.h"

/** There are no more than that. */
#define FLAG_COUNT_MAX 32

/** What a flag's value is, and so how it is read. */
enum flag_kind {
    FLAG_TEXT,
    FLAG_WORD,
    FLAG_NUMBER,
    FLAG_SIZE,
    FLAG_DURATION,
    FLAG_MOMENT,
    FLAG_SWITCH,
    FLAG_VERSION,
    FLAG_HELP
};

/** One flag, in the one table of all. */
struct flag {
    const char *name;
    /** The form of its value; NULL when it takes none. */
    const char *argument;
    /** The default, as one would write it; NULL for none. */
    const char *value;
    const char *help;
    enum flag_kind kind;
    /** What it is for, of a file and a URL. */
    enum command_target target;
    /** The member of struct flags. */
    size_t offset;
    /** The commands that it is for, with spaces around; of one that has
     * actions, such as "dead-letters list", these; NULL: all. */
    const char *commands;
    /** Of a number; of a text, bytes at most, and 0 for no limit. */
    uint64_t min;
    uint64_t max;
    const char *const *words;
};

/** The i-th flag, in the order of the help; NULL beyond the last. */
const struct flag *
flag_at(size_t i);

/** The place of a flag in that order. */
size_t
flag_place(const struct flag *flag);

/** The flag of that name, or NULL. */
const struct flag *
flag_find(const char *name, size_t size);

/**
 * Read a value, and set the member of the flags.
 *
 * @param text         NULL if the flag takes none.
 * @param ret_problem  Set on failure only.
 * @return 0, or -1.
 */
int
flag_set(const struct flag *flag, const char *text, struct flags *flags,
         struct problem *ret_problem);

/** Whether the command of that name takes it, or the action of that name, such
 *  as "dead-letters list". */
bool
flag_is_of(const struct flag *flag, const char *name);

#endif
