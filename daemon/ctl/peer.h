/* SPDX-License-Identifier: MIT */
#ifndef CTL_PEER_H
#define CTL_PEER_H

#include "remote.h"
#include "source.h"

/** A collector, asked by its routes. One thread. */
struct peer;

/** As source_open(). */
enum source_result
peer_open(const struct flags *flags, struct peer **ret_peer,
          struct problem *ret_problem);

/** As source_ask(), source_ledger(), source_act() and source_snapshot(). */
enum source_result
peer_ask(struct peer *peer, const struct question *question,
         collector_row_fn show, void *userdata,
         struct collector_answer *ret_answer, struct problem *ret_problem);
enum source_result
peer_ledger(struct peer *peer, collector_row_fn show, void *userdata,
            struct problem *ret_problem);
enum source_result
peer_act(struct peer *peer, enum source_action action, const int64_t *ids,
         size_t id_count, uint64_t *ret_count, struct problem *ret_problem);
enum source_result
peer_snapshot(struct peer *peer, const char *path, struct problem *ret_problem);

/** GET a path, whatever the status is; free the answer's text. */
enum source_result
peer_get(struct peer *peer, const char *path, struct remote_answer *ret_answer,
         struct problem *ret_problem);

/** Put an answer that is none of 200 into words, and say what it means. */
enum source_result
peer_refuse(const struct peer *peer, const struct remote_answer *answer,
            struct problem *ret_problem);

/** NULL is fine. */
void
peer_free(struct peer *peer);

#endif
