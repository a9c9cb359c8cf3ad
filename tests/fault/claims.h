/* SPDX-License-Identifier: MIT */
#ifndef CLAIMS_H
#define CLAIMS_H

/*
 * What a store has said up to some moment, and what was asked of it: all that
 * it must be held to after a power cut. Claims are marks on a tape.
 */
#include "tape.h"

/** More than one tape holds. */
#define CLAIMS_ID_MAX 8192
#define CLAIMS_APPEND_MAX 2048
#define CLAIMS_COPY_MAX 64

enum claim_kind {
    /** An append of count events, the first of which has this serial number,
     *  was begun, with that key or NULL. */
    CLAIM_BEGUN,
    /** It was confirmed: from id on. */
    CLAIM_KEPT,
    /** The event of that serial number was given to a sink under id. */
    CLAIM_OFFERED,
    /** Everything up to id is out of the backlog. */
    CLAIM_SETTLED,
    /** The snapshot of the number in count was confirmed: it holds everything
     *  up to id. */
    CLAIM_COPIED,
    /** The file has this collector_id, in key. */
    CLAIM_NAMED
};

struct claim {
    enum claim_kind kind;
    int64_t serial;
    size_t count;
    int64_t id;
    const char *key;
};

/** One append. */
struct claims_append {
    int64_t serial;
    size_t count;
    const char *key;
    /** 0 while it is not confirmed. */
    int64_t first_id;
};

struct claims {
    struct claims_append appends[CLAIMS_APPEND_MAX];
    size_t append_count;
    /** By serial number: which append, from 1 on; 0 for none. */
    uint16_t append_of[CLAIMS_ID_MAX];
    /** By id: the serial number of the event that was confirmed, and offered;
     *  0 for none. */
    int64_t kept[CLAIMS_ID_MAX];
    int64_t offered[CLAIMS_ID_MAX];
    /** The largest ids of both. */
    int64_t kept_through;
    int64_t offered_through;
    int64_t settled_through;
    /** Of each snapshot by its number: whether it was confirmed, and up to
     *  which id it holds everything at least. */
    bool copied[CLAIMS_COPY_MAX];
    int64_t copied_through[CLAIMS_COPY_MAX];
    char collector_id[40];
};

/** Make a claim, and put it on a tape. Its key is not copied. Any thread. */
void
claim(struct tape *tape, struct claim claim);

/** Hold the store to one more. Fails the test when it contradicts the others:
 *  an id that was given out twice. */
void
claims_add(struct claims *claims, const struct claim *claim);

/** The same for all that a tape says from an entry up to another one, which is
 *  returned. */
size_t
claims_add_all(struct claims *claims, const struct tape *tape, size_t begin,
               size_t end);

/** The append that an event of this serial number is of; NULL for none. */
const struct claims_append *
claims_append_of(const struct claims *claims, int64_t serial);

/** Let go of what a file that ends with this id has lost, and was allowed to.
 */
void
claims_forget_after(struct claims *claims, int64_t id);

#endif
