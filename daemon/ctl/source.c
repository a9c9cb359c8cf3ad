/* SPDX-License-Identifier: MIT */
/* The one place that knows that there are two kinds of them. */
#include "source.h"

#include "file.h"
#include "peer.h"
#include "row_member.h"

#include <stdlib.h>

struct source {
    /* One of them; the other is NULL. */
    struct file *file;
    struct peer *peer;
};

enum command_status
source_status(enum source_result result)
{
    if (result == SOURCE_OK)
        return COMMAND_DONE;
    return result == SOURCE_MISTAKEN ? COMMAND_USAGE : COMMAND_FAILED;
}

enum source_result
source_open(const struct flags *flags, struct source **ret_source,
            struct problem *ret_problem)
{
    struct source *source = calloc(1, sizeof(*source));
    enum source_result result;

    if (source == NULL) {
        (void)problem_say(ret_problem, "out of memory");
        return SOURCE_REFUSED;
    }
    result = flags->is_url ? peer_open(flags, &source->peer, ret_problem)
                           : file_open(flags, &source->file, ret_problem);
    if (result == SOURCE_OK) {
        *ret_source = source;
        source = NULL; /* handed over */
    }
    source_free(source);
    return result;
}

enum source_result
source_ask(struct source *source, const struct question *question,
           collector_row_fn show, void *userdata,
           struct collector_answer *ret_answer, struct problem *ret_problem)
{
    if (source->peer != NULL)
        return peer_ask(source->peer, question, show, userdata, ret_answer,
                        ret_problem);
    return file_ask(source->file, question, show, userdata, ret_answer,
                    ret_problem);
}

enum source_result
source_ledger(struct source *source, collector_row_fn show, void *userdata,
              struct problem *ret_problem)
{
    if (source->peer != NULL)
        return peer_ledger(source->peer, show, userdata, ret_problem);
    return file_ledger(source->file, show, userdata, ret_problem);
}

static int
take_position(void *userdata, const struct collector_row *row)
{
    struct source_position *position = userdata;

    position->accepted = row_member_integer(row, "accepted");
    (void)snprintf(position->collector_id, sizeof(position->collector_id), "%s",
                   row_member_text(row, "collector_id"));
    return 0;
}

enum source_result
source_position(struct source *source, struct source_position *ret_position,
                struct problem *ret_problem)
{
    const enum source_result result =
        source_ledger(source, take_position, ret_position, ret_problem);

    ret_position->file_number =
        source->file != NULL ? file_number(source->file) : 0;
    return result;
}

enum source_result
source_act(struct source *source, enum source_action action, const int64_t *ids,
           size_t id_count, uint64_t *ret_count, struct problem *ret_problem)
{
    if (source->peer != NULL)
        return peer_act(source->peer, action, ids, id_count, ret_count,
                        ret_problem);
    return file_act(source->file, action, ids, id_count, ret_count,
                    ret_problem);
}

enum source_result
source_snapshot(struct source *source, const char *path,
                struct problem *ret_problem)
{
    if (source->peer != NULL)
        return peer_snapshot(source->peer, path, ret_problem);
    return file_snapshot(source->file, path, ret_problem);
}

struct peer *
source_peer(struct source *source)
{
    return source->peer;
}

void
source_free(struct source *source)
{
    if (source == NULL)
        return;
    file_free(source->file);
    peer_free(source->peer);
    free(source);
}
