/* SPDX-License-Identifier: MIT */
#ifndef CTL_PAGES_H
#define CTL_PAGES_H

#include "printout.h"
#include "source.h"

/**
 * Ask, and ask on from where the last answer ended, until there is no more, or
 * the limit is reached, or a stop is asked for.
 *
 * @param question    Where it has come to, afterwards.
 * @param limit       Rows at most.
 * @param ret_answer  Set its size first. more and next_id are of the last page,
 *                    row_count and elapsed_ms of all. Set on success only.
 */
enum source_result
pages_ask(struct source *source, struct question *question, uint64_t limit,
          collector_row_fn show, void *userdata,
          struct collector_answer *ret_answer, struct problem *ret_problem);

/** List the answer to a question, as much of it as the flags allow. */
enum command_status
pages_list(const struct flags *flags, struct question *question);

#endif
