/* SPDX-License-Identifier: MIT */
#ifndef CTL_REMOTE_H
#define CTL_REMOTE_H

#include "problem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of an answer that is held in memory at most: a page of events is
 *  about 1 MiB. */
#define REMOTE_ANSWER_SIZE_MAX (16 * 1024 * 1024)

/** Bytes of a bearer token at most, as collectord has it. */
#define REMOTE_TOKEN_SIZE_MAX 256

struct remote_options {
    /** http:// or https://, perhaps with a path before collectord's own. */
    const char *url;
    /** A file with a bearer token; NULL for none. */
    const char *token_file;
    /** PEM, whom to trust instead of the system's list; NULL for that. */
    const char *ca_file;
    /** Time for one request. */
    uint64_t timeout_ms;
};

/** A collector that is asked over HTTP. One thread. */
struct remote;

/** What came of getting ready. */
enum remote_result {
    REMOTE_OK = 0,
    REMOTE_FAILED = -1,
    /** What the options say can't be: somebody has to change them. */
    REMOTE_MISTAKEN = -2
};

/** What it answered. */
struct remote_answer {
    int status;
    /** With a NUL behind it; yours to free. */
    char *text;
    size_t size;
};

/**
 * Connect to nothing yet.
 *
 * @param ret_remote   Set on success only; yours to free.
 * @param ret_problem  Set on failure only.
 * @return REMOTE_FAILED also when this is a build without libcurl.
 */
enum remote_result
remote_open(const struct remote_options *options, struct remote **ret_remote,
            struct problem *ret_problem);

/**
 * Send a request without a body. Whatever the status is, it was answered.
 *
 * @param path         Behind the URL, with its query.
 * @param ret_answer   Set on success only.
 * @param ret_problem  Set on failure only.
 * @return 0, or -1 without an answer; also when a stop is asked for.
 */
int
remote_ask(struct remote *remote, const char *method, const char *path,
           struct remote_answer *ret_answer, struct problem *ret_problem);

/**
 * GET a file. The body of a 200 is written to fd as it comes; that of any other
 * status is an answer. It may take as long as it moves.
 */
int
remote_copy(struct remote *remote, const char *path, int fd,
            struct remote_answer *ret_answer, struct problem *ret_problem);

/** NULL is fine. */
void
remote_free(struct remote *remote);

#endif
