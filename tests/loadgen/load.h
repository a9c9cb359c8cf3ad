/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_LOAD_H
#define LOADGEN_LOAD_H

#include "address.h"
#include "producer.h"
#include "tally.h"

/** Threads at most: the collector needs the processors more. */
#define LOAD_THREADS_MAX 2

/** Producers that load one server, in one or more runs. One thread. */
struct load;

/**
 * Make one.
 *
 * @param role     "target" or "against", for what is said; borrowed.
 * @param options  Borrowed.
 * @return NULL after the reason was said on stderr.
 */
struct load *
load_new(const char *role, const struct address *address,
         const struct producer_options *options, unsigned producer_count);

/** Load for so long, on new connections, wait for all answers, and hang up. 0,
 *  or -1 after the reason was said on stderr. */
int
load_run(struct load *load, uint64_t duration_ms);

/** How long all runs took together, each up to its last answer, or to the end
 *  of its duration if that came later. */
uint64_t
load_elapsed_ns(const struct load *load);

/** All that came of it; no more runs after that. Borrowed. */
struct tally *
load_tally(struct load *load);

/** NULL is fine. */
void
load_free(struct load *load);

#endif
