/* SPDX-License-Identifier: MIT */
#ifndef FINDINGS_H
#define FINDINGS_H

#include "claims.h"
#include "support.h"

/** What is wrong, in words. */
#define FAULT(...) support_format(__VA_ARGS__)

/** What the file says. */
struct findings {
    /** By id: the serial number of the event there; 0 for no event. */
    int64_t serials[CLAIMS_ID_MAX];
    /** By serial number: how many events there are, and the first one's id. */
    unsigned counts[CLAIMS_ID_MAX];
    int64_t ids[CLAIMS_ID_MAX];
    int64_t accepted;
    int64_t settled_through;
    int64_t row_count;
};

/**
 * Read a store's file, which nobody writes to.
 *
 * @param claims  What was offered: nothing else may be settled.
 * @return What is wrong with it; NULL when it can be read, and adds up.
 */
const char *
findings_read(struct findings *findings, const char *path,
              const struct claims *claims);

#endif
