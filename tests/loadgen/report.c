/* SPDX-License-Identifier: MIT */
/* What was measured, once as data, and from that either a table or JSON. */
#include "report.h"

#include "machine.h"

#include <stdio.h>
#include <string.h>

#define TEXT_SIZE 48

/** Write a cell's member as it stands in the table. */
static void
write_member(const json_t *cell, const struct report_column *column,
             char text[TEXT_SIZE])
{
    const json_t *member = json_object_get(cell, column->key);

    if (json_is_string(member))
        (void)snprintf(text, TEXT_SIZE, "%s", json_string_value(member));
    else if (json_is_boolean(member))
        (void)snprintf(text, TEXT_SIZE, "%s",
                       json_is_true(member) ? "yes" : "no");
    else if (json_is_number(member))
        (void)snprintf(text, TEXT_SIZE, "%.*f", column->digits,
                       json_number_value(member));
    else
        (void)snprintf(text, TEXT_SIZE, "-");
}

static int
column_width(const struct report_column *column, const json_t *cells)
{
    size_t width = strlen(column->title);
    char text[TEXT_SIZE];
    const json_t *cell;
    size_t i;

    json_array_foreach(cells, i, cell)
    {
        write_member(cell, column, text);
        if (strlen(text) > width)
            width = strlen(text);
    }
    return (int)width;
}

static bool
is_text(const struct report_column *column, const json_t *cells)
{
    const json_t *member =
        json_object_get(json_array_get(cells, 0), column->key);

    return json_is_string(member) || json_is_boolean(member);
}

/** Write a row: the titles without a cell. Words go left, numbers right. */
static void
print_row(const struct report_column *columns, size_t column_count,
          const json_t *cells, const json_t *cell)
{
    char text[TEXT_SIZE];
    size_t i;

    for (i = 0; i < column_count; i++) {
        const int width = column_width(&columns[i], cells);

        if (cell != NULL)
            write_member(cell, &columns[i], text);
        else
            (void)snprintf(text, sizeof(text), "%s", columns[i].title);
        (void)printf("%s%*s", i == 0 ? "" : "  ",
                     is_text(&columns[i], cells) ? -width : width, text);
    }
    (void)putchar('\n');
}

static void
print_table(const char *name, const struct report_column *columns,
            size_t column_count, const json_t *report)
{
    const json_t *cells = json_object_get(report, "cells");
    const json_t *cell;
    size_t i;

    (void)printf("%s: %lld workers, %lld devices\n", name,
                 json_integer_value(json_object_get(report, "workers")),
                 json_integer_value(json_object_get(report, "devices")));
    machine_print(json_object_get(report, "machine"));
    print_row(columns, column_count, cells, NULL);
    json_array_foreach(cells, i, cell)
        print_row(columns, column_count, cells, cell);
    (void)fflush(stdout);
}

int
report_print(const struct options *options, const char *name,
             const struct report_column *columns, size_t column_count,
             json_t *cells)
{
    json_t *report = json_pack(
        "{s:s, s:I, s:I, s:I, s:o, s:o}", "measurement", name, "workers",
        (json_int_t)options->workers, "devices", (json_int_t)options->devices,
        "duration_ms", (json_int_t)options->duration_ms, "machine",
        machine_describe(options->directory), "cells", cells);
    int rc = 0;

    if (report == NULL) {
        (void)fprintf(stderr, "loadgen: out of memory\n");
        return 1;
    }
    if (options->json) {
        rc = json_dumpf(report, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
        (void)putchar('\n'); /* fflush() fails as well */
    } else {
        print_table(name, columns, column_count, report);
    }
    json_decref(report);
    return rc == 0 && fflush(stdout) == 0 ? 0 : 1;
}
