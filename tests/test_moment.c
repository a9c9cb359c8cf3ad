/* SPDX-License-Identifier: MIT */
/* A moment is one that there is, as it was written, or it is refused; those of
 * rows are known by their columns. */
#include "capture.h"
#include "rows.h"

#include "ctl/cell.h"
#include "ctl/moment.h"
#include "mcp/excerpt.h"

#include <stdlib.h>

/* 2026-01-31T12:00:00Z */
#define NOON INT64_C(1769860800000)

struct reading {
    const char *text;
    int64_t ms;
};

START_TEST(test_moments_are_read)
{
    static const struct reading readings[] = {
        {"0", 0},
        {"1769860800000", NOON},
        {"10m", NOON - 600000},
        {"24h", NOON - 86400000},
        {"40000d", 0},
        {"2026-01-31", NOON - 12 * 3600000},
        {"2026-01-31T12:00", NOON},
        {"2026-01-31 12:00Z", NOON},
        {"2026-01-31T12:00:00Z", NOON},
        {"2026-01-31T12:00:00.125Z", NOON + 125},
        {"2026-01-31T12:00:00.5", NOON + 500},
        {"2026-01-31T12:00:00.123999Z", NOON + 123},
        {"2026-01-31T13:30:00+01:30", NOON},
        {"2026-01-31T11:00-01:00", NOON},
        {"2024-02-29", 1709164800000},
        {"1970-01-01", 0},
    };
    int64_t ms;
    size_t i;

    for (i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
        ck_assert_msg(moment_read(readings[i].text, NOON, &ms), "refused: %s",
                      readings[i].text);
        ck_assert_msg(ms == readings[i].ms, "%s is %lld", readings[i].text,
                      (long long)ms);
    }
}
END_TEST

START_TEST(test_what_is_none_is_refused)
{
    static const char *const texts[] = {
        "",
        "-1",
        "10 m",
        "m",
        "yesterday",
        "2026-1-1",
        "2026-02-30",
        "2026-13-01",
        "2026-00-10",
        "2025-02-29",
        "2026-01-31T",
        "2026-01-31T24:00",
        "2026-01-31T12",
        "2026-01-31T12:60",
        "2026-01-31T12:00:00.",
        "2026-01-31T12:00:00Zx",
        "2026-01-31T12:00+1:00",
        "2026-01-31T12:00+01",
        "2026-01-31Z",
        "1969-12-31",
        "1970-01-01T00:00+01:00",
        "99999999999999999999",
    };
    int64_t ms = 42;
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        ck_assert_msg(!moment_read(texts[i], NOON, &ms), "read: %s", texts[i]);
        ck_assert_int_eq(ms, 42);
    }
}
END_TEST

START_TEST(test_columns_of_moments_are_known_by_their_names)
{
    static const char *const names[] = {"ts", "at", "last_seen_at",
                                        "oldest_pending_ts", "failing_since"};
    static const char *const others[] = {"",    "_at",    "_ts",  "_since",
                                         "cat", "format", "t_s",  "since",
                                         "id",  "ts_iso", "at_ms"};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        ck_assert_msg(moment_is_column(names[i]), "%s", names[i]);
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        ck_assert_msg(!moment_is_column(others[i]), "%s", others[i]);
    ck_assert(!moment_is_column(NULL));
}
END_TEST

/* For which there is no room with _iso behind it. */
#define LONG_NAME                                                              \
    "a_name_that_is_longer_than_any_column_of_ours_was_or_will_be_at"

/* People and models see the same columns as moments. */
START_TEST(test_moments_of_rows_are_written_as_such)
{
    static const char *const names[] = {"next_ts", "failing_since", LONG_NAME};
    const struct collector_row row = ROWS_ROW(
        names, ROWS_INTEGER(NOON), ROWS_INTEGER(NOON), ROWS_INTEGER(NOON));
    size_t left = EXCERPT_SIZE_MAX;
    struct excerpt excerpt = {.out = capture_begin(), .left = &left};
    size_t i;

    ck_assert_int_eq(excerpt_show(&excerpt, &row), 0);
    ck_assert_str_eq(capture_end(),
                     "{\"next_ts\":1769860800000,"
                     "\"next_ts_iso\":\"2026-01-31T12:00:00Z\","
                     "\"failing_since\":1769860800000,"
                     "\"failing_since_iso\":\"2026-01-31T12:00:00Z\","
                     "\"" LONG_NAME "\":1769860800000}");
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *text = cell_text(names[i], &row.values[i]);

        ck_assert_str_eq(text, "2026-01-31T12:00:00.000Z");
        free(text);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("moment");
    TCase *tcase = support_add_case(suite, "moment", NULL, NULL);

    tcase_add_test(tcase, test_moments_are_read);
    tcase_add_test(tcase, test_what_is_none_is_refused);
    tcase_add_test(tcase, test_columns_of_moments_are_known_by_their_names);
    tcase_add_test(tcase, test_moments_of_rows_are_written_as_such);
    return support_run_suite(suite);
}
