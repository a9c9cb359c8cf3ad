/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_EVENT_H
#define COLLECTOR_LIB_EVENT_H

#include "event_list.h"

#include <collector/store.h>

/**
 * Read events from a JSON text.
 *
 * @param form         One document, or one event a line.
 * @param now          Stamped on events without a ts; ms since 1970.
 * @param ret_list     Set on success only; clear it afterwards. Payloads are
 *                     without insignificant white space.
 * @param ret_problem  Set with ERR_INVALID and ERR_TOO_BIG only.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_TOO_BIG, ERR_NOMEM.
 */
int
collector__event_list_parse(const char *text, size_t size,
                            enum collector_json_form form, int64_t now,
                            struct collector__event_list *ret_list,
                            struct collector_problem *ret_problem);

/** Check and copy events that a program made. Otherwise the same. */
int
collector__event_list_copy(const struct collector_event *events,
                           size_t event_count, int64_t now,
                           struct collector__event_list *ret_list,
                           struct collector_problem *ret_problem);

#endif
