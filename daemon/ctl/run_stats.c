/* SPDX-License-Identifier: MIT */
/* stats: the ledger in words, or as a row. */
#include "display.h"
#include "elapsed.h"
#include "printout.h"
#include "quantity.h"
#include "row_member.h"
#include "source.h"
#include "told.h"
#include "utc.h"
#include "verdict.h"
#include "voice.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* Where it is shown. */
struct frame {
    const struct flags *flags;
    struct printout *printout;
};

/* A line: what it is about, and a text like printf makes it. */
__attribute__((format(printf, 3, 4))) static void
print_line(const struct screen *screen, const char *name, const char *format,
           ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments); /* cut is fine */
    va_end(arguments);
    screen_style(screen, SCREEN_HEAD);
    (void)fprintf(screen->out, "%-13s", name);
    screen_style(screen, SCREEN_PLAIN);
    display_write(screen->out, text, strlen(text), DISPLAY_WORDS);
    (void)fputc('\n', screen->out);
}

static bool
has(const struct collector_row *row, const char *name)
{
    const struct collector_value *value = row_member(row, name);

    return value != NULL && value->type != COLLECTOR_VALUE_NULL;
}

static void
print_ledger(const struct screen *screen, const struct collector_row *row)
{
    const char *collector_id = row_member_text(row, "collector_id");

    /* Where a collector runs on one, it has a name of its own. */
    if (*collector_id != '\0')
        print_line(screen, "collector", "%s", collector_id);
    else
        print_line(screen, "snapshot of", "%s",
                   row_member_text(row, "snapshot_of"));
    print_line(
        screen, "events",
        "%" PRId64 " accepted = %" PRId64 " delivered + %" PRId64
        " dead + %" PRId64 " dropped + %" PRId64 " pending",
        row_member_integer(row, "accepted"),
        row_member_integer(row, "delivered"), row_member_integer(row, "dead"),
        row_member_integer(row, "dropped"), row_member_integer(row, "pending"));
}

/* Of a limit that a collector tells. */
static void
print_backlog(const struct screen *screen, const struct collector_row *row)
{
    if (has(row, "backlog_max"))
        print_line(screen, "backlog",
                   "%" PRId64 " of at most %" PRId64 " events",
                   row_member_integer(row, "pending"),
                   row_member_integer(row, "backlog_max"));
}

/* A moment and how long ago that was. */
static void
print_moment(const struct screen *screen, const char *name, const char *what,
             int64_t ms)
{
    char moment[UTC_SIZE];
    char age[ELAPSED_SIZE];

    print_line(screen, name, "%s%s, %s ago", what, utc_write(ms, moment),
               elapsed_words(utc_now_ms() - ms, age));
}

static void
print_upstream(const struct screen *screen, const struct collector_row *row)
{
    char age[ELAPSED_SIZE];

    if (has(row, "oldest_pending_ts"))
        print_moment(screen, "oldest", "is of ",
                     row_member_integer(row, "oldest_pending_ts"));
    if (has(row, "last_success_at"))
        print_moment(screen, "delivered", "last at ",
                     row_member_integer(row, "last_success_at"));
    else
        print_line(screen, "delivered", "nothing yet");
    if (has(row, "failing_since"))
        print_moment(screen, "failing", "since ",
                     row_member_integer(row, "failing_since"));
    if (*row_member_text(row, "last_error") != '\0')
        print_line(screen, "error", "%s", row_member_text(row, "last_error"));
    if (has(row, "retry_in_ms"))
        print_line(screen, "next attempt", "in %s",
                   elapsed_words(row_member_integer(row, "retry_in_ms"), age));
}

/* 12.3 MiB. */
static const char *
write_size(int64_t size, char ret_text[QUANTITY_SIZE])
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double number = (double)size;
    size_t i = 0;

    for (; number >= 1024 && i < 4; i++)
        number /= 1024;
    (void)snprintf(ret_text, QUANTITY_SIZE, "%.*f %s", i > 0, number, units[i]);
    return ret_text;
}

static void
print_size(const struct screen *screen, const struct collector_row *row)
{
    char size[QUANTITY_SIZE];
    char rest[QUANTITY_SIZE];
    char time[ELAPSED_SIZE];

    (void)write_size(row_member_integer(row, "file_size"), size);
    if (has(row, "free_size"))
        print_line(screen, "file", "%s with its log, of which %s are free",
                   size,
                   write_size(row_member_integer(row, "free_size"), rest));
    else if (has(row, "size_max"))
        print_line(screen, "file", "%s with its log, of at most %s", size,
                   write_size(row_member_integer(row, "size_max"), rest));
    else
        print_line(screen, "file", "%s with its log", size);
    if (has(row, "full_in_ms"))
        print_line(screen, "full", "in %s, if it goes on like that",
                   elapsed_words(row_member_integer(row, "full_in_ms"), time));
}

static int
show(void *userdata, const struct collector_row *row)
{
    const struct frame *frame = userdata;
    const struct screen *screen = printout_screen(frame->printout);

    if (frame->flags->format != FORMAT_TABLE)
        return printout_show(frame->printout, row);
    print_ledger(screen, row);
    print_backlog(screen, row);
    print_upstream(screen, row);
    print_line(screen, "dead letters", "%" PRId64,
               row_member_integer(row, "dead_letters"));
    print_line(screen, "devices", "%" PRId64,
               row_member_integer(row, "devices"));
    print_size(screen, row);
    return 0;
}

static void
print_sentences(const struct screen *screen, const char *name,
                const struct standing_sentences *sentences)
{
    size_t i;

    for (i = 0; i < sentences->count; i++)
        print_line(screen, name, "%s", sentences->text[i]);
}

static void
print_standing(const struct screen *screen, const struct standing *standing)
{
    char time[ELAPSED_SIZE];

    if (standing->full_in_ms > 0)
        print_line(screen, "full", "in %s by its %s, if it goes on like that%s",
                   elapsed_words(standing->full_in_ms, time),
                   standing_end_name(standing->full_by),
                   standing->assumed ? ", with collectord's default limits"
                                     : "");
    print_sentences(screen, "not well", &standing->reasons);
    print_sentences(screen, "warning", &standing->warnings);
}

static enum source_result
look_at_file(const struct flags *flags, const struct screen *screen,
             struct problem *ret_problem)
{
    struct standing standing;
    const enum source_result result = told_look(flags, &standing, ret_problem);

    if (result == SOURCE_OK)
        print_standing(screen, &standing);
    return result;
}

static enum source_result
ask_peer(struct peer *peer, const struct screen *screen,
         struct problem *ret_problem)
{
    struct verdict verdict;
    const enum source_result result = verdict_ask(peer, &verdict, ret_problem);

    if (result == SOURCE_OK) {
        print_sentences(screen, "not well", &verdict.reasons);
        print_sentences(screen, "warning", &verdict.warnings);
    }
    return result;
}

static enum source_result
ask_source(struct source *source, struct frame *frame,
           struct problem *ret_problem)
{
    const struct screen *screen = printout_screen(frame->printout);
    const enum source_result result =
        source_ledger(source, show, frame, ret_problem);

    if (result != SOURCE_OK || frame->flags->format != FORMAT_TABLE)
        return result;
    return frame->flags->is_url
               ? ask_peer(source_peer(source), screen, ret_problem)
               : look_at_file(frame->flags, screen, ret_problem);
}

static enum command_status
ask(const struct flags *flags, struct printout *printout)
{
    struct frame frame = {flags, printout};
    struct source *source = NULL;
    struct problem problem;
    enum source_result result = source_open(flags, &source, &problem);

    if (result == SOURCE_OK)
        result = ask_source(source, &frame, &problem);
    source_free(source);
    if (result == SOURCE_OK)
        return printout_end(printout, NULL, NULL);
    voice_say("%s", problem.text);
    return source_status(result);
}

enum command_status
run_stats(const struct flags *flags)
{
    struct printout *printout = printout_new(flags, PRINTOUT_MOMENTS);
    enum command_status status = COMMAND_FAILED;

    if (printout != NULL)
        status = ask(flags, printout);
    printout_free(printout);
    return status;
}
