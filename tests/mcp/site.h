/* SPDX-License-Identifier: MIT */
#ifndef MCP_SITE_H
#define MCP_SITE_H

/*
 * A live file for the tools: a store that is open, by the system's clock, as
 * the tools go by. One thread, one at a time.
 */
#include "talk.h"

#include <collector/collector.h>
#include <stdbool.h>
#include <stdint.h>

/** The file, and its owner; NULL when it is closed. */
extern const char *mcp_db;
extern struct collector_store *mcp_store;

void
mcp_setup(void);

void
mcp_teardown(void);

/** Open the store again with such a limit. */
void
mcp_limit(uint64_t size_max, bool indexed);

/** Append so many events at a time, with so large payloads, until they are
 *  refused. @param key  What the keys of the appends begin with; NULL for none.
 */
#define MCP_FILL_EVENT_COUNT_MAX 64
#define MCP_FILL_COUNT_MAX 4096

void
mcp_fill(size_t event_count, size_t payload_size, const char *key);

/** Append an event that is so old. @param payload  NULL for none. */
void
mcp_append(const char *device_id, const char *kind, const char *payload,
           int64_t age_ms);

/** Deliver all that is pending. */
void
mcp_deliver(void);

/** Close the store, and change its file. */
void
mcp_change(const char *sql);

/** SQL of a run that began and ended so long ago, with one event. */
const char *
mcp_run_sql(const char *status, const char *error, int64_t begun_ms,
            int64_t ended_ms, int id);

/** Close the store, put 20000 delivered events of kind error into its file, and
 *  have the clock of this program go on by so much at each look at it. Then
 * this deadline is over before all of them were looked through, and before
 * nothing else is done. @return False where that can't be. */
#define MCP_SLOW_LOOK_NS 1000000
#define MCP_SLOW_DEADLINE_MS 600

bool
mcp_slow_down(void);

/** Whether this kernel tells of locks, so that an owner can be seen. */
bool
mcp_owners_are_seen(void);

/** Ms since 1970. */
int64_t
mcp_now_ms(void);

/** A number in an answer; fails the test when it is none. */
int64_t
mcp_number(const json_t *answer, const char *name);

/** A text in an answer; "" for none. */
const char *
mcp_text(const json_t *answer, const char *name);

/** How many elements a list in an answer has. */
size_t
mcp_count(const json_t *answer, const char *name);

/** The i-th element of a list in an answer. */
const json_t *
mcp_at(const json_t *answer, const char *name, size_t i);

#endif
