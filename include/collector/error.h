/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_ERROR_H
#define COLLECTOR_ERROR_H

#include <collector/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Why a call did not do what it was asked to do.
 *
 * A code exists only where a caller would act differently on it.
 */
enum collector_error {
    /** It was done. */
    COLLECTOR_OK = 0,
    /** An argument, an event or a text is malformed. Asking again won't help.
     */
    COLLECTOR_ERR_INVALID = -1,
    /** A field, an event count or a text is over its limit. Split it. */
    COLLECTOR_ERR_TOO_BIG = -2,
    /** backlog_max or size_max would be passed. Nothing was stored; try later.
     */
    COLLECTOR_ERR_FULL = -3,
    /** Somebody else has it right now: a batch is out, or a lock is held. Try
     *  later. */
    COLLECTOR_ERR_BUSY = -4,
    /** Another store has this file, here or in another process. */
    COLLECTOR_ERR_LOCKED = -5,
    /** The storage failed. Nothing was stored; the log has the details. */
    COLLECTOR_ERR_IO = -6,
    /** The storage has no room. Nothing was stored; try later. */
    COLLECTOR_ERR_NOSPACE = -7,
    /** The file is damaged. */
    COLLECTOR_ERR_CORRUPT = -8,
    /** The file is not a collector's store. It was not touched. */
    COLLECTOR_ERR_FOREIGN = -9,
    /** The file was written by a newer version. It was not touched. */
    COLLECTOR_ERR_NEWER = -10,
    /** Out of memory. Nothing was stored. */
    COLLECTOR_ERR_NOMEM = -11,
    /** A delivery or a snapshot was interrupted by cancel, or a question. */
    COLLECTOR_ERR_CANCELLED = -12,
    /** This version, or this build of it, lacks what is asked for. */
    COLLECTOR_ERR_UNSUPPORTED = -13,
    /** The idempotency key was used with other events. Nothing was stored. */
    COLLECTOR_ERR_CONFLICT = -14,
    /** There is a file of that name already. It was not touched. */
    COLLECTOR_ERR_EXISTS = -15,
    /** The handle came through fork(): it is its maker's. Free it here. */
    COLLECTOR_ERR_FORK = -16,
    /** It took longer than it may. Ask for less, or allow it more time. */
    COLLECTOR_ERR_TIMEOUT = -17
};

/**
 * The words for a code, such as "the buffer is full".
 *
 * @param rc  What a function of this library returned.
 * @return A static text, never NULL; "unknown error" for any other number.
 *         Any thread.
 */
COLLECTOR_API const char *
collector_error_text(int rc);

#ifdef __cplusplus
}
#endif

#endif
