/* SPDX-License-Identifier: MIT */
/*
 * The storage fails at every call that is made to it: reads, writes, also half
 * done ones, syncs, locks, all by which files are made, named and removed. What
 * is answered then is what the headers say; what was confirmed is there, what
 * was not is there whole or not at all; and as soon as the storage works again,
 * so does the store.
 *
 * STORAGE_ROUNDS says how many calls of each kind are tried at most in each
 * scene. The short form takes some kinds for each scene, drawn from the seed;
 * what is said about a fault plays it again.
 */
#include "ordeal.h"
#include "storage.h"

#include <errno.h>
#include <stdio.h>

#define ROUNDS_SHORT 1
#define MODE_COUNT 3

/** Kinds that the short form takes for each scene. */
#define KINDS_SHORT 3

/** The long form of the largest scene takes some of it. */
#define TIMEOUT_S (24 * 60 * 60)

static const struct {
    const char *name;
    struct storage_fault fault;
} kinds[] = {
    {"read-EIO", {CALL_READ, EIO, false}},
    {"write-EIO", {CALL_WRITE, EIO, false}},
    {"write-ENOSPC", {CALL_WRITE, ENOSPC, false}},
    {"write-part-EIO", {CALL_WRITE, EIO, true}},
    {"write-part-ENOSPC", {CALL_WRITE, ENOSPC, true}},
    {"sync-EIO", {CALL_SYNC, EIO, false}},
    {"sync-ENOSPC", {CALL_SYNC, ENOSPC, false}},
    {"truncate-EIO", {CALL_TRUNCATE, EIO, false}},
    {"truncate-ENOSPC", {CALL_TRUNCATE, ENOSPC, false}},
    {"open-EIO", {CALL_OPEN, EIO, false}},
    {"open-EMFILE", {CALL_OPEN, EMFILE, false}},
    {"open-ENOSPC", {CALL_OPEN, ENOSPC, false}},
    {"allocate-EIO", {CALL_ALLOCATE, EIO, false}},
    {"allocate-ENOSPC", {CALL_ALLOCATE, ENOSPC, false}},
    {"map-EIO", {CALL_MAP, EIO, false}},
    {"map-ENOMEM", {CALL_MAP, ENOMEM, false}},
    {"lock-EIO", {CALL_LOCK, EIO, false}},
    {"rename-EIO", {CALL_RENAME, EIO, false}},
    {"rename-ENOSPC", {CALL_RENAME, ENOSPC, false}},
    {"unlink-EIO", {CALL_UNLINK, EIO, false}},
    {"stat-EIO", {CALL_STAT, EIO, false}},
    {"close-EIO", {CALL_CLOSE, EIO, false}},
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

static uint64_t round_count;
static unsigned seed;

/** What may be answered because calls fail with this errno. */
static unsigned
errors_of(int error)
{
    const unsigned errors = error_set(COLLECTOR_ERR_IO);

    return error == ENOSPC ? errors | error_set(COLLECTOR_ERR_NOSPACE) : errors;
}

static void
try_kind(const struct scene *scene, int mode, size_t kind)
{
    struct trouble trouble = {.name = kinds[kind].name,
                              .errors = errors_of(kinds[kind].fault.error)};
    const struct ordeal ordeal = {.scene = scene,
                                  .mode = (enum collector_write_mode)mode,
                                  .trouble = &trouble,
                                  .watch = storage_watch,
                                  .round_count = round_count,
                                  .seed = seed};
    struct ordeal_result result;

    if (kinds[kind].fault.kind == CALL_READ) /* for ever: it is damaged */
        trouble.lasting_errors = error_set(COLLECTOR_ERR_CORRUPT);
    if (kinds[kind].fault.kind == CALL_LOCK) { /* it may be somebody else's */
        trouble.errors |= error_set(COLLECTOR_ERR_BUSY);
        trouble.passes = true;
    }
    storage_fail(&trouble, &kinds[kind].fault);
    result = ordeal_run(&ordeal);
    ck_assert_msg(result.fault == NULL, "%s", result.fault);
    (void)printf("%s, %s, mode %d: %llu calls, %llu rounds\n", scene->name,
                 kinds[kind].name, mode, (unsigned long long)result.call_count,
                 (unsigned long long)result.round_count);
}

START_TEST(test_a_store_gets_over_a_storage_that_fails)
{
    const size_t scene = (size_t)_i / KIND_COUNT;
    const size_t kind = (size_t)_i % KIND_COUNT;
    int mode;

    if (ordeal_is_long()) {
        for (mode = 0; mode < MODE_COUNT; mode++)
            try_kind(&scenes[scene], mode, kind);
    } else if ((kind + seed + scene * KINDS_SHORT) % KIND_COUNT < KINDS_SHORT) {
        try_kind(&scenes[scene], (int)((seed + scene + kind) % MODE_COUNT),
                 kind);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("failing_storage");
    TCase *tcase = support_add_case(suite, "failing_storage", NULL, NULL);

    seed = support_seed();
    round_count = support_rounds("STORAGE_ROUNDS", ROUNDS_SHORT, UINT64_MAX);
    tcase_set_timeout(tcase, TIMEOUT_S);
    tcase_add_loop_test(tcase, test_a_store_gets_over_a_storage_that_fails, 0,
                        (int)(scene_count * KIND_COUNT));
    return support_run_suite(suite);
}
