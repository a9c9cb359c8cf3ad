/* SPDX-License-Identifier: MIT */
#ifndef SEAL_H
#define SEAL_H

#include "base.h"

/** Make the checksums of a log right for what is in it, so that SQLite reads
 *  it. */
void
seal_log(struct base_file *log);

#endif
