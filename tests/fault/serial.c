/* SPDX-License-Identifier: MIT */
/* Events that can be told apart. */
#include "serial.h"

#include "support.h"

#include <stdio.h>
#include <stdlib.h>

/** When the event of number 0 happened. */
#define TS_FIRST INT64_C(1700000000000)

/** Every so many events there is a long one, over several sectors. */
#define LONG_EVERY 9
#define LONG_SIZE 1400
#define SHORT_SIZE 40

/** Every so many events one is poison, and which of them. */
#define POISON_EVERY 29
#define POISON_AT 7

bool
serial_is_poison(int64_t serial)
{
    return serial % POISON_EVERY == POISON_AT;
}

struct collector_event
serial_event(int64_t serial, struct serial_texts *texts)
{
    const size_t filler_size = serial % LONG_EVERY == 0
                                   ? LONG_SIZE
                                   : (size_t)(serial * 7 % SHORT_SIZE);
    char filler[LONG_SIZE + 1];

    memset(filler, 'a' + (int)(serial % 26), filler_size);
    filler[filler_size] = '\0';
    (void)snprintf(texts->device_id, sizeof(texts->device_id), "device-%d",
                   (int)(serial % 5));
    (void)snprintf(texts->kind, sizeof(texts->kind), "kind-%d",
                   (int)(serial % 3));
    (void)snprintf(texts->payload, sizeof(texts->payload),
                   "{\"serial\":%lld,\"filler\":\"%s\"}", (long long)serial,
                   filler);
    return (struct collector_event){.device_id = texts->device_id,
                                    .kind = texts->kind,
                                    .payload = texts->payload,
                                    .ts = TS_FIRST + serial};
}

int64_t
serial_of(const struct collector_event *event)
{
    struct serial_texts texts;
    struct collector_event expected;
    long long serial = 0;

    if (event->payload == NULL ||
        sscanf(event->payload, "{\"serial\":%lld,", &serial) != 1 || serial < 1)
        return 0;
    expected = serial_event(serial, &texts);
    return strcmp(event->device_id, expected.device_id) == 0 &&
                   strcmp(event->kind, expected.kind) == 0 &&
                   strcmp(event->payload, expected.payload) == 0 &&
                   event->ts == expected.ts
               ? serial
               : 0;
}

/** An array of them, yours to free. */
static char *
json_of(int64_t serial, size_t count)
{
    const size_t size = count * (SERIAL_TEXT_SIZE + 128) + 3;
    struct serial_texts texts;
    char *json = malloc(size);
    size_t length = 0;
    size_t i;

    ck_assert(json != NULL);
    for (i = 0; i < count; i++) {
        const struct collector_event event =
            serial_event(serial + (int64_t)i, &texts);

        length += (size_t)snprintf(
            json + length, size - length,
            "%c{\"device_id\": \"%s\", \"kind\": \"%s\", \"payload\": %s,"
            " \"ts\": %lld}",
            i == 0 ? '[' : ',', event.device_id, event.kind, event.payload,
            (long long)event.ts);
    }
    (void)snprintf(json + length, size - length, "]");
    return json;
}

static int
append_json(struct collector_store *store, int64_t serial, size_t count,
            const char *key, struct collector_receipt *receipt)
{
    char *json = json_of(serial, count);
    const int rc = collector_store_append_json(
        store, json, strlen(json), COLLECTOR_JSON_DOCUMENT, key, receipt, NULL);

    free(json);
    return rc;
}

static int
append_structs(struct collector_store *store, int64_t serial, size_t count,
               const char *key, struct collector_receipt *receipt)
{
    struct collector_event *events = calloc(count, sizeof(*events));
    struct serial_texts *texts = calloc(count, sizeof(*texts));
    size_t i;
    int rc;

    ck_assert(events != NULL && texts != NULL);
    for (i = 0; i < count; i++)
        events[i] = serial_event(serial + (int64_t)i, &texts[i]);
    rc = collector_store_append(store, events, count, key, receipt);
    free(texts);
    free(events);
    return rc;
}

int
serial_append(struct collector_store *store, int64_t serial, size_t count,
              const char *key, struct collector_receipt *receipt)
{
    return (serial % 2 == 0 ? append_json : append_structs)(
        store, serial, count, key, receipt);
}
