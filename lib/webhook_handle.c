/* SPDX-License-Identifier: MIT */
/* From options to what libcurl is told, for every request alike. */
#include "webhook_handle.h"

#include <collector/error.h>
#include <collector/version.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static void
init_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT); /* curl_easy_init would fail */
}

void
collector__webhook_init_curl(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, init_curl); /* can't fail */
}

/** Whether it begins with one of these, and in full: libcurl guesses. */
static bool
has_scheme(const char *text, const char *const *schemes)
{
    size_t size;

    for (; *schemes != NULL; schemes++) {
        size = strlen(*schemes);
        if (strncasecmp(text, *schemes, size) == 0 &&
            strncmp(text + size, "://", 3) == 0)
            return true;
    }
    return false;
}

int
collector__webhook_check_url(const char *text, const char *const *schemes)
{
    CURLU *url = curl_url();
    char *host = NULL;
    CURLUcode code = CURLUE_OUT_OF_MEMORY;
    int rc = COLLECTOR_ERR_INVALID;

    if (url != NULL)
        code = curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    if (code == CURLUE_OK)
        code = curl_url_get(url, CURLUPART_HOST, &host, 0);
    if (code == CURLUE_OUT_OF_MEMORY)
        rc = COLLECTOR_ERR_NOMEM;
    else if (code == CURLUE_OK && host[0] != '\0' && has_scheme(text, schemes))
        rc = COLLECTOR_OK;
    curl_free(host);
    curl_url_cleanup(url);
    return rc;
}

static CURLcode
set_numbers(CURL *easy, const struct collector_webhook_options *options)
{
    /* Seconds, and not a moment sooner. */
    const long low_speed_s = (long)(options->low_speed_ms - 1) / 1000 + 1;
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_POST, 1},
        {CURLOPT_NOSIGNAL, 1},       /* signals are the program's */
        {CURLOPT_QUICK_EXIT, 1},     /* a resolver that hangs holds nobody up */
        {CURLOPT_FOLLOWLOCATION, 0}, /* a redirect's 200 is no delivery */
        {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1}, /* nor is a proxy's */
        {CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms},
        {CURLOPT_TIMEOUT_MS, (long)options->timeout_ms},
        {CURLOPT_LOW_SPEED_LIMIT, (long)options->low_speed_size},
        {CURLOPT_LOW_SPEED_TIME, options->low_speed_size > 0 ? low_speed_s : 0},
    };
    CURLcode code = CURLE_OK;
    size_t i;

    for (i = 0; code == CURLE_OK && i < sizeof(numbers) / sizeof(*numbers); i++)
        code = curl_easy_setopt(easy, numbers[i].option, numbers[i].value);
    return code;
}

CURLcode
collector__webhook_set_up(CURL *easy,
                          const struct collector_webhook_options *options)
{
    const struct {
        CURLoption option;
        const char *value;
    } texts[] = {
        {CURLOPT_URL, options->url},
        {CURLOPT_PROTOCOLS_STR, "http,https"},
        {CURLOPT_USERAGENT, options->user_agent != NULL
                                ? options->user_agent
                                : "libcollector/" COLLECTOR_VERSION},
        {CURLOPT_CAINFO, options->ca_file},
        {CURLOPT_PROXY_CAINFO, options->ca_file},
        {CURLOPT_SSLCERT, options->certificate_file},
        {CURLOPT_SSLKEY, options->key_file},
        {CURLOPT_KEYPASSWD, ""}, /* or else somebody is asked for one */
        {CURLOPT_PROXY, options->proxy},
        /* Who names a proxy means it, whatever the environment says. */
        {CURLOPT_NOPROXY, options->proxy != NULL ? "" : NULL},
    };
    CURLcode code = set_numbers(easy, options);
    size_t i;

    for (i = 0; code == CURLE_OK && i < sizeof(texts) / sizeof(*texts); i++) {
        if (texts[i].value != NULL)
            code = curl_easy_setopt(easy, texts[i].option, texts[i].value);
    }
    return code;
}
