/* SPDX-License-Identifier: MIT */
/*
 * A copy is whole, on the disk, and in nobody's name before it gets the name
 * that was asked for, and never takes it from another file.
 *
 * VACUUM INTO reads the file as it was at one moment, in a read transaction:
 * nobody who writes waits for it, but the log can't start again until it ends.
 * So a copy gives way when room runs short.
 */
#include "copy.h"

#include "memory.h"
#include "path.h"

#include <collector/error.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Room that must be left beside the copy when it begins: appends go on, and the
 * log grows meanwhile. */
#define RESERVE_SIZE (8 * 1024 * 1024)

/* Below this a copy that is being written gives way. */
#define RESERVE_SIZE_MIN (4 * 1024 * 1024)

/* Instructions of SQLite's machine between two looks at what a copy may have to
 * give way to: some 30 rows, 2 MiB at most. */
#define LOOK_STEPS 100

/* Between the name of the copy and eight digits: its name until it is whole. */
#define TEMPORARY_MARK ".tmp-"
#define TEMPORARY_DIGITS 8

/* What SQLite keeps beside a file while it writes it. */
#define JOURNAL_SUFFIX "-journal"

/** Translate and log what the system said last. */
static int
system_error(const struct collector__copy *copy, const char *doing,
             const char *path)
{
    const int code = errno;

    collector__log(&copy->database.log, COLLECTOR_LOG_ERROR, "can't %s %s: %s",
                   doing, path, strerror(code));
    if (code == ENOSPC || code == EDQUOT)
        return COLLECTOR_ERR_NOSPACE;
    return code == ENOMEM ? COLLECTOR_ERR_NOMEM : COLLECTOR_ERR_IO;
}

/** The last part of a path. */
static const char *
name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/** What comes before it. NULL without memory. */
static char *
directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return collector__memory_text(".");
    return collector__memory_format(
        "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/** Whether this is what an earlier copy of that name has left behind. */
static bool
is_temporary_of(const char *candidate, const char *name)
{
    const size_t size = strlen(name);
    const char *digits;
    const char *end;

    if (strncmp(candidate, name, size) != 0 ||
        strncmp(candidate + size, TEMPORARY_MARK, strlen(TEMPORARY_MARK)) != 0)
        return false;
    digits = candidate + size + strlen(TEMPORARY_MARK);
    end = digits + strspn(digits, "0123456789abcdef");
    return end - digits == TEMPORARY_DIGITS &&
           (*end == '\0' || strcmp(end, JOURNAL_SUFFIX) == 0);
}

/** Remove what copies of the same name have left behind when the process died.
 *  What can't be removed does no harm but to take up room. */
static void
remove_stale(const struct collector__copy *copy)
{
    DIR *entries = opendir(copy->directory);
    const struct dirent *entry;

    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        if (is_temporary_of(entry->d_name, name_of(copy->path)))
            (void)unlinkat(copy->directory_fd, entry->d_name, 0);
    }
    if (entries != NULL)
        (void)closedir(entries); /* it was only read */
}

/** Find a name for the copy to have until it is whole, and make it private
 *  before SQLite, which follows the umask, sees it. */
static int
create_temporary(struct collector__copy *copy)
{
    int fd;

    /* With a directory in front it can't be taken for a URI. */
    copy->database.path = collector__memory_format(
        "%s/%s" TEMPORARY_MARK "%0*" PRIx32, copy->directory,
        name_of(copy->path), TEMPORARY_DIGITS,
        (uint32_t)collector__random(&copy->database.random));
    if (copy->database.path == NULL)
        return COLLECTOR_ERR_NOMEM;
    fd = open(copy->database.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return system_error(copy, "create", copy->database.path);
    (void)close(fd); /* empty, and SQLite has not locked it yet */
    return COLLECTOR_OK;
}

int
collector__copy_begin(struct collector__copy *copy,
                      struct collector__database *source, const char *path)
{
    struct stat status;

    copy->directory_fd = -1;
    if (path == NULL || *name_of(path) == '\0')
        return COLLECTOR_ERR_INVALID;
    copy->source = source;
    copy->path = path;
    copy->database.log = source->log;
    copy->database.clock = source->clock;
    copy->database.random = source->random;
    copy->database.vfs = source->vfs; /* borrowed */
    if (lstat(path, &status) == 0)
        return COLLECTOR_ERR_EXISTS;
    copy->directory = directory_of(path);
    if (copy->directory == NULL)
        return COLLECTOR_ERR_NOMEM;
    copy->directory_fd =
        open(copy->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy->directory_fd < 0)
        return system_error(copy, "open the directory", copy->directory);
    remove_stale(copy);
    return create_temporary(copy);
}

/** Refuse a copy that would leave too little for appends. */
static int
check_room(struct collector__copy *copy, sqlite3 *db)
{
    const uint64_t free_size = collector__path_free_size(copy->path);
    int64_t size;
    int rc;

    rc = collector__database_query(
        copy->source, db,
        "SELECT (page_count - freelist_count) * page_size"
        " FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
        &size);
    if (rc != COLLECTOR_OK || free_size >= (uint64_t)size + RESERVE_SIZE)
        return rc;
    collector__log(&copy->database.log, COLLECTOR_LOG_ERROR,
                   "no snapshot to %s: it takes %lld bytes, %d are to be left,"
                   " and %llu are free",
                   copy->path, (long long)size, RESERVE_SIZE,
                   (unsigned long long)free_size);
    return COLLECTOR_ERR_NOSPACE;
}

/** SQLite asks now and then whether to stop. */
static int
must_stop(void *userdata)
{
    struct collector__copy *copy = userdata;

    copy->stopped_by = copy->check(copy->userdata);
    if (copy->stopped_by == COLLECTOR_OK &&
        (collector__path_free_size(copy->path) < RESERVE_SIZE_MIN ||
         collector__path_free_size(copy->source->path) < RESERVE_SIZE_MIN))
        copy->stopped_by = COLLECTOR_ERR_NOSPACE;
    return copy->stopped_by != COLLECTOR_OK;
}

/** Say why the copy was not written. */
static int
copy_error(struct collector__copy *copy, struct collector__database *database,
           sqlite3 *db, const char *doing)
{
    int rc = copy->stopped_by;

    if (rc == COLLECTOR_OK)
        rc = collector__database_error(database, db, doing);
    else if (rc == COLLECTOR_ERR_NOSPACE)
        collector__log(&copy->database.log, COLLECTOR_LOG_ERROR,
                       "the snapshot to %s gives way: the disk is nearly full",
                       copy->path);
    return rc;
}

static int
vacuum_into(struct collector__copy *copy, sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    int rc = COLLECTOR_OK;

    sqlite3_progress_handler(db, LOOK_STEPS, must_stop, copy);
    if (sqlite3_prepare_v2(db, "VACUUM INTO ?1", -1, &statement, NULL) !=
            SQLITE_OK ||
        sqlite3_bind_text(statement, 1, copy->database.path, -1,
                          SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_DONE)
        rc = copy_error(copy, copy->source, db, "VACUUM INTO");
    (void)sqlite3_finalize(statement); /* repeats the error of the step */
    return rc;
}

/** Begin the copy anew. @return Whether there is nothing of it. */
static bool
empty_copy(const struct collector__copy *copy)
{
    return truncate(copy->database.path, 0) == 0 &&
           collector__path_remove(copy->database.path, JOURNAL_SUFFIX);
}

int
collector__copy_write(struct collector__copy *copy, sqlite3 *db)
{
    int rc;

    rc = check_room(copy, db);
    if (rc == COLLECTOR_OK)
        rc = vacuum_into(copy, db);
    /* It may have been the copy that could not be read, of which SQLite says
     * no more than of the file: damage is believed when it is seen twice. */
    if (rc == COLLECTOR_ERR_CORRUPT && empty_copy(copy))
        rc = vacuum_into(copy, db);
    /* It was ours when it was opened. */
    return rc == COLLECTOR_ERR_FOREIGN ? COLLECTOR_ERR_CORRUPT : rc;
}

/** Have what came with the file do no more than hold data: its triggers would
 *  change the copy, or run for ever. */
static void
tame(struct collector__copy *copy, sqlite3 *db)
{
    /* They fail on misuse only. */
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_progress_handler(db, LOOK_STEPS, must_stop, copy);
}

/** Take the name out of the copy. Its journal stays in memory: a crash leaves a
 *  file that nobody looks at. */
static int
rename_collector(struct collector__copy *copy)
{
    sqlite3 *db = NULL;
    int rc;

    rc = collector__database_open(&copy->database, SQLITE_OPEN_READWRITE, 0,
                                  &db);
    if (rc == COLLECTOR_OK) {
        tame(copy, db);
        if (sqlite3_exec(
                db,
                "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF;"
                "UPDATE state SET snapshot_of = collector_id, collector_id ="
                " NULL",
                NULL, NULL, NULL) != SQLITE_OK)
            rc = copy_error(copy, &copy->database, db, "writing snapshot_of");
    }
    (void)sqlite3_close(db); /* all it wrote is committed */
    return rc;
}

static int
sync_copy(const struct collector__copy *copy)
{
    const int fd = open(copy->database.path, O_RDONLY | O_CLOEXEC);
    int rc = COLLECTOR_OK;

    if (fd < 0 || fsync(fd) != 0)
        rc = system_error(copy, "sync", copy->database.path);
    if (fd >= 0)
        (void)close(fd); /* nothing was written through it */
    return rc;
}

/** Rename without replacing. Where the file system or the C library (musl)
 *  can't do that in one step, it can be done in two: a second name, and away
 *  with the first. */
static int
rename_new(const char *from, const char *to)
{
#ifdef RENAME_NOREPLACE
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
#endif
    if (link(from, to) != 0)
        return -1;
    (void)unlink(from); /* the copy has its name */
    return 0;
}

/** Give the copy its name, for good. */
static int
publish(struct collector__copy *copy)
{
    int rc;

    if (rename_new(copy->database.path, copy->path) != 0)
        return errno == EEXIST ? COLLECTOR_ERR_EXISTS
                               : system_error(copy, "create", copy->path);
    if (fsync(copy->directory_fd) == 0)
        return COLLECTOR_OK;
    rc = system_error(copy, "sync the directory", copy->directory);
    (void)unlink(copy->path); /* it may be gone after a power cut anyway */
    return rc;
}

int
collector__copy_finish(struct collector__copy *copy)
{
    int rc;

    rc = rename_collector(copy);
    if (rc == COLLECTOR_OK)
        rc = sync_copy(copy);
    if (rc == COLLECTOR_OK)
        rc = copy->check(copy->userdata);
    return rc == COLLECTOR_OK ? publish(copy) : rc;
}

void
collector__copy_clear(struct collector__copy *copy)
{
    if (copy->database.path != NULL) {
        /* Most often it was renamed; SQLite has, unless that failed. */
        (void)unlink(copy->database.path);
        (void)collector__path_remove(copy->database.path, JOURNAL_SUFFIX);
    }
    if (copy->directory_fd >= 0)
        (void)close(copy->directory_fd); /* nothing was written through it */
    collector__memory_free(copy->database.path);
    collector__memory_free(copy->directory);
}
