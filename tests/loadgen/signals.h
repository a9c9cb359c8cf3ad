/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_SIGNALS_H
#define LOADGEN_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/** Have those signals that ask the program to end wait for signals_wait(), on
 *  this thread and all that it starts. */
void
signals_block(sigset_t *ret_before);

/** Wait for one of them. Returns which one. */
int
signals_wait(void);

/** Wait for one of them, so long and no longer. Whether one has come. */
bool
signals_wait_for(long ms);

#endif
