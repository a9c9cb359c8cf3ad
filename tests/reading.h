/* SPDX-License-Identifier: MIT */
#ifndef READING_H
#define READING_H

/* What a reader answers, as text that can be compared. */
#include "support.h"

/** One answer. */
struct reading {
    int rc;
    struct collector_answer answer;
    /** A row a line, its values with | between them: NULL, 1, 2.5, text, x'ab'
     *  and JSON after "json:". */
    const char *text;
    /** The names of the columns, likewise; "" without a row. */
    const char *names;
};

/** Ask: the name of a function of a reader, and its first arguments. */
#define reading_of(function, ...)                                              \
    ({                                                                         \
        struct reading reading_ = {                                            \
            .answer.size = sizeof(reading_.answer), .text = "", .names = ""};  \
        reading_.rc = collector_reader_##function(                             \
            __VA_ARGS__, reading_add, &reading_, &reading_.answer);            \
        reading_;                                                              \
    })

/** A collector_row_fn; its userdata is a struct reading. */
int
reading_add(void *userdata, const struct collector_row *row);

/** Options for this file, with a log that ends the test on errors. */
struct collector_reader_options
reading_options(const char *path);

struct collector_reader *
reading_open(const char *path);

/** Give it another deadline: a short one for a question that takes forever, and
 *  a long one for the next, which has to be answered at once. How soon that is
 *  depends on who else works on this machine. */
void
reading_set_deadline(struct collector_reader *reader, uint32_t deadline_ms);

/** Ask in SQL, without parameters. */
struct reading
reading_query(struct collector_reader *reader, const char *sql);

/** The same with an own reader, of an answer that must be there. */
const char *
reading_text(const char *path, const char *sql);

/** How many events there are, as text with a line feed, or the name of the
 *  error. */
const char *
reading_event_count(struct collector_reader *reader);

/** Pages that a reader had to have read since this was last asked. */
int
reading_page_count(struct collector_reader *reader);

#endif
