/* SPDX-License-Identifier: MIT */
/*
 * Questions to a file. Nothing in it is changed but by file_act(), which takes
 * the store's lock like a collector, and never makes a file.
 */
#include "file.h"

#include "heard.h"
#include "place.h"
#include "stop.h"

#include <assert.h>
#include <collector/dead_letter.h>
#include <collector/error.h>
#include <collector/store.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The ledger has fewer columns. */
#define LEDGER_COLUMNS_MAX 32

struct file {
    const struct flags *flags;
    struct collector_reader *reader;
    struct heard heard;
    /* Which file the reader has, and how many there were. */
    dev_t device;
    ino_t inode;
    uint64_t number;
};

/* A ledger on its way, as a collector would tell it. */
struct telling {
    const struct flags *flags;
    collector_row_fn show;
    void *userdata;
};

static const char *
words_of(int rc, const struct collector_answer *answer)
{
    if (answer != NULL && answer->problem[0] != '\0')
        return answer->problem;
    return collector_error_text(rc);
}

/* That storage fails is what an error says when a file may not be read, too:
 * what the library has logged about it tells which. */
static void
put_into_words(struct file *file, const char *path, int rc,
               const struct collector_answer *answer,
               struct problem *ret_problem)
{
    char line[HEARD_SIZE];

    if (rc == COLLECTOR_ERR_IO && heard_take(&file->heard, line))
        (void)problem_say(ret_problem, "%s", line);
    else
        (void)problem_say(ret_problem, "%.300s: %s", path,
                          words_of(rc, answer));
}

enum source_result
file_judge(struct file *file, int rc, const struct collector_answer *answer,
           struct problem *ret_problem)
{
    if (rc != COLLECTOR_OK)
        put_into_words(file, file->flags->target, rc, answer, ret_problem);
    heard_forward(&file->heard);
    if (rc == COLLECTOR_OK)
        return SOURCE_OK;
    if (rc == COLLECTOR_ERR_CORRUPT)
        return SOURCE_DAMAGED;
    return rc == COLLECTOR_ERR_BUSY || rc == COLLECTOR_ERR_IO ? SOURCE_AWAY
                                                              : SOURCE_REFUSED;
}

/* A question in SQL has one page; others have as many as it takes. */
static uint32_t
rows_max(const struct flags *flags)
{
    if (flags->command->run == run_query)
        return (uint32_t)flags->limit;
    return QUESTION_PAGE_MAX;
}

static void
close_reader(struct file *file)
{
    stop_set_reader(NULL);
    collector_reader_free(file->reader);
    file->reader = NULL;
}

static enum source_result
open_reader(struct file *file, struct problem *ret_problem)
{
    struct collector_reader_options options;
    int rc;

    collector_reader_options_init(&options);
    options.path = file->flags->target;
    options.rows_max = rows_max(file->flags);
    options.bytes_max = COLLECTOR_READER_BYTES_MAX;
    options.deadline_ms = (uint32_t)file->flags->deadline_ms;
    options.log = heard_line;
    options.log_userdata = &file->heard;
    rc = collector_reader_open(&options, &file->reader);
    if (rc == COLLECTOR_OK)
        stop_set_reader(file->reader);
    return file_judge(file, rc, NULL, ret_problem);
}

static bool
is_same(const struct file *file, const struct stat *status)
{
    return status->st_dev == file->device && status->st_ino == file->inode;
}

/* Have a reader of the file that has the name now. */
static enum source_result
look(struct file *file, struct problem *ret_problem)
{
    struct stat status;

    if (stat(file->flags->target, &status) < 0) {
        (void)problem_say(ret_problem, "%.300s: %s", file->flags->target,
                          strerror(errno));
        return errno == ENOENT ? SOURCE_AWAY : SOURCE_REFUSED;
    }
    if (file->reader != NULL && is_same(file, &status))
        return SOURCE_OK;
    close_reader(file);
    file->number++;
    file->device = status.st_dev;
    file->inode = status.st_ino;
    return open_reader(file, ret_problem);
}

enum source_result
file_open(const struct flags *flags, struct file **ret_file,
          struct problem *ret_problem)
{
    struct file *file = calloc(1, sizeof(*file));
    enum source_result result;

    if (file == NULL) {
        (void)problem_say(ret_problem, "out of memory");
        return SOURCE_REFUSED;
    }
    file->flags = flags;
    file->heard = HEARD_INIT;
    result = look(file, ret_problem);
    if (result == SOURCE_OK) {
        *ret_file = file;
        file = NULL; /* handed over */
    }
    file_free(file);
    return result;
}

static int
ask_reader(struct collector_reader *reader, const struct question *question,
           collector_row_fn show, void *userdata,
           struct collector_answer *ret_answer)
{
    switch (question->kind) {
    case QUESTION_EVENTS:
        return collector_reader_events(reader, &question->filter, show,
                                       userdata, ret_answer);
    case QUESTION_EVENT:
        return collector_reader_event(reader, question->id, show, userdata,
                                      ret_answer);
    case QUESTION_DEVICES:
        return collector_reader_devices(reader, question->from_id,
                                        question->seen_before, show, userdata,
                                        ret_answer);
    case QUESTION_RUNS:
        return collector_reader_runs(reader, question->from_id,
                                     question->status, show, userdata,
                                     ret_answer);
    case QUESTION_DEAD_LETTERS:
        break;
    }
    return collector_reader_dead_letters(reader, question->from_id, show,
                                         userdata, ret_answer);
}

enum source_result
file_ask(struct file *file, const struct question *question,
         collector_row_fn show, void *userdata,
         struct collector_answer *ret_answer, struct problem *ret_problem)
{
    const enum source_result result = look(file, ret_problem);
    int rc;

    if (result != SOURCE_OK)
        return result;
    rc = ask_reader(file->reader, question, show, userdata, ret_answer);
    return file_judge(file, rc, ret_answer, ret_problem);
}

static int64_t
log_size(const char *path)
{
    char *place = place_of(path);
    const int64_t size = place != NULL ? place_log_size(place) : 0;

    free(place);
    return size;
}

/* A collector counts the log as its file. */
static int
tell(void *userdata, const struct collector_row *row)
{
    const struct telling *telling = userdata;
    struct collector_value values[LEDGER_COLUMNS_MAX];
    const struct collector_row told = {row->column_count, row->names, values};
    size_t i;

    assert(row->column_count <= LEDGER_COLUMNS_MAX); /* it is our question */
    for (i = 0; i < row->column_count; i++) {
        values[i] = row->values[i];
        if (strcmp(row->names[i], "file_size") == 0)
            values[i].integer += log_size(telling->flags->target);
    }
    return telling->show(telling->userdata, &told);
}

enum source_result
file_ledger(struct file *file, collector_row_fn show, void *userdata,
            struct problem *ret_problem)
{
    struct telling telling = {file->flags, show, userdata};
    struct collector_answer answer = {.size = sizeof(answer)};
    const enum source_result result = look(file, ret_problem);
    int rc;

    if (result != SOURCE_OK)
        return result;
    rc = collector_reader_ledger(file->reader, tell, &telling, &answer);
    return file_judge(file, rc, &answer, ret_problem);
}

/* As no collector has it: without limits nothing is refused, and nothing is
 * pruned for an option that ours may have otherwise, since only
 * collector_store_maintain() would. */
static int
open_store(struct file *file, struct collector_store **ret_store)
{
    struct collector_store_options options;

    collector_store_options_init(&options);
    options.path = file->flags->target;
    options.log = heard_line;
    options.log_userdata = &file->heard;
    return collector_store_open(&options, ret_store);
}

enum source_result
file_act(struct file *file, enum source_action action, const int64_t *ids,
         size_t id_count, uint64_t *ret_count, struct problem *ret_problem)
{
    struct collector_store *store = NULL;
    int rc;

    close_reader(file); /* it has seen that there is a file, and a store's */
    rc = open_store(file, &store);
    if (rc == COLLECTOR_ERR_LOCKED) {
        (void)problem_say(ret_problem,
                          "%.300s: a collector has it open: give its URL "
                          "instead of the file",
                          file->flags->target);
        return SOURCE_REFUSED;
    }
    if (rc == COLLECTOR_OK)
        rc =
            action == SOURCE_REPLAY
                ? collector_dead_letters_replay(store, ids, id_count, ret_count)
                : collector_dead_letters_purge(store, ids, id_count, ret_count);
    collector_store_free(store);
    return file_judge(file, rc, NULL, ret_problem);
}

enum source_result
file_snapshot(struct file *file, const char *path, struct problem *ret_problem)
{
    const int rc = collector_reader_snapshot(file->reader, path);

    if (rc == COLLECTOR_OK)
        return SOURCE_OK;
    if (rc == COLLECTOR_ERR_EXISTS) /* in the words for a collector's copy */
        (void)problem_say(ret_problem, "%.300s: %s", path, strerror(EEXIST));
    else
        put_into_words(file, path, rc, NULL, ret_problem);
    return SOURCE_REFUSED;
}

uint64_t
file_number(const struct file *file)
{
    struct stat status;

    if (stat(file->flags->target, &status) == 0 && is_same(file, &status))
        return file->number;
    return 0;
}

struct collector_reader *
file_reader(struct file *file)
{
    return file->reader;
}

void
file_free(struct file *file)
{
    if (file == NULL)
        return;
    close_reader(file);
    heard_forward(&file->heard);
    free(file);
}
