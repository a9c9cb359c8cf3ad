/* SPDX-License-Identifier: MIT */
/* A build without libcurl: files can be asked, and collectors can't. */
#include "remote.h"

enum remote_result
remote_open(const struct remote_options *options, struct remote **ret_remote,
            struct problem *ret_problem)
{
    (void)options;
    (void)ret_remote;
    (void)problem_say(ret_problem,
                      "this was built without libcurl: name the collector's "
                      "file instead of its URL");
    return REMOTE_FAILED;
}

int
remote_ask(struct remote *remote, const char *method, const char *path,
           struct remote_answer *ret_answer, struct problem *ret_problem)
{
    (void)remote;
    (void)method;
    (void)path;
    (void)ret_answer;
    return problem_say(ret_problem, "there is no libcurl"); /* none is open */
}

int
remote_copy(struct remote *remote, const char *path, int fd,
            struct remote_answer *ret_answer, struct problem *ret_problem)
{
    (void)remote;
    (void)path;
    (void)fd;
    (void)ret_answer;
    return problem_say(ret_problem, "there is no libcurl"); /* likewise */
}

void
remote_free(struct remote *remote)
{
    (void)remote;
}
