/* SPDX-License-Identifier: MIT */
/*
 * collectord: a store, an uploader and an HTTP server tied together until
 * somebody says stop. Exits with 0 after a stop, 1 on failure, 2 on usage.
 */
#include "config.h"
#include "console.h"
#include "descriptors.h"
#include "effective.h"
#include "flaky.h"
#include "http.h"
#include "option.h"
#include "snapshot.h"

#include <collector/collector.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { EXIT_USAGE = 2 };

/* Connections that wait for a thread, a pool of database connections, and what
 * every process has. */
#define OTHER_DESCRIPTORS 512

struct daemon {
    struct collector_store *store;
    struct collector_sink *sink;
    struct collector_uploader *uploader;
    struct access *access;
    struct http_server *server;
};

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
        break; /* nothing, or an open never returns it */
    }
    return "";
}

static int
open_store(struct daemon *daemon, const struct config *config)
{
    struct collector_store_options options;
    int rc;

    collector_store_options_init(&options);
    options.path = config->db;
    options.mode = (enum collector_write_mode)config->mode;
    options.durability = (enum collector_durability)config->durability;
    options.indexed = config->indexed;
    options.connection_count_max = config->max_conns;
    options.backlog_max = config->max_backlog;
    options.size_max = config->max_size;
    options.overflow = (enum collector_overflow)config->overflow;
    options.on_damage = (enum collector_damage)config->on_damage;
    options.retain_ms = config->retain_ms;
    options.dead_letter_max = config->max_dead_letters;
    options.idempotency_retain_ms = config->idempotency_retain_ms;
    options.idempotency_max = config->idempotency_max;
    options.log = console_forward;
    rc = collector_store_open(&options, &daemon->store);
    if (rc != COLLECTOR_OK)
        console_log(COLLECTOR_LOG_ERROR, "can't open %s: %s%s", config->db,
                    collector_error_text(rc), advice_for(rc, config));
    else
        snapshot_remove_stale(config->db);
    return rc;
}

static int
new_webhook(const struct config *config, struct collector_sink **ret_sink)
{
    struct collector_webhook_options options;

    collector_webhook_options_init(&options);
    options.url = config->webhook_url;
    options.timeout_ms = config->webhook_timeout_ms;
    return collector_sink_webhook_new(&options, ret_sink);
}

static int
new_sink(const struct config *config, struct collector_sink **ret_sink)
{
    switch ((enum config_sink)config->sink) {
    case CONFIG_SINK_LOG:
        return collector_sink_log_new(console_forward, NULL, ret_sink);
    case CONFIG_SINK_FILE:
        return collector_sink_file_new(config->file_path, ret_sink);
    case CONFIG_SINK_WEBHOOK:
        return new_webhook(config, ret_sink);
    }
    return COLLECTOR_ERR_INVALID;
}

static int
open_sink(struct daemon *daemon, const struct config *config)
{
    struct collector_sink *flaky;
    int rc;

    rc = new_sink(config, &daemon->sink);
    if (rc == COLLECTOR_OK && config->flaky_every > 0) {
        rc = flaky_new(daemon->sink, config->flaky_every, &flaky);
        if (rc == COLLECTOR_OK)
            daemon->sink = flaky; /* which owns the other one now */
    }
    if (rc != COLLECTOR_OK)
        console_log(COLLECTOR_LOG_ERROR, "can't make the sink: %s",
                    collector_error_text(rc));
    return rc;
}

static int
start_uploader(struct daemon *daemon, const struct config *config)
{
    struct collector_uploader_options options;
    int rc;

    collector_uploader_options_init(&options);
    options.interval_ms = config->upload_interval_ms;
    options.batch_count_max = config->upload_batch;
    options.log = console_forward;
    rc = collector_uploader_new(daemon->store, daemon->sink, &options,
                                &daemon->uploader);
    if (rc == COLLECTOR_OK)
        rc = collector_uploader_start(daemon->uploader);
    if (rc != COLLECTOR_OK)
        console_log(COLLECTOR_LOG_ERROR, "can't start the uploader: %s",
                    collector_error_text(rc));
    return rc;
}

static void
warn_of_strangers(const struct config *config)
{
    if (config->addr.loopback)
        return;
    if (config->auth_token_file == NULL)
        console_log(COLLECTOR_LOG_WARNING,
                    "anybody who reaches %s can send events, and read and "
                    "delete them: there is no -auth-token-file",
                    config->addr.host);
    else
        console_log(COLLECTOR_LOG_WARNING,
                    "tokens and events come to %s in the clear: put a proxy "
                    "that does TLS in front, and listen on 127.0.0.1",
                    config->addr.host);
}

/* Requests hold secrets all over the memory: then there is no core file, and
 * nobody but root may look. */
static void
hide_memory(const struct config *config)
{
    if (config->auth_token_file != NULL)
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* a valid request */
}

static int
open_access(struct daemon *daemon, const struct config *config)
{
    struct problem problem = {"out of memory"};

    daemon->access = access_new();
    if (daemon->access != NULL &&
        access_load(daemon->access, config->auth_token_file, &problem) == 0)
        return 0;
    console_log(COLLECTOR_LOG_ERROR, "%s", problem.text);
    return -1;
}

static int
start_server(struct daemon *daemon, const struct config *config)
{
    struct http_options options = {
        .address = config->addr,
        .thread_count = config->http_threads,
        .store = daemon->store,
        .uploader = daemon->uploader,
        .db = config->db,
        .access = daemon->access,
        .auth_health = config->auth_health,
    };

    if (http_server_start(&options, &daemon->server) < 0)
        return -1;
    warn_of_strangers(config);
    console_log(COLLECTOR_LOG_INFO, "listening on %s:%u", config->addr.host,
                http_server_port(daemon->server));
    return 0;
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

/* The exit status to be: EXIT_SUCCESS when all of it runs. */
static int
start(struct daemon *daemon, const struct config *config)
{
    int rc;

    console_log(COLLECTOR_LOG_INFO, "collectord %s", collector_version());
    /* These first: they find mistakes, and touch no file. */
    hide_memory(config);
    if (open_access(daemon, config) < 0)
        return EXIT_USAGE;
    rc = open_sink(daemon, config);
    if (rc != COLLECTOR_OK)
        return rc == COLLECTOR_ERR_INVALID ? EXIT_USAGE : EXIT_FAILURE;
    if (open_store(daemon, config) != COLLECTOR_OK)
        return EXIT_FAILURE;
    console_log(COLLECTOR_LOG_INFO, "store %s, mode %s, sink %s", config->db,
                config_mode_words[config->mode],
                collector_sink_name(daemon->sink));
    log_limits(config);
    if (start_uploader(daemon, config) != COLLECTOR_OK ||
        start_server(daemon, config) < 0)
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
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

/* Signals that stop the daemon are blocked from before the first thread is
 * made, so that they wait for sigtimedwait(). */
static void
block_signals(sigset_t *ret_signals)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    (void)sigemptyset(ret_signals);
    (void)sigaddset(ret_signals, SIGTERM);
    (void)sigaddset(ret_signals, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, ret_signals, NULL); /* a valid set */
    (void)sigaction(SIGPIPE, &ignore, NULL);             /* a valid signal */
}

static void
exit_at_once(int number)
{
    (void)number;
    _exit(EXIT_FAILURE);
}

static void
wait_for_signal(struct daemon *daemon, const sigset_t *signals)
{
    struct timespec rest = {.tv_nsec = 0};
    struct sigaction action = {.sa_handler = exit_at_once};

    while (sigtimedwait(signals, NULL, &rest) < 0)
        rest.tv_nsec = http_server_watch(daemon->server) * 1000000L;
    /* From here on a stop is under way: whoever asks again wants it now. */
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)pthread_sigmask(SIG_UNBLOCK, signals, NULL);
}

static void
stop(struct daemon *daemon, uint32_t drain_ms)
{
    struct collector_store_stats stats = {.size = sizeof(stats)};

    console_log(COLLECTOR_LOG_INFO, "stopping");
    http_server_stop(daemon->server);
    daemon->server = NULL;
    (void)collector_uploader_stop(daemon->uploader, drain_ms); /* can't fail */
    collector_store_stats(daemon->store, &stats);
    console_log(COLLECTOR_LOG_INFO, "stopped, %llu events pending",
                (unsigned long long)stats.pending);
}

static void
release(struct daemon *daemon)
{
    http_server_stop(daemon->server);
    collector_uploader_free(daemon->uploader);
    collector_sink_free(daemon->sink);
    collector_store_free(daemon->store);
    access_free(daemon->access);
}

static int
run(const struct config *config)
{
    struct daemon daemon = {.store = NULL};
    int status;
    sigset_t signals;

    console_set_format((enum console_format)config->log_format);
    block_signals(&signals);
    allow_descriptors(config->http_threads);
    status = start(&daemon, config);
    if (status == EXIT_SUCCESS) {
        wait_for_signal(&daemon, &signals);
        stop(&daemon, config->drain_timeout_ms);
    }
    release(&daemon);
    return status;
}

/* Whether what was printed has arrived. */
static int
end_output(void)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
}

/* Whether it could start like that: all that can be known without a file of its
 * own. */
static int
check(const struct config *config)
{
    struct daemon daemon = {.store = NULL};
    int status = EXIT_USAGE;

    if (open_access(&daemon, config) == 0 &&
        open_sink(&daemon, config) == COLLECTOR_OK)
        status =
            effective_print(config, stdout) == 0 ? end_output() : EXIT_FAILURE;
    release(&daemon);
    return status;
}

int
main(int argc, char **argv)
{
    enum config_action action;
    struct problem problem;
    struct config config;
    int status = EXIT_FAILURE;

    if (config_parse(argc, argv, &config, &action, &problem) < 0) {
        console_log(COLLECTOR_LOG_ERROR, "%s", problem.text);
        return EXIT_USAGE;
    }
    switch (action) {
    case CONFIG_RUN:
        status = run(&config);
        break;
    case CONFIG_CHECK:
        status = check(&config);
        break;
    case CONFIG_SHOW_HELP:
        option_print_help(stdout);
        status = end_output();
        break;
    case CONFIG_SHOW_VERSION:
        (void)printf("collectord %s\n", collector_version());
        status = end_output();
        break;
    }
    config_release(&config);
    return status;
}
