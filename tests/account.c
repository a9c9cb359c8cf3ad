/* SPDX-License-Identifier: MIT */
/* Whether a file's books are right. */
#include "account.h"

#include "support.h"

void
account_assert_kept(const char *path)
{
    ck_assert_str_eq(support_sql_text(path, "PRAGMA integrity_check"), "ok");
    ck_assert_int_eq(
        support_sql_int(path, "SELECT accepted - delivered - dead - dropped"
                              " - pending FROM ledger"),
        0);
    ck_assert_int_eq(
        support_sql_int(path, "SELECT accepted - pending - settled_through"
                              " FROM ledger, state"),
        0);
    ck_assert_int_eq(
        support_sql_int(path, "SELECT count(*) FROM upload_runs a, upload_runs"
                              " b WHERE a.id < b.id AND a.status <> 'error'"
                              " AND b.status <> 'error' AND a.last_id >="
                              " b.first_id AND b.last_id >= a.first_id"),
        0);
    ck_assert_int_eq(
        support_sql_int(path, "SELECT count(*) FROM event_log e WHERE id <="
                              " (SELECT settled_through FROM state) AND NOT"
                              " EXISTS (SELECT 1 FROM upload_runs WHERE status"
                              "  <> 'error' AND e.id BETWEEN first_id AND"
                              "  last_id)"),
        0);
    ck_assert_int_eq(
        support_sql_int(path, "SELECT coalesce(max(last_id), 0) FROM"
                              " upload_runs WHERE status <> 'error'"),
        support_sql_int(path, "SELECT settled_through FROM state"));
}

void
account_assert(const char *path)
{
    account_assert_kept(path);
    /* None leaves a gap to the one before. */
    ck_assert_int_eq(
        support_sql_int(path,
                        "SELECT count(*) FROM (SELECT *, lag(last_id, 1, 0)"
                        "  OVER (ORDER BY first_id) AS before FROM upload_runs"
                        "  WHERE status <> 'error')"
                        " WHERE first_id <> before + 1 OR last_id < first_id"
                        "  OR event_count <> last_id - first_id + 1"),
        0);
}
