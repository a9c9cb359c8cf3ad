/* SPDX-License-Identifier: MIT */
/* Attempts and a random number to milliseconds. Pure. */
#include "backoff.h"

uint32_t
collector__backoff_ms(const struct collector__backoff *backoff,
                      uint32_t failures, uint64_t random)
{
    uint64_t ceiling = backoff->base_ms;
    uint32_t i;

    if (failures == 0)
        return 0;
    for (i = 1; i < failures && ceiling < backoff->max_ms; i++)
        ceiling *= 2;
    if (ceiling > backoff->max_ms)
        ceiling = backoff->max_ms;
    return (uint32_t)(random % (ceiling + 1));
}
