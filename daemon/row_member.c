/* SPDX-License-Identifier: MIT */
/* Values by their names. */
#include "row_member.h"

#include <string.h>

const struct collector_value *
row_member(const struct collector_row *row, const char *name)
{
    size_t i;

    for (i = 0; i < row->column_count; i++) {
        if (strcmp(row->names[i], name) == 0)
            return &row->values[i];
    }
    return NULL;
}

int64_t
row_member_integer(const struct collector_row *row, const char *name)
{
    const struct collector_value *value = row_member(row, name);

    return value != NULL ? value->integer : 0;
}

const char *
row_member_text(const struct collector_row *row, const char *name)
{
    const struct collector_value *value = row_member(row, name);

    return value != NULL && value->text != NULL ? value->text : "";
}
