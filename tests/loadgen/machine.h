/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_MACHINE_H
#define LOADGEN_MACHINE_H

#include <jansson.h>

/** What the figures were measured on, and the time that the storage of this
 *  directory takes for an fsync. NULL without memory. */
json_t *
machine_describe(const char *directory);

/** That as a line on stdout. */
void
machine_print(const json_t *machine);

#endif
