/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_SECRET_H
#define DAEMON_SECRET_H

#include "config.h"

#include <stdbool.h>

/** Whether a URL names a user, perhaps with a password. */
bool
secret_is_in_url(const char *url);

/** Whether the memory of a collector of this configuration holds any secret. */
bool
secret_is_configured(const struct config *config);

#endif
