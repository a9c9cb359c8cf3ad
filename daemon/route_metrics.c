/* SPDX-License-Identifier: MIT */
/*
 * GET /metrics: all numbers, as Prometheus reads them. All of the ledger is of
 * one moment, so that it adds up in each scrape; and there are as many lines
 * for a collector that is years old as for a new one.
 */
#include "answer.h"
#include "config.h"
#include "exposition.h"
#include "health.h"
#include "routes.h"
#include "status.h"
#include "utc.h"
#include "vitals.h"

#include <collector/version.h>
#include <sqlite3.h>
#include <stdlib.h>

/* Digits behind the point of seconds, when they are counted in these. */
#define MILLISECONDS 3
#define NANOSECONDS 9

static void
add_counter(struct exposition *out, const char *name, uint64_t count,
            const char *help)
{
    exposition_begin(out, EXPOSITION_COUNTER, name, help);
    exposition_sample(out, "", NULL, 0, count, 0);
}

static void
add_gauge(struct exposition *out, const char *name, uint64_t number,
          const char *help)
{
    exposition_begin(out, EXPOSITION_GAUGE, name, help);
    exposition_sample(out, "", NULL, 0, number, 0);
}

static void
add_seconds(struct exposition *out, const char *name, uint64_t ms,
            const char *help)
{
    exposition_begin(out, EXPOSITION_GAUGE, name, help);
    exposition_sample(out, "", NULL, 0, ms, MILLISECONDS);
}

/* The same for what isn't always known: then there is no sample. */
static void
add_seconds_if(struct exposition *out, bool known, const char *name,
               uint64_t ms, const char *help)
{
    exposition_begin(out, EXPOSITION_GAUGE, name, help);
    if (known)
        exposition_sample(out, "", NULL, 0, ms, MILLISECONDS);
}

static void
add_build(struct exposition *out)
{
    const struct exposition_label labels[] = {
        {"version", collector_version()},
        {"sqlite", sqlite3_libversion()},
        {"jansson", jansson_version_str()},
        {"civetweb", mg_version()},
    };

    exposition_begin(out, EXPOSITION_GAUGE, "collectord_build_info",
                     "What runs, and on which libraries. Always 1.");
    exposition_sample(out, "", labels, sizeof(labels) / sizeof(labels[0]), 1,
                      0);
}

static void
add_store_info(struct exposition *out, const struct status *status)
{
    const struct collector_store_stats *store = &status->store;
    const struct exposition_label labels[] = {
        {"collector_id", store->collector_id},
        {"mode", config_mode_words[store->mode]},
        {"durability", config_durability_words[store->durability]},
        {"overflow", config_overflow_words[store->overflow]},
        {"sink", status->uploader.sink},
    };

    exposition_begin(out, EXPOSITION_GAUGE, "collectord_info",
                     "Whose events these are, and how they are kept and sent. "
                     "Always 1.");
    exposition_sample(out, "", labels, sizeof(labels) / sizeof(labels[0]), 1,
                      0);
}

static void
add_ledger(struct exposition *out, const struct collector_store_stats *store)
{
    add_counter(out, "collectord_events_accepted_total", store->accepted,
                "Events ever kept in this file: always those delivered, dead, "
                "dropped and in the backlog together.");
    add_counter(out, "collectord_events_delivered_total", store->delivered,
                "Events that the upstream has confirmed.");
    add_counter(out, "collectord_events_dead_total", store->dead,
                "Events that the upstream refused for good.");
    add_counter(out, "collectord_events_dropped_total", store->dropped,
                "Events that made room for newer ones undelivered.");
}

static void
add_backlog(struct exposition *out, const struct collector_store_stats *store)
{
    uint64_t age_ms = 0;
    const bool known = status_backlog_age(store, utc_now_ms(), &age_ms);

    add_gauge(out, "collectord_backlog_events", store->pending,
              "Events that wait for delivery: the ledger's pending.");
    add_gauge(out, "collectord_backlog_limit_events", store->backlog_max,
              "How many may wait, -max-backlog. 0 is no limit.");
    add_gauge(out, "collectord_backlog_bytes", store->backlog_size,
              "What they take of the file, about: its bytes in use, shared "
              "evenly among all events that are kept.");
    add_seconds_if(out, known, "collectord_backlog_oldest_age_seconds", age_ms,
                   "Age of the oldest of them by its time stamp. Absent while "
                   "its clock or ours was not set.");
    add_seconds_if(out, store->full_in_ms > 0, "collectord_full_in_seconds",
                   store->full_in_ms,
                   "Time until a limit is reached if the last minute goes on. "
                   "Absent when none is coming nearer.");
}

static void
add_commits(struct exposition *out, const struct collector_store_stats *store)
{
    add_counter(out, "collectord_commits_total", store->commits,
                "Transactions committed.");
    add_counter(out, "collectord_commit_failures_total", store->commit_failures,
                "Transactions that failed.");
    add_counter(out, "collectord_commit_conflicts_total",
                store->commit_conflicts,
                "Transactions that lost to another one and were tried again, "
                "in the concurrent mode.");
    add_counter(out, "collectord_syncs_total", store->syncs,
                "Syncs of the database and its log.");
    add_counter(out, "collectord_written_bytes_total", store->written_size,
                "Bytes written to the database and its log.");
    add_counter(out, "collectord_wal_checkpoints_total", store->log_moves,
                "Times that the log was moved to the database, as far as "
                "readers let it.");
    add_counter(out, "collectord_pruned_events_total", store->pruned,
                "Delivered events and dead letters that were deleted for age "
                "or room.");
}

static void
add_file(struct exposition *out, const struct collector_store_stats *store)
{
    add_gauge(out, "collectord_file_bytes", store->file_size,
              "Size of the database and its log together.");
    add_gauge(out, "collectord_file_limit_bytes", store->size_max,
              "How large they may be, -max-size. 0 is no limit.");
    add_gauge(out, "collectord_free_bytes", store->free_size,
              "Room for more events: what is free in the file and, with a "
              "limit, what it may still grow.");
    add_gauge(out, "collectord_wal_bytes", store->wal_size,
              "What of the write-ahead log is in use, about.");
    add_seconds(out, "collectord_wal_held_seconds", store->wal_pinned_ms,
                "For how long a reader has kept the log from shrinking.");
    add_gauge(out, "collectord_devices", store->device_count,
              "Devices ever seen.");
    add_gauge(out, "collectord_dead_letters", store->dead_letter_count,
              "Dead letters that are kept.");
    add_counter(out, "collectord_salvaged_events_total", store->salvaged,
                "Events that were read from damaged files.");
    add_counter(out, "collectord_salvage_lost_events_total",
                store->salvage_lost,
                "Events that were not found in damaged files again, at "
                "least.");
}

static void
add_state(struct exposition *out, const struct status *status)
{
    const int64_t now_ms = utc_now_ms();
    struct health health;

    health_judge(status, now_ms, &health);
    json_decref(health.reasons);
    json_decref(health.warnings);
    add_gauge(out, "collectord_healthy", health.ok,
              "Whether /healthz answers 200.");
    add_gauge(out, "collectord_accepting", health.backlog_ok,
              "Whether there is room for more events.");
    add_gauge(out, "collectord_storage_ok", status->store.storage_ok,
              "Whether the storage works, as of the last commit.");
    add_gauge(out, "collectord_disk_full", status->store.disk_full,
              "Whether events are refused since the disk is full.");
    add_gauge(out, "collectord_salvaging", status->store.salvaging,
              "Whether a damaged file is being read.");
}

static void
add_uploader(struct exposition *out,
             const struct collector_uploader_stats *uploader)
{
    add_counter(out, "collectord_uploader_runs_total", uploader->runs,
                "Batches tried.");
    add_counter(out, "collectord_uploader_failures_total", uploader->failures,
                "Those of them that were not delivered.");
    add_counter(out, "collectord_uploader_retries_total", uploader->retries,
                "Those of them that came after a failure, to try again.");
    add_counter(out, "collectord_uploader_events_total", uploader->events,
                "Events delivered.");
    exposition_begin(out, EXPOSITION_COUNTER,
                     "collectord_uploader_throttled_seconds_total",
                     "How long batches have rested for -upload-rate-events or "
                     "-upload-rate-bytes.");
    exposition_sample(out, "", NULL, 0, uploader->throttled_ms, MILLISECONDS);
    add_gauge(out, "collectord_uploader_failures_in_a_row",
              uploader->failures_in_a_row,
              "Failures since the last success, those of the storage "
              "included.");
    add_seconds_if(out, uploader->last_success_at > 0,
                   "collectord_uploader_last_success_timestamp_seconds",
                   (uint64_t)uploader->last_success_at,
                   "When a batch was last delivered, since 1970. Absent "
                   "before the first.");
    add_seconds(out, "collectord_uploader_backoff_seconds",
                uploader->retry_in_ms,
                "What is left of the rest after a failure.");
    add_seconds(out, "collectord_uploader_in_flight_seconds",
                uploader->in_flight_ms,
                "How long the delivery under way has taken.");
    add_gauge(out, "collectord_uploader_healthy", uploader->healthy,
              "Whether deliveries work, and none hangs.");
}

static void
add_append_latency(struct exposition *out, const struct latency *latency)
{
    uint64_t count = 0;
    size_t i;

    exposition_begin(out, EXPOSITION_HISTOGRAM,
                     "collectord_append_duration_seconds",
                     "How long POST /events took from its whole body to its "
                     "commit, or to the storage's refusal.");
    for (i = 0; i < LATENCY_BUCKET_COUNT; i++) {
        const struct exposition_label bound = {"le", latency_bound(i)};

        count += latency_count(latency, i);
        exposition_sample(out, "_bucket", &bound, 1, count, 0);
    }
    exposition_sample(out, "_sum", NULL, 0, latency_sum_ns(latency),
                      NANOSECONDS);
    exposition_sample(out, "_count", NULL, 0, count, 0);
}

/* What a route has not answered so far isn't shown, but for what is watched: a
 * rate needs something to begin with. */
static void
add_requests(struct exposition *out, const struct traffic *traffic)
{
    struct exposition_label labels[] = {
        {"route", NULL}, {"method", NULL}, {"code", NULL}};
    unsigned route;
    size_t code;

    exposition_begin(out, EXPOSITION_COUNTER, "collectord_http_requests_total",
                     "Requests answered. HEAD counts as GET; \"other\" is what "
                     "no route is for.");
    for (route = 0; routes_name(route, &labels[0].value, &labels[1].value);
         route++) {
        for (code = 0; code < TRAFFIC_CODE_COUNT; code++) {
            const uint64_t count = traffic_count(traffic, route, code);

            labels[2].value = traffic_code(code);
            if (count > 0 || (route > 0 && traffic_is_watched(code)))
                exposition_sample(out, "", labels, 3, count, 0);
        }
    }
}

static void
add_process(struct exposition *out)
{
    struct vitals vitals;

    vitals_read(&vitals);
    exposition_begin(out, EXPOSITION_COUNTER, "process_cpu_seconds_total",
                     "Processor time used.");
    exposition_sample(out, "", NULL, 0, vitals.cpu_ns, NANOSECONDS);
    add_gauge(out, "process_start_time_seconds", vitals.started_at_s,
              "When the process was started, since 1970.");
    add_gauge(out, "process_resident_memory_bytes", vitals.resident_size,
              "Resident memory.");
    add_gauge(out, "process_open_fds", vitals.descriptors,
              "Open file descriptors.");
    add_gauge(out, "process_max_fds", vitals.descriptors_max,
              "How many file descriptors there may be.");
}

void
route_metrics(struct request *request)
{
    struct exposition *out = exposition_new();
    struct status status;
    char *text = NULL;
    size_t size = 0;

    if (out != NULL) {
        status_read(request, &status);
        add_build(out);
        add_store_info(out, &status);
        add_ledger(out, &status.store);
        add_backlog(out, &status.store);
        add_state(out, &status);
        add_commits(out, &status.store);
        add_append_latency(out, request->append_latency);
        add_file(out, &status.store);
        add_uploader(out, &status.uploader);
        add_requests(out, request->traffic);
        add_process(out);
        text = exposition_finish(out, &size);
    }
    if (text != NULL)
        answer_bytes(request, 200, EXPOSITION_TYPE, NULL, text, size);
    else
        answer_json(request, 503, ANSWER_RETRY_AFTER, NULL);
    free(text);
}
