/* SPDX-License-Identifier: MIT */
/* GET /history: the ledger of the last hour, for whoever draws curves of it and
 * has only just come. */
#include "answer.h"
#include "draft.h"
#include "history.h"
#include "query.h"
#include "routes.h"

#include <stdlib.h>

void
route_history(struct request *request)
{
    int64_t after = 0;
    struct query_parameter parameters[] = {
        query_number("after", 0, INT64_MAX, &after),
    };
    struct draft draft;

    if (query_take(request, parameters, 1) < 0)
        return;
    if (draft_begin(&draft) == 0) {
        (void)fprintf(draft.out,
                      "{\"step_ms\":%d,\"samples\":", HISTORY_STEP_MS);
        history_write(request->history, after, draft.out);
        (void)fputs("}\n", draft.out);
    }
    draft_answer(&draft, request, ANSWER_JSON, NULL);
}
