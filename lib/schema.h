/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_SCHEMA_H
#define COLLECTOR_LIB_SCHEMA_H

#include "database.h"

/** In the header of every store: "CLTR". */
#define COLLECTOR_APPLICATION_ID 0x434c5452

/** The schema that this version writes. */
#define COLLECTOR_SCHEMA_VERSION 2

/**
 * Make the file ready: create or migrate it in one transaction, mint its
 * collector_id, and look for damage. A file that isn't ours is not touched.
 *
 * @return As collector__database_connect(), and ERR_NEWER.
 */
int
collector__schema_prepare(struct collector__database *database);

#endif
