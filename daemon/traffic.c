/* SPDX-License-Identifier: MIT */
/*
 * What was answered. The table has a fixed size, whatever clients ask for: a
 * path of theirs is never the name of a row.
 */
#include "traffic.h"

#include <assert.h>

/* All that collectord answers; the last one is for what it does not. */
static const struct {
    int status;
    const char *text;
} codes[TRAFFIC_CODE_COUNT] = {
    {200, "200"}, {304, "304"}, {400, "400"}, {401, "401"}, {403, "403"},
    {404, "404"}, {405, "405"}, {408, "408"}, {411, "411"}, {413, "413"},
    {414, "414"}, {415, "415"}, {417, "417"}, {422, "422"}, {429, "429"},
    {431, "431"}, {500, "500"}, {501, "501"}, {503, "503"}, {505, "505"},
    {0, "other"},
};

void
traffic_note(struct traffic *traffic, unsigned route, int status)
{
    size_t code = 0;

    assert(route < TRAFFIC_ROUTE_COUNT_MAX);
    while (code < TRAFFIC_CODE_COUNT - 1 && codes[code].status != status)
        code++;
    atomic_fetch_add_explicit(&traffic->counts[route][code], 1,
                              memory_order_relaxed);
}

uint64_t
traffic_count(const struct traffic *traffic, unsigned route, size_t code)
{
    return atomic_load_explicit(&traffic->counts[route][code],
                                memory_order_relaxed);
}

bool
traffic_is_watched(size_t code)
{
    const int status = codes[code].status;

    return status == 200 || status == 401 || status == 503;
}

const char *
traffic_code(size_t code)
{
    return codes[code].text;
}
