/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_ROW_JSON_H
#define DAEMON_ROW_JSON_H

#include <collector/reader.h>
#include <stdio.h>

/** Write a text as a JSON string: what is not UTF-8 becomes U+FFFD. A stream
 *  remembers that it has failed. */
void
row_json_text(FILE *out, const char *text, size_t size);

/** Write one value. JSON goes as it is, a blob as its hexadecimal digits, a
 *  number that JSON has no word for as null. */
void
row_json_value(FILE *out, const struct collector_value *value);

/** Write a row as an object, its columns in their order. A payload that is not
 *  there is left out: the JSON value null is one. */
void
row_json_write(FILE *out, const struct collector_row *row);

#endif
