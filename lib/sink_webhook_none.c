/* SPDX-License-Identifier: MIT */
/* The webhook sink of a build without libcurl: it says so. */
#include <collector/error.h>
#include <collector/sink.h>

int
collector_webhook_options_check(const struct collector_webhook_options *options,
                                struct collector_problem *ret_problem)
{
    static const struct collector_problem problem = {
        -1, "built without the webhook"};

    (void)options;
    if (ret_problem != NULL)
        *ret_problem = problem;
    return COLLECTOR_ERR_UNSUPPORTED;
}

int
collector_sink_webhook_new(const struct collector_webhook_options *options,
                           struct collector_sink **ret_sink)
{
    (void)options;
    (void)ret_sink;
    return COLLECTOR_ERR_UNSUPPORTED;
}
