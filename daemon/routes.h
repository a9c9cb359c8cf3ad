/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_ROUTES_H
#define DAEMON_ROUTES_H

#include "request.h"

/** POST /events: keep the events in the body. A 200 is a receipt. */
void
route_events(struct request *request);

/** GET /healthz: whether events are kept and delivered; 503 when not. */
void
route_healthz(struct request *request);

/** GET /livez: 200 as long as the process serves. */
void
route_livez(struct request *request);

/** GET /snapshot: a copy of the database, as of now. */
void
route_snapshot(struct request *request);

/** GET /stats: everything in numbers. */
void
route_stats(struct request *request);

#endif
