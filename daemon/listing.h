/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LISTING_H
#define DAEMON_LISTING_H

#include "request.h"

#include <collector/reader.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/** Rows in an answer, unless a request says otherwise, and at most. */
#define LISTING_COUNT_DEFAULT 100
#define LISTING_COUNT_MAX 1000

/** Bytes of an answer at most, so that its events can be posted again: it gets
 *  no more rows when the next might not fit. */
#define LISTING_SIZE_MAX (1024 * 1024)

/** The type of an answer in lines. */
#define LISTING_LINES_TYPE "application/x-ndjson"

/** Asks a reader one of its questions. As those functions do. */
typedef int (*listing_ask_fn)(struct collector_reader *reader,
                              const void *question, collector_row_fn show,
                              void *userdata,
                              struct collector_answer *ret_answer);

/** One page of rows that a request asks for. All of it is borrowed. */
struct listing {
    /** What the rows are called in the answer. */
    const char *name;
    listing_ask_fn ask;
    const void *question;
    /** Rows at most. */
    int64_t count_max;
    /** One row a line, and nothing around them. */
    bool lines;
};

/**
 * Write {"NAME":[row,…],"next":ID}, or only the rows, each as a line.
 *
 * @param ret_next  Set on success only: the id where the next page begins; 0
 *                  when this was the last.
 * @return What the question returned.
 */
int
listing_write(const struct listing *listing, struct collector_reader *reader,
              FILE *out, int64_t *ret_next);

/** Answers a request with what is found of something. */
typedef void (*listing_answer_fn)(struct request *request, const void *what);

/** Have a request answered that asks a reader, or say that there are too many.
 */
void
listing_admit(struct request *request, listing_answer_fn answer,
              const void *what);

/** Answer that a reader could not be had, or has failed. */
void
listing_refuse(struct request *request, int rc);

/** Answer a request with them. */
void
listing_answer(const struct listing *listing, struct request *request);

#endif
