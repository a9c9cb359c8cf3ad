/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_READ_ERROR_H
#define COLLECTOR_LIB_READ_ERROR_H

#include <sqlite3.h>

/**
 * With which errno the system last refused to read the file or its log through
 * a connection; 0 when it never has. SQLite calls that damage, like bytes that
 * are read and wrong.
 */
int
collector__read_error(sqlite3 *db);

#endif
