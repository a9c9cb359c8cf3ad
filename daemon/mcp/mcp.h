/* SPDX-License-Identifier: MIT */
#ifndef MCP_MCP_H
#define MCP_MCP_H

#include "ctl/standing.h"

/** What a server is asked to serve. */
struct mcp_options {
    /** The database file, borrowed. It need not be there yet. */
    const char *path;
    /** How long a question may keep the file, in ms. */
    uint32_t deadline_ms;
    /** What its owner was told; see standing.h. */
    struct standing_limits limits;
};

/**
 * Speak the Model Context Protocol over two descriptors, a message a line,
 * until the end of the input, SIGTERM or SIGINT. It writes nothing but messages
 * to out, reads the file and changes nothing, and logs to stderr.
 *
 * Call it once in a process, which has no other thread yet: it blocks those two
 * signals and ignores SIGPIPE.
 *
 * @param in   Borrowed.
 * @param out  Borrowed.
 * @return 0; -1 when nobody reads the answers, or memory is out, which was
 *         logged.
 */
int
mcp_serve(const struct mcp_options *options, int in, int out);

#endif
