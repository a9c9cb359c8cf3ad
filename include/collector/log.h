/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LOG_H
#define COLLECTOR_LOG_H

#ifdef __cplusplus
extern "C" {
#endif

/** How much somebody should care about a log line. */
enum collector_log_level {
    /** Nobody, but who looks for a fault. */
    COLLECTOR_LOG_DEBUG = 0,
    /** Nobody: something went as it should. */
    COLLECTOR_LOG_INFO = 1,
    /** Whoever sees it again and again: it may mend itself. */
    COLLECTOR_LOG_WARNING = 2,
    /** Somebody soon: storage or memory fails, or a file is damaged. */
    COLLECTOR_LOG_ERROR = 3
};

/**
 * Receives one line, without a line break. The library itself never prints.
 *
 * Called on whichever thread has something to say, several at a time. It must
 * not call back into the library, and should not take long: others may wait.
 *
 * @param userdata  As given with the callback.
 * @param line      Borrowed for the call; holds no credentials.
 */
typedef void (*collector_log_fn)(void *userdata, enum collector_log_level level,
                                 const char *line);

#ifdef __cplusplus
}
#endif

#endif
