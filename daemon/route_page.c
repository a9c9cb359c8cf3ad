/* SPDX-License-Identifier: MIT */
/*
 * GET /: the page in the browser. It is the same bytes for everybody, and holds
 * nothing of what is kept: that it asks of the other routes, with the token of
 * whoever looks at it.
 */
#include "answer.h"
#include "page.h"
#include "routes.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The weight of a coding, such as ";q=0.5": only whether it is nothing matters
 * here (RFC 9110, section 12.4.2). */
static bool
has_weight(const char *at, size_t size)
{
    const char *end = at + size;
    const char *weight = memchr(at, '=', size);

    if (weight == NULL)
        return true;
    for (weight++; weight < end; weight++) {
        if (*weight >= '1' && *weight <= '9')
            return true;
    }
    return false;
}

/* Whether gzip is among the codings that a client takes. */
static bool
takes_gzip(const char *codings)
{
    static const char gzip[] = "gzip";

    while (codings != NULL && *codings != '\0') {
        const size_t size = strcspn(codings, ",");
        const size_t name_size = strcspn(codings, ",; \t");

        if (name_size == sizeof(gzip) - 1 &&
            strncasecmp(codings, gzip, name_size) == 0)
            return has_weight(codings + name_size, size - name_size);
        codings += size;
        codings += strspn(codings, ", \t");
    }
    return false;
}

/* Whether a client has what it asks for: If-None-Match lists the tags that it
 * knows, each in quotes. */
static bool
is_known(const char *tags)
{
    return tags != NULL &&
           (strcmp(tags, "*") == 0 || strstr(tags, page.tag) != NULL);
}

void
route_page(struct request *request)
{
    const bool gzip =
        takes_gzip(mg_get_header(request->conn, "Accept-Encoding"));
    const unsigned char *body = gzip ? page.gzip : page.html;
    const size_t size = gzip ? page.gzip_size : page.html_size;
    char headers[ANSWER_HEADERS_SIZE_MAX];

    /* Weak: both codings have one tag. */
    (void)snprintf(headers, sizeof(headers),
                   "ETag: W/%s\r\nCache-Control: no-cache\r\n"
                   "Vary: Accept-Encoding\r\n%s"
                   "Content-Security-Policy: %s\r\n"
                   "X-Content-Type-Options: nosniff\r\n"
                   "Referrer-Policy: no-referrer\r\n",
                   page.tag, gzip ? "Content-Encoding: gzip\r\n" : "",
                   page.policy);
    if (is_known(mg_get_header(request->conn, "If-None-Match"))) {
        request->head_only = true; /* the lengths of what is not sent */
        answer_bytes(request, 304, "text/html; charset=utf-8", headers,
                     (const char *)body, size);
        return;
    }
    answer_bytes(request, 200, "text/html; charset=utf-8", headers,
                 (const char *)body, size);
}
