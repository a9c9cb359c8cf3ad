/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_WEBHOOK_ANSWER_H
#define COLLECTOR_LIB_WEBHOOK_ANSWER_H

#include <collector/sink.h>
#include <stdbool.h>
#include <stddef.h>

/** What an exchange has brought so far. Zeros before it begins. */
struct collector__webhook_answer {
    /** As the status line has it; 0 when it has none. */
    int status;
    /** The empty line behind the headers has come. */
    bool head_complete;
    size_t body_size;
};

/** Look at a line of the answer's head, with its end. */
void
collector__webhook_answer_line(struct collector__webhook_answer *answer,
                               const char *line, size_t size);

/** Count bytes of the body. @return Whether to go on reading. */
bool
collector__webhook_answer_body(struct collector__webhook_answer *answer,
                               size_t size);

/**
 * Say what an answer that has come means for the batch.
 *
 * @param taken_status  The status that libcurl took it to have.
 * @param delivery      Its result is set, and its error unless delivered.
 */
void
collector__webhook_answer_judge(const struct collector__webhook_answer *answer,
                                long taken_status,
                                struct collector_delivery *delivery);

#endif
