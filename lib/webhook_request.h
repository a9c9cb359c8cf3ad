/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_WEBHOOK_REQUEST_H
#define COLLECTOR_LIB_WEBHOOK_REQUEST_H

#include <collector/sink.h>
#include <curl/curl.h>
#include <stdbool.h>

/** What all requests of a webhook have in their heads. Zeroed, nothing. */
struct collector__webhook_request {
    struct curl_slist *headers; /* the caller's */
    char *bearer_token_file;
};

/** Copy what options say. @return COLLECTOR_OK, ERR_NOMEM: clear it. */
int
collector__webhook_request_init(
    struct collector__webhook_request *request,
    const struct collector_webhook_options *options);

void
collector__webhook_request_clear(struct collector__webhook_request *request);

/**
 * The headers of one request.
 *
 * @param gzip         Its body is compressed.
 * @param ret_headers  Yours to free, also on failure.
 * @param delivery     Its error says why there is no token.
 * @return COLLECTOR_OK, ERR_IO (no token), ERR_NOMEM.
 */
int
collector__webhook_request_headers(
    const struct collector__webhook_request *request,
    const struct collector_batch *batch, bool gzip,
    struct curl_slist **ret_headers, struct collector_delivery *delivery);

/** Whether there is a token in a file. @return COLLECTOR_OK, ERR_IO, ERR_NOMEM.
 */
int
collector__webhook_request_check_token(const char *path);

/** Whether a text can stand in a header: it has no control character. */
bool
collector__webhook_request_is_clean(const char *text);

/** What is wrong with a header of the caller's, in words; NULL for nothing. */
const char *
collector__webhook_request_fault(const char *header, bool has_token);

#endif
