/* SPDX-License-Identifier: MIT */
/*
 * The load generator believes no collector: one that keeps everything is
 * proved, and whatever another one hides, once, in one of many answers, one row
 * or one figure, is found and named.
 */
#include "liar.h"
#include "loadgen_run.h"
#include "site.h"

#define BATCH 3

static struct liar *liar;

static struct loadgen_run
try_load(enum lie lie, const char *duration)
{
    struct loadgen_run run;

    liar = liar_new(upstream, db, lie);
    run = loadgen_end(process_spawn(
        "LOADGEN", "-target", upstream_url(upstream, ""), "-workers", "2",
        "-batch", support_format("%d", BATCH), "-duration", duration, "-db", db,
        "-dir", dir, "-json", NULL));
    loadgen_parse(&run);
    return run;
}

/** Load a liar for that long; or for longer, where it hardly got to its lie. */
static struct loadgen_run
load(enum lie lie, const char *duration)
{
    struct loadgen_run run = try_load(lie, duration);

    if (loadgen_number(0, "requests") <= 3) {
        upstream_free(upstream);
        upstream = upstream_new();
        db = support_path(dir, "again.sqlite");
        run = try_load(lie, "10s");
    }
    ck_assert(lie == LIE_NONE || liar_has_lied(liar));
    return run;
}

START_TEST(test_collector_that_keeps_everything_is_proved)
{
    struct loadgen_run run = load(LIE_NONE, "400ms");

    ck_assert_msg(loadgen_is_proved(&run), "%s", run.err);
    ck_assert_double_gt(loadgen_number(0, "accepted"), 0);
    ck_assert_double_eq(loadgen_number(0, "rows_compared"),
                        loadgen_number(0, "accepted"));
}
END_TEST

static const struct {
    enum lie lie;
    const char *words;
    /** Failures of the load, and requests that are unknown. */
    int failures;
    int unknown;
} lies[] = {
    {LIE_SAME_IDS, "ids given twice: 1", 0, 0},
    {LIE_GAP_IN_IDS, "receipts not as promised: 1, first: the ids do not", 1,
     1},
    {LIE_NO_IDS, "receipts not as promised: 1, first: it has no ids", 1, 1},
    {LIE_FEWER, "receipts not as promised: 1, first: it is not for as many", 1,
     1},
    {LIE_NOT_HTTP, "answers malformed: 1", 1, 1},
    {LIE_HANGS_UP, "connections broken: 1", 1, 1},
    {LIE_CUTS_SHORT, "connections broken: 1", 1, 1},
    {LIE_ERROR, "requests refused: 1, first: 500 sorry", 1, 0},
    {LIE_LOSES_ONE, "events not in the file (pruned?): 1", 0, 0},
    {LIE_OTHER_DEVICE, "events not as they were sent: 1", 0, 0},
    {LIE_OTHER_KIND, "events not as they were sent: 1", 0, 0},
    {LIE_OTHER_PAYLOAD, "events not as they were sent: 1", 0, 0},
    {LIE_NO_PAYLOAD, "events not as they were sent: 1", 0, 0},
    {LIE_OLD_IDS, "ids given twice: 1, first: id 1, of a ledger", 0, 0},
    {LIE_COUNTS_LESS, "ids or events that the ledger does not know: 2", 0, 0},
    {LIE_ADDS_UP_WRONG, "ledgers that do not add up: 1", 0, 0},
    {LIE_DROPS, "events dropped: 1", 0, 0},
};

START_TEST(test_lie_is_found)
{
    struct loadgen_run run = load(lies[_i].lie, "400ms");

    ck_assert_int_eq(run.status, 1);
    ck_assert_contains(run.err, lies[_i].words);
    ck_assert_msg(!loadgen_is_proved(&run), "%s", run.out);
    ck_assert_double_eq(loadgen_number(0, "failures"), lies[_i].failures);
    ck_assert_double_eq(loadgen_number(0, "unknown"), lies[_i].unknown);
    /* It went on afterwards. */
    ck_assert_double_gt(loadgen_number(0, "requests"), 3);
}
END_TEST

/** The i-th request with events; NULL when there are no more. */
static const struct upstream_request *
post(size_t i)
{
    const struct upstream_request *request;
    size_t at;

    for (at = 0; (request = upstream_request(upstream, at)) != NULL; at++) {
        if (strcmp(request->path, "/events") == 0 && i-- == 0)
            break;
    }
    return request;
}

/** The first one behind the i-th on the same connection; NULL for none. */
static const struct upstream_request *
post_behind(size_t i)
{
    const unsigned connection = post(i)->connection;
    const struct upstream_request *request = NULL;

    do
        request = post(++i);
    while (request != NULL && request->connection != connection);
    return request;
}

START_TEST(test_refused_request_is_sent_again_when_it_is_time)
{
    struct loadgen_run run = load(LIE_BUSY, "5s");

    ck_assert_msg(loadgen_is_proved(&run), "%s", run.err);
    ck_assert_double_eq(loadgen_number(0, "backpressure"), 1);
    ck_assert_int_eq(post(2)->status, 503);
    ck_assert_ptr_nonnull(post_behind(2));
    ck_assert_uint_eq(post_behind(2)->body_size, post(2)->body_size);
    ck_assert_mem_eq(post_behind(2)->body, post(2)->body, post(2)->body_size);
}
END_TEST

START_TEST(test_refused_request_is_not_sent_again_before_it_is_time)
{
    struct loadgen_run run = load(LIE_BUSY, "1500ms");

    ck_assert_msg(loadgen_is_proved(&run), "%s", run.err);
    ck_assert_int_eq(post(2)->status, 503);
    ck_assert_ptr_null(post_behind(2));
}
END_TEST

START_TEST(test_collector_that_accepts_nothing_is_not_proved)
{
    struct loadgen_run run;

    (void)liar_new(upstream, db, LIE_NONE);
    upstream_script(upstream, (struct upstream_answer){
                                  .body = "{\"ledger\":{\"accepted\":0,"
                                          "\"delivered\":0,\"dead\":0,"
                                          "\"dropped\":0,\"pending\":0},"
                                          "\"store\":{\"backlog\":0,"
                                          "\"commits\":0}}"});
    upstream_script(upstream, (struct upstream_answer){.status = 503});
    run = loadgen_end(process_spawn(
        "LOADGEN", "-target", upstream_url(upstream, ""), "-workers", "1",
        "-duration", "100ms", "-db", db, "-dir", dir, "-json", NULL));
    ck_assert_int_eq(run.status, 1);
    loadgen_parse(&run);
    ck_assert_contains(run.err, "nothing accepted");
    ck_assert_double_eq(loadgen_number(0, "backpressure"), 1);
    ck_assert_double_eq(loadgen_number(0, "failures"), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("loadgen_proof");
    TCase *tcase = support_add_case(suite, "proof", site_setup_upstream,
                                    site_teardown_upstream);

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_collector_that_keeps_everything_is_proved);
    tcase_add_loop_test(tcase, test_lie_is_found, 0,
                        sizeof(lies) / sizeof(lies[0]));
    tcase_add_test(tcase, test_refused_request_is_sent_again_when_it_is_time);
    tcase_add_test(tcase,
                   test_refused_request_is_not_sent_again_before_it_is_time);
    tcase_add_test(tcase, test_collector_that_accepts_nothing_is_not_proved);
    return support_run_suite(suite);
}
