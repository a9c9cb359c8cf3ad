/* SPDX-License-Identifier: MIT */
#ifndef NOTIFY_H
#define NOTIFY_H

/*
 * A service manager that listens, as sd_notify(3) has it, and remembers what it
 * heard. Daemons that are spawned from then on tell it. One thread.
 */
#include <stddef.h>
#include <stdint.h>

struct notify;

/** Listen on an address as in NOTIFY_SOCKET: a path, or @ and a name. */
struct notify *
notify_new(const char *address);

/** Listen for so long. */
void
notify_listen(struct notify *notify, int timeout_ms);

/** The first message, counted from so many on, that holds this text, as text of
 *  support.h. Fails the test when none comes within SUPPORT_WAIT_MS. */
const char *
notify_wait(struct notify *notify, size_t first, const char *part);

/** How many were heard so far, and how many of them hold this text. */
size_t
notify_count(const struct notify *notify);
size_t
notify_count_of(const struct notify *notify, const char *part);

/** The i-th of those, and when it came, as support_now_ms() counts. */
const char *
notify_message(const struct notify *notify, size_t i);
int64_t
notify_at_ms(const struct notify *notify, size_t i);

/** Stop listening. NULL is fine. */
void
notify_free(struct notify *notify);

#endif
