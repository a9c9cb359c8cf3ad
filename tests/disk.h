/* SPDX-License-Identifier: MIT */
#ifndef DISK_H
#define DISK_H

/*
 * A small disk of the test's own, that can be filled and emptied: a tmpfs that
 * only this process and its children see, and that goes with them. One thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of a mebibyte. */
#define DISK_MIB ((size_t)1024 * 1024)

/** Mount one of this size on an empty directory. @return False, after words on
 *  stdout, where that is not allowed: then there is nothing to be tested. */
bool
disk_mount(const char *dir, size_t size);

/** Bytes that are free on it. */
uint64_t
disk_free_size(const char *dir);

/** Take all that is free but so many bytes. */
void
disk_fill(const char *dir, uint64_t left_size);

/** Give back what disk_fill() took, if it has been called. */
void
disk_empty(const char *dir);

#endif
