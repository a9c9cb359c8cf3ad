/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_READER_FUNCTIONS_H
#define COLLECTOR_LIB_READER_FUNCTIONS_H

#include <sqlite3.h>
#include <stdbool.h>

/** Whether anybody may ask for a function of this name. */
bool
collector__function_is_harmless(const char *name);

/** Leave no more of the functions than is harmless, where a part of one is not.
 */
void
collector__functions_narrow(sqlite3 *db);

#endif
