/* SPDX-License-Identifier: MIT */
#ifndef REFUSAL_H
#define REFUSAL_H

/*
 * A collectord that is about to be asked for what it must refuse. Whatever the
 * test does, only the event before it and the one after it may be stored. One
 * thread, one at a time: setup and teardown are a test case's.
 */
#include "site.h"

extern struct daemon *collectord;
extern int port;

void
refusal_setup(void);

void
refusal_teardown(void);

#endif
