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

/* What is to be done to which letters: all of them when there are no ids. */
struct errand {
    enum source_action action;
    int64_t ids[IDS_MAX];
    size_t id_count;
};

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
read_ids(const struct flags *flags, struct errand *errand)
{
    uint64_t id;
    size_t i;

    for (i = 1; i < flags->argument_count; i++) {
        if (!quantity_number(flags->arguments[i], &id) || id < 1 ||
            id > INT64_MAX) {
            (void)refuse(flags->arguments[i], "an id");
            return false;
        }
        errand->ids[i - 1] = (int64_t)id;
    }
    errand->id_count =
        flags->argument_count > 0 ? flags->argument_count - 1 : 0;
    return true;
}

/* One that is named twice is one letter. */
static size_t
count_distinct(const struct errand *errand)
{
    size_t count = 0;
    size_t i;
    size_t before;

    for (i = 0; i < errand->id_count; i++) {
        before = 0;
        while (errand->ids[before] != errand->ids[i])
            before++;
        count += before == i;
    }
    return count;
}

/* A mistyped id is of no letter, which a script has to notice. */
static bool
is_done(const struct errand *errand, uint64_t count)
{
    const size_t id_count = count_distinct(errand);
    const bool is_replay = errand->action == SOURCE_REPLAY;

    if (count >= id_count)
        return true;
    voice_say("%" PRIu64 " of %zu %s: the rest are no dead letters%s", count,
              id_count, is_replay ? "replayed" : "purged",
              is_replay ? ", or were replayed before" : "");
    return false;
}

static enum command_status
act(const struct flags *flags, const struct errand *errand)
{
    const size_t id_count = errand->id_count;
    struct source *source = NULL;
    struct problem problem;
    uint64_t count = 0;
    enum source_result result = source_open(flags, &source, &problem);
    enum command_status status;

    if (result == SOURCE_OK)
        result = source_act(source, errand->action,
                            id_count > 0 ? errand->ids : NULL, id_count, &count,
                            &problem);
    source_free(source);
    if (result == SOURCE_OK || count > 0)
        (void)printf("%s %" PRIu64 "\n",
                     errand->action == SOURCE_REPLAY ? "replayed" : "purged",
                     count);
    if (result != SOURCE_OK)
        voice_say("%s", problem.text);
    status = source_status(result);
    if (status == COMMAND_DONE && !is_done(errand, count))
        status = COMMAND_FAILED;
    return voice_end_output() ? status : COMMAND_FAILED;
}

enum command_status
run_dead_letters(const struct flags *flags)
{
    const char *what = flags->argument_count > 0 ? flags->arguments[0]
                                                 : flags->command->action;
    struct errand errand;

    if (strcmp(what, "list") == 0)
        return list(flags);
    if (strcmp(what, "replay") != 0 && strcmp(what, "purge") != 0)
        return refuse(what, "list, replay or purge");
    if (!read_ids(flags, &errand))
        return COMMAND_USAGE;
    errand.action = strcmp(what, "replay") == 0 ? SOURCE_REPLAY : SOURCE_PURGE;
    if (errand.action == SOURCE_PURGE && errand.id_count == 0 && !flags->yes) {
        voice_say("dead-letters purge: expected ids, or -yes if all of them "
                  "are to be deleted");
        return COMMAND_USAGE;
    }
    return act(flags, &errand);
}
