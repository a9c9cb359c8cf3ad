/* SPDX-License-Identifier: MIT */
/* What can be asked for, whoever is asked. */
#include "question.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *const event_names[] = {
    "id",          "device_id", "kind",   "payload", "ts",       "fate",
    "uploaded_at", "kept",      "status", "reason",  "attempts", "replayed_as"};

/* Those of one event go on behind them. */
#define EVENTS_COUNT 7

static const char *const device_names[] = {"id", "device_id", "label",
                                           "last_seen_at"};
static const char *const run_names[] = {
    "id",    "started_at", "finished_at", "event_count", "status",
    "error", "first_id",   "last_id",     "attempts"};
static const char *const dead_letter_names[] = {
    "id", "device_id", "kind",   "payload",  "ts",
    "at", "status",    "reason", "attempts", "replayed_as"};

struct question_columns
question_columns(enum question_kind kind)
{
    switch (kind) {
    case QUESTION_EVENTS:
        return (struct question_columns){event_names, EVENTS_COUNT};
    case QUESTION_EVENT:
        return (struct question_columns){event_names, COUNT_OF(event_names)};
    case QUESTION_DEVICES:
        return (struct question_columns){device_names, COUNT_OF(device_names)};
    case QUESTION_RUNS:
        return (struct question_columns){run_names, COUNT_OF(run_names)};
    case QUESTION_DEAD_LETTERS:
        break;
    }
    return (struct question_columns){dead_letter_names,
                                     COUNT_OF(dead_letter_names)};
}

void
question_go_on(struct question *question, int64_t next_id)
{
    if (question->kind != QUESTION_EVENTS)
        question->from_id = next_id;
    else if (question->filter.newest_first)
        question->filter.before_id = next_id;
    else
        question->filter.after_id = next_id;
}

bool
question_moves_on(const struct question *question, int64_t next_id)
{
    const struct collector_event_filter *filter = &question->filter;
    const bool is_of_events = question->kind == QUESTION_EVENTS;
    int64_t from_id = question->from_id;

    if (is_of_events)
        from_id = filter->newest_first ? filter->before_id : filter->after_id;
    if (question->kind == QUESTION_RUNS ||
        (is_of_events && filter->newest_first))
        return next_id > 0 && (from_id == 0 || next_id < from_id);
    return next_id > from_id;
}
