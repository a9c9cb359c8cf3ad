/* SPDX-License-Identifier: MIT */
/*
 * The readers of raw files, which believe nothing: whatever a script leaves of
 * a store's files, the look for events in them ends, and finds events with
 * rising ids and texts that lie within a row; the look at the log says one
 * thing, and says it again.
 */
#include "base.h"
#include "folder.h"
#include "fuzz.h"
#include "script.h"

#include "page_row.h"
#include "page_scan.h"
#include "wal_check.h"
#include "wal_frames.h"

#include <collector/error.h>
#include <string.h>

/** Far in the future: nothing is put off. */
#define NEVER INT64_MAX

/** More events than the pages have room for. */
#define EVENT_COUNT_MAX 100000

static volatile unsigned char looked_at;

/** Read all bytes, so that a sanitizer sees those that are not ours. */
static void
look_at(const void *bytes, size_t size)
{
    const unsigned char *at = bytes;

    for (; size > 0; size--)
        looked_at = *at++;
    (void)looked_at;
}

static void
check_event(const struct collector__page_event *event, int64_t last_id)
{
    fuzz_check(event->id > last_id);
    fuzz_check(event->device_id_size + event->kind_size + event->payload_size <=
               COLLECTOR_PAGE_ROW_SIZE_MAX);
    look_at(event->device_id, event->device_id_size);
    look_at(event->kind, event->kind_size);
    if (event->payload != NULL)
        look_at(event->payload, event->payload_size);
}

/** Read all events behind an id. @return How many. */
static size_t
read_events(struct collector__page_scan *scan, int64_t after_id)
{
    struct collector__page_event event;
    size_t count = 0;

    collector__page_scan_seek(scan, after_id);
    while (collector__page_scan_next(scan, &event)) {
        check_event(&event, after_id);
        after_id = event.id;
        fuzz_check(++count < EVENT_COUNT_MAX);
    }
    return count;
}

static void
try_scan(const char *path)
{
    struct collector__page_scan *scan = NULL;
    struct collector__page_scan_result result;
    bool done = false;
    size_t count;

    fuzz_check(collector__page_scan_open(NULL, path, &scan) == COLLECTOR_OK);
    fuzz_check(collector__page_scan_look(scan, NEVER, &done) == COLLECTOR_OK);
    fuzz_check(done);
    result = collector__page_scan_result(scan);
    fuzz_check(result.first_id <= result.last_id);
    fuzz_check(result.settled_through >= -1);
    count = read_events(scan, 0);
    fuzz_check(read_events(scan, 0) == count);
    fuzz_check(read_events(scan, result.last_id) <= count);
    collector__page_scan_free(scan);
}

static void
try_frames(const char *path)
{
    struct collector__wal_frames frames;
    struct collector__wal_frame frame;
    uint32_t count = 0;

    fuzz_check(collector__wal_frames_open(NULL, path, &frames) == COLLECTOR_OK);
    while (collector__wal_frames_next(&frames, &frame)) {
        fuzz_check(frame.number == ++count);
        look_at(frame.data, frames.page_size);
    }
    fuzz_check(count == frames.count);
    collector__wal_frames_close(&frames);
}

static void
try_check(const char *path)
{
    int64_t through = 0;
    int64_t again = 0;

    fuzz_check(collector__wal_check(NULL, path, &through) == COLLECTOR_OK);
    fuzz_check(collector__wal_check(NULL, path, &again) == COLLECTOR_OK);
    fuzz_check(through == again && through >= -1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct base *base = script_run(data, size);

    base_write(base);
    try_scan(folder_path(BASE_NAME));
    if (base->log.size > 0) {
        try_frames(folder_path(BASE_LOG_NAME));
        try_check(folder_path(BASE_LOG_NAME));
    }
    return 0;
}
