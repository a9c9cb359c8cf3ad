/* SPDX-License-Identifier: MIT */
/* Snapshots under examination. */
#include "copy.h"

#include <dirent.h>
#include <sys/stat.h>

const char *
copy_path(const struct harness *harness)
{
    return support_path(harness->dir, "copy.sqlite");
}

int
copy_take(struct harness *harness)
{
    return collector_store_snapshot(harness->store, copy_path(harness));
}

size_t
copy_file_count(const struct harness *harness)
{
    DIR *entries = opendir(harness->dir);
    const struct dirent *entry;
    size_t count = 0;

    ck_assert_ptr_nonnull(entries);
    while ((entry = readdir(entries)) != NULL)
        count += strncmp(entry->d_name, "copy.sqlite", 11) == 0;
    (void)closedir(entries);
    return count;
}

void
copy_assert_sound(const struct harness *harness, const char *path)
{
    struct stat status;

    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0600);
    ck_assert_uint_eq(copy_file_count(harness), 1);
    ck_assert_str_eq(support_sql_text(path, "PRAGMA integrity_check"), "ok");
    ck_assert_str_eq(support_sql_text(path, "PRAGMA journal_mode"), "delete");
    ck_assert_int_eq(
        support_sql_int(path, "SELECT accepted = delivered + dead + dropped"
                              " + pending FROM ledger"),
        1);
    ck_assert_int_eq(
        support_sql_int(path,
                        "SELECT count(*) = (SELECT accepted FROM ledger)"
                        " AND coalesce(max(id), 0) = count(*) FROM event_log"),
        1);
    ck_assert_int_eq(
        support_sql_int(path, "SELECT coalesce(sum(event_count), 0) ="
                              " (SELECT settled_through FROM state)"
                              " FROM upload_runs WHERE status <> 'error'"),
        1);
    ck_assert_uint_eq(copy_file_count(harness), 1);
}

static void *
run_snapshot(void *userdata)
{
    struct copy_call *call = userdata;

    call->rc = copy_take(call->harness);
    return NULL;
}

void
copy_start(struct copy_call *call, struct harness *harness)
{
    call->harness = harness;
    ck_assert_int_eq(pthread_create(&call->thread, NULL, run_snapshot, call),
                     0);
}

int
copy_join(struct copy_call *call)
{
    ck_assert_int_eq(pthread_join(call->thread, NULL), 0);
    return call->rc;
}

void
copy_start_held(struct copy_call *call, struct harness *harness)
{
    ck_assert_int_eq(pthread_rwlock_wrlock(&harness->store->files), 0);
    copy_start(call, harness);
    ck_assert_eventually(copy_file_count(harness) == 1);
}

void
copy_release(struct harness *harness)
{
    ck_assert_int_eq(pthread_rwlock_unlock(&harness->store->files), 0);
}
