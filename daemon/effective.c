/* SPDX-License-Identifier: MIT */
/*
 * The configuration as it came out of the defaults, the file and the command
 * line. It can be shown to anybody.
 */
#include "effective.h"

#include "json_text.h"
#include "quantity.h"

#include <string.h>

/* What stands in place of a secret. */
#define HIDDEN "(hidden)"

/* The URL without user, password, query and fragment. */
static json_t *
url_json(const char *url)
{
    const char *host = strstr(url, "://") + 3; /* it was checked */
    const size_t authority_size = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', authority_size);
    const char *shown = at != NULL ? at + 1 : host;
    const char *secret = shown + strcspn(shown, "?#");

    return json_sprintf("%.*s%s%.*s%s", (int)(host - url), url,
                        at != NULL ? HIDDEN "@" : "", (int)(secret - shown),
                        shown, *secret != '\0' ? "?" HIDDEN : "");
}

static json_t *
proxy_json(const char *proxy)
{
    return strstr(proxy, "://") != NULL ? url_json(proxy) : json_string(proxy);
}

static json_t *
address_json(const struct address *address)
{
    return json_sprintf("%s:%u", address->host, address->port);
}

static json_t *
duration_json(uint64_t ms)
{
    char text[QUANTITY_SIZE];

    quantity_write_duration(ms, text);
    return json_string(text);
}

static json_t *
size_json(uint64_t size)
{
    char text[QUANTITY_SIZE];

    quantity_write_size(size, text);
    return json_string(text);
}

json_t *
effective_value(const struct option *option, const struct config *config)
{
    const void *member = (const char *)config + option->offset;

    switch (option->kind) {
    case OPTION_TEXT:
        return *(char *const *)member != NULL
                   ? json_text(*(char *const *)member)
                   : NULL;
    case OPTION_URL:
        return *(char *const *)member != NULL ? url_json(*(char *const *)member)
                                              : NULL;
    case OPTION_PROXY:
        return proxy_json(*(char *const *)member);
    case OPTION_ADDRESS:
        return address_json(member);
    case OPTION_WORD:
        return json_string(option->words[*(const uint32_t *)member]);
    case OPTION_NUMBER:
        return json_integer(*(const uint32_t *)member);
    case OPTION_DURATION:
        return duration_json(*(const uint32_t *)member);
    case OPTION_AGE:
        return duration_json(*(const uint64_t *)member);
    case OPTION_SIZE:
        return size_json(*(const uint64_t *)member);
    case OPTION_SWITCH:
        return json_boolean(*(const bool *)member);
    case OPTION_CONFIG:
    case OPTION_CHECK:
    case OPTION_VERSION:
    case OPTION_HELP:
        break;
    }
    return NULL;
}

static bool
is_same_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return strcmp(a, b) == 0;
}

bool
effective_is_same(const struct option *option, const struct config *a,
                  const struct config *b)
{
    const void *left = (const char *)a + option->offset;
    const void *right = (const char *)b + option->offset;
    json_t *left_json;
    json_t *right_json;
    bool same;

    /* What is hidden may differ. */
    if (option_is_text(option))
        return is_same_text(*(char *const *)left, *(char *const *)right);
    left_json = effective_value(option, a);
    right_json = effective_value(option, b);
    same = json_equal(left_json, right_json) || left_json == right_json;
    json_decref(left_json);
    json_decref(right_json);
    return same;
}

int
effective_print(const struct config *config, FILE *stream)
{
    json_t *all = json_object();
    const struct option *option;
    int rc = -1;
    size_t i;

    for (i = 0; (option = option_at(i)) != NULL; i++) {
        json_t *value = effective_value(option, config);

        if (value != NULL && json_object_set_new(all, option->name, value) < 0)
            goto out;
    }
    if (json_dumpf(all, stream, JSON_INDENT(2)) == 0 &&
        fputc('\n', stream) != EOF)
        rc = 0;
out:
    json_decref(all);
    return rc;
}
