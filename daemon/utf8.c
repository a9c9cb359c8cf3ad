/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 as RFC 3629 has it: each character in its one form, no surrogates, none
 * beyond U+10FFFF. Who let another form pass would let a text mean two things.
 */
#include "utf8.h"

/* Bytes of the character that begins like that; 0 for what begins none. */
static size_t
announced_size(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xC2)
        return 0; /* goes on, or a longer form of ASCII */
    if (first < 0xE0)
        return 2;
    if (first < 0xF0)
        return 3;
    return first < 0xF5 ? 4 : 0;
}

/* Whether the second byte makes a longer form of it, a surrogate, or more than
 * there is. */
static bool
is_out_of_range(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xE0:
        return second < 0xA0;
    case 0xED:
        return second >= 0xA0;
    case 0xF0:
        return second < 0x90;
    case 0xF4:
        return second >= 0x90;
    default:
        return false;
    }
}

size_t
utf8_character_size(const char *text, size_t size)
{
    const unsigned char *at = (const unsigned char *)text;
    const size_t announced = announced_size(at[0]);
    size_t i;

    if (announced > size || (announced > 1 && is_out_of_range(at[0], at[1])))
        return 0;
    for (i = 1; i < announced; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    }
    return announced;
}

bool
utf8_is_valid(const char *text, size_t size)
{
    while (size > 0) {
        const size_t step = utf8_character_size(text, size);

        if (step == 0)
            return false;
        text += step;
        size -= step;
    }
    return true;
}
