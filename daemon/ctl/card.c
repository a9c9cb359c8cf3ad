/* SPDX-License-Identifier: MIT */
/* One row, to be read from top to bottom. */
#include "card.h"

#include "cell.h"

#include <stdlib.h>
#include <string.h>

static int
name_width(const struct collector_row *row)
{
    size_t width = 0;
    size_t i;

    for (i = 0; i < row->column_count; i++) {
        if (strlen(row->names[i]) > width)
            width = strlen(row->names[i]);
    }
    return (int)width;
}

int
card_write(const struct screen *screen, const struct collector_row *row)
{
    const int width = name_width(row);
    size_t i;

    for (i = 0; i < row->column_count; i++) {
        char *text;

        if (row->values[i].type == COLLECTOR_VALUE_NULL)
            continue;
        text = cell_text(row->names[i], &row->values[i]);
        if (text == NULL)
            return -1;
        screen_style(screen, SCREEN_HEAD);
        (void)fprintf(screen->out, "%-*s", width, row->names[i]);
        screen_style(screen, SCREEN_PLAIN);
        (void)fprintf(screen->out, "  %s\n", text);
        free(text);
    }
    return 0;
}
