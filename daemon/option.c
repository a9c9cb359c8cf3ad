/* SPDX-License-Identifier: MIT */
/*
 * The table of options. Parsing, the config file, the defaults and the help all
 * read it, so none of them can say anything else than the others.
 */
#include "option.h"

#include <collector/store.h>
#include <collector/uploader.h>
#include <stdlib.h>
#include <string.h>

/* Of a text that is quoted. */
#define QUOTED_SIZE_MAX (OPTION_QUOTED_SIZE - 8)

const char *const config_mode_words[] = {"group", "serialized", "concurrent",
                                         NULL};
const char *const config_durability_words[] = {"full", "normal", NULL};

const char *const config_overflow_words[] = {"reject", "drop-oldest", NULL};

/* In the order of enum collector_damage. */
static const char *const damage_words[] = {"refuse", "quarantine", NULL};

/* In the order of enum config_sink. */
static const char *const sink_words[] = {"log", "file", "webhook", NULL};

/* In the order of enum console_format. */
static const char *const format_words[] = {"text", "journald", "json", NULL};

static const struct option options[] = {
    {"db", "FILE", "events.sqlite", "the database; it is created when absent",
     OPTION_TEXT, .offset = offsetof(struct config, db), .fixed = true},
    {"addr", "[HOST]:PORT", ":8080", "where to listen; port 0 picks a free one",
     OPTION_ADDRESS, .offset = offsetof(struct config, addr), .fixed = true},
    {"http-threads", "N", "256", "connections that are served at a time",
     OPTION_NUMBER, .offset = offsetof(struct config, http_threads), .min = 1,
     .max = CONFIG_HTTP_THREADS_MAX, .fixed = true},
    {"auth-token-file", "FILE", NULL,
     "who may do what: lines of ingest, read or admin, and a bearer token",
     OPTION_TEXT, .offset = offsetof(struct config, auth_token_file)},
    {"auth-health", "", "false", "ask for a token at /healthz and /livez too",
     OPTION_SWITCH, .offset = offsetof(struct config, auth_health)},
    {"mode", "group|serialized|concurrent", "group",
     "how appends become transactions", OPTION_WORD,
     .offset = offsetof(struct config, mode), .words = config_mode_words,
     .fixed = true},
    {"durability", "full|normal", "full",
     "normal may lose the last moments on a power cut", OPTION_WORD,
     .offset = offsetof(struct config, durability),
     .words = config_durability_words, .fixed = true},
    {"indexed", "", "false", "keep an index on device_id", OPTION_SWITCH,
     .offset = offsetof(struct config, indexed), .fixed = true},
    {"max-conns", "N", "8", "database connections of the concurrent mode",
     OPTION_NUMBER, .offset = offsetof(struct config, max_conns), .min = 1,
     .max = COLLECTOR_CONNECTIONS_MAX, .fixed = true},
    {"max-backlog", "N", "50000",
     "undelivered events, beyond which more are refused; 0 is no limit",
     OPTION_NUMBER, .offset = offsetof(struct config, max_backlog),
     .max = CONFIG_MAX_BACKLOG_MAX},
    {"max-size", "SIZE", "1GiB",
     "bytes of the database and its log; 0 is no limit", OPTION_SIZE,
     .offset = offsetof(struct config, max_size),
     .min = COLLECTOR_STORE_SIZE_MIN, .max = CONFIG_MAX_SIZE_MAX},
    {"overflow", "reject|drop-oldest", "reject",
     "at -max-backlog or -max-size: refuse events, or drop the oldest",
     OPTION_WORD, .offset = offsetof(struct config, overflow),
     .words = config_overflow_words},
    {"retain", "DURATION", "168h", "keep delivered events that long",
     OPTION_AGE, .offset = offsetof(struct config, retain_ms),
     .max = CONFIG_RETAIN_MS_MAX},
    {"on-damage", "refuse|quarantine", "refuse",
     "a damaged file: do not start, or move it aside and go on", OPTION_WORD,
     .offset = offsetof(struct config, on_damage), .words = damage_words,
     .fixed = true},
    {"max-dead-letters", "N", "10000",
     "dead letters that are kept, the latest; 0 is no limit", OPTION_NUMBER,
     .offset = offsetof(struct config, max_dead_letters),
     .max = CONFIG_KEPT_COUNT_MAX},
    {"idempotency-retain", "DURATION", "24h",
     "remember idempotency keys that long", OPTION_AGE,
     .offset = offsetof(struct config, idempotency_retain_ms),
     .min = CONFIG_IDEMPOTENCY_RETAIN_MS_MIN, .max = CONFIG_RETAIN_MS_MAX},
    {"idempotency-max", "N", "100000",
     "idempotency keys that are remembered, the latest; 0 is no limit",
     OPTION_NUMBER, .offset = offsetof(struct config, idempotency_max),
     .max = CONFIG_KEPT_COUNT_MAX},
    {"upload-interval", "DURATION", "1s", "rest when the backlog is empty",
     OPTION_DURATION, .offset = offsetof(struct config, upload_interval_ms),
     .min = 1, .max = CONFIG_UPLOAD_INTERVAL_MS_MAX},
    {"upload-batch", "N", "1000", "events in a batch at most", OPTION_NUMBER,
     .offset = offsetof(struct config, upload_batch), .min = 1,
     .max = CONFIG_UPLOAD_BATCH_MAX},
    {"upload-batch-size", "SIZE", "1MiB",
     "bytes of JSON in a batch, about; 0 is the most, 16 MiB", OPTION_SIZE,
     .offset = offsetof(struct config, upload_batch_size), .min = 1,
     .max = COLLECTOR_BATCH_BYTES_MAX},
    {"upload-rate-bytes", "SIZE", "0",
     "bytes of JSON a second at most; 0 is no limit", OPTION_SIZE,
     .offset = offsetof(struct config, upload_rate_bytes), .min = 1,
     .max = COLLECTOR_RATE_MAX},
    {"upload-rate-events", "N", "0", "events a second at most; 0 is no limit",
     OPTION_NUMBER, .offset = offsetof(struct config, upload_rate_events),
     .max = CONFIG_UPLOAD_RATE_EVENTS_MAX},
    {"sink", "log|file|webhook", "log", "where events go", OPTION_WORD,
     .offset = offsetof(struct config, sink), .words = sink_words},
    {"file-path", "FILE", NULL, "the file of -sink file; - is standard output",
     OPTION_TEXT, .offset = offsetof(struct config, file_path)},
    {"webhook-url", "URL", NULL, "where -sink webhook sends batches to",
     OPTION_URL, .offset = offsetof(struct config, webhook_url)},
    {"webhook-timeout", "DURATION", "30s",
     "time for one request of the webhook", OPTION_DURATION,
     .offset = offsetof(struct config, webhook_timeout_ms), .min = 1,
     .max = CONFIG_WEBHOOK_TIMEOUT_MS_MAX},
    {"webhook-connect-timeout", "DURATION", "10s",
     "of that, time to connect, TLS included", OPTION_DURATION,
     .offset = offsetof(struct config, webhook_connect_timeout_ms), .min = 1,
     .max = CONFIG_WEBHOOK_TIMEOUT_MS_MAX},
    {"webhook-low-speed", "SIZE", "0",
     "break off what moves fewer bytes a second than that; 0 is never",
     OPTION_SIZE, .offset = offsetof(struct config, webhook_low_speed),
     .min = 1, .max = CONFIG_WEBHOOK_LOW_SPEED_MAX},
    {"webhook-low-speed-time", "DURATION", "10s",
     "for how long it may, in whole seconds", OPTION_DURATION,
     .offset = offsetof(struct config, webhook_low_speed_ms), .min = 1,
     .max = CONFIG_WEBHOOK_TIMEOUT_MS_MAX},
    {"webhook-bearer-token-file", "FILE", NULL,
     "its first line is sent as bearer token, read anew for each request",
     OPTION_TEXT, .offset = offsetof(struct config, webhook_bearer_token_file)},
    {"webhook-header-file", "FILE", NULL, "more headers: lines of Name: value",
     OPTION_TEXT, .offset = offsetof(struct config, webhook_header_file)},
    {"webhook-ca-file", "FILE", NULL,
     "whom to trust, in PEM, instead of the system's list", OPTION_TEXT,
     .offset = offsetof(struct config, webhook_ca_file)},
    {"webhook-certificate-file", "FILE", NULL,
     "the client's certificate, in PEM", OPTION_TEXT,
     .offset = offsetof(struct config, webhook_certificate_file)},
    {"webhook-key-file", "FILE", NULL,
     "its key, in PEM, unless it is in the same file", OPTION_TEXT,
     .offset = offsetof(struct config, webhook_key_file)},
    {"webhook-proxy", "env|off|URL", "env",
     "the proxy to go through; env: as https_proxy and no_proxy say",
     OPTION_PROXY, .offset = offsetof(struct config, webhook_proxy)},
    {"webhook-gzip", "", "false", "compress what the webhook sends",
     OPTION_SWITCH, .offset = offsetof(struct config, webhook_gzip)},
    {"webhook-user-agent", "TEXT", NULL,
     "how the webhook names itself, instead of collectord/VERSION", OPTION_TEXT,
     .offset = offsetof(struct config, webhook_user_agent)},
    {"flaky-every", "N", "0",
     "make every Nth delivery fail, for trying things out; 0 is never",
     OPTION_NUMBER, .offset = offsetof(struct config, flaky_every),
     .max = CONFIG_FLAKY_EVERY_MAX},
    {"drain-timeout", "DURATION", "10s",
     "time to deliver the backlog at shutdown", OPTION_DURATION,
     .offset = offsetof(struct config, drain_timeout_ms),
     .max = CONFIG_DRAIN_TIMEOUT_MS_MAX},
    {"log-format", "text|journald|json", "text",
     "journald: with the priority that the journal reads", OPTION_WORD,
     .offset = offsetof(struct config, log_format), .words = format_words,
     .fixed = true},
    {"config", "FILE", NULL,
     "a JSON object with these names; read first, flags win", OPTION_CONFIG,
     .offset = 0},
    {"check-config", NULL, NULL,
     "print the configuration, with secrets hidden, and end", OPTION_CHECK,
     .offset = 0},
    {"version", NULL, NULL, "print the version", OPTION_VERSION, .offset = 0},
    {"help", NULL, NULL, "print this text", OPTION_HELP, .offset = 0},
};

#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

const struct option *
option_at(size_t i)
{
    return i < OPTION_COUNT ? &options[i] : NULL;
}

const struct option *
option_find(const char *name, size_t name_size)
{
    size_t i;

    for (i = 0; i < OPTION_COUNT; i++) {
        if (strlen(options[i].name) == name_size &&
            memcmp(options[i].name, name, name_size) == 0)
            return &options[i];
    }
    return NULL;
}

bool
option_may_show(const char *text)
{
    return strchr(text, '@') == NULL && strstr(text, "://") == NULL;
}

void
option_quote(const char *text, char *ret_quoted, size_t size)
{
    if (!option_may_show(text))
        (void)snprintf(ret_quoted, size, "(not shown)");
    else if (strlen(text) > QUOTED_SIZE_MAX)
        (void)snprintf(ret_quoted, size, "\"%.*s...\"", QUOTED_SIZE_MAX, text);
    else
        (void)snprintf(ret_quoted, size, "\"%s\"", text);
}

int
option_set_defaults(struct config *config, struct problem *ret_problem)
{
    size_t i;

    for (i = 0; i < OPTION_COUNT; i++) {
        if (options[i].value != NULL &&
            option_set(&options[i], options[i].name, options[i].value, config,
                       ret_problem) < 0)
            return -1;
    }
    return 0;
}

static size_t
size_of_member(enum option_kind kind)
{
    switch (kind) {
    case OPTION_TEXT:
    case OPTION_URL:
    case OPTION_PROXY:
        return sizeof(char *);
    case OPTION_ADDRESS:
        return sizeof(struct address);
    case OPTION_WORD:
    case OPTION_NUMBER:
    case OPTION_DURATION:
        return sizeof(uint32_t);
    case OPTION_AGE:
    case OPTION_SIZE:
        return sizeof(uint64_t);
    case OPTION_SWITCH:
        return sizeof(bool);
    case OPTION_CONFIG:
    case OPTION_CHECK:
    case OPTION_VERSION:
    case OPTION_HELP:
        break;
    }
    return 0; /* these are not kept */
}

bool
option_is_text(const struct option *option)
{
    return option->kind == OPTION_TEXT || option->kind == OPTION_URL ||
           option->kind == OPTION_PROXY;
}

void
option_swap(const struct option *option, struct config *a, struct config *b)
{
    const size_t size = size_of_member(option->kind);
    char *left = (char *)a + option->offset;
    char *right = (char *)b + option->offset;
    size_t i;

    for (i = 0; i < size; i++) {
        const char byte = left[i];

        left[i] = right[i];
        right[i] = byte;
    }
}

void
option_release(struct config *config)
{
    size_t i;

    for (i = 0; i < OPTION_COUNT; i++) {
        char **text = (char **)((char *)config + options[i].offset);

        if (!option_is_text(&options[i]))
            continue;
        free(*text);
        *text = NULL;
    }
}

void
option_print_help(FILE *stream)
{
    size_t i;

    (void)fprintf(stream, "usage: collectord [options]\n\n"
                          "Keeps the events that are POSTed to /events in one "
                          "SQLite file, and delivers\nthem to a sink.\n\n");
    for (i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &options[i];

        (void)fprintf(
            stream, "  -%s%s%s\n        %s", option->name,
            option->argument != NULL && option->argument[0] ? " " : "",
            option->argument != NULL ? option->argument : "", option->help);
        if (option->value != NULL)
            (void)fprintf(stream, " (default %s)", option->value);
        (void)fputc('\n', stream);
    }
    (void)fprintf(stream,
                  "\nAlso as --name value, -name=value and --name=value. A "
                  "DURATION is 500ms, 1s,\n24h or 7d, a SIZE 64MiB or 1GiB. "
                  "A switch, such as -indexed, may have true or\nfalse. The "
                  "exit status is 0, 1 on failure, 2 for a mistake in the "
                  "options or in\nthe file. See collectord(8).\n");
}
