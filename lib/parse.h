/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_PARSE_H
#define COLLECTOR_LIB_PARSE_H

#include "event_list.h"
#include "scan.h"

#include <collector/store.h>
#include <jansson.h>

/** One reading of events, from a text or from a program: what it reads, what it
 *  makes, and what it finds wrong. */
struct collector__parse {
    /** Where it is in a text. */
    struct collector__cursor cursor;
    struct collector__event_list *list;
    struct collector_problem *problem;
    /** Stamped on events without a ts. */
    int64_t now;
};

/** Say what is wrong with the event that is being read, and return rc. */
int __attribute__((format(printf, 3, 4)))
collector__parse_refuse(struct collector__parse *parse, int rc,
                        const char *format, ...);

/** The same, about all of it. */
int
collector__parse_refuse_text(struct collector__parse *parse, int rc,
                             const char *words);

/** There are more events than an append may have. */
int
collector__parse_refuse_count(struct collector__parse *parse);

/** What the scanner found. */
int
collector__parse_refuse_scan(struct collector__parse *parse,
                             enum collector__scan found);

/**
 * Let Jansson judge a text.
 *
 * @param flags     More of its flags for decoding.
 * @param ret_tree  Set on success only; yours to let go.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_NOMEM.
 */
int
collector__parse_json(struct collector__parse *parse, const char *text,
                      size_t size, size_t flags, json_t **ret_tree);

/**
 * Keep a payload, without white space.
 *
 * @param ret_text  Set on success only; belongs to the list.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_TOO_BIG, ERR_NOMEM.
 */
int
collector__parse_keep_payload(struct collector__parse *parse,
                              struct collector__span span,
                              const char **ret_text);

/** Check a device id or a kind, and keep it. Likewise. */
int
collector__parse_keep_name(struct collector__parse *parse, const char *name,
                           size_t size_max, const char *text, size_t size,
                           const char **ret_text);

#endif
