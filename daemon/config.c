/* SPDX-License-Identifier: MIT */
/*
 * The command line. Everything is checked here, so that what leaves this file
 * can be used as it is.
 */
#include "config.h"

#include "config_file.h"
#include "option.h"
#include "secret.h"

#include <assert.h>
#include <string.h>

/* A walk along the command line, one option a step. */
struct walk {
    int argc;
    char *const *argv;
    int next;
    /* What the last step found; value is NULL for those without one. */
    const struct option *option;
    const char *value;
    /* The option as it was written, without a value: for problems. */
    char where[80];
};

/* A switch may stand alone, and is then true. */
static bool
is_switch_value(const char *argument)
{
    return argument != NULL &&
           (strcmp(argument, "true") == 0 || strcmp(argument, "false") == 0);
}

static int
take_value(struct walk *walk, const char *assigned, struct problem *ret_problem)
{
    const char *following =
        walk->next < walk->argc ? walk->argv[walk->next] : NULL;

    walk->value = assigned;
    if (walk->option->argument == NULL)
        return assigned == NULL
                   ? 0
                   : problem_say(ret_problem, "%s: expected no value",
                                 walk->where);
    if (assigned != NULL)
        return 0;
    if (walk->option->kind == OPTION_SWITCH && !is_switch_value(following)) {
        walk->value = "true";
        return 0;
    }
    if (following == NULL)
        return problem_say(ret_problem, "%s: expected a value, %s", walk->where,
                           walk->option->argument);
    walk->value = following;
    walk->next++;
    return 0;
}

/* A word that is no option: perhaps it was meant for the switch before it. */
static int
refuse_stray(const struct walk *walk, const char *argument,
             struct problem *ret_problem)
{
    const bool after_switch =
        walk->option != NULL && walk->option->kind == OPTION_SWITCH;
    char quoted[128];

    option_quote(argument, quoted, sizeof(quoted));
    return problem_say(ret_problem, "%s: expected an option%s%s, see -help",
                       quoted, after_switch ? ", or true or false behind " : "",
                       after_switch ? walk->where : "");
}

/* 1 for an option, 0 at the end, -1 for a problem. */
static int
walk_step(struct walk *walk, struct problem *ret_problem)
{
    const char *argument;
    const char *name;
    size_t name_size;

    if (walk->next >= walk->argc)
        return 0;
    argument = walk->argv[walk->next++];
    name = argument + strspn(argument, "-");
    if (name == argument || name > argument + 2 || *name == '\0')
        return refuse_stray(walk, argument, ret_problem);
    name_size = strcspn(name, "=");
    (void)snprintf(walk->where, sizeof(walk->where), "-%.*s",
                   (int)(name_size < 64 ? name_size : 64), name);
    walk->option = option_find(name, name_size);
    if (walk->option == NULL)
        return problem_say(ret_problem, "%s is not an option, see -help",
                           option_may_show(name) ? walk->where : "that");
    if (take_value(walk, name[name_size] == '=' ? name + name_size + 1 : NULL,
                   ret_problem) < 0)
        return -1;
    return 1;
}

/* Find what must be known before any value is looked at. */
static int
look_ahead(int argc, char *const *argv, const char **ret_path,
           enum config_action *ret_action, struct problem *ret_problem)
{
    struct walk walk = {.argc = argc, .argv = argv, .next = 1};
    int rc;

    while ((rc = walk_step(&walk, ret_problem)) > 0) {
        assert(walk.option != NULL); /* it took one */
        if (walk.option->kind == OPTION_CHECK)
            *ret_action = CONFIG_CHECK;
        if (walk.option->kind == OPTION_HELP ||
            walk.option->kind == OPTION_VERSION) {
            *ret_action = walk.option->kind == OPTION_HELP
                              ? CONFIG_SHOW_HELP
                              : CONFIG_SHOW_VERSION;
            return 0;
        }
        if (walk.option->kind == OPTION_CONFIG)
            *ret_path = walk.value;
    }
    return rc;
}

/* What stands on the command line can be read by all. */
static bool
is_secret(const struct walk *walk)
{
    assert(walk->option != NULL); /* the walk has taken a step */
    return (walk->option->kind == OPTION_URL ||
            walk->option->kind == OPTION_PROXY) &&
           walk->value != NULL && secret_is_in_url(walk->value);
}

static int
apply_flags(int argc, char *const *argv, struct config *config,
            struct problem *ret_problem)
{
    struct walk walk = {.argc = argc, .argv = argv, .next = 1};
    int rc;

    while ((rc = walk_step(&walk, ret_problem)) > 0) {
        if (is_secret(&walk))
            return problem_say(ret_problem,
                               "%s: expected no credentials, which ps shows "
                               "to everybody: put it into the -config file",
                               walk.where);
        if (option_set(walk.option, walk.where, walk.value, config,
                       ret_problem) < 0)
            return -1;
    }
    return rc;
}

static int
check(const struct config *config, struct problem *ret_problem)
{
    if (config->sink == CONFIG_SINK_FILE && config->file_path == NULL)
        return problem_say(ret_problem,
                           "-sink \"file\": expected -file-path beside it");
    if (config->sink == CONFIG_SINK_WEBHOOK && config->webhook_url == NULL)
        return problem_say(
            ret_problem, "-sink \"webhook\": expected -webhook-url beside it");
    return 0;
}

int
config_parse(int argc, char *const *argv, struct config *ret_config,
             enum config_action *ret_action, struct problem *ret_problem)
{
    struct config config = {.db = NULL};
    enum config_action action = CONFIG_RUN;
    const char *path = NULL;
    int rc;

    rc = look_ahead(argc, argv, &path, &action, ret_problem);
    if (rc < 0 || action == CONFIG_SHOW_HELP || action == CONFIG_SHOW_VERSION)
        goto out;
    rc = option_set_defaults(&config, ret_problem);
    if (rc == 0 && path != NULL)
        rc = config_file_read(path, &config, ret_problem);
    if (rc == 0)
        rc = apply_flags(argc, argv, &config, ret_problem);
    if (rc == 0)
        rc = check(&config, ret_problem);
out:
    if (rc < 0) {
        config_release(&config);
        return -1;
    }
    *ret_config = config;
    *ret_action = action;
    return 0;
}

void
config_take_over(struct config *config, struct config *other)
{
    const struct option *option;
    size_t i;

    for (i = 0; (option = option_at(i)) != NULL; i++) {
        if (!option->fixed)
            option_swap(option, config, other);
    }
    config_release(other);
}

void
config_release(struct config *config)
{
    option_release(config);
}
