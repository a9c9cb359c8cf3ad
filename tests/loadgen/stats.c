/* SPDX-License-Identifier: MIT */
/* GET /stats: what the collector counted. */
#include "stats.h"

#include "http_client.h"
#include "token.h"

#include <stdio.h>

/* Many times what it is. */
#define STATS_SIZE_MAX 65536

/* A collector that is under load answers within this, or not at all. */
#define STATS_TIMEOUT_MS 10000

static int
parse(const struct http_answer *answer, struct stats *stats)
{
    json_t *json = json_loadb(answer->body, answer->body_size, 0, NULL);
    json_int_t numbers[7];
    int rc;

    rc = json_unpack(json, "{s:{s:I, s:I, s:I, s:I, s:I}, s:{s:I, s:I}}",
                     "ledger", "accepted", &numbers[0], "delivered",
                     &numbers[1], "dead", &numbers[2], "dropped", &numbers[3],
                     "pending", &numbers[4], "store", "backlog", &numbers[5],
                     "commits", &numbers[6]);
    json_decref(json);
    if (rc != 0)
        return -1;
    *stats = (struct stats){
        .accepted = numbers[0],
        .delivered = numbers[1],
        .dead = numbers[2],
        .dropped = numbers[3],
        .pending = numbers[4],
        .backlog = numbers[5],
        .commits = numbers[6],
    };
    return 0;
}

/** Ask on that connection. */
static enum stats_result
ask(struct http_client *client, const struct address *address,
    const char *authorization, struct stats *ret_stats,
    const char **ret_problem)
{
    struct http_answer answer;
    char request[128 + TOKEN_HEADER_SIZE];

    (void)snprintf(request, sizeof(request),
                   "GET /stats HTTP/1.1\r\nHost: %s:%u\r\n%s"
                   "Connection: close\r\n\r\n",
                   address->host, address->port, authorization);
    switch (http_client_exchange(client, address, request, STATS_TIMEOUT_MS,
                                 &answer)) {
    case HTTP_DONE:
        if (answer.status == 200 && parse(&answer, ret_stats) == 0)
            return STATS_READ;
        *ret_problem = answer.status == 401 || answer.status == 403
                           ? "it takes a -token-file of scope admin"
                           : "the answer is not that of a collector";
        return STATS_NONE;
    case HTTP_MALFORMED:
        *ret_problem = answer.problem;
        return STATS_NONE;
    case HTTP_BROKEN:
    case HTTP_AGAIN: /* never returned */
        break;
    }
    *ret_problem = http_client_problem(client);
    return STATS_NO_SERVER;
}

enum stats_result
stats_read(const struct address *address, const char *authorization,
           struct stats *ret_stats, char *ret_problem, size_t problem_size)
{
    enum stats_result result = STATS_NO_SERVER;
    struct http_client client = {.answer = NULL};
    const char *problem = "out of memory";

    if (http_client_init(&client, STATS_SIZE_MAX) == 0)
        result = ask(&client, address, authorization, ret_stats, &problem);
    if (result != STATS_READ)
        (void)snprintf(ret_problem, problem_size, "GET http://%s:%u/stats: %s",
                       address->host, address->port, problem);
    http_client_release(&client);
    return result;
}

json_t *
stats_ledger_json(const struct stats *stats)
{
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I}", "accepted", (json_int_t)stats->accepted,
        "delivered", (json_int_t)stats->delivered, "dead",
        (json_int_t)stats->dead, "dropped", (json_int_t)stats->dropped,
        "pending", (json_int_t)stats->pending);
}
