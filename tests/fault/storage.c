/* SPDX-License-Identifier: MIT */
/*
 * A write that is cut short says so to its caller, who then writes the rest:
 * that is what fails.
 */
#include "storage.h"

#include <fcntl.h>

static struct trouble *trouble;
static const struct storage_fault *fault;

/** Whether a write was just cut short. */
static bool is_cut;

void
storage_fail(struct trouble *chosen, const struct storage_fault *chosen_fault)
{
    trouble = chosen;
    fault = chosen_fault;
    is_cut = false;
}

/** Whether it is of the kind that fails. To give up a lock can't fail on a
 * local disk, and SQLite would hold it for as long as it has the file open. */
static bool
is_chosen(const struct call *call)
{
    return call->kind == fault->kind &&
           !(call->kind == CALL_LOCK && call->flags == F_UNLCK);
}

/** What becomes of a call that the trouble has struck. */
static int
fail(struct call *call)
{
    if (!fault->is_short || call->size < 2 || is_cut)
        return fault->error;
    call->size /= 2;
    is_cut = true;
    return 0;
}

static int
before(void *userdata, struct call *call)
{
    (void)userdata;
    if (is_chosen(call) && is_cut && !trouble->lasts) {
        is_cut = false;
        return fault->error;
    }
    if (is_chosen(call) && trouble_strikes(trouble))
        return fail(call);
    return call->kind == CALL_SYNC ? CALL_PRETEND : 0;
}

void
storage_watch(const char *directory)
{
    static const struct call_observer observer = {.before = before};

    is_cut = false;
    calls_observe(directory, directory != NULL ? &observer : NULL);
}
