/* SPDX-License-Identifier: MIT */
#ifndef CTL_STANDING_H
#define CTL_STANDING_H

#include "flow.h"

#include <collector/reader.h>
#include <collector/sink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What is said about a file at most, and bytes of one sentence. */
#define STANDING_SENTENCE_COUNT_MAX 8
#define STANDING_SENTENCE_SIZE (COLLECTOR_DELIVERY_ERROR_SIZE + 192)

/** -1 for a limit that is not known: then what is collectord's default. */
#define STANDING_UNKNOWN (-1)

/** What the file's owner was told, -max-backlog and -max-size: the file does
 *  not say. 0 is no limit. */
struct standing_limits {
    int64_t backlog_max;
    int64_t size_max;
};

/** What will be full first. */
enum standing_end {
    STANDING_NEVER,
    STANDING_BACKLOG,
    STANDING_FILE,
    STANDING_DISK
};

/** Sentences, count of them. */
struct standing_sentences {
    char text[STANDING_SENTENCE_COUNT_MAX][STANDING_SENTENCE_SIZE];
    size_t count;
};

/** Bytes of a collector's name, with its NUL. */
#define STANDING_NAME_SIZE 40

/** Where a buffer stands, as its file tells it. Times are ms since 1970. */
struct standing {
    /** The ledger: the first is the sum of the others. */
    int64_t accepted;
    int64_t delivered;
    int64_t dead;
    int64_t dropped;
    int64_t pending;
    /** 0 without backlog; 0 for never. */
    int64_t oldest_pending_ts;
    int64_t last_success_at;
    /** 0 unless the upstream is away, and why it is. */
    int64_t failing_since;
    char last_error[COLLECTOR_DELIVERY_ERROR_SIZE];
    /** Whose snapshot it is; "" when it is none, or not any more. */
    char snapshot_of[STANDING_NAME_SIZE];
    int64_t dead_letters;
    int64_t dead_in_a_row;
    int64_t devices;
    /** Commits that failed, since the file was made. */
    int64_t storage_faults;
    /** Events that are in the file, about. */
    int64_t kept;
    /** Of the last append: 1 unless it had an idempotency key. */
    int64_t request_count;
    /** Whether there is an index on the devices, which takes room. */
    bool indexed;
    /** Bytes: the database, what in it holds nothing, and its log. */
    int64_t file_size;
    int64_t free_size;
    int64_t wal_size;
    /** Room on the file system for others than root; -1 if it does not say. */
    int64_t disk_free;
    /** All 0 when the file took too long to tell. */
    struct flow flow;
    /** In force, or assumed. */
    struct standing_limits limits;
    bool assumed;
    /** When something is full, if this goes on; 0 for never. */
    int64_t full_in_ms;
    enum standing_end full_by;
    /** See owner.h. */
    bool owner_seen;
    /** Events are kept and delivered: there is no reason against it. */
    bool ok;
    /** What is wrong, and what may become so. */
    struct standing_sentences reasons;
    struct standing_sentences warnings;
};

/**
 * Look at a file.
 *
 * @param path          The reader's file; may be a link to it.
 * @param ret_standing  Complete on success only.
 * @param ret_answer    Its size is set here; what the reader said to the
 *                      question that failed.
 * @return As collector_reader_query().
 */
int
standing_look(struct collector_reader *reader, const char *path,
              const struct standing_limits *limits, int64_t now_ms,
              struct standing *ret_standing,
              struct collector_answer *ret_answer);

/**
 * Only glance at it: the ledger, whose it is and what room there is, and no
 * judgement. What that leaves out is 0. Otherwise as standing_look().
 */
int
standing_glance(struct collector_reader *reader, const char *path,
                struct standing *ret_standing,
                struct collector_answer *ret_answer);

/** What a limit is called: "backlog", "file", "disk"; "never". */
const char *
standing_end_name(enum standing_end end);

#endif
