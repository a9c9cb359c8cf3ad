/* SPDX-License-Identifier: MIT */
#ifndef ROW_MEMBER_H
#define ROW_MEMBER_H

#include <collector/reader.h>

/** A value of a row by its column's name; NULL when there is none. */
const struct collector_value *
row_member(const struct collector_row *row, const char *name);

/** The same as a whole number; 0 when it is none. */
int64_t
row_member_integer(const struct collector_row *row, const char *name);

/** The same as a text of the row's; "" when it is none. */
const char *
row_member_text(const struct collector_row *row, const char *name);

#endif
