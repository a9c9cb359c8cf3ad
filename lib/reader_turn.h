/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_READER_TURN_H
#define COLLECTOR_LIB_READER_TURN_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct collector_reader;

/** What reads for so long, in ms, is in the owner's way: it waits that long for
 *  readers. */
#define COLLECTOR_TURN_SHORT_MS 20

/** Whether the owner of the file asks who reads for long to let it go first: it
 *  can start its log again only when nobody reads from it, and with one reader
 *  after the other it never could. */
bool
collector__turn_is_owners(sqlite3 *db);

/** Wait, before reading for long, until the owner asks no longer, the reader is
 *  interrupted, or so many ms went by, COLLECTOR_READER_TURN_MS_MAX at most. */
void
collector__turn_wait(const struct collector_reader *reader, uint32_t ms_max);

#endif
