/* SPDX-License-Identifier: MIT */
#ifndef MODEL_H
#define MODEL_H

/*
 * What a store should hold, in plain arrays: the promises written a second
 * time, as simply as they can be. One thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** More than any run of the test needs. */
#define MODEL_EVENT_COUNT_MAX 200000
#define MODEL_KEY_COUNT 12
#define MODEL_DEVICE_COUNT 7

enum model_fate { MODEL_PENDING, MODEL_DELIVERED, MODEL_DEAD, MODEL_DROPPED };

struct model_event {
    /** Which device, and what makes its payload unlike any other. */
    unsigned device;
    int64_t serial;
    enum model_fate fate;
    /** When it was settled, in time that the store was open. */
    int64_t settled_at;
    /** Whether it is in the file still. */
    bool present;
    /** Whether it is a dead letter, and as what it was appended again. */
    bool letter;
    int64_t replayed_as;
};

struct model_key {
    bool used;
    int64_t first_id;
    size_t count;
    int64_t kept_at;
};

struct model {
    /** How the store was opened. */
    size_t backlog_max;
    bool drop_oldest;
    int64_t retain_ms;
    size_t dead_letter_max;
    int64_t key_retain_ms;

    /** By id; the first is not used. */
    struct model_event events[MODEL_EVENT_COUNT_MAX];
    int64_t accepted;
    int64_t settled_through;
    int64_t counts[MODEL_DROPPED + 1];
    int64_t dead_in_a_row;
    int64_t serial;
    struct model_key keys[MODEL_KEY_COUNT];
    bool devices[MODEL_DEVICE_COUNT];
    /** Time that the store was open, and what of it is written down. */
    int64_t uptime_ms;
    int64_t uptime_kept_ms;
};

/** What an append comes to. */
enum model_outcome { MODEL_KEPT, MODEL_REPEATED, MODEL_CONFLICT, MODEL_FULL };

int64_t
model_pending(const struct model *model);

/**
 * Append events of one device; their serial numbers follow model->serial.
 *
 * @param key           Below MODEL_KEY_COUNT, or -1 for none.
 * @param ret_first_id  Set when they are kept, or were before.
 */
enum model_outcome
model_append(struct model *model, unsigned device, size_t count, int key,
             int64_t *ret_first_id);

/** Settle what is not settled yet of a batch. */
void
model_settle(struct model *model, int64_t last_id, enum model_fate fate);

/** What a rejected batch comes to. */
void
model_reject(struct model *model, int64_t first_id, int64_t last_id);

/** Let go of all that was kept for long enough. */
void
model_prune(struct model *model);

/** Append a dead letter again, or let go of it; nothing when there is none. */
void
model_replay(struct model *model, int64_t id);
void
model_purge(struct model *model, int64_t id);

/** Dead letters that could be replayed. */
size_t
model_replayable(const struct model *model);

/** The store was closed, or killed. */
void
model_reopen(struct model *model);

#endif
