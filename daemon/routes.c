/* SPDX-License-Identifier: MIT */
/*
 * Which request goes where. Paths are compared exactly, but for a {…} at their
 * end, and a path that is there says which methods it has.
 */
#include "routes.h"

#include "answer.h"
#include "origin.h"

#include <stdio.h>
#include <string.h>

/* One method of one path. */
struct route {
    /* A {…} at the end stands for anything but a slash. */
    const char *path;
    const char *method;
    enum access_scope scope;
    /* HEAD as well: not where it would cost a copy of the database. */
    bool head;
    void (*handle)(struct request *request);
};

static const struct route routes[] = {
    {"/", "GET", ACCESS_OPEN, true, route_page},
    {"/events", "POST", ACCESS_INGEST, false, route_events},
    {"/events", "GET", ACCESS_READ, true, route_events_search},
    {"/events/{id}", "GET", ACCESS_READ, true, route_event},
    {"/dead-letters", "GET", ACCESS_READ, true, route_dead_letters},
    {"/dead-letters", "DELETE", ACCESS_ADMIN, false, route_dead_letters_purge},
    {"/dead-letters/replay", "POST", ACCESS_ADMIN, false,
     route_dead_letters_replay},
    {"/devices", "GET", ACCESS_READ, true, route_devices},
    {"/healthz", "GET", ACCESS_HEALTH, true, route_healthz},
    {"/history", "GET", ACCESS_READ, true, route_history},
    {"/livez", "GET", ACCESS_HEALTH, true, route_livez},
    {"/metrics", "GET", ACCESS_READ, true, route_metrics},
    {"/runs", "GET", ACCESS_READ, true, route_runs},
    {"/snapshot", "GET", ACCESS_READ, false, route_snapshot},
    {"/stats", "GET", ACCESS_READ, true, route_stats},
};

#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

_Static_assert(ROUTE_COUNT < TRAFFIC_ROUTE_COUNT_MAX, "each is counted");

/* "Allow: ", all methods that are served, and a line end. */
#define ALLOW_SIZE_MAX 64

/* What a client without the right token is told. */
#define CHALLENGE_SIZE_MAX 128

static bool
is_method(const struct route *route, const char *method)
{
    if (strcmp(method, "HEAD") == 0)
        return route->head;
    return strcmp(method, route->method) == 0;
}

/* Bytes of a route's path in front of its {…}, or of all of it. */
static size_t
prefix_size(const struct route *route)
{
    return strcspn(route->path, "{");
}

static bool
is_path(const struct route *route, const char *path)
{
    const size_t size = prefix_size(route);

    if (path == NULL || strncmp(path, route->path, size) != 0)
        return false;
    path += size;
    if (route->path[size] == '\0')
        return *path == '\0';
    return *path != '\0' && strchr(path, '/') == NULL;
}

static const struct route *
find_route(const char *path, const char *method)
{
    size_t i;

    for (i = 0; i < ROUTE_COUNT; i++) {
        if (is_path(&routes[i], path) && is_method(&routes[i], method))
            return &routes[i];
    }
    return NULL;
}

/* There is nothing at the path, or not for this method. */
static void
refuse_route(struct request *request)
{
    char allow[ALLOW_SIZE_MAX] = "";
    size_t size = 0;
    size_t i;

    for (i = 0; i < ROUTE_COUNT; i++) {
        if (is_path(&routes[i], request->path))
            size +=
                (size_t)snprintf(allow + size, sizeof(allow) - size, "%s%s%s",
                                 size == 0 ? "Allow: " : ", ", routes[i].method,
                                 routes[i].head ? ", HEAD" : "");
    }
    if (size == 0) {
        answer_error(request, 404, NULL, "not found");
        return;
    }
    (void)snprintf(allow + size, sizeof(allow) - size, "\r\n");
    answer_error(request, 405, allow, "method not allowed");
}

/* RFC 6750, section 3: what a client has to show, and why this was not it. */
static void
refuse_access(struct request *request, const struct route *route,
              enum access_verdict verdict)
{
    static const char realm[] = "WWW-Authenticate: Bearer realm=\"collectord\"";
    const char *scope =
        access_scope_words[route->scope != ACCESS_HEALTH ? route->scope
                                                         : ACCESS_READ];
    char header[CHALLENGE_SIZE_MAX];
    char text[CHALLENGE_SIZE_MAX];

    if (verdict == ACCESS_INSUFFICIENT) {
        (void)snprintf(header, sizeof(header),
                       "%s, error=\"insufficient_scope\", scope=\"%s\"\r\n",
                       realm, scope);
        (void)snprintf(text, sizeof(text), "this takes a token of scope %s",
                       scope);
        answer_error(request, 403, header, text);
        return;
    }
    (void)snprintf(header, sizeof(header), "%s%s\r\n", realm,
                   verdict == ACCESS_INVALID ? ", error=\"invalid_token\""
                                             : "");
    answer_error(request, 401, header,
                 verdict == ACCESS_INVALID ? "the token is not known"
                                           : "a bearer token is required");
}

/* Whether the request may have that, or was answered. Before its body is read.
 */
static bool
is_allowed(struct request *request, const struct route *route)
{
    const enum access_verdict verdict =
        access_judge(request->access, request->authorization, route->scope);

    if (route->scope == ACCESS_ADMIN &&
        origin_is_foreign(request->fetch_site, request->origin,
                          request->host)) {
        answer_error(request, 403, NULL,
                     "a page of another site may not do that");
        return false;
    }
    if (verdict == ACCESS_GRANTED)
        return true;
    refuse_access(request, route, verdict);
    return false;
}

void
routes_answer(struct request *request)
{
    const struct route *route = find_route(request->path, request->method);

    if (route == NULL) {
        refuse_route(request);
        return;
    }
    request->route = (unsigned)(route - routes) + 1;
    if (strchr(route->path, '{') != NULL)
        request->segment = request->path + prefix_size(route);
    if (is_allowed(request, route))
        route->handle(request);
}

bool
routes_name(unsigned route, const char **ret_path, const char **ret_method)
{
    if (route > ROUTE_COUNT)
        return false;
    *ret_path = route > 0 ? routes[route - 1].path : "other";
    *ret_method = route > 0 ? routes[route - 1].method : "other";
    return true;
}

bool
routes_have_method(const char *method)
{
    size_t i;

    for (i = 0; i < ROUTE_COUNT; i++) {
        if (is_method(&routes[i], method))
            return true;
    }
    return false;
}
