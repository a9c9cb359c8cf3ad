/* SPDX-License-Identifier: MIT */
/*
 * Each function does what the one of libc's does, or says that there is no
 * memory. What libc allocates inside of a function is one piece here.
 */
#include "memory.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if MEMORY_OF_CURL
#include <curl/curl.h>
#endif

/* Called by the library instead of what it was compiled to call. */
void *
memory_malloc(size_t size);
void *
memory_realloc(void *memory, size_t size);
void
memory_free(void *memory);
char *
memory_realpath(const char *path, char *resolved);
DIR *
memory_opendir(const char *path);
int
memory_closedir(DIR *directory);
FILE *
memory_fopen64(const char *path, const char *mode);
int
memory_fclose(FILE *file);
int
memory_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                      void *(*run)(void *), void *userdata);

static struct trouble *trouble;
static _Atomic int64_t live_count;
static sqlite3_mem_methods sqlite_memory;

int64_t
memory_live_count(void)
{
    return atomic_load(&live_count);
}

/** Whether there is none; errno says so. */
static bool
is_out(void)
{
    if (trouble == NULL || !trouble_strikes(trouble))
        return false;
    errno = ENOMEM;
    return true;
}

/** Count a piece, if there is one. */
static void *
count(void *piece)
{
    if (piece != NULL)
        atomic_fetch_add(&live_count, 1);
    return piece;
}

static void
forget(const void *piece)
{
    if (piece != NULL)
        atomic_fetch_sub(&live_count, 1);
}

void *
memory_malloc(size_t size)
{
    return is_out() ? NULL : count(malloc(size));
}

void *
memory_realloc(void *memory, size_t size)
{
    const bool is_new = memory == NULL;
    void *moved = is_out() ? NULL : realloc(memory, size);

    return is_new ? count(moved) : moved;
}

void
memory_free(void *memory)
{
    forget(memory);
    free(memory);
}

/** It takes memory for long paths, and gives that back itself. */
char *
memory_realpath(const char *path, char *resolved)
{
    return is_out() ? NULL : realpath(path, resolved);
}

DIR *
memory_opendir(const char *path)
{
    return is_out() ? NULL : count(opendir(path));
}

int
memory_closedir(DIR *directory)
{
    forget(directory);
    return closedir(directory);
}

FILE *
memory_fopen64(const char *path, const char *mode)
{
    return is_out() ? NULL : count(fopen(path, mode));
}

int
memory_fclose(FILE *file)
{
    forget(file);
    return fclose(file);
}

/* A thread's stack is memory, too. */
int
memory_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                      void *(*run)(void *), void *userdata)
{
    return is_out() ? EAGAIN
                    : pthread_create(thread, attributes, run, userdata);
}

/**
 * Jansson 2.14 does not notice when its token can't grow, by doubling from 16
 * bytes on: it reads behind the buffer, or aborts. So the library asks for that
 * memory first, and what is asked for then is there.
 */
static void *
jansson_malloc(size_t size)
{
    const bool is_growth = size > 16 && (size & (size - 1)) == 0;

    return is_growth ? count(malloc(size)) : memory_malloc(size);
}

static void *
sqlite_malloc(int size)
{
    return is_out() ? NULL : count(sqlite_memory.xMalloc(size));
}

static void
sqlite_free(void *memory)
{
    forget(memory);
    sqlite_memory.xFree(memory);
}

/* SQLite never calls it with NULL, or for nothing. */
static void *
sqlite_realloc(void *memory, int size)
{
    return is_out() ? NULL : sqlite_memory.xRealloc(memory, size);
}

static void
watch_sqlite(void)
{
    sqlite3_mem_methods watched;

    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory),
                     SQLITE_OK);
    watched = sqlite_memory;
    watched.xMalloc = sqlite_malloc;
    watched.xFree = sqlite_free;
    watched.xRealloc = sqlite_realloc;
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_MALLOC, &watched), SQLITE_OK);
    /* A connection would set pieces aside, and ask for none of them again. */
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK);
}

#if MEMORY_OF_CURL
static void *
curl_calloc(size_t count_of, size_t size)
{
    return is_out() ? NULL : count(calloc(count_of, size));
}

static char *
curl_strdup(const char *text)
{
    return is_out() ? NULL : count(strdup(text));
}

static void
watch_curl(void)
{
    ck_assert_int_eq(curl_global_init_mem(CURL_GLOBAL_DEFAULT, memory_malloc,
                                          memory_free, memory_realloc,
                                          curl_strdup, curl_calloc),
                     CURLE_OK);
}
#endif

void
memory_watch(struct trouble *watched)
{
    trouble = watched;
    watch_sqlite();
    json_set_alloc_funcs(jansson_malloc, memory_free);
#if MEMORY_OF_CURL
    watch_curl();
#endif
}
