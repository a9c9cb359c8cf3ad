/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_VERSION_H
#define COLLECTOR_VERSION_H

#include <collector/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of these headers. */
#define COLLECTOR_VERSION "0.1.0"

/** The version of the library that runs. A static text. Any thread. */
COLLECTOR_API const char *
collector_version(void);

#ifdef __cplusplus
}
#endif

#endif
