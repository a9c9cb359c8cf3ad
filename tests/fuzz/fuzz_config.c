/* SPDX-License-Identifier: MIT */
/*
 * A config file of any content: it is refused in one line, which shows nothing
 * of a URL or an address with a password; or every option is one that the
 * daemon can use as it is.
 */
#include "folder.h"
#include "fuzz.h"

#include "config.h"

#include <arpa/inet.h>
#include <collector/store.h>
#include <collector/uploader.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FILE_NAME "config.json"

static bool
is_within(uint64_t number, uint64_t min, uint64_t max)
{
    return number >= min && number <= max;
}

static void
check_texts(const struct config *config)
{
    struct in_addr host;

    fuzz_check(config->db != NULL && *config->db != '\0');
    fuzz_check(config->file_path == NULL || *config->file_path != '\0');
    fuzz_check(config->webhook_url == NULL ||
               strncasecmp(config->webhook_url, "http", 4) == 0);
    fuzz_check(config->sink <= CONFIG_SINK_WEBHOOK);
    fuzz_check(config->sink != CONFIG_SINK_FILE || config->file_path != NULL);
    fuzz_check(config->sink != CONFIG_SINK_WEBHOOK ||
               config->webhook_url != NULL);
    fuzz_check(inet_pton(AF_INET, config->addr.host, &host) == 1);
    fuzz_check(config->addr.loopback == (ntohl(host.s_addr) >> 24 == 127));
}

static void
check_webhook(const struct config *config)
{
    const char *proxy = config->webhook_proxy;

    fuzz_check(proxy != NULL);
    fuzz_check(strcmp(proxy, "env") == 0 || strcmp(proxy, "off") == 0 ||
               strstr(proxy, "://") != NULL);
    fuzz_check(is_within(config->webhook_timeout_ms, 1,
                         CONFIG_WEBHOOK_TIMEOUT_MS_MAX));
    fuzz_check(is_within(config->webhook_connect_timeout_ms, 1,
                         CONFIG_WEBHOOK_TIMEOUT_MS_MAX));
    fuzz_check(config->webhook_low_speed <= CONFIG_WEBHOOK_LOW_SPEED_MAX);
    fuzz_check(is_within(config->webhook_low_speed_ms, 1,
                         CONFIG_WEBHOOK_TIMEOUT_MS_MAX));
    fuzz_check(config->upload_batch_size <= COLLECTOR_BATCH_BYTES_MAX);
    fuzz_check(config->upload_rate_bytes <= COLLECTOR_RATE_MAX);
    fuzz_check(config->upload_rate_events <= CONFIG_UPLOAD_RATE_EVENTS_MAX);
}

static void
check_numbers(const struct config *config)
{
    fuzz_check(config->mode <= COLLECTOR_MODE_CONCURRENT);
    fuzz_check(config->durability <= COLLECTOR_DURABILITY_NORMAL);
    fuzz_check(config->overflow <= COLLECTOR_OVERFLOW_DROP_OLDEST);
    fuzz_check(config->on_damage <= COLLECTOR_DAMAGE_QUARANTINE);
    fuzz_check(is_within(config->http_threads, 1, CONFIG_HTTP_THREADS_MAX));
    fuzz_check(is_within(config->max_conns, 1, COLLECTOR_CONNECTIONS_MAX));
    fuzz_check(config->max_backlog <= CONFIG_MAX_BACKLOG_MAX);
    fuzz_check(config->max_size == 0 ||
               is_within(config->max_size, COLLECTOR_STORE_SIZE_MIN,
                         CONFIG_MAX_SIZE_MAX));
    fuzz_check(config->retain_ms <= CONFIG_RETAIN_MS_MAX);
    fuzz_check(config->max_dead_letters <= CONFIG_KEPT_COUNT_MAX);
    fuzz_check(is_within(config->idempotency_retain_ms,
                         CONFIG_IDEMPOTENCY_RETAIN_MS_MIN,
                         CONFIG_RETAIN_MS_MAX));
    fuzz_check(config->idempotency_max <= CONFIG_KEPT_COUNT_MAX);
    fuzz_check(is_within(config->upload_interval_ms, 1,
                         CONFIG_UPLOAD_INTERVAL_MS_MAX));
    fuzz_check(is_within(config->upload_batch, 1, CONFIG_UPLOAD_BATCH_MAX));
    fuzz_check(config->flaky_every <= CONFIG_FLAKY_EVERY_MAX);
    fuzz_check(config->drain_timeout_ms <= CONFIG_DRAIN_TIMEOUT_MS_MAX);
}

static void
check_problem(const struct problem *problem)
{
    const char *at = problem->text;

    fuzz_check(memchr(at, '\0', sizeof(problem->text)) != NULL);
    fuzz_check(fuzz_is_line(at));
    fuzz_check(strchr(at, '@') == NULL);
    /* Our own words are "http://HOST or https://HOST". */
    while ((at = strstr(at, "://")) != NULL) {
        at += strlen("://");
        fuzz_check(strncmp(at, "HOST", 4) == 0);
    }
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    folder_make();
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[256];
    char program[] = "collectord";
    char option[] = "-config";
    char *const argv[] = {program, option, path, NULL};
    struct config config;
    enum config_action action;
    struct problem problem;

    (void)snprintf(path, sizeof(path), "%s", folder_path(FILE_NAME));
    folder_write(FILE_NAME, data, size);
    if (config_parse(3, argv, &config, &action, &problem) < 0) {
        check_problem(&problem);
        return 0;
    }
    fuzz_check(action == CONFIG_RUN);
    check_texts(&config);
    check_numbers(&config);
    check_webhook(&config);
    config_release(&config);
    return 0;
}
