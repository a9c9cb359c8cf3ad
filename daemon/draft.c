/* SPDX-License-Identifier: MIT */
/* Answers that are too long for a tree, or hold what a tree would change. */
#include "draft.h"

#include "answer.h"

#include <stdlib.h>

int
draft_begin(struct draft *ret_draft)
{
    ret_draft->text = NULL;
    ret_draft->size = 0;
    ret_draft->out = open_memstream(&ret_draft->text, &ret_draft->size);
    return ret_draft->out != NULL ? 0 : -1;
}

void
draft_answer(struct draft *draft, struct request *request, const char *type,
             const char *headers)
{
    const bool failed = draft->out == NULL || ferror(draft->out);

    /* Closing it may fail as well: it writes what is left. */
    if (draft->out != NULL && fclose(draft->out) == 0 && !failed)
        answer_bytes(request, 200, type, headers, draft->text, draft->size);
    else
        answer_json(request, 503, ANSWER_RETRY_AFTER, NULL);
    draft->out = NULL;
    draft_discard(draft);
}

void
draft_discard(struct draft *draft)
{
    if (draft->out != NULL)
        (void)fclose(draft->out); /* nobody wants it */
    free(draft->text);
    *draft = (struct draft){.out = NULL};
}
