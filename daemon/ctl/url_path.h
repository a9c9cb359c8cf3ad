/* SPDX-License-Identifier: MIT */
#ifndef CTL_URL_PATH_H
#define CTL_URL_PATH_H

#include <stdint.h>
#include <stdio.h>

/** A path and its query on their way: /events?after=7&limit=10. */
struct url_path {
    FILE *out;
    char separator;
};

/** Begin one. The stream remembers that it has failed. */
struct url_path
url_path_begin(FILE *out, const char *path);

/** Add a parameter, of which all bytes but letters, digits and -._~ are
 *  escaped; NULL adds none. */
void
url_path_add_text(struct url_path *path, const char *name, const char *text);

/** Add a number; 0 adds none. */
void
url_path_add_number(struct url_path *path, const char *name, int64_t number);

#endif
