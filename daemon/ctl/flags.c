/* SPDX-License-Identifier: MIT */
/*
 * The command line. Options may stand anywhere, and one that would change
 * nothing about a command is a mistake: whoever wrote it expects something of
 * it.
 */
#include "flags.h"

#include "flag.h"
#include "option.h"

#include <string.h>
#include <strings.h>

/* To look through a file takes as long as to read it. */
#define VERIFY_DEADLINE_MS (10 * 60 * 1000)

/* Of what is quoted in a problem. */
#define QUOTED_SIZE_MAX 100

/* "dead-letters replay", and what may stand there by mistake, cut. */
#define NAME_SIZE 48

/* A walk along the command line. */
struct walk {
    int argc;
    char *const *argv;
    int next;
    bool options_ended;
    bool given[FLAG_COUNT_MAX];
};

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
    const struct flag *flag = flag_find(name, size);
    const char *value;

    if (flag == NULL)
        return problem_say(ret_problem, "%.*s is not an option, see -help%s",
                           QUOTED_SIZE_MAX,
                           option_may_show(argument) ? argument : "that",
                           flags->command != NULL
                               ? "; what begins so and is none stands behind --"
                               : "");
    if (take_value(walk, flag, name[size] == '=' ? name + size + 1 : NULL,
                   &value, ret_problem) < 0)
        return -1;
    walk->given[flag_place(flag)] = true;
    if (flag->kind == FLAG_HELP)
        *action = FLAGS_SHOW_HELP;
    else if (flag->kind == FLAG_VERSION && *action == FLAGS_RUN)
        *action = FLAGS_SHOW_VERSION;
    return flag_set(flag, value, flags, ret_problem);
}

static bool
is_url(const char *text)
{
    return strncasecmp(text, "http://", 7) == 0 ||
           strncasecmp(text, "https://", 8) == 0;
}

static void
set_target(struct flags *flags, const char *target)
{
    flags->target = target;
    flags->is_url = is_url(target);
}

/* The second word; or the first was one, and this is what it is asked of. */
static int
take_command(const char *word, struct flags *flags, struct problem *ret_problem)
{
    char quoted[OPTION_QUOTED_SIZE];

    flags->command = command_find(word);
    if (flags->command != NULL)
        return 0;
    flags->command = command_find(flags->target);
    if (flags->command == NULL) {
        option_quote(word, quoted, sizeof(quoted));
        return problem_say(ret_problem, "%s is not a command, see -help",
                           quoted);
    }
    set_target(flags, word);
    return 0;
}

/* The target, the command, or one of its arguments. */
static int
take_word(const char *word, struct flags *flags, struct problem *ret_problem)
{
    char quoted[OPTION_QUOTED_SIZE];

    if (flags->target == NULL) {
        set_target(flags, word);
        return 0;
    }
    if (flags->command == NULL)
        return take_command(word, flags, ret_problem);
    if (flags->argument_count == flags->command->argument_count_max) {
        option_quote(word, quoted, sizeof(quoted));
        return problem_say(ret_problem, "%s: expected nothing like %s",
                           flags->command->name, quoted);
    }
    flags->arguments[flags->argument_count++] = word;
    return 0;
}

/* No option has a blank in the place of its name: that's SQL. */
static bool
is_comment(const char *argument)
{
    return strncmp(argument, "--", 2) == 0 && argument[2] != '\0' &&
           strchr(" \t\r\n", argument[2]) != NULL;
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
    if (!walk->options_ended && argument[0] == '-' && argument[1] != '\0' &&
        !is_comment(argument))
        return take_flag(walk, argument, flags, action, ret_problem);
    if (flags->target == NULL && strcmp(argument, "help") == 0)
        *action = FLAGS_SHOW_HELP; /* a file that is called so is ./help */
    return take_word(argument, flags, ret_problem);
}

/* What options are judged by: a command, or one of its actions. */
static const char *
write_name(const struct flags *flags, char ret_name[NAME_SIZE])
{
    const struct command *command = flags->command;
    const char *action =
        flags->argument_count > 0 ? flags->arguments[0] : command->action;

    if (command->action == NULL)
        return command->name;
    (void)snprintf(ret_name, NAME_SIZE, "%s %s", command->name,
                   option_may_show(action) ? action : "(not shown)");
    return ret_name;
}

static int
check_options(const struct walk *walk, const struct flags *flags,
              enum command_target target, struct problem *ret_problem)
{
    char text[NAME_SIZE];
    const char *name = write_name(flags, text);
    const struct flag *flag;
    size_t i;

    for (i = 0; (flag = flag_at(i)) != NULL; i++) {
        if (walk->given[i] && !flag_is_of(flag, name))
            return problem_say(ret_problem, "-%s changes nothing about %s",
                               flag->name, name);
        if (walk->given[i] && (flag->target & target) == 0)
            return problem_say(ret_problem, "-%s is for a %s", flag->name,
                               flags->is_url ? "file" : "URL");
    }
    return 0;
}

/* What can only be judged when all is known. */
/* What was meant for a URL is no file, and its mistake is not to be shown:
 * there may be a password behind it. */
static bool
is_strange_url(const struct flags *flags)
{
    const char *target = flags->target != NULL ? flags->target : "";

    return !flags->is_url && strchr("./", *target) == NULL &&
           strstr(target, "://") != NULL;
}

static int
check(const struct walk *walk, const struct flags *flags,
      struct problem *ret_problem)
{
    const enum command_target target =
        flags->is_url ? COMMAND_URL : COMMAND_FILE;

    if (flags->command == NULL)
        return problem_say(ret_problem, "expected %s, see -help",
                           flags->target == NULL ||
                                   command_find(flags->target) != NULL
                               ? "a file or a URL"
                               : "a command");
    if (is_strange_url(flags))
        return problem_say(ret_problem, "expected a file, or a URL that begins "
                                        "with http:// or https://");
    if ((flags->command->target & target) == 0)
        return problem_say(ret_problem, "%s: %s", flags->command->name,
                           flags->command->instead);
    if (flags->argument_count < flags->command->argument_count_min)
        return problem_say(ret_problem, "%s: expected %s", flags->command->name,
                           flags->command->arguments);
    return check_options(walk, flags, target, ret_problem);
}

/* They fit: a test prints them. */
static void
set_defaults(struct flags *flags)
{
    const struct flag *flag;
    struct problem problem;
    size_t i;

    flags->backlog_max = FLAGS_UNKNOWN;
    flags->size_max = FLAGS_UNKNOWN;
    for (i = 0; (flag = flag_at(i)) != NULL; i++) {
        if (flag->value != NULL)
            (void)flag_set(flag, flag->value, flags, &problem);
    }
}

/* Whoever asks for less time may have it. */
static void
give_time(const struct walk *walk, struct flags *flags)
{
    const struct flag *deadline = flag_find("deadline", 8);

    if (!walk->given[flag_place(deadline)] && flags->command->run == run_verify)
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
    const struct flag *flag;
    size_t i;

    (void)fputs("usage: collectorctl [options] FILE|URL COMMAND [arguments]\n\n"
                "Asks a collector: its file, which may be in use, or by HTTP "
                "the one at URL.\nThe command may also come first: a file "
                "that is called like one is ./stats.\n\n",
                out);
    print_commands(out);
    (void)fputs("\nOptions:\n", out);
    for (i = 0; (flag = flag_at(i)) != NULL; i++) {
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
