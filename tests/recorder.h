/* SPDX-License-Identifier: MIT */
#ifndef RECORDER_H
#define RECORDER_H

/*
 * A sink that remembers every event it was offered, and answers as told.
 * Any thread may call any of these functions but recorder_free().
 */
#include <collector/collector.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recorder;

/** One event of one deliver. */
struct recorder_event {
    int64_t id;
    const char *device_id;
    const char *kind;
    /** NULL for none. */
    const char *payload;
    int64_t ts;
    /** Which deliver, counted from 0. */
    size_t call;
    /** Whether that deliver was answered with COLLECTOR_DELIVERED. */
    bool delivered;
};

/** How to answer one deliver. All zero: delivered. */
struct recorder_answer {
    /** What deliver returns. */
    int rc;
    enum collector_delivery_result result;
    int status;
    int64_t retry_after_ms;
    /** NULL for none; not copied. */
    const char *error;
};

/** What to answer to a batch; borrowed for the call. Called one at a time. */
typedef struct recorder_answer (*recorder_judge_fn)(
    void *userdata, const struct collector_batch *batch);

/** A recorder and its sink. Free the sink before the recorder. */
struct recorder *
recorder_new(struct collector_sink **ret_sink);

/** Answer the first deliver that has no answer yet. When the answers run out,
 *  all is delivered. */
void
recorder_script(struct recorder *recorder, struct recorder_answer answer);

/** Let a judge answer what is not scripted; NULL: all is delivered again. */
void
recorder_set_judge(struct recorder *recorder, recorder_judge_fn judge,
                   void *userdata);

/** From now on deliver waits until recorder_release() or a cancel; then it
 *  returns COLLECTOR_ERR_CANCELLED. */
void
recorder_block(struct recorder *recorder);

void
recorder_release(struct recorder *recorder);

/** Whether a cancel ends a deliver that waits. It does at first; a receiver
 *  may answer all the same. */
void
recorder_set_cancellable(struct recorder *recorder, bool cancellable);

/** Delivers begun so far. */
size_t
recorder_call_count(struct recorder *recorder);

/** Whether one is under way. */
bool
recorder_is_delivering(struct recorder *recorder);

/** Cancels and frees received so far. */
size_t
recorder_cancel_count(struct recorder *recorder);
size_t
recorder_free_count(struct recorder *recorder);

/** Events offered so far, and the i-th of them: NULL when i is too large. */
size_t
recorder_event_count(struct recorder *recorder);
const struct recorder_event *
recorder_event(struct recorder *recorder, size_t i);

/** Events answered with COLLECTOR_DELIVERED so far. */
size_t
recorder_delivered_count(struct recorder *recorder);

void
recorder_free(struct recorder *recorder);

#endif
