/* SPDX-License-Identifier: MIT */
/*
 * Dead letters over HTTP: look at them, append them again, delete them. A
 * request that acts on all of them says so by naming none, so that everything
 * about it is read strictly. Payloads leave as they are stored, never through a
 * parser that would round their numbers.
 */
#include "answer.h"
#include "body.h"
#include "failure.h"
#include "listing.h"
#include "query.h"
#include "routes.h"

#include <collector/dead_letter.h>
#include <collector/error.h>
#include <stdlib.h>
#include <string.h>

/* Ids in one request: as many as one transaction may hold. */
#define IDS_MAX COLLECTOR_DEAD_LETTER_STEP_MAX

static int
ask(struct collector_reader *reader, const void *question,
    collector_row_fn show, void *userdata, struct collector_answer *ret_answer)
{
    const int64_t *after_id = question;

    return collector_reader_dead_letters(reader, *after_id, show, userdata,
                                         ret_answer);
}

void
route_dead_letters(struct request *request)
{
    int64_t after_id = 0;
    struct listing listing = {.name = "dead_letters",
                              .ask = ask,
                              .question = &after_id,
                              .count_max = LISTING_COUNT_DEFAULT};
    struct query_parameter parameters[] = {
        query_number("after", 0, INT64_MAX, &after_id),
        query_number("limit", 1, LISTING_COUNT_MAX, &listing.count_max),
    };

    if (query_take(request, parameters, 2) == 0)
        listing_answer(&listing, request);
}

/* White space, and at most an object without members. */
static bool
says_nothing(const char *text, size_t size)
{
    static const char object[] = "{}";
    size_t found = 0;
    size_t i;

    for (i = 0; i < size; i++) {
        if (text[i] != '\0' && strchr(" \t\r\n", text[i]) != NULL)
            continue;
        if (found == sizeof(object) - 1 || text[i] != object[found])
            return false;
        found++;
    }
    return found != 1;
}

/* 0 without a body that means something. */
static int
refuse_body(struct request *request)
{
    char *text = NULL;
    size_t size;
    bool nothing;

    if (body_read(request, &text, &size) < 0)
        return -1;
    nothing = says_nothing(text, size);
    free(text);
    if (nothing)
        return 0;
    answer_error(request, 400, NULL,
                 "no body is expected: name letters like ?ids=7,77");
    return -1;
}

/* Do something to all letters, or to those that the query names, and say to how
 * many it was done. */
static void
act(struct request *request, const char *done_name,
    int (*action)(struct collector_store *store, const int64_t *event_ids,
                  size_t id_count, uint64_t *ret_count))
{
    static const struct collector_problem too_big = {
        -1, "a letter is larger than the file may ever get"};
    int64_t ids[IDS_MAX];
    struct query_parameter named = {.name = "ids",
                                    .min = 1,
                                    .max = INT64_MAX,
                                    .numbers = ids,
                                    .count_max = IDS_MAX};
    uint64_t done_count = 0;
    json_t *done;
    int rc;

    if (query_take(request, &named, 1) < 0 || refuse_body(request) < 0)
        return;
    rc = action(request->store, named.count > 0 ? ids : NULL, named.count,
                &done_count);
    done = json_pack("{s:I}", done_name, (json_int_t)done_count);
    if (rc == COLLECTOR_OK)
        answer_json(request, 200, NULL, done);
    else
        failure_answer(request, rc, &too_big, done);
}

void
route_dead_letters_replay(struct request *request)
{
    act(request, "replayed", collector_dead_letters_replay);
}

void
route_dead_letters_purge(struct request *request)
{
    act(request, "purged", collector_dead_letters_purge);
}
