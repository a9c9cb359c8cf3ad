/* SPDX-License-Identifier: MIT */
#ifndef LIAR_H
#define LIAR_H

/*
 * A collector that is none: it answers POST /events and GET /stats like one,
 * and keeps what it gets in a table like one, but for a lie.
 */
#include "upstream.h"

#include <stdbool.h>

/** What it does once, with the third request that brings events, or in its
 *  second stats. */
enum lie {
    LIE_NONE,
    /* To the third request. */
    LIE_SAME_IDS,
    LIE_GAP_IN_IDS,
    LIE_NO_IDS,
    LIE_FEWER,
    LIE_NOT_HTTP,
    LIE_HANGS_UP,
    LIE_CUTS_SHORT,
    LIE_ERROR,
    LIE_BUSY,
    /* In the table. */
    LIE_LOSES_ONE,
    LIE_OTHER_DEVICE,
    LIE_OTHER_KIND,
    LIE_OTHER_PAYLOAD,
    LIE_NO_PAYLOAD,
    /* In the stats; the first of these is in both. */
    LIE_OLD_IDS,
    LIE_COUNTS_LESS,
    LIE_ADDS_UP_WRONG,
    LIE_DROPS
};

struct liar;

/** Have an upstream answer that way, and make its table at this path. Lives
 *  until the program ends. */
struct liar *
liar_new(struct upstream *upstream, const char *path, enum lie lie);

/** Whether the lie was told. */
bool
liar_has_lied(const struct liar *liar);

#endif
