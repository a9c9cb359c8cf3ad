/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_FAILURE_H
#define DAEMON_FAILURE_H

#include "request.h"

#include <collector/store.h>
#include <jansson.h>

/**
 * Answer that the store has refused, or failed.
 *
 * @param rc       What a function of the library returned; not COLLECTOR_OK.
 * @param problem  With COLLECTOR_ERR_INVALID and COLLECTOR_ERR_TOO_BIG: what
 *                 is wrong.
 * @param more     An object of further members, which is freed; NULL for none.
 */
void
failure_answer(struct request *request, int rc,
               const struct collector_problem *problem, json_t *more);

#endif
