/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_READER_TURN_H
#define COLLECTOR_LIB_READER_TURN_H

#include <stdint.h>

struct collector_reader;

/**
 * Wait before reading for long, while the file's owner asks for that: it can
 * start its log again only when nobody reads from it, and with one reader after
 * the other it never could. Ends as soon as the owner could, or the reader is
 * interrupted, or so many ms went by, COLLECTOR_READER_TURN_MS_MAX at most. The
 * reader is connected.
 */
void
collector__reader_wait_turn(struct collector_reader *reader, uint32_t ms_max);

#endif
