/* SPDX-License-Identifier: MIT */
/*
 * Questions to a collector. What it answers is trusted no more than any other
 * text: of what is not as it should be, no row is made.
 */
#include "peer.h"

#include "download.h"
#include "json_rows.h"
#include "stats_row.h"
#include "url_path.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct peer {
    const struct flags *flags;
    struct remote *remote;
};

/* Where rows come from: the path, and the member that has them. */
static const struct {
    const char *path;
    const char *member;
} routes[] = {
    [QUESTION_EVENTS] = {"/events", "\"events\""},
    [QUESTION_EVENT] = {"/events/", NULL},
    [QUESTION_DEVICES] = {"/devices", "\"devices\""},
    [QUESTION_RUNS] = {"/runs", "\"runs\""},
    [QUESTION_DEAD_LETTERS] = {"/dead-letters", "\"dead_letters\""},
};

enum source_result
peer_open(const struct flags *flags, struct peer **ret_peer,
          struct problem *ret_problem)
{
    const struct remote_options options = {.url = flags->target,
                                           .token_file = flags->token_file,
                                           .ca_file = flags->ca_file,
                                           .timeout_ms = flags->timeout_ms};
    struct peer *peer = calloc(1, sizeof(*peer));
    enum remote_result result;

    if (peer == NULL) {
        (void)problem_say(ret_problem, "out of memory");
        return SOURCE_REFUSED;
    }
    peer->flags = flags;
    result = remote_open(&options, &peer->remote, ret_problem);
    if (result != REMOTE_OK) {
        peer_free(peer);
        return result == REMOTE_MISTAKEN ? SOURCE_MISTAKEN : SOURCE_REFUSED;
    }
    *ret_peer = peer;
    return SOURCE_OK;
}

/* What to do about a status, where that is not plain. */
static const char *
advice_for(const struct peer *peer, int status)
{
    if (status == 401)
        return peer->flags->token_file == NULL
                   ? "; give a token with -token-file"
                   : "; -token-file has one that nobody has there";
    if (status == 403)
        return "; the token in -token-file is not for this";
    if (status == 404)
        return "; is a collector there, of this version?";
    return "";
}

enum source_result
peer_refuse(const struct peer *peer, const struct remote_answer *answer,
            struct problem *ret_problem)
{
    json_t *json = json_loadb(answer->text, answer->size, 0, NULL);
    const char *words = json_string_value(json_object_get(json, "error"));

    (void)problem_say(ret_problem, "%.200s: %d%s%.150s%s", peer->flags->target,
                      answer->status, words != NULL ? ": " : "",
                      words != NULL ? words : "",
                      advice_for(peer, answer->status));
    json_decref(json);
    return answer->status >= 500 || answer->status == 408 ||
                   answer->status == 429
               ? SOURCE_AWAY
               : SOURCE_REFUSED;
}

static enum source_result
send_request(struct peer *peer, const char *method, const char *path,
             struct remote_answer *ret_answer, struct problem *ret_problem)
{
    return remote_ask(peer->remote, method, path, ret_answer, ret_problem) == 0
               ? SOURCE_OK
               : SOURCE_AWAY;
}

enum source_result
peer_get(struct peer *peer, const char *path, struct remote_answer *ret_answer,
         struct problem *ret_problem)
{
    return send_request(peer, "GET", path, ret_answer, ret_problem);
}

static enum source_result
say_strange(const struct peer *peer, struct problem *ret_problem)
{
    (void)problem_say(ret_problem,
                      "%.300s: it does not answer as a collector does",
                      peer->flags->target);
    return SOURCE_REFUSED;
}

static void
add_filter(struct url_path *path, const struct collector_event_filter *filter)
{
    url_path_add_text(path, "device_id", filter->device_id);
    url_path_add_text(path, "kind", filter->kind);
    url_path_add_text(path, "text", filter->text);
    url_path_add_number(path, "since", filter->since);
    url_path_add_number(path, "until", filter->until);
    url_path_add_number(path, "after", filter->after_id);
    url_path_add_number(path, "before", filter->before_id);
    if (filter->newest_first)
        url_path_add_text(path, "order", "newest");
}

static void
write_path(FILE *out, const struct question *question)
{
    struct url_path path = url_path_begin(out, routes[question->kind].path);

    switch (question->kind) {
    case QUESTION_EVENTS:
        add_filter(&path, &question->filter);
        break;
    case QUESTION_EVENT:
        (void)fprintf(out, "%" PRId64, question->id);
        return;
    case QUESTION_RUNS:
        url_path_add_number(&path, "before", question->from_id);
        url_path_add_text(&path, "status", question->status);
        break;
    case QUESTION_DEVICES:
        url_path_add_number(&path, "seen_before", question->seen_before);
        url_path_add_number(&path, "after", question->from_id);
        break;
    case QUESTION_DEAD_LETTERS:
        url_path_add_number(&path, "after", question->from_id);
        break;
    }
    url_path_add_number(&path, "limit", (int64_t)question->page_max);
}

/* NULL when out of memory. */
static char *
path_of(const struct question *question)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        return NULL;
    write_path(out, question);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* Rows, and where the next page begins. */
struct page {
    struct span rows;
    struct span next;
};

static bool
is_name(struct span name, const char *quoted)
{
    return name.size == strlen(quoted) &&
           memcmp(name.text, quoted, name.size) == 0;
}

static bool
find_page(struct span object, const char *member, struct page *page)
{
    struct span_walk walk = span_walk(object);
    struct span name;
    struct span value;

    while (span_next(&walk, &name, &value)) {
        if (is_name(name, member))
            page->rows = value;
        else if (is_name(name, "\"next\""))
            page->next = value;
    }
    return !walk.is_broken && object.text[0] == '{' && page->rows.size > 0;
}

/* A number, or anything else for none. */
static int64_t
id_in(struct span span)
{
    json_t *json = json_loadb(span.text, span.size, JSON_DECODE_ANY, NULL);
    const int64_t id = json_integer_value(json); /* 0 of anything else */

    json_decref(json);
    return id;
}

/* An answer as rows, which are counted on the way. */
struct showing {
    collector_row_fn show;
    void *userdata;
    uint64_t count;
    bool has_ended;
};

static int
show_row(void *userdata, const struct collector_row *row)
{
    struct showing *showing = userdata;

    showing->count++;
    showing->has_ended = showing->show(showing->userdata, row) != 0;
    return showing->has_ended;
}

static bool
show_page(const struct question *question, struct span value,
          struct showing *showing, struct collector_answer *answer)
{
    const struct question_columns columns = question_columns(question->kind);
    struct page page = {.next = {"null", 4}};

    if (question->kind == QUESTION_EVENT)
        return json_rows_show_object(value, columns.names, columns.count,
                                     show_row, showing) >= 0;
    if (!find_page(value, routes[question->kind].member, &page))
        return false;
    answer->next_id = id_in(page.next);
    answer->more = answer->next_id != 0;
    if (answer->more && !question_moves_on(question, answer->next_id))
        return false; /* it would be asked for ever */
    return json_rows_show_array(page.rows, columns.names, columns.count,
                                show_row, showing) >= 0;
}

static enum source_result
show_answer(const struct peer *peer, const struct question *question,
            const struct remote_answer *text, struct showing *showing,
            struct collector_answer *ret_answer, struct problem *ret_problem)
{
    struct collector_answer answer = {.size = sizeof(answer)};
    struct span value;

    if (!span_value(text->text, text->size, &value) ||
        !show_page(question, value, showing, &answer))
        return say_strange(peer, ret_problem);
    answer.column_count = question_columns(question->kind).count;
    answer.row_count = showing->count;
    *ret_answer = answer;
    return SOURCE_OK;
}

/* That there is no such event is an answer, too. */
static bool
is_answer(const struct question *question, const struct remote_answer *answer)
{
    return answer->status == 200 ||
           (answer->status == 404 && question->kind == QUESTION_EVENT &&
            strstr(answer->text, "\"fate\"") != NULL);
}

enum source_result
peer_ask(struct peer *peer, const struct question *question,
         collector_row_fn show, void *userdata,
         struct collector_answer *ret_answer, struct problem *ret_problem)
{
    struct showing showing = {.show = show, .userdata = userdata};
    struct remote_answer answer = {.status = 0};
    char *path = path_of(question);
    enum source_result result;

    if (path == NULL) {
        (void)problem_say(ret_problem, "out of memory");
        return SOURCE_REFUSED;
    }
    result = peer_get(peer, path, &answer, ret_problem);
    if (result == SOURCE_OK && !is_answer(question, &answer))
        result = peer_refuse(peer, &answer, ret_problem);
    else if (result == SOURCE_OK)
        result = show_answer(peer, question, &answer, &showing, ret_answer,
                             ret_problem);
    free(answer.text);
    free(path);
    return result;
}

enum source_result
peer_ledger(struct peer *peer, collector_row_fn show, void *userdata,
            struct problem *ret_problem)
{
    struct remote_answer answer = {.status = 0};
    enum source_result result = peer_get(peer, "/stats", &answer, ret_problem);

    if (result == SOURCE_OK && answer.status != 200)
        result = peer_refuse(peer, &answer, ret_problem);
    else if (result == SOURCE_OK &&
             stats_row_show(answer.text, answer.size, show, userdata) < 0)
        result = say_strange(peer, ret_problem);
    free(answer.text);
    return result;
}

static void
write_act(FILE *out, enum source_action action, const int64_t *ids,
          size_t id_count)
{
    size_t i;

    (void)fputs(action == SOURCE_REPLAY ? "/dead-letters/replay"
                                        : "/dead-letters",
                out);
    for (i = 0; i < id_count; i++)
        (void)fprintf(out, "%s%" PRId64, i == 0 ? "?ids=" : ",", ids[i]);
}

static bool
read_count(const struct remote_answer *answer, enum source_action action,
           uint64_t *ret_count)
{
    json_t *json = json_loadb(answer->text, answer->size, 0, NULL);
    const json_t *count =
        json_object_get(json, action == SOURCE_REPLAY ? "replayed" : "purged");
    const bool is_there = json_is_integer(count);

    if (is_there)
        *ret_count = (uint64_t)json_integer_value(count);
    json_decref(json);
    return is_there;
}

enum source_result
peer_act(struct peer *peer, enum source_action action, const int64_t *ids,
         size_t id_count, uint64_t *ret_count, struct problem *ret_problem)
{
    struct remote_answer answer = {.status = 0};
    enum source_result result = SOURCE_REFUSED;
    char *path = NULL;
    size_t size;
    FILE *out = open_memstream(&path, &size);

    if (out == NULL) {
        (void)problem_say(ret_problem, "out of memory");
        return SOURCE_REFUSED;
    }
    write_act(out, action, ids, id_count);
    if (fclose(out) == 0)
        result = send_request(peer, action == SOURCE_REPLAY ? "POST" : "DELETE",
                              path, &answer, ret_problem);
    else
        (void)problem_say(ret_problem, "out of memory");
    if (result == SOURCE_OK && answer.status != 200)
        result = peer_refuse(peer, &answer, ret_problem);
    else if (result == SOURCE_OK && !read_count(&answer, action, ret_count))
        result = say_strange(peer, ret_problem);
    free(answer.text);
    free(path);
    return result;
}

/* The copy under its first name. */
static enum source_result
fetch(struct peer *peer, int fd, struct problem *ret_problem)
{
    struct remote_answer answer = {.status = 0};
    enum source_result result = SOURCE_OK;

    if (remote_copy(peer->remote, "/snapshot", fd, &answer, ret_problem) < 0)
        return SOURCE_AWAY;
    if (answer.status != 200)
        result = peer_refuse(peer, &answer, ret_problem);
    free(answer.text);
    return result;
}

enum source_result
peer_snapshot(struct peer *peer, const char *path, struct problem *ret_problem)
{
    struct download *download = NULL;
    enum source_result result;

    if (download_begin(path, &download, ret_problem) < 0)
        return SOURCE_REFUSED;
    result = fetch(peer, download_fd(download), ret_problem);
    if (result == SOURCE_OK && download_finish(download, ret_problem) < 0)
        result = SOURCE_REFUSED;
    download_free(download);
    return result;
}

void
peer_free(struct peer *peer)
{
    if (peer == NULL)
        return;
    remote_free(peer->remote);
    free(peer);
}
