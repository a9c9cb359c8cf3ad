/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_STORE_FILE_H
#define COLLECTOR_LIB_STORE_FILE_H

#include "store.h"

/**
 * Open the connections to the file, and read whose it is. Nobody uses them.
 *
 * @return As collector__connection_open().
 */
int
collector__store_connect(struct collector_store *store);

/** Close them, half-open ones too. */
void
collector__store_disconnect(struct collector_store *store);

#endif
