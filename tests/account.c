/* SPDX-License-Identifier: MIT */
/* Whether a file's books are right. */
#include "account.h"

#include "support.h"

#include <sqlite3.h>
#include <stdlib.h>

/** How long the file's owner may keep us waiting. */
#define BUSY_TIMEOUT_MS 10000

/** A statement that gives 0 when the books are right. */
struct rule {
    const char *sql;
    const char *words;
    /** Whether pruning may break it. */
    bool is_of_whole;
};

static const struct rule rules[] = {
    {"SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> "
     "'ok'",
     "the file is not sound", false},
    {"SELECT accepted - delivered - dead - dropped - pending FROM ledger",
     "the ledger does not add up", false},
    {"SELECT accepted - pending - settled_through FROM ledger, state",
     "settled_through is not what is settled", false},
    {"SELECT count(*) FROM upload_runs a, upload_runs b WHERE a.id < b.id"
     " AND a.status <> 'error' AND b.status <> 'error'"
     " AND a.last_id >= b.first_id AND b.last_id >= a.first_id",
     "two runs name the same id", false},
    {"SELECT count(*) FROM event_log e"
     " WHERE id <= (SELECT settled_through FROM state) AND NOT EXISTS"
     " (SELECT 1 FROM upload_runs WHERE status <> 'error'"
     "  AND e.id BETWEEN first_id AND last_id)",
     "an event is settled, and no run says so", false},
    {"SELECT (SELECT coalesce(max(last_id), 0) FROM upload_runs"
     " WHERE status <> 'error') - settled_through FROM state",
     "the last run does not end where what is settled ends", false},
    {"SELECT count(*) FROM (SELECT *, lag(last_id, 1, 0)"
     " OVER (ORDER BY first_id) AS before FROM upload_runs"
     " WHERE status <> 'error') WHERE first_id <> before + 1"
     " OR last_id < first_id OR event_count <> last_id - first_id + 1",
     "the runs leave a gap", true},
};

/** Why a rule is broken; NULL when it is not. */
static const char *
break_of(sqlite3 *db, const struct rule *rule)
{
    const char *fault = NULL;
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(db, rule->sql, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW)
        fault = support_format("%s: %s", rule->words, sqlite3_errmsg(db));
    else if (sqlite3_column_int64(statement, 0) != 0)
        fault = support_format("%s (%lld)", rule->words,
                               (long long)sqlite3_column_int64(statement, 0));
    (void)sqlite3_finalize(statement); /* says again what step said */
    return fault;
}

static int
note_fault(void *userdata, const struct collector_row *row)
{
    const char **fault = userdata;

    if (row->values[1].integer == 0)
        *fault =
            support_format("%s: %s", row->values[0].text, row->values[2].text);
    return *fault != NULL;
}

/** What the library itself finds wrong: all of the rules again, and more. */
static const char *
verify(const char *path)
{
    struct collector_reader_options options;
    struct collector_reader *reader = NULL;
    const char *fault = NULL;
    int rc;

    collector_reader_options_init(&options);
    options.path = path;
    options.deadline_ms = SUPPORT_WAIT_MS;
    rc = collector_reader_open(&options, &reader);
    if (rc == COLLECTOR_OK)
        rc = collector_reader_verify(reader, true, note_fault, &fault, NULL);
    if (rc != COLLECTOR_OK && rc != COLLECTOR_ERR_UNSUPPORTED)
        fault = support_format("verify says %s", support_error_name(rc));
    collector_reader_free(reader);
    return fault;
}

const char *
account_fault(const char *path, bool is_whole)
{
    const char *fault = NULL;
    sqlite3 *db = NULL;
    size_t i;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        fault = support_format("can't be opened: %s", sqlite3_errmsg(db));
    (void)sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS); /* can't fail */
    for (i = 0; fault == NULL && i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (is_whole || !rules[i].is_of_whole)
            fault = break_of(db, &rules[i]);
    }
    (void)sqlite3_close(db); /* no statement is left */
    if (fault == NULL && getenv("CAMPAIGN") != NULL)
        fault = verify(path);
    return fault;
}

static void
assert_no_fault(const char *path, bool is_whole)
{
    const char *fault = account_fault(path, is_whole);

    ck_assert_msg(fault == NULL, "%s: %s", path, fault);
}

void
account_assert_kept(const char *path)
{
    assert_no_fault(path, false);
}

void
account_assert(const char *path)
{
    assert_no_fault(path, true);
}
