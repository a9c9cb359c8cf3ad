/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_RECEIPTS_H
#define LOADGEN_RECEIPTS_H

#include <stddef.h>
#include <stdint.h>

/** Receipts of a run at most: 4 GiB of them. */
#define RECEIPTS_COUNT_MAX (UINT32_C(1) << 28)

/** Bytes of an answer's body with that many ids, and some to spare. */
#define RECEIPTS_BODY_SIZE_MAX(count) (1024 + (size_t)(count)*21)

/** The ids that were given for one request. */
struct receipt {
    int64_t first_id;
    /** Whose request it was, and which one, counted from 0: enough for a day of
     *  49,000 a second. */
    uint32_t request;
    uint16_t producer;
    /** Ids: first_id and those that follow. */
    uint16_t count;
};

/** All receipts of a run. All zero is none. One thread. */
struct receipts {
    struct receipt *all;
    size_t count;
    size_t capacity;
};

/**
 * Read the body of a 200: {"accepted":N,"ids":[…]} with all the ids, one
 * following the other.
 *
 * @param count         How many events were sent.
 * @param ret_first_id  Set on success only.
 * @return NULL, or what is wrong with it: a static text.
 */
const char *
receipts_read(const char *body, size_t size, unsigned count,
              int64_t *ret_first_id);

/** Keep one. 0, or -1 when there is no room for it. */
int
receipts_add(struct receipts *receipts, const struct receipt *receipt);

/** Move all to another list. 0, or -1 when there is no room for them there. */
int
receipts_move(struct receipts *from, struct receipts *to);

/** Put them in the order of their ids. */
void
receipts_sort(struct receipts *receipts);

/** Free all. */
void
receipts_release(struct receipts *receipts);

#endif
