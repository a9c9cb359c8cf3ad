/* SPDX-License-Identifier: MIT */
/*
 * A sink that POSTs each batch. One HTTP exchange, and what its outcome means;
 * retries and rests are the uploader's. Nothing counts as delivered but a 2xx
 * whose answer came whole.
 */
#include "memory.h"
#include "options.h"
#include "webhook_answer.h"

#include <collector/error.h>
#include <collector/sink.h>
#include <collector/version.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Headers that the caller can add. */
#define HEADER_COUNT_MAX 32

/* Bytes of a bearer token's line, with its end. */
#define TOKEN_SIZE_MAX 4096

/* How long to wait for the network before looking up again. Not a time-out: a
 * cancel wakes the wait. */
#define POLL_MS 1000

struct webhook {
    CURLM *multi;
    CURL *easy;                 /* as each exchange begins: see prepare() */
    struct curl_slist *headers; /* the caller's */
    char *bearer_token_file;
    char curl_error[CURL_ERROR_SIZE];
    struct collector__webhook_answer answer;
    _Atomic bool cancelled;
};

/** libcurl's global state: made once, never unmade, since others may use it. */
static void
init_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT); /* curl_easy_init would fail */
}

/* NOLINTBEGIN(readability-non-const-parameter): the type is libcurl's */

static size_t
discard(char *data, size_t size, size_t count, void *userdata)
{
    struct webhook *webhook = userdata;

    (void)data;
    return collector__webhook_answer_body(&webhook->answer, size * count)
               ? size * count
               : 0;
}

static size_t
watch_head(char *data, size_t size, size_t count, void *userdata)
{
    struct webhook *webhook = userdata;

    collector__webhook_answer_line(&webhook->answer, data, size * count);
    return size * count;
}

/* NOLINTEND(readability-non-const-parameter) */

static int
add_header(struct curl_slist **headers, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*headers, line);

    if (longer == NULL)
        return COLLECTOR_ERR_NOMEM;
    *headers = longer;
    return COLLECTOR_OK;
}

/** Add the token that is in the file right now. */
static int
add_token(const char *path, struct curl_slist **headers,
          struct collector_delivery *delivery)
{
    static const char scheme[] = "Authorization: Bearer ";
    char line[sizeof(scheme) + TOKEN_SIZE_MAX];
    const size_t start = sizeof(scheme) - 1;
    FILE *file = fopen(path, "re");
    size_t size;
    int rc = COLLECTOR_ERR_IO;

    memcpy(line, scheme, sizeof(scheme));
    if (file != NULL && fgets(line + start, TOKEN_SIZE_MAX, file) != NULL) {
        size = strcspn(line + start, "\r\n");
        line[start + size] = '\0';
        if (size > 0 && size < TOKEN_SIZE_MAX - 1) /* else it may be cut */
            rc = add_header(headers, line);
    }
    if (file != NULL)
        (void)fclose(file); /* it was only read */
    explicit_bzero(line, sizeof(line));
    if (rc == COLLECTOR_ERR_IO)
        (void)snprintf(delivery->error, sizeof(delivery->error),
                       "can't read a token from %s", path); /* may cut */
    return rc;
}

/** The headers of one request. */
static int
make_headers(const struct webhook *webhook, const struct collector_batch *batch,
             struct curl_slist **headers, struct collector_delivery *delivery)
{
    const struct curl_slist *extra;
    char line[96];
    int rc;

    rc = add_header(headers, "Content-Type: application/json");
    if (rc == COLLECTOR_OK)
        rc = add_header(headers, "Expect:"); /* it would cost a round trip */
    (void)snprintf(line, sizeof(line), "X-Collector-Id: %s",
                   collector_batch_collector_id(batch));
    if (rc == COLLECTOR_OK)
        rc = add_header(headers, line);
    (void)snprintf(line, sizeof(line), "X-Collector-First-Id: %" PRId64,
                   collector_batch_first_id(batch));
    if (rc == COLLECTOR_OK)
        rc = add_header(headers, line);
    (void)snprintf(line, sizeof(line), "X-Collector-Last-Id: %" PRId64,
                   collector_batch_last_id(batch));
    if (rc == COLLECTOR_OK)
        rc = add_header(headers, line);
    for (extra = webhook->headers; rc == COLLECTOR_OK && extra != NULL;
         extra = extra->next)
        rc = add_header(headers, extra->data);
    if (rc == COLLECTOR_OK && webhook->bearer_token_file != NULL)
        rc = add_token(webhook->bearer_token_file, headers, delivery);
    return rc;
}

/** Run the prepared exchange until it is over, or cancelled. */
static CURLcode
exchange(struct webhook *webhook, CURL *easy)
{
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;
    const CURLMsg *message;
    int running = 1;
    int left;

    if (curl_multi_add_handle(webhook->multi, easy) != CURLM_OK)
        return CURLE_FAILED_INIT;
    while (running > 0 && !atomic_load(&webhook->cancelled)) {
        if (curl_multi_perform(webhook->multi, &running) != CURLM_OK)
            break;
        if (running > 0)
            (void)curl_multi_poll(webhook->multi, NULL, 0, POLL_MS,
                                  NULL); /* a failure just looks up sooner */
    }
    while ((message = curl_multi_info_read(webhook->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE)
            code = message->data.result;
    }
    (void)curl_multi_remove_handle(webhook->multi, easy);
    return code;
}

/** Say what came of an exchange. */
static void
report(struct webhook *webhook, CURL *easy, CURLcode code,
       struct collector_delivery *delivery)
{
    long status = 0;
    curl_off_t retry_after = 0;

    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
    delivery->status = webhook->answer.status;
    if (retry_after > INT64_MAX / 1000)
        retry_after = INT64_MAX / 1000;
    if (retry_after > 0)
        delivery->retry_after_ms = (int64_t)retry_after * 1000;
    if (code != CURLE_OK) {
        delivery->result = COLLECTOR_RETRY;
        (void)snprintf(delivery->error, sizeof(delivery->error), "%.*s",
                       COLLECTOR_DELIVERY_ERROR_SIZE - 1,
                       webhook->curl_error[0] != '\0'
                           ? webhook->curl_error
                           : curl_easy_strerror(code));
        return;
    }
    collector__webhook_answer_judge(&webhook->answer, status, delivery);
}

/**
 * Make a handle for one exchange. It is used once: up to libcurl 8.1, one that
 * is used again writes to memory that it has freed when an answer's first
 * header is folded. The connection is the multi handle's, and lives on.
 *
 * @param text  Borrowed as long as the handle lives, as are the headers.
 * @return NULL without memory.
 */
static CURL *
prepare(const struct webhook *webhook, struct curl_slist *headers,
        const char *text, size_t size)
{
    CURL *easy = curl_easy_duphandle(webhook->easy);

    if (easy == NULL)
        return NULL;
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, text);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
    return easy;
}

static int
deliver(void *userdata, const struct collector_batch *batch,
        struct collector_delivery *delivery)
{
    struct webhook *webhook = userdata;
    struct curl_slist *headers = NULL;
    CURL *easy = NULL;
    const char *text;
    size_t size;
    CURLcode code;
    int rc;

    atomic_store(&webhook->cancelled, false);
    memset(&webhook->answer, 0, sizeof(webhook->answer));
    webhook->curl_error[0] = '\0';
    rc = collector_batch_json(batch, COLLECTOR_BATCH_ARRAY, &text, &size);
    if (rc == COLLECTOR_OK)
        rc = make_headers(webhook, batch, &headers, delivery);
    if (rc != COLLECTOR_OK)
        goto out;
    easy = prepare(webhook, headers, text, size);
    if (easy == NULL) {
        rc = COLLECTOR_ERR_NOMEM;
        goto out;
    }
    code = exchange(webhook, easy);
    if (code == CURLE_ABORTED_BY_CALLBACK && atomic_load(&webhook->cancelled))
        rc = COLLECTOR_ERR_CANCELLED;
    else
        report(webhook, easy, code, delivery);
out:
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    return rc;
}

static void
cancel(void *userdata)
{
    struct webhook *webhook = userdata;

    atomic_store(&webhook->cancelled, true);
    (void)curl_multi_wakeup(webhook->multi); /* else it looks up by itself */
}

static void
webhook_free(void *userdata)
{
    struct webhook *webhook = userdata;

    if (webhook == NULL)
        return;
    curl_easy_cleanup(webhook->easy);
    if (webhook->multi != NULL)
        (void)curl_multi_cleanup(webhook->multi); /* it is empty */
    curl_slist_free_all(webhook->headers);
    collector__memory_free(webhook->bearer_token_file);
    collector__memory_free(webhook);
}

/** See whether libcurl can make sense of it: else every delivery would fail. */
static int
check_url(const char *text)
{
    CURLU *url = curl_url();
    char *part = NULL;
    CURLUcode code = CURLUE_OUT_OF_MEMORY;
    int rc = COLLECTOR_ERR_INVALID;

    if (url != NULL)
        code = curl_url_set(url, CURLUPART_URL, text, 0);
    if (code == CURLUE_OK)
        code = curl_url_get(url, CURLUPART_HOST, &part, 0);
    if (code == CURLUE_OUT_OF_MEMORY)
        rc = COLLECTOR_ERR_NOMEM;
    else if (code == CURLUE_OK && part[0] != '\0')
        rc = COLLECTOR_OK;
    curl_free(part);
    curl_url_cleanup(url);
    return rc;
}

static bool
are_valid(const struct collector_webhook_options *options)
{
    return options->url != NULL &&
           (strncasecmp(options->url, "http://", 7) == 0 ||
            strncasecmp(options->url, "https://", 8) == 0) &&
           options->connect_timeout_ms > 0 && options->timeout_ms > 0 &&
           options->header_count <= HEADER_COUNT_MAX &&
           (options->header_count == 0 || options->headers != NULL);
}

/** Set what is the same for every request. */
static CURLcode
set_options(struct webhook *webhook,
            const struct collector_webhook_options *options)
{
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_POST, 1},
        {CURLOPT_NOSIGNAL, 1},       /* signals are the program's */
        {CURLOPT_QUICK_EXIT, 1},     /* a resolver that hangs holds nobody up */
        {CURLOPT_FOLLOWLOCATION, 0}, /* a redirect's 200 is no delivery */
        {CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms},
        {CURLOPT_TIMEOUT_MS, (long)options->timeout_ms},
    };
    const struct {
        CURLoption option;
        const char *value;
    } texts[] = {
        {CURLOPT_URL, options->url},
        {CURLOPT_PROTOCOLS_STR, "http,https"},
        {CURLOPT_USERAGENT, "libcollector/" COLLECTOR_VERSION},
        {CURLOPT_CAINFO, options->ca_file},
        {CURLOPT_SSLCERT, options->certificate_file},
        {CURLOPT_SSLKEY, options->key_file},
    };
    CURL *easy = webhook->easy;
    CURLcode code = CURLE_OK;
    size_t i;

    for (i = 0; code == CURLE_OK && i < sizeof(numbers) / sizeof(*numbers); i++)
        code = curl_easy_setopt(easy, numbers[i].option, numbers[i].value);
    for (i = 0; code == CURLE_OK && i < sizeof(texts) / sizeof(*texts); i++) {
        if (texts[i].value != NULL)
            code = curl_easy_setopt(easy, texts[i].option, texts[i].value);
    }
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_WRITEDATA, webhook);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, watch_head);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_HEADERDATA, webhook);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, webhook->curl_error);
    return code;
}

static int
webhook_new(const struct collector_webhook_options *options,
            struct webhook **ret_webhook)
{
    struct webhook *webhook = collector__memory_zeroed(sizeof(*webhook));
    int rc = COLLECTOR_ERR_NOMEM;
    size_t i;

    if (webhook == NULL)
        return COLLECTOR_ERR_NOMEM;
    webhook->multi = curl_multi_init();
    webhook->easy = curl_easy_init();
    if (webhook->multi == NULL || webhook->easy == NULL)
        goto out;
    if (options->bearer_token_file != NULL) {
        webhook->bearer_token_file =
            collector__memory_text(options->bearer_token_file);
        if (webhook->bearer_token_file == NULL)
            goto out;
    }
    for (i = 0; i < options->header_count; i++) {
        if (add_header(&webhook->headers, options->headers[i]) != COLLECTOR_OK)
            goto out;
    }
    if (set_options(webhook, options) != CURLE_OK)
        goto out;
    *ret_webhook = webhook;
    webhook = NULL; /* handed over */
    rc = COLLECTOR_OK;
out:
    webhook_free(webhook);
    return rc;
}

int
collector_sink_webhook_new(const struct collector_webhook_options *options,
                           struct collector_sink **ret_sink)
{
    static const struct collector_sink_ops ops = {
        .size = sizeof(ops),
        .deliver = deliver,
        .cancel = cancel,
        .free = webhook_free,
    };
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct collector_webhook_options all;
    struct webhook *webhook = NULL;
    int rc;

    collector_webhook_options_init(&all);
    rc = COLLECTOR_OPTIONS_COPY(&all, options);
    if (rc == COLLECTOR_OK && (ret_sink == NULL || !are_valid(&all)))
        rc = COLLECTOR_ERR_INVALID;
    if (rc != COLLECTOR_OK)
        return rc;
    (void)pthread_once(&once, init_curl); /* can't fail */
    rc = check_url(all.url);
    if (rc == COLLECTOR_OK)
        rc = webhook_new(&all, &webhook);
    if (rc == COLLECTOR_OK)
        rc = collector_sink_new("webhook", &ops, webhook, ret_sink);
    if (rc != COLLECTOR_OK)
        webhook_free(webhook);
    return rc;
}
