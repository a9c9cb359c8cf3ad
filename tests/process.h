/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_H
#define PROCESS_H

/*
 * collectord as a process: the program that the variable COLLECTORD names. No
 * process outlives the test that started it.
 */
#include <stdbool.h>
#include <sys/types.h>

/** What daemon_wait() says when the process is still running. */
#define DAEMON_RUNNING (-1)

struct daemon;

/** Run it with these arguments, ended by NULL, and wait for nothing. */
struct daemon *
daemon_spawn(const char *argument, ...) __attribute__((sentinel));

/** The same for another program, the one that this variable names. What is said
 *  of a daemon here holds for it too. */
struct daemon *
process_spawn(const char *variable, const char *argument, ...)
    __attribute__((sentinel));

/** Run it on a free port of 127.0.0.1 with this file and these arguments, ended
 *  by NULL, and wait until it listens. Fails the test when it does not. */
struct daemon *
daemon_start(const char *db, ...) __attribute__((sentinel));

/** The port that it listens on. Fails the test when it never does. */
int
daemon_port(struct daemon *daemon);

pid_t
daemon_pid(const struct daemon *daemon);

/** What it wrote to stderr and to stdout so far, as text of support.h. */
const char *
daemon_stderr(struct daemon *daemon);
const char *
daemon_stdout(struct daemon *daemon);

/** Whether its stderr holds this text within SUPPORT_WAIT_MS. */
bool
daemon_says(struct daemon *daemon, const char *text);

void
daemon_signal(struct daemon *daemon, int signal_number);

/** Its exit status, 128 + n when signal n ended it, or DAEMON_RUNNING. */
int
daemon_wait(struct daemon *daemon, int timeout_ms);

/** Wait until it has exited by itself and all that it wrote is there, and
 * return what daemon_wait() does. Fails the test when it never does. */
int
process_end(struct daemon *daemon);

/** Assert that it exits by itself, in time, and with this status. */
void
daemon_assert_exits(struct daemon *daemon, int status);

/** Kill it like a power cut would, assert that this is what ended it, and free
 *  it. */
void
daemon_kill(struct daemon *daemon);

/** Ask it to end, assert that it exits with 0 in time, and free it. */
void
daemon_stop(struct daemon *daemon);

/** Kill it if it runs, and free it. Fails the test when a sanitizer has
 *  complained. NULL is fine. */
void
daemon_free(struct daemon *daemon);

#endif
