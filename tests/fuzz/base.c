/* SPDX-License-Identifier: MIT */
/*
 * Stores with something in every table: delivered events and pending ones, one
 * of them too long for a page, dead letters, an outage, keys, devices, and the
 * past of a quarantine.
 */
#include "base.h"

#include "folder.h"
#include "fuzz.h"

#include <collector/collector.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** Bytes that a mutation may add to a file. */
#define GROWTH_SIZE (8 * BASE_FRAME_SIZE)

#define LONG_SIZE 9000

static int64_t now = INT64_C(1700000000000);

static struct base bases[2];
static struct base copy;

static int64_t
clock_ms(void *userdata)
{
    (void)userdata;
    return now++;
}

const struct collector_clock base_clock = {.wall_ms = clock_ms,
                                           .monotonic_ms = clock_ms};

void
base_pass_time(int64_t ms)
{
    now += ms;
}

/** Make room for so many bytes, and for what a mutation may add. */
static void
make_room(struct base_file *file, size_t size)
{
    uint8_t *data = realloc(file->data, size + GROWTH_SIZE);

    fuzz_check(data != NULL);
    file->data = data;
    file->size = size;
    file->size_max = size + GROWTH_SIZE;
}

static void
read_file(const char *name, struct base_file *file)
{
    const int fd = open(folder_path(name), O_RDONLY | O_CLOEXEC);
    struct stat status;

    if (fd < 0) {
        make_room(file, 0);
        return;
    }
    fuzz_check(fstat(fd, &status) == 0);
    make_room(file, (size_t)status.st_size);
    fuzz_check(read(fd, file->data, file->size) == (ssize_t)file->size);
    (void)close(fd); /* it was only read */
}

void
base_read(struct base *base)
{
    read_file(BASE_NAME, &base->main);
    read_file(BASE_LOG_NAME, &base->log);
}

void
base_write(const struct base *base)
{
    folder_clear();
    folder_write(BASE_NAME, base->main.data, base->main.size);
    if (base->log.size > 0)
        folder_write(BASE_LOG_NAME, base->log.data, base->log.size);
}

static struct collector_store *
open_store(void)
{
    struct collector_store_options options;
    struct collector_store *store = NULL;

    collector_store_options_init(&options);
    options.path = folder_path(BASE_NAME);
    options.clock = &base_clock;
    fuzz_check(collector_store_open(&options, &store) == COLLECTOR_OK);
    return store;
}

static void
append(struct collector_store *store, const char *device_id,
       const char *payload, const char *key)
{
    const struct collector_event event = {
        .device_id = device_id, .kind = "kind", .payload = payload};

    fuzz_check(collector_store_append(store, &event, 1, key, NULL) ==
               COLLECTOR_OK);
}

static void
append_some(struct collector_store *store)
{
    char filling[LONG_SIZE];
    char payload[32];
    char device_id[16];
    int i;

    for (i = 0; i < 12; i++) {
        (void)snprintf(payload, sizeof(payload), "{\"n\":%d}", i);
        (void)snprintf(device_id, sizeof(device_id), "device-%d", i % 4);
        append(store, device_id, i % 5 == 4 ? NULL : payload, NULL);
    }
    memset(filling, 'x', sizeof(filling) - 1);
    filling[sizeof(filling) - 1] = '\0';
    filling[0] = '"';
    filling[sizeof(filling) - 2] = '"';
    append(store, "device-long", filling, NULL);
}

static void
settle(struct collector_store *store, uint32_t event_count,
       enum collector_delivery_result result)
{
    const struct collector_batch_limits limits = {event_count, 1 << 20};
    const struct collector_delivery delivery = {
        .result = result, .status = 400, .error = "in so many words"};
    struct collector_batch *batch = NULL;

    fuzz_check(collector_store_fetch(store, &limits, &batch) == COLLECTOR_OK);
    fuzz_check(collector_store_checkpoint(store, batch, &delivery) ==
               COLLECTOR_OK);
    collector_batch_free(batch);
}

static void
execute(const char *sql)
{
    sqlite3 *db = NULL;

    fuzz_check(sqlite3_open(folder_path(BASE_NAME), &db) == SQLITE_OK);
    fuzz_check(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
    (void)sqlite3_close(db); /* all it wrote is committed */
}

static void
make_bases(void)
{
    struct collector_store *store = open_store();

    append_some(store);
    append(store, "device-1", "1", BASE_KEY);
    settle(store, 3, COLLECTOR_RETRY);
    settle(store, 3, COLLECTOR_DELIVERED);
    settle(store, 1, COLLECTOR_REJECTED);
    collector_store_free(store);
    execute("INSERT INTO quarantines (at, path, reason, through, salvaged,"
            " lost, finished_at) VALUES (1, 'old', 'age', 3, 2, 1, 2)");
    store = open_store();
    append_some(store);
    append(store, "device-2", "[2]", "key-2");
    settle(store, 1, COLLECTOR_REJECTED);
    settle(store, 2, COLLECTOR_DELIVERED);
    settle(store, 4, COLLECTOR_RETRY);
    base_read(&bases[1]);
    collector_store_free(store);
    base_read(&bases[0]);
    folder_clear();
}

/** Of all targets that damage a store. */
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    folder_make();
    make_bases();
    return 0;
}

static void
copy_file(const struct base_file *from, struct base_file *to)
{
    make_room(to, from->size);
    if (from->size > 0)
        memcpy(to->data, from->data, from->size);
}

struct base *
base_copy(bool crashed)
{
    copy_file(&bases[crashed].main, &copy.main);
    copy_file(&bases[crashed].log, &copy.log);
    return &copy;
}
