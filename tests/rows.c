/* SPDX-License-Identifier: MIT */
#include "rows.h"

#include <inttypes.h>

struct collector_row
rows_row(const char *const *names, const struct collector_value *values,
         size_t count)
{
    static const char *const letters[] = {"a", "b", "c", "d",
                                          "e", "f", "g", "h"};

    return (struct collector_row){count, names != NULL ? names : letters,
                                  values};
}

static const char *
value_text(const struct collector_value *value)
{
    switch (value->type) {
    case COLLECTOR_VALUE_NULL:
        return "null";
    case COLLECTOR_VALUE_INTEGER:
        return support_format("i%" PRId64, value->integer);
    case COLLECTOR_VALUE_REAL:
        return support_format("r%g", value->real);
    case COLLECTOR_VALUE_TEXT:
        return support_format("t%.*s", (int)value->size, value->text);
    case COLLECTOR_VALUE_JSON:
        return support_format("j%.*s", (int)value->size, value->text);
    case COLLECTOR_VALUE_BLOB:
        break;
    }
    return support_format("b%zu", value->size);
}

int
rows_note(void *userdata, const struct collector_row *row)
{
    const char **text = userdata;
    size_t i;

    for (i = 0; i < row->column_count; i++)
        *text = support_format("%s%s%s=%s", *text, i > 0 ? " " : "",
                               row->names[i], value_text(&row->values[i]));
    *text = support_format("%s\n", *text);
    return 0;
}
