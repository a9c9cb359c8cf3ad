/* SPDX-License-Identifier: MIT */
#ifndef MCP_TALK_H
#define MCP_TALK_H

/*
 * A whole conversation with a server in this process: all lines at once, and
 * all of its answers. One thread.
 */
#include "support.h"

#include "ctl/standing.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/** A client of version 2025-11-25 that has said hello, as line. */
#define TALK_HELLO(version)                                                    \
    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{"     \
    "\"protocolVersion\":\"" version                                           \
    "\",\"capabilities\":{},\"clientInfo\":{\"name\":\"t\",\"version\":"       \
    "\"1\"}}}\n"

/** A ping, whose answer shows that a session goes on. */
#define TALK_PING_MESSAGE "{\"jsonrpc\":\"2.0\",\"id\":99,\"method\":\"ping\"}"
#define TALK_PING TALK_PING_MESSAGE "\n"
#define TALK_PONG "{\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{}}\n"

/** There is no such file: what is asked of it fails, and nothing else. */
#define TALK_NO_FILE "/nonexistent/events.sqlite"

/** How long one question may take, unless a test says otherwise. */
#define TALK_DEADLINE_MS 5000

extern uint32_t talk_deadline_ms;

/** What the server is told of its file, unless a test says otherwise. */
#define TALK_LIMITS                                                            \
    ((struct standing_limits){STANDING_UNKNOWN, STANDING_UNKNOWN})

extern struct standing_limits talk_limits;

/** What a server of this file answers to these bytes, which end well: every
 *  line has to be JSON. */
const char *
talk(const char *path, const char *bytes, size_t size);

/** The same for a text. */
const char *
talk_text(const char *path, const char *text);

/** The answer to a line that stands between a hello and a ping, which has to be
 *  answered as well. */
const char *
talk_between(const char *line);

/** Assert that a line is answered with one error, and that its code is this. */
void
talk_refused(const char *line, int code);

/** The whole line that a tool answers with. */
const char *
talk_line(const char *path, const char *tool, const char *arguments);

/** The result of one call of a tool, with these arguments as JSON; yours. */
json_t *
talk_call(const char *path, const char *tool, const char *arguments);

/** The structured answer of one that has to work, which was said in text as
 *  well; yours. */
json_t *
talk_ask(const char *path, const char *tool, const char *arguments);

/** What a tool says when it fails, as it has to. */
const char *
talk_problem(const char *path, const char *tool, const char *arguments);

#endif
