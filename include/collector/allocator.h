/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_ALLOCATOR_H
#define COLLECTOR_ALLOCATOR_H

#include <collector/export.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Where the library takes its own memory from, for firmware with a heap of its
 * own. SQLite, Jansson and libcurl have hooks of theirs: sqlite3_config(),
 * json_set_alloc_funcs(), curl_global_init_mem(). What the C library takes for
 * itself, for an open file, a directory or a thread, is not asked for here.
 *
 * All functions may be called on any thread, several at a time, and must not
 * call back into the library.
 */
struct collector_allocator {
    /** size bytes, 1 or more, aligned for any object; NULL when there are
     *  none. */
    void *(*allocate)(void *userdata, size_t size);
    /** Make memory larger or smaller, as realloc() does; NULL as above, and
     *  then the old memory stays. Never called with NULL or with a size of 0.
     */
    void *(*resize)(void *userdata, void *memory, size_t size);
    /** Take memory back. Never called with NULL. */
    void (*release)(void *userdata, void *memory);
    /** Handed to all three. */
    void *userdata;
};

/**
 * Use an allocator for all that the library allocates in this process. Call it
 * once and first, before any other thread uses the library.
 *
 * @param allocator  Copied.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_BUSY (the library has taken memory
 *         already; nothing is changed).
 */
COLLECTOR_API int
collector_allocator_set(const struct collector_allocator *allocator);

#ifdef __cplusplus
}
#endif

#endif
