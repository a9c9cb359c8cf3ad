/* SPDX-License-Identifier: MIT */
/* query: SQL, of which the reader lets through what only reads. */
#include "file.h"
#include "printout.h"
#include "voice.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As it is written, a number is one: 7 and not 007, which is somebody's name.
 */
static struct collector_value
parameter_of(const char *text)
{
    struct collector_value value = {
        .type = COLLECTOR_VALUE_TEXT, .text = text, .size = strlen(text)};
    const struct collector_value integer = {.type = COLLECTOR_VALUE_INTEGER,
                                            .integer = strtoll(text, NULL, 10)};
    const struct collector_value real = {.type = COLLECTOR_VALUE_REAL,
                                         .real = strtod(text, NULL)};
    char again[64];

    (void)snprintf(again, sizeof(again), "%" PRId64, integer.integer);
    if (strcmp(again, text) == 0)
        return integer;
    (void)snprintf(again, sizeof(again), "%.15g", real.real);
    if (strcmp(again, text) == 0 && strchr(text, '.') != NULL)
        return real;
    return value;
}

static enum command_status
ask(const struct flags *flags, struct file *file, struct printout *printout)
{
    struct collector_value parameters[FLAGS_ARGUMENTS_MAX];
    struct collector_answer answer = {.size = sizeof(answer)};
    struct problem problem;
    size_t i;
    int rc;

    for (i = 1; i < flags->argument_count; i++)
        parameters[i - 1] = parameter_of(flags->arguments[i]);
    rc = collector_reader_query(file_reader(file), flags->arguments[0],
                                parameters, flags->argument_count - 1,
                                printout_show, printout, &answer);
    if (file_judge(file, rc, &answer, &problem) == SOURCE_OK)
        return printout_end(printout, &answer, "a larger -limit");
    voice_say("%s", problem.text);
    return COMMAND_FAILED;
}

enum command_status
run_query(const struct flags *flags)
{
    struct printout *printout = printout_new(flags, PRINTOUT_PLAIN);
    enum command_status status = COMMAND_FAILED;
    struct file *file = NULL;
    struct problem problem;

    if (printout == NULL)
        return COMMAND_FAILED;
    if (file_open(flags, &file, &problem) == SOURCE_OK)
        status = ask(flags, file, printout);
    else
        voice_say("%s", problem.text);
    file_free(file);
    printout_free(printout);
    return status;
}
