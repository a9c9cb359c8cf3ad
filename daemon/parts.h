/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_PARTS_H
#define DAEMON_PARTS_H

#include "config.h"

#include <collector/sink.h>
#include <collector/store.h>
#include <collector/uploader.h>

/**
 * Open the store that is configured.
 *
 * @return As collector_store_open(); what went wrong was logged, as with the
 *         others here.
 */
int
parts_open_store(const struct config *config,
                 struct collector_store **ret_store);

/** Give an open store the limits that are configured. As
 *  collector_store_reconfigure(). */
int
parts_change_store(const struct config *config, struct collector_store *store);

/**
 * Make the sink that is configured. It writes no file.
 *
 * @param ret_problem  Set on failure only: this is not logged.
 * @return As the sinks' constructors, and collector_webhook_options_check().
 */
int
parts_new_sink(const struct config *config, struct collector_sink **ret_sink,
               struct problem *ret_problem);

/** Make the uploader, and start it. As its two functions. */
int
parts_start_uploader(const struct config *config, struct collector_store *store,
                     struct collector_sink *sink,
                     struct collector_uploader **ret_uploader);

/** Give the uploader another sink, and what is configured. As
 *  collector_uploader_reconfigure(). */
int
parts_change_uploader(const struct config *config, struct collector_sink *sink,
                      struct collector_uploader *uploader);

#endif
