/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_ROUTES_H
#define DAEMON_ROUTES_H

#include "request.h"

/** Answer a request whose head is fine: by its path and its method. */
void
routes_answer(struct request *request);

/** The path and the method of a route that requests have, from 1 on; "other"
 *  for 0, which is for those that have none.
 *
 *  @return Whether there is one: the first that is not ends the list. */
bool
routes_name(unsigned route, const char **ret_path, const char **ret_method);

/** Whether any path has that method. */
bool
routes_have_method(const char *method);

/** GET /devices: those that were seen, and when last. */
void
route_devices(struct request *request);

/** GET /events/{id}: one event, and what became of it. */
void
route_event(struct request *request);

/** POST /events: keep the events in the body. A 200 is a receipt. */
void
route_events(struct request *request);

/** GET /events: those that are kept, or some of them. */
void
route_events_search(struct request *request);

/** GET /dead-letters: those events that the receiver refused for good. */
void
route_dead_letters(struct request *request);

/** DELETE /dead-letters: all of them, or those that are named. */
void
route_dead_letters_purge(struct request *request);

/** POST /dead-letters/replay: append them again, likewise. */
void
route_dead_letters_replay(struct request *request);

/** GET /healthz: whether events are kept and delivered; 503 when not. */
void
route_healthz(struct request *request);

/** GET /history: the ledger of the last hour. */
void
route_history(struct request *request);

/** GET /livez: 200 as long as the process serves. */
void
route_livez(struct request *request);

/** GET /metrics: the same as /stats and more, for Prometheus. */
void
route_metrics(struct request *request);

/** GET /: the page in the browser. */
void
route_page(struct request *request);

/** GET /runs: what was settled together, and outages. */
void
route_runs(struct request *request);

/** GET /snapshot: a copy of the database, as of now. */
void
route_snapshot(struct request *request);

/** GET /stats: everything in numbers. */
void
route_stats(struct request *request);

#endif
