/* SPDX-License-Identifier: MIT */
#ifndef CTL_FILE_H
#define CTL_FILE_H

#include "source.h"

/** A store's file, which is asked through a reader. When another file takes its
 *  place, as when it is quarantined, that one is asked. One thread. */
struct file;

/** As source_open(). */
enum source_result
file_open(const struct flags *flags, struct file **ret_file,
          struct problem *ret_problem);

/** As source_ask(), source_ledger(), source_act() and source_snapshot(). */
enum source_result
file_ask(struct file *file, const struct question *question,
         collector_row_fn show, void *userdata,
         struct collector_answer *ret_answer, struct problem *ret_problem);
enum source_result
file_ledger(struct file *file, collector_row_fn show, void *userdata,
            struct problem *ret_problem);
enum source_result
file_act(struct file *file, enum source_action action, const int64_t *ids,
         size_t id_count, uint64_t *ret_count, struct problem *ret_problem);
enum source_result
file_snapshot(struct file *file, const char *path, struct problem *ret_problem);

/** Which of the files that have had the name was asked last, from 1 on; 0 if
 *  that one does not have it any more. */
uint64_t
file_number(const struct file *file);

/** Its reader, for what only a file can be asked. */
struct collector_reader *
file_reader(struct file *file);

/** What a reader's result means. On failure the problem is said. */
enum source_result
file_judge(struct file *file, int rc, const struct collector_answer *answer,
           struct problem *ret_problem);

/** NULL is fine. */
void
file_free(struct file *file);

#endif
