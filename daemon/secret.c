/* SPDX-License-Identifier: MIT */
/* Where secrets are: in files that are named, in URLs, and in a proxy's that
 * the environment names. */
#include "secret.h"

#include <stdlib.h>
#include <string.h>

/* Where libcurl looks for a proxy. */
static const char *const proxy_variables[] = {
    "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

bool
secret_is_in_url(const char *url)
{
    const char *host = strstr(url, "://");

    if (host == NULL)
        return false;
    host += strlen("://");
    return memchr(host, '@', strcspn(host, "/?#")) != NULL;
}

static bool
is_in_environment(void)
{
    const char *url;
    size_t i;

    for (i = 0; i < sizeof(proxy_variables) / sizeof(proxy_variables[0]); i++) {
        url = getenv(proxy_variables[i]);
        if (url != NULL && strchr(url, '@') != NULL)
            return true;
    }
    return false;
}

bool
secret_is_configured(const struct config *config)
{
    if (config->auth_token_file != NULL)
        return true;
    if (config->sink != CONFIG_SINK_WEBHOOK)
        return false;
    return config->webhook_bearer_token_file != NULL ||
           config->webhook_header_file != NULL ||
           config->webhook_certificate_file != NULL ||
           secret_is_in_url(config->webhook_url) ||
           strchr(config->webhook_url, '?') != NULL ||
           secret_is_in_url(config->webhook_proxy) ||
           (strcmp(config->webhook_proxy, "env") == 0 && is_in_environment());
}
