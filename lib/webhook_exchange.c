/* SPDX-License-Identifier: MIT */
/*
 * One HTTP exchange, and what its outcome means. Nothing counts as delivered
 * but a 2xx whose answer came whole, and no words of its show a password.
 */
#include "webhook_exchange.h"

#include "memory.h"
#include "webhook_answer.h"
#include "webhook_handle.h"

#include <collector/error.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* How long to wait for the network before looking up again. Not a time-out: a
 * cancel wakes the wait. */
#define POLL_MS 1000

struct collector__webhook_exchange {
    CURLM *multi;
    CURL *easy; /* as each exchange begins: see prepare() */
    char curl_error[CURL_ERROR_SIZE];
    struct collector__webhook_answer answer;
    _Atomic bool cancelled;
};

/* NOLINTBEGIN(readability-non-const-parameter): the type is libcurl's */

static size_t
discard(char *data, size_t size, size_t count, void *userdata)
{
    struct collector__webhook_exchange *exchange = userdata;

    (void)data;
    return collector__webhook_answer_body(&exchange->answer, size * count)
               ? size * count
               : 0;
}

static size_t
watch_head(char *data, size_t size, size_t count, void *userdata)
{
    struct collector__webhook_exchange *exchange = userdata;

    collector__webhook_answer_line(&exchange->answer, data, size * count);
    return size * count;
}

/* NOLINTEND(readability-non-const-parameter) */

/** Have libcurl tell us. */
static CURLcode
set_callbacks(struct collector__webhook_exchange *exchange)
{
    CURL *easy = exchange->easy;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);

    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, watch_head);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    if (code == CURLE_OK)
        code =
            curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->curl_error);
    return code;
}

int
collector__webhook_exchange_new(
    const struct collector_webhook_options *options,
    struct collector__webhook_exchange **ret_exchange)
{
    struct collector__webhook_exchange *exchange =
        collector__memory_zeroed(sizeof(*exchange));
    int rc = COLLECTOR_ERR_NOMEM;

    if (exchange == NULL)
        return COLLECTOR_ERR_NOMEM;
    exchange->multi = curl_multi_init();
    exchange->easy = curl_easy_init();
    if (exchange->multi == NULL || exchange->easy == NULL ||
        collector__webhook_set_up(exchange->easy, options) != CURLE_OK ||
        set_callbacks(exchange) != CURLE_OK)
        goto out;
    *ret_exchange = exchange;
    exchange = NULL; /* handed over */
    rc = COLLECTOR_OK;
out:
    collector__webhook_exchange_free(exchange);
    return rc;
}

void
collector__webhook_exchange_begin(struct collector__webhook_exchange *exchange)
{
    atomic_store(&exchange->cancelled, false);
}

/** Run the prepared exchange until it is over, or cancelled. */
static CURLcode
run(struct collector__webhook_exchange *exchange, CURL *easy)
{
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;
    const CURLMsg *message;
    int running = 1;
    int left;

    if (curl_multi_add_handle(exchange->multi, easy) != CURLM_OK)
        return CURLE_FAILED_INIT;
    while (running > 0 && !atomic_load(&exchange->cancelled)) {
        if (curl_multi_perform(exchange->multi, &running) != CURLM_OK)
            break;
        if (running > 0)
            (void)curl_multi_poll(exchange->multi, NULL, 0, POLL_MS,
                                  NULL); /* a failure just looks up sooner */
    }
    while ((message = curl_multi_info_read(exchange->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE)
            code = message->data.result;
    }
    (void)curl_multi_remove_handle(exchange->multi, easy);
    return code;
}

/** libcurl's words, unless they may quote a proxy's URL. */
static const char *
words_for(const struct collector__webhook_exchange *exchange, CURLcode code)
{
    const char *words = exchange->curl_error;

    if (words[0] == '\0' || strchr(words, '@') != NULL ||
        strstr(words, "://") != NULL)
        return curl_easy_strerror(code);
    return words;
}

/** Say what came of an exchange. */
static void
report(struct collector__webhook_exchange *exchange, CURL *easy, CURLcode code,
       struct collector_delivery *delivery)
{
    long status = 0;
    curl_off_t retry_after = 0;

    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
    delivery->status = exchange->answer.status;
    if (retry_after > INT64_MAX / 1000)
        retry_after = INT64_MAX / 1000;
    if (retry_after > 0)
        delivery->retry_after_ms = (int64_t)retry_after * 1000;
    if (code != CURLE_OK) {
        delivery->result = COLLECTOR_RETRY;
        (void)snprintf(delivery->error, sizeof(delivery->error), "%.*s",
                       COLLECTOR_DELIVERY_ERROR_SIZE - 1,
                       words_for(exchange, code));
        return;
    }
    collector__webhook_answer_judge(&exchange->answer, status, delivery);
}

/**
 * Make a handle for one exchange. It is used once: up to libcurl 8.1, one that
 * is used again writes to memory that it has freed when an answer's first
 * header is folded. The connection is the multi handle's, and lives on.
 *
 * @param body  Borrowed as long as the handle lives, as are the headers.
 * @return NULL without memory.
 */
static CURL *
prepare(const struct collector__webhook_exchange *exchange,
        struct curl_slist *headers, const char *body, size_t size)
{
    CURL *easy = curl_easy_duphandle(exchange->easy);

    if (easy == NULL)
        return NULL;
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
    return easy;
}

int
collector__webhook_exchange_post(struct collector__webhook_exchange *exchange,
                                 struct curl_slist *headers, const char *body,
                                 size_t size,
                                 struct collector_delivery *delivery)
{
    CURL *easy = prepare(exchange, headers, body, size);
    CURLcode code;
    int rc = COLLECTOR_OK;

    if (easy == NULL)
        return COLLECTOR_ERR_NOMEM;
    memset(&exchange->answer, 0, sizeof(exchange->answer));
    exchange->curl_error[0] = '\0';
    code = run(exchange, easy);
    if (code == CURLE_ABORTED_BY_CALLBACK && atomic_load(&exchange->cancelled))
        rc = COLLECTOR_ERR_CANCELLED;
    else
        report(exchange, easy, code, delivery);
    curl_easy_cleanup(easy);
    return rc;
}

void
collector__webhook_exchange_cancel(struct collector__webhook_exchange *exchange)
{
    atomic_store(&exchange->cancelled, true);
    (void)curl_multi_wakeup(exchange->multi); /* else it looks up by itself */
}

void
collector__webhook_exchange_free(struct collector__webhook_exchange *exchange)
{
    if (exchange == NULL)
        return;
    curl_easy_cleanup(exchange->easy);
    if (exchange->multi != NULL)
        (void)curl_multi_cleanup(exchange->multi); /* it is empty */
    collector__memory_free(exchange);
}
