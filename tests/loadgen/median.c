/* SPDX-License-Identifier: MIT */
/* The figure in the middle, which no single outlier moves. */
#include "median.h"

#include <stdlib.h>

static int
compare(const void *a, const void *b)
{
    const double left = *(const double *)a;
    const double right = *(const double *)b;

    return (left > right) - (left < right);
}

double
median_of(double *figures, size_t count)
{
    qsort(figures, count, sizeof(figures[0]), compare);
    return figures[count / 2];
}
