/* SPDX-License-Identifier: MIT */
/*
 * What the daemon says about itself. Asking changes nothing, waits for nothing,
 * and costs the same however many events there are.
 */
#include "answer.h"
#include "config.h"
#include "routes.h"

#include <time.h>

struct status {
    struct collector_store_stats store;
    struct collector_uploader_stats uploader;
};

static void
read_status(const struct request *request, struct status *ret_status)
{
    ret_status->store.size = sizeof(ret_status->store);
    ret_status->uploader.size = sizeof(ret_status->uploader);
    collector_store_stats(request->store, &ret_status->store);
    collector_uploader_stats(request->uploader, &ret_status->uploader);
}

static void
set_number(json_t *object, const char *name, uint64_t number)
{
    /* A member that is missing for want of memory is noticed in the dump. */
    (void)json_object_set_new(object, name, json_integer((json_int_t)number));
}

static void
set_error(json_t *object, const char *last_error)
{
    if (last_error[0] != '\0')
        (void)json_object_set_new(object, "last_error",
                                  answer_string(last_error));
}

static bool
backlog_ok(const struct collector_store_stats *stats)
{
    return stats->backlog_max == 0 || stats->pending < stats->backlog_max;
}

/* Against the wall clock, since that is what stamped the event. */
static uint64_t
oldest_pending_age_ms(const struct collector_store_stats *stats)
{
    struct timespec now;
    int64_t now_ms;

    if (stats->pending == 0 || stats->oldest_pending_ts == 0)
        return 0;
    (void)clock_gettime(CLOCK_REALTIME, &now); /* can't fail on Linux */
    now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    if (stats->oldest_pending_ts >= now_ms)
        return 0; /* a device's clock is ahead of ours */
    return (uint64_t)now_ms - (uint64_t)stats->oldest_pending_ts;
}

static json_t *
reasons_json(const struct status *status)
{
    json_t *reasons = json_array();

    if (!status->uploader.healthy)
        (void)json_array_append_new(
            reasons, json_string("events are not being delivered"));
    if (!backlog_ok(&status->store))
        (void)json_array_append_new(reasons, json_string("the buffer is full"));
    if (!status->store.storage_ok)
        (void)json_array_append_new(reasons,
                                    json_string("the storage is failing"));
    return reasons;
}

static json_t *
health_uploader_json(const struct collector_uploader_stats *stats)
{
    json_t *json = json_pack("{s:b, s:I, s:I, s:o}", "healthy", stats->healthy,
                             "runs", (json_int_t)stats->runs, "failures",
                             (json_int_t)stats->failures, "sink",
                             answer_string(stats->sink));

    set_error(json, stats->last_error);
    return json;
}

void
route_healthz(struct request *request)
{
    struct status status;
    json_t *json;
    bool ok;

    read_status(request, &status);
    ok = status.uploader.healthy && backlog_ok(&status.store) &&
         status.store.storage_ok;
    json = json_pack("{s:b, s:o, s:I, s:b, s:I, s:b, s:I, s:o}", "ok", ok,
                     "uploader", health_uploader_json(&status.uploader),
                     "backlog", (json_int_t)status.store.pending, "backlog_ok",
                     backlog_ok(&status.store), "oldest_pending_age_ms",
                     (json_int_t)oldest_pending_age_ms(&status.store),
                     "storage_ok", status.store.storage_ok, "wal_pinned_ms",
                     (json_int_t)status.store.wal_pinned_ms, "reasons",
                     reasons_json(&status));
    answer_json(request, ok ? 200 : 503, NULL, json);
}

void
route_livez(struct request *request)
{
    static const char text[] = "{\"ok\":true}\n";

    answer_text(request, 200, NULL, text, sizeof(text) - 1);
}

static json_t *
store_json(const struct collector_store_stats *stats)
{
    json_t *json = json_pack(
        "{s:s, s:s, s:b, s:o}", "mode", config_mode_words[stats->mode],
        "durability", config_durability_words[stats->durability], "indexed",
        stats->indexed, "collector_id", answer_string(stats->collector_id));

    set_number(json, "events_written", stats->accepted);
    set_number(json, "events_uploaded", stats->delivered);
    set_number(json, "backlog", stats->pending);
    set_number(json, "backlog_max", stats->backlog_max);
    set_number(json, "commits", stats->commits);
    set_number(json, "commit_failures", stats->commit_failures);
    set_number(json, "commit_conflicts", stats->commit_conflicts);
    set_number(json, "devices_seen", stats->device_count);
    set_number(json, "wal_size", stats->wal_size);
    set_number(json, "wal_pinned_ms", stats->wal_pinned_ms);
    return json;
}

static json_t *
ledger_json(const struct collector_store_stats *stats)
{
    json_t *json = json_object();

    set_number(json, "accepted", stats->accepted);
    set_number(json, "delivered", stats->delivered);
    set_number(json, "dead", stats->dead);
    set_number(json, "dropped", stats->dropped);
    set_number(json, "pending", stats->pending);
    return json;
}

static json_t *
uploader_json(const struct collector_uploader_stats *stats)
{
    json_t *json = json_pack("{s:o, s:b}", "sink", answer_string(stats->sink),
                             "healthy", stats->healthy);

    set_number(json, "runs", stats->runs);
    set_number(json, "failures", stats->failures);
    set_number(json, "events", stats->events);
    set_number(json, "failures_in_a_row", stats->failures_in_a_row);
    set_error(json, stats->last_error);
    (void)json_object_set_new(json, "last_success_at",
                              json_integer(stats->last_success_at));
    set_number(json, "retry_in_ms", stats->retry_in_ms);
    return json;
}

void
route_stats(struct request *request)
{
    struct status status;

    read_status(request, &status);
    answer_json(request, 200, NULL,
                json_pack("{s:o, s:o, s:o}", "store", store_json(&status.store),
                          "ledger", ledger_json(&status.store), "uploader",
                          uploader_json(&status.uploader)));
}
