/* SPDX-License-Identifier: MIT */
/*
 * Pages of rows over HTTP. A page is written in memory and the reader given
 * back before the first byte is sent, so that a slow client keeps neither the
 * file nor others waiting.
 */
#include "listing.h"

#include "answer.h"
#include "draft.h"
#include "failure.h"
#include "row_json.h"

#include <collector/error.h>
#include <collector/event.h>
#include <inttypes.h>

/* A row takes up to that: a payload as it is stored, and texts of which each
 * byte may be escaped with six. */
#define ROW_SIZE_MAX                                                           \
    (COLLECTOR_PAYLOAD_SIZE_MAX +                                              \
     6 * (COLLECTOR_DEVICE_ID_SIZE_MAX + COLLECTOR_KIND_SIZE_MAX) + 1024)

/* "X-Next: ", an id, and a line end. */
#define HEADER_SIZE 40

/* A page on its way. */
struct page {
    const struct listing *listing;
    FILE *out;
    uint64_t count;
    int64_t last_id;
    /* There are rows behind the last one. */
    bool more;
};

static int
show_row(void *userdata, const struct collector_row *row)
{
    struct page *page = userdata;

    if (ftello(page->out) > LISTING_SIZE_MAX - ROW_SIZE_MAX) {
        page->more = true;
        return 1;
    }
    if (page->count > 0 && !page->listing->lines)
        (void)putc(',', page->out);
    row_json_write(page->out, row);
    if (page->listing->lines)
        (void)putc('\n', page->out);
    page->count++;
    page->last_id = row->values[0].integer;
    return ferror(page->out);
}

int
listing_write(const struct listing *listing, struct collector_reader *reader,
              FILE *out, int64_t *ret_next)
{
    struct page page = {.listing = listing, .out = out};
    struct collector_answer answer = {.size = sizeof(answer)};
    int64_t next = 0;
    int rc;

    if (!listing->lines)
        (void)fprintf(out, "{\"%s\":[", listing->name);
    rc = listing->ask(reader, listing->question, show_row, &page, &answer);
    if (rc != COLLECTOR_OK)
        return rc;
    if (page.more)
        next = page.last_id;
    else if (answer.more)
        next = answer.next_id;
    if (!listing->lines && next != 0)
        (void)fprintf(out, "],\"next\":%" PRId64 "}\n", next);
    else if (!listing->lines)
        (void)fputs("],\"next\":null}\n", out);
    *ret_next = next;
    return rc;
}

void
listing_refuse(struct request *request, int rc)
{
    static const struct collector_problem too_big = {
        -1, "a row is larger than an answer may be"};

    failure_answer(request, rc, &too_big, NULL);
}

/* What of an answer in lines has no room in them. */
static const char *
next_header(const struct listing *listing, int64_t next, char *text,
            size_t size)
{
    if (!listing->lines || next == 0)
        return NULL;
    (void)snprintf(text, size, "X-Next: %" PRId64 "\r\n", next);
    return text;
}

static int
fill(const struct listing *listing, struct readers *readers, FILE *out,
     int64_t *ret_next)
{
    struct collector_reader *reader = NULL;
    int rc = readers_take(readers, (uint32_t)listing->count_max, &reader);

    if (rc != COLLECTOR_OK)
        return rc;
    rc = listing_write(listing, reader, out, ret_next);
    readers_give_back(readers, reader);
    return rc;
}

void
listing_admit(struct request *request, listing_answer_fn answer,
              const void *what)
{
    const int rc = readers_enter(request->readers);

    if (rc != COLLECTOR_OK) {
        listing_refuse(request, rc);
        return;
    }
    answer(request, what);
    readers_leave(request->readers);
}

static void
answer_page(struct request *request, const void *what)
{
    const struct listing *listing = what;
    struct draft draft;
    int64_t next = 0;
    char header[HEADER_SIZE];
    int rc = COLLECTOR_ERR_NOMEM;

    if (draft_begin(&draft) == 0)
        rc = fill(listing, request->readers, draft.out, &next);
    if (rc == COLLECTOR_OK) {
        draft_answer(&draft, request,
                     listing->lines ? LISTING_LINES_TYPE : ANSWER_JSON,
                     next_header(listing, next, header, sizeof(header)));
    } else {
        draft_discard(&draft);
        listing_refuse(request, rc);
    }
}

void
listing_answer(const struct listing *listing, struct request *request)
{
    listing_admit(request, answer_page, listing);
}
