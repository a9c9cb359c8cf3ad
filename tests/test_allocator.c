/* SPDX-License-Identifier: MIT */
/*
 * An allocator that is set before all else gets every allocation of the
 * library, and all of them back: none of them is the C library's, and none is
 * its own that it does not know. After that it can't be changed any more.
 */
#include "damage.h"

#include <errno.h>
#include <stdlib.h>

/* What stands in front of each allocation, and keeps it aligned. */
#define MARK UINT64_C(0x636f6c6c6563746f)

union header {
    struct {
        uint64_t mark;
        size_t size;
    } of;
    max_align_t align;
};

static struct harness harness;
static _Atomic size_t live_count;
static _Atomic size_t taken_count;
static _Atomic size_t resized_count;
static int token;

/** How many allocations from now on the one is that finds no memory; 0 is none
 *  of them. */
static _Atomic size_t refused_number;

static void *
counting_allocate(void *userdata, size_t size)
{
    union header *header;

    if (atomic_load(&refused_number) > 0 &&
        atomic_fetch_sub(&refused_number, 1) == 1) {
        errno = EIO; /* an allocator need not know of errno */
        return NULL;
    }
    header = malloc(sizeof(*header) + size);
    ck_assert_ptr_eq(userdata, &token);
    ck_assert_uint_gt(size, 0);
    ck_assert_ptr_nonnull(header);
    header->of.mark = MARK;
    header->of.size = size;
    memset(header + 1, 0xa5, size); /* nobody may count on zeros */
    atomic_fetch_add(&live_count, 1);
    atomic_fetch_add(&taken_count, 1);
    return header + 1;
}

/** What the library gives back: it must be ours. */
static union header *
header_of(void *userdata, void *memory)
{
    union header *header = memory;

    ck_assert_ptr_eq(userdata, &token);
    ck_assert_ptr_nonnull(memory);
    header--;
    ck_assert_uint_eq(header->of.mark, MARK);
    return header;
}

static void
counting_release(void *userdata, void *memory)
{
    union header *header = header_of(userdata, memory);

    header->of.mark = 0;
    atomic_fetch_sub(&live_count, 1);
    free(header);
}

static void *
counting_resize(void *userdata, void *memory, size_t size)
{
    const union header *header = header_of(userdata, memory);
    void *grown = counting_allocate(userdata, size);

    if (grown == NULL)
        return NULL;
    memcpy(grown, memory, size < header->of.size ? size : header->of.size);
    counting_release(userdata, memory);
    atomic_fetch_add(&resized_count, 1);
    return grown;
}

static const struct collector_allocator counting = {
    .allocate = counting_allocate,
    .resize = counting_resize,
    .release = counting_release,
    .userdata = &token,
};

/** Whatever the library is asked for, all that it took is given back. */
static void
live_a_life(enum collector_write_mode mode)
{
    static const char line[] = "{\"device_id\":\"d\",\"kind\":\"k\","
                               "\"payload\":{\"text\":\"\\u00e4\"}}";
    const struct collector_event event = {.device_id = "d", .kind = "k"};
    struct collector_uploader *uploader = NULL;
    struct collector_sink *sink = NULL;
    struct collector_drain drain;
    const char *out;

    harness_start(&harness, mode);
    out = support_path(harness.dir, "out");
    harness_append(&harness, 400);
    ck_assert_ok(
        collector_store_append(harness.store, &event, 1, "a key", NULL));
    ck_assert_ok(collector_store_append_json(harness.store, line, strlen(line),
                                             COLLECTOR_JSON_LINES, NULL, NULL,
                                             NULL));
    harness_bury(&harness, 2);
    ck_assert_ok(collector_dead_letters_replay(harness.store, NULL, 0, NULL));
    ck_assert_ok(collector_store_snapshot(
        harness.store, support_path(harness.dir, "snapshot")));
    ck_assert_ok(collector_sink_file_new(out, &sink));
    ck_assert_ok(collector_uploader_new(harness.store, sink, NULL, &uploader));
    ck_assert_ok(collector_uploader_drain(uploader, &drain));
    ck_assert_uint_gt(drain.event_count, 0);
    ck_assert_uint_gt(live_count, 0);
    collector_uploader_free(uploader);
    collector_sink_free(sink);
    harness_close(&harness);
}

START_TEST(test_all_memory_is_the_allocators)
{
    live_a_life((enum collector_write_mode)_i);

    ck_assert_uint_gt(taken_count, 0);
    ck_assert_uint_gt(resized_count, 0);
    ck_assert_uint_eq(live_count, 0);
}
END_TEST

/** The reading of a damaged file has memory of its own. */
START_TEST(test_a_salvage_takes_the_allocators_memory)
{
    damage_store_new(&harness, 1000, 100, true);
    bytes_spoil(harness.path, 0, 4096, 3);
    harness.options.on_damage = COLLECTOR_DAMAGE_QUARANTINE;
    support_log_expect_errors(harness.log);
    harness_open(&harness);
    ck_assert_uint_gt(harness_stats(&harness).salvaged, 0);
    harness_close(&harness);

    ck_assert_uint_eq(live_count, 0);
}
END_TEST

/** Whatever there is no memory for: the caller hears of memory, if of anything.
 */
START_TEST(test_an_allocator_may_have_no_memory)
{
    struct collector_store *store;
    size_t number = 0;
    size_t failure_count = 0;
    bool struck;
    int rc;

    harness_init(&harness);
    support_log_expect_errors(harness.log);
    do {
        store = NULL;
        atomic_store(&refused_number, ++number);
        rc = collector_store_open(&harness.options, &store);
        struck = atomic_exchange(&refused_number, 0) == 0;
        if (rc != COLLECTOR_OK)
            ck_assert_error(rc, COLLECTOR_ERR_NOMEM);
        failure_count += rc != COLLECTOR_OK;
        collector_store_free(store);
        ck_assert_uint_eq(live_count, 0);
    } while (struck);
    ck_assert_ok(rc);
    ck_assert_uint_ge(failure_count, 5);
}
END_TEST

START_TEST(test_an_allocator_needs_all_its_functions)
{
    struct collector_allocator part = counting;

    ck_assert_error(collector_allocator_set(NULL), COLLECTOR_ERR_INVALID);
    part.allocate = NULL;
    ck_assert_error(collector_allocator_set(&part), COLLECTOR_ERR_INVALID);
    part = counting;
    part.resize = NULL;
    ck_assert_error(collector_allocator_set(&part), COLLECTOR_ERR_INVALID);
    part = counting;
    part.release = NULL;
    ck_assert_error(collector_allocator_set(&part), COLLECTOR_ERR_INVALID);
}
END_TEST

START_TEST(test_an_allocator_in_use_stays)
{
    struct collector_sink *sink = NULL;
    const size_t before = taken_count;

    ck_assert_ok(collector_sink_file_new("-", &sink));
    ck_assert_uint_gt(taken_count, before);
    ck_assert_error(collector_allocator_set(&counting), COLLECTOR_ERR_BUSY);
    collector_sink_free(sink);
    ck_assert_error(collector_allocator_set(&counting), COLLECTOR_ERR_BUSY);
}
END_TEST

static void
teardown(void)
{
    harness_close(&harness);
}

int
main(void)
{
    Suite *suite = suite_create("allocator");
    TCase *life = support_add_case(suite, "life", NULL, teardown);
    TCase *setting = support_add_case(suite, "setting", NULL, NULL);

    if (collector_allocator_set(&counting) != COLLECTOR_OK)
        return 1;
    tcase_add_loop_test(life, test_all_memory_is_the_allocators,
                        COLLECTOR_MODE_GROUP, COLLECTOR_MODE_CONCURRENT + 1);
    tcase_add_test(life, test_a_salvage_takes_the_allocators_memory);
    tcase_add_test(life, test_an_allocator_may_have_no_memory);
    tcase_add_test(setting, test_an_allocator_needs_all_its_functions);
    tcase_add_test(setting, test_an_allocator_in_use_stays);
    return support_run_suite(suite);
}
