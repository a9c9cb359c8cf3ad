/* SPDX-License-Identifier: MIT */
#ifndef MCP_SESSION_H
#define MCP_SESSION_H

#include "inquiry.h"
#include "mcp.h"
#include "rpc.h"

#include <stdbool.h>
#include <stdio.h>

/** Messages in a batch at most. */
#define SESSION_BATCH_COUNT_MAX 100

/** What client and server have agreed on. Zeroed is one that has not begun. */
struct session {
    /** The version of the protocol; NULL before initialize. */
    const char *version;
};

/** What has to be done about a message, or a batch. */
enum session_step {
    /** What was written is the answer. */
    SESSION_ANSWERED,
    /** There is no answer to it. */
    SESSION_SILENT,
    /** It asks the file: session_call() answers it. */
    SESSION_CALL,
    /** A request is not wanted any more: the one with ret_id. */
    SESSION_CANCEL
};

/**
 * Take what came in, and answer it unless it asks the file.
 *
 * @param tree    A message, or a batch.
 * @param ret_id  Set for SESSION_CANCEL only; belongs to the tree.
 */
enum session_step
session_take(struct session *session, const json_t *tree, FILE *out,
             const json_t **ret_id);

/** Answer one request that asks the file. Any thread. */
void
session_call(const struct rpc_message *request,
             const struct mcp_options *options, struct inquiry *inquiry,
             FILE *out);

/** Answer one message of a batch. @return Whether there is an answer to it. */
bool
session_answer_part(const json_t *tree, const struct mcp_options *options,
                    struct inquiry *inquiry, FILE *out);

#endif
