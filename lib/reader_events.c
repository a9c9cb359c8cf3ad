/* SPDX-License-Identifier: MIT */
/*
 * Events and their fates. A search goes through ranges of ids, each in a read
 * of its own, that get longer while they are quick: between two of them the log
 * may start again, and when the time is up there is an id to go on from.
 */
#include "options.h"
#include "reader_question.h"
#include "reader_sql.h"

#include <collector/error.h>
#include <stdio.h>
#include <string.h>

/* The first range, which is looked at for so long behind the deadline: a search
 * that goes on from where another has ended gets on, unless the file is kept
 * locked. */
#define RANGE_COUNT_MIN 256
#define RANGE_LATE_MS COLLECTOR_BUSY_MS

/* A range should take so long. */
#define RANGE_MS_MIN 20
#define RANGE_MS_MAX 100

/* How much longer the next one is, when one was quick. */
#define RANGE_FACTOR 4

/* What is asked for: all of it, with room. */
#define SQL_SIZE 2048

/* clang-format off */
#define EVENTS \
    "SELECT e.id, e.device_id, e.kind, e.payload_json AS payload, e.ts," \
    COLLECTOR_READER_SQL_FATE("e.id") " AS fate," \
    COLLECTOR_READER_SQL_UPLOADED_AT("e.id") " AS uploaded_at" \
    " FROM event_log e" COLLECTOR_READER_SQL_JOIN_FATE("e.id")

/* The same of one, whether it is there or not. */
#define EVENT \
    "SELECT i.id, e.device_id, e.kind, e.payload_json AS payload, e.ts," \
    " CASE WHEN i.id < 1 OR i.id > max((SELECT settled_through FROM state)," \
    "   coalesce((SELECT max(id) FROM event_log), 0)) THEN 'unknown'" \
    "  ELSE" COLLECTOR_READER_SQL_FATE("i.id") " END AS fate," \
    " CASE WHEN i.id > 0" \
    "  THEN" COLLECTOR_READER_SQL_UPLOADED_AT("i.id") " END AS uploaded_at," \
    " e.id IS NOT NULL AS kept, d.status, d.reason, d.attempts, d.replayed_as" \
    " FROM (SELECT ?1 AS id) i LEFT JOIN event_log e ON e.id = i.id" \
    COLLECTOR_READER_SQL_JOIN_FATE("i.id")
/* clang-format on */

/** A search on its way. */
struct search {
    struct collector__question question;
    struct collector_event_filter filter;
    char sql[SQL_SIZE];
    /** What the payload has to be LIKE. */
    char pattern[2 * COLLECTOR_READER_TEXT_SIZE_MAX + 3];
    /** What is left to be looked at: ids above the one and below the other. */
    int64_t above;
    int64_t below;
    int64_t range_count;
};

/** Make a pattern of a text in which nothing stands for anything else. */
static void
make_pattern(const char *text, char *at)
{
    *at++ = '%';
    for (; *text != '\0'; text++) {
        if (strchr("%_\\", *text) != NULL)
            *at++ = '\\';
        *at++ = *text;
    }
    *at++ = '%';
    *at = '\0';
}

/** Write the statement: an index is used only for what is asked for plainly. */
static void
write_sql(struct search *search)
{
    const struct collector_event_filter *filter = &search->filter;

    (void)snprintf(
        search->sql, sizeof(search->sql),
        EVENTS " WHERE e.id > ?1 AND e.id < ?2%s%s%s%s%s"
               " ORDER BY e.id%s LIMIT ?8",
        filter->device_id != NULL ? " AND e.device_id = ?3" : "",
        filter->kind != NULL ? " AND e.kind = ?4" : "",
        filter->text != NULL ? " AND e.payload_json LIKE ?5 ESCAPE '\\'" : "",
        filter->since != 0 ? " AND e.ts >= ?6" : "",
        filter->until != 0 ? " AND e.ts < ?7" : "",
        filter->newest_first ? " DESC" : ""); /* it fits */
}

/** The lowest and the highest id that there is, as far as they were asked
 *  for. */
static int
find_ends(struct search *search)
{
    static const char *const ends[] = {"SELECT min(id) FROM event_log",
                                       "SELECT max(id) FROM event_log"};
    int64_t found[2] = {0, 0};
    size_t i;
    int rc = COLLECTOR_OK;

    for (i = 0; rc == COLLECTOR_OK && i < 2; i++)
        rc = collector__question_number(&search->question, ends[i], &found[i]);
    if (rc != COLLECTOR_OK)
        return rc;
    /* Others may be in a file from elsewhere. */
    if (found[0] < 1)
        found[0] = 1;
    if (found[1] > COLLECTOR_ID_MAX)
        found[1] = COLLECTOR_ID_MAX;
    search->above = search->filter.after_id;
    if (search->above < found[0] - 1)
        search->above = found[0] - 1;
    search->below = search->filter.before_id;
    if (search->below <= 0 || search->below > found[1] + 1)
        search->below = found[1] + 1;
    return COLLECTOR_OK;
}

static int
prepare(struct search *search, const struct collector_event_filter *filter)
{
    int rc = COLLECTOR_OK;

    search->filter.size = sizeof(search->filter);
    if (filter != NULL)
        rc = COLLECTOR_OPTIONS_COPY(&search->filter, filter);
    if (rc != COLLECTOR_OK)
        return rc;
    if (search->filter.text != NULL) {
        if (strnlen(search->filter.text, COLLECTOR_READER_TEXT_SIZE_MAX + 1) >
            COLLECTOR_READER_TEXT_SIZE_MAX)
            return collector__question_refuse(
                &search->question, COLLECTOR_ERR_TOO_BIG,
                "the text is over %d bytes", COLLECTOR_READER_TEXT_SIZE_MAX);
        make_pattern(search->filter.text, search->pattern);
    }
    write_sql(search);
    return COLLECTOR_OK;
}

/** The last event that was found. */
static int64_t
last_id(const struct search *search)
{
    return search->question.rows.last_id;
}

/** Look at one range of ids, and note how far that got. */
static int
look_at(struct search *search, int64_t above, int64_t below)
{
    const struct collector__rows *rows = &search->question.rows;
    const struct collector_event_filter *filter = &search->filter;
    const struct collector_value values[] = {
        collector__value_integer(above),
        collector__value_integer(below),
        collector__value_text(filter->device_id),
        collector__value_text(filter->kind),
        collector__value_text(search->pattern),
        collector__value_integer(filter->since),
        collector__value_integer(filter->until),
        collector__value_integer((int64_t)(rows->rows_max - rows->row_count) +
                                 1)};
    const int64_t before = last_id(search);
    const int rc =
        collector__question_ask(&search->question, search->sql, values, 8);

    /* What was found before it had to end is right all the same. */
    if (rc != COLLECTOR_OK || rows->more) {
        if (last_id(search) != before) {
            search->above = last_id(search);
            search->below = last_id(search);
        }
    } else if (filter->newest_first) {
        search->below = above + 1;
    } else {
        search->above = below - 1;
    }
    return rc;
}

/** Make the next range longer or shorter, by how long this one took. */
static void
adapt(struct search *search, int64_t took_ms)
{
    if (took_ms < RANGE_MS_MIN &&
        search->range_count < INT64_MAX / RANGE_FACTOR)
        search->range_count *= RANGE_FACTOR;
    else if (took_ms > RANGE_MS_MAX && search->range_count > RANGE_COUNT_MIN)
        search->range_count /= 2;
}

/** Look at the next range. */
static int
step(struct search *search)
{
    const int64_t begun_at =
        collector__clock_monotonic_ms(&collector__clock_system);
    const bool all = search->range_count >= search->below - search->above;
    int64_t above = search->above;
    int64_t below = search->below;
    int rc;

    if (!all && search->filter.newest_first)
        above = below - 1 - search->range_count;
    else if (!all)
        below = above + 1 + search->range_count;
    rc = look_at(search, above, below);
    adapt(search,
          collector__clock_monotonic_ms(&collector__clock_system) - begun_at);
    return rc;
}

/** Where a search goes on that begins where this one has ended. */
static int64_t
next_id(const struct search *search)
{
    return search->filter.newest_first ? search->below : search->above;
}

static int
run(struct search *search)
{
    struct collector__question *question = &search->question;
    struct collector__guard *guard = &question->reader->guard;
    const int64_t until = guard->until;
    int64_t begin;
    int rc;

    search->range_count = RANGE_COUNT_MIN;
    guard->until = until + RANGE_LATE_MS;
    rc = find_ends(search);
    begin = next_id(search);
    while (rc == COLLECTOR_OK && !question->rows.more &&
           search->below - search->above > 1) {
        rc = step(search);
        guard->until = until;
    }
    if (rc == COLLECTOR_ERR_TIMEOUT) {
        question->more = true;
        rc = next_id(search) != begin ? COLLECTOR_OK : COLLECTOR_ERR_BUSY;
    }
    question->next_id = next_id(search);
    return rc;
}

int
collector_reader_events(struct collector_reader *reader,
                        const struct collector_event_filter *filter,
                        collector_row_fn show, void *userdata,
                        struct collector_answer *ret_answer)
{
    struct search search;
    int rc;

    memset(&search, 0, sizeof(search));
    rc = collector__question_begin(&search.question, reader, true);
    if (rc == COLLECTOR_OK)
        rc = prepare(&search, filter);
    if (rc == COLLECTOR_OK)
        rc = run(&search);
    return collector__question_end(&search.question, rc, show, userdata,
                                   ret_answer);
}

int
collector_reader_event(struct collector_reader *reader, int64_t id,
                       collector_row_fn show, void *userdata,
                       struct collector_answer *ret_answer)
{
    const struct collector_value value = collector__value_integer(id);
    struct collector__question question;
    int rc = collector__question_begin(&question, reader, true);

    if (rc == COLLECTOR_OK)
        rc = collector__question_ask(&question, EVENT, &value, 1);
    return collector__question_end(&question, rc, show, userdata, ret_answer);
}
