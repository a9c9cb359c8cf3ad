/* SPDX-License-Identifier: MIT */
/*
 * One call at a time comes from the upstream: what is counted here needs no
 * lock of its own.
 */
#include "liar.h"

#include "support.h"

#include <inttypes.h>
#include <jansson.h>

/** Which request is lied to. */
#define LIE_AT 3

/** What is added to the ledger before the load. */
#define OLD_COUNT 1000

struct liar {
    enum lie lie;
    const char *path;
    int64_t accepted;
    unsigned post_count;
    unsigned stats_count;
    atomic_bool lied;
};

static bool
tells(struct liar *liar, enum lie lie)
{
    if (liar->lie != lie || liar->post_count != LIE_AT)
        return false;
    atomic_store(&liar->lied, true);
    return true;
}

static void
keep_event(struct liar *liar, const json_t *event, bool last)
{
    const char *device = json_string_value(json_object_get(event, "device_id"));
    const char *kind = json_string_value(json_object_get(event, "kind"));
    char *payload = json_dumps(json_object_get(event, "payload"), JSON_COMPACT);
    const char *value = support_format("'%s'", payload);

    ck_assert_ptr_nonnull(payload);
    free(payload);
    liar->accepted++;
    if (last && tells(liar, LIE_LOSES_ONE))
        return;
    if (last && tells(liar, LIE_OTHER_DEVICE))
        device = "device-x";
    if (last && tells(liar, LIE_OTHER_KIND))
        kind = "humidity";
    if (last && tells(liar, LIE_OTHER_PAYLOAD))
        value = "'{\"n\":1}'";
    if (last && tells(liar, LIE_NO_PAYLOAD))
        value = "NULL";
    support_sql_exec(liar->path, support_format("PRAGMA synchronous = OFF;"
                                                "INSERT INTO event_log VALUES"
                                                " (%lld, '%s', '%s', %s)",
                                                (long long)liar->accepted,
                                                device, kind, value));
}

static void
keep_events(struct liar *liar, const struct upstream_request *request,
            size_t *ret_count)
{
    json_t *body = json_loadb(request->body, request->body_size, 0, NULL);
    size_t count = json_is_array(body) ? json_array_size(body) : 1;
    size_t i;

    ck_assert_ptr_nonnull(body);
    for (i = 0; i < count; i++)
        keep_event(liar, json_is_array(body) ? json_array_get(body, i) : body,
                   i == count - 1);
    json_decref(body);
    *ret_count = count;
}

static const char *
write_receipt(struct liar *liar, int64_t first_id, size_t count)
{
    const char *text =
        support_format("{\"accepted\":%zu", count - tells(liar, LIE_FEWER));
    size_t i;

    if (tells(liar, LIE_NO_IDS))
        return support_format("%s}\n", text);
    if (tells(liar, LIE_SAME_IDS))
        first_id -= (int64_t)count;
    for (i = 0; i < count; i++) {
        if (i == count - 1 && tells(liar, LIE_GAP_IN_IDS))
            first_id++;
        text = support_format("%s%s%" PRId64, text, i == 0 ? ",\"ids\":[" : ",",
                              first_id + (int64_t)i);
    }
    return support_format("%s]}\n", text);
}

static struct upstream_answer
answer_events(struct liar *liar, const struct upstream_request *request)
{
    struct upstream_answer answer = {.trick = UPSTREAM_ANSWER};
    const int64_t first_id = liar->accepted + 1;
    size_t count;

    liar->post_count++;
    if (tells(liar, LIE_BUSY))
        return (struct upstream_answer){.status = 503,
                                        .headers = "Retry-After: 2\r\n"};
    if (tells(liar, LIE_ERROR))
        return (struct upstream_answer){.status = 500, .body = "sorry\n"};
    keep_events(liar, request, &count);
    if (tells(liar, LIE_HANGS_UP))
        answer.trick = UPSTREAM_CLOSE;
    if (tells(liar, LIE_CUTS_SHORT))
        answer.trick = UPSTREAM_CUT;
    if (tells(liar, LIE_NOT_HTTP))
        answer.raw = "HTTP/1.1 OK\r\n\r\n";
    answer.body = write_receipt(liar, first_id, count);
    return answer;
}

static struct upstream_answer
answer_stats(struct liar *liar)
{
    const bool second = liar->stats_count++ > 0;
    long long accepted = liar->accepted;
    long long dropped = 0;
    long long pending;

    if (liar->lie == LIE_OLD_IDS)
        accepted += OLD_COUNT;
    if (second && liar->lie == LIE_COUNTS_LESS)
        accepted--;
    if (second && liar->lie == LIE_DROPS)
        dropped = 1;
    pending = accepted - dropped;
    if (second && liar->lie == LIE_ADDS_UP_WRONG)
        pending++;
    if (second && liar->lie >= LIE_OLD_IDS)
        atomic_store(&liar->lied, true);
    return (struct upstream_answer){
        .body = support_format(
            "{\"ledger\":{\"accepted\":%lld,\"delivered\":0,\"dead\":0,"
            "\"dropped\":%lld,\"pending\":%lld},"
            "\"store\":{\"backlog\":%lld,\"commits\":%u}}\n",
            accepted, dropped, pending, pending, liar->post_count)};
}

static struct upstream_answer
judge(void *userdata, const struct upstream_request *request)
{
    if (strcmp(request->path, "/stats") == 0)
        return answer_stats(userdata);
    return answer_events(userdata, request);
}

struct liar *
liar_new(struct upstream *upstream, const char *path, enum lie lie)
{
    struct liar *liar = support_alloc(sizeof(*liar));

    liar->lie = lie;
    liar->path = path;
    support_sql_create(path, "CREATE TABLE event_log (id INTEGER PRIMARY KEY,"
                             " device_id TEXT, kind TEXT, payload_json TEXT)");
    upstream_set_judge(upstream, judge, liar);
    return liar;
}

bool
liar_has_lied(const struct liar *liar)
{
    return atomic_load(&liar->lied);
}
