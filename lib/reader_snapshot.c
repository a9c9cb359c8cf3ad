/* SPDX-License-Identifier: MIT */
/*
 * A reader's snapshots, of a file that somebody else may write: as a store's,
 * through a connection without a guard, since a copy takes what a question may
 * not ask for.
 */
#include "copy.h"
#include "reader.h"
#include "reader_turn.h"

#include <collector/error.h>

static int
check(void *userdata)
{
    const struct collector_reader *reader = userdata;

    return collector__guard_is_interrupted(&reader->guard)
               ? COLLECTOR_ERR_CANCELLED
               : COLLECTOR_OK;
}

static int
write_copy(struct collector__copy *copy, struct collector_reader *reader)
{
    sqlite3 *db = NULL;
    int rc = COLLECTOR_OK;

    collector__turn_wait(reader, COLLECTOR_READER_TURN_MS_MAX);
    /* It knows how the file has to be opened. */
    collector__guard_begin(&reader->guard, true, COLLECTOR_BUSY_MS);
    if (collector__reader_is_stale(reader))
        rc = collector__reader_connect(reader);
    if (rc == COLLECTOR_OK)
        rc = collector__reader_open_file(reader, reader->immutable, &db);
    if (rc == COLLECTOR_OK) {
        (void)sqlite3_busy_timeout(db, COLLECTOR_BUSY_MS); /* as above */
        rc = collector__copy_write(copy, db);
    }
    (void)sqlite3_close(db); /* it only read */
    return rc;
}

int
collector_reader_snapshot(struct collector_reader *reader, const char *path)
{
    struct collector__copy copy = {.check = check, .userdata = reader};
    int rc = collector__reader_enter(reader);

    if (rc != COLLECTOR_OK)
        return rc;
    rc = collector__copy_begin(&copy, &reader->database, path);
    if (rc == COLLECTOR_OK)
        rc = write_copy(&copy, reader);
    if (rc == COLLECTOR_OK)
        rc = collector__copy_finish(&copy);
    collector__copy_clear(&copy);
    collector__guard_leave(&reader->guard);
    return rc;
}
