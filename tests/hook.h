/* SPDX-License-Identifier: MIT */
#ifndef HOOK_H
#define HOOK_H

/*
 * A webhook sink with a fake upstream behind it and five events before it. One
 * thread, one at a time: setup and teardown are a test case's.
 */
#include "fixture.h"
#include "upstream.h"

struct hook {
    struct fixture fixture;
    struct upstream *upstream;
    /** What the sink will be made of; change them before the first delivery. */
    struct collector_webhook_options options;
    /** NULL before the first delivery. */
    struct collector_sink *sink;
};

extern struct hook hook;

void
hook_setup(void);

void
hook_teardown(void);

/** Offer the two oldest events, on a sink made of the options. Returns what the
 *  sink did. */
int
hook_try(struct collector_delivery *ret_delivery);

/** The same, where the sink can say what became of them. */
struct collector_delivery
hook_deliver(void);

#endif
