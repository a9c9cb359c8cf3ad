/* SPDX-License-Identifier: MIT */
/*
 * A store's files after any damage: one that refuses it has not touched them,
 * and does only what its header says; one that is to quarantine it opens, keeps
 * its books, and takes new events. Unless it is no file of ours any more.
 */
#include "base.h"
#include "folder.h"
#include "fuzz.h"
#include "script.h"

#include <collector/collector.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SNAPSHOT_NAME "snapshot"

/** Far more than there is; the reserve for a full disk goes by it. */
#define SIZE_MAX_OF_STORE (8 * 1024 * 1024)

/** What the first byte of a script says beside what it says for all. */
#define QUARANTINED 2

/** The kind of the last event, which no other has. */
#define LAST_KIND "last"

/** Steps of a store's housekeeping: what is there is salvaged in a few. */
#define MAINTAIN_COUNT 4
#define REST_MS 3600000

/** A set of error codes. */
#define CODE(code) (1u << -(code))

/** What any function that uses the file may say. */
#define FILE_CODES                                                             \
    (CODE(COLLECTOR_OK) | CODE(COLLECTOR_ERR_CORRUPT) | CODE(COLLECTOR_ERR_IO))

#define OPEN_CODES                                                             \
    (CODE(COLLECTOR_OK) | CODE(COLLECTOR_ERR_FOREIGN) |                        \
     CODE(COLLECTOR_ERR_NEWER))

/** Of readers; they may be left out of the build. */
#define READ_CODES                                                             \
    (FILE_CODES | CODE(COLLECTOR_ERR_TOO_BIG) | CODE(COLLECTOR_ERR_TIMEOUT) |  \
     CODE(COLLECTOR_ERR_UNSUPPORTED))

#define APPEND_CODES                                                           \
    (FILE_CODES | CODE(COLLECTOR_ERR_FULL) | CODE(COLLECTOR_ERR_CONFLICT))

/** Of what is about a file that may be quarantined meanwhile. */
#define SETTLE_CODES (FILE_CODES | CODE(COLLECTOR_ERR_INVALID))
#define REPLAY_CODES (APPEND_CODES | CODE(COLLECTOR_ERR_INVALID))

static void
check_code(int rc, unsigned expected)
{
    if (rc <= 0 && rc >= COLLECTOR_ERR_TIMEOUT && (CODE(rc) & expected) != 0)
        return;
    (void)fprintf(stderr, "%d: %s\n", rc, collector_error_text(rc));
    fuzz_fail("a code that the header names", __FILE__, __LINE__);
}

/** Lines go to stderr with FUZZ_LOG in the environment, for a closer look. */
static void
say(void *userdata, enum collector_log_level level, const char *line)
{
    (void)userdata;
    (void)level;
    fuzz_check(strpbrk(line, "\r\n") == NULL); /* a path may be no UTF-8 */
    if (getenv("FUZZ_LOG") != NULL)
        (void)fprintf(stderr, "%s\n", line);
}

static int
open_store(enum collector_damage on_damage, struct collector_store **ret_store)
{
    struct collector_store_options options;

    collector_store_options_init(&options);
    options.path = folder_path(BASE_NAME);
    options.clock = &base_clock;
    options.log = say;
    options.on_damage = on_damage;
    options.size_max = SIZE_MAX_OF_STORE;
    options.retain_ms = REST_MS;
    options.idempotency_retain_ms = REST_MS;
    options.idempotency_max = 2;
    options.dead_letter_max = 2;
    return collector_store_open(&options, ret_store);
}

/** See that the books add up, and that what is said of them fits. */
static void
check_stats(struct collector_store *store)
{
    struct collector_store_stats stats = {.size = sizeof(stats)};

    collector_store_stats(store, &stats);
    fuzz_check(memchr(stats.collector_id, '\0', sizeof(stats.collector_id)) !=
               NULL);
    fuzz_check(stats.accepted ==
               stats.delivered + stats.dead + stats.dropped + stats.pending);
}

/** Look at each event of a batch. */
static void
read_batch(const struct collector_batch *batch)
{
    const char *text;
    size_t size;
    size_t i;

    for (i = 0; i < collector_batch_count(batch); i++) {
        const struct collector_event *event = collector_batch_event(batch, i);

        fuzz_check(event->device_id != NULL && event->kind != NULL);
    }
    fuzz_check(collector_batch_last_id(batch) -
                   collector_batch_first_id(batch) + 1 ==
               (int64_t)collector_batch_count(batch));
    fuzz_check(collector_batch_json(batch, COLLECTOR_BATCH_ARRAY, &text,
                                    &size) == COLLECTOR_OK);
    fuzz_check(strlen(text) == size);
}

/** Fetch, and put on record that it was delivered or refused. */
static void
drain(struct collector_store *store, uint32_t event_count,
      enum collector_delivery_result result)
{
    const struct collector_batch_limits limits = {event_count, 1 << 20};
    const struct collector_delivery delivery = {.result = result,
                                                .status = 400};
    struct collector_batch *batch = NULL;

    check_code(collector_store_fetch(store, &limits, &batch), FILE_CODES);
    if (batch == NULL)
        return;
    read_batch(batch);
    check_code(collector_store_checkpoint(store, batch, &delivery),
               SETTLE_CODES);
    collector_batch_free(batch);
}

static int
append(struct collector_store *store, const char *key)
{
    const struct collector_event event = {
        .device_id = "device-1", .kind = "kind", .payload = "1"};

    return collector_store_append(store, &event, 1, key, NULL);
}

static int
show_letter(void *userdata, const struct collector_dead_letter *letter)
{
    size_t *count = userdata;

    fuzz_check(letter->event.device_id != NULL && letter->event.kind != NULL);
    *count += letter->reason != NULL ? strlen(letter->reason) : 1;
    return 0;
}

static void
handle_letters(struct collector_store *store)
{
    const int64_t id = 4;
    size_t count = 0;

    check_code(collector_dead_letters_list(store, 0, 100, show_letter, &count),
               FILE_CODES);
    check_code(collector_dead_letters_replay(store, &id, 1, NULL),
               REPLAY_CODES);
    check_code(collector_dead_letters_replay(store, NULL, 0, NULL),
               REPLAY_CODES);
    check_code(collector_dead_letters_purge(store, &id, 1, NULL), SETTLE_CODES);
    check_code(collector_dead_letters_purge(store, NULL, 0, NULL),
               SETTLE_CODES);
}

/** Do everything that a store can do. */
static void
use(struct collector_store *store)
{
    int i;

    check_stats(store);
    drain(store, 1, COLLECTOR_REJECTED);
    check_code(append(store, BASE_KEY), APPEND_CODES);
    check_code(append(store, NULL), APPEND_CODES);
    handle_letters(store);
    check_code(collector_store_snapshot(store, folder_path(SNAPSHOT_NAME)),
               FILE_CODES | CODE(COLLECTOR_ERR_BUSY));
    drain(store, 1000, COLLECTOR_DELIVERED);
    for (i = 0; i < MAINTAIN_COUNT; i++) {
        base_pass_time(REST_MS);
        check_code(collector_store_maintain(store), FILE_CODES);
    }
    check_stats(store);
}

/** See that files are byte for byte what they were. */
static void
check_untouched(const struct base *base)
{
    static struct base found;

    base_read(&found);
    fuzz_check(found.main.size == base->main.size);
    fuzz_check(found.log.size == base->log.size);
    fuzz_check(memcmp(found.main.data, base->main.data, found.main.size) == 0);
    fuzz_check(memcmp(found.log.data, base->log.data, found.log.size) == 0);
}

/** Ask what is there, which changes none of it. */
static void
try_to_read(const struct base *base)
{
    struct collector_reader_options options;
    struct collector_reader *reader = NULL;
    int rc;

    base_write(base);
    collector_reader_options_init(&options);
    options.path = folder_path(BASE_NAME);
    rc = collector_reader_open(&options, &reader);
    check_code(rc, READ_CODES | CODE(COLLECTOR_ERR_FOREIGN) |
                       CODE(COLLECTOR_ERR_NEWER));
    if (rc == COLLECTOR_OK) {
        check_code(collector_reader_events(reader, NULL, NULL, NULL, NULL),
                   READ_CODES);
        check_code(collector_reader_event(reader, 1, NULL, NULL, NULL),
                   READ_CODES);
        check_code(collector_reader_devices(reader, 0, 0, NULL, NULL, NULL),
                   READ_CODES);
        check_code(collector_reader_ledger(reader, NULL, NULL, NULL),
                   READ_CODES);
        check_code(collector_reader_verify(reader, true, NULL, NULL, NULL),
                   READ_CODES);
    }
    collector_reader_free(reader);
    check_untouched(base);
}

static void
try_to_refuse(const struct base *base)
{
    struct collector_store *store = NULL;
    int rc;

    base_write(base);
    rc = open_store(COLLECTOR_DAMAGE_REFUSE, &store);
    check_code(rc, OPEN_CODES | CODE(COLLECTOR_ERR_CORRUPT));
    if (rc != COLLECTOR_OK) {
        check_untouched(base);
        return;
    }
    use(store);
    collector_store_free(store);
}

/** See that the last event is there for any reader, if under another id, and
 *  that SQLite finds nothing wrong with its file. */
static void
check_kept(void)
{
    static const char sql[] =
        "SELECT quick_check = 'ok' AND (SELECT count(*) FROM event_log"
        " WHERE kind = '" LAST_KIND "') = 1 FROM pragma_quick_check";
    sqlite3_stmt *statement = NULL;
    sqlite3 *db = NULL;

    fuzz_check(sqlite3_open(folder_path(BASE_NAME), &db) == SQLITE_OK);
    fuzz_check(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
    fuzz_check(sqlite3_step(statement) == SQLITE_ROW);
    fuzz_check(sqlite3_column_int(statement, 0) == 1);
    (void)sqlite3_finalize(statement); /* it was only read */
    (void)sqlite3_close(db);           /* likewise */
}

/** Open a store again that has taken an event. What was not seen while it was
 *  recovered may be found now, and then the event is salvaged. */
static void
reopen(void)
{
    struct collector_store *store = NULL;
    int i;

    fuzz_check(open_store(COLLECTOR_DAMAGE_QUARANTINE, &store) == COLLECTOR_OK);
    for (i = 0; i < MAINTAIN_COUNT; i++)
        fuzz_check(collector_store_maintain(store) == COLLECTOR_OK);
    check_stats(store);
    collector_store_free(store);
}

static void
try_to_quarantine(const struct base *base)
{
    const struct collector_event event = {.device_id = "device-1",
                                          .kind = LAST_KIND};
    struct collector_store *store = NULL;
    int rc;

    base_write(base);
    rc = open_store(COLLECTOR_DAMAGE_QUARANTINE, &store);
    check_code(rc, OPEN_CODES);
    if (rc != COLLECTOR_OK)
        return;
    use(store);
    base_pass_time(REST_MS); /* it may try to replace the file once more */
    fuzz_check(collector_store_append(store, &event, 1, NULL, NULL) ==
               COLLECTOR_OK);
    collector_store_free(store);
    reopen();
    check_kept();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct base *base = script_run(data, size);

    try_to_read(base);
    if (size > 0 && (data[0] & QUARANTINED) != 0)
        try_to_quarantine(base);
    else
        try_to_refuse(base);
    return 0;
}
