/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_WEBHOOK_HANDLE_H
#define COLLECTOR_LIB_WEBHOOK_HANDLE_H

#include <collector/sink.h>
#include <curl/curl.h>

/** libcurl's global state: made once, never unmade, since others may use it. */
void
collector__webhook_init_curl(void);

/**
 * See whether libcurl can make sense of a URL.
 *
 * @param schemes  Those that it may have, ended by NULL.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_NOMEM.
 */
int
collector__webhook_check_url(const char *text, const char *const *schemes);

/** Set what is the same for every request of these options. */
CURLcode
collector__webhook_set_up(CURL *easy,
                          const struct collector_webhook_options *options);

#endif
