/* SPDX-License-Identifier: MIT */
#ifndef TERMINAL_H
#define TERMINAL_H
/*
 * A program on a terminal of its own, which keeps what it is shown. One thread.
 */

/** What a program finds. */
struct terminal {
    unsigned short columns;
    /** TERM and NO_COLOR; NULL: they are not set. */
    const char *term;
    const char *no_color;
};

/**
 * Run the program that a variable names with these arguments, ended by NULL, to
 * its end, and return what the terminal was shown, stderr included: text of
 * support.h, with the ends of lines as the program wrote them. Fails the test
 * when its exit status is not 0, or when it does not end in time.
 */
const char *
terminal_run(const struct terminal *terminal, const char *variable,
             const char *const *arguments);

#endif
