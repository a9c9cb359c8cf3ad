/* SPDX-License-Identifier: MIT */
#ifndef SCRIPT_H
#define SCRIPT_H

/*
 * A store that is made to do something while it is in trouble. Each answer is
 * held to the closed list in the function's header, and what was claimed is
 * kept: the file is held to it afterwards. One thread.
 */
#include "claims.h"
#include "support.h"
#include "trouble.h"
#include "witness.h"

/** Batches are no larger: then every scene takes several. */
#define SCRIPT_BATCH_COUNT_MAX 8

/** The functions that answer with a code. */
enum script_function {
    SCRIPT_OPEN,
    SCRIPT_APPEND,
    SCRIPT_FETCH,
    SCRIPT_CHECKPOINT,
    SCRIPT_SNAPSHOT,
    SCRIPT_MAINTAIN,
    SCRIPT_BATCH_JSON,
    SCRIPT_SINK_NEW,
    SCRIPT_SINK_DELIVER,
    SCRIPT_UPLOADER_NEW,
    SCRIPT_DRAIN,
    SCRIPT_START,
    SCRIPT_STOP,
    SCRIPT_LIST,
    SCRIPT_REPLAY,
    SCRIPT_PURGE,
    SCRIPT_READER_OPEN,
    SCRIPT_QUESTION
};

struct script {
    struct trouble *trouble;
    const char *directory;
    /** The path is set; a scene sets what else it wants. */
    struct collector_store_options options;
    struct support_clock clock;
    struct collector_clock clock_ops;
    /** NULL while it is closed. */
    struct collector_store *store;
    struct tape tape;
    struct witness witness;
    /** The one that the uploader has; and what the witness hands on to. */
    struct collector_sink *sink;
    struct collector_sink *inner_sink;
    struct collector_uploader *uploader;
    int64_t next_serial;
    /** By number: whether a snapshot has failed, and must not be there. */
    bool copy_failed[CLAIMS_COPY_MAX];
    /** Errors that the trouble may cause in this scene beside its own. */
    unsigned errors;
    /** The first thing that was wrong; NULL when nothing was. */
    const char *fault;
};

/** Prepare for a new file in a new directory; nothing is opened. */
void
script_init(struct script *script, struct trouble *trouble,
            enum collector_write_mode mode);

/** Close all that is open. */
void
script_close(struct script *script);

void
script_free(struct script *script);

/** Find something wrong, unless something was before. */
void
script_blame(struct script *script, const char *fault);

/**
 * Hold a function to its word: it says what is expected or, in trouble, one of
 * the errors that this may cause and that its header lists.
 *
 * @return Whether it is what was expected.
 */
bool
script_said(struct script *script, enum script_function function, int rc,
            int expected);

/** Open the store unless it is open. @return Whether it is. */
bool
script_open(struct script *script);

/** Append so many new events, and say the first one's serial number. */
int64_t
script_append(struct script *script, size_t count, const char *key);

/** Append the events of a serial number once more, with the same key. */
void
script_repeat(struct script *script, int64_t serial, size_t count,
              const char *key);

/** Say on the tape that an append was begun, and what it answered. */
void
script_begin(struct script *script, int64_t serial, size_t count,
             const char *key);
void
script_keep(struct script *script, int64_t serial,
            const struct collector_receipt *receipt);

/** Begin with other claims: another file is to take over. */
void
script_forget(struct script *script);

/** Have an uploader for the witness, unless there is one. @return Whether there
 *  is one. */
bool
script_upload(struct script *script);

/** Take so many steps of it, with the rests between them. */
void
script_drain(struct script *script, size_t step_count);

/** Drain until nothing is pending. */
void
script_drain_all(struct script *script);

/** Let time pass. */
void
script_wait(struct script *script, int64_t ms);

void
script_maintain(struct script *script);

/** The store in numbers, which have to add up. It is open. */
struct collector_store_stats
script_stats(struct script *script);

/** Take a snapshot of this number, which is not there. @return Whether that
 *  worked. */
bool
script_copy(struct script *script, size_t number);

/** After the trouble: the store works at once, and all that it can do. */
void
script_recover(struct script *script);

#endif
