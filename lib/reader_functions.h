/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_READER_FUNCTIONS_H
#define COLLECTOR_LIB_READER_FUNCTIONS_H

#include <sqlite3.h>

/** What the functions in one statement may cost, as it is unfolded: 1 each, but
 *  for those that may take half a second. SQLite asks nobody whether to go on
 *  until it has been through all those of a row. */
#define COLLECTOR_FUNCTIONS_COST_MAX 256
#define COLLECTOR_FUNCTIONS_SLOW_COST 32

/** What a function costs there; 0 when nobody may ask for it. */
unsigned
collector__function_cost(const char *name);

/** Leave no more of the functions than is harmless, where a part of one is not.
 */
void
collector__functions_narrow(sqlite3 *db);

#endif
