/* SPDX-License-Identifier: MIT */
/* Millions of events in the largest appends that there are. */
#include "filler.h"

#include "fault.h"
#include "progress.h"
#include "settler.h"
#include "supply.h"

#include <collector/error.h>
#include <inttypes.h>

/* Appends between two looks at the backlog. */
#define APPENDS_A_SETTLING 10

static int
append(const struct subject *subject, struct supply *supply, size_t count)
{
    const int rc = collector_store_append(subject->store, supply_next(supply),
                                          count, NULL, NULL);

    return rc == COLLECTOR_OK ? 0 : fault_with("append", rc);
}

static int
fill(const struct subject *subject, struct supply *supply, uint64_t event_count,
     bool settled)
{
    uint64_t appended = 0;
    unsigned i;

    for (i = 1; appended < event_count; i++) {
        uint64_t count = event_count - appended;

        if (count > COLLECTOR_APPEND_COUNT_MAX)
            count = COLLECTOR_APPEND_COUNT_MAX;
        if (append(subject, supply, (size_t)count) < 0)
            return -1;
        appended += count;
        progress_say("filling: %" PRIu64 " of %" PRIu64 " events", appended,
                     event_count);
        if (settled &&
            (i % APPENDS_A_SETTLING == 0 || appended == event_count) &&
            settler_settle_all(subject->store) < 0)
            return -1;
    }
    return 0;
}

int
filler_fill(const struct subject *subject, unsigned device_count,
            uint64_t event_count, bool settled)
{
    struct supply *supply =
        supply_new(0, device_count, COLLECTOR_APPEND_COUNT_MAX);
    int status;

    if (supply == NULL)
        return fault("out of memory");
    status = fill(subject, supply, event_count, settled);
    supply_free(supply);
    progress_clear();
    return status;
}
