/* SPDX-License-Identifier: MIT */
#ifndef MCP_LEAD_H
#define MCP_LEAD_H

#include "ctl/standing.h"

#include <stdio.h>

/** Bytes of a lead, with its NUL. */
#define LEAD_SIZE 160

/** Bytes of what follows it at most; more is cut. */
#define LEAD_SUMMARY_SIZE 1024

/** What has to be said first of a file that nobody was seen to write, or that
 *  nobody writes since it is a snapshot: a sentence without its end. "" for
 *  that of a collector that runs. */
const char *
lead_words(const struct standing *standing, char ret_text[LEAD_SIZE]);

/** Write the member summary, without a comma: the lead, and what follows. */
void
lead_write_summary(FILE *out, const struct standing *standing,
                   const char *text);

#endif
