/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_WEBHOOK_PROBE_H
#define COLLECTOR_LIB_WEBHOOK_PROBE_H

#include <collector/sink.h>

/**
 * See whether TLS can be begun with the files of certificates and keys.
 *
 * @param ret_problem  Set when it can't.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_NOMEM.
 */
int
collector__webhook_probe(const struct collector_webhook_options *options,
                         struct collector_problem *ret_problem);

#endif
