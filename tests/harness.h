/* SPDX-License-Identifier: MIT */
#ifndef HARNESS_H
#define HARNESS_H

/*
 * A store under examination: every option open to the test, the file within
 * reach of plain SQLite, and the engine's own structs behind it.
 */
#include "support.h"

#include "store.h"

struct harness {
    const char *dir;
    const char *path;
    /** The write-ahead log's. */
    const char *wal_path;
    struct support_log *log;
    /** In use after harness_stop_clock() only. */
    struct support_clock clock;
    struct collector_clock clock_ops;
    /** As the next open takes them. */
    struct collector_store_options options;
    struct collector_store *store;
};

/** Prepare for a new file in a new directory; nothing is opened. */
void
harness_init(struct harness *harness);

/** Let the store live by a clock that stands still. Before the open. */
void
harness_stop_clock(struct harness *harness);

/** Both of these, for a store in this mode that does not wait for the disk, as
 *  most tests that loop over the modes want it. */
void
harness_prepare(struct harness *harness, int mode);

void
harness_open(struct harness *harness);

/** Close the store; a second call does nothing. */
void
harness_close(struct harness *harness);

void
harness_reopen(struct harness *harness);

/** All of it: prepare in this mode, and open. */
void
harness_start(struct harness *harness, enum collector_write_mode mode);

/** Append; again where appends compete, and this one has lost for as long as
 * the store promises to try. */
void
harness_keep(struct harness *harness, const struct collector_event *events,
             size_t count, struct collector_receipt *ret_receipt);

/** Append so many events of device "d" at once, and return the first id. */
int64_t
harness_append(struct harness *harness, size_t count);

/** Append one event of this device, and return its id. */
int64_t
harness_see(struct harness *harness, const char *device_id, int64_t ts);

/** Whether an append that began then may be told to come again: where appends
 *  compete, and not before its time. */
bool
harness_may_lose(const struct harness *harness, int64_t began_ms);

/** Append one event of this kind, which may fail. */
int
harness_try(struct harness *harness, const char *kind);

/** Append so many events of this device at once, each with a payload of so many
 *  bytes, 2 or more; it may fail. */
int
harness_fill(struct harness *harness, const char *device_id, size_t count,
             size_t payload_size);

/** Bytes of the main file and the log together, as stat(2) sees them. */
int64_t
harness_file_size(const struct harness *harness);

/** Fetch at most so many events; NULL when none is pending. */
struct collector_batch *
harness_fetch(struct harness *harness, uint32_t event_count_max);

/** Put on record what became of a batch. */
int
harness_checkpoint(struct harness *harness, struct collector_batch *batch,
                   enum collector_delivery_result result);

/** Fetch at most so many events, settle them as delivered, and say how many
 *  there were. */
size_t
harness_deliver(struct harness *harness, uint32_t event_count_max);

/** Have the oldest so many events rejected one by one, each after a delivery as
 *  far as the file knows, so that all become dead letters. */
void
harness_bury(struct harness *harness, size_t count);

/** Append so many events, and make dead letters of all of them at once, from
 *  outside. The backlog must be empty. */
void
harness_bury_many(struct harness *harness, size_t count);

struct collector_store_stats
harness_stats(struct harness *harness);

/** A number and a text from the file, as any other program reads them. */
int64_t
harness_int(struct harness *harness, const char *sql);
const char *
harness_text(struct harness *harness, const char *sql);

/** Up to which event the device table has come. */
int64_t
harness_devices_through(struct harness *harness);

/** Change the file from outside. */
void
harness_exec(struct harness *harness, const char *sql);

/** Assert that ids 1 … count are in the file, each once. */
void
harness_assert_contiguous(struct harness *harness, int64_t count);

#endif
