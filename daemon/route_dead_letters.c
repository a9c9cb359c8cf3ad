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
#include "json_text.h"
#include "query.h"
#include "routes.h"

#include <collector/dead_letter.h>
#include <collector/error.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Letters in one answer. */
#define COUNT_DEFAULT 100
#define COUNT_MAX 1000

/* An answer gets no more letters when it is that long: it is held in memory. */
#define TEXT_SIZE_MAX (1024 * 1024)

/* Ids in one request: as many as one transaction may hold. */
#define IDS_MAX COLLECTOR_DEAD_LETTER_STEP_MAX

/* An answer on its way. */
struct listing {
    FILE *text;
    uint64_t count;
    uint64_t count_max;
    int64_t last_id;
    /* There are letters behind the last one. */
    bool more;
    bool exhausted;
};

static void
write_text(struct listing *listing, const char *name, const char *text)
{
    json_t *string = json_text(text);

    (void)fprintf(listing->text, ",\"%s\":", name); /* see fclose() */
    if (string == NULL ||
        json_dumpf(string, listing->text, JSON_ENCODE_ANY) < 0)
        listing->exhausted = true;
    json_decref(string);
}

static void
write_letter(struct listing *listing,
             const struct collector_dead_letter *letter)
{
    FILE *text = listing->text;

    /* A stream remembers that it has failed. */
    (void)fprintf(text, "%s{\"id\":%" PRId64, listing->count > 0 ? "," : "",
                  letter->event_id);
    write_text(listing, "device_id", letter->event.device_id);
    write_text(listing, "kind", letter->event.kind);
    if (letter->event.payload != NULL)
        (void)fprintf(text, ",\"payload\":%s", letter->event.payload);
    (void)fprintf(text, ",\"ts\":%" PRId64 ",\"at\":%" PRId64 ",\"status\":%d",
                  letter->event.ts, letter->at, letter->status);
    write_text(listing, "reason", letter->reason);
    (void)fprintf(
        text, ",\"attempts\":%" PRIu32 ",\"replayed_as\":", letter->attempts);
    if (letter->replayed_as != 0)
        (void)fprintf(text, "%" PRId64 "}", letter->replayed_as);
    else
        (void)fputs("null}", text);
}

static int
show_letter(void *userdata, const struct collector_dead_letter *letter)
{
    struct listing *listing = userdata;

    if (listing->count == listing->count_max ||
        ftello(listing->text) >= TEXT_SIZE_MAX) {
        listing->more = true;
        return 1;
    }
    write_letter(listing, letter);
    listing->count++;
    listing->last_id = letter->event_id;
    return listing->exhausted || ferror(listing->text);
}

static int
write_listing(struct request *request, struct listing *listing,
              int64_t after_id)
{
    int rc;

    (void)fputs("{\"dead_letters\":[", listing->text);
    /* One more than is shown, to know whether there is one. */
    rc = collector_dead_letters_list(
        request->store, after_id, listing->count_max + 1, show_letter, listing);
    if (listing->more)
        (void)fprintf(listing->text, "],\"next\":%" PRId64 "}\n",
                      listing->last_id);
    else
        (void)fputs("],\"next\":null}\n", listing->text);
    return rc;
}

void
route_dead_letters(struct request *request)
{
    int64_t after_id = 0;
    int64_t count_max = COUNT_DEFAULT;
    struct query_parameter parameters[] = {
        query_number("after", 0, INT64_MAX, &after_id),
        query_number("limit", 1, COUNT_MAX, &count_max),
    };
    struct listing listing = {.text = NULL};
    char *text = NULL;
    size_t size = 0;
    int rc = COLLECTOR_ERR_NOMEM;

    if (query_take(request, parameters, 2) < 0)
        return;
    listing.count_max = (uint64_t)count_max;
    listing.text = open_memstream(&text, &size);
    if (listing.text != NULL) {
        rc = write_listing(request, &listing, after_id);
        if (fclose(listing.text) != 0 || listing.exhausted)
            rc = COLLECTOR_ERR_NOMEM;
    }
    if (rc == COLLECTOR_OK)
        answer_text(request, 200, NULL, text, size);
    else
        failure_answer(request, rc, NULL, NULL);
    free(text);
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
