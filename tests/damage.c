/* SPDX-License-Identifier: MIT */
/* Stores to be damaged. */
#include "damage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONG_EVERY 100
#define LONG_SIZE 10000
#define APPEND_COUNT 100

/** Calls of maintain until a salvage must have come to its end. */
#define MAINTAIN_COUNT_MAX 1000

struct bytes
bytes_read(const char *path)
{
    const int64_t size = support_file_size(path);
    struct bytes bytes = {NULL, 0};
    FILE *file = fopen(path, "rb");

    ck_assert_int_ge(size, 0);
    ck_assert_ptr_nonnull(file);
    bytes.size = (size_t)size;
    bytes.data = support_alloc(bytes.size + 1);
    ck_assert_uint_eq(fread(bytes.data, 1, bytes.size, file), bytes.size);
    (void)fclose(file);
    return bytes;
}

void
bytes_write(const char *path, struct bytes bytes)
{
    FILE *file = fopen(path, "wb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
    ck_assert_int_eq(fclose(file), 0);
}

/** Write over a part of a file that is there. */
static void
overwrite(const char *path, size_t offset, struct bytes bytes)
{
    FILE *file = fopen(path, "r+b");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, (long)offset, SEEK_SET), 0);
    ck_assert_uint_eq(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
    ck_assert_int_eq(fclose(file), 0);
}

void
bytes_spoil(const char *path, size_t offset, size_t size, unsigned seed)
{
    struct bytes noise = {support_alloc(size), size};
    size_t i;

    for (i = 0; i < size; i++) {
        seed = seed * 1664525u + 1013904223u;
        noise.data[i] = (char)(seed >> 24);
    }
    overwrite(path, offset, noise);
}

void
bytes_flip(const char *path, size_t offset)
{
    const struct bytes before = bytes_read(path);
    char flipped;

    ck_assert_uint_lt(offset, before.size);
    flipped = (char)(before.data[offset] ^ 4);
    overwrite(path, offset, (struct bytes){&flipped, 1});
}

static int
compare_texts(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/** A sum that is another one for other bytes (FNV-1a). */
static uint64_t
sum_of(struct bytes bytes)
{
    uint64_t sum = UINT64_C(14695981039346656037);
    size_t i;

    for (i = 0; i < bytes.size; i++)
        sum = (sum ^ (unsigned char)bytes.data[i]) * UINT64_C(1099511628211);
    return sum;
}

const char *
directory_text(const char *dir)
{
    const char *names[64] = {NULL};
    const char *text = "";
    const struct dirent *found;
    DIR *directory = opendir(dir);
    size_t count = 0;
    size_t i;

    ck_assert_ptr_nonnull(directory);
    while ((found = readdir(directory)) != NULL) {
        if (found->d_name[0] == '.' || strstr(found->d_name, "-shm") != NULL ||
            strstr(found->d_name, ".lock") != NULL)
            continue;
        ck_assert_uint_lt(count, 64);
        names[count++] = support_format("%s", found->d_name);
    }
    (void)closedir(directory);
    qsort(names, count, sizeof(names[0]), compare_texts);
    for (i = 0; i < count; i++)
        text = support_format("%s%s %llx\n", text, names[i],
                              (unsigned long long)sum_of(
                                  bytes_read(support_path(dir, names[i]))));
    return text;
}

/** The payload of an event. */
static const char *
payload_of(int64_t number)
{
    static char filling[LONG_SIZE];

    if (number % LONG_EVERY != 0)
        return support_format("{\"n\":%lld}", (long long)number);
    memset(filling, 'x', sizeof(filling) - 1);
    return support_format("{\"n\":%lld,\"filling\":\"%s\"}", (long long)number,
                          filling);
}

void
damage_append(struct harness *harness, int64_t first, int64_t last)
{
    struct collector_event events[APPEND_COUNT];
    size_t count;

    while (first <= last) {
        for (count = 0; count < APPEND_COUNT && first <= last; count++)
            events[count] =
                (struct collector_event){.device_id = "device",
                                         .kind = "kind",
                                         .payload = payload_of(first++)};
        ck_assert_ok(
            collector_store_append(harness->store, events, count, NULL, NULL));
    }
}

void
damage_store_new(struct harness *harness, int64_t count, int64_t delivered,
                 bool with_log)
{
    struct harness original;

    harness_start(&original, COLLECTOR_MODE_GROUP);
    damage_append(&original, 1, count);
    if (delivered > 0)
        ck_assert_uint_eq(harness_deliver(&original, (uint32_t)delivered),
                          (size_t)delivered);
    if (with_log)
        damage_crash(harness, &original);
    harness_close(&original);
    if (!with_log) {
        harness_init(harness);
        bytes_write(harness->path, bytes_read(original.path));
    }
}

void
damage_crash(struct harness *harness, const struct harness *original)
{
    harness_init(harness);
    bytes_write(harness->path, bytes_read(original->path));
    bytes_write(harness->wal_path, bytes_read(original->wal_path));
}

const char *
damage_path(const struct harness *harness, const char *suffix)
{
    return support_format("%s%s", harness->path, suffix);
}

int
damage_try_open(struct harness *harness)
{
    const int rc = collector_store_open(&harness->options, &harness->store);

    ck_assert_int_eq(harness->store != NULL, rc == COLLECTOR_OK);
    harness_close(harness);
    return rc;
}

void
damage_lose_rights(const struct harness *harness)
{
    /* Others may pass through to it. */
    ck_assert_int_eq(chmod(support_format("%s/..", harness->dir), 0755), 0);
    if (geteuid() == 0)
        ck_assert_int_eq(seteuid(65534), 0);
}

void
damage_regain_rights(void)
{
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0);
}

void
damage_open_and_salvage(struct harness *harness)
{
    size_t i;

    support_log_expect_errors(harness->log);
    harness->options.on_damage = COLLECTOR_DAMAGE_QUARANTINE;
    harness_open(harness);
    for (i = 0; harness_stats(harness).salvaging; i++) {
        ck_assert_uint_lt(i, MAINTAIN_COUNT_MAX);
        ck_assert_ok(collector_store_maintain(harness->store));
    }
}

void
damage_assert_sound(struct harness *harness, int64_t first, int64_t last)
{
    const struct collector_store_stats stats = harness_stats(harness);

    ck_assert_str_eq(harness_text(harness, "PRAGMA integrity_check"), "ok");
    ck_assert_uint_eq(stats.accepted, stats.delivered + stats.dead +
                                          stats.dropped + stats.pending);
    ck_assert_int_eq(
        harness_int(harness, "SELECT count(*) FROM event_log"),
        harness_int(harness, "SELECT coalesce(max(id), 0) FROM event_log"));
    ck_assert_int_eq(
        harness_int(harness, support_format("SELECT count(*) FROM event_log"
                                            " WHERE payload_json ->> 'n' < %lld"
                                            " OR payload_json ->> 'n' > %lld",
                                            (long long)first, (long long)last)),
        0);
    ck_assert_int_eq(
        harness_int(harness,
                    "SELECT count(*) FROM (SELECT payload_json ->> 'n' AS n,"
                    " lag(payload_json ->> 'n') OVER (ORDER BY id) AS before"
                    " FROM event_log) WHERE before >= n"),
        0);
    ck_assert_int_eq(
        harness_int(harness,
                    "SELECT count(*) FROM event_log WHERE device_id <> "
                    "'device' OR kind <> 'kind'"
                    " OR length(payload_json) <> CASE WHEN"
                    " payload_json ->> 'n' % 100 = 0 THEN 10018 +"
                    " length(payload_json ->> 'n') ELSE 6 +"
                    " length(payload_json ->> 'n') END"),
        0);
}
