/* SPDX-License-Identifier: MIT */
#include "refusal.h"

struct daemon *collectord;
int port;

void
refusal_setup(void)
{
    site_setup();
    collectord = daemon_start(db, NULL);
    port = daemon_port(collectord);
    ck_assert_int_eq(site_post(collectord, EVENT), 200);
}

void
refusal_teardown(void)
{
    ck_assert_int_eq(site_event_count(), 1);
    ck_assert_int_eq(site_post(collectord, EVENT), 200);
    ck_assert_str_eq(response.body + strcspn(response.body, "["), "[2]}\n");
    daemon_stop(collectord);
}
