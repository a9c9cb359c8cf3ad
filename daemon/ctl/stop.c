/* SPDX-License-Identifier: MIT */
/* An end that somebody asks for. */
#include "stop.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static atomic_bool asked;
static struct collector_reader *_Atomic interrupted;

static void
take_signal(int number)
{
    struct collector_reader *reader = atomic_load(&interrupted);

    (void)number;
    atomic_store(&asked, true);
    if (reader != NULL)
        collector_reader_interrupt(reader);
}

void
stop_watch(void)
{
    struct sigaction action = {.sa_handler = take_signal};

    (void)sigaction(SIGINT, &action, NULL); /* valid signals */
    (void)sigaction(SIGTERM, &action, NULL);
}

bool
stop_is_asked(void)
{
    return atomic_load(&asked);
}

void
stop_set_reader(struct collector_reader *reader)
{
    atomic_store(&interrupted, reader);
}

/* A pipe that nobody reads any more is noticed without writing into it. */
bool
stop_rest(int ms)
{
    struct pollfd out = {.fd = STDOUT_FILENO};

    if (stop_is_asked())
        return false;
    return poll(&out, 1, ms) <= 0 && !stop_is_asked();
}
