/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_UTF8_H
#define COLLECTOR_LIB_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/** Whether a text is UTF-8. */
bool
collector__utf8_is_valid(const char *text, size_t size);

#endif
