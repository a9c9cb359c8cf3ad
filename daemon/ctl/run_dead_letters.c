/* SPDX-License-Identifier: MIT */
/*
 * dead-letters: list, replay, purge. What is deleted is gone, so that all of
 * them are deleted only for somebody who says so twice.
 */
#include "option.h"
#include "pages.h"
#include "quantity.h"
#include "voice.h"

#include <collector/dead_letter.h>
#include <inttypes.h>
#include <string.h>

#define IDS_MAX COLLECTOR_DEAD_LETTER_STEP_MAX

static enum command_status
list(const struct flags *flags)
{
    struct question question = {.kind = QUESTION_DEAD_LETTERS,
                                .from_id = (int64_t)flags->after};

    if (flags->argument_count > 1) {
        voice_say("dead-letters list: expected no ids, but -after and -limit");
        return COMMAND_USAGE;
    }
    return pages_list(flags, &question);
}

/* What is no id may be a URL, and hold a password. */
static enum command_status
refuse(const char *text, const char *expected)
{
    char quoted[OPTION_QUOTED_SIZE];

    option_quote(text, quoted, sizeof(quoted));
    voice_say("dead-letters: %s: expected %s", quoted, expected);
    return COMMAND_USAGE;
}

static bool
read_ids(const struct flags *flags, int64_t ids[IDS_MAX], size_t *ret_count)
{
    uint64_t id;
    size_t i;

    for (i = 1; i < flags->argument_count; i++) {
        if (!quantity_number(flags->arguments[i], &id) || id < 1 ||
            id > INT64_MAX) {
            (void)refuse(flags->arguments[i], "an id");
            return false;
        }
        ids[i - 1] = (int64_t)id;
    }
    *ret_count = flags->argument_count > 0 ? flags->argument_count - 1 : 0;
    return true;
}

static enum command_status
act(const struct flags *flags, enum source_action action, const int64_t *ids,
    size_t id_count)
{
    struct source *source = NULL;
    struct problem problem;
    uint64_t count = 0;
    enum source_result result = source_open(flags, &source, &problem);

    if (result == SOURCE_OK)
        result = source_act(source, action, id_count > 0 ? ids : NULL, id_count,
                            &count, &problem);
    source_free(source);
    if (result == SOURCE_OK || count > 0)
        (void)printf("%s %" PRIu64 "\n",
                     action == SOURCE_REPLAY ? "replayed" : "purged", count);
    if (result != SOURCE_OK)
        voice_say("%s", problem.text);
    return voice_end_output() && result == SOURCE_OK ? COMMAND_DONE
                                                     : COMMAND_FAILED;
}

enum command_status
run_dead_letters(const struct flags *flags)
{
    const char *what = flags->argument_count > 0 ? flags->arguments[0]
                                                 : flags->command->action;
    int64_t ids[IDS_MAX];
    size_t id_count;

    if (strcmp(what, "list") == 0)
        return list(flags);
    if (strcmp(what, "replay") != 0 && strcmp(what, "purge") != 0)
        return refuse(what, "list, replay or purge");
    if (!read_ids(flags, ids, &id_count))
        return COMMAND_USAGE;
    if (strcmp(what, "replay") == 0)
        return act(flags, SOURCE_REPLAY, ids, id_count);
    if (id_count == 0 && !flags->yes) {
        voice_say("dead-letters purge: expected ids, or -yes if all of them "
                  "are to be deleted");
        return COMMAND_USAGE;
    }
    return act(flags, SOURCE_PURGE, ids, id_count);
}
