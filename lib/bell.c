/* SPDX-License-Identifier: MIT */
/*
 * Linux's futex, as it is: many threads sleep on one word. Condition variables
 * would do as well, but for a fault in those of glibc up to 2.40 by which a
 * wake-up can be lost (its bug 25847), and these threads wait without a limit.
 */
#include "bell.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

uint32_t
collector__bell_count(const struct collector__bell *bell)
{
    return atomic_load(&bell->rings);
}

void
collector__bell_wait(struct collector__bell *bell, uint32_t count)
{
    if (atomic_load(&bell->rings) == count)
        (void)syscall(SYS_futex, &bell->rings, FUTEX_WAIT_PRIVATE, count, NULL,
                      NULL, 0); /* whatever it says, the caller looks again */
}

void
collector__bell_ring(struct collector__bell *bell)
{
    atomic_fetch_add(&bell->rings, 1);
    (void)syscall(SYS_futex, &bell->rings, FUTEX_WAKE_PRIVATE, INT_MAX, NULL,
                  NULL, 0); /* says how many there were */
}
