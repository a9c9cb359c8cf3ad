/* SPDX-License-Identifier: MIT */
/*
 * Which appends were made before. A key is kept in the transaction of its
 * events, so that there is never one without the other; whoever repeats an
 * append finds it there, whatever has crashed in between.
 */
#include "idempotency.h"

#include "utf8.h"

#include <collector/error.h>
#include <string.h>

/* FNV-1a, 64 bit: RFC 9923, section 5. */
#define FNV_OFFSET UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)

static void
digest_add(struct collector__digest *digest, const char *text, size_t size)
{
    size_t i;

    for (i = 0; i < size; i++) {
        digest->hash ^= (unsigned char)text[i];
        digest->hash *= FNV_PRIME;
    }
    digest->size += size;
}

struct collector__digest
collector__digest_text(const char *text, size_t size)
{
    struct collector__digest digest = {FNV_OFFSET, 0};

    digest_add(&digest, text, size);
    return digest;
}

/** Write a number down in the order of bytes that every machine reads alike. */
static void
write_integer(uint64_t integer, unsigned char bytes[8])
{
    size_t i;

    for (i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(integer >> (56 - 8 * i));
}

/** Add a text with its NUL, so that none runs into the next. An absent one
 *  differs from any other: no text begins with that byte. */
static void
digest_add_text(struct collector__digest *digest, const char *text)
{
    if (text == NULL)
        digest_add(digest, "\xff", 1);
    else
        digest_add(digest, text, strlen(text) + 1);
}

struct collector__digest
collector__digest_events(const struct collector_event *events,
                         size_t event_count)
{
    struct collector__digest digest = {FNV_OFFSET, 0};
    unsigned char ts[8];
    size_t i;

    for (i = 0; i < event_count; i++) {
        const struct collector_event *event = &events[i];

        digest_add_text(&digest, event->device_id);
        digest_add_text(&digest, event->kind);
        digest_add_text(&digest, event->payload);
        write_integer((uint64_t)event->ts, ts);
        digest_add(&digest, (const char *)ts, sizeof(ts));
    }
    return digest;
}

bool
collector__idempotency_key_is_valid(const char *key)
{
    const size_t size = strnlen(key, COLLECTOR_IDEMPOTENCY_KEY_SIZE_MAX + 1);
    size_t i;

    if (size == 0 || size > COLLECTOR_IDEMPOTENCY_KEY_SIZE_MAX)
        return false;
    for (i = 0; i < size; i++) {
        if ((unsigned char)key[i] < 0x20 || key[i] == 0x7f)
            return false;
    }
    return collector__utf8_is_valid(key, size);
}

/** The digest as it lies in the file: the same on every machine. */
static void
write_digest(const struct collector__digest *digest, unsigned char blob[16])
{
    write_integer(digest->hash, blob);
    write_integer(digest->size, blob + 8);
}

int
collector__idempotency_find(struct collector__connection *connection,
                            const char *key,
                            const struct collector__digest *digest,
                            struct collector_receipt *ret_receipt)
{
    sqlite3_stmt *statement = NULL;
    unsigned char blob[16];
    const void *found;
    int step;
    int rc;

    rc = collector__connection_prepare(connection, COLLECTOR_SQL_FIND_KEY,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    memset(ret_receipt, 0, sizeof(*ret_receipt));
    write_digest(digest, blob);
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    step = sqlite3_step(statement);
    if (step == SQLITE_ROW) {
        ret_receipt->first_id = sqlite3_column_int64(statement, 0);
        ret_receipt->count = (uint64_t)sqlite3_column_int64(statement, 1);
        ret_receipt->duplicate = true;
        found = sqlite3_column_blob(statement, 2);
        if (found == NULL ||
            sqlite3_column_bytes(statement, 2) != (int)sizeof(blob) ||
            memcmp(found, blob, sizeof(blob)) != 0)
            rc = COLLECTOR_ERR_CONFLICT;
    } else if (step != SQLITE_DONE) {
        rc = collector__connection_error(connection,
                                         "looking up an idempotency key");
    }
    collector__connection_done(statement);
    return rc;
}

/** Forget all but the latest so many. */
static int
trim(struct collector__connection *connection, uint64_t count_max)
{
    sqlite3_stmt *statement = NULL;
    int rc;

    rc = collector__connection_prepare(connection, COLLECTOR_SQL_TRIM_KEYS,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, (int64_t)count_max);
    return collector__connection_run(connection, statement,
                                     "trimming the idempotency keys");
}

int
collector__idempotency_keep(struct collector__connection *connection,
                            const char *key,
                            const struct collector__digest *digest,
                            const struct collector_receipt *receipt,
                            int64_t now)
{
    struct collector__database *database = connection->database;
    const uint64_t count_max = database->limits.idempotency_max;
    const uint64_t part = count_max / COLLECTOR_IDEMPOTENCY_TRIM_PART + 1;
    sqlite3_stmt *statement = NULL;
    unsigned char blob[16];
    int rc;

    rc = collector__connection_prepare(connection, COLLECTOR_SQL_KEEP_KEY,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    write_digest(digest, blob);
    sqlite3_bind_int64(statement, 1, receipt->first_id);
    sqlite3_bind_text(statement, 2, key, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, (int64_t)receipt->count);
    sqlite3_bind_int64(statement, 4, now);
    sqlite3_bind_blob(statement, 5, blob, sizeof(blob), SQLITE_STATIC);
    sqlite3_bind_int64(statement, 6, collector__database_uptime_ms(database));
    rc = collector__connection_run(connection, statement,
                                   "keeping an idempotency key");
    if (rc == COLLECTOR_OK && count_max > 0 &&
        atomic_fetch_add(&database->keys_added, 1) % part == 0)
        rc = trim(connection, count_max);
    return rc;
}

int
collector__idempotency_prune(struct collector__connection *connection,
                             uint32_t count_max)
{
    struct collector__database *database = connection->database;
    const int64_t uptime = collector__database_uptime_ms(database);
    const uint64_t retain_ms = database->limits.idempotency_retain_ms;
    sqlite3_stmt *statement = NULL;
    int rc;

    if ((uint64_t)uptime < retain_ms)
        return COLLECTOR_OK;
    rc = collector__connection_prepare(connection, COLLECTOR_SQL_PRUNE_KEYS,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, uptime - (int64_t)retain_ms);
    sqlite3_bind_int64(statement, 2, count_max);
    return collector__connection_run(connection, statement,
                                     "pruning the idempotency keys");
}
