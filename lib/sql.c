/* SPDX-License-Identifier: MIT */
/* The text of every statement on the tables, in one place. */
#include "sql.h"

#include "retention.h"
#include "schema_sql.h"

const char *const collector__sql_texts[COLLECTOR_SQL_COUNT] = {
    [COLLECTOR_SQL_BEGIN] = "BEGIN",
    [COLLECTOR_SQL_BEGIN_IMMEDIATE] = "BEGIN IMMEDIATE",
    [COLLECTOR_SQL_COMMIT] = "COMMIT",
    [COLLECTOR_SQL_ROLLBACK] = "ROLLBACK",
    [COLLECTOR_SQL_POSITION] =
        "SELECT max(settled_through,"
        "           coalesce((SELECT max(id) FROM event_log), 0)) + 1,"
        "       settled_through, devices_through, dead_in_a_row FROM state",
    [COLLECTOR_SQL_PAGE_COUNT] = "PRAGMA page_count",
    [COLLECTOR_SQL_FREE_COUNT] = "PRAGMA freelist_count",
    [COLLECTOR_SQL_GIVE_BACK] = "PRAGMA incremental_vacuum(" COLLECTOR_TEXT_OF(
        COLLECTOR_GIVE_BACK_PAGES) ")",
    [COLLECTOR_SQL_INSERT_EVENT] =
        "INSERT INTO event_log (id, device_id, kind, payload_json, ts)"
        " VALUES (?1, ?2, ?3, ?4, ?5)",
    [COLLECTOR_SQL_FIND_KEY] =
        "SELECT first_id, event_count, body_hash FROM idempotency"
        " WHERE key = ?1",
    [COLLECTOR_SQL_KEEP_KEY] =
        "INSERT INTO idempotency (first_id, key, event_count, created_at,"
        " body_hash, uptime_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [COLLECTOR_SQL_TRIM_KEYS] = "DELETE FROM idempotency WHERE first_id <= ("
                                " SELECT first_id FROM idempotency"
                                " ORDER BY first_id DESC LIMIT 1 OFFSET ?1)",
    /* The oldest come first, and the first that is young ends the search. */
    [COLLECTOR_SQL_PRUNE_KEYS] =
        "DELETE FROM idempotency WHERE first_id IN ("
        " SELECT first_id FROM (SELECT first_id, uptime_ms FROM idempotency"
        "  ORDER BY first_id LIMIT ?2) WHERE uptime_ms <= ?1)",
    [COLLECTOR_SQL_OLDEST_KEY] =
        "SELECT uptime_ms FROM idempotency ORDER BY first_id LIMIT 1",
    [COLLECTOR_SQL_UPTIME] = "SELECT uptime_ms FROM state",
    [COLLECTOR_SQL_NOTE_UPTIME] =
        "UPDATE state SET uptime_ms = max(uptime_ms, ?1)",
    /* Which counter is bound as three factors: one statement for one idea. */
    [COLLECTOR_SQL_SETTLE] =
        "UPDATE state SET settled_through = ?1,"
        " delivered = delivered + ?2, dead = dead + ?3, dropped = dropped + ?4,"
        " dead_in_a_row = CASE WHEN ?2 > 0 THEN 0 ELSE dead_in_a_row + ?3 END,"
        " uptime_ms = max(uptime_ms, ?5)",
    [COLLECTOR_SQL_RUNS_THROUGH] =
        "SELECT max(last_id) FROM upload_runs WHERE status <> 'error'",
    [COLLECTOR_SQL_EXTEND_DROP] =
        "UPDATE upload_runs SET finished_at = ?2, event_count = event_count"
        " + ?3, last_id = ?4, uptime_ms = ?5"
        " WHERE last_id = ?1 AND status <> 'error' AND status = 'dropped'",
    [COLLECTOR_SQL_INSERT_RUN] =
        "INSERT INTO upload_runs (started_at, finished_at, event_count, status,"
        " error, first_id, last_id, attempts, uptime_ms)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [COLLECTOR_SQL_LAST_RUN] = "SELECT id, status FROM upload_runs"
                               " ORDER BY id DESC LIMIT 1",
    [COLLECTOR_SQL_UPDATE_RUN] =
        "UPDATE upload_runs SET finished_at = ?2, event_count = ?3,"
        " error = ?4, first_id = ?5, last_id = ?6, attempts = attempts + 1"
        " WHERE id = ?1",
    [COLLECTOR_SQL_PRUNE_ERRORS] =
        "DELETE FROM upload_runs WHERE status = 'error' AND id <= ("
        " SELECT id FROM upload_runs WHERE status = 'error'"
        " ORDER BY id DESC LIMIT 1 OFFSET ?1)",
    [COLLECTOR_SQL_AGED_RUNS] =
        "SELECT max(last_id) FROM (SELECT last_id, uptime_ms FROM upload_runs"
        "  WHERE status <> 'error' AND last_id > ?1 ORDER BY last_id"
        "  LIMIT " COLLECTOR_TEXT_OF(
            COLLECTOR_PRUNE_RUNS_MAX) ") WHERE uptime_ms <= ?2",
    [COLLECTOR_SQL_FIRST_PRUNABLE] =
        "SELECT id FROM event_log WHERE id > ?1 AND id <= ?2"
        " AND NOT EXISTS (SELECT 1 FROM dead_letters"
        "                  WHERE event_id = event_log.id)"
        " ORDER BY id LIMIT 1",
    [COLLECTOR_SQL_PRUNE_EVENTS] =
        "DELETE FROM event_log WHERE id BETWEEN ?1 AND ?2 AND id NOT IN ("
        " SELECT event_id FROM dead_letters WHERE event_id BETWEEN ?1 AND ?2)",
    /* The last run stays until there is another: what is settled behind it may
     * have none yet. It is then the last one up to ?1. */
    [COLLECTOR_SQL_PRUNE_RUNS] =
        "DELETE FROM upload_runs WHERE status <> 'error'"
        " AND status = 'success' AND last_id <= ?2 AND last_id >= coalesce(("
        "  SELECT max(last_id) FROM upload_runs"
        "   WHERE status <> 'error' AND last_id <= ?1), 0)"
        " AND last_id < (SELECT max(last_id) FROM upload_runs"
        "   WHERE status <> 'error')",
    [COLLECTOR_SQL_PRUNE_AUDITS] =
        "DELETE FROM upload_runs WHERE status IN ('dead', 'dropped')"
        " AND last_id <= ?1 AND id <= ("
        "  SELECT id FROM upload_runs WHERE status IN ('dead', 'dropped')"
        "   ORDER BY id DESC LIMIT 1 OFFSET ?2)"
        " AND last_id NOT IN (SELECT event_id FROM dead_letters)",
    [COLLECTOR_SQL_DELETE_EVENTS] =
        "DELETE FROM event_log WHERE id BETWEEN ?1 AND ?2",
    [COLLECTOR_SQL_LETTER_BEHIND] = "SELECT event_id FROM dead_letters"
                                    " ORDER BY event_id DESC LIMIT 1 OFFSET ?1",
    [COLLECTOR_SQL_PRUNE_LETTER_EVENTS] =
        "DELETE FROM event_log WHERE id IN (SELECT event_id FROM dead_letters"
        " WHERE event_id <= ?1 ORDER BY event_id LIMIT ?2)",
    [COLLECTOR_SQL_PRUNE_LETTERS] =
        "DELETE FROM dead_letters WHERE event_id IN ("
        " SELECT event_id FROM dead_letters"
        "  WHERE event_id <= ?1 ORDER BY event_id LIMIT ?2)",
    [COLLECTOR_SQL_INSERT_DEAD] =
        "INSERT INTO dead_letters (event_id, at, status, reason, attempts)"
        " VALUES (?1, ?2, ?3, ?4, ?5)",
    /* CROSS: the letters lead, since there are few, and not the events. */
    [COLLECTOR_SQL_LIST_DEAD] =
        "SELECT d.event_id, e.device_id, e.kind, e.payload_json, e.ts, d.at,"
        " d.status, coalesce(d.reason, ''), d.attempts,"
        " coalesce(d.replayed_as, 0)"
        " FROM dead_letters d CROSS JOIN event_log e ON e.id = d.event_id"
        " WHERE d.event_id > ?1 ORDER BY d.event_id LIMIT ?2",
    [COLLECTOR_SQL_DEAD_IDS] =
        "SELECT event_id FROM dead_letters WHERE event_id > ?1"
        " AND event_id <= ?2 ORDER BY event_id LIMIT ?3",
    [COLLECTOR_SQL_FIND_DEAD] =
        "SELECT e.ts, length(CAST(e.device_id AS BLOB))"
        " + length(CAST(e.kind AS BLOB))"
        " + coalesce(length(CAST(e.payload_json AS BLOB)), 0)"
        " FROM dead_letters d CROSS JOIN event_log e ON e.id = d.event_id"
        " WHERE d.event_id = ?1 AND d.replayed_as IS NULL",
    [COLLECTOR_SQL_REPLAY_EVENT] =
        "INSERT INTO event_log (id, device_id, kind, payload_json, ts)"
        " SELECT ?2, device_id, kind, payload_json, ts FROM event_log"
        " WHERE id = ?1",
    [COLLECTOR_SQL_REPLAY_DEAD] =
        "UPDATE dead_letters SET replayed_as = ?2 WHERE event_id = ?1",
    [COLLECTOR_SQL_PURGE_DEAD] = "DELETE FROM dead_letters WHERE event_id = ?1",
    /* Whatever the letters say, an event in the backlog stays. */
    [COLLECTOR_SQL_PURGE_EVENT] =
        "DELETE FROM event_log WHERE id = ?1"
        " AND id <= (SELECT settled_through FROM state)",
    /* New devices are numbered in the order of their first event, as the view
     * numbers them before they are here. */
    [COLLECTOR_SQL_REFRESH_DEVICES] =
        "INSERT INTO device_state (device_key, last_seen_at)"
        " SELECT device_id, max(CASE WHEN id >= ?4 AND ts - ?1 > ?5 THEN ?1"
        "  ELSE ts END) FROM event_log"
        " WHERE id > ?2 AND id <= ?3 GROUP BY device_id ORDER BY min(id)"
        " ON CONFLICT (device_key) DO UPDATE SET"
        " last_seen_at = max(coalesce(last_seen_at, 0), excluded.last_seen_at)",
    [COLLECTOR_SQL_REFRESH_DEVICE] =
        "INSERT INTO device_state (device_key, last_seen_at) VALUES (?1, ?2)"
        " ON CONFLICT (device_key) DO UPDATE SET"
        " last_seen_at = max(coalesce(last_seen_at, 0), excluded.last_seen_at)",
    [COLLECTOR_SQL_DEVICES_THROUGH] = "UPDATE state SET devices_through = ?1",
    [COLLECTOR_SQL_STORAGE_FAULT] =
        "UPDATE state SET storage_faults = storage_faults + 1",
    [COLLECTOR_SQL_FETCH] =
        "SELECT id, device_id, kind, payload_json, ts,"
        " (SELECT settled_through FROM state) FROM event_log"
        " WHERE id > (SELECT settled_through FROM state) ORDER BY id LIMIT ?1",
    [COLLECTOR_SQL_IDENTITY] =
        "SELECT collector_id,"
        " (SELECT count(*) FROM sqlite_schema WHERE name = 'event_log_device'),"
        " uptime_ms, settled_through FROM state",
    [COLLECTOR_SQL_LEDGER] =
        "SELECT l.accepted, l.delivered, l.dead, l.dropped, l.pending,"
        " coalesce((SELECT ts FROM event_log WHERE id > s.settled_through"
        "  ORDER BY id LIMIT 1), 0)"
        " FROM ledger l, state s",
    [COLLECTOR_SQL_DEVICE_COUNT] = COLLECTOR_SCHEMA_SQL_DEVICE_COUNT,
    [COLLECTOR_SQL_DEAD_LETTERS] =
        "SELECT (SELECT count(*) FROM dead_letters), dead_in_a_row FROM state",
    /* Or about, where dead letters are left behind. Each end is asked for by
     * itself: with both in one SELECT, SQLite reads every row between them. */
    [COLLECTOR_SQL_KEPT_COUNT] = "SELECT (SELECT max(id) FROM event_log)"
                                 " - (SELECT min(id) FROM event_log) + 1",
    [COLLECTOR_SQL_SALVAGE_NEXT] =
        "SELECT id, path, through, salvaged, lost FROM quarantines"
        " WHERE finished_at IS NULL ORDER BY id LIMIT 1",
    [COLLECTOR_SQL_SALVAGE_STEP] =
        "UPDATE quarantines SET through = ?2, salvaged = salvaged + ?3,"
        " lost = lost + ?4, finished_at = ?5 WHERE id = ?1",
    [COLLECTOR_SQL_SALVAGE_STATS] =
        "SELECT coalesce(sum(salvaged), 0), coalesce(sum(lost), 0),"
        " count(*) - count(finished_at) FROM quarantines",
};
