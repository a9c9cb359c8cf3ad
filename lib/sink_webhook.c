/* SPDX-License-Identifier: MIT */
/*
 * A sink that POSTs each batch; retries and rests are the uploader's. A batch
 * that a receiver refuses for being compressed is not refused: it gets it as it
 * is.
 */
#include "gzip.h"
#include "log.h"
#include "memory.h"
#include "webhook_check.h"
#include "webhook_exchange.h"
#include "webhook_handle.h"
#include "webhook_request.h"

#include <collector/error.h>
#include <collector/sink.h>
#include <stdbool.h>

/* HTTP's statuses for what is too large, which it is all the more uncompressed;
 * and for what can't be read. */
#define STATUS_TOO_LARGE 413
#define STATUS_UNSUPPORTED 415

struct webhook {
    struct collector__webhook_exchange *exchange;
    struct collector__webhook_request request;
    struct collector__gzip *gzip; /* NULL: bodies go as they are */
    bool gzip_taken;              /* the receiver has read one */
    struct collector__log log;
};

/** POST a batch in this form. */
static int
post(struct webhook *webhook, const struct collector_batch *batch, bool gzip,
     const char *body, size_t size, struct collector_delivery *delivery)
{
    struct curl_slist *headers;
    int rc = collector__webhook_request_headers(&webhook->request, batch, gzip,
                                                &headers, delivery);

    if (rc == COLLECTOR_OK)
        rc = collector__webhook_exchange_post(webhook->exchange, headers, body,
                                              size, delivery);
    curl_slist_free_all(headers);
    return rc;
}

/** Whether the receiver may mean the form, and not the events. */
static bool
may_mean_gzip(const struct webhook *webhook,
              const struct collector_delivery *delivery)
{
    return delivery->result == COLLECTOR_REJECTED &&
           delivery->status != STATUS_TOO_LARGE &&
           (delivery->status == STATUS_UNSUPPORTED || !webhook->gzip_taken);
}

/** From now on all goes as it is. */
static void
give_gzip_up(struct webhook *webhook, int status)
{
    collector__gzip_free(webhook->gzip);
    webhook->gzip = NULL;
    collector__log(&webhook->log, COLLECTOR_LOG_WARNING,
                   "the webhook's receiver refuses gzip (HTTP %d): bodies go "
                   "uncompressed from now on",
                   status);
}

/**
 * POST a batch compressed.
 *
 * @param ret_done  Set to false where it has to go as it is.
 */
static int
post_packed(struct webhook *webhook, const struct collector_batch *batch,
            const char *text, size_t size, struct collector_delivery *delivery,
            bool *ret_done)
{
    const char *packed;
    size_t packed_size;
    int rc =
        collector__gzip_pack(webhook->gzip, text, size, &packed, &packed_size);

    *ret_done = rc != COLLECTOR_ERR_TOO_BIG;
    if (rc == COLLECTOR_OK)
        rc = post(webhook, batch, true, packed, packed_size, delivery);
    if (rc != COLLECTOR_OK)
        return rc;
    *ret_done = !may_mean_gzip(webhook, delivery);
    if (delivery->result == COLLECTOR_DELIVERED)
        webhook->gzip_taken = true;
    return rc;
}

static int
deliver(void *userdata, const struct collector_batch *batch,
        struct collector_delivery *delivery)
{
    struct webhook *webhook = userdata;
    const struct collector_delivery blank = *delivery;
    const char *text;
    size_t size;
    bool done = false;
    int refusal;
    int rc;

    collector__webhook_exchange_begin(webhook->exchange);
    rc = collector_batch_json(batch, COLLECTOR_BATCH_ARRAY, &text, &size);
    if (rc == COLLECTOR_OK && webhook->gzip != NULL)
        rc = post_packed(webhook, batch, text, size, delivery, &done);
    if (done || (rc != COLLECTOR_OK && rc != COLLECTOR_ERR_TOO_BIG))
        return rc;
    refusal = delivery->status;
    *delivery = blank;
    rc = post(webhook, batch, false, text, size, delivery);
    if (rc == COLLECTOR_OK && refusal != 0 &&
        delivery->result == COLLECTOR_DELIVERED)
        give_gzip_up(webhook, refusal);
    return rc;
}

static void
cancel(void *userdata)
{
    struct webhook *webhook = userdata;

    collector__webhook_exchange_cancel(webhook->exchange);
}

static void
webhook_free(void *userdata)
{
    struct webhook *webhook = userdata;

    if (webhook == NULL)
        return;
    collector__webhook_exchange_free(webhook->exchange);
    collector__webhook_request_clear(&webhook->request);
    collector__gzip_free(webhook->gzip);
    collector__memory_free(webhook);
}

static int
webhook_new(const struct collector_webhook_options *options,
            struct webhook **ret_webhook)
{
    struct webhook *webhook = collector__memory_zeroed(sizeof(*webhook));
    int rc;

    if (webhook == NULL)
        return COLLECTOR_ERR_NOMEM;
    webhook->log.fn = options->log;
    webhook->log.userdata = options->log_userdata;
    rc = collector__webhook_exchange_new(options, &webhook->exchange);
    if (rc == COLLECTOR_OK)
        rc = collector__webhook_request_init(&webhook->request, options);
    if (rc == COLLECTOR_OK && options->gzip)
        rc = collector__gzip_new(&webhook->gzip);
    if (rc != COLLECTOR_OK)
        goto out;
    *ret_webhook = webhook;
    webhook = NULL; /* handed over */
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
    struct collector_webhook_options all;
    struct collector_problem problem; /* the code says enough */
    struct webhook *webhook = NULL;
    int rc;

    rc = collector__webhook_options_read(options, &all, &problem);
    if (rc == COLLECTOR_OK && ret_sink == NULL)
        rc = COLLECTOR_ERR_INVALID;
    if (rc != COLLECTOR_OK)
        return rc;
    collector__webhook_init_curl();
    rc = webhook_new(&all, &webhook);
    if (rc == COLLECTOR_OK)
        rc = collector_sink_new("webhook", &ops, webhook, ret_sink);
    if (rc != COLLECTOR_OK)
        webhook_free(webhook);
    return rc;
}
