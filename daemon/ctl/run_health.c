/* SPDX-License-Identifier: MIT */
/* health: one line for people, and a status for whoever restarts things. */
#include "display.h"
#include "peer.h"
#include "told.h"
#include "voice.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Texts of an array, with something between them. */
static void
print_texts(const json_t *texts, const char *before)
{
    json_t *text;
    size_t i;

    json_array_foreach(texts, i, text)
    {
        (void)fputs(i == 0 ? before : "; ", stdout);
        if (json_is_string(text))
            display_write(stdout, json_string_value(text),
                          json_string_length(text), DISPLAY_WORDS);
    }
}

/* @return False when it is no answer of a collector's. */
static bool
print_health(const struct remote_answer *answer)
{
    json_t *json = json_loadb(answer->text, answer->size, 0, NULL);
    const bool is_one = json_is_boolean(json_object_get(json, "ok"));

    if (is_one) {
        (void)fputs(answer->status == 200 ? "healthy" : "not healthy", stdout);
        print_texts(json_object_get(json, "reasons"), ": ");
        print_texts(json_object_get(json, "warnings"), "; warning: ");
        (void)fputc('\n', stdout);
    }
    json_decref(json);
    return is_one;
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
ask_peer(const struct flags *flags, struct peer *peer, bool *ret_is_well,
         struct problem *ret_problem)
{
    struct remote_answer answer = {.status = 0};
    enum source_result result = peer_get(
        peer, flags->live ? "/livez" : "/healthz", &answer, ret_problem);
    bool is_said;

    if (result != SOURCE_OK)
        return result;
    is_said = flags->live ? print_life(&answer) : print_health(&answer);
    *ret_is_well = flags->live || answer.status == 200;
    if (!is_said)
        result = peer_refuse(peer, &answer, ret_problem);
    free(answer.text);
    return result;
}

static enum source_result
look_at_peer(const struct flags *flags, bool *ret_is_well,
             struct problem *ret_problem)
{
    struct peer *peer = NULL;
    enum source_result result = peer_open(flags, &peer, ret_problem);

    if (result == SOURCE_OK)
        result = ask_peer(flags, peer, ret_is_well, ret_problem);
    peer_free(peer);
    return result;
}

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
    (void)fputs(standing.ok ? "healthy" : "not healthy", stdout);
    print_sentences(&standing.reasons, ": ");
    print_sentences(&standing.warnings, "; warning: ");
    (void)fputc('\n', stdout);
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
        return COMMAND_FAILED;
    }
    return voice_end_output() && is_well ? COMMAND_DONE : COMMAND_FAILED;
}
