/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_EFFECTIVE_H
#define DAEMON_EFFECTIVE_H

#include "option.h"

#include <jansson.h>

/**
 * What an option is set to, as a config file has it, but for what may be
 * secret in a URL: user, password and query.
 *
 * @return Yours; NULL when it is not set, is no part of a configuration, or
 *         there is no memory.
 */
json_t *
effective_value(const struct option *option, const struct config *config);

/** Whether an option is set to the same in both. */
bool
effective_is_same(const struct option *option, const struct config *a,
                  const struct config *b);

/** Print all that is set: a config file, but for those secrets. 0, or -1. */
int
effective_print(const struct config *config, FILE *stream);

#endif
