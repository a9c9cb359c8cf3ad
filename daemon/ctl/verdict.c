/* SPDX-License-Identifier: MIT */
/* What a collector judges itself, and a file leaves to whoever reads it. */
#include "verdict.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* What is too long or too much is left out. */
static void
take_sentences(const json_t *texts, struct standing_sentences *ret_sentences)
{
    json_t *text;
    size_t i;

    ret_sentences->count = 0;
    json_array_foreach(texts, i, text)
    {
        if (json_is_string(text) &&
            ret_sentences->count < STANDING_SENTENCE_COUNT_MAX)
            (void)snprintf(ret_sentences->text[ret_sentences->count++],
                           STANDING_SENTENCE_SIZE, "%s",
                           json_string_value(text));
    }
}

/* @return False when it is no answer of a collector's. */
static bool
read_answer(const struct remote_answer *answer, struct verdict *ret_verdict)
{
    json_t *json = json_loadb(answer->text, answer->size, 0, NULL);
    const bool is_one = json_is_boolean(json_object_get(json, "ok"));

    if (is_one) {
        ret_verdict->ok = answer->status == 200;
        take_sentences(json_object_get(json, "reasons"), &ret_verdict->reasons);
        take_sentences(json_object_get(json, "warnings"),
                       &ret_verdict->warnings);
    }
    json_decref(json);
    return is_one;
}

enum source_result
verdict_ask(struct peer *peer, struct verdict *ret_verdict,
            struct problem *ret_problem)
{
    struct remote_answer answer = {.status = 0};
    enum source_result result =
        peer_get(peer, "/healthz", &answer, ret_problem);

    if (result != SOURCE_OK)
        return result;
    if (!read_answer(&answer, ret_verdict))
        result = peer_refuse(peer, &answer, ret_problem);
    free(answer.text);
    return result;
}
