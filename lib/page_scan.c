/* SPDX-License-Identifier: MIT */
/*
 * A damaged file has lost its order, not its pages: SQLite gives up where the
 * tree, the first page or a length is wrong, while nearly every leaf is still
 * there. So all pages are looked at, the newest version of each; which of them
 * hold events, and which ids, is all that is kept in memory. An event's id is
 * believed when its neighbours' go on from it, since ids have no gaps.
 */
#include "page_scan.h"

#include "clock.h"
#include "memory.h"
#include "page_row.h"
#include "page_source.h"

#include <collector/error.h>
#include <stdlib.h>
#include <string.h>

/* Pages between two looks at the clock. */
#define CLOCK_PAGES 64

/* An event's columns. */
enum { EVENT_ID, EVENT_DEVICE_ID, EVENT_KIND, EVENT_PAYLOAD, EVENT_TS };
#define EVENT_COLUMN_COUNT 5

/* Some of the state's columns; schema 1 has one less of them than schema 2. */
enum {
    STATE_CREATED_AT = 4,
    STATE_SETTLED_THROUGH,
    STATE_DELIVERED,
    STATE_DEAD,
    STATE_DROPPED,
    STATE_DEVICES_THROUGH = 10
};
#define STATE_COLUMN_COUNT_MIN 12
#define STATE_COLUMN_COUNT_MAX 13

/** A leaf with events. */
struct leaf {
    int64_t first_id;
    int64_t last_id;
    uint32_t page;
};

/** An event in the leaf that is being read. */
struct slot {
    int64_t id;
    uint32_t cell;
    bool believed;
};

struct collector__page_scan {
    struct collector__page_source source;
    /** Pages looked at. */
    uint32_t page_done;
    /** Sorted by first_id when done. */
    struct leaf *leaves;
    size_t leaf_count;
    size_t leaf_capacity;
    struct collector__page_scan_result result;
    /** The leaf that is being read, and its events. */
    size_t leaf;
    bool leaf_read;
    unsigned char *page;
    struct slot *slots;
    size_t slot_count;
    size_t slot;
    int64_t last_id;
    /** A row, and a page of the rest of it. */
    unsigned char *row;
    unsigned char *overflow;
};

int
collector__page_scan_open(const char *vfs, const char *path,
                          struct collector__page_scan **ret_scan)
{
    struct collector__page_scan *scan = collector__memory_zeroed(sizeof(*scan));
    uint32_t page_size;
    int rc;

    if (scan == NULL)
        return COLLECTOR_ERR_NOMEM;
    rc = collector__page_source_open(vfs, path, &scan->source);
    if (rc != COLLECTOR_OK)
        goto out;
    page_size = scan->source.page_size;
    scan->result.settled_through = -1;
    scan->page = collector__memory_new(page_size);
    scan->overflow = collector__memory_new(page_size);
    scan->row = collector__memory_new(COLLECTOR_PAGE_ROW_SIZE_MAX);
    /* As many as there are pointers to cells. */
    scan->slots = collector__memory_new(page_size / 2 * sizeof(*scan->slots));
    if (scan->page == NULL || scan->overflow == NULL || scan->row == NULL ||
        scan->slots == NULL) {
        rc = COLLECTOR_ERR_NOMEM;
        goto out;
    }
    *ret_scan = scan;
    scan = NULL; /* handed over */
out:
    collector__page_scan_free(scan);
    return rc;
}

void
collector__page_scan_free(struct collector__page_scan *scan)
{
    if (scan == NULL)
        return;
    collector__page_source_close(&scan->source);
    collector__memory_free(scan->leaves);
    collector__memory_free(scan->page);
    collector__memory_free(scan->overflow);
    collector__memory_free(scan->row);
    collector__memory_free(scan->slots);
    collector__memory_free(scan);
}

static bool
is_event(const struct collector__page_columns *columns)
{
    return columns->count == EVENT_COLUMN_COUNT &&
           collector__page_column_is_null(columns, EVENT_ID) &&
           collector__page_column_is_text(columns, EVENT_DEVICE_ID) &&
           collector__page_column_is_text(columns, EVENT_KIND) &&
           (collector__page_column_is_null(columns, EVENT_PAYLOAD) ||
            collector__page_column_is_text(columns, EVENT_PAYLOAD)) &&
           collector__page_column_is_integer(columns, EVENT_TS);
}

/** Learn from the state's row, if this is it: its own check adds up. */
static void
note_state(struct collector__page_scan *scan,
           const struct collector__page_cell *cell,
           const struct collector__page_columns *columns)
{
    struct collector__page_scan_result *result = &scan->result;
    int64_t values[STATE_COLUMN_COUNT_MAX] = {0};
    size_t i;

    if (columns->count < STATE_COLUMN_COUNT_MIN ||
        columns->count > STATE_COLUMN_COUNT_MAX || cell->id != 1 ||
        cell->overflow_page != 0)
        return;
    for (i = STATE_CREATED_AT; i < columns->count; i++) {
        if (!collector__page_column_is_integer(columns, i))
            return;
        values[i] = collector__page_column_integer(columns, cell->local, i);
        if (values[i] < 0 || values[i] > INT64_MAX / 4)
            return;
    }
    if (values[STATE_DELIVERED] + values[STATE_DEAD] + values[STATE_DROPPED] !=
        values[STATE_SETTLED_THROUGH])
        return;
    if (values[STATE_SETTLED_THROUGH] > result->settled_through)
        result->settled_through = values[STATE_SETTLED_THROUGH];
    if (values[STATE_DEVICES_THROUGH] > result->last_id)
        result->last_id = values[STATE_DEVICES_THROUGH];
}

/** Find the events in the page at hand, and whose ids can be believed. */
static void
find_slots(struct collector__page_scan *scan, bool states)
{
    const struct collector__page page = {scan->page, scan->source.page_size};
    const uint32_t cell_count = collector__page_cell_count(page);
    struct collector__page_columns columns;
    struct collector__page_cell cell;
    struct slot *slots = scan->slots;
    uint32_t i;
    size_t n;

    scan->slot_count = 0;
    for (i = 0; i < cell_count; i++) {
        if (!collector__page_cell(page, i, &cell) ||
            !collector__page_columns(cell.local, cell.local_size, cell.size,
                                     &columns))
            continue;
        if (is_event(&columns))
            slots[scan->slot_count++] = (struct slot){cell.id, i, false};
        else if (states)
            note_state(scan, &cell, &columns);
    }
    for (n = 1; n < scan->slot_count; n++) {
        if (slots[n].id != slots[n - 1].id + 1)
            continue;
        slots[n - 1].believed = true;
        slots[n].believed = true;
    }
}

/** Keep a leaf in mind. Where no id is believed, the first has to do. */
static bool
note_leaf(struct collector__page_scan *scan, uint32_t page)
{
    struct collector__page_scan_result *result = &scan->result;
    struct leaf leaf = {0, 0, page};
    size_t i;

    if (scan->slot_count == 0)
        return true;
    for (i = 0; i < scan->slot_count; i++) {
        if (!scan->slots[i].believed)
            continue;
        leaf.first_id = leaf.first_id == 0 ? scan->slots[i].id : leaf.first_id;
        leaf.last_id = scan->slots[i].id;
    }
    if (leaf.first_id == 0) {
        leaf.first_id = scan->slots[0].id;
        leaf.last_id = scan->slots[scan->slot_count - 1].id;
    }
    if (!collector__page_array_grow((void **)&scan->leaves, scan->leaf_count,
                                    &scan->leaf_capacity,
                                    sizeof(*scan->leaves)))
        return false;
    scan->leaves[scan->leaf_count++] = leaf;
    if (result->first_id == 0 || leaf.first_id < result->first_id)
        result->first_id = leaf.first_id;
    if (leaf.last_id > result->last_id)
        result->last_id = leaf.last_id;
    return true;
}

static int
compare_leaves(const void *left, const void *right)
{
    const struct leaf *a = left;
    const struct leaf *b = right;

    if (a->first_id != b->first_id)
        return a->first_id < b->first_id ? -1 : 1;
    return a->page < b->page ? -1 : a->page > b->page;
}

/** All pages are known: leave out the leaves of which all is settled. */
static void
end_pages(struct collector__page_scan *scan)
{
    size_t kept = 0;
    size_t i;

    for (i = 0; i < scan->leaf_count; i++) {
        if (scan->leaves[i].last_id > scan->result.settled_through)
            scan->leaves[kept++] = scan->leaves[i];
    }
    scan->leaf_count = kept;
    if (kept > 0)
        qsort(scan->leaves, kept, sizeof(*scan->leaves), compare_leaves);
}

int
collector__page_scan_look(struct collector__page_scan *scan, int64_t deadline,
                          bool *ret_done)
{
    bool known;
    int rc;

    *ret_done = false;
    rc = collector__page_source_look(&scan->source, deadline, &known);
    if (rc != COLLECTOR_OK || !known)
        return rc;
    while (scan->page_done < scan->source.page_count) {
        if (collector__page_source_read(&scan->source, ++scan->page_done,
                                        scan->page)) {
            find_slots(scan, true);
            if (!note_leaf(scan, scan->page_done))
                return COLLECTOR_ERR_NOMEM;
        }
        if (scan->page_done % CLOCK_PAGES == 0 &&
            collector__clock_monotonic_ms(&collector__clock_system) > deadline)
            return COLLECTOR_OK;
    }
    end_pages(scan);
    collector__page_scan_seek(scan, 0);
    *ret_done = true;
    return COLLECTOR_OK;
}

bool
collector__page_scan_is_refused(const struct collector__page_scan *scan)
{
    return scan->source.main.failed || scan->source.wal.file.failed;
}

struct collector__page_scan_result
collector__page_scan_result(const struct collector__page_scan *scan)
{
    return scan->result;
}

void
collector__page_scan_seek(struct collector__page_scan *scan, int64_t after_id)
{
    scan->leaf = 0;
    scan->leaf_read = false;
    scan->last_id = after_id;
}

/** Collect a row that goes on in other pages. @return Whether all of it is
 *  there. */
static bool
read_row(struct collector__page_scan *scan,
         const struct collector__page_cell *cell)
{
    uint32_t page = cell->overflow_page;
    size_t size = cell->local_size;
    size_t part;

    memcpy(scan->row, cell->local, size);
    while (size < cell->size) {
        if (!collector__page_source_read(&scan->source, page, scan->overflow))
            return false;
        part = scan->source.page_size - 4;
        part = part < cell->size - size ? part : cell->size - size;
        memcpy(scan->row + size, scan->overflow + 4, part);
        size += part;
        page = (uint32_t)scan->overflow[0] << 24 |
               (uint32_t)scan->overflow[1] << 16 |
               (uint32_t)scan->overflow[2] << 8 | scan->overflow[3];
    }
    return true;
}

/** Read the event in a slot of the page at hand. */
static bool
read_event(struct collector__page_scan *scan, const struct slot *slot,
           struct collector__page_event *ret_event)
{
    const struct collector__page page = {scan->page, scan->source.page_size};
    const char *row = (const char *)scan->row;
    struct collector__page_columns columns;
    struct collector__page_cell cell;

    if (!collector__page_cell(page, slot->cell, &cell) ||
        !read_row(scan, &cell) ||
        !collector__page_columns(scan->row, cell.size, cell.size, &columns))
        return false; /* the first and the last were fine before */
    ret_event->id = slot->id;
    ret_event->device_id = row + columns.offsets[EVENT_DEVICE_ID];
    ret_event->device_id_size = columns.sizes[EVENT_DEVICE_ID];
    ret_event->kind = row + columns.offsets[EVENT_KIND];
    ret_event->kind_size = columns.sizes[EVENT_KIND];
    ret_event->payload = NULL;
    ret_event->payload_size = columns.sizes[EVENT_PAYLOAD];
    if (collector__page_column_is_text(&columns, EVENT_PAYLOAD))
        ret_event->payload = row + columns.offsets[EVENT_PAYLOAD];
    ret_event->ts =
        collector__page_column_integer(&columns, scan->row, EVENT_TS);
    return true;
}

/** Whether an event comes next. Where its neighbours don't speak for its id,
 *  it must go on from the last one, or lie among few, and not past the next
 *  leaf: one wrong id must not make us pass over all those below it. */
static bool
is_next(const struct collector__page_scan *scan, const struct slot *slot)
{
    if (slot->id <= scan->last_id)
        return false;
    if (slot->believed || slot->id == scan->last_id + 1)
        return true;
    return scan->slot_count <= 2 &&
           (scan->leaf + 1 == scan->leaf_count ||
            slot->id < scan->leaves[scan->leaf + 1].first_id);
}

bool
collector__page_scan_next(struct collector__page_scan *scan,
                          struct collector__page_event *ret_event)
{
    const struct slot *slot;

    for (; scan->leaf < scan->leaf_count; scan->leaf++) {
        if (!scan->leaf_read) {
            scan->slot = 0;
            scan->slot_count = 0;
            if (scan->leaves[scan->leaf].last_id > scan->last_id &&
                collector__page_source_read(
                    &scan->source, scan->leaves[scan->leaf].page, scan->page))
                find_slots(scan, false);
            scan->leaf_read = true;
        }
        while (scan->slot < scan->slot_count) {
            slot = &scan->slots[scan->slot++];
            if (is_next(scan, slot) && read_event(scan, slot, ret_event)) {
                scan->last_id = slot->id;
                return true;
            }
        }
        scan->leaf_read = false;
    }
    return false;
}
