/* SPDX-License-Identifier: MIT */
/*
 * GET /events and GET /events/{id}. What they show can be posted again:
 * payloads are those bytes that were stored.
 */
#include "answer.h"
#include "draft.h"
#include "failure.h"
#include "listing.h"
#include "quantity.h"
#include "query.h"
#include "routes.h"
#include "row_json.h"
#include "row_member.h"

#include <collector/error.h>
#include <collector/event.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

/* What the rows of a search may be read in. */
static const char *const orders[] = {"oldest", "newest", NULL};

/* Fates that make a difference here. */
static const char *const fate_unknown = "unknown";
static const char *const fate_dead = "dead";

/* The first column of those that only a dead letter has. */
#define FIRST_LETTER_COLUMN "status"

/* What a request asks for, and where its texts are. */
struct search {
    struct collector_event_filter filter;
    int64_t order;
    int64_t count_max;
    char device_id[COLLECTOR_DEVICE_ID_SIZE_MAX + 1];
    char kind[COLLECTOR_KIND_SIZE_MAX + 1];
    char text[COLLECTOR_READER_TEXT_SIZE_MAX + 1];
};

static void
set_filter(struct search *search, const struct query_parameter *texts)
{
    struct collector_event_filter *filter = &search->filter;

    filter->size = sizeof(*filter);
    filter->newest_first = search->order == 1;
    filter->device_id = texts[0].count > 0 ? search->device_id : NULL;
    filter->kind = texts[1].count > 0 ? search->kind : NULL;
    filter->text = texts[2].count > 0 ? search->text : NULL;
}

/* 0, or -1 when the request has been answered. */
static int
read_search(struct request *request, struct search *ret_search)
{
    struct collector_event_filter *filter = &ret_search->filter;
    struct query_parameter parameters[] = {
        query_text("device_id", ret_search->device_id,
                   sizeof(ret_search->device_id)),
        query_text("kind", ret_search->kind, sizeof(ret_search->kind)),
        query_text("text", ret_search->text, sizeof(ret_search->text)),
        query_number("since", 1, INT64_MAX, &filter->since),
        query_number("until", 1, INT64_MAX, &filter->until),
        query_number("after", 0, INT64_MAX, &filter->after_id),
        query_number("before", 1, INT64_MAX, &filter->before_id),
        query_word("order", orders, &ret_search->order),
        query_number("limit", 1, LISTING_COUNT_MAX, &ret_search->count_max),
    };

    if (query_take(request, parameters,
                   sizeof(parameters) / sizeof(parameters[0])) < 0)
        return -1;
    set_filter(ret_search, parameters);
    return 0;
}

static int
ask(struct collector_reader *reader, const void *question,
    collector_row_fn show, void *userdata, struct collector_answer *ret_answer)
{
    return collector_reader_events(reader, question, show, userdata,
                                   ret_answer);
}

/* Whether a client names this type among those that it takes. */
static bool
takes(const char *accept, const char *type)
{
    const size_t size = strlen(type);

    while (accept != NULL && *accept != '\0') {
        accept += strspn(accept, " \t,");
        if (strncasecmp(accept, type, size) == 0 &&
            strchr(" \t,;", accept[size]) != NULL)
            return true; /* strchr() also finds the NUL */
        accept += strcspn(accept, ",");
    }
    return false;
}

void
route_events_search(struct request *request)
{
    struct search search = {.count_max = LISTING_COUNT_DEFAULT};
    struct listing listing = {
        .name = "events", .ask = ask, .question = &search.filter};

    if (read_search(request, &search) < 0)
        return;
    listing.count_max = search.count_max;
    listing.lines = takes(request->accept, LISTING_LINES_TYPE);
    listing_answer(&listing, request);
}

/* An event that is asked for by its id. */
struct found {
    FILE *out;
    bool known;
};

static int
show_event(void *userdata, const struct collector_row *row)
{
    struct found *found = userdata;
    struct collector_row shown = *row;
    const char *fate = row_member_text(row, "fate");

    found->known = strcmp(fate, fate_unknown) != 0;
    if (strcmp(fate, fate_dead) != 0) /* the rest is of its dead letter */
        shown.column_count =
            (size_t)(row_member(row, FIRST_LETTER_COLUMN) - row->values);
    row_json_write(found->out, &shown);
    (void)putc('\n', found->out);
    return 0;
}

/* 0, or -1 when the request has been answered. */
static int
read_id(struct request *request, int64_t *ret_id)
{
    uint64_t id = 0;

    /* An event has one name. */
    if (request->segment[0] == '0' || !quantity_number(request->segment, &id) ||
        id > INT64_MAX) {
        answer_error(request, 400, NULL, "that is no id");
        return -1;
    }
    *ret_id = (int64_t)id;
    return query_take(request, NULL, 0);
}

static int
find_event(struct readers *readers, int64_t id, struct found *found)
{
    struct collector_reader *reader = NULL;
    int rc = readers_take(readers, 1, &reader);

    if (rc != COLLECTOR_OK)
        return rc;
    rc = collector_reader_event(reader, id, show_event, found, NULL);
    readers_give_back(readers, reader);
    return rc;
}

static void
answer_unknown(struct request *request, int64_t id)
{
    answer_json(request, 404, NULL,
                json_pack("{s:s, s:I, s:s, s:i}", "error",
                          "that id was never given out", "id", (json_int_t)id,
                          "fate", fate_unknown, "kept", 0));
}

static void
answer_event(struct request *request, const void *what)
{
    const int64_t *id = what;
    struct draft draft;
    struct found found = {.known = false};
    int rc = COLLECTOR_ERR_NOMEM;

    if (draft_begin(&draft) == 0) {
        found.out = draft.out;
        rc = find_event(request->readers, *id, &found);
    }
    if (rc == COLLECTOR_OK && found.known) {
        draft_answer(&draft, request, ANSWER_JSON, NULL);
        return;
    }
    draft_discard(&draft);
    if (rc == COLLECTOR_OK)
        answer_unknown(request, *id);
    else
        listing_refuse(request, rc);
}

void
route_event(struct request *request)
{
    int64_t id;

    if (read_id(request, &id) == 0)
        listing_admit(request, answer_event, &id);
}
