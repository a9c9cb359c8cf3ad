/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_TROUBLE_H
#define LOADGEN_TROUBLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** The kinds of trouble. */
enum trouble {
    /* Of the load. */
    TROUBLE_CONNECT,
    TROUBLE_BROKEN,
    TROUBLE_MALFORMED,
    TROUBLE_STATUS,
    TROUBLE_RECEIPT,
    TROUBLE_SILENT,
    TROUBLE_MEMORY,
    /* Of the proof. */
    TROUBLE_NOTHING,
    TROUBLE_STATS,
    TROUBLE_TWICE,
    TROUBLE_UNCOUNTED,
    TROUBLE_LEDGER,
    TROUBLE_DROPPED,
    TROUBLE_FILE,
    TROUBLE_MISSING,
    TROUBLE_DIFFERENT,
    TROUBLE_COUNT
};

/** How often there was which trouble, and what the first one was. All zero is
 *  none. One thread. */
struct trouble_list {
    struct {
        uint64_t count;
        char first[160];
    } kinds[TROUBLE_COUNT];
};

/** Count one; the words are kept if it is the first of its kind. */
void
trouble_note(struct trouble_list *list, enum trouble kind, const char *format,
             ...) __attribute__((format(printf, 3, 4)));

/** Count those of another list as well. */
void
trouble_merge(struct trouble_list *list, const struct trouble_list *other);

/** Whether there is any. */
bool
trouble_is_any(const struct trouble_list *list);

/** Say one line for each kind on stderr: how many, and the first. */
void
trouble_print(const struct trouble_list *list, const char *role);

/** The same as an array of objects; NULL without memory. */
json_t *
trouble_json(const struct trouble_list *list);

#endif
