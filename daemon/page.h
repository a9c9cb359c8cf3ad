/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_PAGE_H
#define DAEMON_PAGE_H

#include <stddef.h>

/** The page in the browser: one file of HTML, put together at build time by
 *  page/assemble.py. */
struct page {
    const unsigned char *html;
    size_t html_size;
    /** The same, compressed. */
    const unsigned char *gzip;
    size_t gzip_size;
    /** Its entity tag, in quotes: of what it says, however it is compressed. */
    const char *tag;
    /** The Content-Security-Policy that it keeps to: it runs no script but its
     *  own, which is named by its hash, and asks nobody but its own daemon. */
    const char *policy;
};

extern const struct page page;

#endif
