/* SPDX-License-Identifier: MIT */
#ifndef SCENE_FILES_H
#define SCENE_FILES_H

/* Scenes in which a file is made, or another file than the store's own. */
#include "script.h"

/** A new file, and an index that is added to it. */
void
scene_play_open(struct script *script);

/** Snapshots, where they can be written and where they can't. */
void
scene_prepare_copy(struct script *script);
void
scene_play_copy(struct script *script);

/** A file of schema 1. */
void
scene_prepare_older(struct script *script);
void
scene_play_older(struct script *script);

/** A store whose process was killed: all it has is in the log. */
void
scene_prepare_log(struct script *script);
void
scene_play_log(struct script *script);

/** A file that is damaged, with events in it, of which some are delivered. */
void
scene_prepare_damage(struct script *script);

/** The same, when it was put aside already and nothing has its name yet. */
void
scene_prepare_resume(struct script *script);

void
scene_play_damage(struct script *script);

/** Whether all that was not delivered is in the new file. */
const char *
scene_judge_salvaged(struct script *script);

#endif
