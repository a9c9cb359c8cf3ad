/* SPDX-License-Identifier: MIT */
/*
 * From options to the library: the one place where a name on the command line
 * meets a member of its structs.
 */
#include "parts.h"

#include "console.h"
#include "flaky.h"
#include "header_file.h"
#include "snapshot.h"

#include <collector/error.h>
#include <collector/version.h>
#include <string.h>

/* What somebody could do about a store that does not open. */
static const char *
advice_for(int rc, const struct config *config)
{
    switch ((enum collector_error)rc) {
    case COLLECTOR_ERR_CORRUPT:
        if (config->on_damage == COLLECTOR_DAMAGE_QUARANTINE)
            return ": move it away, and start again";
        return ": start with -on-damage quarantine to move it aside, salvage "
               "what it holds, and go on";
    case COLLECTOR_ERR_LOCKED:
        return ": stop that one first, or choose another -db";
    case COLLECTOR_ERR_BUSY:
        return ": another program holds a lock on it, end that one first";
    case COLLECTOR_ERR_FOREIGN:
        return ": choose another -db, it was not touched";
    case COLLECTOR_ERR_NEWER:
        return ": start the newer collectord, it was not touched";
    case COLLECTOR_ERR_NOSPACE:
        return ": make some room first";
    case COLLECTOR_ERR_IO:
        return ": see the line above";
    case COLLECTOR_OK:
    case COLLECTOR_ERR_INVALID:
    case COLLECTOR_ERR_TOO_BIG:
    case COLLECTOR_ERR_FULL:
    case COLLECTOR_ERR_NOMEM:
    case COLLECTOR_ERR_CANCELLED:
    case COLLECTOR_ERR_UNSUPPORTED:
    case COLLECTOR_ERR_CONFLICT:
    case COLLECTOR_ERR_EXISTS:
    case COLLECTOR_ERR_FORK:
    case COLLECTOR_ERR_TIMEOUT:
        break; /* nothing, or an open never returns it */
    }
    return "";
}

static void
set_store_options(const struct config *config,
                  struct collector_store_options *options)
{
    collector_store_options_init(options);
    options->path = config->db;
    options->mode = (enum collector_write_mode)config->mode;
    options->durability = (enum collector_durability)config->durability;
    options->indexed = config->indexed;
    options->connection_count_max = config->max_conns;
    options->backlog_max = config->max_backlog;
    options->size_max = config->max_size;
    options->overflow = (enum collector_overflow)config->overflow;
    options->on_damage = (enum collector_damage)config->on_damage;
    options->retain_ms = config->retain_ms;
    options->dead_letter_max = config->max_dead_letters;
    options->idempotency_retain_ms = config->idempotency_retain_ms;
    options->idempotency_max = config->idempotency_max;
    options->log = console_forward;
}

int
parts_open_store(const struct config *config,
                 struct collector_store **ret_store)
{
    struct collector_store_options options;
    int rc;

    set_store_options(config, &options);
    rc = collector_store_open(&options, ret_store);
    if (rc != COLLECTOR_OK)
        console_log(COLLECTOR_LOG_ERROR, "can't open %s: %s%s", config->db,
                    collector_error_text(rc), advice_for(rc, config));
    else
        snapshot_remove_stale(config->db);
    return rc;
}

int
parts_change_store(const struct config *config, struct collector_store *store)
{
    struct collector_store_options options;

    set_store_options(config, &options);
    return collector_store_reconfigure(store, &options);
}

static const char *
proxy_of(const struct config *config)
{
    if (strcmp(config->webhook_proxy, "env") == 0)
        return NULL;
    return strcmp(config->webhook_proxy, "off") == 0 ? ""
                                                     : config->webhook_proxy;
}

static void
set_webhook_options(const struct config *config,
                    const struct header_file *headers,
                    struct collector_webhook_options *options)
{
    collector_webhook_options_init(options);
    options->url = config->webhook_url;
    options->timeout_ms = config->webhook_timeout_ms;
    options->connect_timeout_ms = config->webhook_connect_timeout_ms;
    options->low_speed_size = (uint32_t)config->webhook_low_speed;
    options->low_speed_ms = config->webhook_low_speed_ms;
    options->headers = (const char *const *)headers->headers;
    options->header_count = headers->count;
    options->bearer_token_file = config->webhook_bearer_token_file;
    options->ca_file = config->webhook_ca_file;
    options->certificate_file = config->webhook_certificate_file;
    options->key_file = config->webhook_key_file;
    options->proxy = proxy_of(config);
    options->gzip = config->webhook_gzip;
    options->user_agent = config->webhook_user_agent != NULL
                              ? config->webhook_user_agent
                              : "collectord/" COLLECTOR_VERSION;
    options->log = console_forward;
}

/* Say where the mistake is: in the file of headers, or anywhere else. */
static void
say_fault(const struct config *config, const struct header_file *headers,
          const struct collector_problem *fault, struct problem *ret_problem)
{
    if (fault->index >= 0 && (size_t)fault->index < headers->count)
        (void)problem_say(ret_problem, "%.200s:%u: %s",
                          config->webhook_header_file,
                          headers->lines[fault->index], fault->text);
    else
        (void)problem_say(ret_problem, "-sink \"webhook\": %s", fault->text);
}

static int
new_webhook(const struct config *config, struct collector_sink **ret_sink,
            struct problem *ret_problem)
{
    struct header_file headers = {.count = 0};
    struct collector_webhook_options options;
    struct collector_problem fault;
    int rc = COLLECTOR_OK;

    if (config->webhook_header_file != NULL &&
        header_file_read(config->webhook_header_file, &headers, ret_problem) <
            0) {
        rc = COLLECTOR_ERR_INVALID;
        goto out;
    }
    set_webhook_options(config, &headers, &options);
    rc = collector_webhook_options_check(&options, &fault);
    if (rc == COLLECTOR_OK)
        rc = collector_sink_webhook_new(&options, ret_sink);
    else
        say_fault(config, &headers, &fault, ret_problem);
out:
    header_file_clear(&headers);
    return rc;
}

static int
make_sink(const struct config *config, struct collector_sink **ret_sink,
          struct problem *ret_problem)
{
    switch ((enum config_sink)config->sink) {
    case CONFIG_SINK_LOG:
        return collector_sink_log_new(console_forward, NULL, ret_sink);
    case CONFIG_SINK_FILE:
        return collector_sink_file_new(config->file_path, ret_sink);
    case CONFIG_SINK_WEBHOOK:
        return new_webhook(config, ret_sink, ret_problem);
    }
    return COLLECTOR_ERR_INVALID;
}

int
parts_new_sink(const struct config *config, struct collector_sink **ret_sink,
               struct problem *ret_problem)
{
    struct collector_sink *sink = NULL;
    struct collector_sink *flaky;
    int rc;

    ret_problem->text[0] = '\0';
    rc = make_sink(config, &sink, ret_problem);

    if (rc == COLLECTOR_OK && config->flaky_every > 0) {
        rc = flaky_new(sink, config->flaky_every, &flaky);
        if (rc == COLLECTOR_OK)
            sink = flaky; /* which owns the other one now */
    }
    if (rc == COLLECTOR_OK) {
        *ret_sink = sink;
        return rc;
    }
    collector_sink_free(sink);
    if (ret_problem->text[0] == '\0')
        (void)problem_say(ret_problem, "can't make the sink: %s",
                          collector_error_text(rc));
    return rc;
}

static void
set_uploader_options(const struct config *config,
                     struct collector_uploader_options *options)
{
    collector_uploader_options_init(options);
    options->interval_ms = config->upload_interval_ms;
    options->batch_count_max = config->upload_batch;
    options->batch_bytes_max = config->upload_batch_size > 0
                                   ? (size_t)config->upload_batch_size
                                   : COLLECTOR_BATCH_BYTES_MAX;
    options->event_rate_max = config->upload_rate_events;
    options->byte_rate_max = config->upload_rate_bytes;
    options->log = console_forward;
}

int
parts_start_uploader(const struct config *config, struct collector_store *store,
                     struct collector_sink *sink,
                     struct collector_uploader **ret_uploader)
{
    struct collector_uploader_options options;
    struct collector_uploader *uploader = NULL;
    int rc;

    set_uploader_options(config, &options);
    rc = collector_uploader_new(store, sink, &options, &uploader);
    if (rc == COLLECTOR_OK)
        rc = collector_uploader_start(uploader);
    if (rc == COLLECTOR_OK) {
        *ret_uploader = uploader;
        return rc;
    }
    collector_uploader_free(uploader);
    console_log(COLLECTOR_LOG_ERROR, "can't start the uploader: %s",
                collector_error_text(rc));
    return rc;
}

int
parts_change_uploader(const struct config *config, struct collector_sink *sink,
                      struct collector_uploader *uploader)
{
    struct collector_uploader_options options;

    set_uploader_options(config, &options);
    return collector_uploader_reconfigure(uploader, sink, &options);
}
