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
 */
#include <collector/batch.h>
#include <collector/clock.h>
#include <collector/dead_letter.h>
#include <collector/error.h>
#include <collector/event.h>
#include <collector/log.h>
#include <collector/sink.h>
#include <collector/store.h>
#include <collector/uploader.h>
#include <collector/version.h>

#endif
