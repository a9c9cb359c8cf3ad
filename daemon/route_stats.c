/* SPDX-License-Identifier: MIT */
/* GET /stats: the ledger and all counters, for whoever draws curves of them. */
#include "answer.h"
#include "config.h"
#include "json_text.h"
#include "routes.h"
#include "status.h"

static void
set_number(json_t *object, const char *name, uint64_t number)
{
    /* A member that is missing for want of memory is noticed in the dump. */
    (void)json_object_set_new(object, name, json_integer((json_int_t)number));
}

static json_t *
store_json(const struct collector_store_stats *stats)
{
    json_t *json = json_pack(
        "{s:s, s:s, s:b, s:o, s:s, s:b, s:b}", "mode",
        config_mode_words[stats->mode], "durability",
        config_durability_words[stats->durability], "indexed", stats->indexed,
        "collector_id", json_text(stats->collector_id), "overflow",
        config_overflow_words[stats->overflow], "disk_full", stats->disk_full,
        "salvaging", stats->salvaging);

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
    set_number(json, "file_size", stats->file_size);
    set_number(json, "free_size", stats->free_size);
    set_number(json, "size_max", stats->size_max);
    set_number(json, "full_in_ms", stats->full_in_ms);
    set_number(json, "dead_letters", stats->dead_letter_count);
    set_number(json, "dead_in_a_row", stats->dead_in_a_row);
    set_number(json, "salvaged", stats->salvaged);
    set_number(json, "salvage_lost", stats->salvage_lost);
    set_number(json, "backlog_size", stats->backlog_size);
    set_number(json, "syncs", stats->syncs);
    set_number(json, "written_size", stats->written_size);
    set_number(json, "log_moves", stats->log_moves);
    set_number(json, "pruned", stats->pruned);
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
    json_t *json = json_pack("{s:o, s:b}", "sink", json_text(stats->sink),
                             "healthy", stats->healthy);

    set_number(json, "runs", stats->runs);
    set_number(json, "failures", stats->failures);
    set_number(json, "retries", stats->retries);
    set_number(json, "events", stats->events);
    set_number(json, "failures_in_a_row", stats->failures_in_a_row);
    status_set_error(json, stats);
    (void)json_object_set_new(json, "last_success_at",
                              json_integer(stats->last_success_at));
    set_number(json, "retry_in_ms", stats->retry_in_ms);
    (void)json_object_set_new(json, "failing_since",
                              json_integer(stats->failing_since));
    set_number(json, "in_flight_ms", stats->in_flight_ms);
    set_number(json, "throttled_ms", stats->throttled_ms);
    return json;
}

void
route_stats(struct request *request)
{
    struct status status;

    status_read(request, &status);
    answer_json(request, 200, NULL,
                json_pack("{s:o, s:o, s:o}", "store", store_json(&status.store),
                          "ledger", ledger_json(&status.store), "uploader",
                          uploader_json(&status.uploader)));
}
