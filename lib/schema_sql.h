/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_SCHEMA_SQL_H
#define COLLECTOR_LIB_SCHEMA_SQL_H

#include "schema.h"

/**
 * Schema 1. The tables are for us, the views for everybody else. The CHECK on
 * state is the ledger: no commit that breaks it can succeed.
 *
 * events: uploaded_at is NULL for the backlog; a settled event carries the end
 * of the run that settled it, 0 when that run was pruned.
 */
/* clang-format off */
#define COLLECTOR_SCHEMA_SQL_1 \
"PRAGMA application_id = " COLLECTOR_TEXT_OF(COLLECTOR_APPLICATION_ID) ";" \
"PRAGMA user_version = 1;" \
"CREATE TABLE event_log (" \
"  id INTEGER PRIMARY KEY, device_id TEXT NOT NULL, kind TEXT NOT NULL," \
"  payload_json TEXT, ts INTEGER NOT NULL);" \
"CREATE TABLE state (" \
"  id INTEGER PRIMARY KEY CHECK (id = 1)," \
"  collector_id TEXT, previous_collector_id TEXT, snapshot_of TEXT," \
"  created_at INTEGER NOT NULL," \
"  settled_through INTEGER NOT NULL DEFAULT 0," \
"  delivered INTEGER NOT NULL DEFAULT 0," \
"  dead INTEGER NOT NULL DEFAULT 0," \
"  dropped INTEGER NOT NULL DEFAULT 0," \
"  dead_in_a_row INTEGER NOT NULL DEFAULT 0," \
"  devices_through INTEGER NOT NULL DEFAULT 0," \
"  storage_faults INTEGER NOT NULL DEFAULT 0," \
"  CHECK (delivered + dead + dropped = settled_through));" \
"INSERT INTO state (id, created_at) VALUES (1, unixepoch() * 1000);" \
"CREATE TABLE upload_runs (" \
"  id INTEGER PRIMARY KEY, started_at INTEGER NOT NULL," \
"  finished_at INTEGER NOT NULL, event_count INTEGER NOT NULL," \
"  status TEXT NOT NULL" \
"    CHECK (status IN ('success', 'dead', 'dropped', 'error'))," \
"  error TEXT, first_id INTEGER NOT NULL, last_id INTEGER NOT NULL," \
"  attempts INTEGER NOT NULL);" \
"CREATE UNIQUE INDEX upload_runs_settled ON upload_runs(last_id)" \
"  WHERE status <> 'error';" \
"CREATE INDEX upload_runs_error ON upload_runs(id) WHERE status = 'error';" \
"CREATE TABLE device_state (" \
"  id INTEGER PRIMARY KEY, device_key TEXT NOT NULL UNIQUE, label TEXT," \
"  last_seen_at INTEGER);" \
"CREATE TABLE dead_letters (" \
"  event_id INTEGER PRIMARY KEY, at INTEGER NOT NULL, status INTEGER," \
"  reason TEXT, attempts INTEGER NOT NULL, replayed_as INTEGER);" \
"CREATE TABLE idempotency (" \
"  first_id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL," \
"  event_count INTEGER NOT NULL, created_at INTEGER NOT NULL," \
"  body_hash BLOB NOT NULL);" \
"CREATE VIEW events AS SELECT id, device_id, kind, payload_json, ts," \
"  CASE WHEN id <= (SELECT settled_through FROM state)" \
"    THEN coalesce((SELECT r.finished_at FROM upload_runs r" \
"                    WHERE r.status <> 'error' AND r.last_id >= event_log.id" \
"                    ORDER BY r.last_id LIMIT 1), 0) END AS uploaded_at" \
"  FROM event_log;" \
"CREATE VIEW backlog AS SELECT * FROM event_log" \
"  WHERE id > (SELECT settled_through FROM state);" \
"CREATE VIEW ledger AS" \
"  SELECT max(settled_through," \
"             coalesce((SELECT max(id) FROM event_log), 0)) AS accepted," \
"         delivered, dead, dropped," \
"         max(coalesce((SELECT max(id) FROM event_log), 0)" \
"             - settled_through, 0) AS pending" \
"    FROM state;"

/**
 * Schema 2. uptime_ms is what ages are counted in: how long the store has been
 * open. Where a damaged file went, what was read from it, up to which id, and
 * what was not found in it again: quarantines.
 */
#define COLLECTOR_SCHEMA_SQL_2 \
"PRAGMA user_version = 2;" \
"ALTER TABLE state ADD COLUMN uptime_ms INTEGER NOT NULL DEFAULT 0;" \
"ALTER TABLE upload_runs ADD COLUMN uptime_ms INTEGER NOT NULL DEFAULT 0;" \
"ALTER TABLE idempotency ADD COLUMN uptime_ms INTEGER NOT NULL DEFAULT 0;" \
"CREATE TABLE quarantines (" \
"  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, path TEXT NOT NULL," \
"  reason TEXT NOT NULL, previous_collector_id TEXT," \
"  through INTEGER NOT NULL DEFAULT 0," \
"  salvaged INTEGER NOT NULL DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0," \
"  finished_at INTEGER);" \
"CREATE INDEX upload_runs_audit ON upload_runs(id)" \
"  WHERE status IN ('dead', 'dropped');"

/**
 * Devices: device_state as of devices_through, and the events above it folded
 * in, none of which was from the future when it came. Numbers for devices that
 * are not in device_state yet are those that they will get there.
 */
#define COLLECTOR_SCHEMA_SQL_DEVICES \
"  WITH tail AS (" \
"    SELECT device_id, min(id) AS first_id, max(ts) AS seen_at" \
"      FROM event_log WHERE id > (SELECT devices_through FROM state)" \
"     GROUP BY device_id)" \
"  SELECT d.id, d.device_key, d.label," \
"         max(coalesce(d.last_seen_at, 0), coalesce(t.seen_at, 0))" \
"           AS last_seen_at" \
"    FROM device_state d LEFT JOIN tail t ON t.device_id = d.device_key" \
"  UNION ALL" \
"  SELECT (SELECT coalesce(max(id), 0) FROM device_state)" \
"           + row_number() OVER (ORDER BY t.first_id)," \
"         t.device_id, NULL, t.seen_at" \
"    FROM tail t" \
"   WHERE NOT EXISTS (SELECT 1 FROM device_state d" \
"                      WHERE d.device_key = t.device_id)"

/**
 * Schema 3, for which schema 1 had a view that asked the clock: one that was
 * set back took back what had been seen. The first to write schema 2 left out
 * its index.
 */
#define COLLECTOR_SCHEMA_SQL_3 \
"PRAGMA user_version = 3;" \
"CREATE INDEX IF NOT EXISTS upload_runs_audit ON upload_runs(id)" \
"  WHERE status IN ('dead', 'dropped');" \
"DROP VIEW IF EXISTS devices;" \
"CREATE VIEW devices AS" COLLECTOR_SCHEMA_SQL_DEVICES ";"

/** How many there are: as much work as the events above devices_through. */
#define COLLECTOR_SCHEMA_SQL_DEVICE_COUNT \
"SELECT (SELECT coalesce(max(id), 0) FROM device_state)" \
" + (SELECT count(*) FROM (SELECT DISTINCT device_id FROM event_log" \
"     WHERE id > (SELECT devices_through FROM state)) t" \
"     WHERE NOT EXISTS (SELECT 1 FROM device_state d" \
"                        WHERE d.device_key = t.device_id))"

#define COLLECTOR_SCHEMA_SQL_INDEX \
"CREATE INDEX IF NOT EXISTS event_log_device ON event_log(device_id);"

/** 1 when a file of this schema has its name, and the index if need be. */
#define COLLECTOR_SCHEMA_SQL_CURRENT \
"SELECT count(*) FROM state WHERE collector_id IS NOT NULL"
#define COLLECTOR_SCHEMA_SQL_CURRENT_INDEXED \
COLLECTOR_SCHEMA_SQL_CURRENT \
" AND EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'event_log_device')"

/** 1 when there is a state row that adds up, with a name as we give them, and
 *  both ends of the backlog can be read and fit it. A quick_check through a
 *  connection that only reads knows of no CHECK. */
#define COLLECTOR_SCHEMA_SQL_SOUND \
"SELECT count(*) = 1" \
"   AND min(id = 1 AND settled_through BETWEEN 0 AND " \
COLLECTOR_TEXT_OF(COLLECTOR_ID_MAX) \
"           AND devices_through BETWEEN 0 AND " \
COLLECTOR_TEXT_OF(COLLECTOR_ID_MAX) \
"           AND delivered + dead + dropped = settled_through" \
"           AND length(coalesce(collector_id, '')) IN (0, 36)" \
"           AND coalesce(collector_id, '') NOT GLOB '*[^0-9a-f-]*')" \
"   AND (SELECT coalesce(max(id), 0) <= (SELECT settled_through FROM state)" \
"               OR (SELECT count(*) FROM event_log" \
"                    WHERE id = (SELECT settled_through FROM state) + 1) = 1" \
"          FROM event_log)" \
"   AND (SELECT coalesce(max(id), 0) < " COLLECTOR_TEXT_OF(COLLECTOR_ID_MAX) \
"          FROM event_log)" \
"   AND (SELECT count(device_id) FROM event_log" \
"         WHERE id = (SELECT max(id) FROM event_log)) <= 1" \
"  FROM state"

/** What all tables of a schema are selected from: it can't be prepared where
 *  one of them, or a column, is missing. */
#define COLLECTOR_SCHEMA_SQL_FROM_1 \
"  FROM (SELECT 1)" \
"  LEFT JOIN (SELECT id, device_id, kind, payload_json, ts FROM event_log" \
"              LIMIT 0)" \
"  LEFT JOIN (SELECT id, collector_id, previous_collector_id, snapshot_of," \
"                    created_at, settled_through, delivered, dead, dropped," \
"                    dead_in_a_row, devices_through, storage_faults FROM state" \
"              LIMIT 0)" \
"  LEFT JOIN (SELECT id, started_at, finished_at, event_count, status, error," \
"                    first_id, last_id, attempts FROM upload_runs LIMIT 0)" \
"  LEFT JOIN (SELECT id, device_key, label, last_seen_at FROM device_state" \
"              LIMIT 0)" \
"  LEFT JOIN (SELECT event_id, at, status, reason, attempts, replayed_as" \
"               FROM dead_letters LIMIT 0)" \
"  LEFT JOIN (SELECT first_id, key, event_count, created_at, body_hash" \
"               FROM idempotency LIMIT 0)"
#define COLLECTOR_SCHEMA_SQL_FROM_2 \
COLLECTOR_SCHEMA_SQL_FROM_1 \
"  LEFT JOIN (SELECT uptime_ms FROM state LIMIT 0)" \
"  LEFT JOIN (SELECT uptime_ms FROM upload_runs LIMIT 0)" \
"  LEFT JOIN (SELECT uptime_ms FROM idempotency LIMIT 0)" \
"  LEFT JOIN (SELECT id, at, path, reason, previous_collector_id, through," \
"                    salvaged, lost, finished_at FROM quarantines LIMIT 0)"

/** The indexes and views of schema 1, in rows of type and name; those of schema
 *  3. The first to write schema 2 left out its index, and devices is another
 *  view since 3. The index that is made when it is asked for is none of them. */
#define COLLECTOR_SCHEMA_SQL_OBJECTS_1 \
"  SELECT 'index' AS type, 'upload_runs_settled' AS name" \
"  UNION ALL SELECT 'index', 'upload_runs_error'" \
"  UNION ALL SELECT 'view', 'events'" \
"  UNION ALL SELECT 'view', 'backlog'" \
"  UNION ALL SELECT 'view', 'ledger'"
#define COLLECTOR_SCHEMA_SQL_OBJECTS_3 \
COLLECTOR_SCHEMA_SQL_OBJECTS_1 \
"  UNION ALL SELECT 'index', 'upload_runs_audit'" \
"  UNION ALL SELECT 'view', 'devices'"

/** 1 when the tables are those of schema 1, and it can be migrated; those of
 *  schema 2. */
#define COLLECTOR_SCHEMA_SQL_FITS_1 \
"SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema" \
"                    WHERE name IN ('quarantines', 'upload_runs_audit'))" \
COLLECTOR_SCHEMA_SQL_FROM_1
#define COLLECTOR_SCHEMA_SQL_FITS_2 "SELECT 1" COLLECTOR_SCHEMA_SQL_FROM_2
/* clang-format on */

#endif
