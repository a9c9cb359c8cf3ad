/* SPDX-License-Identifier: MIT */
/*
 * What adds up in a file that is whole, also between any two commits of one
 * that is in use. Each check asks for what breaks it, and puts it into words.
 */
#include "reader_checks.h"

#include "reader_sql.h"
#include "schema_sql.h"

/* Runs of which the view of events is looked at, where not all of it is. */
#define RUNS_LOOKED_AT 1000

#define SETTLED " (SELECT settled_through FROM state) "

#define LAST_ID " (SELECT coalesce(max(id), 0) FROM event_log) "

#define ACCEPTED " max(" SETTLED ", " LAST_ID ") "

/* Below the oldest event that is kept and was no dead letter, runs are pruned,
 * and some of them stay. */
#define FIRST_KEPT                                                             \
    " coalesce((SELECT id FROM event_log WHERE id BETWEEN 1 AND" SETTLED       \
    "  AND NOT EXISTS (SELECT 1 FROM dead_letters"                             \
    "                   WHERE event_id = event_log.id)"                        \
    "  ORDER BY id LIMIT 1)," SETTLED "+ 1)"

/* An event for which the view of them says anything else than the runs do. */
/* clang-format off */
#define UPLOADED_AT_DIFFERS \
    "SELECT printf('event %d: uploaded_at is %s, and %s by the runs', v.id," \
    "  quote(v.uploaded_at)," COLLECTOR_READER_SQL_UPLOADED_AT("v.id") ")" \
    " FROM events v" COLLECTOR_READER_SQL_JOIN_FATE("v.id") \
    " WHERE v.uploaded_at IS NOT" COLLECTOR_READER_SQL_UPLOADED_AT("v.id")

/* An event that is gone, though nothing takes it away: it is not older than all
 * that is kept, and it was delivered, as is what no run has settled. Where some
 * are missing, the first is behind one that is there, or that may not be. */
#define EVENT_MISSING \
    "SELECT printf('event %d is missing, and the next is %s', i.id," \
    "  coalesce((SELECT min(id) FROM event_log WHERE id > i.id), 'none'))" \
    " FROM (SELECT id + 1 AS id FROM event_log UNION ALL" \
    "  SELECT last_id + 1 FROM upload_runs" \
    "   WHERE status IN ('dead', 'dropped')) i" \
    COLLECTOR_READER_SQL_JOIN_FATE("i.id") \
    " WHERE i.id BETWEEN" FIRST_KEPT "AND" SETTLED \
    "  AND i.id NOT IN (SELECT id FROM event_log)" \
    "  AND coalesce(r.status, 'success') = 'success'"

/* An event that is there, though it goes with its letter, or went when it was
 * dropped. */
#define EVENT_LEFT \
    "SELECT printf('event %d is %s, and still there', e.id," \
    "  CASE r.status WHEN 'dead' THEN 'dead without a letter'" \
    "   ELSE r.status END)" \
    " FROM upload_runs r CROSS JOIN event_log e" \
    "   ON e.id BETWEEN r.first_id AND r.last_id" \
    " WHERE r.status IN ('dead', 'dropped') AND NOT EXISTS (" \
    "  SELECT 1 FROM dead_letters WHERE event_id = e.id)"

/* What is missing of a schema, beside tables and columns. */
#define OBJECT_MISSING(objects) \
    "SELECT (SELECT printf('the %s %s is missing', o.type, o.name)" \
    "  FROM (" objects ") o WHERE NOT EXISTS (SELECT 1 FROM sqlite_schema" \
    "   WHERE type = o.type AND name = o.name) LIMIT 1)"

const struct collector__check collector__checks[] = {
    {"pages", 1, true, "PRAGMA integrity_check(1)"},
    {"schema", 1, false,
     OBJECT_MISSING(COLLECTOR_SCHEMA_SQL_OBJECTS_1)
     COLLECTOR_SCHEMA_SQL_FROM_1},
    {"schema", 2, false,
     OBJECT_MISSING(COLLECTOR_SCHEMA_SQL_OBJECTS_1)
     COLLECTOR_SCHEMA_SQL_FROM_2},
    {"schema", 3, false,
     OBJECT_MISSING(COLLECTOR_SCHEMA_SQL_OBJECTS_3)
     COLLECTOR_SCHEMA_SQL_FROM_2},
    {"state", 1, false,
     "SELECT CASE WHEN count(*) <> 1 THEN printf('state has %d rows', count(*))"
     " WHEN min(settled_through) < 0"
     "  OR max(settled_through) > " COLLECTOR_TEXT_OF(COLLECTOR_ID_MAX)
     "  THEN 'settled_through is no id'"
     " WHEN min(devices_through) < 0 OR max(devices_through) >" ACCEPTED
     "  THEN 'devices_through is beyond the last event'"
     " WHEN min(length(coalesce(collector_id, snapshot_of, ''))) <> 36"
     "  THEN 'it has no name' END FROM state"},
    {"ledger", 1, false,
     "SELECT printf('delivered %d + dead %d + dropped %d is not"
     " settled_through %d', delivered, dead, dropped, settled_through)"
     " FROM state WHERE delivered + dead + dropped <> settled_through"
     " OR min(delivered, dead, dropped) < 0"},
    {"ids", 1, false,
     "SELECT printf('there is an event %d', id) FROM ("
     " SELECT (SELECT min(id) FROM event_log) AS id UNION ALL"
     " SELECT (SELECT max(id) FROM event_log))"
     " WHERE id < 1 OR id >= " COLLECTOR_TEXT_OF(COLLECTOR_ID_MAX)},
    {"backlog", 1, false,
     "SELECT printf('%d of %d pending events are missing', due - found, due)"
     " FROM (SELECT count(*) AS found, max(id) -" SETTLED "AS due"
     "        FROM event_log WHERE id >" SETTLED ") WHERE found <> due"},
    {"runs", 1, false,
     "SELECT CASE WHEN first_id < 1 OR event_count <> last_id - first_id + 1"
     "  THEN printf('run %d: %d to %d are not %d events', id, first_id,"
     "              last_id, event_count)"
     " WHEN last_id >" SETTLED
     "  THEN printf('run %d has settled %d, and settled_through is %d', id,"
     "              last_id," SETTLED ")"
     " WHEN first_id <= before"
     "  THEN printf('run %d has settled %d again', id, first_id)"
     " ELSE printf('no run has settled %d to %d', before + 1, first_id - 1) END"
     " FROM (SELECT *, lag(last_id, 1, 0) OVER (ORDER BY last_id) AS before"
     "         FROM upload_runs WHERE status <> 'error')"
     " WHERE first_id < 1 OR event_count <> last_id - first_id + 1"
     "  OR last_id >" SETTLED "OR first_id <= before"
     "  OR (first_id > before + 1 AND first_id >" FIRST_KEPT ") LIMIT 1"},
    /* Only deliveries are ever settled without a run. */
    {"counters", 1, false,
     "SELECT printf('state counts %d delivered, %d dead and %d dropped, and the"
     " runs %d, %d and %d', s.delivered, s.dead, s.dropped, r.delivered,"
     "  r.dead, r.dropped) FROM state s, ("
     " SELECT"
     "  coalesce(sum((status = 'success') * event_count), 0) AS delivered,"
     "  coalesce(sum((status = 'dead') * event_count), 0) AS dead,"
     "  coalesce(sum((status = 'dropped') * event_count), 0) AS dropped,"
     "  coalesce(sum(event_count) = max(last_id), 0) AS complete"
     "  FROM upload_runs WHERE status <> 'error') r"
     " WHERE r.delivered > s.delivered OR r.dead > s.dead"
     "  OR r.dropped > s.dropped"
     "  OR (r.complete AND (r.dead < s.dead OR r.dropped < s.dropped))"},
    {"dead_letters", 1, false,
     "SELECT CASE WHEN l.event_id >" SETTLED
     "  THEN printf('event %d is a dead letter, and pending', l.event_id)"
     " WHEN e.id IS NULL"
     "  THEN printf('event %d is a dead letter, and gone', l.event_id)"
     " WHEN r.status <> 'dead'"
     "  THEN printf('event %d is a dead letter, and its run says %s',"
     "              l.event_id, r.status)"
     " WHEN l.replayed_as <= l.event_id OR l.replayed_as >" ACCEPTED
     "  THEN printf('dead letter %d was replayed as %d', l.event_id,"
     "              l.replayed_as)"
     " WHEN (SELECT count(*) FROM dead_letters) > (SELECT dead FROM state)"
     "  THEN 'there are more dead letters than dead events' END AS detail"
     " FROM dead_letters l LEFT JOIN event_log e ON e.id = l.event_id"
     COLLECTOR_READER_SQL_JOIN_FATE("l.event_id")
     " WHERE detail IS NOT NULL LIMIT 1"},
    {"events", 1, false, EVENT_LEFT " UNION ALL " EVENT_MISSING " LIMIT 1"},
    {"uploaded_at", 1, false,
     UPLOADED_AT_DIFFERS " AND v.id IN ("
     " SELECT first_id FROM upload_runs ORDER BY id DESC"
     "  LIMIT " COLLECTOR_TEXT_OF(RUNS_LOOKED_AT) ") LIMIT 1"},
    {"every_uploaded_at", 1, true, UPLOADED_AT_DIFFERS " LIMIT 1"},
    {"devices", 3, false,
     "SELECT printf('device %s is not in the view as it should be',"
     "  quote(device_key)) FROM ("
     " SELECT * FROM (" COLLECTOR_SCHEMA_SQL_DEVICES ")"
     " EXCEPT SELECT id, device_key, label, last_seen_at FROM devices)"
     " UNION ALL SELECT printf('%d devices have numbers up to %d', found, last)"
     " FROM (SELECT count(*) AS found, max(id) AS last FROM devices)"
     " WHERE found <> last LIMIT 1"},
    /* When it was seen can't be told from its events: what came from the future
     * counts as of our clock, which may have been set since. */
    {"every_device", 3, true,
     "SELECT printf('event %d is of a device that is not listed', id)"
     " FROM event_log WHERE device_id NOT IN ("
     "  SELECT device_key FROM devices) LIMIT 1"},
    {"views", 1, false,
     "SELECT printf('the ledger says %d accepted and %d pending, not %d and"
     " %d', accepted, pending," ACCEPTED "," ACCEPTED "-" SETTLED ")"
     " FROM ledger WHERE accepted <>" ACCEPTED " OR pending <>" ACCEPTED
     "-" SETTLED
     " UNION ALL SELECT printf('the backlog begins with %d', first_id)"
     " FROM (SELECT min(id) AS first_id FROM backlog)"
     " WHERE first_id <>" SETTLED "+ 1 LIMIT 1"},
    {"idempotency", 1, false,
     "SELECT printf('the key of %d to %d is not of an append', first_id,"
     "  first_id + event_count - 1) FROM ("
     " SELECT *, lag(first_id + event_count, 1, 1) OVER (ORDER BY first_id)"
     "   AS next_id FROM idempotency)"
     " WHERE event_count < 1 OR first_id < next_id"
     "  OR first_id + event_count - 1 >" ACCEPTED " LIMIT 1"},
};
/* clang-format on */

const size_t collector__check_count =
    sizeof(collector__checks) / sizeof(collector__checks[0]);
