/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_BATCH_H
#define COLLECTOR_BATCH_H

#include <collector/event.h>
#include <collector/export.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A run of events on its way to a sink: first_id, first_id + 1, … last_id, with
 * no gap between them. It is a copy: it holds no lock and no transaction.
 *
 * One thread at a time may use a batch. What its functions return belongs to
 * the batch and lives as long as it does.
 */
struct collector_batch;

/** Events in a batch at most: it is held in memory. */
#define COLLECTOR_BATCH_COUNT_MAX 100000
/** Bytes of JSON in a batch at most, about. */
#define COLLECTOR_BATCH_BYTES_MAX (16 * 1024 * 1024)

/** How large a batch may get. A batch holds at least one event. */
struct collector_batch_limits {
    /** Events: 1 to COLLECTOR_BATCH_COUNT_MAX. */
    uint32_t event_count_max;
    /** Bytes of its JSON rendering, about: 1 to COLLECTOR_BATCH_BYTES_MAX. */
    size_t bytes_max;
};

/** How to write a batch down as text. */
enum collector_batch_form {
    /** One JSON array of objects. */
    COLLECTOR_BATCH_ARRAY = 0,
    /** One JSON object a line (NDJSON), each ended by a line feed. */
    COLLECTOR_BATCH_LINES = 1
};

/** The number of events in it: 1 or more. */
COLLECTOR_API size_t
collector_batch_count(const struct collector_batch *batch);

/** The id of its first event. */
COLLECTOR_API int64_t
collector_batch_first_id(const struct collector_batch *batch);

/** The id of its last event. */
COLLECTOR_API int64_t
collector_batch_last_id(const struct collector_batch *batch);

/**
 * The collector that the events come from: a UUID as text. An event is named
 * for ever by this and its id.
 */
COLLECTOR_API const char *
collector_batch_collector_id(const struct collector_batch *batch);

/**
 * The event with id first_id + i.
 *
 * @param i  Below collector_batch_count().
 * @return Borrowed from the batch; NULL when i is too large.
 */
COLLECTOR_API const struct collector_event *
collector_batch_event(const struct collector_batch *batch, size_t i);

/**
 * The batch as JSON: objects with the members id, device_id, kind, payload
 * (absent when the event has none) and ts. Payloads are byte for byte what is
 * stored.
 *
 * @param ret_text  Borrowed from the batch until the next call with another
 *                  form; ends with NUL.
 * @param ret_size  Bytes in it, without the NUL; may be NULL.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_NOMEM.
 */
COLLECTOR_API int
collector_batch_json(const struct collector_batch *batch,
                     enum collector_batch_form form, const char **ret_text,
                     size_t *ret_size);

/**
 * Give a batch back to its store, which may then hand out the next one: the
 * same events again, unless they were checkpointed. Free it before the store.
 * NULL is fine.
 */
COLLECTOR_API void
collector_batch_free(struct collector_batch *batch);

#ifdef __cplusplus
}
#endif

#endif
