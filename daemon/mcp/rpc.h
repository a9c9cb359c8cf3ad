/* SPDX-License-Identifier: MIT */
#ifndef MCP_RPC_H
#define MCP_RPC_H

#include "problem.h"

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/** Bytes of a line at most: far more than a question needs. */
#define RPC_LINE_SIZE_MAX (1024 * 1024)

/** Levels of arrays and objects in a line at most: the parser recurses. */
#define RPC_DEPTH_MAX 32

/** Values in a line at most: a parser's tree of a line of commas takes eighty
 *  times its size. */
#define RPC_VALUE_COUNT_MAX 10000

/** Bytes of an id that is a text, at most. */
#define RPC_ID_SIZE_MAX 256

/** What JSON-RPC calls the ways in which a request can't be answered. */
enum rpc_code {
    RPC_PARSE_ERROR = -32700,
    RPC_INVALID_REQUEST = -32600,
    RPC_METHOD_NOT_FOUND = -32601,
    RPC_INVALID_PARAMS = -32602,
    RPC_INTERNAL_ERROR = -32603
};

/** What a message is. */
enum rpc_kind {
    RPC_REQUEST,
    /** Not to be answered, whatever is wrong with it. */
    RPC_NOTIFICATION,
    /** To a request of ours; we make none. */
    RPC_RESPONSE,
    /** To be answered with an error. */
    RPC_WRONG
};

/** One message. All of it belongs to the tree that it was read from. */
struct rpc_message {
    enum rpc_kind kind;
    /** Of a request; of a wrong one, NULL when it has none that can be read. */
    const json_t *id;
    /** Of a request or a notification. */
    const char *method;
    /** An object, or NULL for none. */
    const json_t *params;
    /** What is wrong with a wrong one, and how that is called. */
    const char *problem;
    enum rpc_code code;
};

/**
 * Read a line.
 *
 * @param ret_code     Set on failure only, as is ret_problem.
 * @return Its tree, yours; NULL when it is no JSON, or more than a message is.
 */
json_t *
rpc_parse(const char *line, size_t size, enum rpc_code *ret_code,
          struct problem *ret_problem);

/** See what a tree is as a message. */
struct rpc_message
rpc_message(const json_t *tree);

/** Write an answer that is an error. @param id  NULL when it is not known. */
void
rpc_write_error(FILE *out, const json_t *id, enum rpc_code code,
                const char *problem);

/** Write the beginning of an answer; its result, as JSON, and a brace have to
 *  follow. */
void
rpc_begin_result(FILE *out, const json_t *id);

#endif
