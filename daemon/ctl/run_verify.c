/* SPDX-License-Identifier: MIT */
/* verify: every check with its outcome, and one status for all of them. */
#include "display.h"
#include "file.h"
#include "printout.h"
#include "row_member.h"
#include "voice.h"

#include <string.h>

/* The checks so far. */
struct checks {
    const struct flags *flags;
    struct printout *printout;
    uint64_t failed_count;
};

static void
write_line(const struct screen *screen, const struct collector_row *row,
           bool is_ok)
{
    const char *name = row_member_text(row, "check");
    const char *detail = row_member_text(row, "detail");

    screen_style(screen, is_ok ? SCREEN_GOOD : SCREEN_BAD);
    (void)fputs(is_ok ? "ok    " : "FAILED", screen->out);
    screen_style(screen, SCREEN_PLAIN);
    (void)fprintf(screen->out, "  %s%s", name, *detail != '\0' ? ": " : "");
    display_write(screen->out, detail, strlen(detail), DISPLAY_WORDS);
    (void)fputc('\n', screen->out);
}

static int
show(void *userdata, const struct collector_row *row)
{
    struct checks *checks = userdata;
    const bool is_ok = row_member_integer(row, "ok") != 0;

    if (!is_ok)
        checks->failed_count++;
    if (checks->flags->format != FORMAT_TABLE)
        return printout_show(checks->printout, row);
    write_line(printout_screen(checks->printout), row, is_ok);
    return 0;
}

static enum source_result
verify(const struct flags *flags, struct checks *checks,
       struct problem *ret_problem)
{
    struct collector_answer answer = {.size = sizeof(answer)};
    struct file *file = NULL;
    enum source_result result = file_open(flags, &file, ret_problem);
    int rc;

    if (result == SOURCE_OK) {
        rc = collector_reader_verify(file_reader(file), flags->whole, show,
                                     checks, &answer);
        result = file_judge(file, rc, &answer, ret_problem);
    }
    file_free(file);
    return result;
}

static enum command_status
judge(const struct checks *checks, enum source_result result,
      const struct problem *problem)
{
    if (result != SOURCE_OK) {
        voice_say("%s", problem->text);
        return result == SOURCE_DAMAGED ? COMMAND_FAILED : COMMAND_UNKNOWN;
    }
    if (printout_end(checks->printout, NULL, NULL) != COMMAND_DONE)
        return COMMAND_FAILED; /* nobody has seen it */
    return checks->failed_count == 0 ? COMMAND_DONE : COMMAND_FAILED;
}

enum command_status
run_verify(const struct flags *flags)
{
    struct checks checks = {.flags = flags,
                            .printout = printout_new(flags, PRINTOUT_PLAIN)};
    enum command_status status = COMMAND_UNKNOWN;
    struct problem problem;

    if (checks.printout != NULL)
        status = judge(&checks, verify(flags, &checks, &problem), &problem);
    printout_free(checks.printout);
    return status;
}
