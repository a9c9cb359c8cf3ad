/* SPDX-License-Identifier: MIT */
/* A store at work. Nothing fails meanwhile but for want of room. */
#include "shift.h"

#include "crew.h"
#include "serial.h"
#include "witness.h"

#include <stdlib.h>

#define HOUR_MS (INT64_C(60) * 60 * 1000)

/** Long enough for no key to be forgotten. */
#define KEY_RETAIN_MS (UINT64_C(10) * 365 * 24 * 60 * 60 * 1000)

#define STEP_COUNT 24
#define OPENING_COUNT 3
#define THREAD_COUNT_MAX 4
#define APPEND_COUNT_MAX 12
#define BATCH_COUNT_MAX 16
#define BACKLOG_MAX 60
#define DEAD_LETTER_MAX 3

/** One thread's part. */
struct hand {
    struct shift *shift;
    unsigned seed;
    struct witness witness;
    struct collector_sink *sink;
    struct collector_uploader *uploader;
};

static bool
one_in(unsigned *seed, int count)
{
    return rand_r(seed) % count == 0;
}

void
shift_plan(struct shift *shift, uint64_t number, unsigned seed)
{
    struct collector_store_options *options = &shift->options;

    memset(shift, 0, sizeof(*shift));
    (void)pthread_mutex_init(&shift->lock, NULL); /* can't fail on Linux */
    shift->seed = seed + (unsigned)number;
    shift->directory = support_dir_new();
    shift->path = support_path(shift->directory, "events.sqlite");
    support_clock_init(&shift->clock);
    shift->clock_ops = support_clock_ops(&shift->clock);
    collector_store_options_init(options);
    options->path = shift->path;
    options->clock = &shift->clock_ops;
    options->log = support_log;
    options->mode = (enum collector_write_mode)(number % 3);
    options->durability = number / 3 % 4 == 3 ? COLLECTOR_DURABILITY_NORMAL
                                              : COLLECTOR_DURABILITY_FULL;
    options->indexed = one_in(&shift->seed, 3);
    options->idempotency_retain_ms = KEY_RETAIN_MS;
    if (one_in(&shift->seed, 3)) {
        options->backlog_max = BACKLOG_MAX;
        options->overflow = COLLECTOR_OVERFLOW_DROP_OLDEST;
    }
    if (one_in(&shift->seed, 4))
        options->size_max = COLLECTOR_STORE_SIZE_MIN;
    if (one_in(&shift->seed, 2))
        options->retain_ms = HOUR_MS;
    if (one_in(&shift->seed, 2))
        options->dead_letter_max = DEAD_LETTER_MAX;
    shift->thread_count = 1 + (size_t)rand_r(&shift->seed) % THREAD_COUNT_MAX;
    shift->opening_count = OPENING_COUNT;
    shift->step_count = STEP_COUNT;
    atomic_store(&shift->next_serial, 1);
}

const char *
shift_copy_path(const char *directory, size_t number)
{
    return support_path(directory, support_format("copy-%zu.sqlite", number));
}

/** The clock jumps, so who meets somebody else has no time left at once. */
static bool
is_busy(const struct shift *shift, int rc)
{
    return rc == COLLECTOR_ERR_BUSY &&
           shift->options.mode == COLLECTOR_MODE_CONCURRENT &&
           shift->thread_count > 1;
}

/** Append, with everything that is said about it on the tape. */
static void
append(struct shift *shift, struct claims_append what)
{
    struct collector_receipt receipt = {0, 0, false};
    int rc;

    claim(&shift->tape, (struct claim){.kind = CLAIM_BEGUN,
                                       .serial = what.serial,
                                       .count = what.count,
                                       .key = what.key});
    rc = serial_append(shift->store, what.serial, what.count, what.key,
                       &receipt);
    if (rc == COLLECTOR_ERR_FULL || is_busy(shift, rc))
        return;
    ck_assert_ok(rc);
    ck_assert(!receipt.duplicate);
    claim(&shift->tape, (struct claim){.kind = CLAIM_KEPT,
                                       .serial = what.serial,
                                       .id = receipt.first_id});
    if (what.key == NULL)
        return;
    what.first_id = receipt.first_id;
    (void)pthread_mutex_lock(&shift->lock);
    shift->keyed[shift->keyed_count++] = what;
    (void)pthread_mutex_unlock(&shift->lock);
}

static void
append_new(struct hand *hand)
{
    struct shift *shift = hand->shift;
    struct claims_append what = {.count = 1 + (size_t)rand_r(&hand->seed) %
                                                  APPEND_COUNT_MAX};

    what.serial = atomic_fetch_add(&shift->next_serial, (int64_t)what.count);
    if (one_in(&hand->seed, 3))
        what.key = support_format("key-%lld", (long long)what.serial);
    append(shift, what);
}

static void
repeat(struct hand *hand)
{
    struct shift *shift = hand->shift;
    struct collector_receipt receipt = {0, 0, false};
    struct claims_append what = {.count = 0};
    int rc;

    (void)pthread_mutex_lock(&shift->lock);
    if (shift->keyed_count > 0)
        what = shift->keyed[(size_t)rand_r(&hand->seed) % shift->keyed_count];
    (void)pthread_mutex_unlock(&shift->lock);
    if (what.count == 0)
        return;
    rc = serial_append(shift->store, what.serial, what.count, what.key,
                       &receipt);
    if (is_busy(shift, rc))
        return;
    ck_assert_ok(rc);
    ck_assert(receipt.duplicate);
    ck_assert_int_eq(receipt.first_id, what.first_id);
}

static void
assert_done(const struct shift *shift, int rc)
{
    if (!is_busy(shift, rc))
        ck_assert_ok(rc);
}

static void
drain(struct hand *hand)
{
    struct collector_drain drain = {.wait_ms = 0};

    assert_done(hand->shift,
                witness_drain(&hand->witness, hand->uploader, &drain));
    ck_assert_msg(hand->witness.fault == NULL, "%s", hand->witness.fault);
    support_clock_advance(&hand->shift->clock, drain.wait_ms);
}

static void
copy(struct shift *shift)
{
    const size_t number = atomic_fetch_add(&shift->copy_count, 1);
    struct collector_store_stats stats = {.size = sizeof(stats)};

    collector_store_stats(shift->store, &stats);
    ck_assert_ok(collector_store_snapshot(
        shift->store, shift_copy_path(shift->directory, number)));
    claim(&shift->tape, (struct claim){.kind = CLAIM_COPIED,
                                       .id = (int64_t)stats.accepted,
                                       .count = number});
}

static void
replay(struct shift *shift)
{
    uint64_t count;
    const int rc = collector_dead_letters_replay(shift->store, NULL, 0, &count);

    if (rc != COLLECTOR_ERR_FULL) /* it is an append */
        assert_done(shift, rc);
}

/** What nobody but one thread does. */
static void
keep(struct hand *hand)
{
    struct collector_store *store = hand->shift->store;
    uint64_t count;

    switch (rand_r(&hand->seed) % 16) {
    case 0:
    case 1:
        assert_done(hand->shift, collector_store_maintain(store));
        break;
    case 2:
        support_clock_advance(&hand->shift->clock,
                              rand_r(&hand->seed) % (2 * HOUR_MS));
        break;
    case 3:
        copy(hand->shift);
        break;
    case 4:
        replay(hand->shift);
        break;
    case 5:
        assert_done(hand->shift,
                    collector_dead_letters_purge(store, NULL, 0, &count));
        break;
    default:
        drain(hand);
        break;
    }
}

static void
work(void *userdata, size_t number)
{
    struct shift *shift = userdata;
    struct hand hand = {.shift = shift, .seed = shift->seed + (unsigned)number};
    size_t i;

    if (number == 0) {
        hand.witness = (struct witness){
            .tape = &shift->tape, .is_picky = true, .seed = shift->seed};
        hand.sink = witness_sink(&hand.witness);
        hand.uploader =
            witness_uploader(shift->store, hand.sink, BATCH_COUNT_MAX);
    }
    for (i = 0; i < shift->step_count; i++) {
        if (number == 0 && !one_in(&hand.seed, 3))
            keep(&hand);
        else if (one_in(&hand.seed, 6))
            repeat(&hand);
        else
            append_new(&hand);
    }
    collector_uploader_free(hand.uploader);
    collector_sink_free(hand.sink);
}

void
shift_work(struct shift *shift)
{
    size_t i;

    tape_start(&shift->tape, shift->directory);
    shift->tape.ignores_syncs = shift->ignores_syncs;
    for (i = 0; i < shift->opening_count; i++) {
        struct collector_store_stats stats = {.size = sizeof(stats)};

        ck_assert_ok(collector_store_open(&shift->options, &shift->store));
        collector_store_stats(shift->store, &stats);
        claim(&shift->tape,
              (struct claim){.kind = CLAIM_NAMED,
                             .key = support_format("%s", stats.collector_id)});
        crew_run(shift->thread_count, work, shift);
        shift->seed++;
        collector_store_free(shift->store);
    }
    tape_stop(&shift->tape);
}

void
shift_free(struct shift *shift)
{
    tape_free(&shift->tape);
    (void)pthread_mutex_destroy(&shift->lock); /* nobody holds it */
}
