/* SPDX-License-Identifier: MIT */
/* A table of text for a screen, a pager, or awk. */
#include "table.h"

#include "cell.h"
#include "display.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Between two columns. */
#define GAP 2

/* A column gets no narrower than that, however narrow the screen is. */
#define WIDTH_MIN 6

#define ELLIPSIS "\xE2\x80\xA6"

struct column {
    char *name;
    size_t width;
    bool is_number;
    /* All of it are numbers and moments: half of one says something else. */
    bool is_rigid;
};

struct table {
    const struct screen *screen;
    bool has_moments;
    bool has_begun;
    struct column *columns;
    size_t column_count;
    /* Row by row. */
    char **cells;
    size_t cell_count;
    size_t cell_capacity;
};

struct table *
table_new(const struct screen *screen, bool has_moments)
{
    struct table *table = calloc(1, sizeof(*table));

    if (table == NULL)
        return NULL;
    table->screen = screen;
    table->has_moments = has_moments;
    return table;
}

/* Names are whatever somebody called them in SQL. */
static int
take_names(struct table *table, const struct collector_row *row)
{
    size_t i;

    table->columns = calloc(row->column_count + 1, sizeof(*table->columns));
    if (table->columns == NULL)
        return -1;
    for (i = 0; i < row->column_count; i++) {
        struct column *column = &table->columns[i];
        const struct collector_value name = {.type = COLLECTOR_VALUE_TEXT,
                                             .text = row->names[i],
                                             .size = strlen(row->names[i])};

        column->name = cell_text(NULL, &name);
        if (column->name == NULL)
            return -1;
        column->width = display_width(column->name);
        column->is_number = true; /* until a cell is none */
        column->is_rigid = true;
        table->column_count++;
    }
    return 0;
}

static int
reserve(struct table *table)
{
    const size_t wanted = table->cell_count + table->column_count;
    size_t capacity = table->cell_capacity > 0 ? table->cell_capacity : 64;
    char **cells;

    while (capacity < wanted)
        capacity *= 2;
    if (capacity == table->cell_capacity)
        return 0;
    cells = realloc(table->cells, capacity * sizeof(*cells));
    if (cells == NULL)
        return -1;
    table->cells = cells;
    table->cell_capacity = capacity;
    return 0;
}

/* What no line has room for need not be kept: what is over says that it is
 * cut. */
static size_t
shorten(char *cell, size_t width_max)
{
    size_t width;
    const size_t size =
        display_fit(cell, width_max > 0 ? width_max + 1 : SIZE_MAX, &width);

    cell[size] = '\0';
    return width;
}

static int
add_cell(struct table *table, size_t i, const struct collector_row *row)
{
    struct column *column = &table->columns[i];
    const char *name = table->has_moments ? row->names[i] : NULL;
    const struct collector_value *value = &row->values[i];
    char *cell = cell_text(name, value);
    size_t width;

    if (cell == NULL)
        return -1;
    width = shorten(cell, table->screen->width);
    if (width > column->width)
        column->width = width;
    if (value->type != COLLECTOR_VALUE_NULL && !cell_is_number(name, value)) {
        column->is_number = false;
        column->is_rigid &= value->type == COLLECTOR_VALUE_INTEGER;
    }
    table->cells[table->cell_count++] = cell;
    return 0;
}

int
table_add(struct table *table, const struct collector_row *row)
{
    size_t i;

    if (table->columns == NULL && take_names(table, row) < 0)
        return -1;
    if (row->column_count != table->column_count || reserve(table) < 0)
        return -1;
    for (i = 0; i < row->column_count; i++) {
        if (add_cell(table, i, row) < 0)
            return -1;
    }
    return 0;
}

static size_t
total_width(const struct table *table)
{
    size_t total = 0;
    size_t i;

    for (i = 0; i < table->column_count; i++)
        total += table->columns[i].width + (i > 0 ? GAP : 0);
    return total;
}

/* Of those that may get narrower; NULL when none may. */
static struct column *
widest(const struct table *table, bool with_rigid)
{
    struct column *found = NULL;
    size_t i;

    for (i = 0; i < table->column_count; i++) {
        struct column *column = &table->columns[i];

        if (column->width > WIDTH_MIN && (with_rigid || !column->is_rigid) &&
            (found == NULL || column->width > found->width))
            found = column;
    }
    return found;
}

/* The widest column gives way, again and again: texts first. */
static void
fit_columns(struct table *table)
{
    size_t total = total_width(table);
    struct column *column;

    while (table->screen->width > 0 && total > table->screen->width) {
        column = widest(table, false);
        if (column == NULL)
            column = widest(table, true);
        if (column == NULL)
            return;
        column->width--;
        total--;
    }
}

static void
write_padding(FILE *out, size_t count)
{
    while (count-- > 0)
        (void)putc(' ', out);
}

/* Numbers at the right; spaces at the end of a line are left out. */
static void
write_cell(const struct table *table, const char *cell, size_t i)
{
    const struct column *column = &table->columns[i];
    const bool is_last = i + 1 == table->column_count;
    FILE *out = table->screen->out;
    size_t width = display_width(cell);
    size_t size = strlen(cell);
    const bool is_cut = width > column->width;

    if (is_cut) {
        size = display_fit(cell, column->width - 1, &width);
        width++;
    }
    if (column->is_number)
        write_padding(out, column->width - width);
    (void)fwrite(cell, 1, size, out);
    if (is_cut)
        (void)fputs(ELLIPSIS, out);
    if (!column->is_number && !is_last)
        write_padding(out, column->width - width);
    if (!is_last)
        write_padding(out, GAP);
}

static void
write_names(const struct table *table)
{
    size_t i;

    screen_style(table->screen, SCREEN_HEAD);
    for (i = 0; i < table->column_count; i++)
        write_cell(table, table->columns[i].name, i);
    screen_style(table->screen, SCREEN_PLAIN);
    (void)putc('\n', table->screen->out);
}

static void
forget_cells(struct table *table)
{
    size_t i;

    for (i = 0; i < table->cell_count; i++)
        free(table->cells[i]);
    table->cell_count = 0;
}

void
table_flush(struct table *table)
{
    size_t i;

    if (table->cell_count == 0)
        return;
    fit_columns(table);
    if (!table->has_begun)
        write_names(table);
    table->has_begun = true;
    for (i = 0; i < table->cell_count; i++) {
        write_cell(table, table->cells[i], i % table->column_count);
        if ((i + 1) % table->column_count == 0)
            (void)putc('\n', table->screen->out);
    }
    forget_cells(table);
}

void
table_free(struct table *table)
{
    size_t i;

    if (table == NULL)
        return;
    forget_cells(table);
    free(table->cells);
    for (i = 0; i < table->column_count; i++)
        free(table->columns[i].name);
    free(table->columns);
    free(table);
}
