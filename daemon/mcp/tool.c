/* SPDX-License-Identifier: MIT */
/*
 * The tools: what they are called with is looked at before they run, and what
 * they answer is composed as text, so that no number in it is rounded. An
 * answer goes out twice, as structured content and as text for clients that
 * know only that.
 */
#include "tool.h"

#include "row_json.h"
#include "utc.h"

#include <collector/error.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What holds for all of them: they read one file on this machine. */
#define ANNOTATIONS                                                            \
    "\"readOnlyHint\":true,\"destructiveHint\":false,"                         \
    "\"idempotentHint\":true,\"openWorldHint\":false"

/* Those that answer a question by themselves come first. */
static const struct tool *const tools[] = {
    &tool_buffer_status,  &tool_recent_errors, &tool_offline_devices,
    &tool_search_events,  &tool_query,         &tool_list_tables,
    &tool_describe_table, &tool_schema_dump,
};
#define TOOL_COUNT (sizeof(tools) / sizeof(tools[0]))

const struct tool *
tool_find(const char *name)
{
    size_t i;

    for (i = 0; i < TOOL_COUNT; i++) {
        if (strcmp(tools[i]->name, name) == 0)
            return tools[i];
    }
    return NULL;
}

void
tool_write_text(FILE *out, const char *name, const char *text)
{
    (void)fprintf(out, "\"%s\":", name);
    row_json_text(out, text, strlen(text));
}

void
tool_write_moment(FILE *out, const char *name, int64_t ms)
{
    char iso[UTC_SIZE];

    if (ms <= 0) {
        (void)fprintf(out, "\"%s\":null", name);
        return;
    }
    (void)fprintf(out, "\"%s\":%" PRId64 ",\"%s_iso\":\"%s\"", name, ms, name,
                  utc_write(ms, iso));
}

/** A member with its comma. */
static void
write_text(FILE *out, const char *name, const char *text)
{
    tool_write_text(out, name, text);
    (void)putc(',', out);
}

static void
write_tool(FILE *out, const struct tool *tool)
{
    (void)putc('{', out);
    write_text(out, "name", tool->name);
    write_text(out, "title", tool->title);
    write_text(out, "description", tool->description);
    (void)fprintf(out, "\"inputSchema\":%s,\"outputSchema\":%s,", tool->input,
                  tool->output);
    (void)fputs("\"annotations\":{", out);
    write_text(out, "title", tool->title);
    (void)fputs(ANNOTATIONS "}}", out);
}

void
tool_write_list(FILE *out)
{
    size_t i;

    (void)fputs("{\"tools\":[", out);
    for (i = 0; i < TOOL_COUNT; i++) {
        if (i > 0)
            (void)putc(',', out);
        write_tool(out, tools[i]);
    }
    (void)fputs("]}", out);
}

static void
write_result(FILE *out, const char *text, size_t size, bool failed)
{
    (void)fputs("{\"content\":[{\"type\":\"text\",\"text\":", out);
    row_json_text(out, text, size);
    (void)fputs("}],", out);
    if (!failed) {
        (void)fputs("\"structuredContent\":", out);
        (void)fwrite(text, 1, size, out);
        (void)putc(',', out);
    }
    (void)fprintf(out, "\"isError\":%s}", failed ? "true" : "false");
}

/** Run it. @return The answer, yours; NULL with the call's problem. */
static char *
answer_of(const struct tool *tool, struct tool_call *call, size_t *ret_size)
{
    char *text = NULL;
    bool ended;
    int rc = -1;

    if (arguments_fit(&call->arguments, tool->input) < 0)
        return NULL;
    call->out = open_memstream(&text, ret_size);
    if (call->out != NULL)
        rc = tool->run(call);
    else
        (void)problem_say(&call->problem, "out of memory");
    inquiry_end(call->inquiry);
    ended = call->out != NULL && fclose(call->out) == 0;
    if (rc == 0 && ended)
        return text;
    if (rc == 0)
        (void)problem_say(&call->problem, "out of memory");
    free(text);
    return NULL;
}

void
tool_run(const struct tool *tool, const struct mcp_options *options,
         struct inquiry *inquiry, const json_t *members, FILE *out)
{
    struct tool_call call = {
        .options = options,
        .inquiry = inquiry,
        .now_ms = utc_now_ms(),
        .size_left = EXCERPT_SIZE_MAX,
    };
    size_t size = 0;
    char *text;

    call.arguments.members = members;
    call.arguments.now_ms = call.now_ms;
    call.arguments.problem = &call.problem;
    text = answer_of(tool, &call, &size);
    if (text != NULL)
        write_result(out, text, size, false);
    else
        write_result(out, call.problem.text, strlen(call.problem.text), true);
    free(text);
}

int
tool_glance(struct tool_call *call, struct standing *ret_standing)
{
    struct collector_answer answer;
    const int rc = standing_glance(inquiry_reader(call->inquiry),
                                   call->options->path, ret_standing, &answer);

    if (rc != COLLECTOR_OK)
        return inquiry_explain(call->inquiry, rc, &answer, &call->problem);
    return 0;
}

struct excerpt
tool_excerpt(struct tool_call *call)
{
    const struct excerpt excerpt = {.out = call->out, .left = &call->size_left};

    return excerpt;
}

int
tool_write_rows(struct tool_call *call, const char *name, const char *sql,
                const int64_t *numbers, size_t number_count,
                struct excerpt *ret_excerpt)
{
    struct collector_answer answer;
    int rc;

    *ret_excerpt = tool_excerpt(call);
    (void)fprintf(call->out, "\"%s\":[", name);
    rc = inquiry_sql(call->inquiry, sql, numbers, number_count, excerpt_show,
                     ret_excerpt, &answer, &call->problem);
    (void)putc(']', call->out);
    ret_excerpt->full = ret_excerpt->full || answer.more;
    return rc;
}

/* Where the numbers of a row go. */
struct numbers {
    int64_t *at;
    size_t count;
};

static int
take_numbers(void *userdata, const struct collector_row *row)
{
    const struct numbers *numbers = userdata;
    size_t i;

    for (i = 0; i < numbers->count && i < row->column_count; i++)
        numbers->at[i] = row->values[i].integer;
    return 1;
}

int
tool_numbers(struct tool_call *call, const char *sql, const int64_t *numbers,
             size_t number_count, int64_t *ret_numbers, size_t ret_count)
{
    struct numbers found = {.at = ret_numbers, .count = ret_count};
    struct collector_answer answer;

    memset(ret_numbers, 0, ret_count * sizeof(*ret_numbers));
    return inquiry_sql(call->inquiry, sql, numbers, number_count, take_numbers,
                       &found, &answer, &call->problem);
}

bool
tool_has_table(struct tool_call *call, const char *table)
{
    char sql[128];
    int64_t count;

    (void)snprintf(sql, sizeof(sql),
                   "SELECT count(*) FROM sqlite_schema WHERE name = '%s'",
                   table);
    return tool_numbers(call, sql, NULL, 0, &count, 1) == 0 && count > 0;
}
