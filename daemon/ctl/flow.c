/* SPDX-License-Identifier: MIT */
/*
 * Rates that can be compared: of what comes no more than the latest events are
 * looked at, and where these are of less than the window, what leaves is
 * counted over as little.
 */
#include "flow.h"

#include "row_member.h"

#include <collector/error.h>

/* Events, and runs, that are looked at, the latest. */
#define SAMPLE_COUNT_MAX 50000

static int
take_start(void *userdata, const struct collector_row *row)
{
    int64_t *start_ms = userdata;

    *start_ms = row_member_integer(row, "ts");
    return 1;
}

static int
take_count(void *userdata, const struct collector_row *row)
{
    int64_t *count = userdata;

    *count = row_member_integer(row, "count");
    return 1;
}

/** Ask with ?1 for the start, ?2 for now and ?3 for how many are looked at. */
static int
ask(struct collector_reader *reader, const char *sql, int64_t start_ms,
    int64_t now_ms, collector_row_fn take, int64_t *ret_number,
    struct collector_answer *ret_answer)
{
    const struct collector_value values[] = {
        {.type = COLLECTOR_VALUE_INTEGER, .integer = start_ms},
        {.type = COLLECTOR_VALUE_INTEGER, .integer = now_ms},
        {.type = COLLECTOR_VALUE_INTEGER, .integer = SAMPLE_COUNT_MAX},
    };

    return collector_reader_query(reader, sql, values, 3, take, ret_number,
                                  ret_answer);
}

int
flow_measure(struct collector_reader *reader, int64_t now_ms,
             struct flow *ret_flow, struct collector_answer *ret_answer)
{
    /* The first of as many as are looked at, if there are that many. */
    static const char first[] =
        "SELECT ts FROM event_log"
        " WHERE id = (SELECT max(id) FROM event_log) - ?3 + 1"
        " AND ts > ?1 AND ts < ?2";
    static const char arrivals[] =
        "SELECT coalesce(sum(ts >= ?1 AND ts <= ?2), 0) AS count"
        " FROM event_log"
        " WHERE id > (SELECT max(id) FROM event_log) - ?3";
    static const char settled[] =
        "SELECT coalesce(sum(event_count), 0) AS count"
        " FROM (SELECT event_count, finished_at FROM upload_runs"
        "        WHERE status <> 'error' ORDER BY id DESC LIMIT ?3)"
        " WHERE finished_at >= ?1 AND finished_at <= ?2";
    int64_t start_ms = now_ms - FLOW_WINDOW_MS_MAX;
    int64_t come = 0;
    int64_t gone = 0;
    int rc =
        ask(reader, first, start_ms, now_ms, take_start, &start_ms, ret_answer);

    if (rc == COLLECTOR_OK)
        rc = ask(reader, arrivals, start_ms, now_ms, take_count, &come,
                 ret_answer);
    if (rc == COLLECTOR_OK)
        rc = ask(reader, settled, start_ms, now_ms, take_count, &gone,
                 ret_answer);
    if (rc != COLLECTOR_OK)
        return rc;
    ret_flow->window_ms = now_ms - start_ms;
    ret_flow->arrival_rate = (double)come * 1000 / (double)ret_flow->window_ms;
    ret_flow->settled_rate = (double)gone * 1000 / (double)ret_flow->window_ms;
    return COLLECTOR_OK;
}
