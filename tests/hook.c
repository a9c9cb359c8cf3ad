/* SPDX-License-Identifier: MIT */
#include "hook.h"

#include <stdlib.h>

struct hook hook;

void
hook_setup(void)
{
    ck_assert_int_eq(setenv("no_proxy", "*", 1), 0);
    fixture_init(&hook.fixture);
    fixture_append(&hook.fixture, 5);
    hook.upstream = upstream_new();
    collector_webhook_options_init(&hook.options);
    hook.options.url = upstream_url(hook.upstream, "/in?site=7");
    hook.sink = NULL;
}

void
hook_teardown(void)
{
    collector_sink_free(hook.sink);
    upstream_free(hook.upstream);
    fixture_close(&hook.fixture);
}

int
hook_try(struct collector_delivery *ret_delivery)
{
    if (hook.sink == NULL)
        ck_assert_ok(collector_sink_webhook_new(&hook.options, &hook.sink));
    return fixture_deliver(&hook.fixture, hook.sink, 2, ret_delivery);
}

struct collector_delivery
hook_deliver(void)
{
    struct collector_delivery delivery;

    ck_assert_ok(hook_try(&delivery));
    return delivery;
}
