/* SPDX-License-Identifier: MIT */
#ifndef SALVAGED_H
#define SALVAGED_H

/*
 * Whether all events of a damaged file, which are those of serial.h, are in the
 * one that has taken over.
 */
#include "claims.h"

#include <collector/collector.h>

/** Maintain a store until all is read. @return What is wrong; NULL when nothing
 *  is. */
const char *
salvaged_finish(struct collector_store *store);

/**
 * Whether each undelivered event is in the new file once, and so is what it has
 * confirmed itself.
 *
 * @param first  The serial number of the first one, up to last.
 * @return What is wrong; NULL when nothing is.
 */
const char *
salvaged_fault(const char *path, const struct claims *claims, int64_t first,
               int64_t last);

#endif
