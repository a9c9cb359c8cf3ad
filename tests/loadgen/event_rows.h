/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_EVENT_ROWS_H
#define LOADGEN_EVENT_ROWS_H

#include "receipts.h"
#include "telemetry.h"
#include "trouble.h"

/**
 * Look up every event that has a receipt in the collector's file, also while
 * the collector writes to it, and compare it with what was sent.
 *
 * @param receipts  In the order of their ids.
 * @param troubles  Gets what is missing or different.
 * @return How many rows were compared.
 */
uint64_t
event_rows_compare(const char *db, const struct telemetry *telemetry,
                   const struct receipts *receipts,
                   struct trouble_list *troubles);

#endif
