/* SPDX-License-Identifier: MIT */
/* What the process takes is what it was seen to take. */
#include "vitals.h"

#include "support.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#define MIB (1024 * 1024)

START_TEST(test_descriptors_are_counted)
{
    struct vitals before;
    struct vitals after;
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    vitals_read(&before);
    ck_assert_int_eq(close(fd), 0);
    vitals_read(&after);
    ck_assert_uint_gt(after.descriptors, 0);
    ck_assert_uint_eq(before.descriptors, after.descriptors + 1);
    ck_assert_uint_ge(before.descriptors_max, before.descriptors);
}
END_TEST

START_TEST(test_memory_in_use_is_resident)
{
    struct vitals before;
    struct vitals after;
    void *memory;

    vitals_read(&before);
    memory = mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(memory, MAP_FAILED);
    explicit_bzero(memory, 64 * MIB); /* which no compiler leaves out */
    vitals_read(&after);
    ck_assert_uint_gt(before.resident_size, 0);
    ck_assert_uint_ge(after.resident_size, before.resident_size + 48 * MIB);
    ck_assert_int_eq(munmap(memory, 64 * MIB), 0);
}
END_TEST

START_TEST(test_it_was_started_a_moment_ago)
{
    const uint64_t now_s = (uint64_t)time(NULL);
    struct vitals vitals;

    vitals_read(&vitals);
    /* The system counts in seconds, and its own start may be rounded. */
    ck_assert_uint_ge(vitals.started_at_s, now_s - 120);
    ck_assert_uint_le(vitals.started_at_s, now_s + 2);
}
END_TEST

/** As systemd has it with ProcSubset=pid. */
START_TEST(test_its_start_is_known_without_what_is_the_systems)
{
    struct vitals before;
    struct vitals after;

    vitals_read(&before);
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("/dev/null", "/proc/stat", NULL, MS_BIND, NULL) != 0) {
        (void)puts("left out: only root may hide /proc/stat");
        return;
    }
    vitals_read(&after);
    ck_assert_uint_le(after.started_at_s, before.started_at_s + 1);
    ck_assert_uint_ge(after.started_at_s + 1, before.started_at_s);
}
END_TEST

START_TEST(test_processor_time_only_grows)
{
    struct vitals before;
    struct vitals after;

    vitals_read(&before);
    do
        vitals_read(&after);
    while (after.cpu_ns < before.cpu_ns + 5000000); /* it takes some itself */
    ck_assert_uint_gt(before.cpu_ns, 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("vitals");
    TCase *process = support_add_case(suite, "process", NULL, NULL);

    tcase_add_test(process, test_descriptors_are_counted);
    tcase_add_test(process, test_memory_in_use_is_resident);
    tcase_add_test(process, test_it_was_started_a_moment_ago);
    tcase_add_test(process,
                   test_its_start_is_known_without_what_is_the_systems);
    tcase_add_test(process, test_processor_time_only_grows);
    return support_run_suite(suite);
}
