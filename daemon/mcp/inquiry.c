/* SPDX-License-Identifier: MIT */
/*
 * Questions to the file. An interruption that comes between two of them is not
 * lost: the next one is refused.
 */
#include "inquiry.h"

#include "ctl/voice.h"

#include <collector/error.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ?1 to ?4 are as many as any question has. */
#define NUMBER_COUNT_MAX 4

struct inquiry {
    const char *path;
    uint32_t deadline_ms;
    bool late;
    /** What the reader last said was wrong; "" for nothing. */
    struct problem said;
    /** Guards what follows; the reader itself is used without it. */
    pthread_mutex_t mutex;
    struct collector_reader *reader;
    bool interrupted;
};

struct inquiry *
inquiry_new(const char *path, uint32_t deadline_ms)
{
    struct inquiry *inquiry = calloc(1, sizeof(*inquiry));

    if (inquiry == NULL)
        return NULL;
    inquiry->path = path;
    inquiry->deadline_ms = deadline_ms;
    (void)pthread_mutex_init(&inquiry->mutex, NULL); /* can't fail on Linux */
    return inquiry;
}

void
inquiry_begin(struct inquiry *inquiry)
{
    (void)pthread_mutex_lock(&inquiry->mutex);
    inquiry->interrupted = false;
    (void)pthread_mutex_unlock(&inquiry->mutex);
}

void
inquiry_interrupt(struct inquiry *inquiry)
{
    (void)pthread_mutex_lock(&inquiry->mutex);
    inquiry->interrupted = true;
    if (inquiry->reader != NULL)
        collector_reader_interrupt(inquiry->reader);
    (void)pthread_mutex_unlock(&inquiry->mutex);
}

/** Whether it was interrupted since it began. */
static bool
is_interrupted(struct inquiry *inquiry)
{
    bool interrupted;

    (void)pthread_mutex_lock(&inquiry->mutex);
    interrupted = inquiry->interrupted;
    (void)pthread_mutex_unlock(&inquiry->mutex);
    return interrupted;
}

static void
set_reader(struct inquiry *inquiry, struct collector_reader *reader)
{
    (void)pthread_mutex_lock(&inquiry->mutex);
    inquiry->reader = reader;
    (void)pthread_mutex_unlock(&inquiry->mutex);
}

void
inquiry_end(struct inquiry *inquiry)
{
    struct collector_reader *reader = inquiry->reader;

    set_reader(inquiry, NULL);
    collector_reader_free(reader);
}

/** What an error means for whoever asks. */
static const char *
meaning_of(int rc)
{
    switch (rc) {
    case COLLECTOR_ERR_FOREIGN:
        return "it is not a collector's file";
    case COLLECTOR_ERR_NEWER:
        return "it was written by a newer version: use the collectorctl of "
               "that one";
    case COLLECTOR_ERR_CORRUPT:
        return "it is damaged: the collector itself mends it, or puts it aside "
               "with -on-damage quarantine";
    case COLLECTOR_ERR_BUSY:
        return "it is locked by another program: try again";
    case COLLECTOR_ERR_TIMEOUT:
        return "the question took too long and was ended";
    default:
        return collector_error_text(rc);
    }
}

int
inquiry_explain(struct inquiry *inquiry, int rc,
                const struct collector_answer *answer,
                struct problem *ret_problem)
{
    if (is_interrupted(inquiry))
        return problem_say(ret_problem, "cancelled");
    if (answer != NULL && rc == COLLECTOR_ERR_TOO_BIG)
        return problem_say(ret_problem,
                           "%s: select fewer columns, or a part of a long text "
                           "with substr(payload_json, 1, 1000)",
                           answer->problem);
    if (answer != NULL && answer->problem[0] != '\0')
        return problem_say(ret_problem, "%s", answer->problem);
    return problem_say(ret_problem, "%.200s: %s", inquiry->path,
                       meaning_of(rc));
}

/** Keep for the model what goes to standard error. */
static void
take_line(void *userdata, enum collector_log_level level, const char *line)
{
    struct inquiry *inquiry = userdata;

    voice_forward(NULL, level, line);
    if (level == COLLECTOR_LOG_ERROR)
        (void)problem_say(&inquiry->said, "%s", line);
}

/** Say why the file can't be read: the reader's line names it, and has the
 *  reason behind that, or says what it is instead. Returns -1. */
static int
explain_unread(const struct inquiry *inquiry, struct problem *ret_problem)
{
    const char *line = inquiry->said.text;
    const char *name = strstr(line, inquiry->path);
    const char *reason = name != NULL ? name + strlen(inquiry->path) : line;

    if (*line == '\0')
        reason = ": is the path right, and may this program read it?";
    if (*reason != ':')
        return problem_say(ret_problem, "%s", line);
    return problem_say(ret_problem, "%.200s can't be read%s", inquiry->path,
                       reason);
}

int
inquiry_open(struct inquiry *inquiry, uint32_t rows_max, size_t bytes_max,
             struct problem *ret_problem)
{
    struct collector_reader_options options;
    struct collector_reader *reader = NULL;
    int rc;

    collector_reader_options_init(&options);
    options.path = inquiry->path;
    options.rows_max = rows_max;
    options.bytes_max = bytes_max;
    options.deadline_ms = inquiry->deadline_ms;
    options.log = take_line;
    options.log_userdata = inquiry;
    inquiry->said.text[0] = '\0';
    rc = collector_reader_open(&options, &reader);
    if (rc == COLLECTOR_ERR_IO)
        return explain_unread(inquiry, ret_problem);
    if (rc != COLLECTOR_OK)
        return inquiry_explain(inquiry, rc, NULL, ret_problem);
    set_reader(inquiry, reader);
    return 0;
}

struct collector_reader *
inquiry_reader(const struct inquiry *inquiry)
{
    return inquiry->reader;
}

int
inquiry_sql(struct inquiry *inquiry, const char *sql, const int64_t *numbers,
            size_t number_count, collector_row_fn show, void *userdata,
            struct collector_answer *ret_answer, struct problem *ret_problem)
{
    struct collector_value values[NUMBER_COUNT_MAX] = {{.size = 0}};
    size_t i;
    int rc;

    for (i = 0; i < number_count && i < NUMBER_COUNT_MAX; i++) {
        values[i].type = COLLECTOR_VALUE_INTEGER;
        values[i].integer = numbers[i];
    }
    *ret_answer = (struct collector_answer){.size = sizeof(*ret_answer)};
    inquiry->late = false;
    if (is_interrupted(inquiry))
        return problem_say(ret_problem, "cancelled");
    rc = collector_reader_query(inquiry->reader, sql, values, i, show, userdata,
                                ret_answer);
    inquiry->late = rc == COLLECTOR_ERR_TIMEOUT;
    if (rc != COLLECTOR_OK)
        return inquiry_explain(inquiry, rc, ret_answer, ret_problem);
    return 0;
}

bool
inquiry_took_too_long(const struct inquiry *inquiry)
{
    return inquiry->late;
}

void
inquiry_free(struct inquiry *inquiry)
{
    if (inquiry == NULL)
        return;
    inquiry_end(inquiry);
    (void)pthread_mutex_destroy(&inquiry->mutex);
    free(inquiry);
}
