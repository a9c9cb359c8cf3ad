/* SPDX-License-Identifier: MIT */
/* Calls that fail by their number. */
#include "trouble.h"

#include <assert.h>
#include <limits.h>

unsigned
error_set(int rc)
{
    assert(rc <= 0 && rc > -(int)(sizeof(unsigned) * CHAR_BIT));
    return 1U << -rc;
}

void
trouble_arm(struct trouble *trouble, uint64_t number, bool lasts)
{
    trouble->number = number;
    trouble->lasts = lasts;
    atomic_store(&trouble->seen, 0);
    atomic_store(&trouble->failed, 0);
    atomic_store(&trouble->armed, true);
}

bool
trouble_strikes(struct trouble *trouble)
{
    uint64_t number;

    if (!atomic_load(&trouble->armed))
        return false;
    number = atomic_fetch_add(&trouble->seen, 1) + 1;
    if (trouble->number == 0 || number < trouble->number ||
        (number > trouble->number && !trouble->lasts))
        return false;
    atomic_fetch_add(&trouble->failed, 1);
    return true;
}

uint64_t
trouble_heal(struct trouble *trouble)
{
    atomic_store(&trouble->armed, false);
    return atomic_load(&trouble->seen);
}

bool
trouble_is_felt(const struct trouble *trouble)
{
    return atomic_load(&trouble->armed) && atomic_load(&trouble->failed) > 0;
}
