/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_LOG_H
#define COLLECTOR_LIB_LOG_H

#include <collector/log.h>

/** Bytes of one log line, with its NUL; a longer one is cut. */
#define COLLECTOR_LOG_LINE_SIZE 512

/** Where lines go: the embedder's callback, or nowhere when fn is NULL. */
struct collector__log {
    collector_log_fn fn;
    void *userdata;
};

/** Hand one formatted line to the callback. */
void
collector__log(const struct collector__log *log, enum collector_log_level level,
               const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
