/* SPDX-License-Identifier: MIT */
#ifndef MOVES_H
#define MOVES_H

#include <stddef.h>
#include <stdint.h>

/** The part of a script that has not been read. */
struct moves {
    const uint8_t *at;
    const uint8_t *end;
};

/** Read the next number, of so many bytes; what is missing counts as zero. */
uint64_t
moves_number(struct moves *moves, size_t size);

#endif
