/* SPDX-License-Identifier: MIT */
/*
 * Functions of SQL, one by one: none that is allowed reaches outside of the
 * statement, keeps anything, or can be asked for so much that it takes seconds
 * and can't be stopped, as printf() can, for a number with two billion digits.
 * With the longest values that there may be, json_patch() takes a second, which
 * is too much as well; those that look for one text in another take half of
 * that, so that a statement may have few of them; the others 10 ms.
 */
#include "reader_functions.h"

#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>

/* clang-format off: in the order of strcmp() */
static const char *const functions[] = {
    "->",
    "->>",
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "avg",
    "ceil",
    "ceiling",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "cos",
    "cosh",
    "count",
    "cume_dist",
    "current_date",
    "current_time",
    "current_timestamp",
    "date",
    "datetime",
    "degrees",
    "dense_rank",
    "exp",
    "first_value",
    "floor",
    "glob",
    "group_concat",
    "hex",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_error_position",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_type",
    "json_valid",
    "julianday",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "ln",
    "log",
    "log10",
    "log2",
    "lower",
    "ltrim",
    "max",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "pi",
    "pow",
    "power",
    "quote",
    "radians",
    "random",
    "randomblob",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "sin",
    "sinh",
    "soundex",
    "sqlite_version",
    "sqrt",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "tan",
    "tanh",
    "time",
    "timediff",
    "total",
    "trim",
    "trunc",
    "typeof",
    "unhex",
    "unicode",
    "unixepoch",
    "unlikely",
    "upper",
    "zeroblob",
};
/* clang-format on */

/** Those whose time grows with the product of two sizes. */
static const char *const slow[] = {"glob", "instr", "like", "replace"};

static int
compare_names(const void *name, const void *element)
{
    return strcasecmp(name, *(const char *const *)element);
}

static bool
is_among(const char *name, const char *const *names, size_t count)
{
    return bsearch(name, names, count, sizeof(names[0]), compare_names) != NULL;
}

unsigned
collector__function_cost(const char *name)
{
    if (!is_among(name, functions, sizeof(functions) / sizeof(functions[0])))
        return 0;
    return is_among(name, slow, sizeof(slow) / sizeof(slow[0]))
               ? COLLECTOR_FUNCTIONS_SLOW_COST
               : 1;
}

/** trim() with a set of what to trim looks through all of the set for each
 * byte, which takes seconds for long ones, and can't be stopped. */
static void
refuse_set(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    sqlite3_result_error(context, "trim() takes one argument here", -1);
}

void
collector__functions_narrow(sqlite3 *db)
{
    static const char *const names[] = {"trim", "ltrim", "rtrim"};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)sqlite3_create_function(db, names[i], 2, SQLITE_UTF8, NULL,
                                      refuse_set, NULL, NULL); /* a new name */
}
