/* SPDX-License-Identifier: MIT */
/*
 * A store, an uploader and an HTTP server tied together. They come up in the
 * order in which they lean on each other, what finds mistakes before what
 * touches a file, and go down in the reverse one.
 */
#include "service.h"

#include "access.h"
#include "console.h"
#include "descriptors.h"
#include "effective.h"
#include "heartbeat.h"
#include "history.h"
#include "http.h"
#include "parts.h"
#include "readers.h"
#include "secret.h"
#include "supervisor.h"
#include "worker.h"

#include <collector/collector.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

/* Connections that wait for a thread, a pool of database connections, and what
 * every process has. */
#define OTHER_DESCRIPTORS 512

/* What a stop may take beside the drain: requests, the snapshot that is broken
 * off, the log's way to the main file. */
#define STOP_MS 30000

struct service {
    struct collector_store *store;
    struct collector_sink *sink;
    struct collector_uploader *uploader;
    struct access *access;
    struct readers *readers;
    struct history *history;
    struct http_server *server;
    struct heartbeat *heartbeat;
};

static void
warn_of_strangers(const struct address *address, bool has_tokens)
{
    if (address->loopback)
        return;
    if (!has_tokens)
        console_log(COLLECTOR_LOG_WARNING,
                    "anybody who reaches %s can send events, and read and "
                    "delete them: there is no -auth-token-file",
                    address->host);
    else
        console_log(COLLECTOR_LOG_WARNING,
                    "tokens and events come to %s in the clear: put a proxy "
                    "that does TLS in front, and listen on 127.0.0.1",
                    address->host);
}

/* Requests hold secrets all over the memory, in both directions: then there is
 * no core file, and nobody but root may look. */
static void
hide_memory(const struct config *config)
{
    if (secret_is_configured(config))
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* a valid request */
}

static int
open_access(struct service *service, const struct config *config)
{
    struct problem problem = {"out of memory"};

    service->access = access_new();
    if (service->access != NULL &&
        access_load(service->access, config->auth_token_file,
                    config->auth_health, NULL, &problem) == 0)
        return 0;
    console_log(COLLECTOR_LOG_ERROR, "%s", problem.text);
    return -1;
}

/* What the server has to show of the store. */
static int
start_views(struct service *service, const struct config *config)
{
    service->readers = readers_new(config->db, config->http_threads);
    service->history = history_new();
    if (service->readers != NULL && service->history != NULL)
        return 0;
    console_log(COLLECTOR_LOG_ERROR, "out of memory");
    return -1;
}

static int
start_server(struct service *service, const struct config *config)
{
    struct http_options options = {
        .address = config->addr,
        .thread_count = config->http_threads,
        .store = service->store,
        .uploader = service->uploader,
        .db = config->db,
        .readers = service->readers,
        .history = service->history,
        .access = service->access,
    };

    if (http_server_start(&options, &service->server) < 0)
        return -1;
    warn_of_strangers(&config->addr, config->auth_token_file != NULL);
    console_log(COLLECTOR_LOG_INFO, "listening on %s:%u", config->addr.host,
                http_server_port(service->server));
    return 0;
}

static int
start_heartbeat(struct service *service, const struct config *config)
{
    struct heartbeat_options options = {
        .store = service->store,
        .uploader = service->uploader,
        .address = config->addr,
    };

    options.address.port = http_server_port(service->server);
    service->heartbeat = heartbeat_new(&options);
    if (service->heartbeat != NULL)
        return 0;
    console_log(COLLECTOR_LOG_ERROR, "out of memory");
    return -1;
}

/* What is kept at most, and what happens then. */
static void
log_limits(const struct config *config)
{
    char events[32] = "any number of";
    char bytes[32] = "any number of";

    if (config->max_backlog > 0)
        (void)snprintf(events, sizeof(events), "%" PRIu32, config->max_backlog);
    if (config->max_size > 0)
        (void)snprintf(bytes, sizeof(bytes), "%" PRIu64, config->max_size);
    console_log(COLLECTOR_LOG_INFO,
                "room for %s events and %s bytes, overflow %s", events, bytes,
                config_overflow_words[config->overflow]);
}

/* Without a descriptor to accept with, CivetWeb would busily try again and
 * again. */
static void
allow_descriptors(uint32_t http_threads)
{
    uint64_t allowed;

    if (!descriptors_allow((uint64_t)http_threads + OTHER_DESCRIPTORS,
                           &allowed))
        console_log(COLLECTOR_LOG_WARNING,
                    "%llu open files are too few for %lu connections",
                    (unsigned long long)allowed, (unsigned long)http_threads);
}

/* What can be known without a file of its own. */
static enum service_result
prepare(struct service *service, const struct config *config)
{
    struct problem problem;
    int rc;

    hide_memory(config);
    if (open_access(service, config) < 0)
        return SERVICE_MISTAKE;
    rc = parts_new_sink(config, &service->sink, &problem);
    if (rc != COLLECTOR_OK)
        console_log(COLLECTOR_LOG_ERROR, "%s", problem.text);
    if (rc == COLLECTOR_ERR_INVALID || rc == COLLECTOR_ERR_UNSUPPORTED)
        return SERVICE_MISTAKE;
    return rc == COLLECTOR_OK ? SERVICE_OK : SERVICE_FAILURE;
}

static enum service_result
start(struct service *service, const struct config *config)
{
    enum service_result result = prepare(service, config);

    if (result != SERVICE_OK)
        return result;
    if (parts_open_store(config, &service->store) != COLLECTOR_OK)
        return SERVICE_FAILURE;
    console_log(COLLECTOR_LOG_INFO, "store %s, mode %s, sink %s", config->db,
                config_mode_words[config->mode],
                collector_sink_name(service->sink));
    log_limits(config);
    if (parts_start_uploader(config, service->store, service->sink,
                             &service->uploader) != COLLECTOR_OK ||
        start_views(service, config) < 0 || start_server(service, config) < 0 ||
        start_heartbeat(service, config) < 0)
        return SERVICE_FAILURE;
    return SERVICE_OK;
}

/* A secret in it is not shown. */
static void
log_change(const struct option *option, const struct config *before,
           const struct config *after)
{
    json_t *old = effective_value(option, before);
    json_t *new = effective_value(option, after);
    char *old_text = json_dumps(old, JSON_ENCODE_ANY);
    char *new_text = json_dumps(new, JSON_ENCODE_ANY);

    console_log(option->fixed ? COLLECTOR_LOG_WARNING : COLLECTOR_LOG_INFO,
                option->fixed ? "-%s is still %s: %s takes a restart"
                              : "-%s was %s, and is %s",
                option->name, old_text != NULL ? old_text : "not set",
                new_text != NULL ? new_text : "not set");
    free(old_text);
    free(new_text);
    json_decref(old);
    json_decref(new);
}

static void
log_changes(const struct config *before, const struct config *after)
{
    const struct option *option;
    size_t i;

    for (i = 0; (option = option_at(i)) != NULL; i++) {
        if (!effective_is_same(option, before, after))
            log_change(option, before, after);
    }
}

/* Everything that can fail comes before the first change. */
static int
change(struct service *service, const struct config *config,
       bool *ret_tokens_changed, struct problem *ret_problem)
{
    struct collector_sink *sink = NULL;

    if (parts_new_sink(config, &sink, ret_problem) != COLLECTOR_OK)
        return -1;
    if (access_load(service->access, config->auth_token_file,
                    config->auth_health, ret_tokens_changed, ret_problem) < 0) {
        collector_sink_free(sink);
        return -1;
    }
    /* Their options were checked: neither can fail. */
    (void)parts_change_store(config, service->store);
    (void)parts_change_uploader(config, sink, service->uploader);
    collector_sink_free(service->sink);
    service->sink = sink;
    return 0;
}

int
service_reload(struct service *service, const struct config *before,
               const struct config *config)
{
    struct problem problem;
    bool tokens_changed = false;

    hide_memory(config);
    if (change(service, config, &tokens_changed, &problem) < 0) {
        console_log(COLLECTOR_LOG_ERROR, "nothing was reloaded: %s",
                    problem.text);
        return -1;
    }
    log_changes(before, config);
    if (tokens_changed)
        console_log(COLLECTOR_LOG_INFO,
                    "there are %zu tokens now, others than "
                    "before",
                    access_token_count(service->access));
    console_log(COLLECTOR_LOG_INFO, "reloaded");
    if (!effective_is_same(option_find("auth-token-file", 15), before, config))
        warn_of_strangers(&before->addr, config->auth_token_file != NULL);
    return 0;
}

enum service_result
service_check(const struct config *config)
{
    struct service service = {.store = NULL};
    const enum service_result result = prepare(&service, config);

    collector_sink_free(service.sink);
    access_free(service.access);
    return result;
}

enum service_result
service_start(const struct config *config, struct service **ret_service)
{
    struct service *service = calloc(1, sizeof(*service));
    enum service_result result;

    if (service == NULL) {
        console_log(COLLECTOR_LOG_ERROR, "out of memory");
        return SERVICE_FAILURE;
    }
    console_log(COLLECTOR_LOG_INFO, "collectord %s", collector_version());
    allow_descriptors(config->http_threads);
    result = start(service, config);
    if (result != SERVICE_OK) {
        service_free(service);
        return result;
    }
    supervisor_tell("READY=1");
    *ret_service = service;
    return result;
}

int
service_watch(struct service *service)
{
    const int server_ms = http_server_watch(service->server);
    const int heartbeat_ms = heartbeat_step(service->heartbeat);
    const int history_ms = history_step(service->history, service->store);
    const int step_ms = heartbeat_ms < server_ms ? heartbeat_ms : server_ms;

    return history_ms < step_ms ? history_ms : step_ms;
}

void
service_stop(struct service *service, uint32_t drain_ms)
{
    struct collector_store_stats stats = {.size = sizeof(stats)};

    console_log(COLLECTOR_LOG_INFO, "stopping");
    supervisor_tell("STOPPING=1\nSTATUS=Delivering what is left\n"
                    "EXTEND_TIMEOUT_USEC=%" PRIu64,
                    (drain_ms + STOP_MS) * UINT64_C(1000));
    http_server_stop(service->server);
    service->server = NULL;
    (void)collector_uploader_stop(service->uploader, drain_ms); /* can't fail */
    collector_store_stats(service->store, &stats);
    console_log(COLLECTOR_LOG_INFO, "stopped, %llu events pending",
                (unsigned long long)stats.pending);
}

void
service_free(struct service *service)
{
    if (service == NULL)
        return;
    heartbeat_free(service->heartbeat);
    http_server_stop(service->server);
    history_free(service->history);
    readers_free(service->readers);
    collector_uploader_free(service->uploader);
    collector_sink_free(service->sink);
    collector_store_free(service->store);
    access_free(service->access);
    free(service);
}
