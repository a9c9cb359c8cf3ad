/* SPDX-License-Identifier: MIT */
/* Random numbers from the kernel, unless the embedder has his own: no seed, no
 * state, safe across fork. */
#include "random.h"

#include "clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

uint64_t
collector__random(const struct collector__random *random)
{
    uint64_t bits;

    if (random->fn != NULL)
        return random->fn(random->userdata);
    if (getrandom(&bits, sizeof(bits), 0) == (ssize_t)sizeof(bits))
        return bits;
    /* A kernel without getrandom: good enough to spread retries apart. */
    bits = (uint64_t)collector__clock_monotonic_ms(&collector__clock_system);
    return (bits ^ (uint64_t)(uintptr_t)&bits) * UINT64_C(0x9e3779b97f4a7c15);
}

void
collector__random_uuid(const struct collector__random *random,
                       char ret_text[COLLECTOR_UUID_SIZE])
{
    const uint64_t high = collector__random(random);
    const uint64_t low = collector__random(random);

    (void)snprintf(ret_text, COLLECTOR_UUID_SIZE,
                   "%08" PRIx32 "-%04x-4%03x-%04x-%012" PRIx64,
                   (uint32_t)(high >> 32), (unsigned)(high >> 16) & 0xffffu,
                   (unsigned)high & 0xfffu,
                   ((unsigned)(low >> 48) & 0x3fffu) | 0x8000u,
                   low & UINT64_C(0xffffffffffff));
}
