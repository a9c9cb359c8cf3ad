/* SPDX-License-Identifier: MIT */
#ifndef CTL_CARD_H
#define CTL_CARD_H

#include "screen.h"

#include <collector/reader.h>

/** Write a row for people: a line for each column that is there, its name
 *  before its value, which is never cut. 0, or -1 when out of memory. */
int
card_write(const struct screen *screen, const struct collector_row *row);

#endif
