/* SPDX-License-Identifier: MIT */
/*
 * Which request goes where. Paths are compared exactly, and a path that is
 * there says which methods it has.
 */
#include "routes.h"

#include "answer.h"

#include <stdio.h>
#include <string.h>

/* One method of one path. */
struct route {
    const char *path;
    const char *method;
    /* HEAD as well: not where it would cost a copy of the database. */
    bool head;
    void (*handle)(struct request *request);
};

static const struct route routes[] = {
    {"/events", "POST", false, route_events},
    {"/dead-letters", "GET", true, route_dead_letters},
    {"/dead-letters", "DELETE", false, route_dead_letters_purge},
    {"/dead-letters/replay", "POST", false, route_dead_letters_replay},
    {"/healthz", "GET", true, route_healthz},
    {"/livez", "GET", true, route_livez},
    {"/snapshot", "GET", false, route_snapshot},
    {"/stats", "GET", true, route_stats},
};

#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

/* "Allow: ", all methods that are served, and a line end. */
#define ALLOW_SIZE_MAX 64

static bool
is_method(const struct route *route, const char *method)
{
    if (strcmp(method, "HEAD") == 0)
        return route->head;
    return strcmp(method, route->method) == 0;
}

static bool
is_path(const struct route *route, const char *path)
{
    return path != NULL && strcmp(path, route->path) == 0;
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

void
routes_answer(struct request *request)
{
    const struct route *route = find_route(request->path, request->method);

    if (route != NULL)
        route->handle(request);
    else
        refuse_route(request);
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
