/* SPDX-License-Identifier: MIT */
/*
 * A write that is cut short says so to its caller, who then writes the rest:
 * that is what fails.
 */
#include "storage.h"

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
    if (call->kind == fault->kind && is_cut && !trouble->lasts) {
        is_cut = false;
        return fault->error;
    }
    if (call->kind == fault->kind && trouble_strikes(trouble))
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
