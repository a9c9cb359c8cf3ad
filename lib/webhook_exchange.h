/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_WEBHOOK_EXCHANGE_H
#define COLLECTOR_LIB_WEBHOOK_EXCHANGE_H

#include <collector/sink.h>
#include <curl/curl.h>
#include <stddef.h>

/** HTTP exchanges with one receiver, one after another over a connection that
 *  is kept. One thread, but for the cancel. */
struct collector__webhook_exchange;

/** @return COLLECTOR_OK, ERR_NOMEM. */
int
collector__webhook_exchange_new(
    const struct collector_webhook_options *options,
    struct collector__webhook_exchange **ret_exchange);

/** A delivery begins: a cancel from before is not for it. */
void
collector__webhook_exchange_begin(struct collector__webhook_exchange *exchange);

/**
 * POST a body, and say what came of it.
 *
 * @param headers   Borrowed for the call, as is the body.
 * @param delivery  Set on success only.
 * @return COLLECTOR_OK, ERR_CANCELLED, ERR_NOMEM.
 */
int
collector__webhook_exchange_post(struct collector__webhook_exchange *exchange,
                                 struct curl_slist *headers, const char *body,
                                 size_t size,
                                 struct collector_delivery *delivery);

/** Any thread: make what is under way return soon. */
void
collector__webhook_exchange_cancel(
    struct collector__webhook_exchange *exchange);

/** NULL is fine. */
void
collector__webhook_exchange_free(struct collector__webhook_exchange *exchange);

#endif
