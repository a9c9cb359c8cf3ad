/* SPDX-License-Identifier: MIT */
/*
 * The table of options. Parsing, the config file, the defaults and the help all
 * read it, so none of them can say anything else than the others.
 */
#include "option.h"

#include "quantity.h"

#include <collector/store.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Longer values are cut in a problem, which has to stay one line. */
#define QUOTED_SIZE_MAX 100

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

__attribute__((format(printf, 4, 5))) static int
refuse(const char *where, const char *text, struct problem *ret_problem,
       const char *format, ...)
{
    char quoted[QUOTED_SIZE_MAX + 8];
    char expected[256];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(expected, sizeof(expected), format, arguments);
    va_end(arguments);
    option_quote(text, quoted, sizeof(quoted));
    return problem_say(ret_problem, "%s %s: expected %s", where, quoted,
                       expected);
}

static int
set_text(const char *where, const char *text, char **member,
         struct problem *ret_problem)
{
    char *copy;

    if (text[0] == '\0')
        return refuse(where, text, ret_problem, "a text that is not empty");
    copy = strdup(text);
    if (copy == NULL)
        return refuse(where, text, ret_problem, "memory for a copy");
    free(*member);
    *member = copy;
    return 0;
}

static bool
is_url(const char *text)
{
    const char *host;

    if (strncasecmp(text, "http://", 7) == 0)
        host = text + 7;
    else if (strncasecmp(text, "https://", 8) == 0)
        host = text + 8;
    else
        return false;
    if (*host == '\0' || strchr("/?#", *host) != NULL)
        return false;
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text <= ' ' || *text == 0x7f)
            return false;
    }
    return true;
}

static int
set_url(const char *where, const char *text, char **member,
        struct problem *ret_problem)
{
    if (!is_url(text)) {
        /* Not even a broken one is shown: it may hold a password. */
        return problem_say(ret_problem,
                           "%s: expected a URL, http://HOST or https://HOST",
                           where);
    }
    return set_text(where, text, member, ret_problem);
}

static int
set_address(const char *where, const char *text, struct address *member,
            struct problem *ret_problem)
{
    const char *problem = address_parse(text, member);

    if (problem == NULL)
        return 0;
    return refuse(where, text, ret_problem,
                  "HOST:PORT with an IPv4 address, or :PORT (%s)", problem);
}

static int
set_switch(const char *where, const char *text, bool *member,
           struct problem *ret_problem)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return refuse(where, text, ret_problem, "true or false");
    *member = text[0] == 't';
    return 0;
}

static int
set_word(const struct option *option, const char *where, const char *text,
         uint32_t *member, struct problem *ret_problem)
{
    uint32_t i;

    for (i = 0; option->words[i] != NULL; i++) {
        if (strcmp(option->words[i], text) == 0) {
            *member = i;
            return 0;
        }
    }
    return refuse(where, text, ret_problem, "%s", option->argument);
}

static int
set_number(const struct option *option, const char *where, const char *text,
           uint32_t *member, struct problem *ret_problem)
{
    uint64_t number;

    if (!quantity_number(text, &number) || number < option->min ||
        number > option->max)
        return refuse(where, text, ret_problem,
                      "a number from %" PRIu64 " to %" PRIu64, option->min,
                      option->max);
    *member = (uint32_t)number;
    return 0;
}

/* Of a duration or an age: milliseconds within the option's bounds. */
static int
set_age(const struct option *option, const char *where, const char *text,
        uint64_t *member, struct problem *ret_problem)
{
    uint64_t ms;

    if (!quantity_duration(text, &ms) || ms < option->min || ms > option->max)
        return refuse(where, text, ret_problem,
                      "a duration such as 500ms, 1s or 24h, from %" PRIu64
                      "ms to %" PRIu64 "s",
                      option->min, option->max / 1000);
    *member = ms;
    return 0;
}

static int
set_duration(const struct option *option, const char *where, const char *text,
             uint32_t *member, struct problem *ret_problem)
{
    uint64_t ms = 0;

    if (set_age(option, where, text, &ms, ret_problem) < 0)
        return -1;
    *member = (uint32_t)ms; /* its max fits */
    return 0;
}

static int
set_size(const struct option *option, const char *where, const char *text,
         uint64_t *member, struct problem *ret_problem)
{
    uint64_t size;

    if (!quantity_size(text, &size) || (size != 0 && size < option->min) ||
        size > option->max)
        return refuse(where, text, ret_problem,
                      "a size such as 64MiB or 1GiB, from %" PRIu64
                      " to %" PRIu64 " bytes, or 0",
                      option->min, option->max);
    *member = size;
    return 0;
}

int
option_set(const struct option *option, const char *where, const char *text,
           struct config *config, struct problem *ret_problem)
{
    void *member = (char *)config + option->offset;

    switch (option->kind) {
    case OPTION_TEXT:
        return set_text(where, text, member, ret_problem);
    case OPTION_URL:
        return set_url(where, text, member, ret_problem);
    case OPTION_ADDRESS:
        return set_address(where, text, member, ret_problem);
    case OPTION_WORD:
        return set_word(option, where, text, member, ret_problem);
    case OPTION_NUMBER:
        return set_number(option, where, text, member, ret_problem);
    case OPTION_DURATION:
        return set_duration(option, where, text, member, ret_problem);
    case OPTION_AGE:
        return set_age(option, where, text, member, ret_problem);
    case OPTION_SIZE:
        return set_size(option, where, text, member, ret_problem);
    case OPTION_SWITCH:
        return set_switch(where, text, member, ret_problem);
    case OPTION_CONFIG:
    case OPTION_CHECK:
    case OPTION_VERSION:
    case OPTION_HELP:
        return 0; /* these are not kept */
    }
    return -1;
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

        if (options[i].kind != OPTION_TEXT && options[i].kind != OPTION_URL)
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
