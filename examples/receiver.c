/* SPDX-License-Identifier: MIT */
/*
 * An upstream for the webhook sink. It keeps one integer a collector, the last
 * id it has, skips what is not larger, and says which ids are missing.
 *
 * Events and integer are stored in one transaction: were they two, a crash
 * between them would store events twice or lose them. So the table is what
 * counts, standard output shows people what was committed to it, and the
 * program may be ended by any signal at any time.
 *
 * usage: receiver [ADDRESS:]PORT FILE (link with -lcivetweb -lsqlite3)
 */
#include <civetweb.h>
#include <err.h>
#include <inttypes.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BODY_SIZE_MAX (16 * 1024 * 1024)

/** A request; last_id is what was stored before it. Bound as ?1, ?2 and ?3. */
struct batch {
    const char *collector_id;
    char *body;
    int64_t last_id;
    int *status; /* to answer, when it is done */
    sem_t *done;
};

static const char schema[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;" /* a 200 is a receipt */
    "CREATE TABLE IF NOT EXISTS collector"
    " (id TEXT PRIMARY KEY, last_id INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS event"
    " (collector_id TEXT, id INTEGER, json TEXT NOT NULL,"
    "  PRIMARY KEY (collector_id, id)) WITHOUT ROWID;"
    "CREATE TRIGGER IF NOT EXISTS keep_last_id AFTER INSERT ON event BEGIN"
    " INSERT OR REPLACE INTO collector VALUES (new.collector_id, new.id); END";
static const char are_events[] =
    "SELECT CASE WHEN json_valid(?2) THEN json_type(?2) = 'array' AND NOT"
    " EXISTS (SELECT 1 FROM json_each(?2) WHERE type <> 'object'"
    "  OR json_type(value, '$.id') IS NOT 'integer') ELSE 0 END";
static const char get_last_id[] =
    "SELECT coalesce(max(last_id), 0) FROM collector WHERE id = ?1";
static const char keep_events[] =
    "INSERT INTO event SELECT ?1, json_extract(value, '$.id'), value"
    " FROM json_each(?2) WHERE json_extract(value, '$.id') > ?3 ORDER BY 2";
static const char get_gaps[] =
    "SELECT printf('collector %s: events %d to %d are missing', ?1, before + 1,"
    "  id - 1) FROM (SELECT id, lag(id, 1, ?3) OVER (ORDER BY id) AS before"
    "  FROM event WHERE collector_id = ?1 AND id > ?3) WHERE id > before + 1";
static const char get_new_events[] =
    "SELECT json FROM event WHERE collector_id = ?1 AND id > ?3 ORDER BY id";

/** Run a statement, and show its rows if there is somewhere to. @return The
 *  number in the last row, 0 when there is none, -1 when it failed. */
static int64_t
run(sqlite3 *db, const char *sql, const struct batch *batch, FILE *out)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = 0;
    int step;

    /* What fails here makes the step fail, or is a ? that is not in the sql. */
    (void)sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    (void)sqlite3_bind_text(statement, 1, batch->collector_id, -1, NULL);
    (void)sqlite3_bind_text(statement, 2, batch->body, -1, NULL);
    (void)sqlite3_bind_int64(statement, 3, batch->last_id);
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
        number = sqlite3_column_int64(statement, 0);
        if (out != NULL)
            (void)fprintf(out, "%s\n", sqlite3_column_text(statement, 0));
    }
    if (step != SQLITE_DONE)
        warnx("%s", sqlite3_errmsg(db));
    (void)sqlite3_finalize(statement); /* says what the step said */
    return step == SQLITE_DONE ? number : -1;
}

/** @return The status to answer. Anything but 200 and 400 is tried again. */
static int
store(sqlite3 *db, struct batch *batch)
{
    const int64_t good = run(db, are_events, batch, NULL);

    if (good != 1)
        return good == 0 ? 400 : 503;
    batch->last_id = run(db, get_last_id, batch, NULL);
    if (batch->last_id < 0 || run(db, keep_events, batch, NULL) < 0)
        return 503;
    (void)run(db, get_gaps, batch, stderr); /* it is stored, shown or not */
    (void)run(db, get_new_events, batch, stdout);
    (void)fflush(stdout);
    return 200;
}

/** On a thread of CivetWeb's: read a request, have main() store it, answer. */
static int
receive(struct mg_connection *connection, void *userdata)
{
    const int *queue = userdata;
    const long long size = mg_get_request_info(connection)->content_length;
    int status = 503;
    sem_t done;
    struct batch batch = {mg_get_header(connection, "X-Collector-Id"), NULL, 0,
                          &status, &done};

    if (batch.collector_id == NULL || size < 0)
        status = 400;
    else if (size > BODY_SIZE_MAX)
        status = 413; /* later batches are smaller */
    else if (sem_init(&done, 0, 0) == 0 &&
             (batch.body = calloc(1, (size_t)size + 1)) != NULL &&
             mg_read(connection, batch.body, (size_t)size) == size &&
             write(queue[1], &batch, sizeof(batch)) == sizeof(batch))
        while (sem_wait(&done) != 0)
            continue; /* it is main()'s until then */
    free(batch.body);
    (void)mg_printf(connection,
                    "HTTP/1.1 %d %s\r\nContent-Length: 0\r\n"
                    "Connection: close\r\n\r\n",
                    status, mg_get_response_code_text(connection, status));
    return status;
}

int
main(int argc, char **argv)
{
    const char *options[] = {"listening_ports", argc > 1 ? argv[1] : "", NULL};
    const struct mg_callbacks callbacks = {0};
    struct mg_server_port port = {0};
    struct mg_context *server;
    struct batch batch;
    sqlite3 *db = NULL;
    int queue[2];

    if (argc != 3)
        errx(1, "usage: receiver [ADDRESS:]PORT FILE");
    if (sqlite3_open(argv[2], &db) != SQLITE_OK ||
        sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK)
        errx(1, "%s: %s", argv[2], sqlite3_errmsg(db));
    if (pipe(queue) != 0 ||
        (server = mg_start(&callbacks, NULL, options)) == NULL)
        errx(1, "can't listen on %s", argv[1]);
    mg_set_request_handler(server, "/", receive, queue);
    (void)mg_get_server_ports(server, 1, &port);
    (void)fprintf(stderr, "listening on port %d\n", port.port);
    /* The stack of CivetWeb's threads is 100 KiB, and SQLite's JSON recurses
     * up to 2000 times: this one is large enough, and stores in turn. */
    while (read(queue[0], &batch, sizeof(batch)) == sizeof(batch)) {
        *batch.status = store(db, &batch);
        (void)sem_post(batch.done);
    }
    return 1;
}
