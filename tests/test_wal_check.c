/* SPDX-License-Identifier: MIT */
/*
 * A log that a power cut has left torn at its end is sound, wherever it is
 * torn. One with acknowledged transactions behind a bad frame is damaged,
 * whichever bytes of the frame are bad. What earlier uses of the log have left
 * behind its end is neither.
 */
#include "damage.h"
#include "fault_vfs.h"

#include "wal_check.h"

#include <sqlite3.h>

#define PAGE_SIZE 4096
#define HEADER_SIZE 32
#define FRAME_SIZE (PAGE_SIZE + 24)

static struct harness harness;
static const char *path;

/** A store that is open, with so many transactions in its log. */
static struct bytes
make_log(int64_t transaction_count)
{
    int64_t i;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    for (i = 1; i <= transaction_count; i++)
        damage_append(&harness, i, i);
    path = support_path(harness.dir, "log-wal");
    return bytes_read(damage_path(&harness, "-wal"));
}

/** What the check says about a log with these bytes. */
static int64_t
check(struct bytes log)
{
    int64_t through = -7;

    bytes_write(path, log);
    ck_assert_ok(collector__wal_check(NULL, path, &through));
    return through;
}

static struct bytes
copy_of(struct bytes bytes)
{
    struct bytes copy = {support_alloc(bytes.size), bytes.size};

    memcpy(copy.data, bytes.data, bytes.size);
    return copy;
}

/** Whether a frame ends a transaction. */
static bool
is_commit(struct bytes log, size_t frame)
{
    const char *header = log.data + HEADER_SIZE + (frame - 1) * FRAME_SIZE;

    return memcmp(header + 4, "\0\0\0\0", 4) != 0;
}

/** The last frame of the transaction before the last one. */
static size_t
last_acknowledged(struct bytes log)
{
    size_t frame = (log.size - HEADER_SIZE) / FRAME_SIZE - 1;

    while (!is_commit(log, frame))
        frame--;
    return frame;
}

/** Append so many long events. */
static int
try_to_append(size_t count)
{
    struct collector_event *events = support_alloc(count * sizeof(*events));
    char *payload = support_alloc(3000);
    size_t i;

    memset(payload, '7', 2999);
    payload[0] = '"';
    payload[2998] = '"';
    for (i = 0; i < count; i++)
        events[i] = (struct collector_event){
            .device_id = "device", .kind = "kind", .payload = payload};
    return collector_store_append(harness.store, events, count, NULL, NULL);
}

START_TEST(test_no_log_is_sound)
{
    int64_t through = 0;

    harness_init(&harness);
    path = support_path(harness.dir, "log-wal");
    ck_assert_ok(collector__wal_check(NULL, path, &through));
    ck_assert_int_eq(through, -1);
    ck_assert_int_eq(check((struct bytes){NULL, 0}), -1);
}
END_TEST

START_TEST(test_a_log_cut_anywhere_is_sound)
{
    struct bytes log = make_log(20);
    size_t size;

    ck_assert_int_eq(check(log), -1);
    for (size = 0; size < log.size; size += 1013)
        ck_assert_int_eq(check((struct bytes){log.data, size}), -1);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_flipped_bit_in_any_frame_that_was_acknowledged_is_damage)
{
    /* Page number, commit mark, salts, checksum, and the page itself. */
    static const size_t offsets[] = {3, 7, 9, 15, 17, 23, 24, 2000, 4119};
    const struct bytes log = make_log(20);
    const size_t frame_count = (log.size - HEADER_SIZE) / FRAME_SIZE;
    const size_t acknowledged = last_acknowledged(log);
    struct bytes bad;
    size_t frame;
    size_t i;

    for (frame = 1; frame <= frame_count; frame++) {
        for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
            bad = copy_of(log);
            bad.data[HEADER_SIZE + (frame - 1) * FRAME_SIZE + offsets[i]] ^= 4;
            if (frame > acknowledged && offsets[i] == 7)
                continue; /* nothing tears like that */
            ck_assert_msg(check(bad) ==
                              (frame <= acknowledged ? (int64_t)frame - 1 : -1),
                          "frame %zu of %zu, offset %zu: %lld", frame,
                          frame_count, offsets[i], (long long)check(bad));
        }
    }
    harness_close(&harness);
}
END_TEST

START_TEST(test_frames_that_are_zero_or_noise_are_damage_too)
{
    const struct bytes log = make_log(30);
    struct bytes bad;
    size_t frame;

    for (frame = 1; frame + 12 < (log.size - HEADER_SIZE) / FRAME_SIZE;
         frame += 5) {
        bad = copy_of(log);
        memset(bad.data + HEADER_SIZE + (frame - 1) * FRAME_SIZE,
               _i == 0 ? 0 : 0x5a, 3 * FRAME_SIZE);
        if (frame == 1) /* its salts stand for the log's, were they needed */
            ck_assert_int_eq(check(bad), 0);
        else
            ck_assert_int_eq(check(bad), (int64_t)frame - 1);
    }
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_bad_header_before_acknowledged_frames_is_damage)
{
    struct bytes log = make_log(10);
    size_t offset;

    for (offset = 0; offset < HEADER_SIZE; offset++) {
        log.data[offset] ^= 4;
        ck_assert_msg(check(log) == 0, "byte %zu", offset);
        log.data[offset] ^= 4;
    }
    harness_close(&harness);
}
END_TEST

static uint32_t
get_number(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
           (uint32_t)bytes[2] << 8 | bytes[3];
}

static void
put_number(unsigned char *bytes, uint32_t number)
{
    size_t i;

    for (i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(number >> (24 - 8 * i));
}

/** Go on with the sums that a big-endian machine makes. */
static void
sum_up(const unsigned char *bytes, size_t size, uint32_t sums[2])
{
    size_t i;

    for (i = 0; i < size; i += 8) {
        sums[0] += get_number(bytes + i) + sums[1];
        sums[1] += get_number(bytes + i + 4) + sums[0];
    }
}

static void
put_sums(unsigned char *bytes, const uint32_t sums[2])
{
    put_number(bytes, sums[0]);
    put_number(bytes + 4, sums[1]);
}

/** Make of a log what a big-endian machine would have written. */
static void
turn_around(struct bytes log)
{
    unsigned char *at = (unsigned char *)log.data;
    const unsigned char *end = at + log.size;
    uint32_t sums[2] = {0, 0};

    at[3] |= 1; /* the sums' order, in the magic number */
    sum_up(at, 24, sums);
    put_sums(at + 24, sums);
    for (at += HEADER_SIZE; at + FRAME_SIZE <= end; at += FRAME_SIZE) {
        sum_up(at, 8, sums);
        sum_up(at + 24, PAGE_SIZE, sums);
        put_sums(at + 16, sums);
    }
}

START_TEST(test_a_log_of_a_big_endian_machine_is_read_too)
{
    struct harness moved;
    struct bytes log = make_log(10);
    size_t offset = HEADER_SIZE + 5 * FRAME_SIZE + 100;

    turn_around(log);
    ck_assert_int_eq(check(log), -1);
    damage_crash(&moved, &harness);
    bytes_write(moved.wal_path, log);
    harness_open(&moved); /* SQLite takes it as well */
    harness_assert_contiguous(&moved, 10);
    harness_close(&moved);
    log.data[offset] ^= 1;
    ck_assert_int_ge(check(log), 0);
    harness_close(&harness);
}
END_TEST

START_TEST(test_what_an_earlier_use_has_left_is_not_looked_at)
{
    struct bytes old = make_log(30);
    struct bytes log;

    /* The log starts over, and is shorter than before. */
    ck_assert_ok(
        collector__wal_checkpoint(&harness.store->writer.connection, true));
    damage_append(&harness, 31, 33);
    log = bytes_read(damage_path(&harness, "-wal"));
    ck_assert_uint_eq(log.size, old.size);
    ck_assert_int_ne(memcmp(log.data, old.data, HEADER_SIZE), 0);
    ck_assert_int_eq(check(log), -1);
    harness_close(&harness);
}
END_TEST

START_TEST(test_what_failed_transactions_have_left_is_no_damage)
{
    harness_init(&harness);
    harness.options.vfs = fault_vfs_register();
    support_log_expect_errors(harness.log);
    harness_open(&harness);
    damage_append(&harness, 1, 3);
    path = support_path(harness.dir, "log-wal");
    /* Each failure leaves its frames where the next one begins, the shorter
     * ones before what is left of the longer ones. */
    fault_vfs_fail(FAULT_WAL_SYNC, SQLITE_IOERR_FSYNC, 0, 1);
    ck_assert_error(try_to_append(100), COLLECTOR_ERR_IO);
    fault_vfs_fail(FAULT_WAL_SYNC, SQLITE_IOERR_FSYNC, 1, 1);
    ck_assert_error(try_to_append(40), COLLECTOR_ERR_IO);
    ck_assert_int_eq(harness_append(&harness, 1), 4);
    ck_assert_int_eq(check(bytes_read(damage_path(&harness, "-wal"))), -1);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_torn_last_transaction_does_not_keep_a_store_closed)
{
    struct harness copy;
    const struct bytes log = make_log(20);

    damage_crash(&copy, &harness);
    harness_close(&harness);
    bytes_flip(copy.wal_path, log.size - 100);
    harness_open(&copy);
    ck_assert_int_eq(harness_append(&copy, 1), 20);
    harness_close(&copy);
}
END_TEST

START_TEST(test_without_syncs_any_tail_is_sound)
{
    struct harness copy;
    const struct bytes log = make_log(20);

    damage_crash(&copy, &harness);
    harness_close(&harness);
    bytes_flip(copy.wal_path, log.size / 2);
    copy.options.durability = COLLECTOR_DURABILITY_NORMAL;
    harness_open(&copy);
    harness_append(&copy, 1);
    harness_close(&copy);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("wal_check");
    TCase *sound = tcase_create("sound");
    TCase *damaged = tcase_create("damaged");

    tcase_add_test(sound, test_no_log_is_sound);
    tcase_add_test(sound, test_a_log_cut_anywhere_is_sound);
    tcase_add_test(sound, test_what_an_earlier_use_has_left_is_not_looked_at);
    tcase_add_test(sound, test_what_failed_transactions_have_left_is_no_damage);
    tcase_add_test(sound,
                   test_a_torn_last_transaction_does_not_keep_a_store_closed);
    tcase_add_test(sound, test_without_syncs_any_tail_is_sound);
    tcase_add_test(
        damaged,
        test_a_flipped_bit_in_any_frame_that_was_acknowledged_is_damage);
    tcase_add_loop_test(
        damaged, test_frames_that_are_zero_or_noise_are_damage_too, 0, 2);
    tcase_add_test(sound, test_a_log_of_a_big_endian_machine_is_read_too);
    tcase_add_test(damaged,
                   test_a_bad_header_before_acknowledged_frames_is_damage);
    suite_add_tcase(suite, sound);
    suite_add_tcase(suite, damaged);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
