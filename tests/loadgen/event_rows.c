/* SPDX-License-Identifier: MIT */
/*
 * The rows of the events that have receipts: one walk through both, in the
 * order of the ids, with nothing in memory but the two places.
 */
#include "event_rows.h"

#include "progress.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

/* Ids in one read transaction: a longer one would keep the collector from
 * cutting its log. */
#define PIECE_COUNT 10000

#define BUSY_TIMEOUT_MS 10000

static const char select_rows[] =
    "SELECT id, device_id, kind, payload_json FROM event_log"
    " WHERE id BETWEEN ? AND ? ORDER BY id";

/** A walk through receipts. */
struct walk {
    const struct telemetry *telemetry;
    const struct receipts *receipts;
    struct trouble_list *troubles;
    /** Where it is: the i-th id of a receipt. */
    size_t receipt;
    unsigned i;
    /** That id; one that was given twice is met once. */
    int64_t id;
    uint64_t row_count;
};

static bool
is_over(const struct walk *walk)
{
    return walk->receipt == walk->receipts->count;
}

/** Go to the next id that is larger than this one. */
static void
step_beyond(struct walk *walk, int64_t id)
{
    for (; !is_over(walk); walk->receipt++, walk->i = 0) {
        const struct receipt *receipt = &walk->receipts->all[walk->receipt];

        if (receipt->first_id + receipt->count - 1 <= id)
            continue;
        if (receipt->first_id + walk->i <= id)
            walk->i = (unsigned)(id + 1 - receipt->first_id);
        walk->id = receipt->first_id + walk->i;
        return;
    }
}

/** All that should have come before this id is missing. */
static void
note_missing_before(struct walk *walk, int64_t id)
{
    while (!is_over(walk) && walk->id < id) {
        trouble_note(walk->troubles, TROUBLE_MISSING,
                     "id %" PRId64 " of producer %u", walk->id,
                     walk->receipts->all[walk->receipt].producer);
        step_beyond(walk, walk->id);
    }
}

static bool
is_text(sqlite3_stmt *row, int column, const char *text, size_t size)
{
    const void *found = sqlite3_column_text(row, column);

    return found != NULL && (size_t)sqlite3_column_bytes(row, column) == size &&
           memcmp(found, text, size) == 0;
}

static void
compare_row(struct walk *walk, sqlite3_stmt *row)
{
    const struct receipt *receipt = &walk->receipts->all[walk->receipt];
    const uint64_t n = (uint64_t)receipt->request * receipt->count + walk->i;
    char device[TELEMETRY_TEXT_SIZE_MAX];
    char payload[TELEMETRY_TEXT_SIZE_MAX];
    const size_t device_size =
        telemetry_write_device(walk->telemetry, receipt->producer, n, device);
    const size_t payload_size =
        telemetry_write_payload(walk->telemetry, receipt->producer, n, payload);

    walk->row_count++;
    if (is_text(row, 1, device, device_size) &&
        is_text(row, 2, TELEMETRY_KIND, strlen(TELEMETRY_KIND)) &&
        is_text(row, 3, payload, payload_size))
        return;
    trouble_note(walk->troubles, TROUBLE_DIFFERENT,
                 "id %" PRId64 " should be %.*s %s %.*s", walk->id,
                 (int)device_size, device, TELEMETRY_KIND, (int)payload_size,
                 payload);
}

/** Compare the next piece; an SQLite result. */
static int
compare_piece(struct walk *walk, sqlite3_stmt *rows)
{
    const int64_t last_id = walk->id + PIECE_COUNT - 1;
    int rc;

    if (sqlite3_bind_int64(rows, 1, walk->id) != SQLITE_OK ||
        sqlite3_bind_int64(rows, 2, last_id) != SQLITE_OK)
        return SQLITE_NOMEM;
    while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
        const int64_t id = sqlite3_column_int64(rows, 0);

        note_missing_before(walk, id);
        if (!is_over(walk) && walk->id == id) {
            compare_row(walk, rows);
            step_beyond(walk, id);
        }
    }
    (void)sqlite3_reset(rows); /* repeats what the step has said */
    if (rc != SQLITE_DONE)
        return rc;
    note_missing_before(walk, last_id + 1);
    return SQLITE_OK;
}

uint64_t
event_rows_compare(const char *db, const struct telemetry *telemetry,
                   const struct receipts *receipts,
                   struct trouble_list *troubles)
{
    struct walk walk = {
        .telemetry = telemetry, .receipts = receipts, .troubles = troubles};
    sqlite3 *file = NULL;
    sqlite3_stmt *rows = NULL;
    int rc = sqlite3_open_v2(db, &file, SQLITE_OPEN_READONLY, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(file, BUSY_TIMEOUT_MS);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(file, select_rows, -1, &rows, NULL);
    step_beyond(&walk, 0);
    while (rc == SQLITE_OK && !is_over(&walk)) {
        rc = compare_piece(&walk, rows);
        progress_say("proof: %" PRIu64 " rows compared", walk.row_count);
    }
    if (rc != SQLITE_OK)
        trouble_note(troubles, TROUBLE_FILE, "%s: %s", db,
                     file != NULL ? sqlite3_errmsg(file) : sqlite3_errstr(rc));
    progress_clear();
    (void)sqlite3_finalize(rows); /* repeats what the step has said */
    (void)sqlite3_close(file);    /* nothing is open on it */
    return walk.row_count;
}
