/* SPDX-License-Identifier: MIT */
/* The store under measurement, and a second opinion of what is in it: a rate
 * means nothing when events are missing. */
#include "subject.h"

#include "console.h"
#include "fault.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

void
subject_init(struct subject *subject, const struct scratch *scratch,
             const char *name, enum collector_write_mode mode)
{
    memset(subject, 0, sizeof(*subject));
    subject->mode = mode;
    subject->connection_count = 1;
    (void)snprintf(subject->path, sizeof(subject->path), "%s/%.32s.sqlite",
                   scratch->path, name); /* a scratch's path leaves room */
}

int
subject_open(struct subject *subject)
{
    struct collector_store_options options;
    int rc;

    collector_store_options_init(&options);
    options.path = subject->path;
    options.mode = subject->mode;
    options.indexed = subject->indexed;
    options.connection_count_max =
        subject->connection_count < COLLECTOR_CONNECTIONS_MAX
            ? subject->connection_count
            : COLLECTOR_CONNECTIONS_MAX;
    options.retain_ms = COLLECTOR_RETAIN_FOREVER;
    options.log = console_forward;
    rc = collector_store_open(&options, &subject->store);
    return rc == COLLECTOR_OK ? 0 : fault_with(subject->path, rc);
}

void
subject_close(struct subject *subject)
{
    collector_store_free(subject->store);
    subject->store = NULL;
}

void
subject_stats(const struct subject *subject,
              struct collector_store_stats *ret_stats)
{
    ret_stats->size = sizeof(*ret_stats);
    collector_store_stats(subject->store, ret_stats);
}

/** Count the rows as any other program would; -1 after the reason was said. */
static int64_t
count_rows(const char *path)
{
    sqlite3_stmt *statement = NULL;
    sqlite3 *db = NULL;
    int64_t count = -1;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "SELECT count(*) FROM events", -1, &statement,
                           NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        count = sqlite3_column_int64(statement, 0);
    else
        (void)fault("%s: %s", path, sqlite3_errmsg(db));
    (void)sqlite3_finalize(statement); /* says again what step said */
    (void)sqlite3_close(db);           /* nothing is open on it */
    return count;
}

int
subject_check(const struct subject *subject, uint64_t confirmed_count)
{
    const int64_t row_count = count_rows(subject->path);
    struct collector_store_stats stats;

    if (row_count < 0)
        return -1;
    subject_stats(subject, &stats);
    if (stats.accepted != confirmed_count ||
        (uint64_t)row_count != confirmed_count)
        return fault("%s: %" PRIu64 " events were confirmed, but %" PRIu64
                     " are in the ledger and %" PRId64 " in the file",
                     subject->path, confirmed_count, stats.accepted, row_count);
    if (stats.delivered + stats.dead + stats.dropped + stats.pending !=
        stats.accepted)
        return fault("%s: the ledger does not add up", subject->path);
    return 0;
}
