/* SPDX-License-Identifier: MIT */
/* The table of options, and what a value of each may be. */
#include "flag.h"

#include "moment.h"
#include "option.h"
#include "quantity.h"
#include "utc.h"

#include <assert.h>
#include <collector/reader.h>
#include <inttypes.h>
#include <string.h>

#define TIMEOUT_MS_MAX (60 * 60 * 1000)

/* Enough to begin with. */
#define COUNT_MAX 1000

/* In the order of enum format. */
static const char *const format_words[] = {"table", "json", "csv", "ndjson",
                                           NULL};
static const char *const status_words[] = {"success", "dead", "dropped",
                                           "error", NULL};

#define MEMBER(member) .offset = offsetof(struct flags, member)

static const struct flag all_flags[] = {
    {"format", "table|json|csv|ndjson", "table", "how rows are written",
     FLAG_WORD, MEMBER(format),
     " stats tail events event query devices runs dead-letters list verify ",
     .target = COMMAND_BOTH, .words = format_words},
    {"limit", "N", "1000", "rows at most", FLAG_NUMBER, MEMBER(limit),
     " events query devices runs dead-letters list ", .target = COMMAND_BOTH,
     .min = 1, .max = FLAGS_LIMIT_MAX},
    {"after", "ID", NULL, "begin behind this id", FLAG_NUMBER, MEMBER(after),
     " events devices dead-letters list ", .target = COMMAND_BOTH, .min = 0,
     .max = INT64_MAX},
    {"before", "ID", NULL, "begin before this id", FLAG_NUMBER, MEMBER(before),
     " events runs ", .target = COMMAND_BOTH, .min = 1, .max = INT64_MAX},
    {"device", "DEVICE_ID", NULL, "events of this device only", FLAG_TEXT,
     MEMBER(device), " tail events ", .target = COMMAND_BOTH},
    {"kind", "KIND", NULL, "events of this kind only", FLAG_TEXT, MEMBER(kind),
     " tail events ", .target = COMMAND_BOTH},
    {"text", "TEXT", NULL, "events with this in their payload only", FLAG_TEXT,
     MEMBER(text), " tail events ", .target = COMMAND_BOTH,
     .max = COLLECTOR_READER_TEXT_SIZE_MAX},
    {"since", "WHEN", NULL, "events stamped at WHEN or later", FLAG_MOMENT,
     MEMBER(since), " events ", .target = COMMAND_BOTH},
    {"until", "WHEN", NULL, "events stamped before WHEN", FLAG_MOMENT,
     MEMBER(until), " events ", .target = COMMAND_BOTH, .min = 1},
    {"n", "N", "10", "how many of the latest events to begin with", FLAG_NUMBER,
     MEMBER(count), " tail ", .target = COMMAND_BOTH, .min = 0,
     .max = COUNT_MAX},
    {"f", NULL, NULL, "go on with what comes, until it is stopped", FLAG_SWITCH,
     MEMBER(follow), " tail ", .target = COMMAND_BOTH},
    {"silent", "DURATION", NULL, "devices not seen for so long only",
     FLAG_DURATION, MEMBER(silent_ms), " devices ", .target = COMMAND_BOTH,
     .min = 1, .max = INT64_MAX},
    {"status", "success|dead|dropped|error", NULL, "runs that ended so only",
     FLAG_TEXT, MEMBER(status), " runs ", .target = COMMAND_BOTH,
     .words = status_words},
    {"yes", NULL, NULL, "all of them are meant", FLAG_SWITCH, MEMBER(yes),
     " dead-letters purge ", .target = COMMAND_BOTH},
    {"whole", NULL, NULL, "look at every page and every index too", FLAG_SWITCH,
     MEMBER(whole), " verify ", .target = COMMAND_BOTH},
    {"max-backlog", "N", NULL,
     "what the collector was told, for when it is full; else its default",
     FLAG_NUMBER, MEMBER(backlog_max), " health mcp stats ",
     .target = COMMAND_FILE, .min = 0, .max = INT64_MAX},
    {"max-size", "SIZE", NULL, "likewise, such as 4GiB; 0 is no limit",
     FLAG_SIZE, MEMBER(size_max), " health mcp stats ", .target = COMMAND_FILE,
     .min = 0, .max = INT64_MAX},
    {"live", NULL, NULL, "whether it serves, and not whether it delivers",
     FLAG_SWITCH, MEMBER(live), " health ", .target = COMMAND_URL},
    {"deadline", "DURATION", "5s",
     "how long a question may keep the file; 10m for verify", FLAG_DURATION,
     MEMBER(deadline_ms),
     " stats tail events event query devices runs dead-letters list verify "
     "health mcp ",
     .target = COMMAND_FILE, .min = 1, .max = COLLECTOR_READER_DEADLINE_MS_MAX},
    {"timeout", "DURATION", "30s", "how long a collector may take to answer",
     FLAG_DURATION, MEMBER(timeout_ms), NULL, .target = COMMAND_URL, .min = 1,
     .max = TIMEOUT_MS_MAX},
    {"token-file", "FILE", NULL, "the bearer token to show, alone in a file",
     FLAG_TEXT, MEMBER(token_file), NULL, .target = COMMAND_URL},
    {"ca-file", "FILE", NULL, "PEM, whom to trust instead of the system's list",
     FLAG_TEXT, MEMBER(ca_file), NULL, .target = COMMAND_URL},
    {"version", NULL, NULL, "print the version", FLAG_VERSION,
     .target = COMMAND_BOTH},
    {"help", NULL, NULL, "print this, as help does without a file", FLAG_HELP,
     .target = COMMAND_BOTH},
    {"h", NULL, NULL, "likewise", FLAG_HELP, .target = COMMAND_BOTH},
};

#define FLAG_COUNT (sizeof(all_flags) / sizeof(all_flags[0]))

_Static_assert(FLAG_COUNT <= FLAG_COUNT_MAX, "there is room for all flags");

const struct flag *
flag_at(size_t i)
{
    return i < FLAG_COUNT ? &all_flags[i] : NULL;
}

size_t
flag_place(const struct flag *flag)
{
    return (size_t)(flag - all_flags);
}

const struct flag *
flag_find(const char *name, size_t size)
{
    size_t i;

    for (i = 0; i < FLAG_COUNT; i++) {
        if (strlen(all_flags[i].name) == size &&
            strncmp(all_flags[i].name, name, size) == 0)
            return &all_flags[i];
    }
    return NULL;
}

/* What is a URL may hold a password. */
static int
refuse(const struct flag *flag, const char *text, const char *expected,
       struct problem *ret_problem)
{
    char quoted[OPTION_QUOTED_SIZE];

    option_quote(text, quoted, sizeof(quoted));
    return problem_say(ret_problem, "-%s %s: expected %s", flag->name, quoted,
                       expected);
}

static int
find_word(const struct flag *flag, const char *text, uint64_t *ret_i,
          struct problem *ret_problem)
{
    for (*ret_i = 0; flag->words[*ret_i] != NULL; (*ret_i)++) {
        if (strcmp(flag->words[*ret_i], text) == 0)
            return 0;
    }
    return refuse(flag, text, flag->argument, ret_problem);
}

static int
set_text(const struct flag *flag, const char *text, const char **member,
         struct problem *ret_problem)
{
    char expected[64];
    uint64_t i;

    if (flag->words != NULL && find_word(flag, text, &i, ret_problem) < 0)
        return -1;
    if (*text == '\0')
        return refuse(flag, text, "a value", ret_problem);
    if (flag->max > 0 && strlen(text) > flag->max) {
        (void)snprintf(expected, sizeof(expected),
                       "a text of up to %" PRIu64 " bytes", flag->max);
        return refuse(flag, text, expected, ret_problem);
    }
    *member = text;
    return 0;
}

static int
set_number(const struct flag *flag, const char *text, uint64_t *member,
           struct problem *ret_problem)
{
    char expected[64];
    uint64_t number;

    if (quantity_number(text, &number) && number >= flag->min &&
        number <= flag->max) {
        *member = number;
        return 0;
    }
    (void)snprintf(expected, sizeof(expected),
                   "a number from %" PRIu64 " to %" PRIu64, flag->min,
                   flag->max);
    return refuse(flag, text, expected, ret_problem);
}

static int
set_size(const struct flag *flag, const char *text, uint64_t *member,
         struct problem *ret_problem)
{
    uint64_t size;

    if (!quantity_size(text, &size) || size > flag->max)
        return refuse(flag, text, "a size such as 64MiB or 4GiB", ret_problem);
    *member = size;
    return 0;
}

static int
set_duration(const struct flag *flag, const char *text, uint64_t *member,
             struct problem *ret_problem)
{
    uint64_t ms;

    if (quantity_duration(text, &ms) && ms >= flag->min && ms <= flag->max) {
        *member = ms;
        return 0;
    }
    return refuse(flag, text,
                  flag->max < INT64_MAX ? "a duration of up to an hour, such "
                                          "as 500ms or 10s"
                                        : "a duration such as 10m or 24h",
                  ret_problem);
}

static int
set_moment(const struct flag *flag, const char *text, int64_t *member,
           struct problem *ret_problem)
{
    int64_t ms;

    if (moment_read(text, utc_now_ms(), &ms)) {
        if (ms < (int64_t)flag->min)
            return refuse(flag, text, "a moment after 1970 began", ret_problem);
        *member = ms;
        return 0;
    }
    return refuse(flag, text,
                  "a duration, which is so long ago, such as 10m, a moment "
                  "such as 2026-01-31T12:00Z, or ms since 1970",
                  ret_problem);
}

int
flag_set(const struct flag *flag, const char *text, struct flags *flags,
         struct problem *ret_problem)
{
    void *member = (char *)flags + flag->offset;

    assert(text != NULL || flag->argument == NULL); /* it was taken */
    switch (flag->kind) {
    case FLAG_TEXT:
        return set_text(flag, text, member, ret_problem);
    case FLAG_WORD:
        return find_word(flag, text, member, ret_problem);
    case FLAG_NUMBER:
        return set_number(flag, text, member, ret_problem);
    case FLAG_SIZE:
        return set_size(flag, text, member, ret_problem);
    case FLAG_DURATION:
        return set_duration(flag, text, member, ret_problem);
    case FLAG_MOMENT:
        return set_moment(flag, text, member, ret_problem);
    case FLAG_SWITCH:
        *(bool *)member = true;
        return 0;
    case FLAG_VERSION:
    case FLAG_HELP:
        break; /* they are no members */
    }
    return 0;
}

bool
flag_is_of(const struct flag *flag, const char *name)
{
    char word[64];

    (void)snprintf(word, sizeof(word), " %s ", name);
    return flag->commands == NULL || strstr(flag->commands, word) != NULL;
}
