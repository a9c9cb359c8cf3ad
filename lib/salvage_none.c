/* SPDX-License-Identifier: MIT */
/*
 * A build without the salvage of damaged files: what would put one aside is
 * refused before anything is touched, and all else is as ever.
 */
#include "path.h"
#include "quarantine.h"
#include "salvage.h"

#include <collector/error.h>

int
collector__quarantine_resume(struct collector__database *database)
{
    const char *why = NULL;

    if (database->on_damage == COLLECTOR_DAMAGE_QUARANTINE)
        why = "this build can't quarantine a damaged file";
    /* Whoever began that may have put the damaged file aside already. */
    else if (collector__path_size(database->path, COLLECTOR_FRESH_SUFFIX) >= 0)
        why = "another build was putting a damaged file aside: open it with "
              "that one first";
    if (why == NULL)
        return COLLECTOR_OK;
    collector__log(&database->log, COLLECTOR_LOG_ERROR, "%s: %s",
                   database->path, why);
    return COLLECTOR_ERR_UNSUPPORTED;
}

int
collector__quarantine(struct collector__database *database, const char *words,
                      const char *collector_id)
{
    (void)database; /* never asked for: see above */
    (void)words;
    (void)collector_id;
    return COLLECTOR_ERR_UNSUPPORTED;
}

/** Another build's salvage waits for it. */
int
collector__salvage_run(struct collector_store *store, int64_t ms_max)
{
    (void)store;
    (void)ms_max;
    return COLLECTOR_OK;
}

void
collector__salvage_free(struct collector__salvage *salvage)
{
    (void)salvage; /* there never is one */
}
