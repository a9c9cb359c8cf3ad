/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_WEBHOOK_CHECK_H
#define COLLECTOR_LIB_WEBHOOK_CHECK_H

#include <collector/sink.h>

/**
 * Read options, and see whether a webhook can be made of them, without a look
 * at any file.
 *
 * @param ret_options  Complete on success only.
 * @param ret_problem  Set on failure.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_UNSUPPORTED, ERR_NOMEM.
 */
int
collector__webhook_options_read(const struct collector_webhook_options *options,
                                struct collector_webhook_options *ret_options,
                                struct collector_problem *ret_problem);

#endif
