/* SPDX-License-Identifier: MIT */
/* event: one of them, whole, and its fate. */
#include "card.h"
#include "option.h"
#include "printout.h"
#include "quantity.h"
#include "source.h"
#include "voice.h"

/* Where it is shown. */
struct frame {
    const struct flags *flags;
    struct printout *printout;
};

static int
show(void *userdata, const struct collector_row *row)
{
    const struct frame *frame = userdata;

    if (frame->flags->format == FORMAT_TABLE)
        return card_write(printout_screen(frame->printout), row);
    return printout_show(frame->printout, row);
}

static enum command_status
ask(const struct flags *flags, int64_t id, struct printout *printout)
{
    const struct question question = {.kind = QUESTION_EVENT, .id = id};
    struct frame frame = {flags, printout};
    struct collector_answer answer = {.size = sizeof(answer)};
    struct source *source = NULL;
    struct problem problem;
    enum source_result result = source_open(flags, &source, &problem);

    if (result == SOURCE_OK)
        result = source_ask(source, &question, show, &frame, &answer, &problem);
    source_free(source);
    if (result == SOURCE_OK)
        return printout_end(printout, NULL, NULL);
    voice_say("%s", problem.text);
    return source_status(result);
}

enum command_status
run_event(const struct flags *flags)
{
    enum command_status status;
    char quoted[OPTION_QUOTED_SIZE];
    struct printout *printout;
    uint64_t id;

    if (!quantity_number(flags->arguments[0], &id) || id < 1 ||
        id > INT64_MAX) {
        option_quote(flags->arguments[0], quoted, sizeof(quoted));
        voice_say("event: %s: expected an id", quoted);
        return COMMAND_USAGE;
    }
    printout = printout_new(flags, PRINTOUT_MOMENTS);
    if (printout == NULL)
        return COMMAND_FAILED;
    status = ask(flags, (int64_t)id, printout);
    printout_free(printout);
    return status;
}
