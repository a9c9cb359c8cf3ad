/* SPDX-License-Identifier: MIT */
/* A store's file as anybody can read it, by SQL alone. */
#include "findings.h"

#include "account.h"
#include "serial.h"

#include <sqlite3.h>

static const char *
find_event(struct findings *findings, sqlite3_stmt *statement)
{
    const int64_t id = sqlite3_column_int64(statement, 0);
    const struct collector_event event = {
        .device_id = (const char *)sqlite3_column_text(statement, 1),
        .kind = (const char *)sqlite3_column_text(statement, 2),
        .payload = (const char *)sqlite3_column_text(statement, 3),
        .ts = sqlite3_column_int64(statement, 4)};
    const int64_t serial = serial_of(&event);

    if (id < 1 || id >= CLAIMS_ID_MAX || serial < 1 || serial >= CLAIMS_ID_MAX)
        return FAULT("the event of id %lld is none that ever was",
                     (long long)id);
    findings->serials[id] = serial;
    if (findings->counts[serial]++ == 0)
        findings->ids[serial] = id;
    findings->row_count++;
    return NULL;
}

static const char *
find_events(struct findings *findings, sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    const char *fault = NULL;
    int rc = sqlite3_prepare_v2(db,
                                "SELECT id, device_id, kind, payload_json, ts"
                                " FROM event_log ORDER BY id",
                                -1, &statement, NULL);

    while (rc == SQLITE_OK && fault == NULL &&
           (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        fault = find_event(findings, statement);
        rc = SQLITE_OK;
    }
    if (fault == NULL && rc != SQLITE_DONE)
        fault = FAULT("the events can't be read: %s", sqlite3_errmsg(db));
    (void)sqlite3_finalize(statement); /* says again what step said */
    return fault;
}

/** Everything that is settled was offered before, or is on record as dropped.
 */
static const char *
check_settled(const struct claims *claims, sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    const char *fault = NULL;
    int rc = sqlite3_prepare_v2(db,
                                "SELECT first_id, last_id FROM upload_runs"
                                " WHERE status IN ('success', 'dead')",
                                -1, &statement, NULL);

    while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(statement, 0);

        for (; fault == NULL && id <= sqlite3_column_int64(statement, 1); id++)
            if (id >= CLAIMS_ID_MAX || claims->offered[id] == 0)
                fault = FAULT("id %lld is marked, and was never sent",
                              (long long)id);
        rc = SQLITE_OK;
    }
    if (fault == NULL && rc != SQLITE_DONE)
        fault = FAULT("the runs can't be read: %s", sqlite3_errmsg(db));
    (void)sqlite3_finalize(statement); /* says again what step said */
    return fault;
}

const char *
findings_read(struct findings *findings, const char *path,
              const struct claims *claims)
{
    const char *fault = account_fault(path, false);
    sqlite3 *db = NULL;

    memset(findings, 0, sizeof(*findings));
    if (fault != NULL)
        return fault;
    findings->accepted = support_sql_int(path, "SELECT accepted FROM ledger");
    findings->settled_through =
        support_sql_int(path, "SELECT settled_through FROM state");
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        fault = FAULT("can't be read: %s", sqlite3_errmsg(db));
    if (fault == NULL)
        fault = find_events(findings, db);
    if (fault == NULL)
        fault = check_settled(claims, db);
    (void)sqlite3_close(db); /* no statement is left */
    return fault;
}
