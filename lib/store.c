/* SPDX-License-Identifier: MIT */
/*
 * The store: one file, its owner's lock, one write path and two readers that
 * never wait for it. Whoever is refused here has changed nothing.
 */
#include "store.h"

#include "batch.h"
#include "clean_mark.h"
#include "lock.h"
#include "memory.h"
#include "options.h"
#include "replace.h"
#include "salvage.h"
#include "schema.h"
#include "stats.h"
#include "store_file.h"

#include <collector/error.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#undef collector_store_options_init /* it adds the size */

void
collector_store_options_init(struct collector_store_options *options,
                             size_t size)
{
    static const struct collector_store_options defaults = {
        .size = sizeof(defaults),
        .mode = COLLECTOR_MODE_GROUP,
        .durability = COLLECTOR_DURABILITY_FULL,
        .connection_count_max = 8,
        .retain_ms = UINT64_C(7) * 24 * 60 * 60 * 1000,
        .dead_letter_max = 10000,
        .idempotency_retain_ms = UINT64_C(24) * 60 * 60 * 1000,
        .idempotency_max = 100000,
    };

    collector__options_init(options, size, &defaults, sizeof(defaults));
}

/** A name as seen from a directory. NULL with errno. */
static char *
join(const char *directory, const char *name)
{
    if (name[0] == '/')
        return collector__memory_text(name);
    return collector__memory_format("%s/%s", directory, name);
}

/** realpath() in memory of ours. NULL with errno. */
static char *
real_path(const char *path)
{
    char resolved[PATH_MAX];

    return realpath(path, resolved) != NULL ? collector__memory_text(resolved)
                                            : NULL;
}

/**
 * The path with links resolved, also when the file is not there yet: a link to
 * it is followed by hand then, or the file would get two locks. The recursion
 * ends with the links, of which realpath() follows a few dozen. NULL with
 * errno.
 */
static char *
resolve(const char *path) /* NOLINT(misc-no-recursion): it ends, see above */
{
    char *directory_of = NULL;
    char *name_of = NULL;
    char *directory = NULL;
    char *followed = NULL;
    char *resolved = real_path(path);
    char target[PATH_MAX];
    ssize_t size;

    if (resolved != NULL || errno != ENOENT)
        return resolved;
    size = readlink(path, target, sizeof(target) - 1);
    directory_of = collector__memory_text(path);
    name_of = collector__memory_text(path);
    if (directory_of != NULL && name_of != NULL)
        directory = real_path(dirname(directory_of));
    if (directory != NULL && size >= 0) {
        target[size] = '\0';
        followed = join(directory, target);
        resolved = followed != NULL ? resolve(followed) : NULL;
    } else if (directory != NULL) {
        resolved = join(directory, basename(name_of));
    }
    collector__memory_free(followed);
    collector__memory_free(directory);
    collector__memory_free(directory_of);
    collector__memory_free(name_of);
    return resolved;
}

static bool
are_valid(const struct collector_store_options *options)
{
    return options->path != NULL && options->path[0] != '\0' &&
           (unsigned)options->mode <= COLLECTOR_MODE_CONCURRENT &&
           (unsigned)options->durability <= COLLECTOR_DURABILITY_NORMAL &&
           options->connection_count_max >= 1 &&
           options->connection_count_max <= COLLECTOR_CONNECTIONS_MAX &&
           (unsigned)options->overflow <= COLLECTOR_OVERFLOW_DROP_OLDEST &&
           (unsigned)options->on_damage <= COLLECTOR_DAMAGE_QUARANTINE &&
           (options->size_max == 0 ||
            options->size_max >= COLLECTOR_STORE_SIZE_MIN) &&
           (options->clock == NULL || (options->clock->wall_ms != NULL &&
                                       options->clock->monotonic_ms != NULL));
}

static void
set_limits(struct collector__limits *limits,
           const struct collector_store_options *options)
{
    limits->backlog_max = options->backlog_max;
    limits->size_max = options->size_max;
    limits->overflow = options->overflow;
    limits->retain_ms = options->retain_ms;
    limits->dead_letter_max = options->dead_letter_max;
    limits->idempotency_retain_ms = options->idempotency_retain_ms;
    limits->idempotency_max = options->idempotency_max;
}

/** Fill in the parts that come from the options. */
static int
store_new(const struct collector_store_options *options,
          struct collector_store **ret_store)
{
    struct collector_store *store = collector__memory_zeroed(sizeof(*store));
    struct collector__database *database;
    pthread_rwlockattr_t attributes;
    int rc = COLLECTOR_OK;

    if (store == NULL)
        return COLLECTOR_ERR_NOMEM;
    store->lock_fd = -1;
    store->maker = getpid();
    store->mode = options->mode;
    store->connection_count = options->connection_count_max;
    atomic_store(&store->counters.storage_ok, true);
    (void)pthread_rwlockattr_init(&attributes); /* none of these can fail */
#ifdef __GLIBC__ /* elsewhere a damaged file's exchange may wait for a lull */
    (void)pthread_rwlockattr_setkind_np(
        &attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
    (void)pthread_rwlock_init(&store->files, &attributes);
    (void)pthread_rwlockattr_destroy(&attributes);
    (void)pthread_mutex_init(&store->fetcher.mutex, NULL);
    (void)pthread_mutex_init(&store->asker.mutex, NULL);
    (void)pthread_mutex_init(&store->salvage_mutex, NULL);
    atomic_store(&store->salvaging, true);
    database = &store->database;
    database->durability = options->durability;
    database->indexed = options->indexed;
    database->on_damage = options->on_damage;
    set_limits(&database->limits, options);
    database->log.fn = options->log;
    database->log.userdata = options->log_userdata;
    database->clock =
        options->clock != NULL ? *options->clock : collector__clock_system;
    database->random.fn = options->random;
    database->random.userdata = options->random_userdata;
    if (options->vfs != NULL)
        database->vfs = collector__memory_text(options->vfs);
    database->path = resolve(options->path);
    if (database->path == NULL) {
        rc = errno == ENOMEM ? COLLECTOR_ERR_NOMEM : COLLECTOR_ERR_IO;
        collector__log(&database->log, COLLECTOR_LOG_ERROR, "%s: %s",
                       options->path, strerror(errno));
    }
    *ret_store = store;
    if (options->vfs != NULL && database->vfs == NULL)
        return COLLECTOR_ERR_NOMEM;
    return rc;
}

static int
open_all(struct collector_store *store)
{
    struct collector__database *database = &store->database;
    int rc;

    rc = collector__lock_take(database->path, &database->log, &store->lock_fd);
    if (rc == COLLECTOR_OK) {
        database->clean =
            collector__clean_mark_take(store->lock_fd, database->path);
        rc = collector__room_init(database);
        database->wal.lock_fd = store->lock_fd;
    }
    if (rc == COLLECTOR_OK)
        rc = collector__schema_prepare(database);
    if (rc != COLLECTOR_OK)
        return rc;
    rc = collector__store_connect(store);
    if (rc == COLLECTOR_ERR_CORRUPT &&
        database->on_damage == COLLECTOR_DAMAGE_QUARANTINE)
        rc = collector__replace_file(store);
    if (rc != COLLECTOR_OK)
        return rc;
    store->opened = true;
    collector__room_reserve(database);
    (void)collector__salvage_run(
        store, COLLECTOR_SALVAGE_OPEN_MS); /* is logged, and goes on */
    return rc;
}

int
collector_store_open(const struct collector_store_options *options,
                     struct collector_store **ret_store)
{
    struct collector_store_options all;
    struct collector_store *store = NULL;
    int rc;

    collector_store_options_init(&all, sizeof(all));
    rc = COLLECTOR_OPTIONS_COPY(&all, options);
    if (rc == COLLECTOR_OK && (ret_store == NULL || !are_valid(&all)))
        rc = COLLECTOR_ERR_INVALID;
    if (rc != COLLECTOR_OK)
        return rc;
    rc = store_new(&all, &store);
    if (rc == COLLECTOR_OK)
        rc = open_all(store);
    if (rc == COLLECTOR_OK) {
        *ret_store = store;
        store = NULL; /* handed over */
    }
    collector_store_free(store);
    return rc;
}

/** Whether nothing is known to be wrong with the file that was closed. */
static bool
is_clean(struct collector_store *store)
{
    return store->opened && store->database.vfs == NULL &&
           !store->database.absent &&
           !atomic_load(&store->database.damage_seen) &&
           atomic_load(&store->counters.storage_ok);
}

/** End what the store does with its file. */
static void
close_all(struct collector_store *store)
{
    collector__salvage_free(store->salvage);
    collector__store_disconnect(store);
    if (is_clean(store))
        collector__clean_mark_set(store->lock_fd, store->database.path);
    (void)pthread_rwlock_destroy(&store->files); /* nobody holds any of them */
    (void)pthread_mutex_destroy(&store->fetcher.mutex);
    (void)pthread_mutex_destroy(&store->asker.mutex);
    (void)pthread_mutex_destroy(&store->salvage_mutex);
    collector__wal_close(&store->database.wal);
    collector__room_close(&store->database.room);
}

void
collector_store_free(struct collector_store *store)
{
    if (store == NULL)
        return;
    /* A child leaves alone what a thread may have been at work on when it was
     * forked, SQLite's connections above all. */
    if (collector__store_check(store) == COLLECTOR_OK)
        close_all(store);
    collector__lock_release(store->lock_fd); /* each process has its own */
    collector__memory_free(store->database.path);
    collector__memory_free(store->database.vfs);
    collector__memory_free(store);
}

int
collector_store_reconfigure(struct collector_store *store,
                            const struct collector_store_options *options)
{
    struct collector_store_options all;
    int rc = collector__store_check(store);

    collector_store_options_init(&all, sizeof(all));
    if (rc == COLLECTOR_OK)
        rc = COLLECTOR_OPTIONS_COPY(&all, options);
    if (rc == COLLECTOR_OK && !are_valid(&all))
        rc = COLLECTOR_ERR_INVALID;
    if (rc != COLLECTOR_OK)
        return rc;
    collector__store_enter(store); /* not while the file is replaced */
    (void)pthread_mutex_lock(&store->asker.mutex); /* one at a time */
    set_limits(&store->database.limits, &all);
    collector__room_resize(&store->database);
    (void)pthread_mutex_unlock(&store->asker.mutex);
    collector__store_leave(store);
    return COLLECTOR_OK;
}

int
collector__store_check(const struct collector_store *store)
{
    return store != NULL ? collector__fork_check(store->maker)
                         : COLLECTOR_ERR_INVALID;
}

void
collector__store_enter(struct collector_store *store)
{
    (void)pthread_rwlock_rdlock(&store->files); /* fails on misuse only */
}

void
collector__store_leave(struct collector_store *store)
{
    (void)pthread_rwlock_unlock(&store->files); /* it is held */
}

bool
collector__store_is_wanted(struct collector_store *store)
{
    /* The lock prefers writers: no new reader while one waits. */
    if (pthread_rwlock_tryrdlock(&store->files) != 0)
        return true;
    (void)pthread_rwlock_unlock(&store->files); /* it was just taken */
    return false;
}

static int
submit(struct collector_store *store, struct collector__operation *operation,
       uint64_t *ret_generation)
{
    int rc;

    collector__store_enter(store);
    *ret_generation = store->generation;
    if (operation->collector_id != NULL &&
        strcmp(operation->collector_id, store->collector_id) != 0)
        rc = COLLECTOR_ERR_INVALID;
    else if (store->database.absent ||
             (atomic_load(&store->damaged) && !operation->essential))
        rc = COLLECTOR_ERR_CORRUPT;
    else
        rc = collector__writer_submit(&store->writer, operation);
    if (store->database.absent) /* no writer has counted it */
        collector__operation_count(&store->counters, rc);
    collector__store_leave(store);
    return rc;
}

int
collector__store_submit(struct collector_store *store,
                        struct collector__operation *operation)
{
    uint64_t generation;
    int rc;

    rc = submit(store, operation, &generation);
    if (collector__replace(store, generation, rc))
        rc = submit(store, operation, &generation);
    return rc;
}

/**
 * What leaves is in the file for good: otherwise a power cut could take it, and
 * another event would get its id, which a receiver takes for a repeat.
 */
static int
sync_batch(struct collector_store *store, const struct collector_batch *batch)
{
    const int64_t last_id = collector_batch_last_id(batch);
    int rc;

    if (store->database.durability == COLLECTOR_DURABILITY_FULL ||
        last_id <= store->synced_through)
        return COLLECTOR_OK;
    rc = collector__wal_sync(&store->fetcher.connection);
    if (rc == COLLECTOR_OK)
        store->synced_through = last_id;
    return rc;
}

/** Read a batch. One that could not be synced is there with its error, which is
 *  never ERR_CORRUPT. */
static int
fetch(struct collector_store *store,
      const struct collector_batch_limits *limits,
      struct collector_batch **ret_batch, uint64_t *ret_generation)
{
    int rc = COLLECTOR_ERR_CORRUPT;

    collector__store_enter(store);
    *ret_generation = store->generation;
    (void)pthread_mutex_lock(&store->fetcher.mutex);
    if (!store->database.absent)
        rc = collector__batch_read(&store->fetcher.connection, limits,
                                   store->collector_id, &store->batch_out,
                                   ret_batch);
    if (rc == COLLECTOR_OK && *ret_batch != NULL)
        rc = sync_batch(store, *ret_batch);
    (void)pthread_mutex_unlock(&store->fetcher.mutex);
    collector__store_leave(store);
    return rc;
}

int64_t
collector__store_settled_through(struct collector_store *store)
{
    return atomic_load(&store->database.settled_through);
}

int
collector_store_fetch(struct collector_store *store,
                      const struct collector_batch_limits *limits,
                      struct collector_batch **ret_batch)
{
    struct collector_batch *batch = NULL;
    uint64_t generation;
    int rc = collector__store_check(store);

    if (rc != COLLECTOR_OK)
        return rc;
    if (limits == NULL || ret_batch == NULL || limits->event_count_max < 1 ||
        limits->bytes_max < 1 ||
        limits->event_count_max > COLLECTOR_BATCH_COUNT_MAX ||
        limits->bytes_max > COLLECTOR_BATCH_BYTES_MAX)
        return COLLECTOR_ERR_INVALID;
    if (atomic_exchange(&store->batch_out, true))
        return COLLECTOR_ERR_BUSY;
    rc = fetch(store, limits, &batch, &generation);
    if (collector__replace(store, generation, rc))
        rc = fetch(store, limits, &batch, &generation);
    /* Said once that none is out: the next one may be out by then. */
    if (batch == NULL)
        atomic_store(&store->batch_out, false);
    else if (rc != COLLECTOR_OK)
        collector_batch_free(batch); /* says it */
    if (rc == COLLECTOR_OK)
        *ret_batch = batch;
    return rc;
}
