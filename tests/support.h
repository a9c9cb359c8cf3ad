/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_H
#define SUPPORT_H

/*
 * What every test program uses: a runner, assertions that print the error's
 * name, a directory that goes away, a log that fails the test on errors it did
 * not expect, a clock that stands still, and a second pair of eyes on the file.
 *
 * All but the clock is safe on any thread. Texts that these functions return
 * live until the program ends: nobody frees them.
 */
#include <check.h>
#include <collector/collector.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** How long a test waits for what has to happen: far longer than it takes on
 *  a busy machine under a sanitizer, and shorter than the test's time-out. */
#define SUPPORT_WAIT_MS 60000

/** Assert that a call of the library returns this error, and name both. */
#define ck_assert_error(expr, expected) support_assert_rc(expr, #expr, expected)

/** Assert that a call of the library succeeds. */
#define ck_assert_ok(expr) support_assert_rc(expr, #expr, COLLECTOR_OK)

/* The text is passed on, since here the macros in it are expanded already. */
#define support_assert_rc(expr, text, expected)                                \
    do {                                                                       \
        int support_rc_ = (expr);                                              \
        ck_assert_msg(                                                         \
            support_rc_ == (expected), "%s returned %s (%s) instead of %s",    \
            text, support_error_name(support_rc_),                             \
            collector_error_text(support_rc_), support_error_name(expected));  \
    } while (0)

/** Assert that a text holds another one. */
#define ck_assert_contains(text, part)                                         \
    do {                                                                       \
        const char *support_text_ = support_text_or_nothing(text);             \
        const char *support_part_ = (part);                                    \
        ck_assert_msg(strstr(support_text_, support_part_) != NULL,            \
                      "'%s' is missing in:\n%s", support_part_,                \
                      support_text_);                                          \
    } while (0)

/** Whether a condition comes true in time; it is evaluated again and again. */
#define support_eventually(condition, timeout_ms)                              \
    ({                                                                         \
        int64_t support_deadline_ = support_now_ms() + (timeout_ms);           \
        bool support_met_;                                                     \
        while (!(support_met_ = (condition)) &&                                \
               support_now_ms() < support_deadline_)                           \
            support_pause();                                                   \
        support_met_;                                                          \
    })

/** Assert that a condition comes true within SUPPORT_WAIT_MS. */
#define ck_assert_eventually(condition)                                        \
    ck_assert_msg(support_eventually(condition, SUPPORT_WAIT_MS),              \
                  "never came true: %s", #condition)

/** Whether a sanitizer watches, which makes all of it several times slower and
 *  larger. */
bool
support_is_sanitized(void);

/** The text, or words that say that there is none. */
const char *
support_text_or_nothing(const char *text);

/** The name of an error code, such as "COLLECTOR_ERR_FULL". */
const char *
support_error_name(int rc);

/** Run a suite, remove the tests' directories, and return main's status. With
 *  SUPPORT_KEEP in the environment the directories stay, and are printed. */
int
support_run_suite(Suite *suite);

/** Add an empty test case to a suite, each test of which runs between these
 *  two; NULL is nothing. */
TCase *
support_add_case(Suite *suite, const char *name, SFun setup, SFun teardown);

/** Monotonic milliseconds. */
int64_t
support_now_ms(void);

/** Rest between two looks at a condition. */
void
support_pause(void);

/** A seed for random moments: SUPPORT_SEED in the environment, or another one
 *  each time. It is printed. */
unsigned
support_seed(void);

/**
 * How often a test does what it does: the number in the environment variable of
 * this name, else with CAMPAIGN in the environment the long figure, else the
 * short one. It is printed.
 */
uint64_t
support_rounds(const char *name, uint64_t short_count, uint64_t long_count);

/** A text made like printf does. */
const char *
support_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** A text so many times in a row. */
char *
support_repeat(const char *text, size_t count);

/** Memory that lives as long as those texts do, zeroed. */
void *
support_alloc(size_t size);

/** How often a text holds another one. */
size_t
support_occurrences(const char *text, const char *part);

/** A new empty directory under $TMPDIR or /tmp; or, with SUPPORT_IN_MEMORY in
 *  the environment and no $TMPDIR, where nobody waits for a disk. */
const char *
support_dir_new(void);

/** Remove it before the suite ends, where there would be thousands. */
void
support_dir_free(const char *dir);

/** How many names in a directory begin like that. */
size_t
support_dir_count(const char *dir, const char *beginning);

/** The path of a file in a directory. */
const char *
support_path(const char *dir, const char *name);

/** Make a file with this text in it. */
void
support_write_file(const char *path, const char *text);

/** All of a file as text; "" when there is no such file. */
const char *
support_read_file(const char *path);

/** The size of a file; -1 when there is no such file. */
int64_t
support_file_size(const char *path);

/** Lines of log that somebody received. */
struct support_log;

struct support_log *
support_log_new(void);

/** Let error lines pass; without this they end the test. */
void
support_log_expect_errors(struct support_log *log);

/** A collector_log_fn; its userdata is a struct support_log, or NULL to keep
 *  nothing. Lines are kept as "error the text". */
void
support_log(void *userdata, enum collector_log_level level, const char *line);

/** How many lines hold this text. */
size_t
support_log_count(struct support_log *log, const char *part);

/** A clock that moves only when told to. */
struct support_clock {
    _Atomic int64_t wall_ms;
    _Atomic int64_t monotonic_ms;
};

/** Set it to some moment in 2023. */
void
support_clock_init(struct support_clock *clock);

/** Move both times on. */
void
support_clock_advance(struct support_clock *clock, int64_t ms);

/** The clock as options take it. */
struct collector_clock
support_clock_ops(struct support_clock *clock);

/** The first column of the first row, read on a connection of its own. NULL
 *  counts as 0, and no row fails the test. */
int64_t
support_sql_int(const char *path, const char *sql);

/** The same as text; NULL when it is SQL NULL. */
const char *
support_sql_text(const char *path, const char *sql);

/** Make a database that is not there yet, and run statements on it. */
void
support_sql_create(const char *path, const char *sql);

/** Run statements on a connection of their own. */
void
support_sql_exec(const char *path, const char *sql);

#endif
