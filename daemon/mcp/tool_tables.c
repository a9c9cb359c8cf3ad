/* SPDX-License-Identifier: MIT */
/*
 * What may be asked: the tables that the file has, and not those that it should
 * have, with what is known of them.
 */
#include "dictionary.h"
#include "schema.h"
#include "tool.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

/* Bytes of a table's name at most. */
#define NAME_SIZE_MAX 128

/* Of our own tables, how many rows they have at a cost that does not grow with
 * the events; ids have no gaps but where settled events were pruned around
 * dead letters. */
static const struct {
    const char *name;
    const char *sql;
    bool exact;
} counts[] = {
    {"events",
     "SELECT max(id) - (SELECT min(id) FROM event_log) + 1 FROM event_log",
     false},
    {"event_log",
     "SELECT max(id) - (SELECT min(id) FROM event_log) + 1 FROM event_log",
     false},
    {"backlog", "SELECT pending FROM ledger", true},
    {"ledger", "SELECT 1", true},
    {"state", "SELECT 1", true},
    {"devices", "SELECT count(*) FROM devices", true},
    {"upload_runs", "SELECT count(*) FROM upload_runs", true},
    {"dead_letters", "SELECT count(*) FROM dead_letters", true},
    {"quarantines", "SELECT count(*) FROM quarantines", true},
};

/** Write how many rows a table has, if that is cheap to know. */
static int
write_count(struct tool_call *call, const char *name)
{
    int64_t count;
    size_t i;

    for (i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        if (strcmp(counts[i].name, name) != 0)
            continue;
        if (tool_numbers(call, counts[i].sql, NULL, 0, &count, 1) < 0)
            return -1;
        (void)fprintf(call->out, ",\"row_count\":%" PRId64 ",\"exact\":%s",
                      count, counts[i].exact ? "true" : "false");
    }
    return 0;
}

/** A text of a row, or "". */
static const char *
text_at(const struct collector_row *row, size_t i)
{
    const char *text = i < row->column_count ? row->values[i].text : NULL;

    return text != NULL ? text : "";
}

/* The tables that a file has, ended by "". */
#define TABLE_COUNT_MAX 64
struct tables {
    char names[TABLE_COUNT_MAX + 1][NAME_SIZE_MAX];
    char types[TABLE_COUNT_MAX + 1][8];
    size_t count;
};

static int
take_table(void *userdata, const struct collector_row *row)
{
    struct tables *tables = userdata;

    if (tables->count == TABLE_COUNT_MAX)
        return 1;
    (void)snprintf(tables->names[tables->count], NAME_SIZE_MAX, "%s",
                   text_at(row, 0));
    (void)snprintf(tables->types[tables->count], 8, "%s", text_at(row, 1));
    tables->count++;
    return 0;
}

static int
find_tables(struct tool_call *call, struct tables *ret_tables)
{
    static const char sql[] = "SELECT name, type FROM sqlite_schema"
                              " WHERE type IN ('table', 'view')"
                              "   AND name NOT LIKE 'sqlite_%' ORDER BY name";
    struct collector_answer answer;

    ret_tables->count = 0;
    return inquiry_sql(call->inquiry, sql, NULL, 0, take_table, ret_tables,
                       &answer, &call->problem);
}

static int
write_table(struct tool_call *call, const char *name, const char *type)
{
    const struct dictionary_table *table = dictionary_find(name);

    (void)putc('{', call->out);
    tool_write_text(call->out, "name", name);
    (void)putc(',', call->out);
    tool_write_text(call->out, "type", type);
    if (table != NULL) {
        (void)putc(',', call->out);
        tool_write_text(call->out, "purpose", table->purpose);
    }
    if (write_count(call, name) < 0)
        return -1;
    (void)putc('}', call->out);
    return 0;
}

static int
list_tables(struct tool_call *call)
{
    struct tables tables;
    size_t i;

    if (inquiry_open(call->inquiry, TOOL_ROW_COUNT_MAX, TOOL_BYTES_MAX,
                     &call->problem) < 0 ||
        find_tables(call, &tables) < 0)
        return -1;
    (void)fputs("{\"tables\":[", call->out);
    for (i = 0; i < tables.count; i++) {
        if (i > 0)
            (void)putc(',', call->out);
        if (write_table(call, tables.names[i], tables.types[i]) < 0)
            return -1;
    }
    (void)fputs("]}", call->out);
    return 0;
}

/** Write what is known of a column, by its name. */
static void
write_column(FILE *out, const struct dictionary_table *table, const char *name)
{
    const struct dictionary_column *column =
        table != NULL ? table->columns : NULL;

    while (column != NULL && column->name != NULL &&
           strcmp(column->name, name) != 0)
        column++;
    (void)putc('{', out);
    tool_write_text(out, "name", name);
    if (column != NULL && column->name != NULL) {
        (void)putc(',', out);
        tool_write_text(out, "type", column->type);
        (void)putc(',', out);
        tool_write_text(out, "meaning", column->meaning);
    }
    (void)putc('}', out);
}

/* Whose columns a row shows. */
struct columns {
    FILE *out;
    const struct dictionary_table *table;
};

static int
show_columns(void *userdata, const struct collector_row *row)
{
    const struct columns *columns = userdata;
    size_t i;

    /* The first is of the row that is there in any case. */
    for (i = 1; i < row->column_count; i++) {
        if (i > 1)
            (void)putc(',', columns->out);
        write_column(columns->out, columns->table, row->names[i]);
    }
    return 1;
}

static int
write_columns(struct tool_call *call, const char *name)
{
    const struct columns columns = {.out = call->out,
                                    .table = dictionary_find(name)};
    struct collector_answer answer;
    char sql[2 * NAME_SIZE_MAX];

    /* A row of nothing but NULL has the names too. */
    (void)snprintf(sql, sizeof(sql),
                   "SELECT * FROM (SELECT 1)"
                   " LEFT JOIN (SELECT * FROM \"%s\" LIMIT 0)",
                   name);
    (void)fputs(",\"columns\":[", call->out);
    if (inquiry_sql(call->inquiry, sql, NULL, 0, show_columns, (void *)&columns,
                    &answer, &call->problem) < 0)
        return -1;
    (void)putc(']', call->out);
    return 0;
}

/** Write the SQL that made a table, and its indexes; its name was found in the
 *  file, and holds no quotes. */
static int
write_schema(struct tool_call *call, const char *name)
{
    struct excerpt excerpt;
    char sql[2 * NAME_SIZE_MAX];

    (void)snprintf(sql, sizeof(sql),
                   "SELECT type, name, sql FROM sqlite_schema"
                   " WHERE tbl_name = '%s' AND sql IS NOT NULL",
                   name);
    (void)putc(',', call->out);
    return tool_write_rows(call, "schema", sql, NULL, 0, &excerpt);
}

static int
refuse_table(struct tool_call *call, const struct tables *tables,
             const char *name)
{
    char names[384] = "";
    size_t size = 0;
    size_t i;

    for (i = 0; i < tables->count && size < sizeof(names); i++)
        size += (size_t)snprintf(names + size, sizeof(names) - size, "%s%s",
                                 i > 0 ? ", " : "", tables->names[i]);
    return problem_say(&call->problem, "no such table: %.64s; there are: %s",
                       name, names);
}

/** Whether a name can be put into quotes as it is. */
static bool
is_plain(const char *name)
{
    return strpbrk(name, "'\"") == NULL;
}

static int
describe_table(struct tool_call *call)
{
    const struct dictionary_table *table;
    const char *name = NULL;
    struct tables tables;
    size_t i = 0;

    if (arguments_text(&call->arguments, "table", NAME_SIZE_MAX - 1, &name) <
            0 ||
        inquiry_open(call->inquiry, TOOL_ROW_COUNT_MAX, TOOL_BYTES_MAX,
                     &call->problem) < 0 ||
        find_tables(call, &tables) < 0)
        return -1;
    while (i < tables.count && strcmp(tables.names[i], name) != 0)
        i++;
    if (i == tables.count || !is_plain(name))
        return refuse_table(call, &tables, name);
    table = dictionary_find(name);
    (void)putc('{', call->out);
    tool_write_text(call->out, "name", name);
    (void)putc(',', call->out);
    tool_write_text(call->out, "type", tables.types[i]);
    if (table != NULL) {
        (void)putc(',', call->out);
        tool_write_text(call->out, "purpose", table->purpose);
    }
    if (write_columns(call, name) < 0 || write_schema(call, name) < 0)
        return -1;
    (void)putc('}', call->out);
    return 0;
}

static int
dump_schema(struct tool_call *call)
{
    struct excerpt excerpt;

    if (inquiry_open(call->inquiry, TOOL_ROW_COUNT_MAX, TOOL_BYTES_MAX,
                     &call->problem) < 0)
        return -1;
    (void)putc('{', call->out);
    if (tool_write_rows(call, "schema",
                        "SELECT type, name, sql FROM sqlite_schema"
                        " WHERE sql IS NOT NULL ORDER BY rowid",
                        NULL, 0, &excerpt) < 0)
        return -1;
    (void)putc('}', call->out);
    return 0;
}

/* clang-format off */
#define SCHEMA_ROWS \
SCHEMA_ARRAY("schema", "What made it, and its indexes", SCHEMA_OBJECT( \
    SCHEMA_TEXT("type", "table, view or index") "," \
    SCHEMA_TEXT("name", "Its name") "," \
    SCHEMA_TEXT("sql", "The SQL that made it"), \
    "\"type\",\"name\",\"sql\""))

static const char no_input[] = SCHEMA_OBJECT("", "");

static const char list_output[] = SCHEMA_OBJECT(
    SCHEMA_ARRAY("tables", "Tables and views", SCHEMA_OBJECT(
        SCHEMA_TEXT("name", "Its name") ","
        SCHEMA_TEXT("type", "table or view") ","
        SCHEMA_TEXT("purpose", "What it is for") ","
        SCHEMA_INTEGER("row_count", "Rows, if that is cheap to know") ","
        SCHEMA_BOOLEAN("exact", "false when it may be fewer"),
        "\"name\",\"type\"")),
    "\"tables\"");

static const char describe_input[] = SCHEMA_OBJECT(
    SCHEMA_TEXT("table", "A name that list_tables shows, such as events"),
    "\"table\"");

static const char describe_output[] = SCHEMA_OBJECT(
    SCHEMA_TEXT("name", "Its name") ","
    SCHEMA_TEXT("type", "table or view") ","
    SCHEMA_TEXT("purpose", "What it is for") ","
    SCHEMA_ARRAY("columns", "In their order", SCHEMA_OBJECT(
        SCHEMA_TEXT("name", "Its name") ","
        SCHEMA_TEXT("type", "Its type") ","
        SCHEMA_TEXT("meaning", "What it means"),
        "\"name\"")) ","
    SCHEMA_ROWS,
    "\"name\",\"type\",\"columns\",\"schema\"");

static const char dump_output[] = SCHEMA_OBJECT(SCHEMA_ROWS, "\"schema\"");
/* clang-format on */

const struct tool tool_list_tables = {
    .name = "list_tables",
    .title = "Tables",
    .description =
        "List the tables and views of the collector's database, with what each "
        "is for and how many rows it has (where that is cheap to know). Call "
        "it before you write SQL for the tool query.",
    .input = no_input,
    .output = list_output,
    .run = list_tables,
};

const struct tool tool_describe_table = {
    .name = "describe_table",
    .title = "Columns of a table",
    .description =
        "Describe a table or view of the collector's database: its columns "
        "with their types and what they mean, and the SQL that made it and its "
        "indexes. Times are milliseconds since 1970.",
    .input = describe_input,
    .output = describe_output,
    .run = describe_table,
};

const struct tool tool_schema_dump = {
    .name = "schema_dump",
    .title = "Whole schema",
    .description = "Show the SQL of all tables, views and indexes of the "
                   "collector's database. describe_table says what the columns "
                   "of one mean.",
    .input = no_input,
    .output = dump_output,
    .run = dump_schema,
};
