/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_TRAFFIC_H
#define DAEMON_TRAFFIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Routes that are told apart; 0 is for all requests that have none. */
#define TRAFFIC_ROUTE_COUNT_MAX 16

/** Statuses that are told apart, and one for all others. */
#define TRAFFIC_CODE_COUNT 21

/** Answers by route and status. Any thread. */
struct traffic {
    _Atomic uint64_t counts[TRAFFIC_ROUTE_COUNT_MAX][TRAFFIC_CODE_COUNT];
};

/** An answer is about to go out. */
void
traffic_note(struct traffic *traffic, unsigned route, int status);

uint64_t
traffic_count(const struct traffic *traffic, unsigned route, size_t code);

/** Whether a rate of that status is asked for before the first of them. */
bool
traffic_is_watched(size_t code);

/** The status of a column as text. */
const char *
traffic_code(size_t code);

#endif
