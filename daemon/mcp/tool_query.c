/* SPDX-License-Identifier: MIT */
/*
 * Any question, in SQL. What is wrong with one comes with what would have been
 * right: the tables there are, and the columns of those that it names.
 */
#include "dictionary.h"
#include "row_json.h"
#include "schema.h"
#include "tool.h"

#include <collector/error.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Bytes of a hint about one table. */
#define HINT_SIZE 256

static bool
is_word(char character)
{
    return (character >= 'a' && character <= 'z') ||
           (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '_';
}

/** Whether a name stands in a text, and not only a part of a longer one. */
static bool
names(const char *text, const char *name)
{
    const size_t size = strlen(name);
    const char *at;

    for (at = text; *at != '\0'; at++) {
        if (strncasecmp(at, name, size) == 0 && !is_word(at[size]) &&
            (at == text || !is_word(at[-1])))
            return true;
    }
    return false;
}

/** Add "; events has: id, device_id, ...". */
static void
add_columns(struct problem *problem, const struct dictionary_table *table)
{
    const struct dictionary_column *column;
    char hint[HINT_SIZE];
    size_t size;

    size = (size_t)snprintf(hint, sizeof(hint), "; %s has", table->name);
    for (column = table->columns; column->name != NULL && size < sizeof(hint);
         column++)
        size += (size_t)snprintf(hint + size, sizeof(hint) - size, "%s%s",
                                 column == table->columns ? ": " : ", ",
                                 column->name);
    size = strlen(problem->text);
    (void)snprintf(problem->text + size, sizeof(problem->text) - size, "%s",
                   hint);
}

/** Add how to ask for less. */
static void
add_advice(struct problem *problem)
{
    const size_t size = strlen(problem->text);

    (void)snprintf(problem->text + size, sizeof(problem->text) - size,
                   ": narrow it; ids are indexed and times are not, so bound "
                   "the id, such as with id > (SELECT max(id) FROM event_log) "
                   "- 10000, or ask the view backlog");
}

/** Whether it would change something, by its first word or by what SQLite says
 *  of it. */
static bool
is_change(const char *sql, const struct problem *problem)
{
    static const char *const words[] = {"ALTER",  "CREATE",  "DELETE", "DROP",
                                        "INSERT", "REPLACE", "UPDATE"};
    const char *first = sql + strspn(sql, " \t\r\n;");
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const size_t size = strlen(words[i]);

        if (strncasecmp(first, words[i], size) == 0 && !is_word(first[size]))
            return true;
    }
    return strstr(problem->text, "cannot modify ") != NULL;
}

/** Say that no other change would be let through, unless that is said. */
static void
add_refusal(struct problem *problem)
{
    const size_t size = strlen(problem->text);

    if (strstr(problem->text, "this only reads") == NULL)
        (void)snprintf(problem->text + size, sizeof(problem->text) - size,
                       ": this only reads");
}

/** Add what a model needs to mend a name that is wrong. */
static void
add_hint(struct problem *problem, const char *sql)
{
    const bool table_missing = strstr(problem->text, "no such table") != NULL;
    const bool column_missing = strstr(problem->text, "no such column") != NULL;
    const struct dictionary_table *table;
    const char *separator = "; there are: ";
    size_t i;

    for (i = 0; (table = dictionary_at(i)) != NULL; i++) {
        const size_t size = strlen(problem->text);

        if (table_missing) {
            (void)snprintf(problem->text + size, sizeof(problem->text) - size,
                           "%s%s", separator, table->name);
            separator = ", ";
        } else if (column_missing && names(sql, table->name)) {
            add_columns(problem, table);
        }
    }
}

/** The reader let it through: it does not know how long it is as JSON. */
static int
refuse_first_row(struct tool_call *call, struct collector_answer *answer)
{
    (void)snprintf(answer->problem, sizeof(answer->problem),
                   "its first row is over %d bytes as JSON", EXCERPT_SIZE_MAX);
    return inquiry_explain(call->inquiry, COLLECTOR_ERR_TOO_BIG, answer,
                           &call->problem);
}

static int
write_answer(struct tool_call *call, const struct excerpt *excerpt,
             struct collector_answer *answer)
{
    const bool more = answer->more || excerpt->full;

    if (excerpt->full && excerpt->count == 0)
        return refuse_first_row(call, answer);
    (void)fprintf(call->out,
                  "],\"columns\":%s,\"row_count\":%zu,\"more\":%s,"
                  "\"elapsed_ms\":%" PRIu64 "}",
                  excerpt->names != NULL ? excerpt->names : "[]",
                  excerpt->count, more ? "true" : "false", answer->elapsed_ms);
    return 0;
}

static int
query(struct tool_call *call)
{
    int64_t limit = TOOL_ROW_COUNT_DEFAULT;
    struct collector_answer answer;
    struct excerpt excerpt = tool_excerpt(call);
    const char *sql = NULL;
    int rc;

    excerpt.bare = true;
    if (arguments_text(&call->arguments, "sql", COLLECTOR_READER_SQL_SIZE_MAX,
                       &sql) < 0 ||
        arguments_number(&call->arguments, "limit", 1, TOOL_ROW_COUNT_MAX,
                         &limit) < 0 ||
        inquiry_open(call->inquiry, (uint32_t)limit, EXCERPT_SIZE_MAX,
                     &call->problem) < 0)
        return -1;
    (void)fputs("{\"rows\":[", call->out);
    rc = inquiry_sql(call->inquiry, sql, NULL, 0, excerpt_show, &excerpt,
                     &answer, &call->problem);
    if (rc == 0)
        rc = write_answer(call, &excerpt, &answer);
    else if (inquiry_took_too_long(call->inquiry))
        add_advice(&call->problem);
    else if (is_change(sql, &call->problem))
        add_refusal(&call->problem);
    else
        add_hint(&call->problem, sql);
    free(excerpt.names);
    return rc;
}

/* clang-format off */
static const char input[] = SCHEMA_OBJECT(
    SCHEMA_TEXT("sql", "One SELECT, or WITH ... SELECT, of SQLite") ","
    SCHEMA_LIMIT("Rows at most"),
    "\"sql\"");

static const char output[] = SCHEMA_OBJECT(
    SCHEMA_TEXTS("columns",
        "What the values of a row are; empty without rows") ","
    SCHEMA_ARRAY("rows", "Their values, in the order of columns",
        "{\"type\":\"array\"}") ","
    SCHEMA_INTEGER("row_count", "Rows that are shown") ","
    SCHEMA_BOOLEAN("more",
        "true when limit or 64 KiB cut the answer: there are more rows") ","
    SCHEMA_INTEGER("elapsed_ms", "How long it took"),
    "\"columns\",\"rows\",\"row_count\",\"more\",\"elapsed_ms\"");
/* clang-format on */

const struct tool tool_query = {
    .name = "query",
    .title = "SQL query",
    .description =
        "Ask the live database of the collector one question in SQL (SQLite, "
        "read-only: one SELECT or WITH ... SELECT; no PRAGMA or ATTACH). At "
        "most 1000 rows, 64 KiB and 5 seconds. Tables: events(id, device_id, "
        "kind, payload_json, ts, uploaded_at), backlog, devices(device_key, "
        "last_seen_at), ledger, upload_runs, dead_letters and more; "
        "describe_table explains them. Times are milliseconds since 1970: the "
        "last hour is ts > (unixepoch() - 3600) * 1000. Payloads are JSON "
        "text: payload_json ->> '$.celsius'. id is indexed and ts is not: on a "
        "large file bound the id too, or use search_events.",
    .input = input,
    .output = output,
    .run = query,
};
