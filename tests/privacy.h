/* SPDX-License-Identifier: MIT */
#ifndef PRIVACY_H
#define PRIVACY_H

#include <stddef.h>

/** Assert that each file in a directory is for its owner alone, to read and to
 *  write. How many there are. */
size_t
privacy_assert(const char *dir);

#endif
