/* SPDX-License-Identifier: MIT */
/*
 * Ready-made questions. They ask the tables, not the views: what a file from
 * elsewhere calls a view of ours may be anything.
 */
#include "reader_question.h"
#include "schema_sql.h"

#include <collector/error.h>

/** Ask a question whose first column is an id to go on from. */
static int
ask(struct collector_reader *reader, const char *sql,
    const struct collector_value *values, size_t value_count,
    collector_row_fn show, void *userdata, struct collector_answer *ret_answer)
{
    struct collector__question question;
    int rc = collector__question_begin(&question, reader, true);

    if (rc == COLLECTOR_OK)
        rc = collector__question_ask(&question, sql, values, value_count);
    question.next_id = question.rows.last_id;
    return collector__question_end(&question, rc, show, userdata, ret_answer);
}

int
collector_reader_devices(struct collector_reader *reader, int64_t after_id,
                         int64_t seen_before, collector_row_fn show,
                         void *userdata, struct collector_answer *ret_answer)
{
    static const char sql[] =
        "SELECT id, device_key AS device_id, label, last_seen_at"
        " FROM (" COLLECTOR_SCHEMA_SQL_DEVICES ")"
        " WHERE id > ?1 AND (?2 = 0 OR last_seen_at < ?2) ORDER BY id";
    const struct collector_value values[] = {
        collector__value_integer(after_id),
        collector__value_integer(seen_before)};

    return ask(reader, sql, values, 2, show, userdata, ret_answer);
}

int
collector_reader_runs(struct collector_reader *reader, int64_t before_id,
                      const char *status, collector_row_fn show, void *userdata,
                      struct collector_answer *ret_answer)
{
    static const char sql[] =
        "SELECT id, started_at, finished_at, event_count, status, error,"
        " first_id, last_id, attempts FROM upload_runs"
        " WHERE (?1 = 0 OR id < ?1) AND (?2 IS NULL OR status = ?2)"
        " ORDER BY id DESC";
    const struct collector_value values[] = {
        collector__value_integer(before_id), collector__value_text(status)};

    return ask(reader, sql, values, 2, show, userdata, ret_answer);
}

int
collector_reader_dead_letters(struct collector_reader *reader, int64_t after_id,
                              collector_row_fn show, void *userdata,
                              struct collector_answer *ret_answer)
{
    static const char sql[] =
        "SELECT d.event_id AS id, e.device_id, e.kind,"
        " e.payload_json AS payload, e.ts, d.at, d.status, d.reason,"
        " d.attempts, d.replayed_as"
        " FROM dead_letters d LEFT JOIN event_log e ON e.id = d.event_id"
        " WHERE d.event_id > ?1 ORDER BY d.event_id";
    const struct collector_value value = collector__value_integer(after_id);

    return ask(reader, sql, &value, 1, show, userdata, ret_answer);
}

int
collector_reader_ledger(struct collector_reader *reader, collector_row_fn show,
                        void *userdata, struct collector_answer *ret_answer)
{
    static const char sql[] =
        "WITH ends AS (SELECT coalesce((SELECT max(id) FROM event_log), 0)"
        "   AS last_id),"
        " answered AS (SELECT coalesce((SELECT id FROM upload_runs"
        "   WHERE status IN ('success', 'dead')"
        "   ORDER BY id DESC LIMIT 1), 0) AS id),"
        " outage AS (SELECT r.* FROM upload_runs r, answered"
        "   WHERE r.status = 'error' AND r.id > answered.id)"
        " SELECT max(s.settled_through, ends.last_id) AS accepted,"
        " s.delivered, s.dead, s.dropped,"
        " max(ends.last_id - s.settled_through, 0) AS pending,"
        " s.collector_id, s.snapshot_of,"
        " (SELECT ts FROM event_log WHERE id > s.settled_through"
        "   ORDER BY id LIMIT 1) AS oldest_pending_ts,"
        " (SELECT finished_at FROM upload_runs WHERE status = 'success'"
        "   ORDER BY id DESC LIMIT 1) AS last_success_at,"
        " (SELECT started_at FROM outage ORDER BY id LIMIT 1)"
        "   AS failing_since,"
        " (SELECT error FROM outage ORDER BY id DESC LIMIT 1) AS last_error,"
        " (SELECT count(*) FROM dead_letters) AS dead_letters,"
        " (" COLLECTOR_SCHEMA_SQL_DEVICE_COUNT ") AS devices,"
        " ?1 * ?3 AS file_size, ?2 * ?3 AS free_size FROM state s, ends";
    static const char *const pragmas[] = {
        "PRAGMA page_count", "PRAGMA freelist_count", "PRAGMA page_size"};
    struct collector_value values[] = {collector__value_integer(0),
                                       collector__value_integer(0),
                                       collector__value_integer(0)};
    struct collector__question question;
    size_t i;
    int rc = collector__question_begin(&question, reader, true);

    for (i = 0; rc == COLLECTOR_OK && i < 3; i++)
        rc = collector__question_number(&question, pragmas[i],
                                        &values[i].integer);
    if (rc == COLLECTOR_OK)
        rc = collector__question_ask(&question, sql, values, 3);
    return collector__question_end(&question, rc, show, userdata, ret_answer);
}
