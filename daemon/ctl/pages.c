/* SPDX-License-Identifier: MIT */
/* Answers that are longer than one page. */
#include "pages.h"

#include "row_member.h"
#include "stop.h"
#include "voice.h"

#include <inttypes.h>

/* Rows of all pages, counted. */
struct pages {
    collector_row_fn show;
    void *userdata;
    uint64_t count;
    uint64_t limit;
    /* The limit has cut a page. */
    bool is_cut;
    /* Nothing more can be shown. */
    bool has_ended;
    int64_t last_id;
};

static int
show_within(void *userdata, const struct collector_row *row)
{
    struct pages *pages = userdata;

    if (pages->count == pages->limit) {
        pages->is_cut = true;
        return 1;
    }
    pages->count++;
    pages->last_id = row_member_integer(row, "id");
    pages->has_ended = pages->show(pages->userdata, row) != 0;
    return pages->has_ended;
}

static bool
goes_on(const struct pages *pages, const struct collector_answer *answer)
{
    return answer->more && answer->next_id != 0 && !pages->is_cut &&
           !pages->has_ended && pages->count < pages->limit && !stop_is_asked();
}

static enum source_result
ask_pages(struct source *source, struct question *question, struct pages *pages,
          struct collector_answer *ret_answer, struct problem *ret_problem)
{
    enum source_result result;
    uint64_t elapsed_ms = 0;

    do {
        const uint64_t left = pages->limit - pages->count;

        question->page_max =
            left < QUESTION_PAGE_MAX ? left : QUESTION_PAGE_MAX;
        result = source_ask(source, question, show_within, pages, ret_answer,
                            ret_problem);
        if (result != SOURCE_OK)
            return result;
        elapsed_ms += ret_answer->elapsed_ms;
        if (ret_answer->next_id != 0)
            question_go_on(question, ret_answer->next_id);
    } while (goes_on(pages, ret_answer));
    ret_answer->elapsed_ms = elapsed_ms;
    return SOURCE_OK;
}

enum source_result
pages_ask(struct source *source, struct question *question, uint64_t limit,
          collector_row_fn show, void *userdata,
          struct collector_answer *ret_answer, struct problem *ret_problem)
{
    struct pages pages = {.show = show, .userdata = userdata, .limit = limit};
    struct collector_answer answer = {.size = sizeof(answer)};
    const enum source_result result =
        ask_pages(source, question, &pages, &answer, ret_problem);

    if (result != SOURCE_OK)
        return result;
    if (pages.is_cut) {
        answer.more = true;
        answer.next_id = pages.last_id;
    }
    answer.row_count = pages.count;
    *ret_answer = answer;
    return SOURCE_OK;
}

static enum command_status
list(struct source *source, const struct flags *flags,
     struct question *question, struct printout *printout)
{
    struct collector_answer answer = {.size = sizeof(answer)};
    struct problem problem;
    char go_on[64];

    if (pages_ask(source, question, flags->limit, printout_show, printout,
                  &answer, &problem) != SOURCE_OK) {
        (void)printout_flush(printout); /* that it failed is said */
        voice_say("%s", problem.text);
        return COMMAND_FAILED;
    }
    (void)snprintf(go_on, sizeof(go_on), "-%s %" PRId64 ", or a larger -limit",
                   question->kind == QUESTION_RUNS ? "before" : "after",
                   answer.next_id);
    return printout_end(printout, &answer, go_on);
}

enum command_status
pages_list(const struct flags *flags, struct question *question)
{
    struct printout *printout = printout_new(flags, PRINTOUT_MOMENTS);
    struct source *source = NULL;
    enum source_result result;
    enum command_status status;
    struct problem problem;

    if (printout == NULL)
        return COMMAND_FAILED;
    result = source_open(flags, &source, &problem);
    status = source_status(result);
    if (result == SOURCE_OK)
        status = list(source, flags, question, printout);
    else
        voice_say("%s", problem.text);
    source_free(source);
    printout_free(printout);
    return status;
}
