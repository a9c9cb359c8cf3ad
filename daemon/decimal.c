/* SPDX-License-Identifier: MIT */
/* Numbers as text, where there are too many of them for printf. */
#include "decimal.h"

#include <stddef.h>

char *
decimal_write(char *at, uint64_t number)
{
    char digits[DECIMAL_SIZE_MAX];
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}
