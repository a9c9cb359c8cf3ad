/* SPDX-License-Identifier: MIT */
/*
 * A file of any schema that a collector ever wrote is migrated where it lies,
 * in one transaction, and then is what a new file would be; all that was in it
 * is there. A newer one is refused, and left as it is, byte for byte.
 *
 * The files in schema/ were written by collectord as it was then: 11 events, of
 * which the first 8 are settled, an outage, and what there was at that time of
 * a dead letter, number 6, and two idempotency keys.
 */
#include "damage.h"
#include "fault_vfs.h"
#include "schema.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct sample {
    const char *name;
    const char *ledger;
    int version;
    int key_count;
} samples[] = {
    {"v1.sqlite", "11 8 0 0 3", 1, 0},
    /* Of the first to write schema 2, which then got one index more. */
    {"v2_first.sqlite", "11 8 0 0 3", 2, 0},
    {"v2.sqlite", "11 7 1 0 3", 2, 2},
    {"v3.sqlite", "11 7 1 0 3", 3, 2},
};

#define SAMPLE_COUNT ((int)(sizeof(samples) / sizeof(samples[0])))

/** All but the newest are migrated. */
#define OLD_COUNT (SAMPLE_COUNT - 1)

static struct harness harness;

/** All that any schema keeps, as text. */
static const char *
content(const char *path)
{
    return support_sql_text(
        path,
        "SELECT (SELECT group_concat(id || device_id || kind ||"
        "   coalesce(payload_json, 'NULL') || ts) FROM event_log) ||"
        " (SELECT quote(collector_id) || created_at || settled_through ||"
        "   dead_in_a_row FROM state) ||"
        " (SELECT group_concat(id || started_at || finished_at || event_count"
        "   || status || quote(error) || first_id || last_id || attempts)"
        "   FROM upload_runs) ||"
        " (SELECT quote(group_concat(event_id || at || status || reason ||"
        "   attempts || quote(replayed_as))) FROM dead_letters) ||"
        " (SELECT quote(group_concat(first_id || key || event_count ||"
        "   created_at || hex(body_hash))) FROM idempotency)");
}

/** The names of all that is in a file, and of their columns. */
static const char *
shape(const char *path)
{
    return support_sql_text(
        path, "SELECT group_concat(word, ' ') FROM"
              " (SELECT s.type || ':' || s.name || '(' ||"
              "   coalesce((SELECT group_concat(name || type || \"notnull\" ||"
              "     pk) FROM pragma_table_xinfo(s.name)), '') || ')' AS word"
              "  FROM sqlite_schema s ORDER BY s.type, s.name)");
}

static int64_t
version(const char *path)
{
    return support_sql_int(path, "PRAGMA user_version");
}

/** Who makes a new schema leaves a file of it here. */
START_TEST(test_there_is_a_file_of_each_schema)
{
    bool found = false;
    int i;

    for (i = 0; i < SAMPLE_COUNT; i++)
        found = found || samples[i].version == _i;
    ck_assert(found);
}
END_TEST

/** Put a sample where the store is expected, and return it. */
static const struct sample *
lay_down(int i)
{
    const char *samples_dir = getenv("SCHEMAS");

    ck_assert_msg(samples_dir != NULL, "SCHEMAS does not name the samples");
    harness_init(&harness);
    bytes_write(harness.path,
                bytes_read(support_path(samples_dir, samples[i].name)));
    ck_assert_int_eq(version(harness.path), samples[i].version);
    return &samples[i];
}

static const char *
new_shape(void)
{
    struct harness fresh;

    harness_start(&fresh, COLLECTOR_MODE_GROUP);
    harness_close(&fresh);
    return shape(fresh.path);
}

/** Assert that it is as new, and has all that was in the sample. */
static void
assert_upgraded(const struct sample *sample, const char *before)
{
    ck_assert_int_eq(version(harness.path), COLLECTOR_SCHEMA_VERSION);
    ck_assert_str_eq(content(harness.path), before);
    ck_assert_str_eq(shape(harness.path), new_shape());
    ck_assert_str_eq(
        harness_text(&harness, "SELECT accepted || ' ' || delivered || ' ' ||"
                               " dead || ' ' || dropped || ' ' || pending"
                               " FROM ledger"),
        sample->ledger);
    ck_assert_str_eq(harness_text(&harness, "PRAGMA integrity_check"), "ok");
}

/** What the views say of those events. */
static void
assert_views(void)
{
    ck_assert_str_eq(harness_text(&harness, "SELECT group_concat(id) FROM"
                                            " backlog"),
                     "9,10,11");
    ck_assert_str_eq(harness_text(&harness,
                                  "SELECT group_concat(id) FROM events"
                                  " WHERE uploaded_at IS NULL"),
                     "9,10,11");
    ck_assert_int_eq(harness_int(&harness,
                                 "SELECT count(*) FROM events e JOIN"
                                 " upload_runs r ON e.id BETWEEN r.first_id"
                                 " AND r.last_id AND r.status <> 'error'"
                                 " WHERE e.uploaded_at = r.finished_at"),
                     8);
    ck_assert_str_eq(
        harness_text(&harness, "SELECT group_concat(device_key || ' ' ||"
                               " (last_seen_at - 1767225600000)) FROM devices"),
        "pump-1 6,pump-0 4,pump-2 8,pump-3 11");
    ck_assert_str_eq(harness_text(&harness, "SELECT payload_json FROM events"
                                            " WHERE id = 1"),
                     "{\"n\":1,\"celsius\":21.4}");
}

static void
assert_keys(const struct sample *sample)
{
    const struct collector_event event = {.device_id = "d", .kind = "k"};
    struct collector_receipt receipt;

    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM idempotency"),
                     sample->key_count);
    if (sample->key_count > 0)
        ck_assert_error(
            collector_store_append(harness.store, &event, 1, "key-1", &receipt),
            COLLECTOR_ERR_CONFLICT);
}

START_TEST(test_all_that_was_in_it_is_there)
{
    const struct sample *sample = lay_down(_i);
    const char *before = content(harness.path);

    harness_open(&harness);
    assert_upgraded(sample, before);
    assert_views();
    assert_keys(sample);
    harness_reopen(&harness);
    assert_upgraded(sample, before);
    harness_close(&harness);
}
END_TEST

START_TEST(test_it_goes_on_where_it_was)
{
    const struct sample *sample = lay_down(_i / 3);
    const bool has_dead = strstr(sample->ledger, " 7 1 ") != NULL;

    harness.options.mode = (enum collector_write_mode)(_i % 3);
    harness_open(&harness);
    ck_assert_int_eq(harness_append(&harness, 1), 12);
    ck_assert_uint_eq(harness_deliver(&harness, 10), 4);
    if (has_dead) {
        uint64_t count = 0;

        ck_assert_ok(
            collector_dead_letters_replay(harness.store, NULL, 0, &count));
        ck_assert_uint_eq(count, 1);
        ck_assert_str_eq(harness_text(&harness, "SELECT payload_json FROM"
                                                " backlog WHERE id = 13"),
                         "\"bad\"");
    }
    ck_assert_uint_eq(harness_deliver(&harness, 10), has_dead ? 1 : 0);
    ck_assert_int_eq(harness_int(&harness,
                                 "SELECT accepted = delivered + dead AND"
                                 " pending = 0 FROM ledger"),
                     1);
    ck_assert_int_eq(harness_int(&harness,
                                 "SELECT sum(event_count) = (SELECT"
                                 " settled_through FROM state) FROM upload_runs"
                                 " WHERE status <> 'error'"),
                     1);
    harness_close(&harness);
}
END_TEST

/** Whether a file that nobody has open is as it was, or all new. */
static void
assert_old_or_new(const struct sample *sample, const char *before,
                  const char *old_shape)
{
    const int64_t now = version(harness.path);

    ck_assert_msg(now == sample->version || now == COLLECTOR_SCHEMA_VERSION,
                  "version %d", (int)now);
    ck_assert_str_eq(content(harness.path), before);
    ck_assert_str_eq(shape(harness.path),
                     now == COLLECTOR_SCHEMA_VERSION ? new_shape() : old_shape);
}

/** Open it in a process that is killed after so many calls. @return Whether it
 *  was. */
static bool
open_and_die(enum fault_call call, uint64_t pass_count)
{
    const pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        fault_vfs_kill(call, pass_count);
        if (collector_store_open(&harness.options, &harness.store) !=
            COLLECTOR_OK)
            _exit(1);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

START_TEST(test_a_kill_leaves_the_old_file_or_the_new_one)
{
    const enum fault_call call = _i % 2 == 0 ? FAULT_WAL_WRITE : FAULT_WAL_SYNC;
    bool killed = true;
    uint64_t count;

    for (count = 0; killed; count++) {
        const struct sample *sample = lay_down(_i / 2);
        const char *before = content(harness.path);
        const char *old_shape = shape(harness.path);

        harness.options.vfs = fault_vfs_register();
        killed = open_and_die(call, count);
        assert_old_or_new(sample, before, old_shape);
        harness_open(&harness);
        harness_close(&harness);
        assert_upgraded(sample, before);
        ck_assert_uint_lt(count, 200);
    }
    ck_assert_uint_gt(count, call == FAULT_WAL_WRITE ? 8 : 1);
}
END_TEST

START_TEST(test_a_write_that_fails_leaves_the_old_file)
{
    int rc = COLLECTOR_ERR_IO;
    uint64_t count;

    for (count = 0; rc != COLLECTOR_OK; count++) {
        const struct sample *sample = lay_down(_i);
        const char *before = content(harness.path);
        const char *old_shape = shape(harness.path);

        harness.options.vfs = fault_vfs_register();
        support_log_expect_errors(harness.log);
        fault_vfs_fail(FAULT_WAL_WRITE, SQLITE_IOERR_WRITE, count, 1);
        rc = damage_try_open(&harness);
        fault_vfs_heal();
        if (rc != COLLECTOR_OK) {
            ck_assert_error(rc, COLLECTOR_ERR_IO);
            assert_old_or_new(sample, before, old_shape);
        }
        harness_open(&harness);
        harness_close(&harness);
        assert_upgraded(sample, before);
        ck_assert_uint_lt(count, 200);
    }
    ck_assert_uint_gt(count, 8);
}
END_TEST

/** Where a database's header has the last byte of user_version. */
#define VERSION_OFFSET 63

START_TEST(test_a_newer_file_is_refused_as_it_is)
{
    struct bytes newer;
    struct bytes after;

    (void)lay_down(_i);
    newer = bytes_read(harness.path);
    newer.data[VERSION_OFFSET] = COLLECTOR_SCHEMA_VERSION + 1;
    bytes_write(harness.path, newer);
    support_log_expect_errors(harness.log);
    ck_assert_error(damage_try_open(&harness), COLLECTOR_ERR_NEWER);
    after = bytes_read(harness.path);
    ck_assert_uint_eq(after.size, newer.size);
    ck_assert_int_eq(memcmp(after.data, newer.data, newer.size), 0);
    ck_assert_int_le(support_file_size(harness.wal_path), 0);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("upgrade");
    TCase *files = support_add_case(suite, "files", NULL, NULL);
    TCase *faults = support_add_case(suite, "faults", NULL, NULL);

    tcase_add_loop_test(files, test_there_is_a_file_of_each_schema, 1,
                        COLLECTOR_SCHEMA_VERSION + 1);
    tcase_add_loop_test(files, test_all_that_was_in_it_is_there, 0,
                        SAMPLE_COUNT);
    tcase_add_loop_test(files, test_it_goes_on_where_it_was, 0,
                        3 * SAMPLE_COUNT);
    tcase_add_loop_test(files, test_a_newer_file_is_refused_as_it_is, 0,
                        SAMPLE_COUNT);
    tcase_add_loop_test(faults, test_a_kill_leaves_the_old_file_or_the_new_one,
                        0, 2 * OLD_COUNT);
    tcase_add_loop_test(faults, test_a_write_that_fails_leaves_the_old_file, 0,
                        OLD_COUNT);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
