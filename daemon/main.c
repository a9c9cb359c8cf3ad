/* SPDX-License-Identifier: MIT */
/*
 * collectord: what the command line asks for, until somebody says stop. Exits
 * with 0 after a stop, 1 on failure, 2 on usage.
 */
#include "config.h"
#include "console.h"
#include "effective.h"
#include "option.h"
#include "service.h"
#include "supervisor.h"
#include "worker.h"

#include <collector/version.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_USAGE = 2 };

/* What it was started with. */
struct command {
    int argc;
    char *const *argv;
    struct config config;
};

static int
status_of(enum service_result result)
{
    switch (result) {
    case SERVICE_OK:
        return EXIT_SUCCESS;
    case SERVICE_MISTAKE:
        return EXIT_USAGE;
    case SERVICE_FAILURE:
        break;
    }
    return EXIT_FAILURE;
}

/* Signals that stop the daemon are blocked from before the first thread is
 * made, so that they wait for sigtimedwait(). */
static void
block_signals(sigset_t *ret_signals)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    (void)sigemptyset(ret_signals);
    (void)sigaddset(ret_signals, SIGTERM);
    (void)sigaddset(ret_signals, SIGINT);
    (void)sigaddset(ret_signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, ret_signals, NULL); /* a valid set */
    (void)sigaction(SIGPIPE, &ignore, NULL);             /* a valid signal */
}

static void
exit_at_once(int number)
{
    (void)number;
    _exit(EXIT_FAILURE);
}

/* The command line and its file are read again: flags still win. */
static void
reload(struct service *service, struct command *command)
{
    enum config_action action;
    struct problem problem;
    struct config config;

    if (config_parse(command->argc, command->argv, &config, &action, &problem) <
        0)
        console_log(COLLECTOR_LOG_ERROR, "nothing was reloaded: %s",
                    problem.text);
    else if (service_reload(service, &command->config, &config) < 0)
        config_release(&config);
    else
        config_take_over(&command->config, &config);
}

/* Its manager waits until it is ready again, with what was reloaded or not. */
static void
tell_and_reload(struct service *service, struct command *command)
{
    supervisor_tell("RELOADING=1\nMONOTONIC_USEC=%" PRId64,
                    worker_now_ms() * 1000);
    reload(service, command);
    supervisor_tell("READY=1");
}

/* From here on a stop is under way: whoever asks again wants it now. There is
 * nothing left to reload, and a request for it must not end the drain. */
static void
let_signals_end_it(void)
{
    struct sigaction action = {.sa_handler = exit_at_once};
    sigset_t signals;

    (void)sigaction(SIGTERM, &action, NULL); /* valid signals */
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}

static void
serve(struct service *service, struct command *command, const sigset_t *signals)
{
    struct timespec rest = {.tv_nsec = 0};
    int number;
    int ms;

    while ((number = sigtimedwait(signals, NULL, &rest)) < 0 ||
           number == SIGHUP) {
        if (number == SIGHUP)
            tell_and_reload(service, command);
        ms = service_watch(service);
        rest.tv_sec = ms / 1000;
        rest.tv_nsec = ms % 1000 * 1000000L;
    }
    let_signals_end_it();
}

static int
run(struct command *command)
{
    struct service *service = NULL;
    enum service_result result;
    sigset_t signals;

    console_set_format((enum console_format)command->config.log_format);
    block_signals(&signals);
    result = service_start(&command->config, &service);
    if (result == SERVICE_OK) {
        serve(service, command, &signals);
        service_stop(service, command->config.drain_timeout_ms);
    }
    service_free(service);
    return status_of(result);
}

/* Whether what was printed has arrived. */
static int
end_output(void)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
}

static int
check(const struct config *config)
{
    const enum service_result result = service_check(config);

    if (result != SERVICE_OK)
        return status_of(result);
    return effective_print(config, stdout) == 0 ? end_output() : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
    enum config_action action;
    struct problem problem;
    struct command command = {.argc = argc, .argv = argv};
    int status = EXIT_FAILURE;

    if (config_parse(argc, argv, &command.config, &action, &problem) < 0) {
        console_log(COLLECTOR_LOG_ERROR, "%s", problem.text);
        return EXIT_USAGE;
    }
    switch (action) {
    case CONFIG_RUN:
        status = run(&command);
        break;
    case CONFIG_CHECK:
        status = check(&command.config);
        break;
    case CONFIG_SHOW_HELP:
        option_print_help(stdout);
        status = end_output();
        break;
    case CONFIG_SHOW_VERSION:
        (void)printf("collectord %s\n", collector_version());
        status = end_output();
        break;
    }
    config_release(&command.config);
    return status;
}
