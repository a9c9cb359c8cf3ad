/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_WAL_H
#define COLLECTOR_LIB_WAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct collector__connection;
struct collector__database;

/** Pages from which the write path moves the log to the main file, with appends
 *  waiting: a checkpoint beside appends never reaches the end of the log, and
 *  only then does the log start again at its beginning. 16 MiB; less in a small
 *  file, or on a small disk. */
#define COLLECTOR_WAL_PAGES_MAX 4096

/** From this part of them on, the uploader's thread moves them beside the
 *  appends. */
#define COLLECTOR_WAL_MAINTAIN_PART 4

/** When the log could not start again, that part of them until the next try. */
#define COLLECTOR_WAL_RETRY_PART 16

/** And while it could not, so many ms: then nobody is waited for. */
#define COLLECTOR_WAL_RETRY_MS 100

/** How long appends wait at such a moment for readers to finish: ours take a
 *  millisecond or two, and nobody else's may hold up an append for longer. */
#define COLLECTOR_WAL_READER_MS 20

/** And an append that would have to be refused otherwise, unless somebody has
 *  held the log for longer than any reader of ours does. */
#define COLLECTOR_WAL_ROOM_MS 200
#define COLLECTOR_WAL_HELD_MS 2000

/** How long the write-ahead log is. Part of the database; any thread. */
struct collector__wal {
    _Atomic uint32_t pages_max;
    /** Pages in it, and how many of those are in the main file too. */
    _Atomic uint32_t pages;
    _Atomic uint32_t moved;
    /** Where the write path tries next. */
    _Atomic uint32_t due_at;
    /** Since when a reader holds it, monotonic ms; 0 when none does. */
    _Atomic int64_t pinned_since;
    /** When it was last tried to have it start again, monotonic ms. */
    _Atomic int64_t tried_at;
    /** The owner's lock, on which readers that take long are asked to wait: one
     *  after the other, they would hold the log for ever. -1 for none. */
    int lock_fd;
    /** Held while pages are moved beside appends: SQLite refuses a second
     *  checkpoint at once, and waits for none. */
    pthread_mutex_t moving;
};

/** How pages are moved. */
enum collector__wal_move {
    /** Nobody is made to wait, and so the log goes on (SQLite's PASSIVE). */
    COLLECTOR_WAL_BESIDE,
    /** Nobody can write meanwhile: have the log start again. If it can't, a
     *  reader holds it. */
    COLLECTOR_WAL_RESTART,
    /** The same, for an append that found no room: it waits for others. */
    COLLECTOR_WAL_MAKE_ROOM
};

void
collector__wal_init(struct collector__wal *wal, uint32_t pages_max);

/** Have it moved sooner, or later, from now on. */
void
collector__wal_resize(struct collector__wal *wal, uint32_t pages_max);

/** As it is for a file that was just opened. Nobody uses it. */
void
collector__wal_reset(struct collector__wal *wal);

void
collector__wal_close(struct collector__wal *wal);

/** A commit left so many pages in the log. */
void
collector__wal_note(struct collector__wal *wal, uint32_t pages);

/** Whether a reader holds it, as far as is known. */
static inline bool
collector__wal_is_pinned(const struct collector__wal *wal)
{
    return atomic_load(&wal->pinned_since) != 0;
}

/** Whether the write path should move pages before it goes on. */
bool
collector__wal_due(const struct collector__database *database);

/** Whether it is worth moving pages beside the appends. */
bool
collector__wal_worth(const struct collector__wal *wal);

/**
 * Have what is in the log on disk. Commits that nobody synced are: those with
 * COLLECTOR_DURABILITY_NORMAL, and the last ones of a process that was killed.
 *
 * @param connection  One that has read: before that it has no log open.
 * @return COLLECTOR_OK, ERR_IO.
 */
int
collector__wal_sync(struct collector__connection *connection);

/**
 * Move what can be moved.
 *
 * @return COLLECTOR_OK, or as collector__connection_error().
 */
int
collector__wal_checkpoint(struct collector__connection *connection,
                          enum collector__wal_move move);

#endif
