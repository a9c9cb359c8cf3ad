/* SPDX-License-Identifier: MIT */
/*
 * Rows in an answer, as many as there is room for. They go as row_json.h writes
 * them, so that payloads and numbers stay what they are.
 */
#include "listing.h"

#include "row_json.h"
#include "utc.h"

#include <stdlib.h>
#include <string.h>

/* "last_seen_at_iso" and the like. */
#define NAME_SIZE 64

/* A row that is being put together: at most, each column has a second one. */
struct draft {
    struct collector_row row;
    const char *names[LISTING_COLUMN_COUNT_MAX * 2];
    struct collector_value values[LISTING_COLUMN_COUNT_MAX * 2];
    char iso_names[LISTING_COLUMN_COUNT_MAX][NAME_SIZE];
    char iso[LISTING_COLUMN_COUNT_MAX][UTC_SIZE];
    size_t iso_count;
};

static bool
is_moment(const char *name, const struct collector_value *value)
{
    const size_t size = strlen(name);

    return value->type == COLLECTOR_VALUE_INTEGER && value->integer > 0 &&
           size < NAME_SIZE - sizeof("_iso") &&
           (strcmp(name, "ts") == 0 || strcmp(name, "at") == 0 ||
            (size > 3 && strcmp(name + size - 3, "_at") == 0) ||
            (size > 3 && strcmp(name + size - 3, "_ts") == 0));
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
    for (i = 0; i < row->column_count && i < LISTING_COLUMN_COUNT_MAX; i++) {
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
text_of(const struct listing *listing, const struct collector_row *row,
        size_t *ret_size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_size);

    if (out == NULL)
        return NULL;
    if (listing->bare)
        write_array(out, row);
    else
        write_object(out, row);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static void
add(struct listing *listing, const char *text, size_t size)
{
    if (listing->count > 0)
        (void)putc(',', listing->out);
    (void)fwrite(text, 1, size, listing->out);
    *listing->left -= size < *listing->left ? size : *listing->left;
    listing->count++;
}

int
listing_show(void *userdata, const struct collector_row *row)
{
    struct listing *listing = userdata;
    size_t size = 0;
    char *text = text_of(listing, row, &size);

    if (text == NULL || (size > *listing->left && listing->count > 0)) {
        listing->full = true;
        free(text);
        return 1;
    }
    if (listing->bare && listing->names == NULL)
        listing->names = names_of(row);
    add(listing, text, size);
    if (row->column_count > 0)
        listing->last_id = row->values[0].integer;
    free(text);
    return 0;
}
