/* SPDX-License-Identifier: MIT */
/*
 * Events that the receiver refused for good: show them, append them again,
 * delete them. All of it goes in steps, so that neither a lock nor a
 * transaction lasts with the number of letters; and each step is whole or not
 * there, so that whoever is killed between two of them just calls again.
 */
#include "devices.h"
#include "event_row.h"
#include "memory.h"
#include "random.h"
#include "room.h"
#include "store.h"

#include <collector/dead_letter.h>
#include <collector/error.h>
#include <string.h>

/* Bytes of text that a step reads or appends, about: as many as an append. */
#define STEP_TEXT_SIZE_MAX COLLECTOR_APPEND_TEXT_SIZE_MAX

/** Letters on their way to a callback: copies, so that no lock is held. */
struct page {
    struct collector__event_list list;
    struct collector_dead_letter letters[COLLECTOR_DEAD_LETTER_STEP_MAX];
    size_t letter_count;
    /** There may be more behind it. */
    bool full;
};

/** Copy the letter in the current row; its event stays in the list for now. */
static int
read_letter(struct collector__connection *connection, sqlite3_stmt *statement,
            struct page *page)
{
    struct collector_dead_letter *letter = &page->letters[page->letter_count];
    int rc;

    letter->event_id = sqlite3_column_int64(statement, 0);
    letter->at = sqlite3_column_int64(statement, 5);
    letter->status = sqlite3_column_int(statement, 6);
    letter->attempts = (uint32_t)sqlite3_column_int64(statement, 8);
    letter->replayed_as = sqlite3_column_int64(statement, 9);
    rc = collector__event_row_read(connection, statement, 1, &page->list);
    if (rc == COLLECTOR_OK)
        rc = collector__event_row_text(connection, statement, 7, &page->list,
                                       &letter->reason);
    if (rc == COLLECTOR_OK)
        page->letter_count++;
    return rc;
}

/** Fill a page with the letters behind an id. */
static int
read_letters(struct collector__connection *connection, int64_t after_id,
             uint64_t count_max, struct page *page)
{
    sqlite3_stmt *statement = NULL;
    int step;
    size_t i;
    int rc;

    if (count_max > COLLECTOR_DEAD_LETTER_STEP_MAX)
        count_max = COLLECTOR_DEAD_LETTER_STEP_MAX;
    rc = collector__connection_prepare(connection, COLLECTOR_SQL_LIST_DEAD,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, after_id);
    sqlite3_bind_int64(statement, 2, (int64_t)count_max);
    while ((step = sqlite3_step(statement)) == SQLITE_ROW &&
           page->list.texts.size < STEP_TEXT_SIZE_MAX && rc == COLLECTOR_OK)
        rc = read_letter(connection, statement, page);
    if (rc == COLLECTOR_OK && step != SQLITE_ROW && step != SQLITE_DONE)
        rc = collector__connection_error(connection, "reading dead letters");
    page->full = step == SQLITE_ROW || page->letter_count == count_max;
    collector__connection_done(statement); /* ends the read transaction */
    for (i = 0; i < page->letter_count; i++)
        page->letters[i].event = page->list.events[i]; /* it moves no more */
    return rc;
}

/** Read a page, with room for one more event and reason than its limit. */
static int
read_page(struct collector_store *store, int64_t after_id, uint64_t count_max,
          struct page *page)
{
    int rc;

    memset(page, 0, sizeof(*page));
    rc = collector__event_list_init(
        &page->list, STEP_TEXT_SIZE_MAX + COLLECTOR_EVENT_SIZE_MAX +
                         COLLECTOR_DELIVERY_ERROR_SIZE);
    if (rc != COLLECTOR_OK)
        return rc;
    collector__store_enter(store);
    (void)pthread_mutex_lock(&store->asker.mutex);
    rc = read_letters(&store->asker.connection, after_id, count_max, page);
    (void)pthread_mutex_unlock(&store->asker.mutex);
    collector__store_leave(store);
    return rc;
}

/** Show a page. @return Whether more is wanted. */
static bool
show_page(const struct page *page, collector_dead_letter_fn show,
          void *userdata)
{
    size_t i;

    for (i = 0; i < page->letter_count; i++) {
        if (show(userdata, &page->letters[i]) != 0)
            return false;
    }
    return page->full;
}

int
collector_dead_letters_list(struct collector_store *store, int64_t after_id,
                            uint64_t count_max, collector_dead_letter_fn show,
                            void *userdata)
{
    struct page *page = NULL;
    bool more = count_max > 0;
    int rc = collector__store_check(store);

    if (rc != COLLECTOR_OK)
        return rc;
    if (show == NULL)
        return COLLECTOR_ERR_INVALID;
    page = collector__memory_zeroed(sizeof(*page));
    if (page == NULL)
        return COLLECTOR_ERR_NOMEM;
    while (rc == COLLECTOR_OK && more) {
        rc = read_page(store, after_id, count_max, page);
        if (rc == COLLECTOR_OK && page->letter_count > 0) {
            after_id = page->letters[page->letter_count - 1].event_id;
            count_max -= page->letter_count;
            more = show_page(page, show, userdata) && count_max > 0;
        } else {
            more = false;
        }
        collector__event_list_clear(&page->list);
    }
    collector__memory_free(page);
    return rc;
}

/** A step in the queue. */
struct step {
    struct collector__operation operation;
    int64_t now;
    /** Letters to be handled, some of which may not be there. */
    const int64_t *ids;
    size_t id_count;
    /** What came out: how many of the ids were looked at, since they may be
     *  more than one transaction should hold, and how many letters handled. */
    size_t id_done;
    uint64_t count;
};

/** Letters of a step that are to be replayed, each once. */
struct replay {
    int64_t ids[COLLECTOR_DEAD_LETTER_STEP_MAX];
    size_t count;
    size_t byte_count;
};

static bool
holds(const struct replay *replay, int64_t id)
{
    size_t i;

    for (i = 0; i < replay->count; i++) {
        if (replay->ids[i] == id)
            return true;
    }
    return false;
}

/** Take a letter along, unless it isn't there or was replayed before. */
static int
choose(struct collector__connection *connection, int64_t now, int64_t id,
       struct replay *replay)
{
    sqlite3_stmt *statement = NULL;
    int step;
    int rc;

    if (holds(replay, id))
        return COLLECTOR_OK;
    rc = collector__connection_prepare(connection, COLLECTOR_SQL_FIND_DEAD,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, id);
    step = sqlite3_step(statement);
    if (step == SQLITE_ROW) {
        collector__devices_note(connection, sqlite3_column_int64(statement, 0),
                                now);
        replay->byte_count += (size_t)sqlite3_column_int64(statement, 1);
        replay->ids[replay->count++] = id;
    } else if (step != SQLITE_DONE) {
        rc = collector__connection_error(connection, "finding a dead letter");
    }
    collector__connection_done(statement);
    return rc;
}

/** Run a statement about two ids, of which it may know only the first. */
static int
run_with_ids(struct collector__connection *connection, enum collector__sql sql,
             int64_t id, int64_t other_id)
{
    sqlite3_stmt *statement = NULL;
    int rc;

    rc = collector__connection_prepare(connection, sql, &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, id);
    if (other_id != 0)
        sqlite3_bind_int64(statement, 2, other_id);
    return collector__connection_run(connection, statement,
                                     "handling a dead letter");
}

/** Append what was chosen. There is room for all of it. */
static int
append_again(struct collector__connection *connection,
             const struct replay *replay)
{
    struct collector__position *position = &connection->position;
    size_t i;
    int rc = COLLECTOR_OK;

    for (i = 0; rc == COLLECTOR_OK && i < replay->count; i++) {
        rc = run_with_ids(connection, COLLECTOR_SQL_REPLAY_EVENT,
                          replay->ids[i], position->next_id);
        if (rc == COLLECTOR_OK)
            rc = run_with_ids(connection, COLLECTOR_SQL_REPLAY_DEAD,
                              replay->ids[i], position->next_id);
        position->next_id++;
    }
    return rc;
}

static int
run_replay(struct collector__operation *operation,
           struct collector__connection *connection)
{
    struct step *step = (struct step *)operation;
    struct replay replay = {.count = 0};
    int rc = COLLECTOR_OK;
    size_t i;

    for (i = 0; rc == COLLECTOR_OK && i < step->id_count &&
                replay.byte_count < STEP_TEXT_SIZE_MAX;
         i++)
        rc = choose(connection, step->now, step->ids[i], &replay);
    if (rc == COLLECTOR_OK && replay.count > 0)
        rc = collector__room_check(connection, replay.count, replay.byte_count,
                                   COLLECTOR_ROOM_FOUND);
    if (rc == COLLECTOR_OK)
        rc = append_again(connection, &replay);
    step->id_done = i;
    step->count = replay.count;
    return rc;
}

static int
purge_one(struct collector__connection *connection, int64_t id,
          uint64_t *ret_count)
{
    int rc;

    rc = run_with_ids(connection, COLLECTOR_SQL_PURGE_DEAD, id, 0);
    if (rc != COLLECTOR_OK || sqlite3_changes(connection->db) == 0)
        return rc;
    ++*ret_count;
    return run_with_ids(connection, COLLECTOR_SQL_PURGE_EVENT, id, 0);
}

static int
run_purge(struct collector__operation *operation,
          struct collector__connection *connection)
{
    const struct collector__position *position = &connection->position;
    struct step *step = (struct step *)operation;
    int rc = COLLECTOR_OK;
    size_t i;

    step->count = 0;
    for (i = 0; rc == COLLECTOR_OK && i < step->id_count; i++) {
        /* What is known of a device must not go with its last event. */
        if (step->ids[i] > position->devices_through)
            rc = collector__devices_refresh(connection, step->now);
        if (rc == COLLECTOR_OK)
            rc = purge_one(connection, step->ids[i], &step->count);
    }
    step->id_done = i;
    return rc;
}

/** Read the ids of the letters behind one of them. */
static int
read_ids(struct collector__connection *connection, int64_t after_id,
         int64_t through_id, int64_t *ids, size_t *ret_count)
{
    sqlite3_stmt *statement = NULL;
    size_t count = 0;
    int step;
    int rc;

    rc = collector__connection_prepare(connection, COLLECTOR_SQL_DEAD_IDS,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, after_id);
    sqlite3_bind_int64(statement, 2, through_id);
    sqlite3_bind_int64(statement, 3, COLLECTOR_DEAD_LETTER_STEP_MAX);
    while ((step = sqlite3_step(statement)) == SQLITE_ROW)
        ids[count++] = sqlite3_column_int64(statement, 0);
    if (step != SQLITE_DONE)
        rc = collector__connection_error(connection, "reading dead letters");
    collector__connection_done(statement);
    if (rc == COLLECTOR_OK)
        *ret_count = count;
    return rc;
}

/** What to do with letters, and how far it has come. */
struct work {
    struct collector_store *store;
    /** Of the file that the ids belong to. */
    char collector_id[COLLECTOR_UUID_SIZE];
    int (*run)(struct collector__operation *operation,
               struct collector__connection *connection);
    /** It only deletes. */
    bool essential;
    /** Letters a step; fewer once there is no room for so many. */
    size_t step_max;
    uint64_t count;
};

/** Handle these, in as many transactions as it takes. */
static int
work_on(struct work *work, const int64_t *ids, size_t id_count)
{
    struct step step = {.operation = {.run = work->run,
                                      .collector_id = work->collector_id,
                                      .essential = work->essential}};
    int rc = COLLECTOR_OK;

    while (id_count > 0) {
        step.now = collector__clock_wall_ms(&work->store->database.clock);
        step.ids = ids;
        step.id_count = id_count < work->step_max ? id_count : work->step_max;
        step.operation.event_count = step.id_count;
        rc = collector__store_submit(work->store, &step.operation);
        if ((rc == COLLECTOR_ERR_FULL || rc == COLLECTOR_ERR_TOO_BIG) &&
            step.id_count > 1) {
            work->step_max = step.id_count / 2; /* as many as there is room */
            continue;
        }
        if (rc != COLLECTOR_OK)
            break;
        work->count += step.count;
        ids += step.id_done;
        id_count -= step.id_done;
    }
    return rc;
}

/** Handle all that were there when it began: a replayed event that is refused
 *  again meanwhile must not make this endless. */
static int
work_on_all(struct work *work)
{
    const int64_t through_id = collector__store_settled_through(work->store);
    struct collector__desk *asker = &work->store->asker;
    int64_t ids[COLLECTOR_DEAD_LETTER_STEP_MAX];
    int64_t after_id = 0;
    size_t count;
    int rc = COLLECTOR_OK;

    do {
        count = 0;
        collector__store_enter(work->store);
        (void)pthread_mutex_lock(&asker->mutex);
        rc = read_ids(&asker->connection, after_id, through_id, ids, &count);
        (void)pthread_mutex_unlock(&asker->mutex);
        collector__store_leave(work->store);
        if (rc == COLLECTOR_OK && count > 0) {
            after_id = ids[count - 1];
            rc = work_on(work, ids, count);
        }
    } while (rc == COLLECTOR_OK && count == COLLECTOR_DEAD_LETTER_STEP_MAX);
    return rc;
}

static int
handle(struct work *work, const int64_t *event_ids, size_t id_count,
       uint64_t *ret_count)
{
    int rc = collector__store_check(work->store);

    work->step_max = COLLECTOR_DEAD_LETTER_STEP_MAX;
    if (rc == COLLECTOR_OK) {
        collector__store_enter(work->store);
        memcpy(work->collector_id, work->store->collector_id,
               sizeof(work->collector_id));
        collector__store_leave(work->store);
        rc = event_ids != NULL ? work_on(work, event_ids, id_count)
                               : work_on_all(work);
    }
    if (ret_count != NULL)
        *ret_count = work->count;
    return rc;
}

int
collector_dead_letters_replay(struct collector_store *store,
                              const int64_t *event_ids, size_t id_count,
                              uint64_t *ret_count)
{
    struct work work = {.store = store, .run = run_replay};

    return handle(&work, event_ids, id_count, ret_count);
}

int
collector_dead_letters_purge(struct collector_store *store,
                             const int64_t *event_ids, size_t id_count,
                             uint64_t *ret_count)
{
    struct work work = {.store = store, .run = run_purge, .essential = true};

    return handle(&work, event_ids, id_count, ret_count);
}
