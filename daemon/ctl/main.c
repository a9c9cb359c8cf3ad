/* SPDX-License-Identifier: MIT */
/*
 * collectorctl: asks a collector, or its file. Results go to standard output
 * and nothing else does; the statuses that it ends with are in command.h.
 */
#include "command.h"
#include "display.h"
#include "flags.h"
#include "voice.h"

#include <collector/version.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Or the first file that is opened would be standard output. What is written
 * there fails then, and says so. */
static void
hold_standard_streams(void)
{
    int fd = STDIN_FILENO;

    while (fd <= STDERR_FILENO) {
        if (fcntl(fd, F_GETFD) < 0)
            fd = open("/dev/null", O_RDONLY); /* the lowest that is free */
        if (fd < 0)
            _exit(COMMAND_FAILED);
        fd++;
    }
}

static enum command_status
run(const struct flags *flags, enum flags_action action)
{
    switch (action) {
    case FLAGS_RUN:
        return flags->command->run(flags);
    case FLAGS_SHOW_HELP:
        flags_print_help(stdout);
        break;
    case FLAGS_SHOW_VERSION:
        (void)printf("collectorctl %s\n", collector_version());
        break;
    }
    return voice_end_output() ? COMMAND_DONE : COMMAND_FAILED;
}

int
main(int argc, char **argv)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    enum flags_action action;
    struct problem problem;
    struct flags flags;

    hold_standard_streams();
    display_set_up();
    (void)sigaction(SIGPIPE, &ignore, NULL); /* a valid signal */
    if (flags_parse(argc, argv, &flags, &action, &problem) < 0) {
        voice_say("%s", problem.text);
        return COMMAND_USAGE;
    }
    return run(&flags, action);
}
