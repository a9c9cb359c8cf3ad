/* SPDX-License-Identifier: MIT */
/* Numbers from bytes of which there may be too few. */
#include "moves.h"

uint64_t
moves_number(struct moves *moves, size_t size)
{
    uint64_t number = 0;

    for (; size > 0; size--) {
        number <<= 8;
        if (moves->at < moves->end)
            number |= *moves->at++;
    }
    return number;
}
