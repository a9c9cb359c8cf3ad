/* SPDX-License-Identifier: MIT */
#include "site.h"

const char *const modes[3] = {"group", "concurrent", "serialized"};

const char *dir;
const char *db;
struct upstream *upstream;
struct response response;

void
site_setup(void)
{
    dir = support_dir_new();
    db = support_path(dir, "events.sqlite");
}

void
site_setup_upstream(void)
{
    site_setup();
    upstream = upstream_new();
}

void
site_teardown_upstream(void)
{
    upstream_free(upstream);
    upstream = NULL;
}

int
site_post(struct daemon *collectord, const char *json)
{
    http_post_events(daemon_port(collectord), json, &response);
    return response.status;
}

void
site_post_events(struct daemon *collectord, int count)
{
    int i;

    for (i = 0; i < count; i++)
        ck_assert_msg(site_post(collectord, EVENT) == 200, "%d: %s",
                      response.status, response.body);
}

int64_t
site_event_count(void)
{
    return support_sql_int(db, "SELECT count(*) FROM event_log");
}

void
site_wait_drained(void)
{
    ck_assert_eventually(support_sql_int(db, "SELECT pending FROM ledger") ==
                         0);
}
