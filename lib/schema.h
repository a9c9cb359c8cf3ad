/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_SCHEMA_H
#define COLLECTOR_LIB_SCHEMA_H

#include "database.h"

/** In the header of every store: "CLTR". */
#define COLLECTOR_APPLICATION_ID 0x434c5452

/** The schema that this version writes. */
#define COLLECTOR_SCHEMA_VERSION 3

/**
 * Make the file ready: look for damage, create or migrate it in one
 * transaction, mint its collector_id. A file that isn't ours is not touched,
 * and neither is a damaged one, unless it is to be quarantined.
 *
 * @return As collector__database_connect(), and ERR_NEWER.
 */
int
collector__schema_prepare(struct collector__database *database);

/**
 * The same without the looking, for a file that is known to be sound or not
 * there.
 *
 * @param more  Statements to run on it at the end; NULL for none.
 */
int
collector__schema_make(struct collector__database *database, const char *more);

#endif
