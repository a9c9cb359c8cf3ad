/* SPDX-License-Identifier: MIT */
/* How many descriptors the process may have: as many as it needs, if the system
 * lets it. */
#include "descriptors.h"

#include <sys/resource.h>

bool
descriptors_allow(uint64_t count, uint64_t *ret_count)
{
    const rlim_t wanted = (rlim_t)count;
    struct rlimit limit;
    rlim_t before;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return true;
    before = limit.rlim_cur;
    if (before < wanted) {
        limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
            limit.rlim_cur = before;
    }
    *ret_count = limit.rlim_cur;
    return limit.rlim_cur >= wanted;
}
