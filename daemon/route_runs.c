/* SPDX-License-Identifier: MIT */
/* GET /runs: what was settled together, when, and how; and outages. */
#include "listing.h"
#include "query.h"
#include "routes.h"

/* What a run may have come to. */
static const char *const statuses[] = {"success", "dead", "dropped", "error",
                                       NULL};

/* What is asked of the reader. */
struct question {
    int64_t before_id;
    const char *status;
};

static int
ask(struct collector_reader *reader, const void *question,
    collector_row_fn show, void *userdata, struct collector_answer *ret_answer)
{
    const struct question *wanted = question;

    return collector_reader_runs(reader, wanted->before_id, wanted->status,
                                 show, userdata, ret_answer);
}

void
route_runs(struct request *request)
{
    struct question question = {.before_id = 0};
    struct listing listing = {
        .name = "runs", .ask = ask, .count_max = LISTING_COUNT_DEFAULT};
    int64_t status = 0;
    struct query_parameter parameters[] = {
        query_word("status", statuses, &status),
        query_number("before", 1, INT64_MAX, &question.before_id),
        query_number("limit", 1, LISTING_COUNT_MAX, &listing.count_max),
    };

    if (query_take(request, parameters, 3) < 0)
        return;
    if (parameters[0].count > 0)
        question.status = statuses[status];
    listing.question = &question;
    listing_answer(&listing, request);
}
