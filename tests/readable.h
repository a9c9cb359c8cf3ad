/* SPDX-License-Identifier: MIT */
#ifndef READABLE_H
#define READABLE_H

/* A store whose clock stands still, and a reader of its file. */
#include "harness.h"
#include "reading.h"

/** When that is. */
#define NOW "1700000000000"

extern struct harness harness;
extern struct collector_reader *reader;

/** Before each test. */
void
readable_start(void);

/** After each test. */
void
readable_stop(void);

/** Have another reader ask, of which an answer has no more rows than that. */
void
readable_limit_rows(uint32_t rows_max);

#endif
