/* SPDX-License-Identifier: MIT */
/* Whether a webhook could work, before it is made: so that a mistake is found
 * when somebody looks, and not with the first event. */
#include "webhook_check.h"

#include "gzip.h"
#include "options.h"
#include "webhook_handle.h"
#include "webhook_probe.h"
#include "webhook_request.h"

#include <collector/error.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const url_schemes[] = {"http", "https", NULL};
static const char *const proxy_schemes[] = {"http", "https", "socks5",
                                            "socks5h", NULL};

/** Put it into words. @return COLLECTOR_ERR_INVALID. */
__attribute__((format(printf, 3, 4))) static int
say(struct collector_problem *problem, int64_t index, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    problem->index = index;
    (void)vsnprintf(problem->text, sizeof(problem->text), format,
                    arguments); /* may cut */
    va_end(arguments);
    return COLLECTOR_ERR_INVALID;
}

static int
check_headers(const struct collector_webhook_options *options,
              struct collector_problem *ret_problem)
{
    const char *fault;
    size_t i;

    if (options->header_count > COLLECTOR_WEBHOOK_HEADERS_MAX)
        return say(ret_problem, COLLECTOR_WEBHOOK_HEADERS_MAX,
                   "expected %d headers at most",
                   COLLECTOR_WEBHOOK_HEADERS_MAX);
    if (options->header_count > 0 && options->headers == NULL)
        return say(ret_problem, -1, "expected headers");
    for (i = 0; i < options->header_count; i++) {
        fault = collector__webhook_request_fault(
            options->headers[i], options->bearer_token_file != NULL);
        if (fault != NULL)
            return say(ret_problem, (int64_t)i, "%s", fault);
    }
    return COLLECTOR_OK;
}

/** A wrong one is not shown: it may hold a password. */
static int
check_urls(const struct collector_webhook_options *options,
           struct collector_problem *ret_problem)
{
    int rc = COLLECTOR_ERR_INVALID;

    if (options->url != NULL)
        rc = collector__webhook_check_url(options->url, url_schemes);
    if (rc == COLLECTOR_ERR_INVALID)
        return say(ret_problem, -1,
                   "expected a URL, http://HOST or https://HOST");
    if (rc == COLLECTOR_OK && options->proxy != NULL &&
        options->proxy[0] != '\0')
        rc = collector__webhook_check_url(options->proxy, proxy_schemes);
    if (rc == COLLECTOR_ERR_INVALID)
        return say(ret_problem, -1,
                   "expected the URL of a proxy, with http, https, socks5 or "
                   "socks5h");
    return rc;
}

static int
check_others(const struct collector_webhook_options *options,
             struct collector_problem *ret_problem)
{
    if (options->connect_timeout_ms == 0 || options->timeout_ms == 0 ||
        options->low_speed_ms == 0)
        return say(ret_problem, -1, "expected a time-out of 1 ms or more");
    if (options->user_agent != NULL &&
        !collector__webhook_request_is_clean(options->user_agent))
        return say(ret_problem, -1,
                   "expected a user agent without control characters");
    return COLLECTOR_OK;
}

int
collector__webhook_options_read(const struct collector_webhook_options *options,
                                struct collector_webhook_options *ret_options,
                                struct collector_problem *ret_problem)
{
    int rc;

    collector_webhook_options_init(ret_options);
    rc = COLLECTOR_OPTIONS_COPY(ret_options, options);
    if (rc == COLLECTOR_OK)
        rc = check_headers(ret_options, ret_problem);
    else
        (void)say(ret_problem, -1, "expected options");
    if (rc == COLLECTOR_OK)
        rc = check_others(ret_options, ret_problem);
    if (rc == COLLECTOR_OK)
        rc = check_urls(ret_options, ret_problem);
    return rc;
}

static int
check_gzip(struct collector_problem *ret_problem)
{
    struct collector__gzip *gzip = NULL;
    const int rc = collector__gzip_new(&gzip);

    if (rc == COLLECTOR_ERR_UNSUPPORTED)
        (void)say(ret_problem, -1, "expected no gzip: built without it");
    collector__gzip_free(gzip);
    return rc;
}

static int
check_token(const char *path, struct collector_problem *ret_problem)
{
    const int rc = collector__webhook_request_check_token(path);

    if (rc != COLLECTOR_ERR_IO)
        return rc;
    return say(ret_problem, -1, "can't read a token from %s", path);
}

int
collector_webhook_options_check(const struct collector_webhook_options *options,
                                struct collector_problem *ret_problem)
{
    struct collector_webhook_options all;
    struct collector_problem problem;
    int rc;

    (void)say(&problem, -1, "out of memory");
    rc = collector__webhook_options_read(options, &all, &problem);
    if (rc == COLLECTOR_OK && all.gzip)
        rc = check_gzip(&problem);
    if (rc == COLLECTOR_OK && all.bearer_token_file != NULL)
        rc = check_token(all.bearer_token_file, &problem);
    if (rc == COLLECTOR_OK && all.key_file != NULL &&
        all.certificate_file == NULL)
        rc = say(&problem, -1, "expected a certificate beside the key");
    if (rc == COLLECTOR_OK)
        rc = collector__webhook_probe(&all, &problem);
    if (rc != COLLECTOR_OK && ret_problem != NULL)
        *ret_problem = problem;
    return rc;
}
