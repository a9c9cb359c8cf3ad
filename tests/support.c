/* SPDX-License-Identifier: MIT */
/*
 * The base of all tests. What it hands out is never freed one by one: it hangs
 * on a list, where leak checkers see it, until the process of the test ends.
 */
#include "support.h"

#include <dirent.h>
#include <ftw.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

/** More lines than any test writes; what comes after is only checked. */
#define LOG_LINE_COUNT_MAX 4096

/** How long a second connection waits for the collector's locks. */
#define SQL_BUSY_TIMEOUT_MS 10000

/** Descriptors that nftw() may hold open. */
#define REMOVE_DESCRIPTOR_COUNT 16

/** A file system in memory, and more bytes than all tests that run at a time
 *  put there. */
#define MEMORY_DIR "/dev/shm"
#define MEMORY_SIZE_MIN (UINT64_C(2) * 1024 * 1024 * 1024)

struct kept {
    struct kept *next;
    max_align_t memory[];
};

struct support_log {
    pthread_mutex_t lock;
    bool errors_expected;
    size_t count;
    const char *lines[LOG_LINE_COUNT_MAX];
};

static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static struct kept *kept_list;
static char base_dir[256];

/* Check reads this when a test case is made, which is before the suite gets
 * here, and its own 4 s are too few under a sanitizer. */
__attribute__((constructor)) static void
set_default_timeout(void)
{
    (void)setenv("CK_DEFAULT_TIMEOUT", "120", 0);
}

bool
support_is_sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return true;
#endif
#endif
    return false;
}

const char *
support_error_name(int rc)
{
    static const char *const names[] = {"COLLECTOR_OK",
                                        "COLLECTOR_ERR_INVALID",
                                        "COLLECTOR_ERR_TOO_BIG",
                                        "COLLECTOR_ERR_FULL",
                                        "COLLECTOR_ERR_BUSY",
                                        "COLLECTOR_ERR_LOCKED",
                                        "COLLECTOR_ERR_IO",
                                        "COLLECTOR_ERR_NOSPACE",
                                        "COLLECTOR_ERR_CORRUPT",
                                        "COLLECTOR_ERR_FOREIGN",
                                        "COLLECTOR_ERR_NEWER",
                                        "COLLECTOR_ERR_NOMEM",
                                        "COLLECTOR_ERR_CANCELLED",
                                        "COLLECTOR_ERR_UNSUPPORTED",
                                        "COLLECTOR_ERR_CONFLICT",
                                        "COLLECTOR_ERR_EXISTS",
                                        "COLLECTOR_ERR_FORK",
                                        "COLLECTOR_ERR_TIMEOUT"};

    if (rc > 0 || rc <= -(int)(sizeof(names) / sizeof(names[0])))
        return "no error code at all";
    return names[-rc];
}

const char *
support_text_or_nothing(const char *text)
{
    return text != NULL ? text : "(nothing)";
}

static int
remove_entry(const char *path, const struct stat *status, int type,
             struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

void
support_dir_free(const char *dir)
{
    if (getenv("SUPPORT_KEEP") == NULL)
        (void)nftw(dir, remove_entry, REMOVE_DESCRIPTOR_COUNT,
                   FTW_DEPTH | FTW_PHYS); /* what stays goes at the end */
}

/** Where the tests' directories go. */
static const char *
parent_dir(void)
{
    const char *named = getenv("TMPDIR");
    struct statvfs status;

    if (named != NULL && *named != '\0')
        return named;
    if (getenv("SUPPORT_IN_MEMORY") != NULL &&
        statvfs(MEMORY_DIR, &status) == 0 &&
        (uint64_t)status.f_bavail * status.f_frsize >= MEMORY_SIZE_MIN)
        return MEMORY_DIR;
    return "/tmp";
}

int
support_run_suite(Suite *suite)
{
    SRunner *runner;
    int failed_count;

    (void)snprintf(base_dir, sizeof(base_dir), "%s/collector-XXXXXX",
                   parent_dir());
    if (mkdtemp(base_dir) == NULL) {
        perror(base_dir);
        return EXIT_FAILURE;
    }
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed_count = srunner_ntests_failed(runner);
    srunner_free(runner);
    if (getenv("SUPPORT_KEEP") != NULL)
        (void)printf("kept %s\n", base_dir);
    else
        support_dir_free(base_dir);
    return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

TCase *
support_add_case(Suite *suite, const char *name, SFun setup, SFun teardown)
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, setup, teardown);
    suite_add_tcase(suite, tcase);
    return tcase;
}

int64_t
support_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
support_pause(void)
{
    const struct timespec rest = {.tv_nsec = 3000000};

    (void)nanosleep(&rest, NULL);
}

void *
support_alloc(size_t size)
{
    struct kept *kept = calloc(1, sizeof(*kept) + size);

    if (kept == NULL)
        abort();
    (void)pthread_mutex_lock(&kept_lock);
    kept->next = kept_list;
    kept_list = kept;
    (void)pthread_mutex_unlock(&kept_lock);
    return kept->memory;
}

unsigned
support_seed(void)
{
    const char *given = getenv("SUPPORT_SEED");
    unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10)
                                  : (unsigned)(time(NULL) * 7 + getpid());

    (void)printf("SUPPORT_SEED=%u\n", seed);
    (void)fflush(stdout);
    return seed;
}

uint64_t
support_rounds(const char *name, uint64_t short_count, uint64_t long_count)
{
    const char *given = getenv(name);
    uint64_t count = getenv("CAMPAIGN") != NULL ? long_count : short_count;

    if (given != NULL)
        count = strtoull(given, NULL, 10);
    (void)printf("%s=%llu\n", name, (unsigned long long)count);
    return count;
}

const char *
support_format(const char *format, ...)
{
    va_list args;
    char *text;
    int size;

    va_start(args, format);
    size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (size < 0)
        abort();
    text = support_alloc((size_t)size + 1);
    va_start(args, format);
    (void)vsnprintf(text, (size_t)size + 1, format, args);
    va_end(args);
    return text;
}

char *
support_repeat(const char *text, size_t count)
{
    const size_t size = strlen(text);
    char *all = support_alloc(size * count + 1);
    size_t i;

    for (i = 0; i < count; i++)
        memcpy(all + i * size, text, size);
    return all;
}

size_t
support_occurrences(const char *text, const char *part)
{
    size_t count = 0;

    for (text = strstr(text, part); text != NULL; text = strstr(text + 1, part))
        count++;
    return count;
}

const char *
support_dir_new(void)
{
    char *dir = support_alloc(sizeof(base_dir) + 16);

    (void)snprintf(dir, sizeof(base_dir) + 16, "%s/XXXXXX", base_dir);
    ck_assert_msg(mkdtemp(dir) != NULL, "cannot make %s", dir);
    return dir;
}

size_t
support_dir_count(const char *dir, const char *beginning)
{
    DIR *entries = opendir(dir);
    const struct dirent *entry;
    size_t count = 0;

    ck_assert_ptr_nonnull(entries);
    while ((entry = readdir(entries)) != NULL)
        count += strncmp(entry->d_name, beginning, strlen(beginning)) == 0;
    (void)closedir(entries); /* it was only read */
    return count;
}

const char *
support_path(const char *dir, const char *name)
{
    return support_format("%s/%s", dir, name);
}

void
support_write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_msg(file != NULL, "cannot write %s", path);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

const char *
support_read_file(const char *path)
{
    int64_t size = support_file_size(path);
    FILE *file = fopen(path, "r");
    char *text;

    if (file == NULL || size < 0)
        return "";
    text = support_alloc((size_t)size + 1);
    ck_assert_uint_eq(fread(text, 1, (size_t)size, file), (size_t)size);
    (void)fclose(file);
    return text;
}

int64_t
support_file_size(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 ? (int64_t)status.st_size : -1;
}

struct support_log *
support_log_new(void)
{
    struct support_log *log = support_alloc(sizeof(*log));

    (void)pthread_mutex_init(&log->lock, NULL);
    return log;
}

void
support_log_expect_errors(struct support_log *log)
{
    (void)pthread_mutex_lock(&log->lock);
    log->errors_expected = true;
    (void)pthread_mutex_unlock(&log->lock);
}

void
support_log(void *userdata, enum collector_log_level level, const char *line)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    struct support_log *log = userdata;
    bool errors_expected = false;

    if (log != NULL) {
        const char *text = support_format("%s %s", names[level], line);

        (void)pthread_mutex_lock(&log->lock);
        if (log->count < LOG_LINE_COUNT_MAX)
            log->lines[log->count++] = text;
        errors_expected = log->errors_expected;
        (void)pthread_mutex_unlock(&log->lock);
    }
    if (level == COLLECTOR_LOG_ERROR && !errors_expected) {
        (void)fprintf(stderr, "unexpected error in the log: %s\n", line);
        abort();
    }
}

size_t
support_log_count(struct support_log *log, const char *part)
{
    size_t count = 0;
    size_t i;

    (void)pthread_mutex_lock(&log->lock);
    for (i = 0; i < log->count; i++)
        if (strstr(log->lines[i], part) != NULL)
            count++;
    (void)pthread_mutex_unlock(&log->lock);
    return count;
}

void
support_clock_init(struct support_clock *clock)
{
    atomic_init(&clock->wall_ms, INT64_C(1700000000000));
    atomic_init(&clock->monotonic_ms, INT64_C(1000000));
}

void
support_clock_advance(struct support_clock *clock, int64_t ms)
{
    atomic_fetch_add(&clock->wall_ms, ms);
    atomic_fetch_add(&clock->monotonic_ms, ms);
}

static int64_t
clock_wall_ms(void *userdata)
{
    struct support_clock *clock = userdata;

    return atomic_load(&clock->wall_ms);
}

static int64_t
clock_monotonic_ms(void *userdata)
{
    struct support_clock *clock = userdata;

    return atomic_load(&clock->monotonic_ms);
}

struct collector_clock
support_clock_ops(struct support_clock *clock)
{
    return (struct collector_clock){.wall_ms = clock_wall_ms,
                                    .monotonic_ms = clock_monotonic_ms,
                                    .userdata = clock};
}

static sqlite3 *
open_database(const char *path, int flags)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(path, &db, flags, NULL);

    ck_assert_msg(rc == SQLITE_OK, "cannot open %s: %s", path,
                  sqlite3_errmsg(db));
    (void)sqlite3_busy_timeout(db, SQL_BUSY_TIMEOUT_MS);
    return db;
}

static sqlite3_stmt *
first_row(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    ck_assert_msg(rc == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    rc = sqlite3_step(statement);
    ck_assert_msg(rc == SQLITE_ROW, "%s: %s", sql,
                  rc == SQLITE_DONE ? "no row" : sqlite3_errmsg(db));
    return statement;
}

int64_t
support_sql_int(const char *path, const char *sql)
{
    sqlite3 *db = open_database(path, SQLITE_OPEN_READONLY);
    sqlite3_stmt *statement = first_row(db, sql);
    int64_t value = sqlite3_column_int64(statement, 0);

    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(db);
    return value;
}

const char *
support_sql_text(const char *path, const char *sql)
{
    sqlite3 *db = open_database(path, SQLITE_OPEN_READONLY);
    sqlite3_stmt *statement = first_row(db, sql);
    const char *value = (const char *)sqlite3_column_text(statement, 0);

    if (value != NULL)
        value = support_format("%s", value);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(db);
    return value;
}

static void
run_statements(const char *path, int flags, const char *sql)
{
    sqlite3 *db = open_database(path, flags);
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

    ck_assert_msg(rc == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    (void)sqlite3_close(db);
}

void
support_sql_create(const char *path, const char *sql)
{
    run_statements(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, sql);
}

void
support_sql_exec(const char *path, const char *sql)
{
    run_statements(path, SQLITE_OPEN_READWRITE, sql);
}
