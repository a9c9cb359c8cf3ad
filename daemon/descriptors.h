/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_DESCRIPTORS_H
#define DAEMON_DESCRIPTORS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * See to it that the process may have so many descriptors open.
 *
 * @param ret_count  How many it may; set when the limit could be read.
 * @return Whether they are enough. When nothing is known of a limit, yes.
 */
bool
descriptors_allow(uint64_t count, uint64_t *ret_count);

#endif
