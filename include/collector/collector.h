/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_COLLECTOR_H
#define COLLECTOR_COLLECTOR_H

/**
 * libcollector keeps events in one SQLite file and drains it to an upstream.
 *
 * Open a store, append events to it, and drain it into a sink with an uploader.
 * Every function that can fail returns COLLECTOR_OK or a negative enum
 * collector_error. The library starts no thread but the uploader's, prints
 * nothing, and touches no global state of the process.
 *
 * Processes: a handle belongs to the process that made it. In a child after
 * fork() every function that returns an enum collector_error answers
 * COLLECTOR_ERR_FORK, statistics are zeros, a batch can be read, and all can be
 * freed, in the usual order: that lets go of the lock, touches neither the file
 * nor a sink's userdata or connection, and waits for nobody. What a thread of
 * the parent may have been at work on, SQLite's memory and descriptors among
 * it, stays until the child ends or runs another program. A child that does
 * none of these keeps the store locked when its parent is gone.
 *
 * Binary interface: structs that begin with a size may grow at their end, and
 * so may a struct that only the library makes (struct collector_dead_letter);
 * enums may get new values. All else stays as it is while the library's soname
 * does. Struct sizes and offsets are written down in the tests.
 */
#include <collector/allocator.h>
#include <collector/batch.h>
#include <collector/clock.h>
#include <collector/dead_letter.h>
#include <collector/error.h>
#include <collector/event.h>
#include <collector/log.h>
#include <collector/random.h>
#include <collector/sink.h>
#include <collector/store.h>
#include <collector/uploader.h>
#include <collector/version.h>

#endif
