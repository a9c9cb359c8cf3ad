/* SPDX-License-Identifier: MIT */
/*
 * The head of a webhook's request: which batch it is, and the caller's own
 * headers and token, none of which can end its line and begin another.
 */
#include "webhook_request.h"

#include "memory.h"

#include <collector/error.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Bytes of a bearer token's line, with its end. */
#define TOKEN_SIZE_MAX 4096

/* What the name of a header is made of, as RFC 9110 says. */
#define NAME_CHARACTERS                                                        \
    "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"                      \
    "abcdefghijklmnopqrstuvwxyz"

static int
add_header(struct curl_slist **headers, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*headers, line);

    if (longer == NULL)
        return COLLECTOR_ERR_NOMEM;
    *headers = longer;
    return COLLECTOR_OK;
}

int
collector__webhook_request_init(struct collector__webhook_request *request,
                                const struct collector_webhook_options *options)
{
    size_t i;

    if (options->bearer_token_file != NULL) {
        request->bearer_token_file =
            collector__memory_text(options->bearer_token_file);
        if (request->bearer_token_file == NULL)
            return COLLECTOR_ERR_NOMEM;
    }
    for (i = 0; i < options->header_count; i++) {
        if (add_header(&request->headers, options->headers[i]) != COLLECTOR_OK)
            return COLLECTOR_ERR_NOMEM;
    }
    return COLLECTOR_OK;
}

void
collector__webhook_request_clear(struct collector__webhook_request *request)
{
    curl_slist_free_all(request->headers);
    collector__memory_free(request->bearer_token_file);
    memset(request, 0, sizeof(*request));
}

bool
collector__webhook_request_is_clean(const char *text)
{
    while (*text == '\t' || ((unsigned char)*text >= ' ' && *text != 0x7f))
        text++;
    return *text == '\0';
}

/** Add the token that is in the file right now. */
static int
add_token(const char *path, struct curl_slist **headers)
{
    static const char scheme[] = "Authorization: Bearer ";
    char line[sizeof(scheme) + TOKEN_SIZE_MAX];
    const size_t start = sizeof(scheme) - 1;
    FILE *file = fopen(path, "re");
    size_t size;
    int rc = COLLECTOR_ERR_IO;

    memcpy(line, scheme, sizeof(scheme));
    if (file != NULL)
        (void)setvbuf(file, NULL, _IONBF, 0); /* no copy of it in the heap */
    if (file != NULL && fgets(line + start, TOKEN_SIZE_MAX, file) != NULL) {
        size = strcspn(line + start, "\r\n");
        line[start + size] = '\0';
        if (size > 0 && size < TOKEN_SIZE_MAX - 1 && /* else it may be cut */
            collector__webhook_request_is_clean(line))
            rc = add_header(headers, line);
    }
    if (file != NULL)
        (void)fclose(file); /* it was only read */
    explicit_bzero(line, sizeof(line));
    return rc;
}

int
collector__webhook_request_check_token(const char *path)
{
    struct curl_slist *headers = NULL;
    const int rc = add_token(path, &headers);

    curl_slist_free_all(headers);
    return rc;
}

/** What says which batch it is. */
static int
add_batch(const struct collector_batch *batch, struct curl_slist **headers)
{
    char line[96];
    int rc;

    (void)snprintf(line, sizeof(line), "X-Collector-Id: %s",
                   collector_batch_collector_id(batch));
    rc = add_header(headers, line);
    (void)snprintf(line, sizeof(line), "X-Collector-First-Id: %" PRId64,
                   collector_batch_first_id(batch));
    if (rc == COLLECTOR_OK)
        rc = add_header(headers, line);
    (void)snprintf(line, sizeof(line), "X-Collector-Last-Id: %" PRId64,
                   collector_batch_last_id(batch));
    if (rc == COLLECTOR_OK)
        rc = add_header(headers, line);
    return rc;
}

int
collector__webhook_request_headers(
    const struct collector__webhook_request *request,
    const struct collector_batch *batch, bool gzip,
    struct curl_slist **ret_headers, struct collector_delivery *delivery)
{
    const struct curl_slist *extra;
    int rc;

    *ret_headers = NULL;
    rc = add_header(ret_headers, "Content-Type: application/json");
    if (rc == COLLECTOR_OK && gzip)
        rc = add_header(ret_headers, "Content-Encoding: gzip");
    if (rc == COLLECTOR_OK)
        rc = add_header(ret_headers, "Expect:"); /* it costs a round trip */
    if (rc == COLLECTOR_OK)
        rc = add_batch(batch, ret_headers);
    for (extra = request->headers; rc == COLLECTOR_OK && extra != NULL;
         extra = extra->next)
        rc = add_header(ret_headers, extra->data);
    if (rc == COLLECTOR_OK && request->bearer_token_file != NULL)
        rc = add_token(request->bearer_token_file, ret_headers);
    if (rc == COLLECTOR_ERR_IO)
        (void)snprintf(delivery->error, sizeof(delivery->error),
                       "can't read a token from %s",
                       request->bearer_token_file); /* may cut */
    return rc;
}

/** Whether a header has this name; one that ends with * is how it begins. */
static bool
is_named(const char *header, size_t name_size, const char *name)
{
    const size_t size = strcspn(name, "*");

    return strncasecmp(header, name, size) == 0 &&
           (name[size] == '*' ? name_size >= size : name_size == size);
}

const char *
collector__webhook_request_fault(const char *header, bool has_token)
{
    static const char *const own[] = {
        "Content-Type",      "Content-Length", "Content-Encoding",
        "Transfer-Encoding", "Expect",         "X-Collector-*",
    };
    const size_t size = header != NULL ? strspn(header, NAME_CHARACTERS) : 0;
    size_t i;

    if (size == 0 || header[size] != ':')
        return "expected a header, Name: value";
    if (!collector__webhook_request_is_clean(header))
        return "expected a header without control characters";
    for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (is_named(header, size, own[i]))
            return "expected another header: this one the webhook sends itself";
    }
    if (has_token && is_named(header, size, "Authorization"))
        return "expected another header than that of the bearer token";
    return NULL;
}
