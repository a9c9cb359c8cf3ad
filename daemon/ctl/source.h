/* SPDX-License-Identifier: MIT */
#ifndef CTL_SOURCE_H
#define CTL_SOURCE_H

#include "flags.h"
#include "problem.h"
#include "question.h"

#include <collector/reader.h>
#include <stdint.h>

/** What came of asking. */
enum source_result {
    SOURCE_OK = 0,
    /** It won't do it, whenever it is asked. */
    SOURCE_REFUSED = -1,
    /** It can't be reached, or not now. */
    SOURCE_AWAY = -2,
    /** Its file is damaged. */
    SOURCE_DAMAGED = -3,
    /** Nothing was asked: the command line says what can't be. */
    SOURCE_MISTAKEN = -4
};

/** What a command ends with that this came of. */
enum command_status
source_status(enum source_result result);

/** How far a collector has come: ids up to accepted were given out. */
struct source_position {
    int64_t accepted;
    /** Whose ids they are; "" for a snapshot's. */
    char collector_id[40];
    /** Which of the files that have had the name it is; 0 when that can't be
     *  told, as of a URL's. */
    uint64_t file_number;
};

/** What to do with dead letters. */
enum source_action { SOURCE_REPLAY, SOURCE_PURGE };

/** Where answers come from: a store's file, or a collector by HTTP. Rows and
 *  their columns are the same. One thread. */
struct source;

struct peer;

/**
 * Get ready to ask. A file has to be there; a URL may be of nobody.
 *
 * @param flags        Borrowed as long as the source lives.
 * @param ret_source   Set on success only; yours to free.
 * @param ret_problem  Set on failure only, as in all of these functions.
 */
enum source_result
source_open(const struct flags *flags, struct source **ret_source,
            struct problem *ret_problem);

/** @param ret_answer  Set its size first; set on success only. */
enum source_result
source_ask(struct source *source, const struct question *question,
           collector_row_fn show, void *userdata,
           struct collector_answer *ret_answer, struct problem *ret_problem);

/** Show the ledger as one row: the columns of collector_reader_ledger(), as far
 *  as a collector tells them, and more that only it can tell. file_size is with
 *  the log. */
enum source_result
source_ledger(struct source *source, collector_row_fn show, void *userdata,
              struct problem *ret_problem);

enum source_result
source_position(struct source *source, struct source_position *ret_position,
                struct problem *ret_problem);

/** A file must be in nobody's use for that: it is opened as its collector
 *  would. Without ids, all letters are meant. */
enum source_result
source_act(struct source *source, enum source_action action, const int64_t *ids,
           size_t id_count, uint64_t *ret_count, struct problem *ret_problem);

/** Write a copy to a path where nothing is. */
enum source_result
source_snapshot(struct source *source, const char *path,
                struct problem *ret_problem);

/** The collector that is asked, still the source's; NULL of a file. */
struct peer *
source_peer(struct source *source);

/** NULL is fine. */
void
source_free(struct source *source);

#endif
