/* SPDX-License-Identifier: MIT */
/*
 * How many calls there are is counted in a round in which none fails, so each
 * number up to that is one that comes up. A call that fails may add others: so
 * it goes on beyond, until a round ends without a failure.
 */
#include "ordeal.h"

#include "verdict.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/** Whether what lies in the directory of a closed store may lie there. */
static bool
is_known_name(const char *name)
{
    /* A -shm means nothing where nobody has it open, and what
     * lies beside a new file that has moved goes with the next one. */
    static const char *const known[] = {
        "events.sqlite",
        "events.sqlite-shm",
        "events.sqlite.lock",
        "events.sqlite.fresh-",
        "delivered.ndjson",
        "events.sqlite.damaged-",
        "copy-",
    };
    size_t i;

    if (name[0] == '.')
        return true;
    if (strstr(name, ".tmp-") != NULL)
        return false;
    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        const size_t size = strlen(known[i]);

        if (strncmp(name, known[i], size) == 0 &&
            (name[size] == '\0' || known[i][size - 1] == '-'))
            return true;
    }
    return false;
}

/** Nothing lies there that has no business to. What could not be removed, the
 *  next snapshot of that name removes. */
static void
check_names(struct script *script)
{
    const bool may_stay = strncmp(script->trouble->name, "unlink", 6) == 0;
    DIR *entries = opendir(script->directory);
    const struct dirent *entry;

    ck_assert(entries != NULL);
    while ((entry = readdir(entries)) != NULL) {
        if (!is_known_name(entry->d_name) &&
            !(may_stay && strstr(entry->d_name, ".tmp-") != NULL))
            script_blame(script,
                         support_format("%s was left behind", entry->d_name));
    }
    (void)closedir(entries); /* nothing was written */
}

static size_t
count_descriptors(void)
{
    DIR *entries = opendir("/proc/self/fd");
    size_t count = 0;

    ck_assert(entries != NULL);
    while (readdir(entries) != NULL)
        count++;
    (void)closedir(entries); /* nothing was written */
    return count;
}

/** Hold the file to what was claimed. */
static const char *
judge(struct script *script, unsigned seed)
{
    struct claims *claims = calloc(1, sizeof(*claims));
    struct verdict verdict = {.options = script->options,
                              .directory = script->directory,
                              .claims = claims,
                              .seed = seed};
    const char *fault;
    struct tape tape;

    ck_assert(claims != NULL);
    (void)claims_add_all(claims, &script->tape, 0, script->tape.count);
    tape_start(&tape, script->directory);
    verdict.tape = &tape;
    fault = verdict_find_fault(&verdict);
    tape_stop(&tape);
    tape_free(&tape);
    free(claims);
    return fault;
}

static void
remove_files(const struct script *script)
{
    DIR *entries = opendir(script->directory);
    const struct dirent *entry;

    ck_assert(entries != NULL);
    while ((entry = readdir(entries)) != NULL)
        (void)unlinkat(dirfd(entries), entry->d_name, 0); /* not . and .. */
    (void)closedir(entries);        /* nothing was written */
    (void)rmdir(script->directory); /* else it goes with all others */
}

/** Nothing that was taken is kept, but for what was there before. */
static void
check_remains(const struct ordeal *ordeal, struct script *script,
              size_t descriptor_count, int64_t live_count)
{
    const size_t now = count_descriptors();

    check_names(script);
    if (now != descriptor_count)
        script_blame(script, support_format("%zu descriptors are open, not %zu",
                                            now, descriptor_count));
    if (ordeal->live_count != NULL && ordeal->live_count() != live_count)
        script_blame(
            script,
            support_format("%lld pieces of memory were not given back",
                           (long long)(ordeal->live_count() - live_count)));
}

static void
watch(const struct ordeal *ordeal, const char *directory)
{
    if (ordeal->watch != NULL)
        ordeal->watch(directory);
}

/** Play the scene, and see what is left of it. */
static void
play(const struct ordeal *ordeal, struct script *script, uint64_t number,
     bool lasts)
{
    const size_t descriptor_count = count_descriptors();
    const int64_t live_count =
        ordeal->live_count != NULL ? ordeal->live_count() : 0;

    watch(ordeal, script->directory);
    if (ordeal->scene->prepare != NULL)
        ordeal->scene->prepare(script);
    watch(ordeal, script->directory); /* it may have looked itself */
    trouble_arm(ordeal->trouble, number, lasts);
    if (script->fault == NULL)
        ordeal->scene->play(script);
    (void)trouble_heal(ordeal->trouble);
    if (script->fault == NULL)
        script_recover(script);
    script_close(script);
    /* The first one makes what SQLite keeps for good. */
    if (script->fault == NULL && number > 0)
        check_remains(ordeal, script, descriptor_count, live_count);
    watch(ordeal, NULL);
}

/** @return What is wrong; NULL when nothing is. */
static const char *
play_round(const struct ordeal *ordeal, uint64_t number, bool lasts)
{
    struct script script;
    const char *fault;

    script_init(&script, ordeal->trouble, ordeal->mode);
    play(ordeal, &script, number, lasts);
    if (script.fault == NULL && !ordeal->scene->replaces)
        script_blame(&script, judge(&script, ordeal->seed));
    if (script.fault == NULL && ordeal->scene->judge != NULL)
        script_blame(&script, ordeal->scene->judge(&script));
    fault = script.fault;
    if (fault == NULL)
        remove_files(&script);
    else
        fault = support_format("%s (%s)", fault, script.directory);
    script_free(&script);
    return fault;
}

static const char *const mode_names[] = {"group", "serialized", "concurrent"};

bool
ordeal_is_long(void)
{
    return getenv("CAMPAIGN") != NULL || getenv("ORDEAL") != NULL;
}

/** The one round that was asked for in the environment, or with 0 for its
 *  number all of a scene's. */
struct choice {
    char trouble[32];
    char scene[16];
    char mode[16];
    unsigned long long number;
    char length[8];
};

/** Whether something was chosen, and what. */
static bool
read_choice(struct choice *ret_choice)
{
    const char *text = getenv("ORDEAL");

    if (text == NULL)
        return false;
    ck_assert_int_eq(sscanf(text, "%31s %15s %15s %llu %7s",
                            ret_choice->trouble, ret_choice->scene,
                            ret_choice->mode, &ret_choice->number,
                            ret_choice->length),
                     5);
    return true;
}

static bool
is_chosen(const struct ordeal *ordeal, const struct choice *choice)
{
    return strcmp(choice->trouble, ordeal->trouble->name) == 0 &&
           strcmp(choice->scene, ordeal->scene->name) == 0 &&
           strcmp(choice->mode, mode_names[ordeal->mode]) == 0;
}

/** How to see the round again that is played now; NULL between two. */
static const char *round_text;

/** Check ends the process where it stands. */
static void
print_round(void)
{
    if (round_text != NULL)
        (void)printf("in %s\n", round_text);
}

/** One round. @return Whether anything has failed in it, and nothing was wrong.
 */
static bool
try_round(const struct ordeal *ordeal, uint64_t number, bool lasts,
          struct ordeal_result *result)
{
    const char *fault;

    round_text = support_format(
        "ORDEAL='%s %s %s %llu %s' SUPPORT_SEED=%u", ordeal->trouble->name,
        ordeal->scene->name, mode_names[ordeal->mode],
        (unsigned long long)number, lasts ? "lasts" : "once", ordeal->seed);
    fault = play_round(ordeal, number, lasts);
    result->round_count++;
    if (fault != NULL)
        result->fault = support_format("%s: %s", round_text, fault);
    round_text = NULL;
    return fault == NULL && atomic_load(&ordeal->trouble->failed) > 0;
}

/** Every number that is to be tried, until none fails any more. */
static void
try_numbers(const struct ordeal *ordeal, struct ordeal_result *result)
{
    const uint64_t stride = result->call_count > ordeal->round_count
                                ? result->call_count / ordeal->round_count
                                : 1;
    uint64_t number = 1 + ordeal->seed % stride;

    while (
        try_round(ordeal, number, false, result) &&
        (ordeal->trouble->passes || try_round(ordeal, number, true, result)) &&
        (stride == 1 || number + stride <= result->call_count))
        number += stride;
}

struct ordeal_result
ordeal_run(const struct ordeal *ordeal)
{
    struct ordeal_result result = {NULL, 0, 0};
    struct choice choice;
    const bool has_choice = read_choice(&choice);

    ck_assert_int_eq(atexit(print_round), 0);
    if (has_choice && !is_chosen(ordeal, &choice))
        return result;
    (void)try_round(ordeal, 0, false, &result);
    result.call_count = atomic_load(&ordeal->trouble->seen);
    if (result.fault != NULL)
        return result;
    if (has_choice && choice.number > 0)
        (void)try_round(ordeal, choice.number,
                        strcmp(choice.length, "lasts") == 0, &result);
    else if (ordeal->round_count > 0)
        try_numbers(ordeal, &result);
    return result;
}
