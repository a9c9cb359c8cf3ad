/* SPDX-License-Identifier: MIT */
#ifndef CTL_FLOW_H
#define CTL_FLOW_H

#include <collector/reader.h>
#include <stdint.h>

/** The longest stretch of time that rates are taken over. */
#define FLOW_WINDOW_MS_MAX (5 * 60 * 1000)

/** How fast events come and go, both over the same stretch of time. */
struct flow {
    /** How long that is, up to now; at least 1. */
    int64_t window_ms;
    /** Events a second: by their own time stamps, and those that left the
     *  backlog. */
    double arrival_rate;
    double settled_rate;
};

/**
 * Measure it, at a cost that does not grow with the number of events.
 *
 * @param ret_flow    Set on success only.
 * @param ret_answer  Set its size first; as collector_reader_query() sets it.
 * @return As collector_reader_query().
 */
int
flow_measure(struct collector_reader *reader, int64_t now_ms,
             struct flow *ret_flow, struct collector_answer *ret_answer);

#endif
