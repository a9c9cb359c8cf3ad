/* SPDX-License-Identifier: MIT */
/*
 * What the table of options knows, in the words of the manual pages: so that
 * what a page lacks, and what it has too much, can be told by a diff.
 *
 * usage: facts options|keys
 */
#include "option.h"
#include "quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS (UINT64_C(24) * 60 * 60 * 1000)

static void
print_quantity(const struct option *option, uint64_t number)
{
    char text[QUANTITY_SIZE];

    if (option->kind == OPTION_NUMBER || number == 0) {
        (void)printf("%" PRIu64, number);
    } else if (option->kind == OPTION_SIZE) {
        quantity_write_size(number, text);
        (void)printf("%s", text);
    } else if (number % DAY_MS == 0) {
        (void)printf("%" PRIu64 "d", number / DAY_MS);
    } else {
        quantity_write_duration(number, text);
        (void)printf("%s", text);
    }
}

/* A size may also be 0. */
static void
print_range(const struct option *option)
{
    const bool may_be_0 = option->kind == OPTION_SIZE;
    const bool from_0 = option->min == 0 || (may_be_0 && option->min == 1);

    if (!from_0)
        print_quantity(option, option->min);
    (void)printf(from_0 ? "up to " : " to ");
    print_quantity(option, option->max);
    if (may_be_0 && !from_0)
        (void)printf(" or 0");
}

/* What stands in front of the next fact. */
static const char *
comma(unsigned *count)
{
    return (*count)++ > 0 ? ", " : "";
}

/* "-name ARGUMENT", a tab, "default X, 1 to 9, fixed". */
static void
print_option(const struct option *option)
{
    unsigned count = 0;

    (void)printf("-%s%s%s\t", option->name,
                 option->argument != NULL && option->argument[0] ? " " : "",
                 option->argument != NULL ? option->argument : "");
    if (option->value != NULL)
        (void)printf("%sdefault %s", comma(&count), option->value);
    if (option->max > 0) {
        (void)printf("%s", comma(&count));
        print_range(option);
    }
    if (option->fixed)
        (void)printf("%sfixed", comma(&count));
    (void)putchar('\n');
}

/* What the argument of an option stands for; all others list words. */
static const struct {
    const char *argument;
    const char *form;
} forms[] = {
    {"", "switch"},
    {"DURATION", "duration"},
    {"FILE", "text"},
    {"N", "number"},
    {"SIZE", "size"},
    {"TEXT", "text"},
    {"[HOST]:PORT", "address"},
    {"URL", "URL"},
};

static const char *
form_of(const struct option *option)
{
    size_t i;

    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (strcmp(forms[i].argument, option->argument) == 0)
            return forms[i].form;
    }
    return "word";
}

static bool
is_key(const struct option *option)
{
    return option->kind != OPTION_CONFIG && option->kind != OPTION_CHECK &&
           option->kind != OPTION_VERSION && option->kind != OPTION_HELP;
}

/* Name, form of the value, default and change, with tabs between them. */
static void
print_key(const struct option *option)
{
    if (is_key(option))
        (void)printf("%s\t%s\t%s\t%s\n", option->name, form_of(option),
                     option->value != NULL ? option->value : "",
                     option->fixed ? "restart" : "reload");
}

int
main(int argc, char **argv)
{
    const struct option *option;
    size_t i;

    if (argc != 2)
        return 2;
    for (i = 0; (option = option_at(i)) != NULL; i++) {
        if (strcmp(argv[1], "keys") == 0)
            print_key(option);
        else
            print_option(option);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
