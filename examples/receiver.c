/* SPDX-License-Identifier: MIT */
/*
 * An upstream for the webhook sink. It keeps one integer a collector, the last
 * id it has, skips what is not larger, and says which ids are missing.
 *
 * Events and integer are stored in one transaction. Were they two, a crash
 * between them would either store events twice or lose them; and were events
 * only printed, nobody could know which ones were. So the table is what counts,
 * and standard output shows what has been committed to it, for people.
 *
 * usage: receiver [ADDRESS:]PORT FILE (link with -lcivetweb -lsqlite3)
 */
#include <civetweb.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#define BODY_SIZE_MAX (16 * 1024 * 1024)

/* SQLite's JSON recurses, and a thread of CivetWeb has 100 KiB of stack. A
 * collector's events have 66 levels at most. */
#define DEPTH_MAX 100

/** One connection: whoever holds the lock has the transaction. A request that
 *  its collector gave up on, and the next one, come one after the other. */
struct receiver {
    pthread_mutex_t lock;
    sqlite3 *db;
};

/** A request; last_id is what was stored before it. Bound as ?1, ?2 and ?3. */
struct batch {
    const char *collector_id;
    char *body;
    int body_size;
    int64_t last_id;
};

static const char schema[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;" /* a 200 is a receipt */
    "CREATE TABLE IF NOT EXISTS collector"
    " (id TEXT PRIMARY KEY, last_id INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS event"
    " (collector_id TEXT, id INTEGER, json TEXT NOT NULL,"
    "  PRIMARY KEY (collector_id, id)) WITHOUT ROWID";
static const char are_events[] =
    "SELECT CASE WHEN NOT json_valid(?2) THEN 0"
    " WHEN json_type(?2) <> 'array' THEN 0"
    " ELSE NOT EXISTS (SELECT 1 FROM json_each(?2) WHERE type <> 'object'"
    "  OR json_type(value, '$.id') IS NOT 'integer') END";
static const char get_last_id[] =
    "SELECT coalesce(max(last_id), 0) FROM collector WHERE id = ?1";
static const char keep_events[] =
    "INSERT INTO event SELECT ?1, json_extract(value, '$.id'), value"
    " FROM json_each(?2) WHERE json_extract(value, '$.id') > ?3";
static const char keep_last_id[] =
    "INSERT OR REPLACE INTO collector SELECT ?1, max(id)"
    " FROM event WHERE collector_id = ?1 AND id > ?3 HAVING count(*) > 0";
static const char get_new_events[] =
    "SELECT id, json FROM event WHERE collector_id = ?1 AND id > ?3"
    " ORDER BY id";

static sqlite3_stmt *
prepare(struct receiver *receiver, const char *sql, const struct batch *batch)
{
    sqlite3_stmt *statement = NULL;

    /* What fails here makes the step fail, or is a ? that is not in the sql. */
    (void)sqlite3_prepare_v2(receiver->db, sql, -1, &statement, NULL);
    (void)sqlite3_bind_text(statement, 1, batch->collector_id, -1, NULL);
    (void)sqlite3_bind_text(statement, 2, batch->body, batch->body_size, NULL);
    (void)sqlite3_bind_int64(statement, 3, batch->last_id);
    return statement;
}

static int
is_deep(const struct batch *batch)
{
    const char *end = batch->body + batch->body_size;
    const char *at;
    int depth = 0;
    int quoted = 0;

    for (at = batch->body; at < end && depth <= DEPTH_MAX; at++) {
        if (*at == '"')
            quoted = !quoted;
        else if (quoted)
            at += *at == '\\'; /* and what it escapes */
        else if (*at == '[' || *at == '{')
            depth++;
        else if (*at == ']' || *at == '}')
            depth--;
    }
    return depth > DEPTH_MAX;
}

/** Run a statement. @return The number in its first row, 0 when it has none, -1
 *  when it failed. */
static int64_t
run(struct receiver *receiver, const char *sql, const struct batch *batch)
{
    sqlite3_stmt *statement = prepare(receiver, sql, batch);
    int64_t number = 0;
    int step;

    while ((step = sqlite3_step(statement)) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement); /* says what the step said */
    return step == SQLITE_DONE ? number : -1;
}

/** Show what was committed just now, and what is missing before it. */
static void
show(struct receiver *receiver, const struct batch *batch)
{
    sqlite3_stmt *statement = prepare(receiver, get_new_events, batch);
    int64_t expected = batch->last_id + 1;

    for (; sqlite3_step(statement) == SQLITE_ROW; expected++) {
        const int64_t id = sqlite3_column_int64(statement, 0);

        if (id > expected)
            (void)fprintf(stderr,
                          "collector %s: events %" PRId64 " to %" PRId64
                          " are missing\n",
                          batch->collector_id, expected, id - 1);
        expected = id;
        (void)printf("%s\n", (const char *)sqlite3_column_text(statement, 1));
    }
    (void)sqlite3_finalize(statement);
    (void)fflush(stdout); /* the table is what counts */
}

/** @return The status to answer. Anything but 200 and 400 is tried again. */
static int
store(struct receiver *receiver, struct batch *batch)
{
    int64_t good = is_deep(batch) ? 0 : run(receiver, are_events, batch);

    if (good != 1)
        return good == 0 ? 400 : 503;
    if (run(receiver, "BEGIN IMMEDIATE", batch) != 0)
        return 503;
    batch->last_id = run(receiver, get_last_id, batch);
    if (batch->last_id < 0 || run(receiver, keep_events, batch) != 0 ||
        run(receiver, keep_last_id, batch) != 0 ||
        run(receiver, "COMMIT", batch) != 0) {
        (void)fprintf(stderr, "not stored: %s\n", sqlite3_errmsg(receiver->db));
        (void)run(receiver, "ROLLBACK", batch); /* or SQLite has done it */
        return 503;
    }
    show(receiver, batch);
    return 200;
}

static int
receive(struct mg_connection *connection, void *userdata)
{
    struct receiver *receiver = userdata;
    const long long size = mg_get_request_info(connection)->content_length;
    struct batch batch = {mg_get_header(connection, "X-Collector-Id"), NULL, 0,
                          0};
    int status = 503;
    int got = 1;

    if (batch.collector_id == NULL || size < 0) {
        status = 400;
    } else if (size > BODY_SIZE_MAX) {
        status = 413; /* later batches are smaller */
    } else if ((batch.body = malloc((size_t)size + 1)) != NULL) {
        while (got > 0 && batch.body_size < size) {
            got = mg_read(connection, batch.body + batch.body_size,
                          (size_t)(size - batch.body_size));
            batch.body_size += got > 0 ? got : 0;
        }
        if (batch.body_size == size) {
            (void)pthread_mutex_lock(&receiver->lock);
            status = store(receiver, &batch);
            (void)pthread_mutex_unlock(&receiver->lock);
        }
        free(batch.body);
    }
    (void)mg_printf(connection,
                    "HTTP/1.1 %d %s\r\nContent-Length: 0\r\n"
                    "Connection: close\r\n\r\n",
                    status, mg_get_response_code_text(connection, status));
    return status;
}

int
main(int argc, char **argv)
{
    struct receiver receiver = {PTHREAD_MUTEX_INITIALIZER, NULL};
    const char *options[] = {"listening_ports", argc > 1 ? argv[1] : "0", NULL};
    const struct mg_callbacks callbacks = {0};
    struct mg_server_port port = {0};
    struct mg_context *server;
    sigset_t ends;
    int signal_number;

    /* Before any thread: all of them leave the signals to sigwait(). */
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGINT);
    (void)sigaddset(&ends, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
    if (argc != 3 || sqlite3_open(argv[2], &receiver.db) != SQLITE_OK ||
        sqlite3_exec(receiver.db, schema, NULL, NULL, NULL) != SQLITE_OK ||
        (server = mg_start(&callbacks, NULL, options)) == NULL) {
        (void)fprintf(stderr, "usage: receiver [ADDRESS:]PORT FILE\n%s\n",
                      receiver.db != NULL ? sqlite3_errmsg(receiver.db) : "");
        return 1;
    }
    mg_set_request_handler(server, "/", receive, &receiver);
    (void)mg_get_server_ports(server, 1, &port);
    (void)fprintf(stderr, "listening on port %d\n", port.port);
    (void)sigwait(&ends, &signal_number);
    mg_stop(server); /* after the requests that are under way */
    (void)sqlite3_close(receiver.db);
    return 0;
}
