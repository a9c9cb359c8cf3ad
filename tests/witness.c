/* SPDX-License-Identifier: MIT */
/* What is known of each event. */
#include "witness.h"

#include "support.h"

#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

/** Every so many events of a producer is one that is refused for good. */
#define BAD_EVERY 499

/** What a line takes at most. */
#define LINE_SIZE_MAX 512

void
witness_init(struct witness *witness)
{
    memset(witness, 0, sizeof(*witness));
    (void)pthread_mutex_init(&witness->lock, NULL); /* can't fail on Linux */
    witness->contents =
        calloc(WITNESS_EVENT_COUNT_MAX, sizeof(*witness->contents));
    witness->sources =
        calloc(WITNESS_EVENT_COUNT_MAX, sizeof(*witness->sources));
    ck_assert(witness->contents != NULL && witness->sources != NULL);
}

void
witness_free(struct witness *witness)
{
    free(witness->contents);
    free(witness->sources);
    (void)pthread_mutex_destroy(&witness->lock); /* nobody holds it */
}

bool
witness_is_bad(unsigned serial)
{
    return serial % BAD_EVERY == BAD_EVERY - 1;
}

void
witness_content(unsigned producer, unsigned serial, char *device_id,
                char *payload)
{
    (void)snprintf(device_id, WITNESS_TEXT_SIZE, "device-%u", producer);
    (void)snprintf(payload, WITNESS_TEXT_SIZE,
                   "{\"producer\":%u,\"serial\":%u%s}", producer, serial,
                   witness_is_bad(serial) ? ",\"bad\":true" : ""); /* fits */
}

void
witness_write_events(unsigned producer, unsigned serial, unsigned count,
                     char *text, size_t size_max)
{
    char device_id[WITNESS_TEXT_SIZE];
    char payload[WITNESS_TEXT_SIZE];
    size_t size = 0;
    unsigned i;

    for (i = 0; i < count; i++) {
        witness_content(producer, serial + i, device_id, payload);
        size += (size_t)snprintf(
            text + size, size_max - size,
            "%c{\"device_id\":\"%s\",\"kind\":\"load\",\"payload\":%s}",
            i == 0 ? '[' : ',', device_id, payload);
        ck_assert_uint_lt(size, size_max - 1);
    }
    (void)snprintf(text + size, size_max - size, "]"); /* it fits */
}

static uint64_t
content_of(unsigned producer, unsigned serial)
{
    return (uint64_t)(producer + 1) << 32 | serial;
}

void
witness_say(struct witness *witness, enum witness_source source, int64_t id,
            unsigned producer, unsigned serial)
{
    const uint64_t content = content_of(producer, serial);
    const unsigned bit = 1U << source;
    uint64_t known;

    ck_assert_int_ge(id, 1);
    ck_assert_int_lt(id, WITNESS_EVENT_COUNT_MAX);
    (void)pthread_mutex_lock(&witness->lock);
    if (witness->contents[id] == 0)
        witness->contents[id] = content;
    known = witness->contents[id];
    if (id > witness->last_id)
        witness->last_id = id;
    if ((witness->sources[id] & bit) == 0)
        witness->counts[source]++;
    witness->sources[id] |= (unsigned char)bit;
    (void)pthread_mutex_unlock(&witness->lock);
    ck_assert_msg(known == content,
                  "event %jd is number %u of producer %u here, and was number"
                  " %u of producer %u elsewhere",
                  (intmax_t)id, serial, producer, (unsigned)known,
                  (unsigned)(known >> 32) - 1);
}

void
witness_say_found(struct witness *witness, enum witness_source source,
                  int64_t id, const char *device_id, const char *kind,
                  const char *payload)
{
    char expected_device_id[WITNESS_TEXT_SIZE];
    char expected_payload[WITNESS_TEXT_SIZE];
    unsigned producer = 0;
    unsigned serial = 0;

    ck_assert_int_eq(
        sscanf(payload, "{\"producer\":%u,\"serial\":%u", &producer, &serial),
        2);
    witness_content(producer, serial, expected_device_id, expected_payload);
    ck_assert_str_eq(device_id, expected_device_id);
    ck_assert_str_eq(kind, "load");
    ck_assert_str_eq(payload, expected_payload);
    witness_say(witness, source, id, producer, serial);
}

bool
witness_has(const struct witness *witness, enum witness_source source,
            int64_t id)
{
    return (witness->sources[id] & 1U << source) != 0;
}

bool
witness_has_bad(const struct witness *witness, int64_t id)
{
    return witness_is_bad((unsigned)witness->contents[id]);
}

void
witness_read_file(struct witness *witness, const char *path)
{
    sqlite3_stmt *statement = NULL;
    sqlite3 *db = NULL;

    ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db,
                                        "SELECT id, device_id, kind,"
                                        " payload_json FROM event_log",
                                        -1, &statement, NULL),
                     SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW)
        witness_say_found(witness, WITNESS_STORED,
                          sqlite3_column_int64(statement, 0),
                          (const char *)sqlite3_column_text(statement, 1),
                          (const char *)sqlite3_column_text(statement, 2),
                          (const char *)sqlite3_column_text(statement, 3));
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(db);
    ck_assert_int_eq(support_sql_int(path, "SELECT count(*) - count(DISTINCT"
                                           " payload_json) FROM event_log"),
                     0);
}

/** One line; its id. */
static int64_t
read_line(struct witness *witness, const char *line)
{
    json_t *json = json_loads(line, 0, NULL);
    char *payload;
    int64_t id;

    ck_assert_msg(json != NULL, "a line is not whole: %s", line);
    id = json_integer_value(json_object_get(json, "id"));
    payload = json_dumps(json_object_get(json, "payload"), JSON_COMPACT);
    ck_assert_ptr_nonnull(payload);
    witness_say_found(witness, WITNESS_DELIVERED, id,
                      json_string_value(json_object_get(json, "device_id")),
                      json_string_value(json_object_get(json, "kind")),
                      payload);
    free(payload);
    json_decref(json);
    return id;
}

void
witness_read_lines(struct witness *witness, const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t capacity = 0;
    int64_t highest = 0;
    ssize_t size;

    ck_assert_ptr_nonnull(file);
    while ((size = getline(&line, &capacity, file)) > 0) {
        int64_t id;

        if (line[size - 1] != '\n')
            break; /* the next delivery cuts it off */
        id = read_line(witness, line);
        ck_assert_int_le(id, highest + 1);
        if (id > highest)
            highest = id;
    }
    free(line);
    (void)fclose(file); /* it was only read */
}

int64_t
witness_last_line_id(const char *path)
{
    FILE *file = fopen(path, "re");
    char text[2 * LINE_SIZE_MAX + 1];
    long long id = 0;
    size_t size;
    size_t i;

    if (file == NULL)
        return 0;
    if (fseek(file, -2 * LINE_SIZE_MAX, SEEK_END) != 0)
        rewind(file);
    size = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file); /* it was only read */
    text[size] = '\0';
    while (size > 0 && text[size - 1] != '\n')
        text[--size] = '\0';
    for (i = size; i > 0 && (i == size || text[i - 1] != '\n'); i--)
        continue;
    (void)sscanf(text + i, "{\"id\":%lld", &id);
    return id;
}
