/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_SINK_H
#define COLLECTOR_SINK_H

#include <collector/batch.h>
#include <collector/export.h>
#include <collector/log.h>
#include <collector/problem.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What became of a batch. */
enum collector_delivery_result {
    /** The receiver has confirmed every event. */
    COLLECTOR_DELIVERED = 0,
    /** It may work later: keep the batch and try again. */
    COLLECTOR_RETRY = 1,
    /** The receiver will never take this batch as it is. */
    COLLECTOR_REJECTED = 2
};

/** Bytes of a delivery's error text, with its NUL; a longer one is cut. */
#define COLLECTOR_DELIVERY_ERROR_SIZE 192

/** A sink's report on one attempt. */
struct collector_delivery {
    /** What became of the batch. */
    enum collector_delivery_result result;
    /** The protocol's status, such as 503 for HTTP; 0 when there is none. 413
     *  with COLLECTOR_REJECTED makes later batches smaller. */
    int32_t status;
    /** How long the receiver asked us to stay away, in ms; 0 when it did not.
     */
    int64_t retry_after_ms;
    /** Attempts at this batch so far, this one included; 0 counts as 1. */
    uint32_t attempts;
    /** When the attempt began, ms since 1970; 0 counts as the time of the
     *  fetch. */
    int64_t started_at;
    /** Why it was not delivered, in words and without credentials. */
    char error[COLLECTOR_DELIVERY_ERROR_SIZE];
};

/**
 * Where events go. Fill in the operations, or take a built-in sink.
 *
 * One uploader at a time may use a sink. It calls deliver on one thread at a
 * time, and cancel on any other.
 */
struct collector_sink;

/** What a sink of your own does. Zero all that you don't set. */
struct collector_sink_ops {
    /** sizeof(struct collector_sink_ops). */
    size_t size;
    /**
     * Bring a batch to the receiver, and return when its fate is known.
     *
     * @param batch     Borrowed for the call.
     * @param delivery  Zeroed, but for attempts and started_at: it says
     *                  COLLECTOR_DELIVERED unless the sink says otherwise.
     * @return COLLECTOR_OK when *delivery holds the result; any error when
     *         nothing is known to be delivered, which is then tried again.
     */
    int (*deliver)(void *userdata, const struct collector_batch *batch,
                   struct collector_delivery *delivery);
    /**
     * Make a deliver that is under way return soon. Called on another thread,
     * perhaps several times, perhaps when nothing is under way; it must not
     * spoil a later deliver. NULL: deliver always returns soon by itself.
     */
    void (*cancel)(void *userdata);
    /** Release userdata. NULL: nothing to release. */
    void (*free)(void *userdata);
};

/** Bytes of a sink's name, with its NUL; a longer one is cut. */
#define COLLECTOR_SINK_NAME_SIZE 32

/**
 * Make a sink from operations.
 *
 * @param name      One word for logs and statistics; copied.
 * @param ops       Copied.
 * @param userdata  Handed to every operation. It belongs to the sink when this
 *                  succeeds, and stays yours when it fails.
 * @param ret_sink  Free it after its uploader.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_UNSUPPORTED (ops of a newer version),
 *         ERR_NOMEM.
 */
COLLECTOR_API int
collector_sink_new(const char *name, const struct collector_sink_ops *ops,
                   void *userdata, struct collector_sink **ret_sink);

/**
 * A sink that says "uploaded N events" through the callback, and is done.
 *
 * @param log  Called on the thread that drains, at COLLECTOR_LOG_INFO.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_NOMEM.
 */
COLLECTOR_API int
collector_sink_log_new(collector_log_fn log, void *log_userdata,
                       struct collector_sink **ret_sink);

/**
 * A sink that appends one JSON object a line to a file, and fsyncs it before it
 * says delivered. A batch whose write failed half-way is cut off again, and so
 * is a torn last line that a power cut left. The file is opened for each batch,
 * so that it can be moved away at any time. The file belongs to the sink: have
 * nobody else write to it.
 *
 * @param path  Copied; "-" is standard output, which is only written to. As
 *              ever, a pipe that nobody reads raises SIGPIPE, unless that is
 *              ignored, or blocked as on the uploader's own thread.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_NOMEM.
 */
COLLECTOR_API int
collector_sink_file_new(const char *path, struct collector_sink **ret_sink);

/** Extra headers of a webhook. */
#define COLLECTOR_WEBHOOK_HEADERS_MAX 32

/** Options of the webhook sink. Set them with the init function first. */
struct collector_webhook_options {
    /** sizeof(struct collector_webhook_options), set by the init function. */
    size_t size;
    /** Where to POST: http:// or https://. May hold a user and a password. */
    const char *url;
    /** Time to connect, TLS included, in ms; 1 or more. Default 10000. */
    uint32_t connect_timeout_ms;
    /** Time for the whole request, in ms; 1 or more. Default 30000. */
    uint32_t timeout_ms;
    /** Extra headers, each "Name: value", without control characters. Not those
     *  that the sink sends itself: Content-Type, Content-Length,
     *  Content-Encoding, Transfer-Encoding, Expect, and X-Collector-*; nor
     *  Authorization beside a bearer token. Default NULL. */
    const char *const *headers;
    /** How many headers there are, up to COLLECTOR_WEBHOOK_HEADERS_MAX. Default
     *  0. */
    size_t header_count;
    /** A file whose first line, below 4 KiB, is sent as bearer token, read anew
     *  for each request so that it can be changed. Default NULL: none. */
    const char *bearer_token_file;
    /** A PEM file with those whom to trust, instead of the system's list.
     *  Default NULL: that list. */
    const char *ca_file;
    /** A PEM file with the client's certificate. Default NULL: none. */
    const char *certificate_file;
    /** A PEM file with the certificate's key, without a pass phrase. Default
     *  NULL: it is in certificate_file. */
    const char *key_file;
    /** Compress bodies with gzip, where that makes them smaller. A receiver
     * that refuses one with 415, or its first one with 400 or 422, gets that
     * batch once more as it is, at once; if it takes it, all that the sink
     * sends from then on goes as it is. Needs a library with zlib. Default
     * false. */
    bool gzip;
    /** The proxy to go through: a URL with http, https, socks5 or socks5h,
     * which may hold a user and a password, and is for all receivers; or "" for
     *  none. Default NULL: the one that the environment names, if any, in
     *  https_proxy, http_proxy, all_proxy and no_proxy. */
    const char *proxy;
    /** How to name oneself, without control characters. Default NULL:
     *  "libcollector/" and the version. */
    const char *user_agent;
    /** Told when the sink changes what it sends. Default NULL: silence. */
    collector_log_fn log;
    /** Handed to log. */
    void *log_userdata;
    /** Break a request off that moves fewer bytes a second than that, both ways
     *  together, for low_speed_ms. A receiver that takes its time to answer
     *  moves none. Default 0: only timeout_ms counts. */
    uint32_t low_speed_size;
    /** For how long, in whole seconds, rounded up; 1 or more. Default 10000. */
    uint32_t low_speed_ms;
};

/**
 * Set every option to its default. NULL is fine.
 *
 * Call it with the options alone: the macro of the same name adds the size.
 *
 * @param size  sizeof(*options), as the caller was compiled: the library's own
 *              may be another.
 */
COLLECTOR_API void
collector_webhook_options_init(struct collector_webhook_options *options,
                               size_t size);

/** Calls the function of this name, with the size that options have here. */
#define collector_webhook_options_init(options)                                \
    collector_webhook_options_init((options),                                  \
                                   sizeof(struct collector_webhook_options))

/**
 * See whether a webhook of these options could work, in more depth than when it
 * is made: whether there is a token in its file, the files of certificates and
 * keys can be read, and a key fits its certificate. It sends nothing. Any
 * thread.
 *
 * @param ret_problem  Set on failure: what is wrong, in words without any
 *                     secret, and with index, which of the headers; -1 for
 *                     anything else.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_UNSUPPORTED (built without webhook or
 *         without gzip, or options of a newer version), ERR_NOMEM.
 */
COLLECTOR_API int
collector_webhook_options_check(const struct collector_webhook_options *options,
                                struct collector_problem *ret_problem);

/**
 * A sink that POSTs each batch as one JSON array.
 *
 * 2xx is delivered. 400, 413, 415 and 422 are rejected. All else is retry: no
 * connection, TLS, a time-out, an answer that breaks off or has no status, 3xx
 * (redirects are never followed), 401, 403, 404, 408, 429, 5xx. Retry-After is
 * reported in both its forms. Headers sent: Content-Type, X-Collector-Id,
 * X-Collector-First-Id, X-Collector-Last-Id, User-Agent, and Content-Encoding
 * with gzip. Certificates are verified.
 *
 * @param options   Everything in it is copied. The files it names are looked at
 *                  when they are needed.
 * @param ret_sink  Free it after its uploader.
 * @return COLLECTOR_OK, ERR_INVALID (also for a URL that is not http or https),
 *         ERR_UNSUPPORTED (built without webhook or without gzip, or options of
 *         a newer version), ERR_NOMEM.
 */
COLLECTOR_API int
collector_sink_webhook_new(const struct collector_webhook_options *options,
                           struct collector_sink **ret_sink);

/** The sink's name. Borrowed from the sink. Any thread. */
COLLECTOR_API const char *
collector_sink_name(const struct collector_sink *sink);

/**
 * Call a sink's deliver, for a sink that wraps another, or a program without an
 * uploader.
 *
 * @param delivery  Attempts and started_at are the caller's, and left as they
 *                  are; all else is set, whatever is returned.
 * @return COLLECTOR_OK when *delivery holds what the sink reports, or whatever
 *         the sink returned, with *delivery saying COLLECTOR_RETRY and why.
 */
COLLECTOR_API int
collector_sink_deliver(struct collector_sink *sink,
                       const struct collector_batch *batch,
                       struct collector_delivery *delivery);

/** Call a sink's cancel. Any thread. */
COLLECTOR_API void
collector_sink_cancel(struct collector_sink *sink);

/** Free a sink that no uploader uses any more. NULL is fine. */
COLLECTOR_API void
collector_sink_free(struct collector_sink *sink);

#ifdef __cplusplus
}
#endif

#endif
