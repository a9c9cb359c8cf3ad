/* SPDX-License-Identifier: MIT */
#ifndef RELOAD_H
#define RELOAD_H

/* A daemon whose config file changes. One thread. */
#include "site.h"

/** The one that runs, or NULL. */
extern struct daemon *reload_daemon;

/** Its config file. */
extern const char *reload_config;

/** Fixtures: an upstream, and a config file that sets nothing. */
void
reload_setup(void);
void
reload_teardown(void);

/** Start with this as the config file, and with one option or NULL. */
void
reload_start(const char *json, const char *option, const char *value);

/** Ask for a reload, and wait until it is over. Whether it was done. */
bool
reload_now(void);

/** The same with another config file. */
bool
reload_with(const char *json);

/** How many reloads were answered, with yes or no. */
size_t
reload_answer_count(void);

/** Assert that the log has these words, or does not have them. */
void
reload_assert_said(const char *words);
void
reload_assert_unsaid(const char *words);

/** A config file of a webhook that never answers, so that events stay, and with
 *  more members or "". */
const char *
reload_hanging(const char *more);

#endif
