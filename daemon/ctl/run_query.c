/* SPDX-License-Identifier: MIT */
/* query: SQL, of which the reader lets through what only reads. */
#include "file.h"
#include "printout.h"
#include "voice.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"

/* Behind the digits there, or NULL if there are none. */
static const char *
past_digits(const char *at)
{
    const size_t count = strspn(at, DIGITS);

    return count > 0 ? at + count : NULL;
}

/* As JSON has numbers: 7 and 0.10 and 1e3, but not 007, which is somebody's
 * name. */
static bool
is_number(const char *text)
{
    const char *digits = text + (*text == '-');
    const char *at = past_digits(digits);

    if (at == NULL || (*digits == '0' && at > digits + 1))
        return false;
    if (*at == '.')
        at = past_digits(at + 1);
    if (at != NULL && (*at == 'e' || *at == 'E'))
        at = past_digits(at + (at[1] == '-' || at[1] == '+' ? 2 : 1));
    return at != NULL && *at == '\0';
}

/* An integer if it is written as one, and fits. */
static struct collector_value
number_of(const char *text)
{
    const struct collector_value real = {.type = COLLECTOR_VALUE_REAL,
                                         .real = strtod(text, NULL)};
    struct collector_value integer = {.type = COLLECTOR_VALUE_INTEGER};

    errno = 0;
    integer.integer = strtoll(text, NULL, 10);
    return errno == 0 && strpbrk(text, ".eE") == NULL ? integer : real;
}

static struct collector_value
parameter_of(const char *text)
{
    const struct collector_value value = {
        .type = COLLECTOR_VALUE_TEXT, .text = text, .size = strlen(text)};

    return is_number(text) ? number_of(text) : value;
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
