/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_EVENT_LIST_H
#define COLLECTOR_LIB_EVENT_LIST_H

#include "buffer.h"

#include <collector/event.h>

/** Events with texts of their own. Zeroed is empty. */
struct collector__event_list {
    struct collector_event *events;
    size_t event_count;
    size_t capacity;
    /** Their texts. Reserved in full before the first is added, so that it
     *  never moves and the events can point into it. */
    struct collector__buffer texts;
};

/**
 * Start a list with room for so many bytes of text, NULs included.
 *
 * @return COLLECTOR_OK, ERR_NOMEM.
 */
int
collector__event_list_init(struct collector__event_list *list,
                           size_t texts_size);

/**
 * Copy a text to the list's own, with a NUL behind it.
 *
 * @param ret_text  Set on success only; lives as long as the list.
 * @return COLLECTOR_OK, ERR_TOO_BIG (more than was reserved).
 */
int
collector__event_list_keep(struct collector__event_list *list, const char *text,
                           size_t size, const char **ret_text);

/**
 * Add an event whose texts are the list's own.
 *
 * @return COLLECTOR_OK, ERR_NOMEM.
 */
int
collector__event_list_add(struct collector__event_list *list,
                          const struct collector_event *event);

/** Release what a list holds; it is empty then. */
void
collector__event_list_clear(struct collector__event_list *list);

/** Bytes of JSON around an event's texts, at most: names, id, ts, quotes. */
#define COLLECTOR_EVENT_OVERHEAD 96

/**
 * Add an event, with its id, to a buffer as a JSON object.
 *
 * @return COLLECTOR_OK, ERR_TOO_BIG, ERR_NOMEM.
 */
int
collector__event_render(const struct collector_event *event, int64_t id,
                        struct collector__buffer *buffer);

#endif
