/* SPDX-License-Identifier: MIT */
/*
 * Pages by their numbers. Up to its first bad frame the log is what SQLite sees
 * of it. What is behind counts as well when it is known that something was
 * committed there: the marks are those of wal_check.c.
 */
#include "page_source.h"

#include "clock.h"
#include "database.h"
#include "memory.h"
#include "path.h"

#include <collector/error.h>
#include <stdlib.h>
#include <string.h>

/* Frames between two looks at the clock. */
#define CLOCK_FRAMES 64

/* What the pages of a whole main file begin with. */
#define FILE_MAGIC "SQLite format 3"
#define FILE_HEADER_SIZE 100

/** A version of a page that lies in the log. */
struct collector__page_version {
    uint32_t page;
    uint32_t frame;
};

bool
collector__page_array_grow(void **array, size_t count, size_t *capacity,
                           size_t size)
{
    const size_t wanted = *capacity == 0 ? 64 : *capacity * 2;
    void *grown;

    if (count < *capacity)
        return true;
    if (count >= 2 * (size_t)COLLECTOR_SCAN_PAGES_MAX)
        return false;
    grown = collector__memory_resize(*array, wanted * size);
    if (grown == NULL)
        return false;
    *array = grown;
    *capacity = wanted;
    return true;
}

/** The page size that the main file, or else its log, claims. */
static uint32_t
page_size_of(struct collector__page_source *source)
{
    unsigned char header[FILE_HEADER_SIZE];
    uint32_t size;

    if (collector__raw_file_read(&source->main, 0, header, sizeof(header)) &&
        memcmp(header, FILE_MAGIC, sizeof(FILE_MAGIC)) == 0) {
        size = (uint32_t)header[16] << 8 | header[17];
        size = size == 1 ? 65536 : size;
        if (size >= 512 && (size & (size - 1)) == 0)
            return size;
    }
    return source->wal.count > 0 ? source->wal.page_size : COLLECTOR_PAGE_SIZE;
}

/** Take a frame down. @return Whether there was memory for it. */
static bool
note_frame(struct collector__page_source *source,
           const struct collector__wal_frame *frame)
{
    const bool good = frame->is_current && frame->is_chained;

    source->broken = source->broken || !good;
    if (source->broken) {
        source->proven = source->proven || (source->behind_commit && good);
        source->behind_commit =
            frame->is_commit && (frame->is_current || frame->is_chained);
    }
    if (!good)
        return true;
    if (!collector__page_array_grow(
            (void **)&source->versions, source->version_count,
            &source->version_capacity, sizeof(*source->versions)))
        return false;
    source->versions[source->version_count++] =
        (struct collector__page_version){frame->page, frame->number};
    if (frame->is_commit && !source->broken)
        source->committed_count = source->version_count;
    if (frame->is_commit)
        source->committed_behind_count = source->version_count;
    return true;
}

static int
compare_versions(const void *left, const void *right)
{
    const struct collector__page_version *a = left;
    const struct collector__page_version *b = right;

    if (a->page != b->page)
        return a->page < b->page ? -1 : 1;
    return a->frame < b->frame ? -1 : a->frame > b->frame;
}

/** All frames are known: leave out those of transactions without an end. */
static void
end_wal(struct collector__page_source *source)
{
    uint32_t last_page;

    source->wal_done = true;
    source->version_count = source->proven ? source->committed_behind_count
                                           : source->committed_count;
    if (source->version_count == 0)
        return;
    qsort(source->versions, source->version_count, sizeof(*source->versions),
          compare_versions);
    last_page = source->versions[source->version_count - 1].page;
    if (last_page > source->page_count && last_page <= COLLECTOR_SCAN_PAGES_MAX)
        source->page_count = last_page;
}

/** The frame with the newest version of a page; 0 when the log has none. */
static uint32_t
find_frame(const struct collector__page_source *source, uint32_t page)
{
    size_t low = 0;
    size_t high = source->version_count;
    size_t middle;

    while (low < high) { /* to the first one of a later page */
        middle = low + (high - low) / 2;
        if (source->versions[middle].page <= page)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || source->versions[low - 1].page != page)
        return 0;
    return source->versions[low - 1].frame;
}

int
collector__page_source_open(const char *vfs, const char *path,
                            struct collector__page_source *ret_source)
{
    struct collector__page_source source;
    char *wal_path = collector__path_join(path, "-wal");
    int64_t page_count;
    int64_t size;
    int rc;

    memset(&source, 0, sizeof(source));
    if (wal_path == NULL)
        return COLLECTOR_ERR_NOMEM;
    rc = collector__wal_frames_open(vfs, wal_path, &source.wal);
    if (rc == COLLECTOR_OK)
        rc = collector__path_measure(NULL, path, "", &size);
    if (rc == COLLECTOR_OK && size > 0)
        rc = collector__raw_file_open(vfs, path, SQLITE_OPEN_MAIN_DB,
                                      &source.main);
    collector__memory_free(wal_path);
    if (rc != COLLECTOR_OK) {
        collector__page_source_close(&source);
        return rc;
    }
    source.page_size = page_size_of(&source);
    source.broken = !source.wal.is_sound;
    source.wal_done = source.wal.page_size != source.page_size;
    page_count = (source.main.size + source.page_size - 1) / source.page_size;
    source.page_count = page_count < COLLECTOR_SCAN_PAGES_MAX
                            ? (uint32_t)page_count
                            : COLLECTOR_SCAN_PAGES_MAX;
    *ret_source = source;
    return COLLECTOR_OK;
}

int
collector__page_source_look(struct collector__page_source *source,
                            int64_t deadline, bool *ret_done)
{
    struct collector__wal_frame frame;

    *ret_done = false;
    while (!source->wal_done &&
           collector__wal_frames_next(&source->wal, &frame)) {
        if (!note_frame(source, &frame))
            return COLLECTOR_ERR_NOMEM;
        if (frame.number % CLOCK_FRAMES == 0 &&
            collector__clock_monotonic_ms(&collector__clock_system) > deadline)
            return COLLECTOR_OK;
    }
    if (!source->wal_done)
        end_wal(source);
    *ret_done = true;
    return COLLECTOR_OK;
}

bool
collector__page_source_read(struct collector__page_source *source,
                            uint32_t page, unsigned char *buffer)
{
    const uint32_t frame = find_frame(source, page);

    if (page < 1 || page > source->page_count)
        return false;
    if (frame > 0)
        return collector__wal_frames_page(&source->wal, frame, buffer);
    return collector__raw_file_read(&source->main,
                                    (int64_t)(page - 1) * source->page_size,
                                    buffer, source->page_size);
}

void
collector__page_source_close(struct collector__page_source *source)
{
    collector__raw_file_close(&source->main);
    collector__wal_frames_close(&source->wal);
    collector__memory_free(source->versions);
    memset(source, 0, sizeof(*source));
}
