/* SPDX-License-Identifier: MIT */
/*
 * Memory runs out at every place where any is asked for: by the library, by
 * SQLite or by Jansson. What is answered then is ERR_NOMEM and nothing else, as
 * far as anything is; nothing is lost, nothing half done, nothing kept; and as
 * soon as there is memory again all works.
 *
 * OOM_ROUNDS says how many places of each scene are tried at most. The short
 * form takes one write mode for each scene; what is said about a fault plays it
 * again.
 */
#include "memory.h"
#include "ordeal.h"

#include <stdio.h>

#define ROUNDS_SHORT 2
#define MODE_COUNT 3

/** The long form of the largest scene takes some of it. */
#define TIMEOUT_S (24 * 60 * 60)

static struct trouble trouble = {.name = "memory"};
static uint64_t round_count;
static unsigned seed;

START_TEST(test_a_store_gets_over_a_lack_of_memory)
{
    const unsigned scene = (unsigned)_i / MODE_COUNT;
    const unsigned mode = (unsigned)_i % MODE_COUNT;
    const struct ordeal ordeal = {.scene = &scenes[scene],
                                  .mode = (enum collector_write_mode)mode,
                                  .trouble = &trouble,
                                  .live_count = memory_live_count,
                                  .round_count = round_count,
                                  .seed = seed};
    struct ordeal_result result;

    if (!ordeal_is_long() && (seed + scene) % MODE_COUNT != mode)
        return;
    result = ordeal_run(&ordeal);

    ck_assert_msg(result.fault == NULL, "%s", result.fault);
    (void)printf("%s, mode %d: %llu places, %llu rounds\n", ordeal.scene->name,
                 (int)ordeal.mode, (unsigned long long)result.call_count,
                 (unsigned long long)result.round_count);
}
END_TEST

static void
watch(void)
{
    trouble.errors = error_set(COLLECTOR_ERR_NOMEM);
    memory_watch(&trouble);
}

int
main(void)
{
    Suite *suite = suite_create("out_of_memory");
    TCase *tcase = support_add_case(suite, "out_of_memory", NULL, NULL);

    seed = support_seed();
    round_count = support_rounds("OOM_ROUNDS", ROUNDS_SHORT, UINT64_MAX);
    tcase_add_unchecked_fixture(tcase, watch, NULL);
    tcase_set_timeout(tcase, TIMEOUT_S);
    tcase_add_loop_test(tcase, test_a_store_gets_over_a_lack_of_memory, 0,
                        (int)scene_count * MODE_COUNT);
    return support_run_suite(suite);
}
