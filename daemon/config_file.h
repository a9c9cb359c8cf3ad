/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_CONFIG_FILE_H
#define DAEMON_CONFIG_FILE_H

#include "config.h"

/**
 * Read a config file, a JSON object of options, into a configuration.
 *
 * @param config       What the file does not name stays as it is.
 * @param ret_problem  Set on failure only.
 * @return 0, or -1 when the file can't be read, or does not fit.
 */
int
config_file_read(const char *path, struct config *config,
                 struct problem *ret_problem);

#endif
