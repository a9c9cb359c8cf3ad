/* SPDX-License-Identifier: MIT */
#ifndef MCP_TOOL_H
#define MCP_TOOL_H

#include "arguments.h"
#include "excerpt.h"
#include "inquiry.h"
#include "mcp.h"
#include "problem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** Rows of an answer at most, and unless somebody asks for another number. */
#define TOOL_ROW_COUNT_MAX 1000
#define TOOL_ROW_COUNT_DEFAULT 100

/** Bytes that the file is asked for at a time, by questions of ours. */
#define TOOL_BYTES_MAX (1024 * 1024)

/** One call of a tool. */
struct tool_call {
    const struct mcp_options *options;
    struct inquiry *inquiry;
    struct arguments arguments;
    /** Ms since 1970, for the whole call. */
    int64_t now_ms;
    /** Where the structured answer goes: one JSON object. */
    FILE *out;
    /** Bytes that are left for rows. */
    size_t size_left;
    /** Why there is no answer. */
    struct problem problem;
};

/** One tool. */
struct tool {
    const char *name;
    const char *title;
    /** For a model that chooses between them. */
    const char *description;
    /** JSON Schemas, of the arguments and of the structured answer. */
    const char *input;
    const char *output;
    /** Writes the answer. 0, or -1 with a problem: then what was written is
     *  thrown away. */
    int (*run)(struct tool_call *call);
};

/** The tool of that name, or NULL. */
const struct tool *
tool_find(const char *name);

/** Write all as the result of tools/list. */
void
tool_write_list(FILE *out);

/**
 * Call one, and write the result of tools/call, also of a call that failed.
 *
 * @param members  Its arguments, an object or NULL.
 */
void
tool_run(const struct tool *tool, const struct mcp_options *options,
         struct inquiry *inquiry, const json_t *members, FILE *out);

/** Write a member of an object that is a text, without a comma. */
void
tool_write_text(FILE *out, const char *name, const char *text);

/** Write a moment in both forms, name and name_iso, without a comma; null for
 *  0. */
void
tool_write_moment(FILE *out, const char *name, int64_t ms);

/** Ask in SQL, and write the rows as an array, the member of that name.
 *  @param ret_excerpt  How many were written, and whether all. 0, or -1. */
int
tool_write_rows(struct tool_call *call, const char *name, const char *sql,
                const int64_t *numbers, size_t number_count,
                struct excerpt *ret_excerpt);

/** Glance at the file that is open, see standing_glance(). 0, or -1. */
int
tool_glance(struct tool_call *call, struct standing *ret_standing);

/** The array that a struct excerpt writes, of its call. */
struct excerpt
tool_excerpt(struct tool_call *call);

/** Ask in SQL for one row of whole numbers; NULL counts as 0, as do all when
 *  there is no row. 0, or -1. */
int
tool_numbers(struct tool_call *call, const char *sql, const int64_t *numbers,
             size_t number_count, int64_t *ret_numbers, size_t ret_count);

/** Whether the file has a table of that name, which older ones may lack. */
bool
tool_has_table(struct tool_call *call, const char *table);

extern const struct tool tool_list_tables;
extern const struct tool tool_describe_table;
extern const struct tool tool_schema_dump;
extern const struct tool tool_query;
extern const struct tool tool_search_events;
extern const struct tool tool_offline_devices;
extern const struct tool tool_recent_errors;
extern const struct tool tool_buffer_status;

#endif
