/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_RANDOM_H
#define COLLECTOR_LIB_RANDOM_H

#include <stdint.h>

/** Bytes of a UUID as text, with its NUL. */
#define COLLECTOR_UUID_SIZE 37

/** 64 random bits from the kernel. Never blocks once the system is up. */
uint64_t
collector__random(void);

/** A version 4 UUID (RFC 9562, section 5.4) in lower case. */
void
collector__random_uuid(char ret_text[COLLECTOR_UUID_SIZE]);

#endif
