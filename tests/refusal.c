/* SPDX-License-Identifier: MIT */
#include "refusal.h"

const char *db;
struct daemon *collectord;
int port;
struct response response;

void
refusal_setup(void)
{
    db = support_path(support_dir_new(), "events.sqlite");
    collectord = daemon_start(db, NULL);
    port = daemon_port(collectord);
    http_post_events(port, EVENT, &response);
    ck_assert_int_eq(response.status, 200);
}

void
refusal_teardown(void)
{
    ck_assert_int_eq(support_sql_int(db, "SELECT count(*) FROM event_log"), 1);
    http_post_events(port, EVENT, &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_str_eq(response.body + strcspn(response.body, "["), "[2]}\n");
    daemon_stop(collectord);
}
