/* SPDX-License-Identifier: MIT */
#include "site.h"

#include "recorder.h"

#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

const char *mcp_db;
struct collector_store *mcp_store;

/** @param size_max  0 for no limit. */
static void
open_store(uint64_t size_max, bool indexed)
{
    struct collector_store_options options;

    collector_store_options_init(&options);
    options.path = mcp_db;
    options.log = support_log;
    options.size_max = size_max;
    options.indexed = indexed;
    ck_assert_ok(collector_store_open(&options, &mcp_store));
}

void
mcp_setup(void)
{
    talk_deadline_ms = TALK_DEADLINE_MS;
    talk_limits = TALK_LIMITS;
    mcp_db = support_path(support_dir_new(), "events.sqlite");
    open_store(0, false);
}

void
mcp_teardown(void)
{
    collector_store_free(mcp_store);
    mcp_store = NULL;
}

int64_t
mcp_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
mcp_limit(uint64_t size_max, bool indexed)
{
    mcp_teardown();
    open_store(size_max, indexed);
}

void
mcp_fill(size_t event_count, size_t payload_size, const char *key)
{
    const char *payload =
        support_format("\"%s\"", support_repeat("x", payload_size));
    struct collector_event events[MCP_FILL_EVENT_COUNT_MAX];
    int rc = COLLECTOR_OK;
    size_t i;

    for (i = 0; i < event_count; i++)
        events[i] = (struct collector_event){
            .device_id = "a", .kind = "k", .payload = payload, .ts = 1};
    for (i = 0; rc == COLLECTOR_OK && i < MCP_FILL_COUNT_MAX; i++)
        rc = collector_store_append(
            mcp_store, events, event_count,
            key != NULL ? support_format("%s%zu", key, i) : NULL, NULL);
    ck_assert_error(rc, COLLECTOR_ERR_FULL);
}

void
mcp_append(const char *device_id, const char *kind, const char *payload,
           int64_t age_ms)
{
    const struct collector_event event = {.device_id = device_id,
                                          .kind = kind,
                                          .payload = payload,
                                          .ts = mcp_now_ms() - age_ms};

    ck_assert_ok(collector_store_append(mcp_store, &event, 1, NULL, NULL));
}

void
mcp_deliver(void)
{
    struct collector_drain drain = {.event_count = 1};
    struct collector_uploader *uploader = NULL;
    struct collector_sink *sink = NULL;
    struct recorder *recorder = recorder_new(&sink);

    ck_assert_ok(collector_uploader_new(mcp_store, sink, NULL, &uploader));
    while (drain.event_count > 0)
        ck_assert_ok(collector_uploader_drain(uploader, &drain));
    collector_uploader_free(uploader);
    collector_sink_free(sink);
    recorder_free(recorder);
}

void
mcp_change(const char *sql)
{
    mcp_teardown();
    support_sql_exec(mcp_db, sql);
}

const char *
mcp_run_sql(const char *status, const char *error, int64_t begun_ms,
            int64_t ended_ms, int id)
{
    return support_format(
        "INSERT INTO upload_runs (started_at, finished_at, event_count, "
        "status, error, first_id, last_id, attempts) VALUES (%lld, %lld, 1, "
        "'%s', '%s', %d, %d, 3);",
        (long long)(mcp_now_ms() - begun_ms),
        (long long)(mcp_now_ms() - ended_ms), status, error, id, id);
}

#if __SIZEOF_LONG__ == 8 /* elsewhere the call depends on the C library */
/** How much longer it seems to be at each look at the clock, and has by now. */
static _Atomic long look_ns;
static _Atomic long looked_ns;

/** In place of that of the C library. */
int
clock_gettime(clockid_t clock_id, struct timespec *tp)
{
    const int rc = (int)syscall(SYS_clock_gettime, clock_id, tp);
    long ns;

    if (clock_id != CLOCK_MONOTONIC)
        return rc;
    ns = atomic_fetch_add(&looked_ns, atomic_load(&look_ns)) + tp->tv_nsec;
    tp->tv_sec += ns / 1000000000;
    tp->tv_nsec = ns % 1000000000;
    return rc;
}
#endif

bool
mcp_slow_down(void)
{
#if __SIZEOF_LONG__ == 8
    mcp_change("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c "
               "LIMIT 20000) INSERT INTO event_log (device_id, kind, ts)"
               " SELECT 'a', 'error', unixepoch() * 1000 FROM c;"
               "UPDATE state SET (settled_through, delivered, devices_through)"
               " = (SELECT max(id), max(id), max(id) FROM event_log)");
    atomic_store(&look_ns, MCP_SLOW_LOOK_NS);
    return true;
#else
    return false;
#endif
}

bool
mcp_owners_are_seen(void)
{
    return access("/proc/locks", R_OK) == 0;
}

int64_t
mcp_number(const json_t *answer, const char *name)
{
    const json_t *value = json_object_get(answer, name);

    ck_assert_msg(json_is_integer(value), "%s is no number", name);
    return json_integer_value(value);
}

const char *
mcp_text(const json_t *answer, const char *name)
{
    const char *text = json_string_value(json_object_get(answer, name));

    return text != NULL ? text : "";
}

size_t
mcp_count(const json_t *answer, const char *name)
{
    return json_array_size(json_object_get(answer, name));
}

const json_t *
mcp_at(const json_t *answer, const char *name, size_t i)
{
    return json_array_get(json_object_get(answer, name), i);
}
