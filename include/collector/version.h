/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_VERSION_H
#define COLLECTOR_VERSION_H

#include <collector/export.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of these headers as text. */
#define COLLECTOR_VERSION "0.1.0"
/** The same as a number. */
#define COLLECTOR_VERSION_NUMBER COLLECTOR_VERSION_OF(0, 1, 0)

/** A version as a number: larger for a later one. The preprocessor can
 *  compare it too. */
#define COLLECTOR_VERSION_OF(major, minor, patch)                              \
    ((major)*1000000 + (minor)*1000 + (patch))

/** The version of the library that runs, which need not be that of the headers
 *  that a program was compiled with. A static text. Any thread. */
COLLECTOR_API const char *
collector_version(void);

/** The same as a number. Any thread. */
COLLECTOR_API int32_t
collector_version_number(void);

#ifdef __cplusplus
}
#endif

#endif
