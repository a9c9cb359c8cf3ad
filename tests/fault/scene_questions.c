/* SPDX-License-Identifier: MIT */
/* What can't be read is not answered, and what is answered is all of it. */
#include "scene_questions.h"

#define EVENT_COUNT 20

/** Of which one is poison. */
#define DELIVERED_COUNT 8

void
scene_prepare_questions(struct script *script)
{
    script->witness.is_picky = true;
    (void)script_open(script);
    (void)script_append(script, EVENT_COUNT, NULL);
    (void)script_upload(script);
    script_drain(script, 2);
}

static int
count_row(void *userdata, const struct collector_row *row)
{
    size_t *count = userdata;

    if (row->column_count > 0 && row->names[0] != NULL)
        ++*count;
    return 0;
}

/** Hold an answer to its word. */
static void
check(struct script *script, int rc, const struct collector_answer *answer,
      size_t shown, size_t expected)
{
    const bool is_answered =
        script_said(script, SCRIPT_QUESTION, rc, COLLECTOR_OK);

    if (shown != answer->row_count || (!is_answered && shown > 0))
        script_blame(script, "rows were shown that the answer does not have");
    if (is_answered && !answer->more && shown != expected)
        script_blame(
            script, support_format("%zu rows instead of %zu", shown, expected));
}

#define ASK(expected, function, ...)                                           \
    do {                                                                       \
        struct collector_answer answer_ = {.size = sizeof(answer_)};           \
        size_t shown_ = 0;                                                     \
        const int rc_ = collector_reader_##function(__VA_ARGS__, count_row,    \
                                                    &shown_, &answer_);        \
                                                                               \
        check(script, rc_, &answer_, shown_, expected);                        \
    } while (0)

static void
ask(struct script *script, struct collector_reader *reader)
{
    const struct collector_event_filter filter = {
        .size = sizeof(filter), .text = "no such text", .newest_first = true};

    ASK(EVENT_COUNT, query, reader, "SELECT * FROM events", NULL, 0);
    ASK(1, query, reader,
        "SELECT group_concat(payload_json) FROM (SELECT * FROM event_log"
        " ORDER BY kind, ts)",
        NULL, 0);
    ASK(EVENT_COUNT, events, reader, NULL);
    ASK(0, events, reader, &filter);
    ASK(1, event, reader, 3);
    ASK(1, ledger, reader);
    ASK(13, verify, reader, false);
}

void
scene_play_questions(struct script *script)
{
    const char *copy = support_path(script->directory, "copy-of-a-reader");
    struct collector_reader_options options;
    struct collector_reader *reader = NULL;
    int tries;
    int rc = COLLECTOR_ERR_IO;

    collector_reader_options_init(&options);
    options.path = script->options.path;
    for (tries = 0; reader == NULL && tries < 2; tries++) {
        rc = collector_reader_open(&options, &reader);
        (void)script_said(script, SCRIPT_READER_OPEN, rc, COLLECTOR_OK);
    }
    if (reader == NULL)
        return;
    ask(script, reader);
    (void)script_append(script, 1, NULL);
    rc = collector_reader_snapshot(reader, copy);
    if (!script_said(script, SCRIPT_SNAPSHOT, rc, COLLECTOR_OK) &&
        support_file_size(copy) >= 0)
        script_blame(script, "a snapshot that has failed is there");
    ASK(1, event, reader, EVENT_COUNT);
    collector_reader_free(reader);
}
