/* SPDX-License-Identifier: MIT */
#ifndef SITE_H
#define SITE_H

/*
 * Where a collectord is tried: a directory for its file, an upstream if it
 * wants one, and the last answer. One thread, one at a time: setup and teardown
 * are a test case's.
 */
#include "client.h"
#include "process.h"
#include "support.h"
#include "upstream.h"

#define EVENT "{\"device_id\":\"a\",\"kind\":\"k\"}"
#define NDJSON "Content-Type: application/x-ndjson\r\n"

/** What -mode takes. */
extern const char *const modes[3];

extern const char *dir;
/** The path of a file that is not there yet. */
extern const char *db;
extern struct upstream *upstream;
extern struct response response;

void
site_setup(void);

/** The same, with an upstream. */
void
site_setup_upstream(void);

void
site_teardown_upstream(void);

/** POST /events, and return the status. */
int
site_post(struct daemon *collectord, const char *json);

/** Post so many events, one a request, each of which has to be accepted. */
void
site_post_events(struct daemon *collectord, int count);

/** Events in the file. */
int64_t
site_event_count(void);

/** Wait until no event is pending, as the file says. */
void
site_wait_drained(void);

#endif
