/* SPDX-License-Identifier: MIT */
/*
 * Rows in an answer, as many as there is room for. They go as row_json.h writes
 * them, so that payloads and numbers stay what they are.
 */
#include "excerpt.h"

#include "ctl/moment.h"
#include "row_json.h"
#include "utc.h"

#include <stdlib.h>
#include <string.h>

/* "last_seen_at_iso" and the like. */
#define NAME_SIZE 64

/* A row that is being put together: at most, each column has a second one. */
struct draft {
    struct collector_row row;
    const char *names[EXCERPT_COLUMN_COUNT_MAX * 2];
    struct collector_value values[EXCERPT_COLUMN_COUNT_MAX * 2];
    char iso_names[EXCERPT_COLUMN_COUNT_MAX][NAME_SIZE];
    char iso[EXCERPT_COLUMN_COUNT_MAX][UTC_SIZE];
    size_t iso_count;
};

static bool
is_moment(const char *name, const struct collector_value *value)
{
    return value->type == COLLECTOR_VALUE_INTEGER && value->integer > 0 &&
           strlen(name) < NAME_SIZE - sizeof("_iso") && moment_is_column(name);
}

static void
add_column(struct draft *draft, const char *name,
           const struct collector_value *value)
{
    draft->names[draft->row.column_count] = name;
    draft->values[draft->row.column_count] = *value;
    draft->row.column_count++;
}

static void
add_iso(struct draft *draft, const char *name, int64_t ms)
{
    char *text = draft->iso[draft->iso_count];
    char *iso_name = draft->iso_names[draft->iso_count];
    struct collector_value value = {.type = COLLECTOR_VALUE_TEXT};

    draft->iso_count++;
    value.text = utc_write(ms, text);
    value.size = strlen(text);
    (void)snprintf(iso_name, NAME_SIZE, "%s_iso", name);
    if (value.size > 0)
        add_column(draft, iso_name, &value);
}

/** Write it as an object, its times in both forms. */
static void
write_object(FILE *out, const struct collector_row *row)
{
    struct draft *draft = calloc(1, sizeof(*draft));
    size_t i;

    if (draft == NULL) {
        row_json_write(out, row);
        return;
    }
    draft->row.names = draft->names;
    draft->row.values = draft->values;
    for (i = 0; i < row->column_count && i < EXCERPT_COLUMN_COUNT_MAX; i++) {
        add_column(draft, row->names[i], &row->values[i]);
        if (is_moment(row->names[i], &row->values[i]))
            add_iso(draft, row->names[i], row->values[i].integer);
    }
    row_json_write(out, &draft->row);
    free(draft);
}

static void
write_array(FILE *out, const struct collector_row *row)
{
    size_t i;

    (void)putc('[', out);
    for (i = 0; i < row->column_count; i++) {
        if (i > 0)
            (void)putc(',', out);
        row_json_value(out, &row->values[i]);
    }
    (void)putc(']', out);
}

/** The names of a row's columns as a JSON array; NULL when out of memory. */
static char *
names_of(const struct collector_row *row)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    size_t i;

    if (out == NULL)
        return NULL;
    (void)putc('[', out);
    for (i = 0; i < row->column_count; i++) {
        if (i > 0)
            (void)putc(',', out);
        row_json_text(out, row->names[i], strlen(row->names[i]));
    }
    (void)putc(']', out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

/** The row as JSON; NULL when out of memory. */
static char *
text_of(const struct excerpt *excerpt, const struct collector_row *row,
        size_t *ret_size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_size);

    if (out == NULL)
        return NULL;
    if (excerpt->bare)
        write_array(out, row);
    else
        write_object(out, row);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static void
take_room(struct excerpt *excerpt, size_t size)
{
    *excerpt->left -= size < *excerpt->left ? size : *excerpt->left;
}

/** Keep the names for those who write no objects: they take room like a row. */
static void
take_names(struct excerpt *excerpt, const struct collector_row *row)
{
    if (!excerpt->bare || excerpt->names != NULL)
        return;
    excerpt->names = names_of(row);
    if (excerpt->names != NULL)
        take_room(excerpt, strlen(excerpt->names));
}

/** Nobody can ask for a part of an event; of a row of SQL one can. */
static bool
has_room(const struct excerpt *excerpt, size_t size)
{
    return size <= *excerpt->left || (excerpt->count == 0 && !excerpt->bare);
}

static void
add(struct excerpt *excerpt, const char *text, size_t size)
{
    if (excerpt->count > 0)
        (void)putc(',', excerpt->out);
    (void)fwrite(text, 1, size, excerpt->out);
    take_room(excerpt, size);
    excerpt->count++;
}

int
excerpt_show(void *userdata, const struct collector_row *row)
{
    struct excerpt *excerpt = userdata;
    size_t size = 0;
    char *text = text_of(excerpt, row, &size);

    take_names(excerpt, row);
    if (text == NULL || !has_room(excerpt, size)) {
        excerpt->full = true;
        free(text);
        return 1;
    }
    add(excerpt, text, size);
    if (row->column_count > 0)
        excerpt->last_id = row->values[0].integer;
    free(text);
    return 0;
}
