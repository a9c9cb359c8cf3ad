/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_ORIGIN_H
#define DAEMON_ORIGIN_H

#include <stdbool.h>

/**
 * Whether a browser sends a request for a page of another site, which may ask
 * for what changes something without ever seeing the answer. A site that gives
 * its own name our address (DNS rebinding) is not found out: Host and Origin
 * are its name then. What keeps it out is that a browser has no token for it.
 *
 * @param fetch_site  Sec-Fetch-Site (W3C Fetch Metadata); NULL when absent: a
 *                    browser leaves it out without TLS, but on this machine.
 * @param origin      Origin (RFC 6454); NULL when absent, as from anything but
 *                    a browser.
 * @param host        Host; NULL when absent.
 */
bool
origin_is_foreign(const char *fetch_site, const char *origin, const char *host);

#endif
