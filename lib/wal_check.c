/* SPDX-License-Identifier: MIT */
/*
 * Whether a log was cut short or is damaged. The next transaction is written
 * only once the one before has been synced; its first frame's checksum goes on
 * from that one's last. So a commit with a frame that goes on from it was
 * acknowledged. Just to count commits would not do: after a failed sync the log
 * goes on from further ahead, and what the failed ones wrote still lies behind.
 */
#include "wal_check.h"

#include "clock.h"
#include "wal_frames.h"

#include <collector/error.h>

/* Frames between two looks at the clock. */
#define CLOCK_FRAMES 64

int
collector__wal_check(const char *vfs, const char *path, int64_t *ret_through)
{
    const int64_t deadline =
        collector__clock_monotonic_ms(&collector__clock_system) +
        COLLECTOR_WAL_CHECK_MS_MAX;
    struct collector__wal_frames frames;
    struct collector__wal_frame frame;
    bool broken;
    bool behind_commit = false;
    int64_t through = 0;
    int rc;

    rc = collector__wal_frames_open(vfs, path, &frames);
    if (rc != COLLECTOR_OK)
        return rc;
    *ret_through = -1;
    broken = !frames.is_sound;
    while (collector__wal_frames_next(&frames, &frame)) {
        broken = broken || !frame.is_current || !frame.is_chained;
        if (!broken) {
            through = frame.number;
        } else if (behind_commit && frame.is_current && frame.is_chained) {
            *ret_through = through;
            break;
        } else {
            behind_commit =
                frame.is_commit && (frame.is_current || frame.is_chained);
        }
        if (frame.number % CLOCK_FRAMES == 0 &&
            collector__clock_monotonic_ms(&collector__clock_system) > deadline)
            break;
    }
    rc = frames.file.failed ? COLLECTOR_ERR_IO : COLLECTOR_OK;
    collector__wal_frames_close(&frames);
    return rc;
}
