/* SPDX-License-Identifier: MIT */
/*
 * The command line. Options may stand anywhere, and one that would change
 * nothing about a command is a mistake: whoever wrote it expects something of
 * it.
 */
#include "flags.h"

#include "moment.h"
#include "quantity.h"
#include "utc.h"

#include <assert.h>
#include <collector/reader.h>
#include <inttypes.h>
#include <string.h>

#define TIMEOUT_MS_MAX (60 * 60 * 1000)

/* Enough to begin with. */
#define COUNT_MAX 1000

/* To look through a file takes as long as to read it. */
#define VERIFY_DEADLINE_MS (10 * 60 * 1000)

/* Of what is quoted in a problem. */
#define QUOTED_SIZE_MAX 100

/* What a flag's value is, and so how it is read. */
enum kind {
    KIND_TEXT,
    KIND_WORD,
    KIND_NUMBER,
    KIND_DURATION,
    KIND_MOMENT,
    KIND_SWITCH,
    KIND_VERSION,
    KIND_HELP
};

/* In the order of enum format. */
static const char *const format_words[] = {"table", "json", "csv", "ndjson",
                                           NULL};
static const char *const status_words[] = {"success", "dead", "dropped",
                                           "error", NULL};

/* One flag, in the one table of all. */
struct flag {
    const char *name;
    /* The form of its value; NULL when it takes none. */
    const char *argument;
    /* The default, as one would write it; NULL for none. */
    const char *value;
    const char *help;
    enum kind kind;
    /* What it is for, of a file and a URL. */
    enum command_target target;
    /* The member of struct flags. */
    size_t offset;
    /* The commands that it is for, with spaces around; NULL: all. */
    const char *commands;
    uint64_t min;
    uint64_t max;
    const char *const *words;
};

#define MEMBER(member) .offset = offsetof(struct flags, member)

static const struct flag all_flags[] = {
    {"format", "table|json|csv|ndjson", "table", "how rows are written",
     KIND_WORD, MEMBER(format),
     " stats tail events event query devices runs dead-letters verify ",
     .target = COMMAND_BOTH, .words = format_words},
    {"limit", "N", "1000", "rows at most", KIND_NUMBER, MEMBER(limit),
     " events query devices runs dead-letters ", .target = COMMAND_BOTH,
     .min = 1, .max = FLAGS_LIMIT_MAX},
    {"after", "ID", NULL, "begin behind this id", KIND_NUMBER, MEMBER(after),
     " events devices dead-letters ", .target = COMMAND_BOTH, .min = 0,
     .max = INT64_MAX},
    {"before", "ID", NULL, "begin before this id", KIND_NUMBER, MEMBER(before),
     " events runs ", .target = COMMAND_BOTH, .min = 1, .max = INT64_MAX},
    {"device", "DEVICE_ID", NULL, "events of this device only", KIND_TEXT,
     MEMBER(device), " tail events ", .target = COMMAND_BOTH},
    {"kind", "KIND", NULL, "events of this kind only", KIND_TEXT, MEMBER(kind),
     " tail events ", .target = COMMAND_BOTH},
    {"text", "TEXT", NULL, "events with this in their payload only", KIND_TEXT,
     MEMBER(text), " tail events ", .target = COMMAND_BOTH},
    {"since", "WHEN", NULL, "events stamped at WHEN or later", KIND_MOMENT,
     MEMBER(since), " events ", .target = COMMAND_BOTH},
    {"until", "WHEN", NULL, "events stamped before WHEN", KIND_MOMENT,
     MEMBER(until), " events ", .target = COMMAND_BOTH},
    {"n", "N", "10", "how many of the latest events to begin with", KIND_NUMBER,
     MEMBER(count), " tail ", .target = COMMAND_BOTH, .min = 0,
     .max = COUNT_MAX},
    {"f", NULL, NULL, "go on with what comes, until it is stopped", KIND_SWITCH,
     MEMBER(follow), " tail ", .target = COMMAND_BOTH},
    {"silent", "DURATION", NULL, "devices not seen for so long only",
     KIND_DURATION, MEMBER(silent_ms), " devices ", .target = COMMAND_BOTH,
     .min = 1, .max = INT64_MAX},
    {"status", "success|dead|dropped|error", NULL, "runs that ended so only",
     KIND_TEXT, MEMBER(status), " runs ", .target = COMMAND_BOTH,
     .words = status_words},
    {"yes", NULL, NULL, "all of them are meant", KIND_SWITCH, MEMBER(yes),
     " dead-letters ", .target = COMMAND_BOTH},
    {"whole", NULL, NULL, "look at every page and every index too", KIND_SWITCH,
     MEMBER(whole), " verify ", .target = COMMAND_BOTH},
    {"max-backlog", "N", NULL,
     "what the collector was told, for when it is full; else its default",
     KIND_NUMBER, MEMBER(backlog_max), " mcp stats ", .target = COMMAND_FILE,
     .min = 0, .max = INT64_MAX},
    {"max-size", "SIZE", NULL, "likewise, such as 4GiB; 0 is no limit",
     KIND_SIZE, MEMBER(size_max), " mcp stats ", .target = COMMAND_FILE,
     .min = 0, .max = INT64_MAX},
    {"live", NULL, NULL, "whether it serves, and not whether it delivers",
     KIND_SWITCH, MEMBER(live), " health ", .target = COMMAND_URL},
    {"deadline", "DURATION", "5s",
     "how long a question may keep the file; 10m for verify", KIND_DURATION,
     MEMBER(deadline_ms), NULL, .target = COMMAND_FILE, .min = 1,
     .max = COLLECTOR_READER_DEADLINE_MS_MAX},
    {"timeout", "DURATION", "30s", "how long a collector may take to answer",
     KIND_DURATION, MEMBER(timeout_ms), NULL, .target = COMMAND_URL, .min = 1,
     .max = TIMEOUT_MS_MAX},
    {"token-file", "FILE", NULL, "the bearer token to show, alone in a file",
     KIND_TEXT, MEMBER(token_file), NULL, .target = COMMAND_URL},
    {"ca-file", "FILE", NULL, "PEM, whom to trust instead of the system's list",
     KIND_TEXT, MEMBER(ca_file), NULL, .target = COMMAND_URL},
    {"version", NULL, NULL, "print the version", KIND_VERSION,
     .target = COMMAND_BOTH},
    {"help", NULL, NULL, "print this", KIND_HELP, .target = COMMAND_BOTH},
};

#define FLAG_COUNT (sizeof(all_flags) / sizeof(all_flags[0]))

/* A walk along the command line. */
struct walk {
    int argc;
    char *const *argv;
    int next;
    bool options_ended;
    bool given[FLAG_COUNT];
};

static const struct flag *
find_flag(const char *name, size_t size)
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
    return problem_say(ret_problem, "-%s \"%.*s\": expected %s", flag->name,
                       QUOTED_SIZE_MAX, text, expected);
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
    uint64_t i;

    if (flag->words != NULL && find_word(flag, text, &i, ret_problem) < 0)
        return -1;
    if (*text == '\0')
        return refuse(flag, text, "a value", ret_problem);
    *member = text;
    return 0;
}

static int
set_number(const struct flag *flag, const char *text, uint64_t *member,
           struct problem *ret_problem)
{
    uint64_t number;

    if (quantity_number(text, &number) && number >= flag->min &&
        number <= flag->max) {
        *member = number;
        return 0;
    }
    return problem_say(ret_problem,
                       "-%s \"%.*s\": expected a number from %" PRIu64
                       " to %" PRIu64,
                       flag->name, QUOTED_SIZE_MAX, text, flag->min, flag->max);
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
    if (moment_read(text, utc_now_ms(), member))
        return 0;
    return refuse(flag, text,
                  "a duration, which is so long ago, such as 10m, a moment "
                  "such as 2026-01-31T12:00Z, or ms since 1970",
                  ret_problem);
}

static int
set_flag(const struct flag *flag, const char *text, struct flags *flags,
         struct problem *ret_problem)
{
    void *member = (char *)flags + flag->offset;

    assert(text != NULL || flag->argument == NULL); /* it was taken */
    switch (flag->kind) {
    case KIND_TEXT:
        return set_text(flag, text, member, ret_problem);
    case KIND_WORD:
        return find_word(flag, text, member, ret_problem);
    case KIND_NUMBER:
        return set_number(flag, text, member, ret_problem);
    case KIND_DURATION:
        return set_duration(flag, text, member, ret_problem);
    case KIND_MOMENT:
        return set_moment(flag, text, member, ret_problem);
    case KIND_SWITCH:
        *(bool *)member = true;
        return 0;
    case KIND_VERSION:
    case KIND_HELP:
        break; /* they are no members */
    }
    return 0;
}

/* The value of a flag: behind =, or the next argument. */
static int
take_value(struct walk *walk, const struct flag *flag, const char *assigned,
           const char **ret_value, struct problem *ret_problem)
{
    *ret_value = assigned;
    if (flag->argument == NULL)
        return assigned == NULL
                   ? 0
                   : problem_say(ret_problem, "-%s: expected no value",
                                 flag->name);
    if (assigned != NULL)
        return 0;
    if (walk->next == walk->argc)
        return problem_say(ret_problem, "-%s: expected a value, %s", flag->name,
                           flag->argument);
    *ret_value = walk->argv[walk->next++];
    return 0;
}

static int
take_flag(struct walk *walk, const char *argument, struct flags *flags,
          enum flags_action *action, struct problem *ret_problem)
{
    const char *name = argument + (argument[1] == '-' ? 2 : 1);
    const size_t size = strcspn(name, "=");
    const struct flag *flag = find_flag(name, size);
    const char *value;

    if (flag == NULL)
        return problem_say(ret_problem, "%.*s is not an option, see -help%s",
                           QUOTED_SIZE_MAX, argument,
                           flags->command != NULL
                               ? "; what begins so and is none stands behind --"
                               : "");
    if (take_value(walk, flag, name[size] == '=' ? name + size + 1 : NULL,
                   &value, ret_problem) < 0)
        return -1;
    walk->given[flag - all_flags] = true;
    if (flag->kind == KIND_HELP)
        *action = FLAGS_SHOW_HELP;
    else if (flag->kind == KIND_VERSION && *action == FLAGS_RUN)
        *action = FLAGS_SHOW_VERSION;
    return set_flag(flag, value, flags, ret_problem);
}

static bool
is_url(const char *text)
{
    return strncmp(text, "http://", 7) == 0 ||
           strncmp(text, "https://", 8) == 0;
}

/* The target, the command, or one of its arguments. */
static int
take_word(const char *word, struct flags *flags, struct problem *ret_problem)
{
    if (flags->target == NULL) {
        flags->target = word;
        flags->is_url = is_url(word);
        return 0;
    }
    if (flags->command == NULL) {
        flags->command = command_find(word);
        return flags->command != NULL
                   ? 0
                   : problem_say(ret_problem,
                                 "\"%.*s\" is not a command, see -help",
                                 QUOTED_SIZE_MAX, word);
    }
    if (flags->argument_count == flags->command->argument_count_max)
        return problem_say(ret_problem, "%s: expected nothing like \"%.*s\"",
                           flags->command->name, QUOTED_SIZE_MAX, word);
    flags->arguments[flags->argument_count++] = word;
    return 0;
}

static int
walk_step(struct walk *walk, struct flags *flags, enum flags_action *action,
          struct problem *ret_problem)
{
    const char *argument = walk->argv[walk->next++];

    if (!walk->options_ended && strcmp(argument, "--") == 0) {
        walk->options_ended = true;
        return 0;
    }
    if (!walk->options_ended && argument[0] == '-' && argument[1] != '\0')
        return take_flag(walk, argument, flags, action, ret_problem);
    return take_word(argument, flags, ret_problem);
}

static bool
is_of_command(const struct flag *flag, const char *name)
{
    char word[32];

    (void)snprintf(word, sizeof(word), " %s ", name);
    return flag->commands == NULL || strstr(flag->commands, word) != NULL;
}

/* What can only be judged when all is known. */
static int
check(const struct walk *walk, const struct flags *flags,
      struct problem *ret_problem)
{
    const enum command_target target =
        flags->is_url ? COMMAND_URL : COMMAND_FILE;
    size_t i;

    if (flags->command == NULL)
        return problem_say(ret_problem, "expected %s, see -help",
                           flags->target == NULL ? "a file or a URL"
                                                 : "a command");
    if ((flags->command->target & target) == 0)
        return problem_say(ret_problem, "%s: %s", flags->command->name,
                           flags->command->instead);
    if (flags->argument_count < flags->command->argument_count_min)
        return problem_say(ret_problem, "%s: expected %s", flags->command->name,
                           flags->command->arguments);
    for (i = 0; i < FLAG_COUNT; i++) {
        if (walk->given[i] &&
            !is_of_command(&all_flags[i], flags->command->name))
            return problem_say(ret_problem, "-%s changes nothing about %s",
                               all_flags[i].name, flags->command->name);
        if (walk->given[i] && (all_flags[i].target & target) == 0)
            return problem_say(ret_problem, "-%s is for a %s",
                               all_flags[i].name,
                               flags->is_url ? "file" : "URL");
    }
    return 0;
}

/* They fit: a test prints them. */
static void
set_defaults(struct flags *flags)
{
    struct problem problem;
    size_t i;

    for (i = 0; i < FLAG_COUNT; i++) {
        if (all_flags[i].value != NULL)
            (void)set_flag(&all_flags[i], all_flags[i].value, flags, &problem);
    }
}

/* Whoever asks for less time may have it. */
static void
give_time(const struct walk *walk, struct flags *flags)
{
    const struct flag *deadline = find_flag("deadline", 8);

    if (!walk->given[deadline - all_flags] && flags->command->run == run_verify)
        flags->deadline_ms = VERIFY_DEADLINE_MS;
}

int
flags_parse(int argc, char *const *argv, struct flags *ret_flags,
            enum flags_action *ret_action, struct problem *ret_problem)
{
    struct walk walk = {.argc = argc, .argv = argv, .next = 1};
    enum flags_action action = FLAGS_RUN;

    memset(ret_flags, 0, sizeof(*ret_flags));
    set_defaults(ret_flags);
    while (walk.next < argc) {
        if (walk_step(&walk, ret_flags, &action, ret_problem) < 0)
            return -1;
    }
    if (action == FLAGS_RUN) {
        if (check(&walk, ret_flags, ret_problem) < 0)
            return -1;
        give_time(&walk, ret_flags);
    }
    *ret_action = action;
    return 0;
}

static void
print_commands(FILE *out)
{
    const struct command *command;
    size_t i;

    (void)fputs("Commands:\n", out);
    for (i = 0; (command = command_at(i)) != NULL; i++)
        (void)fprintf(out, "  %s%s%s\n        %s\n", command->name,
                      *command->arguments != '\0' ? " " : "",
                      command->arguments, command->help);
}

void
flags_print_help(FILE *out)
{
    size_t i;

    (void)fputs("usage: collectorctl [options] FILE|URL COMMAND [arguments]\n\n"
                "Asks a collector: its file, which may be in use, or by HTTP "
                "the one at URL.\n\n",
                out);
    print_commands(out);
    (void)fputs("\nOptions:\n", out);
    for (i = 0; i < FLAG_COUNT; i++) {
        const struct flag *flag = &all_flags[i];

        (void)fprintf(out, "  -%s%s%s\n        %s", flag->name,
                      flag->argument != NULL ? " " : "",
                      flag->argument != NULL ? flag->argument : "", flag->help);
        if (flag->value != NULL)
            (void)fprintf(out, " (default %s)", flag->value);
        (void)fputc('\n', out);
    }
    (void)fputs("\nAlso as --name value, -name=value and --name=value; behind "
                "-- there are no options.\nThe exit status is 0, 1 on failure "
                "or when something is not well, 2 for a mistake\non the "
                "command line, 3 when verify could not look. See "
                "collectorctl(1).\n",
                out);
}
