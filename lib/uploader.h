/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_UPLOADER_H
#define COLLECTOR_LIB_UPLOADER_H

#include "clock.h"
#include "isolation.h"
#include "log.h"
#include "random.h"
#include "rate.h"

#include <collector/uploader.h>
#include <pthread.h>

struct collector_uploader {
    struct collector_store *store;
    struct collector_sink *sink;
    struct collector_uploader_options options;
    struct collector__log log;
    const struct collector_clock *clock;

    /* Of whoever is in a step. */
    struct collector_batch *batch;
    struct collector_delivery delivery;
    bool confirmed; /* the sink has the batch, the store doesn't know yet */
    struct collector__isolation isolation;
    char collector_id[COLLECTOR_UUID_SIZE]; /* whose events that is about */
    int64_t maintained_at;                  /* monotonic ms of the system */
    struct collector__rate event_rate;
    struct collector__rate byte_rate;

    /* Guards what is below. */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stepping;
    bool changing; /* no step begins, and the one under way is broken off */
    bool poked;    /* the rest is over */
    bool started;
    bool stopping;
    bool finished;
    pthread_t thread;
    int64_t stop_at; /* monotonic ms of the system */
    int64_t retry_at;
    int64_t cycle_at;    /* when the last cycle ended */
    int64_t paced_at;    /* when the last rest for a rate began, */
    int64_t paced_until; /* and when it is over */
    bool in_flight;
    int64_t in_flight_at; /* when the delivery under way began */
    struct collector_uploader_stats stats;
};

/** Whether an uploader can be used here. @return COLLECTOR_OK, ERR_INVALID for
 *  NULL, ERR_FORK. */
int
collector__uploader_check(const struct collector_uploader *uploader);

/** Read options, of which NULL are the defaults. @return COLLECTOR_OK,
 *  ERR_INVALID, ERR_UNSUPPORTED. */
int
collector__uploader_options_read(
    const struct collector_uploader_options *options,
    struct collector_uploader_options *ret_options);

/** Enter a step, once no change is under way; and leave it. With the lock. */
void
collector__uploader_begin_step(struct collector_uploader *uploader);
void
collector__uploader_end_step(struct collector_uploader *uploader);

/** Wait for a change, at most so long. With the lock. */
void
collector__uploader_wait(struct collector_uploader *uploader, int64_t ms);

/** What one step came to. */
struct collector__step {
    struct collector_drain drain;
    bool empty;
    bool paced; /* the batch waits for its rate */
};

/**
 * Fetch a batch unless one is left over, deliver it, mark it; or say how long
 * to rest. One thread at a time.
 */
void
collector__uploader_step(struct collector_uploader *uploader,
                         struct collector__step *ret_step);

/** Look after the store, unless that was done a moment ago. Likewise. */
void
collector__uploader_maintain(struct collector_uploader *uploader);

/** Let the batch go; the next step fetches anew. Likewise. */
void
collector__uploader_drop_batch(struct collector_uploader *uploader);

/**
 * A cycle has failed: remember and log why.
 *
 * @param retry_after_ms  What the receiver asked for; 0 for nothing.
 * @return How long to rest, in ms.
 */
uint32_t
collector__uploader_note_failure(struct collector_uploader *uploader,
                                 const char *why, int64_t retry_after_ms);

/** A cycle has worked: event_count events are delivered and marked. */
void
collector__uploader_note_success(struct collector_uploader *uploader,
                                 uint64_t event_count);

/** A cycle has ended, and neither worked nor failed. */
void
collector__uploader_note_cycle(struct collector_uploader *uploader);

/** The batch has to rest for a rate, so many ms; 0: it may go. Healthy all the
 *  same. */
void
collector__uploader_note_pace(struct collector_uploader *uploader,
                              uint32_t wait_ms);

/** Count an attempt; a cancelled one is none. */
void
collector__uploader_note_run(struct collector_uploader *uploader, bool failed);

/** Whether a delivery is under way. */
void
collector__uploader_note_flight(struct collector_uploader *uploader,
                                bool in_flight);

/** How long the rest after a failure still is, in ms; 0 when it is over. */
uint32_t
collector__uploader_remaining_rest(struct collector_uploader *uploader);

#endif
