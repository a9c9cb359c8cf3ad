/* SPDX-License-Identifier: MIT */
/*
 * What a damaged file still holds of the backlog becomes new events of the new
 * file: each once, since the note of how far it went is committed with them;
 * whatever lay between two that could be read is counted as lost. The damaged
 * file itself is only read.
 */
#include "salvage.h"

#include "append.h"
#include "event.h"
#include "memory.h"
#include "page_scan.h"
#include "path.h"
#include "random.h"

#include <collector/error.h>
#include <stdio.h>
#include <string.h>

/* How long reads that the system refuses are tried again, in ms, before what
 * they were of is called lost. */
#define REFUSED_MS_MAX 60000

/** The reading of one damaged file. */
struct collector__salvage {
    /** The file that is written to: a row id means nothing in another. */
    char collector_id[COLLECTOR_UUID_SIZE];
    int64_t row_id;
    char *path;
    struct collector__page_scan *scan;
    /** All pages are known. */
    bool looked;
    /** Events up to this one are salvaged or lost. */
    int64_t through;
    int64_t salvaged;
    int64_t lost;
    /** Events in the next step at most: fewer when there is little room. */
    size_t step_max;
};

/** A step in the queue. */
struct step {
    struct collector__operation operation;
    const struct collector__event_list *list;
    int64_t row_id;
    int64_t now;
    int64_t through;
    int64_t lost;
    bool last;
};

void
collector__salvage_free(struct collector__salvage *salvage)
{
    if (salvage == NULL)
        return;
    collector__page_scan_free(salvage->scan);
    collector__memory_free(salvage->path);
    collector__memory_free(salvage);
}

/** Read which file is next. @param ret_row  Its row; no path when all is done.
 */
static int
read_row(struct collector_store *store, struct collector__salvage *ret_row)
{
    struct collector__connection *connection = &store->asker.connection;
    sqlite3_stmt *statement = NULL;
    const char *path;
    int step;
    int rc;

    memcpy(ret_row->collector_id, store->collector_id,
           sizeof(ret_row->collector_id));
    rc = collector__connection_prepare(connection, COLLECTOR_SQL_SALVAGE_NEXT,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    step = sqlite3_step(statement);
    if (step == SQLITE_ROW) {
        ret_row->row_id = sqlite3_column_int64(statement, 0);
        path = (const char *)sqlite3_column_text(statement, 1);
        ret_row->path = path != NULL ? collector__memory_text(path) : NULL;
        ret_row->through = sqlite3_column_int64(statement, 2);
        ret_row->salvaged = sqlite3_column_int64(statement, 3);
        ret_row->lost = sqlite3_column_int64(statement, 4);
        if (ret_row->path == NULL)
            rc = COLLECTOR_ERR_NOMEM;
    } else if (step != SQLITE_DONE) {
        rc = collector__connection_error(connection, "reading quarantines");
    }
    collector__connection_done(statement);
    return rc;
}

/** Begin with the next file. @param ret_salvage  NULL when all is done. */
static int
salvage_new(struct collector_store *store,
            struct collector__salvage **ret_salvage)
{
    struct collector__salvage *salvage =
        collector__memory_zeroed(sizeof(*salvage));
    int rc;

    if (salvage == NULL)
        return COLLECTOR_ERR_NOMEM;
    salvage->step_max = COLLECTOR_SALVAGE_STEP_MAX;
    collector__store_enter(store);
    (void)pthread_mutex_lock(&store->asker.mutex);
    rc = read_row(store, salvage);
    (void)pthread_mutex_unlock(&store->asker.mutex);
    collector__store_leave(store);
    if (rc == COLLECTOR_OK && salvage->path != NULL)
        rc = collector__page_scan_open(store->database.vfs, salvage->path,
                                       &salvage->scan);
    if (rc == COLLECTOR_OK && salvage->path != NULL &&
        collector__path_size(salvage->path, "") < 0 &&
        collector__path_size(salvage->path, "-wal") < 0)
        collector__log(&store->database.log, COLLECTOR_LOG_ERROR,
                       "%s is gone: what it still held is lost, uncounted",
                       salvage->path);
    if (rc == COLLECTOR_ERR_IO && !store->salvage_logged)
        collector__log(&store->database.log, COLLECTOR_LOG_ERROR,
                       "can't read %s", salvage->path);
    store->salvage_logged = rc != COLLECTOR_OK;
    if (rc == COLLECTOR_OK && salvage->path != NULL) {
        *ret_salvage = salvage;
        salvage = NULL; /* handed over */
    }
    collector__salvage_free(salvage);
    return rc;
}

/** Look through the pages, and find out where to begin. */
static int
look(struct collector__salvage *salvage, int64_t deadline)
{
    struct collector__page_scan_result result;
    int rc;

    rc = collector__page_scan_look(salvage->scan, deadline, &salvage->looked);
    if (rc != COLLECTOR_OK || !salvage->looked)
        return rc;
    result = collector__page_scan_result(salvage->scan);
    if (result.settled_through > salvage->through)
        salvage->through = result.settled_through;
    else if (salvage->through == 0 && result.first_id > 0 &&
             result.settled_through < 0)
        salvage->through = result.first_id - 1;
    collector__page_scan_seek(salvage->scan, salvage->through);
    return COLLECTOR_OK;
}

/** Copy an event that was read, unless there is a NUL in a text of it. */
static int
keep_event(struct collector__event_list *list,
           const struct collector__page_event *found)
{
    struct collector_event event = {.ts = found->ts};
    int rc;

    if (memchr(found->device_id, '\0', found->device_id_size) != NULL ||
        memchr(found->kind, '\0', found->kind_size) != NULL ||
        (found->payload != NULL &&
         memchr(found->payload, '\0', found->payload_size) != NULL))
        return COLLECTOR_OK; /* torn: it is missing then */
    rc = collector__event_list_keep(list, found->device_id,
                                    found->device_id_size, &event.device_id);
    if (rc == COLLECTOR_OK)
        rc = collector__event_list_keep(list, found->kind, found->kind_size,
                                        &event.kind);
    if (rc == COLLECTOR_OK && found->payload != NULL)
        rc = collector__event_list_keep(list, found->payload,
                                        found->payload_size, &event.payload);
    return rc == COLLECTOR_OK ? collector__event_list_add(list, &event) : rc;
}

/** Read the events of one step. @param ret_through  The last one's id; 0 when
 *  there is none left. */
static int
collect(struct collector__salvage *salvage, struct collector__event_list *list,
        int64_t *ret_through)
{
    struct collector__page_event found;
    size_t count = 0;
    int rc;

    *ret_through = 0;
    rc = collector__event_list_init(list, COLLECTOR_APPEND_TEXT_SIZE_MAX);
    while (rc == COLLECTOR_OK && count++ < salvage->step_max &&
           list->texts.size < COLLECTOR_SALVAGE_BYTES_MAX &&
           collector__page_scan_next(salvage->scan, &found)) {
        *ret_through = found.id;
        rc = keep_event(list, &found);
    }
    return rc;
}

/** Check events as if they were appended by somebody, and leave those out that
 *  are torn. */
static int
check_events(struct collector__event_list *found, int64_t now,
             struct collector__event_list *ret_list)
{
    struct collector_problem problem;
    size_t bad;
    int rc;

    for (;;) { /* each round but the last leaves one out */
        problem.index = -1;
        rc = collector__event_list_copy(found->events, found->event_count, now,
                                        ret_list, &problem);
        if (rc != COLLECTOR_ERR_INVALID && rc != COLLECTOR_ERR_TOO_BIG)
            return rc;
        bad = problem.index >= 0 ? (size_t)problem.index : 0;
        memmove(&found->events[bad], &found->events[bad + 1],
                (found->event_count - bad - 1) * sizeof(*found->events));
        found->event_count--;
    }
}

static int
run_step(struct collector__operation *operation,
         struct collector__connection *connection)
{
    const struct step *step = (struct step *)operation;
    const struct collector__event_list *list = step->list;
    sqlite3_stmt *statement = NULL;
    int rc = COLLECTOR_OK;

    if (list->event_count > 0) /* or there may be no room for none */
        rc = collector__room_check(connection, list->event_count,
                                   list->texts.size, COLLECTOR_ROOM_FOUND);
    if (rc == COLLECTOR_OK)
        rc = collector__append_list(connection, list, step->now);
    if (rc == COLLECTOR_OK)
        rc = collector__connection_prepare(
            connection, COLLECTOR_SQL_SALVAGE_STEP, &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, step->row_id);
    sqlite3_bind_int64(statement, 2, step->through);
    sqlite3_bind_int64(statement, 3, (int64_t)step->list->event_count);
    sqlite3_bind_int64(statement, 4, step->lost);
    if (step->last)
        sqlite3_bind_int64(statement, 5, step->now);
    return collector__connection_run(connection, statement, "salvaging");
}

/** Commit a step, and move on. */
static int
commit_step(struct collector_store *store, struct collector__salvage *salvage,
            struct step *step)
{
    const int64_t count = (int64_t)step->list->event_count;
    int rc;

    step->operation.run = run_step;
    step->operation.collector_id = salvage->collector_id;
    step->operation.event_count = step->list->event_count;
    step->operation.byte_count = step->list->texts.size;
    rc = collector__store_submit(store, &step->operation);
    if (rc != COLLECTOR_OK) {
        collector__page_scan_seek(salvage->scan, salvage->through);
        if ((rc != COLLECTOR_ERR_FULL && rc != COLLECTOR_ERR_TOO_BIG) ||
            salvage->step_max == 1)
            return rc;
        salvage->step_max /= 2; /* some of them may fit */
        return COLLECTOR_OK;
    }
    if (salvage->step_max < COLLECTOR_SALVAGE_STEP_MAX)
        salvage->step_max *= 2;
    salvage->through = step->through;
    salvage->salvaged += count;
    salvage->lost += step->lost;
    if (step->last)
        collector__log(&store->database.log,
                       salvage->lost > 0 ? COLLECTOR_LOG_WARNING
                                         : COLLECTOR_LOG_INFO,
                       "salvaged %lld events from %s; %lld are lost",
                       (long long)salvage->salvaged, salvage->path,
                       (long long)salvage->lost);
    return COLLECTOR_OK;
}

/** Whether what could not be read may be read later: a cable, a controller.
 * What is refused for longer is lost, like what is torn. */
static bool
may_be_read_later(struct collector_store *store,
                  const struct collector__salvage *salvage)
{
    const int64_t now = collector__clock_monotonic_ms(&collector__clock_system);

    if (!collector__page_scan_is_refused(salvage->scan))
        return false;
    if (store->salvage_refused_since == 0) {
        store->salvage_refused_since = now;
        collector__log(&store->database.log, COLLECTOR_LOG_WARNING,
                       "can't read all of %s: trying again for %d s",
                       salvage->path, REFUSED_MS_MAX / 1000);
    }
    return now - store->salvage_refused_since < REFUSED_MS_MAX;
}

/** Begin anew with the next call. @return That it can wait. */
static int
start_over(struct collector_store *store)
{
    collector__salvage_free(store->salvage);
    store->salvage = NULL;
    return COLLECTOR_ERR_FULL;
}

/** Append what comes next of a file of which all pages are known. */
static int
append_step(struct collector_store *store, struct collector__salvage *salvage,
            bool *ret_last)
{
    struct collector__event_list found = {NULL, 0, 0, {NULL, 0, 0, 0}};
    struct collector__event_list list = {NULL, 0, 0, {NULL, 0, 0, 0}};
    struct step step = {
        .list = &list,
        .row_id = salvage->row_id,
        .now = collector__clock_wall_ms(&store->database.clock),
    };
    int64_t through;
    int rc;

    rc = collect(salvage, &found, &through);
    if (rc == COLLECTOR_OK && may_be_read_later(store, salvage))
        rc = COLLECTOR_ERR_FULL; /* it can wait */
    if (rc == COLLECTOR_OK)
        rc = check_events(&found, step.now, &list);
    if (rc != COLLECTOR_OK)
        goto out;
    step.last = through == 0;
    if (step.last)
        through = collector__page_scan_result(salvage->scan).last_id;
    step.through = through > salvage->through ? through : salvage->through;
    step.lost = step.through - salvage->through - (int64_t)list.event_count;
    rc = commit_step(store, salvage, &step);
    *ret_last = rc == COLLECTOR_OK && step.last;
out:
    if (rc == COLLECTOR_ERR_NOMEM)
        collector__page_scan_seek(salvage->scan, salvage->through);
    collector__event_list_clear(&found);
    collector__event_list_clear(&list);
    return rc;
}

/** Look through the file, as long as there is time. */
static int
look_once(struct collector_store *store, int64_t deadline)
{
    const int rc = look(store->salvage, deadline);

    return rc == COLLECTOR_OK && store->salvage->looked &&
                   may_be_read_later(store, store->salvage)
               ? start_over(store)
               : rc;
}

/** One step, of whatever is due. */
static int
run_once(struct collector_store *store, int64_t deadline)
{
    bool last = false;
    int rc = COLLECTOR_OK;

    if (store->salvage == NULL) {
        /* Before the look: what comes after it is not to be missed. */
        atomic_store(&store->salvaging, false);
        rc = salvage_new(store, &store->salvage);
        if (rc != COLLECTOR_OK || store->salvage != NULL)
            atomic_store(&store->salvaging, true);
        return rc;
    }
    if (!store->salvage->looked)
        return look_once(store, deadline);
    rc = append_step(store, store->salvage, &last);
    if (rc == COLLECTOR_ERR_FULL && may_be_read_later(store, store->salvage))
        return start_over(store);
    if (last)
        store->salvage_refused_since = 0; /* the next file has its own time */
    /* The file was replaced: the new one has taken over how far it went. */
    if (last || rc == COLLECTOR_ERR_INVALID) {
        collector__salvage_free(store->salvage);
        store->salvage = NULL;
        rc = COLLECTOR_OK;
    }
    return rc;
}

int
collector__salvage_run(struct collector_store *store, int64_t ms_max)
{
    const int64_t deadline =
        collector__clock_monotonic_ms(&collector__clock_system) + ms_max;
    int rc = COLLECTOR_OK;

    if (!atomic_load(&store->salvaging) ||
        pthread_mutex_trylock(&store->salvage_mutex) != 0)
        return COLLECTOR_OK;
    do
        rc = run_once(store, deadline);
    while (rc == COLLECTOR_OK && atomic_load(&store->salvaging) &&
           collector__clock_monotonic_ms(&collector__clock_system) < deadline);
    (void)pthread_mutex_unlock(&store->salvage_mutex);
    return rc == COLLECTOR_ERR_FULL ? COLLECTOR_OK : rc; /* it can wait */
}
