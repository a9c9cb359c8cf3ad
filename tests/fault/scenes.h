/* SPDX-License-Identifier: MIT */
#ifndef SCENES_H
#define SCENES_H

/*
 * What a store does while it is in trouble: every public function of the
 * library, in every way it can end, is in one of the scenes.
 */
#include "script.h"

struct scene {
    const char *name;
    /** What was before; nothing fails yet. NULL: nothing was. */
    void (*prepare)(struct script *script);
    /** What is done in trouble. */
    void (*play)(struct script *script);
    /** Whether another file takes over, so that the claims are about two. */
    bool replaces;
    /** What else may be wrong afterwards; NULL for nothing. @return What is;
     *  NULL when nothing is. */
    const char *(*judge)(struct script *script);
};

extern const struct scene scenes[];
extern const size_t scene_count;

#endif
