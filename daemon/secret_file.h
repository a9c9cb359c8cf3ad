/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_SECRET_FILE_H
#define DAEMON_SECRET_FILE_H

#include "problem.h"

/** Bytes of a line, with its end and a NUL: a token of a few KiB is the longest
 *  that any server takes in a header. */
#define SECRET_FILE_LINE_SIZE 8192

/**
 * Take a line, without its end and the white space around it.
 *
 * @param line  Borrowed for the call.
 * @return What is wrong with it, in words that don't show it; NULL for nothing.
 */
typedef const char *(*secret_file_line_fn)(void *userdata, const char *line,
                                           unsigned number);

/**
 * Read a file of secrets line by line, but for lines that are empty or begin
 * with #. Nothing of it stays in memory.
 *
 * @param option          Whose file it is, for problems.
 * @param line_count_max  With the empty ones.
 * @param ret_problem     Set on failure only; it shows no line.
 * @return 0, or -1: after some lines were taken, perhaps.
 */
int
secret_file_read(const char *option, const char *path, unsigned line_count_max,
                 secret_file_line_fn take, void *userdata,
                 struct problem *ret_problem);

#endif
