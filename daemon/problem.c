/* SPDX-License-Identifier: MIT */
/* What is said to whoever wrote something that can't be taken. */
#include "problem.h"

#include <stdarg.h>
#include <stdio.h>

int
problem_say(struct problem *ret_problem, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(ret_problem->text, sizeof(ret_problem->text), format,
                    arguments);
    va_end(arguments);
    return -1;
}
