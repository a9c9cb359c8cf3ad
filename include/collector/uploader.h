/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_UPLOADER_H
#define COLLECTOR_UPLOADER_H

#include <collector/export.h>
#include <collector/sink.h>
#include <collector/store.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Drains a store into a sink: in id order, at least once, and marked only after
 * the sink has confirmed.
 *
 * A batch that the sink rejects is offered again in halves, the left one first,
 * until the event that is to blame stands alone: it becomes a dead letter, and
 * the others are delivered. When that has happened to
 * COLLECTOR_DEAD_IN_A_ROW_MAX events without a delivery between them, the
 * receiver is to blame: it is then offered one event at a time, with rests like
 * after any failure, until it takes one. To a receiver that calls a batch too
 * large (413) later batches have half as many events; twice as many are tried
 * again after 100 batches.
 *
 * Either call collector_uploader_drain() from a loop of your own, or let
 * collector_uploader_start() do that on a thread. Any thread may call any
 * function on it but collector_uploader_free().
 */
struct collector_uploader;

/** The longest that a retry_after_ms is obeyed, in ms. */
#define COLLECTOR_RETRY_AFTER_MS_MAX (60 * 60 * 1000)

/** How long a delivery, and beyond the interval a cycle, may take before the
 *  uploader counts as stuck, in ms: longer than the webhook's own time-out. */
#define COLLECTOR_STALL_MS 45000

/** Options of an uploader. Set them with the init function first. */
struct collector_uploader_options {
    /** sizeof(struct collector_uploader_options), set by the init function. */
    size_t size;
    /** Rest when the backlog is empty, in ms; 1 or more. Default 1000. */
    uint32_t interval_ms;
    /** Events in a batch, 1 to COLLECTOR_BATCH_COUNT_MAX. Default 1000. */
    uint32_t batch_count_max;
    /** Bytes of JSON in a batch, about; 1 to COLLECTOR_BATCH_BYTES_MAX.
     *  Default 1 MiB. */
    size_t batch_bytes_max;
    /** After the n-th failure in a row the rest is drawn evenly from 0 to
     *  retry_base_ms × 2^(n-1), in ms; 1 or more. Default 1000. */
    uint32_t retry_base_ms;
    /** The most that the rest is drawn from, in ms; 1 or more. Default 300000.
     */
    uint32_t retry_max_ms;
    /** Default NULL: silence. */
    collector_log_fn log;
    /** Handed to log. */
    void *log_userdata;
    /** Called on the uploader's own thread, first of all: to name it, give it
     *  its priority, tell a watchdog. Default NULL. */
    void (*thread_enter)(void *userdata);
    /** Called on the uploader's own thread, last of all. Default NULL. */
    void (*thread_leave)(void *userdata);
    /** Handed to both. */
    void *thread_userdata;
    /** Events that are offered to the sink in a second, at most; up to
     *  COLLECTOR_RATE_MAX. Over any span of time no more than that rate and one
     *  second's worth are offered, those of failed deliveries included: a batch
     *  is cut to a second's worth, and rests until it may go. Default 0: any
     *  number. */
    uint64_t event_rate_max;
    /** The same of bytes, about, as collector_batch_json() renders them. A
     *  single event beyond a second's worth goes in one, and those behind it
     *  rest for so much longer. Default 0: any number. */
    uint64_t byte_rate_max;
};

/** The most that a rate can be, a second. */
#define COLLECTOR_RATE_MAX (UINT64_C(1) << 40)

/**
 * Set every option to its default. NULL is fine.
 *
 * Call it with the options alone: the macro of the same name adds the size.
 *
 * @param size  sizeof(*options), as the caller was compiled: the library's own
 *              may be another.
 */
COLLECTOR_API void
collector_uploader_options_init(struct collector_uploader_options *options,
                                size_t size);

/** Calls the function of this name, with the size that options have here. */
#define collector_uploader_options_init(options)                               \
    collector_uploader_options_init((options),                                 \
                                    sizeof(struct collector_uploader_options))

/**
 * Tie a store to a sink. Nothing is sent yet.
 *
 * @param store         Used until the uploader is freed: free it after that.
 * @param sink          Likewise.
 * @param options       Copied; NULL for the defaults.
 * @param ret_uploader  Set on success only; yours to free.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_UNSUPPORTED (options of a newer
 *         version), ERR_NOMEM.
 */
COLLECTOR_API int
collector_uploader_new(struct collector_store *store,
                       struct collector_sink *sink,
                       const struct collector_uploader_options *options,
                       struct collector_uploader **ret_uploader);

/** What one step did. */
struct collector_drain {
    /** Events delivered and marked in this step. */
    uint64_t event_count;
    /** COLLECTOR_DELIVERED also when there was nothing to do.
     *  COLLECTOR_REJECTED: the next step offers half as many events, or the
     *  one that was offered has become a dead letter. */
    enum collector_delivery_result result;
    /** Rest this long before the next step, in ms; 0: there may be more to send
     *  now. A batch that rests for its rate is COLLECTOR_DELIVERED, and none of
     *  its events. */
    uint32_t wait_ms;
};

/**
 * One step on this thread: fetch a batch, deliver it, mark it. Called before
 * the rest after a failure is over, it only says how long that still is.
 *
 * A failure of the sink or of the storage is not an error here: it is counted,
 * and the rest says when to try again.
 *
 * @param ret_drain  Set on success only.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_BUSY (another thread is in a step, or
 *         collector_uploader_start() was called).
 */
COLLECTOR_API int
collector_uploader_drain(struct collector_uploader *uploader,
                         struct collector_drain *ret_drain);

/**
 * Drain on a thread of its own, until stop. All signals are blocked on it.
 *
 * @return COLLECTOR_OK, ERR_INVALID, ERR_BUSY (already started, or another
 *         thread is in a step), ERR_NOMEM.
 */
COLLECTOR_API int
collector_uploader_start(struct collector_uploader *uploader);

/**
 * Drain until the backlog is empty or drain_ms have passed, then cancel what is
 * in flight and end the thread. It gives up sooner when the next attempt would
 * come after the deadline, be it for a failure or a rate: those hold here too.
 * It can be started again. Not from within the sink,
 * which it waits for.
 *
 * @param drain_ms  0: stop at once.
 * @return COLLECTOR_OK (also when it was not running), ERR_INVALID.
 */
COLLECTOR_API int
collector_uploader_stop(struct collector_uploader *uploader, uint32_t drain_ms);

/**
 * Change the sink and the options, also while it runs. A delivery under way is
 * broken off, and its batch offered to the new sink at once, whatever rest was
 * left. A sink that can't be cancelled is waited for. Not from within the sink.
 *
 * @param sink     Used until the uploader is freed; NULL: the one it has. The
 *                 old one is yours again when this returns.
 * @param options  Copied; NULL for the defaults. The thread's own functions are
 *                 for the next start.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_UNSUPPORTED (options of a newer
 *         version). Without COLLECTOR_OK nothing is changed.
 */
COLLECTOR_API int
collector_uploader_reconfigure(
    struct collector_uploader *uploader, struct collector_sink *sink,
    const struct collector_uploader_options *options);

/** An uploader in numbers, since it was made. */
struct collector_uploader_stats {
    /** sizeof(struct collector_uploader_stats), set by the caller. */
    size_t size;
    /** The last cycle worked, and finished recently enough; no delivery hangs.
     */
    bool healthy;
    /** The sink's name. */
    char sink[COLLECTOR_SINK_NAME_SIZE];
    /** Why the last cycle failed; "" when it did not. */
    char last_error[COLLECTOR_DELIVERY_ERROR_SIZE];
    /** Failures since the last success. */
    uint32_t failures_in_a_row;
    /** Time to the next attempt after a failure, in ms; 0 outside a rest. */
    uint32_t retry_in_ms;
    /** Since when cycles have failed, ms since 1970; 0 when the last worked. */
    int64_t failing_since;
    /** When a batch was last delivered, ms since 1970; 0 for never. */
    int64_t last_success_at;
    /** How long the delivery under way has taken, in ms; 0 outside of one. */
    uint64_t in_flight_ms;
    /** Batches tried. */
    uint64_t runs;
    /** Those of them that were not delivered. */
    uint64_t failures;
    /** Events delivered and marked. */
    uint64_t events;
    /** Those of the runs that came after a failure, to try again. */
    uint64_t retries;
    /** How long batches have rested for a rate, in ms. */
    uint64_t throttled_ms;
};

/**
 * The uploader in numbers. Never waits for a delivery.
 *
 * @param ret_stats  Set ret_stats->size first.
 */
COLLECTOR_API void
collector_uploader_stats(struct collector_uploader *uploader,
                         struct collector_uploader_stats *ret_stats);

/** Stop at once, and free an uploader that no other thread uses any more. NULL
 *  is fine. */
COLLECTOR_API void
collector_uploader_free(struct collector_uploader *uploader);

#ifdef __cplusplus
}
#endif

#endif
