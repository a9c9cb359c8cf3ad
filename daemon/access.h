/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_ACCESS_H
#define DAEMON_ACCESS_H

#include "problem.h"

#include <stdbool.h>
#include <stddef.h>

/** Tokens in a file at most: compared with every request. */
#define ACCESS_TOKEN_COUNT_MAX 64

/** Bytes of a token. Below that it can be guessed; above it is none that a
 *  generator makes. */
#define ACCESS_TOKEN_SIZE_MIN 16
#define ACCESS_TOKEN_SIZE_MAX 256

/** What one needs to be allowed. */
enum access_scope {
    /** What is the same for everybody, and holds no data: nothing, ever. */
    ACCESS_OPEN,
    /** To ask whether it is well: nothing, unless told otherwise. */
    ACCESS_HEALTH,
    /** To post events. */
    ACCESS_INGEST,
    /** To ask for what is kept, and how it goes. */
    ACCESS_READ,
    /** To change what is kept; the two above as well. */
    ACCESS_ADMIN
};

/** What a request may have. */
enum access_verdict {
    ACCESS_GRANTED,
    /** It shows no token. */
    ACCESS_UNKNOWN,
    /** It shows one that nobody has. */
    ACCESS_INVALID,
    /** Its token is not for that. */
    ACCESS_INSUFFICIENT
};

/** The word for a scope, as in the file. */
extern const char *const access_scope_words[];

/**
 * Who may do what: bearer tokens (RFC 6750), each with a scope.
 *
 * Any thread may call any function on it but access_free().
 */
struct access;

/** Without a token, everybody may do everything. NULL when out of memory. */
struct access *
access_new(void);

/**
 * Take the tokens of a file in place of all there were, or change nothing.
 *
 * Each line is SCOPE TOKEN, is empty, or begins with #.
 *
 * @param path         NULL: no tokens, everybody may do everything.
 * @param health       ACCESS_HEALTH takes a token that may ACCESS_READ.
 * @param ret_changed  Whether they are others than there were; set on success
 *                     only, and may be NULL.
 * @param ret_problem  Set on failure only; it never shows a token.
 * @return 0, or -1.
 */
int
access_load(struct access *access, const char *path, bool health,
            bool *ret_changed, struct problem *ret_problem);

/** How many there are. */
size_t
access_token_count(struct access *access);

/**
 * Judge a request, in a time that says nothing about how much of a token was
 * guessed.
 *
 * @param authorization  The value of its header; NULL without one.
 */
enum access_verdict
access_judge(struct access *access, const char *authorization,
             enum access_scope scope);

/** NULL is fine. */
void
access_free(struct access *access);

#endif
