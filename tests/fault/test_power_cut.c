/* SPDX-License-Identifier: MIT */
/*
 * Power may go at any moment: what was confirmed is there afterwards, whatever
 * the disk made of what it had not synced, and the store goes on.
 *
 * A store works for a while and a tape records every write. Then the power is
 * cut at moments drawn from the tape, one after the other: the disk is made
 * what it might hold, a store is opened on it, and held to what was said before
 * that moment. Every few times the power is cut once more while it recovers.
 *
 * CUTS says how often in all; SUPPORT_SEED repeats a run, down to the same cuts
 * for the shifts of one thread, and SHIFT one shift of it. What a cut has left
 * is kept for a look with SUPPORT_KEEP.
 */
#include "moments.h"
#include "platter.h"
#include "shift.h"
#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>

#define CUTS_PER_SHIFT 25
#define CUTS_SHORT 200
#define CUTS_LONG 24000

/** What one cut in so many is: one while the recovery from another one is under
 *  way, or from a kill; the others are alone. */
#define SEQUEL_CUT 4
#define SEQUEL_KILLED 5
#define SEQUEL_COUNT 6

/** Cuts in which a disk that ignores syncs has to be found out. */
#define LIE_SHIFT_MAX 6

static unsigned run_seed;
static uint64_t shift_count;

/** Disks after the first cut and the second. */
static const char *directories[2];

struct cut {
    const struct shift *shift;
    struct claims *claims;
    unsigned *seed;
    size_t moment;
    /** The disk under a process that was killed; NULL when the power went. */
    const struct platter *killed;
};

static const char *
cut_again(const struct cut *cut, struct tape *tape, struct platter *platter,
          const struct claims *claims);

/** The disk under a recovery that will be cut; NULL when it won't. */
static struct platter *
disk_below(const struct cut *cut, const struct tape *tape, bool is_last)
{
    if (is_last)
        return NULL;
    return cut->killed != NULL ? platter_new_from_kill(tape, cut->killed)
                               : platter_new_from_files(tape);
}

/** Open a store on what a cut has left, and say what is wrong. */
static const char *
judge(const struct cut *cut, const char *directory, struct claims *claims,
      bool is_last)
{
    struct verdict verdict = {.options = cut->shift->options,
                              .directory = directory,
                              .claims = claims,
                              .seed = (unsigned)rand_r(cut->seed)};
    struct platter *platter;
    struct tape tape;
    const char *fault;

    tape_start(&tape, directory);
    platter = disk_below(cut, &tape, is_last);
    verdict.options.path = support_path(directory, "events.sqlite");
    verdict.options.log = NULL;
    verdict.drains_first = cut->killed != NULL || rand_r(cut->seed) % 3 == 0;
    verdict.has_reader = cut->killed != NULL;
    verdict.tape = &tape;
    fault = verdict_find_fault(&verdict);
    tape_stop(&tape);
    if (fault == NULL && !is_last)
        fault = cut_again(cut, &tape, platter, claims);
    if (platter != NULL)
        platter_free(platter);
    tape_free(&tape);
    return fault;
}

/** Cut the power at some moment of a recovery. */
static const char *
cut_again(const struct cut *cut, struct tape *tape, struct platter *platter,
          const struct claims *claims)
{
    const size_t moment = (size_t)rand_r(cut->seed) % (tape->count + 1);
    struct claims *then = malloc(sizeof(*then));
    const char *fault;

    ck_assert(then != NULL);
    *then = *claims;
    (void)claims_add_all(then, tape, 0, moment);
    platter_play(platter, moment);
    platter_cut(platter, directories[1], cut->seed);
    fault = judge(cut, directories[1], then, true);
    if (fault != NULL)
        fault = support_format("cut again at %zu of %zu: %s", moment,
                               tape->count, fault);
    free(then);
    return fault;
}

/** Cut the power at one moment of a shift; or kill the process, and cut the
 *  power while the next one recovers. */
static const char *
cut_once(struct cut *cut, struct platter *platter)
{
    const int sequel = rand_r(cut->seed) % SEQUEL_COUNT;
    struct claims *claims = malloc(sizeof(*claims));
    const char *fault;

    ck_assert(claims != NULL);
    *claims = *cut->claims;
    platter_play(platter, cut->moment);
    cut->killed = sequel == SEQUEL_KILLED ? platter : NULL;
    if (sequel == SEQUEL_KILLED)
        platter_kill(platter, directories[0]);
    else
        platter_cut(platter, directories[0], cut->seed);
    fault = judge(cut, directories[0], claims, sequel < SEQUEL_CUT);
    if (fault != NULL && sequel == SEQUEL_KILLED)
        fault = support_format("killed: %s", fault);
    free(claims);
    return fault;
}

/** Cut the power at so many moments of a shift, the first ones first. */
static const char *
cut_shift(const struct shift *shift, unsigned *cut_seed)
{
    struct claims *claims = calloc(1, sizeof(*claims));
    struct cut cut = {.shift = shift, .claims = claims, .seed = cut_seed};
    struct platter *platter;
    size_t moments[CUTS_PER_SHIFT];
    const char *fault = NULL;
    size_t claimed = 0;
    size_t i;

    ck_assert(claims != NULL);
    moments_draw(moments, CUTS_PER_SHIFT, &shift->tape, cut_seed);
    platter = platter_new(&shift->tape);
    for (i = 0; fault == NULL && i < CUTS_PER_SHIFT; i++) {
        cut.moment = moments[i];
        claimed = claims_add_all(claims, &shift->tape, claimed, moments[i]);
        fault = cut_once(&cut, platter);
        if (fault != NULL)
            fault = support_format("cut at %zu of %zu, %zu threads, %s: %s",
                                   moments[i], shift->tape.count,
                                   shift->thread_count, directories[0], fault);
    }
    platter_free(platter);
    free(claims);
    return fault;
}

/** Work, and cut. */
static const char *
run_shift(uint64_t number, bool ignores_syncs)
{
    struct shift *shift = malloc(sizeof(*shift));
    unsigned cut_seed = run_seed * 31 + (unsigned)number;
    const char *fault;

    ck_assert(shift != NULL);
    shift_plan(shift, number, run_seed);
    shift->ignores_syncs = ignores_syncs;
    shift_work(shift);
    directories[0] = support_dir_new();
    directories[1] = support_dir_new();
    fault = cut_shift(shift, &cut_seed);
    if (fault == NULL) {
        support_dir_free(shift->directory);
        support_dir_free(directories[0]);
        support_dir_free(directories[1]);
    }
    shift_free(shift);
    free(shift);
    return fault;
}

START_TEST(test_what_was_confirmed_survives_a_power_cut)
{
    const char *fault = run_shift((uint64_t)_i, false);

    ck_assert_msg(fault == NULL, "SUPPORT_SEED=%u, shift %d, %s", run_seed, _i,
                  fault);
}
END_TEST

START_TEST(test_a_disk_that_ignores_syncs_is_found_out)
{
    const char *fault = NULL;
    uint64_t i;

    for (i = 0; fault == NULL && i < LIE_SHIFT_MAX; i++)
        fault = run_shift(i, true);
    ck_assert_msg(fault != NULL, "no cut has found it");
    (void)printf("found out: %s\n", fault);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("power_cut");
    TCase *tcase = support_add_case(suite, "power_cut", NULL, NULL);
    const char *only = getenv("SHIFT");

    run_seed = support_seed();
    shift_count =
        (support_rounds("CUTS", CUTS_SHORT, CUTS_LONG) + CUTS_PER_SHIFT - 1) /
        CUTS_PER_SHIFT;
    if (only != NULL)
        shift_count = strtoull(only, NULL, 10) + 1;
    tcase_add_loop_test(tcase, test_what_was_confirmed_survives_a_power_cut,
                        only != NULL ? (int)shift_count - 1 : 0,
                        (int)shift_count);
    tcase_add_test(tcase, test_a_disk_that_ignores_syncs_is_found_out);
    return support_run_suite(suite);
}
