/* SPDX-License-Identifier: MIT */
/* What went wrong: a run may meet the same trouble a million times, and one
 * line is enough to find its cause. */
#include "trouble.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const words[TROUBLE_COUNT] = {
    [TROUBLE_CONNECT] = "connections refused",
    [TROUBLE_BROKEN] = "connections broken",
    [TROUBLE_MALFORMED] = "answers malformed",
    [TROUBLE_STATUS] = "requests refused",
    [TROUBLE_RECEIPT] = "receipts not as promised",
    [TROUBLE_SILENT] = "requests without an answer",
    [TROUBLE_MEMORY] = "receipts that did not fit into memory",
    [TROUBLE_NOTHING] = "nothing accepted",
    [TROUBLE_STATS] = "no stats",
    [TROUBLE_TWICE] = "ids given twice",
    [TROUBLE_UNCOUNTED] = "ids or events that the ledger does not know",
    [TROUBLE_LEDGER] = "ledgers that do not add up",
    [TROUBLE_DROPPED] = "events dropped",
    [TROUBLE_FILE] = "file not readable",
    [TROUBLE_MISSING] = "events not in the file (pruned?)",
    [TROUBLE_DIFFERENT] = "events not as they were sent",
};

void
trouble_note(struct trouble_list *list, enum trouble kind, const char *format,
             ...)
{
    va_list arguments;

    if (list->kinds[kind].count++ > 0)
        return;
    va_start(arguments, format);
    (void)vsnprintf(list->kinds[kind].first, sizeof(list->kinds[kind].first),
                    format, arguments); /* cut when it is long */
    va_end(arguments);
}

void
trouble_merge(struct trouble_list *list, const struct trouble_list *other)
{
    unsigned i;

    for (i = 0; i < TROUBLE_COUNT; i++) {
        if (list->kinds[i].count == 0)
            list->kinds[i] = other->kinds[i];
        else
            list->kinds[i].count += other->kinds[i].count;
    }
}

bool
trouble_is_any(const struct trouble_list *list)
{
    unsigned i;

    for (i = 0; i < TROUBLE_COUNT; i++) {
        if (list->kinds[i].count > 0)
            return true;
    }
    return false;
}

void
trouble_print(const struct trouble_list *list, const char *role)
{
    unsigned i;

    for (i = 0; i < TROUBLE_COUNT; i++) {
        if (list->kinds[i].count > 0)
            (void)fprintf(stderr, "loadgen: %s: %s: %" PRIu64 ", first: %s\n",
                          role, words[i], list->kinds[i].count,
                          list->kinds[i].first);
    }
}

json_t *
trouble_json(const struct trouble_list *list)
{
    json_t *array = json_array();
    unsigned i;

    for (i = 0; i < TROUBLE_COUNT && array != NULL; i++) {
        if (list->kinds[i].count == 0)
            continue;
        /* A server may have sent what is no UTF-8: then without the words. */
        if (json_array_append_new(
                array, json_pack("{s:s, s:I, s:s*}", "problem", words[i],
                                 "count", (json_int_t)list->kinds[i].count,
                                 "first", list->kinds[i].first)) != 0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}
