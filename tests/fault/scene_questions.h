/* SPDX-License-Identifier: MIT */
#ifndef SCENE_QUESTIONS_H
#define SCENE_QUESTIONS_H

/* A scene in which the file of a store that is open is asked questions. */
#include "script.h"

void
scene_prepare_questions(struct script *script);

void
scene_play_questions(struct script *script);

#endif
