/* SPDX-License-Identifier: MIT */
#ifndef TROUBLE_H
#define TROUBLE_H

/*
 * Calls of one kind, of which the n-th fails, or that and all later ones: what
 * a store can be put through. Whoever stands before the calls asks here.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct trouble {
    /** Such as "write, EIO". */
    const char *name;
    /** Which errors may be answered because of it, as error_set() has them. */
    unsigned errors;
    /** And which more where it lasts. */
    unsigned lasting_errors;
    /** It never lasts: nobody could wait for it to end. */
    bool passes;
    /** Which call fails, counted from 1; 0 for none. */
    uint64_t number;
    /** Whether all that come after it fail as well. */
    bool lasts;
    _Atomic bool armed;
    _Atomic uint64_t seen;
    _Atomic uint64_t failed;
};

/** A set of one error. */
unsigned
error_set(int rc);

/** Count from now on, and fail as told. */
void
trouble_arm(struct trouble *trouble, uint64_t number, bool lasts);

/** One more such call is about to be made: whether it fails. Any thread. */
bool
trouble_strikes(struct trouble *trouble);

/** Nothing fails any more. @return How many calls were seen. */
uint64_t
trouble_heal(struct trouble *trouble);

/** Whether anything has failed since it was armed, and still may. */
bool
trouble_is_felt(const struct trouble *trouble);

#endif
