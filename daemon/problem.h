/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_PROBLEM_H
#define DAEMON_PROBLEM_H

/** Why something that somebody wrote is refused: one line, no secrets. */
struct problem {
    char text[512];
};

/** Put it into words, as printf does; a long one is cut, and what is no text
 *  becomes question marks. Returns -1, for the caller to return. */
int
problem_say(struct problem *ret_problem, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
