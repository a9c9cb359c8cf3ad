/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_DECIMAL_H
#define DAEMON_DECIMAL_H

#include <stdint.h>

/** Digits of the largest number. */
#define DECIMAL_SIZE_MAX 20

/** Write a number, without a NUL. @return The place behind it. */
char *
decimal_write(char *at, uint64_t number);

#endif
