/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_DRAFT_H
#define DAEMON_DRAFT_H

#include "request.h"

#include <stdio.h>

/** An answer while it is written, in memory. One thread. */
struct draft {
    /** Where to write: it remembers that it has failed, and draft_answer() asks
     *  it. NULL when out of memory. */
    FILE *out;
    /** What was written; the draft's. */
    char *text;
    size_t size;
};

/**
 * Begin one. Whether or not it could: end it with one of the two below.
 *
 * @param ret_draft  It must stay where it is.
 * @return 0, or -1 when out of memory.
 */
int
draft_begin(struct draft *ret_draft);

/** Answer a request with what was written, or that memory was short. */
void
draft_answer(struct draft *draft, struct request *request, const char *type,
             const char *headers);

/** Forget it. */
void
draft_discard(struct draft *draft);

#endif
