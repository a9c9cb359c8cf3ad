/* SPDX-License-Identifier: MIT */
/*
 * tail: the latest events, and those that come. Each is shown once and in the
 * order of its id, however often the collector is away in between: all that is
 * remembered is how far it has come.
 */
#include "event_flags.h"
#include "pages.h"
#include "row_member.h"
#include "stop.h"
#include "voice.h"

#include <stdlib.h>
#include <string.h>

/* Between two looks; and at most, when nobody answers. */
#define REST_MS 500
#define REST_MS_MAX 5000

struct tail {
    const struct flags *flags;
    struct source *source;
    struct printout *printout;
    /* Up to here everything was shown, of this collector. */
    struct source_position shown;
    bool is_away;
    int rest_ms;
};

/* In a table there is room for what one looks for. */
static int
show_narrow(void *printout, const struct collector_row *row)
{
    static const char *const names[] = {"ts", "id", "device_id", "kind",
                                        "payload"};
    struct collector_value values[sizeof(names) / sizeof(names[0])] = {0};
    const struct collector_row narrow = {sizeof(names) / sizeof(names[0]),
                                         names, values};
    size_t i;

    for (i = 0; i < narrow.column_count; i++) {
        const struct collector_value *value = row_member(row, names[i]);

        if (value != NULL)
            memcpy(&values[i], value, sizeof(*value));
    }
    return printout_show(printout, &narrow);
}

/* Show all between what was shown and here. */
static enum source_result
show_up_to(struct tail *tail, const struct source_position *position,
           struct problem *ret_problem)
{
    struct question question = {.kind = QUESTION_EVENTS,
                                .filter = event_flags_filter(tail->flags)};
    struct collector_answer answer = {.size = sizeof(answer)};
    enum source_result result;

    question.filter.after_id = tail->shown.accepted;
    question.filter.before_id = position->accepted + 1;
    result = pages_ask(tail->source, &question, UINT64_MAX,
                       tail->flags->format == FORMAT_TABLE ? show_narrow
                                                           : printout_show,
                       tail->printout, &answer, ret_problem);
    /* Pages that came are shown, whatever became of the next one. */
    tail->shown.accepted =
        result == SOURCE_OK ? position->accepted : question.filter.after_id;
    return result;
}

static int
take_id(void *userdata, const struct collector_row *row)
{
    int64_t *id = userdata;

    *id = row_member_integer(row, "id");
    return 0;
}

/* Begin behind the event before the first that is to be shown. */
static enum source_result
find_beginning(struct tail *tail, const struct source_position *position,
               struct problem *ret_problem)
{
    struct question question = {.kind = QUESTION_EVENTS,
                                .filter = event_flags_filter(tail->flags)};
    struct collector_answer answer = {.size = sizeof(answer)};
    int64_t first_id = position->accepted + 1;
    enum source_result result = SOURCE_OK;

    question.filter.newest_first = true;
    question.filter.before_id = first_id;
    if (tail->flags->count > 0)
        result = pages_ask(tail->source, &question, tail->flags->count, take_id,
                           &first_id, &answer, ret_problem);
    tail->shown = *position;
    tail->shown.accepted = first_id - 1;
    return result;
}

static enum source_result
begin(struct tail *tail, struct problem *ret_problem)
{
    struct source_position position = {.accepted = 0};
    enum source_result result =
        source_position(tail->source, &position, ret_problem);

    if (result == SOURCE_OK)
        result = find_beginning(tail, &position, ret_problem);
    if (result == SOURCE_OK)
        result = show_up_to(tail, &position, ret_problem);
    return result;
}

/* Whether ids go on: they are the same collector's, or those of a snapshot that
 * one was started on, which gives it a name. */
static bool
goes_on(const struct source_position *shown,
        const struct source_position *position)
{
    const bool is_same_file = position->file_number > 0 &&
                              position->file_number == shown->file_number;
    const bool is_named = shown->collector_id[0] == '\0' && is_same_file;

    return position->accepted >= shown->accepted &&
           (is_named ||
            strcmp(position->collector_id, shown->collector_id) == 0);
}

/* A damaged file was put aside, or somebody has put another one there: ids
 * begin anew. */
static void
notice_another(struct tail *tail, const struct source_position *position)
{
    const bool is_another = !goes_on(&tail->shown, position);
    const int64_t accepted = is_another ? 0 : tail->shown.accepted;

    if (is_another)
        voice_say("%s: another file has taken its place, here from its "
                  "beginning",
                  tail->flags->target);
    tail->shown = *position;
    tail->shown.accepted = accepted;
}

static enum source_result
look(struct tail *tail, struct problem *ret_problem)
{
    struct source_position position = {.accepted = 0};
    enum source_result result =
        source_position(tail->source, &position, ret_problem);

    if (result != SOURCE_OK)
        return result;
    notice_another(tail, &position);
    if (position.accepted > tail->shown.accepted)
        result = show_up_to(tail, &position, ret_problem);
    return result;
}

/* Once when it goes, and once when it is back. */
static void
notice_absence(struct tail *tail, bool is_away, const struct problem *problem)
{
    if (is_away && !tail->is_away)
        voice_say("%s; trying again", problem->text);
    else if (!is_away && tail->is_away)
        voice_say("%s: it answers again", tail->flags->target);
    tail->is_away = is_away;
    voice_hush(is_away); /* it would say the same at each look */
    tail->rest_ms = !is_away                          ? REST_MS
                    : 2 * tail->rest_ms < REST_MS_MAX ? 2 * tail->rest_ms
                                                      : REST_MS_MAX;
}

/* Until somebody stops it, or it is refused for good, or nobody reads. */
static enum command_status
follow(struct tail *tail)
{
    struct problem problem;

    tail->rest_ms = REST_MS;
    while (printout_flush(tail->printout) == 0 && stop_rest(tail->rest_ms)) {
        const enum source_result result = look(tail, &problem);

        if (stop_is_asked())
            break;
        if (result == SOURCE_REFUSED) {
            voice_say("%s", problem.text);
            return COMMAND_FAILED;
        }
        /* Who owns a damaged file puts it aside when it starts. */
        notice_absence(tail, result != SOURCE_OK, &problem);
    }
    if (printout_flush(tail->printout) == 0 && !stop_is_asked())
        return COMMAND_FAILED; /* nobody reads it any more */
    return printout_end(tail->printout, NULL, NULL);
}

static enum command_status
run(struct tail *tail)
{
    struct problem problem;
    enum source_result result =
        source_open(tail->flags, &tail->source, &problem);

    if (result == SOURCE_OK)
        result = begin(tail, &problem);
    if (result != SOURCE_OK && !stop_is_asked()) {
        voice_say("%s", problem.text);
        return source_status(result);
    }
    return tail->flags->follow ? follow(tail)
                               : printout_end(tail->printout, NULL, NULL);
}

enum command_status
run_tail(const struct flags *flags)
{
    struct tail tail = {.flags = flags};
    enum command_status status;

    if (flags->follow && flags->format == FORMAT_JSON) {
        voice_say("tail -f: json needs an end: take -format ndjson");
        return COMMAND_USAGE;
    }
    tail.printout = printout_new(flags, PRINTOUT_MOMENTS);
    if (tail.printout == NULL)
        return COMMAND_FAILED;
    if (flags->follow)
        stop_watch();
    status = run(&tail);
    source_free(tail.source);
    printout_free(tail.printout);
    return status;
}
