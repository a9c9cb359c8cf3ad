/* SPDX-License-Identifier: MIT */
/* From what somebody wrote to what an option is set to, or to what is wrong
 * with it, in one line that shows no secret. */
#include "option.h"

#include "quantity.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What goes before the host in a URL. */
static const char *const url_schemes[] = {"http://", "https://", NULL};
static const char *const proxy_schemes[] = {"http://", "https://", "socks5://",
                                            "socks5h://", NULL};

__attribute__((format(printf, 4, 5))) static int
refuse(const char *where, const char *text, struct problem *ret_problem,
       const char *format, ...)
{
    char quoted[OPTION_QUOTED_SIZE];
    char expected[256];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(expected, sizeof(expected), format, arguments);
    va_end(arguments);
    option_quote(text, quoted, sizeof(quoted));
    return problem_say(ret_problem, "%s %s: expected %s", where, quoted,
                       expected);
}

static int
set_text(const char *where, const char *text, char **member,
         struct problem *ret_problem)
{
    char *copy;

    if (text[0] == '\0')
        return refuse(where, text, ret_problem, "a text that is not empty");
    copy = strdup(text);
    if (copy == NULL)
        return refuse(where, text, ret_problem, "memory for a copy");
    free(*member);
    *member = copy;
    return 0;
}

static bool
is_url(const char *text, const char *const *schemes)
{
    const char *host;

    while (*schemes != NULL &&
           strncasecmp(text, *schemes, strlen(*schemes)) != 0)
        schemes++;
    if (*schemes == NULL)
        return false;
    host = text + strlen(*schemes);
    if (*host == '\0' || strchr("/?#", *host) != NULL)
        return false;
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text <= ' ' || *text == 0x7f)
            return false;
    }
    return true;
}

static int
set_url(const char *where, const char *text, char **member,
        struct problem *ret_problem)
{
    if (!is_url(text, url_schemes)) {
        /* Not even a broken one is shown: it may hold a password. */
        return problem_say(ret_problem,
                           "%s: expected a URL, http://HOST or https://HOST",
                           where);
    }
    return set_text(where, text, member, ret_problem);
}

static int
set_proxy(const char *where, const char *text, char **member,
          struct problem *ret_problem)
{
    if (strcmp(text, "env") != 0 && strcmp(text, "off") != 0 &&
        !is_url(text, proxy_schemes))
        return problem_say(ret_problem,
                           "%s: expected env, off, or http://HOST:PORT "
                           "(or https, socks5, socks5h)",
                           where); /* like above */
    return set_text(where, text, member, ret_problem);
}

static int
set_address(const char *where, const char *text, struct address *member,
            struct problem *ret_problem)
{
    const char *problem = address_parse(text, member);

    if (problem == NULL)
        return 0;
    return refuse(where, text, ret_problem,
                  "HOST:PORT with an IPv4 address, or :PORT (%s)", problem);
}

static int
set_switch(const char *where, const char *text, bool *member,
           struct problem *ret_problem)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return refuse(where, text, ret_problem, "true or false");
    *member = text[0] == 't';
    return 0;
}

static int
set_word(const struct option *option, const char *where, const char *text,
         uint32_t *member, struct problem *ret_problem)
{
    uint32_t i;

    for (i = 0; option->words[i] != NULL; i++) {
        if (strcmp(option->words[i], text) == 0) {
            *member = i;
            return 0;
        }
    }
    return refuse(where, text, ret_problem, "%s", option->argument);
}

static int
set_number(const struct option *option, const char *where, const char *text,
           uint32_t *member, struct problem *ret_problem)
{
    uint64_t number;

    if (!quantity_number(text, &number) || number < option->min ||
        number > option->max)
        return refuse(where, text, ret_problem,
                      "a number from %" PRIu64 " to %" PRIu64, option->min,
                      option->max);
    *member = (uint32_t)number;
    return 0;
}

/* With the bounds as one would write them. */
static int
refuse_quantity(const struct option *option, const char *where,
                const char *text, struct problem *ret_problem)
{
    const bool is_size = option->kind == OPTION_SIZE;
    void (*write_quantity)(uint64_t number, char ret_text[QUANTITY_SIZE]) =
        is_size ? quantity_write_size : quantity_write_duration;
    char min[QUANTITY_SIZE];
    char max[QUANTITY_SIZE];

    write_quantity(option->min, min);
    write_quantity(option->max, max);
    return refuse(where, text, ret_problem, "%s, from %s to %s%s",
                  is_size ? "a size such as 64MiB or 1GiB"
                          : "a duration such as 500ms, 1s or 24h",
                  min, max, is_size ? ", or 0" : "");
}

/* Of a duration or an age: milliseconds within the option's bounds. */
static int
set_age(const struct option *option, const char *where, const char *text,
        uint64_t *member, struct problem *ret_problem)
{
    uint64_t ms;

    if (quantity_duration(text, &ms) && ms >= option->min &&
        ms <= option->max) {
        *member = ms;
        return 0;
    }
    return refuse_quantity(option, where, text, ret_problem);
}

static int
set_duration(const struct option *option, const char *where, const char *text,
             uint32_t *member, struct problem *ret_problem)
{
    uint64_t ms = 0;

    if (set_age(option, where, text, &ms, ret_problem) < 0)
        return -1;
    *member = (uint32_t)ms; /* its max fits */
    return 0;
}

static int
set_size(const struct option *option, const char *where, const char *text,
         uint64_t *member, struct problem *ret_problem)
{
    uint64_t size;

    if (quantity_size(text, &size) && (size == 0 || size >= option->min) &&
        size <= option->max) {
        *member = size;
        return 0;
    }
    return refuse_quantity(option, where, text, ret_problem);
}

int
option_set(const struct option *option, const char *where, const char *text,
           struct config *config, struct problem *ret_problem)
{
    void *member = (char *)config + option->offset;

    switch (option->kind) {
    case OPTION_TEXT:
        return set_text(where, text, member, ret_problem);
    case OPTION_URL:
        return set_url(where, text, member, ret_problem);
    case OPTION_PROXY:
        return set_proxy(where, text, member, ret_problem);
    case OPTION_ADDRESS:
        return set_address(where, text, member, ret_problem);
    case OPTION_WORD:
        return set_word(option, where, text, member, ret_problem);
    case OPTION_NUMBER:
        return set_number(option, where, text, member, ret_problem);
    case OPTION_DURATION:
        return set_duration(option, where, text, member, ret_problem);
    case OPTION_AGE:
        return set_age(option, where, text, member, ret_problem);
    case OPTION_SIZE:
        return set_size(option, where, text, member, ret_problem);
    case OPTION_SWITCH:
        return set_switch(where, text, member, ret_problem);
    case OPTION_CONFIG:
    case OPTION_CHECK:
    case OPTION_VERSION:
    case OPTION_HELP:
        return 0; /* these are not kept */
    }
    return -1;
}
