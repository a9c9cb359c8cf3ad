/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_READER_SQL_H
#define COLLECTOR_LIB_READER_SQL_H

/** The run that settled event i, NULL when that is not written down (any
 *  more), as table r; and its letter, as table d. */
#define COLLECTOR_READER_SQL_JOIN_FATE(i)                                      \
    " LEFT JOIN upload_runs r ON r.id = (SELECT id FROM upload_runs"           \
    "   WHERE status <> 'error' AND last_id >= " i                             \
    "   ORDER BY last_id LIMIT 1) AND r.first_id <= " i                        \
    " LEFT JOIN dead_letters d ON d.event_id = " i

/** What became of event i. */
#define COLLECTOR_READER_SQL_FATE(i)                                           \
    " CASE WHEN " i " > (SELECT settled_through FROM state) THEN 'pending'"    \
    "  WHEN d.event_id IS NOT NULL OR r.status = 'dead' THEN 'dead'"           \
    "  WHEN r.status = 'success' THEN 'delivered'"                             \
    "  WHEN r.status = 'dropped' THEN 'dropped' ELSE 'settled' END"

/** When it was settled. */
#define COLLECTOR_READER_SQL_UPLOADED_AT(i)                                    \
    " CASE WHEN " i " <= (SELECT settled_through FROM state)"                  \
    "  THEN coalesce(r.finished_at, d.at, 0) END"

#endif
