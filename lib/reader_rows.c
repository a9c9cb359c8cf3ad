/* SPDX-License-Identifier: MIT */
/*
 * Rows, held in memory until the file was let go: nobody who is slow to take
 * them keeps the log from starting again. A value is a byte for its type, eight
 * for a number or a size, and its text with a NUL.
 */
#include "reader_rows.h"

#include "memory.h"
#include "payload.h"

#include <collector/error.h>
#include <limits.h>
#include <string.h>

/* What a value counts for, beside its text. */
#define VALUE_SIZE 8

/* What is asked for by the name of a payload. */
#define PAYLOAD_NAME "payload"

void
collector__rows_init(struct collector__rows *rows, uint32_t rows_max,
                     size_t bytes_max)
{
    memset(rows, 0, sizeof(*rows));
    rows->rows_max = rows_max;
    rows->bytes_max = bytes_max;
    collector__buffer_init(&rows->names, COLLECTOR_READER_BYTES_MAX);
    /* A type, a number and a NUL are less than twice what they count for. */
    collector__buffer_init(&rows->values, 2 * bytes_max);
}

void
collector__rows_clear(struct collector__rows *rows)
{
    collector__buffer_clear(&rows->names);
    collector__buffer_clear(&rows->values);
}

static int
gather_names(struct collector__rows *rows, sqlite3_stmt *statement)
{
    size_t i;
    int rc = COLLECTOR_OK;

    rows->column_count = (size_t)sqlite3_column_count(statement);
    for (i = 0; rc == COLLECTOR_OK && i < rows->column_count; i++) {
        const char *name = sqlite3_column_name(statement, (int)i);

        if (name == NULL)
            return COLLECTOR_ERR_NOMEM;
        rc = collector__buffer_add(&rows->names, name, strlen(name) + 1);
    }
    return rc;
}

static bool
is_text(enum collector_value_type type)
{
    return type != COLLECTOR_VALUE_NULL && type != COLLECTOR_VALUE_INTEGER &&
           type != COLLECTOR_VALUE_REAL;
}

/** What a row counts for. */
static size_t
size_of_row(sqlite3_stmt *statement, size_t column_count)
{
    size_t size = column_count * VALUE_SIZE;
    size_t i;

    for (i = 0; i < column_count; i++) {
        const int type = sqlite3_column_type(statement, (int)i);

        if (type == SQLITE_TEXT || type == SQLITE_BLOB)
            size += (size_t)sqlite3_column_bytes(statement, (int)i);
    }
    return size;
}

/** Read a value; its text is the statement's. */
static int
read_value(const struct collector__rows *rows, sqlite3_stmt *statement,
           int column, struct collector_value *ret_value)
{
    struct collector_value value = {COLLECTOR_VALUE_NULL, 0, 0.0, NULL, 0};
    const char *name;
    int rc = COLLECTOR_OK;

    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        value.type = COLLECTOR_VALUE_INTEGER;
        value.integer = sqlite3_column_int64(statement, column);
        break;
    case SQLITE_FLOAT:
        value.type = COLLECTOR_VALUE_REAL;
        value.real = sqlite3_column_double(statement, column);
        break;
    case SQLITE_TEXT:
        value.type = COLLECTOR_VALUE_TEXT;
        value.text = (const char *)sqlite3_column_text(statement, column);
        value.size = (size_t)sqlite3_column_bytes(statement, column);
        if (value.text == NULL)
            return COLLECTOR_ERR_NOMEM;
        name = sqlite3_column_name(statement, column);
        if (rows->payloads && name != NULL && strcmp(name, PAYLOAD_NAME) == 0)
            rc = collector__payload_type(value.text, value.size, &value.type);
        break;
    case SQLITE_BLOB:
        value.type = COLLECTOR_VALUE_BLOB;
        value.text = sqlite3_column_blob(statement, column);
        value.size = (size_t)sqlite3_column_bytes(statement, column);
        if (value.text == NULL && value.size > 0)
            return COLLECTOR_ERR_NOMEM;
        break;
    default:
        break;
    }
    if (rc == COLLECTOR_OK)
        *ret_value = value;
    return rc;
}

static int
keep_value(struct collector__buffer *values,
           const struct collector_value *value)
{
    const char type = (char)value->type;
    int rc = collector__buffer_add(values, &type, 1);

    if (rc != COLLECTOR_OK || value->type == COLLECTOR_VALUE_NULL)
        return rc;
    if (value->type == COLLECTOR_VALUE_INTEGER)
        return collector__buffer_add(values, &value->integer,
                                     sizeof(value->integer));
    if (value->type == COLLECTOR_VALUE_REAL)
        return collector__buffer_add(values, &value->real, sizeof(value->real));
    rc = collector__buffer_add(values, &value->size, sizeof(value->size));
    if (rc == COLLECTOR_OK)
        rc = collector__buffer_add(values, value->text, value->size);
    return rc == COLLECTOR_OK ? collector__buffer_add(values, "", 1) : rc;
}

static int
keep_row(struct collector__rows *rows, sqlite3_stmt *statement)
{
    struct collector_value value;
    size_t i;
    int rc = COLLECTOR_OK;

    for (i = 0; rc == COLLECTOR_OK && i < rows->column_count; i++) {
        rc = read_value(rows, statement, (int)i, &value);
        if (rc == COLLECTOR_OK)
            rc = keep_value(&rows->values, &value);
    }
    if (rc == COLLECTOR_OK) {
        rows->row_count++;
        rows->last_id = sqlite3_column_int64(statement, 0);
    }
    return rc;
}

/** Take the row that a statement stands at, or see that there is more. */
static int
take_row(struct collector__rows *rows, sqlite3_stmt *statement)
{
    const size_t size = size_of_row(statement, rows->column_count);

    if (size > rows->bytes_max - rows->size && rows->row_count == 0)
        return COLLECTOR_ERR_TOO_BIG;
    if (size > rows->bytes_max - rows->size ||
        rows->row_count == rows->rows_max) {
        rows->more = true;
        return COLLECTOR_OK;
    }
    rows->size += size;
    return keep_row(rows, statement);
}

int
collector__rows_gather(struct collector__rows *rows, sqlite3_stmt *statement,
                       const int *stopped_by, int *ret_step)
{
    int step = SQLITE_DONE;
    int rc = COLLECTOR_OK;

    if (rows->column_count == 0)
        rc = gather_names(rows, statement);
    while (rc == COLLECTOR_OK && !rows->more &&
           (step = sqlite3_step(statement)) == SQLITE_ROW &&
           *stopped_by == COLLECTOR_OK)
        rc = take_row(rows, statement);
    *ret_step = step;
    return rc;
}

/** Read a kept value, and step over it. */
static void
recall_value(const char **at, struct collector_value *ret_value)
{
    struct collector_value value = {COLLECTOR_VALUE_NULL, 0, 0.0, NULL, 0};

    value.type = (enum collector_value_type)(unsigned char)*(*at)++;
    if (value.type == COLLECTOR_VALUE_INTEGER) {
        memcpy(&value.integer, *at, sizeof(value.integer));
        *at += sizeof(value.integer);
    } else if (value.type == COLLECTOR_VALUE_REAL) {
        memcpy(&value.real, *at, sizeof(value.real));
        *at += sizeof(value.real);
    } else if (is_text(value.type)) {
        memcpy(&value.size, *at, sizeof(value.size));
        *at += sizeof(value.size);
        value.text = *at;
        *at += value.size + 1;
    }
    *ret_value = value;
}

int
collector__rows_show(const struct collector__rows *rows, collector_row_fn show,
                     void *userdata)
{
    const char **names =
        collector__memory_zeroed((rows->column_count + 1) * sizeof(*names));
    struct collector_value *values =
        collector__memory_zeroed((rows->column_count + 1) * sizeof(*values));
    const struct collector_row row = {rows->column_count, names, values};
    const char *name = rows->names.data;
    const char *at = rows->values.data;
    int rc = COLLECTOR_ERR_NOMEM;
    bool ended = show == NULL;
    uint64_t shown;
    size_t i;

    if (names == NULL || values == NULL)
        goto out;
    for (i = 0; i < rows->column_count; i++) {
        names[i] = name;
        name += strlen(name) + 1;
    }
    for (shown = 0; !ended && shown < rows->row_count; shown++) {
        for (i = 0; i < rows->column_count; i++)
            recall_value(&at, &values[i]);
        ended = show(userdata, &row) != 0;
    }
    rc = COLLECTOR_OK;
out:
    collector__memory_free(names);
    collector__memory_free(values);
    return rc;
}
