/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_EXPORT_H
#define COLLECTOR_EXPORT_H

/** Marks what the library exports; all else stays inside it. */
#if defined(__GNUC__)
#define COLLECTOR_API __attribute__((visibility("default")))
#else
#define COLLECTOR_API
#endif

/* Structs hold enums, which some compilers make as short as they can. */
#if defined(__ARM_SIZEOF_MINIMAL_ENUM) && __ARM_SIZEOF_MINIMAL_ENUM != 4
#error "libcollector's enums have four bytes: compile with -fno-short-enums"
#endif

#endif
