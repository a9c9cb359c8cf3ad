/* SPDX-License-Identifier: MIT */
#ifndef SIEGE_H
#define SIEGE_H

/*
 * A collectord with its defaults, and a few healthy producers that must not
 * feel what else is done to it. Half of them keep their connection, the others
 * open one for each event. One siege at a time; begin and end are a test
 * case's setup and teardown.
 */
#include "site.h"

/** 99 of 100 events of the healthy are confirmed in less than that, counted
 *  from the first attempt. A sanitizer makes all of it several times slower. */
#define SIEGE_P99_MS 1000
#define SIEGE_P99_MS_SANITIZED 10000

/** What the collector may ever have had resident, for the attacks here: its 20
 *  MiB, and a megabyte or two for each large body that is on its way. */
#define SIEGE_RESIDENT_KB_MAX (64 * 1024)

/** The port of the besieged. */
extern int siege_port;

/** Start the collector and the producers, and wait until each of these has an
 *  event confirmed. */
void
siege_begin(void);

/** Assert that the collector lives, that the healthy were served in time, that
 *  its memory stayed within the bound, that it ends when it is told to, and
 *  that all that was confirmed is in the file, once and as it was sent. */
void
siege_end(void);

/** Kilobytes that the collector has had resident at most. */
long
siege_resident_kb(void);

#endif
