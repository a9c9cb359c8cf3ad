/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_COLLECTOR_H
#define COLLECTOR_COLLECTOR_H

/**
 * @mainpage libcollector
 *
 * libcollector keeps events in one SQLite file and drains it to an upstream.
 *
 * Open a store (store.h) and append events to it (event.h). Drain it into a
 * sink (sink.h) with an uploader (uploader.h), which fetches a batch (batch.h),
 * has the sink deliver it, and checkpoints what became of it. What the receiver
 * refuses for good is a dead letter (dead_letter.h). A reader (reader.h) asks
 * the file questions, beside all that. All else is optional: where log lines,
 * the time, random numbers and memory go to or come from (log.h, clock.h,
 * random.h, allocator.h).
 *
 * Results: a function that can fail returns COLLECTOR_OK or a negative enum
 * collector_error, and its comment lists all that it may return, without the
 * COLLECTOR_ in front. A ret_x is set on success only, unless its comment says
 * otherwise.
 *
 * Ownership: what you pass in is borrowed for the call, unless it is said to be
 * copied or kept. A handle from _open, _new or _fetch is yours to free with its
 * _free. Texts are UTF-8 and end with NUL.
 *
 * Units: what ends in _ms is milliseconds, in _size bytes, in _count things, in
 * _max the most of them, in _at or ts milliseconds since 1970-01-01 UTC.
 *
 * Threads: any thread may use a store or an uploader, and free it once no other
 * one does; one at a time a batch or a reader. The library starts no thread but
 * the uploader's, prints nothing, handles no signal, and touches no global
 * state of the process, except that the first webhook sink initialises libcurl.
 *
 * Callbacks: a sink's operations and the callbacks of a listing and of a
 * reader's answer are called without a lock held, and may call the library. All
 * others must not.
 *
 * Processes: a handle belongs to the process that made it. In a child after
 * fork() every function on it that returns an enum collector_error answers
 * COLLECTOR_ERR_FORK, which the lists leave out, statistics are zeros, a batch
 * can be read, and all can be freed, in the usual order: that lets go of the
 * lock, touches neither the file nor a sink's userdata or connection, and waits
 * for nobody. What a thread of the parent may have been at work on, SQLite's
 * memory and descriptors among it, stays until the child ends or runs another
 * program. A child that does none of these keeps the store locked when its
 * parent is gone.
 *
 * Binary interface: while the soname stays, so do names, numbers and what a
 * zero means. A struct that begins with its size may grow at its end, and
 * programs and libraries of different versions work together:
 *   - What an older program's options lack has its default.
 *   - What a newer program's options have beyond those of the library must be
 *     zero, as the init function leaves it; anything else is something that
 *     this library can't do, and is refused with COLLECTOR_ERR_UNSUPPORTED.
 *   - An older program's statistics are filled as far as they go, and what a
 *     newer program's have beyond the library's is zero.
 *
 * A struct that only the library makes (struct collector_dead_letter, struct
 * collector_row) may grow as well, and enums may get new values. All other
 * structs stay as they are.
 */
#include <collector/allocator.h>
#include <collector/batch.h>
#include <collector/clock.h>
#include <collector/dead_letter.h>
#include <collector/error.h>
#include <collector/event.h>
#include <collector/log.h>
#include <collector/problem.h>
#include <collector/random.h>
#include <collector/reader.h>
#include <collector/sink.h>
#include <collector/store.h>
#include <collector/uploader.h>
#include <collector/version.h>

#endif
