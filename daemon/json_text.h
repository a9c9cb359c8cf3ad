/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_JSON_TEXT_H
#define DAEMON_JSON_TEXT_H

#include <jansson.h>

/** A JSON string of any text: what is not UTF-8 becomes question marks. NULL
 *  when out of memory. */
json_t *
json_text(const char *text);

#endif
