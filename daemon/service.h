/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_SERVICE_H
#define DAEMON_SERVICE_H

#include "config.h"

/** All that runs. The thread that starts it uses it. */
struct service;

/** What became of it. */
enum service_result {
    SERVICE_OK,
    /** It could not, and that was logged. */
    SERVICE_FAILURE,
    /** It was told something that can't be. */
    SERVICE_MISTAKE
};

/** Whether it could start like that, as far as that can be known without
 *  touching the store's file. */
enum service_result
service_check(const struct config *config);

/**
 * Start all of it, on threads that inherit the caller's signal mask.
 *
 * @param config       What is fixed in it is borrowed as long as it runs.
 * @param ret_service  Set on success only.
 */
enum service_result
service_start(const struct config *config, struct service **ret_service);

/**
 * Take over another configuration: all of it that can be changed while it runs,
 * or nothing. Files that it names are read again. What has changed is logged,
 * or why nothing has.
 *
 * @param before  What it runs with.
 * @return 0, or -1 when it goes on like that.
 */
int
service_reload(struct service *service, const struct config *before,
               const struct config *config);

/** Do what is due. In how many milliseconds to call it again. */
int
service_watch(struct service *service);

/** Take no more requests, deliver what can be delivered in that time, and say
 *  what is left. */
void
service_stop(struct service *service, uint32_t drain_ms);

/** NULL is fine. */
void
service_free(struct service *service);

#endif
