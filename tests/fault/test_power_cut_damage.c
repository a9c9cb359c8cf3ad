/* SPDX-License-Identifier: MIT */
/*
 * Power may go while a damaged file is put aside and read: afterwards there is
 * one file, with each undelivered event of the old one in it once, and with all
 * that was confirmed meanwhile.
 *
 * As in test_power_cut.c; DAMAGE_CUTS says how often.
 */
#include "account.h"
#include "claims.h"
#include "damage.h"
#include "moments.h"
#include "platter.h"
#include "salvaged.h"
#include "serial.h"

#include <stdio.h>
#include <stdlib.h>

#define CUTS_PER_DAMAGE 20
#define CUTS_SHORT 60
#define CUTS_LONG 2000

#define EVENT_COUNT 300
#define DELIVERED_COUNT 100
#define APPEND_COUNT 10

static unsigned run_seed;
static struct harness harness;
static struct tape tape;

/** A store that was closed in good order and damaged afterwards. */
static void
make_damaged(unsigned seed)
{
    size_t i;

    harness_init(&harness);
    support_log_expect_errors(harness.log);
    harness_open(&harness);
    for (i = 0; i < EVENT_COUNT; i += APPEND_COUNT)
        ck_assert_ok(serial_append(harness.store, (int64_t)i + 1, APPEND_COUNT,
                                   NULL, NULL));
    ck_assert_uint_eq(harness_deliver(&harness, DELIVERED_COUNT),
                      DELIVERED_COUNT);
    harness_close(&harness);
    bytes_spoil(harness.path, 0, 100 + seed % 3000, seed);
}

/** Append to the new file, with what is said about it on the tape. */
static void
append(int64_t serial)
{
    struct collector_receipt receipt = {0, 0, false};

    claim(&tape, (struct claim){.kind = CLAIM_BEGUN,
                                .serial = serial,
                                .count = APPEND_COUNT});
    ck_assert_ok(
        serial_append(harness.store, serial, APPEND_COUNT, NULL, &receipt));
    claim(&tape, (struct claim){.kind = CLAIM_KEPT,
                                .serial = serial,
                                .id = receipt.first_id});
}

/** Let the store mend itself while it takes new events, and return the disk
 *  below as it was before. */
static struct platter *
mend(bool ignores_syncs)
{
    struct platter *platter;
    size_t i;

    tape_start(&tape, harness.dir);
    tape.ignores_syncs = ignores_syncs;
    platter = platter_new_from_files(&tape);
    harness.options.on_damage = COLLECTOR_DAMAGE_QUARANTINE;
    harness_open(&harness);
    for (i = 0; i < 5; i++) {
        append(EVENT_COUNT + 1 + (int64_t)i * APPEND_COUNT);
        ck_assert_ok(collector_store_maintain(harness.store));
    }
    harness_close(&harness);
    tape_stop(&tape);
    return platter;
}

static const char *
judge(const char *directory, const struct claims *claims)
{
    static const struct call_observer nobody = {.before = NULL};
    struct collector_store_options options = harness.options;
    struct collector_store *store = NULL;
    const char *fault;
    int rc;

    options.path = support_path(directory, "events.sqlite");
    options.log = NULL;
    calls_observe(directory, &nobody);
    rc = collector_store_open(&options, &store);
    fault = rc == COLLECTOR_OK
                ? salvaged_finish(store)
                : support_format("an open says %s", support_error_name(rc));
    collector_store_free(store);
    calls_observe(NULL, NULL);
    return fault != NULL ? fault
                         : salvaged_fault(options.path, claims,
                                          DELIVERED_COUNT + 1, EVENT_COUNT);
}

/** Damage, mend, and cut the power. */
static const char *
run(int number, bool ignores_syncs)
{
    const char *directory = support_dir_new();
    struct claims *claims = calloc(1, sizeof(*claims));
    unsigned seed = run_seed * 31 + (unsigned)number;
    size_t moments[CUTS_PER_DAMAGE];
    struct platter *platter;
    const char *fault = NULL;
    size_t claimed = 0;
    size_t i;

    ck_assert(claims != NULL);
    make_damaged(seed);
    platter = mend(ignores_syncs);
    moments_draw(moments, CUTS_PER_DAMAGE, &tape, &seed);
    for (i = 0; fault == NULL && i < CUTS_PER_DAMAGE; i++) {
        claimed = claims_add_all(claims, &tape, claimed, moments[i]);
        platter_play(platter, moments[i]);
        platter_cut(platter, directory, &seed);
        fault = judge(directory, claims);
        if (fault != NULL)
            fault = support_format("cut at %zu of %zu, %s: %s", moments[i],
                                   tape.count, directory, fault);
    }
    if (fault == NULL) {
        support_dir_free(harness.dir);
        support_dir_free(directory);
    }
    platter_free(platter);
    tape_free(&tape);
    free(claims);
    return fault;
}

START_TEST(test_a_power_cut_while_a_file_is_replaced_loses_nothing)
{
    const char *fault = run(_i, false);

    ck_assert_msg(fault == NULL, "SUPPORT_SEED=%u, damage %d, %s", run_seed, _i,
                  fault);
}
END_TEST

START_TEST(test_a_disk_that_ignores_syncs_is_found_out)
{
    const char *fault = run(0, true);

    ck_assert_msg(fault != NULL, "no cut has found it");
    (void)printf("found out: %s\n", fault);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("power_cut_damage");
    TCase *tcase = support_add_case(suite, "power_cut_damage", NULL, NULL);

    run_seed = support_seed();
    tcase_add_loop_test(
        tcase, test_a_power_cut_while_a_file_is_replaced_loses_nothing, 0,
        (int)((support_rounds("DAMAGE_CUTS", CUTS_SHORT, CUTS_LONG) +
               CUTS_PER_DAMAGE - 1) /
              CUTS_PER_DAMAGE));
    tcase_add_test(tcase, test_a_disk_that_ignores_syncs_is_found_out);
    return support_run_suite(suite);
}
