/* SPDX-License-Identifier: MIT */
/*
 * A reader of a store's file: a connection of its own that can't write, and is
 * asked one question at a time. What is refused here has touched nothing.
 */
#include "reader.h"

#include "fork.h"
#include "memory.h"
#include "options.h"

#include <collector/error.h>
#include <string.h>
#include <unistd.h>

static bool
are_valid(const struct collector_reader_options *options)
{
    return options->path != NULL && options->path[0] != '\0' &&
           options->rows_max >= 1 &&
           options->rows_max <= COLLECTOR_READER_ROWS_MAX &&
           options->bytes_max >= 1 &&
           options->bytes_max <= COLLECTOR_READER_BYTES_MAX &&
           options->deadline_ms >= 1 &&
           options->deadline_ms <= COLLECTOR_READER_DEADLINE_MS_MAX;
}

/** A path that nobody takes for a URI, or for no file at all. */
static char *
plain_path(const char *path)
{
    return path[0] == '/' ? collector__memory_text(path)
                          : collector__memory_format("./%s", path);
}

static int
reader_new(const struct collector_reader_options *options,
           struct collector_reader **ret_reader)
{
    struct collector_reader *reader = collector__memory_zeroed(sizeof(*reader));
    struct collector__database *database;

    if (reader == NULL)
        return COLLECTOR_ERR_NOMEM;
    reader->maker = getpid();
    reader->rows_max = options->rows_max;
    reader->bytes_max = options->bytes_max;
    reader->deadline_ms = options->deadline_ms;
    database = &reader->database;
    database->clock = collector__clock_system;
    database->log.fn = options->log;
    database->log.userdata = options->log_userdata;
    database->path = plain_path(options->path);
    if (options->vfs != NULL)
        database->vfs = collector__memory_text(options->vfs);
    if (database->path == NULL ||
        (options->vfs != NULL && database->vfs == NULL)) {
        collector_reader_free(reader);
        return COLLECTOR_ERR_NOMEM;
    }
    *ret_reader = reader;
    return COLLECTOR_OK;
}

/** Say so when nobody counts what SQLite takes: with a file open, it has some.
 */
static void
warn_of_memory(const struct collector_reader *reader)
{
    if (sqlite3_memory_used() == 0)
        collector__log(&reader->database.log, COLLECTOR_LOG_WARNING,
                       "SQLite's memory statistics are off: nothing bounds the "
                       "memory of questions to %s",
                       reader->database.path);
}

int
collector_reader_open(const struct collector_reader_options *options,
                      struct collector_reader **ret_reader)
{
    struct collector_reader_options all;
    struct collector_reader *reader = NULL;
    int rc;

    (collector_reader_options_init)(&all, sizeof(all));
    rc = COLLECTOR_OPTIONS_COPY(&all, options);
    if (rc != COLLECTOR_OK)
        return rc;
    if (ret_reader == NULL || !are_valid(&all))
        return COLLECTOR_ERR_INVALID;
    rc = reader_new(&all, &reader);
    if (rc == COLLECTOR_OK) {
        collector__guard_begin(&reader->guard, true, COLLECTOR_BUSY_MS);
        rc = collector__reader_connect(reader);
    }
    if (rc == COLLECTOR_OK) {
        warn_of_memory(reader);
        *ret_reader = reader;
        reader = NULL; /* handed over */
    }
    collector_reader_free(reader);
    return rc;
}

int
collector__reader_enter(struct collector_reader *reader)
{
    int rc;

    if (reader == NULL)
        return COLLECTOR_ERR_INVALID;
    rc = collector__fork_check(reader->maker);
    if (rc == COLLECTOR_OK && !collector__guard_enter(&reader->guard))
        rc = COLLECTOR_ERR_BUSY;
    return rc;
}

int
collector_reader_set_rows_max(struct collector_reader *reader,
                              uint32_t rows_max)
{
    int rc;

    if (rows_max < 1 || rows_max > COLLECTOR_READER_ROWS_MAX)
        return COLLECTOR_ERR_INVALID;
    rc = collector__reader_enter(reader);
    if (rc != COLLECTOR_OK)
        return rc;
    reader->rows_max = rows_max;
    collector__guard_leave(&reader->guard);
    return COLLECTOR_OK;
}

void
collector_reader_interrupt(struct collector_reader *reader)
{
    if (reader != NULL)
        collector__guard_interrupt(&reader->guard);
}

void
collector_reader_free(struct collector_reader *reader)
{
    if (reader == NULL)
        return;
    /* What a thread of the parent may be at work on stays. */
    if (collector__fork_check(reader->maker) == COLLECTOR_OK)
        collector__reader_disconnect(reader);
    collector__memory_free(reader->database.path);
    collector__memory_free(reader->database.vfs);
    collector__memory_free(reader);
}
