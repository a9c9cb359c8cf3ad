/* SPDX-License-Identifier: MIT */
#ifndef MCP_DICTIONARY_H
#define MCP_DICTIONARY_H

#include <stddef.h>

/** What a column is for. */
struct dictionary_column {
    const char *name;
    /** As the file declares it; of a view's, what its values are. */
    const char *type;
    const char *meaning;
};

/** What a table or a view is for. */
struct dictionary_table {
    const char *name;
    const char *purpose;
    /** Up to one without a name. */
    const struct dictionary_column *columns;
};

/** The i-th, those that most questions are about first; NULL beyond the
 *  last. */
const struct dictionary_table *
dictionary_at(size_t i);

/** The table of that name, or NULL. */
const struct dictionary_table *
dictionary_find(const char *name);

#endif
