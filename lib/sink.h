/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_SINK_H
#define COLLECTOR_LIB_SINK_H

#include <collector/sink.h>

/** Whether a sink can be used here. @return COLLECTOR_OK, ERR_INVALID for NULL,
 *  ERR_FORK. */
int
collector__sink_check(const struct collector_sink *sink);

#endif
