/* SPDX-License-Identifier: MIT */
/*
 * Whether all is well: /healthz for whoever can mend the upstream, /livez for
 * whoever would restart this process.
 */
#include "answer.h"
#include "health.h"
#include "json_text.h"
#include "routes.h"
#include "status.h"
#include "utc.h"

static json_t *
oldest_pending_age_ms(const struct collector_store_stats *stats, int64_t now_ms)
{
    uint64_t age_ms;

    if (!status_backlog_age(stats, now_ms, &age_ms))
        return json_null();
    return json_integer((json_int_t)age_ms);
}

static json_t *
full_in_s(const struct collector_store_stats *stats)
{
    if (stats->full_in_ms == 0)
        return json_null();
    return json_integer((json_int_t)(stats->full_in_ms / 1000));
}

static json_t *
uploader_json(const struct collector_uploader_stats *stats)
{
    json_t *json =
        json_pack("{s:b, s:I, s:I, s:o}", "healthy", stats->healthy, "runs",
                  (json_int_t)stats->runs, "failures",
                  (json_int_t)stats->failures, "sink", json_text(stats->sink));

    status_set_error(json, stats);
    return json;
}

void
route_healthz(struct request *request)
{
    const int64_t now_ms = utc_now_ms();
    struct status status;
    struct health health;
    json_t *json;

    status_read(request, &status);
    health_judge(&status, now_ms, &health);
    json = json_pack(
        "{s:b, s:o, s:I, s:b, s:o, s:o, s:b, s:b, s:I, s:o, s:o}", "ok",
        health.ok, "uploader", uploader_json(&status.uploader), "backlog",
        (json_int_t)status.store.pending, "backlog_ok", health.backlog_ok,
        "oldest_pending_age_ms", oldest_pending_age_ms(&status.store, now_ms),
        "full_in_s", full_in_s(&status.store), "disk_full",
        status.store.disk_full, "storage_ok", status.store.storage_ok,
        "wal_pinned_ms", (json_int_t)status.store.wal_pinned_ms, "reasons",
        health.reasons, "warnings", health.warnings);
    answer_json(request, health.ok ? 200 : 503, NULL, json);
}

void
route_livez(struct request *request)
{
    static const char text[] = "{\"ok\":true}\n";

    answer_text(request, 200, NULL, text, sizeof(text) - 1);
}
