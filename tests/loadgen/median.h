/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_MEDIAN_H
#define LOADGEN_MEDIAN_H

#include <stddef.h>

/** The median of an odd number of figures, which are sorted. */
double
median_of(double *figures, size_t count);

#endif
