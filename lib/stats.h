/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_STATS_H
#define COLLECTOR_LIB_STATS_H

#include "store.h"

/** Show the forecasts where the store stands: they need it every few seconds,
 *  also when nobody asks. */
void
collector__stats_sample(struct collector_store *store);

#endif
