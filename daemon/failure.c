/* SPDX-License-Identifier: MIT */
/*
 * What an error of the library means to a client: whose fault it is, and
 * whether it is worth trying again.
 */
#include "failure.h"

#include "answer.h"
#include "json_text.h"

#include <collector/error.h>

/* Of an error that only a status and words tell about. */
struct meaning {
    int status;
    const char *text;
};

static struct meaning
meaning_of(int rc)
{
    switch ((enum collector_error)rc) {
    case COLLECTOR_ERR_CONFLICT:
        return (struct meaning){422,
                                "Idempotency-Key was used with another body"};
    case COLLECTOR_ERR_FULL:
        return (struct meaning){503, "buffer full"};
    case COLLECTOR_ERR_NOSPACE:
        return (struct meaning){503, "disk full"};
    case COLLECTOR_ERR_BUSY:
        return (struct meaning){503, "busy"};
    case COLLECTOR_ERR_TIMEOUT:
        return (struct meaning){503, "it took too long"};
    case COLLECTOR_ERR_IO:
    case COLLECTOR_ERR_CORRUPT:
        return (struct meaning){503, "storage error"};
    case COLLECTOR_ERR_NOMEM:
        return (struct meaning){503, "out of memory"};
    case COLLECTOR_ERR_INVALID:
    case COLLECTOR_ERR_TOO_BIG:
    case COLLECTOR_OK:
    case COLLECTOR_ERR_LOCKED:
    case COLLECTOR_ERR_FOREIGN:
    case COLLECTOR_ERR_NEWER:
    case COLLECTOR_ERR_CANCELLED:
    case COLLECTOR_ERR_UNSUPPORTED:
    case COLLECTOR_ERR_EXISTS:
    case COLLECTOR_ERR_FORK:
        break; /* the caller has its own words, or never gets them */
    }
    return (struct meaning){503, "internal error"};
}

static json_t *
problem_json(const struct collector_problem *problem)
{
    json_t *json = json_pack("{s:o}", "error", json_text(problem->text));

    if (json != NULL && problem->index >= 0)
        (void)json_object_set_new(json, "index", json_integer(problem->index));
    return json;
}

static int
problem_status(int rc, const struct collector_problem *problem)
{
    /* A field that is too long is the fault of one event. */
    return rc == COLLECTOR_ERR_TOO_BIG && problem->index < 0 ? 413 : 400;
}

static json_t *
full_json(const struct request *request, const char *text)
{
    struct collector_store_stats stats = {.size = sizeof(stats)};

    collector_store_stats(request->store, &stats);
    atomic_store(request->full_at, stats.accepted - stats.pending + 1);
    return json_pack("{s:s, s:I}", "error", text, "backlog",
                     (json_int_t)stats.pending);
}

void
failure_answer(struct request *request, int rc,
               const struct collector_problem *problem, json_t *more)
{
    struct meaning meaning = meaning_of(rc);
    json_t *json;

    if (rc == COLLECTOR_ERR_INVALID || rc == COLLECTOR_ERR_TOO_BIG) {
        meaning.status = problem_status(rc, problem);
        json = problem_json(problem);
    } else if (rc == COLLECTOR_ERR_FULL) {
        json = full_json(request, meaning.text);
    } else {
        json = json_pack("{s:s}", "error", meaning.text);
    }
    if (json != NULL && more != NULL)
        (void)json_object_update(json, more); /* it would only say less */
    json_decref(more);
    answer_json(request, meaning.status,
                meaning.status == 503 ? ANSWER_RETRY_AFTER : NULL, json);
}
