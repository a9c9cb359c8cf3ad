/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_EXPORT_H
#define COLLECTOR_EXPORT_H

/* Everything the library does not mark stays inside it. */
#if defined(__GNUC__)
#define COLLECTOR_API __attribute__((visibility("default")))
#else
#define COLLECTOR_API
#endif

#endif
