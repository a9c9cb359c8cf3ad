/* SPDX-License-Identifier: MIT */
#ifndef DAMAGE_H
#define DAMAGE_H

/*
 * Stores to be damaged, and what became of their events. Event number N has the
 * payload {"n":N}, or a long one that begins like it.
 */
#include "harness.h"

/** All of a file, NULs included. */
struct bytes {
    char *data;
    size_t size;
};

struct bytes
bytes_read(const char *path);

void
bytes_write(const char *path, struct bytes bytes);

/** Overwrite a part of a file with noise drawn from a seed. */
void
bytes_spoil(const char *path, size_t offset, size_t size, unsigned seed);

/** Turn one bit around. */
void
bytes_flip(const char *path, size_t offset);

/** The names in a directory, and a sum of each file's bytes; without locks and
 *  -shm files. */
const char *
directory_text(const char *dir);

/** Append events number first … last: a hundred an append, each hundredth event
 *  a long one. */
void
damage_append(struct harness *harness, int64_t first, int64_t last);

/**
 * Prepare a store that nobody has open, with events 1 … count, of which the
 * first so many are delivered.
 *
 * @param with_log  As after a power cut: most of it is in the write-ahead log.
 */
void
damage_store_new(struct harness *harness, int64_t count, int64_t delivered,
                 bool with_log);

/** Prepare a store with both files of one that is open, whoever has it open, as
 *  they are when its process is killed. */
void
damage_crash(struct harness *harness, const struct harness *original);

/** The same path with something added. */
const char *
damage_path(const struct harness *harness, const char *suffix);

/** What open says; nothing stays open. */
int
damage_try_open(struct harness *harness);

/** Become somebody whom a mode can keep out, if we are not already; and again
 *  who we were. */
void
damage_lose_rights(const struct harness *harness);

void
damage_regain_rights(void);

/**
 * Open the store with its damaged file to be quarantined, and maintain it until
 * nothing is left to be salvaged.
 */
void
damage_open_and_salvage(struct harness *harness);

/** Assert that the new file is sound, its ledger adds up, and that it holds no
 *  event twice, none out of order, and none that never was. */
void
damage_assert_sound(struct harness *harness, int64_t first, int64_t last);

#endif
