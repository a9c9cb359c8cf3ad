/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_DEVICES_H
#define COLLECTOR_LIB_DEVICES_H

#include "connection.h"

/** Events that the devices view may have to fold in at each query: past it,
 *  the next commit brings the table up to date. */
#define COLLECTOR_DEVICES_TAIL_MAX 2000

/** Events for which a commit does so that writes the state's page anyway: of
 *  events that are appended and delivered a thousand at a time, 8 bytes each
 *  are not written to disk. */
#define COLLECTOR_DEVICES_TAIL_WORTH 500

/** How far a device's clock may be ahead before its event is counted as seen
 *  now, on the spot: else it would look present long after it fell silent. */
#define COLLECTOR_DEVICES_FUTURE_MS 1000

/** Say that an event with this timestamp was added at now. */
void
collector__devices_note(struct collector__connection *connection, int64_t ts,
                        int64_t now);

/** Say that this event was added at now, with this id: then the refresh need
 *  not read it from the file. */
void
collector__devices_note_event(struct collector__connection *connection,
                              int64_t id, const struct collector_event *event,
                              int64_t now);

/** Whether the table should be brought up to date in this transaction. */
bool
collector__devices_due(const struct collector__connection *connection);

/**
 * Bring the device table up to the last event. Inside a transaction.
 *
 * @param now  What a timestamp from the future counts as; ms since 1970. Only
 *             an event of this transaction can be from the future.
 * @return COLLECTOR_OK, or as collector__connection_error().
 */
int
collector__devices_refresh(struct collector__connection *connection,
                           int64_t now);

#endif
