/* SPDX-License-Identifier: MIT */
/*
 * A struct that begins with its size may be an older or a newer program's:
 * nothing beyond it is read or written, what it lacks has its default, and what
 * it has beyond ours is zero, or is refused. For each such struct alike.
 */
#include "fixture.h"

#include <stdlib.h>

/* How much longer a newer program's structs are. */
#define MORE 64

/* What nobody has written. */
#define UNTOUCHED 0xa5

/** A caller's struct, with what lies behind it. */
static union {
    size_t size;
    int64_t alignment;
    unsigned char bytes[1024];
} theirs;

static struct fixture fixture;

/** A struct that a function takes. */
struct kind {
    const char *name;
    /** Bytes of ours. */
    size_t size;
    /** Bytes of the shortest that was ever of use. */
    size_t size_min;
    /** Set what a caller sets, as one whose struct has so many bytes. */
    void (*fill)(size_t size);
    /** Have the library take it. */
    int (*take)(void);
};

/** Bytes up to a member's end. */
#define THROUGH(type, member)                                                  \
    (offsetof(struct type, member) + sizeof(((struct type *)0)->member))

static void
fill_store(size_t size)
{
    struct collector_store_options *options = (void *)&theirs;

    /* The function: its macro knows only our size. */
    (collector_store_options_init)(options, size);
    options->path = support_path(support_dir_new(), "other.sqlite");
}

static int
take_store(void)
{
    struct collector_store *store = NULL;
    const int rc = collector_store_open((const void *)&theirs, &store);

    collector_store_free(store);
    return rc;
}

static void
fill_uploader(size_t size)
{
    (collector_uploader_options_init)((void *)&theirs, size);
}

static int
deliver_nothing(void *userdata, const struct collector_batch *batch,
                struct collector_delivery *delivery)
{
    (void)userdata;
    (void)batch;
    delivery->result = COLLECTOR_RETRY;
    return COLLECTOR_OK;
}

static struct collector_sink *
sink_new(void)
{
    const struct collector_sink_ops ops = {
        .size = sizeof(ops),
        .deliver = deliver_nothing,
    };
    struct collector_sink *sink = NULL;

    ck_assert_ok(collector_sink_new("nothing", &ops, NULL, &sink));
    return sink;
}

static int
take_uploader(void)
{
    struct collector_sink *sink = sink_new();
    struct collector_uploader *uploader = NULL;
    const int rc = collector_uploader_new(fixture.store, sink,
                                          (const void *)&theirs, &uploader);

    collector_uploader_free(uploader);
    collector_sink_free(sink);
    return rc;
}

static void
fill_webhook(size_t size)
{
    struct collector_webhook_options *options = (void *)&theirs;

    (collector_webhook_options_init)(options, size);
    options->url = "http://127.0.0.1:9/";
}

static int
take_webhook(void)
{
    struct collector_sink *sink = NULL;
    const int rc = collector_sink_webhook_new((const void *)&theirs, &sink);

    collector_sink_free(sink);
    return rc;
}

/** These have no init function: their maker zeroes them. */
static void
fill_ops(size_t size)
{
    struct collector_sink_ops *ops = (void *)&theirs;

    memset(&theirs, 0, size);
    ops->size = size;
    ops->deliver = deliver_nothing;
}

static int
take_ops(void)
{
    struct collector_sink *sink = NULL;
    const int rc =
        collector_sink_new("theirs", (const void *)&theirs, NULL, &sink);

    if (rc == COLLECTOR_OK)
        collector_sink_cancel(sink);
    collector_sink_free(sink);
    return rc;
}

#define OURS(type) #type, sizeof(struct type)

static const struct kind kinds[] = {
    {OURS(collector_store_options), THROUGH(collector_store_options, path),
     fill_store, take_store},
    {OURS(collector_uploader_options), sizeof(size_t), fill_uploader,
     take_uploader},
    {OURS(collector_sink_ops), THROUGH(collector_sink_ops, deliver), fill_ops,
     take_ops},
    {OURS(collector_webhook_options), THROUGH(collector_webhook_options, url),
     fill_webhook, take_webhook},
};
#define KIND_COUNT ((int)(sizeof(kinds) / sizeof(kinds[0])))

/** The kind of a loop test, with a store for it; and nothing written yet. */
static const struct kind *
begin(int i)
{
    fixture_init(&fixture);
    memset(&theirs, UNTOUCHED, sizeof(theirs));
    return &kinds[i];
}

START_TEST(test_what_an_older_program_lacks_has_its_default)
{
    const struct kind *kind = begin(_i);
    size_t i;

    kind->fill(kind->size_min);
    for (i = kind->size_min; i < sizeof(theirs); i++)
        ck_assert_msg(theirs.bytes[i] == UNTOUCHED, "%s: byte %zu was written",
                      kind->name, i);
    ck_assert_uint_eq(theirs.size, kind->size_min);
    ck_assert_ok(kind->take());
    fixture_close(&fixture);
}
END_TEST

START_TEST(test_what_a_newer_program_leaves_alone_does_no_harm)
{
    const struct kind *kind = begin(_i);
    size_t i;

    kind->fill(kind->size + MORE);
    ck_assert_uint_eq(theirs.size, kind->size + MORE);
    for (i = kind->size; i < kind->size + MORE; i++)
        ck_assert_uint_eq(theirs.bytes[i], 0);
    ck_assert_uint_eq(theirs.bytes[i], UNTOUCHED);
    ck_assert_ok(kind->take());
    fixture_close(&fixture);
}
END_TEST

START_TEST(test_what_a_newer_program_asks_for_is_refused)
{
    const struct kind *kind = begin(_i);
    size_t i;

    for (i = kind->size; i < kind->size + MORE; i++) {
        kind->fill(kind->size + MORE);
        theirs.bytes[i] = 1;
        ck_assert_error(kind->take(), COLLECTOR_ERR_UNSUPPORTED);
    }
    fixture_close(&fixture);
}
END_TEST

START_TEST(test_a_size_that_was_never_set_is_refused)
{
    static const size_t sizes[] = {0, sizeof(size_t) - 1, 4097, SIZE_MAX};
    const struct kind *kind = begin(_i);
    size_t i;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        kind->fill(kind->size);
        theirs.size = sizes[i];
        ck_assert_error(kind->take(), COLLECTOR_ERR_INVALID);
    }
    fixture_close(&fixture);
}
END_TEST

static void
ask_store(void)
{
    collector_store_stats(fixture.store, (void *)&theirs);
}

static void
ask_uploader(void)
{
    struct collector_sink *sink = sink_new();
    struct collector_uploader *uploader = NULL;

    ck_assert_ok(collector_uploader_new(fixture.store, sink, NULL, &uploader));
    collector_uploader_stats(uploader, (void *)&theirs);
    collector_uploader_free(uploader);
    collector_sink_free(sink);
}

/** Statistics, which the library fills in. */
static const struct {
    size_t size;
    /** Bytes up to the end of a member that is never zero. */
    size_t size_some;
    void (*ask)(void);
} numbers[] = {
    {sizeof(struct collector_store_stats),
     THROUGH(collector_store_stats, collector_id), ask_store},
    {sizeof(struct collector_uploader_stats),
     THROUGH(collector_uploader_stats, sink), ask_uploader},
};
#define NUMBERS_COUNT ((int)(sizeof(numbers) / sizeof(numbers[0])))

START_TEST(test_an_older_programs_statistics_are_not_overrun)
{
    const size_t size = numbers[_i].size_some;
    size_t i;

    (void)begin(0);
    theirs.size = size;
    numbers[_i].ask();
    ck_assert_uint_eq(theirs.size, size);
    ck_assert_uint_ne(theirs.bytes[sizeof(size_t) + 1], UNTOUCHED);
    for (i = size; i < sizeof(theirs); i++)
        ck_assert_uint_eq(theirs.bytes[i], UNTOUCHED);
    fixture_close(&fixture);
}
END_TEST

START_TEST(test_a_newer_programs_statistics_end_with_zeros)
{
    const size_t size = numbers[_i].size + MORE;
    size_t i;

    (void)begin(0);
    theirs.size = size;
    numbers[_i].ask();
    ck_assert_uint_eq(theirs.size, size);
    for (i = numbers[_i].size; i < size; i++)
        ck_assert_uint_eq(theirs.bytes[i], 0);
    ck_assert_uint_eq(theirs.bytes[size], UNTOUCHED);
    fixture_close(&fixture);
}
END_TEST

START_TEST(test_statistics_without_a_size_are_left_alone)
{
    size_t i;

    (void)begin(0);
    theirs.size = sizeof(size_t) - 1;
    numbers[_i].ask();
    ck_assert_uint_eq(theirs.size, sizeof(size_t) - 1);
    for (i = sizeof(size_t); i < sizeof(theirs); i++)
        ck_assert_uint_eq(theirs.bytes[i], UNTOUCHED);
    fixture_close(&fixture);
}
END_TEST

START_TEST(test_statistics_of_a_size_that_was_never_set_are_ours)
{
    static const size_t sizes[] = {4097, SIZE_MAX / 2, SIZE_MAX};
    size_t i;

    (void)begin(0);
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        memset(&theirs, UNTOUCHED, sizeof(theirs));
        theirs.size = sizes[i];
        numbers[_i].ask();
        ck_assert_uint_eq(theirs.size, numbers[_i].size);
        ck_assert_uint_eq(theirs.bytes[numbers[_i].size], UNTOUCHED);
    }
    fixture_close(&fixture);
}
END_TEST

/** The kinds that this build knows: the webhook may be left out. */
static int
kind_count(void)
{
    fill_webhook(sizeof(struct collector_webhook_options));
    return take_webhook() == COLLECTOR_ERR_UNSUPPORTED ? KIND_COUNT - 1
                                                       : KIND_COUNT;
}

int
main(void)
{
    Suite *suite = suite_create("options");
    TCase *options = tcase_create("options");
    TCase *statistics = tcase_create("statistics");
    const int count = kind_count();

    tcase_add_loop_test(
        options, test_what_an_older_program_lacks_has_its_default, 0, count);
    tcase_add_loop_test(
        options, test_what_a_newer_program_leaves_alone_does_no_harm, 0, count);
    tcase_add_loop_test(options, test_what_a_newer_program_asks_for_is_refused,
                        0, count);
    tcase_add_loop_test(options, test_a_size_that_was_never_set_is_refused, 0,
                        count);
    suite_add_tcase(suite, options);
    tcase_add_loop_test(statistics,
                        test_an_older_programs_statistics_are_not_overrun, 0,
                        NUMBERS_COUNT);
    tcase_add_loop_test(statistics,
                        test_a_newer_programs_statistics_end_with_zeros, 0,
                        NUMBERS_COUNT);
    tcase_add_loop_test(statistics,
                        test_statistics_without_a_size_are_left_alone, 0,
                        NUMBERS_COUNT);
    tcase_add_loop_test(statistics,
                        test_statistics_of_a_size_that_was_never_set_are_ours,
                        0, NUMBERS_COUNT);
    suite_add_tcase(suite, statistics);
    return support_run_suite(suite);
}
