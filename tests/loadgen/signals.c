/* SPDX-License-Identifier: MIT */
/* SIGTERM and its like come when somebody waits for them, and no sooner. */
#include "signals.h"

#include <time.h>

static void
fill(sigset_t *signals)
{
    (void)sigemptyset(signals);
    (void)sigaddset(signals, SIGHUP);
    (void)sigaddset(signals, SIGINT);
    (void)sigaddset(signals, SIGTERM);
}

void
signals_block(sigset_t *ret_before)
{
    sigset_t signals;

    fill(&signals);
    (void)pthread_sigmask(SIG_BLOCK, &signals, ret_before); /* a valid set */
}

int
signals_wait(void)
{
    sigset_t signals;
    int number = 0;

    fill(&signals);
    (void)sigwait(&signals, &number); /* fails for no valid set */
    return number;
}

bool
signals_wait_for(long ms)
{
    const struct timespec limit = {ms / 1000, ms % 1000 * 1000000};
    sigset_t signals;

    fill(&signals);
    return sigtimedwait(&signals, NULL, &limit) > 0;
}
