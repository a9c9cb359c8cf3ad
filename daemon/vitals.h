/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_VITALS_H
#define DAEMON_VITALS_H

#include <stdint.h>

/** What the process takes of the system; 0 for what the system does not say. */
struct vitals {
    /** Seconds since 1970. It moves with a clock that is set. */
    uint64_t started_at_s;
    uint64_t cpu_ns;
    uint64_t resident_size;
    uint64_t descriptors;
    uint64_t descriptors_max;
};

void
vitals_read(struct vitals *ret_vitals);

#endif
