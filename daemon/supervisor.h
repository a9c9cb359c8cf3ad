/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_SUPERVISOR_H
#define DAEMON_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Tell the service manager something, in the form of sd_notify(3):
 * "READY=1\nSTATUS=serving". Nothing happens without a NOTIFY_SOCKET, and
 * nothing goes wrong: it is told again, or was not listening.
 */
__attribute__((format(printf, 1, 2))) void
supervisor_tell(const char *format, ...);

/** Whether there is one that listens. */
bool
supervisor_exists(void);

/** How often to tell it WATCHDOG=1, in ms: twice as often as it wants to hear;
 *  0 when it does not. */
uint64_t
supervisor_watchdog_ms(void);

#endif
