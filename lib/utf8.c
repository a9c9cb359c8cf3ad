/* SPDX-License-Identifier: MIT */
/* What is UTF-8, by RFC 3629: found out without memory, which may be wanting.
 */
#include "utf8.h"

#include <stdint.h>

/* The surrogates, which are halves of characters in UTF-16 and none here. */
#define SURROGATE_FIRST 0xd800
#define SURROGATE_LAST 0xdfff

#define CHARACTER_MAX 0x10ffff

/** Bytes of the character that begins with this one; 0 when none does. */
static size_t
size_of(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc0)
        return 0;
    if (first < 0xe0)
        return 2;
    if (first < 0xf0)
        return 3;
    return first < 0xf8 ? 4 : 0;
}

/** Whether this is one character, in as few bytes as it takes. */
static bool
is_character(const unsigned char *at, size_t size)
{
    static const uint32_t first_of[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t character = at[0] & (0xffu >> (size + 1));
    size_t i;

    for (i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return false;
        character = character << 6 | (at[i] & 0x3f);
    }
    return character >= first_of[size] && character <= CHARACTER_MAX &&
           (character < SURROGATE_FIRST || character > SURROGATE_LAST);
}

bool
collector__utf8_is_valid(const char *text, size_t size)
{
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *const end = at + size;
    size_t taken;

    for (; at < end; at += taken) {
        taken = size_of(*at);
        if (taken == 1)
            continue;
        if (taken == 0 || taken > (size_t)(end - at) ||
            !is_character(at, taken))
            return false;
    }
    return true;
}
