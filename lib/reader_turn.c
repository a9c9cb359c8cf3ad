/* SPDX-License-Identifier: MIT */
/*
 * When it is a reader's turn. Two readers that take long, one after the other,
 * hold the log without a pause. When each lets the owner go first for as long
 * as a question of theirs may take, all of them wait at some moment.
 */
#include "reader_turn.h"

#include "lock.h"
#include "reader.h"

#include <unistd.h>

/* How often it is looked whether the owner still asks. */
#define PAUSE_US 5000

static int64_t
now_ms(void)
{
    return collector__clock_monotonic_ms(&collector__clock_system);
}

bool
collector__turn_is_owners(sqlite3 *db)
{
    /* Links are followed: the lock is where the file is. */
    return db != NULL &&
           collector__lock_is_asked(sqlite3_db_filename(db, "main"));
}

void
collector__turn_wait(const struct collector_reader *reader, uint32_t ms_max)
{
    const int64_t until = now_ms() + (ms_max < COLLECTOR_READER_TURN_MS_MAX
                                          ? ms_max
                                          : COLLECTOR_READER_TURN_MS_MAX);

    while (collector__turn_is_owners(reader->db) && now_ms() < until &&
           !collector__guard_is_interrupted(&reader->guard))
        (void)usleep(PAUSE_US); /* shorter is as good */
}
