/* SPDX-License-Identifier: MIT */
/*
 * The schema is there whole, or not at all, since all of it is written in one
 * transaction. What isn't ours is found out before anything could change it,
 * and a file that is as it should be is not written to.
 */
#include "schema.h"

#include "file_check.h"
#include "path.h"
#include "quarantine.h"
#include "random.h"
#include "schema_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What SQLite answers when asked for PRAGMA auto_vacuum=INCREMENTAL. */
#define AUTO_VACUUM_INCREMENTAL 2

/** Make a new file private before SQLite, which follows the umask, sees it. */
static int
create_file(struct collector__database *database)
{
    int fd;

    if (database->vfs != NULL)
        return COLLECTOR_OK; /* its files may not be files */
    fd = open(database->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
        (void)close(fd); /* empty, and SQLite has not locked it yet */
        return COLLECTOR_OK;
    }
    if (errno == EEXIST)
        return COLLECTOR_OK;
    collector__log(&database->log, COLLECTOR_LOG_ERROR, "can't create %s: %s",
                   database->path, strerror(errno));
    return errno == ENOSPC ? COLLECTOR_ERR_NOSPACE : COLLECTOR_ERR_IO;
}

/** Give the store its name, unless it has one: a snapshot has none. */
static int
mint_collector_id(struct collector__database *database, sqlite3 *db)
{
    char id[COLLECTOR_UUID_SIZE];
    char sql[160];

    collector__random_uuid(&database->random, id);
    (void)snprintf(sql, sizeof(sql),
                   "UPDATE state SET collector_id='%s'"
                   " WHERE collector_id IS NULL",
                   id);
    return collector__database_execute(database, db, sql,
                                       "minting the collector_id");
}

/** See that pruning will give space back: somebody may have made the empty
 *  file before us, without that. */
static int
ensure_auto_vacuum(struct collector__database *database, sqlite3 *db)
{
    int64_t version = 0;
    int64_t mode = 0;
    int rc;

    rc = collector__database_query(database, db, "PRAGMA user_version",
                                   &version);
    if (rc == COLLECTOR_OK)
        rc = collector__database_query(database, db, "PRAGMA auto_vacuum",
                                       &mode);
    if (rc != COLLECTOR_OK || version != 0 || mode == AUTO_VACUUM_INCREMENTAL)
        return rc;
    return collector__database_execute(
        database, db, "PRAGMA auto_vacuum=INCREMENTAL; VACUUM", "auto_vacuum");
}

/** Whether there is nothing to be written: then a start needs neither room on
 *  the disk nor SQLite's lock. */
static int
is_current(struct collector__database *database, sqlite3 *db, bool *ret_current)
{
    int64_t version;
    int64_t current = 0;
    int rc;

    rc = collector__database_query(database, db, "PRAGMA user_version",
                                   &version);
    if (rc == COLLECTOR_OK && version == COLLECTOR_SCHEMA_VERSION)
        rc = collector__database_query(
            database, db,
            database->indexed ? COLLECTOR_SCHEMA_SQL_CURRENT_INDEXED
                              : COLLECTOR_SCHEMA_SQL_CURRENT,
            &current);
    *ret_current = current != 0;
    return rc;
}

static int
migrate(struct collector__database *database, sqlite3 *db)
{
    int64_t version;
    bool current;
    int rc;

    rc = is_current(database, db, &current);
    if (rc != COLLECTOR_OK || current)
        return rc;
    rc = ensure_auto_vacuum(database, db);
    if (rc == COLLECTOR_OK)
        rc = collector__database_execute(database, db, "BEGIN IMMEDIATE",
                                         "begin");
    if (rc != COLLECTOR_OK)
        return rc;
    rc = collector__database_query(database, db, "PRAGMA user_version",
                                   &version);
    if (rc == COLLECTOR_OK && version == 0)
        rc = collector__database_execute(database, db, COLLECTOR_SCHEMA_SQL_1,
                                         "schema 1");
    if (rc == COLLECTOR_OK && version < 2)
        rc = collector__database_execute(database, db, COLLECTOR_SCHEMA_SQL_2,
                                         "schema 2");
    if (rc == COLLECTOR_OK && version < 3)
        rc = collector__database_execute(database, db, COLLECTOR_SCHEMA_SQL_3,
                                         "schema 3");
    if (rc == COLLECTOR_OK && database->indexed)
        rc = collector__database_execute(database, db,
                                         COLLECTOR_SCHEMA_SQL_INDEX, "index");
    if (rc == COLLECTOR_OK)
        rc = mint_collector_id(database, db);
    if (rc == COLLECTOR_OK)
        rc = collector__database_execute(database, db, "COMMIT",
                                         "commit of the schema");
    if (rc != COLLECTOR_OK)
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* best effort */
    return rc;
}

/** Write what a new file knows, all of it to the main file: what closing it
 *  would leave in the log, it would leave without a word. */
static int
complete(struct collector__database *database, sqlite3 *db, const char *more)
{
    const int rc =
        collector__database_execute(database, db, more, "a new file");

    if (rc != COLLECTOR_OK ||
        sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
                                  NULL) == SQLITE_OK)
        return rc;
    return collector__database_error(database, db, "completing a new file");
}

int
collector__schema_make(struct collector__database *database, const char *more)
{
    sqlite3 *db = NULL;
    int rc;

    rc = create_file(database);
    if (rc == COLLECTOR_OK)
        rc = collector__database_connect(database, COLLECTOR_BUSY_MS, &db);
    if (rc == COLLECTOR_OK)
        rc = migrate(database, db);
    if (rc == COLLECTOR_OK && more != NULL)
        rc = complete(database, db, more);
    /* SQLite syncs the log's directory entry, but not the main file's. */
    if (rc == COLLECTOR_OK && database->vfs == NULL)
        rc = collector__path_sync(&database->log, database->path, true);
    (void)sqlite3_close(db); /* all it wrote is committed */
    return rc;
}

int
collector__schema_prepare(struct collector__database *database)
{
    struct collector__damage damage;
    int rc;

    damage.words[0] = '\0';
    rc = collector__quarantine_resume(database);
    if (rc == COLLECTOR_OK)
        rc = collector__file_check(database, &damage);
    if (rc != COLLECTOR_OK && damage.words[0] != '\0' &&
        database->on_damage == COLLECTOR_DAMAGE_QUARANTINE)
        rc = collector__quarantine(database, damage.words, NULL);
    if (rc == COLLECTOR_OK)
        rc = collector__schema_make(database, NULL);
    return rc;
}
