/* SPDX-License-Identifier: MIT */
#ifndef CTL_CSV_H
#define CTL_CSV_H

#include <collector/reader.h>
#include <stdio.h>

/** Write the names of a row's columns as a line, as RFC 4180 has it. The stream
 *  remembers that it has failed. */
void
csv_write_names(FILE *out, const struct collector_row *row);

/** Write a row as a line. What is not there is empty, and an empty text is "".
 *  Blobs are hexadecimal digits. */
void
csv_write(FILE *out, const struct collector_row *row);

#endif
