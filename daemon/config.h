/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include "address.h"
#include "problem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A thread costs about 32 KiB resident, and 100 KiB of address space. */
#define CONFIG_HTTP_THREADS_MAX 4096

/** More events than a small disk holds; it also keeps the member at 32 bits. */
#define CONFIG_MAX_BACKLOG_MAX 4000000000

/** As many pages as SQLite can number: what is larger is no limit at all. */
#define CONFIG_MAX_SIZE_MAX (UINT64_C(16) * 1024 * 1024 * 1024 * 1024)

/** Ten years: longer than the flash of a box lasts. */
#define CONFIG_RETAIN_MS_MAX (UINT64_C(3650) * 24 * 60 * 60 * 1000)

/** A key that is forgotten before its repeat can come protects nothing. */
#define CONFIG_IDEMPOTENCY_RETAIN_MS_MIN 1000

/** More rows than a small disk holds; it also keeps the members at 32 bits. */
#define CONFIG_KEPT_COUNT_MAX 4000000000

/** A day between two looks at the backlog is surely a typo beyond that. */
#define CONFIG_UPLOAD_INTERVAL_MS_MAX (24 * 60 * 60 * 1000)

/** As many as one append may hold; bytes limit a batch before that anyway. */
#define CONFIG_UPLOAD_BATCH_MAX 10000

/** Failing less often than that is not worth trying out. */
#define CONFIG_FLAKY_EVERY_MAX 1000000

/** A supervisor has lost patience long before. */
#define CONFIG_DRAIN_TIMEOUT_MS_MAX (60 * 60 * 1000)

/** Below COLLECTOR_STALL_MS: a request that is still allowed to wait must not
 *  count as a stuck uploader. */
#define CONFIG_WEBHOOK_TIMEOUT_MS_MAX (40 * 1000)

/** More than any receiver takes; it also keeps the member at 32 bits. */
#define CONFIG_UPLOAD_RATE_EVENTS_MAX 1000000000

/** As fast as any line; it also fits into the library's 32 bits. */
#define CONFIG_WEBHOOK_LOW_SPEED_MAX (1024 * 1024 * 1024)

/** Which sink was asked for. */
enum config_sink { CONFIG_SINK_LOG, CONFIG_SINK_FILE, CONFIG_SINK_WEBHOOK };

/** The words of an enum collector_write_mode, in its order; NULL at the end. */
extern const char *const config_mode_words[];

/** The words of an enum collector_durability, likewise. */
extern const char *const config_durability_words[];

/** The words of an enum collector_overflow, likewise. */
extern const char *const config_overflow_words[];

/** All that can be set. Texts belong to it. */
struct config {
    char *db;
    struct address addr;
    uint32_t http_threads;
    char *auth_token_file;
    bool auth_health;
    /** An enum collector_write_mode. */
    uint32_t mode;
    /** An enum collector_durability. */
    uint32_t durability;
    bool indexed;
    uint32_t max_conns;
    uint32_t max_backlog;
    uint64_t max_size;
    /** An enum collector_overflow. */
    uint32_t overflow;
    uint64_t retain_ms;
    /** An enum collector_damage. */
    uint32_t on_damage;
    uint32_t max_dead_letters;
    uint64_t idempotency_retain_ms;
    uint32_t idempotency_max;
    uint32_t upload_interval_ms;
    uint32_t upload_batch;
    uint64_t upload_batch_size;
    uint64_t upload_rate_bytes;
    uint32_t upload_rate_events;
    /** An enum config_sink. */
    uint32_t sink;
    char *file_path;
    /** May hold a password: never to be shown. */
    char *webhook_url;
    uint32_t webhook_timeout_ms;
    uint32_t webhook_connect_timeout_ms;
    uint64_t webhook_low_speed;
    uint32_t webhook_low_speed_ms;
    char *webhook_bearer_token_file;
    char *webhook_header_file;
    char *webhook_ca_file;
    char *webhook_certificate_file;
    char *webhook_key_file;
    /** "env", "off" or a URL, which may hold a password: never to be shown. */
    char *webhook_proxy;
    bool webhook_gzip;
    char *webhook_user_agent;
    uint32_t flaky_every;
    uint32_t drain_timeout_ms;
    /** An enum console_format. */
    uint32_t log_format;
};

/** What the command line asks for. */
enum config_action {
    CONFIG_RUN,
    /** Say whether it could run like that. */
    CONFIG_CHECK,
    CONFIG_SHOW_HELP,
    CONFIG_SHOW_VERSION
};

/**
 * Read the command line, and the config file that it names. Flags win over the
 * file, the file over the defaults. No other file is touched.
 *
 * @param argv         As main() gets it; borrowed for the call.
 * @param ret_config   Set on success only, and complete only with CONFIG_RUN
 *                     and CONFIG_CHECK; give it to config_release().
 * @param ret_action   Set on success only.
 * @param ret_problem  Set on failure only.
 * @return 0, or -1 for a usage error.
 */
int
config_parse(int argc, char *const *argv, struct config *ret_config,
             enum config_action *ret_action, struct problem *ret_problem);

/**
 * Take over all that can be changed without a restart.
 *
 * @param other  Released: it has what was there before.
 */
void
config_take_over(struct config *config, struct config *other);

/** Free what is in a configuration. */
void
config_release(struct config *config);

#endif
