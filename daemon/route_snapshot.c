/* SPDX-License-Identifier: MIT */
/*
 * GET /snapshot: a copy of the database, as of now. It takes up room and a
 * thread until the client has it, so there is one at a time, no client has it
 * for longer than a slow one needs, and it gives way when the disk fills up.
 */
#include "answer.h"
#include "console.h"
#include "routes.h"
#include "snapshot.h"

#include <collector/error.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

/* Read and sent at a time: the deadline is looked at in between. */
#define PIECE_SIZE 16384

/* Room on the disk below which the copy is given up for it. */
#define RESERVE_SIZE_MIN (4 * 1024 * 1024)

/* A name of a file that says when it was taken. */
#define HEADERS_SIZE 96

static void
write_headers(char *headers)
{
    const time_t now = time(NULL);
    char moment[24] = "";
    struct tm utc;

    if (gmtime_r(&now, &utc) != NULL)
        (void)strftime(moment, sizeof(moment), "%Y%m%dT%H%M%SZ", &utc);
    (void)snprintf(headers, HEADERS_SIZE,
                   "Content-Disposition: attachment;"
                   " filename=\"events-snapshot-%s.sqlite\"\r\n",
                   moment);
}

/* Why it should go on no longer; NULL when it should. */
static const char *
reason_to_stop(const struct snapshot *snapshot, int64_t deadline_ms)
{
    struct statvfs status;

    if (worker_now_ms() >= deadline_ms)
        return "the client is too slow";
    if (fstatvfs(snapshot->fd, &status) == 0 &&
        (uint64_t)status.f_bavail * status.f_frsize < RESERVE_SIZE_MIN)
        return "the disk is nearly full";
    return NULL;
}

/* Send the next piece. Its size; 0 when the client is gone or the server stops,
 * -1 when it can't be read. */
static ssize_t
send_piece(struct request *request, const struct snapshot *snapshot,
           char *piece)
{
    ssize_t size;

    do
        size = read(snapshot->fd, piece, PIECE_SIZE);
    while (size < 0 && errno == EINTR);
    if (size <= 0)
        return -1;
    return mg_write(request->conn, piece, (size_t)size) == (int)size ? size : 0;
}

/* Send all of it. NULL, or why the client did not get all of it; "" when it is
 * the client who knows. */
static const char *
stream(struct request *request, const struct snapshot *snapshot, char *piece)
{
    const int64_t deadline_ms = answer_deadline_ms(snapshot->size);
    uint64_t left = snapshot->size;

    while (left > 0) {
        const char *reason = reason_to_stop(snapshot, deadline_ms);
        const ssize_t size =
            reason == NULL ? send_piece(request, snapshot, piece) : 0;

        if (reason != NULL)
            return reason;
        if (size < 0)
            return "it can't be read";
        if (size == 0)
            return "";
        left -= (uint64_t)size;
    }
    return NULL;
}

static void
answer_snapshot(struct request *request, const struct snapshot *snapshot)
{
    char *piece = malloc(PIECE_SIZE); /* a thread's stack is small */
    char headers[HEADERS_SIZE];
    const char *reason = "";

    if (piece == NULL) {
        answer_error(request, 503, ANSWER_RETRY_AFTER, "out of memory");
        return;
    }
    write_headers(headers);
    if (answer_begin(request, 200, "application/vnd.sqlite3", headers,
                     snapshot->size) == 0)
        reason = stream(request, snapshot, piece);
    if (reason != NULL)
        answer_break_off(request);
    if (reason != NULL && reason[0] != '\0')
        console_log(COLLECTOR_LOG_WARNING, "a snapshot was broken off: %s",
                    reason);
    free(piece);
}

static void
answer_refusal(struct request *request, int rc)
{
    const char *text = "storage error";

    if (rc == COLLECTOR_ERR_BUSY)
        text = "another snapshot is being taken";
    else if (rc == COLLECTOR_ERR_NOSPACE)
        text = "there is no room on the disk for a snapshot";
    else if (rc == COLLECTOR_ERR_CANCELLED)
        text = "shutting down";
    else if (rc == COLLECTOR_ERR_NOMEM)
        text = "out of memory";
    answer_error(request, 503, ANSWER_RETRY_AFTER, text);
}

void
route_snapshot(struct request *request)
{
    struct snapshot snapshot;
    int rc;

    /* Also while it is on its way: each takes up room. */
    if (atomic_exchange(request->snapshot_out, true)) {
        answer_refusal(request, COLLECTOR_ERR_BUSY);
        return;
    }
    rc = snapshot_take(request->store, request->db, &snapshot);
    if (rc == COLLECTOR_OK) {
        answer_snapshot(request, &snapshot);
        (void)close(snapshot.fd); /* nothing was written through it */
    } else {
        answer_refusal(request, rc);
    }
    atomic_store(request->snapshot_out, false);
}
