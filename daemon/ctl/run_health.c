/* SPDX-License-Identifier: MIT */
/* health: one line for people, and a status for whoever restarts things. */
#include "display.h"
#include "told.h"
#include "verdict.h"
#include "voice.h"

#include <stdlib.h>
#include <string.h>

static void
print_sentences(const struct standing_sentences *sentences, const char *before)
{
    size_t i;

    for (i = 0; i < sentences->count; i++) {
        (void)fputs(i == 0 ? before : "; ", stdout);
        display_write(stdout, sentences->text[i], strlen(sentences->text[i]),
                      DISPLAY_WORDS);
    }
}

static void
print_health(bool is_well, const struct standing_sentences *reasons,
             const struct standing_sentences *warnings)
{
    (void)fputs(is_well ? "healthy" : "not healthy", stdout);
    print_sentences(reasons, ": ");
    print_sentences(warnings, "; warning: ");
    (void)fputc('\n', stdout);
}

/* Whoever asks for a token lives. */
static bool
print_life(const struct remote_answer *answer)
{
    if (answer->status != 200 && answer->status != 401)
        return false;
    (void)puts("it serves");
    return true;
}

static enum source_result
ask_life(struct peer *peer, bool *ret_is_well, struct problem *ret_problem)
{
    struct remote_answer answer = {.status = 0};
    enum source_result result = peer_get(peer, "/livez", &answer, ret_problem);

    if (result != SOURCE_OK)
        return result;
    *ret_is_well = print_life(&answer);
    if (!*ret_is_well)
        result = peer_refuse(peer, &answer, ret_problem);
    free(answer.text);
    return result;
}

static enum source_result
ask_health(struct peer *peer, bool *ret_is_well, struct problem *ret_problem)
{
    struct verdict verdict;
    const enum source_result result = verdict_ask(peer, &verdict, ret_problem);

    if (result != SOURCE_OK)
        return result;
    print_health(verdict.ok, &verdict.reasons, &verdict.warnings);
    *ret_is_well = verdict.ok;
    return result;
}

static enum source_result
look_at_peer(const struct flags *flags, bool *ret_is_well,
             struct problem *ret_problem)
{
    struct peer *peer = NULL;
    enum source_result result = peer_open(flags, &peer, ret_problem);

    if (result == SOURCE_OK)
        result = flags->live ? ask_life(peer, ret_is_well, ret_problem)
                             : ask_health(peer, ret_is_well, ret_problem);
    peer_free(peer);
    return result;
}

/* What is well in it tells nothing about the collector that it is of. */
static void
note_snapshot(struct standing *standing)
{
    struct standing_sentences *warnings = &standing->warnings;

    if (standing->snapshot_of[0] != '\0' &&
        warnings->count < STANDING_SENTENCE_COUNT_MAX)
        (void)snprintf(warnings->text[warnings->count++],
                       STANDING_SENTENCE_SIZE,
                       "it is a snapshot of %s, as of when that was taken",
                       standing->snapshot_of);
}

/* In the words of a collector. That none runs is a warning: a file that nobody
 * has may be as it should be. */
static enum source_result
look_at_file(const struct flags *flags, bool *ret_is_well,
             struct problem *ret_problem)
{
    struct standing standing;
    const enum source_result result = told_look(flags, &standing, ret_problem);

    if (result != SOURCE_OK)
        return result;
    note_snapshot(&standing);
    print_health(standing.ok, &standing.reasons, &standing.warnings);
    *ret_is_well = standing.ok;
    return result;
}

enum command_status
run_health(const struct flags *flags)
{
    bool is_well = false;
    struct problem problem;
    const enum source_result result =
        flags->is_url ? look_at_peer(flags, &is_well, &problem)
                      : look_at_file(flags, &is_well, &problem);

    if (result != SOURCE_OK) {
        voice_say("%s", problem.text);
        return source_status(result);
    }
    return voice_end_output() && is_well ? COMMAND_DONE : COMMAND_FAILED;
}
