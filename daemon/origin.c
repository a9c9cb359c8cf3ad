/* SPDX-License-Identifier: MIT */
/* Whose page a browser asks for: where no token is needed, any page in it could
 * otherwise have the collector do what an operator may. */
#include "origin.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/** Whether an origin is the host that was asked, by HTTP or by way of a proxy
 *  that does TLS. */
static bool
is_host(const char *origin, const char *host)
{
    static const char *const schemes[] = {"http://", "https://"};
    size_t i;

    for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        const size_t size = strlen(schemes[i]);

        if (strncasecmp(origin, schemes[i], size) == 0)
            return host != NULL && strcasecmp(origin + size, host) == 0;
    }
    return false;
}

bool
origin_is_foreign(const char *fetch_site, const char *origin, const char *host)
{
    if (fetch_site != NULL)
        return strcmp(fetch_site, "same-origin") != 0 &&
               strcmp(fetch_site, "none") != 0; /* typed by the user */
    return origin != NULL && !is_host(origin, host);
}
