/* SPDX-License-Identifier: MIT */
/* In trouble any line may fail, and what follows has to do without it. */
#include "scenes.h"

#include "scene_files.h"
#include "scene_questions.h"
#include "serial.h"

#include <stdio.h>
#include <stdlib.h>

#define HOUR_MS (INT64_C(60) * 60 * 1000)

/** Where a file sink writes. */
#define LINES_NAME "delivered.ndjson"

/** Events that make a small file full. */
#define FULL_COUNT 2700
#define FULL_APPEND_COUNT 300

static void
prepare_append(struct script *script)
{
    (void)script_open(script);
    (void)script_append(script, 3, "first");  /* structs */
    (void)script_append(script, 2, "second"); /* JSON */
}

/** Something that is not kept. */
static void
refuse_json(struct script *script, const char *text, const char *key,
            int expected)
{
    struct collector_receipt receipt = {0, 0, false};
    struct collector_problem problem = {0, ""};
    const int rc = collector_store_append_json(
        script->store, text, strlen(text), COLLECTOR_JSON_DOCUMENT, key,
        &receipt, &problem);

    if (script_said(script, SCRIPT_APPEND, rc, expected) &&
        expected == COLLECTOR_ERR_INVALID && problem.text[0] == '\0')
        script_blame(script, "no words for what is wrong with a text");
    if (receipt.first_id != 0)
        script_blame(script, "a refused append has set its output");
}

/** An event in other clothes: what is kept is what serial.h has. */
static void
append_odd_json(struct script *script, enum collector_json_form form)
{
    const int64_t serial = script->next_serial;
    struct collector_receipt receipt = {0, 0, false};
    struct serial_texts texts;
    const struct collector_event event = serial_event(serial, &texts);
    const char *text = support_format(
        "%s {\"x\":[1e3,{\"y\":null},\"\\u00e4\\ud83d\\ude00\"],\"kind\":"
        "\"\\u006b%s\",\t\"ts\":%lld,\"device_id\":\"\\u0064%s\","
        " \"payload\" : %s}%s",
        form == COLLECTOR_JSON_LINES ? "\r\n" : "[", event.kind + 1,
        (long long)event.ts, event.device_id + 1, event.payload,
        form == COLLECTOR_JSON_LINES ? "\n\n" : "]");
    int rc;

    script_begin(script, serial, 1, NULL);
    rc = collector_store_append_json(script->store, text, strlen(text), form,
                                     NULL, &receipt, NULL);
    if (script_said(script, SCRIPT_APPEND, rc, COLLECTOR_OK))
        script_keep(script, serial, &receipt);
}

static void
append_too_many(struct script *script)
{
    static const struct collector_event event = {.device_id = "d", .kind = "k"};

    (void)script_said(script, SCRIPT_APPEND,
                      collector_store_append(script->store, &event,
                                             COLLECTOR_APPEND_COUNT_MAX + 1,
                                             NULL, NULL),
                      COLLECTOR_ERR_TOO_BIG);
    (void)script_said(
        script, SCRIPT_APPEND,
        collector_store_append(script->store, NULL, 0, "key", NULL),
        COLLECTOR_OK);
}

static void
play_append(struct script *script)
{
    (void)script_append(script, 4, NULL);
    (void)script_append(script, 3, NULL);
    append_odd_json(script, COLLECTOR_JSON_DOCUMENT);
    append_odd_json(script, COLLECTOR_JSON_LINES);
    script_repeat(script, 1, 3, "first");
    script_repeat(script, 4, 2, "second");
    refuse_json(script, "{\"device_id\":\"d\",\"kind\":\"other\"}", "second",
                COLLECTOR_ERR_CONFLICT);
    refuse_json(script, "[{\"device_id\":\"d\",\"kind\":\"k\"},{]", NULL,
                COLLECTOR_ERR_INVALID);
    refuse_json(script,
                "{\"device_id\":\"d\",\"kind\":\"k\",\"payload\":1e400}", NULL,
                COLLECTOR_ERR_INVALID);
    append_too_many(script);
    script_repeat(script, script_append(script, 5, "third"), 5, "third");
    (void)script_stats(script);
}

static void
prepare_batches(struct script *script)
{
    (void)script_open(script);
    (void)script_append(script, 12, NULL); /* the 7th is poison */
    (void)script_said(script, SCRIPT_SINK_NEW,
                      witness_sink_new(&script->witness, &script->sink),
                      COLLECTOR_OK);
}

/** Both forms of a batch, which end like whole ones. */
static void
render(struct script *script, struct collector_batch *batch)
{
    static const char ends[] = {
        [COLLECTOR_BATCH_ARRAY] = ']', [COLLECTOR_BATCH_LINES] = '\n'};
    int form;

    for (form = COLLECTOR_BATCH_ARRAY; form <= COLLECTOR_BATCH_LINES; form++) {
        const char *text = NULL;
        size_t size = 0;
        const int rc = collector_batch_json(
            batch, (enum collector_batch_form)form, &text, &size);

        if (script_said(script, SCRIPT_BATCH_JSON, rc, COLLECTOR_OK) &&
            (size != strlen(text) || text[size - 1] != ends[form]))
            script_blame(script, "a batch was rendered in part");
    }
}

/** Take a batch, offer it, and put on record what is to become of it. */
static void
settle(struct script *script, uint32_t count_max,
       enum collector_delivery_result result)
{
    const struct collector_batch_limits limits = {count_max, 1 << 20};
    struct collector_delivery delivery = {.attempts = 1};
    struct collector_batch *batch = NULL;
    struct collector_batch *other = NULL;
    int rc = collector_store_fetch(script->store, &limits, &batch);

    if (!script_said(script, SCRIPT_FETCH, rc, COLLECTOR_OK) || batch == NULL)
        return;
    (void)script_said(script, SCRIPT_FETCH,
                      collector_store_fetch(script->store, &limits, &other),
                      COLLECTOR_ERR_BUSY);
    render(script, batch);
    rc = collector_sink_deliver(script->sink, batch, &delivery);
    if (script_said(script, SCRIPT_SINK_DELIVER, rc, COLLECTOR_OK)) {
        delivery.result = result;
        rc = collector_store_checkpoint(script->store, batch, &delivery);
        if (script_said(script, SCRIPT_CHECKPOINT, rc, COLLECTOR_OK) &&
            result == COLLECTOR_DELIVERED)
            claim(&script->tape,
                  (struct claim){.kind = CLAIM_SETTLED,
                                 .id = collector_batch_last_id(batch)});
    }
    collector_batch_free(batch);
}

static void
play_batches(struct script *script)
{
    settle(script, 4, COLLECTOR_RETRY);
    settle(script, 4, COLLECTOR_DELIVERED);
    settle(script, 2, COLLECTOR_REJECTED); /* too many for a dead letter */
    settle(script, 2, COLLECTOR_DELIVERED);
    settle(script, 1, COLLECTOR_RETRY);
    settle(script, 3, COLLECTOR_DELIVERED);
}

static void
prepare_sinks(struct script *script)
{
    (void)script_open(script);
    (void)script_append(script, 40, NULL);
    (void)script_upload(script);
}

/** Have the witness hand on to a sink that was made, or not. */
static bool
set_inner(struct script *script, int rc, struct collector_sink *sink)
{
    collector_sink_free(script->inner_sink);
    script->inner_sink = sink;
    script->witness.next = sink;
    return script_said(script, SCRIPT_SINK_NEW, rc, COLLECTOR_OK);
}

static const char *
lines_path(const struct script *script)
{
    return support_path(script->directory, LINES_NAME);
}

static void
play_sinks(struct script *script)
{
    struct collector_sink *sink = NULL;
    int rc;

    rc = collector_sink_file_new(lines_path(script), &sink);
    if (set_inner(script, rc, sink))
        script_drain(script, 3);
    sink = NULL;
    rc = collector_sink_log_new(support_log, NULL, &sink);
    if (set_inner(script, rc, sink))
        script_drain(script, 2);
    rc = collector_uploader_start(script->uploader);
    if (script_said(script, SCRIPT_START, rc, COLLECTOR_OK))
        (void)script_said(script, SCRIPT_STOP,
                          collector_uploader_stop(script->uploader, 0),
                          COLLECTOR_OK);
}

/** The lines are whole, in order, and none was left out up to the last one. */
static const char *
judge_lines(struct script *script)
{
    const char *line = support_read_file(lines_path(script));
    long long last = 0;

    for (; *line != '\0'; line = strchr(line, '\n') + 1) {
        long long id = 0;

        if (sscanf(line, "{\"id\":%lld,", &id) != 1 ||
            strchr(line, '\n') == NULL || strchr(line, '\n')[-1] != '}')
            return support_format("a line is torn: %.40s", line);
        if (id > last + 1)
            return support_format("%lld comes after %lld", id, last);
        if (id == last + 1)
            last = id;
    }
    return NULL;
}

static void
prepare_poison(struct script *script)
{
    script->witness.is_picky = true;
    (void)script_open(script);
    (void)script_append(script, 10, NULL);
    (void)script_upload(script);
    script_drain_all(script); /* one dead letter */
    (void)script_append(script, 30, NULL);
}

static int
check_letter(void *userdata, const struct collector_dead_letter *letter)
{
    struct script *script = userdata;

    if (!serial_is_poison(serial_of(&letter->event)) || letter->reason == NULL)
        script_blame(script, "a dead letter is not what it was");
    script->witness.seed++;
    return 0;
}

static void
play_poison(struct script *script)
{
    struct collector_store *store = script->store;
    uint64_t count = 0;
    int64_t id = 7;

    script_drain(script, 12);
    (void)script_said(
        script, SCRIPT_LIST,
        collector_dead_letters_list(store, 0, 10, check_letter, script),
        COLLECTOR_OK);
    (void)script_said(script, SCRIPT_REPLAY,
                      collector_dead_letters_replay(store, &id, 1, &count),
                      COLLECTOR_OK);
    (void)script_said(script, SCRIPT_REPLAY,
                      collector_dead_letters_replay(store, NULL, 0, &count),
                      COLLECTOR_OK);
    (void)script_said(script, SCRIPT_PURGE,
                      collector_dead_letters_purge(store, &id, 1, &count),
                      COLLECTOR_OK);
    (void)script_said(
        script, SCRIPT_LIST,
        collector_dead_letters_list(store, id, 1, check_letter, script),
        COLLECTOR_OK);
    (void)script_stats(script);
}

static void
prepare_upkeep(struct script *script)
{
    script->witness.is_picky = true;
    script->options.retain_ms = HOUR_MS;
    script->options.dead_letter_max = 1;
    (void)script_open(script);
    (void)script_append(script, 70, NULL); /* three are poison */
    (void)script_upload(script);
    script_drain_all(script);
    script_wait(script, 3 * HOUR_MS);
    (void)script_append(script, 5, NULL);
}

static void
play_upkeep(struct script *script)
{
    script_maintain(script);
    (void)script_append(script, 2, NULL);
    script_wait(script, HOUR_MS);
    script_maintain(script);
    (void)script_stats(script);
    script_drain(script, 3);
}

static void
prepare_crowd(struct script *script)
{
    script->options.backlog_max = 10;
    script->options.overflow = COLLECTOR_OVERFLOW_DROP_OLDEST;
    (void)script_open(script);
    (void)script_append(script, 10, NULL);
    (void)script_upload(script);
}

static void
play_crowd(struct script *script)
{
    (void)script_append(script, 4, NULL);
    script_drain(script, 1);
    (void)script_append(script, 10, NULL);
    (void)script_append(script, 1, NULL);
    script_drain(script, 2);
}

static void
prepare_full(struct script *script)
{
    int i;

    /* Room that could not be made just now is room that is not there. */
    script->errors = error_set(COLLECTOR_ERR_FULL);
    script->options.size_max = COLLECTOR_STORE_SIZE_MIN;
    script->options.overflow = COLLECTOR_OVERFLOW_DROP_OLDEST;
    (void)script_open(script);
    for (i = 0; i < FULL_COUNT / FULL_APPEND_COUNT; i++)
        (void)script_append(script, FULL_APPEND_COUNT, NULL);
    (void)script_upload(script);
}

static void
play_full(struct script *script)
{
    (void)script_append(script, FULL_APPEND_COUNT, NULL);
    script_drain(script, 1);
    script_maintain(script);
    (void)script_append(script, 9, NULL);
}

const struct scene scenes[] = {
    {"open", NULL, scene_play_open, false, NULL},
    {"append", prepare_append, play_append, false, NULL},
    {"batches", prepare_batches, play_batches, false, NULL},
    {"sinks", prepare_sinks, play_sinks, false, judge_lines},
    {"poison", prepare_poison, play_poison, false, NULL},
    {"upkeep", prepare_upkeep, play_upkeep, false, NULL},
    {"crowd", prepare_crowd, play_crowd, false, NULL},
    {"full", prepare_full, play_full, false, NULL},
    {"copy", scene_prepare_copy, scene_play_copy, false, NULL},
    {"older", scene_prepare_older, scene_play_older, false, NULL},
    {"log", scene_prepare_log, scene_play_log, false, NULL},
#if HAVE_READER
    {"questions", scene_prepare_questions, scene_play_questions, false, NULL},
#endif
    {"damage", scene_prepare_damage, scene_play_damage, true,
     scene_judge_salvaged},
    {"resume", scene_prepare_resume, scene_play_damage, true,
     scene_judge_salvaged},
};

const size_t scene_count = sizeof(scenes) / sizeof(scenes[0]);
