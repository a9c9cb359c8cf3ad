/* SPDX-License-Identifier: MIT */
/* GET /devices: who has sent events, and when last; and so who is silent. */
#include "listing.h"
#include "query.h"
#include "routes.h"

/* What is asked of the reader. */
struct question {
    int64_t after_id;
    int64_t seen_before;
};

static int
ask(struct collector_reader *reader, const void *question,
    collector_row_fn show, void *userdata, struct collector_answer *ret_answer)
{
    const struct question *wanted = question;

    return collector_reader_devices(reader, wanted->after_id,
                                    wanted->seen_before, show, userdata,
                                    ret_answer);
}

void
route_devices(struct request *request)
{
    struct question question = {.after_id = 0};
    struct listing listing = {.name = "devices",
                              .ask = ask,
                              .question = &question,
                              .count_max = LISTING_COUNT_DEFAULT};
    struct query_parameter parameters[] = {
        query_number("after", 0, INT64_MAX, &question.after_id),
        query_number("seen_before", 1, INT64_MAX, &question.seen_before),
        query_number("limit", 1, LISTING_COUNT_MAX, &listing.count_max),
    };

    if (query_take(request, parameters, 3) == 0)
        listing_answer(&listing, request);
}
