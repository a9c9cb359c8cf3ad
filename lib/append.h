/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_APPEND_H
#define COLLECTOR_LIB_APPEND_H

#include "connection.h"
#include "event_list.h"

/**
 * Store checked events, for which there is room, under the next ids. Inside a
 * transaction.
 *
 * @param now  By the wall clock, ms since 1970.
 * @return COLLECTOR_OK, or as collector__connection_error().
 */
int
collector__append_list(struct collector__connection *connection,
                       const struct collector__event_list *list, int64_t now);

#endif
