/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_QUANTITY_H
#define DAEMON_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of any quantity as text, with its NUL. */
#define QUANTITY_SIZE 32

/**
 * Read a whole number: decimal digits and nothing else.
 *
 * @param ret_number  Set on success only.
 * @return Whether the text is one, and fits.
 */
bool
quantity_number(const char *text, uint64_t *ret_number);

/**
 * Read a duration: a whole number and one of ms, s, m, h, d, such as 500ms or
 * 24h. A bare 0 needs no unit.
 *
 * @param ret_ms  Milliseconds; set on success only.
 * @return Whether the text is one, and fits.
 */
bool
quantity_duration(const char *text, uint64_t *ret_ms);

/**
 * Read a size: a whole number, and none or one of B, kB, MB, GB (thousands) and
 * KiB, MiB, GiB (1024s), such as 64MiB.
 *
 * @param ret_size  Bytes; set on success only.
 * @return Whether the text is one, and fits.
 */
bool
quantity_size(const char *text, uint64_t *ret_size);

/** Write a duration so that it is read as the same: in the largest of h, m, s
 *  and ms that it is a whole number of. */
void
quantity_write_duration(uint64_t ms, char ret_text[QUANTITY_SIZE]);

/** Write a size likewise, in GiB, MiB, KiB or bytes. */
void
quantity_write_size(uint64_t size, char ret_text[QUANTITY_SIZE]);

#endif
